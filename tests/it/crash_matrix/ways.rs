//! What goes wrong with a run, and how people go on: played once at one place.
//!
//! Every way ends in the same check. Start reading at [`Way::play`].

use super::film::Film;
use super::film::READ;
use super::film::Subject;
use crate::harness::World;
use crate::harness::invariants::Picture;
use crate::harness::invariants::Reader;
use crate::harness::invariants::Version;
use crate::harness::shop::staging;
use crate::harness::told::Told;

/// What goes wrong, and what comes then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    /// The process dies, and the run is resumed.
    Resumed,
    /// The process dies, and what it built is dropped.
    Aborted,
    /// The process dies, and the same command is typed again: another run of the same deployment.
    Again,
    /// The process dies, and another deployment of the same project is made.
    Other,
    /// The connection breaks before a statement is run; the process lives.
    Unsent,
    /// The connection breaks behind a statement, before its answer; the process lives.
    Unanswered,
    /// The server is restarted before a statement.
    Restarted,
    /// The server is restarted behind a statement, before its answer.
    RestartedBehind,
    /// Before a statement another run of the same deployment comes and goes.
    Twin,
    /// Before a statement another deployment of the same project comes and goes.
    Rival,
    /// Before a statement somebody changes production by hand.
    ByHand(usize),
    /// So many COMMITs conflict with what others do.
    Conflicts(usize),
}

/// What somebody does by hand.
const BY_HAND: [&[&str]; 11] = [
    &["CREATE VIEW theirs.public.late AS SELECT 1 AS x"],
    &["CREATE VIEW shop.core.their_view AS SELECT 1 AS x"],
    &["DROP VIEW shop.report.doubled"],
    &["ALTER VIEW shop.report.doubled RENAME TO their_doubled"],
    &["ALTER CLUSTER compute SET (REPLICATION FACTOR 2)"],
    &["CREATE SCHEMA shop.their_core", "ALTER SCHEMA shop.core SWAP WITH their_core"],
    &[
        "GRANT SELECT ON shop.report.doubled TO reader",
        "GRANT USAGE ON SCHEMA shop.report TO reader",
        "GRANT CREATE ON CLUSTER compute TO team",
    ],
    &["REVOKE SELECT ON shop.core.totals FROM team", "REVOKE SELECT ON shop.report.doubled FROM team"],
    &[
        "COMMENT ON VIEW shop.report.doubled IS 'by hand'",
        "COMMENT ON COLUMN shop.core.totals.total IS 'by hand'",
    ],
    &["ALTER VIEW shop.report.doubled OWNER TO team"],
    &["ALTER DEFAULT PRIVILEGES FOR ROLE materialize IN SCHEMA shop.report GRANT SELECT ON TABLES TO team"],
];

/// From here on it is what hangs on production, and comes along with the swap.
const CARRIED: usize = 6;

/// Of so many statements one is tried each time, where not all are.
const STRIDE: usize = 6;

/// How many COMMITs may conflict.
const CONFLICTS: usize = 4;

/// The places at which a way can be played.
pub(super) enum Places {
    /// Behind each commit, and before the first.
    Moments,
    /// At each statement.
    Statements,
    /// Nowhere in particular.
    Once,
}

impl Way {
    /// Every way for a subject.
    pub(super) fn all(subject: Subject) -> Vec<Self> {
        let mut all = vec![Self::Resumed, Self::Aborted, Self::Again];
        if subject == Subject::Deployment {
            all.extend([Self::Other, Self::Twin, Self::Rival]);
            all.extend((0..BY_HAND.len()).map(Self::ByHand));
            all.extend((1..=CONFLICTS).map(Self::Conflicts));
        }
        all.extend([Self::Unsent, Self::Unanswered, Self::Restarted, Self::RestartedBehind]);
        all
    }

    /// Which thing is done by hand, of how many.
    pub(super) fn deed(self) -> Option<(usize, usize)> {
        match self {
            Self::ByHand(deed) => Some((deed, BY_HAND.len())),
            _ => None,
        }
    }

    /// Whether it is played at a place in a turn: at each one of the ways to die and go on, at some of the statements
    /// one of what else can happen there.
    pub(super) fn has_turn(self, subject: Subject, at: usize, turn: usize) -> bool {
        let alike = |way: &Self| match (self.places(), way.places()) {
            (Places::Moments, Places::Moments) => true,
            (Places::Statements, Places::Statements) => (at + turn).is_multiple_of(STRIDE),
            (Places::Once, Places::Once) => *way == self,
            (Places::Moments | Places::Statements | Places::Once, _) => false,
        };
        let ways: Vec<Self> = Self::all(subject).into_iter().filter(alike).collect();
        let at_once = at / STRIDE + at + turn;
        !ways.is_empty() && ways.get(at_once % ways.len()) == Some(&self)
    }

    /// Where it can be played.
    pub(super) fn places(self) -> Places {
        match self {
            Self::Resumed | Self::Aborted | Self::Again | Self::Other => Places::Moments,
            Self::Conflicts(_) => Places::Once,
            Self::Unsent
            | Self::Unanswered
            | Self::Restarted
            | Self::RestartedBehind
            | Self::Twin
            | Self::Rival
            | Self::ByHand(_) => Places::Statements,
        }
    }

    /// Plays it at a place of a film, and insists that all holds.
    pub(super) fn play(self, film: &Film, at: usize, what: &str) {
        match self {
            Self::Resumed | Self::Aborted | Self::Again | Self::Other => self.dead(film, at, what),
            Self::Unsent => broken(film, &format!("drop before write {at} by 'mzflow/%'"), what),
            Self::Unanswered => broken(film, &format!("lose write {at} by 'mzflow/%'"), what),
            Self::Conflicts(times) => broken(film, &format!("conflict {times}"), what),
            Self::Restarted => restarted(film, &format!("hold before write {at} by 'mzflow/%'"), what),
            Self::RestartedBehind => restarted(film, &format!("hold after write {at} by 'mzflow/%'"), what),
            Self::Twin => met(film, at, "second", what),
            Self::Rival => met(film, at, "third", what),
            Self::ByHand(deed) => by_hand(film, at, deed, what),
        }
    }

    /// The process is dead; somebody goes on.
    fn dead(self, film: &Film, moment: usize, what: &str) {
        let world = film.at(moment);
        let reader = Reader::start(&world, READ);
        let expected = match (self, film.script.subject) {
            (Self::Aborted, Subject::Deployment) => {
                drop_it(&world, "second", what);
                Version::Swapped
            }
            (Self::Aborted, Subject::Overlay) => {
                world.mzflow(&["dev", "--down", "--name", "alice", "--project", "shop"]).code(0);
                let gone = film.invariants.blue.without("shop__alice");
                Picture::take(&world).is_like(&gone, what);
                return film.were_seen(&reader.end(), what);
            }
            (Self::Again, _) => {
                world.mzflow(&film.script.command("second")).code(0);
                Version::Green
            }
            (Self::Other, _) => {
                let told = world.mzflow(&film.script.command("third"));
                // The dead canary's readers read it yet: nobody else's may until that is put back.
                if told.stderr.contains("[shift.taken]") {
                    told.code(3).says("mzflow unshift");
                    world.mzflow(&["unshift", "second"]).code(0);
                    world.mzflow(&film.script.command("third")).code(0);
                } else {
                    told.code(0);
                }
                drop_it(&world, "second", what);
                Version::Green
            }
            _ => {
                gone_on(&world, film, &film.run, what);
                Version::Green
            }
        };
        over(&world, film, reader, expected, what);
    }
}

/// All is over: what is left is cleaned up, and everything holds.
fn over(world: &World, film: &Film, reader: Reader, expected: Version, what: &str) {
    if !film.script.is_held && Picture::take(world).has_staging() {
        world.mzflow(&["gc", "--yes"]).code(0);
    }
    film.were_seen(&reader.end(), what);
    film.hold(world, expected, what);
}

/// Goes on with a run, as somebody would who was told to.
fn gone_on(world: &World, film: &Film, run: &str, what: &str) {
    let told = world.mzflow(&["resume", run, "--project", "shop", "--yes"]);
    if run.is_empty() || told.stderr.contains("[run.unknown]") {
        // It died before its first row.
        world.mzflow(&film.script.command("second")).code(0);
    } else if !told.stderr.contains("[run.finished]") {
        assert_eq!(told.code, Some(0), "{what}: it does not go on\n{}", told.stderr);
    }
}

/// Drops a deployment that is not production; nothing where it is, or never was.
fn drop_it(world: &World, id: &str, what: &str) {
    let before = Picture::take(world);
    let told = world.mzflow(&["abort", id]);
    if told.code == Some(0) {
        return;
    }
    if told.stderr.contains("[drop.promoted]") {
        Picture::take(world).is_untouched(&before, what);
        // It may have died before sinks read the new version.
        told.says(&format!("mzflow promote {id}"));
        let told = world.mzflow(&["promote", id]);
        // A sink cannot follow where somebody has taken away what it is to read.
        let codes = ["[swap.already-promoted]", "[swap.sink-pending]"];
        let is_over = told.code == Some(0) || codes.iter().any(|code| told.stderr.contains(code));
        assert!(is_over, "{what}: promote {id}\n{}", told.stderr);
        return;
    }
    let reasons = ["[deployment.unknown]", "[deployment.gone]", "[setup.missing]"];
    assert!(reasons.iter().any(|code| told.stderr.contains(code)), "{what}: abort {id}\n{}", told.stderr);
    Picture::take(world).is_untouched(&before, what);
}

/// The runs that were begun, oldest first.
fn runs(world: &World) -> Vec<String> {
    let begun = "SELECT run_id FROM _mzflow.public.journal WHERE kind = 'run.started' ORDER BY at";
    world.rows(begun).lines().map(str::to_owned).collect()
}

/// Goes on with what began since then, where it has not ended well.
fn mended(world: &World, film: &Film, told: &Told, before: &[String], what: &str) {
    if told.code != Some(0) {
        let run = runs(world).into_iter().find(|run| !before.contains(run));
        gone_on(world, film, &run.unwrap_or_default(), what);
    }
}

/// Something breaks, and the process lives: it goes on by itself, or says how to.
fn broken(film: &Film, fault: &str, what: &str) {
    let world = film.at(0);
    let before = runs(&world);
    let reader = Reader::start(&world, READ);
    world.faults(fault);
    let told = world.mzflow(&film.script.command("second"));
    world.faults("");
    mended(&world, film, &told, &before, what);
    over(&world, film, reader, Version::Green, what);
}

/// Starts a run and waits until a statement of it is held up, or it has ended.
fn held(world: &World, film: &Film, fault: &str, what: &str) -> crate::harness::running::Running {
    world.faults(fault);
    let mut running = world.start(&film.script.command("second"));
    world.until(what, || world.held() > 0 || running.is_over());
    running
}

/// The server is restarted while a statement waits.
fn restarted(film: &Film, fault: &str, what: &str) {
    let mut world = film.at(0);
    let before = runs(&world);
    let running = held(&world, film, fault, what);
    world.restart();
    let told = running.end(&world);
    let reader = Reader::start(&world, READ);
    mended(&world, film, &told, &before, what);
    over(&world, film, reader, Version::Green, what);
}

/// Whether a command that met another one has ended as it may: well, refused, or fenced.
fn may_end(told: &Told, what: &str) {
    // Where the other one has come to its end and dropped what was replaced, its names are gone.
    let may = matches!(told.code, Some(0 | 3 | 6)) || told.stderr.contains("[stage.rejected]");
    assert!(may, "{what}: {:?}\n{}\n{}", told.code, told.stdout, told.stderr);
}

/// Another run comes and goes while a statement waits.
fn met(film: &Film, at: usize, id: &'static str, what: &str) {
    let world = film.at(0);
    let reader = Reader::start(&world, READ);
    let running = held(&world, film, &format!("hold before write {at} by 'mzflow/%'"), what);
    let other = world.mzflow(&film.script.command(id));
    may_end(&other, what);
    world.faults("");
    let told = running.end(&world);
    may_end(&told, what);
    assert!(
        other.code == Some(0) || told.code == Some(0),
        "{what}: neither\n{}\n{}",
        told.stderr,
        other.stderr
    );
    for id in ["second", "third"] {
        drop_it(&world, id, what);
    }
    if id == "second" {
        // The other one may have come to its end before this one built.
        let told = world.mzflow(&["gc", "--yes", "--json"]);
        // What could not be dropped is told once more, as an error.
        let lines = told.json_lines();
        // What it drops is told before.
        let found = lines.iter().find(|line| line.get("items").is_some()).expect("it says what it found");
        assert_eq!(found["unrecorded"], serde_json::json!([]), "{what}: nobody knows whose it is");
        assert!(told.code == Some(0) || film.script.is_held, "{what}: {}", told.stderr);
        for line in staging(&world).lines() {
            // What others read stays until they have moved.
            assert!(film.script.is_held && told.stdout.contains(line), "{what}: nobody tells of {line}");
        }
    }
    // What was recorded of production is what stands there.
    world.mzflow(&["diff", "--project", "shop"]).code(0).says("no changes");
    over(&world, film, reader, Version::Green, what);
}

/// Somebody changes production while a statement waits.
fn by_hand(film: &Film, at: usize, number: usize, what: &str) {
    let deed = BY_HAND[number];
    let world = film.at(0);
    let running = held(&world, film, &format!("hold before write {at} by 'mzflow/%'"), what);
    for sql in deed {
        world.sql(sql);
    }
    let done = Picture::take(&world);
    world.faults("");
    let told = running.end(&world);
    assert!(matches!(told.code, Some(0 | 1 | 3)), "{what}: {:?}\n{}", told.code, told.stderr);
    let now = Picture::take(&world);
    now.keeps(&done, what);
    let has_swapped = now.epoch() > film.invariants.blue.epoch();
    assert!(
        told.code == Some(0) || told.stderr.contains("mzflow"),
        "{what}: nobody says how to go on\n{}",
        told.stderr
    );
    assert_eq!(now.epoch() - film.invariants.blue.epoch(), u64::from(has_swapped), "{what}");
    if told.code == Some(0) {
        assert!(has_swapped, "{what}: it is done and has not swapped");
        if number >= CARRIED {
            // Whenever it was done: nothing of it is lost.
            let expected = film.done_before(number, deed).without("__*__mz");
            now.without("__*__mz").is_like(&expected, what);
        }
    }
    drop_it(&world, "second", what);
    if !has_swapped {
        // Nothing is left of it, and what was done by hand stands; whoever read it reads what it read before.
        let expected = done.without("__*__mz").put_back(&film.invariants.blue);
        Picture::take(&world).is_like(&expected, what);
    }
    Picture::take(&world).keeps(&done, what);
}
