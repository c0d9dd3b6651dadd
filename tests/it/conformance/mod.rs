//! What a real Materialize answered, replayed against the sandbox through the real protocol.
//!
//! The recordings are in `tests/conformance`, or in `../shared/conformance` where that lies beside
//! the checkout, or in the folder that `MZFLOW_CONFORMANCE` names.

mod client;
mod create_sql;
mod privileges;
mod replay;

use std::path::Path;

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
