//! A sandbox that is killed at any moment: nothing that was answered is lost, and nothing is there by half.
//!
//! `MZFLOW_KILLS` says how often it is killed, `MZFLOW_SEED` repeats a run.

use std::collections::BTreeSet;
use std::io::BufRead;
use std::io::BufReader;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;

use crate::harness::RUNTIME;
use crate::harness::client::column;
use crate::harness::client::config;
use crate::harness::client::connect_with;
use crate::harness::random::Random;

/// How often it is killed where nobody says.
const KILLS: u64 = 200;

/// Statements between two deaths, at most.
const STATEMENTS: u64 = 8;

/// Rows of one `INSERT`.
const ROWS: u64 = 3;

/// A process that serves a folder.
struct Serving(Child);

impl Drop for Serving {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn serve(data: &Path) -> Serving {
    let child = Command::new(env!("CARGO_BIN_EXE_mzflow"))
        .args(["sandbox", "serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(data)
        .current_dir(data)
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    Serving(child.expect("the binary starts"))
}

/// Where it listens.
fn address(serving: &mut Serving) -> SocketAddr {
    let mut line = String::new();
    let out = serving.0.stdout.take().expect("it is piped");
    BufReader::new(out).read_line(&mut line).expect("a line");
    let address = line.trim().strip_prefix("listening on ").and_then(|address| address.parse().ok());
    address.unwrap_or_else(|| {
        let mut told = String::new();
        let errors = serving.0.stderr.take().expect("it is piped");
        for line in BufReader::new(errors).lines() {
            told += &line.expect("a line");
        }
        panic!("it does not listen: {line} {told}")
    })
}

/// What has been answered so far, and what was on its way when the process died.
#[derive(Default)]
struct Known {
    rows: BTreeSet<u64>,
    views: BTreeSet<u64>,
    /// Whether the schemas are swapped.
    swapped: bool,
    /// A statement without an answer.
    open: Option<Change>,
}

/// What a statement changes.
#[derive(Clone, Copy, Debug)]
enum Change {
    Rows(u64),
    View(u64),
    Swap,
    /// Much text that the next one replaces: the log grows, and is written anew at a start.
    Bulk(u64),
}

impl Change {
    fn any(random: &mut Random, number: u64) -> Self {
        match random.below(5) {
            0 | 1 => Self::Rows(number),
            2 => Self::View(number),
            3 => Self::Swap,
            _ => Self::Bulk(number),
        }
    }

    fn sql(self) -> String {
        match self {
            Self::Rows(number) => {
                format!("INSERT INTO t SELECT {number} FROM generate_series(1, {ROWS})")
            }
            Self::View(number) => format!("CREATE VIEW v{number} AS SELECT x FROM t"),
            Self::Swap => "BEGIN; ALTER SCHEMA a SWAP WITH b; ALTER SCHEMA c SWAP WITH d; COMMIT".to_owned(),
            Self::Bulk(number) => format!("UPDATE bulk SET text = repeat('{number} ', 20000)"),
        }
    }
}

impl Known {
    fn done(&mut self, change: Change) {
        match change {
            Change::Rows(number) => drop(self.rows.insert(number)),
            Change::View(number) => drop(self.views.insert(number)),
            Change::Swap => self.swapped = !self.swapped,
            Change::Bulk(_) => {}
        }
    }

    /// Compares with what a sandbox says that has been started again.
    async fn check(&mut self, client: &tokio_postgres::Client) {
        let rows = column(client, "SELECT x::text || ' ' || count(*)::text FROM t GROUP BY x").await;
        let mut found = BTreeSet::new();
        for row in rows {
            let (number, count) = row.split_once(' ').expect("two numbers");
            assert_eq!(count, ROWS.to_string(), "an INSERT is there by half");
            found.insert(number.parse().expect("a number"));
        }
        let views = column(client, "SELECT name FROM mz_views WHERE id LIKE 'u%'").await;
        let views: BTreeSet<u64> = views.iter().map(|name| name[1..].parse().expect("a number")).collect();
        let marked = "SELECT s.name FROM mz_schemas s JOIN mz_tables t ON t.schema_id = s.id \
                      WHERE t.name LIKE 'mark%' ORDER BY t.name";
        let marked = column(client, marked).await;
        let swapped = match marked.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["a", "c"] => false,
            ["b", "d"] => true,
            other => panic!("a transaction is there by half: {other:?}"),
        };
        if let Some(change) = self.open.take() {
            let happened = match change {
                Change::Rows(number) => found.contains(&number),
                Change::View(number) => views.contains(&number),
                Change::Swap => swapped != self.swapped,
                Change::Bulk(_) => true,
            };
            if happened {
                self.done(change);
            }
        }
        assert_eq!(found, self.rows);
        assert_eq!(views, self.views);
        assert_eq!(swapped, self.swapped);
        assert_eq!(column(client, "SELECT count(*)::text FROM bulk WHERE text LIKE '% '").await, ["1"]);
    }
}

#[test]
fn what_was_answered_outlives_any_death() {
    let mut random = Random::seeded("MZFLOW_SEED");
    let kills = std::env::var("MZFLOW_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(KILLS);
    let folder = tempfile::tempdir().expect("a folder");
    let mut known = Known::default();
    let mut number = 0;
    for kill in 0..kills {
        let mut serving = serve(folder.path());
        if kill > 0 && random.below(8) == 0 {
            // It dies while it starts, if it has come that far.
            drop(serving);
            continue;
        }
        let address = address(&mut serving);
        RUNTIME.block_on(async {
            let client = connect_with(&config(address)).await.expect("it lets clients in");
            if kill == 0 {
                for sql in [
                    "CREATE TABLE t (x int)",
                    "CREATE TABLE bulk (text text)",
                    "INSERT INTO bulk VALUES ('first ')",
                    "CREATE SCHEMA a",
                    "CREATE SCHEMA b",
                    "CREATE SCHEMA c",
                    "CREATE SCHEMA d",
                    "CREATE TABLE a.mark1 (x int)",
                    "CREATE TABLE c.mark2 (x int)",
                    "ALTER SYSTEM SET sandbox_hydration = '0'",
                ] {
                    client.batch_execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
                }
            }
            known.check(&client).await;
            for _ in 0..random.below(STATEMENTS) {
                number += 1;
                let change = Change::any(&mut random, number);
                let sql = change.sql();
                client.batch_execute(&sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
                known.done(change);
            }
            if random.below(3) > 0 {
                number += 1;
                let change = Change::any(&mut random, number);
                known.open = Some(change);
                let sent = tokio::spawn(async move { client.batch_execute(&change.sql()).await });
                for _ in 0..random.below(200) {
                    tokio::task::yield_now().await;
                }
                serving.0.kill().expect("it is killed");
                if sent.await.expect("joined").is_ok() {
                    known.open = None;
                    known.done(change);
                }
            }
        });
        drop(serving);
    }
    assert!(!known.rows.is_empty() && !known.views.is_empty() || kills < 20);
}
