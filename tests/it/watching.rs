//! The watcher with real files: what editors and tools do to a folder, and what is told of it.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use mzflow::clock::Clock;
use mzflow::watch::queue::Content;
use mzflow::watch::queue::Queue;
use mzflow::watch::source::Folder;
use mzflow::watch::source::Source;
use mzflow::watch::source::Wish;
use tempfile::TempDir;

use crate::harness::PATIENCE;
use crate::harness::RUNTIME;

/// A folder that is watched.
struct Watched {
    folder: TempDir,
    root: PathBuf,
    clock: Clock,
    source: Source,
    queue: Queue,
}

/// Every model at and below some paths, with what it holds.
fn models(root: &Path, paths: impl IntoIterator<Item = PathBuf>) -> BTreeMap<PathBuf, Content> {
    let mut found = BTreeMap::new();
    let mut paths: Vec<PathBuf> = paths.into_iter().collect();
    while let Some(path) = paths.pop() {
        if path.is_dir() {
            let entries = std::fs::read_dir(&path).into_iter().flatten().flatten();
            paths.extend(entries.map(|entry| entry.path()));
        } else if path.starts_with(root.join("models"))
            && path.extension().is_some_and(|ending| ending == "sql")
        {
            // It may have gone meanwhile.
            found.extend(std::fs::read(&path).ok().map(|bytes| (path.clone(), Content::of(&bytes))));
        }
    }
    found
}

/// All of them.
fn all(root: &Path) -> BTreeMap<PathBuf, Content> {
    models(root, [root.join("models")])
}

impl Watched {
    fn new(files: &[(&str, &str)], wish: Wish) -> Self {
        let folder = TempDir::new().expect("a folder");
        let root = folder.path().canonicalize().expect("it is there");
        let clock = Clock::system();
        for (path, text) in files {
            write(&root, path, text);
        }
        let folders = vec![
            Folder { path: root.clone(), deep: false },
            Folder { path: root.join("models"), deep: true },
        ];
        let mut source = Source::new(folders, clock.clone(), wish);
        assert_eq!(source.notice(), None);
        let queue = Queue::new(all(&root));
        Self { folder, root, clock, source, queue }
    }

    /// What changes next, in words; `None` when nothing does before `limit`.
    fn next(&mut self, limit: Duration) -> Option<String> {
        RUNTIME.block_on(async {
            let deadline = self.clock.deadline(Some(limit));
            while !deadline.passed() {
                let now = self.clock.elapsed();
                let due = self.queue.due().map_or(limit, |due| due.saturating_sub(now));
                tokio::select! {
                    raw = self.source.next() => self.queue.heard(self.clock.elapsed(), raw),
                    () = deadline.sleep(due) => {}
                }
                let Some(look) = self.queue.look(self.clock.elapsed()) else { continue };
                let found = match look.everything {
                    true => all(&self.root),
                    false => models(&self.root, look.paths.clone()),
                };
                if let Some(changes) = self.queue.seen(&look, found) {
                    let told = |sign: char, paths: &BTreeSet<PathBuf>| {
                        let paths = paths.iter().map(|path| path.strip_prefix(&self.root).unwrap_or(path));
                        paths.map(|path| format!("{sign}{}", path.display())).collect::<Vec<_>>()
                    };
                    let parts = [told('+', &changes.written), told('-', &changes.removed)].concat();
                    return Some(parts.join(" "));
                }
            }
            None
        })
    }

    #[track_caller]
    fn tells(&mut self, expected: &str) {
        assert_eq!(self.next(PATIENCE).as_deref(), Some(expected));
    }

    /// Everything that changes until all of it was told.
    fn gather(&mut self, mut is_all: impl FnMut(&BTreeSet<String>) -> bool) -> BTreeSet<String> {
        let mut told = BTreeSet::new();
        while !is_all(&told) {
            let next = self.next(PATIENCE).unwrap_or_else(|| panic!("it ended at {} changes", told.len()));
            told.extend(next.split(' ').map(str::to_owned));
        }
        told
    }
}

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    std::fs::write(path, text).expect("a file");
}

const A: &str = "models/app/core/a.sql";

#[test]
fn editors_save_in_many_ways() {
    let mut watched = Watched::new(&[(A, "1")], Wish::BeTold);
    let root = watched.root.clone();
    // In place.
    write(&root, A, "2");
    watched.tells("+models/app/core/a.sql");
    // Beside, and renamed over it.
    write(&root, "models/app/core/.a.sql.swp", "3");
    write(&root, "models/app/core/a.sql.tmp", "3");
    std::fs::rename(root.join("models/app/core/a.sql.tmp"), root.join(A)).expect("renamed");
    watched.tells("+models/app/core/a.sql");
    // The old one moved away, the new one written.
    std::fs::rename(root.join(A), root.join("models/app/core/a.sql~")).expect("renamed");
    write(&root, A, "4");
    std::fs::remove_file(root.join("models/app/core/a.sql~")).expect("removed");
    watched.tells("+models/app/core/a.sql");
    // In several strokes.
    for text in ["", "5", "56", "567"] {
        write(&root, A, text);
    }
    watched.tells("+models/app/core/a.sql");
    // Removed.
    std::fs::remove_file(root.join(A)).expect("removed");
    watched.tells("-models/app/core/a.sql");
}

#[test]
fn a_touch_is_nothing() {
    let mut watched = Watched::new(&[(A, "1"), ("models/app/core/b.sql", "1")], Wish::BeTold);
    let root = watched.root.clone();
    write(&root, A, "1");
    let file = std::fs::File::options().append(true).open(root.join(A)).expect("it is there");
    file.set_modified(std::time::SystemTime::UNIX_EPOCH).expect("touched");
    // What is told next is the next thing that has changed.
    write(&root, "models/app/core/b.sql", "2");
    watched.tells("+models/app/core/b.sql");
}

#[test]
fn folders_come_go_and_are_renamed() {
    let mut watched = Watched::new(&[(A, "1")], Wish::BeTold);
    let root = watched.root.clone();
    write(&root, "models/app/new/deep.sql", "1");
    watched.tells("+models/app/new/deep.sql");
    write(&root, "models/app/new/deep.sql", "2");
    watched.tells("+models/app/new/deep.sql");
    std::fs::rename(root.join("models/app/new"), root.join("models/app/other")).expect("renamed");
    watched.tells("+models/app/other/deep.sql -models/app/new/deep.sql");
    write(&root, "models/app/other/deep.sql", "3");
    watched.tells("+models/app/other/deep.sql");
    std::fs::remove_dir_all(root.join("models/app/other")).expect("removed");
    watched.tells("-models/app/other/deep.sql");
    // The whole of it goes, and comes back.
    std::fs::rename(root.join("models"), root.join("away")).expect("renamed");
    watched.tells("-models/app/core/a.sql");
    std::fs::rename(root.join("away"), root.join("models")).expect("renamed");
    watched.tells("+models/app/core/a.sql");
    write(&root, A, "9");
    watched.tells("+models/app/core/a.sql");
}

#[test]
fn a_checkout_of_many_files_is_told_whole() {
    const FILES: usize = 500;
    let mut watched = Watched::new(&[(A, "1")], Wish::BeTold);
    let root = watched.root.clone();
    for number in 0..FILES {
        write(&root, &format!("models/app/s{}/o{number}.sql", number % 7), "1");
    }
    let told = watched.gather(|told| told.len() >= FILES);
    assert_eq!(told.len(), FILES);
    assert!(told.iter().all(|path| path.starts_with("+models/app/s")));
}

#[test]
fn who_is_not_told_looks() {
    let mut watched = Watched::new(&[(A, "1")], Wish::Poll);
    assert!(watched.source.polls());
    let root = watched.root.clone();
    write(&root, A, "2");
    watched.tells("+models/app/core/a.sql");
    assert!(watched.folder.path().exists());
}
