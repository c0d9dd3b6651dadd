//! What a real Materialize answered, replayed against the sandbox through the real protocol.
//!
//! The recordings are in `tests/conformance`, or in `../shared/conformance` where that lies beside
//! the checkout, or in the folder that `MZFLOW_CONFORMANCE` names.

mod client;
mod create_sql;
mod replay;

use std::collections::BTreeMap;
use std::path::Path;

use sqllogictest::AsyncDB;
use sqllogictest::DBOutput;

use self::client::Client;
use self::client::Said;
use self::client::connect;
use self::client::one_line;
use self::client::shown;
use self::replay::sandbox;

#[tokio::test(flavor = "multi_thread")]
async fn core_is_answered_as_recorded() {
    replay::each_alone(&replay::folder("core")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn full_is_answered_as_recorded() {
    replay::each_alone(&replay::folder("full")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_is_answered_as_recorded_in_one_sandbox() {
    replay::all_in_one(&["core", "full"].map(replay::folder)).await;
}

/// Our own cases, in the form of the recordings: what follows from the rules where nothing was recorded.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_recorded_follows_the_rules() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/sandbox");
    replay::each_alone(&folder).await;
    replay::all_in_one(&[folder]).await;
}

/// One step of `rbac/privileges.json`.
#[derive(Debug, serde::Deserialize)]
struct Step {
    user: String,
    sql: String,
    ok: bool,
    sqlstate: Option<String>,
    message: Option<String>,
    detail: Option<String>,
    rows: Option<Vec<Vec<Option<String>>>>,
}

#[derive(serde::Deserialize)]
struct Steps {
    steps: Vec<Step>,
}

impl Step {
    fn expected(&self) -> String {
        if !self.ok {
            let said = Said {
                code: self.sqlstate.clone(),
                message: self.message.clone().unwrap_or_default(),
                detail: self.detail.clone(),
                hint: None,
            };
            return said.to_string();
        }
        let rows = self.rows.iter().flatten();
        rows.map(|row| line(row.iter().map(|value| shown(value.as_deref())))).collect::<Vec<_>>().join("; ")
    }
}

/// A row, whatever blanks its values have.
fn line(values: impl Iterator<Item = String>) -> String {
    values.map(|value| one_line(&value)).collect::<Vec<_>>().join(" ")
}

#[tokio::test(flavor = "multi_thread")]
async fn privileges_are_checked_as_recorded() {
    let text =
        std::fs::read_to_string(replay::folder("rbac").join("privileges.json")).expect("they are recorded");
    let recorded: Steps = serde_json::from_str(&text).expect("it is JSON");
    let server = sandbox().await;
    let mut clients: BTreeMap<String, Client> = BTreeMap::new();
    let mut wrong = Vec::new();
    for step in &recorded.steps {
        if !clients.contains_key(&step.user) {
            let user = if step.user == "system" { "mz_system" } else { &step.user };
            let client = connect(server.address(), user).await.expect("it connects");
            clients.insert(step.user.clone(), client);
        }
        let client = clients.get_mut(&step.user).expect("it is connected");
        let got = match client.run(&step.sql).await {
            Ok(DBOutput::Rows { rows, .. }) => {
                rows.into_iter().map(|row| line(row.into_iter())).collect::<Vec<_>>().join("; ")
            }
            Ok(_) => String::new(),
            // Hints are not recorded.
            Err(said) => Said { hint: None, ..said }.to_string(),
        };
        // What a role is set to counts from its next session on.
        if let Some(role) = step.sql.strip_prefix("ALTER ROLE ").and_then(|rest| rest.split(' ').next()) {
            clients.remove(role);
        }
        let expected = step.expected();
        if got != expected {
            wrong.push(format!("{}: {}\n  expected {expected}\n  got      {got}", step.user, step.sql));
        }
    }
    server.shutdown().await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
