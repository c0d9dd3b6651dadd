//! The functions that look at an environment or change it: each calls one primitive.

use std::collections::BTreeSet;
use std::rc::Rc;

use mlua::Table;
use mlua::Value;

use super::Binding;
use super::Call;
use super::json;
use super::overlay;
use super::tables;
use crate::deployment::DeploymentId;
use crate::deployment::Isolation;
use crate::deployment::dropping::DropReason;
use crate::lua::check;
use crate::lua::failure;
use crate::lua::failure::Failure;
use crate::lua::gate::Answer;
use crate::lua::gate::Question;
use crate::lua::shared::Shared;
use crate::lua::values::Handle;
use crate::name::ClusterName;
use crate::name::split_dotted;
use crate::primitives::adopt;
use crate::primitives::adopt::Differing;
use crate::primitives::apply;
use crate::primitives::apply::Secrets;
use crate::primitives::apply::Sinks;
use crate::primitives::changes::Changes;
use crate::primitives::changes::Reuse;
use crate::primitives::changes::refuse;
use crate::primitives::check as type_check;
use crate::primitives::code::Code;
use crate::primitives::compile;
use crate::primitives::compile::Compiled;
use crate::primitives::delete;
use crate::primitives::delete::found::Kind;
use crate::primitives::diff;
use crate::primitives::drop;
use crate::primitives::error::Error;
use crate::primitives::exchange::ConflictCheck;
use crate::primitives::exchange::sinks::OthersSinks;
use crate::primitives::gc;
use crate::primitives::hydration_status;
use crate::primitives::hydration_status::Looked;
use crate::primitives::hydration_status::Waiting;
use crate::primitives::query;
use crate::primitives::query::Parameter;
use crate::primitives::readiness::Readiness;
use crate::primitives::readiness::ReadyCheck;
use crate::primitives::rollback;
use crate::primitives::setup;
use crate::primitives::stage;
use crate::primitives::stage::Drift;
use crate::primitives::subscribed::Subscribes;
use crate::primitives::swap;
use crate::primitives::unit_test;

/// Binds them.
pub(super) fn bind(binding: &Binding<'_>) -> mlua::Result<()> {
    binding.waiting("compile", compiled)?;
    binding.waiting("setup", set_up)?;
    binding.waiting("apply", applied)?;
    binding.waiting("adopt", adopted)?;
    binding.waiting("diff", diffed)?;
    binding.waiting("check", checked)?;
    binding.waiting("unit_test", unit_tested)?;
    binding.waiting("stage", staged)?;
    binding.waiting("hydration_status", looked)?;
    binding.waiting("await", awaited)?;
    binding.waiting("swap", swapped)?;
    binding.waiting("rollback", rolled_back)?;
    binding.waiting("drop", dropped)?;
    binding.waiting("delete", deleted)?;
    binding.waiting("gc", collected)?;
    binding.waiting("query", queried)
}

async fn compiled(call: Rc<Call>) -> Result<Value, Failure> {
    let mut work = call.shared.work("compile").await?;
    let known = {
        let running = call.shared.running.borrow();
        running.as_ref().map(|running| (running.compile.clone(), running.warm.clone()))
    };
    let (mut request, mut warm) = known.ok_or_else(|| Error::bug("a recipe runs without a project"))?;
    if let Some(path) = call.text("path").filter(|path| path != ".") {
        request.path = request.path.join(path);
        warm = None;
    }
    if let Some(profile) = call.text("profile").filter(|profile| request.profile.as_ref() != Some(profile)) {
        request.profile = Some(profile);
        warm = None;
    }
    if let Value::Table(variables) = call.value("variables") {
        for pair in variables.pairs::<Value, Value>() {
            let (name, value) = pair?;
            request.variables.insert(name.to_string()?, value.to_string()?);
            warm = None;
        }
    }
    let report = compile::told(work.ctx()?, || match warm {
        // What somebody keeps compiled is this project under these circumstances, and no other.
        Some(warm) => warm(),
        None => compile::report(&request),
    })?;
    let handle = Handle::Project(Rc::clone(&report.compiled));
    call.give_later(|| Ok(compile::outcome(report)), handle)
}

async fn set_up(call: Rc<Call>) -> Result<Value, Failure> {
    let mut work = call.shared.work("setup").await?;
    let outcome = setup::run(work.ctx()?).await?;
    call.give(&outcome)
}

pub(super) fn project(call: &Call) -> Result<Rc<Compiled>, Error> {
    match call.handle("project")? {
        Handle::Project(compiled) => Ok(compiled),
        Handle::Changes(..)
        | Handle::Compared(..)
        | Handle::Failure(_)
        | Handle::Recipe(_)
        | Handle::Policy(_)
        | Handle::Test(_)
        | Handle::Verdict(..)
        | Handle::Check(_) => Err(Error::bug("`project` is something else")),
    }
}

async fn applied(call: Rc<Call>) -> Result<Value, Failure> {
    let compiled = project(&call)?;
    let secrets = match call.text("secrets").as_deref() {
        Some("all") => Secrets::All,
        Some("skip") => Secrets::Skipped,
        _ => Secrets::Missing,
    };
    let mut work = call.shared.work("apply").await?;
    let outcome = apply::run(work.ctx()?, &apply::Request { compiled, secrets, sinks: Sinks::Kept }).await?;
    if !outcome.actions.is_empty() {
        call.shared.changes.set(true);
    }
    call.give(&outcome)
}

async fn adopted(call: Rc<Call>) -> Result<Value, Failure> {
    let compiled = project(&call)?;
    let differing = if call.flag("differing") { Differing::Taken } else { Differing::Left };
    let mut work = call.shared.work("adopt").await?;
    let outcome = adopt::run(work.ctx()?, &adopt::Request { compiled, differing }).await?;
    call.give(&outcome)
}

async fn diffed(call: Rc<Call>) -> Result<Value, Failure> {
    let compiled = project(&call)?;
    let wanted = call.text("isolation");
    let isolation =
        Isolation::ALL.into_iter().find(|isolation| Some(isolation.as_str()) == wanted.as_deref());
    let reuse = reuse(&check::texts(&call.value("reuse")).unwrap_or_default())?;
    let isolation = isolation.unwrap_or_default();
    let request = diff::Request { compiled, isolation, reuse: reuse.clone() };
    let mut work = call.shared.work("diff").await?;
    if call.text("purpose").as_deref() == Some("overlay") {
        let compared = Rc::new(diff::overlay::run(work.ctx()?, &request).await?);
        if !compared.differing.objects.is_empty() {
            call.shared.changes.set(true);
        }
        let handle = Handle::Compared(Rc::clone(&compared), reuse);
        return call.give_later(move || compared.outcome(), handle);
    }
    let outcome = diff::run(work.ctx()?, &request).await?;
    if !outcome.empty {
        call.shared.changes.set(true);
    }
    let handle = Handle::Changes(Rc::clone(&outcome.changes), reuse);
    call.give_with(&outcome, handle)
}

/// The clusters that are kept, by the names that people write.
fn reuse(names: &[String]) -> Result<Reuse, Error> {
    if names.iter().any(|name| name == "all") {
        return Ok(Reuse::All);
    }
    let kept = names.iter().map(|name| cluster(name)).collect::<Result<BTreeSet<_>, _>>()?;
    Ok(if kept.is_empty() { Reuse::None } else { Reuse::Some(kept) })
}

fn cluster(text: &str) -> Result<ClusterName, Error> {
    let parts = split_dotted(text, "cluster").unwrap_or_default();
    match <[_; 1]>::try_from(parts) {
        Ok([name]) => Ok(ClusterName(name)),
        Err(_) => Err(Error::new(Code::LuaWrongArgument, format!("`{text}` is no cluster's name"))),
    }
}

/// What `clusters` of `mz.stage` says; `None` where nothing is said.
fn clusters(value: &Value) -> Result<Option<Reuse>, Error> {
    let Value::Table(choices) = value else {
        return Ok(match check::text_of(value).as_deref() {
            Some("reuse") => Some(Reuse::All),
            Some(_) => Some(Reuse::None),
            None => None,
        });
    };
    let kept = choices.pairs::<String, String>().flatten().filter(|(_, choice)| choice == "reuse");
    let names: Vec<String> = kept.map(|(name, _)| name).collect();
    reuse(&names).map(Some)
}

/// The changes that are passed, and what was kept when they were compared.
pub(super) fn changes(call: &Call) -> Result<(Rc<Changes>, Reuse), Error> {
    match call.handle("changes")? {
        Handle::Changes(changes, reuse) => Ok((changes, reuse)),
        Handle::Compared(compared, reuse) => Ok((compared.changes()?, reuse)),
        Handle::Project(_)
        | Handle::Failure(_)
        | Handle::Recipe(_)
        | Handle::Policy(_)
        | Handle::Test(_)
        | Handle::Verdict(..)
        | Handle::Check(_) => Err(Error::bug("`changes` is something else")),
    }
}

async fn checked(call: Rc<Call>) -> Result<Value, Failure> {
    let (changes, _) = changes(&call)?;
    let mut work = call.shared.work("check").await?;
    let outcome = type_check::run(work.ctx()?, &type_check::Request { changes }).await?;
    call.give(&outcome)
}

async fn unit_tested(call: Rc<Call>) -> Result<Value, Failure> {
    let objects = check::texts(&call.value("objects")).map(|names| names.into_iter().collect());
    let request = unit_test::Request { compiled: project(&call)?, objects };
    let mut work = call.shared.work("unit_test").await?;
    let outcome = unit_test::run(work.ctx()?, &request).await?;
    call.give(&outcome)
}

async fn staged(call: Rc<Call>) -> Result<Value, Failure> {
    let (mut changes, compared) = changes(&call)?;
    let id = call.text("id").filter(|id| !id.is_empty()).map(|text| {
        let parsed = text.parse::<DeploymentId>();
        parsed.map_err(|error| {
            Error::new(Code::DeploymentBadId, error.to_string()).effect("nothing was changed")
        })
    });
    let drift = if call.flag("overwrite_drifted") { Drift::Overwritten } else { Drift::Refused };
    let id = id.transpose()?;
    let mut work = call.shared.work("stage").await?;
    if let Some(reuse) = clusters(&call.value("clusters"))?.filter(|reuse| *reuse != compared) {
        let (compiled, isolation) = (Rc::clone(&changes.compiled), changes.isolation);
        changes = diff::run(work.ctx()?, &diff::Request { compiled, isolation, reuse }).await?.changes;
    }
    // What a resumed run has staged already was agreed to before.
    if changes.recorded_as.is_none() {
        consent(&call.shared, changes.removed()).await?;
    }
    let outcome = stage::run(work.ctx()?, &stage::Request { changes, id, drift }).await?;
    call.give(&outcome)
}

/// Asks once in a run before objects go; a rehearsal removes none.
///
/// # Errors
/// `run.needs-consent`; `run.interrupted` when a stop is asked for before somebody answers.
async fn consent(shared: &Shared, removed: Vec<String>) -> Result<(), Error> {
    let asked = {
        let running = shared.running.borrow();
        let Some(running) = running.as_ref() else { return Ok(()) };
        if running.agreed || running.rehearsal || removed.is_empty() {
            return Ok(());
        }
        Rc::clone(&running.consent)
    };
    if shared.unless_stopped(asked(&removed)).await? {
        if let Some(running) = shared.running.borrow_mut().as_mut() {
            running.agreed = true;
        }
        return Ok(());
    }
    Err(refuse::nobody_agreed(removed))
}

/// The deployment that has to be named.
pub(super) fn deployment(call: &Call) -> Result<DeploymentId, Error> {
    call.deployment("deployment")?.ok_or_else(|| Error::bug("`deployment` passed its check and names none"))
}

async fn looked(call: Rc<Call>) -> Result<Value, Failure> {
    let request = hydration_status::Request {
        deployment: deployment(&call)?,
        allowed_lag: call.duration("allowed_lag"),
    };
    let mut work = call.shared.work("hydration_status").await?;
    let outcome = hydration_status::run(work.ctx()?, &request).await?;
    call.give(&outcome)
}

async fn awaited(call: Rc<Call>) -> Result<Value, Failure> {
    let request = hydration_status::Request {
        deployment: deployment(&call)?,
        allowed_lag: call.duration("allowed_lag"),
    };
    let wait = hydration_status::Wait {
        request,
        timeout: Some(call.duration("timeout")),
        // No pause at all would ask the server without a break.
        poll: call.duration("poll").max(std::time::Duration::from_millis(10)),
    };
    let on_progress = call.value("on_progress").as_function().cloned();
    let mut on_look = |readiness: &Readiness| -> Result<(), Error> {
        let Some(on_progress) = &on_progress else { return Ok(()) };
        let status = call.give(readiness).and_then(|status| Ok(on_progress.call::<()>(status)?));
        status.map_err(|failure| match failure {
            Failure::Said(error) => *error,
            Failure::Lua(error) => failure::of_lua(&call.shared, &error, &call.frames).error,
        })
    };
    let mut waiting = Waiting::begin(call.shared.work("await").await?.ctx()?, wait).await?;
    loop {
        // Given back after each look: what else runs at the same time goes on meanwhile.
        let looked = waiting.look(call.shared.work("await").await?.ctx()?, &mut on_look).await?;
        match looked {
            Looked::Ready(outcome) => return call.give(&outcome),
            Looked::Again(pause) => call.shared.pause(pause).await?,
        }
    }
}

async fn swapped(call: Rc<Call>) -> Result<Value, Failure> {
    let request = swap::Request {
        deployment: deployment(&call)?,
        keep: call.duration("keep"),
        conflicts: if call.flag("force") { ConflictCheck::Skipped } else { ConflictCheck::Made },
        others_sinks: if call.flag("leave_sinks") { OthersSinks::Left } else { OthersSinks::Refused },
        ready: if call.flag("ready_check") {
            ReadyCheck::Within(call.duration("allowed_lag"))
        } else {
            ReadyCheck::Skipped
        },
    };
    gated(&call, &request.deployment).await?;
    let mut work = call.shared.work("swap").await?;
    let outcome = swap::run(work.ctx()?, &request).await?;
    call.give(&outcome)
}

/// Asks the policies of the run, which is free for others in between.
async fn gated(call: &Call, deployment: &DeploymentId) -> Result<(), Failure> {
    let shared = &call.shared;
    let gate = shared.running.borrow().as_ref().map(|running| Rc::clone(&running.gate)).unwrap_or_default();
    let question = Question { deployment: deployment.clone(), allowed_lag: call.duration("allowed_lag") };
    let asking = gate.ask(shared.work("swap").await?.ctx()?, question);
    let Some(mut asking) = asking else { return Ok(()) };
    let outcome = async {
        loop {
            let collected = asking.collect(shared.work("swap").await?.ctx()?).await?;
            let collected = asking.settle(collected).await?;
            // Not in the `match`: the run would be held over the pause.
            let answer = asking.decide(shared.work("swap").await?.ctx()?, collected).await?;
            match answer {
                Answer::Open => return Ok(()),
                Answer::Again(pause) => shared.pause(pause).await?,
            }
        }
    };
    let outcome = outcome.await;
    Ok(asking.end(shared.work("swap").await?.ctx()?, outcome).await?)
}

async fn rolled_back(call: Rc<Call>) -> Result<Value, Failure> {
    let request = rollback::Request { deployment: call.deployment("promotion")? };
    let mut work = call.shared.work("rollback").await?;
    let outcome = rollback::run(work.ctx()?, &request).await?;
    call.give(&outcome)
}

async fn dropped(call: Rc<Call>) -> Result<Value, Failure> {
    let overlay = call.value("overlay") != Value::Nil;
    let named = [
        (call.deployment("deployment")?, DropReason::Abort),
        (call.deployment("retired")?, DropReason::Retire),
        (call.deployment("overtaken")?, DropReason::Overtaken),
    ];
    let mut named = named.into_iter().filter_map(|(deployment, reason)| Some((deployment?, reason)));
    let request = match (named.next(), named.next(), overlay) {
        (None, None, true) => return overlay::removed(&call).await,
        (Some((deployment, reason)), None, false) => {
            drop::Request { deployment, reason, subscribes: subscribes(&call)? }
        }
        _ => {
            let message = "mz.drop takes one of `deployment`, `retired`, `overtaken` and `overlay`";
            return Err(Error::new(Code::LuaWrongArgument, message).into());
        }
    };
    let mut work = call.shared.work("drop").await?;
    let outcome = drop::run(work.ctx()?, &request).await?;
    call.give(&outcome)
}

/// What is to become of SUBSCRIBEs over what is dropped.
fn subscribes(call: &Call) -> Result<Subscribes, Failure> {
    match (check::seconds(&call.value("wait")), call.flag("now")) {
        (None, false) => Ok(Subscribes::Kept),
        (None, true) => Ok(Subscribes::Ended),
        (Some(patience), false) => Ok(Subscribes::Awaited(patience)),
        (Some(_), true) => {
            let message = "mz.drop takes either `wait` or `now`";
            Err(Error::new(Code::LuaWrongArgument, message).into())
        }
    }
}

async fn deleted(call: Rc<Call>) -> Result<Value, Failure> {
    let compiled = project(&call)?;
    let wanted = call.text("kind");
    let kind = Kind::ALL.into_iter().find(|kind| Some(kind.as_str()) == wanted.as_deref());
    let (Some(kind), Some(name)) = (kind, call.text("name")) else {
        return Err(Error::bug("`kind` and `name` of mz.delete were not checked").into());
    };
    let mut work = call.shared.work("delete").await?;
    let outcome = delete::run(work.ctx()?, &delete::Request { compiled, kind, name }).await?;
    call.give(&outcome)
}

async fn collected(call: Rc<Call>) -> Result<Value, Failure> {
    let abandoned = check::seconds(&call.value("abandoned"));
    let request = gc::Request { abandoned, kept: call.flag("kept") };
    let mut work = call.shared.work("gc").await?;
    let outcome = gc::run(work.ctx()?, &request).await?;
    call.give(&outcome)
}

async fn queried(call: Rc<Call>) -> Result<Value, Failure> {
    let request = query_request(&call)?;
    let mut work = call.shared.work("query").await?;
    let outcome = query::run(work.ctx()?, &request).await?;
    call.give(&outcome)
}

/// The question in the arguments `sql` and `params`.
pub(super) fn query_request(call: &Call) -> Result<query::Request, Failure> {
    let sql = call.text("sql").unwrap_or_default();
    let parameters = match call.value("params") {
        Value::Table(params) => parameters(call, &params)?,
        _ => Vec::new(),
    };
    Ok(query::Request { sql, parameters })
}

/// The parameters of a statement.
pub(super) fn parameters(call: &Call, params: &Table) -> Result<Vec<Parameter>, Failure> {
    let count = params.pairs::<Value, Value>().count();
    let length = params.raw_len();
    if count != length {
        let message = "the parameters of a query are a list without holes; NULL is `mz.json.null`";
        return Err(Error::new(Code::LuaWrongArgument, message).into());
    }
    let mut parameters = Vec::with_capacity(length);
    for value in params.sequence_values::<Value>() {
        let value = value?;
        parameters.push(match &value {
            value if value.is_null() => Parameter::Null,
            Value::Boolean(yes) => Parameter::Bool(*yes),
            Value::Integer(whole) => Parameter::Integer(*whole),
            Value::Number(number) => Parameter::Float(*number),
            Value::String(_) => {
                Parameter::Text(check::text_of(&value).ok_or_else(|| json::wrong("a string is not UTF-8"))?)
            }
            _ => Parameter::Json(tables(&call.shared)?.take(&value).map_err(json::wrong)?),
        });
    }
    Ok(parameters)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::collections::BTreeMap;

    use futures_util::FutureExt;

    use super::*;
    use crate::clock::Clock;
    use crate::event::Event;
    use crate::event::Sink;
    use crate::lua::registry;
    use crate::lua::registry::Need;
    use crate::lua::shared::Facts;
    use crate::lua::shared::Git;
    use crate::lua::shared::Running;
    use crate::primitives::readiness::ALLOWED_LAG;

    struct Silent;

    impl Sink for Silent {
        fn event(&self, _: Event) {}
    }

    /// What comes of asking twice, and how often somebody was asked.
    fn asked(answer: bool, rehearsal: bool, removed: &[&str]) -> (Vec<Option<Code>>, u32) {
        let facts = Facts {
            clock: Clock::system(),
            git: Git::default(),
            variables: Rc::new(|_| None),
            files: Rc::new(|_| None),
        };
        let shared = Shared::of(facts, crate::lua::limits::RECIPE);
        let count = Rc::new(Cell::new(0));
        let counted = Rc::clone(&count);
        shared.begin(Running {
            ctx: None,
            interrupt: Default::default(),
            deadline: Clock::system().deadline(None),
            compile: compile::Request { path: ".".into(), profile: None, variables: BTreeMap::new() },
            warm: None,
            consent: Rc::new(move |_| {
                counted.set(counted.get() + 1);
                Box::pin(async move { answer })
            }),
            asker: crate::lua::people::nobody(),
            outside: Rc::new(crate::outside::Outside::new(crate::outside::Allowed::this_machine())),
            agreed: false,
            gate: Rc::default(),
            events: Rc::new(Silent),
            rehearsal,
        });
        let removed = || removed.iter().map(|name| (*name).to_owned()).collect();
        let outcome = || consent(&shared, removed()).now_or_never().expect("nobody is waited for");
        let outcomes = [outcome(), outcome()];
        (outcomes.map(|outcome| outcome.err().map(|error| error.code())).into(), count.get())
    }

    #[test]
    fn somebody_is_asked_once_before_objects_go() {
        assert_eq!(asked(true, false, &["a.b.c"]), (vec![None, None], 1));
        assert_eq!(asked(false, false, &[]), (vec![None, None], 0));
        assert_eq!(asked(false, true, &["a.b.c"]), (vec![None, None], 0));
        let no = Some(Code::RunNeedsConsent);
        assert_eq!(asked(false, false, &["a.b.c"]), (vec![no, no], 2));
    }

    #[test]
    fn clusters_are_kept_by_name_or_all() {
        assert_eq!(reuse(&[]).expect("none"), Reuse::None);
        assert_eq!(reuse(&["a".to_owned(), "all".to_owned()]).expect("all"), Reuse::All);
        assert!(matches!(reuse(&["Some".to_owned()]).expect("one"), Reuse::Some(names) if names.len() == 1));
        assert_eq!(reuse(&["a.b".to_owned()]).expect_err("two parts").code(), Code::LuaWrongArgument);
    }

    #[test]
    fn defaults_are_those_of_the_primitives() {
        let default = |function: &str, name: &str| {
            let function = registry::function(function).expect("it is declared");
            let argument =
                function.arguments.iter().find(|argument| argument.name == name).expect("it has it");
            assert!(matches!(argument.need, Need::Default(_)));
            crate::clock::parse_duration(&check::default_text(argument).expect("a text")).expect("a duration")
        };
        assert_eq!(default("await", "timeout"), hydration_status::TIMEOUT);
        assert_eq!(default("await", "poll"), hydration_status::POLL);
        for function in ["await", "hydration_status", "swap"] {
            assert_eq!(default(function, "allowed_lag"), ALLOWED_LAG);
        }
    }
}
