//! Hydration on a virtual clock: what the system tells, and queries that wait.

use std::time::Duration;

use mzflow::clock::Clock;
use mzflow::clock::Timestamp;
use mzflow::sandbox::Options;
use mzflow::sandbox::Server;
use tokio_postgres::Client;

use crate::harness::PATIENCE;
use crate::harness::client;
use crate::harness::client::code;
use crate::harness::client::column;
use crate::harness::client::config;
use crate::harness::client::connect;
use crate::harness::client::connect_with;
use crate::harness::client::start;

const STATUSES: &str = "SELECT o.name || ' ' || coalesce(r.name, 'NULL') || ' ' || h.hydrated::text \
                        FROM mz_internal.mz_hydration_statuses h JOIN mz_objects o ON o.id = h.object_id \
                        LEFT JOIN mz_cluster_replicas r ON r.id = h.replica_id \
                        WHERE o.id LIKE 'u%' ORDER BY 1";

/// A sandbox on a clock that stands still at a full minute, and an hour to come.
async fn standing() -> (Server, Clock, Client) {
    let clock = Clock::manual(Timestamp(1_777_982_160_000));
    let server = start(Options { clock: clock.clone(), ..Options::default() }).await;
    let client = connect(&server).await;
    for sql in [
        "ALTER SYSTEM SET sandbox_hydration = '30s'",
        "CREATE CLUSTER c (SIZE '25cc', REPLICATION FACTOR 2)",
        "CREATE TABLE t (x int)",
        "INSERT INTO t VALUES (1)",
        "CREATE MATERIALIZED VIEW m IN CLUSTER c AS SELECT x FROM t",
    ] {
        client.batch_execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
    (server, clock, client)
}

/// Waits until somebody runs a statement that begins so.
async fn running(server: &Server, begins: &str) {
    let seen = async {
        while !server
            .transcript()
            .iter()
            .any(|ran| ran.finished.is_none() && ran.statement.starts_with(begins))
        {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, seen).await.expect("it is run");
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_hydrate_on_each_replica_as_time_goes_by() {
    let (server, clock, client) = standing().await;
    assert_eq!(column(&client, STATUSES).await, ["m NULL false"]);
    clock.advance(Duration::from_secs(10));
    assert_eq!(column(&client, STATUSES).await, ["m r1 false", "m r2 false"]);
    clock.advance(Duration::from_secs(20));
    assert_eq!(column(&client, STATUSES).await, ["m r1 true", "m r2 true"]);
    // One more replica starts anew, one fewer is gone, none at all leaves the object unreported.
    client.batch_execute("ALTER CLUSTER c SET (REPLICATION FACTOR 3)").await.expect("altered");
    clock.advance(Duration::from_secs(10));
    assert_eq!(column(&client, STATUSES).await, ["m r1 true", "m r2 true", "m r3 false"]);
    client.batch_execute("ALTER CLUSTER c SET (REPLICATION FACTOR 1)").await.expect("altered");
    assert_eq!(column(&client, STATUSES).await, ["m r1 true"]);
    client.batch_execute("ALTER CLUSTER c SET (REPLICATION FACTOR 0)").await.expect("altered");
    assert_eq!(column(&client, STATUSES).await, ["m NULL false"]);
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lag_is_sampled_late_and_unknown_until_there_is_something_to_read() {
    let (server, clock, client) = standing().await;
    client.batch_execute("ALTER SYSTEM SET sandbox_hydration = '90s'").await.expect("set");
    let lag = "SELECT coalesce(l.lag::text, 'NULL') FROM mz_internal.mz_wallclock_global_lag l \
               JOIN mz_objects o ON o.id = l.object_id WHERE o.name = 'm'";
    clock.advance(Duration::from_secs(1));
    client.batch_execute("CREATE MATERIALIZED VIEW m2 IN CLUSTER c AS SELECT x FROM t").await.expect("made");
    let lag2 = lag.replace("'m'", "'m2'");
    assert_eq!(column(&client, &lag2).await, [""; 0], "no sample yet");
    clock.advance(Duration::from_secs(59));
    assert_eq!(column(&client, &lag2).await, ["NULL"], "sampled, and not readable");
    clock.advance(Duration::from_secs(60));
    assert_eq!(column(&client, lag).await, ["00:00:00"]);
    client.batch_execute("ALTER SYSTEM SET sandbox_lag = '20s'").await.expect("set");
    client.batch_execute("ALTER SYSTEM SET sandbox_lagging = 'm'").await.expect("set");
    assert_eq!(column(&client, lag).await, ["00:00:20"]);
    assert_eq!(column(&client, &lag2).await, ["00:00:00"]);
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_out_of_memory_is_told_of() {
    let (server, clock, client) = standing().await;
    client.batch_execute("ALTER SYSTEM SET sandbox_crash_looping = 'c.r2'").await.expect("set");
    clock.advance(Duration::from_secs(90));
    assert_eq!(column(&client, STATUSES).await, ["m r1 true", "m r2 false"]);
    let told = "SELECT r.name || ' ' || s.status || ' ' || coalesce(s.reason, '') \
                FROM mz_internal.mz_cluster_replica_statuses s JOIN mz_cluster_replicas r ON r.id = s.replica_id \
                JOIN mz_clusters c ON c.id = r.cluster_id WHERE c.name = 'c' ORDER BY 1";
    assert_eq!(column(&client, told).await, ["r1 online ", "r2 offline oom-killed"]);
    let deaths = "SELECT count(*)::text FROM mz_internal.mz_cluster_replica_status_history \
                  WHERE reason = 'oom-killed'";
    assert_eq!(column(&client, deaths).await, ["5"]);
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_waits_for_what_has_not_hydrated() {
    let (server, clock, client) = standing().await;
    let reader = connect(&server).await;
    let waiting = tokio::spawn(async move { column(&reader, "SELECT x::text FROM m").await });
    running(&server, "SELECT").await;
    assert!(!waiting.is_finished());
    // Rows that are written meanwhile are read: the query has the time at which it goes on.
    client.batch_execute("INSERT INTO t VALUES (2)").await.expect("inserted");
    clock.advance(Duration::from_secs(30));
    assert_eq!(waiting.await.expect("joined"), ["1", "2"]);
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_waits_is_cancelled_times_out_or_is_let_go() {
    let (server, clock, client) = standing().await;
    client.batch_execute("ALTER SYSTEM SET sandbox_hydration_stuck = 'm'").await.expect("set");
    client.batch_execute("CREATE VIEW v AS SELECT x FROM m").await.expect("made");
    let waiting = |reader: Client| tokio::spawn(async move { code(&reader, "SELECT * FROM v").await });
    let reader = connect(&server).await;
    let token = reader.cancel_token();
    let cancelled = waiting(reader);
    running(&server, "SELECT").await;
    assert_eq!(client::cancelled(&token, cancelled).await, "57014");
    let overdue = waiting(connect(&server).await);
    running(&server, "SELECT").await;
    // The wait may begin a moment after the statement is written down.
    let ended = async {
        while !overdue.is_finished() {
            clock.advance(Duration::from_secs(1));
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, ended).await.expect("it ends");
    assert_eq!(overdue.await.expect("joined"), "57014");
    let let_go = waiting(connect(&server).await);
    running(&server, "SELECT").await;
    client.batch_execute("ALTER SYSTEM RESET sandbox_hydration_stuck").await.expect("reset");
    assert_eq!(let_go.await.expect("joined"), "ok");
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_of_a_scheduled_cluster_counts_by_its_refreshes() {
    let (server, clock, client) = standing().await;
    let mut system = config(server.address());
    let system = connect_with(system.user("mz_system")).await.expect("let in");
    for sql in [
        "ALTER SYSTEM SET enable_refresh_every_mvs = on",
        "ALTER SYSTEM SET enable_cluster_schedule_refresh = on",
    ] {
        system.batch_execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }
    for sql in [
        "CREATE CLUSTER nightly (SIZE '25cc', SCHEDULE = ON REFRESH (HYDRATION TIME ESTIMATE = '1 minute'))",
        "CREATE MATERIALIZED VIEW r IN CLUSTER nightly WITH (REFRESH EVERY '1 hour' ALIGNED TO '2026-05-05 12:00:00') \
         AS SELECT x FROM t",
    ] {
        client.batch_execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }
    let told = "SELECT coalesce(last_completed_refresh::text, 'NULL') || ' ' || next_refresh::text \
                FROM mz_internal.mz_materialized_view_refreshes";
    let noon = 1_777_982_400_000_u64;
    assert_eq!(column(&client, told).await, [format!("NULL {noon}")]);
    clock.advance(Duration::from_secs(240));
    assert_eq!(column(&client, told).await, [format!("NULL {noon}")], "it has begun");
    clock.advance(Duration::from_secs(30));
    let next = noon + 3_600_000;
    assert_eq!(column(&client, told).await, [format!("{noon} {next}")]);
    let frontier = "SELECT f.write_frontier::text FROM mz_internal.mz_frontiers f JOIN mz_objects o ON o.id = f.object_id \
                    WHERE o.name = 'r'";
    assert_eq!(column(&client, frontier).await, [next.to_string()]);
    let strategy = "SELECT type || ' ' || \"interval\"::text || ' ' || aligned_to::text FROM \
                    mz_internal.mz_materialized_view_refresh_strategies WHERE type <> 'on-commit'";
    assert_eq!(column(&client, strategy).await, ["every 01:00:00 2026-05-05 12:00:00+00"]);
    // What the refresh saw is not kept.
    assert_eq!(code(&client, "SELECT * FROM r").await, "0A000");
    assert_eq!(column(&client, STATUSES).await, ["m r1 true", "m r2 true", "r NULL false"]);
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_is_read_where_it_is_and_waited_for() {
    let (server, clock, client) = standing().await;
    clock.advance(Duration::from_secs(30));
    assert_eq!(column(&client, "SELECT x::text FROM m").await, ["1"]);
    client.batch_execute("CREATE INDEX late IN CLUSTER c ON t (x)").await.expect("made");
    assert_eq!(column(&client, "SELECT x::text FROM t").await, ["1"], "the index is elsewhere");
    let reader = connect(&server).await;
    reader.batch_execute("SET cluster = c").await.expect("set");
    let waiting = tokio::spawn(async move { column(&reader, "SELECT x::text FROM t").await });
    running(&server, "SELECT").await;
    assert!(!waiting.is_finished());
    clock.advance(Duration::from_secs(30));
    assert_eq!(waiting.await.expect("joined"), ["1"]);
    server.shutdown().await;
}
