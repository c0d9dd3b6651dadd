use std::fmt::Write;

use expect_test::Expect;
use expect_test::expect;

use super::Rows;
use crate::compiler::tests::compiled;
use crate::compiler::tests::show_diagnostics;
use crate::compiler::tests::with_raw;

/// A project of two schemas with a view that reads three things and the given tests of it.
fn with_tests(tests: &str) -> String {
    with_raw(&format!(
        "
-- file: models/shop/core/v.sql
CREATE VIEW v AS SELECT i.id FROM raw.items AS i, other, mz_tables;
{tests}
-- file: models/shop/core/other.sql
CREATE VIEW other AS SELECT 1 AS one
"
    ))
}

/// Compiles the project with these tests, and compares those that are whole and what is said.
#[track_caller]
fn check(tests: &str, expect: Expect) {
    let (project, found) = compiled(&with_tests(tests), "");
    let mut shown = String::new();
    for test in project.objects.iter().flat_map(|object| &object.tests) {
        let Some(body) = &test.body else {
            let _ = writeln!(shown, "{} at line {}: wrong", test.name, test.line);
            continue;
        };
        let _ = writeln!(shown, "{} at line {}", test.name, test.line);
        for mock in &body.mocks {
            let _ = writeln!(shown, "  mock {} {}", mock.relation, rows(&mock.rows));
        }
        let _ = writeln!(shown, "  expected {}", rows(&body.expected));
    }
    expect.assert_eq(&(shown + &show_diagnostics(&found)));
}

fn rows(rows: &Rows) -> String {
    let columns: Vec<String> =
        rows.columns.iter().map(|column| format!("{} {}", column.name, column.data_type)).collect();
    format!("({}) as {}", columns.join(", "), rows.query.text)
}

#[test]
fn names_are_completed_and_the_system_needs_no_mock() {
    check(
        "EXECUTE UNIT TEST one FOR elsewhere
         MOCK raw.items (label string, id integer) AS (VALUES ('a', 1)),
         MOCK other (one int) AS SELECT 1
         MOCK mz_tables (id text) AS SELECT 'u1'
         MOCK more (x int) AS SELECT count(*) FROM mz_catalog.mz_tables
         EXPECTED (id bigint) AS SELECT 1;
         EXECUTE UNIT TEST two FOR v
         MOCK shop.raw.items (id int4, label varchar(9)) AS SELECT 1, 'a' MOCK shop.core.other (one int) AS SELECT 1
         EXPECTED (id bigint) AS SELECT 1;",
        expect![[r#"
            one at line 2
              mock shop.raw.items (label string, id integer) as (VALUES ('a', 1))
              mock shop.core.other (one int) as SELECT 1
              mock mz_catalog.mz_tables (id text) as SELECT 'u1'
              mock shop.core.more (x int) as SELECT count(*) FROM mz_catalog.mz_tables
              expected (id bigint) as SELECT 1
            two at line 8
              mock shop.raw.items (id int4, label varchar(9)) as SELECT 1, 'a'
              mock shop.core.other (one int) as SELECT 1
              expected (id bigint) as SELECT 1
        "#]],
    );
}

#[test]
fn types_of_the_project_are_written_in_full() {
    let project = with_raw(
        "
-- file: models/shop/raw/kinds.sql
CREATE TYPE kinds AS LIST (ELEMENT TYPE = int4);
-- file: models/shop/raw/kind.sql
CREATE TABLE kind (k kinds list);
-- file: models/shop/seen/v.sql
CREATE VIEW v AS SELECT k[1] AS k FROM raw.kind;
EXECUTE UNIT TEST one FOR v
AT TIME '1'::raw.kinds::text
MOCK raw.kind (k raw.kinds list) AS SELECT '{}'::raw.kinds list
EXPECTED (k shop.raw.kinds) AS VALUES ('{1}'::Raw.Kinds);
",
    );
    let (project, found) = compiled(&project, "");
    let test = project.objects.iter().flat_map(|object| &object.tests).next().expect("a test");
    let body = test.body.as_ref().unwrap_or_else(|| panic!("{}", show_diagnostics(&found)));
    let time = body.at_time.as_ref().map_or("", |time| &time.text);
    let shown = format!("{time}\n{}\n{}\n", rows(&body.mocks[0].rows), rows(&body.expected));
    expect![[r#"
        '1'::"shop"."raw"."kinds"::text
        (k "shop"."raw"."kinds" list) as SELECT '{}'::"shop"."raw"."kinds" list
        (k "shop"."raw"."kinds") as VALUES ('{1}'::"shop"."raw"."kinds")
    "#]]
    .assert_eq(&shown);
}

#[test]
fn every_dependency_is_mocked_once_and_as_it_is() {
    check(
        "EXECUTE UNIT TEST nothing FOR v EXPECTED (id bigint) AS SELECT 1;
         EXECUTE UNIT TEST twice FOR v
         MOCK raw.items (id bigint, nome text) AS SELECT 1, 'a', 2
         MOCK shop.raw.items (id bigint) AS SELECT 1
         MOCK a.b.c.d (id bigint) AS SELECT 1
         MOCK other (one int, one int) AS SELECT 1, 2
         EXPECTED (id bigint) AS SELECT 1;",
        expect![[r#"
            nothing at line 2: wrong
            twice at line 3: wrong
            warning of test[test.unmocked] models/shop/core/v.sql:2:1 `shop.core.v` reads `shop.core.other`, which test `nothing` does not mock
              models/shop/core/v.sql:1:51 read here
              help: add `MOCK other (column type, …) AS (VALUES (…))`
            warning of test[test.unmocked] models/shop/core/v.sql:2:1 `shop.core.v` reads `shop.raw.items`, which test `nothing` does not mock
              models/shop/core/v.sql:1:35 read here
              help: add `MOCK raw.items (column type, …) AS (VALUES (…))`
            warning of test[test.mock-mismatch] models/shop/core/v.sql:4:15 the mock of `shop.raw.items` lacks `label`
            warning of test[test.mock-mismatch] models/shop/core/v.sql:4:29 column `id` of `shop.raw.items` is of type int
              models/shop/raw/items.sql:1:25 here
            warning of test[test.mock-mismatch] models/shop/core/v.sql:4:37 `shop.raw.items` has no column `nome`
            warning of test[test.invalid-columns] models/shop/core/v.sql:4:51 the query gives 3 columns, 2 are listed
            warning of test[test.duplicate-mock] models/shop/core/v.sql:5:15 `shop.raw.items` is mocked twice
              models/shop/core/v.sql:4:15 first here
            warning of test[sql.unknown-relation] models/shop/core/v.sql:6:15 `a.b.c.d` has too many parts: a name is database, schema, object
            warning of test[test.invalid-columns] models/shop/core/v.sql:7:31 column `one` is there twice
        "#]],
    );
}

#[test]
fn a_test_reads_nothing_real() {
    check(
        "EXECUTE UNIT TEST reads FOR v AT TIME (SELECT max(id) FROM raw.items)
         MOCK raw.items (id int, label text) AS SELECT id, 'a' FROM other
         MOCK other (one int) AS SELECT 1 AS OF 5
         EXPECTED (id bigint) AS WITH other AS (SELECT 1) SELECT 1 FROM other, core.other;",
        expect![[r#"
            reads at line 2: wrong
            warning of test[test.reads-relation] models/shop/core/v.sql:2:60 the time of a test is a value: it reads nothing
            warning of test[test.reads-relation] models/shop/core/v.sql:3:69 `other` is a real relation, and a test reads none
              help: write the rows out with VALUES; only the view reads the mocks
            warning of test[test.reads-relation] models/shop/core/v.sql:4:43 rows of a test have no time of their own
              help: AT TIME behind the name of what is tested sets the time of the whole test
            warning of test[test.reads-relation] models/shop/core/v.sql:5:80 `core.other` is a real relation, and a test reads none
              help: write the rows out with VALUES; only the view reads the mocks
        "#]],
    );
}

#[test]
fn a_test_that_cannot_be_read_stops_nothing_else() {
    check(
        "EXECUTE UNIT TEST broken FOR v MOCK raw.items (id bigint) AS SELEC 1 EXPECTED AS SELECT 1;
         COMMENT ON VIEW v IS 'x';",
        expect![[r#"
            broken at line 2: wrong
            warning of test[sql.syntax] models/shop/core/v.sql:2:62 expected SELECT, VALUES, or a subquery in the query body, found identifier "selec"
            warning of test[sql.syntax] models/shop/core/v.sql:2:79 expected left parenthesis, found AS
        "#]],
    );
}

#[test]
fn places_are_those_of_the_file() {
    let (_, found) = compiled(
        "
-- file: project.toml
[profiles.dev.variables]
x = 'a long text'
-- file: models/shop/core/v.sql
CREATE VIEW v AS SELECT :'x' AS x;
EXECUTE UNIT TEST t FOR v EXPECTED (x text) AS SELECT :'x', 2;
",
        "dev",
    );
    expect![[r#"
        warning of test[test.invalid-columns] models/shop/core/v.sql:2:48 the query gives 2 columns, 1 are listed
    "#]].assert_eq(&show_diagnostics(&found));
}

#[test]
fn what_is_locked_is_compared_too() {
    let (_, found) = compiled(
        "
-- file: project.toml
dependencies = [\"crm.public.people\"]
-- file: types.lock
version = 1

[[table]]
name = \"crm.public.people\"
columns = [ { name = \"id\", type = \"bigint\", nullable = false }, { name = \"tags\", type = \"list\", nullable = true } ]
-- file: models/shop/core/v.sql
CREATE VIEW v AS SELECT id FROM crm.public.people;
EXECUTE UNIT TEST t FOR v MOCK crm.public.people (id int, tags text list, name text) AS (VALUES (1, NULL, '')),
  EXPECTED (id int) AS (VALUES (1));
",
        "",
    );
    expect![[r#"
        warning of test[test.mock-mismatch] models/shop/core/v.sql:2:54 column `id` of `crm.public.people` is of type bigint
        warning of test[test.mock-mismatch] models/shop/core/v.sql:2:75 `crm.public.people` has no column `name`
    "#]].assert_eq(&show_diagnostics(&found));
}
