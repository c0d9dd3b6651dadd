//! A one-view change, deployed: the whole run of the binary against a sandbox that hydrates at once.
//!
//! 100 objects, of which the change touches one schema and both clusters. The target is 150 ms,
//! from the start of the process to its end, optimised.

#![expect(clippy::expect_used, reason = "a bench that cannot go on fails")]

use std::path::Path;
use std::process::Command;
use std::process::Stdio;

use divan::Bencher;
use mzflow::sandbox::Options;
use mzflow::sandbox::Server;
use tempfile::TempDir;
use tokio::runtime::Runtime;

mod generated;

/// As in the binary, which is what runs the sandbox otherwise.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    divan::main();
}

fn write(folder: &Path, objects: usize) {
    for file in generated::project(objects) {
        let path = folder.join(file.path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, &*file.text).expect("a file");
    }
}

fn mzflow(folder: &Path, url: &str, arguments: &[&str]) {
    let output = Command::new(env!("CARGO_BIN_EXE_mzflow"))
        .args(arguments)
        .args(["--project", "."])
        .current_dir(folder)
        .env("MZFLOW_URL", url)
        .stdin(Stdio::null())
        .output()
        .expect("the binary runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A sandbox, and a project that nobody has deployed to it yet.
struct Ground {
    runtime: Runtime,
    server: Server,
    url: String,
    folder: TempDir,
}

impl Ground {
    fn with(objects: usize) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().thread_stack_size(16 << 20).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let server = runtime.block_on(Server::start(Options::default())).expect("the sandbox starts");
        let url = format!("postgres://materialize@{}/materialize", server.address());
        let folder = TempDir::new().expect("a folder");
        write(folder.path(), objects);
        runtime.block_on(async {
            let system = url.replace("materialize@", "mz_system@");
            let (client, connection) = tokio_postgres::connect(&system, tokio_postgres::NoTls)
                .await
                .expect("the sandbox lets clients in");
            let connection = tokio::spawn(connection);
            // A thousand objects twice, beside each other, are more than a server holds that nobody has asked to.
            for setting in ["sandbox_hydration = '0s'", "max_materialized_views = 5000"] {
                client.batch_execute(&format!("ALTER SYSTEM SET {setting}")).await.expect("a setting");
            }
            drop(client);
            drop(connection.await);
        });
        Self { runtime, server, url, folder }
    }
}

#[divan::bench(args = ["cluster", "schema"], sample_count = 20, sample_size = 1)]
fn one_changed_view_of_100(bencher: Bencher<'_, '_>, isolation: &str) {
    let Ground { runtime, server, url, folder } = Ground::with(100);
    mzflow(folder.path(), &url, &["run", "blue_green", "--id", "first"]);
    let changed = folder.path().join("models/shop/s3/o24.sql");
    let original = std::fs::read_to_string(&changed).expect("it was written");
    let mut version = 0;
    bencher.bench_local(|| {
        version += 1;
        let text = original.replace("amount > 10", &format!("amount > {}", 10 + version));
        std::fs::write(&changed, text).expect("a file");
        let id = format!("v{version}");
        mzflow(folder.path(), &url, &["run", "blue_green", "--id", &id, "--isolation", isolation]);
    });
    runtime.block_on(server.shutdown());
}

/// A stage of 1,000 objects. Besides its time it tells how much of it went into writing the journal: the target is
/// less than 5 % of it, though here a statement that makes an object costs none of the 100 ms that it costs a real server.
#[divan::bench(sample_count = 3, sample_size = 1)]
fn stage_of_1000_and_its_journal(bencher: Bencher<'_, '_>) {
    let Ground { runtime, server, url, folder } = Ground::with(1000);
    mzflow(folder.path(), &url, &["apply"]);
    let mut version = 0;
    let mut told = String::new();
    bencher.bench_local(|| {
        version += 1;
        server.clear_transcript();
        let id = format!("v{version}");
        mzflow(folder.path(), &url, &["stage", "--id", &id]);
        let sent = server.transcript();
        let writes = sent.iter().filter(|ran| ran.writes);
        let (journal, others): (Vec<_>, Vec<_>) =
            writes.partition(|ran| ran.statement.starts_with("INSERT") && ran.statement.contains("_mzflow"));
        let spent: u128 =
            journal.iter().filter_map(|ran| Some(ran.finished?.since(ran.began).as_millis())).sum();
        let first = sent.first().map(|ran| ran.began);
        let last = sent.iter().filter_map(|ran| ran.finished).max();
        let whole = first.zip(last).map_or(0, |(first, last)| last.since(first).as_millis());
        told = format!(
            "{} writes to the journal took {spent} ms of {whole} ms, beside {} other writes",
            journal.len(),
            others.len()
        );
    });
    println!("{told}");
    runtime.block_on(server.shutdown());
}
