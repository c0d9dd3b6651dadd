//! The embedded sandbox as a newcomer meets it: nothing names a Materialize, and every command is a process.

use std::process::Command;

use mzflow::sandbox::Options;
use mzflow::sandbox::Server;
use mzflow::sandbox::running_at;
use tokio_postgres::NoTls;

use crate::harness::RUNTIME;
use crate::harness::World;
use crate::harness::running::Running;
use crate::harness::shop::SHOP;
use crate::harness::told::Told;

/// Where it keeps its data, below the folder.
const DATA: &str = ".mzflow/sandbox";

fn command(world: &World, arguments: &[&str]) -> Command {
    let mut command = world.command(arguments);
    command.env_remove("MZFLOW_URL");
    command
}

fn mzflow(world: &World, arguments: &[&str]) -> Told {
    start(world, arguments).end(world)
}

fn start(world: &World, arguments: &[&str]) -> Running {
    Running::new(command(world, arguments).spawn().expect("the binary starts"))
}

/// The first column of what the sandbox answers that some command runs; `None` while there is none.
fn asked(world: &World, sql: &str) -> Option<Vec<String>> {
    let address = running_at(&world.folder().join(DATA))?;
    RUNTIME.block_on(async {
        let url = format!("postgres://materialize@{address}/materialize");
        let (client, connection) = tokio_postgres::connect(&url, NoTls).await.ok()?;
        tokio::spawn(connection);
        let rows = client.simple_query(sql).await.ok()?;
        let row = |message: &tokio_postgres::SimpleQueryMessage| match message {
            tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        };
        Some(rows.iter().filter_map(row).collect())
    })
}

/// How many sessions are open but one's own.
fn sessions(world: &World) -> Option<usize> {
    let sql = "SELECT id FROM mz_internal.mz_sessions WHERE connection_id <> pg_backend_pid()";
    asked(world, sql).map(|found| found.len())
}

/// Commits all that is in the folder.
fn commit(world: &World) {
    for arguments in [&["init", "-q"][..], &["add", "."], &["commit", "-q", "-m", "first"]] {
        let mut git = Command::new("git");
        git.arg("-C").arg(world.folder()).args(["-c", "user.name=x", "-c", "user.email=x@x"]);
        let output = git.args(arguments).output().expect("git is installed");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn two_versions_of_one_commit_and_back() {
    let world = World::new();
    world.example("auction");
    world.example("auction_v2");
    commit(&world);
    mzflow(&world, &["run", "blue_green", "--project", "auction"]).code(0).says(DATA);
    let log = mzflow(&world, &["log", "--json"]).code(0).json();
    let first = log[0]["deployment"].as_str().expect("an id").to_owned();
    assert_eq!(first.len(), 7);
    mzflow(&world, &["run", "blue_green", "--project", "auction_v2", "--yes", "--keep", "1h"]).code(0);
    let log = mzflow(&world, &["log", "--json"]).code(0).json();
    let told: Vec<_> = log.as_array().expect("an array").iter().map(|one| &one["deployment"]).collect();
    let second = format!("{first}-2");
    assert_eq!(told, [&second, &first]);
    assert_eq!(log[0]["commit"], log[1]["commit"]);
    mzflow(&world, &["log"]).code(0).says(&second);
    mzflow(&world, &["rollback"]).code(0);
    let log = mzflow(&world, &["log", "--json"]).code(0).json();
    let told: Vec<_> = log.as_array().expect("an array").iter().map(|one| &one["kind"]).collect();
    assert_eq!(told, ["rollback", "promotion", "promotion"]);
    // What is production again is the first version.
    let diff = mzflow(&world, &["diff", "--project", "auction", "--json"]).code(0).json();
    assert_eq!(diff["empty"], true, "{diff}");
    mzflow(&world, &["list"]).code(0).says(&second);
    assert_eq!(running_at(&world.folder().join(DATA)), None);
}

/// A sandbox in which `one` is staged and does not hydrate, whom a command waits for that runs it, and another
/// command that uses it.
fn hosted(world: &World) -> (Running, Running) {
    world.write(SHOP);
    let data = Some(world.folder().join(DATA));
    let stuck = vec![("sandbox_hydration_stuck".to_owned(), "totals".to_owned())];
    RUNTIME.block_on(async {
        let server = Server::start(Options { data, settings: stuck, ..Options::default() }).await;
        server.expect("the sandbox starts").shutdown().await;
    });
    mzflow(world, &["apply", "--project", "shop"]).code(0);
    mzflow(world, &["stage", "--project", "shop", "--id", "one"]).code(0);
    let host = start(world, &["wait", "one"]);
    world.until("the first command", || sessions(world) == Some(1));
    let guest = start(world, &["wait", "one"]);
    world.until("the second command", || sessions(world) == Some(2));
    (host, guest)
}

const WAITS: &str = "other commands use the sandbox that this one runs";

#[test]
fn a_sandbox_stays_as_long_as_another_command_uses_it() {
    let world = World::new();
    let (host, guest) = hosted(&world);
    host.interrupt();
    world.until("the end of the first command", || sessions(&world) == Some(1));
    asked(&world, "ALTER SYSTEM SET sandbox_hydration_stuck = ''").expect("it runs");
    guest.end(&world).code(0).says("1/1").never_says(WAITS);
    host.end(&world).code(130).says(WAITS);
    assert_eq!(running_at(&world.folder().join(DATA)), None);
}

#[test]
fn a_sandbox_is_not_kept_against_ctrl_c() {
    let world = World::new();
    let (host, guest) = hosted(&world);
    host.interrupt();
    world.until("the end of the first command", || sessions(&world) == Some(1));
    host.interrupt();
    host.end(&world).code(130).says(WAITS);
    guest.interrupt();
    guest.end(&world).never_says(WAITS);
}

#[test]
fn commands_that_start_at_once_share_a_sandbox() {
    let world = World::new();
    let running: Vec<Running> = (0..4).map(|_| start(&world, &["list"])).collect();
    for one in running {
        one.end(&world).code(0).says("nothing is staged");
    }
    assert_eq!(running_at(&world.folder().join(DATA)), None);
}
