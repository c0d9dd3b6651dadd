//! What a real Materialize answered, replayed against the sandbox through the real protocol.
//!
//! The recordings are in `tests/conformance`, or in `../shared/conformance` where that lies beside
//! the checkout, or in the folder that `MZFLOW_CONFORMANCE` names. `core` must pass whole; of `full`, what does not pass yet is listed by name.

use std::collections::BTreeMap;
use std::net::SocketAddr;
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

/// What a server said, with everything that a person needs to compare it.
#[derive(Debug)]
struct Said {
    code: Option<String>,
    text: String,
    hint: Option<String>,
}

impl std::error::Error for Said {}

impl std::fmt::Display for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)?;
        self.hint.iter().try_for_each(|hint| write!(f, " | HINT {hint}"))
    }
}

impl From<tokio_postgres::Error> for Said {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(said) = error.as_db_error() else {
            return Self { code: None, text: error.to_string(), hint: None };
        };
        let parts = [Some(said.message()), said.detail()];
        let parts: Vec<&str> = parts.into_iter().flatten().collect();
        let code = said.code().code().to_owned();
        let hint = said.hint().map(str::to_owned);
        Self { text: format!("{code} {}", parts.join(" | ")), code: Some(code), hint }
    }
}

#[async_trait::async_trait]
impl AsyncDB for Client {
    type Error = Said;
    type ColumnType = DefaultColumnType;

    async fn run(&mut self, sql: &str) -> Result<DBOutput<DefaultColumnType>, Said> {
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

    fn error_sql_state(error: &Said) -> Option<String> {
        error.code.clone()
    }
}

fn shown(value: Option<&str>) -> String {
    match value {
        None => "NULL".to_owned(),
        Some("") => "(empty)".to_owned(),
        Some(text) => text.to_owned(),
    }
}

async fn connect(server: SocketAddr, user: &str) -> Result<Client, Said> {
    let config = format!("host={} port={} user={user} dbname=materialize", server.ip(), server.port());
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
    let mut runner = Runner::new(move || connect(address, "materialize"));
    runner.with_column_validator(|actual, expected| actual.len() == expected.len());
    let done = runner.run_file_async(file).await.map_err(|error| format!("{}: {error}", file.display()));
    runner.shutdown_async().await;
    done
}

/// The folder of the recordings of a kind.
fn folder(kind: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let beside = root.join("../shared/conformance").join(kind);
    let named = std::env::var_os("MZFLOW_CONFORMANCE").map(|folder| Path::new(&folder).join(kind));
    match named {
        Some(named) => named,
        None if beside.is_dir() => beside,
        None => root.join("tests/conformance").join(kind),
    }
}

/// The recordings of a kind, in order.
fn recordings(kind: &str) -> Vec<PathBuf> {
    let folder = folder(kind);
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

/// One step of `rbac/privileges.json`.
#[derive(Debug, serde::Deserialize)]
struct Step {
    user: String,
    sql: String,
    ok: bool,
    sqlstate: Option<String>,
    message: Option<String>,
    detail: Option<String>,
    rows: Option<Vec<Vec<Option<String>>>>,
}

#[derive(serde::Deserialize)]
struct Steps {
    steps: Vec<Step>,
}

impl Step {
    fn expected(&self) -> String {
        if !self.ok {
            let parts = [&self.message, &self.detail].into_iter().flatten();
            let parts: Vec<&str> = parts.map(String::as_str).collect();
            return format!("{} {}", self.sqlstate.as_deref().unwrap_or_default(), parts.join(" | "));
        }
        let rows = self.rows.iter().flatten();
        rows.map(|row| line(row.iter().map(|value| shown(value.as_deref())))).collect::<Vec<_>>().join("; ")
    }
}

/// A row, whatever blanks its values have.
fn line(values: impl Iterator<Item = String>) -> String {
    values.map(|value| value.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>().join(" ")
}

#[tokio::test(flavor = "multi_thread")]
async fn privileges_are_checked_as_recorded() {
    let text = std::fs::read_to_string(folder("rbac").join("privileges.json")).expect("they are recorded");
    let recorded: Steps = serde_json::from_str(&text).expect("it is JSON");
    let server = sandbox().await;
    let mut clients: BTreeMap<String, Client> = BTreeMap::new();
    let mut wrong = Vec::new();
    for step in &recorded.steps {
        if !clients.contains_key(&step.user) {
            let user = if step.user == "system" { "mz_system" } else { &step.user };
            let client = connect(server.address(), user).await.expect("it connects");
            clients.insert(step.user.clone(), client);
        }
        let client = clients.get_mut(&step.user).expect("it is connected");
        let got = match client.run(&step.sql).await {
            Ok(DBOutput::Rows { rows, .. }) => {
                rows.into_iter().map(|row| line(row.into_iter())).collect::<Vec<_>>().join("; ")
            }
            Ok(_) => String::new(),
            Err(said) => said.text,
        };
        // What a role is set to counts from its next session on.
        if let Some(role) = step.sql.strip_prefix("ALTER ROLE ").and_then(|rest| rest.split(' ').next()) {
            clients.remove(role);
        }
        let expected = step.expected();
        if got != expected {
            wrong.push(format!("{}: {}\n  expected {expected}\n  got      {got}", step.user, step.sql));
        }
    }
    server.shutdown().await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
