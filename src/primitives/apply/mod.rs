//! apply: creates and reconciles what is not blue/green: roles, clusters, network policies,
//! databases, schemas of stored things, secrets, connections, sources, tables.
//!
//! Creates what is missing, alters clusters whose definition says something else, brings grants, default
//! privileges and comments in line; it drops nothing, and takes away only what the project itself
//! granted and no longer says. Sinks that are to be made anew are claimed by id before they are dropped. Refuses:
//! `apply.name-taken`, `apply.secret-missing`, `apply.sink-moved`.
//! What that takes is decided in [`super::infrastructure`]. Start reading at [`run`].

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::rc::Rc;

use serde::Serialize;

use super::allowed;
use super::changes::creates;
use super::changes::sinks;
use super::code::Code;
use super::compile::Compiled;
use super::ctx::Ctx;
use super::error::Error;
use super::infrastructure;
use super::infrastructure::Live;
use super::rejection;
use super::said;
use crate::catalog::Catalog;
use crate::compiler::object::Object;
use crate::db::apply::OnFailure;
use crate::deployment::record::ApplyDone;
use crate::deployment::record::ApplyIntent;
use crate::deployment::record::Record;
use crate::deployment::said::Claims;
use crate::deployment::said::MetadataIntent;
use crate::deployment::said::Said;
use crate::event::Event;
use crate::name::ObjectKind;
use crate::name::SchemaName;
use crate::plan::Plan;
use crate::plan::privilege::Target;
use crate::plan::step::Step;
use crate::sql::secret as secret_text;

mod anew;
mod secret;

/// Which secrets get their value from here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Secrets {
    /// Those that do not exist yet.
    #[default]
    Missing,
    /// All: existing ones get their value anew.
    All,
    /// None, and missing ones are not created.
    Skipped,
}

/// What becomes of sinks whose definition differs from what they were made from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sinks {
    /// They stay as they are.
    #[default]
    Kept,
    /// They are dropped and made anew.
    Recreated,
}

/// Names the project.
#[derive(Clone, Debug)]
pub struct Request {
    /// The project.
    pub compiled: Rc<Compiled>,
    /// Which secrets get their value from here.
    pub secrets: Secrets,
    /// Whether sinks whose definition differs are dropped and made anew.
    pub sinks: Sinks,
}

/// Tells what was done.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// What was done, in order, such as `create cluster compute (25cc)`; empty where nothing was to do.
    pub actions: Vec<String>,
    /// The statements, secrets masked.
    pub statements: Vec<String>,
}

/// Sinks that are made anew.
#[derive(Default)]
struct Recreated {
    /// Those that stand, by what they are now.
    gone: Vec<anew::Sink>,
    /// The steps that make them.
    made: Vec<Step>,
    said: BTreeMap<String, Said>,
}

/// Drops and makes anew each sink whose definition differs, and makes those that were dropped and not made
/// when this was tried before.
fn recreated(request: &Request, catalog: &Catalog, former: &Claims, cut: Vec<anew::Sink>) -> Recreated {
    let mut found = Recreated::default();
    if request.sinks == Sinks::Kept {
        return found;
    }
    found.gone = cut;
    let all = || request.compiled.project.objects.iter().filter(|object| object.kind == ObjectKind::Sink);
    let changed = sinks::differing(all(), catalog, former).changed;
    let known =
        |sink: &&Object| former.of(&said::thing(&Target::Object(sink.kind, sink.name.clone()))).is_some();
    let lost = |sink: &&Object| catalog.object(&sink.name).is_none() && known(sink);
    for sink in all().filter(|sink| changed.contains(&sink.name) || lost(sink)) {
        let stands = catalog.object(&sink.name).filter(|_| changed.contains(&sink.name));
        if let Some(stands) = stands {
            found.gone.push(anew::Sink { name: sink.name.clone(), id: stands.id.clone() });
        }
        found.made.push(creates::sink(&request.compiled, sink));
        found.said.extend(sinks::definitions(std::iter::once(sink), &[], former));
    }
    found
}

/// Applies the project's infrastructure.
///
/// # Errors
/// `compile.failed` where `clusters/`, `roles/` or `network-policies/` hold mistakes, `apply.name-taken`,
/// `apply.secret-missing`, `apply.rejected`, `run.interrupted`, `run.fenced`, `db.*`.
///
/// # Cancel
/// Not safe inside a statement; Ctrl-C is noticed between two.
pub async fn run(ctx: &mut Ctx, request: &Request) -> Result<Outcome, Error> {
    let broken = request.compiled.only_apply();
    if !broken.is_empty() {
        let message = "the project's clusters, roles or network policies hold mistakes";
        return Err(Error::new(Code::CompileFailed, message)
            .findings(broken.to_vec())
            .effect("nothing was sent to the server"));
    }
    let started = ctx.clock.elapsed();
    let catalog = ctx.catalog().await?;
    free_names(&request.compiled, &catalog)?;
    let variables = Rc::clone(&ctx.variables);
    let fetched = secret::fetch(request, &catalog).await?;
    let values = secret::Values { variable: &*variables, fetched };
    let live = infrastructure::look(ctx, &request.compiled, &catalog).await?;
    let own = own_schemas(&request.compiled);
    let former = ctx.ledger().await?.map(|ledger| ledger.claims(&own)).unwrap_or_default();
    let mut secret =
        |object: &Object, exists, origin| secret::made(request.secrets, object, exists, origin, &values);
    let mut create = infrastructure::missing(&request.compiled, &catalog, &live, &mut secret)?;
    let cut = match request.sinks {
        Sinks::Kept => Vec::new(),
        Sinks::Recreated => anew::cut(ctx, &catalog).await?,
    };
    let recreated = recreated(request, &catalog, &former, cut);
    let before = create.len();
    create.extend(recreated.gone.iter().map(anew::Sink::dropped));
    create.extend(recreated.made);
    let mut expected = (*catalog).clone();
    create.iter().for_each(|step| expected.take(step));
    let mut actions: Vec<String> = create.iter().map(Step::what).collect();
    let (written, targets) = infrastructure::said_here(&request.compiled, &catalog.session.role);
    let mut things = said::claims(&catalog, &targets, &written, &former);
    things.extend(recreated.said);
    let foreseen = infrastructure::in_line(&request.compiled, &expected, &former);
    may(request, &catalog, &live, (&create, &foreseen))?;
    if create.is_empty() && foreseen.is_empty() && things.is_empty() {
        return Ok(Outcome { actions, statements: Vec::new() });
    }
    ctx.go_on()?;
    actions.extend(foreseen.iter().map(Step::what));
    ctx.record(Record::ApplyIntent(ApplyIntent { actions })).await?;
    let anew = create.split_off(before).split_off(recreated.gone.len());
    let mut done = carry_out(ctx, request, create).await?;
    done.extend(anew::drop(ctx, &recreated.gone).await?);
    done.extend(carry_out(ctx, request, anew).await?);
    if !things.is_empty() {
        let project_schemas = own.into_iter().collect();
        ctx.record(Record::MetadataIntent(MetadataIntent { deployment: None, project_schemas, things }))
            .await?;
    }
    let catalog = ctx.catalog().await?;
    done.extend(
        carry_out(ctx, request, infrastructure::in_line(&request.compiled, &catalog, &former)).await?,
    );
    ctx.record(Record::ApplyDone(ApplyDone { statements: done.len() })).await?;
    let actions: Vec<String> = done.iter().map(Step::what).collect();
    let took = ctx.clock.elapsed().saturating_sub(started);
    ctx.events.event(Event::Applied { actions: actions.clone(), took });
    Ok(Outcome { actions, statements: done.iter().map(Step::shown).collect() })
}

/// Fails where something else bears the name of what is to stand there: it would be taken for that.
fn free_names(compiled: &Compiled, catalog: &Catalog) -> Result<(), Error> {
    let taken = infrastructure::taken(compiled, catalog);
    if taken.is_empty() {
        return Ok(());
    }
    let message = "what the project is to create is not what bears its name";
    Err(Error::new(Code::ApplyNameTaken, message).with_lines(taken).effect("nothing was changed"))
}

/// Fails where the connected role may not do all of it.
fn may(
    request: &Request,
    catalog: &Catalog,
    live: &Live,
    (create, foreseen): (&[Step], &[Step]),
) -> Result<(), Error> {
    if !catalog.session.checked {
        return Ok(());
    }
    let mut lines = allowed::missing(catalog, create.iter().chain(foreseen));
    if request.secrets == Secrets::All {
        let secrets = request.compiled.project.objects.iter().filter(|o| o.kind == ObjectKind::Secret);
        let standing = secrets.filter(|secret| catalog.object(&secret.name).is_some());
        let altered = standing.map(|secret| Target::Object(ObjectKind::Secret, secret.name.clone()));
        lines.extend(allowed::unowned(catalog, altered));
    }
    if !infrastructure::roles(&request.compiled, catalog, live).is_empty() {
        lines.extend(allowed::on_system(catalog, "CREATEROLE"));
    }
    let policies = request.compiled.project.network_policies.iter().map(|policy| policy.create_sql());
    let policies: BTreeSet<String> = policies.collect();
    if create.iter().any(|step| policies.contains(&step.sql())) {
        lines.extend(allowed::on_system(catalog, "CREATENETWORKPOLICY"));
    }
    if lines.is_empty() {
        return Ok(());
    }
    let message = format!("{} may not do all of what would be applied", catalog.session.role);
    Err(Error::new(Code::ApplyMissingPrivilege, message).with_lines(lines).effect("nothing was changed"))
}

fn own_schemas(compiled: &Compiled) -> BTreeSet<SchemaName> {
    compiled.project.schemas.iter().map(|schema| schema.name.clone()).collect()
}

async fn carry_out(ctx: &mut Ctx, request: &Request, steps: Vec<Step>) -> Result<Vec<Step>, Error> {
    let mut plan = Plan::new();
    plan.each(steps.clone());
    let applied = ctx.apply(&plan, OnFailure::Stop, &mut |_| {}).await;
    let effect = format!("{} of {} statements ran before it", applied.done, steps.len());
    if let Some((step, error)) = applied.failed.into_iter().next() {
        if error.outcome_unknown() {
            return Err(Error::from(error).effect(effect));
        }
        let said = secret_text::hide_in_message(error.message().to_owned(), &step.sql());
        let message = format!("the server refused to {}: {said}", step.what());
        let place = step.origin().map(|origin| {
            let text = request.compiled.text(&origin.file);
            rejection::place(text, origin, &step.shown(), error.position(), &said)
        });
        return Err(Error::server(Code::ApplyRejected, message, &error).place(place).effect(effect));
    }
    if applied.interrupted {
        return Err(Error::new(Code::RunInterrupted, "stopped, as asked, while applying").effect(effect));
    }
    Ok(steps)
}
