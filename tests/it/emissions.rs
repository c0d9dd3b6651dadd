//! Connections and sinks without an outside: what would have been sent, and sinks that do not send.

use std::time::Duration;

use mzflow::clock::Clock;
use mzflow::clock::Timestamp;
use mzflow::sandbox::Options;
use mzflow::sandbox::Server;
use tokio_postgres::Client;

use crate::harness::client;
use crate::harness::client::code;
use crate::harness::client::column;
use crate::harness::client::connect;
use crate::harness::client::start;

const START: Timestamp = Timestamp(1_777_982_160_000);

const EMITTED: &str = "SELECT message_offset::text || ' ' || coalesce(key::text, '-') || ' ' || coalesce(value::text, '-') \
                       FROM sandbox.emitted WHERE sink_name LIKE '%.k' ORDER BY message_offset";

async fn all(client: &Client, statements: &[&str]) {
    for sql in statements {
        client.batch_execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }
}

/// A table with a row and a broker, on a clock that stands still.
async fn world() -> (Server, Clock, Client) {
    let clock = Clock::manual(START);
    let settings = vec![("sandbox_hydration".to_owned(), "0".to_owned())];
    let server = start(Options { clock: clock.clone(), settings, ..Options::default() }).await;
    let client = connect(&server).await;
    all(
        &client,
        &[
            "CREATE CONNECTION broker TO KAFKA (BROKER 'b:9092', SECURITY PROTOCOL = 'PLAINTEXT') WITH (VALIDATE = false)",
            "CREATE TABLE t (id int, note text)",
            "INSERT INTO t VALUES (1, 'one')",
        ],
    )
    .await;
    (server, clock, client)
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_of_every_kind_need_nothing_outside() {
    let (server, _, client) = world().await;
    all(
        &client,
        &[
            "CREATE SECRET s AS 'hidden'",
            "CREATE CONNECTION tunnel TO SSH TUNNEL (HOST 'h', PORT 22, USER 'u')",
            "CREATE CONNECTION pg TO POSTGRES (HOST 'h', PORT 5432, DATABASE 'd', USER 'u', PASSWORD SECRET s, \
             SSH TUNNEL tunnel) WITH (VALIDATE = false)",
            "CREATE CONNECTION my TO MYSQL (HOST 'h', USER 'u', PASSWORD SECRET s) WITH (VALIDATE = false)",
            "CREATE CONNECTION ms TO SQL SERVER (HOST 'h', DATABASE 'd', USER 'u', PASSWORD SECRET s) \
             WITH (VALIDATE = false)",
            "CREATE CONNECTION csr TO CONFLUENT SCHEMA REGISTRY (URL 'http://h:8081', USERNAME 'u', PASSWORD SECRET s) \
             WITH (VALIDATE = false)",
            "CREATE CONNECTION aws TO AWS (ACCESS KEY ID = 'id', SECRET ACCESS KEY = SECRET s) WITH (VALIDATE = false)",
            "CREATE CONNECTION link TO AWS PRIVATELINK (SERVICE NAME 'n', AVAILABILITY ZONES ('z'))",
            "CREATE CONNECTION sasl TO KAFKA (BROKERS ('a:9092' USING SSH TUNNEL tunnel, 'b:9092'), SASL MECHANISMS \
             'PLAIN', SASL USERNAME 'u', SASL PASSWORD SECRET s)",
        ],
    )
    .await;
    assert_eq!(
        column(&client, "SELECT name || ' ' || type FROM mz_connections WHERE id LIKE 'u%' ORDER BY 1").await,
        [
            "aws aws",
            "broker kafka",
            "csr confluent-schema-registry",
            "link aws-privatelink",
            "ms sql-server",
            "my mysql",
            "pg postgres",
            "sasl kafka",
            "tunnel ssh-tunnel"
        ]
    );
    let inline = "CREATE CONNECTION bad TO MYSQL (HOST 'h', USER 'u', PASSWORD 'inline')";
    assert_eq!(code(&client, inline).await, "XX000");
    assert_eq!(code(&client, "DROP SECRET s").await, "XX000", "connections use it");
    assert_eq!(code(&client, "DROP CONNECTION tunnel").await, "XX000");
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sink_writes_down_what_it_would_have_sent() {
    let (server, _, client) = world().await;
    all(
        &client,
        &[
            "CREATE MATERIALIZED VIEW m AS SELECT id, upper(note) AS note FROM t",
            "CREATE SINK k FROM m INTO KAFKA CONNECTION broker (TOPIC 'notes') KEY (id) NOT ENFORCED FORMAT JSON \
             ENVELOPE UPSERT",
            "CREATE SINK other FROM t INTO KAFKA CONNECTION broker (TOPIC 'raw') FORMAT JSON ENVELOPE DEBEZIUM \
             WITH (SNAPSHOT = false)",
            "INSERT INTO t VALUES (2, 'two')",
            "UPDATE t SET note = 'eins' WHERE id = 1",
            "DELETE FROM t WHERE id = 2",
            "BEGIN",
            "INSERT INTO t VALUES (3, 'drei')",
            "COMMIT",
        ],
    )
    .await;
    assert_eq!(
        column(&client, EMITTED).await,
        [
            r#"0 {"id":1} {"id":1,"note":"ONE"}"#,
            r#"1 {"id":2} {"id":2,"note":"TWO"}"#,
            r#"2 {"id":1} {"id":1,"note":"EINS"}"#,
            r#"3 {"id":2} -"#,
            r#"4 {"id":3} {"id":3,"note":"DREI"}"#,
        ]
    );
    let other = "SELECT topic || ' ' || value::text FROM sandbox.emitted WHERE sink_name LIKE '%other' \
                 ORDER BY message_offset LIMIT 3";
    assert_eq!(
        column(&client, other).await,
        [
            r#"raw {"after":{"id":2,"note":"two"},"before":null}"#,
            r#"raw {"after":null,"before":{"id":1,"note":"one"}}"#,
            r#"raw {"after":{"id":1,"note":"eins"},"before":null}"#,
        ]
    );
    client.batch_execute("ALTER SYSTEM RESET sandbox_emitted").await.expect("emptied");
    assert_eq!(column(&client, EMITTED).await, [""; 0]);
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sink_that_is_turned_sends_changes_of_the_new_relation_alone() {
    let (server, _, client) = world().await;
    all(
        &client,
        &[
            "CREATE SINK k FROM t INTO KAFKA CONNECTION broker (TOPIC 'notes') KEY (id) NOT ENFORCED FORMAT JSON \
             ENVELOPE UPSERT",
            "CREATE TABLE t2 (id int, note text)",
            "INSERT INTO t2 VALUES (7, 'old')",
            "ALTER SINK k SET FROM t2",
            "INSERT INTO t2 VALUES (8, 'new')",
            "INSERT INTO t VALUES (9, 'nobody reads it')",
        ],
    )
    .await;
    assert_eq!(
        column(&client, EMITTED).await,
        [r#"0 {"id":1} {"id":1,"note":"one"}"#, r#"1 {"id":8} {"id":8,"note":"new"}"#]
    );
    assert_eq!(code(&client, "ALTER SINK nothing SET FROM t2").await, "XX000");
    assert_eq!(code(&client, "ALTER SINK k SET FROM nothing").await, "XX000");
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sink_stalls_and_fails_and_goes_on() {
    let (server, clock, client) = world().await;
    let create = "CREATE SINK k FROM t INTO KAFKA CONNECTION broker (TOPIC 'notes') KEY (id) NOT ENFORCED \
                  FORMAT JSON ENVELOPE UPSERT";
    client.batch_execute(create).await.expect("made");
    for set in
        ["SET sandbox_sink_stalled = 'k'", "SET sandbox_sink_failed = '%.k'", "RESET sandbox_sink_failed"]
    {
        clock.advance(Duration::from_secs(60));
        client.batch_execute(&format!("ALTER SYSTEM {set}")).await.expect("set");
    }
    let status = "SELECT status || ' ' || coalesce(error, '') FROM mz_internal.mz_sink_statuses";
    assert_eq!(
        column(&client, status).await,
        ["stalled kafka: broker transport failure (sandbox_sink_stalled)"]
    );
    let hydrated = "SELECT hydrated::text FROM mz_internal.mz_hydration_statuses h JOIN mz_sinks k ON k.id = h.object_id";
    assert_eq!(column(&client, hydrated).await, ["false"]);
    client.batch_execute("INSERT INTO t VALUES (2, 'two')").await.expect("inserted");
    assert_eq!(column(&client, EMITTED).await.len(), 1);
    clock.advance(Duration::from_secs(60));
    client.batch_execute("ALTER SYSTEM RESET sandbox_sink_stalled").await.expect("reset");
    assert_eq!(column(&client, EMITTED).await.len(), 2);
    assert_eq!(column(&client, hydrated).await, ["true"]);
    let history = "SELECT status || ' ' || occurred_at::text FROM mz_internal.mz_sink_status_history \
                   ORDER BY occurred_at, status DESC";
    assert_eq!(
        column(&client, history).await,
        [
            "starting 2026-05-05 11:56:00+00",
            "running 2026-05-05 11:56:00+00",
            "stalled 2026-05-05 11:57:00+00",
            "failed 2026-05-05 11:58:00+00",
            "stalled 2026-05-05 11:59:00+00",
            "running 2026-05-05 12:00:00+00",
        ]
    );
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sink_that_makes_no_progress_blocks_its_alteration() {
    let (server, _, client) = world().await;
    all(
        &client,
        &[
            "CREATE SINK k FROM t INTO KAFKA CONNECTION broker (TOPIC 'notes') FORMAT JSON ENVELOPE DEBEZIUM",
            "CREATE TABLE t2 (id int, note text)",
            "ALTER SYSTEM SET sandbox_sink_blocked = 'k'",
        ],
    )
    .await;
    let status = "SELECT status FROM mz_internal.mz_sink_statuses";
    assert_eq!(column(&client, status).await, ["running"], "it says nothing of it");
    let alter = |other: Client| tokio::spawn(async move { code(&other, "ALTER SINK k SET FROM t2").await });
    let other = connect(&server).await;
    let token = other.cancel_token();
    let waiting = alter(other);
    assert_eq!(client::cancelled(&token, waiting).await, "57014");
    let waiting = alter(connect(&server).await);
    // Others go on meanwhile.
    client.batch_execute("CREATE SCHEMA beside").await.expect("made");
    client.batch_execute("ALTER SYSTEM RESET sandbox_sink_blocked").await.expect("reset");
    assert_eq!(waiting.await.expect("joined"), "ok");
    let reads = "SELECT o.name FROM mz_internal.mz_object_dependencies d JOIN mz_sinks k ON k.id = d.object_id \
                 JOIN mz_tables o ON o.id = d.referenced_object_id";
    assert_eq!(column(&client, reads).await, ["t2"]);
    server.shutdown().await;
}
