//! The schema `sandbox`: what the sandbox tells of itself. It is found by its name and stands in no
//! list, for the server has no such schema.

use super::super::hydration::Runtime;
use super::super::model::Row;
use super::super::model::State;
use super::super::transcript::Outcome;
use super::spec::Spec;
use super::text;
use super::text::flag;
use super::text::some;

/// Its name.
pub(crate) const SCHEMA: &str = "sandbox";

pub(super) const SPECS: &[Spec] = &[Spec {
    id: 900,
    schema: SCHEMA,
    name: "transcript",
    kind: "view",
    columns: "number uint8, connection_id uint4, user_name text, application_name text, began_at timestamptz, \
              finished_at timestamptz?, outcome text, message text?, answered bool, statement text",
    rows: transcript,
}];

fn transcript(_: &State, runtime: &Runtime) -> Vec<Row> {
    let rows = runtime.kept.transcript.iter().map(|ran| {
        let (outcome, message) = match &ran.outcome {
            Outcome::Running => ("running", None),
            Outcome::NotRun => ("not run", None),
            Outcome::Done(tag) => ("ok", some(tag)),
            Outcome::Failed(code, message) => (*code, some(message)),
        };
        vec![
            some(ran.number),
            some(ran.connection),
            some(&ran.user),
            some(&ran.application),
            some(text::moment(ran.began)),
            ran.finished.map(text::moment),
            some(outcome),
            message,
            flag(ran.answered),
            some(&ran.statement),
        ]
    });
    rows.collect()
}
