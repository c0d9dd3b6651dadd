//! When the dust has settled, what has changed, and whose turn it is. Pure: whoever asks says what
//! time it is and what the files hold.
//!
//! Raw events only say where to look. [`Queue::heard`] takes them, [`Queue::due`] says when to look,
//! [`Queue::look`] where, and [`Queue::seen`] takes what was found there and tells what is really
//! another: a file that was touched is none. [`Queue::changed`] and [`Queue::ended`] see to it that
//! at most one build runs and at most one waits.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::hash::Hasher;
use std::path::PathBuf;
use std::time::Duration;

/// So long nothing may be heard before somebody looks: editors write a file in several strokes.
pub const QUIET: Duration = Duration::from_millis(70);

/// After so long somebody looks although it is not quiet: a tool that writes all the time must not
/// keep everybody waiting.
pub const CEILING: Duration = Duration::from_millis(400);

/// What a file holds, as far as it matters whether it is the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Content(u64);

impl Content {
    /// Of bytes.
    pub fn of(bytes: &[u8]) -> Self {
        // Its keys are constants; nobody is an adversary of his own screen.
        let mut hasher = std::hash::DefaultHasher::new();
        hasher.write(bytes);
        Self(hasher.finish())
    }
}

/// Where something may have happened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Raw {
    /// Files and folders.
    pub paths: BTreeSet<PathBuf>,
    /// Whether it may have happened anywhere: events were lost, or nobody tells of them.
    pub everything: bool,
}

impl Raw {
    /// Tells whether there is nothing to look at.
    pub fn is_empty(&self) -> bool {
        self.paths.is_empty() && !self.everything
    }
}

/// Where to look, now that it is quiet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// Files, and folders with everything below them.
    pub paths: BTreeSet<PathBuf>,
    /// Whether to look everywhere.
    pub everything: bool,
    /// When it was heard of first.
    pub since: Duration,
}

/// Files that have other contents than before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Those that are new or hold something else.
    pub written: BTreeSet<PathBuf>,
    /// Those that are gone.
    pub removed: BTreeSet<PathBuf>,
    /// When it was heard of first.
    pub since: Duration,
}

impl Changes {
    /// These and what came after them; the time is that of the later ones.
    pub fn then(mut self, later: Self) -> Self {
        self.written.retain(|path| !later.removed.contains(path));
        self.removed.retain(|path| !later.written.contains(path));
        self.written.extend(later.written);
        self.removed.extend(later.removed);
        Self { since: later.since, ..self }
    }

    /// How many files.
    pub fn len(&self) -> usize {
        self.written.len() + self.removed.len()
    }

    /// Tells whether there are none.
    pub fn is_empty(&self) -> bool {
        self.written.is_empty() && self.removed.is_empty()
    }
}

/// What to do about changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Build.
    Build(Changes),
    /// Stop the build that is under way; [`Queue::ended`] gives what to build then.
    Interrupt,
    /// Nothing: that was asked for already.
    Wait,
}

/// Whose turn it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    Idle,
    Building,
    Stopping,
}

/// Everything that was heard and is not built yet.
#[derive(Debug)]
pub struct Queue {
    known: BTreeMap<PathBuf, Content>,
    heard: Raw,
    first: Option<Duration>,
    last: Duration,
    turn: Turn,
    waiting: Option<Changes>,
}

impl Queue {
    /// Nothing was heard; the files hold this.
    pub fn new(known: BTreeMap<PathBuf, Content>) -> Self {
        Self {
            known,
            heard: Raw::default(),
            first: None,
            last: Duration::ZERO,
            turn: Turn::Idle,
            waiting: None,
        }
    }

    /// Takes raw events.
    pub fn heard(&mut self, now: Duration, raw: Raw) {
        if raw.is_empty() {
            return;
        }
        self.heard.paths.extend(raw.paths);
        self.heard.everything |= raw.everything;
        self.first.get_or_insert(now);
        self.last = now;
    }

    /// When to look; `None` while nothing was heard.
    pub fn due(&self) -> Option<Duration> {
        let first = self.first?;
        Some((self.last + QUIET).min(first + CEILING))
    }

    /// Where to look, if it is time.
    pub fn look(&mut self, now: Duration) -> Option<Look> {
        let since = self.first.filter(|_| self.due().is_some_and(|due| now >= due))?;
        self.first = None;
        let Raw { paths, everything } = std::mem::take(&mut self.heard);
        Some(Look { paths, everything, since })
    }

    /// Takes what was found where somebody looked, and tells what is another; `None` for nothing.
    ///
    /// A file that is not among what was found, and is at or below where somebody looked, is gone.
    pub fn seen(&mut self, look: &Look, found: BTreeMap<PathBuf, Content>) -> Option<Changes> {
        let mut changes = Changes { since: look.since, ..Changes::default() };
        let mut gone: BTreeSet<PathBuf> = if look.everything {
            self.known.keys().cloned().collect()
        } else {
            look.paths.iter().flat_map(|path| self.below(path)).collect()
        };
        for (path, content) in found {
            gone.remove(&path);
            if self.known.insert(path.clone(), content) != Some(content) {
                changes.written.insert(path);
            }
        }
        self.known.retain(|path, _| !gone.contains(path));
        changes.removed = gone;
        (!changes.is_empty()).then_some(changes)
    }

    /// What is known at and below a path: paths are ordered by their parts.
    fn below(&self, path: &PathBuf) -> Vec<PathBuf> {
        let from = self.known.range(path.clone()..);
        from.map(|(known, _)| known).take_while(|known| known.starts_with(path)).cloned().collect()
    }

    /// Says what to do about changes.
    pub fn changed(&mut self, changes: Changes) -> Next {
        if self.turn == Turn::Idle {
            self.turn = Turn::Building;
            return Next::Build(changes);
        }
        self.waiting = Some(match self.waiting.take() {
            None => changes,
            Some(earlier) => earlier.then(changes),
        });
        match self.turn {
            Turn::Idle | Turn::Stopping => Next::Wait,
            Turn::Building => {
                self.turn = Turn::Stopping;
                Next::Interrupt
            }
        }
    }

    /// Tells that the build has ended, and takes what is to be built next, if anything waits.
    pub fn ended(&mut self) -> Option<Changes> {
        let next = self.waiting.take();
        self.turn = if next.is_some() { Turn::Building } else { Turn::Idle };
        next
    }

    /// Whether a build is under way.
    pub fn is_building(&self) -> bool {
        self.turn != Turn::Idle
    }
}
