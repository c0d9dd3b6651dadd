use std::fmt::Write as _;

use expect_test::expect;

use super::*;
use crate::primitives::facts;

const FILES: &str = "\
-- file: models/app/core/same.sql
CREATE VIEW same AS SELECT 1 AS a;
-- file: models/app/core/other.sql
CREATE VIEW other AS SELECT 2 AS a;
-- file: models/app/core/odd.sql
CREATE VIEW odd AS SELECT 3 AS a;
-- file: models/app/core/known.sql
CREATE VIEW known AS SELECT 4 AS a;
-- file: models/app/core/new.sql
CREATE VIEW new AS SELECT 5 AS a;
-- file: models/app/core/bare.sql
CREATE VIEW bare AS SELECT 6 AS a;
";

fn told(differing: Differing) -> String {
    let view = |name: &str| facts::create(ObjectKind::View, name, None, &[]);
    let table = facts::create(ObjectKind::Table, "app.core.odd", None, &[]);
    let mut stand = ["same", "other", "known", "bare"].map(|name| view(&format!("app.core.{name}"))).to_vec();
    stand.push(table);
    let catalog = facts::grown(&["app"], &["app.core"], &[], &stand);
    let compiled = facts::project(FILES);
    let id = |name: &str| catalog.object(&facts::object(name)).expect("it was made").id.clone();
    let of = |name: &str| compiled.project.object(&facts::object(name)).expect("it is in a file");
    let whole = BTreeMap::from([
        (id("app.core.same"), of("app.core.same").stored_fingerprint.to_string()),
        (id("app.core.other"), "v1:00".to_owned()),
        (id("app.core.bare"), "v1:01".to_owned()),
    ]);
    let own = BTreeMap::from([(id("app.core.bare"), of("app.core.bare").own_fingerprint.to_string())]);
    let stored = Meanings { whole, own };
    let known = facts::object("app.core.known");
    let row = DeployedObject {
        deployment: "77b01de".parse().expect("an id"),
        name: known.clone(),
        kind: ObjectKind::View,
        object_id: Some(id("app.core.known")),
        green_name: known.clone(),
        // What it was promoted as is not asked: that it is the same object is enough.
        fingerprint: "v1:11".to_owned(),
        metadata_fingerprint: String::new(),
        change: Change::Added,
    };
    let snapshot = BTreeMap::from([(known, row)]);
    let request = Request { compiled: Rc::clone(&compiled), differing };
    let sorted = sorted(&request, &catalog, &snapshot, &stored);
    let mut text = String::new();
    for taken in &sorted.taken {
        let own = taken.fingerprint == of(&taken.object.name.to_string()).fingerprint.as_str();
        writeln!(text, "taken {} as the {}", taken.object.name, if own { "file" } else { "server" })
            .expect("text");
    }
    for object in &sorted.differing {
        writeln!(text, "{}: {} ({})", object.name, object.reason, object.adopted).expect("text");
    }
    writeln!(text, "missing {:?}, {} known", sorted.missing, sorted.known).expect("text");
    text
}

#[test]
fn what_is_the_same_is_taken_and_what_differs_is_told() {
    expect![[r#"
        taken app.core.same as the file
        app.core.bare: its indexes are others (false)
        app.core.odd: it is a table, not a view (false)
        app.core.other: its definition is another one (false)
        missing ["app.core.new"], 1 known
    "#]]
    .assert_eq(&told(Differing::Left));
}

#[test]
fn what_differs_is_taken_as_it_stands_when_that_is_asked_for() {
    expect![[r#"
        taken app.core.bare as the server
        taken app.core.other as the server
        taken app.core.same as the file
        app.core.bare: its indexes are others (true)
        app.core.odd: it is a table, not a view (false)
        app.core.other: its definition is another one (true)
        missing ["app.core.new"], 1 known
    "#]]
    .assert_eq(&told(Differing::Taken));
}
