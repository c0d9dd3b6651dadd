//! Statements without their literals.

use expect_test::expect;

use super::redact;

#[test]
fn redacted_as_recorded() {
    let stored = "CREATE VIEW csq_db.public.v07 AS SELECT id::pg_catalog.text AS a, js ->> 'k' AS c, arr[1] AS e, \
                  'it''s' AS f, -1 AS g, 1.50 AS h, NULL AS i, true AS j, INTERVAL '1 day' AS k, \
                  n::[s32 AS \"pg_catalog\".\"numeric\"](12, 2) - 2 FROM [u12 AS \"d\".\"s\".\"t 3\"] AS OF 1700";
    let table = "CREATE TABLE d.\"s 1\".\"x AS 'y\" (n pg_catalog.numeric(12, 2) DEFAULT 1.5, b pg_catalog.varchar(10))";
    expect![[r#"CREATE TABLE d."s 1"."x AS 'y" (n pg_catalog.numeric(12, 2) DEFAULT '<REDACTED>', b pg_catalog.varchar(10))"#]].assert_eq(&redact(table));
    expect![[r#"CREATE VIEW csq_db.public.v07 AS SELECT id::pg_catalog.text AS a, js ->> '<REDACTED>' AS c, arr['<REDACTED>'] AS e, '<REDACTED>' AS f, '<REDACTED>' AS g, '<REDACTED>' AS h, NULL AS i, true AS j, INTERVAL '<REDACTED>' AS k, n::[s32 AS "pg_catalog"."numeric"](12, 2) - '<REDACTED>' FROM [u12 AS "d"."s"."t 3"] AS OF 1700"#]].assert_eq(&redact(stored));
}
