use expect_test::expect;

use super::*;
use crate::primitives::facts;

const FILES: &str = "\
-- file: models/app/raw/t.sql
CREATE TABLE t (id int);
CREATE INDEX t_id IN CLUSTER c1 ON t (id);
-- file: models/app/raw/u.sql
CREATE TABLE u (id int);
-- file: models/app/other/u.sql
CREATE TABLE u (id int);
-- file: models/app/core/v.sql
CREATE VIEW v AS SELECT id FROM raw.t;
-- file: clusters/c1.sql
CREATE CLUSTER c1 (SIZE = '25cc');
-- file: clusters/Sp are.sql
CREATE CLUSTER \"Sp are\" (SIZE = '25cc');
-- file: models/app/raw/kinds.sql
CREATE TYPE kinds AS LIST (ELEMENT TYPE = int4);
";

fn request(kind: found::Kind, name: &str) -> Request {
    Request { compiled: facts::project(FILES), kind, name: name.to_owned() }
}

fn said(kind: found::Kind, name: &str) -> String {
    let request = request(kind, name);
    match find(&request) {
        Ok(found) => {
            format!("{} in {}, named by {:?}", found.told(), found.file, found.outcome(true).still_named_by)
        }
        Err(error) => format!("{error} {:?}", error.lines()),
    }
}

#[test]
fn a_name_may_be_its_last_parts() {
    expect![[r#"table app.raw.t in models/app/raw/t.sql, named by ["app.core.v"]"#]]
        .assert_eq(&said(found::Kind::Table, "t"));
    expect![[r#"table app.other.u in models/app/other/u.sql, named by []"#]]
        .assert_eq(&said(found::Kind::Table, "other.u"));
    expect![[r#"delete.unknown: several of the project end in `u` ["app.other.u", "app.raw.u"]"#]]
        .assert_eq(&said(found::Kind::Table, "u"));
    expect![[r#"cluster c1 in clusters/c1.sql, named by ["app.raw.t"]"#]]
        .assert_eq(&said(found::Kind::Cluster, "c1"));
    for name in ["Sp are", "\"Sp are\""] {
        expect![[r#"cluster "Sp are" in clusters/Sp are.sql, named by []"#]]
            .assert_eq(&said(found::Kind::Cluster, name));
    }
    expect![[r#"type app.raw.kinds in models/app/raw/kinds.sql, named by []"#]]
        .assert_eq(&said(found::Kind::Type, "kinds"));
    expect![[r#"delete.unknown: the project has no source `t` []"#]]
        .assert_eq(&said(found::Kind::Source, "t"));
    expect![[r#"delete.unknown: the project has no cluster `c2` ["it has: \"Sp are\", c1"]"#]]
        .assert_eq(&said(found::Kind::Cluster, "c2"));
}

#[test]
fn what_depends_on_it_is_told_and_indexes_of_the_file_go_along() {
    let index = |name: &str| Step::Create {
        kind: ObjectKind::Index,
        name: facts::object(name),
        cluster: Some(facts::cluster("c1")),
        on: Some(facts::object("app.raw.t")),
        reads: Vec::new(),
        sql: String::new(),
        shown: None,
        origin: None,
    };
    let steps = [
        facts::create(ObjectKind::Table, "app.raw.t", None, &[]),
        facts::create(ObjectKind::View, "app.core.v", None, &["app.raw.t"]),
        index("app.raw.t_id"),
        index("app.raw.by_hand"),
    ];
    let catalog = facts::grown(&["app"], &["app.raw", "app.core"], &["c1"], &steps);
    let told = |kind, name: &str| {
        let request = request(kind, name);
        let found = find(&request).expect("the project has it");
        let stands = stands(&found.thing, &[], &catalog, None).expect("its name is short");
        let lines = dependents(&found, &stands, &catalog).expect("names are short");
        lines.into_iter().collect::<Vec<_>>().join("\n")
    };
    expect![[r#"
        index app.raw.by_hand (owner materialize) depends on it
        view app.core.v (owner materialize) depends on it"#]]
    .assert_eq(&told(found::Kind::Table, "t"));
    expect![[r#"
        index app.raw.by_hand (owner materialize) runs on it
        index app.raw.t_id (owner materialize) runs on it"#]]
    .assert_eq(&told(found::Kind::Cluster, "c1"));
    expect![""].assert_eq(&told(found::Kind::Table, "raw.u"));
}

#[test]
fn only_what_an_earlier_attempt_recorded_counts_as_claimed() {
    let steps = [facts::create(ObjectKind::Table, "app.raw.t__deleted__mzx", None, &[])];
    let catalog = facts::grown(&["app"], &["app.raw"], &[], &steps);
    let id = catalog.object(&facts::object("app.raw.t__deleted__mzx")).expect("it was made").id.to_string();
    let thing = Thing::Object(ObjectKind::Table, facts::object("app.raw.t"));
    let intent = |id: &str| Deletion {
        kind: "table".to_owned(),
        name: "app.raw.t".to_owned(),
        id: Some(id.to_owned()),
        is_gone: false,
    };
    let at = |earlier: Option<&Deletion>| stands(&thing, &[], &catalog, earlier).expect("its name is short");
    assert_eq!(at(None), Stands::Gone);
    assert_eq!(at(Some(&intent("u999"))), Stands::Gone);
    assert_eq!(at(Some(&intent(&id))), Stands::Claimed(id));
}
