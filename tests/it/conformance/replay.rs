//! Files of statements and answers, replayed one after the other against a sandbox.

use std::net::SocketAddr;
use std::path::Path;
use std::path::PathBuf;

use mzflow::sandbox::Options;
use mzflow::sandbox::Server;
use sqllogictest::DefaultColumnType;
use sqllogictest::Record;
use sqllogictest::RecordOutput;
use sqllogictest::Runner;

use super::client::Said;
use super::client::connect;
use super::client::one_line;

/// A sandbox where everything is hydrated at once.
pub(super) async fn sandbox() -> Server {
    let settings = vec![("sandbox_hydration".to_owned(), "0".to_owned())];
    Server::start(Options { settings, ..Options::default() }).await.expect("the sandbox starts")
}

/// The folder of the recordings of a kind.
pub(super) fn folder(kind: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let beside = root.join("../shared/conformance").join(kind);
    let named = std::env::var_os("MZFLOW_CONFORMANCE").map(|folder| Path::new(&folder).join(kind));
    match named {
        Some(named) => named,
        None if beside.is_dir() => beside,
        None => root.join("tests/conformance").join(kind),
    }
}

/// The files of a folder, in order.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the files are there");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("it can be listed").path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "slt"));
    files.sort();
    assert!(!files.is_empty(), "nothing in {}", folder.display());
    files
}

/// Replays the files of a folder, each against a sandbox of its own.
pub(super) async fn each_alone(folder: &Path) {
    let mut wrong = Vec::new();
    for file in files(folder) {
        let server = sandbox().await;
        wrong.extend(replay(server.address(), &file).await);
        server.shutdown().await;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// Replays the files of some folders, one after the other, in one sandbox.
pub(super) async fn all_in_one(folders: &[PathBuf]) {
    let server = sandbox().await;
    let mut wrong = Vec::new();
    for file in folders.iter().flat_map(|folder| files(folder)) {
        wrong.extend(replay(server.address(), &file).await);
    }
    server.shutdown().await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// Replays a file; gives what is wrong. The words of an error are those of the comment above it.
async fn replay(server: SocketAddr, file: &Path) -> Vec<String> {
    let records = sqllogictest::parse_file::<DefaultColumnType>(file).expect("it can be read");
    let mut runner = Runner::new(move || connect(server, "materialize"));
    runner.with_column_validator(|actual, expected| actual.len() == expected.len());
    let mut wrong = Vec::new();
    let mut comment: Option<String> = None;
    for record in records {
        let place = place(&record);
        match runner.run_async(record.clone()).await {
            Ok(output) => {
                wrong.extend(misworded(&output, comment.as_deref()).map(|said| format!("{place}: {said}")))
            }
            Err(error) => {
                wrong.push(error.to_string());
                break;
            }
        }
        match record {
            Record::Comment(lines) => comment = lines.last().map(|line| one_line(line)),
            Record::Connection(_) => {}
            _ => comment = None,
        }
    }
    runner.shutdown_async().await;
    wrong
}

/// Where a record is.
fn place(record: &Record<DefaultColumnType>) -> String {
    match record {
        Record::Statement { loc, .. } | Record::Query { loc, .. } => loc.to_string(),
        _ => String::new(),
    }
}

/// What is wrong about the words of an error.
fn misworded(output: &RecordOutput<DefaultColumnType>, expected: Option<&str>) -> Option<String> {
    let (RecordOutput::Statement { error, .. } | RecordOutput::Query { error, .. }) = output else {
        return None;
    };
    let said = error.as_ref()?.downcast_ref::<Said>()?.words();
    let Some(expected) = expected else { return Some(format!("no comment tells of: {said}")) };
    (said != expected).then(|| format!("\n  expected {expected}\n  got      {said}"))
}
