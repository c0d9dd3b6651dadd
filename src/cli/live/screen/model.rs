//! What the screen shows, and what a key does to it. Pure: inputs in, state and wishes out.
//!
//! Start reading at [`Model::step`].

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use crate::cli::live::phases::Times;
use crate::cli::overlaid;
use crate::event::Event;
use crate::event::OverlayState;

/// So many notices of a build are kept: a recipe may say a lot.
const MOST_NOTICES: usize = 100;

/// So many lines are scrolled at once.
const PAGE: isize = 10;

/// When something is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Moment {
    /// Since the process began.
    pub(crate) elapsed: Duration,
    /// The time of day, for people.
    pub(crate) told: String,
}

/// What stands in the first line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Head {
    /// The overlay's name.
    pub(crate) overlay: String,
    /// The cluster that it runs on.
    pub(crate) cluster: String,
    /// The environment.
    pub(crate) target: String,
    /// The command that removes the overlay.
    pub(crate) removal: String,
}

/// An object of the overlay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// The overlay's database.
    pub(crate) database: String,
    /// How it stands.
    pub(crate) state: OverlayState,
    /// How much of it has caught up.
    pub(crate) percent: Option<u8>,
    /// Why it failed.
    pub(crate) message: Option<String>,
    /// Whether it was on its way when the build was stopped.
    pub(crate) stopped: bool,
    /// When it came to stand so.
    since: Duration,
    /// How long the last build took until it could be read.
    pub(crate) took: Option<Duration>,
    /// When it was last ready.
    pub(crate) good: Option<String>,
    /// How many rows it has.
    pub(crate) rows: Option<u64>,
    /// How its rows differ from production's, in words.
    pub(crate) against: Option<String>,
}

/// How the last build stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Build {
    /// There was none.
    None,
    /// One is under way.
    Running {
        /// When it began.
        since: Duration,
    },
    /// It did what it should.
    Done {
        /// Objects built.
        rebuilt: usize,
        /// Objects left alone.
        unchanged: usize,
        /// Objects dropped.
        dropped: usize,
        /// Unit tests that have passed, where any were to be run.
        tested: Option<usize>,
        /// How long each part took.
        times: Times,
    },
    /// It did not.
    Failed {
        /// What people see of it.
        lines: Vec<String>,
        /// What programs see of it.
        error: Box<Value>,
        /// How long each part took.
        times: Times,
    },
    /// A newer save, or a person, stopped it.
    Stopped,
}

/// How the connection stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    /// It is there.
    Up,
    /// It is gone; somebody tries to open it again.
    Down {
        /// What the last attempt came to.
        why: String,
    },
}

/// What stands below the objects, on demand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Panel {
    /// Nothing.
    None,
    /// What the keys do.
    Help,
    /// Something is being asked for.
    Awaited {
        /// What it is, for people.
        title: String,
        /// What it is.
        wish: Wish,
    },
    /// Lines.
    Lines {
        /// What they are.
        title: String,
        /// The lines.
        lines: Vec<String>,
        /// How many of them are above what is seen.
        above: usize,
    },
}

/// A key, by what it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// One up.
    Up,
    /// One down.
    Down,
    /// To the first.
    First,
    /// To the last.
    Last,
    /// The lines of the panel, a page up.
    PageUp,
    /// The lines of the panel, a page down.
    PageDown,
    /// The rows of the object.
    Rows,
    /// The difference from production.
    Diff,
    /// Build once more.
    Rebuild,
    /// Run the tests.
    Tests,
    /// What the keys do.
    Help,
    /// Close what was opened.
    Back,
    /// Leave.
    Quit,
}

/// What comes to the screen.
#[derive(Clone, Debug)]
pub(crate) enum Input {
    /// Files were saved.
    Saved,
    /// A build begins.
    Begun,
    /// Something happened in the run.
    Happened(Event),
    /// A build has ended.
    Ended(Build),
    /// An object's rows were counted.
    Counted(String, u64),
    /// An object was compared with production: in words, and in lines.
    Compared(String, String, Vec<String>),
    /// What was asked for, with a title and lines.
    Answered(Wish, String, Vec<String>),
    /// The environment is another one, which people call so.
    Elsewhere(String),
    /// The overlay has another name.
    Renamed(String),
    /// How the connection stands.
    Link(Link),
    /// A line that a person should see.
    Notice(String),
    /// A key.
    Key(Key),
}

/// What a key asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// The difference of an object.
    Compare(String),
    /// Rows of an object.
    Preview(String),
    /// Another build.
    Rebuild,
    /// The tests.
    Test,
    /// The end.
    Quit,
}

/// What the screen shows.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    /// The first line.
    pub(crate) head: Head,
    /// When files were saved last, for people.
    pub(crate) saved: Option<String>,
    /// The objects, by their production names.
    pub(crate) rows: BTreeMap<String, Row>,
    /// The object that is chosen.
    pub(crate) chosen: Option<String>,
    /// How the last build stands.
    pub(crate) build: Build,
    /// How the connection stands.
    pub(crate) link: Link,
    /// What stands below the objects.
    pub(crate) panel: Panel,
    /// Lines that a person should see, the newest last.
    pub(crate) notices: Vec<String>,
    /// How many of the lines below the objects are above what is seen, where no panel is open or help is.
    pub(crate) above: usize,
    done: Option<(usize, usize, usize)>,
    /// Whom the run has told of in this build.
    told: BTreeSet<String>,
    /// What is built anew while a version of it stands.
    standing: BTreeSet<String>,
    /// How much of what is built has caught up, and how much of it there is.
    pub(crate) caught_up: Option<(usize, usize)>,
}

impl Model {
    /// Nothing has happened.
    pub(crate) fn new(head: Head) -> Self {
        Self {
            head,
            saved: None,
            rows: BTreeMap::new(),
            chosen: None,
            build: Build::None,
            link: Link::Up,
            panel: Panel::None,
            notices: Vec::new(),
            above: 0,
            done: None,
            told: BTreeSet::new(),
            standing: BTreeSet::new(),
            caught_up: None,
        }
    }

    /// Takes what comes, and says what is wished for.
    pub(crate) fn step(&mut self, now: &Moment, input: Input) -> Option<Wish> {
        match input {
            Input::Saved => self.saved = Some(now.told.clone()),
            Input::Begun => {
                self.build = Build::Running { since: now.elapsed };
                self.notices.clear();
                self.told.clear();
                self.standing.clear();
                (self.done, self.caught_up, self.above) = (None, None, 0);
            }
            Input::Happened(event) => self.happened(now, event),
            Input::Ended(build) => self.ended(now, build),
            Input::Counted(name, rows) => {
                if let Some(row) = self.rows.get_mut(&name) {
                    row.rows = Some(rows);
                }
            }
            Input::Compared(name, told, lines) => {
                if let Some(row) = self.rows.get_mut(&name) {
                    row.against = Some(told);
                }
                let title = format!("{name} against production");
                self.answered(&Wish::Compare(name), title, lines);
            }
            Input::Answered(to, title, lines) => self.answered(&to, title, lines),
            Input::Elsewhere(told) => {
                self.head.target = told;
                // What stands there is told by the build that goes there.
                self.rows.clear();
                self.chosen = None;
                self.panel = Panel::None;
            }
            Input::Renamed(overlay) => self.head.overlay = overlay,
            Input::Link(link) => self.link = link,
            Input::Notice(line) => {
                self.notices.push(line);
                let surplus = self.notices.len().saturating_sub(MOST_NOTICES);
                self.notices.drain(..surplus);
            }
            Input::Key(key) => return self.key(key),
        }
        None
    }

    /// Whether something goes on whose time is shown.
    pub(crate) fn is_busy(&self) -> bool {
        matches!(self.build, Build::Running { .. }) && self.link == Link::Up
    }

    /// How many objects were rebuilt, left alone and dropped, as far as the run has told.
    pub(crate) fn done(&self) -> Option<(usize, usize, usize)> {
        self.done
    }

    /// How long an object has stood as it does, where that is of interest.
    pub(crate) fn time_of(&self, row: &Row, now: Duration) -> Option<Duration> {
        match row.state {
            OverlayState::Compiling | OverlayState::Building | OverlayState::Hydrating => {
                let since = if let Build::Running { since } = self.build { since } else { row.since };
                Some(now.saturating_sub(since))
            }
            OverlayState::Ready => row.took,
            OverlayState::Failed | OverlayState::Kept | OverlayState::Dropped | OverlayState::Unchanged => {
                None
            }
        }
    }

    /// What somebody has asked for and not got yet.
    pub(crate) fn awaited(&self) -> Option<&Wish> {
        match &self.panel {
            Panel::Awaited { wish, .. } => Some(wish),
            Panel::None | Panel::Help | Panel::Lines { .. } => None,
        }
    }

    fn answered(&mut self, to: &Wish, title: String, lines: Vec<String>) {
        // Who has closed it meanwhile, or asked something else, does not want it any more.
        if self.awaited() == Some(to) {
            self.panel = Panel::Lines { title, lines, above: 0 };
        }
    }

    fn happened(&mut self, now: &Moment, event: Event) {
        let line = match event {
            Event::Overlay { database, object, state, percent, message } => {
                return self.object(now, database, object, (state, percent, message));
            }
            Event::OverlayDone { rebuilt, unchanged, dropped, .. } => {
                self.done = Some((rebuilt, unchanged, dropped));
                return;
            }
            Event::OverlayProgress { ready, total, .. } => {
                self.caught_up = Some((ready, total));
                return;
            }
            Event::OverlayPlanned { builds, .. } => {
                let standing = builds.into_iter().filter(|build| build.stands).map(|build| build.object);
                self.standing = standing.collect();
                return;
            }
            Event::OverlaySkipped { kinds } => overlaid::skipped(&kinds),
            Event::Warning { message, .. } | Event::Log { message, .. } => message,
            // What other verbs and recipes do is not what this screen is about.
            _ => return,
        };
        self.step(now, Input::Notice(line));
    }

    fn object(
        &mut self,
        now: &Moment,
        database: String,
        name: String,
        (state, percent, message): (OverlayState, Option<u8>, Option<String>),
    ) {
        let begun = if let Build::Running { since } = self.build { since } else { now.elapsed };
        let row = self.rows.entry(name.clone()).or_insert_with(|| Row {
            database: database.clone(),
            state,
            percent: None,
            message: None,
            stopped: false,
            since: now.elapsed,
            took: None,
            good: None,
            rows: None,
            against: None,
        });
        // That a file of it is being compiled does not say that the overlay still holds it.
        if state != OverlayState::Compiling {
            self.told.insert(name.clone());
        }
        row.database = database;
        row.percent = percent;
        row.message = message;
        row.stopped = false;
        if row.state != state {
            row.since = now.elapsed;
        }
        row.state = state;
        match state {
            OverlayState::Ready => {
                row.took = Some(now.elapsed.saturating_sub(begun));
                row.good = Some(now.told.clone());
            }
            OverlayState::Unchanged => {
                row.good.get_or_insert_with(|| now.told.clone());
            }
            // What was counted was another one.
            OverlayState::Building => (row.rows, row.against) = (None, None),
            OverlayState::Failed => row.good = None,
            OverlayState::Compiling
            | OverlayState::Hydrating
            | OverlayState::Kept
            | OverlayState::Dropped => {}
        }
        self.chosen.get_or_insert(name);
    }

    fn ended(&mut self, now: &Moment, build: Build) {
        let over = |row: &Row| match row.state {
            OverlayState::Compiling | OverlayState::Building | OverlayState::Hydrating => true,
            OverlayState::Ready
            | OverlayState::Failed
            | OverlayState::Kept
            | OverlayState::Dropped
            | OverlayState::Unchanged => false,
        };
        // Whatever was under way is not any more.
        for (name, row) in self.rows.iter_mut().filter(|(_, row)| over(row)) {
            let stands = row.good.is_some() || self.standing.contains(name);
            row.state = if stands { OverlayState::Kept } else { OverlayState::Failed };
            row.percent = None;
            row.stopped = build == Build::Stopped;
            row.since = now.elapsed;
        }
        // Whom a build that came to its end has not told of is not in the overlay, or was never.
        let is_over = self.done.is_some();
        if is_over || matches!(build, Build::Done { .. }) {
            let told = &self.told;
            self.rows
                .retain(|name, row| row.state != OverlayState::Dropped && (!is_over || told.contains(name)));
            if self.chosen.as_ref().is_none_or(|name| !self.rows.contains_key(name)) {
                self.chosen = self.rows.keys().next().cloned();
            }
        }
        // Why it has failed stands where panels stand; help covers it for as long as somebody reads that.
        if matches!(build, Build::Failed { .. }) && self.panel != Panel::Help {
            self.panel = Panel::None;
        }
        self.above = 0;
        self.build = build;
    }

    fn key(&mut self, key: Key) -> Option<Wish> {
        let mut ask = |title: String, wish: Wish| {
            self.panel = Panel::Awaited { title, wish: wish.clone() };
            Some(wish)
        };
        match (key, self.chosen.clone()) {
            (Key::Up, _) => self.go(-1),
            (Key::Down, _) => self.go(1),
            (Key::First, _) => self.go(isize::MIN),
            (Key::Last, _) => self.go(isize::MAX),
            (Key::PageUp, _) => self.scroll(-PAGE),
            (Key::PageDown, _) => self.scroll(PAGE),
            (Key::Diff, Some(name)) => return ask(format!("comparing {name} …"), Wish::Compare(name)),
            (Key::Rows, Some(name)) => return ask(format!("rows of {name} …"), Wish::Preview(name)),
            (Key::Diff | Key::Rows, None) => {}
            (Key::Rebuild, _) => return Some(Wish::Rebuild),
            (Key::Tests, _) => return ask("running the tests …".to_owned(), Wish::Test),
            (Key::Help, _) => {
                self.above = 0;
                self.panel = if self.panel == Panel::Help { Panel::None } else { Panel::Help };
            }
            (Key::Back, _) => (self.panel, self.above) = (Panel::None, 0),
            (Key::Quit, _) => return Some(Wish::Quit),
        }
        None
    }

    fn go(&mut self, by: isize) {
        let names: Vec<&String> = self.rows.keys().collect();
        let at = names.iter().position(|name| Some(*name) == self.chosen.as_ref()).unwrap_or(0);
        let last = names.len().saturating_sub(1);
        let to = at.saturating_add_signed(by).min(last);
        self.chosen = names.get(to).map(|name| (*name).clone());
    }

    fn scroll(&mut self, by: isize) {
        let to = |above: usize, lines: usize| above.saturating_add_signed(by).min(lines.saturating_sub(1));
        match &mut self.panel {
            Panel::Lines { lines, above, .. } => *above = to(*above, lines.len()),
            Panel::None => {
                let failure = if let Build::Failed { lines, .. } = &self.build { lines.len() } else { 0 };
                let link = usize::from(self.link != Link::Up);
                self.above = to(self.above, link + failure + self.notices.len());
            }
            // The command that removes the overlay stands behind the keys.
            Panel::Help => self.above = to(self.above, KEYS.len() + 1),
            Panel::Awaited { .. } => {}
        }
    }
}

/// What each key does, for people; that which removes the overlay is told behind them.
pub(crate) const KEYS: &[(&str, &str)] = &[
    ("↑ ↓  k j", "choose an object"),
    ("d", "compare its rows with production; the server computes it"),
    ("enter", "show some of its rows"),
    ("r", "build once more"),
    ("t", "run the unit tests of what the overlay holds"),
    ("pgup pgdn", "scroll what is shown"),
    ("esc", "close what is shown"),
    ("?", "this help"),
    ("q", "quit; the overlay stays, until this removes it:"),
];
