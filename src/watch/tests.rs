//! Scripts of what happens to files, and what comes of them.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use expect_test::Expect;
use expect_test::expect;
use proptest::prelude::*;

use super::noise::is_noise;
use super::queue::CEILING;
use super::queue::Changes;
use super::queue::Content;
use super::queue::Next;
use super::queue::QUIET;
use super::queue::Queue;
use super::queue::Raw;

/// Files and what they hold.
type Disk = BTreeMap<PathBuf, String>;

fn ms(number: u64) -> Duration {
    Duration::from_millis(number)
}

fn contents(disk: &Disk) -> BTreeMap<PathBuf, Content> {
    disk.iter().map(|(path, text)| (path.clone(), Content::of(text.as_bytes()))).collect()
}

fn raw(paths: &[&str]) -> Raw {
    Raw { paths: paths.iter().map(PathBuf::from).collect(), everything: false }
}

/// What is found at and below where somebody looks.
fn found(disk: &Disk, look: &super::queue::Look) -> BTreeMap<PathBuf, Content> {
    let mut all = contents(disk);
    all.retain(|file, _| look.everything || look.paths.iter().any(|path| file.starts_with(path)));
    all
}

fn told(changes: &Changes) -> String {
    let written = changes.written.iter().map(|path| format!("+{}", path.display()));
    let removed = changes.removed.iter().map(|path| format!("-{}", path.display()));
    let parts: Vec<String> = written.chain(removed).collect();
    format!("{} since {} ms", parts.join(" "), changes.since.as_millis())
}

/// Plays a script: `MS write FILE TEXT`, `MS remove FILE`, `MS touch FILE`, `MS rename FROM TO`,
/// `MS lost`, `MS ended`. Looks as soon as it is time, and tells what comes of it.
#[track_caller]
fn check(before: &[(&str, &str)], script: &str, expect: Expect) {
    let mut disk: Disk =
        before.iter().map(|(path, text)| (PathBuf::from(path), (*text).to_owned())).collect();
    let mut queue = Queue::new(contents(&disk));
    let mut lines = Vec::new();
    let settle = |queue: &mut Queue, disk: &Disk, until: Duration, lines: &mut Vec<String>| {
        while let Some(due) = queue.due().filter(|due| *due <= until) {
            let Some(look) = queue.look(due) else { panic!("it was time") };
            let at = due.as_millis();
            let seen = found(disk, &look);
            lines.push(match queue.seen(&look, seen) {
                None => format!("{at}: nothing"),
                Some(changes) => match queue.changed(changes) {
                    Next::Build(changes) => format!("{at}: build {}", told(&changes)),
                    Next::Interrupt => format!("{at}: interrupt"),
                    Next::Wait => format!("{at}: wait"),
                },
            });
        }
    };
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let words: Vec<&str> = line.split(' ').collect();
        let at = ms(words[0].parse().expect("a number"));
        settle(&mut queue, &disk, at, &mut lines);
        match words[1..] {
            ["write", file, text] => {
                disk.insert(file.into(), text.to_owned());
                queue.heard(at, raw(&[file]));
            }
            ["touch", file] => queue.heard(at, raw(&[file])),
            ["remove", file] => {
                disk.retain(|path, _| !path.starts_with(file));
                queue.heard(at, raw(&[file]));
            }
            ["rename", from, to] => {
                let moved: Vec<PathBuf> =
                    disk.keys().filter(|path| path.starts_with(from)).cloned().collect();
                for path in moved {
                    let rest = path.strip_prefix(from).expect("it starts with it");
                    let target =
                        if rest == Path::new("") { PathBuf::from(to) } else { Path::new(to).join(rest) };
                    let text = disk.remove(&path).expect("it is there");
                    disk.insert(target, text);
                }
                queue.heard(at, raw(&[from, to]));
            }
            ["lost"] => queue.heard(at, Raw { everything: true, ..Raw::default() }),
            ["ended"] => {
                let next = queue.ended();
                let next =
                    next.map_or_else(|| "idle".to_owned(), |changes| format!("build {}", told(&changes)));
                lines.push(format!("{}: ended, {next}", at.as_millis()));
            }
            _ => panic!("unknown: {line}"),
        }
    }
    settle(&mut queue, &disk, ms(100_000), &mut lines);
    expect.assert_eq(&lines.join("\n"));
}

#[test]
fn a_save_in_several_strokes_is_one() {
    check(
        &[("a.sql", "1")],
        "0 write a.sql 2
         20 write a.sql 3
         60 touch a.sql",
        expect!["130: build +a.sql since 0 ms"],
    );
}

#[test]
fn a_touch_and_a_save_of_the_same_are_nothing() {
    check(
        &[("a.sql", "1")],
        "0 touch a.sql
         200 write a.sql 1
         400 write a.sql 2
         420 write a.sql 1",
        expect![[r#"
            70: nothing
            270: nothing
            490: nothing"#]],
    );
}

#[test]
fn a_file_beside_that_is_renamed_over_the_old_one_is_a_save() {
    check(
        &[("m/a.sql", "1")],
        "0 write m/a.new 2
         5 rename m/a.new m/a.sql",
        expect!["75: build +m/a.sql since 0 ms"],
    );
}

#[test]
fn a_file_that_is_away_for_a_moment_was_not_removed() {
    check(
        &[("a.sql", "1")],
        "0 remove a.sql
         30 write a.sql 1",
        expect!["100: nothing"],
    );
}

#[test]
fn who_writes_all_the_time_keeps_nobody_waiting() {
    let script: Vec<String> = (0..10).map(|at| format!("{} write a.sql {at}", at * 60)).collect();
    check(
        &[],
        &script.join("\n"),
        expect![[r#"
            400: build +a.sql since 0 ms
            610: interrupt"#]],
    );
}

#[test]
fn a_folder_that_is_renamed_takes_its_files_with_it() {
    check(
        &[("m/x/a.sql", "1"), ("m/x/b.sql", "2"), ("m/xy.sql", "3")],
        "0 rename m/x m/y",
        expect!["70: build +m/y/a.sql +m/y/b.sql -m/x/a.sql -m/x/b.sql since 0 ms"],
    );
}

#[test]
fn lost_events_are_made_up_for_by_looking_everywhere() {
    check(
        &[("a.sql", "1"), ("b.sql", "1")],
        "0 write a.sql 1
         1 lost",
        expect!["71: nothing"],
    );
}

#[test]
fn one_build_runs_and_one_waits() {
    check(
        &[],
        "0 write a.sql 1
         200 write b.sql 1
         300 write c.sql 1
         400 remove b.sql
         500 ended
         600 ended
         700 write d.sql 1",
        expect![[r#"
            70: build +a.sql since 0 ms
            270: interrupt
            370: wait
            470: wait
            500: ended, build +c.sql -b.sql since 400 ms
            600: ended, idle
            770: build +d.sql since 700 ms"#]],
    );
}

#[test]
fn what_editors_leave_behind_is_noise() {
    for noise in [
        ".git/index",
        ".mzflow/sandbox/log",
        "target/debug/x.sql",
        "models/a/b/.c.sql.swp",
        "models/a/b/c.sql~",
        "models/a/b/4913",
        "models/a/b/#c.sql#",
        "models/a/b/.#c.sql",
        "models/a/b/c.sql___jb_tmp___",
        "models/a/b/c.sql.tmp",
    ] {
        assert!(is_noise(Path::new(noise)), "{noise}");
    }
    for meant in ["models/a/b/c.sql", "models/target/b/c.sql", "project.toml", "models/a", ""] {
        assert!(!is_noise(Path::new(meant)), "{meant}");
    }
}

/// What may happen to one of a few files.
#[derive(Clone, Debug)]
enum Happens {
    Write(u8, u8),
    Remove(u8),
    Ended,
}

fn happens() -> impl Strategy<Value = (u64, Happens)> {
    let what = prop_oneof![
        (0..4_u8, 0..3_u8).prop_map(|(file, text)| Happens::Write(file, text)),
        (0..4_u8).prop_map(Happens::Remove),
        Just(Happens::Ended),
    ];
    (0..150_u64, what)
}

proptest! {
    /// Whatever happens in whatever order: nobody waits longer than the ceiling, one build runs at a
    /// time, and what was built in the end is what is on the disk.
    #[test]
    fn what_is_built_in_the_end_is_what_is_there(script in proptest::collection::vec(happens(), 0..60)) {
        let mut disk = Disk::new();
        let mut queue = Queue::new(BTreeMap::new());
        let (mut built, mut building) = (Disk::new(), false);
        let mut now = Duration::ZERO;
        let mut heard_first: Option<Duration> = None;
        // What a build takes was read when somebody looked: the disk may hold something else by then.
        let mut read = Disk::new();
        let build = |read: &Disk, built: &mut Disk, changes: &Changes| {
            for path in &changes.removed {
                built.remove(path);
            }
            for path in &changes.written {
                built.insert(path.clone(), read.get(path).cloned().expect("it was read"));
            }
        };
        let end = [(10_000, Happens::Ended), (10_000, Happens::Ended), (10_000, Happens::Ended)];
        for (pause, what) in script.into_iter().chain(end) {
            let until = now + ms(pause);
            while let Some(due) = queue.due().filter(|due| *due <= until) {
                let look = queue.look(due).expect("it was time");
                prop_assert!(due - heard_first.take().expect("something was heard") <= CEILING);
                let seen = found(&disk, &look);
                let looked = disk.iter().filter(|(path, _)| look.everything || look.paths.contains(*path));
                read.extend(looked.map(|(path, text)| (path.clone(), text.clone())));
                if let Some(changes) = queue.seen(&look, seen) {
                    match queue.changed(changes) {
                        Next::Build(changes) => {
                            prop_assert!(!building, "two builds at once");
                            building = true;
                            build(&read, &mut built, &changes);
                        }
                        Next::Interrupt | Next::Wait => prop_assert!(building),
                    }
                }
            }
            now = until;
            let path = |file: u8| PathBuf::from(format!("f{file}"));
            match what {
                Happens::Write(file, text) => {
                    disk.insert(path(file), text.to_string());
                    queue.heard(now, Raw { paths: BTreeSet::from([path(file)]), everything: false });
                    heard_first.get_or_insert(now);
                }
                Happens::Remove(file) => {
                    disk.remove(&path(file));
                    queue.heard(now, Raw { paths: BTreeSet::from([path(file)]), everything: false });
                    heard_first.get_or_insert(now);
                }
                Happens::Ended if building => match queue.ended() {
                    None => building = false,
                    Some(changes) => build(&read, &mut built, &changes),
                },
                Happens::Ended => {}
            }
        }
        prop_assert_eq!(&built, &disk);
        prop_assert!(queue.due().is_none() && !queue.is_building());
    }

    /// It looks no sooner than the quiet period after the last event, unless the ceiling is reached.
    #[test]
    fn it_waits_for_quiet(pauses in proptest::collection::vec(0..200_u64, 1..20)) {
        let mut queue = Queue::new(BTreeMap::new());
        let (mut now, mut first) = (Duration::ZERO, Duration::ZERO);
        for pause in pauses {
            now += ms(pause);
            if queue.look(now).is_some() || queue.due().is_none() {
                first = now;
            }
            queue.heard(now, raw(&["a"]));
            prop_assert_eq!(queue.due(), Some((now + QUIET).min(first + CEILING)));
        }
    }
}
