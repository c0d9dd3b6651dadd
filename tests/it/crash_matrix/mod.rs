//! Everything that can go wrong with a deployment, at every place where it can: the crash matrix.
//!
//! `film` has the runs, `ways` what goes wrong with them and how people go on, `harness::invariants` what must
//! hold then. `killed` kills processes, `cut` cuts runs with `mzflow test --crash`. Each time every place is tried where a
//! run can die: of blue/green in every way, of the others in one, by `MZFLOW_SEED`, which also chooses what else goes
//! wrong there. `MZFLOW_CRASH=all` tries every place in every way, and any other value the cases whose name has it.

use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::Arc;
use std::sync::Mutex;

use self::film::Film;
use self::film::Script;
use self::film::Subject;
use self::ways::Places;
use self::ways::Way;
use crate::harness::random::Random;

mod cut;
mod film;
mod killed;
mod ways;

/// What can be swapped as a whole: each is tried.
const ISOLATIONS: [&str; 3] = ["cluster", "schema", "object"];

/// The recipes that deploy, and how they are called: a canary watches as briefly as it can.
const RECIPES: [(&str, &[&str]); 2] = [
    ("blue_green", &["run", "blue_green"]),
    (
        "canary",
        &["run", "canary", "--role", "reader", "--allow", "true", "--count", "2", "--interval", "20ms"],
    ),
];

/// A canary where objects change names one by one: the new ones stand in production's own schemas, where no role
/// can be set to read them.
const UNSHIFTED: &[&str] = &["run", "canary", "--allow", "true", "--count", "2", "--interval", "20ms"];

/// So often it is told how many cases are left.
const TOLD_EVERY: usize = 50;

/// So many cases are tried at once.
const AT_ONCE: usize = 10;

/// A case: a film, what goes wrong with it, and where.
struct Case {
    film: Arc<Film>,
    way: Way,
    at: usize,
}

impl Case {
    fn name(&self) -> String {
        format!("{}, {:?} at {}", self.film.script.title(), self.way, self.at)
    }
}

/// Every case of a film.
fn cases(film: &Arc<Film>) -> Vec<Case> {
    let ways = Way::all(film.script.subject).into_iter();
    let each = ways.flat_map(|way| {
        let places = match way.places() {
            Places::Moments => 0..film.moments(),
            Places::Statements => 1..film.writes + 1,
            Places::Once => 0..1,
        };
        places.map(move |at| (way, at)).collect::<Vec<_>>()
    });
    each.map(|(way, at)| Case { film: Arc::clone(film), way, at }).collect()
}

/// Which cases are tried: all, those that somebody names, or those whose turn it is.
fn chosen(cases: Vec<Case>, has_turn: impl Fn(&Case) -> bool) -> Vec<Case> {
    let wanted = std::env::var("MZFLOW_CRASH").unwrap_or_default();
    let is_chosen = |case: &Case| match wanted.as_str() {
        "all" => true,
        "" => has_turn(case),
        name => case.name().contains(name),
    };
    cases.into_iter().filter(is_chosen).collect()
}

/// Which turn it is, by the seed.
fn turn() -> usize {
    usize::try_from(Random::seeded("MZFLOW_SEED").below(1 << 16)).expect("it fits")
}

/// Plays cases, several at once; tells how many.
fn played(title: &str, all: usize, cases: Vec<Case>) {
    let count = cases.len();
    let waiting = Mutex::new(VecDeque::from(cases));
    let failed = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let next = waiting.lock().expect("nobody panics with it").pop_front();
                    let Some(case) = next else { return };
                    let name = case.name();
                    let left = waiting.lock().expect("nobody panics with it").len();
                    if left.is_multiple_of(TOLD_EVERY) && left > 0 {
                        println!("{title}: {left} of {count} to go");
                    }
                    let ended = catch_unwind(AssertUnwindSafe(|| case.way.play(&case.film, case.at, &name)));
                    if ended.is_err() {
                        failed.lock().expect("nobody panics with it").push(name);
                    }
                }
            });
        }
    });
    println!("{title}: {count} of {all} cases");
    let failed = failed.into_inner().expect("nobody panics with it");
    assert!(failed.is_empty(), "MZFLOW_CRASH='…' repeats one of these: {failed:#?}");
}

/// Films scripts and plays cases of each.
fn tried(scripts: &[Script], has_turn: impl Fn(&Case) -> bool) {
    for script in scripts {
        let film = Arc::new(Film::of(*script));
        let all = cases(&film);
        let count = all.len();
        played(&script.title(), count, chosen(all, &has_turn));
    }
}

/// Every place where a run can die, in one way.
fn tried_once(scripts: &[Script]) {
    let turn = turn();
    tried(scripts, |case| case.way.has_turn(case.film.script.subject, case.at, turn));
}

fn deployment(recipe: usize, isolation: usize) -> Script {
    let (name, words) = RECIPES[recipe];
    let words = if (name, ISOLATIONS[isolation]) == ("canary", "object") { UNSHIFTED } else { words };
    Script {
        name,
        subject: Subject::Deployment,
        words,
        isolation: Some(ISOLATIONS[isolation]),
        is_held: false,
    }
}

#[test]
fn blue_green_dies_anywhere() {
    // All at every place; but of what is done by hand one thing at each, by the seed.
    let turn = turn();
    tried(&[deployment(0, 0)], |case| case.way.deed().is_none_or(|(deed, of)| deed == (case.at + turn) % of));
}

#[test]
fn every_recipe_in_every_isolation() {
    let scripts = (0..RECIPES.len())
        .flat_map(|recipe| (0..ISOLATIONS.len()).map(move |isolation| deployment(recipe, isolation)));
    let held = Script { is_held: true, ..deployment(0, 0) };
    let scripts: Vec<Script> = scripts.skip(1).chain([held]).collect();
    tried_once(&scripts);
}

#[test]
fn an_overlay() {
    let words: &[&str] = &["dev", "dev", "--name", "alice"];
    let script =
        Script { name: "dev_overlay", subject: Subject::Overlay, words, isolation: None, is_held: false };
    tried_once(&[script]);
}
