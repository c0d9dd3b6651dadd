//! Statements on a fresh server, with a planner that knows only plain columns.

use expect_test::Expect;
use expect_test::expect;

use super::super::error::SqlError;
use super::super::model::State;
use super::super::model::column::Column;
use super::super::model::column::Type;
use super::super::model::id::RoleId;
use super::super::resolve;
use super::super::resolve::Relation;
use super::super::scope::Scope;
use super::Planner;
use crate::clock::Timestamp;
use crate::name::Ident;
use crate::sql::ast::StatementKind;
use crate::sql::ast::run::Show;
use crate::sql::parse;
use crate::sql::query::Query;

const NOW: Timestamp = Timestamp(1_700_000_000_000);

/// Knows `SELECT a, b AS c FROM t`: names of columns, integers, nothing else.
struct Plain;

impl Planner for Plain {
    fn columns(&self, state: &State, scope: &Scope, query: &Query) -> Result<Option<Vec<Column>>, SqlError> {
        let text = query.text();
        let list = text.strip_prefix("SELECT ").unwrap_or("?");
        let list = list.split(" FROM ").next().unwrap_or_default();
        if list.contains(['*', '(', '\'', '?']) {
            return Ok(None);
        }
        let mut known = Vec::new();
        for name in query.references() {
            if let Relation::User(id) = resolve::relation(&state.catalog, scope, name)? {
                let columns = state.catalog.items.get(&id).and_then(|item| item.columns.clone());
                known.extend(columns.iter().flat_map(|columns| columns.iter().cloned()));
            }
        }
        let mut columns = Vec::new();
        for item in list.split(", ") {
            let (expr, alias) = item.split_once(" AS ").unwrap_or((item, item));
            let own = expr.rsplit('.').next().unwrap_or(expr).trim_matches('"');
            let alias = alias.rsplit('.').next().unwrap_or(alias).trim_matches('"');
            let name = Ident::new(alias).expect("a name");
            let found = known.iter().find(|column| column.name.as_str() == own).cloned();
            let mut column = match found {
                Some(column) => column,
                None if own.starts_with(|c: char| c.is_ascii_digit()) => {
                    Column { name: name.clone(), kind: Type::Int4, nullable: false, default: None }
                }
                None => return Err(SqlError::internal(format!("column \"{own}\" does not exist"))),
            };
            column.name = name;
            column.default = None;
            columns.push(column);
        }
        Ok(Some(columns))
    }
}

/// Knows no columns of any query.
struct Silent;

impl Planner for Silent {
    fn columns(&self, _: &State, _: &Scope, _: &Query) -> Result<Option<Vec<Column>>, SqlError> {
        Ok(None)
    }
}

fn ident(text: &str) -> Ident {
    Ident::new(text).expect("a name")
}

fn scope(database: &str) -> Scope {
    Scope {
        role: RoleId::User(1),
        user: ident("materialize"),
        database: ident(database),
        search_path: vec![ident("public")],
        cluster: ident("quickstart"),
        now: NOW,
        as_of: None,
        connection: 1,
        checked: false,
    }
}

/// Runs statements one after the other; a failed one changes nothing.
fn run(state: &mut State, scope: &Scope, text: &str) -> String {
    run_with(state, scope, text, &Plain)
}

fn run_with(state: &mut State, scope: &Scope, text: &str, planner: &dyn Planner) -> String {
    let mut log = String::new();
    let statements = parse::batch(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    for statement in &statements {
        let mut copy = state.clone();
        match super::execute(&mut copy, scope, text, statement, planner) {
            Ok(done) => {
                *state = copy;
                for notice in done.notices {
                    log.push_str(&format!("{} {}: {}\n", notice.severity, notice.code, notice.message));
                }
            }
            Err(error) => {
                log.push_str(&format!("{error}\n"));
                for (label, extra) in [("detail", error.detail), ("hint", error.hint)] {
                    if let Some(extra) = extra {
                        log.push_str(&format!("  {label}: {extra}\n"));
                    }
                }
            }
        }
        verify(state);
    }
    log
}

/// Everything that is written twice in the catalog agrees.
fn verify(state: &State) {
    let catalog = &state.catalog;
    for (id, item) in &catalog.items {
        for used in &item.uses {
            assert!(catalog.items.contains_key(used), "{id} uses {used}, which is gone");
            assert!(catalog.used_by.get(used).is_some_and(|by| by.contains(id)), "{used} does not know {id}");
        }
        let key = (item.schema, item.name.clone());
        let named = catalog.names.get(&key) == Some(id) || catalog.type_names.get(&key) == Some(id);
        assert!(named, "{id} is not found under its name");
        let text = &item.create_sql;
        if !text.starts_with("CREATE SUBSOURCE") {
            parse::batch(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        }
    }
    for (id, by) in &catalog.used_by {
        assert!(!by.is_empty() && catalog.items.contains_key(id), "{id} is used by what is gone");
    }
}

/// What the log says, and then every object as it is stored.
#[track_caller]
fn check(text: &str, expect: Expect) {
    let mut state = super::bootstrap(NOW);
    let mut log = run(&mut state, &scope("materialize"), text);
    for item in state.catalog.items.values() {
        log.push_str(&format!("{}: {}\n", item.id, item.create_sql));
    }
    expect.assert_eq(&log);
}

#[test]
fn names_collide_and_are_missing() {
    check(
        "CREATE TABLE t (id int NOT NULL, name text); CREATE TABLE t (id int); CREATE TABLE IF NOT EXISTS t (a int); \
         CREATE VIEW v AS SELECT id FROM t; CREATE VIEW t AS SELECT 1 AS x; CREATE VIEW b AS SELECT nope FROM t; \
         CREATE VIEW b AS SELECT x FROM missing; CREATE VIEW b AS SELECT x FROM nowhere.missing; \
         CREATE VIEW b AS SELECT x FROM nodb.nowhere.missing; CREATE VIEW a.b.c.d AS SELECT 1 AS x; DROP TABLE t; \
         DROP VIEW missing; DROP VIEW IF EXISTS missing; DROP TABLE v; DROP SCHEMA public; \
         DROP DATABASE materialize RESTRICT; CREATE SCHEMA public; CREATE SCHEMA mz_x; \
         CREATE MATERIALIZED VIEW m IN CLUSTER nope AS SELECT 1 AS x; CREATE TABLE bad (a nope); \
         CREATE TABLE bad (a int, a text); CREATE TABLE bad (a int DEFAULT (SELECT 1)); CREATE TABLE bad (a int PRIMARY KEY)",
        expect![[r#"
            XX000: table "materialize.public.t" already exists
            NOTICE 42P07: table "t" already exists, skipping
            XX000: table "materialize.public.t" already exists
            XX000: column "nope" does not exist
            XX000: unknown catalog item 'missing'
            XX000: unknown schema 'nowhere'
            XX000: unknown database 'nodb'
            XX000: qualified name did not have between 1 and 3 components: a.b.c.d
            XX000: cannot drop table "t": still depended upon by view "v"
              hint: Use DROP ... CASCADE to drop the dependent objects too.
            XX000: unknown catalog item 'missing'
            NOTICE 42704: VIEW "missing" does not exist, skipping
            XX000: v is a view not a table
            XX000: schema 'materialize.public' cannot be dropped without CASCADE while it contains objects
            XX000: database 'materialize' cannot be dropped with RESTRICT while it contains schemas
            XX000: schema 'public' already exists
            XX000: unacceptable schema name 'mz_x'
              detail: The prefixes "mz_" and "pg_" are reserved for system schemas.
            XX000: unknown cluster 'nope'
            XX000: type "nope" does not exist
            XX000: column "a" specified more than once
            XX000: DEFAULT expression does not allow subqueries
            XX000: CREATE TABLE with a primary key or unique constraint is not supported
              detail: The requested feature (unsafe_enable_table_keys) is unsafe and is meant only for internal development and testing of Materialize.
            u1: CREATE TABLE "materialize"."public"."t" ("id" [s20 AS "pg_catalog"."int4"] NOT NULL, "name" [s46 AS "pg_catalog"."text"])
            u2: CREATE VIEW "materialize"."public"."v" AS SELECT "id" FROM [u1 AS "materialize"."public"."t"]
        "#]],
    );
}

#[test]
fn renames_are_followed_or_refused() {
    check(
        "CREATE TABLE t (id int, total int); CREATE VIEW plain AS SELECT id, total FROM t; \
         CREATE INDEX ix ON plain (id); CREATE MATERIALIZED VIEW mv AS SELECT plain.id, total FROM plain; \
         ALTER TABLE t RENAME TO t2; ALTER VIEW plain RENAME TO plainer; ALTER INDEX ix RENAME TO ix2; \
         ALTER TABLE t2 RENAME TO plainer; ALTER TABLE t2 RENAME TO t2; ALTER VIEW mv RENAME TO x; \
         ALTER TABLE t2 RENAME TO total; ALTER TABLE t2 RENAME TO public; ALTER VIEW plainer RENAME TO id; \
         CREATE VIEW al AS SELECT t2.id FROM t2 AS t2; ALTER TABLE t2 RENAME TO t3; \
         CREATE VIEW self AS SELECT 1 AS self; ALTER VIEW self RENAME TO other; ALTER VIEW nope RENAME TO x; \
         ALTER VIEW IF EXISTS nope RENAME TO x",
        expect![[r#"
            XX000: catalog item 'plainer' already exists
            XX000: catalog item 't2' already exists
            XX000: mv is not a view
              hint: Use ALTER MATERIALIZED VIEW to rename a materialized view.
            XX000: renaming conflict: in materialize.public.plainer, which uses materialize.public.t2, found reference to "total"; cannot rename "t2" to any identity used in any existing view definitions
            XX000: renaming conflict: in materialize.public.plainer, which uses materialize.public.t2, found reference to "public"; cannot rename "t2" to any identity used in any existing view definitions
            XX000: renaming conflict: in materialize.public.plainer, found reference to "id"; cannot rename "plainer" to any identity used in any existing view definitions
            XX000: renaming conflict: in materialize.public.al, which uses materialize.public.t2, "t2" potentially used ambiguously as item and alias or column
            XX000: renaming conflict: in materialize.public.self, "self" potentially used ambiguously as item and alias or column
            XX000: unknown catalog item 'nope'
            NOTICE 42704: VIEW "nope" does not exist, skipping
            u1: CREATE TABLE "materialize"."public"."t2" ("id" [s20 AS "pg_catalog"."int4"], "total" [s20 AS "pg_catalog"."int4"])
            u2: CREATE VIEW "materialize"."public"."plainer" AS SELECT "id", "total" FROM [u1 AS "materialize"."public"."t2"]
            u3: CREATE INDEX "ix2" IN CLUSTER [u1] ON [u2 AS "materialize"."public"."plainer"] ("id")
            u4: CREATE MATERIALIZED VIEW "materialize"."public"."mv" IN CLUSTER [u1] WITH (REFRESH = ON COMMIT) AS SELECT "plainer"."id", "total" FROM [u2 AS "materialize"."public"."plainer"] AS OF 1700000000000
            u5: CREATE VIEW "materialize"."public"."al" AS SELECT "t2"."id" FROM [u1 AS "materialize"."public"."t2"] AS "t2"
            u6: CREATE VIEW "materialize"."public"."self" AS SELECT 1 AS "self"
        "#]],
    );
}

#[test]
fn schemas_swap_with_what_reads_them() {
    check(
        "CREATE SCHEMA a; CREATE SCHEMA b; CREATE TABLE a.t (x int); CREATE TABLE b.t (x int); \
         CREATE VIEW one AS SELECT x FROM a.t; CREATE VIEW two AS SELECT materialize.a.t.x FROM materialize.a.t; \
         CREATE TYPE a.pair AS LIST (ELEMENT TYPE = int4); CREATE VIEW typed AS SELECT '{1}'::a.pair AS p; \
         ALTER SCHEMA a SWAP WITH b; CREATE VIEW bad AS SELECT a.t.x FROM a.t; ALTER SCHEMA a SWAP WITH b; \
         ALTER SCHEMA a RENAME TO c; DROP VIEW bad; ALTER SCHEMA a RENAME TO c; ALTER SCHEMA nope SWAP WITH b; \
         ALTER SCHEMA b SWAP WITH nope; ALTER SCHEMA b SWAP WITH mz_catalog; ALTER SCHEMA mz_catalog RENAME TO x; \
         ALTER SCHEMA mz_internal SWAP WITH pg_catalog; ALTER SCHEMA b RENAME TO c; ALTER SCHEMA b RENAME TO pg_b",
        expect![[r#"
            XX000: renaming conflict: in materialize.public.bad, which uses materialize.a, ambiguous reference to schema named a
            XX000: renaming conflict: in materialize.public.bad, which uses materialize.a, ambiguous reference to schema named a
            XX000: unknown schema 'nope'
            XX000: unknown schema 'nope'
            XX000: unknown schema 'mz_catalog'
            XX000: renaming the mz_catalog schema is not supported
            XX000: cannot swap schemas that are in the ambient database
            XX000: schema 'c' already exists
            XX000: unacceptable schema name 'pg_b'
              detail: The prefixes "mz_" and "pg_" are reserved for system schemas.
            u1: CREATE TABLE "materialize"."b"."t" ("x" [s20 AS "pg_catalog"."int4"])
            u2: CREATE TABLE "materialize"."c"."t" ("x" [s20 AS "pg_catalog"."int4"])
            u3: CREATE VIEW "materialize"."public"."one" AS SELECT "x" FROM [u1 AS "materialize"."b"."t"]
            u4: CREATE VIEW "materialize"."public"."two" AS SELECT "materialize"."b"."t"."x" FROM [u1 AS "materialize"."b"."t"]
            u5: CREATE TYPE "materialize"."b"."pair" AS LIST (ELEMENT TYPE = [s20 AS "pg_catalog"."int4"])
            u6: CREATE VIEW "materialize"."public"."typed" AS SELECT '{1}'::[u5 AS "materialize"."b"."pair"] AS "p"
        "#]],
    );
}

#[test]
fn dropping_goes_from_the_leaves() {
    check(
        "CREATE SCHEMA s; CREATE TABLE s.t (x int); CREATE VIEW s.a AS SELECT x FROM s.t; CREATE INDEX i ON s.a (x); \
         CREATE VIEW s.b AS SELECT x FROM s.a; CREATE DATABASE far; CREATE VIEW far.public.w AS SELECT x FROM s.b; \
         DROP VIEW s.a, s.b; DROP VIEW s.b; DROP VIEW far.public.w; DROP VIEW s.b; DROP VIEW s.a; DROP TABLE s.t, s.no; \
         CREATE CLUSTER c (SIZE '25cc'); CREATE MATERIALIZED VIEW m IN CLUSTER c AS SELECT x FROM s.t; DROP CLUSTER c; \
         DROP CLUSTER mz_system; DROP TABLE s.t CASCADE; DROP CLUSTER c; DROP SCHEMA mz_catalog; DROP DATABASE far; \
         CREATE TABLE s.kept (x int)",
        expect![[r#"
            XX000: cannot drop view "s.a": still depended upon by view "s.b"
              hint: Use DROP ... CASCADE to drop the dependent objects too.
            XX000: cannot drop view "s.b": still depended upon by view "far.public.w"
              hint: Use DROP ... CASCADE to drop the dependent objects too.
            XX000: unknown catalog item 's.no'
            XX000: cannot drop cluster "c" because other objects depend on it
              hint: Use DROP ... CASCADE to drop the dependent objects too.
            42501: must be owner of CLUSTER mz_system
            NOTICE 00000: drop cascades to 1 other object
            XX000: cannot drop schema mz_catalog because it is required by the database system
            u7: CREATE TABLE "materialize"."s"."kept" ("x" [s20 AS "pg_catalog"."int4"])
        "#]],
    );
}

#[test]
fn a_replacement_takes_the_place_of_its_target() {
    check(
        "CREATE TABLE t (id int NOT NULL, v int); CREATE MATERIALIZED VIEW mv AS SELECT id, v FROM t; \
         CREATE VIEW reader AS SELECT id FROM mv; CREATE INDEX mi ON mv (id); \
         CREATE REPLACEMENT MATERIALIZED VIEW bad FOR mv AS SELECT id FROM t; \
         CREATE REPLACEMENT MATERIALIZED VIEW bad FOR mv AS SELECT v AS id, v FROM t; \
         CREATE REPLACEMENT MATERIALIZED VIEW bad FOR mv AS SELECT id, v FROM mv; \
         CREATE REPLACEMENT MATERIALIZED VIEW bad FOR t AS SELECT id, v FROM t; \
         CREATE REPLACEMENT MATERIALIZED VIEW rp FOR mv AS SELECT id, v FROM t WHERE true; \
         CREATE REPLACEMENT MATERIALIZED VIEW rp2 FOR mv AS SELECT id, v FROM t; CREATE VIEW o AS SELECT id FROM rp; \
         CREATE INDEX ri ON rp (id); ALTER MATERIALIZED VIEW rp APPLY REPLACEMENT mv; \
         ALTER MATERIALIZED VIEW mv APPLY REPLACEMENT rp",
        expect![[r#"
            0A000: replacement schema differs from target schema
              detail: missing column "v" at position 2
            0A000: replacement schema differs from target schema
              detail: column "id" at position 1: nullability mismatch (target: NOT NULL, replacement: NULL)
            XX000: replacement would cause mv to depend on itself
            XX000: cannot replace table t with materialized view bad
            XX000: cannot replace mv because it already has a replacement: rp
            XX000: replacement materialized view rp cannot be depended upon
            XX000: index cannot be created on materialize.public.rp because it is a replacement materialized view
            XX000: cannot replace materialized view rp with materialized view mv
            u1: CREATE TABLE "materialize"."public"."t" ("id" [s20 AS "pg_catalog"."int4"] NOT NULL, "v" [s20 AS "pg_catalog"."int4"])
            u3: CREATE VIEW "materialize"."public"."reader" AS SELECT "id" FROM [u5 AS "materialize"."public"."mv"]
            u4: CREATE INDEX "mi" IN CLUSTER [u1] ON [u5 AS "materialize"."public"."mv"] ("id")
            u5: CREATE MATERIALIZED VIEW "materialize"."public"."mv" IN CLUSTER [u1] WITH (REFRESH = ON COMMIT) AS SELECT "id", "v" FROM [u1 AS "materialize"."public"."t"] WHERE true AS OF 1700000000000
        "#]],
    );
}

#[test]
fn or_replace_drops_what_may_be_dropped() {
    check(
        "CREATE TABLE t (id int, v int); CREATE VIEW v AS SELECT id FROM t; CREATE INDEX i ON v (id); \
         CREATE OR REPLACE VIEW v AS SELECT id, v FROM t; CREATE VIEW w AS SELECT id FROM v; \
         CREATE OR REPLACE VIEW v AS SELECT id FROM t; CREATE OR REPLACE VIEW w AS SELECT id FROM w; \
         CREATE OR REPLACE VIEW t AS SELECT 1 AS x; CREATE TEMP VIEW tv AS SELECT id FROM t; \
         CREATE VIEW over_temp AS SELECT id FROM tv; CREATE TEMP VIEW tv AS SELECT id FROM t; DROP TABLE t; \
         CREATE TEMP VIEW a.tv AS SELECT id FROM t; ALTER TABLE t RENAME TO t9",
        expect![[r#"
            XX000: cannot drop view "v": still depended upon by view "w"
              hint: Use DROP ... CASCADE to drop the dependent objects too.
            XX000: cannot replace view materialize.public.w: depended upon by new materialize.public.w definition
            XX000: t is a table not a view
            XX000: non-temporary items cannot depend on temporary item 'tv'
            XX000: view "mz_temp.tv" already exists
            XX000: cannot drop table "t": still depended upon by view "v"
              hint: Use DROP ... CASCADE to drop the dependent objects too.
            XX000: cannot create temporary item in non-temporary schema
            u1: CREATE TABLE "materialize"."public"."t9" ("id" [s20 AS "pg_catalog"."int4"], "v" [s20 AS "pg_catalog"."int4"])
            u4: CREATE VIEW "materialize"."public"."v" AS SELECT "id", "v" FROM [u1 AS "materialize"."public"."t9"]
            u5: CREATE VIEW "materialize"."public"."w" AS SELECT "id" FROM [u4 AS "materialize"."public"."v"]
            u6: CREATE TEMPORARY VIEW "mz_temp"."tv" AS SELECT "id" FROM [u1 AS "materialize"."public"."t9"]
        "#]],
    );
}

/// What `SHOW CREATE` prints after some statements.
#[track_caller]
fn check_show(text: &str, show: &str, expect: Expect) {
    let mut state = super::bootstrap(NOW);
    let scope = scope("materialize");
    assert_eq!(run_with(&mut state, &scope, text, &Silent), "");
    let mut log = String::new();
    for statement in parse::batch(show).expect("it parses") {
        let StatementKind::Show(Show::Create { noun, name, redacted }) = &statement.kind else {
            panic!("{show} is no SHOW CREATE");
        };
        match super::show_create::text(&state.catalog, &scope, *noun, name, *redacted) {
            Ok((name, text)) => log.push_str(&format!("{name}\n{text}\n")),
            Err(error) => log.push_str(&format!("{error}\n")),
        }
    }
    expect.assert_eq(&log);
}

/// What is shown by the tests below.
const SHOWN: &str = "CREATE TABLE t (id int NOT NULL DEFAULT 1, \"Big Name\" text, amount numeric(12,2), at timestamptz DEFAULT now()); \
    CREATE TABLE u (a int); CREATE TYPE ty AS LIST (ELEMENT TYPE = int4); \
    CREATE VIEW v (a, \"B b\") AS SELECT id, '{1}'::ty FROM t; \
    CREATE VIEW w AS WITH c AS (SELECT id FROM t), d (k) AS (SELECT 1) SELECT * FROM c JOIN d ON c.id = d.k \
    LEFT OUTER JOIN t USING (id) WHERE c.id IN (1, 2) AND c.id BETWEEN 1 AND 2 AND EXISTS (SELECT 1 FROM u); \
    CREATE VIEW x AS (SELECT id FROM t UNION ALL SELECT a FROM u) EXCEPT SELECT 1 ORDER BY 1 LIMIT 3; \
    CREATE VIEW y AS SELECT s.id FROM (SELECT DISTINCT id FROM t) AS s, LATERAL (SELECT amount, \"Big Name\" FROM t \
    WHERE t.id = s.id ORDER BY amount DESC LIMIT 3) AS top WHERE s.id = -1 OR s.id = 2; \
    CREATE MATERIALIZED VIEW m AS SELECT id FROM v; CREATE INDEX i ON t (id, lower(\"Big Name\"))";

#[test]
fn queries_are_shown_without_ids() {
    check_show(
        SHOWN,
        "SHOW CREATE VIEW v; SHOW CREATE VIEW w; SHOW CREATE VIEW x; SHOW CREATE VIEW y; SHOW REDACTED CREATE VIEW y",
        expect![[r#"
            materialize.public.v
            CREATE VIEW materialize.public.v (a, "B b")
            AS SELECT id, '{1}'::[u3 AS materialize.public.ty] FROM materialize.public.t;
            materialize.public.w
            CREATE VIEW materialize.public.w
            AS
                WITH c AS (SELECT id FROM materialize.public.t), d (k) AS (SELECT 1)
                SELECT *
                FROM c JOIN d ON c.id = d.k LEFT JOIN materialize.public.t USING(id)
                WHERE c.id IN ( 1, 2 ) AND c.id BETWEEN 1 AND 2 AND EXISTS (SELECT 1 FROM materialize.public.u);
            materialize.public.x
            CREATE VIEW materialize.public.x
            AS
                (SELECT id FROM materialize.public.t UNION ALL SELECT a FROM materialize.public.u)
                EXCEPT SELECT 1
                ORDER BY 1
                LIMIT 3;
            materialize.public.y
            CREATE VIEW materialize.public.y
            AS
                SELECT s.id
                FROM
                    (SELECT DISTINCT id FROM materialize.public.t) AS s,
                    LATERAL (
                        SELECT amount, "Big Name" FROM materialize.public.t WHERE t.id = s.id
                        ORDER BY amount DESC
                        LIMIT 3
                    ) AS top
                WHERE s.id = -1 OR s.id = 2;
            materialize.public.y
            CREATE VIEW materialize.public.y
            AS
                SELECT s.id
                FROM
                    (SELECT DISTINCT id FROM materialize.public.t) AS s,
                    LATERAL (
                        SELECT amount, "Big Name" FROM materialize.public.t WHERE t.id = s.id
                        ORDER BY amount DESC
                        LIMIT '<REDACTED>'
                    ) AS top
                WHERE s.id = '<REDACTED>' OR s.id = '<REDACTED>';
        "#]],
    );
}

#[test]
fn other_statements_are_shown_without_ids() {
    check_show(
        SHOWN,
        "SHOW CREATE TABLE t; SHOW CREATE TABLE u; SHOW CREATE MATERIALIZED VIEW m; SHOW CREATE INDEX i; \
         SHOW CREATE VIEW m; SHOW CREATE TABLE v; SHOW CREATE VIEW nope; SHOW CREATE TYPE ty; \
         SHOW CREATE CLUSTER quickstart; SHOW CREATE CLUSTER nope",
        expect![[r#"
            materialize.public.t
            CREATE TABLE materialize.public.t (
                id pg_catalog.int4 NOT NULL DEFAULT 1,
                "Big Name" pg_catalog.text,
                amount pg_catalog.numeric(12, 2),
                at pg_catalog.timestamptz DEFAULT pg_catalog.now()
            );
            materialize.public.u
            CREATE TABLE materialize.public.u (a pg_catalog.int4);
            materialize.public.m
            CREATE MATERIALIZED VIEW materialize.public.m
            IN CLUSTER quickstart
            WITH (REFRESH = ON COMMIT)
            AS SELECT id FROM materialize.public.v;
            materialize.public.i
            CREATE INDEX i IN CLUSTER quickstart ON materialize.public.t (id, pg_catalog.lower("Big Name"));
            XX000: materialize.public.m is not a view
            XX000: materialize.public.v is not a table
            XX000: unknown catalog item 'nope'
            materialize.public.ty
            CREATE TYPE materialize.public.ty AS LIST (ELEMENT TYPE = pg_catalog.int4);
            quickstart
            CREATE CLUSTER "quickstart" (INTROSPECTION DEBUGGING = false, INTROSPECTION INTERVAL = INTERVAL '00:00:01', MANAGED = true, REPLICATION FACTOR = 1, SIZE = '25cc', SCHEDULE = MANUAL)
            XX000: unknown cluster 'nope'
        "#]],
    );
}

#[test]
fn clusters_have_the_replicas_they_are_to_have() {
    let mut state = super::bootstrap(NOW);
    let log = run(
        &mut state,
        &scope("materialize"),
        "CREATE CLUSTER a (SIZE '25cc', REPLICATION FACTOR 2); CREATE CLUSTER a (SIZE '25cc'); \
         CREATE CLUSTER mz_a (SIZE '25cc'); CREATE CLUSTER b (SIZE 'huge'); CREATE CLUSTER b (REPLICATION FACTOR 1); \
         CREATE CLUSTER b (SIZE '25cc', REPLICATION FACTOR 'two'); CREATE CLUSTER b (MANAGED = false); \
         CREATE CLUSTER b (SIZE '25cc', REPLICAS (r1 (SIZE '25cc'))); CREATE CLUSTER u REPLICAS (one (SIZE '25cc')); \
         CREATE CLUSTER REPLICA a.r9 (SIZE '25cc'); CREATE CLUSTER REPLICA u.two (SIZE '50cc'); \
         CREATE CLUSTER REPLICA u.two (SIZE '50cc'); ALTER CLUSTER a SET (SIZE '50cc'); ALTER CLUSTER a RESET (SIZE); \
         ALTER CLUSTER a RESET (REPLICATION FACTOR); ALTER CLUSTER u SET (SIZE '25cc'); \
         ALTER CLUSTER REPLICA u.two RENAME TO three; DROP CLUSTER REPLICA u.nope; ALTER CLUSTER a RENAME TO u; \
         ALTER CLUSTER a SWAP WITH u; ALTER CLUSTER a SWAP WITH mz_system",
    );
    let mut shown = log;
    for (id, cluster) in state.catalog.clusters.iter().filter(|(id, _)| id.is_user()) {
        let replicas: Vec<String> = cluster
            .replicas
            .iter()
            .map(|(id, replica)| format!("{id} {} {}", replica.name, replica.size))
            .collect();
        shown.push_str(&format!("{id} {}: {}\n", cluster.name, replicas.join(", ")));
    }
    expect![[r#"
        XX000: cluster 'a' already exists
        XX000: cluster name "mz_a" is reserved
          detail: The prefixes "mz_" and "pg_" are reserved for system clusters.
        XX000: unknown cluster replica size huge
          hint: Valid cluster replica sizes are: 25cc, 50cc, 100cc
        XX000: SIZE must be specified for managed clusters
        XX000: invalid REPLICATION FACTOR: cannot use value as number
        XX000: REPLICAS must be specified for unmanaged clusters
        XX000: SIZE not supported for unmanaged clusters
        XX000: cannot modify managed cluster a
        XX000: cannot create multiple replicas named 'two' on cluster 'u'
        XX000: SIZE has no default value
        XX000: SIZE not supported for unmanaged clusters
        XX000: CLUSTER u has no CLUSTER REPLICA named "nope"
        XX000: uniqueness violation
        42501: must be owner of CLUSTER mz_system
        u1 quickstart: u1 r1 25cc
        u2 u: u6 r1 50cc
        u3 a: u4 one 25cc, u5 three 50cc
    "#]]
    .assert_eq(&shown);
}

#[test]
fn sources_bring_their_tables_and_take_them_along() {
    check(
        "CREATE SOURCE h FROM LOAD GENERATOR COUNTER; CREATE SOURCE h FROM LOAD GENERATOR AUCTION; \
         CREATE SOURCE h FROM LOAD GENERATOR AUCTION (TICK INTERVAL '1s', UP TO 5) FOR TABLES (bids AS offers, users); \
         CREATE VIEW busy AS SELECT amount FROM offers; DROP SOURCE h; DROP SOURCE offers; DROP TABLE offers; \
         ALTER SOURCE h RENAME TO h2; ALTER SOURCE offers RENAME TO bids; ALTER SCHEMA public RENAME TO pub; \
         CREATE CONNECTION k TO KAFKA (BROKER 'localhost:9092', SECURITY PROTOCOL PLAINTEXT) WITH (VALIDATE = false)",
        expect![[r#"
            XX000: Create a LOAD GENERATOR COUNTER is not available
              detail: The requested feature (enable_load_generator_counter) is in private preview.
              hint: Contact support to discuss enabling the feature in your Materialize region.
            XX000: LOAD GENERATOR source validation: multi-output sources require a FOR TABLES (..) or FOR ALL TABLES statement
            XX000: cannot drop source "h": still depended upon by source "offers"
              hint: Use DROP ... CASCADE to drop the dependent objects too.
            XX000: cannot drop source "offers": still depended upon by view "busy"
              hint: Use DROP ... CASCADE to drop the dependent objects too.
            XX000: offers is a source not a table
            3F000: no valid schema selected
              hint: Use SET schema = name to select a schema.  Use SHOW SCHEMAS to list available schemas.  Use SHOW search_path to show the schema names that we looked for, but none of them existed.
            u1: CREATE SUBSOURCE "materialize"."pub"."h_progress" ("offset" [s70 AS "mz_catalog"."uint8"]) WITH (PROGRESS = true)
            u2: CREATE SOURCE "materialize"."pub"."h2" IN CLUSTER [u1] FROM LOAD GENERATOR AUCTION (TICK INTERVAL = '1s', UP TO = 5) EXPOSE PROGRESS AS [u1 AS "materialize"."pub"."h_progress"]
            u3: CREATE SUBSOURCE "materialize"."pub"."bids" ("id" [s22 AS "pg_catalog"."int8"] NOT NULL, "buyer" [s22 AS "pg_catalog"."int8"] NOT NULL, "auction_id" [s22 AS "pg_catalog"."int8"] NOT NULL, "amount" [s20 AS "pg_catalog"."int4"] NOT NULL, "bid_time" [s52 AS "pg_catalog"."timestamptz"] NOT NULL) OF SOURCE [u2 AS "materialize"."pub"."h2"] WITH (EXTERNAL REFERENCE = "mz_load_generators"."auction"."bids")
            u4: CREATE SUBSOURCE "materialize"."pub"."users" ("id" [s22 AS "pg_catalog"."int8"] NOT NULL, "org_id" [s22 AS "pg_catalog"."int8"] NOT NULL, "name" [s46 AS "pg_catalog"."text"] NOT NULL) OF SOURCE [u2 AS "materialize"."pub"."h2"] WITH (EXTERNAL REFERENCE = "mz_load_generators"."auction"."users")
            u5: CREATE VIEW "materialize"."pub"."busy" AS SELECT "amount" FROM [u3 AS "materialize"."pub"."bids"]
        "#]],
    );
    check(
        "CREATE SOURCE h FROM LOAD GENERATOR AUCTION FOR ALL TABLES; CREATE VIEW busy AS SELECT amount FROM bids; \
         DROP SOURCE h CASCADE; CREATE SECRET s AS 'hidden'; \
         CREATE CONNECTION k TO KAFKA (BROKER 'b:9092', SASL MECHANISMS 'PLAIN', SASL USERNAME 'u', SASL PASSWORD SECRET s) \
         WITH (VALIDATE = false); CREATE TABLE t (x int); CREATE TABLE t2 (x int); \
         CREATE SINK out FROM t INTO KAFKA CONNECTION k (TOPIC 'x') FORMAT JSON ENVELOPE DEBEZIUM; \
         ALTER SINK out SET FROM t2; DROP TABLE t; DROP TABLE t2; DROP SECRET s; ALTER SECRET s AS 'other'",
        expect![[r#"
            NOTICE 00000: drop cascades to 7 other objects
            XX000: cannot drop table "t2": still depended upon by sink "out"
              hint: Use DROP ... CASCADE to drop the dependent objects too.
            XX000: cannot drop secret "s": still depended upon by connection "k"
              hint: Use DROP ... CASCADE to drop the dependent objects too.
            u9: CREATE SECRET "materialize"."public"."s" AS '********'
            u10: CREATE CONNECTION "materialize"."public"."k" TO KAFKA (BROKER 'b:9092', SASL MECHANISMS 'PLAIN', SASL USERNAME 'u', SASL PASSWORD SECRET [u9 AS "materialize"."public"."s"]) WITH (VALIDATE = FALSE)
            u12: CREATE TABLE "materialize"."public"."t2" ("x" [s20 AS "pg_catalog"."int4"])
            u13: CREATE SINK "materialize"."public"."out" IN CLUSTER [u1] FROM [u12 AS "materialize"."public"."t2"] INTO KAFKA CONNECTION [u10 AS "materialize"."public"."k"] (TOPIC 'x') FORMAT JSON ENVELOPE DEBEZIUM
        "#]],
    );
}

#[test]
fn roles_and_privileges() {
    let mut state = super::bootstrap(NOW);
    let log = run(
        &mut state,
        &scope("materialize"),
        "CREATE ROLE a; CREATE ROLE b; CREATE ROLE a; CREATE ROLE mz_x; CREATE ROLE c CREATEDB; GRANT a TO b; GRANT b TO a; \
         GRANT a TO b; CREATE SCHEMA s; CREATE VIEW s.v AS SELECT 1 AS x; GRANT SELECT ON s.v TO a; GRANT INSERT ON s.v TO a; \
         GRANT INSERT ON SCHEMA s TO a; GRANT USAGE ON SCHEMA s TO a, PUBLIC; GRANT SELECT ON s.nope TO a; \
         GRANT CREATEDB ON SYSTEM TO a; REVOKE CREATEDB ON SYSTEM FROM a; REVOKE CREATEDB ON SYSTEM FROM a; \
         ALTER DEFAULT PRIVILEGES IN SCHEMA s GRANT SELECT ON TABLES TO a; \
         ALTER DEFAULT PRIVILEGES IN SCHEMA s GRANT USAGE ON SCHEMAS TO a; CREATE VIEW s.w AS SELECT 1 AS x; DROP ROLE a; \
         ALTER VIEW s.v OWNER TO b; DROP ROLE b; ALTER ROLE a SET search_path = x, \"B c\"; ALTER ROLE a SET nonsense = 1; \
         ALTER ROLE a SET statement_timeout = '5s'; COMMENT ON VIEW s.v IS 'text'; COMMENT ON TABLE s.v IS 'text'; \
         COMMENT ON COLUMN s.v.x IS 'column'; COMMENT ON COLUMN s.v.y IS 'column'; REASSIGN OWNED BY b TO a; \
         DROP OWNED BY a; DROP ROLE a, b",
    );
    expect![[r#"
        XX000: role 'a' already exists
        XX000: role name "mz_x" is reserved
          detail: The role "public" and the prefixes "mz_" and "pg_" are reserved for system roles.
        XX000: CREATEDB attribute is not supported, for more information consult the documentation at https://materialize.com/docs/sql/create-role/#details
          detail: Use system privileges instead.
        XX000: role "b" is a member of role "a"
        NOTICE 00000: role "b" is already a member of role "a"
        XX000: invalid privilege types INSERT for SCHEMA "materialize.s"
        XX000: unknown catalog item 's.nope'
        WARNING 01006: no privileges could be revoked for SYSTEM
        XX000: cannot specify SCHEMAS and IN SCHEMA
        2BP01: role "a" cannot be dropped because some objects depend on it
          detail: a: privileges on VIEW "materialize.s.v" granted by materialize
        a: privileges on VIEW "materialize.s.w" granted by materialize
        a: privileges on SCHEMA "materialize.s" granted by materialize
        a: default privileges on TABLES granted to a
        2BP01: role "b" cannot be dropped because some objects depend on it
          detail: b: owner of VIEW "materialize.s.v"
        b: privileges granted on VIEW "materialize.s.v" to a
        b: privileges on VIEW "materialize.s.v" granted by b
        b: privileges granted on VIEW "materialize.s.v" to b
        42704: unrecognized configuration parameter "nonsense"
        XX000: VIEW v is not a TABLE
        XX000: column "v.y" does not exist
    "#]].assert_eq(&log);
}
