use std::collections::BTreeMap;

use expect_test::Expect;
use expect_test::expect;

use super::super::Reuse;
use super::super::assess;
use super::super::assess::Facts;
use super::*;
use crate::deployment::Isolation;
use crate::deployment::said::Claims;
use crate::name::ObjectKind;
use crate::primitives::facts;

/// Deploys the first project, adds what others have made, and tells what forbids the second.
///
/// What stands is told as the catalog stores it, a line each: `db.schema.name: query`. Others' views begin
/// with `!`. References are written `[db.schema.name]`.
#[track_caller]
fn check(stands: &str, project: &str, expect: Expect) {
    let mut catalog = facts::grown(
        &["_mzflow", "app"],
        &["_mzflow.epoch@0:setup", "app.raw", "app.core", "app.serve", "app.total"],
        &["c1"],
        &[facts::create(ObjectKind::Table, "app.raw.t", None, &[])],
    );
    let mut texts = BTreeMap::new();
    for line in stands.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (name, query) = line.split_once(": ").expect("a name and a query");
        let name = facts::object(name.trim_start_matches('!'));
        let read = query.split('[').skip(1).filter_map(|part| Some(part.split_once(']')?.0));
        let read: Vec<String> = read.map(str::to_owned).collect();
        let reads: Vec<&str> = read.iter().map(String::as_str).collect();
        catalog.take(&facts::create(ObjectKind::View, &name.to_string(), None, &reads));
        let mut text = query.to_owned();
        for one in &read {
            text = text.replace(&format!("[{one}]"), &format!("[u1 AS {}]", facts::object(one).sql()));
        }
        let id = catalog.object(&name).expect("it was made").id.clone();
        texts.insert(id, format!("CREATE VIEW {} AS {text}", name.sql()));
    }
    let table = "-- file: models/app/raw/t.sql\nCREATE TABLE t (id int, n int);\n";
    let compiled = facts::project(&format!("{table}{project}"));
    let facts = Facts {
        compiled: &compiled,
        catalog: &catalog,
        snapshot: &BTreeMap::new(),
        own_schemas: &BTreeSet::new(),
        adopted: &BTreeMap::new(),
        staging: &BTreeSet::new(),
        stable: &BTreeSet::new(),
        indexes_alone: &BTreeMap::new(),
        others: &BTreeMap::new(),
        claims: &Claims::default(),
        base_epoch: 0,
        against: None,
    };
    let changes = assess::assess(&facts, Isolation::Object, &Reuse::None);
    let ids = wanted(&changes, &catalog);
    texts.retain(|id, _| ids.contains(id));
    let told = match refusal(&changes, &catalog, &texts) {
        None => "fine".to_owned(),
        Some(error) => format!("{error}\n{}", error.lines().join("\n")),
    };
    expect.assert_eq(&told);
}

const ORDERS: &str =
    "-- file: models/app/core/orders.sql\nCREATE VIEW orders AS SELECT id, n AS amount FROM raw.t;\n";

fn reader(query: &str) -> String {
    format!("{ORDERS}-- file: models/app/serve/report.sql\nCREATE VIEW report AS {query};\n")
}

/// What stands of the same, as the catalog stores it.
const STANDS: &str = r#"
    app.core.orders: SELECT "id" FROM [app.raw.t]
    app.serve.report: SELECT "id" FROM [app.core.orders]"#;

#[test]
fn columns_that_go_by_the_relations_own_name_are_no_trap() {
    check(
        STANDS,
        &reader("SELECT orders.id, core.orders.amount FROM core.orders WHERE orders.amount > 1"),
        expect!["fine"],
    );
    check(
        STANDS,
        &reader("SELECT o.id FROM core.orders AS o JOIN core.orders p USING (id)"),
        expect!["fine"],
    );
    check(STANDS, &reader("SELECT orders.* FROM core.orders"), expect!["fine"]);
}

#[test]
fn an_object_with_a_column_of_its_own_name() {
    check(
        "app.core.total: SELECT 1 AS \"total\"",
        "-- file: models/app/core/total.sql\nCREATE VIEW total AS SELECT 2 AS sum;\n",
        expect![[r#"
            stage.rename-trap: app.core.total cannot be swapped by renaming it
            app.core.total cannot be renamed: it has `total` as an alias, a CTE or a column too"#]],
    );
    check(
        "app.core.total: SELECT 1 AS \"sum\"",
        "-- file: models/app/core/total.sql\nCREATE VIEW total AS SELECT 2 AS total;\n",
        expect![[r#"
            stage.rename-trap: app.core.total cannot be swapped by renaming it
            app.core.total cannot be renamed: it has `total` as a column, an alias, a CTE, a schema or another object"#]],
    );
}

#[test]
fn an_alias_that_is_the_relations_own_name() {
    check(
        STANDS,
        &reader("SELECT orders.id FROM core.orders AS orders"),
        expect![[r#"
        stage.rename-trap: app.core.orders cannot be swapped by renaming it
        app.core.orders cannot be renamed: app.serve.report, which reads it, has `orders` as a column, an alias, a CTE, a schema or another object"#]],
    );
    check(
        r#"app.core.orders: SELECT "id" FROM [app.raw.t]
           app.serve.report: SELECT "orders"."id" FROM [app.core.orders] AS "orders""#,
        &reader("SELECT id FROM core.orders"),
        expect![[r#"
            stage.rename-trap: app.core.orders cannot be swapped by renaming it
            app.core.orders cannot be renamed: app.serve.report, which reads it, has `orders` as an alias, a CTE or a column too"#]],
    );
}

#[test]
fn a_column_a_whole_row_a_cte() {
    check(
        STANDS,
        &reader("SELECT id AS orders FROM core.orders"),
        expect![[r#"
        stage.rename-trap: app.core.orders cannot be swapped by renaming it
        app.core.orders cannot be renamed: app.serve.report, which reads it, has `orders` as a column, an alias, a CTE, a schema or another object"#]],
    );
    check(
        STANDS,
        &reader("SELECT orders FROM core.orders"),
        expect![[r#"
        stage.rename-trap: app.core.orders cannot be swapped by renaming it
        app.core.orders cannot be renamed: app.serve.report, which reads it, has `orders` as a column, an alias, a CTE, a schema or another object"#]],
    );
    check(
        STANDS,
        &reader("WITH orders AS (SELECT id FROM core.orders) SELECT id FROM orders"),
        expect![[r#"
            stage.rename-trap: app.core.orders cannot be swapped by renaming it
            app.core.orders cannot be renamed: app.serve.report, which reads it, has `orders` as a column, an alias, a CTE, a schema or another object"#]],
    );
}

#[test]
fn a_schema_of_the_objects_name() {
    check(
        r#"app.core.total: SELECT "id" FROM [app.raw.t]"#,
        "-- file: models/app/total/a.sql\nCREATE VIEW a AS SELECT 1 AS id;\n\
         -- file: models/app/core/total.sql\nCREATE VIEW total AS SELECT id FROM total.a;\n",
        expect![[r#"
            stage.rename-trap: app.core.total cannot be swapped by renaming it
            app.core.total cannot be renamed: it has `total` as a column, an alias, a CTE, a schema or another object"#]],
    );
}

#[test]
fn two_objects_of_one_name() {
    let both = "-- file: models/app/total/orders.sql\nCREATE VIEW orders AS SELECT 1 AS id;\n";
    let report = reader("SELECT core.orders.id FROM core.orders, total.orders");
    check(
        r#"app.core.orders: SELECT "id" FROM [app.raw.t]
           app.total.orders: SELECT 2 AS "id"
           app.serve.report: SELECT "orders"."id" FROM [app.core.orders], [app.total.orders] AS "x""#,
        &format!("{both}{report}"),
        expect![[r#"
            stage.rename-trap: 2 objects cannot be swapped by renaming them
            app.core.orders cannot be renamed: app.serve.report, which reads it, reads two objects named `orders`, and does not say of which a column is
            app.total.orders cannot be renamed: app.serve.report, which reads it, has `orders` as a column, an alias, a CTE, a schema or another object
            app.total.orders cannot be renamed: app.serve.report, which reads it, reads two objects named `orders`, and does not say of which a column is"#]],
    );
}

#[test]
fn what_others_have_made_over_it_counts_too() {
    check(
        r#"app.core.orders: SELECT "id" FROM [app.raw.t]
           !app.raw.theirs: SELECT count(*) AS "orders" FROM [app.core.orders]"#,
        ORDERS,
        expect![[r#"
            stage.rename-trap: app.core.orders cannot be swapped by renaming it
            app.core.orders cannot be renamed: app.raw.theirs, which reads it, has `orders` as an alias, a CTE or a column too"#]],
    );
    check(
        r#"app.core.orders: SELECT "id" FROM [app.raw.t]
           !app.raw.theirs: SELECT "orders"."id" FROM [app.core.orders]"#,
        ORDERS,
        expect!["fine"],
    );
}

#[test]
fn a_way_back_that_would_be_closed() {
    // There it reads another of that name, which would be found when the first gets it back.
    check(
        r#"app.core.orders: SELECT "id" FROM [app.raw.t]
           !app.total.orders: SELECT 2 AS "id"
           !app.raw.theirs: SELECT "o"."id" FROM [app.core.orders] AS "o", [app.total.orders] AS "p""#,
        ORDERS,
        expect![[r#"
            stage.rename-trap: app.core.orders cannot be swapped by renaming it
            app.core.orders cannot be renamed once it is production: app.raw.theirs, which reads it, has `orders` as a column, an alias, a CTE, a schema or another object"#]],
    );
}

#[test]
fn what_is_added_or_in_a_new_schema_is_renamed_into_place() {
    check(
        "",
        "-- file: models/app/core/a.sql\nCREATE VIEW a AS SELECT 1 AS id;\n\
         -- file: models/app/new/b.sql\nCREATE VIEW b AS SELECT id AS b FROM core.a;\n",
        expect!["fine"],
    );
    check(
        "",
        "-- file: models/app/core/a.sql\nCREATE VIEW a AS SELECT 1 AS id;\n\
         -- file: models/app/new/b.sql\nCREATE VIEW b AS SELECT id AS a FROM core.a;\n",
        expect![[r#"
            stage.rename-trap: app.core.a cannot be swapped by renaming it
            app.core.a cannot be renamed: app.new.b, which reads it, has `a` as a column, an alias, a CTE, a schema or another object"#]],
    );
}
