//! Garbage: mutated statements and messages that break the protocol. Each is answered or refused, nothing
//! panics, and the server lives on.
//!
//! `MZFLOW_GARBAGE` says how many are tried, `MZFLOW_SEED` with which numbers.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use mzflow::clock::Clock;
use mzflow::clock::Timestamp;
use mzflow::sandbox::Options;
use mzflow::sandbox::Server;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use tokio_postgres::Client;

use crate::harness::PATIENCE;
use crate::harness::RUNTIME;
use crate::harness::client::answered;
use crate::harness::client::code;
use crate::harness::client::column;
use crate::harness::client::config;
use crate::harness::client::connect;
use crate::harness::client::connect_with;
use crate::harness::client::open;
use crate::harness::client::startup;
use crate::harness::random::Random;
use crate::harness::wire::extended;
use crate::harness::wire::message;

/// How many pieces of garbage are tried where nobody says.
const TRIES: u64 = 2_000;

/// Statements that one sandbox is given before a new one takes its place.
const EACH: u64 = 500;

fn tries() -> u64 {
    std::env::var("MZFLOW_GARBAGE").ok().and_then(|tries| tries.parse().ok()).unwrap_or(TRIES)
}

/// Every statement of the recordings.
fn recorded() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance");
    let mut found = BTreeSet::new();
    for folder in ["core", "full"] {
        for entry in std::fs::read_dir(root.join(folder)).expect("recordings") {
            let text = std::fs::read_to_string(entry.expect("an entry").path()).expect("a recording");
            for record in text.split("\n\n") {
                let lines =
                    record.lines().skip_while(|line| line.starts_with('#') || line.starts_with("connection"));
                let mut lines = lines.peekable();
                let head = lines.next().unwrap_or_default();
                if head.starts_with("statement") || head.starts_with("query") {
                    let statement: Vec<&str> = lines.take_while(|line| *line != "----").collect();
                    found.insert(statement.join("\n"));
                }
            }
        }
    }
    assert!(found.len() > 500, "{} statements", found.len());
    found.into_iter().collect()
}

/// Cuts a text where words, numbers, blanks and marks meet.
fn pieces(text: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    let kind = |c: char| {
        if c.is_alphanumeric() || c == '_' {
            0
        } else if c.is_whitespace() {
            1
        } else {
            2
        }
    };
    let mut last = None;
    for c in text.chars() {
        match pieces.last_mut() {
            Some(piece) if last == Some(kind(c)) && kind(c) < 2 => piece.push(c),
            _ => pieces.push(c.to_string()),
        }
        last = Some(kind(c));
    }
    pieces
}

/// What is put in the place of something: extremes, marks, halves of things.
const ODD: &[&str] = &[
    "0",
    "-1",
    "2147483648",
    "9223372036854775807",
    "-9223372036854775808",
    "1e400",
    "1e-400",
    "0.00000000000000000001",
    "NaN",
    "NULL",
    "''",
    "'",
    "\"",
    "\"\"",
    "$1",
    "$0",
    "$99999",
    "$$",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ";",
    ".",
    "::",
    "::int",
    "::text",
    "::jsonb",
    "::interval",
    "::numeric",
    "*",
    "/*",
    "*/",
    "--",
    "\\",
    "\0",
    "é",
    "\u{1F600}",
    "\u{202E}",
    "E'\\x'",
    "X'0'",
    "'{{1},{2,3}}'::int[]",
    "'2020-02-30'::date",
    "'infinity'::timestamp",
    "interval '1 fortnight'",
    "SELECT",
    "FROM",
    "WHERE",
    "GROUP BY",
    "OVER ()",
    "WITH",
    "UNION",
    "LATERAL",
    "mz_now()",
    "now()",
    "t",
    "public",
    "mz_objects",
    "mz_internal",
    "AS OF",
    "CASCADE",
    "IN CLUSTER",
    "[u1 AS a]",
    "[s1]",
    "IF NOT EXISTS",
    "OR REPLACE",
    "ROW(1, 2)",
    "ARRAY[1]",
    "LIST[1]",
    "MAP['a'=>1]",
    "generate_series(1, 3)",
    "count(*)",
    "sum(1)",
    "a.b.c.d",
];

/// A statement that is a little like one or two others.
fn mutated(random: &mut Random, statements: &[String]) -> String {
    let mut text = pieces(random.pick::<String>(statements));
    for _ in 0..=random.below(3) {
        let at = usize::try_from(random.below(text.len() as u64)).expect("small");
        match random.below(9) {
            0 if !text.is_empty() => drop(text.remove(at)),
            1 => text.insert(at, (*random.pick(ODD)).to_owned()),
            2 if !text.is_empty() => text[at] = (*random.pick(ODD)).to_owned(),
            3 => text.truncate(at),
            4 if !text.is_empty() => {
                let other = usize::try_from(random.below(text.len() as u64)).expect("small");
                text.swap(at, other);
            }
            5 if !text.is_empty() => {
                let again = text[at].clone();
                text.insert(at, again);
            }
            6 => {
                let other = pieces(random.pick::<String>(statements));
                let from = usize::try_from(random.below(other.len() as u64)).expect("small");
                text.truncate(at);
                text.extend(other.into_iter().skip(from));
            }
            7 if !text.is_empty() => {
                text[at] = text[at].chars().rev().collect();
            }
            _ => {
                let (open, close) =
                    *random.pick(&[("(", ")"), ("[", "]"), ("(SELECT ", ")"), ("NOT ", ""), ("'", "'")]);
                text.insert(at, open.to_owned());
                text.push(close.to_owned());
            }
        }
    }
    text.concat()
}

#[test]
fn mutated_statements_are_all_answered() {
    let statements = recorded();
    let mut random = Random::seeded("MZFLOW_SEED");
    RUNTIME.block_on(async {
        for _ in 0..tries().div_ceil(EACH) {
            let settings = [("sandbox_hydration", "0"), ("max_clusters", "1000")];
            let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
            let server =
                Server::start(Options { settings, ..Options::default() }).await.expect("the sandbox starts");
            let client = connect(&server).await;
            for sql in [
                "SET statement_timeout = '2s'",
                "CREATE TABLE t (x int, a text, b jsonb, n numeric)",
                "INSERT INTO t VALUES (1, 'one', '{\"k\": [1, 2]}', 1.5), (2, NULL, NULL, NULL)",
                "CREATE VIEW v AS SELECT x, count(*) AS n FROM t GROUP BY x",
            ] {
                client.batch_execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
            }
            for _ in 0..EACH.min(tries()) {
                let sql = mutated(&mut random, &statements);
                // The protocol ends texts with a zero byte, and drivers refuse to send one.
                let sql = sql.replace('\0', "");
                if sql.to_uppercase().contains("SUBSCRIBE") || sql.to_uppercase().contains("FETCH") {
                    // They wait for news that nobody makes.
                    continue;
                }
                let how = random.below(4);
                assert!(answered(&client, &sql, how == 0).await, "the connection ended at: {sql}");
            }
            let alive = connect(&server).await;
            assert_eq!(column(&alive, "SELECT 1").await, ["1"]);
            server.shutdown().await;
        }
    });
}

/// Reads whatever the server says until it closes the connection or says nothing more.
async fn drain(socket: &mut TcpStream) -> Vec<u8> {
    // The writing end is closed: a server that has read all of it ends the connection.
    let _ = socket.shutdown().await;
    let mut said = Vec::new();
    let read = tokio::time::timeout(PATIENCE, socket.read_to_end(&mut said)).await.expect("it ends");
    if let Err(error) = read {
        assert!([ErrorKind::ConnectionReset, ErrorKind::BrokenPipe].contains(&error.kind()), "{error}");
    }
    said
}

/// A few messages that follow the protocol.
fn proper(random: &mut Random) -> Vec<u8> {
    match random.below(7) {
        0 => message(b'Q', b"SELECT 1\0"),
        1 => extended("SELECT 1"),
        2 => message(b'S', b""),
        3 => message(b'D', b"P\0"),
        4 => message(b'C', b"S\0"),
        5 => message(b'Q', b"BEGIN; SELECT 1; COMMIT\0"),
        _ => message(b'H', b""),
    }
}

/// Bytes that may follow the protocol up to some point.
fn improper(random: &mut Random) -> Vec<u8> {
    let mut bytes = Vec::new();
    for _ in 0..=random.below(4) {
        bytes.extend(proper(random));
    }
    for _ in 0..=random.below(4) {
        let at = usize::try_from(random.below(bytes.len() as u64)).expect("small");
        let byte = random.next().to_le_bytes()[0];
        match random.below(5) {
            0 if !bytes.is_empty() => bytes[at] = byte,
            1 => bytes.insert(at, byte),
            2 if !bytes.is_empty() => drop(bytes.remove(at)),
            3 => bytes.truncate(at),
            _ => bytes.extend(random.next().to_le_bytes()),
        }
    }
    bytes
}

#[test]
fn messages_that_break_the_protocol_harm_nobody() {
    let mut random = Random::seeded("MZFLOW_SEED");
    RUNTIME.block_on(async {
        let server = Server::start(Options::default()).await.expect("the sandbox starts");
        for _ in 0..tries() / 4 {
            // Before the session, or in it.
            let mut socket = if random.below(3) == 0 {
                let mut socket = TcpStream::connect(server.address()).await.expect("it connects");
                let mut bytes = startup();
                let at = usize::try_from(random.below(bytes.len() as u64)).expect("small");
                match random.below(4) {
                    0 => bytes.truncate(at),
                    1 => bytes[at] = random.next().to_le_bytes()[0],
                    2 => bytes.insert(at, random.next().to_le_bytes()[0]),
                    _ => {}
                }
                let _ = socket.write_all(&bytes).await;
                socket
            } else {
                open(server.address()).await
            };
            // It may have closed the connection already.
            let _ = socket.write_all(&improper(&mut random)).await;
            drain(&mut socket).await;
        }
        let client = connect(&server).await;
        assert_eq!(column(&client, "SELECT count(*)::text FROM mz_internal.mz_sessions").await, ["1"]);
        server.shutdown().await;
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_is_too_long_is_refused_and_the_session_goes_on() {
    let server = Server::start(Options::default()).await.expect("the sandbox starts");
    let client = connect(&server).await;
    let long = |bytes: usize| format!("SELECT '{}'", "x".repeat(bytes));
    assert_eq!(code(&client, &long(900_000)).await, "ok");
    for bytes in [1_000_000, 20 << 20, 100 << 20] {
        assert_eq!(code(&client, &long(bytes)).await, "54000");
        assert_eq!(code(&client, "SELECT 1").await, "ok");
    }
    let error = client.prepare(&long(20 << 20)).await.err().and_then(|error| error.code().cloned());
    assert_eq!(error.map(|code| code.code().to_owned()).as_deref(), Some("54000"));
    assert_eq!(code(&client, "SELECT 1").await, "ok");
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_length_that_lies_costs_nothing() {
    let server = Server::start(Options::default()).await.expect("the sandbox starts");
    for length in [i32::MAX, 4, 3, 0, -1, i32::MIN] {
        let mut socket = open(server.address()).await;
        socket.write_all(&[&b"Q"[..], &length.to_be_bytes(), b"SELECT"].concat()).await.expect("sent");
        let said = String::from_utf8_lossy(&drain(&mut socket).await).into_owned();
        assert!(length > 4 || said.contains("08P01"), "{length}: {said}");
    }
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_not_say_who_it_is_is_left() {
    let clock = Clock::manual(Timestamp(1_777_982_160_000));
    let server =
        Server::start(Options { clock: clock.clone(), ..Options::default() }).await.expect("it starts");
    let mut half = TcpStream::connect(server.address()).await.expect("it connects");
    half.write_all(&startup()[..10]).await.expect("sent");
    let silent = TcpStream::connect(server.address()).await.expect("it connects");
    let mut silent = silent;
    for socket in [&mut half, &mut silent] {
        let left = async {
            let mut said = [0];
            loop {
                // The clock is moved until the server has begun to wait, and left.
                clock.advance(Duration::from_secs(60));
                let read = tokio::time::timeout(Duration::from_millis(10), socket.read(&mut said)).await;
                match read {
                    Ok(Ok(0) | Err(_)) => return,
                    Ok(Ok(_)) => panic!("it says something"),
                    Err(_) => {}
                }
            }
        };
        tokio::time::timeout(PATIENCE, left).await.expect("it is left");
    }
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_come_and_go_and_leave_nothing() {
    let server = Server::start(Options::default()).await.expect("the sandbox starts");
    let client = connect(&server).await;
    for round in 0..10 {
        let mut sockets = Vec::new();
        for number in 0..100 {
            let socket = match number % 3 {
                0 => TcpStream::connect(server.address()).await.expect("it connects"),
                1 => open(server.address()).await,
                _ => {
                    let mut socket = open(server.address()).await;
                    // Nobody waits for the answer; the first ones wait for ever.
                    let sql: &[u8] = if round == 0 { b"SELECT 1\0" } else { b"BEGIN; SELECT 1\0" };
                    socket.write_all(&message(b'Q', sql)).await.expect("sent");
                    socket
                }
            };
            sockets.push(socket);
        }
        drop(sockets);
    }
    alone(&client).await;
    server.shutdown().await;
}

/// Waits until a session is the only one.
async fn alone(client: &Client) {
    let empty = async {
        while column(client, "SELECT count(*)::text FROM mz_internal.mz_sessions").await != ["1"] {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, empty).await.expect("all are gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_goes_ends_what_it_waits_for() {
    let server = Server::start(Options::default()).await.expect("the sandbox starts");
    let client = connect(&server).await;
    client.batch_execute("CREATE TABLE t (x int)").await.expect("made");
    client.batch_execute("ALTER SYSTEM SET sandbox_hydration_stuck = 'm'").await.expect("set");
    client.batch_execute("CREATE MATERIALIZED VIEW m AS SELECT x FROM t").await.expect("made");
    server.set_faults("delay 1h before 'SELECT 7%'").expect("set");
    for sql in [
        &b"SELECT 7\0"[..],
        b"SELECT * FROM m\0",
        b"BEGIN; DECLARE c CURSOR FOR SUBSCRIBE t; FETCH ALL c; FETCH ALL c\0",
    ] {
        let mut socket = open(server.address()).await;
        socket.write_all(&message(b'Q', sql)).await.expect("sent");
    }
    alone(&client).await;
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_session_too_many_is_told_so() {
    let settings = vec![("max_connections".to_owned(), "2".to_owned())];
    let server = Server::start(Options { settings, ..Options::default() }).await.expect("the sandbox starts");
    let (one, two) = (connect(&server).await, connect(&server).await);
    let refused = connect_with(&config(server.address())).await.expect_err("one too many");
    let refused = refused.as_db_error().expect("an answer");
    let told = "creating connection would violate max_connections limit (desired: 3, limit: 2, current: 2)";
    assert_eq!((refused.code().code(), refused.message()), ("53000", told));
    drop(two);
    let again = async {
        while connect_with(&config(server.address())).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, again).await.expect("there is room again");
    assert_eq!(code(&one, "SELECT 1").await, "ok");
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_would_fill_the_memory_are_refused() {
    let server = Server::start(Options::default()).await.expect("the sandbox starts");
    let client = connect(&server).await;
    for sql in [
        "SELECT count(*) FROM generate_series(1, 100000000000)",
        "SELECT generate_series(1, 100000000000)",
        "SELECT repeat('x', 2000000000)",
        "SELECT repeat(repeat('x', 100000), 100000)",
        "SELECT lpad('x', 2000000000)",
        "SELECT * FROM generate_series(1, 100000) a, generate_series(1, 100000) b",
        "INSERT INTO t SELECT generate_series(1, 100000000000)",
        "SELECT 'x'::char(2000000000)",
        "SELECT array_fill(1, ARRAY[100000, 100000])",
    ] {
        let answer = tokio::time::timeout(PATIENCE, code(&client, sql)).await;
        let answer = answer.unwrap_or_else(|_| panic!("no answer to {sql}"));
        assert!(!["ok", "closed"].contains(&answer.as_str()), "{sql}: {answer}");
    }
    assert_eq!(code(&client, "SELECT 1").await, "ok");
    server.shutdown().await;
}
