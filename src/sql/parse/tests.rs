//! What statements come out as, and how mistakes are worded.

use expect_test::Expect;
use expect_test::expect;

use super::batch;
use super::file;
use super::strictly;
use crate::sql::ast::Statement;
use crate::sql::ast::StatementKind;
use crate::sql::canonical::sketch::Sketch;
use crate::sql::error::SyntaxError;
use crate::sql::mention::mentions;
use crate::sql::span::line_column;

/// Parses a text and compares its statements, one a line without their spans, or its mistake.
#[track_caller]
fn check(text: &str, expect: Expect) {
    let actual = match batch(text) {
        Ok(statements) => statements
            .iter()
            .map(|statement| format!("{}\n", without_spans(&format!("{:?}", statement.kind))))
            .collect(),
        Err(error) => mistake(text, &error),
    };
    expect.assert_eq(&actual);
}

/// Compares the message only.
#[track_caller]
fn refuses(text: &str, message: &str) {
    match batch(text) {
        Ok(statements) => panic!("{text} was read as {statements:?}"),
        Err(error) => assert_eq!(error.message, message, "{text}"),
    }
}

fn mistake(text: &str, error: &SyntaxError) -> String {
    let (line, column) = line_column(text, error.span.start);
    format!("{line}:{column} `{}`: {}\n", error.span.of(text), error.message)
}

fn without_spans(debug: &str) -> String {
    let mut rest = debug;
    let mut plain = String::new();
    while let Some(at) = rest.find("span: Span {") {
        plain.push_str(rest[..at].trim_end_matches([',', ' ']));
        let end = at + rest[at..].find('}').unwrap_or_default() + 1;
        rest = &rest[end..];
    }
    plain.push_str(rest);
    plain.replace(", by_id: false", "").replace(", id: None", "").replace("rest_,", "")
}

#[test]
fn reads_views() {
    check(
        "CREATE OR REPLACE VIEW \"V 1\" (a, B) AS SELECT 1, 2; create temp view v as values (1)",
        expect![[r#"
            CreateView(CreateView { or_replace: true, temporary: false, if_not_exists: false, name: RawName { parts: ["V 1"] }, columns: [RawIdent { ident: "a" }, RawIdent { ident: "b" }], query: Query("SELECT 1, 2") })
            CreateView(CreateView { or_replace: false, temporary: true, if_not_exists: false, name: RawName { parts: ["v"] }, columns: [], query: Query("values (1)") })
        "#]],
    );
    check(
        "CREATE MATERIALIZED VIEW IF NOT EXISTS d.s.m IN CLUSTER c WITH (REFRESH ON COMMIT, ASSERT NOT NULL k, \
         ASSERT NOT NULL = n, PARTITION BY (a, b), RETAIN HISTORY FOR '1h') AS SELECT 1 AS OF 1700000000000",
        expect![[r#"
            CreateMaterializedView(CreateMaterializedView { or_replace: false, replacement: false, if_not_exists: true, name: RawName { parts: ["d", "s", "m"] }, columns: [], replaces: None, cluster: Some(RawIdent { ident: "c" }), replica: None, options: [WithOption { name: "REFRESH", value: Some(Raw("ON COMMIT")) }, WithOption { name: "ASSERT NOT NULL", value: Some(Name(RawName { parts: ["k"] })) }, WithOption { name: "ASSERT NOT NULL", value: Some(Name(RawName { parts: ["n"] })) }, WithOption { name: "PARTITION BY", value: Some(List([Name(RawName { parts: ["a"] }), Name(RawName { parts: ["b"] })])) }, WithOption { name: "RETAIN HISTORY", value: Some(String("1h")) }], query: Query("SELECT 1"), as_of: Some("1700000000000") })
        "#]],
    );
    check(
        "CREATE REPLACEMENT MATERIALIZED VIEW rp FOR mv IN CLUSTER [u7] AS TABLE t",
        expect![[r#"
            CreateMaterializedView(CreateMaterializedView { or_replace: false, replacement: true, if_not_exists: false, name: RawName { parts: ["rp"] }, columns: [], replaces: Some(RawName { parts: ["mv"] }), cluster: Some(RawIdent { ident: "u7", by_id: true }), replica: None, options: [], query: Query("TABLE t"), as_of: None })
        "#]],
    );
}

#[test]
fn reads_indexes() {
    check(
        "CREATE INDEX i IN CLUSTER c ON s.t USING arrangement (a, lower(b), (c + 1)) WITH (RETAIN HISTORY = FOR '1s'); \
         CREATE DEFAULT INDEX ON t; CREATE INDEX IN CLUSTER c ON t (t.a)",
        expect![[r#"
            CreateIndex(CreateIndex { default: false, if_not_exists: false, name: Some(RawIdent { ident: "i" }), cluster: Some(RawIdent { ident: "c" }), on: RawName { parts: ["s", "t"] }, keys: [Expr("a"), Expr("lower(b)"), Expr("(c + 1)")], options: [WithOption { name: "RETAIN HISTORY", value: Some(String("1s")) }] })
            CreateIndex(CreateIndex { default: true, if_not_exists: false, name: None, cluster: None, on: RawName { parts: ["t"] }, keys: [], options: [] })
            CreateIndex(CreateIndex { default: false, if_not_exists: false, name: None, cluster: Some(RawIdent { ident: "c" }), on: RawName { parts: ["t"] }, keys: [Expr("t.a")], options: [] })
        "#]],
    );
}

#[test]
fn reads_tables() {
    check(
        "CREATE TABLE t (id int NOT NULL DEFAULT 1 + 1, n numeric(10, 2) NULL, l int list, m map[text=>int], \
         k int PRIMARY KEY, CONSTRAINT c CHECK (k > 0)) WITH (PARTITION BY (id))",
        expect![[r#"
            CreateTable(CreateTable { temporary: false, if_not_exists: false, name: RawName { parts: ["t"] }, columns: [ColumnDef { name: RawIdent { ident: "id" }, data_type: Some("int"), types: [], type_start: 19, not_null: true, default: Some(Expr("1 + 1")) }, ColumnDef { name: RawIdent { ident: "n" }, data_type: Some("numeric(10, 2)"), types: [], type_start: 49, not_null: false, default: None }, ColumnDef { name: RawIdent { ident: "l" }, data_type: Some("int list"), types: [], type_start: 72, not_null: false, default: None }, ColumnDef { name: RawIdent { ident: "m" }, data_type: Some("map[text=>int]"), types: [], type_start: 84, not_null: false, default: None }, ColumnDef { name: RawIdent { ident: "k" }, data_type: Some("int"), types: [], type_start: 102, not_null: false, default: None }], constraints: ["PRIMARY KEY", "CHECK"], feed: None, options: [WithOption { name: "PARTITION BY", value: Some(List([Name(RawName { parts: ["id"] })])) }] })
        "#]],
    );
    check(
        "CREATE TABLE IF NOT EXISTS t FROM SOURCE s (REFERENCE up.stream.t) WITH (TEXT COLUMNS (a))",
        expect![[r#"
            CreateTable(CreateTable { temporary: false, if_not_exists: true, name: RawName { parts: ["t"] }, columns: [], constraints: [], feed: Some(Source(FromSource { source: RawName { parts: ["s"] }, reference: Some(RawName { parts: ["up", "stream", "t"] }), rest: "WITH (TEXT COLUMNS (a))", names: [] })), options: [] })
        "#]],
    );
}

#[test]
fn reads_sources_and_sinks() {
    check(
        "CREATE SOURCE house IN CLUSTER c FROM LOAD GENERATOR AUCTION (TICK INTERVAL '1s', AS OF 100) FOR ALL TABLES \
         EXPOSE PROGRESS AS p WITH (TIMESTAMP INTERVAL '2s')",
        expect![[r#"
            CreateSource(CreateSource { if_not_exists: false, name: RawName { parts: ["house"] }, columns: [], cluster: Some(RawIdent { ident: "c" }), external: LoadGenerator("AUCTION", [WithOption { name: "TICK INTERVAL", value: Some(String("1s")) }, WithOption { name: "AS OF", value: Some(Number("100")) }]), rest: "", rest_names: [], subsources: AllTables, progress: Some(RawName { parts: ["p"] }), options: [WithOption { name: "TIMESTAMP INTERVAL", value: Some(String("2s")) }] })
        "#]],
    );
    check(
        "CREATE SOURCE s FROM POSTGRES CONNECTION pg (PUBLICATION 'p', TEXT COLUMNS (a.b.c)) \
         FOR TABLES (public.a AS x, b); \
         CREATE SOURCE k IN CLUSTER c FROM KAFKA CONNECTION kc (TOPIC 't') FORMAT AVRO USING CONFLUENT SCHEMA \
         REGISTRY CONNECTION csr INCLUDE TIMESTAMP ENVELOPE UPSERT",
        expect![[r#"
            CreateSource(CreateSource { if_not_exists: false, name: RawName { parts: ["s"] }, columns: [], cluster: None, external: Connection("POSTGRES", RawName { parts: ["pg"] }, [WithOption { name: "PUBLICATION", value: Some(String("p")) }, WithOption { name: "TEXT COLUMNS", value: Some(List([Name(RawName { parts: ["a", "b", "c"] })])) }]), rest: "", rest_names: [], subsources: Tables([(RawName { parts: ["public", "a"] }, Some(RawName { parts: ["x"] })), (RawName { parts: ["b"] }, None)]), progress: None, options: [] })
            CreateSource(CreateSource { if_not_exists: false, name: RawName { parts: ["k"] }, columns: [], cluster: Some(RawIdent { ident: "c" }), external: Connection("KAFKA", RawName { parts: ["kc"] }, [WithOption { name: "TOPIC", value: Some(String("t")) }]), rest: "FORMAT AVRO USING CONFLUENT SCHEMA REGISTRY CONNECTION csr INCLUDE TIMESTAMP ENVELOPE UPSERT", rest_names: [RawName { parts: ["csr"] }], subsources: None, progress: None, options: [] })
        "#]],
    );
    check(
        "CREATE SINK s.k IN CLUSTER c FROM d.s.m INTO KAFKA CONNECTION kc (TOPIC 't') FORMAT JSON ENVELOPE DEBEZIUM",
        expect![[r#"
            CreateSink(CreateSink { if_not_exists: false, name: Some(RawName { parts: ["s", "k"] }), cluster: Some(RawIdent { ident: "c" }), from: RawName { parts: ["d", "s", "m"] }, into: "KAFKA", connections: [RawName { parts: ["kc"] }], documented: [], rest: "INTO KAFKA CONNECTION kc (TOPIC 't') FORMAT JSON ENVELOPE DEBEZIUM", rest_ })
        "#]],
    );
    check(
        "CREATE CONNECTION pg TO POSTGRES (HOST 'h', PORT 5432, PASSWORD SECRET s.pw, SSL MODE require, \
         SSH TUNNEL tun, DATABASE = 'd') WITH (VALIDATE = false); \
         CREATE CONNECTION k TO KAFKA (BROKERS ('a:9092' USING SSH TUNNEL t, 'b'), SASL PASSWORD = SECRET pw)",
        expect![[r#"
            CreateConnection(CreateConnection { if_not_exists: false, name: RawName { parts: ["pg"] }, connector: "POSTGRES", values: [WithOption { name: "HOST", value: Some(String("h")) }, WithOption { name: "PORT", value: Some(Number("5432")) }, WithOption { name: "PASSWORD", value: Some(Secret(RawName { parts: ["s", "pw"] })) }, WithOption { name: "SSL MODE", value: Some(Name(RawName { parts: ["require"] })) }, WithOption { name: "SSH TUNNEL", value: Some(Name(RawName { parts: ["tun"] })) }, WithOption { name: "DATABASE", value: Some(String("d")) }], options: [WithOption { name: "VALIDATE", value: Some(Bool(false)) }], names: [RawName { parts: ["s", "pw"] }, RawName { parts: ["tun"] }] })
            CreateConnection(CreateConnection { if_not_exists: false, name: RawName { parts: ["k"] }, connector: "KAFKA", values: [WithOption { name: "BROKERS", value: Some(Raw("('a:9092' USING SSH TUNNEL t, 'b')")) }, WithOption { name: "SASL PASSWORD", value: Some(Secret(RawName { parts: ["pw"] })) }], options: [], names: [RawName { parts: ["t"] }, RawName { parts: ["pw"] }] })
        "#]],
    );
}

#[test]
fn reads_what_has_no_schema() {
    check(
        "CREATE CLUSTER c (SIZE '25cc', REPLICATION FACTOR 2, INTROSPECTION INTERVAL = INTERVAL '00:00:01', \
         SCHEDULE = ON REFRESH (HYDRATION TIME ESTIMATE = '1m'), MANAGED); CREATE CLUSTER d SIZE = 'x'; \
         CREATE CLUSTER u REPLICAS (r1 (SIZE '25cc'), \"R 2\" (SIZE = '50cc')); CREATE CLUSTER REPLICA u.r3 SIZE '25cc'",
        expect![[r#"
            CreateCluster(CreateCluster { name: RawIdent { ident: "c" }, options: [WithOption { name: "SIZE", value: Some(String("25cc")) }, WithOption { name: "REPLICATION FACTOR", value: Some(Number("2")) }, WithOption { name: "INTROSPECTION INTERVAL", value: Some(Interval("00:00:01")) }, WithOption { name: "SCHEDULE", value: Some(Nested("ON REFRESH", [WithOption { name: "HYDRATION TIME ESTIMATE", value: Some(String("1m")) }])) }, WithOption { name: "MANAGED", value: None }] })
            CreateCluster(CreateCluster { name: RawIdent { ident: "d" }, options: [WithOption { name: "SIZE", value: Some(String("x")) }] })
            CreateCluster(CreateCluster { name: RawIdent { ident: "u" }, options: [WithOption { name: "REPLICAS", value: Some(List([Nested("r1", [WithOption { name: "SIZE", value: Some(String("25cc")) }]), Nested("R 2", [WithOption { name: "SIZE", value: Some(String("50cc")) }])])) }] })
            CreateClusterReplica(CreateClusterReplica { cluster: RawIdent { ident: "u" }, replica: RawIdent { ident: "r3" }, options: [WithOption { name: "SIZE", value: Some(String("25cc")) }] })
        "#]],
    );
    check(
        "CREATE ROLE r WITH INHERIT LOGIN PASSWORD 'secret'; CREATE NETWORK POLICY p (RULES (a (action='allow')));\
         CREATE SECRET s AS env_var('PW'); CREATE SECRET s AS 'p' || 'w'; CREATE TYPE t AS LIST (ELEMENT TYPE = int4)",
        expect![[r#"
            CreateRole(CreateRole { name: RawIdent { ident: "r" }, attributes: ["INHERIT", "LOGIN", "PASSWORD"] })
            CreateNetworkPolicy(CreateNetworkPolicy { name: RawIdent { ident: "p" }, definition: "(RULES (a (action='allow')))" })
            CreateSecret(CreateSecret { name: RawName { parts: ["s"] }, .. })
            CreateSecret(CreateSecret { name: RawName { parts: ["s"] }, .. })
            CreateType(CreateType { name: RawName { parts: ["t"] }, definition: "LIST (ELEMENT TYPE = int4)", types: [] })
        "#]],
    );
}

#[test]
fn reads_alterations() {
    check(
        "ALTER SCHEMA d.a SWAP WITH b; ALTER CLUSTER IF EXISTS a SWAP WITH b; ALTER VIEW v RENAME TO \"W\"; \
         ALTER MATERIALIZED VIEW m APPLY REPLACEMENT r; ALTER SINK k SET FROM s.m; ALTER SECRET s AS 'x'",
        expect![[r#"
            AlterSwap(AlterSwap { noun: Schema, if_exists: false, name: RawName { parts: ["d", "a"] }, with: RawIdent { ident: "b" } })
            AlterSwap(AlterSwap { noun: Cluster, if_exists: true, name: RawName { parts: ["a"] }, with: RawIdent { ident: "b" } })
            AlterRename(AlterRename { noun: Object(View), if_exists: false, name: RawName { parts: ["v"] }, to: RawIdent { ident: "W" } })
            AlterApplyReplacement(AlterApplyReplacement { if_exists: false, name: RawName { parts: ["m"] }, replacement: RawName { parts: ["r"] } })
            AlterSinkFrom(AlterSinkFrom { if_exists: false, name: RawName { parts: ["k"] }, from: RawName { parts: ["s", "m"] } })
            AlterSecret(AlterSecret { if_exists: false, name: RawName { parts: ["s"] }, value: Expression(…) })
        "#]],
    );
    check(
        "ALTER CLUSTER c SET (SIZE 'x') WITH (WAIT UNTIL READY (TIMEOUT '10m', ON TIMEOUT 'COMMIT')); \
         ALTER CLUSTER c RESET (REPLICATION FACTOR, SIZE); ALTER ROLE r SET search_path = a, \"B c\"; \
         ALTER ROLE r RESET cluster; ALTER TABLE t ADD COLUMN x int; ALTER SYSTEM SET max_tables = 5",
        expect![[r#"
            AlterCluster(AlterCluster { if_exists: false, name: RawIdent { ident: "c" }, set: [WithOption { name: "SIZE", value: Some(String("x")) }], reset: [], wait: [WithOption { name: "WAIT UNTIL READY", value: Some(Nested("", [WithOption { name: "TIMEOUT", value: Some(String("10m")) }, WithOption { name: "ON TIMEOUT", value: Some(String("COMMIT")) }])) }] })
            AlterCluster(AlterCluster { if_exists: false, name: RawIdent { ident: "c" }, set: [], reset: ["REPLICATION FACTOR", "SIZE"], wait: [] })
            AlterRole(AlterRole { name: RawIdent { ident: "r" }, action: Variable(SetVariable { name: RawIdent { ident: "search_path" }, values: Some(["a", "B c"]), local: false }) })
            AlterRole(AlterRole { name: RawIdent { ident: "r" }, action: Variable(SetVariable { name: RawIdent { ident: "cluster" }, values: None, local: false }) })
            Other("ALTER TABLE ADD COLUMN")
            AlterSystem(SetVariable { name: RawIdent { ident: "max_tables" }, values: Some(["5"]), local: false })
        "#]],
    );
    check(
        "DROP VIEW IF EXISTS a, s.b CASCADE; DROP OWNED BY r, q RESTRICT; REASSIGN OWNED BY a TO b; \
         COMMENT ON COLUMN d.s.t.\"C\" IS 'x'; COMMENT ON MATERIALIZED VIEW m IS NULL",
        expect![[r#"
            Drop(Drop { noun: Object(View), if_exists: true, names: [RawName { parts: ["a"] }, RawName { parts: ["s", "b"] }], behaviour: Some(Cascade) })
            DropOwned(DropOwned { roles: [RawIdent { ident: "r" }, RawIdent { ident: "q" }], behaviour: Some(Restrict) })
            ReassignOwned(ReassignOwned { from: [RawIdent { ident: "a" }], to: RawIdent { ident: "b" } })
            Comment(Comment { on: Column(RawName { parts: ["d", "s", "t"] }, RawIdent { ident: "C" }), text: Some("x") })
            Comment(Comment { on: Named(Object(MaterializedView), RawName { parts: ["m"] }), text: None })
        "#]],
    );
}

#[test]
fn reads_privileges() {
    check(
        "GRANT SELECT, INSERT ON t, s.u TO a, PUBLIC; REVOKE ALL PRIVILEGES ON SCHEMA s FROM a; GRANT a, b TO GROUP c; \
         GRANT CREATECLUSTER ON SYSTEM TO r; GRANT SELECT ON ALL TABLES IN SCHEMA a, b TO r",
        expect![[r#"
            Privileges(Privileges { grant: true, privileges: ["SELECT", "INSERT"], on: Names { noun: Object(Table), explicit: false, names: [RawName { parts: ["t"] }, RawName { parts: ["s", "u"] }] }, grantees: [Some(RawIdent { ident: "a" }), None] })
            Privileges(Privileges { grant: false, privileges: ["ALL"], on: Names { noun: Schema, explicit: true, names: [RawName { parts: ["s"] }] }, grantees: [Some(RawIdent { ident: "a" })] })
            Membership(Membership { grant: true, roles: [RawIdent { ident: "a" }, RawIdent { ident: "b" }], members: [RawIdent { ident: "c" }] })
            Privileges(Privileges { grant: true, privileges: ["CREATECLUSTER"], on: System, grantees: [Some(RawIdent { ident: "r" })] })
            Privileges(Privileges { grant: true, privileges: ["SELECT"], on: AllIn { plural: "TABLES", container: Some(Schema), names: [RawName { parts: ["a"] }, RawName { parts: ["b"] }] }, grantees: [Some(RawIdent { ident: "r" })] })
        "#]],
    );
    check(
        "ALTER DEFAULT PRIVILEGES FOR ROLE a, b IN SCHEMA s GRANT SELECT ON TABLES TO PUBLIC; \
         ALTER DEFAULT PRIVILEGES FOR ALL ROLES REVOKE USAGE ON CLUSTERS FROM x",
        expect![[r#"
            AlterDefaultPrivileges(AlterDefaultPrivileges { roles: [RawIdent { ident: "a" }, RawIdent { ident: "b" }], all_roles: false, schemas: [RawName { parts: ["s"] }], databases: [], grant: true, privileges: ["SELECT"], on: "TABLES", grantees: [None] })
            AlterDefaultPrivileges(AlterDefaultPrivileges { roles: [], all_roles: true, schemas: [], databases: [], grant: false, privileges: ["USAGE"], on: "CLUSTERS", grantees: [Some(RawIdent { ident: "x" })] })
        "#]],
    );
}

#[test]
fn reads_what_sessions_run() {
    check(
        "SET TIME ZONE 'UTC'; SET LOCAL search_path TO a, \"B\"; SET x = DEFAULT; RESET x; \
         BEGIN READ ONLY, ISOLATION LEVEL STRICT SERIALIZABLE; COMMIT; ABORT; DISCARD TEMPORARY; DEALLOCATE ALL",
        expect![[r#"
            Set(SetVariable { name: RawIdent { ident: "timezone" }, values: Some(["UTC"]), local: false })
            Set(SetVariable { name: RawIdent { ident: "search_path" }, values: Some(["a", "B"]), local: true })
            Set(SetVariable { name: RawIdent { ident: "x" }, values: None, local: false })
            Set(SetVariable { name: RawIdent { ident: "x" }, values: None, local: false })
            Begin(BeginMode { read_only: true, isolation: Some("strict serializable") })
            Commit
            Rollback
            Discard("TEMP")
            Deallocate(None)
        "#]],
    );
    check(
        "DECLARE c CURSOR FOR SUBSCRIBE t; FETCH FORWARD 2 FROM c WITH (timeout = '1s'); FETCH ALL c; CLOSE c; \
         PREPARE p AS SELECT $1; EXECUTE p ('a', 1 + 1)",
        expect![[r#"
            Declare(Declare { name: RawIdent { ident: "c" }, statement: Statement {, kind: Subscribe("SUBSCRIBE t") } })
            Fetch(Fetch { name: RawIdent { ident: "c" }, count: Some(2), options: [WithOption { name: "TIMEOUT", value: Some(String("1s")) }] })
            Fetch(Fetch { name: RawIdent { ident: "c" }, count: None, options: [] })
            Close(RawIdent { ident: "c" })
            Prepare(Prepare { name: RawIdent { ident: "p" }, statement: Statement {, kind: Select(Query("SELECT $1")) }, text: "SELECT $1" })
            Execute(Execute { name: RawIdent { ident: "p" }, arguments: [Expr("'a'"), Expr("1 + 1")] })
        "#]],
    );
    check(
        "INSERT INTO t (a) SELECT x FROM u JOIN v ON u.a = v.a RETURNING a; INSERT INTO t DEFAULT VALUES; \
         UPDATE t AS x SET a = x.b + 1, b = DEFAULT_B WHERE x.a = 1; DELETE FROM t USING u WHERE t.a = u.a",
        expect![[r#"
            Insert(Insert { table: RawName { parts: ["t"] }, columns: [RawIdent { ident: "a" }], source: Some(Query("SELECT x FROM u JOIN v ON u.a = v.a")), returning: Some("a") })
            Insert(Insert { table: RawName { parts: ["t"] }, columns: [], source: None, returning: None })
            Update(Update { table: RawName { parts: ["t"] }, alias: Some(RawIdent { ident: "x" }), assignments: [(RawIdent { ident: "a" }, Expr("x.b + 1")), (RawIdent { ident: "b" }, Expr("DEFAULT_B"))], filter: Some(Expr("x.a = 1")) })
            Delete(Delete { table: RawName { parts: ["t"] }, alias: None, using: Some("u"), filter: Some(Expr("t.a = u.a")) })
        "#]],
    );
    check(
        "SHOW REDACTED CREATE VIEW s.v; SHOW INDEXES ON t IN CLUSTER c WHERE name = 'a'; SHOW COLUMNS FROM t LIKE 'a%'; \
         SHOW PRIVILEGES ON SCHEMAS FOR r; SHOW TIME ZONE; SHOW Search_Path; SHOW MATERIALIZED VIEWS FROM s",
        expect![[r#"
            Show(Create { redacted: true, noun: Object(View), name: RawName { parts: ["s", "v"] } })
            Show(Indexes { on: Some(RawName { parts: ["t"] }), from: None, cluster: Some(RawIdent { ident: "c" }), filter: Where(Expr("name = 'a'")) })
            Show(Columns(RawName { parts: ["t"] }, Like("a%")))
            Show(Things { what: "PRIVILEGES", from: None, cluster: None, on: Some("SCHEMAS"), role: Some(RawIdent { ident: "r" }), filter: None })
            Show(Variable("timezone"))
            Show(Variable("search_path"))
            Show(Things { what: "MATERIALIZED VIEWS", from: Some(RawName { parts: ["s"] }), cluster: None, on: None, role: None, filter: None })
        "#]],
    );
}

#[test]
fn reads_what_only_projects_hold() {
    check(
        "CREATE PRIMARY KEY NOT ENFORCED k ON v (a, b); CREATE UNIQUE CONSTRAINT IN CLUSTER c ON m (a); \
         CREATE FOREIGN KEY f IN CLUSTER c ON m (a) REFERENCES s.n (b); \
         EXECUTE UNIT TEST t FOR s.v MOCK a (x int) AS SELECT 1, EXPECTED (y int) AS SELECT 2",
        expect![[r#"
            CreateConstraint(CreateConstraint { kind: PrimaryKey, enforced: false, name: Some(RawIdent { ident: "k" }), cluster: None, on: RawName { parts: ["v"] }, columns: [RawIdent { ident: "a" }, RawIdent { ident: "b" }], references: None })
            CreateConstraint(CreateConstraint { kind: Unique, enforced: true, name: None, cluster: Some(RawIdent { ident: "c" }), on: RawName { parts: ["m"] }, columns: [RawIdent { ident: "a" }], references: None })
            CreateConstraint(CreateConstraint { kind: ForeignKey, enforced: true, name: Some(RawIdent { ident: "f" }), cluster: Some(RawIdent { ident: "c" }), on: RawName { parts: ["m"] }, columns: [RawIdent { ident: "a" }], references: Some((RawName { parts: ["s", "n"] }, [RawIdent { ident: "b" }])) })
            UnitTest(UnitTest { name: Some(RawIdent { ident: "t" }), target: Some(RawName { parts: ["s", "v"] }), at_time: None, mocks: [Mock { name: RawName { parts: ["a"] }, rows: Rows { columns: [TypedColumn { name: RawIdent { ident: "x" }, data_type: Named { name: RawName { parts: ["int4"] }, modifiers: [] }, type_ }], query: Query("SELECT 1") } }], expected: Some(Rows { columns: [TypedColumn { name: RawIdent { ident: "y" }, data_type: Named { name: RawName { parts: ["int4"] }, modifiers: [] }, type_ }], query: Query("SELECT 2") }), mistakes: [] })
        "#]],
    );
}

#[test]
fn words_mistakes_as_the_server_does() {
    // Source: recordings of v26.21.
    for (text, message) in [
        ("SELEC 1", "Expected a keyword at the beginning of a statement, found identifier \"selec\""),
        ("FROM t", "Unexpected keyword FROM at the beginning of a statement"),
        (
            "CREATE VIEW v AS SELEC 1",
            "Expected SELECT, VALUES, or a subquery in the query body, found identifier \"selec\"",
        ),
        ("CREATE VIEW w AS SELECT 1 AS", "Expected an identifier after AS, found EOF"),
        ("GRANT EXECUTE ON v TO r", "Expected TO, found ON"),
        ("ALTER SCHEMA a SWAP WITH d.b", "Expected end of statement, found dot"),
        ("ALTER VIEW v SWAP WITH w", "Expected one of SET or RENAME or OWNER or RESET, found SWAP"),
        ("CREATE OR REPLACE VIEW IF NOT EXISTS w AS SELECT 1", "Expected AS, found NOT"),
        ("WITH RECURSIVE r AS (SELECT 1) SELECT * FROM r", "Expected AS, found identifier \"r\""),
        ("INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING", "Expected end of statement, found ON"),
        ("COMMENT ON TABLE t IS 'a' || 'b'", "Expected end of statement, found operator \"||\""),
        ("CREATE TABLE t (a int,)", "Expected column name or constraint definition, found right parenthesis"),
        ("SELECT (1", "Expected right parenthesis, found EOF"),
        ("SELECT 'open", "unterminated quoted string"),
        ("SELECT \"open", "unterminated quoted identifier"),
        ("SELECT \"\"", "zero-length delimited identifier"),
        ("SELECT 1 AS \"..\"", "invalid identifier: \"..\""),
    ] {
        refuses(text, message);
    }
    refuses(&format!("SELECT {}", "x".repeat(256)), "identifier length exceeds 255 bytes");
    refuses(
        &format!("SELECT {}1{}", "(".repeat(200), ")".repeat(200)),
        "query exceeds nested expression limit of 128",
    );
}

#[test]
fn how_long_history_is_retained_is_said_with_for() {
    // Source: `parse_retain_history` of the server's parser.
    for (option, found) in [
        ("RETAIN HISTORY '1h'", "string literal \"1h\""),
        ("RETAIN HISTORY = '1h'", "string literal \"1h\""),
        ("RETAIN HISTORY", "right parenthesis"),
    ] {
        let text = format!("CREATE INDEX i ON t (a) WITH ({option})");
        refuses(&text, &format!("Expected FOR, found {found}"));
    }
}

#[test]
fn finds_the_place_of_a_mistake_inside_subqueries() {
    check(
        "SELECT a FROM (\n  SELECT x y z FROM t\n) AS s",
        expect![[r#"
        2:14 `z`: Expected right parenthesis, found identifier "z"
    "#]],
    );
    check(
        "SELECT a FROM t WHERE a IN (SELECT b FROM (SELECT 1 FROM u WHERE) v)",
        expect![[r#"
        1:65 `)`: Expected an expression, found right parenthesis
    "#]],
    );
    check(
        "SELECT CASE WHEN a THEN FROM t",
        expect![[r#"
        1:25 `FROM`: Expected an expression, found FROM
    "#]],
    );
    check(
        "SELECT a FROM (SELECT b FROM t",
        expect![[r#"
        1:31 ``: Expected right parenthesis, found EOF
    "#]],
    );
}

#[test]
fn goes_on_behind_the_next_semicolon() {
    let text = "SELEC 1; -- drop it; now\nCREATE VIEW v AS SELECT ';' AS s; /* ; */ ;; DROP VIEW;";
    let (statements, mistakes) = file(text);
    let actual: String = statements.iter().map(|one| format!("{:?}\n", one.span.of(text))).collect();
    let mistakes: String = mistakes.iter().map(|error| mistake(text, error)).collect();
    expect![[r#"
        "CREATE VIEW v AS SELECT ';' AS s"
        1:1 `SELEC`: Expected a keyword at the beginning of a statement, found identifier "selec"
        2:55 ``: Expected identifier, found EOF
    "#]]
    .assert_eq(&(actual + &mistakes));
}

/// Does something with a stack of that many megabytes: reading recurses, and with what tests have it would go not as
/// deep as with the stacks of the threads that do it otherwise.
fn on_a_stack(megabytes: usize, work: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(megabytes << 20).spawn(work).expect("a thread");
    thread.join().expect("it goes through");
}

fn long_chains() {
    for text in [
        format!("SELECT 1{}", " + 1".repeat(5_000)),
        format!("SELECT 1{}", " UNION ALL SELECT 1".repeat(5_000)),
        format!("SELECT a{}", "::int".repeat(5_000)),
        format!("SELECT a{}", " IS NULL = b".repeat(4_000)),
        format!("SELECT a{}", " AT TIME ZONE 'UTC'".repeat(4_000)),
        format!("SELECT a{}", " LIKE b COLLATE c".repeat(1_000)),
        format!("SELECT a{}", " IN (1) IN (SELECT 2)".repeat(1_000)),
        format!("SELECT {}1{}", "(".repeat(120), ")".repeat(120)),
        format!("SELECT {}", "CASE WHEN a THEN b ELSE ".repeat(60) + "c" + &" END".repeat(60)),
    ] {
        assert!(batch(&text).is_ok(), "{}", &text[..20]);
    }
    for text in [format!("SELECT 1{}", " + 1".repeat(50_000)), format!("SELECT {}1", "NOT ".repeat(50_000))] {
        assert!(batch(&text).is_err(), "{}", &text[..20]);
    }
}

#[test]
fn survives_long_chains() {
    on_a_stack(16, long_chains);
}

/// What has words or brackets of its own is gone through by another way than operators.
#[test]
fn long_chains_may_stand_anywhere() {
    let around = [
        "ARRAY[#]",
        "LIST[#]",
        "MAP['a' => #]",
        "ROW(#, #)",
        "(#, 2)",
        "(#)[#]",
        "a[#:#]",
        "extract(day FROM #)",
        "position(# IN #)",
        "substring(# FROM # FOR #)",
        "trim(BOTH # FROM #)",
        "f(DISTINCT #) FILTER (WHERE #)",
        "f(#) OVER (PARTITION BY # ORDER BY #)",
        "CASE # WHEN # THEN # ELSE # END",
        "CAST(# AS int)",
        "# IN (#, #)",
        "# BETWEEN # AND #",
        "a = ANY (#)",
        "NOT #",
        "- #",
    ];
    on_a_stack(6, move || {
        let chain = format!("1{}", " + 1".repeat(8_000));
        for around in around {
            for place in 0..around.matches('#').count() {
                let mut pieces = around.split('#').enumerate();
                let first = pieces.next().map(|(_, piece)| piece.to_owned()).unwrap_or_default();
                let whole = pieces.fold(first, |before, (number, piece)| {
                    before + if number == place + 1 { &chain } else { "1" } + piece
                });
                let text = format!("CREATE VIEW v AS SELECT {whole} FROM t");
                let (read, mistakes) = file(&text);
                assert!(mistakes.is_empty(), "{around}: {mistakes:?}");
                assert_eq!(read.iter().flat_map(|view| mentions(&view.kind)).count(), 2, "{around}");
                read.iter().for_each(|view| drop(Sketch::of(&text, view, None)));
            }
        }
    });
}

/// What a text names, and insists that all of it can be read.
fn named(text: &str) -> String {
    let (read, mistakes) = file(text);
    assert!(mistakes.is_empty(), "{text}: {mistakes:?}");
    let names = read.iter().flat_map(|statement| mentions(&statement.kind));
    names.map(|mention| mention.span().of(text).to_owned()).collect::<Vec<_>>().join(" ")
}

#[test]
fn connections_without_parentheses_name_what_they_use() {
    for (text, names) in [
        ("CREATE CONNECTION c FOR KAFKA BROKER 'a:1'", "c"),
        ("CREATE CONNECTION c FOR KAFKA BROKER 'a:1' USING SSH TUNNEL t WITH (VALIDATE = false)", "c t"),
        (
            "CREATE CONNECTION c FOR KAFKA BROKERS ['a:1' USING AWS PRIVATELINK s.l (PORT 1)], SSL KEY SECRET k",
            "c s.l k",
        ),
        ("CREATE CONNECTION c FOR SSH TUNNEL HOST 'h', USER 'u', PORT 22", "c"),
        ("CREATE CONNECTION c FOR AWS PRIVATELINK SERVICE NAME 'n', AVAILABILITY ZONES ('a')", "c"),
        ("CREATE CONNECTION c FOR POSTGRES (HOST h, PASSWORD SECRET p)", "c p"),
        ("CREATE CONNECTION c TO AWS (ACCESS KEY ID 'x', SECRET ACCESS KEY SECRET y)", "c y"),
    ] {
        assert_eq!(named(text), names, "{text}");
    }
    assert!(!file("CREATE CONNECTION c TO KAFKA BROKER 'a:1'").1.is_empty());
}

/// The relations that the query of a view names; insists that nothing of it is left to the server.
fn read_whole(query: &str) -> String {
    let text = format!("CREATE VIEW v AS {query}");
    let (read, mistakes) = file(&text);
    let [Statement { kind: StatementKind::CreateView(view), .. }] = read.as_slice() else {
        panic!("{text}: {mistakes:?}")
    };
    assert!(view.query.opaque().is_none(), "{text}: {:?}", view.query.opaque());
    let names = view.query.references().iter().map(|name| name.span.of(&text));
    names.collect::<Vec<_>>().join(" ")
}

#[test]
fn a_column_or_a_relation_may_be_called_as() {
    for (query, names) in [
        ("SELECT t.as FROM s.t", "s.t"),
        ("SELECT as FROM s.t", "s.t"),
        ("SELECT 1 FROM s.t GROUP BY t.as ORDER BY 1", "s.t"),
        ("SELECT x FROM s.t AS as WHERE true", "s.t"),
        ("SELECT as AS as, a + as AS b, a * as AS c, NOT as AS d, count(DISTINCT as) FROM s.t", "s.t"),
        ("SELECT as.as FROM s.as AS as (as) JOIN as ON as WHERE as", "s.as as"),
        ("SELECT CASE as WHEN as THEN as ELSE as END AS end FROM s.t WHERE x", "s.t"),
        ("SELECT CASE WHEN as THEN as END AS as FROM s.t", "s.t"),
        ("SELECT as::int, CAST(as AS int), x BETWEEN as AND as FROM s.t", "s.t"),
        ("WITH as AS (SELECT 1 AS as) SELECT as.as FROM as, s.t AS as WHERE true", "s.t"),
        ("SELECT 1 FROM s.t JOIN s.u USING (as) AS as WHERE true", "s.t s.u"),
        ("SELECT a IN (as), as[as], a LIKE as FROM s.t ORDER BY as LIMIT 1", "s.t"),
        ("SELECT t.as FROM s.t GROUP BY t.as OPTIONS (AGGREGATE INPUT GROUP SIZE = 1)", "s.t"),
        ("SELECT t.as ISNULL, t.as OPERATOR(pg_catalog.+) 1 FROM s.t", "s.t"),
    ] {
        assert_eq!(read_whole(query), names, "{query}");
    }
    let text = "SELECT as FROM s.t AS as AS OF 5";
    assert_eq!(super::query(text).expect("a query").as_of().map(|span| span.of(text)), Some("AS OF 5"));
}

#[test]
fn behind_other_words_as_gives_a_name() {
    for query in [
        "SELECT on AS from, join AS where, t.select AS group, distinct AS order FROM s.t",
        "SELECT CAST(t.* AS text), CAST(distinct AS text), CAST(on AS text), count(*) AS from FROM s.t",
        "SELECT $1 AS a, 1 AS b, 'x' AS c, a[1] AS d, INTERVAL '1' DAY AS e, x'00' AS f FROM s.t",
        "SELECT 1 FROM s.t, LATERAL (SELECT 1) AS from, generate_series(1, 2) WITH ORDINALITY AS where",
        "WITH on AS (SELECT 1), not AS (SELECT 2), by (a) AS (SELECT 3) SELECT 1 FROM s.t",
    ] {
        assert_eq!(read_whole(query), "s.t", "{query}");
    }
}

#[test]
fn a_list_may_begin_with_a_query() {
    for (query, names) in [
        ("SELECT a IN ((SELECT 1 FROM s.u), 2) FROM s.t", "s.u s.t"),
        ("SELECT 1 FROM s.t WHERE a NOT IN ((SELECT 1 FROM s.u), 2) AND b", "s.t s.u"),
        ("SELECT a IN ((SELECT 1 FROM s.u) + 1), a IN ((SELECT 1)::int, 2) FROM s.t", "s.u s.t"),
        ("SELECT a IN (((SELECT 1)), 2), a IN (((SELECT 1) UNION SELECT 2), 3) FROM s.t", "s.t"),
        ("SELECT a IN (((SELECT 1) UNION (SELECT 2)) + 1), a IN ((VALUES (1)), 2) FROM s.t", "s.t"),
        ("SELECT (a, b) IN ((SELECT 1, 2), (3, 4)) FROM s.t", "s.t"),
        ("SELECT a IN ((SELECT b IN ((SELECT 1 FROM s.u), 2)), 3) FROM s.t", "s.u s.t"),
        ("SELECT a IN ((SELECT 1)), a IN (((SELECT 1)) UNION SELECT 2), a IN ((1), 2) FROM s.t", "s.t"),
    ] {
        assert_eq!(read_whole(query), names, "{query}");
    }
}

#[test]
fn what_is_taken_out_of_a_query_has_to_be_closed() {
    for query in [
        "SELECT a FROM s.t GROUP BY a OPTIONS (AGGREGATE INPUT GROUP SIZE = 10",
        "SELECT a FROM s.t GROUP BY a OPTIONS (AGGREGATE INPUT GROUP SIZE = 10]",
        "SELECT a FROM s.t OPTIONS (LIMIT INPUT GROUP SIZE = 1 ORDER BY (SELECT max(a) FROM s.u)",
        "SELECT a FROM [u1 AS d.s.t",
        "SELECT a FROM [u1 AS d.s.t)",
        "SELECT a OPERATOR(pg_catalog.+ b FROM s.t",
        "SELECT a OPERATOR(pg_catalog.+] b FROM s.t",
        "WITH MUTUALLY RECURSIVE (RECURSION LIMIT 9] x (a int) AS (SELECT 1 FROM s.t) SELECT 2 FROM x",
    ] {
        assert!(!file(&format!("CREATE VIEW v AS {query}")).1.is_empty(), "{query}");
    }
}

#[test]
fn a_webhook_fills_a_table() {
    let text =
        "CREATE TABLE t FROM WEBHOOK BODY FORMAT BYTES CHECK (WITH (BODY BYTES, SECRET s.k AS k) body = k)";
    assert_eq!(named(text), "t s.k");
    for wrong in ["CREATE TABLE t (a int) FROM WEBHOOK BODY FORMAT TEXT", "CREATE TABLE t FROM WEBHOOK"] {
        assert!(!file(wrong).1.is_empty(), "{wrong}");
    }
}

#[test]
fn a_key_names_no_type_of_another() {
    assert_eq!(named("CREATE INDEX i ON t (a, b, c::s.ty, d)"), "t s.ty");
}

#[test]
fn features_are_the_last_option_of_a_cluster() {
    for text in
        ["CREATE CLUSTER c SIZE x FEATURES (A B = true)", "CREATE CLUSTER c (SIZE x) FEATURES (A B = true)"]
    {
        let (read, mistakes) = file(text);
        let [Statement { kind: StatementKind::CreateCluster(cluster), .. }] = read.as_slice() else {
            panic!("{text}: {mistakes:?}")
        };
        let names: Vec<&str> = cluster.options.iter().map(|option| option.name.as_str()).collect();
        assert_eq!(names, ["SIZE", "FEATURES"], "{text}");
    }
    assert!(!file("ALTER CLUSTER c SET (SIZE 'x') FEATURES (A = true)").1.is_empty());
}

#[test]
fn how_deep_a_view_may_nest_is_left_to_the_server() {
    let nested = |depth: usize| format!("SELECT {}a{} FROM t", "(".repeat(depth), ")".repeat(depth));
    for query in [nested(200), format!("SELECT {}1 FROM t", "a + ".repeat(30_000))] {
        assert_eq!(named(&format!("CREATE VIEW v AS {query}")), "v t");
        assert!(!strictly(&format!("CREATE VIEW v AS {query}")).1.is_empty());
    }
    assert!(!file(&nested(200)).1.is_empty());
    assert!(
        !file(&format!("CREATE TABLE t (a {}int{})", "map[text=>".repeat(200), "]".repeat(200))).1.is_empty()
    );
}
