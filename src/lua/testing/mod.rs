//! Tests of recipes: files of `tests/` that return `mz.test { … }`, alone or in a list.
//!
//! A test is Lua in a host of its own. What it asks of a sandbox is answered by whoever runs it, through
//! [`stand`]; what it expects is compared in [`compare`]. Start reading at [`load`], then at [`run`].

use std::cell::Cell;
use std::cell::OnceCell;
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use mlua::Function;
use mlua::Table;
use mlua::Value;
use tokio::sync::Notify;

use super::calls::testing::expect::expectations;
use super::check;
use super::host::Host;
use super::host::Source;
use super::run::enter;
use super::site;
use super::site::Frame;
use super::values::Handle;
use crate::clock::Clock;
use crate::event::Sink;
use crate::primitives::code::Code;
use crate::primitives::error::Error;
use crate::primitives::error::Place;
use stand::Grounds;

pub(super) mod compare;
pub mod stand;

/// Why to stop, if there is a reason.
pub type Reason = Rc<dyn Fn() -> Option<Error>>;

/// What of a test may be cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Crash {
    /// In each sandbox the last run, and what follows it.
    #[default]
    Last,
    /// Everything.
    All,
    /// Nothing.
    None,
}

impl Crash {
    /// Reads the word for it.
    pub(super) fn of(word: &str) -> Self {
        match word {
            "all" => Self::All,
            "none" => Self::None,
            _ => Self::Last,
        }
    }
}

/// What `mz.test` was given.
pub(super) struct Written {
    pub(super) name: Option<String>,
    pub(super) run: Function,
    pub(super) now: String,
    pub(super) timeout: Duration,
    pub(super) crash: Crash,
    pub(super) after_crash: Option<Function>,
    /// The line that declares it.
    pub(super) line: usize,
}

/// A test, ready to be run.
pub struct Test {
    /// What reports call it; unique in its file.
    pub name: String,
    /// The line that declares it, from 1.
    pub line: usize,
    /// When it begins, as it is written.
    pub now: String,
    /// How much of its own time it may take.
    pub timeout: Duration,
    /// What of it may be cut.
    pub crash: Crash,
    written: Rc<Written>,
}

/// Something that is to happen.
struct Planned {
    at: Duration,
    function: Function,
}

/// A test that runs.
pub(super) struct Trial {
    /// Where its sandboxes come from.
    pub(super) grounds: Rc<dyn Grounds>,
    /// Whoever listens.
    pub(super) events: Rc<dyn Sink>,
    /// What is called when a run was cut and has gone on.
    pub(super) after_crash: Option<Function>,
    /// What the test expects with.
    pub(super) expect: OnceCell<Table>,
    /// Told when the test is over before its end.
    pub(super) over: Notify,
    /// Whether something planned is happening.
    pub(super) happening: Cell<bool>,
    planned: RefCell<Vec<Planned>>,
    waits: RefCell<Option<Frame>>,
}

impl Trial {
    /// Remembers the line that is being waited at.
    pub(super) fn wait_at(&self, frames: &[Frame]) {
        *self.waits.borrow_mut() = frames.first().cloned();
    }

    /// Plans something.
    pub(super) fn plan(&self, at: Duration, function: Function) {
        self.planned.borrow_mut().push(Planned { at, function });
    }

    /// Waits until the next thing that is planned is due; for ever where nothing is.
    pub(super) async fn due(&self, clock: &Clock) {
        let next = self.planned.borrow().iter().map(|planned| planned.at).min();
        match next {
            Some(at) => clock.sleep(at.saturating_sub(clock.elapsed())).await,
            None => std::future::pending().await,
        }
    }

    /// Takes what is due, the earliest first; of two at once the one that was planned first.
    pub(super) fn take_due(&self, clock: &Clock) -> Option<Function> {
        let mut planned = self.planned.borrow_mut();
        let now = clock.elapsed();
        let due = planned.iter().enumerate().filter(|(_, planned)| planned.at <= now);
        let (at, _) = due.min_by_key(|(_, planned)| planned.at)?;
        Some(planned.remove(at).function)
    }
}

/// Reads a file of tests.
///
/// # Errors
/// `test.bad-file`, `lua.*`, each with its place.
pub fn load(host: &Host, source: &Source) -> Result<Vec<Test>, Error> {
    host.begin_loading();
    let returned = host.returned(source)?;
    let tables = host.shared.tables();
    let test_of = |value: &Value| match tables.and_then(|tables| tables.handle(value)) {
        Some(Handle::Test(written)) => Some(written),
        _ => None,
    };
    let found: Option<Vec<Rc<Written>>> = match (&returned, test_of(&returned)) {
        (_, Some(one)) => Some(vec![one]),
        (Value::Table(list), None) => {
            let items: Vec<Value> = list.sequence_values().filter_map(Result::ok).collect();
            let count = list.pairs::<Value, Value>().count();
            let tests: Option<Vec<_>> = items.iter().map(test_of).collect();
            tests.filter(|tests| !tests.is_empty() && tests.len() == count)
        }
        _ => None,
    };
    let place = |line: usize, word: Option<&str>| {
        let sources = host.shared.sources.borrow();
        Some(site::place(&sources, &source.file, line, word, ""))
    };
    let Some(found) = found else {
        let what = check::kind_of(&returned);
        let message = format!("the file returns {what}; it has to return mz.test {{ … }}, or a list of them");
        let last = source.text.lines().count().max(1);
        return Err(Error::new(Code::TestBadFile, message).place(place(last, None)));
    };
    let mut tests: Vec<Test> = Vec::new();
    for written in found {
        let name = written.name.clone().unwrap_or_else(|| stem(&source.file));
        if tests.iter().any(|test| test.name == name) {
            let message = format!("two tests of the file are called `{name}`");
            return Err(Error::new(Code::TestBadFile, message).place(place(written.line, Some("name"))));
        }
        let (line, now, timeout, crash) = (written.line, written.now.clone(), written.timeout, written.crash);
        tests.push(Test { name, line, now, timeout, crash, written });
    }
    Ok(tests)
}

fn stem(file: &str) -> String {
    let name = file.rsplit('/').next().unwrap_or(file);
    name.strip_suffix(".lua").unwrap_or(name).to_owned()
}

/// Runs a test to its end, or until a run of it was cut and has gone on.
///
/// # Errors
/// `test.expectation`, and whatever else the test raised.
///
/// # Cancel
/// Safe: its sandboxes are gone with it.
pub async fn run(
    host: &Host,
    test: &Test,
    grounds: Rc<dyn Grounds>,
    events: Rc<dyn Sink>,
    reason: Reason,
) -> Result<(), Error> {
    let trial = Rc::new(Trial {
        grounds,
        events,
        after_crash: test.written.after_crash.clone(),
        expect: OnceCell::new(),
        over: Notify::new(),
        happening: Cell::new(false),
        planned: RefCell::default(),
        waits: RefCell::default(),
    });
    host.shared.try_out(Rc::clone(&trial));
    host.shared.stop.ask(reason);
    let expect = expectations(&host.lua, &host.shared).map_err(|error| host.error_of(&error))?;
    // Set once: the trial is new.
    let _ = trial.expect.set(expect.clone());
    let outcome = tokio::select! {
        biased;
        () = trial.over.notified() => Ok(()),
        ended = enter(host, &test.written.run, vec![Value::Table(expect)]) => {
            ended.map(|_| ()).map_err(|raised| raised.error)
        }
    };
    host.shared.stop.enter(None);
    outcome
}

/// The line of a test at which it waits, or waited last.
pub fn waits_at(host: &Host) -> Option<Place> {
    let trial = host.shared.trial.borrow();
    let waits = trial.as_ref()?.waits.borrow();
    let frame = waits.as_ref()?;
    let sources = host.shared.sources.borrow();
    Some(site::place(&sources, &frame.file, frame.line, None, ""))
}

/// A word of a test's declaration, or of the lines behind it.
pub fn place(host: &Host, source: &Source, line: usize, word: &str) -> Place {
    site::place(&host.shared.sources.borrow(), &source.file, line, Some(word), "")
}
