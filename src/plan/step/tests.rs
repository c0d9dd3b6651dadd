//! What steps say, in words and for the server.

use expect_test::Expect;
use expect_test::expect;

use super::*;
use crate::plan::privilege::DefaultScope;

#[track_caller]
fn check(step: &Step, expect: Expect) {
    expect.assert_eq(&format!("{}\n{}", step.what(), step.sql()));
}

fn object(text: &str) -> ObjectName {
    text.parse().expect("a name")
}

#[test]
fn exchanges_quote_everything_and_leave_the_second_name_bare() {
    let a = "app.Core".parse::<SchemaName>().expect("a name");
    let b = Ident::new("core__1__mzf").expect("a name");
    check(
        &Step::Exchange(Exchange::SwapSchemas { a, b }),
        expect![[r#"
        swap schema app.core with core__1__mzf
        ALTER SCHEMA "app"."core" SWAP WITH "core__1__mzf""#]],
    );
}

#[test]
fn a_layer_is_dropped_in_one_statement() {
    let names = vec![object("a.b.c"), object(r#"a.b."D""#)];
    check(
        &Step::DropObjects { kind: ObjectKind::MaterializedView, names },
        expect![[r#"
        drop materialized view a.b.c, a.b."D"
        DROP MATERIALIZED VIEW "a"."b"."c", "a"."b"."D" RESTRICT"#]],
    );
}

#[test]
fn views_are_granted_as_tables() {
    let on = vec![
        Target::Object(ObjectKind::View, object("a.b.v")),
        Target::Object(ObjectKind::Table, object("a.b.t")),
    ];
    let to = vec![Grantee::Public, Grantee::Role(RoleName(Ident::new("joe").expect("a name")))];
    check(
        &Step::Grant { privileges: vec!["SELECT".to_owned()], on, to },
        expect![[r#"
        grant SELECT on view a.b.v, table a.b.t to PUBLIC, joe
        GRANT SELECT ON TABLE "a"."b"."v", "a"."b"."t" TO PUBLIC, "joe""#]],
    );
}

#[test]
fn comments_and_defaults() {
    let column = Target::Column(object("a.b.v"), Ident::new("x").expect("a name"));
    check(
        &Step::Comment { on: column, text: Some("it's".to_owned()) },
        expect![[r#"
        comment on column a.b.v.x
        COMMENT ON COLUMN "a"."b"."v"."x" IS 'it''s'"#]],
    );
    let default = DefaultPrivilege {
        role: None,
        scope: DefaultScope::Schema("a.b".parse().expect("a name")),
        on: "TABLES".to_owned(),
        privilege: "SELECT".to_owned(),
        grantee: Grantee::Public,
    };
    check(
        &Step::GrantDefault(default),
        expect![[r#"
            default SELECT on TABLES in schema a.b to PUBLIC
            ALTER DEFAULT PRIVILEGES FOR ALL ROLES IN SCHEMA "a"."b" GRANT SELECT ON TABLES TO PUBLIC"#]],
    );
}

#[test]
fn a_secret_is_masked_wherever_it_is_shown() {
    let step = Step::Statement {
        what: "alter secret a.b.k".to_owned(),
        sql: "ALTER SECRET \"a\".\"b\".\"k\" AS 'hunter2'".to_owned(),
        shown: Some("ALTER SECRET \"a\".\"b\".\"k\" AS '…'".to_owned()),
        origin: None,
    };
    assert!(!step.shown().contains("hunter2"));
    assert!(!step.what().contains("hunter2"));
}

#[test]
fn settings_of_a_role() {
    let role = RoleName(Ident::new("Joe").expect("a name"));
    let set = |parameter, value: Option<&str>| Step::SetRole {
        role: role.clone(),
        parameter,
        value: value.map(str::to_owned),
    };
    check(
        &set(Parameter::SearchPath, Some(r#"a, "B ""c"", d""#)),
        expect![[r#"
            set search_path of role "Joe" to a, "B ""c"", d"
            ALTER ROLE "Joe" SET search_path = "a", "B ""c"", d""#]],
    );
    check(
        &set(Parameter::Cluster, Some("a, b")),
        expect![[r#"
            set cluster of role "Joe" to a, b
            ALTER ROLE "Joe" SET cluster = "a, b""#]],
    );
    check(
        &set(Parameter::Cluster, None),
        expect![[r#"
            reset cluster of role "Joe"
            ALTER ROLE "Joe" RESET cluster"#]],
    );
}
