//! The system's relations over a small catalog, made by hand.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashSet;
use std::sync::Arc;

use expect_test::Expect;
use expect_test::expect;

use super::super::hydration::Kept;
use super::super::hydration::Runtime;
use super::super::hydration::SessionFacts;
use super::super::model::Commented;
use super::super::model::Database;
use super::super::model::Row;
use super::super::model::Schema;
use super::super::model::State;
use super::super::model::access::Acl;
use super::super::model::access::DefaultAclKey;
use super::super::model::access::DefaultAclOn;
use super::super::model::access::Grantee;
use super::super::model::access::Privilege;
use super::super::model::access::Role;
use super::super::model::cluster::Cluster;
use super::super::model::cluster::Managed;
use super::super::model::cluster::Replica;
use super::super::model::column::Column;
use super::super::model::column::Type;
use super::super::model::id::ClusterId;
use super::super::model::id::DatabaseId;
use super::super::model::id::ItemId;
use super::super::model::id::ReplicaId;
use super::super::model::id::RoleId;
use super::super::model::id::SchemaId;
use super::super::model::item::IndexKey;
use super::super::model::item::Item;
use super::super::model::item::ItemData;
use super::super::model::item::SourceData;
use super::super::scope::Scope;
use super::show;
use super::spec;
use super::text;
use super::types;
use crate::clock::Timestamp;
use crate::name::Ident;
use crate::name::ObjectKind;
use crate::sql::ast::StatementKind;

const NOW: Timestamp = Timestamp(1_777_982_171_500);
const CREATED: Timestamp = Timestamp(1_777_982_000_000);
const SYSTEM: RoleId = RoleId::System(1);
const ALICE: RoleId = RoleId::User(1);
const READERS: RoleId = RoleId::User(2);

fn ident(text: &str) -> Ident {
    Ident::new(text).unwrap()
}

fn acl(entries: &[(Grantee, RoleId, &[Privilege])]) -> Acl {
    entries
        .iter()
        .map(|(grantee, grantor, held)| ((*grantee, *grantor), held.iter().copied().collect()))
        .collect()
}

fn own(held: &[Privilege]) -> Acl {
    acl(&[(Grantee::Role(ALICE), ALICE, held)])
}

fn role(name: &str, oid: u32, superuser: bool, member_of: &[RoleId]) -> Role {
    Role {
        oid,
        name: ident(name),
        inherit: true,
        login: Some(name != "readers"),
        superuser: Some(superuser),
        member_of: member_of.iter().map(|id| (*id, SYSTEM)).collect(),
        settings: BTreeMap::new(),
    }
}

fn column(name: &str, kind: Type, nullable: bool) -> Column {
    Column { name: ident(name), kind, nullable, default: None }
}

fn item(id: u64, name: &str, uses: &[u64], columns: Vec<Column>, data: ItemData) -> (ItemId, Arc<Item>) {
    let id = ItemId::User(id);
    let number = match id {
        ItemId::User(number) | ItemId::System(number) => u32::try_from(number).unwrap(),
    };
    let item = Item {
        id,
        oid: 20_000 + number,
        schema: SchemaId::User(3),
        name: ident(name),
        owner: ALICE,
        acl: own(&[Privilege::Select]),
        created: CREATED,
        listed: 0,
        create_sql: format!("CREATE SOMETHING \"{name}\""),
        uses: uses.iter().map(|id| ItemId::User(*id)).collect(),
        uses_system: BTreeSet::new(),
        columns: Some(Arc::new(columns)),
        data,
    };
    (id, Arc::new(item))
}

fn cluster() -> Cluster {
    let replica = Replica { name: ident("r1"), size: "25cc".to_owned(), owner: SYSTEM, created: CREATED };
    Cluster {
        name: ident("quickstart"),
        owner: SYSTEM,
        acl: acl(&[(Grantee::Public, SYSTEM, &[Privilege::Usage])]),
        managed: Some(Managed {
            size: "25cc".to_owned(),
            replication_factor: 1,
            availability_zones: Vec::new(),
            introspection_interval_ms: Some(1000),
            introspection_debugging: false,
            on_refresh_ms: None,
            on_hydration: None,
            compression: false,
        }),
        replicas: BTreeMap::from([(ReplicaId::User(1), replica)]),
        workload_class: None,
    }
}

/// A database with one schema, in which a table, a view, a materialized view, an index, a load
/// generator with a subsource and its progress, and a type are.
fn state() -> State {
    let mut state = State::default();
    let catalog = &mut state.catalog;
    catalog.roles.insert(SYSTEM, role("mz_system", 16_000, true, &[]));
    catalog.roles.insert(RoleId::System(2), role("mz_support", 16_001, false, &[]));
    catalog.roles.insert(ALICE, role("alice", 20_001, false, &[READERS]));
    catalog.roles.insert(READERS, role("readers", 20_002, false, &[]));
    let both: &[Privilege] = &[Privilege::Usage, Privilege::Create];
    let usage: &[Privilege] = &[Privilege::Usage];
    catalog.databases.insert(
        DatabaseId::User(1),
        Database { oid: 20_010, name: ident("shop"), owner: ALICE, acl: own(both) },
    );
    let granted = [
        (Grantee::Public, ALICE, usage),
        (Grantee::Role(RoleId::System(2)), ALICE, usage),
        (Grantee::Role(ALICE), ALICE, both),
    ];
    catalog.schemas.insert(
        SchemaId::User(3),
        Schema {
            oid: 20_011,
            database: DatabaseId::User(1),
            name: ident("app"),
            owner: ALICE,
            acl: acl(&granted),
        },
    );
    catalog.clusters.insert(ClusterId::User(1), cluster());
    catalog.items.extend(relations());
    catalog.items.extend(sources());
    catalog.comments.insert((Commented::Item(ItemId::User(1)), None), "the table".to_owned());
    catalog.comments.insert((Commented::Item(ItemId::User(1)), Some(2)), "the label".to_owned());
    catalog.comments.insert((Commented::Schema(SchemaId::User(3)), None), "the schema".to_owned());
    let key = DefaultAclKey {
        role: Grantee::Public,
        database: None,
        schema: None,
        on: DefaultAclOn::Object(ObjectKind::Type),
    };
    catalog.default_acls.insert(key, BTreeMap::from([(Grantee::Public, BTreeSet::from([Privilege::Usage]))]));
    state
}

fn relations() -> Vec<(ItemId, Arc<Item>)> {
    let columns = || vec![column("id", Type::Int4, false), column("label", Type::Text, true)];
    let number = vec![column("n", Type::Int8, false)];
    let cluster = ClusterId::User(1);
    let view = ItemData::View { query: "SELECT \"id\" FROM [u1 AS \"t\"]".to_owned() };
    let materialized = ItemData::MaterializedView {
        query: "SELECT 1".to_owned(),
        cluster,
        replaces: None,
        refresh: Vec::new(),
    };
    let lower = "\"pg_catalog\".\"lower\"(\"Big Name\", 'a\"b')".to_owned();
    let keys = vec![(IndexKey::Column(1), false), (IndexKey::Expression(lower), true)];
    let list = Type::List(Box::new(Type::Int4));
    vec![
        item(1, "t", &[], columns(), ItemData::Table { from_source: None }),
        item(2, "v", &[1], columns(), view),
        item(3, "m", &[2], number, materialized),
        item(4, "v_idx", &[2], Vec::new(), ItemData::Index { on: ItemId::User(2), cluster, keys }),
        item(8, "ids", &[], Vec::new(), ItemData::Type { category: "LIST".to_owned(), definition: list }),
    ]
}

fn sources() -> Vec<(ItemId, Arc<Item>)> {
    let of = ItemId::User(5);
    let generator = SourceData::LoadGenerator {
        generator: "AUCTION".to_owned(),
        cluster: ClusterId::User(1),
        tick_ms: 1000,
        as_of: 0,
        up_to: None,
        options: Vec::new(),
    };
    let bids = SourceData::Subsource { of, reference: "bids".to_owned() };
    vec![
        item(5, "house", &[], Vec::new(), ItemData::Source(generator)),
        item(6, "house_progress", &[5], Vec::new(), ItemData::Source(SourceData::Progress { of })),
        item(7, "bids", &[5], Vec::new(), ItemData::Source(bids)),
    ]
}

fn runtime() -> Runtime {
    Runtime {
        now: NOW,
        sessions: vec![SessionFacts { id: "uuid".to_owned(), connection: 7, role: ALICE, since: CREATED }],
        subscriptions: Vec::new(),
        role: ALICE,
        database: ident("shop"),
        kept: Kept::default(),
    }
}

fn rows(schema: &str, name: &str) -> Vec<Row> {
    let relation = super::lookup(schema, name).unwrap();
    all_rows(relation, &state(), &runtime())
}

fn all_rows(relation: &super::SystemRelation, state: &State, runtime: &Runtime) -> Vec<Row> {
    relation.fixed.iter().cloned().chain((relation.rows)(state, runtime)).collect()
}

/// The rows of users' things: those whose first column is not the system's.
fn check(schema: &str, name: &str, expected: &Expect) {
    let users = rows(schema, name).into_iter().filter(|row| {
        row.first().is_some_and(|first| first.as_deref().is_none_or(|first| !first.starts_with('s')))
    });
    let lines: Vec<String> = users
        .map(|row| row.iter().map(|value| value.as_deref().unwrap_or("NULL")).collect::<Vec<_>>().join(" | "))
        .collect();
    expected.assert_eq(&format!("{}\n", lines.join("\n")));
}

#[test]
fn descriptions_are_sound() {
    let mut ids = HashSet::new();
    let mut names = HashSet::new();
    for described in super::SPECS.iter().flat_map(|specs| specs.iter()) {
        assert!(ids.insert(described.id), "{} has an id twice", described.name);
        assert!(names.insert((described.schema, described.name)), "{} is there twice", described.name);
        assert!(matches!(described.kind, "table" | "view" | "source"), "{}", described.name);
        for part in described.columns.split(',') {
            let (_, kind) = part.trim().split_once(' ').unwrap();
            assert!(spec::type_of(kind.trim_end_matches('?')).is_some(), "{}: {part}", described.name);
        }
    }
    for function in &*super::functions::ALL {
        assert!(ids.insert(function.id), "{} has an id twice", function.name);
    }
    for id in super::introspection::logs().map(|log| log.id).chain(types::BUILTINS.iter().map(|own| own.id)) {
        assert!(ids.insert(id), "{id} is there twice");
    }
}

/// What is made where only a part is asked for is that part, and whatever else comes along is no other row.
#[test]
fn a_part_of_a_relation_is_as_in_the_whole() {
    let (state, runtime) = (state(), runtime());
    for (name, _) in super::PARTS {
        let relation = super::all().iter().find(|relation| relation.name == name).unwrap();
        let part = relation.part.unwrap();
        let whole = (relation.rows)(&state, &runtime);
        for (at, (_, kind, _)) in relation.columns.iter().enumerate() {
            let texts: BTreeSet<&str> = whole.iter().filter_map(|row| row[at].as_deref()).collect();
            for text in texts.into_iter().filter(|_| *kind == Type::Text) {
                let asked = super::asked::Asked { columns: None, keys: vec![(at, vec![text])] };
                let is_meant = |row: &&Row| row[at].as_deref() == Some(text);
                let found = part(&state, &runtime, &asked);
                let found: Vec<&Row> = found.iter().filter(is_meant).collect();
                let expected: Vec<&Row> = whole.iter().filter(is_meant).collect();
                assert_eq!(found, expected, "{name}: column {at} is {text}");
            }
        }
    }
}

#[test]
fn what_is_absent_is_not_there() {
    assert!(super::unmodelled::is_absent("mz_introspection", "mz_dataflow_operators"));
    assert!(super::unmodelled::is_absent("pg_catalog", "pg_operator"));
    assert!(!super::unmodelled::is_absent("pg_catalog", "pg_nope"));
    for relation in super::all() {
        assert!(!super::unmodelled::is_absent(relation.schema, relation.name), "{}", relation.name);
    }
}

#[test]
fn rows_fit_their_columns() {
    let (state, runtime) = (state(), runtime());
    for relation in super::all() {
        for row in all_rows(relation, &state, &runtime) {
            assert_eq!(row.len(), relation.columns.len(), "{}: {row:?}", relation.name);
            for (value, (column, _, nullable)) in row.iter().zip(relation.columns) {
                assert!(value.is_some() || *nullable, "{}.{column}: {row:?}", relation.name);
            }
        }
    }
}

#[test]
fn objects() {
    check(
        "mz_catalog",
        "mz_objects",
        &expect![[r#"
        u1 | 20001 | u3 | t | table | u1 | NULL | {u1=r/u1}
        u2 | 20002 | u3 | v | view | u1 | NULL | {u1=r/u1}
        u3 | 20003 | u3 | m | materialized-view | u1 | u1 | {u1=r/u1}
        u4 | 20004 | u3 | v_idx | index | u1 | u1 | NULL
        u5 | 20005 | u3 | house | source | u1 | u1 | {u1=r/u1}
        u6 | 20006 | u3 | house_progress | source | u1 | NULL | {u1=r/u1}
        u7 | 20007 | u3 | bids | source | u1 | u1 | {u1=r/u1}
        u8 | 20008 | u3 | ids | type | u1 | NULL | {u1=r/u1}
    "#]],
    );
    check(
        "mz_internal",
        "mz_object_fully_qualified_names",
        &expect![[r#"
        u1 | t | table | u3 | app | u1 | shop | NULL
        u2 | v | view | u3 | app | u1 | shop | NULL
        u3 | m | materialized-view | u3 | app | u1 | shop | u1
        u4 | v_idx | index | u3 | app | u1 | shop | u1
        u5 | house | source | u3 | app | u1 | shop | u1
        u6 | house_progress | source | u3 | app | u1 | shop | NULL
        u7 | bids | source | u3 | app | u1 | shop | u1
        u8 | ids | type | u3 | app | u1 | shop | NULL
    "#]],
    );
    check(
        "mz_catalog",
        "mz_sources",
        &expect![[r#"
        u5 | 20005 | u3 | house | load-generator | NULL | NULL | NULL | NULL | NULL | u1 | u1 | {u1=r/u1} | CREATE SOMETHING "house" | CREATE SOMETHING "house"
        u6 | 20006 | u3 | house_progress | progress | NULL | NULL | NULL | NULL | NULL | NULL | u1 | {u1=r/u1} | CREATE SOMETHING "house_progress" | CREATE SOMETHING "house_progress"
        u7 | 20007 | u3 | bids | subsource | NULL | NULL | NULL | NULL | NULL | u1 | u1 | {u1=r/u1} | CREATE SOMETHING "bids" | CREATE SOMETHING "bids"
    "#]],
    );
    check(
        "mz_catalog",
        "mz_views",
        &expect![[r#"
        u2 | 20002 | u3 | v | SELECT "id" FROM [u1 AS "t"]; | u1 | {u1=r/u1} | CREATE SOMETHING "v" | CREATE SOMETHING "v"
    "#]],
    );
    check(
        "mz_catalog",
        "mz_index_columns",
        &expect![[r#"
        u4 | 1 | 1 | NULL | f
        u4 | 2 | NULL | pg_catalog.lower("Big Name", 'a"b') | t
    "#]],
    );
    check(
        "mz_catalog",
        "mz_columns",
        &expect![[r#"
        u1 | id | 1 | f | integer | NULL | 23 | -1
        u1 | label | 2 | t | text | NULL | 25 | -1
        u2 | id | 1 | f | integer | NULL | 23 | -1
        u2 | label | 2 | t | text | NULL | 25 | -1
        u3 | n | 1 | f | bigint | NULL | 20 | -1
    "#]],
    );
}

#[test]
fn clusters_and_roles() {
    check(
        "mz_catalog",
        "mz_clusters",
        &expect![[r#"
        u1 | quickstart | s1 | {=U/s1} | t | 25cc | 1 | t | NULL | f | 00:00:01
    "#]],
    );
    check(
        "mz_catalog",
        "mz_schemas",
        &expect![[r#"
        u3 | 20011 | u1 | app | u1 | {=U/u1,s2=U/u1,u1=UC/u1}
    "#]],
    );
    check(
        "mz_catalog",
        "mz_role_members",
        &expect![[r#"
        u2 | u1 | s1
    "#]],
    );
    check(
        "mz_catalog",
        "mz_default_privileges",
        &expect![[r#"
        p | NULL | NULL | type | p | U
    "#]],
    );
    check(
        "mz_internal",
        "mz_show_all_privileges",
        &expect![[r#"
        mz_system | PUBLIC | NULL | NULL | quickstart | cluster | USAGE
        alice | alice | NULL | NULL | shop | database | USAGE
        alice | alice | NULL | NULL | shop | database | CREATE
        alice | PUBLIC | shop | NULL | app | schema | USAGE
        alice | alice | shop | NULL | app | schema | USAGE
        alice | alice | shop | NULL | app | schema | CREATE
        alice | alice | shop | app | t | table | SELECT
        alice | alice | shop | app | v | view | SELECT
        alice | alice | shop | app | m | materialized-view | SELECT
        alice | alice | shop | app | house | source | SELECT
        alice | alice | shop | app | house_progress | source | SELECT
        alice | alice | shop | app | bids | source | SELECT
        alice | alice | shop | app | ids | type | SELECT
    "#]],
    );
}

#[test]
fn comments_and_dependencies() {
    check(
        "mz_internal",
        "mz_comments",
        &expect![[r#"
        u3 | schema | NULL | the schema
        u1 | table | NULL | the table
        u1 | table | 2 | the label
    "#]],
    );
    check(
        "mz_internal",
        "mz_object_dependencies",
        &expect![[r#"
        u2 | u1
        u3 | u2
        u4 | u2
        u6 | u5
        u7 | u5
    "#]],
    );
    check(
        "mz_internal",
        "mz_object_transitive_dependencies",
        &expect![[r#"
        u2 | u1
        u3 | u1
        u3 | u2
        u4 | u1
        u4 | u2
        u6 | u5
        u7 | u5
    "#]],
    );
    check(
        "mz_internal",
        "mz_materialization_dependencies",
        &expect![[r#"
        u3 | u1
        u4 | u1
    "#]],
    );
}

#[test]
fn shown() {
    check(
        "mz_internal",
        "mz_show_indexes",
        &expect![[r#"
        u4 | v_idx | v | quickstart | {id,"pg_catalog.lower(\"Big Name\", 'a\"b')"} | u2 | u3 | u1 | 
    "#]],
    );
    check(
        "mz_internal",
        "mz_show_clusters",
        &expect![[r#"
        quickstart | r1 (25cc) | 
    "#]],
    );
    let of_table = rows("mz_internal", "mz_show_columns")
        .into_iter()
        .filter(|row| row.first().is_some_and(|id| id.as_deref() == Some("u1")));
    expect![[r#"[[Some("u1"), Some("id"), Some("f"), Some("integer"), Some("1"), Some("")], [Some("u1"), Some("label"), Some("t"), Some("text"), Some("2"), Some("the label")]]"#]].assert_eq(&format!("{:?}", of_table.collect::<Vec<_>>()));
}

#[test]
fn postgres_sees_only_its_database() {
    let named = |runtime: &Runtime| {
        let classes = (super::lookup("pg_catalog", "pg_class").unwrap().rows)(&state(), runtime);
        classes.iter().any(|row| row.get(1).is_some_and(|name| name.as_deref() == Some("v_idx")))
    };
    assert!(named(&runtime()));
    assert!(!named(&Runtime { database: ident("other"), ..runtime() }));
}

#[test]
fn a_function_is_there_as_often_as_it_has_overloads() {
    let objects = rows("mz_catalog", "mz_objects");
    // As they stand in the recording of `full/30`.
    for (name, count) in [("max", 18), ("upper", 2), ("count", 2), ("now", 1)] {
        let id = format!("s{}", super::functions::named(name).unwrap().id);
        let found = objects.iter().filter(|row| row.first().is_some_and(|first| first.as_ref() == Some(&id)));
        assert_eq!(found.count(), count, "{name}");
    }
}

#[test]
fn ids_recorded() {
    let recorded =
        [("bool", 6), ("text", 46), ("_text", 47), ("timestamptz", 52), ("varchar", 56), ("bpchar", 10)];
    for (name, id) in recorded {
        assert_eq!(types::type_id(name), Some(id), "{name}");
    }
    assert_eq!(super::lookup("mz_catalog", "mz_databases").map(|relation| relation.id), Some(470));
    assert_eq!(super::lookup("pg_catalog", "pg_class").map(|relation| relation.id), Some(607));
}

#[test]
fn type_names() {
    let mut state = state();
    let ids = state.catalog.items.get(&ItemId::User(8)).map(|item| (item.schema, item.name.clone())).unwrap();
    state.catalog.type_names.insert(ids, ItemId::User(8));
    let catalog = &state.catalog;
    let told = |text: &str| match types::parse(text, catalog, &scope()) {
        Ok(kind) => format!(
            "{text}: {} {} {} {}",
            types::name(&kind, catalog),
            types::internal_name(&kind, catalog),
            types::oid(&kind, catalog),
            types::modifier(&kind)
        ),
        Err(error) => format!("{text}: {error}"),
    };
    let texts = [
        "int",
        "timestamp with time zone",
        "numeric(10, 2)",
        "text[]",
        "map[text=>int]",
        "int4 list",
        "varchar(10)",
        "char(3)",
        "ids",
        "nope",
        "numeric(40)",
        "pg_catalog.int8",
        "mz_catalog.uint4",
        "\"char\"",
        "int4[][]",
    ];
    expect![[r#"
        int: integer int4 23 -1
        timestamp with time zone: timestamp with time zone timestamptz 1184 -1
        numeric(10, 2): numeric numeric 1700 2555910
        text[]: text[] _text 1009 -1
        map[text=>int]: map map 16385 -1
        int4 list: list list 16384 -1
        varchar(10): character varying varchar 1043 14
        char(3): character bpchar 1042 7
        ids: ids ids 20008 -1
        nope: XX000: type "nope" does not exist
        numeric(40): XX000: precision for type numeric must be between 1 and 39
        pg_catalog.int8: bigint int8 20 -1
        mz_catalog.uint4: uint4 uint4 16462 -1
        "char": "char" char 18 -1
        int4[][]: integer[] _int4 1007 -1"#]]
    .assert_eq(&texts.map(told).join("\n"));
}

#[test]
fn values_print_as_the_server_prints() {
    assert_eq!(text::moment(Timestamp(1_777_982_171_000)), "2026-05-05 11:56:11+00");
    assert_eq!(text::moment(NOW), "2026-05-05 11:56:11.5+00");
    assert_eq!(text::interval(std::time::Duration::from_millis(90_061_050)), "25:01:01.05");
    assert_eq!(text::array(["a", "b c", "", "q\"", "NULL"]), "{a,\"b c\",\"\",\"q\\\"\",\"NULL\"}");
    assert_eq!(text::simple("\"pg_catalog\".\"upper\"(\"label\")"), "pg_catalog.upper(label)");
}

fn scope() -> Scope {
    Scope {
        role: ALICE,
        user: ident("alice"),
        database: ident("shop"),
        search_path: vec![ident("missing"), ident("app")],
        cluster: ident("quickstart"),
        now: NOW,
        as_of: None,
        connection: 7,
        checked: false,
    }
}

fn shown_by(text: &str) -> String {
    let batch = crate::sql::parse::batch(text).unwrap();
    let StatementKind::Show(show) = &batch.first().unwrap().kind else { panic!("{text} is no SHOW") };
    match show::query(&state(), &scope(), show) {
        Ok(query) => query,
        Err(error) => error.to_string(),
    }
}

#[test]
fn show_becomes_a_query() {
    let texts = [
        "SHOW TABLES LIKE 't%'",
        "SHOW CLUSTERS WHERE name = 'quickstart'",
        "SHOW SCHEMAS",
        "SHOW PRIVILEGES ON SCHEMAS",
        "SHOW VIEWS FROM mz_catalog",
        "SHOW SUBSOURCES",
        "SHOW INDEXES",
    ];
    expect![[r#"
        SELECT "name", "comment" FROM (SELECT "name", "comment" FROM mz_internal.mz_show_tables WHERE schema_id = 'u3') AS "q" WHERE "name" LIKE 't%' ORDER BY "name", "comment"
        SELECT "name", "replicas", "comment" FROM (SELECT "name", "replicas", "comment" FROM mz_internal.mz_show_clusters) AS "q" WHERE (name = 'quickstart') ORDER BY "name", "replicas", "comment"
        SELECT "name", "comment" FROM (SELECT "name", "comment" FROM mz_internal.mz_show_schemas WHERE (database_id IS NULL OR database_id = 'u1')) AS "q" ORDER BY "name", "comment"
        SELECT "grantor", "grantee", "database", "schema", "name", "object_type", "privilege_type" FROM (SELECT "grantor", "grantee", "database", "schema", "name", "object_type", "privilege_type" FROM mz_internal.mz_show_all_privileges WHERE object_type = 'schema') AS "q" ORDER BY "grantor", "grantee", "database", "schema", "name", "object_type", "privilege_type"
        SELECT "name", "comment" FROM (SELECT "name", "comment" FROM mz_internal.mz_show_views WHERE schema_id = 's1') AS "q" ORDER BY "name", "comment"
        SELECT "name", "type" FROM (SELECT "name", "type" FROM mz_catalog.mz_sources WHERE id IN ('u6', 'u7') AND schema_id = 'u3') AS "q" ORDER BY "name", "type"
        SELECT "name", "on", "cluster", "key", "comment" FROM (SELECT "name", "on", "cluster", "key", "comment" FROM mz_internal.mz_show_indexes WHERE schema_id = 'u3') AS "q" ORDER BY "name", "on", "cluster""#]].assert_eq(&texts.map(shown_by).join("\n"));
}
