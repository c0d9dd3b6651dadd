//! Which queries are let through although they cannot be read, and what they are said to name.

use expect_test::Expect;
use expect_test::expect;

use crate::sql::ast::RawName;
use crate::sql::ast::StatementKind;
use crate::sql::error::SyntaxError;
use crate::sql::opaque::instead;
use crate::sql::parse::file;
use crate::sql::query::Expr;
use crate::sql::query::Query;

/// Reads the query of a view in a file.
fn view(text: &str) -> Result<Query, SyntaxError> {
    let (statements, mut mistakes) = file(&format!("CREATE VIEW v AS {text}"));
    match statements.into_iter().next().map(|one| one.kind) {
        Some(StatementKind::CreateView(view)) => Ok(view.query),
        Some(kind) => panic!("{text} was read as {kind:?}"),
        None => Err(mistakes.remove(0)),
    }
}

#[test]
fn certain_mistakes_are_told() {
    for (text, message) in [
        ("SELECT a FORM t", "found identifier \"t\"; FROM is meant"),
        ("SELECT a FROM t WEHRE x = 1", "found identifier \"x\"; WHERE is meant"),
        ("SELECT a FROM t GRUOP BY a", "found BY; GROUP is meant"),
        ("SELECT a FROM t ODER BY a", "found BY; ORDER is meant"),
        ("SELECT a FROM t LEFT JION u ON true", "JOIN after LEFT; JOIN is meant"),
        ("SELECT a FROM (SELECT b FROM t WEHRE x) s", "found identifier \"x\"; WHERE is meant"),
        ("SELECT DISTNCT a b FROM t", "found identifier \"b\"; DISTINCT is meant"),
        ("SELECT a, FROM t", "found FROM"),
        ("SELECT a FROM t WHERE", "found EOF"),
        ("SELECT a FROM t WHERE AND b", "found identifier \"b\""),
        ("SELECT a FROM t WHERE b = ORDER BY c", "found ORDER"),
        ("SELECT a FROM t JOIN u ON", "found EOF"),
        ("SELECT CASE WHEN a THEN FROM t", "found FROM"),
        ("SELECT a FROM (SELECT b FROM t WHERE) AS s", "found right parenthesis"),
        ("SELECT a FROM t ORDER BY a WHERE b", "found WHERE"),
        ("SELECT a FROM t LIMIT 1 UNION SELECT b FROM t", "found UNION"),
        ("SELECT 1 SELECT 2", "found SELECT"),
        ("SELECT (1", "found EOF"),
        ("SELECT f(1] FROM t", "found right square bracket"),
        ("SELECT x y z FROM t", "found identifier \"z\""),
        ("SELECT id amount total FROM t", "found identifier \"total\""),
        ("SELECT a FROM (SELECT x y z FROM t) AS s", "found identifier \"z\""),
        ("SELECT f(a b) FROM t", "found identifier \"b\""),
        ("VALUES (1 2)", "found number \"2\""),
        ("SELECT a FROM t CREATE INDEX i IN CLUSTER c ON t (a)", "found CREATE"),
        ("SELECT a FROM t WHERE b\nCOMMENT ON VIEW v IS 'x'", "found COMMENT"),
        ("SELECT a FROM t GRANT SELECT ON v TO r", "found GRANT"),
        ("SELECT a FROM t EXECUTE UNIT TEST x FOR v EXPECTED (a int) AS SELECT 1", "found EXECUTE"),
        ("SELECT a FROM t LEFT JOIN u", "USING after JOIN, found EOF"),
        ("SELECT a FROM (t JOIN u) JOIN v ON b", "USING after JOIN, found right parenthesis"),
        ("SELECT a FROM s.t CROS JOIN s.u", "USING after JOIN, found EOF; CROSS is meant"),
        ("SELECT a FROM s.t NATURL JOIN s.u", "USING after JOIN, found EOF; NATURAL is meant"),
        ("SELECT a FROM (s.t JOIN s.u USIN (a))", "found right parenthesis; USING is meant"),
        (
            "WITH MUTUALLY RECURSIVE (REURSION LIMIT 9) r (n int) AS (SELECT 1) SELECT n FROM r",
            "found identifier \"reursion\"; RECURSION is meant",
        ),
        ("WITH MUTUALLY RECURSIVE r AS (SELECT 1) SELECT * FROM r", "Expected left parenthesis, found AS"),
    ] {
        match view(text) {
            Ok(query) => panic!("{text} was read as {query:?}: {:?}", query.opaque()),
            Err(error) => {
                let meant = error.meant.map(|word| format!("; {word} is meant")).unwrap_or_default();
                let told = format!("{}{meant}", error.message);
                assert!(told.ends_with(message), "{text}: {told}");
            }
        }
    }
}

#[test]
fn what_may_be_right_is_let_through() {
    for (text, at) in [
        ("SELECT a FROM t TABLESAMPLE BERNOULLI (10)", "BERNOULLI"),
        ("SELECT * EXCLUDE (a) FROM t", "EXCLUDE"),
        ("SELECT a AT LOCAL FROM t", "LOCAL"),
        ("SELECT a FROM t FINAL SAMPLE 5", "SAMPLE"),
        ("SELECT f(a => 1) FROM t", "=>"),
        ("SELECT a FROM t GROUP BY GROUPING SETS ((a), ())", "SETS"),
        ("SELECT a FROM t UNION BY NAME SELECT a FROM u", "BY"),
        ("SELECT a FROM t |> WHERE b", "|>"),
        ("WITH a AS MATERIALIZED (SELECT 1) SELECT * FROM a", "MATERIALIZED"),
        ("SELECT f(a WHERE b) FROM t", "WHERE"),
        ("SELECT a::int FROM t EMIT CHANGES", "CHANGES"),
        ("SELECT id name value FROM t", "value"),
        ("SHOW TABLES", "SHOW"),
        ("SELECT a FROM t WHERE EXISTS (SELECT WHERE b)", "WHERE"),
        ("SELECT GROUP BY a", "GROUP"),
        ("SELECT", ""),
        ("(SELECT)", ")"),
        ("SELECT a FROM t UNION SELECT", ""),
        ("SELECT a FROM t JOIN u JOIN v ON b ON c", "ON"),
        ("WITH RECURSIVE r AS (SELECT 1) SELECT * FROM r", "r"),
    ] {
        let query = view(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let opaque = query.opaque().unwrap_or_else(|| panic!("{text} was read"));
        let whole = format!("CREATE VIEW v AS {text}");
        assert_eq!(opaque.at.of(&whole), at, "{text}");
    }
}

#[test]
fn a_word_that_older_servers_reserve_not_is_an_alias_in_a_recursive_query() {
    for alias in ["all", "distinct"] {
        let text = format!(
            "WITH MUTUALLY RECURSIVE x (a int) AS (SELECT 1 FROM s.t JOIN s.u {alias} ON true) SELECT a FROM x"
        );
        if let Err(error) = view(&text) {
            panic!("{text}: {error}");
        }
    }
}

#[test]
fn what_there_is_instead_is_told_where_it_is_missed() {
    for (text, is_told) in [
        ("WITH RECURSIVE r AS (SELECT 1) SELECT * FROM r", true),
        ("SELECT 1 FROM (with\n  recursive r (n) AS (SELECT 1) SELECT 2) AS s", true),
        ("WITH a AS MATERIALIZED (SELECT 1) SELECT * FROM a", false),
    ] {
        let query = view(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let opaque = query.opaque().unwrap_or_else(|| panic!("{text} was read"));
        assert_eq!(instead(&format!("CREATE VIEW v AS {text}"), opaque.at).is_some(), is_told, "{text}");
    }
}

/// Reads the one key of an index in a file.
fn key(text: &str) -> Result<Expr, SyntaxError> {
    let (statements, mut mistakes) = file(&format!("CREATE INDEX i ON s.t ({text})"));
    match statements.into_iter().next().map(|one| one.kind) {
        Some(StatementKind::CreateIndex(mut index)) => Ok(index.keys.remove(0)),
        Some(kind) => panic!("{text} was read as {kind:?}"),
        None => Err(mistakes.remove(0)),
    }
}

#[test]
fn keys_are_let_through_like_queries() {
    for (text, at, names) in [
        ("f(a => 1)", "=>", ""),
        ("s.t.a AT LOCAL, b", "AT", "s.t"),
        ("(SELECT max(x) FILL 0 FROM u)", "0", "u"),
        ("extract(day FROM t.a BY b)", "BY", "t"),
        ("a::kind AT LOCAL", "AT", "kind"),
    ] {
        let key = key(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let opaque = key.opaque().unwrap_or_else(|| panic!("{text} was read"));
        let whole = format!("CREATE INDEX i ON s.t ({text})");
        assert_eq!(opaque.at.of(&whole), at, "{text}");
        let qualifiers = key.qualifiers().iter().map(|one| dotted(&one.name));
        let found: Vec<String> =
            key.references().iter().chain(key.types()).map(dotted).chain(qualifiers).collect();
        assert_eq!(found.join(" "), names, "{text}");
    }
    for text in ["amount total", "a +", "a FROM b", "f(a", "a, , b", "CASE WHEN a THEN END"] {
        assert!(key(text).is_err(), "{text}");
    }
}

#[test]
fn a_server_refuses_what_it_cannot_read() {
    let text = "CREATE VIEW v AS SELECT * EXCLUDE (a) FROM t";
    assert!(crate::sql::parse::batch(text).is_err());
    assert_eq!(file(text).1, []);
}

fn dotted(name: &RawName) -> String {
    let parts: Vec<String> = name.parts.iter().map(ToString::to_string).collect();
    parts.join(".")
}

/// Compares the references, the qualifiers and the other names of a query that is not read, then
/// the text with each reference put into the schema `"d"."g"`.
#[track_caller]
fn check(text: &str, expect: Expect) {
    let query = view(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let opaque = query.opaque().unwrap_or_else(|| panic!("{text} was read"));
    let references: Vec<String> = query.references().iter().map(dotted).collect();
    let whole = format!("CREATE VIEW v AS {text}");
    let qualifiers = query.qualifiers().iter();
    let qualifiers: Vec<String> =
        qualifiers.map(|one| format!("{} = {}", one.name.span.of(&whole), dotted(&one.relation))).collect();
    let readings = |names: &Vec<RawName>| names.iter().map(dotted).collect::<Vec<_>>().join("|");
    let perhaps: Vec<String> = opaque.perhaps.iter().map(readings).collect();
    let rewritten = query.rewrite(&|name| Some(format!("\"d\".\"g\".{}", name.parts.last()?.sql())));
    let lists = [references.join(" "), qualifiers.join(", "), perhaps.join(" ")].join("\n");
    expect.assert_eq(&format!("{lists}\n{rewritten}\n"));
}

#[test]
fn names_are_found_where_relations_stand() {
    check(
        "SELECT * EXCLUDE (x) FROM s.a, (b JOIN s.c USING (id)) JOIN LATERAL (SELECT 1 FROM d) ON true, f(e), \
         ROWS FROM (g(1)) WHERE i IN (TABLE h) AND y IS DISTINCT FROM z AND extract(day FROM w) = 1",
        expect![[r#"
            s.a b s.c d h


            SELECT * EXCLUDE (x) FROM "d"."g"."a", ("d"."g"."b" JOIN "d"."g"."c" USING (id)) JOIN LATERAL (SELECT 1 FROM "d"."g"."d") ON true, f(e), ROWS FROM (g(1)) WHERE i IN (TABLE "d"."g"."h") AND y IS DISTINCT FROM z AND extract(day FROM w) = 1
        "#]],
    );
    check(
        "SELECT * FROM CHANGES (s.a AS OF AT LEAST mz_now()), CHANGES ((SELECT * FROM b) AS OF 1), c FINAL KEEP 1",
        expect![[r#"
            s.a b c


            SELECT * FROM CHANGES ("d"."g"."a" AS OF AT LEAST mz_now()), CHANGES ((SELECT * FROM "d"."g"."b") AS OF 1), "d"."g"."c" FINAL KEEP 1
        "#]],
    );
}

#[test]
fn a_column_called_rows_hides_no_relation() {
    check(
        "SELECT count(*) AS rows FROM (SELECT * EXCLUDE (x) FROM s.a) AS i, b",
        expect![[r#"
            s.a b


            SELECT count(*) AS rows FROM (SELECT * EXCLUDE (x) FROM "d"."g"."a") AS i, "d"."g"."b"
        "#]],
    );
    check(
        "WITH a AS MATERIALIZED (SELECT 1) TABLE items",
        expect![[r#"
            items


            WITH a AS MATERIALIZED (SELECT 1) TABLE "d"."g"."items"
        "#]],
    );
    check(
        "SELECT * EXCLUDE (x), CAST(a AS kind), CAST(b AS sales.kind), sales.f.x FROM t",
        expect![[r#"
            t

            sales.kind sales.f.x|sales.f
            SELECT * EXCLUDE (x), CAST(a AS kind), CAST(b AS sales.kind), sales.f.x FROM "d"."g"."t"
        "#]],
    );
}

#[test]
fn a_cte_shadows_where_it_is_in_scope() {
    check(
        "WITH items AS MATERIALIZED (SELECT * FROM items), b (x) AS (SELECT * FROM items, late), \
         late AS (SELECT 1) SELECT * FROM items, b, late, (WITH q AS (SELECT 1) SELECT * FROM q) s, q, raw.b",
        expect![[r#"
            items late q raw.b


            WITH items AS MATERIALIZED (SELECT * FROM "d"."g"."items"), b (x) AS (SELECT * FROM items, "d"."g"."late"), late AS (SELECT 1) SELECT * FROM items, b, late, (WITH q AS (SELECT 1) SELECT * FROM q) s, "d"."g"."q", "d"."g"."b"
        "#]],
    );
    check(
        "WITH MUTUALLY RECURSIVE (RETURN AT RECURSION LIMIT 9) a (n int) AS (SELECT n FROM b), \
         b (n int) AS (SELECT n FROM a UNION BY NAME SELECT n FROM t) SELECT * FROM a, b, c",
        expect![[r#"
            t c


            WITH MUTUALLY RECURSIVE (RETURN AT RECURSION LIMIT 9) a (n int) AS (SELECT n FROM b), b (n int) AS (SELECT n FROM a UNION BY NAME SELECT n FROM "d"."g"."t") SELECT * FROM a, b, "d"."g"."c"
        "#]],
    );
}

#[test]
fn a_query_that_should_be_recursive_reads_itself() {
    check(
        "WITH RECURSIVE r (n) AS (SELECT 1 UNION ALL SELECT n FROM r, t) SELECT n FROM r, u",
        expect![[r#"
            t u


            WITH RECURSIVE r (n) AS (SELECT 1 UNION ALL SELECT n FROM r, "d"."g"."t") SELECT n FROM r, "d"."g"."u"
        "#]],
    );
}

#[test]
fn columns_follow_their_relation() {
    check(
        "SELECT * EXCLUDE (x), sales.orders.total, orders.id, db.sales.orders.*, i.n, sales.items.n, u.m \
         FROM sales.orders, sales.items i, t AS u WHERE other.thing.x = 1 AND other.thing = 2",
        expect![[r#"
            sales.orders sales.items t
            sales.orders = sales.orders, orders = sales.orders, db.sales.orders = sales.orders, sales.items = sales.items
            other.thing.x|other.thing other.thing
            SELECT * EXCLUDE (x), "d"."g"."orders".total, orders.id, "d"."g"."orders".*, i.n, "d"."g"."items".n, u.m FROM "d"."g"."orders", "d"."g"."items" i, "d"."g"."t" AS u WHERE other.thing.x = 1 AND other.thing = 2
        "#]],
    );
    check(
        "SELECT a::sales.kind FROM ref(sales.orders), sales.orders orders LIKELY 5 ORDER BY orders.id",
        expect![[r#"
            sales.orders

            sales.kind sales.orders
            SELECT a::sales.kind FROM ref(sales.orders), "d"."g"."orders" orders LIKELY 5 ORDER BY orders.id
        "#]],
    );
}
