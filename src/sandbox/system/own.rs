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

/// The relation of what sinks would have sent.
pub(crate) const EMITTED: &str = "emitted";

pub(super) const SPECS: &[Spec] = &[
    Spec {
        id: 900,
        schema: SCHEMA,
        name: "transcript",
        kind: "view",
        columns: "number uint8, connection_id uint4, user_name text, application_name text, began_at timestamptz, \
                  finished_at timestamptz?, outcome text, message text?, answered bool, statement text",
        rows: transcript,
    },
    Spec {
        id: 901,
        schema: SCHEMA,
        name: EMITTED,
        kind: "view",
        columns: "sink_id text, sink_name text, topic text?, message_offset uint8, emitted_at timestamptz, \
                  key jsonb?, value jsonb?",
        rows: emitted,
    },
];

fn emitted(_: &State, runtime: &Runtime) -> Vec<Row> {
    let rows = runtime.kept.emitted.iter().map(|message| {
        vec![
            some(message.sink),
            some(&message.name),
            message.topic.clone(),
            some(message.offset),
            some(text::moment(message.at)),
            message.key.clone(),
            message.value.clone(),
        ]
    });
    rows.collect()
}

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
