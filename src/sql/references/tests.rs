use expect_test::Expect;
use expect_test::expect;
use sqlparser::ast::Visit;

use super::Scan;
use crate::sql::ast::RawName;
use crate::sql::parse::query;
use crate::sql::query::Query;

fn dotted(name: &RawName) -> String {
    let parts: Vec<String> = name.parts.iter().map(ToString::to_string).collect();
    parts.join(".")
}

/// Makes sure that the way of this room finds what sqlparser's finds; tells whether there is a tree to go through.
#[track_caller]
fn is_gone_through(text: &str, query: &Query) -> bool {
    let Some((tree, notes)) = query.tree() else { return false };
    let (mut own, mut whole) = (Scan::new(notes, &[]), Scan::new(notes, &[]));
    own.query(tree);
    assert!(tree.visit(&mut whole).is_continue());
    assert_eq!(own.references, whole.references, "{text}");
    assert_eq!((own.qualifiers, own.bare), (whole.qualifiers, whole.bare), "{text}");
    true
}

/// Compares the references, then the qualifiers, then the text with each reference put into
/// the schema `"d"."g"`.
#[track_caller]
fn check(text: &str, expect: Expect) {
    let query = query(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    assert!(is_gone_through(text, &query), "{text}");
    let references: Vec<String> = query.references().iter().map(dotted).collect();
    let rewritten = query.rewrite(&|name| Some(format!("\"d\".\"g\".{}", name.parts.last()?.sql())));
    expect.assert_eq(&format!("{}\n{}\n{rewritten}\n", references.join(" "), qualifiers(text, &query)));
}

/// The qualifiers of a query, each with the relation it means.
fn qualifiers(text: &str, query: &Query) -> String {
    let shown = query
        .qualifiers()
        .iter()
        .map(|qualifier| format!("{} = {}", qualifier.name.span.of(text), dotted(&qualifier.relation)));
    shown.collect::<Vec<_>>().join(", ")
}

/// Compares the qualifiers alone.
#[track_caller]
fn qualified(text: &str, expected: &str) {
    let query = query(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    assert!(is_gone_through(text, &query), "{text}");
    assert_eq!(qualifiers(text, &query), expected, "{text}");
}

#[test]
fn a_cte_shadows_where_it_is_in_scope() {
    check(
        "WITH items AS (SELECT id FROM items) SELECT * FROM items",
        expect![[r#"
            items

            WITH items AS (SELECT id FROM "d"."g"."items") SELECT * FROM items
        "#]],
    );
    check(
        "WITH a AS (SELECT * FROM b), b AS (SELECT 1 AS x) SELECT * FROM a, b",
        expect![[r#"
            b

            WITH a AS (SELECT * FROM "d"."g"."b"), b AS (SELECT 1 AS x) SELECT * FROM a, b
        "#]],
    );
    check(
        "WITH t AS (SELECT 1) SELECT * FROM raw.t",
        expect![[r#"
            raw.t

            WITH t AS (SELECT 1) SELECT * FROM "d"."g"."t"
        "#]],
    );
    check(
        "SELECT 1 FROM t WHERE EXISTS (WITH q AS (SELECT 1) SELECT * FROM q) AND id IN (SELECT id FROM q)",
        expect![[r#"
                t q

                SELECT 1 FROM "d"."g"."t" WHERE EXISTS (WITH q AS (SELECT 1) SELECT * FROM q) AND id IN (SELECT id FROM "d"."g"."q")
            "#]],
    );
    check(
        "WITH q AS (SELECT 1) SELECT (SELECT x FROM (SELECT * FROM q, r) AS s)",
        expect![[r#"
            r

            WITH q AS (SELECT 1) SELECT (SELECT x FROM (SELECT * FROM q, "d"."g"."r") AS s)
        "#]],
    );
}

#[test]
fn recursive_queries_see_each_other() {
    check(
        "WITH MUTUALLY RECURSIVE (RETURN AT RECURSION LIMIT 9) a (n int list) AS (SELECT n FROM b), \
             b (n numeric(10, 2)) AS (SELECT n FROM a UNION SELECT n FROM t) SELECT * FROM a, b, c",
        expect![[r#"
                t c

                WITH MUTUALLY RECURSIVE (RETURN AT RECURSION LIMIT 9) a (n int list) AS (SELECT n FROM b), b (n numeric(10, 2)) AS (SELECT n FROM a UNION SELECT n FROM "d"."g"."t") SELECT * FROM a, b, "d"."g"."c"
            "#]],
    );
}

#[test]
fn functions_and_strings_are_no_references() {
    check(
        "SELECT items(1), 'FROM ghost' FROM raw.lines, generate_series(1, 3) AS g",
        expect![[r#"
            raw.lines

            SELECT items(1), 'FROM ghost' FROM "d"."g"."lines", generate_series(1, 3) AS g
        "#]],
    );
    check(
        "SELECT * FROM ROWS FROM (generate_series(1, 2), unnest(LIST[1, 2])) AS r (a, b)",
        expect![[r#"


            SELECT * FROM ROWS FROM (generate_series(1, 2), unnest(LIST[1, 2])) AS r (a, b)
        "#]],
    );
    check(
        "SELECT $q$ FROM ghost; $q$ AS s -- FROM ghost",
        expect![[r#"


            SELECT $q$ FROM ghost; $q$ AS s
        "#]],
    );
    check(
        "SELECT x::\"Ty pe\", extract(year FROM y) FROM t AS OF now()",
        expect![[r#"
            t

            SELECT x::"Ty pe", extract(year FROM y) FROM "d"."g"."t" AS OF now()
        "#]],
    );
}

#[test]
fn every_place_of_a_relation_is_found() {
    check(
        "SELECT e.* FROM (a JOIN b USING (id) AS ab) JOIN s2.c ON ab.x = c.x, ev e, LATERAL (SELECT * FROM f) g",
        expect![[r#"
                a b s2.c ev f
                c = s2.c
                SELECT e.* FROM ("d"."g"."a" JOIN "d"."g"."b" USING (id) AS ab) JOIN "d"."g"."c" ON ab.x = c.x, "d"."g"."ev" e, LATERAL (SELECT * FROM "d"."g"."f") g
            "#]],
    );
    check(
        "SELECT LIST(SELECT max(id) FROM items), ARRAY(SELECT 1 FROM lines), 1 = ANY (SELECT 1 FROM x) \
             FROM t WHERE a IN (TABLE u) ORDER BY (SELECT 1 FROM o)",
        expect![[r#"
                items lines x t u o

                SELECT LIST(SELECT max(id) FROM "d"."g"."items"), ARRAY(SELECT 1 FROM "d"."g"."lines"), 1 = ANY (SELECT 1 FROM "d"."g"."x") FROM "d"."g"."t" WHERE a IN (TABLE "d"."g"."u") ORDER BY (SELECT 1 FROM "d"."g"."o")
            "#]],
    );
    check(
        "(TABLE ev) UNION ALL TABLE s.ev2 EXCEPT (VALUES ((SELECT 1 FROM v)))",
        expect![[r#"
            ev s.ev2 v

            (TABLE "d"."g"."ev") UNION ALL TABLE "d"."g"."ev2" EXCEPT (VALUES ((SELECT 1 FROM "d"."g"."v")))
        "#]],
    );
    check(
        "SELECT * FROM [u1 AS \"d\".\"s\".\"T t\"] AS x, [u2 AS \"d\".\"s\".\"u\"]",
        expect![[r#"
            d.s."T t" d.s.u

            SELECT * FROM "d"."g"."T t" AS x, "d"."g"."u"
        "#]],
    );
}

#[test]
fn qualifiers_follow_their_relation() {
    check(
        "SELECT pub.ev.id, ev.y, db.pub.ev.*, count(pub.ev.*) FROM pub.ev WHERE pub.ev.arr[1] = 1 \
             ORDER BY pub.ev.id",
        expect![[r#"
                pub.ev
                db.pub.ev = pub.ev, pub.ev = pub.ev, ev = pub.ev, pub.ev = pub.ev, pub.ev = pub.ev, pub.ev = pub.ev
                SELECT "d"."g"."ev".id, ev.y, "d"."g"."ev".*, count("d"."g"."ev".*) FROM "d"."g"."ev" WHERE "d"."g"."ev".arr[1] = 1 ORDER BY "d"."g"."ev".id
            "#]],
    );
    check(
        "SELECT o.total FROM sales.orders o, sales.items WHERE sales.items.id = o.id",
        expect![[r#"
            sales.orders sales.items
            sales.items = sales.items
            SELECT o.total FROM "d"."g"."orders" o, "d"."g"."items" WHERE "d"."g"."items".id = o.id
        "#]],
    );
    check(
        "SELECT a.t.x, b.t.x FROM a.t, b.t",
        expect![[r#"
            a.t b.t
            a.t = a.t, b.t = b.t
            SELECT "d"."g"."t".x, "d"."g"."t".x FROM "d"."g"."t", "d"."g"."t"
        "#]],
    );
    check(
        "WITH t AS (SELECT 1 AS x) SELECT t.x, s.t.y FROM t, s.t",
        expect![[r#"
            s.t
            s.t = s.t
            WITH t AS (SELECT 1 AS x) SELECT t.x, "d"."g"."t".y FROM t, "d"."g"."t"
        "#]],
    );
    check(
        "SELECT (SELECT max(i.n) FROM s.i WHERE s.i.o = s.o.id) FROM s.o",
        expect![[r#"
            s.i s.o
            i = s.i, s.i = s.i, s.o = s.o
            SELECT (SELECT max(i.n) FROM "d"."g"."i" WHERE "d"."g"."i".o = "d"."g"."o".id) FROM "d"."g"."o"
        "#]],
    );
}

#[test]
fn a_qualifier_means_the_relation_whose_name_is_most_like_it() {
    qualified("SELECT 1 FROM s.t WHERE EXISTS (SELECT 1 FROM t WHERE s.t.a = t.a)", "s.t = s.t, t = t");
    qualified("SELECT d.s.t.a FROM t, s.t", "d.s.t = s.t");
    qualified("SELECT d.s.t.a FROM s.t, t", "d.s.t = s.t");
    qualified("SELECT d.s.t.* FROM t, s.t", "d.s.t = s.t");
    qualified("SELECT s.t.a FROM t, d.s.t", "s.t = d.s.t");
    qualified("SELECT (SELECT e.s.t.a FROM s.t LIMIT 1) FROM e.s.t", "e.s.t = e.s.t");
    qualified("SELECT (SELECT s.t.a FROM e.s.t) FROM s.t", "s.t = e.s.t");
    qualified("SELECT (SELECT d.s.t.a FROM s.t) FROM t", "d.s.t = s.t");
    qualified("SELECT (SELECT s.t.a FROM t) FROM u", "s.t = t");
}

#[test]
fn what_has_no_schema_is_meant_with_any() {
    qualified("SELECT (SELECT s.t.a FROM u AS t) FROM s.t", "");
    qualified("SELECT (SELECT s.t.a FROM (SELECT 1 AS a) AS t) FROM s.t", "");
    qualified("WITH t AS (SELECT 1 AS a) SELECT (SELECT s.t.a FROM t) FROM s.t", "");
}

#[test]
fn joins_in_parentheses_with_an_alias_have_their_own_names_inside() {
    check(
        "SELECT x.a FROM (v.base JOIN s.u ON v.base.a = s.u.a) AS x (a, b, c, d)",
        expect![[r#"
            v.base s.u
            v.base = v.base, s.u = s.u
            SELECT x.a FROM ("d"."g"."base" JOIN "d"."g"."u" ON "d"."g"."base".a = "d"."g"."u".a) AS x (a, b, c, d)
        "#]],
    );
    qualified("SELECT base.a FROM (v.base JOIN s.u ON true) AS x WHERE v.base.b = 1", "");
    qualified(
        "SELECT 1 FROM ((a JOIN b ON a.i = b.i) AS x JOIN c ON x.i = c.i AND a.j) AS y JOIN e ON e.i = c.j",
        "a = a, b = b, c = c, e = e",
    );
    qualified(
        "SELECT o.i FROM o, LATERAL (SELECT 1 FROM (a JOIN b ON a.i = o.i) AS x) AS y",
        "o = o, a = a, o = o",
    );
}

/// Compares the relations without an alias: `!` shares its last part, `*` has it stand alone.
#[track_caller]
fn bare(text: &str, expected: &str) {
    let query = query(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let mark = |yes: bool, mark: &'static str| if yes { mark } else { "" };
    let found: Vec<String> = query
        .bare()
        .iter()
        .map(|one| format!("{}{}{}", one.at.of(text), mark(one.shared, "!"), mark(one.alone, "*")))
        .collect();
    assert_eq!(found.join(" "), expected, "{text}");
}

#[test]
fn relations_without_an_alias_are_told() {
    bare("SELECT * FROM s.a, b AS x, c y, (d JOIN e USING (id)) WHERE f IN (TABLE g)", "s.a d e");
    bare("SELECT 1 FROM a.t, b.t", "a.t! b.t!");
    bare("WITH t AS (SELECT 1 FROM t) SELECT 1 FROM t, s.t", "t s.t*");
    bare("SELECT 1 FROM s.t, LATERAL (SELECT 2) AS T, u", "s.t* u");
    bare("SELECT 1 FROM s.t, generate_series(1, 2) AS t", "s.t*");
    bare("SELECT t, u.v, \"U\" FROM s.t, u, \"U\" ORDER BY u", "s.t* u* \"U\"*");
    bare("SELECT 1 FROM s.t WHERE EXISTS (SELECT t FROM s.u AS t, v WHERE v = 1)", "s.t v*");
    bare("SELECT 1 FROM c, (a JOIN s.b ON a = b.i) AS x", "c a* s.b");
}

#[test]
fn an_alias_hides_a_relation_further_out() {
    let text = "SELECT (SELECT x.a FROM (SELECT 1 AS a) AS x) FROM s.x";
    let query = query(text).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(query.qualifiers(), []);
}

#[test]
fn a_query_only_the_server_reads_is_guessed() {
    let text = "SELECT * FROM (SHOW TABLES) AS x, s.t JOIN u ON true WHERE f(SELECT 1 FROM w)";
    let query = query(text).unwrap_or_else(|error| panic!("{error}"));
    let references: Vec<String> = query.references().iter().map(dotted).collect();
    assert_eq!(query.opaque().map(|opaque| opaque.at.of(text)), Some("SHOW"));
    assert_eq!(references, ["s.t", "u", "w"]);
}

#[test]
fn an_order_behind_parentheses_sees_what_is_in_them() {
    check(
        "(SELECT s.t.a FROM s.t) ORDER BY s.t.b",
        expect![[r#"
            s.t
            s.t = s.t, s.t = s.t
            (SELECT "d"."g"."t".a FROM "d"."g"."t") ORDER BY "d"."g"."t".b
        "#]],
    );
}

#[test]
fn words_that_begin_clauses_are_names_of_relations_where_the_query_is_guessed_too() {
    let text = "SELECT 1 FROM order, values v JOIN t ON true GROUP BY a UP TO 1";
    let query = query(text).unwrap_or_else(|error| panic!("{error}"));
    assert!(query.opaque().is_some());
    let references: Vec<String> = query.references().iter().map(dotted).collect();
    assert_eq!(references.join(" "), "\"order\" \"values\" t");
}

#[test]
fn a_collation_stands_behind_any_expression() {
    for text in
        ["SELECT a::text COLLATE \"C\" < 'b' FROM t", "SELECT f(a)[1] COLLATE pg_catalog.x || b FROM t"]
    {
        let query = query(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert!(query.opaque().is_none(), "{text}");
    }
}

#[test]
fn every_word_may_be_a_name_where_only_names_stand() {
    check(
        "SELECT k.fetch, k.select, 1 AS from FROM k AS k JOIN order ON k.group = 1 GROUP BY year OPTIONS (LIMIT INPUT GROUP SIZE 1)",
        expect![[r#"
            k "order"

            SELECT k.fetch, k.select, 1 AS from FROM "d"."g"."k" AS k JOIN "d"."g"."order" ON k.group = 1 GROUP BY year OPTIONS (LIMIT INPUT GROUP SIZE 1)
        "#]],
    );
}

/// Source: the recordings, which have a bit of everything.
#[test]
fn both_ways_through_a_tree_find_the_same() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/conformance");
    let (mut folders, mut seen) = (vec![std::path::PathBuf::from(folder)], 0);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let Ok(text) = std::fs::read_to_string(&path) else { continue };
            for line in text.lines() {
                let body =
                    line.split_once(" AS ").filter(|_| line.starts_with("CREATE ")).map(|(_, body)| body);
                let body = body.unwrap_or(line).trim_end_matches(';');
                if ["SELECT", "WITH", "VALUES", "(", "TABLE"].iter().any(|word| body.starts_with(word))
                    && let Ok(query) = query(body)
                {
                    seen += usize::from(is_gone_through(body, &query));
                }
            }
        }
    }
    assert!(seen > 500, "{seen}");
}
