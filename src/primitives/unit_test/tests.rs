use std::collections::BTreeMap;

use expect_test::Expect;
use expect_test::expect;

use super::*;
use crate::compiler;
use crate::compiler::source::File;
use crate::primitives::compile;
use crate::primitives::compile::Report;

/// A project with one view and its tests.
const VIEW: &str = "\
CREATE VIEW v AS
SELECT i.id, label FROM raw.items AS i;
EXECUTE UNIT TEST one FOR v AT TIME '2026-01-01'
  MOCK raw.items (id int, label text) AS (VALUES (1, 'a')),
  EXPECTED (label text, id int) AS SELECT 'a', 1;
EXECUTE UNIT TEST two FOR v EXPECTED (id int) AS SELECT 1;
";

fn report() -> Report {
    let file = |path: &str, text: &str| File { path: path.to_owned(), text: text.into() };
    let files = vec![
        file("project.toml", ""),
        file("models/shop/raw/items.sql", "CREATE TABLE items (id int, label text)"),
        file("models/shop/core/v.sql", VIEW),
    ];
    let options = compiler::Options { profile: None, variables: BTreeMap::new() };
    compile::compiled(files, Vec::new(), &options)
}

#[track_caller]
fn check(sent: impl Fn(&standalone::Statement, &Body) -> statement::Sent, expect: Expect) {
    let report = report();
    let cases = select(&report.compiled, &Filter::default()).expect("there are tests");
    let body = cases[0].test.body.as_ref().expect("it is whole");
    let view = statement::view(cases[0].object, body).expect("it has a query");
    let sent = sent(&view, body);
    // What leads back to the file begins where it is said to.
    let behind: String = sent.sql.chars().skip(sent.before).take(4).collect();
    assert!(["WITH", "(VAL", "'202"].contains(&behind.as_str()), "{behind}");
    expect.assert_eq(&(sent.sql + "\n"));
}

#[test]
fn one_statement_holds_mocks_view_and_expected_rows() {
    check(
        |view, body| statement::columns(view, Some(body)),
        expect![[r#"
        WITH "mzf_1" AS (SELECT "mzf_0"."id"::int AS "id", "mzf_0"."label"::text AS "label" FROM (
        (VALUES (1, 'a'))
        ) AS "mzf_0" ("id", "label"))
        SELECT * FROM (
        SELECT i.id, label FROM "mzf_1" AS i
        ) AS "mzf_0"
        LIMIT 0
        AS OF (
        '2026-01-01'
        )::mz_timestamp
    "#]],
    );
    check(
        statement::types,
        expect![[r#"
        WITH "mzf_actual" AS (
        WITH "mzf_1" AS (SELECT "mzf_0"."id"::int AS "id", "mzf_0"."label"::text AS "label" FROM (
        (VALUES (1, 'a'))
        ) AS "mzf_0" ("id", "label"))
        SELECT * FROM (
        SELECT i.id, label FROM "mzf_1" AS i
        ) AS "mzf_0"
        ),
        "mzf_expected" AS (SELECT "mzf_0"."label"::text AS "label", "mzf_0"."id"::int AS "id" FROM (
        SELECT 'a', 1
        ) AS "mzf_0" ("label", "id"))
        SELECT pg_typeof((SELECT "label" FROM "mzf_actual" LIMIT 0)), pg_typeof((SELECT "label" FROM "mzf_expected" LIMIT 0)), pg_typeof((SELECT "id" FROM "mzf_actual" LIMIT 0)), pg_typeof((SELECT "id" FROM "mzf_expected" LIMIT 0))
        AS OF (
        '2026-01-01'
        )::mz_timestamp
    "#]],
    );
}

#[test]
fn rows_are_counted_on_both_sides() {
    check(
        statement::difference,
        expect![[r#"
        WITH "mzf_actual" AS (
        WITH "mzf_1" AS (SELECT "mzf_0"."id"::int AS "id", "mzf_0"."label"::text AS "label" FROM (
        (VALUES (1, 'a'))
        ) AS "mzf_0" ("id", "label"))
        SELECT * FROM (
        SELECT i.id, label FROM "mzf_1" AS i
        ) AS "mzf_0"
        ),
        "mzf_expected" AS (SELECT "mzf_0"."label"::text AS "label", "mzf_0"."id"::int AS "id" FROM (
        SELECT 'a', 1
        ) AS "mzf_0" ("label", "id")),
        "mzf_sides" AS (
        SELECT "label" AS c1, "id" AS c2, true AS e FROM "mzf_expected"
        UNION ALL
        SELECT "label" AS c1, "id" AS c2, false AS e FROM "mzf_actual"
        ),
        "mzf_counts" AS (
        SELECT c1, c2, count(*) FILTER (WHERE e) AS expected, count(*) FILTER (WHERE NOT e) AS actual
        FROM "mzf_sides" GROUP BY c1, c2
        ),
        "mzf_rows" AS (SELECT * FROM "mzf_counts" WHERE expected <> actual),
        "mzf_total" AS (
        SELECT count(*) AS differing,
        sum(CASE WHEN expected > actual THEN expected - actual ELSE 0 END) AS missing,
        sum(CASE WHEN actual > expected THEN actual - expected ELSE 0 END) AS unexpected
        FROM "mzf_rows"
        )
        SELECT c1, c2, expected, actual, differing, missing, unexpected
        FROM "mzf_rows", "mzf_total"
        ORDER BY c1, c2, expected DESC
        LIMIT 50
        AS OF (
        '2026-01-01'
        )::mz_timestamp
    "#]],
    );
}

#[test]
fn parts_of_a_test_are_asked_alone() {
    check(
        |_, body| statement::alone(&body.mocks[0].rows),
        expect![[r#"
        SELECT "mzf_0"."id"::int AS "id", "mzf_0"."label"::text AS "label" FROM (
        (VALUES (1, 'a'))
        ) AS "mzf_0" ("id", "label")
    "#]],
    );
    check(
        |_, body| statement::time(body.at_time.as_ref().expect("a time")),
        expect![[r#"
        SELECT (
        '2026-01-01'
        )::mz_timestamp
    "#]],
    );
}

#[test]
fn tests_are_chosen_with_what_is_wrong_with_them() {
    let report = report();
    let chosen = |filter: &str| {
        let filter: Filter = filter.parse().expect("a filter");
        let told = |case: &Case<'_>| (case.test.name.to_string(), case.mistakes.len());
        select(&report.compiled, &filter).map(|cases| cases.iter().map(told).collect::<Vec<_>>())
    };
    assert_eq!(chosen("shop").expect("two"), [("one".to_owned(), 0), ("two".to_owned(), 1)]);
    assert_eq!(chosen("#o*").expect("one"), [("one".to_owned(), 0)]);
    let refused = chosen("*#none").expect_err("nothing matches");
    assert_eq!(refused.code(), Code::TestNoMatch);
    assert_eq!(refused.lines(), ["the project has 2 tests"]);
}

#[test]
fn columns_are_compared_by_name_and_type() {
    let column = |(name, data_type): (&str, &str)| compiler::object::Column {
        name: crate::name::Ident::new(name).expect("a name"),
        data_type: data_type.to_owned(),
    };
    let expected: Vec<_> = [("a", "int"), ("b", "text"), ("c", "int")].map(column).into();
    let actual = ["b", "a", "a", "d"].map(str::to_owned);
    expect![[r#"
        the view gives column `a` more than once
        the view gives no column `c`
        the view gives column `d`, which EXPECTED does not list"#]]
    .assert_eq(&difference::of_names(&expected, &actual).join("\n"));
}
