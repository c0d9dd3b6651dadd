//! What of a project is neither staged nor swapped, and the steps that it takes: roles, clusters, network
//! policies, databases, schemas of stored things, secrets, connections, sources, tables, and what is
//! granted and commented on them.
//!
//! Pure, but for [`look`]: `apply` carries out what is missing here, `diff` tells it. Nothing is dropped. Start reading at
//! [`missing`] and [`in_line`].

use std::collections::BTreeSet;

use super::changes::written;
use super::compile::Compiled;
use super::ctx::Ctx;
use super::error::Error;
use super::metadata;
use super::metadata::Pair;
use super::metadata::Written;
use super::said;
use super::scope;
use crate::catalog::Catalog;
use crate::catalog::Object as Standing;
use crate::compiler::object::Object;
use crate::compiler::template::Names;
use crate::db;
use crate::deployment::said::Claims;
use crate::name::Ident;
use crate::name::ObjectKind;
use crate::name::RoleName;
use crate::name::SchemaName;
use crate::plan::privilege::Target;
use crate::plan::step::Origin;
use crate::plan::step::Step;

mod cluster;
mod role;

/// Makes the step for a secret, told whether it exists; `None` where it is left alone.
pub type MakesSecret<'m> = dyn FnMut(&Object, bool, Origin) -> Result<Option<Step>, Error> + 'm;

/// What the catalog does not tell of what exists.
pub struct Live {
    policies: Vec<String>,
    clusters: cluster::Live,
    /// The roles that read a deployment by their settings.
    shifted: BTreeSet<RoleName>,
}

/// Asks for what the catalog does not tell, as far as the project needs it.
///
/// # Errors
/// `db.*`.
pub async fn look(ctx: &Ctx, compiled: &Compiled, catalog: &Catalog) -> Result<Live, Error> {
    let policies = if compiled.project.network_policies.is_empty() {
        Vec::new()
    } else {
        db::introspect::network_policies(ctx.session()).await?
    };
    let asked = cluster::asked(compiled, catalog);
    let definitions = db::introspect::definitions::of_clusters(ctx.session(), &asked).await?;
    let ledger = if compiled.project.roles.is_empty() { None } else { ctx.ledger().await? };
    let deployments = ledger.iter().flat_map(|ledger| ledger.deployments.values());
    let shifted = deployments.flat_map(|known| known.shifts.keys().cloned()).collect();
    Ok(Live { policies, clusters: cluster::live(asked, &definitions), shifted })
}

/// The steps for what is missing, and for clusters and roles that are another way; grants and comments come after, in [`in_line`].
///
/// # Errors
/// Those of `secret`.
pub fn missing(
    compiled: &Compiled,
    catalog: &Catalog,
    live: &Live,
    secret: &mut MakesSecret<'_>,
) -> Result<Vec<Step>, Error> {
    let mut steps = roles(compiled, catalog, live);
    steps.extend(cluster::steps(compiled, catalog, &live.clusters));
    let missing = compiled.project.network_policies.iter();
    let missing = missing.filter(|policy| !live.policies.iter().any(|name| name == policy.name.as_str()));
    steps.extend(missing.map(|policy| Step::Statement {
        what: format!("create network policy {}", policy.name),
        sql: policy.create_sql(),
        shown: None,
        origin: None,
    }));
    steps.extend(containers(compiled, catalog)?);
    for object in compiled.project.objects.iter().filter(|object| is_applied(object.kind)) {
        steps.extend(stored(compiled, object, catalog, secret)?);
    }
    Ok(steps)
}

/// What `apply` would do, in words, with each secret that is missing.
///
/// # Errors
/// None but a mistake of this program's own.
pub fn pending(
    compiled: &Compiled,
    catalog: &Catalog,
    live: &Live,
    former: &Claims,
) -> Result<Vec<String>, Error> {
    let mut secret = |object: &Object, exists: bool, origin: Origin| {
        let made = Step::Create {
            kind: ObjectKind::Secret,
            name: object.name.clone(),
            cluster: None,
            on: None,
            reads: Vec::new(),
            // Nobody sends it: its value is not asked for.
            sql: String::new(),
            shown: None,
            origin: Some(origin),
        };
        Ok((!exists).then_some(made))
    };
    let mut steps = missing(compiled, catalog, live, &mut secret)?;
    let after = if steps.is_empty() {
        in_line(compiled, catalog, former)
    } else {
        let mut expected = catalog.clone();
        steps.iter().for_each(|step| expected.take(step));
        in_line(compiled, &expected, former)
    };
    steps.extend(after);
    Ok(steps.iter().map(Step::what).collect())
}

/// What is missing of roles: themselves, their settings, their members.
pub fn roles(compiled: &Compiled, catalog: &Catalog, live: &Live) -> Vec<Step> {
    role::steps(&compiled.project.roles, catalog, &live.shifted)
}

/// Tells whether a kind is created here: neither staged nor waiting for a swap.
pub fn is_applied(kind: ObjectKind) -> bool {
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

/// Databases, and the schemas that hold stored things; the others come with what is staged in them.
fn containers(compiled: &Compiled, catalog: &Catalog) -> Result<Vec<Step>, Error> {
    let project = &compiled.project;
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
    compiled: &Compiled,
    object: &Object,
    catalog: &Catalog,
    secret: &mut MakesSecret<'_>,
) -> Result<Vec<Step>, Error> {
    let standing = catalog.object(&object.name).filter(|found| found.kind == object.kind);
    let exists = standing.is_some();
    let sql = object.create_sql(&object.name, &Names::PRODUCTION);
    let start = compiled.line_start(&object.file, object.line);
    let origin = Origin { object: object.name.clone(), file: object.file.clone(), start };
    if object.kind == ObjectKind::Secret {
        return Ok(secret(object, exists, origin)?.into_iter().collect());
    }
    let mut steps = Vec::new();
    if !exists {
        steps.push(Step::Create {
            kind: object.kind,
            name: object.name.clone(),
            cluster: object.cluster.clone(),
            on: None,
            reads: object.depends_on.iter().chain(&object.external).cloned().collect(),
            sql,
            shown: None,
            origin: Some(origin.clone()),
        });
    }
    for index in &object.indexes {
        let name = object.name.schema_name().object(index.name.clone());
        if !is_index_of(catalog.object(&name), standing) {
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

/// Tells whether something is an index, and on this relation.
fn is_index_of(found: Option<&Standing>, relation: Option<&Standing>) -> bool {
    let on = found.filter(|found| found.kind == ObjectKind::Index).and_then(|found| found.on.as_ref());
    on.is_some_and(|on| relation.is_some_and(|relation| relation.id == *on))
}

/// What bears the name of something that is to stand there and is something else, a line each.
pub fn taken(compiled: &Compiled, catalog: &Catalog) -> Vec<String> {
    let mut lines = Vec::new();
    for object in compiled.project.objects.iter().filter(|object| is_applied(object.kind)) {
        let standing = catalog.object(&object.name);
        if let Some(found) = standing.filter(|found| found.kind != object.kind) {
            lines.push(format!("{} bears the name of a {}", scope::told(found), object.kind));
        }
        for index in &object.indexes {
            let found = catalog.object(&object.name.schema_name().object(index.name.clone()));
            if let Some(found) = found.filter(|found| !is_index_of(Some(found), standing)) {
                lines.push(format!("{} bears the name of an index of {}", scope::told(found), object.name));
            }
        }
    }
    lines
}

/// What the files say of what is applied, and of what.
pub fn said_here(compiled: &Compiled, me: &RoleName) -> (Written, Vec<Target>) {
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

/// Which grants and comments of the files production does not have yet, and which of the project's
/// own the files no longer have.
pub fn in_line(compiled: &Compiled, catalog: &Catalog, former: &Claims) -> Vec<Step> {
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
