//! The wire protocol, message by message, as the server's own tests have it.

use expect_test::Expect;
use expect_test::expect;

use super::harness::RUNTIME;
use super::harness::World;
use super::harness::wire::Wire;
use super::harness::wire::bind;
use super::harness::wire::close;
use super::harness::wire::copy_data;
use super::harness::wire::copy_done;
use super::harness::wire::describe;
use super::harness::wire::execute;
use super::harness::wire::extended;
use super::harness::wire::message;
use super::harness::wire::parse;
use super::harness::wire::query;
use super::harness::wire::sync;

/// Sends messages of which so many are answered as ready, after some statements were run.
#[track_caller]
fn check(before: &[&str], messages: &[Vec<u8>], ready: usize, told: Expect) {
    let world = World::new();
    told.assert_eq(&RUNTIME.block_on(async {
        let mut wire = Wire::materialize(world.address()).await;
        for sql in before {
            let told = wire.exchange(&[query(sql)], 1).await;
            assert!(!told.contains("error"), "{sql}: {told}");
        }
        wire.exchange(messages, ready).await
    }));
}

#[test]
fn statements_before_one_sync_stand_on_their_own() {
    // The second fails: the third is skipped, the first stays.
    let messages = [
        extended("CREATE SCHEMA one"),
        extended("CREATE SCHEMA one"),
        extended("CREATE SCHEMA two"),
        sync(),
        query("SELECT name FROM mz_schemas WHERE name IN ('one', 'two')"),
    ];
    check(
        &[],
        &messages,
        2,
        expect![[r#"
        parsed
        bound
        CREATE SCHEMA
        parsed
        bound
        error XX000 schema 'one' already exists
        columns name
        | one
        SELECT 1"#]],
    );
}

#[test]
fn a_portal_gives_as_many_rows_as_are_asked_for() {
    let messages = [
        query("BEGIN"),
        parse("", "VALUES (1), (2)"),
        bind("", "", &[], &[]),
        execute("", 1),
        execute("", 1),
        execute("", 1),
        bind("p", "", &[], &[]),
        execute("p", 3),
        execute("p", 3),
        close(b'P', "p"),
        execute("p", 3),
        sync(),
    ];
    check(
        &[],
        &messages,
        2,
        expect![[r#"
        BEGIN
        in a transaction
        parsed
        bound
        | 1
        suspended
        | 2
        suspended
        SELECT 0
        bound
        | 1
        | 2
        SELECT 2
        SELECT 0
        closed
        error 34000 portal "p" does not exist
        in a failed transaction"#]],
    );
}

#[test]
fn a_portal_is_run_once() {
    let messages = [
        query("BEGIN"),
        parse("", "INSERT INTO t VALUES (1)"),
        bind("", "", &[], &[]),
        execute("", 0),
        execute("", 0),
        sync(),
        query("ROLLBACK"),
    ];
    check(
        &["CREATE TABLE t (x int)"],
        &messages,
        3,
        expect![[r#"
        BEGIN
        in a transaction
        parsed
        bound
        INSERT 0 1
        error 55000 portal "" cannot be run
        in a failed transaction
        ROLLBACK"#]],
    );
}

#[test]
fn parameters_are_told_checked_and_counted() {
    let messages = [
        parse("q", "SELECT $1, $2 + 1, $3::text, $4 IS NULL FROM t WHERE x = $5"),
        describe(b'S', "q"),
        sync(),
        bind("", "q", &[Some("blah"), Some("42"), None, Some("")], &[]),
        sync(),
        bind("", "q", &[Some("blah"), Some("4x"), None, None, Some("1")], &[]),
        sync(),
        bind("", "q", &[Some("blah"), Some("42"), None, None, Some("1")], &[0, 0]),
        sync(),
        bind("", "q", &[Some("blah"), Some("42"), None, None, Some("1")], &[]),
        describe(b'P', ""),
        execute("", 0),
        close(b'S', "q"),
        bind("", "q", &[], &[]),
        sync(),
        query("SELECT $1"),
    ];
    check(
        &["CREATE TABLE t (x int)", "INSERT INTO t VALUES (1)"],
        &messages,
        6,
        expect![[r#"
        parsed
        parameters 25 23 25 25 23
        columns ?column? | ?column? | text | ?column?
        error 08P01 bind message supplies 4 parameters, but prepared statement "q" requires 5
        error 22023 unable to decode parameter: invalid input syntax for type integer: invalid digit found in string: "4x"
        error 08P01 expected 4 field format specifiers, but got 2
        bound
        columns ?column? | ?column? | text | ?column?
        | blah | 43 | NULL | t
        SELECT 1
        closed
        error 26000 prepared statement "q" does not exist
        error 42P02 there is no parameter $1"#]],
    );
}

#[test]
fn what_is_prepared_is_looked_at_again() {
    let messages = [
        parse("q", "SELECT * FROM t"),
        sync(),
        query("DROP TABLE t"),
        query("CREATE TABLE t (y int)"),
        describe(b'S', "q"),
        sync(),
        bind("", "q", &[], &[]),
        sync(),
        query("DROP TABLE t"),
        query("CREATE TABLE t (x int)"),
        describe(b'S', "q"),
        sync(),
        parse("q", "SELECT 1"),
        sync(),
        parse("", "SELECT 1; SELECT 2"),
        sync(),
    ];
    check(
        &["CREATE TABLE t (x int)"],
        &messages,
        10,
        expect![[r#"
            parsed
            DROP TABLE
            CREATE TABLE
            error 0A000 cached plan must not change result type
            error 0A000 cached plan must not change result type
            DROP TABLE
            CREATE TABLE
            parameters
            columns x
            error 42P05 prepared statement "q" already exists
            error XX000 cannot insert multiple commands into a prepared statement"#]],
    );
}

#[test]
fn what_has_no_binary_format_is_refused_at_bind() {
    let ask = |sql: &str| [parse("", sql), bind("", "", &[], &[1]), execute("", 0), sync()].concat();
    let messages = [
        ask("SELECT LIST[1, 2]"),
        ask("SELECT '{a=>1}'::map[text=>int]"),
        ask("SELECT ROW(1, LIST[2])"),
        ask("SELECT 'a'"),
    ];
    check(
        &[],
        &messages,
        4,
        expect![[r#"
        parsed
        error 08P01 binary encoding of list types is not implemented
        parsed
        error 08P01 binary encoding of map types is not implemented
        parsed
        error 08P01 binary encoding of list types is not implemented
        parsed
        bound
        | a
        SELECT 1"#]],
    );
}

#[test]
fn texts_are_copied_in_and_out() {
    let messages = [
        query("COPY t FROM STDIN"),
        copy_data("1\tbl"),
        copy_data("ah\n2\t\n3\t\\N\n\\.\nrest"),
        copy_done(),
        query("COPY t (b) FROM STDIN WITH (FORMAT csv, NULL 'none', HEADER)"),
        copy_data("b\n\"x, \"\"y\"\"\"\nnone\n"),
        copy_done(),
        query("COPY (SELECT a, b FROM t ORDER BY a, b) TO STDOUT; SELECT 1"),
        parse("", "COPY (SELECT a, b FROM t ORDER BY a, b) TO STDOUT WITH (FORMAT csv)"),
        describe(b'S', ""),
        bind("", "", &[], &[]),
        execute("", 0),
        parse("", "COPY t FROM STDIN"),
        bind("", "", &[], &[]),
        execute("", 0),
        sync(),
        copy_data("7\tseven\n"),
        copy_done(),
        sync(),
    ];
    check(
        &["CREATE TABLE t (a int DEFAULT 5, b text)"],
        &messages,
        4,
        expect![[r#"
            copy in
            COPY 3
            copy in
            COPY 2
            copy out
            data 1	blah
            data 2	
            data 3	\N
            data 5	x, "y"
            data 5	\N
            copied
            COPY 5
            columns ?column?
            | 1
            SELECT 1
            parsed
            parameters
            no data
            bound
            copy out
            data 1,blah
            data 2,""
            data 3,
            data 5,"x, ""y"""
            data 5,
            copied
            COPY 5
            parsed
            bound
            copy in
            COPY 1"#]],
    );
}

#[test]
fn a_copy_that_fails_leaves_the_connection_as_it_was() {
    let wrong = |sql: &str, data: &str| [query(sql), copy_data(data), copy_done()].concat();
    let messages = [
        wrong("COPY t FROM STDIN", "1\n"),
        wrong("COPY t FROM STDIN", "1\tx\t2\n"),
        wrong("COPY t FROM STDIN", "x\ty\n"),
        wrong("COPY t FROM STDIN", "\\N\ty\n"),
        [query("COPY t FROM STDIN"), message(b'f', b"changed my mind\0")].concat(),
        [query("COPY t FROM STDIN"), query("SELECT 2")].concat(),
        // These are refused before any data is asked for: it comes all the same, and is nothing.
        wrong("COPY t FROM STDIN WITH (FORMAT binary)", "x"),
        wrong("COPY missing FROM STDIN", "x"),
        wrong("COPY v FROM STDIN", "x"),
        query("COPY t FROM STDIN WITH (DELIMITER '||')"),
        query("COPY t FROM STDIN WITH (FORMAT csv, QUOTE ',')"),
        query("COPY t FROM STDIN WITH (QUOTE 'x')"),
        query("COPY t TO STDOUT"),
        query("COPY (SELECT 1) TO STDOUT WITH (FORMAT csv, HEADER)"),
        query("COPY (SELECT LIST[1]) TO STDOUT WITH (FORMAT binary)"),
        query("COPY (SELECT 1) FROM STDIN"),
        query("COPY (SELECT 1) TO 's3://bucket' WITH (FORMAT = 'csv')"),
        query("SELECT count(*) FROM t"),
    ];
    let before = ["CREATE TABLE t (a int NOT NULL, b text)", "CREATE VIEW v AS SELECT a FROM t"];
    check(
        &before,
        &messages,
        18,
        expect![[r#"
        copy in
        error 22P04 missing data for column
        copy in
        error 22P04 extra data after last expected column
        copy in
        error 22P04 unable to decode column: invalid input syntax for type integer: invalid digit found in string: "x"
        copy in
        error 23502 null value in column "a" violates not-null constraint
        copy in
        error 57014 COPY from stdin failed: changed my mind
        copy in
        error 08P01 unexpected message type during COPY from stdin
        error XX000 FORMAT BINARY not yet supported
        error XX000 unknown catalog item 'missing'
        error XX000 cannot insert into view 'materialize.public.v'
        error XX000 COPY delimiter must be a single one-byte character
        error XX000 COPY delimiter and quote must be different
        error XX000 COPY quote available only in CSV mode
        error XX000 named with COPY TO STDOUT unsupported
        error XX000 COPY TO does not support HEADER option yet
        error 08P01 binary encoding of list types is not implemented
        error 42601 queries not allowed in COPY FROM
        error 0A000 the sandbox does not support `COPY (SELECT 1) TO 's3://bucket' WITH (FORMAT = 'csv')`
        columns count
        | 0
        SELECT 1"#]],
    );
}

#[test]
fn a_copy_belongs_to_its_transaction() {
    let copy = || [query("COPY t FROM STDIN"), copy_data("1\n2\n"), copy_done()].concat();
    let messages = [
        [query("BEGIN"), copy(), query("ROLLBACK"), query("SELECT count(*) FROM t")].concat(),
        [query("BEGIN"), copy(), query("COMMIT"), query("SELECT count(*) FROM t")].concat(),
        [query("BEGIN READ ONLY"), query("COPY t FROM STDIN"), query("ROLLBACK")].concat(),
    ];
    check(
        &["CREATE TABLE t (a int)"],
        &messages,
        11,
        expect![[r#"
        BEGIN
        in a transaction
        copy in
        COPY 2
        in a transaction
        ROLLBACK
        columns count
        | 0
        SELECT 1
        BEGIN
        in a transaction
        copy in
        COPY 2
        in a transaction
        COMMIT
        columns count
        | 2
        SELECT 1
        BEGIN
        in a transaction
        error 25006 transaction in read-only mode
        in a failed transaction
        ROLLBACK"#]],
    );
}
