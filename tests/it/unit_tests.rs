//! Unit tests of views: `mzflow test` on a server that holds nothing, and leaves it so.

use crate::harness::World;
use crate::harness::told::Told;

/// Tables to read, two of them of one name.
const RAW: &str = "\
-- file: shop/project.toml
-- file: shop/models/shop/raw/items.sql
CREATE TABLE items (id int, label text, price numeric(10, 2));
-- file: shop/models/shop/other/items.sql
CREATE TABLE items (id int, weight double precision);
";

/// What the name of the only test is tested against.
const TEST: [&str; 3] = ["test", "--project", "shop"];

/// A world with a project that has one view with its tests.
fn world(view: &str) -> World {
    let world = World::new();
    world.write(RAW);
    world.write(&format!("-- file: shop/models/shop/core/v.sql\n{view}\n"));
    world
}

/// Runs the tests of a view.
#[track_caller]
fn test(view: &str) -> Told {
    world(view).mzflow(&TEST)
}

/// A test of a view that reads the items, with these rows of theirs and these expected ones.
fn of_items(items: &str, columns: &str, expected: &str) -> String {
    format!(
        "EXECUTE UNIT TEST t FOR v MOCK raw.items (id int, label text, price numeric) AS ({items}), \
         EXPECTED ({columns}) AS ({expected});"
    )
}

#[test]
fn a_view_is_tested_without_anything_being_there() {
    let view =
        "CREATE VIEW v AS SELECT label, sum(price) AS total, count(*) AS n FROM raw.items GROUP BY label;";
    let items = "VALUES (1, 'apple', 1.5), (2, 'apple', 2.5), (3, NULL, 1)";
    let good = of_items(items, "n bigint, label text, total numeric", "VALUES (2, 'apple', 4), (1, NULL, 1)");
    let world = world(&format!("{view}\n{good}"));
    let catalog = "SELECT id, name FROM mz_objects UNION ALL SELECT id, name FROM mz_schemas \
                   UNION ALL SELECT id, name FROM mz_databases ORDER BY 1, 2";
    let before = world.rows(catalog);
    world.forget();
    world.mzflow(&TEST).code(0).says("passed    shop.core.v#t").says("1 test: 1 passed");
    let sent = world.statements();
    assert!(!sent.is_empty());
    for statement in sent {
        assert!(["WITH", "SELECT"].iter().any(|word| statement.starts_with(word)), "{statement}");
    }
    assert_eq!(world.rows(catalog), before);
}

#[test]
fn missing_unexpected_and_repeated_rows_are_shown() {
    let view = "CREATE VIEW v AS SELECT id, label FROM raw.items;";
    let items = "VALUES (1, 'apple', 1), (2, NULL, 1), (2, NULL, 1), (3, 'fig', 1)";
    let expected = "VALUES (1, 'pear'), (2, NULL), (3, 'fig'), (3, 'fig')";
    test(&format!("{view}\n{}", of_items(items, "id int, label text", expected)))
        .code(3)
        .says("FAILED    shop.core.v#t")
        .says("models/shop/core/v.sql:2 · 2 missing rows (-), 2 unexpected rows (+)")
        .says("            +  1   apple\n")
        .says("            -  1   pear\n")
        .says("            +  2   NULL   expected 1, got 2\n")
        .says("            -  3   fig    expected 2, got 1")
        .says("1 test: 1 failed");
    let many = "SELECT g, 'x', 1 FROM generate_series(1, 70) AS g";
    test(&format!("{view}\n{}", of_items(many, "id int, label text", "SELECT 1, 'x'")))
        .code(3)
        .says("69 unexpected rows (+)")
        .says("… and 19 more rows of them");
}

#[test]
fn rows_are_compared_as_values() {
    // A float is what it is, NULL is like NULL, NaN like NaN, and columns go by their names.
    let view = "CREATE VIEW v AS SELECT weight / 10 AS tenth, id FROM other.items;";
    let with = |rows: &str, expected: &str| {
        format!(
            "{view}\nEXECUTE UNIT TEST t FOR v MOCK other.items (id int, weight float8) AS ({rows}) \
             EXPECTED (id int, tenth float) AS ({expected});"
        )
    };
    let rows = "VALUES (1, 1.0::float8), (2, NULL), (3, 'NaN'), (4, '-0')";
    test(&with(rows, "VALUES (1, 0.1::float8), (2, NULL), (3, 'NaN'), (4, 0)")).code(0);
    test(&with("VALUES (1, 3)", "SELECT 1, 0.1::float8 + 0.2::float8")).code(3).says("0.30000000000000004");
}

#[test]
fn queries_of_every_shape_keep_their_meaning() {
    let mock = "MOCK raw.items (id int, label text, price numeric) AS (VALUES (1, 'a', 2), (2, 'b', 3))";
    let others = "MOCK other.items (id int, weight float8) AS (VALUES (2, 0.5), (9, 1))";
    let check = |view: &str, expected: &str| {
        test(&format!("{view};\nEXECUTE UNIT TEST t FOR v {mock} {others} EXPECTED {expected};")).code(0);
    };
    check(
        "CREATE MATERIALIZED VIEW v (n) IN CLUSTER nowhere AS WITH MUTUALLY RECURSIVE t (n int) AS \
         (SELECT id FROM raw.items UNION SELECT n + 1 FROM t WHERE n < 4) SELECT n FROM t",
        "(n int) AS VALUES (1), (2), (3), (4)",
    );
    check(
        "CREATE VIEW v AS WITH items AS (SELECT id FROM raw.items) SELECT items.id FROM items",
        "(id int) AS VALUES (1), (2)",
    );
    check(
        "CREATE VIEW v AS SELECT raw.items.label, items.price FROM raw.items WHERE shop.raw.items.id = 2",
        "(label text, price numeric) AS SELECT 'b', 3",
    );
    check(
        "CREATE VIEW v AS SELECT raw.items.id, other.items.weight FROM raw.items JOIN other.items \
         ON raw.items.id = other.items.id",
        "(id int, weight float8) AS SELECT 2, 0.5",
    );
    check(
        "CREATE VIEW v AS SELECT id, LIST(SELECT label FROM raw.items WHERE id = o.id) AS labels, \
         '{\"a\": [1]}'::jsonb AS j FROM other.items AS o WHERE EXISTS (SELECT 1 FROM raw.items AS r WHERE r.id = o.id)",
        "(id int, labels text list, j jsonb) AS SELECT 2, LIST['b'], '{\"a\":[1]}'",
    );
}

#[test]
fn the_time_of_a_test_is_mz_now() {
    let view = "CREATE VIEW v AS SELECT id, mz_now() AS at FROM raw.items WHERE mz_now() <= price;";
    let test_at = |time: &str| {
        format!(
            "{view}\nEXECUTE UNIT TEST t FOR v AT TIME {time} MOCK raw.items (id int, label text, price numeric) \
             AS (VALUES (1, '', 999), (2, '', 1000)), EXPECTED (id int, at mz_timestamp) AS (VALUES (2, {time}));"
        )
    };
    test(&test_at("1000")).code(0);
    test(&test_at("'1970-01-01 00:00:01'::timestamptz")).code(0);
    test(&test_at("'soon'")).code(1).says("[test.rejected]").says("models/shop/core/v.sql:2:36");
}

#[test]
fn what_the_server_refuses_is_shown_where_it_stands() {
    let good = "VALUES (1, 'a', 2)";
    let tests = of_items(good, "id int", "VALUES (1)");
    test(&format!("CREATE VIEW v AS\nSELECT id,\n  nope FROM raw.items;\n{tests}"))
        .code(1)
        .says("REFUSED   shop.core.v#t")
        .says("[test.rejected]: column \"nope\" does not exist (XX000)")
        .says("models/shop/core/v.sql:3:3");
    let view = "CREATE VIEW v AS SELECT id FROM raw.items;";
    let tests = of_items("VALUES (1, 'a',\n 2 / 0)", "id int", "VALUES (1)");
    test(&format!("{view}\n{tests}")).code(1).says("division by zero").says("models/shop/core/v.sql:2:81");
    let tests = of_items(good, "id int", "SELECT\n sqrrt(1)");
    test(&format!("{view}\n{tests}")).code(1).says("sqrrt").says("models/shop/core/v.sql:3:2");
    let view = "CREATE VIEW v AS SELECT id FROM raw.items WITHIN TIMESTAMP ORDER BY id;";
    let tests = of_items(good, "id int", "VALUES (1)");
    test(&format!("{view}\n{tests}")).code(1).says("[test.unreadable-view]");
}

#[test]
fn other_columns_are_told_by_name_and_type() {
    let view = "CREATE VIEW v AS SELECT id, label, count(*) AS n FROM raw.items GROUP BY id, label;";
    let tests = of_items("VALUES (1, 'a', 2)", "id int, lable text, n int", "VALUES (1, 'a', 1)");
    test(&format!("{view}\n{tests}"))
        .code(1)
        .says("INVALID   shop.core.v#t")
        .says("[test.columns-differ]")
        .says("the view gives no column `lable`")
        .says("the view gives column `label`, which EXPECTED does not list")
        .never_says("`n`");
    let tests = of_items("VALUES (1, 'a', 2)", "id int4, label varchar, n int", "VALUES (1, 'a', 1)");
    test(&format!("{view}\n{tests}"))
        .code(1)
        .says("column `n` is of type bigint, EXPECTED says integer")
        .never_says("`label`");
}

#[test]
fn a_mock_looks_like_the_view_it_stands_for() {
    let world = world(
        "CREATE VIEW v AS SELECT label, n FROM counts;
EXECUTE UNIT TEST old FOR v MOCK counts (label text, n int, sum int) AS (VALUES ('a', 1, 1)), EXPECTED (label text, n int) AS (VALUES ('a', 1));
EXECUTE UNIT TEST new FOR v MOCK counts (ids int list, n bigint, label varchar) AS (VALUES (NULL, 1, 'a')), EXPECTED (label text, n bigint) AS (VALUES ('a', 1));
-- file: shop/models/shop/core/counts.sql
CREATE VIEW counts (label, n, ids) AS SELECT label, count(*), list_agg(id) FROM labelled GROUP BY label;
-- file: shop/models/shop/core/labelled.sql
CREATE MATERIALIZED VIEW labelled IN CLUSTER c AS SELECT id, label FROM raw.items WHERE label IS NOT NULL;",
    );
    world
        .mzflow(&TEST)
        .code(1)
        .says("INVALID   shop.core.v#old")
        .says("[test.mock-differs]: the mock of `shop.core.counts` has other columns")
        .says("models/shop/core/v.sql:2:34")
        .says("column `n` of `shop.core.counts` is of type bigint, the mock says int\n")
        .says("`shop.core.counts` has no column `sum`")
        .says("the mock of `shop.core.counts` lacks `ids`")
        .says("passed    shop.core.v#new");
    // What the view looks like is asked once.
    world.forget();
    world.mzflow(&TEST).code(1);
    let asked =
        world.statements().iter().filter(|sql| sql.contains("list_agg") && sql.contains("pg_typeof")).count();
    assert_eq!(asked, 1);
    // Of a view that is itself wrong, or reads what nobody knows, the mock says enough.
    for read in ["labeled", "elsewhere.s.labelled"] {
        let counts = format!("CREATE VIEW counts AS SELECT label, count(*) AS n FROM {read} GROUP BY nope;");
        world.write(&format!(
            "-- file: shop/models/shop/core/counts.sql\n{}\n",
            counts.replace("labeled", "labelled")
        ));
        world.mzflow(&["test", "--project", "shop", "#old"]).code(0);
    }
}

#[test]
fn a_wrong_test_is_told_and_stops_no_deployment() {
    let world = world(
        "CREATE VIEW v AS SELECT id FROM raw.items;
EXECUTE UNIT TEST unmocked FOR v EXPECTED (id int) AS SELECT 1;
EXECUTE UNIT TEST broken FOR v MOCK raw.items (id) AS SELECT 1 EXPECTED (id int) AS SELECT 1;
EXECUTE UNIT TEST 'nameless' FOR v MOCK raw.items (id int) AS SELECT 1 EXPECTED (id int) AS SELECT 1;",
    );
    world
        .mzflow(&TEST)
        .code(1)
        .says("[test.unmocked]")
        .says("[sql.syntax]")
        .says("expected identifier, found string literal \"nameless\"")
        .says("shop.core.v#\"line 4\"")
        .says("3 invalid");
    world.mzflow(&["test", "--project", "shop", "#broken"]).code(1).never_says("unmocked");
    world.mzflow(&["compile", "--project", "shop"]).code(0).says("warning[test.unmocked]");
    world.write("-- file: shop/models/shop/core/v.sql\nCREATE VIEW v AS SELECT id FROM raw.itms;\n");
    world.mzflow(&TEST).code(1).says("[sql.unknown-relation]").says("[compile.failed]");
}

#[test]
fn relations_of_the_system_may_be_mocked() {
    let view = "CREATE VIEW v AS SELECT mz_catalog.mz_objects.name, mz_tables.id, s.name AS \"schema\" \
                FROM mz_catalog.mz_objects, mz_tables, mz_schemas AS s \
                WHERE mz_catalog.mz_objects.id = mz_tables.id AND s.id = 's';
EXECUTE UNIT TEST t FOR v
  MOCK mz_objects (id text, name text) AS (VALUES ('a', 'one'), ('b', 'two')),
  MOCK mz_catalog.mz_tables (id text) AS SELECT 'b',
  MOCK mz_schemas (id text, name text) AS SELECT 's', 'here'
  EXPECTED (name text, id text, \"schema\" text) AS SELECT 'two', 'b', 'here';";
    test(view).code(0).says("1 test: 1 passed");
    let twice = "CREATE VIEW v AS SELECT id FROM mz_tables;
EXECUTE UNIT TEST t FOR v MOCK mz_tables (id text) AS SELECT 'b' MOCK mz_catalog.mz_tables (id text) AS SELECT 'c'
  EXPECTED (id text) AS SELECT 'b';";
    test(twice).code(1).says("[test.duplicate-mock]: `mz_catalog.mz_tables` is mocked twice");
}

#[test]
fn what_a_view_asserts_holds_in_its_tests_too() {
    let view = "CREATE MATERIALIZED VIEW v IN CLUSTER c WITH (ASSERT NOT NULL id, ASSERT NOT NULL = label) AS
SELECT id, label FROM raw.items;";
    let good = of_items("VALUES (1, 'a', 1)", "id int, label text", "VALUES (1, 'a')");
    test(&format!("{view}\n{good}")).code(0).says("1 test: 1 passed");
    let bad =
        of_items("VALUES (1, 'a', 1), (2, NULL, 1)", "id int, label text", "VALUES (1, 'a'), (2, NULL)");
    test(&format!("{view}\n{bad}"))
        .code(1)
        .says("[test.null-asserted]: `shop.core.v` gives NULL in column `label`, and asserts not to")
        .says("shop/core/v.sql:1:1")
        .says("1 refused");
}

#[test]
fn filters_choose_and_nothing_to_test_is_no_failure() {
    let world = World::new();
    world.write(RAW);
    world.mzflow(&TEST).code(0).says("the project has no tests");
    world.mzflow(&["test", "--project", "shop", "*#none"]).code(0);
    let good = of_items("VALUES (1, 'a', 2)", "id int", "VALUES (1)");
    let bad = of_items("VALUES (1, 'a', 2)", "id int", "VALUES (2)").replace("TEST t ", "TEST bad ");
    for name in ["v", "w"] {
        let text = format!("CREATE VIEW {name} AS SELECT id FROM raw.items;\n{good}\n{bad}");
        world.write(&format!("-- file: shop/models/shop/core/{name}.sql\n{text}\n"));
    }
    let told = |filter: &str| world.mzflow(&["test", "--project", "shop", filter]);
    told("shop.core.v#t").code(0).says("1 test: 1 passed");
    told("*#t").code(0).says("2 tests: 2 passed");
    told("shop.core.w").code(3).says("2 tests: 1 passed, 1 failed");
    told("*#none").code(1).says("[test.no-match]: no test matches `*#none`");
    told("a.b.c.d").code(2).says("[cli.filter]");
}

#[test]
fn tests_are_told_in_the_order_of_the_project_whatever_ends_first() {
    let names: Vec<String> = (0..20).map(|number| format!("t{number}")).collect();
    let good = |name: &String| {
        let test = of_items(&format!("VALUES (1, '{name}', 2)"), "id int", "VALUES (1)");
        test.replace("TEST t ", &format!("TEST {name} ")) + "\n"
    };
    let tests: String = names.iter().map(good).collect();
    let world = world(&format!("CREATE VIEW v AS SELECT id FROM raw.items;\n{tests}"));
    world.faults("delay 300ms before '%''t0''%'");
    let told = world.mzflow(&["test", "--project", "shop", "--json"]).code(0).json();
    let told: Vec<_> =
        told["tests"].as_array().expect("tests").iter().map(|one| one["test"].clone()).collect();
    assert_eq!(told, names);
}

#[test]
fn results_are_told_to_programs() {
    let world = world(&format!(
        "CREATE VIEW v AS SELECT id, label FROM raw.items;\n{}\n{}\n{}",
        of_items("VALUES (1, 'a', 2)", "id int, label text", "VALUES (1, 'a')"),
        of_items("VALUES (1, E'<\\x01&', 2)", "id int, label text", "VALUES (1, NULL)")
            .replace("TEST t ", "TEST bad "),
        "EXECUTE UNIT TEST wrong FOR v EXPECTED (id int) AS SELECT 1;",
    ));
    let told =
        world.mzflow(&["test", "--project", "shop", "--json", "--junit-xml", "results.xml"]).code(1).json();
    let counts = ["passed", "failed", "invalid", "refused"].map(|count| told[count].as_u64());
    assert_eq!(counts, [Some(1), Some(1), Some(1), Some(0)]);
    let failed = &told["tests"][1];
    assert_eq!((&failed["status"], &failed["line"]), (&"failed".into(), &3.into()));
    assert_eq!(
        (&failed["missing"], &failed["unexpected"], &failed["more"]),
        (&1.into(), &1.into(), &0.into())
    );
    let rows = failed["rows"].as_array().expect("rows");
    let expected = serde_json::json!({ "values": ["1", null], "expected": 1, "actual": 0 });
    assert!(rows.len() == 2 && rows.contains(&expected), "{failed}");
    assert_eq!(told["tests"][2]["errors"][0]["code"], "test.unmocked");
    let xml = std::fs::read_to_string(world.folder().join("results.xml")).expect("it is written");
    assert!(
        xml.contains(
            "<testsuites name=\"mzflow test\" tests=\"3\" skipped=\"0\" failures=\"1\" errors=\"1\""
        ),
        "{xml}"
    );
    assert!(xml.contains("classname=\"shop.core.v\""), "{xml}");
    assert!(xml.contains("file=\"models/shop/core/v.sql\" line=\"3\""), "{xml}");
    assert!(xml.contains("message=\"1 missing row (-), 1 unexpected row (+)\""), "{xml}");
    assert!(xml.contains("&quot;&lt;\\u{1}&amp;&quot;") && !xml.contains('\u{1}'), "{xml}");
    world
        .mzflow(&["test", "--project", "shop", "--junit", "no/such/folder.xml"])
        .code(1)
        .says("[cli.cannot-write]");
}

#[test]
fn a_server_that_is_not_there_and_ctrl_c() {
    let view = "CREATE VIEW v AS SELECT id FROM raw.items;";
    let world = world(&format!("{view}\n{}", of_items("VALUES (1, 'a', 2)", "id int", "VALUES (1)")));
    world
        .mzflow(&["test", "--project", "shop", "--url", "postgres://materialize@127.0.0.1:1/materialize"])
        .code(4);
    world.faults("delay 20s before '%LIMIT 0%'");
    let running = world.start(&TEST);
    world.until("a statement of the test", || world.statements().iter().any(|sql| sql.contains("LIMIT 0")));
    running.interrupt();
    running.end(&world).code(130).says("[run.interrupted]").never_says("REFUSED");
}
