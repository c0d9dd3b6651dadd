//! What must hold when a run is cut, and when it has gone on: decided from pictures alone.
//!
//! Pure. A run that was not cut is the witness: what goes on after a cut has to end where that one ended.
//! Start reading at [`points`], then at [`while_cut`], [`gone_on`] and [`aborted`].

use std::collections::BTreeSet;
use std::sync::Arc;

use super::picture::Key;
use super::picture::Picture;
use super::picture::Sort;
use super::picture::Thing;
use crate::lua::testing::Crash;
use crate::name::ObjectName;

/// How many differences are told.
const MOST_TOLD: usize = 12;

/// A statement is told up to so many characters.
const LONGEST: usize = 120;

/// Something that a test did to a sandbox, from beginning to end.
#[derive(Clone, Debug)]
pub(super) struct Act {
    /// What it sent that is more than reading.
    pub(super) statements: Vec<String>,
    /// Whether it was a run of a recipe.
    pub(super) is_run: bool,
    /// Whether it ended well.
    pub(super) is_done: bool,
    /// How the environment was before.
    pub(super) before: Picture,
    /// How it was afterwards.
    pub(super) after: Picture,
}

/// How a run is cut, and what happens then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// The process dies behind the statement, and somebody resumes the run.
    Resumed,
    /// The process dies behind the statement, and somebody aborts the deployment.
    Aborted,
    /// The connection breaks behind the statement, before its answer; the process lives.
    Unanswered,
    /// The connection breaks before the statement is run; the process lives.
    Unsent,
}

impl Way {
    /// Every way.
    pub(super) const ALL: [Self; 4] = [Self::Resumed, Self::Aborted, Self::Unanswered, Self::Unsent];

    /// What happens, for people; the statement follows.
    pub(super) fn told(self) -> &'static str {
        match self {
            Self::Resumed => "killed behind the statement, then resumed",
            Self::Aborted => "killed behind the statement, then aborted",
            Self::Unanswered => "the connection broke behind the statement, before its answer",
            Self::Unsent => "the connection broke before the statement was run",
        }
    }

    /// The word for it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Resumed => "resumed",
            Self::Aborted => "aborted",
            Self::Unanswered => "unanswered",
            Self::Unsent => "unsent",
        }
    }

    /// What the sandbox does.
    pub(super) fn fault(self) -> &'static str {
        match self {
            Self::Resumed | Self::Aborted => "kill",
            Self::Unanswered => "lose",
            Self::Unsent => "drop before",
        }
    }
}

/// A place at which a run can be cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Point {
    /// Its number among all statements of the test, from 1.
    pub(super) number: usize,
    /// The sandbox, from 0.
    pub(super) sandbox: usize,
    /// The number of the statement there, from 1.
    pub(super) write: usize,
    /// The statement, on one line.
    pub(super) statement: String,
    /// Whether it is one of a recipe's run.
    pub(super) is_run: bool,
}

/// A cut that is to be made.
#[derive(Clone, Debug)]
pub(super) struct Cut {
    /// Where.
    pub(super) point: Point,
    /// How.
    pub(super) way: Way,
    /// What the test did when nothing was cut, by sandbox.
    pub(super) witness: Arc<Vec<Vec<Act>>>,
}

/// The places at which what a test does can be cut.
pub(super) fn points(acts: &[Vec<Act>], crash: Crash) -> Vec<Point> {
    let mut points = Vec::new();
    let mut number = 0;
    for (sandbox, acts) in acts.iter().enumerate() {
        let first = match crash {
            Crash::All => 0,
            Crash::Last => acts.iter().rposition(|act| act.is_run).unwrap_or_default(),
            Crash::None => acts.len(),
        };
        let statements = acts
            .iter()
            .enumerate()
            .flat_map(|(at, act)| act.statements.iter().map(move |sql| (at >= first, act.is_run, sql)));
        for (write, (is_meant, is_run, sql)) in (1..).zip(statements) {
            number += 1;
            // Nothing is half done behind these that was not before.
            if is_meant && !matches!(sql.trim().to_ascii_uppercase().as_str(), "BEGIN" | "ROLLBACK") {
                points.push(Point { number, sandbox, write, statement: one_line(sql), is_run });
            }
        }
    }
    points
}

/// The cuts of a test: every point in every way, or only those of some numbers.
pub(super) fn cuts(acts: &Arc<Vec<Vec<Act>>>, crash: Crash, only: Option<&BTreeSet<usize>>) -> Vec<Cut> {
    let points = points(acts, crash).into_iter();
    let points = points.filter(|point| only.is_none_or(|only| only.contains(&point.number)));
    let each = points.flat_map(|point| {
        let ways = Way::ALL.into_iter().filter(move |way| point.is_run || *way != Way::Aborted);
        ways.map(move |way| (point.clone(), way)).collect::<Vec<_>>()
    });
    each.map(|(point, way)| Cut { point, way, witness: Arc::clone(acts) }).collect()
}

/// A statement on one line.
pub(super) fn one_line(sql: &str) -> String {
    let flat = sql.split_whitespace().collect::<Vec<_>>().join(" ");
    let short: String = flat.chars().take(LONGEST).collect();
    if short.len() < flat.len() { short + "…" } else { short }
}

/// What is wrong: a sentence, and lines that show it.
pub(super) type Wrong = (String, Vec<String>);

/// What holds for readers at the moment of the cut: every name is there, and all of what is swapped
/// together is old or all of it is new.
pub(super) fn while_cut(before: &Picture, now: &Picture, witness: &Act) -> Result<(), Wrong> {
    let production =
        |key: &Key| !key.is_staged && matches!(key.sort, Sort::Schema | Sort::Cluster | Sort::Object);
    let lasting: Vec<(&Key, &Thing)> = before
        .things
        .iter()
        .filter(|(key, _)| production(key) && witness.after.things.contains_key(key))
        .collect();
    let missing: Vec<String> = lasting
        .iter()
        .filter(|(key, _)| !now.things.contains_key(key))
        .map(|(key, _)| format!("{key} is not there"))
        .collect();
    if !missing.is_empty() {
        return Err(("a name that readers use is missing".to_owned(), missing));
    }
    if now.epoch < before.epoch || now.epoch > witness.after.epoch.max(before.epoch) {
        let message = format!("epoch {} is neither that before nor that after", now.epoch);
        return Err((message, vec![format!("before {}, after {}", before.epoch, witness.after.epoch)]));
    }
    // Of several swaps each is for itself.
    if witness.after.epoch != witness.before.epoch + 1 {
        return Ok(());
    }
    let id = |picture: &Picture, key: &Key| picture.things.get(key).map(|thing| thing.id.clone());
    let alone = replaced_in_place(&witness.statements);
    let swapped = lasting.iter().filter(|(key, _)| id(&witness.before, key) != id(&witness.after, key));
    let swapped = swapped.filter(|(key, _)| key.sort != Sort::Object || !alone.contains(&key.name));
    let (new, old): (Vec<&Key>, Vec<&Key>) =
        swapped.map(|(key, _)| *key).partition(|key| id(before, key) != id(now, key));
    if new.is_empty() || old.is_empty() {
        return Ok(());
    }
    let lines =
        new.iter().map(|key| format!("{key} is new")).chain(old.iter().map(|key| format!("{key} is old")));
    Err(("readers see a mixture of both versions".to_owned(), lines.take(MOST_TOLD).collect()))
}

/// The materialized views that are replaced behind a swap, each for itself.
fn replaced_in_place(statements: &[String]) -> BTreeSet<String> {
    let target = |sql: &String| {
        let target = sql.strip_prefix("ALTER MATERIALIZED VIEW ")?.split_once(" APPLY REPLACEMENT ")?.0;
        Some(target.parse::<ObjectName>().ok()?.to_string())
    };
    statements.iter().filter_map(target).collect()
}

/// What holds when a run that was cut has gone on: everything is as if it had not been cut.
pub(super) fn gone_on(now: &Picture, witness: &Picture) -> Result<(), Wrong> {
    let lines = differences(witness, now, |_| true);
    if now.epoch != witness.epoch {
        let message = format!("epoch {} is another than without the cut: {}", now.epoch, witness.epoch);
        return Err((message, lines));
    }
    if lines.is_empty() {
        return Ok(());
    }
    Err(("the environment is another than without the cut".to_owned(), lines))
}

/// What holds when the deployment of a run that was cut was aborted: what was staged is gone, and
/// nothing else has changed since the cut.
pub(super) fn aborted(before: &Picture, cut: &Picture, now: &Picture) -> Result<(), Wrong> {
    let left: Vec<String> = now
        .things
        .keys()
        .filter(|key| key.is_staged && !before.things.contains_key(key))
        .map(|key| format!("{key} is still there"))
        .collect();
    if !left.is_empty() {
        return Err(("what was staged is not gone".to_owned(), left.into_iter().take(MOST_TOLD).collect()));
    }
    if now.epoch != cut.epoch {
        let message = format!("aborting has advanced the epoch from {} to {}", cut.epoch, now.epoch);
        return Err((message, Vec::new()));
    }
    let settings = differences(before, now, |key| key.sort == Sort::Setting);
    if !settings.is_empty() {
        return Err(("a role has other settings than before the run".to_owned(), settings));
    }
    let others = differences(cut, now, |key| !key.is_staged && key.sort != Sort::Setting);
    if others.is_empty() {
        return Ok(());
    }
    Err(("aborting has changed more than what was staged".to_owned(), others))
}

/// What differs among some things, a line each: `-` is expected and missing, `+` is there and not expected.
fn differences(expected: &Picture, actual: &Picture, among: impl Fn(&Key) -> bool) -> Vec<String> {
    let mut lines = Vec::new();
    for (key, thing) in expected.things.iter().filter(|(key, _)| among(key)) {
        match actual.things.get(key) {
            None => lines.push(format!("- {key}")),
            Some(other) if other.text != thing.text => {
                lines.push(format!("  {key}"));
                lines.extend(changed(&thing.text, &other.text));
            }
            Some(_) => {}
        }
    }
    let new = actual.things.keys().filter(|key| among(key) && !expected.things.contains_key(key));
    lines.extend(new.map(|key| format!("+ {key}")));
    if lines.len() > MOST_TOLD {
        let more = lines.len() - MOST_TOLD;
        lines.truncate(MOST_TOLD);
        lines.push(format!("  and {more} lines more"));
    }
    lines
}

/// The lines that only one of two texts has.
fn changed(expected: &str, actual: &str) -> Vec<String> {
    let only = |sign: char, a: &str, b: &str| {
        let lines = a.lines().filter(|line| b.lines().all(|other| other != *line));
        lines.map(|line| format!("    {sign} {line}")).collect::<Vec<_>>()
    };
    [only('-', expected, actual), only('+', actual, expected)].concat()
}

#[cfg(test)]
mod tests {
    use expect_test::Expect;
    use expect_test::expect;

    use super::*;

    /// A picture from `name id text` of objects.
    fn picture(epoch: u64, things: &[(&str, &str, &str)]) -> Picture {
        let things = things.iter().map(|(name, id, text)| {
            let thing = Thing { id: (*id).to_owned(), text: (*text).to_owned() };
            (Key::new(Sort::Object, (*name).to_owned()), thing)
        });
        Picture { things: things.collect(), epoch }
    }

    fn old() -> Picture {
        picture(1, &[("d.s.a", "u1", "old"), ("d.s.b", "u2", "old"), ("d.o.f", "u3", "foreign")])
    }

    fn new() -> Picture {
        picture(2, &[("d.s.a", "u4", "new"), ("d.s.b", "u5", "new"), ("d.o.f", "u3", "foreign")])
    }

    fn witness() -> Act {
        let statements = ["BEGIN", "ALTER a\n  SWAP WITH b", "COMMIT"].map(str::to_owned).into();
        Act { statements, is_run: true, is_done: true, before: old(), after: new() }
    }

    #[track_caller]
    fn check(outcome: Result<(), Wrong>, expect: Expect) {
        let told = match outcome {
            Ok(()) => "holds".to_owned(),
            Err((message, lines)) => std::iter::once(message).chain(lines).collect::<Vec<_>>().join("\n"),
        };
        expect.assert_eq(&told);
    }

    #[test]
    fn readers_see_one_version_and_every_name() {
        check(while_cut(&old(), &old(), &witness()), expect!["holds"]);
        check(while_cut(&old(), &new(), &witness()), expect!["holds"]);
        let mut mixed = new();
        mixed.things.extend(old().things.into_iter().take(2));
        check(
            while_cut(&old(), &mixed, &witness()),
            expect![[r#"
                readers see a mixture of both versions
                object d.s.b is new
                object d.s.a is old"#]],
        );
        let mut in_place = witness();
        let apply = "ALTER MATERIALIZED VIEW \"d\".\"s\".\"a\" APPLY REPLACEMENT \"d\".\"s__1__mzf\".\"a\"";
        in_place.statements.push(apply.to_owned());
        let mut behind = new();
        behind.things.extend(old().things.into_iter().filter(|(key, _)| key.name == "d.s.a"));
        check(while_cut(&old(), &behind, &in_place), expect!["holds"]);
        let without = picture(1, &[("d.s.a", "u1", "old"), ("d.o.f", "u3", "foreign")]);
        check(
            while_cut(&old(), &without, &witness()),
            expect![[r#"
                a name that readers use is missing
                object d.s.b is not there"#]],
        );
        let far = Picture { epoch: 3, ..new() };
        check(
            while_cut(&old(), &far, &witness()),
            expect![[r#"
                epoch 3 is neither that before nor that after
                before 1, after 2"#]],
        );
    }

    #[test]
    fn what_goes_on_ends_where_it_would_have_ended() {
        check(gone_on(&new(), &new()), expect!["holds"]);
        let twice = Picture { epoch: 3, ..new() };
        check(gone_on(&twice, &new()), expect!["epoch 3 is another than without the cut: 2"]);
        let orphan = picture(2, &[("d.s.a", "u9", "new\nowner x"), ("d.s__1__mzf.a", "u1", "old")]);
        check(
            gone_on(&orphan, &new()),
            expect![[r#"
                the environment is another than without the cut
                - object d.o.f
                  object d.s.a
                    + owner x
                - object d.s.b
                + object d.s__1__mzf.a"#]],
        );
    }

    #[test]
    fn what_is_aborted_is_gone_and_nothing_else() {
        let mut cut = old();
        cut.things.extend(picture(1, &[("d.s__1__mzf.a", "u9", "new")]).things);
        check(aborted(&old(), &cut, &old()), expect!["holds"]);
        check(
            aborted(&old(), &cut, &cut),
            expect![[r#"
                what was staged is not gone
                object d.s__1__mzf.a is still there"#]],
        );
        check(
            aborted(&old(), &cut, &picture(1, &[("d.s.a", "u1", "old"), ("d.s.b", "u2", "old")])),
            expect![[r#"
                aborting has changed more than what was staged
                - object d.o.f"#]],
        );
        let setting = |picture: &Picture, value: &str| {
            let mut picture = picture.clone();
            let thing = Thing { id: String::new(), text: value.to_owned() };
            picture.things.insert(Key::new(Sort::Setting, "r: search_path".to_owned()), thing);
            picture
        };
        check(
            aborted(&setting(&old(), "blue"), &setting(&cut, "green"), &setting(&old(), "green")),
            expect![[r#"
                a role has other settings than before the run
                  setting of a role r: search_path
                    - blue
                    + green"#]],
        );
        check(
            aborted(&setting(&old(), "blue"), &setting(&cut, "green"), &setting(&old(), "blue")),
            expect!["holds"],
        );
    }

    #[test]
    fn points_are_numbered_over_all_sandboxes() {
        let told = |acts: &[Vec<Act>], crash: Crash| {
            let points = points(acts, crash);
            let told = points.iter().map(|point| {
                format!("{} {}:{} {}", point.number, point.sandbox, point.write, point.statement)
            });
            told.collect::<Vec<_>>().join("\n")
        };
        let verb = Act { is_run: false, ..witness() };
        let acts = [vec![witness(), witness()], vec![witness()]];
        expect![[r#"
            2 0:2 ALTER a SWAP WITH b
            3 0:3 COMMIT
            5 0:5 ALTER a SWAP WITH b
            6 0:6 COMMIT
            8 1:2 ALTER a SWAP WITH b
            9 1:3 COMMIT"#]]
        .assert_eq(&told(&acts, Crash::All));
        expect![[r#"
            5 0:5 ALTER a SWAP WITH b
            6 0:6 COMMIT
            8 1:2 ALTER a SWAP WITH b
            9 1:3 COMMIT"#]]
        .assert_eq(&told(&acts, Crash::Last));
        assert_eq!(told(&acts, Crash::None), "");
        expect![[r#"
            5 0:5 ALTER a SWAP WITH b
            6 0:6 COMMIT
            8 0:8 ALTER a SWAP WITH b
            9 0:9 COMMIT"#]]
        .assert_eq(&told(&[vec![witness(), witness(), verb.clone()]], Crash::Last));
        let cuts = cuts(&Arc::new(vec![vec![verb]]), Crash::All, Some(&BTreeSet::from([3])));
        let ways: Vec<&str> = cuts.iter().map(|cut| cut.way.as_str()).collect();
        assert_eq!(ways, ["resumed", "unanswered", "unsent"]);
    }
}
