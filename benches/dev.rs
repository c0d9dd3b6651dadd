//! From the write of a file to *ready*: `mzflow dev --watch` over a project of 1,000 objects, against a
//! sandbox that hydrates at once.
//!
//! The targets are 150 ms for a view that nobody reads and 250 ms for one with 20 dependents, the quiet
//! period of 70 ms included, and less than 15 ms of the process's own work for the first of them; idle,
//! the process uses no time but for a glance at production every ten seconds, and holds less than 60 MB.
//! What the samples do not show is printed at the end of each.

#![expect(clippy::expect_used, reason = "a bench that cannot go on fails")]

use std::io::BufRead;
use std::io::BufReader;
use std::path::Path;
use std::process::Child;
use std::process::ChildStdout;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;

use divan::Bencher;
use mzflow::sandbox::Options;
use mzflow::sandbox::Server;
use tempfile::TempDir;
use tokio::runtime::Runtime;

mod generated;

/// After so long nothing of the last save is under way any more.
const SETTLED: Duration = Duration::from_secs(1);

/// So long it is left alone: as often as it looks at production by itself, once falls into it.
const IDLE: Duration = Duration::from_secs(10);

/// Views that read the hub.
const DEPENDENTS: usize = 20;

fn main() {
    divan::main();
}

fn write(folder: &Path) {
    let written = generated::project(1_000);
    let hub = (
        "models/shop/hub/hub.sql".to_owned(),
        "CREATE VIEW hub AS SELECT id, amount FROM s39.o0 WHERE amount > 10;\n".to_owned(),
    );
    let dependents = (0..DEPENDENTS).map(|number| {
        let text = format!("CREATE VIEW d{number} AS SELECT id, amount * {number} AS amount FROM hub.hub;\n");
        (format!("models/shop/hub/d{number}.sql"), text)
    });
    let written = written.into_iter().map(|file| (file.path, file.text.to_string()));
    for (path, text) in written.chain([hub]).chain(dependents) {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }
}

fn command(folder: &Path, url: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mzflow"));
    command.args(arguments).args(["--project", "."]).current_dir(folder).env("MZFLOW_URL", url);
    command.stdin(Stdio::null()).stderr(Stdio::null());
    command
}

/// A developer's process.
struct Watching {
    child: Child,
    out: BufReader<ChildStdout>,
}

impl Watching {
    fn start(folder: &Path, url: &str) -> Self {
        let arguments = ["dev", "dev", "--name", "bench", "--watch", "--json"];
        let mut child =
            command(folder, url, &arguments).stdout(Stdio::piped()).spawn().expect("the binary starts");
        let out = BufReader::new(child.stdout.take().expect("it is piped"));
        Self { child, out }
    }

    /// Reads on until it is ready, and tells how many objects were rebuilt.
    fn ready(&mut self) -> u64 {
        let mut line = String::new();
        loop {
            line.clear();
            assert!(self.out.read_line(&mut line).expect("a line") > 0, "it has ended");
            assert!(!line.contains("\"event\":\"dev.failed\""), "{line}");
            if line.contains("\"event\":\"dev.ready\"") {
                let told: serde_json::Value = serde_json::from_str(&line).expect("JSON");
                return told["rebuilt"].as_u64().expect("a number");
            }
        }
    }

    /// The time that it has worked so far, in microseconds, with threads that have ended; `None` where nobody tells.
    fn worked(&self) -> Option<u64> {
        // A tick of the kernel's clock, which has been 10 ms for as long as Linux tells it there.
        const TICK_US: u64 = 10_000;
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).ok()?;
        let fields: Vec<&str> = stat.rsplit(") ").next()?.split(' ').collect();
        let time = |at: usize| fields.get(at)?.parse::<u64>().ok();
        Some((time(11)? + time(12)?) * TICK_US)
    }

    /// What it holds in memory, in kB.
    fn held(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.split_whitespace().next()?.parse().ok()
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn served() -> (Runtime, Server, String) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().thread_stack_size(16 << 20).enable_all().build();
    let runtime = runtime.expect("a runtime");
    let server = runtime.block_on(Server::start(Options::default())).expect("the sandbox starts");
    let url = format!("postgres://materialize@{}/materialize", server.address());
    runtime.block_on(async {
        let (client, connection) =
            tokio_postgres::connect(&url, tokio_postgres::NoTls).await.expect("the sandbox lets clients in");
        let connection = tokio::spawn(connection);
        for sql in ["ALTER SYSTEM SET sandbox_hydration = '0s'", "CREATE CLUSTER dev (SIZE = '25cc')"] {
            client.batch_execute(sql).await.expect("a setting");
        }
        drop(client);
        drop(connection.await);
    });
    (runtime, server, url)
}

#[divan::bench(args = ["leaf", "hub"], sample_count = 20, sample_size = 1)]
fn save_to_ready_in_1000(bencher: Bencher<'_, '_>, which: &str) {
    let (runtime, server, url) = served();
    let folder = TempDir::new().expect("a folder");
    write(folder.path());
    let deployed = command(folder.path(), &url, &["run", "blue_green", "--id", "first"]).status();
    assert!(deployed.expect("the binary runs").success());
    let (path, expected) = match which {
        "leaf" => ("models/shop/s39/o24.sql", 1),
        _ => ("models/shop/hub/hub.sql", 1 + u64::try_from(DEPENDENTS).expect("few")),
    };
    let changed = folder.path().join(path);
    let original = std::fs::read_to_string(&changed).expect("it was written");
    let mut watching = Watching::start(folder.path(), &url);
    watching.ready();
    let (mut version, mut saves) = (0, 0);
    let before = watching.worked();
    bencher.bench_local(|| {
        version += 1;
        saves += 1;
        let text = original.replace("amount > 10", &format!("amount > {}", 10 + version));
        std::fs::write(&changed, text).expect("a file");
        assert_eq!(watching.ready(), expected);
    });
    if let (Some(before), Some(after), Some(held)) = (before, watching.worked(), watching.held()) {
        println!("{which}: {} µs of its own work a save, {held} kB held", (after - before) / saves);
        // What follows a build, such as counting its rows, is over by then.
        std::thread::sleep(SETTLED);
        let (before, seconds) = (watching.worked(), IDLE.as_secs());
        std::thread::sleep(IDLE);
        if let (Some(before), Some(after), Some(held)) = (before, watching.worked(), watching.held()) {
            println!("{which}: {} µs of work in {seconds} s without a save, {held} kB held", after - before);
        }
    }
    drop(watching);
    runtime.block_on(server.shutdown());
}
