use std::fmt::Write;

use expect_test::Expect;
use expect_test::expect;

use crate::sql::ast::StatementKind;
use crate::sql::ast::project::Rows;
use crate::sql::error::SyntaxError;
use crate::sql::parse::batch;
use crate::sql::span::line_column;

/// Reads a test and compares its clauses, one a line, and its mistakes.
#[track_caller]
fn check(text: &str, expect: Expect) {
    let told = |mistake: &SyntaxError| {
        let (line, column) = line_column(text, mistake.span.start);
        format!("{line}:{column} `{}`: {}\n", mistake.span.of(text), mistake.message)
    };
    let actual = match batch(text) {
        Ok(statements) => match statements.first().map(|statement| &statement.kind) {
            Some(StatementKind::UnitTest(test)) => {
                let mut shown =
                    test.name.as_ref().map_or_else(|| "?".to_owned(), |name| name.ident.to_string());
                if let Some(target) = &test.target {
                    let _ = write!(shown, " for {}", target.span.of(text));
                }
                if let Some(time) = &test.at_time {
                    let _ = write!(shown, " at {}", time.text());
                }
                shown += "\n";
                for mock in &test.mocks {
                    let _ = writeln!(shown, "mock {} {}", mock.name.span.of(text), rows(text, &mock.rows));
                }
                if let Some(expected) = &test.expected {
                    let _ = writeln!(shown, "expected {}", rows(text, expected));
                }
                shown + &test.mistakes.iter().map(told).collect::<String>()
            }
            other => format!("{other:?}"),
        },
        Err(mistake) => told(&mistake),
    };
    expect.assert_eq(&actual);
}

fn rows(text: &str, rows: &Rows) -> String {
    let column = |(name, kind): (&str, &str)| format!("{name}={kind}");
    let columns = rows.columns.iter().map(|one| column((one.name.ident.as_str(), one.type_span.of(text))));
    format!("({}) <{}> {:?}", columns.collect::<Vec<_>>().join(" "), rows.query.text(), rows.query.width())
}

#[test]
fn clauses_are_read_with_and_without_commas() {
    check(
        "EXECUTE UNIT TEST t FOR s.v AT TIME '2026-01-01'::timestamptz
         MOCK a (x int, \"Y z\" numeric(10, 2)) AS SELECT 1, 2.5
         MOCK d.s.b(x text list, m map[text=>int4]) AS (VALUES (LIST['a'], NULL)),
         EXPECTED(n double precision, at timestamp with time zone) AS SELECT 1.5, now()",
        expect![[r#"
            t for s.v at '2026-01-01'::timestamptz
            mock a (x=int Y z=numeric(10, 2)) <SELECT 1, 2.5> Some(2)
            mock d.s.b (x=text list m=map[text=>int4]) <(VALUES (LIST['a'], NULL))> Some(2)
            expected (n=double precision at=timestamp with time zone) <SELECT 1.5, now()> Some(2)
        "#]],
    );
    check(
        "execute unit test \"T 1\" for v expected (x int) as select 1 where false",
        expect![[r#"
            "T 1" for v
            expected (x=int) <select 1 where false> Some(1)
        "#]],
    );
}

#[test]
fn words_of_clauses_are_names_in_queries() {
    check(
        "EXECUTE UNIT TEST t FOR v
         MOCK a (mock int) AS SELECT mock.expected FROM mock JOIN expected (x) ON true WHERE expected > 1
         MOCK expected (x int) AS (WITH expected (x) AS (SELECT 1) SELECT x FROM expected) UNION ALL (SELECT 2)
         MOCK mock (x int) AS WITH a AS (SELECT 1), expected (x int) AS (SELECT 2) SELECT * FROM mock, expected
         EXPECTED (x int) AS VALUES (1)",
        expect![[r#"
            t for v
            mock a (mock=int) <SELECT mock.expected FROM mock JOIN expected (x) ON true WHERE expected > 1> Some(1)
            mock expected (x=int) <(WITH expected (x) AS (SELECT 1) SELECT x FROM expected) UNION ALL (SELECT 2)> Some(1)
            mock mock (x=int) <WITH a AS (SELECT 1), expected (x int) AS (SELECT 2) SELECT * FROM mock, expected> None
            expected (x=int) <VALUES (1)> Some(1)
        "#]],
    );
}

#[test]
fn every_mistake_is_told_and_none_hides_the_others() {
    check(
        "EXECUTE UNIT TEST t FOR v
         MOCK a () AS SELECT 1
         MOCK b (x) AS SELECT 1
         MOCK c (x int) SELECT 1
         MOCK d (x int) AS SELEC 1
         MOCK e (x int) AS SELECT 1
         MUCK f (x int) AS SELECT 1
         EXPECTED (x int AS SELECT 1",
        expect![[r#"
            t for v
            2:18 `)`: Expected identifier, found right parenthesis
            3:19 `)`: Expected a data type name, found right parenthesis
            4:25 `SELECT`: Expected AS, found SELECT
            5:28 `SELEC`: Expected SELECT, VALUES, or a subquery in the query body, found identifier "selec"
            7:15 `f`: Expected end of statement, found identifier "f"
            8:26 `AS`: Expected right parenthesis, found AS
        "#]],
    );
}

#[test]
fn what_can_be_read_is_kept() {
    check(
        "EXECUTE UNIT TEST t v MOCK a (x int) AS SELECT 1",
        expect![[r#"
        t
        mock a (x=int) <SELECT 1> Some(1)
        1:21 `v`: Expected FOR, found identifier "v"
    "#]],
    );
    check(
        "EXECUTE UNIT TEST t FOR v",
        expect![[r#"
        t for v
        1:26 ``: Expected EXPECTED, found EOF
    "#]],
    );
    check(
        "EXECUTE UNIT TEST t FOR v AT TIME MOCK a (x int) AS SELECT 1",
        expect![[r#"
        t for v
        mock a (x=int) <SELECT 1> Some(1)
        1:35 ``: Expected an expression, found EOF
    "#]],
    );
    check(
        "EXECUTE UNIT TEST t FOR v EXPECTED (x int) AS SELECT 1, MOCK a (x int) AS SELECT 2, EXPECTED (y int) AS SELECT 3",
        expect![[r#"
            t for v
            expected (x=int) <SELECT 1> Some(1)
            1:57 `MOCK`: EXPECTED is the last clause of a test, and there is one of it
            1:85 `EXPECTED`: EXPECTED is the last clause of a test, and there is one of it
        "#]],
    );
    check(
        "EXECUTE UNIT TEST t FOR v EXPECTED (x int) AS SELECT 1,",
        expect![[r#"
        t for v
        1:56 ``: Expected an expression, found EOF
    "#]],
    );
    check(
        "EXECUTE UNIT TEST FOR v EXPECTED (x int) AS SELECT 1",
        expect![[r#"
        "for"
        expected (x=int) <SELECT 1> Some(1)
        1:23 `v`: Expected FOR, found identifier "v"
    "#]],
    );
    check(
        "EXECUTE UNIT TEST 'x' FOR v",
        expect![[r#"
            ?
            1:19 `'x'`: Expected identifier, found string literal "x"
        "#]],
    );
}
