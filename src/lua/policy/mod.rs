//! A policy: a pure function of facts that says wait, promote or abort.
//!
//! Its file is loaded into a Lua of its own in which there is nothing but the facts: no time, no
//! server, no chance, nothing that outlives an asking. So the same facts always give the same
//! verdict, which is what makes `policy test` and `policy backtest` worth something. Start reading
//! at [`Policy::decide`]; `lua/policy.lua` makes the environment.

use std::cell::Cell;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use mlua::Function;
use mlua::Lua;
use mlua::Table;
use mlua::Value;
use serde_json::Value as Json;

use self::declared::Declared;
use super::calls;
use super::check;
use super::failure;
use super::host;
use super::host::Source;
use super::limits;
use super::lint::required;
use super::shared::Facts;
use super::shared::Files;
use super::shared::Git;
use super::shared::Shared;
use super::site;
use super::values::Handle;
use crate::clock::Clock;
use crate::clock::Timestamp;
use crate::deployment::decision::PolicySource;
use crate::deployment::decision::Verdict;
use crate::primitives::code::Code;
use crate::primitives::error::Error;
use crate::primitives::error::Place;

pub(super) mod declared;
pub(super) mod lens;
pub(super) mod moment;
pub(super) mod pure;
pub mod sheet;
mod view;

/// The part that is written in Lua.
const ENVIRONMENT: &str = include_str!("../../../lua/policy.lua");

/// A policy that looks at some thousand objects takes a hundredth of that.
const MOST_INSTRUCTIONS: u64 = 5_000_000;

/// What a policy said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// What.
    pub verdict: Verdict,
    /// Why, in its own words.
    pub reason: Option<String>,
}

/// A policy, loaded.
pub struct Policy {
    machine: Machine,
    declared: Rc<Declared>,
}

impl Policy {
    /// Reads a policy. `require` in it reads `files`; nothing else is read.
    ///
    /// # Errors
    /// `lua.syntax`, `policy.bad-policy`, `policy.not-pure` and others that can be seen before it
    /// decides, each with its place.
    pub fn load(source: Source, files: Files) -> Result<Self, Error> {
        let opened = Machine::open(source, files).and_then(|machine| {
            machine.bounded();
            let declared = machine.declare()?;
            Ok(Self { machine, declared })
        });
        opened
            .map_err(|error| if error.changed().is_some() { error } else { error.effect(host::NOTHING_SENT) })
    }

    /// What people call it.
    pub fn name(&self) -> &str {
        &self.declared.name
    }

    /// One sentence.
    pub fn summary(&self) -> &str {
        &self.declared.summary
    }

    /// The facts that it names, each once.
    pub fn needs(&self) -> &[&'static str] {
        &self.declared.needs
    }

    /// The name of the timezone in which it is told the time.
    pub fn timezone(&self) -> &'static str {
        self.declared.timezone.name()
    }

    /// The pause before it is asked again.
    pub fn poll(&self) -> Duration {
        self.declared.poll
    }

    /// Its file, as messages name it.
    pub fn file(&self) -> &str {
        &self.machine.source.file
    }

    /// What is recorded, to ask the same again.
    pub fn recorded(&self) -> PolicySource {
        PolicySource {
            name: self.name().to_owned(),
            file: self.machine.source.file.clone(),
            source: self.machine.source.text.clone(),
            modules: self.machine.shared.other_sources(&self.machine.source.file),
        }
    }

    /// `facts.now` as this policy is told it.
    pub fn now(&self, at: Timestamp) -> Json {
        moment::now(at, self.declared.timezone)
    }

    /// Facts from a file or a record as this policy is told them: `now` in its own timezone.
    ///
    /// # Errors
    /// `policy.bad-facts` where `now` is no moment.
    pub fn retold(&self, mut facts: Json) -> Result<Json, Error> {
        if let Some(now) = facts.get_mut("now") {
            let told = moment::retold(now, self.declared.timezone);
            *now = told.map_err(|why| Error::new(Code::PolicyBadFacts, format!("`now`: {why}")))?;
        }
        Ok(facts)
    }

    /// Decides. The file runs anew each time, in an environment of its own: nothing is left of an
    /// asking before.
    ///
    /// # Errors
    /// `policy.bad-verdict`, `policy.not-pure`, `policy.unknown-fact`, `policy.missing-fact`,
    /// `policy.too-long`, `lua.*`, each with its place.
    pub fn decide(&self, facts: &Rc<Json>) -> Result<Decision, Error> {
        lens::complete(facts, &self.declared.needs)
            .map_err(|lacking| Error::new(lacking.code, lacking.message))?;
        self.machine.decide(facts)
    }
}

/// A policy's file and the Lua that runs it.
struct Machine {
    /// Everything else in here lives in it.
    _lua: Lua,
    shared: Rc<Shared>,
    source: Source,
    enter: Function,
    fresh: Function,
    facts: Function,
    chunk: Function,
    seen: Rc<view::Seen>,
}

impl Machine {
    fn open(source: Source, files: Files) -> Result<Self, Error> {
        let facts = Facts {
            // A policy has no clock: what it knows of the time it is told.
            clock: Clock::manual(Timestamp(0)),
            git: Git::default(),
            variables: Rc::new(|_| None),
            files,
        };
        let shared = Rc::new(Shared::of(facts, limits::POLICY));
        let broken = |error: mlua::Error| Error::bug(format!("the host does not start: {error}"));
        let modules = Modules::default();
        let (lua, seen, environment) = engine(&shared, &modules).map_err(broken)?;
        let chunk = host::chunk(&lua, &shared, &source)?;
        read_modules(&lua, &shared, &source, &modules)?;
        let get = |name: &str| environment.raw_get::<Function>(name).map_err(broken);
        let (enter, fresh, facts) = (get("enter")?, get("fresh")?, get("facts")?);
        Ok(Self { _lua: lua, shared, source, enter, fresh, facts, chunk, seen })
    }

    fn decide(&self, facts: &Rc<Json>) -> Result<Decision, Error> {
        self.bounded();
        let declared = self.declare()?;
        self.seen.show(facts, &declared.needs);
        let root: Value = self.facts.call("").map_err(|error| self.error_of(&error))?;
        let outcome = self.entered(&declared.decide, Some(root))?;
        match self.shared.tables().and_then(|tables| tables.handle(&outcome)) {
            Some(Handle::Verdict(verdict, reason)) => Ok(Decision { verdict, reason }),
            _ => Err(self.undecided(&declared.decide, &outcome)),
        }
    }

    /// Runs the file.
    fn declare(&self) -> Result<Rc<Declared>, Error> {
        let environment = self.fresh.call::<Table>(()).map_err(|error| self.error_of(&error))?;
        self.chunk.set_environment(environment).map_err(|error| self.error_of(&error))?;
        let value = self.entered(&self.chunk, None)?;
        match self.shared.tables().and_then(|tables| tables.handle(&value)) {
            Some(Handle::Policy(declared)) => Ok(declared),
            _ => {
                let message = format!(
                    "the file returns {}; it has to return mz.policy {{ … }}",
                    check::kind_of(&value)
                );
                let last = self.source.text.lines().count().max(1);
                let place = site::place(&self.shared.sources.borrow(), &self.source.file, last, None, "");
                Err(Error::new(Code::PolicyBadPolicy, message).place(Some(place)))
            }
        }
    }

    fn entered(&self, function: &Function, argument: Option<Value>) -> Result<Value, Error> {
        let raised = match self.enter.call::<(bool, Value)>((function, argument)) {
            Ok((true, value)) => return Ok(value),
            Ok((false, value)) => match self.shared.tables().and_then(|tables| tables.handle(&value)) {
                Some(Handle::Failure(raised)) => (*raised).clone(),
                _ => failure::of_value(&self.shared, &value, Vec::new()),
            },
            Err(error) => failure::of_lua(&self.shared, &error, &[]),
        };
        let error = failure::placed(&self.shared, raised.error, &raised.frames);
        // Where memory ends nobody can tell the line any more: the function is told.
        Err(if error.where_().is_some() { error } else { error.place(Some(self.place_of(function, ""))) })
    }

    /// Where a function is written.
    fn place_of(&self, function: &Function, label: &str) -> Place {
        let info = function.info();
        let file = info.source.as_deref().and_then(|source| source.strip_prefix('@'));
        let line = info.line_defined.unwrap_or(1).max(1);
        let sources = self.shared.sources.borrow();
        site::place(&sources, file.unwrap_or(&self.source.file), line, Some("decide"), label)
    }

    fn error_of(&self, error: &mlua::Error) -> Error {
        failure::of_lua(&self.shared, error, &[]).error
    }

    /// The error of what is no verdict, at the function that gave it.
    fn undecided(&self, decide: &Function, outcome: &Value) -> Error {
        let message = format!(
            "`decide` returned {}; it has to return mz.wait(reason), mz.promote() or mz.abort(reason)",
            check::kind_of(outcome)
        );
        let label = if outcome.is_nil() { "some way through it returns nothing" } else { "" };
        Error::new(Code::PolicyBadVerdict, message).place(Some(self.place_of(decide, label)))
    }

    /// From here on, a decision has its instructions to spend.
    fn bounded(&self) {
        let looks = Cell::new(0_u64);
        self.shared.stop.ask(Rc::new(move || {
            looks.set(looks.get() + 1);
            let spent = looks.get() * u64::from(limits::INSTRUCTIONS);
            let too_long = || {
                let message =
                    format!("the policy takes more than {MOST_INSTRUCTIONS} instructions to decide");
                Error::new(Code::PolicyTooLong, message)
            };
            (spent > MOST_INSTRUCTIONS).then(too_long)
        }));
    }
}

/// Opens a Lua in which there is nothing but facts.
fn engine(shared: &Rc<Shared>, read: &Modules) -> mlua::Result<(Lua, Rc<view::Seen>, Table)> {
    let (lua, prelude) = host::engine(shared)?;
    let fields = calls::policy::bound(&lua, shared, &prelude)?;
    let frozen: Function = prelude.raw_get("frozen")?;
    let missing = calls::policy::missing(&lua, shared)?;
    lua.globals().raw_set("mz", frozen.call::<Table>((fields, missing, "mz"))?)?;
    let seen = Rc::new(view::Seen::default());
    let inside = view::inside(&lua, shared, &seen)?;
    inside.raw_set("chunk", modules(&lua, shared, read)?)?;
    let ordered: Function = prelude.raw_get("ordered")?;
    let environment: Table = lua.load(ENVIRONMENT).set_name("=mzflow").call((inside, ordered))?;
    environment.raw_set("enter", prelude.raw_get::<Function>("enter")?)?;
    Ok((lua, seen, environment))
}

/// The chunks of modules, by the names by which they are required.
type Modules = Rc<RefCell<BTreeMap<String, Function>>>;

/// Reads every module that a text names, and those that they name: what is recorded with a policy
/// must be all that it can ever read.
fn read_modules(lua: &Lua, shared: &Shared, source: &Source, modules: &Modules) -> Result<(), Error> {
    let mut open = vec![(source.file.clone(), source.text.clone())];
    while let Some((file, text)) = open.pop() {
        for (name, span) in required::modules(&text) {
            if modules.borrow().contains_key(&name) {
                continue;
            }
            let chunk = host::module(lua, shared, &name).map_err(|error| match error.where_() {
                Some(_) => error,
                None => error.place(Some(site::place_at(&file, &text, span, ""))),
            })?;
            let file = chunk.info().source.and_then(|source| Some(source.strip_prefix('@')?.to_owned()));
            modules.borrow_mut().insert(name, chunk);
            let file = file.unwrap_or_default();
            let text = shared.sources.borrow().get(&file).map(|text| text.to_string());
            open.extend(text.map(|text| (file, text)));
        }
    }
    Ok(())
}

/// Gives the chunk of a module in an environment.
fn modules(lua: &Lua, shared: &Rc<Shared>, modules: &Modules) -> mlua::Result<Function> {
    let (shared, modules) = (Rc::clone(shared), Rc::clone(modules));
    lua.create_function(move |lua, (name, environment): (String, Table)| {
        let known = modules.borrow().get(&name).cloned();
        let Some(chunk) = known else {
            let message = format!("cannot require `{name}`: a policy writes out the names of its modules");
            let error = Error::new(Code::LuaNoModule, message);
            let frames = site::frames(lua);
            return Err(failure::thrown(failure::placed(&shared, error, &frames), frames));
        };
        chunk.set_environment(environment)?;
        Ok(chunk)
    })
}

#[cfg(test)]
mod tests;
