//! `mz.analyze` and `mz.check.run`: what `lua/analysis.lua` works with.
//!
//! The rule is [`crate::primitives::analysis`]'s; the loop is Lua's, so that functions of the recipe
//! run where it runs itself.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use mlua::Function;
use mlua::Lua;
use mlua::MultiValue;
use mlua::Table;
use mlua::Value;
use serde_json::json;

use super::Binding;
use super::Call;
use super::judge;
use super::judge::Asked;
use super::tables;
use crate::clock::Clock;
use crate::event::CheckProgress;
use crate::event::Event;
use crate::event::SampleProgress;
use crate::lua::asking::Inquiry;
use crate::lua::asking::answered;
use crate::lua::asking::of_error;
use crate::lua::check;
use crate::lua::failure;
use crate::lua::failure::Failure;
use crate::lua::shared::Shared;
use crate::lua::values::Nulls;
use crate::primitives::analysis::Analysis;
use crate::primitives::analysis::Answer;
use crate::primitives::analysis::Limits;
use crate::primitives::analysis::Verdict;
use crate::primitives::code::Code;
use crate::primitives::error::Error;
use crate::primitives::rehearsal::Assume;

/// The part that is written in Lua.
const ANALYSIS: &str = include_str!("../../../lua/analysis.lua");

/// A wait for the next sample is told so often.
const TOLD_EVERY: Duration = Duration::from_secs(1);

/// One answer of each check, and none of them may be anything but `pass`: what a rehearsal needs.
const ONCE: Limits = Limits { count: 1, failures: 0, inconclusive: 0, consecutive_errors: 0 };

/// Binds them.
pub(super) fn bind(binding: &Binding<'_>, prelude: &Table) -> mlua::Result<()> {
    let host = binding.lua.create_table()?;
    let shared = Rc::clone(binding.shared);
    let begun = binding.lua.create_async_function(move |lua, passed: MultiValue| {
        let shared = Rc::clone(&shared);
        async move { begin(&lua, &shared, passed).await }
    })?;
    host.raw_set("analysis", begun)?;
    let chunk = binding.lua.load(ANALYSIS).set_name("=mzflow");
    let functions: Table = chunk.call((host, prelude.raw_get::<Function>("can_wait")?))?;
    for pair in functions.pairs::<String, Function>() {
        let (name, function) = pair?;
        Binding::declared(&name)?;
        binding.put(&name, function)?;
    }
    Ok(())
}

/// An analysis under way.
struct Watching {
    inquiry: Inquiry,
    analysis: RefCell<Analysis>,
    checks: Vec<(String, Asked)>,
    limits: Limits,
    interval: Duration,
    words: Words,
    clock: Clock,
    started: Duration,
    assume: Option<Assume>,
}

/// What people are told beside the numbers.
#[derive(Clone, Default)]
struct Words {
    label: String,
    title: Option<String>,
    note: Option<String>,
}

async fn begin(lua: &Lua, shared: &Rc<Shared>, mut passed: MultiValue) -> mlua::Result<Table> {
    let can_wait = passed.pop_front().unwrap_or_default() == Value::Boolean(true);
    let name = passed.pop_front().unwrap_or_default().to_string()?;
    let declared = Binding::declared(&name)?;
    let call = Call::new(lua, shared, declared, passed)?;
    let begun =
        if can_wait { Watching::new(&call).await } else { Err(super::here(shared, declared.name).into()) };
    let made = begun.and_then(|watching| Ok(handed(&call, Rc::new(watching))?));
    made.map_err(|failure| Call::fail(shared, failure, call.frames.clone()))
}

impl Watching {
    async fn new(call: &Call) -> Result<Self, Failure> {
        let number = |name: &str| check::whole(&call.value(name)).and_then(|whole| u32::try_from(whole).ok());
        let counted = |name: &str, least: u32| {
            number(name).filter(|number| *number >= least).ok_or_else(|| {
                let message = format!("`{name}` of mz.analyze has to be at least {least}");
                Error::new(Code::LuaWrongArgument, message)
            })
        };
        let (checks, limits) = if call.function.name == "analyze" {
            let limits = Limits {
                count: counted("count", 1)?,
                failures: counted("failure_limit", 0)?,
                inconclusive: counted("inconclusive_limit", 0)?,
                consecutive_errors: counted("consecutive_errors", 0)?,
            };
            (judge::checks(call, &call.value("checks"))?, limits)
        } else {
            (vec![judge::single(call, call.value("check"))?], ONCE)
        };
        let mut work = call.shared.work(call.function.name).await?;
        let ctx = work.ctx()?;
        ctx.go_on()?;
        let assume = ctx.rehearsal().map(|rehearsal| rehearsal.borrow().assume);
        let limits = if assume.is_some() { ONCE } else { limits };
        let names = checks.iter().map(|(name, _)| name.clone()).collect();
        Ok(Self {
            inquiry: Inquiry {
                lua: call.lua.clone(),
                shared: Rc::clone(&call.shared),
                frames: call.frames.clone(),
            },
            analysis: RefCell::new(Analysis::new(limits, names)),
            checks,
            limits,
            interval: call.duration("interval"),
            words: Words {
                label: call.text("label").unwrap_or_default(),
                title: call.text("title"),
                note: call.text("note"),
            },
            clock: ctx.clock.clone(),
            started: ctx.clock.elapsed(),
            assume,
        })
    }

    /// Asks the check at that place.
    async fn ask(&self, at: usize) -> Result<(), Failure> {
        self.inquiry.shared.go_on()?;
        let Some((_, asked)) = self.checks.get(at) else { return Ok(()) };
        let ask = match asked {
            Asked::Check(ask) => Rc::clone(ask),
            Asked::Function(_) => Rc::new(judge::Own),
        };
        let answer = match self.assume {
            Some(assume) => assumed(assume, &ask.told()),
            None => answered(&self.inquiry, ask.ask(&self.inquiry).await)?,
        };
        self.analysis.borrow_mut().take(at, answer);
        Ok(())
    }

    /// Takes what a function of the recipe's gave, or what it failed with.
    fn take(&self, mut passed: MultiValue) -> Result<(), Failure> {
        let at = place(&passed.pop_front().unwrap_or_default());
        let is_done = passed.pop_front().unwrap_or_default() == Value::Boolean(true);
        let mut next = || passed.pop_front().unwrap_or_default();
        let answer = if is_done {
            judge::returned(&self.inquiry, &next(), &next(), &next())?
        } else {
            let error = failure::of_value(&self.inquiry.shared, &next(), self.inquiry.frames.clone()).error;
            of_error(&error).ok_or(error)?
        };
        self.analysis.borrow_mut().take(at, answer);
        Ok(())
    }

    /// Ends a look at all of them: what was seen, and the seconds to the next; none after the last.
    fn sampled(&self) -> Result<(Value, Option<f64>), Failure> {
        let (sample, left) = {
            let mut analysis = self.analysis.borrow_mut();
            analysis.sampled();
            let next = analysis.verdict().is_none().then_some(self.interval);
            let checks = analysis.checks();
            let last = checks.iter().filter_map(|check| {
                let last = check.last.as_ref()?;
                let (verdict, message) = (last.verdict.as_str(), last.message.clone());
                Some(CheckProgress { name: check.name.clone(), verdict, message })
            });
            let Words { label, title, note } = self.words.clone();
            let progress = SampleProgress {
                label,
                title,
                note,
                sample: analysis.samples(),
                count: self.limits.count,
                checks: last.collect(),
                next,
            };
            self.inquiry.shared.tell(Event::Sampled(progress));
            let sample = json!({
                "sample": analysis.samples(), "count": self.limits.count, "checks": checks,
                "verdict": analysis.verdict(),
            });
            (sample, next)
        };
        let told = tables(&self.inquiry.shared)?.give(&self.inquiry.lua, &sample, Nulls::LeftOut)?;
        Ok((told, left.map(|left| left.as_secs_f64())))
    }

    /// What came of it.
    fn outcome(&self) -> Result<Value, Failure> {
        let outcome = self.analysis.borrow().outcome();
        let outcome = outcome.ok_or_else(|| Error::bug("an analysis ends before its verdict is certain"))?;
        self.inquiry.shared.tell(Event::Analyzed {
            label: self.words.label.clone(),
            verdict: outcome.verdict.as_str(),
            reason: outcome.reason.clone(),
            samples: outcome.samples,
            took: self.clock.elapsed().saturating_sub(self.started),
        });
        let told =
            serde_json::to_value(&outcome).map_err(|error| Error::bug(format!("an outcome: {error}")))?;
        Ok(tables(&self.inquiry.shared)?.give(&self.inquiry.lua, &told, Nulls::LeftOut)?)
    }

    /// The answer of a single check.
    fn answer(&self) -> Result<Value, Failure> {
        let checks = self.analysis.borrow().checks();
        let first = checks.first().and_then(|check| Some((&check.name, check.last.as_ref()?)));
        let (name, last) = first.ok_or_else(|| Error::bug("a check was run and has no answer"))?;
        let told = json!({
            "name": name, "verdict": last.verdict, "message": last.message, "evidence": last.evidence,
        });
        Ok(tables(&self.inquiry.shared)?.give(&self.inquiry.lua, &told, Nulls::LeftOut)?)
    }

    /// Waits for the next look, without the run. A rehearsal does not wait.
    async fn pause(&self, pause: Duration) -> Result<(), Failure> {
        if self.assume.is_some() {
            return Ok(());
        }
        let until = self.clock.elapsed().saturating_add(pause);
        loop {
            let left = until.saturating_sub(self.clock.elapsed());
            if left.is_zero() {
                return Ok(self.inquiry.shared.go_on()?);
            }
            self.inquiry.shared.tell(Event::SampleAwaited { left });
            self.inquiry.shared.pause(left.min(TOLD_EVERY)).await?;
        }
    }
}

/// The place of a check, which Lua counts from 1.
fn place(value: &Value) -> usize {
    let whole = check::whole(value).and_then(|at| usize::try_from(at).ok());
    whole.and_then(|at| at.checked_sub(1)).unwrap_or(usize::MAX)
}

/// What a check says in a rehearsal.
fn assumed(assume: Assume, asked: &str) -> Answer {
    let verdict = match assume {
        Assume::Ready => Verdict::Pass,
        Assume::Failing => Verdict::Fail,
        Assume::Hydrating => Verdict::Inconclusive,
    };
    Answer::new(verdict, format!("assumed; would ask {asked}"))
}

/// An analysis as the functions and facts that Lua works with.
fn handed(call: &Call, watching: Rc<Watching>) -> mlua::Result<Table> {
    let lua = &call.lua;
    let table = lua.create_table()?;
    let functions = lua.create_table()?;
    for (at, (_, asked)) in watching.checks.iter().enumerate() {
        match asked {
            Asked::Function(function) if watching.assume.is_none() => functions.raw_set(at + 1, function)?,
            Asked::Function(_) | Asked::Check(_) => functions.raw_set(at + 1, false)?,
        }
    }
    table.raw_set("functions", functions)?;
    table.raw_set("delay", call.duration("initial_delay").as_secs_f64())?;
    if call.function.name == "analyze" {
        table.raw_set("on_sample", call.value("on_sample"))?;
    }
    let waits = |function: Waits| {
        let watching = Rc::clone(&watching);
        lua.create_async_function(move |_, number: f64| {
            let watching = Rc::clone(&watching);
            async move {
                let done = function(Rc::clone(&watching), number).await;
                done.map_err(|failure| watching.failed(failure))
            }
        })
    };
    table.raw_set(
        "ask",
        waits(|watching, at| Box::pin(async move { watching.ask(place(&Value::Number(at))).await }))?,
    )?;
    let pause: Waits = |watching, seconds| {
        Box::pin(
            async move { watching.pause(Duration::try_from_secs_f64(seconds).unwrap_or_default()).await },
        )
    };
    table.raw_set("pause", waits(pause)?)?;
    let at_once = |function: fn(&Watching, MultiValue) -> Result<MultiValue, Failure>| {
        let watching = Rc::clone(&watching);
        lua.create_function(move |_, passed: MultiValue| {
            function(&watching, passed).map_err(|failure| watching.failed(failure))
        })
    };
    table.raw_set(
        "open",
        at_once(|watching, _| {
            let open = watching.analysis.borrow().open();
            let places = watching.inquiry.lua.create_sequence_from(open.into_iter().map(|at| at + 1))?;
            Ok(std::iter::once(Value::Table(places)).collect())
        })?,
    )?;
    table.raw_set("take", at_once(|watching, passed| watching.take(passed).map(|()| MultiValue::new()))?)?;
    let sampled = at_once(|watching, _| {
        let (sample, left) = watching.sampled()?;
        Ok([sample, left.map_or(Value::Nil, Value::Number)].into_iter().collect())
    })?;
    table.raw_set("sampled", sampled)?;
    table.raw_set("outcome", at_once(|watching, _| Ok(std::iter::once(watching.outcome()?).collect()))?)?;
    table.raw_set("answer", at_once(|watching, _| Ok(std::iter::once(watching.answer()?).collect()))?)?;
    Ok(table)
}

/// A function that waits, told a number.
type Waits = fn(Rc<Watching>, f64) -> futures_util::future::LocalBoxFuture<'static, Result<(), Failure>>;

impl Watching {
    fn failed(&self, failure: Failure) -> mlua::Error {
        Call::fail(&self.inquiry.shared, failure, self.inquiry.frames.clone())
    }
}
