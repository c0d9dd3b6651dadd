//! What sessions find at the other end and begin with: another server, an old one, weaker settings of a role,
//! clusters that cannot answer.

use std::io::Read;
use std::io::Write;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::net::TcpStream;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use mzflow::clock::Clock;
use mzflow::clock::Timestamp;
use mzflow::db::apply::Interrupt;
use mzflow::db::config::Target;
use mzflow::db::session::Session;
use mzflow::sandbox::Options;

use crate::harness::RUNTIME;
use crate::harness::World;
use crate::harness::wire::message;

/// Plays a server that lets one client in, tells it some settings, and knows no statement.
fn stranger(settings: &[(&str, &str)]) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let mut hello = message(b'R', &0_i32.to_be_bytes());
    for (name, value) in settings {
        hello.extend(message(b'S', format!("{name}\0{value}\0").as_bytes()));
    }
    hello.extend(message(b'Z', b"I"));
    let attends = std::thread::spawn(move || {
        let (mut client, _) = listener.accept().expect("a client");
        attend(&mut client, &hello);
    });
    (address, attends)
}

fn attend(client: &mut TcpStream, hello: &[u8]) {
    let mut length = [0; 4];
    // The first message has no letter; the one that asks for TLS is eight bytes long.
    while client.read_exact(&mut length).is_ok() {
        let rest = usize::try_from(u32::from_be_bytes(length)).expect("short") - 4;
        client.read_exact(&mut vec![0; rest]).expect("the rest of it");
        if rest == 4 {
            client.write_all(b"N").expect("the client is there");
            continue;
        }
        client.write_all(hello).expect("the client is there");
        break;
    }
    let refused = message(b'E', b"SERROR\0C42883\0Mfunction mz_version() does not exist\0\0");
    let mut letter = [0; 1];
    while client.read_exact(&mut letter).is_ok() && letter == *b"Q" {
        client.read_exact(&mut length).expect("a length");
        let rest = usize::try_from(u32::from_be_bytes(length)).expect("short") - 4;
        client.read_exact(&mut vec![0; rest]).expect("the rest of it");
        let answer = [refused.clone(), message(b'Z', b"I")].concat();
        if client.write_all(&answer).is_err() {
            break;
        }
    }
}

#[test]
fn another_server_is_told_apart_before_anything_is_asked_of_it() {
    let world = World::new();
    let (address, attends) = stranger(&[("server_version", "16.3")]);
    let url = format!("postgres://me@{address}/materialize");
    let told = world.mzflow(&["list", "--url", &url]);
    told.code(4).says("[db.unsupported]").says("is not Materialize").says("--profile");
    attends.join().expect("it ends with the client");
}

#[test]
fn a_materialize_that_is_too_old_is_told_with_what_is_needed() {
    let world = World::new();
    let (address, attends) = stranger(&[("server_version", "9.5.0"), ("mz_version", "v0.99.1 (abcdef123)")]);
    let url = format!("postgres://me@{address}/materialize");
    let told = world.mzflow(&["list", "--url", &url]);
    told.code(4).says("[db.unsupported]").says("Materialize v0.99.1 (abcdef123) is too old").says("v0.160");
    attends.join().expect("it ends with the client");
}

#[test]
fn a_server_without_tls_is_told_with_the_way_in() {
    let world = World::new();
    let url = format!("{}?sslmode=require", world.url());
    let told = world.mzflow(&["list", "--url", &url]);
    told.code(4).says("[db.tls]").says("server does not support TLS").says("sslmode=disable");
}

/// A role may read what is a little older, by a setting of its own or by its profile: mzflow may not.
#[test]
fn what_a_role_begins_with_does_not_make_reads_older() {
    let world = World::new();
    world.write(
        "\
-- file: shop/project.toml
-- file: shop/recipes/look.lua
-- look: tells how it reads.
return mz.recipe {
  api = 1, name = 'look', summary = 'Tells how it reads.',
  run = function()
    mz.log('isolation ' .. mz.query('SHOW transaction_isolation')[1].transaction_isolation)
    mz.log('routes ' .. mz.query('SHOW auto_route_catalog_queries')[1].auto_route_catalog_queries)
  end,
}
",
    );
    world.sql("ALTER ROLE materialize SET transaction_isolation = 'serializable'");
    world.sql("ALTER ROLE materialize SET auto_route_catalog_queries = off");
    let url = format!("{}?options=-c%20transaction_isolation%3Dserializable", world.url());
    let told = world.mzflow(&["run", "look", "--project", "shop", "--yes", "--url", &url]);
    told.code(0).says("isolation strict serializable").says("routes on");
}

/// Privileges are checked, and nobody may use the cluster that sessions begin with.
#[test]
fn a_cluster_that_a_role_may_not_use_is_left_for_one_that_it_may() {
    let settings = vec![("enable_rbac_checks".to_owned(), "on".to_owned())];
    let world = World::with(Options { settings, ..Options::default() });
    let url = |role: &str| format!("postgres://{role}@{}/materialize", world.address());
    let run = |role: &str, statements: &[&str]| {
        let target = Arc::new(Target::from_url(&url(role)).expect("a URL"));
        RUNTIME.block_on(async {
            let session = Session::connect(&target).await.expect("it is let in");
            for statement in statements {
                session.run(statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
            }
        });
    };
    run("mz_system", &["CREATE ROLE boss SUPERUSER LOGIN"]);
    world.mzflow(&["setup", "--url", &url("boss")]).code(0);
    run(
        "boss",
        &[
            "CREATE ROLE mon LOGIN",
            "GRANT materialize_monitor TO mon",
            "CREATE CLUSTER another (SIZE = '25cc')",
            "CREATE CLUSTER theirs (SIZE = '25cc')",
        ],
    );
    run("mz_system", &["REVOKE USAGE ON CLUSTER quickstart FROM PUBLIC"]);
    // There is none: the server's own words say what is missing.
    world.mzflow(&["list", "--url", &url("mon")]).code(1).says("permission denied for CLUSTER");
    run("boss", &["GRANT USAGE ON CLUSTER theirs TO materialize_monitor"]);
    world.mzflow(&["list", "--url", &url("mon")]).code(0);
}

#[test]
fn a_session_outlives_its_cluster() {
    let world = World::new();
    world.mzflow(&["setup"]).code(0);
    world.sql("CREATE CLUSTER passing (SIZE = '25cc')");
    let url = format!("{}?options=-c%20cluster%3Dpassing", world.url());
    let target = Arc::new(Target::from_url(&url).expect("a URL"));
    RUNTIME.block_on(async {
        let session = Session::connect(&target).await.expect("it is let in");
        let count = "SELECT count(*) FROM _mzflow.public.journal";
        let before = session.read_own(count).await.expect("the cluster answers");
        session.run("DROP CLUSTER passing").await.expect("it can be dropped");
        assert_eq!(session.read_own(count).await.expect("another one answers"), before);
        // Now its replicas go.
        session.run("CREATE CLUSTER passing (SIZE = '25cc')").await.expect("it can be made");
        session.run("SET cluster = passing").await.expect("it is taken");
        session.run("ALTER CLUSTER passing SET (REPLICATION FACTOR 0)").await.expect("it stops");
        assert_eq!(session.read_own(count).await.expect("another one answers"), before);
    });
}

/// The server tells of a type only in sessions of the type's own database, and the driver asks for it.
#[test]
fn types_of_any_database_are_described() {
    let world = World::new();
    world.sql("CREATE DATABASE shop");
    world.sql("CREATE SCHEMA shop.raw");
    world.sql("CREATE TYPE shop.raw.names AS LIST (ELEMENT TYPE = text)");
    world.write(
        "\
-- file: shop/project.toml
-- file: shop/models/shop/pub/listed.sql
CREATE VIEW listed AS SELECT LIST['a']::shop.raw.names AS names;
-- file: shop/models/shop/pub/first.sql
CREATE VIEW first AS SELECT 1 AS one, names FROM listed;
-- file: shop/recipes/look.lua
-- look: asks for a list.
return mz.recipe {
  api = 1, name = 'look', summary = 'Asks for a list.',
  run = function() return mz.query('SELECT LIST[1, 2] AS numbers') end,
}
",
    );
    world.mzflow(&["compile", "--check", "--project", "shop"]).code(0).says("2 checked by the server");
    // A list has no binary form, in which rows are asked for.
    let told = world.mzflow(&["run", "look", "--project", "shop"]);
    told.code(1).says("[query.failed]").says("cast it to text");
}

/// Lets time pass until the next moment that somebody waits for.
async fn pass(clock: &Clock) -> Duration {
    let next = loop {
        match clock.awaited() {
            Some(next) => break next,
            None => tokio::task::yield_now().await,
        }
    };
    let passed = next.saturating_sub(clock.elapsed());
    clock.advance(passed);
    passed
}

#[test]
fn a_statement_that_takes_too_long_is_cancelled_and_one_that_cannot_be_is_given_up() {
    const LIMIT: Duration = Duration::from_secs(60);
    let world = World::new();
    let target = Arc::new(Target::from_url(&world.url()).expect("a target"));
    let (clock, interrupt) = (Clock::manual(Timestamp(0)), Interrupt::default());
    RUNTIME.block_on(async {
        let session = Session::connect(&target).await.expect("it lets in");
        world.faults("hold before 'CREATE DATABASE held'");
        let held = session.run_within("CREATE DATABASE held", &clock, LIMIT, &interrupt);
        let late = async {
            // Whoever cancels what has not come yet cancels nothing.
            while world.held() == 0 {
                tokio::task::yield_now().await;
            }
            pass(&clock).await
        };
        let (cancelled, passed) = tokio::join!(held, late);
        assert_eq!(cancelled.expect_err("it takes too long").sqlstate(), Some("57014"));
        assert!(passed == LIMIT && !session.is_closed());

        world.faults("hang 'CREATE DATABASE hung'");
        let hung = session.run_within("CREATE DATABASE hung", &clock, LIMIT, &interrupt);
        let (given_up, passed) = tokio::join!(hung, async { (pass(&clock).await, pass(&clock).await) });
        assert!(given_up.expect_err("it never answers").outcome_unknown());
        assert!(passed.0 == LIMIT && passed.1 <= Duration::from_secs(10), "{passed:?}");
        assert!(session.is_closed(), "nothing else waits behind it");
        session.another().await.expect("it lets in").run("CREATE DATABASE later").await.expect("it runs");
    });
    world.faults("");
}
