//! Statements that nest deep or go on for long: each is answered, and the server lives on.

use std::time::Duration;

use mzflow::sandbox::Options;
use mzflow::sandbox::Server;
use tokio_postgres::Client;

use crate::harness::RUNTIME;
use crate::harness::client::code;
use crate::harness::client::column;
use crate::harness::client::connect;

/// How long an answer may take, unoptimised and beside other tests.
const PATIENCE: Duration = Duration::from_secs(60);

/// Sends a statement; its SQLSTATE. The server has to answer another one afterwards.
async fn answered(server: &Server, client: &Client, what: &str, sql: &str) -> String {
    let answer = tokio::time::timeout(PATIENCE, code(client, sql)).await;
    let answer = answer.unwrap_or_else(|_| panic!("{what}: no answer"));
    assert_ne!(answer, "closed", "{what}");
    let alive = connect(server).await;
    assert_eq!(column(&alive, "SELECT 1").await, ["1"], "{what}");
    answer
}

/// A text a number of times.
fn times(text: &str, count: usize) -> String {
    text.repeat(count)
}

#[test]
fn whatever_nests_or_goes_on_is_answered() {
    RUNTIME.block_on(async {
        let server = Server::start(Options::default()).await.expect("the sandbox starts");
        let client = connect(&server).await;
        client.batch_execute("CREATE TABLE t (x int)").await.expect("made");
        client.batch_execute("INSERT INTO t VALUES (1)").await.expect("inserted");
        for count in [127, 2_000, 40_000] {
            for (what, sql) in [
                ("brackets", format!("SELECT {}1{}", times("(", count), times(")", count))),
                ("functions", format!("SELECT {}1{}", times("abs(", count), times(")", count))),
                (
                    "queries",
                    format!("SELECT * FROM {}t{}", times("(SELECT * FROM ", count), times(") AS a", count)),
                ),
                ("scalar queries", format!("SELECT {}1{}", times("(SELECT ", count), times(")", count))),
                (
                    "exists",
                    format!(
                        "SELECT 1 WHERE {}true{}",
                        times("EXISTS (SELECT 1 WHERE ", count),
                        times(")", count)
                    ),
                ),
                ("not", format!("SELECT {} true", times("NOT ", count))),
                ("minus", format!("SELECT {} 1", times("- ", count))),
                ("sum", format!("SELECT 1{}", times(" + 1", count))),
                ("sum of a table", format!("SELECT x{} FROM t", times(" + x", count))),
                ("and", format!("SELECT 1 FROM t WHERE x = 1{}", times(" AND x = 1", count))),
                ("or", format!("SELECT 1 FROM t WHERE x = 1{}", times(" OR x = 2", count))),
                ("casts", format!("SELECT 1{}", times("::int", count))),
                ("union", format!("SELECT 1{}", times(" UNION ALL SELECT 1", count))),
                ("except", format!("SELECT 1{}", times(" EXCEPT SELECT 1", count))),
                ("joins", format!("SELECT count(*) FROM t{}", times(" CROSS JOIN t", count.min(2_000)))),
                ("commas", format!("SELECT 1{}", times(", 1", count))),
                ("values", format!("VALUES (1){}", times(", (1)", count))),
                ("in", format!("SELECT 1 FROM t WHERE x IN (1{})", times(", 1", count))),
                ("case", format!("SELECT {}1{}", times("CASE WHEN true THEN ", count), times(" END", count))),
                ("array", format!("SELECT {}1{}", times("ARRAY[", count), times("]", count))),
                ("list", format!("SELECT '{}{}'::int[]", times("{", count), times("}", count))),
                ("json", format!("SELECT '{}{}'::jsonb", times("[", count), times("]", count))),
                ("types", format!("SELECT NULL::int{}", times(" list", count))),
                ("arrays of types", format!("SELECT NULL::int{}", times("[]", count))),
                ("with", format!("{} SELECT 1", times("WITH a AS (SELECT 1) ", count))),
                (
                    "lateral",
                    format!("SELECT 1 FROM t{}", times(", LATERAL (SELECT t.x) AS a", count.min(300))),
                ),
                ("dots", format!("SELECT a{} FROM t", times(".a", count))),
                ("subscripts", format!("SELECT ARRAY[1]{}", times("[1]", count))),
                ("comments", format!("SELECT 1 {}{}", times("/* ", count), times(" */", count))),
                ("empty statements", times(";", count)),
                ("open", times("(", count)),
                ("view", format!("CREATE VIEW v{count} AS SELECT x{} AS x FROM t", times(" + x", count))),
                (
                    "where of a view",
                    format!("CREATE VIEW w{count} AS SELECT x FROM t WHERE {} true", times("NOT ", count)),
                ),
            ] {
                answered(&server, &client, &format!("{what} {count}"), &sql).await;
            }
        }
        server.shutdown().await;
    });
}

#[test]
fn a_chain_of_views_is_answered() {
    RUNTIME.block_on(async {
        let settings = vec![("max_objects_per_schema".to_owned(), "100000".to_owned())];
        let server =
            Server::start(Options { settings, ..Options::default() }).await.expect("the sandbox starts");
        let client = connect(&server).await;
        client.batch_execute("CREATE TABLE v0 (x int)").await.expect("made");
        for number in 1..=2_000 {
            let sql = format!("CREATE VIEW v{number} AS SELECT x FROM v{}", number - 1);
            client.batch_execute(&sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        }
        for number in [10, 100, 2_000] {
            answered(&server, &client, &format!("v{number}"), &format!("SELECT * FROM v{number}")).await;
        }
        client.batch_execute("DROP TABLE v0 CASCADE").await.expect("dropped");
        server.shutdown().await;
    });
}
