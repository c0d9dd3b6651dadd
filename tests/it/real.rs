//! Against a Materialize of one's own, named by `MZFLOW_TEST_URL`: the example, twice, and back.
//!
//! It has to be an environment with nothing in it, and reachable without TLS. What a test makes, it drops.

use std::io::Write;

use tokio_postgres::NoTls;
use tokio_postgres::SimpleQueryMessage;

use crate::harness::RUNTIME;
use crate::harness::World;
use crate::harness::told::Told;

/// What names the Materialize.
const VARIABLE: &str = "MZFLOW_TEST_URL";

/// The databases, clusters and roles that the example and mzflow itself make.
const MADE: &str = "SELECT name FROM mz_databases WHERE name IN ('auction', '_mzflow') \
    UNION ALL SELECT name FROM mz_clusters WHERE name IN ('compute', 'serving') OR name LIKE '%\\_\\_mz_' \
    UNION ALL SELECT name FROM mz_roles WHERE name IN ('auction_canary', 'auction_reader') ORDER BY 1";

/// A Materialize, and a folder with both versions of the example.
struct Real {
    world: World,
    url: String,
}

impl Real {
    /// The one that is named; says that the test is skipped where none is.
    fn named(test: &str) -> Option<Self> {
        let Some(url) = std::env::var(VARIABLE).ok().filter(|url| !url.is_empty()) else {
            // Not through `eprintln!`, which is not shown of a test that has passed.
            let _ = writeln!(std::io::stderr(), "skipped: {test}, for {VARIABLE} is not set");
            return None;
        };
        let world = World::new();
        world.example("auction");
        world.example("auction_v2");
        let real = Self { world, url };
        let there = real.rows(MADE);
        assert!(
            there.is_empty(),
            "{VARIABLE} names a Materialize that has {there:?} already: take an empty one"
        );
        Some(real)
    }

    fn mzflow(&self, arguments: &[&str]) -> Told {
        self.world.mzflow(&[arguments, &["--url", &self.url]].concat())
    }

    /// The first column of the rows.
    fn rows(&self, sql: &str) -> Vec<String> {
        let answered = RUNTIME.block_on(async {
            let (client, connection) = tokio_postgres::connect(&self.url, NoTls).await?;
            tokio::spawn(connection);
            client.simple_query(sql).await
        });
        let messages = answered.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        let row = |message: &SimpleQueryMessage| match message {
            SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        };
        messages.iter().filter_map(row).collect()
    }

    /// The kinds of swaps and whose they are, newest first.
    fn log(&self) -> Vec<String> {
        let log = self.mzflow(&["log", "--json"]).code(0).json();
        let told = log.as_array().expect("an array").iter();
        told.map(|one| format!("{} {}", one["kind"], one["deployment"]).replace('"', "")).collect()
    }

    /// The views of what applications read.
    fn served(&self) -> Vec<String> {
        self.rows(
            "SELECT o.name FROM mz_objects o JOIN mz_schemas s ON s.id = o.schema_id \
             JOIN mz_databases d ON d.id = s.database_id \
             WHERE d.name = 'auction' AND s.name = 'serve' AND o.name IN ('old_report', 'top_sellers')",
        )
    }
}

impl Drop for Real {
    /// Leaves nothing behind, also where the test has failed.
    fn drop(&mut self) {
        let run = |sql: String| {
            RUNTIME.block_on(async {
                let (client, connection) = tokio_postgres::connect(&self.url, NoTls).await?;
                tokio::spawn(connection);
                client.batch_execute(&sql).await
            })
        };
        let mut left = Vec::new();
        for database in ["auction", "_mzflow"] {
            left.extend(run(format!("DROP DATABASE IF EXISTS {database} CASCADE")).err());
        }
        let clusters = ["compute", "serving"];
        let green =
            clusters.iter().flat_map(|name| [format!("{name}__one__mzf"), format!("{name}__two__mzf")]);
        for cluster in clusters.iter().map(|name| (*name).to_owned()).chain(green) {
            left.extend(run(format!("DROP CLUSTER IF EXISTS {cluster} CASCADE")).err());
        }
        for role in ["auction_canary", "auction_reader"] {
            left.extend(run(format!("DROP ROLE IF EXISTS {role}")).err());
        }
        if !left.is_empty() {
            let _ = writeln!(std::io::stderr(), "left behind: {left:?}");
        }
    }
}

#[test]
fn live_the_example_twice_and_back() {
    let Some(real) = Real::named("live_the_example_twice_and_back") else { return };
    real.mzflow(&["run", "blue_green", "--project", "auction", "--id", "one"]).code(0);
    assert_eq!(real.served(), ["old_report"]);
    let second = ["run", "blue_green", "--project", "auction_v2", "--id", "two", "--yes", "--keep", "1h"];
    real.mzflow(&second).code(0).says("two is production");
    assert_eq!(
        (real.served(), real.log()),
        (vec!["top_sellers".to_owned()], vec!["promotion two".to_owned(), "promotion one".to_owned()])
    );
    real.mzflow(&["rollback"]).code(0);
    assert_eq!(real.served(), ["old_report"]);
    assert_eq!(real.log().first().map(String::as_str), Some("rollback two"));
    real.mzflow(&["list"]).code(0).says("rolled-back");
    real.mzflow(&["abort", "two"]).code(0);
    let staging = "SELECT name FROM mz_schemas WHERE name LIKE '%\\_\\_mz_' \
        UNION ALL SELECT name FROM mz_clusters WHERE name LIKE '%\\_\\_mz_'";
    assert_eq!(real.rows(staging), [""; 0]);
    let diff = real.mzflow(&["diff", "--project", "auction", "--json"]).code(0).json();
    assert_eq!(diff["empty"], true, "{diff}");
}
