//! The sandbox as clients meet it: protocol, cancelling, faults, data that stays.

use mzflow::sandbox::Options;
use mzflow::sandbox::Server;
use mzflow::sandbox::running_at;

use crate::harness::client;
use crate::harness::client::code;
use crate::harness::client::column;
use crate::harness::client::config;
use crate::harness::client::connect;
use crate::harness::client::connect_with;
use crate::harness::client::start;

#[tokio::test(flavor = "multi_thread")]
async fn it_starts_and_says_goodbye_at_its_end() {
    let server = start(Options::default()).await;
    let client = connect(&server).await;
    assert_eq!(column(&client, "SHOW cluster").await, ["quickstart"]);
    server.shutdown().await;
    // The server says goodbye before it closes; whether the client has read that by now is a matter of time.
    let answer = code(&client, "SELECT 1").await;
    assert!(["57P01", "closed"].contains(&answer.as_str()), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn values_travel_in_the_binary_format() {
    let server = start(Options::default()).await;
    let client = connect(&server).await;
    client.batch_execute("CREATE TABLE t (id int8, name text, paid bool, x float8)").await.expect("made");
    let insert = client.prepare("INSERT INTO t VALUES ($1, $2, $3, $4)").await.expect("prepared");
    for id in 0..3_i64 {
        let done = client.execute(&insert, &[&id, &format!("n{id}"), &(id > 0), &0.5_f64]).await;
        assert_eq!(done.expect("inserted"), 1);
    }
    let rows = client.query("SELECT id, name, paid, x FROM t WHERE id >= $1 ORDER BY id", &[&1_i64]).await;
    let rows = rows.expect("read");
    let read: Vec<(i64, String, bool, f64)> =
        rows.iter().map(|row| (row.get(0), row.get(1), row.get(2), row.get(3))).collect();
    assert_eq!(read, [(1, "n1".to_owned(), true, 0.5), (2, "n2".to_owned(), true, 0.5)]);
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_portal_gives_its_rows_in_pieces() {
    let server = start(Options::default()).await;
    let mut client = connect(&server).await;
    client.batch_execute("CREATE TABLE t (x int4); INSERT INTO t VALUES (1)").await.expect_err("two kinds");
    client.batch_execute("CREATE TABLE t (x int4)").await.expect("made");
    client.batch_execute("INSERT INTO t VALUES (1), (2), (3)").await.expect("inserted");
    let transaction = client.transaction().await.expect("begun");
    let portal = transaction.bind("SELECT x FROM t ORDER BY x", &[]).await.expect("bound");
    for expected in [vec![1, 2], vec![3], vec![]] {
        let rows = transaction.query_portal(&portal, 2).await.expect("read");
        let read: Vec<i32> = rows.iter().map(|row| row.get(0)).collect();
        assert_eq!(read, expected);
    }
    transaction.commit().await.expect("committed");
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_can_be_cancelled() {
    let server = start(Options::default()).await;
    let client = connect(&server).await;
    client.batch_execute("CREATE TABLE t (x int4)").await.expect("made");
    client.batch_execute("BEGIN; DECLARE c CURSOR FOR SUBSCRIBE t").await.expect("declared");
    let token = client.cancel_token();
    let waiting = tokio::spawn(async move { code(&client, "FETCH ALL c").await });
    assert_eq!(client::cancelled(&token, waiting).await, "57014");
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_strike_once_and_the_transcript_tells() {
    let server = start(Options::default()).await;
    let client = connect(&server).await;
    client.batch_execute("CREATE SCHEMA a").await.expect("made");
    client.batch_execute("CREATE SCHEMA b").await.expect("made");
    client.batch_execute("ALTER SYSTEM SET sandbox_transcript = ''").await.expect("emptied");
    client.batch_execute("ALTER SYSTEM SET sandbox_fault = 'conflict 1; lose commit 2'").await.expect("set");
    let swap = "BEGIN; ALTER SCHEMA a SWAP WITH b; COMMIT";
    assert_eq!(code(&client, swap).await, "40001");
    assert_eq!(code(&client, swap).await, "closed");
    let client = connect(&server).await;
    assert_eq!(column(&client, "SHOW sandbox_fault").await, [""]);
    let told: Vec<String> = server.transcript().iter().map(|ran| ran.statement.clone()).collect();
    let once = ["BEGIN", "ALTER SCHEMA a SWAP WITH b", "COMMIT"];
    assert_eq!(told, [once, once].concat());
    assert_eq!(code(&client, "ALTER SYSTEM SET sandbox_fault = 'explode'").await, "22023");
    server.set_faults("drop before 'SHOW%'; refuse 1").expect("set");
    assert!(connect_with(&config(server.address())).await.is_err());
    assert_eq!(code(&client, "SHOW cluster").await, "closed");
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_asked_for_where_there_is_one() {
    let server = start(Options { password: Some("secret".to_owned()), ..Options::default() }).await;
    let mut config = config(server.address());
    let Err(error) = connect_with(config.password("wrong")).await else { panic!("it was let in") };
    assert_eq!(error.code().map(|code| code.code()), Some("28P01"));
    connect_with(config.password("secret")).await.expect("let in");
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn data_stays_and_a_folder_has_one_owner() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = || Options { data: Some(folder.path().to_owned()), ..Options::default() };
    let server = start(options()).await;
    assert_eq!(running_at(folder.path()), Some(server.address()));
    let client = connect(&server).await;
    client.batch_execute("CREATE TABLE t (x int4)").await.expect("made");
    client.batch_execute("INSERT INTO t VALUES (7)").await.expect("inserted");
    client.batch_execute("CREATE TEMPORARY VIEW gone AS SELECT 1 AS one").await.expect("made");
    let error = Server::start(options()).await.expect_err("one owner").to_string();
    assert!(error.contains(&format!("in use by the process {}", std::process::id())), "{error}");
    server.shutdown().await;
    assert_eq!(running_at(folder.path()), None);
    let server = start(options()).await;
    let client = connect(&server).await;
    assert_eq!(column(&client, "SELECT x FROM t").await, ["7"]);
    assert_eq!(code(&client, "SELECT one FROM gone").await, "XX000");
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_from_the_start_count_and_bad_ones_do_not_refuse() {
    let server = start(Options::default()).await;
    let mut config = config(server.address());
    let client = connect_with(config.options("-c cluster=other -c nonsense=1 -c search_path=a,b")).await;
    let client = client.expect("let in");
    assert_eq!(column(&client, "SHOW cluster").await, ["other"]);
    assert_eq!(column(&client, "SHOW search_path").await, ["a, b"]);
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_sessions_at_once_do_not_disturb_each_other() {
    let server = start(Options::default()).await;
    let mut sessions = Vec::new();
    for number in 0..50 {
        let client = connect(&server).await;
        sessions.push(tokio::spawn(async move {
            client
                .batch_execute(&format!("CREATE VIEW v{number} AS SELECT {number} AS x"))
                .await
                .expect("made");
            column(&client, &format!("SELECT x::text FROM v{number}")).await
        }));
    }
    for (number, session) in sessions.into_iter().enumerate() {
        assert_eq!(session.await.expect("joined"), [number.to_string()]);
    }
    let client = connect(&server).await;
    assert_eq!(column(&client, "SELECT count(*)::text FROM mz_views WHERE id LIKE 'u%'").await, ["50"]);
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_reads_nothing_has_the_time_it_names() {
    let server = client::start(Options::default()).await;
    let client = connect(&server).await;
    for (query, answer) in [
        ("SELECT mz_now() AS OF 5", "5"),
        ("SELECT mz_now() as of '1970-01-01 00:00:01'::timestamptz", "1000"),
        ("WITH a AS (SELECT mz_now() AS t) SELECT t FROM a ORDER BY 1 LIMIT 1\nAS OF (\n7 -- seven\n)", "7"),
        ("SELECT now() > '2020-01-01' AS OF 5", "t"),
        ("VALUES (1) AS OF now()", "1"),
    ] {
        assert_eq!(column(&client, query).await, [answer], "{query}");
    }
    // Through the extended protocol, with a parameter in the query.
    let rows = client.query("SELECT mz_now()::text || $1 AS OF 5", &[&"!"]).await.expect("it answers");
    assert_eq!(rows[0].get::<_, String>(0), "5!");
    // No past is kept: what is stored is read as it is or not at all.
    client.batch_execute("CREATE TABLE t (x int)").await.expect("made");
    assert_eq!(code(&client, "SELECT * FROM t AS OF 5").await, "0A000");
    assert_eq!(code(&client, "SELECT name FROM mz_tables AS OF now()").await, "0A000");
    assert_eq!(code(&client, "SELECT 1 AS OF AT LEAST 5").await, "0A000");
    assert_eq!(code(&client, "SELECT 1 AS OF NULL").await, "XX000");
    assert_eq!(code(&client, "SELECT 1 AS OF 'soon'").await, "XX000");
    server.shutdown().await;
}
