//! apply: creates and reconciles what is not blue/green: roles, clusters, network policies,
//! databases, schemas of stored things, secrets, connections, sources, tables.
//!
//! Creates what is missing, resizes clusters whose definition says another size, brings grants, default
//! privileges and comments in line; it drops nothing, and takes away only what the project itself
//! granted and no longer says. Refuses: `apply.secret-missing`.
//! Start reading at [`plan`].

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::rc::Rc;

use serde::Serialize;

use super::allowed;
use super::changes::sinks;
use super::changes::written;
use super::code::Code;
use super::compile::Compiled;
use super::ctx::Ctx;
use super::error::Error;
use super::metadata;
use super::metadata::Pair;
use super::metadata::Written;
use super::rejection;
use super::said;
use crate::catalog::Catalog;
use crate::compiler::object::Object;
use crate::compiler::template::Names;
use crate::db;
use crate::db::apply::OnFailure;
use crate::deployment::record::ApplyDone;
use crate::deployment::record::ApplyIntent;
use crate::deployment::record::Record;
use crate::deployment::said::Claims;
use crate::deployment::said::MetadataIntent;
use crate::deployment::said::Said;
use crate::event::Event;
use crate::name::Ident;
use crate::name::ObjectKind;
use crate::name::RoleName;
use crate::name::SchemaName;
use crate::plan::Plan;
use crate::plan::step::Origin;
use crate::plan::step::Step;
use crate::plan::step::Target;
use crate::sql::ast::WithOption;

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
    /// What was done, in order, such as `create cluster compute`; empty where nothing was to do.
    pub actions: Vec<String>,
    /// The statements, secrets masked.
    pub statements: Vec<String>,
}

/// Decides what is missing or differs in size; grants and comments come after, in [`in_line`].
fn plan(
    request: &Request,
    catalog: &Catalog,
    policies: &[String],
    values: &secret::Values<'_>,
) -> Result<Vec<Step>, Error> {
    let mut steps = roles(request, catalog);
    steps.extend(clusters(request, catalog));
    let missing = request.compiled.project.network_policies.iter();
    let missing = missing.filter(|policy| !policies.iter().any(|name| name == policy.name.as_str()));
    steps.extend(missing.map(|policy| Step::Statement {
        what: format!("create network policy {}", policy.name),
        sql: policy.create_sql(),
        shown: None,
        origin: None,
    }));
    steps.extend(containers(request, catalog)?);
    for object in request.compiled.project.objects.iter().filter(|object| is_applied(object.kind)) {
        steps.extend(stored(request, object, catalog, values)?);
    }
    Ok(steps)
}

/// Roles that do not exist yet, with their settings and members.
fn roles(request: &Request, catalog: &Catalog) -> Vec<Step> {
    let mut steps = Vec::new();
    for role in &request.compiled.project.roles {
        if catalog.roles.contains(&role.name) {
            continue;
        }
        let shown = format!("CREATE ROLE {} …", role.name.sql());
        let has_password = role.definition.to_uppercase().contains("PASSWORD");
        steps.push(Step::Statement {
            what: format!("create role {}", role.name),
            sql: role.create_sql(),
            shown: has_password.then_some(shown),
            origin: None,
        });
        steps.extend(role.alterations.iter().map(|rest| Step::Statement {
            what: format!("alter role {}", role.name),
            sql: format!("ALTER ROLE {} {rest}", role.name.sql()),
            shown:
                rest.to_uppercase().contains("PASSWORD").then(|| format!("ALTER ROLE {} …", role.name.sql())),
            origin: None,
        }));
        steps.extend(role.members.iter().map(|member| Step::Statement {
            what: format!("grant role {} to {member}", role.name),
            sql: format!("GRANT {} TO {}", role.name.sql(), member.sql()),
            shown: None,
            origin: None,
        }));
    }
    steps
}

/// Clusters that do not exist yet, or are to have another size.
fn clusters(request: &Request, catalog: &Catalog) -> Vec<Step> {
    let mut steps = Vec::new();
    for cluster in &request.compiled.project.clusters {
        let wanted = options(&cluster.options);
        let Some(found) = catalog.clusters.get(&cluster.name) else {
            steps.push(Step::CreateCluster { name: cluster.name.clone(), options: wanted });
            continue;
        };
        let differs = |(name, value): &(String, String)| match name.as_str() {
            "SIZE" => found.size.as_ref().is_some_and(|size| crate::name::literal(size) != *value),
            "REPLICATION FACTOR" => {
                found.replication_factor.is_some_and(|factor| factor.to_string() != *value)
            }
            _ => false,
        };
        let options: Vec<_> = wanted.into_iter().filter(differs).collect();
        if !options.is_empty() {
            steps.push(Step::AlterCluster { name: cluster.name.clone(), options });
        }
    }
    steps
}

/// Tells whether a kind is created here: neither staged nor waiting for a swap.
fn is_applied(kind: ObjectKind) -> bool {
    match kind {
        ObjectKind::Table
        | ObjectKind::Source
        | ObjectKind::Connection
        | ObjectKind::Secret
        | ObjectKind::Type => true,
        ObjectKind::View
        | ObjectKind::MaterializedView
        | ObjectKind::Sink
        | ObjectKind::Index
        | ObjectKind::Function => false,
    }
}

/// The options of a cluster as the file writes them.
fn options(written: &[WithOption]) -> Vec<(String, String)> {
    written
        .iter()
        .map(|option| (option.name.clone(), super::changes::options::value(option.value.as_ref())))
        .collect()
}

/// Databases, and the schemas that hold stored things; the others come with what is staged in them.
fn containers(request: &Request, catalog: &Catalog) -> Result<Vec<Step>, Error> {
    let project = &request.compiled.project;
    let public = Ident::new("public").map_err(|error| Error::bug(error.to_string()))?;
    let mut steps = Vec::new();
    for database in &project.databases {
        if !catalog.databases.contains_key(&database.name) {
            steps.push(Step::CreateDatabase(database.name.clone()));
        }
    }
    let stored = project.objects.iter().filter(|o| is_applied(o.kind) || o.kind == ObjectKind::Sink);
    let schemas: BTreeSet<SchemaName> = stored.map(|object| object.name.schema_name()).collect();
    for name in schemas {
        // A database comes with this one.
        let comes_along = name.schema == public && !catalog.databases.contains_key(&name.database);
        if !catalog.schemas.contains_key(&name) && !comes_along {
            steps.push(Step::CreateSchema(name));
        }
    }
    Ok(steps)
}

/// One stored object and its indexes.
fn stored(
    request: &Request,
    object: &Object,
    catalog: &Catalog,
    values: &secret::Values<'_>,
) -> Result<Vec<Step>, Error> {
    let exists = catalog.object(&object.name).is_some();
    let sql = object.create_sql(&object.name, &Names::PRODUCTION);
    let start = request.compiled.line_start(&object.file, object.line);
    let origin = Origin { object: object.name.clone(), file: object.file.clone(), start };
    if object.kind == ObjectKind::Secret {
        let Some(wanted) = secret::verb(request.secrets, exists) else { return Ok(Vec::new()) };
        return Ok(vec![secret::step(wanted, &object.name, &sql, origin, values)?]);
    }
    let mut steps = Vec::new();
    if !exists {
        steps.push(Step::Create {
            kind: object.kind,
            name: object.name.clone(),
            cluster: object.cluster.clone(),
            on: None,
            reads: object.depends_on.clone(),
            sql,
            shown: None,
            origin: Some(origin.clone()),
        });
    }
    for index in &object.indexes {
        let name = object.name.schema_name().object(index.name.clone());
        if catalog.object(&name).is_none() {
            steps.push(Step::Create {
                kind: ObjectKind::Index,
                name,
                cluster: Some(index.cluster.clone()),
                on: Some(object.name.clone()),
                reads: Vec::new(),
                sql: index.create_sql(&object.name, &Names::PRODUCTION),
                shown: None,
                origin: Some(origin.clone()),
            });
        }
    }
    Ok(steps)
}

/// What the files say of what is applied, and of what.
fn said_here(compiled: &Compiled, me: &RoleName) -> (Written, Vec<Target>) {
    let project = &compiled.project;
    let mut written = Written::default();
    let mut targets = Vec::new();
    for database in &project.databases {
        let target = Target::Database(database.name.clone());
        written::modifiers(&mut written, &database.modifiers, &target, me);
        targets.push(target);
    }
    for schema in &project.schemas {
        let target = Target::Schema(schema.name.clone());
        written::modifiers(&mut written, &schema.modifiers, &target, me);
        targets.push(target);
    }
    for cluster in &project.clusters {
        let target = Target::Cluster(cluster.name.clone());
        written::grants(&mut written, &target, &cluster.grants);
        written::comments(&mut written, &target, &cluster.comments);
        targets.push(target);
    }
    let here = |object: &&Object| is_applied(object.kind) || object.kind == ObjectKind::Sink;
    for object in project.objects.iter().filter(here) {
        written::object(&mut written, object, &object.name);
        targets.push(Target::Object(object.kind, object.name.clone()));
    }
    (written, targets)
}

/// Sinks that are made anew.
#[derive(Default)]
struct Recreated {
    steps: Vec<Step>,
    said: BTreeMap<String, Said>,
}

/// Drops and makes anew each sink whose definition differs, and makes those that were dropped and not made
/// when this was tried before.
fn recreated(request: &Request, catalog: &Catalog, former: &Claims) -> Recreated {
    let mut found = Recreated::default();
    if request.sinks == Sinks::Kept {
        return found;
    }
    let all = || request.compiled.project.objects.iter().filter(|object| object.kind == ObjectKind::Sink);
    let changed = sinks::differing(all(), catalog, former).changed;
    let known =
        |sink: &&Object| former.of(&said::thing(&Target::Object(sink.kind, sink.name.clone()))).is_some();
    let lost = |sink: &&Object| catalog.object(&sink.name).is_none() && known(sink);
    for sink in all().filter(|sink| changed.contains(&sink.name) || lost(sink)) {
        if changed.contains(&sink.name) {
            let names = vec![sink.name.clone()];
            found.steps.push(Step::DropObjects { kind: ObjectKind::Sink, names });
        }
        let start = request.compiled.line_start(&sink.file, sink.line);
        found.steps.push(Step::Create {
            kind: ObjectKind::Sink,
            name: sink.name.clone(),
            cluster: sink.cluster.clone(),
            on: None,
            reads: sink.depends_on.clone(),
            sql: sink.create_sql(&sink.name, &Names::PRODUCTION),
            shown: None,
            origin: Some(Origin { object: sink.name.clone(), file: sink.file.clone(), start }),
        });
        found.said.extend(sinks::definitions(std::iter::once(sink), &[], former));
    }
    found
}

/// Decides which grants and comments of the files production does not have yet, and which of the project's
/// own the files no longer have.
fn in_line(compiled: &Compiled, catalog: &Catalog, former: &Claims) -> Vec<Step> {
    let (written, targets) = said_here(compiled, &catalog.session.role);
    let same = |target: &Target| Pair { blue: Some(target.clone()), green: target.clone() };
    let pairs: Vec<Pair> = targets.iter().map(same).collect();
    let mut steps = metadata::carry(catalog, &pairs, &written, former);
    let there: Vec<Target> =
        targets.into_iter().filter(|target| metadata::privileges(catalog, target).is_some()).collect();
    steps.extend(said::defaults(catalog, &there, &written, former));
    for role in &compiled.project.roles {
        let has = catalog.role_comments.get(&role.name);
        let wanted = role.comments.last().map(|comment| comment.text.as_ref());
        if let Some(wanted) = wanted.filter(|wanted| *wanted != has) {
            steps.push(Step::Comment { on: Target::Role(role.name.clone()), text: wanted.cloned() });
        }
    }
    steps
}

/// Applies the project's infrastructure.
///
/// # Errors
/// `compile.failed` where `clusters/`, `roles/` or `network-policies/` hold mistakes,
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
    let variables = Rc::clone(&ctx.variables);
    let fetched = secret::fetch(request, &catalog).await?;
    let values = secret::Values { variable: &*variables, fetched };
    let policies = if request.compiled.project.network_policies.is_empty() {
        Vec::new()
    } else {
        db::introspect::network_policies(ctx.session()).await?
    };
    let own = own_schemas(&request.compiled);
    let former = ctx.ledger().await?.map(|ledger| ledger.claims(&own)).unwrap_or_default();
    let mut create = plan(request, &catalog, &policies, &values)?;
    let recreated = recreated(request, &catalog, &former);
    create.extend(recreated.steps);
    let mut expected = (*catalog).clone();
    create.iter().for_each(|step| expected.take(step));
    let mut actions: Vec<String> = create.iter().map(Step::what).collect();
    let (written, targets) = said_here(&request.compiled, &catalog.session.role);
    let mut things = said::claims(&catalog, &targets, &written, &former);
    things.extend(recreated.said);
    let foreseen = in_line(&request.compiled, &expected, &former);
    may(request, &catalog, &create, &foreseen)?;
    if create.is_empty() && foreseen.is_empty() && things.is_empty() {
        return Ok(Outcome { actions, statements: Vec::new() });
    }
    ctx.go_on()?;
    actions.extend(foreseen.iter().map(Step::what));
    ctx.record(Record::ApplyIntent(ApplyIntent { actions })).await?;
    let mut done = carry_out(ctx, request, create).await?;
    if !things.is_empty() {
        let project_schemas = own.into_iter().collect();
        ctx.record(Record::MetadataIntent(MetadataIntent { deployment: None, project_schemas, things }))
            .await?;
    }
    let catalog = ctx.catalog().await?;
    done.extend(carry_out(ctx, request, in_line(&request.compiled, &catalog, &former)).await?);
    ctx.record(Record::ApplyDone(ApplyDone { statements: done.len() })).await?;
    let actions: Vec<String> = done.iter().map(Step::what).collect();
    let took = ctx.clock.elapsed().saturating_sub(started);
    ctx.events.event(Event::Applied { actions: actions.clone(), took });
    Ok(Outcome { actions, statements: done.iter().map(Step::shown).collect() })
}

/// Fails where the connected role may not do all of it.
fn may(request: &Request, catalog: &Catalog, create: &[Step], foreseen: &[Step]) -> Result<(), Error> {
    if !catalog.session.checked {
        return Ok(());
    }
    let mut lines = allowed::missing(catalog, create.iter().chain(foreseen));
    if !roles(request, catalog).is_empty() {
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
        let message = format!("the server refused to {}: {}", step.what(), error.message());
        let place = step.origin().map(|origin| {
            let text = request.compiled.text(&origin.file);
            rejection::place(text, origin, &step.shown(), error.position(), error.message())
        });
        return Err(Error::server(Code::ApplyRejected, message, &error).place(place).effect(effect));
    }
    if applied.interrupted {
        return Err(Error::new(Code::RunInterrupted, "stopped, as asked, while applying").effect(effect));
    }
    Ok(steps)
}
