use std::collections::BTreeSet;

use expect_test::Expect;
use expect_test::expect;

use super::choose::Earlier;
use super::choose::Origin;
use super::choose::choose;
use super::*;
use crate::clock::Timestamp;
use crate::db::journal::Entry;
use crate::deployment::Isolation;
use crate::deployment::record::StageObjects;
use crate::plan::step::Step;
use crate::primitives::changes::Reuse;
use crate::primitives::changes::assess;
use crate::primitives::changes::assess::Facts;
use crate::primitives::facts;
use crate::primitives::ledger::Ledger;

const V1: &str = "-- file: models/app/core/v.sql\nCREATE VIEW v AS SELECT 1 AS a;\n";
const V2: &str = "-- file: models/app/core/v.sql\nCREATE VIEW v AS SELECT 2 AS a;\n";

fn ground() -> Catalog {
    facts::grown(&["_mzflow", "app"], &["_mzflow.epoch@0:setup"], &[], &[])
}

/// What a project would change, where the rows of earlier promotions are these.
fn changes(project: &str, catalog: &Catalog, rows: Vec<DeployedObject>) -> Changes {
    let compiled = facts::project(project);
    let facts = Facts {
        compiled: &compiled,
        catalog,
        snapshot: &rows.into_iter().map(|row| (row.name.clone(), row)).collect(),
        own_schemas: &BTreeSet::from(["app.core".parse().expect("a schema")]),
        adopted: &BTreeMap::new(),
        staging: &BTreeSet::new(),
        stable: &BTreeSet::new(),
        indexes_alone: &BTreeMap::new(),
        others: &BTreeMap::new(),
        claims: &crate::deployment::said::Claims::default(),
        base_epoch: 0,
        against: None,
    };
    assess::assess(&facts, Isolation::Cluster, &Reuse::None)
}

/// A project laid out under an id.
fn laid_out(project: &str, id: &str, catalog: &Catalog) -> Layout {
    let id = id.parse().expect("an id");
    layout::layout(&changes(project, catalog, Vec::new()), &id, None, &Clones::new(), catalog)
        .expect("names fit")
}

/// What an id means after the given stagings, each with whether it was finished.
#[track_caller]
fn check_choice(before: &[(&str, &str, bool)], wanted: &str, origin: Origin, project: &str, expect: Expect) {
    let mut catalog = ground();
    let mut entries = Vec::new();
    let mut contents: BTreeMap<DeploymentId, StageObjects> = BTreeMap::new();
    for (id, project, done) in before {
        let laid_out = laid_out(project, id, &catalog);
        let mut records = vec![Record::StageIntent(laid_out.intent.clone())];
        laid_out.create.iter().for_each(|step| catalog.take(step));
        if *done {
            records.push(Record::StageDone(super::done(&laid_out, &catalog).expect("all of it was made")));
        }
        contents.insert(laid_out.intent.deployment.clone(), laid_out.contents);
        entries.extend(records.into_iter().map(|record| Entry {
            run: "r-1".parse().expect("an id"),
            seq: 1,
            at: Timestamp(0),
            actor: "materialize".to_owned(),
            record,
        }));
    }
    let ledger = Ledger::new(&entries, "epoch@0:setup".parse().expect("a marker"));
    let earlier = Earlier { ledger: Some(&ledger), contents: &contents };
    let wanted = wanted.parse().expect("an id");
    let told = match choose(&wanted, origin, &changes(project, &catalog, Vec::new()), &earlier, &catalog) {
        Ok(choice) => format!("{choice:?}"),
        Err(error) => error.to_string(),
    };
    expect.assert_eq(&told);
}

#[test]
fn the_same_content_is_gone_on_with() {
    check_choice(&[], "a", Origin::Named, V1, expect![[r#"New(DeploymentId("a"))"#]]);
    check_choice(&[("a", V1, false)], "a", Origin::Named, V1, expect![[r#"Continue(DeploymentId("a"))"#]]);
    check_choice(&[("a", V1, true)], "a", Origin::Named, V1, expect![[r#"Complete(DeploymentId("a"))"#]]);
}

#[test]
fn what_was_cut_before_it_was_written_down_begins_anew() {
    let catalog = ground();
    let intent = Record::StageIntent(laid_out(V1, "a", &catalog).intent);
    let run = "r-1".parse().expect("an id");
    let entry = Entry { run, seq: 1, at: Timestamp(0), actor: "materialize".to_owned(), record: intent };
    let ledger = Ledger::new(&[entry], "epoch@0:setup".parse().expect("a marker"));
    let earlier = Earlier { ledger: Some(&ledger), contents: &BTreeMap::new() };
    let wanted = "a".parse().expect("an id");
    for project in [V1, V2] {
        let changes = changes(project, &catalog, Vec::new());
        let choice = choose(&wanted, Origin::Named, &changes, &earlier, &catalog);
        assert_eq!(choice.expect("nothing stands there"), Choice::New(wanted.clone()));
    }
}

#[test]
fn an_id_that_other_content_has_is_refused_or_counted_up() {
    check_choice(
        &[("a", V1, true)],
        "a",
        Origin::Named,
        V2,
        expect!["stage.already-exists: a exists with other content; it is staged"],
    );
    check_choice(&[("a", V1, true)], "a", Origin::Default, V2, expect![[r#"New(DeploymentId("a-2"))"#]]);
    let longest = "x".repeat(63);
    check_choice(
        &[(&longest, V1, true)],
        &longest,
        Origin::Default,
        V2,
        expect![
            "deployment.bad-id: `xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx-2` is not an id: letters, digits, `-` and `_` only, at most 63 of them"
        ],
    );
}

#[test]
fn what_somebody_else_changed_is_not_overwritten_unasked() {
    let catalog = ground();
    let gone = DeployedObject {
        deployment: "a".parse().expect("an id"),
        name: facts::object("app.core.v"),
        kind: ObjectKind::View,
        object_id: Some(crate::name::ObjectId::new("u7")),
        green_name: facts::object("app.core.v"),
        fingerprint: "v1:0".to_owned(),
        metadata_fingerprint: "v1:0".to_owned(),
        change: Change::Added,
    };
    let drifted = changes(V1, &catalog, vec![gone]);
    let error = refuse(&drifted, Drift::Refused).expect_err("it was dropped by hand");
    assert_eq!((error.code(), error.lines()), (Code::StageDrifted, &["app.core.v".to_owned()][..]));
    assert!(refuse(&drifted, Drift::Overwritten).is_ok());
}

#[test]
fn a_staging_name_that_no_deployment_recorded_is_not_touched() {
    let mut catalog = ground();
    let laid_out = laid_out(V1, "a", &catalog);
    assert!(free_names(&laid_out, &catalog).is_ok());
    catalog.take(&Step::CreateSchema("app.core__a__mzf".parse().expect("a schema")));
    let error = free_names(&laid_out, &catalog).expect_err("it stands there already");
    assert_eq!(
        (error.code(), error.lines()),
        (
            Code::StageNameTaken,
            &["schema app.core__a__mzf (owner materialize) is empty: DROP SCHEMA \"app\".\"core__a__mzf\""
                .to_owned()][..]
        )
    );
}
