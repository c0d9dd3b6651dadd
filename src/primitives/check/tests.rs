//! Which statements a check makes, and what it makes of answers.

use std::collections::BTreeSet;

use expect_test::Expect;
use expect_test::expect;

use super::drift::differences;
use super::facts::Facts;
use super::progress::Checking;
use super::progress::Task;
use crate::catalog::Catalog;
use crate::compiler::contract::Contract;
use crate::compiler::contract::LockedColumn;
use crate::db::columns::Described;
use crate::db::columns::Types;
use crate::name::ObjectKind;
use crate::name::ObjectName;
use crate::primitives::facts;

/// An environment that has one table.
fn ground() -> Catalog {
    facts::grown(&["app"], &["app.raw"], &[], &[facts::create(ObjectKind::Table, "app.raw.old", None, &[])])
}

/// The columns of a statement as a made-up server describes them: named, of type `int4`. `x list`
/// is one whose type nothing tells.
fn columns(text: &str) -> Vec<Described> {
    let column = |text: &str| {
        let (name, is_list) = text.strip_suffix(" list").map_or((text, false), |name| (name, true));
        Described { name: name.to_owned(), oid: if is_list { 16_384 } else { 23 }, modifier: -1 }
    };
    text.split(", ").filter(|text| !text.is_empty()).map(column).collect()
}

/// Checks the objects that are named, of which a made-up server gives the columns; tells what is
/// sent, in order, and what is found.
#[track_caller]
fn check(project: &str, objects: &[(&str, &str)], expect: Expect) {
    let compiled = facts::project(project);
    let catalog = ground();
    let names: Vec<ObjectName> = objects.iter().map(|(name, _)| facts::object(name)).collect();
    let wanted: BTreeSet<&ObjectName> = names.iter().collect();
    let facts = Facts::new(&compiled, &wanted, &catalog);
    let types = Types::of(&[(23, "int4", "base"), (16_384, "list", "list")]);
    let mut checking = Checking::new(&facts, &types);
    let mut told = String::new();
    let mut ready = checking.begin();
    while let Some(task) = ready.pop_front() {
        if let Some(job) = checking.prepare(task) {
            let what = match task {
                Task::Query(number) => facts.objects[number].name.to_string(),
                Task::Keys(number, index) => format!("{}, index {index}", facts.objects[number].name),
                Task::TableKeys(table, index) => format!("table {table}, index {index}"),
            };
            told += &format!("{what}\n  {}\n", job.statement.sql.replace('\n', "\n  "));
            let given = match task {
                Task::Query(number) => {
                    objects.iter().find(|(name, _)| facts.objects[number].name.to_string() == *name)
                }
                Task::Keys(..) | Task::TableKeys(..) => None,
            };
            checking.accepted(task, &columns(given.map_or("", |(_, columns)| columns)));
        }
        ready.extend(checking.released());
    }
    let report = checking.end();
    told += &format!("{} checked\n", report.checked);
    for (one, _) in &report.findings {
        told += &format!(
            "{}[{}] {}:{} {}\n",
            one.severity.as_str(),
            one.code.as_str(),
            one.line,
            one.column,
            one.message
        );
    }
    expect.assert_eq(&told);
}

#[test]
fn what_changes_is_stood_in_for_and_what_stays_is_not() {
    check(
        "-- file: models/app/raw/old.sql
         CREATE TABLE old (id int);
         -- file: models/app/raw/new.sql
         CREATE TABLE new (id int, n numeric(10, 2)); CREATE INDEX i IN CLUSTER c ON new (n); CREATE DEFAULT INDEX j IN CLUSTER c ON new;
         -- file: models/app/pub/a.sql
         CREATE VIEW a AS SELECT old.id FROM raw.old, raw.new; CREATE INDEX k IN CLUSTER c ON a (id + 1);
         -- file: models/app/pub/b.sql
         CREATE VIEW b AS SELECT * FROM a, a AS again;",
        &[("app.pub.a", "id"), ("app.pub.b", "x, y")],
        expect![[r#"
            app.pub.a
              WITH "mzf_1" AS (SELECT NULL::int AS "id", NULL::numeric(10, 2) AS "n" WHERE false)
              SELECT * FROM (
              SELECT old.id FROM "app"."raw"."old", "mzf_1"
              ) AS "mzf_0"
            table 0, index 0
              WITH "mzf_1" AS (SELECT NULL::int AS "id", NULL::numeric(10, 2) AS "n" WHERE false)
              SELECT n
              FROM "mzf_1" AS "new"
            app.pub.b
              WITH "mzf_1" AS (SELECT NULL::int4 AS "id" WHERE false)
              SELECT * FROM (
              SELECT * FROM "mzf_1", "mzf_1" AS again
              ) AS "mzf_0"
            app.pub.a, index 0
              WITH "mzf_1" AS (SELECT NULL::int4 AS "id" WHERE false)
              SELECT id + 1
              FROM "mzf_1" AS "a"
            2 checked
        "#]],
    );
}

#[test]
fn what_a_description_does_not_tell_is_nested() {
    check(
        "-- file: models/app/pub/a.sql
         CREATE VIEW a AS SELECT LIST[1] AS l;
         -- file: models/app/pub/b.sql
         CREATE VIEW b AS SELECT l FROM a;
         -- file: models/app/pub/c.sql
         CREATE VIEW c AS SELECT l[1] AS n FROM b;
         -- file: models/app/pub/d.sql
         CREATE VIEW d AS SELECT c.n FROM a, b, c;",
        &[("app.pub.a", "l list"), ("app.pub.b", "l list"), ("app.pub.c", "n"), ("app.pub.d", "n")],
        expect![[r#"
            app.pub.a
              SELECT * FROM (
              SELECT LIST[1] AS l
              ) AS "mzf_0"
            app.pub.b
              WITH "mzf_1" AS (
              SELECT LIST[1] AS l
              )
              SELECT * FROM (
              SELECT l FROM "mzf_1"
              ) AS "mzf_0"
            app.pub.c
              WITH "mzf_1" AS (
              SELECT LIST[1] AS l
              ),
              "mzf_2" AS (
              SELECT l FROM "mzf_1"
              )
              SELECT * FROM (
              SELECT l[1] AS n FROM "mzf_2"
              ) AS "mzf_0"
            app.pub.d
              WITH "mzf_1" AS (
              SELECT LIST[1] AS l
              ),
              "mzf_2" AS (
              SELECT l FROM "mzf_1"
              ),
              "mzf_3" AS (SELECT NULL::int4 AS "n" WHERE false)
              SELECT * FROM (
              SELECT c.n FROM "mzf_1", "mzf_2", "mzf_3" AS "c"
              ) AS "mzf_0"
            4 checked
        "#]],
    );
}

#[test]
fn nothing_is_left_out_silently() {
    check(
        "-- file: models/app/pub/a.sql
         CREATE VIEW a AS SELECT 1 AS x, 2 AS x;
         -- file: models/app/pub/b.sql
         CREATE VIEW b AS SELECT * FROM a;
         -- file: models/app/pub/c.sql
         CREATE VIEW c AS SELECT * FROM b;
         -- file: models/app/pub/d.sql
         CREATE VIEW d AS SELECT * FROM other.s.t, other.s.u, other.s.t AS again, a;
         -- file: models/app/pub/e.sql
         CREATE VIEW e AS SELECT * FROM d JOIN other.s.t ON true;
         -- file: models/app/pub/f.sql
         CREATE VIEW f AS SELECT * FROM (SHOW TABLES) AS x, raw.old;
         -- file: models/app/pub/g.sql
         CREATE VIEW g AS SELECT * FROM (SHOW TABLES) AS x, f;
         -- file: models/app/raw/old.sql
         CREATE TABLE old (id int)",
        &[
            ("app.pub.a", "x, x"),
            ("app.pub.b", ""),
            ("app.pub.c", ""),
            ("app.pub.d", ""),
            ("app.pub.e", ""),
            ("app.pub.f", "name"),
            ("app.pub.g", ""),
        ],
        expect![[r#"
            app.pub.a
              SELECT * FROM (
              SELECT 1 AS x, 2 AS x
              ) AS "mzf_0"
            app.pub.f
              SELECT * FROM (
              SELECT * FROM (SHOW TABLES) AS x, "app"."raw"."old"
              ) AS "mzf_0"
            1 checked
            error[check.column-twice] 1:10 `app.pub.a` would have two columns `x`
            warning[check.skipped] 1:41 `app.pub.b` was not checked: it reads `app.pub.a`, which is wrong or unknown itself
            error[check.unknown-columns] 1:41 `other.s.t` is not in the target, and nothing else tells its columns
            error[check.unknown-columns] 1:52 `other.s.u` is not in the target, and nothing else tells its columns
            warning[check.skipped] 1:83 `app.pub.d` was not checked: it reads `app.pub.a`, which is wrong or unknown itself
            warning[check.uncheckable] 1:10 `app.pub.g` was not checked: only the server can read its query, and something it reads is not there yet
            warning[check.skipped] 1:41 `app.pub.c` was not checked: it reads `app.pub.b`, and below that `app.pub.a` is wrong or unknown
            warning[check.skipped] 1:41 `app.pub.e` was not checked: it reads `app.pub.d`, and below that `app.pub.a` is wrong or unknown
        "#]],
    );
}

#[test]
fn a_lock_tells_what_is_not_there() {
    check(
        "-- file: types.lock
version = 1
[[table]]
name = \"other.s.t\"
columns = [{ name = \"b\", type = \"text\", nullable = true }, { name = \"a\", type = \"map[text=>int]\", nullable = true }]
[[table]]
name = \"other.s.u\"
columns = [{ name = \"b\", type = \"list\", nullable = true }]
[[table]]
name = \"app.raw.bids\"
columns = []
         -- file: models/app/raw/auction.sql
         CREATE SOURCE auction IN CLUSTER c FROM LOAD GENERATOR AUCTION FOR ALL TABLES
         -- file: models/app/pub/a.sql
         CREATE VIEW a AS SELECT t.* FROM other.s.t, raw.bids;
         -- file: models/app/pub/b.sql
         CREATE VIEW b AS SELECT * FROM other.s.u, raw.users;",
        &[("app.pub.a", "b"), ("app.pub.b", "")],
        expect![[r#"
            app.pub.a
              WITH "mzf_1" AS (SELECT NULL::text AS "b", NULL::map[text=>int] AS "a" WHERE false),
              "mzf_2" AS (SELECT WHERE false)
              SELECT * FROM (
              SELECT t.* FROM "mzf_1" AS "t", "mzf_2"
              ) AS "mzf_0"
            1 checked
            error[check.unknown-columns] 1:41 `other.s.u` is not in the target, and nothing else tells its columns
        "#]],
    );
}

fn contract(columns: &[(&str, &str, bool)]) -> Contract {
    let column = |(name, data_type, nullable): &(&str, &str, bool)| LockedColumn {
        name: facts::ident(name),
        data_type: (*data_type).to_owned(),
        nullable: *nullable,
        comment: None,
    };
    Contract { kind: ObjectKind::Table, comment: None, columns: columns.iter().map(column).collect() }
}

#[test]
fn only_what_matters_differs() {
    let told = |a: &[(&str, &str, bool)], b: &[(&str, &str, bool)]| {
        differences(&contract(a), &contract(b)).join("; ")
    };
    let locked = [("a", "integer", false), ("b", "numeric", true), ("c", "text list", true)];
    let live = [("a", "int4", false), ("b", "numeric(39,2)", true), ("c", "list", true)];
    assert_eq!(told(&locked, &live), "");
    assert_eq!(told(&live, &locked), "");
    assert_eq!(
        told(&[("a", "numeric(39,1)", true)], &[("a", "numeric(39,2)", true)]),
        "column `a` is of type numeric(39,2), and was of type numeric(39,1)"
    );
    assert_eq!(
        told(&[("a", "text", true)], &[("a", "list", true)]),
        "column `a` is of type list, and was of type text"
    );
    assert_eq!(
        told(&[("a", "text", false)], &[("a", "text", true)]),
        "column `a` can be null, and could not"
    );
    assert_eq!(
        told(&[("a", "text", true)], &[("b", "text", true)]),
        "column `a` is gone; column `b` of type text is new"
    );
    assert_eq!(
        told(&[("a", "text", true), ("b", "text", true)], &[("b", "text", true), ("a", "text", true)]),
        "its columns are in another order"
    );
    let view = Contract { kind: ObjectKind::View, ..contract(&[]) };
    assert_eq!(differences(&view, &contract(&[])), ["it is a table, and was a view"]);
}
