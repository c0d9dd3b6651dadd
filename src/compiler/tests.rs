//! Whole projects, each in one string, and what the compiler says about them.

use std::collections::BTreeMap;
use std::fmt::Write;

use expect_test::Expect;
use expect_test::expect;

use super::Options;
use super::compile;
use super::diagnostic::Code;
use super::diagnostic::Diagnostic;
use super::diagnostic::Phase;
use super::load::load;
use super::object::Object;
use super::project::Project;
use super::source::File;
use super::template::Names;
use crate::name::ClusterName;
use crate::name::Ident;
use crate::name::ObjectName;

/// Cuts a text at its `-- file: path` lines; an empty `project.toml` is added where there is none.
fn files(text: &str) -> Vec<File> {
    let mut files: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        match line.trim_start().strip_prefix("-- file: ") {
            Some(path) => files.push((path.to_owned(), String::new())),
            None => {
                if let Some((_, text)) = files.last_mut() {
                    text.push_str(line);
                    text.push('\n');
                }
            }
        }
    }
    if files.iter().all(|(path, _)| path != "project.toml") {
        files.push(("project.toml".to_owned(), String::new()));
    }
    files.into_iter().map(|(path, text)| File { path, text: text.into() }).collect()
}

fn under(profile: &str) -> Options {
    let profile = (!profile.is_empty()).then(|| profile.to_owned());
    Options { profile, variables: BTreeMap::new() }
}

pub(super) fn compiled(text: &str, profile: &str) -> (Project, Vec<Diagnostic>) {
    compile(files(text), &under(profile))
}

/// One line an object: what it is, where it runs, what it reads.
fn show_objects(project: &Project) -> String {
    let mut shown = String::new();
    for object in &project.objects {
        let mut line = format!("{} {}", object.kind, object.name);
        let clusters: Vec<String> = object.clusters().iter().map(ToString::to_string).collect();
        if !clusters.is_empty() {
            line += &format!(" in {}", clusters.join(" "));
        }
        for (word, names) in
            [("reads", &object.depends_on), ("external", &object.external), ("with", &object.subsources)]
        {
            if !names.is_empty() {
                let names: Vec<String> = names.iter().map(ToString::to_string).collect();
                line += &format!(" {word} {}", names.join(" "));
            }
        }
        for index in &object.indexes {
            line += &format!(" index {}", index.name);
        }
        shown += &(line + "\n");
    }
    shown
}

/// One block a diagnostic, with its labels and help indented.
pub(super) fn show_diagnostics(found: &[Diagnostic]) -> String {
    let mut shown = String::new();
    for one in found {
        let phase = match one.phase {
            Phase::Compile => "",
            Phase::Apply => " of apply",
            Phase::Test => " of test",
        };
        let _ = writeln!(
            shown,
            "{}{phase}[{}] {}:{}:{} {}",
            one.severity.as_str(),
            one.code.as_str(),
            one.file,
            one.line,
            one.column,
            one.message
        );
        for label in &one.labels {
            let _ = writeln!(shown, "  {}:{}:{} {}", label.file, label.line, label.column, label.message);
        }
        if let Some(help) = &one.help {
            let _ = writeln!(shown, "  help: {help}");
        }
    }
    shown
}

/// Compiles a project without a profile and compares its objects, then its diagnostics.
#[track_caller]
fn check(text: &str, expect: Expect) {
    check_under("", text, expect);
}

/// The same under a profile.
#[track_caller]
pub(super) fn check_under(profile: &str, text: &str, expect: Expect) {
    let (project, found) = compiled(text, profile);
    expect.assert_eq(&(show_objects(&project) + &show_diagnostics(&found)));
}

/// Compares the diagnostics only.
#[track_caller]
pub(super) fn says(text: &str, expect: Expect) {
    let (_, found) = compiled(text, "");
    expect.assert_eq(&show_diagnostics(&found));
}

#[track_caller]
pub(super) fn object<'a>(project: &'a Project, name: &str) -> &'a Object {
    let name: ObjectName = name.parse().unwrap_or_else(|error| panic!("{error}"));
    project.object(&name).unwrap_or_else(|| panic!("there is no {name}"))
}

/// A schema with three relations to read, for tests about something else.
const RAW: &str = "
    -- file: models/shop/raw/items.sql
    CREATE TABLE items (id int, label text)
    -- file: models/shop/raw/lines.sql
    CREATE TABLE lines (id int, item int)
";

pub(super) fn with_raw(text: &str) -> String {
    format!("{RAW}{text}")
}

#[test]
fn reads_a_small_project() {
    check(
        &with_raw(
            "
            -- file: models/shop/pub/tops.sql
            CREATE VIEW shop.pub.tops AS SELECT label FROM raw.items
            -- file: models/shop/pub/notes.txt
            nothing
            -- file: models/shop/pub/old/x.sql
            SELEC
            -- file: models/.git/a/b.sql
            SELEC
            -- file: models/shop/zzz.sql
            SELECT 1
            -- file: models/shop/pub/.sql
            SELECT 1
            -- file: models/shop/pub/x.SQL
            SELECT 1
            ",
        ),
        expect![[r#"
            table shop.raw.items
            view shop.pub.tops reads shop.raw.items
            table shop.raw.lines
        "#]],
    );
}

#[test]
fn companions_may_stand_before_the_statement_that_creates() {
    let text = "
        -- file: models/shop/pub/m.sql
        COMMENT ON COLUMN m.id IS 'k';
        GRANT SELECT ON m TO viewer, PUBLIC;
        CREATE MATERIALIZED VIEW m IN CLUSTER c1 AS SELECT id, label FROM raw.items;
        CREATE INDEX m_i IN CLUSTER c2 ON m (id);
        CREATE INDEX IN CLUSTER c2 ON shop.pub.m (id, lower(label));
        CREATE DEFAULT INDEX IN CLUSTER c2 ON m;
        CREATE DEFAULT INDEX IN CLUSTER c1 ON m;
        COMMENT ON MATERIALIZED VIEW pub.m IS 'it''s m';
    ";
    check(
        &with_raw(text),
        expect![[r#"
        table shop.raw.items
        materialized view shop.pub.m in c1 c2 reads shop.raw.items index m_i index m_id_expr_idx index m_primary_idx index m_primary_idx1
        table shop.raw.lines
    "#]],
    );
    let (project, _) = compiled(&with_raw(text), "");
    let m = object(&project, "shop.pub.m");
    let mut shown = format!("{}\n", m.create_sql(&m.name, &Names::PRODUCTION));
    for index in &m.indexes {
        shown += &format!("{}\n", index.create_sql(&m.name, &Names::PRODUCTION));
    }
    for grant in &m.grants {
        shown += &format!("{}\n", grant.object_sql(m.kind, &m.name));
    }
    for comment in &m.comments {
        shown += &format!("{}\n", comment.object_sql(m.kind, &m.name));
    }
    expect![[r#"
        CREATE MATERIALIZED VIEW "shop"."pub"."m" IN CLUSTER "c1" AS SELECT id, label FROM "shop"."raw"."items"
        CREATE INDEX "m_i" IN CLUSTER "c2" ON "shop"."pub"."m" (id)
        CREATE INDEX "m_id_expr_idx" IN CLUSTER "c2" ON "shop"."pub"."m" (id, lower(label))
        CREATE DEFAULT INDEX "m_primary_idx" IN CLUSTER "c2" ON "shop"."pub"."m"
        CREATE DEFAULT INDEX "m_primary_idx1" IN CLUSTER "c1" ON "shop"."pub"."m"
        GRANT SELECT ON TABLE "shop"."pub"."m" TO "viewer", PUBLIC
        COMMENT ON COLUMN "shop"."pub"."m"."id" IS 'k'
        COMMENT ON MATERIALIZED VIEW "shop"."pub"."m" IS 'it''s m'
    "#]].assert_eq(&shown);
}

#[test]
fn objects_stand_behind_what_they_read() {
    check(
        &with_raw(
            "
            -- file: models/shop/pub/a.sql
            CREATE VIEW a AS SELECT * FROM z
            -- file: models/shop/pub/z.sql
            CREATE VIEW z AS SELECT * FROM raw.lines, b
            -- file: models/shop/pub/b.sql
            CREATE VIEW b AS SELECT * FROM raw.items
            -- file: models/shop/pub/c.sql
            CREATE VIEW c AS SELECT 1 AS one
            ",
        ),
        expect![[r#"
            view shop.pub.c
            table shop.raw.items
            view shop.pub.b reads shop.raw.items
            table shop.raw.lines
            view shop.pub.z reads shop.pub.b shop.raw.lines
            view shop.pub.a reads shop.pub.z
        "#]],
    );
}

#[test]
fn the_graph_tells_who_is_above_and_below() {
    let (project, _) = compiled(
        &with_raw(
            "
            -- file: models/shop/pub/a.sql
            CREATE VIEW a AS SELECT * FROM b
            -- file: models/shop/pub/b.sql
            CREATE VIEW b AS SELECT * FROM raw.items
            -- file: models/shop/pub/c.sql
            CREATE VIEW c AS SELECT * FROM raw.lines, b
            ",
        ),
        "",
    );
    let shown = |names: Vec<&ObjectName>| names.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let items: ObjectName = "shop.raw.items".parse().expect("a name");
    let c: ObjectName = "shop.pub.c".parse().expect("a name");
    assert_eq!(shown(project.graph.downstream([&items])), "shop.pub.a shop.pub.b shop.pub.c");
    assert_eq!(shown(project.graph.upstream([&c])), "shop.pub.b shop.raw.items shop.raw.lines");
    assert_eq!(shown(project.graph.readers(&items)), "shop.pub.b");
}

#[test]
fn scopes_and_functions_decide_what_is_read() {
    check(
        &with_raw(
            "
            -- file: models/shop/pub/items.sql
            CREATE VIEW items AS WITH items AS (SELECT id FROM raw.items) SELECT * FROM items
            -- file: models/shop/pub/v32.sql
            CREATE VIEW v32 AS WITH a AS (SELECT * FROM items), items AS (SELECT 1 AS x) SELECT * FROM a, items
            -- file: models/shop/pub/v39.sql
            CREATE VIEW v39 AS SELECT items(1) FROM raw.lines, generate_series(1, 3) AS g
            -- file: models/shop/pub/v42.sql
            CREATE VIEW v42 AS SELECT LIST[1,2][1], (SELECT max(id) FROM items), ARRAY(SELECT id FROM raw.lines)
            -- file: models/shop/pub/v44.sql
            CREATE VIEW v44 AS SELECT id, max(ts) FROM items WHERE mz_now() <= ts + INTERVAL '1 day' GROUP BY id
            OPTIONS (AGGREGATE INPUT GROUP SIZE = 10)
            -- file: models/shop/pub/v46.sql
            CREATE VIEW v46 AS TABLE items
            -- file: models/shop/pub/v33.sql
            CREATE VIEW v33 AS WITH MUTUALLY RECURSIVE w (n int) AS (SELECT 1 UNION SELECT n + 1 FROM w WHERE n < 9)
            SELECT * FROM w
            ",
        ),
        expect![[r#"
            view shop.pub.v33
            table shop.raw.items
            view shop.pub.items reads shop.raw.items
            view shop.pub.v32 reads shop.pub.items
            view shop.pub.v44 reads shop.pub.items
            view shop.pub.v46 reads shop.pub.items
            table shop.raw.lines
            view shop.pub.v39 reads shop.raw.lines
            view shop.pub.v42 reads shop.pub.items shop.raw.lines
        "#]],
    );
}

#[test]
fn system_relations_need_no_declaration() {
    check(
        "
        -- file: models/shop/pub/s.sql
        CREATE VIEW s AS SELECT name FROM mz_catalog.mz_tables, pg_class, mz_databases, mz_internal.mz_comments
        -- file: models/shop/pub/mz_mine.sql
        CREATE VIEW mz_mine AS SELECT 1 AS one
        -- file: models/shop/pub/t.sql
        CREATE VIEW t AS SELECT * FROM mz_mine
        ",
        expect![[r#"
            view shop.pub.mz_mine
            view shop.pub.s
            view shop.pub.t reads shop.pub.mz_mine
        "#]],
    );
    let text = "
        -- file: models/shop/pub/s.sql
        CREATE VIEW s AS SELECT mz_databases.name FROM mz_databases
    ";
    let (project, _) = compiled(text, "");
    let s = object(&project, "shop.pub.s");
    expect![[r#"CREATE VIEW "shop"."pub"."s" AS SELECT mz_databases.name FROM "mz_catalog"."mz_databases""#]]
        .assert_eq(&s.create_sql(&s.name, &Names::PRODUCTION));
}

#[test]
fn names_keep_their_case_and_their_quotes() {
    check(
        "
        -- file: models/shop/pub/Mixed.sql
        CREATE VIEW \"Mixed\" AS SELECT 1 AS one
        -- file: models/shop/pub/order.sql
        CREATE VIEW \"order\" AS SELECT * FROM \"Mixed\"
        -- file: models/shop/pub/café.sql
        CREATE VIEW CAFÉ AS SELECT * FROM \"order\"
        -- file: models/shop/pub/a.sql
        CREATE VIEW a AS SELECT * FROM mixed
        ",
        expect![[r#"
            view shop.pub."Mixed"
            view shop.pub.a
            view shop.pub."order" reads shop.pub."Mixed"
            view shop.pub."café" reads shop.pub."order"
            warning[project.not-mz-deploy] models/shop/pub/Mixed.sql:1:21 mz-deploy does not take the name `Mixed`
            error[sql.unknown-relation] models/shop/pub/a.sql:1:40 `mixed` does not exist
              models/shop/pub/a.sql:1:40 no project object, no declared dependency
              help: did you mean `"Mixed"`?
            warning[project.not-mz-deploy] models/shop/pub/café.sql:1:21 mz-deploy does not take the name `café`
            warning[project.not-mz-deploy] models/shop/pub/order.sql:1:21 mz-deploy does not take the name `order`
        "#]],
    );
}

#[test]
fn unknown_names_come_with_the_nearest_right_one() {
    says(
        "
        -- file: models/auction/core/winning_bids.sql
        CREATE VIEW winning_bids AS SELECT 1 AS amount, 2 AS item
        -- file: models/auction/serve/item_totals.sql
        -- totals
        CREATE VIEW item_totals AS
        SELECT item, sum(amount) AS total
        FROM core.winnig_bids, item_totls, other.schema.thing, auction.nope.nothing, \"a\".b.c.d
        ",
        expect![[r#"
            error[sql.unknown-relation] models/auction/serve/item_totals.sql:4:14 `core.winnig_bids` does not exist
              models/auction/serve/item_totals.sql:4:14 no project object, no declared dependency
              help: did you mean `core.winning_bids`?
            error[sql.unknown-relation] models/auction/serve/item_totals.sql:4:32 `item_totls` does not exist
              models/auction/serve/item_totals.sql:4:32 no project object, no declared dependency
            warning[project.undeclared-dependency] models/auction/serve/item_totals.sql:4:44 `other.schema.thing` is not declared: mz-deploy would refuse it
              help: add "other.schema.thing" to `dependencies` of project.toml
            error[sql.unknown-relation] models/auction/serve/item_totals.sql:4:64 `auction.nope.nothing` does not exist
              models/auction/serve/item_totals.sql:4:64 no project object, no declared dependency
            error[sql.unknown-relation] models/auction/serve/item_totals.sql:4:86 `"a".b.c.d` has too many parts: a name is database, schema, object
        "#]],
    );
}

#[test]
fn circles_are_shown_as_chains() {
    says(
        "
        -- file: models/shop/serve/a.sql
        CREATE VIEW a AS
        SELECT * FROM b
        -- file: models/shop/serve/b.sql
        CREATE VIEW b AS SELECT * FROM c, other
        -- file: models/shop/serve/c.sql
        CREATE VIEW c AS SELECT * FROM a
        -- file: models/shop/serve/d.sql
        CREATE VIEW d AS SELECT * FROM d
        -- file: models/shop/serve/other.sql
        CREATE VIEW other AS SELECT * FROM d
        ",
        expect![[r#"
            error[sql.cycle] models/shop/serve/a.sql:2:23 3 objects read each other: shop.serve.a → shop.serve.b → shop.serve.c → shop.serve.a
              models/shop/serve/a.sql:2:23 `shop.serve.a` reads `shop.serve.b`
              models/shop/serve/b.sql:1:40 `shop.serve.b` reads `shop.serve.c`
              models/shop/serve/c.sql:1:40 `shop.serve.c` reads `shop.serve.a`
            error[sql.cycle] models/shop/serve/d.sql:1:40 `shop.serve.d` reads itself
              models/shop/serve/d.sql:1:40 `shop.serve.d` reads `shop.serve.d`
        "#]],
    );
}

#[test]
fn every_mistake_is_reported_in_one_run() {
    check(
        "
        -- file: models/shop/pub/a.sql
        CREATE VIEW a AS SELECT * FROM (SELECT x y z FROM t);
        SELEC 1;
        -- file: models/shop/pub/b.sql
        CREATE VIEW b AS SELECT * FROM a
        -- file: models/shop/pub/c.sql
        CREATE VIEW c AS SELECT 1 AS x; CREATE VIEW cc AS SELECT 2 AS x;
        -- file: models/shop/pub/d.sql
        CREATE VIEW d2 AS SELECT * FROM c
        -- file: models/shop/pub/e.sql
        -- only a comment
        ",
        expect![[r#"
            view shop.pub.b
            view shop.pub.c
            view shop.pub.d reads shop.pub.c
            error[sql.syntax] models/shop/pub/a.sql:1:52 expected right parenthesis, found identifier "z"
            error[sql.syntax] models/shop/pub/a.sql:2:9 expected a keyword at the beginning of a statement, found identifier "selec"
              help: did you mean `SELECT`?
            error[project.two-main-statements] models/shop/pub/c.sql:1:41 this file already creates something; the view needs its own file
              models/shop/pub/c.sql:1:9 the first one
            error[project.name-mismatch] models/shop/pub/d.sql:1:21 the statement says object `d2`, the file's path says `d`
            error[project.no-main-statement] models/shop/pub/e.sql:1:1 this file creates nothing
        "#]],
    );
}

#[test]
fn a_file_makes_what_its_path_says() {
    says(
        "
        -- file: models/shop/pub/a.sql
        CREATE VIEW other.b AS SELECT 1 AS x
        -- file: models/shop/pub/b.sql
        CREATE VIEW nodb.pub.b AS SELECT 1 AS x
        -- file: models/shop/pub/Caps.sql
        CREATE VIEW caps AS SELECT 1 AS x
        -- file: models/shop/pub/e.sql
        GRANT SELECT ON e TO r
        -- file: models/shop/pub/f.sql
        CREATE VIEW f AS SELECT 1 AS x; DROP VIEW f; ALTER VIEW f RENAME TO g; REVOKE SELECT ON f FROM r; SET x = 1
        -- file: models/shop/out/k.sql
        CREATE SINK IN CLUSTER c FROM pub.f INTO KAFKA CONNECTION kc (TOPIC 't') FORMAT JSON ENVELOPE DEBEZIUM
        -- file: models/shop/out/kc.sql
        CREATE CONNECTION kc TO KAFKA (BROKER 'b')
        ",
        expect![[r#"
            error[project.missing-name] models/shop/out/k.sql:1:9 this sink has no name
              help: its file calls it `k`
            error[project.name-mismatch] models/shop/pub/Caps.sql:1:21 the statement says object `caps`, the file's path says `"Caps"`
            error[project.name-mismatch] models/shop/pub/a.sql:1:21 the statement says object `b`, the file's path says `a`
            error[project.name-mismatch] models/shop/pub/a.sql:1:21 the statement says schema `other`, the file's path says `pub`
            error[project.name-mismatch] models/shop/pub/b.sql:1:21 the statement says database `nodb`, the file's path says `shop`
            error[project.no-main-statement] models/shop/pub/e.sql:1:1 this file creates nothing
            error[project.unsupported-statement] models/shop/pub/f.sql:1:41 this statement has no place in an object's file
              help: besides the statement that creates the object: indexes, constraints, comments, grants of privileges and unit tests
            error[project.unsupported-statement] models/shop/pub/f.sql:1:54 this statement has no place in an object's file
              help: besides the statement that creates the object: indexes, constraints, comments, grants of privileges and unit tests
            error[project.unsupported-statement] models/shop/pub/f.sql:1:80 this statement has no place in an object's file
              help: besides the statement that creates the object: indexes, constraints, comments, grants of privileges and unit tests
            error[project.unsupported-statement] models/shop/pub/f.sql:1:107 this statement has no place in an object's file
              help: besides the statement that creates the object: indexes, constraints, comments, grants of privileges and unit tests
        "#]],
    );
}

#[test]
fn what_runs_names_its_cluster() {
    says(
        "
        -- file: models/shop/pub/m.sql
        CREATE MATERIALIZED VIEW m AS SELECT 1 AS x; CREATE INDEX i ON m (x)
        -- file: models/shop/out/k.sql
        CREATE SINK k FROM pub.m INTO KAFKA CONNECTION kc (TOPIC 't') FORMAT JSON ENVELOPE DEBEZIUM
        -- file: models/shop/out/kc.sql
        CREATE CONNECTION kc TO KAFKA (BROKER 'b')
        -- file: models/shop/out/s.sql
        CREATE SOURCE s FROM LOAD GENERATOR COUNTER
        ",
        expect![[r#"
            error[project.missing-cluster] models/shop/out/k.sql:1:9 this sink does not say in which cluster it runs
              help: add `IN CLUSTER <cluster>`
            error[project.missing-cluster] models/shop/out/s.sql:1:9 this source does not say in which cluster it runs
              help: add `IN CLUSTER <cluster>`
            error[project.missing-cluster] models/shop/pub/m.sql:1:9 this materialized view does not say in which cluster it runs
              help: add `IN CLUSTER <cluster>`
            error[project.missing-cluster] models/shop/pub/m.sql:1:54 this index does not say in which cluster it runs
              help: add `IN CLUSTER <cluster>`
        "#]],
    );
}

#[test]
fn companions_are_about_their_own_object() {
    says(
        &with_raw(
            "
            -- file: models/shop/pub/m.sql
            CREATE MATERIALIZED VIEW m IN CLUSTER c AS SELECT 1 AS x;
            CREATE INDEX i IN CLUSTER c ON elsewhere (x);
            CREATE INDEX j IN CLUSTER c ON other.m (x);
            COMMENT ON VIEW m IS 'x';
            COMMENT ON COLUMN raw.items.id IS 'x';
            COMMENT ON SCHEMA pub IS 'x';
            GRANT SELECT ON raw.items TO r;
            GRANT SELECT ON ALL TABLES IN SCHEMA pub TO r;
            GRANT CREATEDB ON SYSTEM TO r;
            -- file: models/shop/raw/t.sql
            CREATE TABLE t (id int);
            GRANT USAGE ON SECRET t TO r;
            COMMENT ON TABLE t IS 'fine';
            EXECUTE UNIT TEST u FOR t EXPECTED (id int) AS SELECT 1;
            ",
        ),
        expect![[r#"
            error[project.wrong-target] models/shop/pub/m.sql:2:44 this index is on `elsewhere`, but the file is about `shop.pub.m`
            error[project.wrong-target] models/shop/pub/m.sql:3:44 this index is on `other.m`, but the file is about `shop.pub.m`
            error[project.wrong-kind] models/shop/pub/m.sql:4:13 `shop.pub.m` is a materialized view: the keyword is `MATERIALIZED VIEW`, not `VIEW`
            error[project.wrong-target] models/shop/pub/m.sql:5:31 this comment is on `raw.items`, but the file is about `shop.pub.m`
            error[project.wrong-kind] models/shop/pub/m.sql:6:13 only the materialized view and its columns can be commented on here
            error[project.wrong-target] models/shop/pub/m.sql:7:29 this grant is on `raw.items`, but the file is about `shop.pub.m`
            error[project.grant-too-wide] models/shop/pub/m.sql:8:13 this grants more than privileges on `shop.pub.m`
              help: what covers a whole schema or database belongs in its modifier file
            error[project.grant-too-wide] models/shop/pub/m.sql:9:13 system privileges cannot be granted in an object's file
            error[project.wrong-kind] models/shop/raw/t.sql:2:13 `shop.raw.t` is a table: the keyword is `TABLE`, not `SECRET`
            warning of test[project.wrong-kind] models/shop/raw/t.sql:4:13 a table cannot be tested, only views can
        "#]],
    );
}

#[test]
fn a_schema_is_stored_or_computed() {
    says(
        &with_raw(
            "
            -- file: models/shop/raw/v.sql
            CREATE VIEW v AS SELECT 1 AS x
            -- file: models/shop/api.sql
            set API to 'Stable';
            -- file: models/shop/api/m.sql
            CREATE MATERIALIZED VIEW m IN CLUSTER c AS SELECT 1 AS x
            -- file: models/shop/api/w.sql
            CREATE VIEW w AS SELECT 1 AS x
            ",
        ),
        expect![[r#"
            error[project.unstable-object] models/shop/api/w.sql:1:13 schema `shop.api` has a stable API, so it can hold materialized views but no view
            error[project.mixed-schema] models/shop/raw/v.sql:1:13 schema `shop.raw` holds the view `v` beside the table `items`
              models/shop/raw/items.sql:1:5 a table
              help: put views and materialized views into a schema of their own: it is swapped as a whole
        "#]],
    );
}

#[test]
fn names_belong_to_one_thing() {
    says(
        "
        -- file: models/auction/raw/house.sql
        CREATE SOURCE house IN CLUSTER c FROM LOAD GENERATOR AUCTION FOR ALL TABLES
        -- file: models/auction/raw/bids.sql
        CREATE TABLE bids (id int)
        -- file: models/auction/core/v.sql
        CREATE VIEW v AS SELECT 1 AS x; CREATE INDEX w IN CLUSTER c ON v (x);
        CREATE INDEX i IN CLUSTER c ON v (x); CREATE INDEX i IN CLUSTER c ON v (x);
        -- file: models/auction/core/w.sql
        CREATE VIEW w AS SELECT 1 AS x
        ",
        expect![[r#"
            error[project.duplicate-object] models/auction/core/v.sql:1:54 `auction.core.w` exists twice
              models/auction/core/w.sql:1:9 the other one comes with this
            error[project.duplicate-object] models/auction/core/v.sql:2:60 `auction.core.i` exists twice
            warning[project.not-mz-deploy] models/auction/raw/house.sql:1:9 mz-deploy does not take `FOR ALL TABLES`
            error[project.duplicate-object] models/auction/raw/house.sql:1:23 `auction.raw.bids` exists twice
              models/auction/raw/bids.sql:1:9 the other one comes with this
        "#]],
    );
}

#[test]
fn tables_of_a_source_belong_to_its_file() {
    check(
        "
        -- file: models/auction/raw/house.sql
        CREATE SOURCE house IN CLUSTER c FROM LOAD GENERATOR AUCTION (TICK INTERVAL '1s') FOR ALL TABLES
        -- file: models/auction/pg/db.sql
        CREATE SOURCE db IN CLUSTER c FROM POSTGRES CONNECTION conn (PUBLICATION 'p')
        FOR TABLES (public.a AS alpha, other.b) EXPOSE PROGRESS AS db_state
        -- file: models/auction/pg/conn.sql
        CREATE CONNECTION conn TO POSTGRES (HOST 'h', PASSWORD SECRET sec)
        -- file: models/auction/pg/sec.sql
        CREATE SECRET sec AS env_var('PW')
        -- file: models/auction/all/every.sql
        CREATE SOURCE every IN CLUSTER c FROM POSTGRES CONNECTION pg.conn (PUBLICATION 'p') FOR ALL TABLES
        -- file: models/auction/core/v.sql
        CREATE VIEW v AS SELECT * FROM raw.bids, raw.house_progress, pg.alpha, pg.b, pg.db_state, pg.nothing, \"all\".x
        ",
        expect![[r#"
            secret auction.pg.sec
            connection auction.pg.conn reads auction.pg.sec
            source auction.all.every in c reads auction.pg.conn with auction.all.every_progress
            source auction.pg.db in c reads auction.pg.conn with auction.pg.alpha auction.pg.b auction.pg.db_state
            source auction.raw.house in c with auction.raw.accounts auction.raw.auctions auction.raw.bids auction.raw.house_progress auction.raw.organizations auction.raw.users
            view auction.core.v reads auction.all.every auction.pg.db auction.raw.house
            warning[project.not-mz-deploy] models/auction/all/every.sql:1:9 mz-deploy does not take `FOR ALL TABLES`
            error[sql.unknown-relation] models/auction/core/v.sql:1:99 `pg.nothing` does not exist
              models/auction/core/v.sql:1:99 no project object, no declared dependency
            warning[sql.unchecked-relation] models/auction/core/v.sql:1:111 `auction.all.x` may be a table that comes with a source; only the server knows
            warning[project.not-mz-deploy] models/auction/pg/db.sql:1:9 mz-deploy does not take `FOR TABLES`
            warning[project.not-mz-deploy] models/auction/raw/house.sql:1:9 mz-deploy does not take `FOR ALL TABLES`
        "#]],
    );
}

#[test]
fn external_objects_are_declared() {
    let text = "
        -- file: project.toml
        dependencies = [\"ext.s.t\", \"mz_catalog.mz_tables\", \"ext.s.unread\", \"shop.made.elsewhere\"]
        -- file: models/shop/pub/v.sql
        CREATE VIEW v AS SELECT * FROM ext.s.t, made.elsewhere, ext.s.undeclared
    ";
    check(
        text,
        expect![[r#"
        view shop.pub.v external ext.s.t ext.s.undeclared shop.made.elsewhere
        warning[project.undeclared-dependency] models/shop/pub/v.sql:1:65 `ext.s.undeclared` is not declared: mz-deploy would refuse it
          help: add "ext.s.undeclared" to `dependencies` of project.toml
        warning[project.unused-dependency] project.toml:1:60 nothing reads the dependency `ext.s.unread`
    "#]],
    );
    says(
        "
        -- file: project.toml
        dependencies = [\"a.b\", \"x.y.z\", \"x.y.z\", \"a..b\", \"one\"]
        ",
        expect![[r#"
            error[project.invalid-dependency] project.toml:1:25 dependency `a.b` is no full name
              help: write `database.schema.object`, or `schema.object` for a system schema
            warning[project.unused-dependency] project.toml:1:32 nothing reads the dependency `x.y.z`
            error[project.invalid-dependency] project.toml:1:41 dependency `x.y.z` stands here twice
              project.toml:1:32 first here
            error[project.invalid-dependency] project.toml:1:50 dependency `a..b` is no full name
              help: write `database.schema.object`, or `schema.object` for a system schema
            error[project.invalid-dependency] project.toml:1:58 dependency `one` is no full name
              help: write `database.schema.object`, or `schema.object` for a system schema
        "#]],
    );
}

#[test]
fn statements_are_written_under_green_names() {
    let text = with_raw(
        "
        -- file: models/shop/pub/v.sql
        CREATE VIEW IF NOT EXISTS v (a, \"B\") AS
          SELECT pub.o.id, o.id -- pub.o is ours
          FROM pub.o, raw.items AS i WHERE i.id = shop.pub.o.id
        -- file: models/shop/pub/o.sql
        CREATE MATERIALIZED VIEW o IN CLUSTER c WITH (PARTITION BY (id)) AS SELECT id FROM raw.items;
        CREATE INDEX o_i IN CLUSTER c2 ON o (id) WITH (RETAIN HISTORY FOR '1h')
        ",
    );
    let (project, found) = compiled(&text, "");
    assert_eq!(show_diagnostics(&found), "");
    let rename = |schema: &'static str, object: &'static str| {
        move |name: &ObjectName| {
            let mut renamed = name.clone();
            if name.schema.as_str() == "pub" {
                renamed.schema = Ident::new(format!("pub{schema}")).expect("a name");
                renamed.object = Ident::new(format!("{}{object}", name.object.as_str())).expect("a name");
            }
            renamed
        }
    };
    let green =
        |name: &ClusterName| ClusterName(Ident::new(format!("{}__g", name.as_str())).expect("a name"));
    let mut shown = String::new();
    for (schema, own) in [("__g", ""), ("", "__g")] {
        let objects = rename(schema, own);
        let names = Names { object: &objects, cluster: &green };
        for name in ["shop.pub.o", "shop.pub.v"] {
            let object = object(&project, name);
            let target = objects(&object.name);
            shown += &format!("{}\n", object.create_sql(&target, &names));
            for index in &object.indexes {
                shown += &format!("{}\n", index.create_sql(&target, &names));
            }
        }
    }
    expect![[r#"
        CREATE MATERIALIZED VIEW "shop"."pub__g"."o" IN CLUSTER "c__g" WITH (PARTITION BY (id)) AS SELECT id FROM "shop"."raw"."items"
        CREATE INDEX "o_i" IN CLUSTER "c2__g" ON "shop"."pub__g"."o" (id) WITH (RETAIN HISTORY FOR '1h')
        CREATE VIEW "shop"."pub__g"."v" (a, "B") AS
                  SELECT "shop"."pub__g"."o".id, o.id -- pub.o is ours
                  FROM "shop"."pub__g"."o", "shop"."raw"."items" AS i WHERE i.id = "shop"."pub__g"."o".id
        CREATE MATERIALIZED VIEW "shop"."pub"."o__g" IN CLUSTER "c__g" WITH (PARTITION BY (id)) AS SELECT id FROM "shop"."raw"."items"
        CREATE INDEX "o_i" IN CLUSTER "c2__g" ON "shop"."pub"."o__g" (id) WITH (RETAIN HISTORY FOR '1h')
        CREATE VIEW "shop"."pub"."v__g" (a, "B") AS
                  SELECT "shop"."pub"."o__g".id, "shop"."pub"."o__g".id -- pub.o is ours
                  FROM "shop"."pub"."o__g", "shop"."raw"."items" AS i WHERE i.id = "shop"."pub"."o__g".id
    "#]].assert_eq(&shown);
}

#[test]
fn modifiers_are_about_their_own_database_and_schema() {
    says(
        "
        -- file: models/shop.sql
        COMMENT ON DATABASE shop IS 'x';
        GRANT USAGE ON DATABASE shop TO r;
        ALTER DEFAULT PRIVILEGES IN DATABASE shop GRANT USAGE ON SCHEMAS TO r;
        GRANT USAGE ON DATABASE other TO r;
        GRANT USAGE ON SCHEMA pub TO r;
        ALTER DEFAULT PRIVILEGES IN SCHEMA pub GRANT SELECT ON TABLES TO r;
        SELECT 1;
        -- file: models/shop/pub.sql
        COMMENT ON SCHEMA pub IS 'x';
        GRANT USAGE ON SCHEMA shop.pub TO r;
        ALTER DEFAULT PRIVILEGES FOR ROLE a IN SCHEMA pub GRANT SELECT ON TABLES TO r, PUBLIC;
        ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO r;
        ALTER DEFAULT PRIVILEGES IN SCHEMA raw GRANT SELECT ON TABLES TO r;
        SET api = fast;
        SET cluster = c;
        COMMENT ON COLUMN a.b IS 'x';
        -- file: models/shop/pub/v.sql
        CREATE VIEW v AS SELECT 1 AS x
        ",
        expect![[r#"
            error[project.wrong-target] models/shop.sql:4:33 this is about `other`, but the file is about the database `shop`
            error[project.wrong-kind] models/shop.sql:5:9 this is not about the database `shop`
            error[project.default-privileges-scope] models/shop.sql:6:44 default privileges in this file have to be `IN DATABASE shop`
            error[project.unsupported-statement] models/shop.sql:7:9 this statement has no place in the file of a database
              help: a database's file holds `COMMENT`, `GRANT` and `ALTER DEFAULT PRIVILEGES`
            error[project.default-privileges-scope] models/shop/pub.sql:4:9 default privileges in this file have to be `IN SCHEMA shop.pub`
            error[project.default-privileges-scope] models/shop/pub.sql:5:44 default privileges in this file have to be `IN SCHEMA shop.pub`
            error[project.invalid-api] models/shop/pub.sql:6:9 `api` can only be set to `stable`
            error[project.unsupported-statement] models/shop/pub.sql:7:9 this statement has no place in the file of a schema
              help: a schema's file holds `COMMENT`, `GRANT`, `ALTER DEFAULT PRIVILEGES` and `SET api = stable`
            error[project.unsupported-statement] models/shop/pub.sql:8:9 this statement has no place in the file of a schema
              help: a schema's file holds `COMMENT`, `GRANT`, `ALTER DEFAULT PRIVILEGES` and `SET api = stable`
        "#]],
    );
}

#[test]
fn definitions_fail_apply_only() {
    let text = "
        -- file: clusters/big.sql
        CREATE CLUSTER small (SIZE '25cc')
        -- file: clusters/none.sql
        GRANT USAGE ON CLUSTER none TO r
        -- file: clusters/broken.sql
        CREATE CLUSTER broken (SZIE '25cc')
        -- file: roles/reader.sql
        CREATE ROLE reader WITH LOGIN PASSWORD 'x'; ALTER ROLE reader SET cluster = c; GRANT reader TO alice, bob;
        COMMENT ON ROLE reader IS 'r'; GRANT other TO carol; GRANT SELECT ON t TO reader
        -- file: network-policies/office.sql
        CREATE NETWORK POLICY office (RULES (a (action = 'allow', direction = 'ingress', address = '10.0.0.0/8')))
    ";
    let (project, found) = compiled(text, "");
    assert!(!found.iter().any(Diagnostic::fails_compile));
    let mut shown = show_diagnostics(&found);
    for role in &project.roles {
        let _ = writeln!(shown, "{} {:?} {:?}", role.create_sql(), role.alterations, role.members);
        assert!(!format!("{role:?}").contains("'x'"), "a password is not shown");
    }
    for policy in &project.network_policies {
        let _ = writeln!(shown, "{}", policy.create_sql());
    }
    expect![[r#"
        error of apply[project.name-mismatch] clusters/big.sql:1:24 the statement says cluster `small`, the file's name says `big`
        error of apply[sql.syntax] clusters/broken.sql:1:32 expected one of AVAILABILITY or DISK or INTROSPECTION or MANAGED or REPLICAS or REPLICATION or SIZE or SCHEDULE or WORKLOAD, found identifier "szie"
          help: did you mean `SIZE`?
        error of apply[project.no-main-statement] clusters/none.sql:1:1 this file creates no cluster
        error of apply[project.wrong-target] roles/reader.sql:2:46 this is about `other`, but the file is about the role `reader`
        error of apply[project.unsupported-statement] roles/reader.sql:2:62 this statement has no place in the file of a role
        CREATE ROLE "reader" WITH LOGIN PASSWORD 'x' ["SET cluster = c"] [RoleName("alice"), RoleName("bob"), RoleName("carol")]
        CREATE NETWORK POLICY "office" (RULES (a (action = 'allow', direction = 'ingress', address = '10.0.0.0/8')))
    "#]].assert_eq(&shown);
}

#[test]
fn constraints_follow_their_rules() {
    says(
        &with_raw(
            "
            -- file: models/shop/raw/t.sql
            CREATE TABLE t (id int); CREATE PRIMARY KEY IN CLUSTER c ON t (id)
            -- file: models/shop/pub/v.sql
            CREATE VIEW v AS SELECT id FROM raw.t;
            CREATE PRIMARY KEY NOT ENFORCED ON v (id);
            CREATE PRIMARY KEY IN CLUSTER c ON v (id);
            CREATE UNIQUE CONSTRAINT NOT ENFORCED IN CLUSTER c ON v (id);
            CREATE FOREIGN KEY NOT ENFORCED ON v (id) REFERENCES raw.itms (id);
            CREATE FOREIGN KEY NOT ENFORCED ON v (id);
            -- file: models/shop/pub/m.sql
            CREATE MATERIALIZED VIEW m IN CLUSTER c AS SELECT id FROM raw.t;
            CREATE PRIMARY KEY ON m (id);
            CREATE PRIMARY KEY IN CLUSTER c ON m (id);
            ",
        ),
        expect![[r#"
            error[project.invalid-constraint] models/shop/pub/m.sql:2:13 an enforced constraint needs `IN CLUSTER`
            error[project.invalid-constraint] models/shop/pub/v.sql:3:13 a view can only have constraints that are `NOT ENFORCED`
            error[project.invalid-constraint] models/shop/pub/v.sql:4:13 a constraint that is not enforced runs in no cluster
            error[sql.unknown-relation] models/shop/pub/v.sql:5:66 `raw.itms` does not exist
              models/shop/pub/v.sql:5:66 no project object, no declared dependency
              help: did you mean `raw.items`?
            error[project.invalid-constraint] models/shop/pub/v.sql:6:13 a foreign key needs `REFERENCES`
            error[project.invalid-constraint] models/shop/raw/t.sql:1:38 a table cannot have constraints
        "#]],
    );
}

#[test]
fn what_only_the_server_reads_is_let_through_with_a_warning() {
    check(
        &with_raw(
            "
            -- file: models/shop/pub/v.sql
            CREATE VIEW v AS SELECT * FROM (SHOW TABLES) AS s, raw.items
            ",
        ),
        expect![[r#"
            table shop.raw.items
            view shop.pub.v reads shop.raw.items
            table shop.raw.lines
            warning[sql.unchecked-query] models/shop/pub/v.sql:1:45 this query cannot be checked here, the server will judge it
              models/shop/pub/v.sql:1:45 what it reads is guessed from its words
              help: `mzflow compile --check` asks the server now
        "#]],
    );
}

#[test]
fn fingerprints_follow_the_meaning() {
    let project = |view: &str| {
        let text = with_raw(&format!("-- file: models/shop/pub/v.sql\n{view}"));
        compiled(&text, "").0
    };
    let first = project(
        "CREATE VIEW v AS SELECT id, label FROM raw.items WHERE id <> 1; CREATE INDEX i IN CLUSTER c ON v (id); CREATE INDEX j IN CLUSTER c ON v (label)",
    );
    let of = |project: &Project| object(project, "shop.pub.v").fingerprint.clone();
    let metadata = |project: &Project| object(project, "shop.pub.v").metadata_fingerprint.clone();
    let same = project(
        "CREATE INDEX j IN CLUSTER c ON shop.pub.v (\"label\"); create or replace view shop.pub.V as
        select ID, /* all */ Label from shop.raw.items where (id != 1); CREATE INDEX i IN CLUSTER c ON v ((ID));
        COMMENT ON VIEW v IS 'x'; GRANT SELECT ON v TO r",
    );
    assert_eq!(of(&first), of(&same));
    assert_ne!(metadata(&first), metadata(&same));
    assert_ne!(first.fingerprint(), same.fingerprint());
    for other in [
        "CREATE VIEW v AS SELECT id, label FROM raw.items WHERE id <> 2; CREATE INDEX i IN CLUSTER c ON v (id); CREATE INDEX j IN CLUSTER c ON v (label)",
        "CREATE VIEW v AS SELECT id, label FROM raw.items WHERE id <> 1; CREATE INDEX i IN CLUSTER d ON v (id); CREATE INDEX j IN CLUSTER c ON v (label)",
        "CREATE VIEW v AS SELECT id, label FROM raw.items WHERE id <> 1; CREATE INDEX i IN CLUSTER c ON v (id)",
        "CREATE VIEW v AS SELECT id, label FROM raw.items WHERE id <> 1; CREATE INDEX i IN CLUSTER c ON v (id); CREATE INDEX j IN CLUSTER c ON v (label); CREATE PRIMARY KEY NOT ENFORCED ON v (id)",
    ] {
        assert_ne!(of(&first), of(&project(other)), "{other}");
    }
}

#[test]
fn a_folder_is_read_from_the_disk() {
    let root = tempfile::tempdir().expect("a folder");
    let path = |name: &str| root.path().join(name);
    let (files, found) = load(root.path());
    assert!(files.is_empty());
    expect![[r#"
        error[project.not-a-project] project.toml:1:1 there is no project.toml in `[FOLDER]`, so this is no project
          help: `cd` into a project, or name its folder with `--project`
    "#]]
    .assert_eq(&show_diagnostics(&found).replace(&root.path().display().to_string(), "[FOLDER]"));
    for folder in ["models/shop/raw/deep", "models/.hidden/a"] {
        std::fs::create_dir_all(path(folder)).expect("a folder");
    }
    for (name, bytes) in [
        ("project.toml", &b""[..]),
        ("models/shop/raw/items.sql", b"CREATE TABLE items (id int)"),
        ("models/shop/raw/bad.sql", b"CREATE \xff"),
        ("models/shop/raw/deep/x.sql", b"SELEC"),
        ("models/.hidden/a/x.sql", b"SELEC"),
        ("models/README.md", b"text"),
        ("clusters", b"a file"),
    ] {
        std::fs::write(path(name), bytes).expect("a file");
    }
    let (files, found) = load(root.path());
    let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
    expect![[r#"
        models/shop/raw/items.sql
        project.toml
        error[project.unreadable-file] models/shop/raw/bad.sql:1:1 this file is no UTF-8 from its byte 7 on
        error[project.unreadable-file] clusters:1:1 `clusters` is a file, not a folder
    "#]]
    .assert_eq(&format!("{}\n{}", paths.join("\n"), show_diagnostics(&found)));
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_not_opened() {
    let root = tempfile::tempdir().expect("a folder");
    std::fs::create_dir_all(root.path().join("models/d/s")).expect("a folder");
    std::fs::write(root.path().join("project.toml"), "").expect("a file");
    for name in ["models/d/s/x.sql", "models/d/s/notes", "types.lock"] {
        let made = std::process::Command::new("mkfifo").arg(root.path().join(name)).status();
        assert!(made.expect("mkfifo").success(), "{name}");
    }
    let (_, found) = load(root.path());
    expect![[r#"
        error[project.unreadable-file] types.lock:1:1 this is no file
        error[project.unreadable-file] models/d/s/x.sql:1:1 this is no file
    "#]]
    .assert_eq(&show_diagnostics(&found));
    let one = super::load::read(root.path(), "models/d/s/x.sql");
    assert!(matches!(one, super::load::Reading::Unreadable(_)), "{one:?}");
}

#[test]
fn codes_are_texts_of_one_form() {
    let mut seen = std::collections::BTreeSet::new();
    for code in Code::ALL {
        let text = code.as_str();
        assert!(seen.insert(text), "{text} twice");
        assert!(["sql.", "project.", "test.", "check."].iter().any(|room| text.starts_with(room)), "{text}");
        assert!(text.chars().all(|c| c.is_ascii_lowercase() || c == '-' || c == '.'), "{text}");
        assert!(code.meaning().ends_with('.'), "{text}");
    }
}

#[test]
fn foreign_keys_are_checked_where_their_parent_is_known() {
    check(
        &with_raw(
            "-- file: project.toml
            dependencies = [\"ext.s.parent\", \"ext.s.feed\", \"ext.s.later\"]
            -- file: types.lock
            version = 1
            [[table]]
            name = \"ext.s.parent\"
            columns = [{ name = \"id\", type = \"integer\", nullable = false }]
            [[source]]
            name = \"ext.s.feed\"
            columns = [{ name = \"id\", type = \"integer\", nullable = false }]
            -- file: models/shop/pub/v.sql
            CREATE VIEW v AS SELECT 1 AS a FROM ext.s.parent, ext.s.feed, ext.s.later;
            CREATE FOREIGN KEY NOT ENFORCED ON v (a) REFERENCES raw.items (id);
            CREATE FOREIGN KEY NOT ENFORCED ON v (a) REFERENCES raw.items (nope);
            CREATE FOREIGN KEY NOT ENFORCED ON v (a) REFERENCES ext.s.parent (id, gone);
            CREATE FOREIGN KEY NOT ENFORCED ON v (a) REFERENCES ext.s.feed (id);
            CREATE FOREIGN KEY NOT ENFORCED ON v (a) REFERENCES ext.s.later (x);
            CREATE FOREIGN KEY NOT ENFORCED ON v (a) REFERENCES v (x);",
        ),
        expect![[r#"
            view shop.pub.v external ext.s.feed ext.s.later ext.s.parent
            table shop.raw.items
            table shop.raw.lines
            error[project.invalid-constraint] models/shop/pub/v.sql:3:76 `shop.raw.items` has no column `nope`
            error[project.invalid-constraint] models/shop/pub/v.sql:4:13 a foreign key has as many columns as what it references
            error[project.invalid-constraint] models/shop/pub/v.sql:4:83 `ext.s.parent` has no column `gone`
            error[project.invalid-constraint] models/shop/pub/v.sql:5:65 `ext.s.feed` is a source, which a foreign key cannot reference
            error[project.invalid-constraint] models/shop/pub/v.sql:7:68 `shop.pub.v` has no column `x`
        "#]],
    );
}

#[test]
fn a_broken_lock_is_told_at_its_place() {
    says(
        &with_raw("-- file: types.lock\nversion = 1\n[[table]]\nname = \"a.b.c\"\n"),
        expect![[r#"
        error[project.invalid-lock] types.lock:2:1 missing field `columns`
          help: write it anew with `mzflow lock`
    "#]],
    );
}
