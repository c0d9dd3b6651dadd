//! Production that somebody changes while a deployment waits for its swap, or during the swap itself: it is
//! found, told with who and when, and not overwritten unasked.
//!
//! `MZFLOW_SEED` shifts what is done at which point; `MZFLOW_CRASH=all` does everything at every point.

use crate::harness::World;
use crate::harness::invariants::Picture;
use crate::harness::random::Random;
use crate::harness::shop::staged;
use crate::harness::shop::total;
use crate::harness::shop::waiting;

/// What somebody does to production by hand.
struct Deed {
    name: &'static str,
    /// What was done before anything was staged.
    before: &'static [&'static str],
    sql: &'static [&'static str],
    /// What is told of it, where the swap is to be refused.
    refused: Option<&'static [&'static str]>,
    /// Whether `--force` replaces it all the same.
    is_forced: bool,
}

const DEEDS: [Deed; 14] = [
    Deed {
        name: "replaced, as dbt does",
        before: &[],
        sql: &[
            "DROP MATERIALIZED VIEW shop.core.totals",
            "CREATE MATERIALIZED VIEW shop.core.totals IN CLUSTER compute AS SELECT 30 AS total",
        ],
        refused: Some(&[
            "shop.core.totals was u",
            "dropped by materialize at 2",
            "created by materialize at 2",
        ]),
        is_forced: true,
    },
    Deed {
        name: "dropped",
        before: &[],
        sql: &["DROP MATERIALIZED VIEW shop.core.totals"],
        refused: Some(&["shop.core.totals was u", "and is gone", "dropped by materialize at 2"]),
        is_forced: true,
    },
    Deed {
        name: "renamed",
        before: &[],
        sql: &["ALTER MATERIALIZED VIEW shop.core.totals RENAME TO totals_old"],
        refused: Some(&["shop.core.totals was u", "and is gone", "renamed or altered by materialize at 2"]),
        // It is told by its id: what the project made is put aside under any name.
        is_forced: true,
    },
    Deed {
        name: "swapped, as mz-deploy does",
        before: &[],
        sql: &["CREATE SCHEMA shop.core_7f3a9c1", "ALTER SCHEMA shop.core SWAP WITH core_7f3a9c1"],
        refused: Some(&[
            "schema shop.core was u",
            "schema shop.core: u",
            "renamed or altered by materialize at 2",
        ]),
        is_forced: true,
    },
    Deed {
        name: "a cluster that is altered",
        before: &[],
        sql: &["ALTER CLUSTER compute SET (SIZE = '50cc')"],
        refused: Some(&[
            "cluster compute had size 25cc, replication factor 1",
            "and has size 50cc, replication factor 1 now",
            "cluster compute: u",
            "renamed or altered by materialize at 2",
        ]),
        // The clone goes on with what it was cloned from.
        is_forced: true,
    },
    Deed {
        name: "a cluster that introspects less often",
        before: &[],
        sql: &["ALTER CLUSTER compute SET (INTROSPECTION INTERVAL = '5s')"],
        refused: Some(&[
            "cluster compute had INTROSPECTION INTERVAL = INTERVAL '00:00:01'",
            "and has INTROSPECTION INTERVAL = INTERVAL '00:00:05' now",
            "cluster compute: u",
            "renamed or altered by materialize at 2",
        ]),
        is_forced: true,
    },
    Deed {
        name: "granted",
        before: &[],
        sql: &[
            "CREATE ROLE analyst",
            "GRANT SELECT ON shop.core.totals TO analyst",
            "GRANT USAGE ON SCHEMA shop.core TO analyst",
            "GRANT USAGE ON CLUSTER compute TO analyst",
        ],
        refused: None,
        is_forced: true,
    },
    Deed {
        name: "revoked",
        before: &["CREATE ROLE analyst", "GRANT SELECT ON shop.core.totals, shop.core.orders TO analyst"],
        sql: &["REVOKE SELECT ON shop.core.totals FROM analyst"],
        refused: None,
        is_forced: true,
    },
    Deed {
        name: "commented",
        before: &["COMMENT ON VIEW shop.core.orders IS 'before'"],
        sql: &[
            "COMMENT ON MATERIALIZED VIEW shop.core.totals IS 'by hand'",
            "COMMENT ON COLUMN shop.core.totals.total IS 'of everything'",
            "COMMENT ON SCHEMA shop.core IS 'the core'",
            "COMMENT ON CLUSTER compute IS 'it computes'",
            "COMMENT ON VIEW shop.core.orders IS NULL",
        ],
        refused: None,
        is_forced: true,
    },
    Deed {
        name: "given away",
        before: &[],
        sql: &[
            "CREATE ROLE team",
            "ALTER MATERIALIZED VIEW shop.core.totals OWNER TO team",
            "ALTER CLUSTER compute OWNER TO team",
        ],
        refused: None,
        is_forced: true,
    },
    Deed {
        name: "granted by default",
        before: &[],
        sql: &[
            "CREATE ROLE analyst",
            "ALTER DEFAULT PRIVILEGES FOR ROLE materialize IN SCHEMA shop.core GRANT SELECT ON TABLES TO analyst",
        ],
        refused: None,
        is_forced: true,
    },
    Deed {
        name: "a view of another team in the schema",
        before: &[],
        sql: &["CREATE VIEW shop.core.theirs AS SELECT 1 AS x"],
        refused: Some(&["shop.core.theirs"]),
        is_forced: false,
    },
    Deed {
        name: "a view of another team that reads it",
        before: &[],
        sql: &["CREATE VIEW materialize.public.theirs AS SELECT total FROM shop.core.totals"],
        refused: None,
        is_forced: true,
    },
    Deed {
        name: "something that has nothing to do with it",
        before: &[],
        sql: &["CREATE VIEW materialize.public.other AS SELECT 1 AS x"],
        refused: None,
        is_forced: true,
    },
];

/// Where it is done: which statement is held up meanwhile.
const POINTS: [(&str, &str); 6] = [
    ("before the transaction", "hold before 'BEGIN%' by 'mzflow%'"),
    ("before the fence", "hold before 'ALTER SCHEMA%epoch@%' by 'mzflow%'"),
    ("behind the fence", "hold after 'ALTER SCHEMA%epoch@%' by 'mzflow%'"),
    ("before the first swap", "hold before 'ALTER SCHEMA%SWAP%' by 'mzflow%'"),
    ("behind the last swap", "hold after 'ALTER CLUSTER%SWAP%' by 'mzflow%'"),
    ("before COMMIT", "hold before commit by 'mzflow%'"),
];

/// Everything that stands anywhere, by id, name and schema, and the epoch.
fn standing(world: &World) -> String {
    world.rows(
        "SELECT o.id, o.name, s.name FROM mz_objects o JOIN mz_schemas s ON s.id = o.schema_id WHERE o.id LIKE 'u%' \
         UNION ALL SELECT id, name, 'schema' FROM mz_schemas WHERE id LIKE 'u%' \
         UNION ALL SELECT id, name, 'cluster' FROM mz_clusters WHERE id LIKE 'u%' ORDER BY 3, 1, 2",
    )
}

fn by_hand(world: &World, sql: &[&str]) {
    for sql in sql {
        world.sql(sql);
    }
}

/// The changed shop is staged as `second`, over what was done before.
fn staged_over(deed: &Deed) -> World {
    let world = waiting();
    by_hand(&world, deed.before);
    world.mzflow(&["stage", "--project", "shop", "--id", "second"]).code(0);
    world.forget();
    world
}

/// What comes of a deed that was done before anything was staged: all of it is carried.
fn in_time(deed: &Deed) -> Picture {
    let world = waiting();
    by_hand(&world, deed.before);
    by_hand(&world, deed.sql);
    world.mzflow(&["stage", "--project", "shop", "--id", "second"]).code(0);
    world.mzflow(&["promote", "second", "--keep", "1h"]).code(0);
    Picture::take(&world)
}

#[test]
fn what_was_changed_since_staging_is_found_and_told() {
    for deed in &DEEDS {
        let world = staged_over(deed);
        by_hand(&world, deed.sql);
        let before = standing(&world);
        let Some(told) = deed.refused else {
            world.mzflow(&["promote", "second", "--keep", "1h"]).code(0);
            assert_eq!(total(&world), "20", "{}", deed.name);
            Picture::take(&world).is_like(&in_time(deed), deed.name);
            continue;
        };
        for arguments in [&["promote", "second", "--dry-run"][..], &["promote", "second"]] {
            let mut refusal = world.mzflow(arguments).code(3).says("[swap.production-moved]");
            for text in told {
                refusal = refusal.says(text);
            }
            refusal.says("nothing was changed");
            assert_eq!(standing(&world), before, "{}", deed.name);
        }
        let forced = world.mzflow(&["promote", "second", "--force", "--keep", "1h"]);
        if deed.is_forced {
            forced.code(0);
            assert_eq!(total(&world), "20", "{}", deed.name);
        } else {
            forced.code(3).says("[swap.production-moved]");
            assert_eq!(standing(&world), before, "{}", deed.name);
        }
    }
}

#[test]
fn what_force_replaces_is_put_aside_and_not_dropped() {
    let world = staged();
    by_hand(&world, DEEDS[0].sql);
    world.mzflow(&["promote", "second", "--force", "--keep", "1h"]).code(0);
    assert_eq!(total(&world), "20");
    assert_eq!(world.rows("SELECT total FROM shop.core__second__mzf.totals"), "30");
    let told = world.mzflow(&["gc", "--kept", "--yes"]).code(3).says("[drop.foreign-dependents]");
    told.says("shop.core__second__mzf.totals");
    assert_eq!(world.rows("SELECT count(*) FROM mz_materialized_views WHERE name = 'totals'"), "2");
}

#[test]
fn a_cluster_that_was_altered_between_two_attempts_is_found_too() {
    let world = waiting();
    let stage = ["stage", "--project", "shop", "--id", "second"];
    world.faults("error 'XX000' on 'CREATE MATERIALIZED VIEW%'");
    world.mzflow(&stage).code(1).says("[stage.rejected]");
    world.faults("");
    world.sql("ALTER CLUSTER compute SET (SIZE = '50cc')");
    world.mzflow(&stage).code(0);
    let told = world.mzflow(&["promote", "second"]).code(3).says("[swap.production-moved]");
    told.says("cluster compute had size 25cc").says("and has size 50cc").says("nothing was changed");
    world.mzflow(&["abort", "second"]).code(0);
    world.mzflow(&stage).code(0);
    world.mzflow(&["promote", "second"]).code(0);
    assert_eq!(world.rows("SELECT size FROM mz_clusters WHERE name = 'compute'"), "50cc");
}

#[test]
fn of_single_objects_nothing_older_than_the_deployment_is_told() {
    let world = waiting();
    world.sql("ALTER MATERIALIZED VIEW shop.core.totals RENAME TO other");
    world.sql("ALTER MATERIALIZED VIEW shop.core.other RENAME TO totals");
    let of_old = world.rows(
        "SELECT details->>'id' FROM mz_audit_events WHERE event_type = 'alter' ORDER BY id DESC LIMIT 1",
    );
    world.mzflow(&["stage", "--project", "shop", "--id", "second", "--isolation", "object"]).code(0);
    world.sql("CREATE SCHEMA shop.other_core");
    world.sql("ALTER SCHEMA shop.core SWAP WITH other_core");
    let told = world.mzflow(&["promote", "second"]).code(3).says("[swap.staging-moved]");
    let told = told.says("shop.core.totals__second__mzf was");
    let told = told.says("schema shop.other_core, which was shop.core: u");
    told.says("renamed or altered by materialize at 2").never_says(&format!("shop.core.totals: {of_old}"));
}

/// Does something at a point of the swap.
fn race(point: &(&str, &str), deed: &Deed) {
    let (place, fault) = point;
    let what = format!("{}, {place}", deed.name);
    let world = staged_over(deed);
    world.faults(fault);
    let running = world.start(&["promote", "second", "--keep", "1h"]);
    world.until(&what, || world.held() > 0);
    by_hand(&world, deed.sql);
    world.faults("");
    let told = running.end(&world);
    if deed.refused.is_some() {
        told.code(3).says("[swap.production-moved]").says("nothing was changed");
        let marker = world.rows("SELECT name FROM mz_schemas WHERE name LIKE 'epoch@%'");
        assert!(marker.starts_with("epoch@1:"), "{what}: {marker}");
        let staging = world.rows("SELECT count(*) FROM mz_schemas WHERE name = 'core__second__mzf'");
        assert_eq!(staging, "1", "{what}");
        world.mzflow(&["abort", "second"]).code(0);
        let left = world.rows("SELECT count(*) FROM mz_objects WHERE name LIKE '%second__mz%'");
        assert_eq!(left, "0", "{what}");
    } else {
        told.code(0);
        assert_eq!(total(&world), "20", "{what}");
        let swaps = world.mzflow(&["log", "--json"]).code(0).json();
        assert_eq!(swaps.as_array().map(Vec::len), Some(2), "{what}");
        Picture::take(&world).is_like(&in_time(deed), &what);
    }
    // What others made is still there.
    for theirs in ["theirs", "other"] {
        let made = deed.sql.iter().any(|sql| sql.contains(&format!(".{theirs} ")));
        let found = world.rows(&format!("SELECT count(*) FROM mz_views WHERE name = '{theirs}'"));
        assert_eq!(found == "1", made, "{what}");
    }
}

#[test]
fn whoever_changes_it_during_the_swap_is_noticed_at_every_point() {
    let mut random = Random::seeded("MZFLOW_SEED");
    let all = std::env::var("MZFLOW_CRASH").is_ok_and(|wanted| wanted == "all");
    let shift = usize::try_from(random.below(u64::try_from(DEEDS.len()).expect("it fits"))).expect("it fits");
    let mut count = 0;
    for (at, point) in POINTS.iter().enumerate() {
        for (number, deed) in DEEDS.iter().enumerate() {
            if all || (at + shift) % DEEDS.len() == number {
                println!("{}, {}", deed.name, point.0);
                race(point, deed);
                count += 1;
            }
        }
    }
    println!("{count} of {} changes by others were tried", POINTS.len() * DEEDS.len());
}
