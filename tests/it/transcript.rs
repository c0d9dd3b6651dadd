//! Faults by session and place, the transcript that tells of them, and secrets that nobody reads.

use std::time::Duration;

use mzflow::clock::Clock;
use mzflow::clock::Timestamp;
use mzflow::sandbox::Options;
use mzflow::sandbox::transcript::Outcome;

use crate::harness::PATIENCE;
use crate::harness::client;
use crate::harness::client::code;
use crate::harness::client::column;
use crate::harness::client::config;
use crate::harness::client::connect;
use crate::harness::client::connect_with;
use crate::harness::client::start;

#[tokio::test(flavor = "multi_thread")]
async fn every_statement_is_written_down_with_what_became_of_it() {
    let clock = Clock::manual(Timestamp(1_777_982_171_000));
    let server = start(Options { clock: clock.clone(), ..Options::default() }).await;
    let client = connect_with(config(server.address()).application_name("app")).await.expect("let in");
    client.batch_execute("CREATE SCHEMA a").await.expect("made");
    assert_eq!(code(&client, "CREATE SCHEMA a").await, "XX000");
    client.query("SELECT 1 WHERE $1", &[&true]).await.expect("read");
    let told = "SELECT outcome || ' ' || message || ' ' || user_name || ' ' || application_name || ' ' || \
                finished_at::text || ' ' || statement FROM sandbox.transcript ORDER BY number";
    assert_eq!(
        column(&client, told).await,
        [
            "ok CREATE SCHEMA materialize app 2026-05-05 11:56:11+00 CREATE SCHEMA a",
            "XX000 schema 'a' already exists materialize app 2026-05-05 11:56:11+00 CREATE SCHEMA a",
            "ok SELECT 1 materialize app 2026-05-05 11:56:11+00 SELECT 1 WHERE $1",
        ]
    );
    // Reading it is not in it; it is in no list, and a user's schema of the name is the user's.
    assert_eq!(column(&client, "SELECT count(*)::text FROM sandbox.transcript").await, ["3"]);
    assert_eq!(column(&client, "SELECT name FROM mz_schemas WHERE name = 'sandbox'").await, [""; 0]);
    assert_eq!(code(&client, "CREATE VIEW v AS SELECT statement FROM sandbox.transcript").await, "XX000");
    client.batch_execute("CREATE SCHEMA sandbox").await.expect("made");
    assert_eq!(code(&client, "SELECT * FROM sandbox.transcript").await, "XX000");
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_are_one_sessions_and_strike_before_and_after() {
    let server = start(Options::default()).await;
    let (one, two) = (connect(&server).await, connect(&server).await);
    let pid = column(&two, "SELECT pg_backend_pid()").await.join("");
    let fault = format!("error '57P01' after 'CREATE%' by {pid}; error '40001' on 'DROP%' by 'mat%'");
    let set = format!("ALTER SYSTEM SET sandbox_fault = '{}'", fault.replace('\'', "''"));
    one.batch_execute(&set).await.expect("set");
    assert_eq!(code(&one, "CREATE SCHEMA a").await, "ok");
    assert_eq!(code(&two, "CREATE SCHEMA b").await, "57P01");
    assert_eq!(code(&one, "CREATE SCHEMA b").await, "XX000", "it was made");
    assert_eq!(code(&two, "DROP SCHEMA b").await, "40001");
    assert_eq!(code(&one, "DROP SCHEMA b").await, "ok", "it was not dropped");
    assert_eq!(column(&one, "SHOW sandbox_fault").await, [""]);
    server.set_faults("lose 1; drop before 2").expect("set");
    assert_eq!(code(&one, "CREATE SCHEMA c").await, "closed");
    assert_eq!(code(&two, "CREATE SCHEMA d").await, "closed");
    let told: Vec<_> =
        server.transcript().iter().rev().take(2).map(|ran| (ran.outcome.clone(), ran.answered)).collect();
    assert_eq!(told, [(Outcome::NotRun, false), (Outcome::Done("CREATE SCHEMA".to_owned()), false)]);
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_delayed_can_be_cancelled() {
    let clock = Clock::manual(Timestamp(1_777_982_171_000));
    let server = start(Options { clock: clock.clone(), ..Options::default() }).await;
    server.set_faults("delay 1h before 'SELECT%'; delay 1h after 'SELECT%'").expect("set");
    let client = connect(&server).await;
    let token = client.cancel_token();
    let waiting = tokio::spawn(async move { code(&client, "SELECT 1").await });
    assert_eq!(client::cancelled(&token, waiting).await, "57014");
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_server_changes_its_catalog_one_statement_at_a_time() {
    let clock = Clock::manual(Timestamp(1_777_982_171_000));
    let settings = vec![("sandbox_ddl_latency".to_owned(), "150 ms..400 ms".to_owned())];
    let server = start(Options { clock: clock.clone(), settings, ..Options::default() }).await;
    let (one, two) = (connect(&server).await, connect(&server).await);
    let both = [(one, "CREATE SCHEMA a"), (two, "CREATE SCHEMA b")];
    let both = both.map(|(client, sql)| tokio::spawn(async move { code(&client, sql).await }));
    let began = clock.elapsed();
    let ended = async {
        while !both.iter().all(|one| one.is_finished()) {
            clock.advance(Duration::from_millis(10));
            // A wait may have begun late: time goes on until both have ended.
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, ended).await.expect("both end");
    assert!(clock.elapsed() - began >= Duration::from_millis(300));
    for one in both {
        assert_eq!(one.await.expect("joined"), "ok");
    }
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_nowhere_to_be_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = start(Options { data: Some(folder.path().to_owned()), ..Options::default() }).await;
    let client = connect(&server).await;
    let told = |error: tokio_postgres::Error| {
        let error = error.as_db_error().expect("an answer").clone();
        format!("{} {:?} {:?}", error.message(), error.detail(), error.hint())
    };
    let mut errors = String::new();
    for sql in [
        "CREATE SECRET s AS 'hunter2'",
        "CREATE SECRET s AS 'hunter2'",
        "CREATE SECRET t 'hunter2'",
        "CREATE SECRET t AS 'hunter2' 'hunter2'",
        "CREATE SECRET t AS 'hunter2",
        "CREATE SECRET nowhere.t AS 'hunter2'",
        "ALTER SECRET s AS 'hunter2'",
        "ALTER SECRET nothing AS 'hunter2'",
        "CREATE ROLE r LOGIN PASSWORD 'hunter2'",
        "CREATE CONNECTION c TO POSTGRES (HOST 'h', DATABASE 'd', USER 'u', PASSWORD 'hunter2')",
        "CREATE CONNECTION c TO AWS (ACCESS KEY ID = 'id', SECRET ACCESS KEY = 'hunter2')",
    ] {
        if let Err(error) = client.simple_query(sql).await {
            errors += &told(error);
        }
        if let Err(error) = client.query(sql, &[]).await {
            errors += &told(error);
        }
    }
    assert!(!errors.contains("hunter2"), "{errors}");
    let mut read = column(&client, "SELECT statement || coalesce(message, '') FROM sandbox.transcript").await;
    assert!(read.len() > 8, "{read:?}");
    for sql in [
        "SELECT * FROM mz_secrets",
        "SELECT * FROM mz_objects WHERE id LIKE 'u%'",
        "SELECT * FROM mz_connections",
        "SELECT * FROM mz_audit_events",
        "SELECT * FROM mz_roles",
        "SHOW CREATE CONNECTION c",
        "SHOW SECRETS",
        "SHOW sandbox_transcript",
    ] {
        for message in client.simple_query(sql).await.into_iter().flatten() {
            read.push(format!("{message:?}"));
        }
    }
    assert!(!read.concat().contains("hunter2"), "{read:?}");
    server.shutdown().await;
    let log = std::fs::read(folder.path().join("log")).expect("a log");
    assert!(!log.windows(7).any(|bytes| bytes == b"hunter2"));
}
