//! Real clients: tokio-postgres with types and binary values, and the recorded sessions of others.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;

use bytes::BytesMut;
use expect_test::expect_file;
use futures_util::SinkExt;
use futures_util::TryStreamExt;
use mzflow::clock::Clock;
use mzflow::clock::Timestamp;
use mzflow::sandbox::Options;
use tokio_postgres::Client;
use tokio_postgres::NoTls;
use tokio_postgres::types::FromSql;
use tokio_postgres::types::IsNull;
use tokio_postgres::types::ToSql;
use tokio_postgres::types::Type;

use super::harness::RUNTIME;
use super::harness::World;
use super::harness::wire;
use super::harness::wire::Wire;

/// A value of any type, as its bytes.
#[derive(Debug, PartialEq, Eq)]
struct Raw(Vec<u8>);

impl<'a> FromSql<'a> for Raw {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(raw.to_vec()))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

impl ToSql for Raw {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        out.extend_from_slice(&self.0);
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn to_sql_checked(&self, of: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        self.to_sql(of, out)
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn bytes(hex: &str) -> Raw {
    let digits: Vec<char> = hex.chars().filter(|c| !c.is_whitespace()).collect();
    let byte = |pair: &[char]| u8::from_str_radix(&pair.iter().collect::<String>(), 16).expect("digits");
    Raw(digits.chunks(2).map(byte).collect())
}

async fn connect(world: &World) -> Client {
    let (client, connection) = tokio_postgres::connect(&world.url(), NoTls).await.expect("it connects");
    tokio::spawn(connection);
    client
}

/// The code and the message of an error.
fn told(error: &tokio_postgres::Error) -> String {
    error
        .as_db_error()
        .map_or_else(|| error.to_string(), |error| format!("{} {}", error.code().code(), error.message()))
}

/// Types, a value of each as it is printed, and its bytes.
///
/// Source: PostgreSQL's formats; of the server's own types, its own.
const VALUES: &[(&str, &str, &str)] = &[
    ("bool", "true", "01"),
    ("int2", "-2", "fffe"),
    ("int4", "70000", "00011170"),
    ("int8", "-9223372036854775808", "8000000000000000"),
    ("uint2", "65535", "ffff"),
    ("uint4", "4294967295", "ffffffff"),
    ("uint8", "18446744073709551615", "ffffffffffffffff"),
    ("float4", "1.5", "3fc00000"),
    ("float8", "-Infinity", "fff0000000000000"),
    ("float8", "NaN", "7ff8000000000000"),
    ("numeric", "-12345.678", "0003 0001 4000 0003 0001 0929 1a7c"),
    ("text", "a\u{e9}", "61c3a9"),
    ("text", "", ""),
    ("varchar", "x", "78"),
    ("char(3)", "x", "782020"),
    ("\"char\"", "x", "78"),
    ("name", "x", "78"),
    ("bytea", "\\x00ff", "00ff"),
    ("date", "1999-12-31", "ffffffff"),
    ("time", "01:02:03.5", "00000000ddf019e0"),
    ("timestamp", "2000-01-01 00:00:01", "00000000000f4240"),
    ("timestamptz", "2000-01-02 00:00:00+00", "000000141dd76000"),
    ("interval", "1 year 2 months -3 days 00:00:01.5", "000000000016e360 fffffffd 0000000e"),
    ("uuid", "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0", "0f1e2d3c4b5a69788796a5b4c3d2e1f0"),
    ("jsonb", "{\"a\":[1,null]}", "01 7b2261223a5b312c6e756c6c5d7d"),
    ("oid", "4294967295", "ffffffff"),
    ("regtype", "integer", "00000017"),
    ("mz_timestamp", "12", "3132"),
    ("int4[]", "{1,NULL}", "00000001 00000001 00000017 00000002 00000001 00000004 00000001 ffffffff"),
    ("text[]", "{}", "00000000 00000000 00000019"),
    (
        "text[]",
        "{{a},{\"b,\\\"c\\\"\"}}",
        "00000002 00000000 00000019 00000002 00000001 00000001 00000001 00000001 61 00000005 622c226322",
    ),
];

#[test]
fn values_of_every_type_travel_both_ways() {
    let world = World::new();
    RUNTIME.block_on(async {
        let client = connect(&world).await;
        for (of, text, expected) in VALUES {
            let shown = text.replace('\'', "''");
            let row = client.query_one(&format!("SELECT '{shown}'::{of} AS v"), &[]).await;
            let row = row.unwrap_or_else(|error| panic!("{of} {text}: {}", told(&error)));
            let sent: Raw = row.get("v");
            assert_eq!(hex(&sent.0), hex(&bytes(expected).0), "{of} {text} is sent");
            let row = client.query_one(&format!("SELECT $1::{of}::text"), &[&bytes(expected)]).await;
            let row = row.unwrap_or_else(|error| panic!("{of} {text}: {}", told(&error)));
            let read: String = row.get(0);
            assert_eq!(read, *text, "{of} is read");
            let row = client.query_one(&format!("SELECT $1::{of}"), &[&None::<Raw>]).await;
            let row = row.unwrap_or_else(|error| panic!("{of} NULL: {}", told(&error)));
            assert_eq!(row.get::<_, Option<Raw>>(0), None, "{of}");
        }
    });
}

/// Statements with the types that their parameters and columns have.
const PREPARED: &[(&str, &str)] = &[
    ("SELECT $1", "text -> text"),
    ("SELECT $1 + 1, 'a' || $2", "int4, text -> int4, text"),
    ("SELECT $2::numeric, $1::date", "date, numeric -> numeric, date"),
    ("SELECT * FROM t WHERE id = $1 AND name IN ($2, 'x')", "int8, text -> int8, text, _int4"),
    ("SELECT id FROM t WHERE id = ANY ($1) OR $2 = ANY (tags)", "_int8, int4 -> int8"),
    ("SELECT coalesce($1, 5), CASE WHEN $2 THEN $3 ELSE 1.5 END", "int4, bool, numeric -> int4, numeric"),
    ("SELECT id FROM t WHERE id BETWEEN $1 AND $2 LIMIT $3", "int8, int8, int8 -> int8"),
    ("SELECT now() + $1, $2::jsonb -> $3", "interval, jsonb, text -> timestamptz, jsonb"),
    ("INSERT INTO t VALUES ($1, $2, $3)", "int8, text, _int4 -> "),
    ("INSERT INTO t (name) SELECT $1 RETURNING id", "text -> int8"),
    ("UPDATE t SET name = $2 WHERE id > $1", "int8, text -> "),
    ("DELETE FROM t WHERE tags = $1", "_int4 -> "),
    ("SELECT $2", "XX000 unable to infer type for parameter $1"),
    ("SELECT $1, $1 + 1", "XX000 operator does not exist: text + integer"),
    ("SELECT LIST[$1], '1'::uint2", "text -> list, uint2"),
    ("CREATE VIEW v AS SELECT 1 AS one", " -> "),
    ("SHOW cluster", " -> text"),
    ("DECLARE c CURSOR FOR SELECT id FROM t WHERE id = $1", "int8 -> "),
];

#[test]
fn parameters_take_the_types_of_their_surroundings() {
    let world = World::new();
    RUNTIME.block_on(async {
        let client = connect(&world).await;
        client.batch_execute("CREATE TABLE t (id int8, name text, tags int4[])").await.expect("made");
        for (sql, expected) in PREPARED {
            let found = match client.prepare(sql).await {
                Ok(statement) => {
                    let params: Vec<&str> = statement.params().iter().map(Type::name).collect();
                    let columns: Vec<&str> =
                        statement.columns().iter().map(|column| column.type_().name()).collect();
                    format!("{} -> {}", params.join(", "), columns.join(", "))
                }
                Err(error) => told(&error),
            };
            assert_eq!(found, *expected, "{sql}");
        }
    });
}

#[test]
fn a_driver_sends_much_before_it_reads() {
    let world = World::new();
    RUNTIME.block_on(async {
        let client = connect(&world).await;
        client.batch_execute("CREATE TABLE t (id int8, name text)").await.expect("made");
        let insert = client.prepare("INSERT INTO t VALUES ($1, $2)").await.expect("prepared");
        let (one, two, three) = (1_i64, 2_i64, 3_i64);
        let (name, none) = (Some("a"), None::<&str>);
        // All of them are on their way before the first is answered.
        let (a, b, c, d) = tokio::join!(
            async { client.execute(&insert, &[&one, &name]).await },
            async { client.execute("INSERT INTO missing VALUES ($1)", &[&one]).await },
            async { client.execute(&insert, &[&two, &none]).await },
            async { client.query_one("SELECT count(*), count(name) FROM t WHERE id < $1", &[&three]).await },
        );
        assert_eq!((a.expect("inserted"), c.expect("inserted")), (1, 1));
        assert_eq!(told(&b.expect_err("refused")), "XX000 unknown catalog item 'missing'");
        let row = d.expect("read");
        assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (2, 1));
        let refused = client.query("SELECT LIST[1]", &[]).await.expect_err("no binary format");
        assert_eq!(told(&refused), "08P01 binary encoding of list types is not implemented");
        let row = client.query_one("SELECT LIST[1]::text, ROW(1, 'x')::text", &[]).await.expect("read");
        assert_eq!((row.get::<_, &str>(0), row.get::<_, &str>(1)), ("{1}", "(1,x)"));
    });
}

#[test]
fn a_driver_copies_in_and_out() {
    let world = World::new();
    RUNTIME.block_on(async {
        let client = connect(&world).await;
        client.batch_execute("CREATE TABLE t (id int8, name text)").await.expect("made");
        let sink = client.copy_in::<_, &[u8]>("COPY t FROM STDIN WITH (FORMAT csv)").await.expect("begun");
        let mut sink = std::pin::pin!(sink);
        for part in [&b"1,one\n2,\"t"[..], b"wo\"\n3,\n"] {
            sink.as_mut().send(part).await.expect("sent");
        }
        assert_eq!(sink.finish().await.expect("done"), 3);
        let copied = client.copy_out("COPY (SELECT * FROM t ORDER BY id) TO STDOUT").await.expect("begun");
        let parts: Vec<_> = copied.try_collect().await.expect("read");
        assert_eq!(parts.concat(), b"1\tone\n2\ttwo\n3\t\\N\n");
        let row = client.query_one("SELECT count(*) FROM t", &[]).await.expect("it goes on");
        assert_eq!(row.get::<_, i64>(0), 3);
    });
}

/// One thing that a client asked.
struct Asked {
    /// On which of its connections.
    connection: u32,
    /// The parameters of its start-up message, where it is the first.
    parameters: Vec<(String, String)>,
    /// What it asked, as it was sent.
    text: String,
}

/// Reads a recorded session: of each question the connection, what it began with, and the text;
/// the answers are left out.
fn recorded(file: &str) -> Vec<Asked> {
    let mut all: Vec<Asked> = Vec::new();
    let mut open = false;
    for line in file.lines() {
        if let Some(number) = line.strip_prefix("== ") {
            let connection = number.parse().expect("the number of a connection");
            all.push(Asked { connection, parameters: Vec::new(), text: String::new() });
            open = true;
        } else if line == "----" {
            open = false;
        } else if let Some(asked) = all.last_mut().filter(|_| open) {
            match line.strip_prefix("> ").and_then(|pair| pair.split_once('=')) {
                Some((name, value)) if asked.text.is_empty() => {
                    asked.parameters.push((name.to_owned(), value.to_owned()));
                }
                _ => {
                    asked.text.push_str(if asked.text.is_empty() { "" } else { "\n" });
                    asked.text.push_str(line);
                }
            }
        }
    }
    all
}

/// Asks again what was recorded, on as many connections, and compares the answers.
fn replay(name: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/clients").join(name);
    let file = std::fs::read_to_string(&path).expect("it is recorded");
    // With a clock that stands still every answer is the same each time.
    let clock = Clock::manual(Timestamp(1_777_982_000_000));
    let world = World::with(Options { clock, ..Options::default() });
    let mut told = String::new();
    RUNTIME.block_on(async {
        let mut connections: BTreeMap<u32, Wire> = BTreeMap::new();
        for asked in recorded(&file) {
            let _ = writeln!(told, "== {}", asked.connection);
            for (name, value) in &asked.parameters {
                let _ = writeln!(told, "> {name}={value}");
            }
            let wire = match connections.entry(asked.connection) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => new.insert(Wire::connect(world.address(), &asked.parameters).await),
            };
            let answer = wire.exchange(&[wire::query(&asked.text)], 1).await;
            let _ = writeln!(told, "{}\n----\n{answer}\n", asked.text);
        }
    });
    expect_file![path].assert_eq(&told);
}

#[test]
fn dbt_is_answered_as_recorded() {
    replay("dbt.txt");
}

#[test]
fn psql_is_answered_as_recorded() {
    replay("psql.txt");
}
