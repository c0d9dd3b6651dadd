//! The sandbox: starting it, statements on a catalog of many objects, many sessions, its memory.
//!
//! Targets, optimised: a start in 20 ms, a statement of DDL in 1 ms at 10,000 objects, the question
//! whether 1,000 objects are ready in 20 ms, 5 KB of memory for each object. Everything goes over the wire.

#![expect(clippy::expect_used, reason = "a bench that cannot go on fails")]

use std::path::PathBuf;

use divan::Bencher;
use mzflow::sandbox::Options;
use mzflow::sandbox::Server;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio_postgres::Client;
use tokio_postgres::NoTls;

/// As in the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Objects in a schema.
const IN_SCHEMA: usize = 500;

/// Statements in one message to the server while objects are made.
const AT_ONCE: usize = 50;

fn main() {
    // First: later the allocator has memory to spare.
    memory();
    divan::main();
}

fn runtime() -> Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.thread_stack_size(16 << 20).enable_all().build().expect("a runtime")
}

async fn connect(server: &Server) -> Client {
    let url = format!("postgres://materialize@{}/materialize", server.address());
    let (client, connection) =
        tokio_postgres::connect(&url, NoTls).await.expect("the sandbox lets clients in");
    tokio::spawn(connection);
    client
}

/// A sandbox without the server's limits on how much there may be.
async fn start(data: Option<PathBuf>) -> Server {
    let limits = ["max_objects_per_schema", "max_tables", "max_materialized_views"];
    let settings = limits.map(|name| (name.to_owned(), "1000000".to_owned())).to_vec();
    Server::start(Options { data, settings, ..Options::default() }).await.expect("the sandbox starts")
}

/// Makes so many objects: every tenth is a materialized view, the others are views.
async fn fill(client: &Client, objects: usize) {
    client.batch_execute("CREATE TABLE base (id bigint, name text)").await.expect("a table");
    let numbers: Vec<usize> = (0..objects).collect();
    for schema in 0..objects.div_ceil(IN_SCHEMA) {
        client.batch_execute(&format!("CREATE SCHEMA s{schema}")).await.expect("a schema");
    }
    for chunk in numbers.chunks(AT_ONCE) {
        let made = chunk.iter().map(|number| async move {
            let kind = if number % 10 == 0 { "MATERIALIZED VIEW" } else { "VIEW" };
            let schema = number / IN_SCHEMA;
            let sql =
                format!("CREATE {kind} s{schema}.o{number} AS SELECT id + {number} AS id, name FROM base");
            client.batch_execute(&sql).await.expect("an object");
        });
        futures_util::future::join_all(made).await;
    }
}

#[divan::bench]
fn a_start(bencher: Bencher<'_, '_>) {
    let runtime = runtime();
    bencher.bench_local(|| {
        runtime.block_on(async {
            let server = Server::start(Options::default()).await.expect("the sandbox starts");
            drop(connect(&server).await);
            server.shutdown().await;
        });
    });
}

/// A start from a folder with so many objects, each of which was a commit.
#[divan::bench(args = [1_000, 10_000], max_time = 2)]
fn a_start_from_disk(bencher: Bencher<'_, '_>, objects: usize) {
    let runtime = runtime();
    let folder = TempDir::new().expect("a folder");
    let data = || Some(folder.path().to_owned());
    runtime.block_on(async {
        let server = start(data()).await;
        fill(&connect(&server).await, objects).await;
        server.shutdown().await;
    });
    bencher.bench_local(|| {
        runtime.block_on(async {
            let server = Server::start(Options { data: data(), ..Options::default() }).await;
            server.expect("the sandbox starts").shutdown().await;
        });
    });
}

/// A view is made and dropped: two statements.
#[divan::bench(args = [500, 5_000, 10_000], max_time = 2)]
fn ddl_among(bencher: Bencher<'_, '_>, objects: usize) {
    ddl(bencher, objects, None);
}

/// The same where every commit is on disk before it is answered.
#[divan::bench(args = [500, 5_000], max_time = 2)]
fn ddl_on_disk_among(bencher: Bencher<'_, '_>, objects: usize) {
    let folder = TempDir::new().expect("a folder");
    ddl(bencher, objects, Some(folder.path().to_owned()));
}

fn ddl(bencher: Bencher<'_, '_>, objects: usize, data: Option<PathBuf>) {
    let runtime = runtime();
    let server = runtime.block_on(start(data));
    let client = runtime.block_on(connect(&server));
    runtime.block_on(fill(&client, objects));
    bencher.bench_local(|| {
        runtime.block_on(async {
            client.batch_execute("CREATE VIEW one AS SELECT id FROM base").await.expect("a view");
            client.batch_execute("DROP VIEW one").await.expect("no view");
        });
    });
    drop(client);
    runtime.block_on(server.shutdown());
}

/// Two schemas change places, each with many views that are written anew.
#[divan::bench(args = [500, 5_000], max_time = 2)]
fn a_swap_among(bencher: Bencher<'_, '_>, objects: usize) {
    let runtime = runtime();
    let server = runtime.block_on(start(None));
    let client = runtime.block_on(connect(&server));
    runtime.block_on(async {
        fill(&client, objects).await;
        client.batch_execute("CREATE SCHEMA other").await.expect("a schema");
    });
    bencher.bench_local(|| {
        let swap = client.batch_execute("ALTER SCHEMA s0 SWAP WITH other");
        runtime.block_on(swap).expect("it is swapped");
    });
    drop(client);
    runtime.block_on(server.shutdown());
}

/// The question that `mzflow wait` asks again and again.
#[divan::bench(args = [100, 1_000], max_time = 2)]
fn readiness_of(bencher: Bencher<'_, '_>, objects: usize) {
    let runtime = runtime();
    let server = runtime.block_on(start(None));
    let client = runtime.block_on(connect(&server));
    let ids = runtime.block_on(async {
        fill(&client, objects * 10).await;
        let rows = client.query("SELECT id FROM mz_materialized_views", &[]).await.expect("ids");
        rows.iter().map(|row| format!("('{}')", row.get::<_, String>(0))).collect::<Vec<_>>()
    });
    assert_eq!(ids.len(), objects);
    let query = format!(
        "WITH scope(id) AS (VALUES {}), \
         obj AS (SELECT s.id, o.id IS NOT NULL AS present, o.type, o.cluster_id \
           FROM scope s LEFT JOIN mz_catalog.mz_objects o ON o.id = s.id), \
         rep AS (SELECT b.id, r.id AS replica_id, coalesce(bool_or(h.hydrated), false) AS ok FROM obj b \
           JOIN mz_catalog.mz_cluster_replicas r ON r.cluster_id = b.cluster_id \
           LEFT JOIN mz_internal.mz_hydration_statuses h ON h.object_id = b.id AND h.replica_id = r.id \
           GROUP BY b.id, r.id) \
         SELECT b.id, b.present, b.type, b.cluster_id, count(p.replica_id) AS replicas, \
           count(*) FILTER (WHERE p.ok) AS ready_on, max(l.lag) AS lag, \
           bool_or(l.object_id IS NOT NULL) AS lag_sampled \
         FROM obj b LEFT JOIN rep p ON p.id = b.id \
         LEFT JOIN mz_internal.mz_wallclock_global_lag l ON l.object_id = b.id \
         GROUP BY b.id, b.present, b.type, b.cluster_id",
        ids.join(", ")
    );
    bencher.bench_local(|| runtime.block_on(client.batch_execute(&query)).expect("an answer"));
    drop(client);
    runtime.block_on(server.shutdown());
}

/// Each of many sessions makes a view, reads it and drops it.
#[divan::bench(args = [1, 50], max_time = 2)]
fn sessions_at_once(bencher: Bencher<'_, '_>, sessions: usize) {
    let runtime = runtime();
    let server = runtime.block_on(start(None));
    let clients = runtime.block_on(async {
        let mut clients = Vec::new();
        for _ in 0..sessions {
            clients.push(connect(&server).await);
        }
        clients
    });
    bencher.bench_local(|| {
        let work = clients.iter().enumerate().map(|(number, client)| async move {
            for sql in ["CREATE VIEW v# AS SELECT 1 AS one", "SELECT one FROM v#", "DROP VIEW v#"] {
                client.batch_execute(&sql.replace('#', &number.to_string())).await.expect("it works");
            }
        });
        runtime.block_on(futures_util::future::join_all(work));
    });
    drop(clients);
    runtime.block_on(server.shutdown());
}

/// How much memory an object takes. Linux tells it; elsewhere there is nothing to measure.
fn memory() {
    const OBJECTS: usize = 10_000;
    if !cfg!(target_os = "linux") {
        println!("memory: only Linux tells that of a process");
        return;
    }
    let runtime = runtime();
    let server = runtime.block_on(start(None));
    let client = runtime.block_on(connect(&server));
    let resident_kb = || -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
    };
    runtime.block_on(client.batch_execute("SELECT 1")).expect("an answer");
    let before = resident_kb();
    runtime.block_on(fill(&client, OBJECTS));
    let grown = resident_kb().saturating_sub(before);
    let bytes = grown.saturating_mul(1024) / u64::try_from(OBJECTS).unwrap_or(1);
    println!("{OBJECTS} objects: {} MB more, {bytes} bytes each", grown / 1024);
    drop(client);
    runtime.block_on(server.shutdown());
}
