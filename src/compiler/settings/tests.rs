use expect_test::expect;

use crate::compiler::template::Names;
use crate::compiler::tests::check_under;
use crate::compiler::tests::compiled;
use crate::compiler::tests::object;
use crate::compiler::tests::says;

#[test]
fn settings_are_checked() {
    says(
        "-- file: project.toml\nprofile = \"x\"\n",
        expect![[r#"
        error[project.invalid-settings] project.toml:1:1 unknown field `profile`, expected one of `mz_version`, `dependencies`, `profiles`
    "#]],
    );
    says(
        "-- file: project.toml\n[profiles.a.variables]\nn = 5\n",
        expect![[r#"
        error[project.invalid-settings] project.toml:2:5 invalid type: integer `5`, expected a string
    "#]],
    );
    says(
        "-- file: project.toml\n[profiles.a]\nsuffix = \"_x\"\n",
        expect![[r#"
        error[project.invalid-settings] project.toml:2:1 unknown field `suffix`, expected one of `profile_suffix`, `variables`, `security`
    "#]],
    );
    says(
        "-- file: project.toml\nmz_version = \n",
        expect![[r#"
        error[project.invalid-settings] project.toml:1:14 string values must be quoted, expected literal string
    "#]],
    );
}

#[test]
fn a_profile_chooses_variants() {
    let secrets = "
        -- file: models/shop/sec/k.sql
        CREATE SECRET k AS 'default'
        -- file: models/shop/sec/k__lab.sql
        CREATE SECRET k AS 'lab'
        -- file: models/shop/sec/only__lab.sql
        CREATE SECRET only AS 'lab'
        -- file: models/shop/sec/my__own.sql
        CREATE SECRET my__own AS 'x'
        -- file: models/shop/sec/__x.sql
        CREATE SECRET __x AS 'x'
    ";
    check_under(
        "",
        secrets,
        expect![[r#"
        secret shop.sec.__x
        secret shop.sec.k
        secret shop.sec.my__own
        warning[project.not-mz-deploy] models/shop/sec/my__own.sql:1:23 mz-deploy would take `my__own` for the variant of `my` for profile `own`
    "#]],
    );
    check_under(
        "lab",
        secrets,
        expect![[r#"
        secret shop.sec.__x
        secret shop.sec.k
        secret shop.sec.my__own
        secret shop.sec.only
        warning[project.not-mz-deploy] models/shop/sec/my__own.sql:1:23 mz-deploy would take `my__own` for the variant of `my` for profile `own`
    "#]],
    );
    let (project, _) = compiled(secrets, "lab");
    let k = object(&project, "shop.sec.k");
    assert_eq!(k.create_sql(&k.name, &Names::PRODUCTION), "CREATE SECRET \"shop\".\"sec\".\"k\" AS 'lab'");
    assert!(!format!("{k:?}").contains("lab'"), "a secret's value is not shown");
}

#[test]
fn variants_are_of_one_kind() {
    says(
        "
        -- file: models/shop/pub/v.sql
        CREATE VIEW v AS SELECT 1 AS x
        -- file: models/shop/pub/v__lab.sql
        CREATE VIEW v AS SELECT 2 AS x
        -- file: models/shop/sec/k.sql
        CREATE SECRET k AS 'x'
        -- file: models/shop/sec/k__lab.sql
        CREATE TABLE k (id int)
        ",
        expect![[r#"
            error[project.variant-not-allowed] models/shop/pub/v__lab.sql:1:9 a view cannot have a variant for a profile, and this one is for `lab`
            error[project.variant-kind] models/shop/sec/k__lab.sql:1:9 this variant is a table, another one is a secret
              models/shop/sec/k.sql:1:9 a secret
        "#]],
    );
}

#[test]
fn a_suffix_is_put_behind_databases_and_clusters() {
    let text = "
        -- file: project.toml
        [profiles.dev]
        profile_suffix = \"_x\"
        -- file: models/shop.sql
        GRANT USAGE ON DATABASE shop TO r
        -- file: models/shop/pub.sql
        COMMENT ON SCHEMA shop.pub IS 'p'
        -- file: models/shop/raw/items.sql
        CREATE TABLE items (id int)
        -- file: models/shop/pub/m.sql
        CREATE OR REPLACE MATERIALIZED VIEW shop.pub.m IN CLUSTER c AS -- all
        SELECT shop.raw.items.id, other.s.t.x FROM shop.raw.items, other.s.t;
        CREATE INDEX IF NOT EXISTS i IN CLUSTER quickstart ON m (pub.m.id)
        -- file: clusters/c.sql
        CREATE CLUSTER c (SIZE '25cc'); GRANT USAGE ON CLUSTER c TO r; COMMENT ON CLUSTER c IS 'big'
    ";
    check_under(
        "dev",
        text,
        expect![[r#"
            table shop_x.raw.items
            materialized view shop_x.pub.m in c_x quickstart_x reads shop_x.raw.items external other.s.t index i
            warning[project.not-mz-deploy] models/shop/pub/m.sql:1:45 mz-deploy does not take the database's own name under a profile with a suffix
            warning[project.undeclared-dependency] models/shop/pub/m.sql:2:68 `other.s.t` is not declared: mz-deploy would refuse it
              help: add "other.s.t" to `dependencies` of project.toml
        "#]],
    );
    let (project, _) = compiled(text, "dev");
    let m = object(&project, "shop_x.pub.m");
    let shown = [
        m.create_sql(&m.name, &Names::PRODUCTION),
        m.indexes[0].create_sql(&m.name, &Names::PRODUCTION),
        project.clusters[0].create_sql(),
        project.databases[0].modifiers.grants[0].sql("DATABASE", &project.databases[0].name.sql()),
        project.schemas[0].modifiers.comments[0].sql("SCHEMA", &project.schemas[0].name.sql()),
    ];
    expect![[r#"
        CREATE MATERIALIZED VIEW "shop_x"."pub"."m" IN CLUSTER "c_x" AS -- all
                SELECT "shop_x"."raw"."items".id, "other"."s"."t".x FROM "shop_x"."raw"."items", "other"."s"."t"
        CREATE INDEX "i" IN CLUSTER "quickstart_x" ON "shop_x"."pub"."m" ("shop_x"."pub"."m".id)
        CREATE CLUSTER "c_x" (SIZE '25cc')
        GRANT USAGE ON DATABASE "shop_x" TO "r"
        COMMENT ON SCHEMA "shop_x"."pub" IS 'p'"#]].assert_eq(&shown.join("\n"));
}

#[test]
fn variables_are_replaced_before_parsing() {
    let text = "
        -- file: project.toml
        [profiles.dev.variables]
        n = \"o'k\"
        t = \"raw.items\"
        long = \"a_long_column_name_that_moves_everything\"
        -- file: models/shop/raw/items.sql
        CREATE TABLE items (id int)
        -- file: models/shop/pub/v.sql
        CREATE VIEW v AS SELECT :'n' AS a, ':n' AS b, $$:n$$ AS c, :long FROM :t, raw.itms
    ";
    check_under(
        "dev",
        text,
        expect![[r#"
        table shop.raw.items
        view shop.pub.v reads shop.raw.items
        error[sql.unknown-relation] models/shop/pub/v.sql:1:83 `raw.itms` does not exist
          models/shop/pub/v.sql:1:83 no project object, no declared dependency
          help: did you mean `raw.items`?
    "#]],
    );
    says(
        text,
        expect![[r#"
        error[project.undefined-variable] models/shop/pub/v.sql:1:33 variable `n` is not defined
          help: no profile is selected, so no variable has a value
        error[project.undefined-variable] models/shop/pub/v.sql:1:68 variable `long` is not defined
          help: no profile is selected, so no variable has a value
        error[project.undefined-variable] models/shop/pub/v.sql:1:79 variable `t` is not defined
          help: no profile is selected, so no variable has a value
    "#]],
    );
    says(
        "
        -- file: models/shop/pub/v.sql
        -- PRAGMA WARN_ON_MISSING_VARIABLES;
        CREATE VIEW v AS SELECT 'x' AS a
        -- file: models/shop/pub/w.sql
        -- PRAGMA WARN_ON_MISSING_VARIABLES;
        CREATE VIEW w AS SELECT 1 AS a, :nope AS b
        ",
        expect![[r#"
            warning[project.undefined-variable] models/shop/pub/w.sql:2:41 variable `nope` is not defined
              help: no profile is selected, so no variable has a value
        "#]],
    );
}
