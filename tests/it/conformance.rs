//! What a real Materialize answered, replayed against the sandbox through the real protocol.
//!
//! The recordings are in `tests/conformance`, or in `../shared/conformance` where that lies beside
//! the checkout. `core` must pass whole; of `full`, what does not pass yet is listed by name.

use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use mzflow::sandbox::Options;
use mzflow::sandbox::Server;
use sqllogictest::AsyncDB;
use sqllogictest::DBOutput;
use sqllogictest::DefaultColumnType;
use sqllogictest::Runner;
use tokio_postgres::NoTls;
use tokio_postgres::SimpleQueryMessage;

/// Files of `full` that do not pass yet, and why. One that begins to pass fails the test, so that
/// this list only tells the truth.
const NOT_YET: &[(&str, &str)] = &[];

/// One connection of a replayed file.
struct Client {
    client: tokio_postgres::Client,
    driver: tokio::task::JoinHandle<()>,
}

#[async_trait::async_trait]
impl AsyncDB for Client {
    type Error = tokio_postgres::Error;
    type ColumnType = DefaultColumnType;

    async fn run(&mut self, sql: &str) -> Result<DBOutput<DefaultColumnType>, tokio_postgres::Error> {
        let (mut types, mut rows) = (None, Vec::new());
        for message in self.client.simple_query(sql).await? {
            match message {
                SimpleQueryMessage::RowDescription(columns) => {
                    types = Some(vec![DefaultColumnType::Text; columns.len()]);
                    rows.clear();
                }
                SimpleQueryMessage::Row(row) => {
                    rows.push((0..row.len()).map(|at| shown(row.get(at))).collect())
                }
                _ => {}
            }
        }
        Ok(match types {
            Some(types) => DBOutput::Rows { types, rows },
            None => DBOutput::StatementComplete(0),
        })
    }

    async fn shutdown(&mut self) {
        self.driver.abort();
    }

    fn engine_name(&self) -> &str {
        "mzflow"
    }

    async fn sleep(duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    fn error_sql_state(error: &tokio_postgres::Error) -> Option<String> {
        error.code().map(|code| code.code().to_owned())
    }
}

fn shown(value: Option<&str>) -> String {
    match value {
        None => "NULL".to_owned(),
        Some("") => "(empty)".to_owned(),
        Some(text) => text.to_owned(),
    }
}

async fn connect(server: std::net::SocketAddr) -> Result<Client, tokio_postgres::Error> {
    let config = format!("host={} port={} user=materialize dbname=materialize", server.ip(), server.port());
    let (client, connection) = tokio_postgres::connect(&config, NoTls).await?;
    let driver = tokio::spawn(async move {
        // A connection that ends is seen by whoever uses its client.
        let _ = connection.await;
    });
    Ok(Client { client, driver })
}

async fn sandbox() -> Server {
    let settings = vec![("sandbox_hydration".to_owned(), "0".to_owned())];
    Server::start(Options { settings, ..Options::default() }).await.expect("the sandbox starts")
}

/// Replays a file; gives the first thing that is wrong.
async fn replay(server: &Server, file: &Path) -> Result<(), String> {
    let address = server.address();
    let mut runner = Runner::new(move || connect(address));
    runner.with_column_validator(|actual, expected| actual.len() == expected.len());
    let done = runner.run_file_async(file).await.map_err(|error| format!("{}: {error}", file.display()));
    runner.shutdown_async().await;
    done
}

/// The recordings of a kind, in order.
fn recordings(kind: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let beside = root.join("../shared/conformance").join(kind);
    let folder = if beside.is_dir() { beside } else { root.join("tests/conformance").join(kind) };
    let entries = std::fs::read_dir(&folder).expect("the recordings are there");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("it can be listed").path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "slt"));
    files.sort();
    assert!(!files.is_empty(), "no recordings in {}", folder.display());
    files
}

fn name(file: &Path) -> String {
    file.file_name().expect("a file").to_string_lossy().into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn core_is_answered_as_recorded() {
    let mut wrong = Vec::new();
    for file in recordings("core") {
        let server = sandbox().await;
        wrong.extend(replay(&server, &file).await.err());
        server.shutdown().await;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn core_is_answered_as_recorded_in_one_sandbox() {
    let server = sandbox().await;
    let mut wrong = Vec::new();
    for file in recordings("core") {
        wrong.extend(replay(&server, &file).await.err());
    }
    server.shutdown().await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn full_is_answered_as_recorded_but_for_what_is_listed() {
    let mut wrong = Vec::new();
    for file in recordings("full") {
        let server = sandbox().await;
        let done = replay(&server, &file).await;
        server.shutdown().await;
        let listed = NOT_YET.iter().find(|(listed, _)| *listed == name(&file));
        match (done, listed) {
            (Ok(()), Some((listed, why))) => wrong.push(format!("{listed} passes now, no more `{why}`")),
            (Err(error), None) => wrong.push(error),
            (Ok(()), None) | (Err(_), Some(_)) => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
