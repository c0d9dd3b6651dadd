//! What a run has made of an environment, commit by commit: the film of a run that nothing went wrong with.
//!
//! A sandbox on disk writes down each commit. Whoever cuts that log behind one of them and starts a sandbox
//! from it has what a run leaves that dies there: its sessions are gone, and with them whatever they had not
//! committed. So no run has to be repeated up to the place where it is to die. Start reading at [`Film::of`].

use std::collections::BTreeMap;
use std::sync::Mutex;

use crate::harness::World;
use crate::harness::invariants::Invariants;
use crate::harness::invariants::Picture;
use crate::harness::invariants::Version;

/// The project of the films: two schemas, one cluster, and a table that nothing rebuilds.
const SHOP: &str = "\
-- file: shop/project.toml
dependencies = ['theirs.public.kafka']
-- file: shop/clusters/compute.sql
CREATE CLUSTER compute (SIZE = '25cc');
GRANT USAGE ON CLUSTER compute TO reader;
-- file: shop/roles/reader.sql
CREATE ROLE reader;
ALTER ROLE reader SET search_path = core;
-- file: shop/models/shop/raw/items.sql
CREATE TABLE items (id int);
-- file: shop/models/shop/core.sql
GRANT USAGE ON SCHEMA core TO reader;
ALTER DEFAULT PRIVILEGES FOR ROLE materialize IN SCHEMA core GRANT SELECT ON TABLES TO reader;
-- file: shop/models/shop/core/totals.sql
CREATE MATERIALIZED VIEW totals IN CLUSTER compute AS SELECT 10 AS total;
CREATE INDEX totals_by_total IN CLUSTER compute ON totals (total);
GRANT SELECT ON totals TO reader;
COMMENT ON MATERIALIZED VIEW totals IS 'The sum';
-- file: shop/models/shop/report/doubled.sql
CREATE VIEW doubled AS SELECT total * 2 AS twice FROM core.totals;
-- file: shop/models/shop/aside/fixed.sql
CREATE VIEW fixed AS SELECT 1 AS one;
";

/// What others have over it, none of which stands in the way.
const THEIRS: [&str; 13] = [
    "CREATE ROLE team",
    "CREATE DATABASE theirs",
    "CREATE CLUSTER their_own (SIZE = '25cc')",
    "CREATE VIEW theirs.public.seen AS SELECT id FROM shop.raw.items",
    "ALTER VIEW theirs.public.seen OWNER TO team",
    "CREATE MATERIALIZED VIEW theirs.public.kept IN CLUSTER their_own AS SELECT id FROM shop.raw.items",
    "ALTER MATERIALIZED VIEW theirs.public.kept OWNER TO team",
    "CREATE INDEX their_index IN CLUSTER their_own ON shop.raw.items (id)",
    "CREATE CONNECTION theirs.public.kafka TO KAFKA (BROKER 'kafka.example.com:9092', SECURITY PROTOCOL = 'PLAINTEXT') \
     WITH (VALIDATE = false)",
    "CREATE SINK theirs.public.mirror IN CLUSTER their_own FROM shop.core.totals \
     INTO KAFKA CONNECTION theirs.public.kafka (TOPIC 'mirror') FORMAT JSON ENVELOPE DEBEZIUM",
    "ALTER SINK theirs.public.mirror OWNER TO team",
    "CREATE CLUSTER dev (SIZE = '25cc')",
    "GRANT SELECT ON shop.core.totals, shop.report.doubled TO team",
];

/// What they have over what is rebuilt: it keeps the replaced version.
const HOLDS: &str = "CREATE VIEW theirs.public.holds AS SELECT total FROM shop.core.totals";

/// What the other version has besides: of a view that is not rebuilt, and a sink.
const MORE: &str = "\
-- file: shop/models/shop/aside/fixed.sql
CREATE VIEW fixed AS SELECT 1 AS one;
GRANT SELECT ON fixed TO reader;
COMMENT ON VIEW fixed IS 'The one';
COMMENT ON COLUMN fixed.one IS 'It';
-- file: shop/models/shop/raw/feed.sql
CREATE SINK feed IN CLUSTER their_own FROM core.totals INTO KAFKA CONNECTION theirs.public.kafka (TOPIC 'feed')
FORMAT JSON ENVELOPE DEBEZIUM;
";

/// Writes the other version of the project.
fn change(world: &World) {
    world.write(&SHOP.replace("SELECT 10 AS total", "SELECT 20 AS total"));
    world.write(MORE);
}

/// What readers of production see of both versions.
const READS: [&str; 2] = ["10 20", "20 40"];

/// How they ask: both at one moment, and no join, which would cost more than the run does.
pub(super) const READ: &str =
    "SELECT total FROM shop.core.totals UNION ALL SELECT twice FROM shop.report.doubled";

/// What is filmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    /// A deployment, by a recipe.
    Deployment,
    /// An overlay beside production.
    Overlay,
}

/// A run to be filmed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Script {
    /// Its name.
    pub(super) name: &'static str,
    /// What it makes.
    pub(super) subject: Subject,
    /// The command, without what comes with every one.
    pub(super) words: &'static [&'static str],
    /// What is swapped as a whole; none for an overlay.
    pub(super) isolation: Option<&'static str>,
    /// Whether others read what is rebuilt.
    pub(super) is_held: bool,
}

/// A run that nothing went wrong with.
pub(super) struct Film {
    /// What it is of.
    pub(super) script: Script,
    /// What was committed, and where each commit ends that the run or nobody has made.
    log: Vec<u8>,
    ends: Vec<usize>,
    /// The run.
    pub(super) run: String,
    /// How many statements it has sent that are more than reading.
    pub(super) writes: usize,
    /// What an environment may be.
    pub(super) invariants: Invariants,
    /// What comes of things that were done by hand before the run, once somebody has asked.
    done_before: Mutex<BTreeMap<usize, Picture>>,
}

impl Script {
    /// What it is called, with its isolation.
    pub(super) fn title(&self) -> String {
        let held = if self.is_held { " that others hold" } else { "" };
        format!(
            "{}{}{held}",
            self.name,
            self.isolation.map(|isolation| format!(" {isolation}")).unwrap_or_default()
        )
    }

    /// The command, for a deployment of that id.
    pub(super) fn command(&self, id: &'static str) -> Vec<&'static str> {
        let mut words = self.words.to_vec();
        words.extend(["--project", "shop"]);
        if let Some(isolation) = self.isolation {
            words.extend(["--id", id, "--isolation", isolation]);
        }
        words
    }
}

impl Film {
    /// Deploys a version, has others build on it, and films the deployment of another one.
    pub(super) fn of(script: Script) -> Self {
        let world = World::on_disk(None);
        world.write(SHOP);
        world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "first"]).code(0);
        for sql in THEIRS {
            world.sql(sql);
        }
        if script.is_held {
            world.sql(HOLDS);
        }
        if script.subject == Subject::Overlay {
            world.write(&SHOP.replace("SELECT 10 AS total", "SELECT 15 AS total"));
            world.mzflow(&script.command("first")).code(0);
        }
        change(&world);
        let blue = Picture::take(&world);
        let before = world.log().len();
        world.forget();
        world.mzflow(&script.command("second")).code(0);
        let (writes, log) = (world.writes(), world.log());
        let runs = "SELECT DISTINCT run_id FROM _mzflow.public.journal WHERE kind = 'run.started' \
                    AND payload->>'arguments' LIKE '%second%'";
        let overlays =
            "SELECT run_id FROM _mzflow.public.journal WHERE kind = 'run.started' ORDER BY at DESC LIMIT 1";
        let run = world.rows(if script.subject == Subject::Overlay { overlays } else { runs });
        let green = Picture::take(&world);
        if script.subject == Subject::Deployment && !script.is_held {
            assert!(!green.has_staging(), "{}: it leaves something", script.title());
        }
        let ends = ends(&log).into_iter().filter(|end| *end >= before).collect();
        Self {
            script,
            log,
            ends,
            run,
            writes,
            invariants: Invariants { blue, green, reads: READS },
            done_before: Mutex::default(),
        }
    }

    /// How many moments there are.
    pub(super) fn moments(&self) -> usize {
        self.ends.len()
    }

    /// The environment as it was at a moment; 0 is before the run.
    pub(super) fn at(&self, moment: usize) -> World {
        let world = World::on_disk(Some(&self.log[..self.ends[moment]]));
        change(&world);
        world
    }

    /// What production is once the run has gone well, where something was done by hand before it.
    pub(super) fn done_before(&self, number: usize, sql: &[&str]) -> Picture {
        let mut known = self.done_before.lock().expect("nobody has failed with it");
        let played = || {
            let world = self.at(0);
            for sql in sql {
                world.sql(sql);
            }
            world.mzflow(&self.script.command("second")).code(0);
            Picture::take(&world)
        };
        known.entry(number).or_insert_with(played).clone()
    }

    /// Which versions readers may see.
    pub(super) fn were_seen(&self, seen: &[String], what: &str) {
        match self.script.subject {
            Subject::Deployment => self.invariants.were_seen(seen, what),
            // Nobody who reads production sees anything of it.
            Subject::Overlay => assert_eq!(seen, [READS[0]], "{what}"),
        }
    }

    /// Insists on what holds behind an ending.
    #[track_caller]
    pub(super) fn hold(&self, world: &World, expected: Version, what: &str) {
        self.invariants.hold(world, expected, what);
    }
}

/// Where the commits of a log end: behind its first line, and behind each record. A record is a header of
/// twelve bytes, which begins with the length of what follows it.
fn ends(log: &[u8]) -> Vec<usize> {
    let mut at = log.iter().position(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    let mut ends = vec![at];
    while let Some(length) = log.get(at..at + 4) {
        let length = u32::from_le_bytes(length.try_into().expect("four bytes"));
        at += 12 + usize::try_from(length).expect("it fits");
        ends.push(at);
    }
    assert_eq!(ends.last(), Some(&log.len()), "a record is torn");
    ends
}
