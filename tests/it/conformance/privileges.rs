//! Who may do what, step by step.

use std::collections::BTreeMap;
use std::path::Path;

use sqllogictest::AsyncDB;
use sqllogictest::DBOutput;

use super::client::Client;
use super::client::Said;
use super::client::connect;
use super::client::one_line;
use super::client::shown;
use super::replay;

/// One step.
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
    replayed(&replay::folder("rbac").join("privileges.json")).await;
}

/// Our own steps, in the form of the recorded ones.
#[tokio::test(flavor = "multi_thread")]
async fn privileges_that_were_not_recorded_follow_the_rules() {
    replayed(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/sandbox/privileges.json")).await;
}

/// Replays steps in their order, one session a user.
async fn replayed(file: &Path) {
    let text = std::fs::read_to_string(file).expect("it can be read");
    let recorded: Steps = serde_json::from_str(&text).expect("it is JSON");
    let server = replay::sandbox().await;
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
