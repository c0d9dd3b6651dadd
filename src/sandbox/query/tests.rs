//! Queries over a small database, and what comes out.

use expect_test::Expect;
use expect_test::expect;

use super::super::ddl;
use super::super::error::SqlError;
use super::super::hydration::Kept;
use super::super::hydration::Runtime;
use super::super::model::State;
use super::super::scope::Scope;
use super::super::system::types;
use super::*;
use crate::clock::Timestamp;
use crate::name::Ident;
use crate::sql::ast::StatementKind;
use crate::sql::parse::batch;

const SETUP: &str = "
    CREATE TABLE people (id int NOT NULL, name text NOT NULL, region text);
    CREATE TABLE orders (id int NOT NULL, person int, amount numeric(10, 2), placed timestamp, doc jsonb);
    CREATE TABLE none (x int);
    INSERT INTO people VALUES (1, 'Ann', 'north'), (2, 'Bob', 'south'), (3, 'Cid', NULL);
    INSERT INTO orders VALUES (1, 1, 10.50, '2024-01-01 10:00:00', '{\"tags\": [\"a\", \"b\"]}'),
        (2, 1, 20, '2024-01-02 11:30:00', NULL), (3, 2, 5.25, NULL, '{\"x\": 1}'), (4, NULL, 100, NULL, NULL);
    CREATE VIEW per_person AS SELECT person, count(*) AS n, sum(amount) AS total FROM orders GROUP BY person;
    CREATE VIEW named AS SELECT p.name, v.total FROM people p LEFT JOIN per_person v ON v.person = p.id;
";

fn scope(state: &State) -> Scope {
    let user = Ident::new("materialize").expect("a name");
    Scope {
        role: state.catalog.role_named(&user).expect("the role is there"),
        user,
        database: Ident::new("materialize").expect("a name"),
        search_path: vec![Ident::new("public").expect("a name")],
        cluster: Ident::new("quickstart").expect("a name"),
        now: Timestamp(1_777_982_171_000),
        as_of: None,
        connection: 7,
        checked: false,
    }
}

fn view(state: &State) -> View {
    let scope = scope(state);
    let runtime = Runtime {
        now: scope.now,
        sessions: Vec::new(),
        subscriptions: Vec::new(),
        role: scope.role,
        database: scope.database,
        kept: Kept::default(),
    };
    View { state: state.clone(), runtime }
}

/// Runs one statement; gives the rows it answers, or its tag.
async fn run(state: &mut State, sql: &str) -> Result<String, SqlError> {
    let statement = batch(sql).expect("it parses").remove(0);
    let (scope, view) = (scope(state), view(state));
    let written = match &statement.kind {
        StatementKind::Select(query) => {
            return select(&view, &scope, query, &[]).await.map(|answer| shown(&answer));
        }
        StatementKind::Insert(own) => insert(&view, state, &scope, own, &[]).await?,
        StatementKind::Update(own) => update(&view, state, &scope, own, &[]).await?,
        StatementKind::Delete(own) => delete(&view, state, &scope, own, &[]).await?,
        _ => return ddl::execute(state, &scope, sql, &statement, &Engine).map(|done| done.tag),
    };
    Ok(match written.returning {
        Some(answer) => shown(&answer),
        None => format!("{} rows", written.count),
    })
}

fn shown(answer: &Answer) -> String {
    let rows: Vec<String> = answer
        .rows
        .iter()
        .map(|row| row.iter().map(|value| value.as_deref().unwrap_or("NULL")).collect::<Vec<_>>().join(" | "))
        .collect();
    rows.join("\n")
}

async fn database() -> State {
    let mut state = ddl::bootstrap(Timestamp(1_777_982_000_000));
    for sql in SETUP.split(';').filter(|sql| !sql.trim().is_empty()) {
        run(&mut state, sql).await.expect("the set-up runs");
    }
    state
}

/// Compares what some statements answer, one after the other.
#[track_caller]
fn check(sql: &[&str], expect: Expect) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let answers = runtime.block_on(async {
        let mut state = database().await;
        let mut answers = String::new();
        for sql in sql {
            let answer = match run(&mut state, sql).await {
                Ok(answer) => answer,
                Err(error) => {
                    format!(
                        "{error}{}",
                        error.hint.as_ref().map_or_else(String::new, |hint| format!(" ({hint})"))
                    )
                }
            };
            answers.push_str(&answer);
            answers.push('\n');
        }
        answers
    });
    expect.assert_eq(&answers);
}

/// Compares the columns that a query has as a view: name, type, `?` where it can be NULL.
#[track_caller]
fn check_columns(sql: &str, expect: Expect) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let state = runtime.block_on(database());
    let query = crate::sql::parse::query(sql).expect("it parses");
    let text = match Engine.columns(&state, &scope(&state), &query) {
        Ok(Some(columns)) => {
            let shown = columns.iter().map(|column| {
                let mark = if column.nullable { "?" } else { "" };
                format!("{} {}{mark}", column.name.as_str(), types::described(&column.kind, &state.catalog))
            });
            shown.collect::<Vec<_>>().join(", ")
        }
        Ok(None) => "cannot be told".to_owned(),
        Err(error) => error.to_string(),
    };
    expect.assert_eq(&text);
}

#[test]
fn views_are_read_through() {
    check(
        &["SELECT * FROM named ORDER BY name", "SELECT sum(total) FROM per_person WHERE person IS NOT NULL"],
        expect![[r#"
            Ann | 30.5
            Bob | 5.25
            Cid | NULL
            35.75
        "#]],
    );
}

#[test]
fn subqueries_see_the_rows_around_them() {
    check(
        &[
            "SELECT name FROM people p WHERE EXISTS (SELECT 1 FROM orders o WHERE o.person = p.id AND amount > 10)",
            "SELECT name, (SELECT max(o.amount) FROM orders o WHERE o.person = p.id) FROM people p ORDER BY 1",
            "SELECT name, t.id FROM people p, LATERAL (SELECT id FROM orders o WHERE o.person = p.id \
             ORDER BY amount DESC LIMIT 1) t ORDER BY 1",
            "SELECT name FROM people WHERE id NOT IN (SELECT person FROM orders)",
            "SELECT name FROM people WHERE id NOT IN (SELECT person FROM orders WHERE person IS NOT NULL)",
            "SELECT id FROM people p WHERE id > ALL (SELECT q.id FROM people q WHERE q.id < p.id) ORDER BY 1",
            "SELECT p.id, g FROM people p, generate_series(1, p.id) g WHERE p.id < 3 ORDER BY 1, 2",
            "SELECT (SELECT id FROM people)",
        ],
        expect![[r#"
            Ann
            Ann | 20
            Bob | 5.25
            Cid | NULL
            Ann | 2
            Bob | 3

            Cid
            1
            2
            3
            1 | 1
            2 | 1
            2 | 2
            XX000: Evaluation error: more than one record produced in subquery
        "#]],
    );
}

#[test]
fn groups_windows_and_sets() {
    check(
        &[
            "SELECT person, count(*), avg(amount), array_agg(id ORDER BY id DESC) FROM orders GROUP BY person ORDER BY 1",
            "SELECT id, sum(amount) OVER (ORDER BY id), rank() OVER (ORDER BY person) FROM orders ORDER BY id",
            "SELECT region FROM people EXCEPT ALL SELECT 'north' ORDER BY 1",
            "WITH MUTUALLY RECURSIVE r (n int) AS (SELECT 1 UNION SELECT n + 1 FROM r WHERE n < 4) SELECT sum(n) FROM r",
            "SELECT count(*), sum(x) FROM none",
            "SELECT name FROM people GROUP BY region",
            "SELECT sum(name) FROM people",
        ],
        expect![[r#"
            1 | 2 | 15.25 | {2,1}
            2 | 1 | 5.25 | {3}
            NULL | 1 | 100 | {4}
            1 | 10.5 | 1
            2 | 30.5 | 1
            3 | 35.75 | 3
            4 | 135.75 | 4
            south
            NULL
            10
            0 | NULL
            XX000: column "people.name" must appear in the GROUP BY clause or be used in an aggregate function
            XX000: function sum(text) does not exist (No function matches the given name and argument types.  You might need to add explicit type casts.)
        "#]],
    );
}

#[test]
fn values_are_printed_as_the_server_does() {
    check(
        &[
            "SELECT 1 / 3, 1::numeric / 3, 7.50, 1e20::float8, 'NaN'::float8, 2147483647 + 1",
            "SELECT 1::numeric / 3, 7.50, 1e20::float8, interval '1 day 90 minutes', true, '{a,\"b c\"}'::text[]",
            "SELECT '{\"b\": 1, \"a\": [1.50]}'::jsonb, now(), DATE '2024-02-29' + INTERVAL '1 year', 'x'::bytea",
            "SELECT mz_now(), current_user, pg_typeof(sum(1::int8)), sqrt(2::numeric)",
            "SELECT 'abc'::int",
            "SELECT nope(1)",
            "SELECT array_fill(1, ARRAY[2])",
        ],
        expect![[r#"
            XX000: numeric field overflow
            0.333333333333333333333333333333333333333 | 7.5 | 1e+20 | 1 day 01:30:00 | t | {a,"b c"}
            {"a":[1.5],"b":1} | 2026-05-05 11:56:11+00 | 2025-02-28 00:00:00 | \x78
            1777982171000 | materialize | numeric | 1.41421356237309504880168872420969807857
            XX000: invalid input syntax for type integer: invalid digit found in string: "abc"
            XX000: function "nope" does not exist (No function matches the given name and argument types. You might need to add explicit type casts.)
            0A000: the sandbox does not support the function array_fill
        "#]],
    );
}

#[test]
fn filters_that_texts_decide() {
    check(
        &[
            "SELECT name, region LIKE 'n%' FROM people WHERE name LIKE 'A%' OR region LIKE 's%' ORDER BY 1",
            "SELECT name FROM people WHERE region LIKE 'n%'",
            "SELECT name FROM people WHERE region NOT LIKE 'n%'",
            "SELECT name FROM people WHERE region LIKE 'n%' AND id = 2",
            "SELECT name FROM people WHERE region = 'south' AND name IN ('Bob', 'Ann')",
            "SELECT name FROM people WHERE name LIKE '%' ORDER BY 1",
            "SELECT name FROM people WHERE name LIKE '_n%'",
            "SELECT count(*) FROM mz_catalog.mz_objects WHERE id LIKE 'u%' AND name LIKE 'per_%'",
        ],
        expect![[r#"
            Ann | t
            Bob | f
            Ann
            Bob

            Bob
            Ann
            Bob
            Cid
            Ann
            1
        "#]],
    );
}

#[test]
fn rows_are_written() {
    check(
        &[
            "INSERT INTO people (name, id) VALUES ('Dee', '4') RETURNING id, upper(name), region",
            "INSERT INTO people SELECT 1, 'Ann', NULL WHERE NOT EXISTS (SELECT 1 FROM people WHERE id = 1)",
            "INSERT INTO people VALUES (NULL, 'x')",
            "UPDATE people SET region = name || '!' WHERE id IN (SELECT person FROM orders)",
            "DELETE FROM people USING orders o WHERE people.id = o.person AND o.amount > 15",
            "SELECT * FROM people ORDER BY id",
            "INSERT INTO named VALUES ('x', 1)",
        ],
        expect![[r#"
            4 | DEE | NULL
            0 rows
            23502: null value in column "id" violates not-null constraint
            2 rows
            1 rows
            2 | Bob | Bob!
            3 | Cid | NULL
            4 | Dee | NULL
            XX000: cannot insert into view 'materialize.public.named'
        "#]],
    );
}

#[test]
fn nulls_are_told_where_they_can_be() {
    check_columns(
        "SELECT person, count(*) AS n, max(id) AS m FROM orders GROUP BY person",
        expect!["person integer?, n bigint, m integer"],
    );
    check_columns("SELECT count(*), max(id) FROM orders", expect!["count bigint, max integer?"]);
    check_columns(
        "SELECT p.id, o.id AS o, o.amount FROM people p LEFT JOIN orders o ON o.person = p.id",
        expect!["id integer, o integer?, amount numeric?"],
    );
    check_columns("SELECT person FROM orders WHERE person > 1", expect!["person integer"]);
    check_columns(
        "SELECT 1, 'a', coalesce(region, '-'), id::text, now() FROM people",
        expect!["?column? integer, ?column? text, coalesce text, id text, now timestamp with time zone"],
    );
    check_columns("SELECT array_fill(1, ARRAY[2])", expect!["cannot be told"]);
    check_columns("SELECT nope FROM people", expect![[r#"XX000: column "nope" does not exist"#]]);
}

#[test]
fn parameters_get_their_types() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let state = runtime.block_on(database());
    let types = |sql: &str, given: &[Type]| {
        let query = crate::sql::parse::query(sql).expect("it parses");
        let described = describe(&view(&state), &scope(&state), &query, given).expect("it is described");
        format!("{:?}", described.parameters)
    };
    expect!["[Int4, Text]"].assert_eq(&types("SELECT name FROM people WHERE id = $1 AND name = $2", &[]));
    expect!["[Text, Int8, Int4]"].assert_eq(&types("SELECT $1::text, $2::int8, $3 + 1", &[]));
    expect!["[Text]"].assert_eq(&types("SELECT $1", &[]));
}

#[test]
fn a_deep_expression_does_not_exhaust_the_stack() {
    let nested = format!("SELECT {}1{}", "(1 + ".repeat(60), ")".repeat(60));
    let truth = format!("SELECT {}true", "true AND ".repeat(5000));
    let expected = expect![[r#"
        t
        61
    "#]];
    // As large as that of the threads that serve.
    let thread = std::thread::Builder::new().stack_size(16 << 20);
    let thread = thread.spawn(move || check(&[&truth, &nested], expected)).expect("a thread");
    thread.join().expect("it goes through");
}

#[test]
fn writes_read_tables_and_nothing_else() {
    check(
        &[
            "CREATE SOURCE house IN CLUSTER quickstart FROM LOAD GENERATOR AUCTION FOR ALL TABLES",
            "CREATE VIEW bidders AS SELECT buyer FROM bids",
            "CREATE VIEW names AS SELECT name FROM mz_catalog.mz_databases",
            "INSERT INTO none SELECT count(*)::int FROM named",
            "INSERT INTO none SELECT buyer::int FROM bidders",
            "INSERT INTO none SELECT count(*)::int FROM names",
            "INSERT INTO none SELECT count(*)::int FROM mz_catalog.mz_tables",
            "UPDATE none SET x = (SELECT count(*)::int FROM bids)",
            "DELETE FROM none WHERE x IN (SELECT id::int FROM auctions)",
            "SELECT count(*) FROM none",
            "SELECT * FROM house_progress",
            "CREATE SCHEMA large",
            "CREATE SOURCE large.big IN CLUSTER quickstart FROM LOAD GENERATOR TPCH (SCALE FACTOR 10) FOR ALL TABLES",
        ],
        expect![[r#"
            CREATE SOURCE
            CREATE VIEW
            CREATE VIEW
            1 rows
            25000: invalid selection: operation may only refer to user-defined tables
            25000: invalid selection: operation may only refer to user-defined tables
            25000: invalid selection: operation may only refer to user-defined tables
            25000: invalid selection: operation may only refer to user-defined tables
            25000: invalid selection: operation may only refer to user-defined tables
            1
            1
            CREATE SCHEMA
            0A000: the sandbox does not support TPCH above a scale factor of 0.1
        "#]],
    );
}

#[test]
fn queries_become_arrays_and_lists() {
    check(
        &[
            "SELECT ARRAY(SELECT x FROM generate_series(1, 3) AS x ORDER BY x DESC), LIST(SELECT 'a')",
            "SELECT ARRAY(SELECT x FROM none), LIST(SELECT x FROM none)",
            "SELECT p.id, ARRAY(SELECT o.amount FROM orders o WHERE o.person = p.id ORDER BY o.amount) FROM people p \
             ORDER BY 1",
            "SELECT ARRAY(SELECT 1, 2)",
            "SELECT array_remove(ARRAY[1, 2, NULL, 2], 2), array_remove(ARRAY['a', NULL], NULL), \
             array_remove(NULL::int[], 1), array_remove(ARRAY[1, 2], 2.0)",
            "SELECT array_remove(ARRAY[[1], [2]], 1)",
            "SELECT array_remove(ARRAY[1], 'x'::text)",
        ],
        expect![[r#"
            {3,2,1} | {a}
            {} | {}
            1 | {10.5,20}
            2 | {5.25}
            3 | {}
            XX000: Expected subselect to return 1 column, got 2 columns
            {1,NULL} | {a} | NULL | {1}
            XX000: removing elements from multidimensional arrays is not supported
            XX000: function array_remove(integer[], text) does not exist (No function matches the given name and argument types.  You might need to add explicit type casts.)
        "#]],
    );
}

#[test]
fn lists_of_a_users_type_have_subscripts() {
    check(
        &[
            "CREATE TYPE ints AS LIST (ELEMENT TYPE = int4)",
            "CREATE TYPE grid AS LIST (ELEMENT TYPE = ints)",
            "SELECT i[1], i[4], g[1], g[1][2], i[2:3], g[1:1][1], (g[2:2])[1][1] \
             FROM (SELECT '{1,2,3}'::ints AS i, '{{1,2},{3}}'::grid AS g) AS s",
        ],
        expect![[r#"
            CREATE TYPE
            CREATE TYPE
            1 | NULL | {1,2} | 2 | {2,3} | {1,2} | 3
        "#]],
    );
}

#[test]
fn how_things_were_made_is_told_to_tools() {
    check(
        &[
            "CREATE INDEX named_idx IN CLUSTER quickstart ON named (name, upper(name))",
            "SELECT pg_get_indexdef(oid), pg_get_indexdef(oid, 2, true), pg_get_indexdef(oid, 3, true) FROM mz_indexes \
             WHERE name = 'named_idx'",
            "SELECT pg_get_viewdef('named'::regclass::oid), pg_get_viewdef('per_person'), pg_get_viewdef(1)",
            "SELECT pg_get_expr('a + 1', 5), pg_get_constraintdef(1), pg_relation_size('people'::regclass)",
            "SELECT pg_table_is_visible('people'::regclass::oid), pg_table_is_visible('mz_tables'::regclass::oid), \
             pg_table_is_visible('mz_internal.mz_sessions'::regclass::oid), pg_table_is_visible(1), \
             pg_type_is_visible('int4'::regtype::oid), pg_type_is_visible('people'::regclass::oid)",
            "SELECT format_type(16384, -1), format_type(1700, 2555910), format_type(1, NULL), format_type(NULL, 1)",
        ],
        expect![[r#"
            CREATE INDEX
            CREATE INDEX named_idx ON named USING arrangement (name,pg_catalog.upper(name)) | pg_catalog.upper(name) | NULL
            SELECT "p"."name", "v"."total" FROM [u1 AS "materialize"."public"."people"] AS "p" LEFT JOIN [u4 AS "materialize"."public"."per_person"] AS "v" ON "v"."person" = "p"."id"; | SELECT "person", "pg_catalog"."count"(*) AS "n", "pg_catalog"."sum"("amount") AS "total" FROM [u2 AS "materialize"."public"."orders"] GROUP BY "person"; | NULL
            a + 1 | NULL | -1
            t | t | f | NULL | t | NULL
            list | numeric(39,2) | ??? | NULL
        "#]],
    );
}
