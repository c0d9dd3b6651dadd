//! What the catalog stores of a statement, as recorded.

use sqllogictest::AsyncDB;
use sqllogictest::DBOutput;

use super::client::Client;
use super::client::connect;
use super::replay;

/// A statement, what was there before, and what the catalog stored of it.
#[derive(serde::Deserialize)]
struct Pair {
    input: String,
    create_sql: String,
    setup: Vec<String>,
}

/// What the catalog says of the newest thing with an id of a user's.
const NEWEST: &str = "SELECT create_sql FROM (
    SELECT id, create_sql FROM mz_tables UNION ALL SELECT id, create_sql FROM mz_views
    UNION ALL SELECT id, create_sql FROM mz_materialized_views UNION ALL SELECT id, create_sql FROM mz_indexes
    UNION ALL SELECT id, create_sql FROM mz_sources UNION ALL SELECT id, create_sql FROM mz_types
    UNION ALL SELECT id, create_sql FROM mz_connections
) AS all_of_them WHERE id LIKE 'u%' ORDER BY substr(id, 2)::int DESC LIMIT 1";

#[tokio::test(flavor = "multi_thread")]
async fn what_is_stored_is_what_a_real_server_stores() {
    let text =
        std::fs::read_to_string(replay::folder("create_sql").join("pairs.json")).expect("they are recorded");
    let pairs: Vec<Pair> = serde_json::from_str(&text).expect("it is JSON");
    let mut wrong = Vec::new();
    for pair in &pairs {
        let server = replay::sandbox().await;
        let mut client = connect(server.address(), "materialize").await.expect("it connects");
        let stored = stored(&mut client, pair).await;
        server.shutdown().await;
        if without_time(&stored) != without_time(&pair.create_sql) {
            wrong.push(format!("{}\n  expected {}\n  got      {stored}", pair.input, pair.create_sql));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What the catalog stores of a pair's statement, or what went wrong.
async fn stored(client: &mut Client, pair: &Pair) -> String {
    let before = ["CREATE DATABASE pairs_db", "SET database = pairs_db"];
    let texts = before.into_iter().chain(pair.setup.iter().map(String::as_str)).chain([pair.input.as_str()]);
    for text in texts {
        if let Err(said) = client.run(text).await {
            return format!("{text}: {said}");
        }
    }
    match client.run(NEWEST).await {
        Ok(DBOutput::Rows { rows, .. }) => rows.into_iter().flatten().collect(),
        Ok(_) => String::new(),
        Err(said) => said.to_string(),
    }
}

/// The text without the time at which a materialized view was made.
fn without_time(text: &str) -> &str {
    let (stored, made) = text.rsplit_once(" AS OF ").unwrap_or((text, ""));
    if !made.is_empty() && made.bytes().all(|byte| byte.is_ascii_digit()) { stored } else { text }
}
