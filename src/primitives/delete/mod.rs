//! delete: drops one thing of the project that is neither staged nor swapped: a cluster, a role, a
//! network policy, a connection, a secret, a source, a table, a sink, a type.
//!
//! What can be renamed is claimed first, under a fence: DROP goes by name, and only what bears the
//! claimed name and has the recorded id is dropped, without CASCADE. Roles, policies and types cannot be: they
//! are looked at again right before. Whatever depends on it is told
//! with its owner, and nothing is dropped. Refuses: `delete.unknown`, `delete.in-use`, `delete.missing-privilege`. Start reading at
//! [`find`] and [`dependents`].

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::rc::Rc;

use serde::Serialize;

use self::found::Found;
use self::found::Thing;
use self::found::find;
use super::allowed;
use super::code::Code;
use super::compile::Compiled;
use super::ctx::Ctx;
use super::error::Error;
use super::fenced;
use super::fenced::Next;
use super::scope;
use crate::catalog::Catalog;
use crate::catalog::Object as CatalogObject;
use crate::compiler::object::Object;
use crate::db;
use crate::db::apply::OnFailure;
use crate::db::journal::Which;
use crate::deployment::deletion;
use crate::deployment::deletion::Deletion;
use crate::deployment::record::Record;
use crate::name::ClusterName;
use crate::name::Ident;
use crate::name::ObjectId;
use crate::name::ObjectKind;
use crate::name::ObjectName;
use crate::plan::Plan;
use crate::plan::exchange::Exchange;
use crate::plan::privilege::Grantee;
use crate::plan::step::Step;

pub mod found;

/// Names what to delete.
#[derive(Clone, Debug)]
pub struct Request {
    /// The project that has it.
    pub compiled: Rc<Compiled>,
    /// What it is.
    pub kind: found::Kind,
    /// Its name; of an object at least the last part.
    pub name: String,
}

/// Tells what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// What it is.
    pub kind: found::Kind,
    /// Its full name.
    pub name: String,
    /// Its file, relative to the project; deleting on the server leaves it.
    pub file: String,
    /// Whether it stood on the server.
    pub dropped: bool,
    /// Objects of the project that still read it or run on it: without its file they do not compile.
    pub still_named_by: Vec<String>,
}

/// Where a thing stands on the server.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Stands {
    /// Nowhere.
    Gone,
    /// Under its name; the id where the catalog tells one.
    Named(Option<String>),
    /// Claimed by an earlier attempt.
    Claimed(String),
}

/// The name that marks it as being dropped.
fn claimed(name: &Ident) -> Result<Ident, Error> {
    deletion::claimed(name).map_err(|error| {
        let message = format!("{name} is too long to be claimed before it is dropped: {error}");
        Error::new(Code::DeleteInUse, message).effect("nothing was dropped")
    })
}

/// Finds it, by its name or by the name under which `earlier` has claimed that very thing.
fn stands(
    thing: &Thing,
    policies: &[String],
    catalog: &Catalog,
    earlier: Option<&Deletion>,
) -> Result<Stands, Error> {
    let of = |under_name: Option<&str>, marked: Option<&str>| {
        let ours = earlier.and_then(|intent| intent.id.as_deref());
        match (under_name, marked) {
            (_, Some(id)) if ours == Some(id) => Stands::Claimed(id.to_owned()),
            (Some(id), _) => Stands::Named(Some(id.to_owned())),
            (None, _) => Stands::Gone,
        }
    };
    Ok(match thing {
        Thing::Cluster(name) => {
            let at = |name: &ClusterName| catalog.clusters.get(name).map(|cluster| cluster.id.as_str());
            of(at(name), at(&ClusterName(claimed(&name.0)?)))
        }
        Thing::Object(kind, name) => {
            let at = |name: &ObjectName| {
                catalog.object(name).filter(|object| object.kind == *kind).map(|object| object.id.as_str())
            };
            of(at(name), at(&name.schema_name().object(claimed(&name.object)?)))
        }
        Thing::Type(name) => {
            // A connection or a secret may bear the name too.
            let is_it = |object: &&CatalogObject| object.kind == ObjectKind::Type && object.name == *name;
            of(catalog.objects.values().find(is_it).map(|object| object.id.as_str()), None)
        }
        Thing::Role(name) if catalog.roles.contains_key(name) => Stands::Named(None),
        Thing::Policy(name) if policies.iter().any(|policy| policy == name.as_str()) => Stands::Named(None),
        Thing::Role(_) | Thing::Policy(_) => Stands::Gone,
    })
}

/// What keeps it from being dropped, a line each, with owners.
fn dependents(found: &Found<'_>, stands: &Stands, catalog: &Catalog) -> Result<BTreeSet<String>, Error> {
    let id = match stands {
        Stands::Gone => return Ok(BTreeSet::new()),
        Stands::Named(id) => id.as_deref(),
        Stands::Claimed(id) => Some(id.as_str()),
    };
    Ok(match (&found.thing, id) {
        (Thing::Cluster(_), Some(id)) => {
            let clusters = catalog.clusters.values().find(|cluster| cluster.id.as_str() == id);
            let objects = clusters.into_iter().flat_map(|cluster| catalog.objects_on(&cluster.id));
            objects.map(|object| format!("{} runs on it", scope::told(object))).collect()
        }
        (Thing::Object(..) | Thing::Type(_), Some(id)) => {
            of_object(found.object, &ObjectId::new(id), catalog)?
        }
        (Thing::Role(role), _) => of_role(&Grantee::Role(role.clone()), role, catalog),
        (Thing::Policy(_), _) | (_, None) => BTreeSet::new(),
    })
}

/// What came with a source, and goes before it: the server drops none of it by itself.
///
/// Source: `full/44_sources_dropped.slt`, v26.21.
fn along<'c>(
    object: Option<&Object>,
    id: &ObjectId,
    catalog: &'c Catalog,
) -> Result<Vec<&'c CatalogObject>, Error> {
    let mut names = BTreeSet::new();
    for name in object.into_iter().flat_map(|object| &object.subsources) {
        names.insert(name.schema_name().object(claimed(&name.object)?));
        names.insert(name.clone());
    }
    let is_of_it = |one: &&CatalogObject| {
        names.contains(&one.name) && catalog.reads.get(&one.id).is_some_and(|reads| reads.contains(id))
    };
    Ok(catalog.objects.values().filter(is_of_it).collect())
}

/// Where a source tells how far it has come: the server drops that with it, and with everything that reads it.
///
/// Source: `EXPOSE PROGRESS AS` in the stored SQL of sources, and `full/44_sources_dropped.slt`, v26.21.
fn progress<'c>(id: &ObjectId, catalog: &'c Catalog) -> Option<&'c ObjectId> {
    let is_source =
        |id: &&ObjectId| catalog.objects.get(*id).is_some_and(|found| found.kind == ObjectKind::Source);
    let read = catalog.reads.get(id).filter(|_| is_source(&id));
    read.into_iter().flatten().find(is_source)
}

/// What reads an object. Its indexes of the file go with it, and so does what comes with a source.
fn of_object(object: Option<&Object>, id: &ObjectId, catalog: &Catalog) -> Result<BTreeSet<String>, Error> {
    let along = along(object, id, catalog)?.into_iter().map(|found| &found.id);
    let ours: BTreeSet<&ObjectId> = along.chain([id]).chain(progress(id, catalog)).collect();
    let named: BTreeSet<&Ident> =
        object.into_iter().flat_map(|object| &object.indexes).map(|index| &index.name).collect();
    let reads = catalog
        .reads
        .iter()
        .filter(|(reader, reads)| !ours.contains(reader) && reads.iter().any(|read| ours.contains(read)));
    let readers = reads.filter_map(|(reader, _)| catalog.objects.get(reader));
    let indexes =
        catalog.objects.values().filter(|index| index.on.as_ref().is_some_and(|on| ours.contains(on)));
    let found: BTreeMap<&ObjectId, _> = readers.chain(indexes).map(|object| (&object.id, object)).collect();
    let strangers = found
        .into_values()
        .filter(|object| object.kind != ObjectKind::Index || !named.contains(&object.name.object));
    let unseen = scope::unseen_readers(catalog, &ours, &ours).into_iter();
    let lines = strangers.map(scope::told).chain(unseen);
    Ok(lines.map(|line| format!("{line} depends on it")).collect())
}

/// What a role owns, what is granted to it, and what will be or is by default.
fn of_role(grantee: &Grantee, role: &crate::name::RoleName, catalog: &Catalog) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    let mut tell = |what: String, owner: &crate::name::RoleName, privileges: &crate::catalog::Privileges| {
        if owner == role {
            lines.insert(format!("it owns {what}"));
        } else if privileges.iter().any(|(to, _)| to == grantee) {
            lines.insert(format!("it is granted something on {what} (owner {owner})"));
        }
    };
    for (name, database) in &catalog.databases {
        tell(format!("database {name}"), &database.owner, &database.privileges);
    }
    for (name, schema) in &catalog.schemas {
        tell(format!("schema {name}"), &schema.owner, &schema.privileges);
    }
    for (name, cluster) in &catalog.clusters {
        tell(format!("cluster {name}"), &cluster.owner, &cluster.privileges);
    }
    for object in catalog.objects.values() {
        tell(format!("{} {}", object.kind, object.name), &object.owner, &object.privileges);
    }
    let system = catalog.system_privileges.iter().filter(|(to, _)| to == grantee);
    lines.extend(system.map(|(_, privilege)| format!("it is granted {privilege} on the system")));
    for default in &catalog.default_privileges {
        if default.grantee == *grantee || default.role.as_ref() == Some(role) {
            let what = Step::GrantDefault(default.clone()).what();
            let of = default.role.as_ref().map_or("anybody".to_owned(), ToString::to_string);
            lines.insert(format!("{what}, of what {of} makes"));
        }
    }
    lines
}

fn refuse(found: &Found<'_>, lines: BTreeSet<String>) -> Result<(), Error> {
    if lines.is_empty() {
        return Ok(());
    }
    Err(Error::new(Code::DeleteInUse, format!("{} is still in use", found.told()))
        .with_lines(lines)
        .effect("nothing was dropped, and its file stays"))
}

/// The renames that claim it and what goes along with it as far as they are not, each with the one that takes it
/// back; none for what has no rename.
fn claiming(
    found: &Found<'_>,
    stands: &Stands,
    catalog: &Catalog,
) -> Result<Vec<(Exchange, Exchange)>, Error> {
    let id = match stands {
        Stands::Gone => return Ok(Vec::new()),
        Stands::Named(id) => id.clone(),
        Stands::Claimed(id) => Some(id.clone()),
    };
    let renamed = |kind: ObjectKind, name: &ObjectName| {
        let marked = claimed(&name.object)?;
        let from = name.schema_name().object(marked.clone());
        let there = Exchange::RenameObject { kind, from: name.clone(), to: marked };
        Ok::<_, Error>((there, Exchange::RenameObject { kind, from, to: name.object.clone() }))
    };
    let is_named = matches!(stands, Stands::Named(_));
    let mut renames = Vec::new();
    match &found.thing {
        Thing::Cluster(name) if is_named => {
            let marked = ClusterName(claimed(&name.0)?);
            let there = Exchange::RenameCluster { from: name.clone(), to: marked.clone() };
            renames.push((there, Exchange::RenameCluster { from: marked, to: name.clone() }));
        }
        Thing::Object(kind, name) => {
            let subsources = found.object.into_iter().flat_map(|object| &object.subsources);
            let named: BTreeSet<&ObjectName> = subsources.collect();
            let id = ObjectId::new(id.unwrap_or_default());
            let along = along(found.object, &id, catalog)?.into_iter();
            for one in along.filter(|one| named.contains(&one.name)) {
                renames.push(renamed(one.kind, &one.name)?);
            }
            if is_named {
                renames.push(renamed(*kind, name)?);
            }
        }
        Thing::Cluster(_) | Thing::Role(_) | Thing::Policy(_) | Thing::Type(_) => {}
    }
    Ok(renames)
}

/// The drops, by the claimed names where there are some, what goes along first.
fn dropping(found: &Found<'_>, id: Option<&str>, catalog: &Catalog) -> Result<Vec<Step>, Error> {
    let plain = |noun: &str, name: String| Step::Statement {
        what: format!("drop {} {name}", noun.to_lowercase()),
        sql: format!("DROP {noun} {name}"),
        shown: None,
        origin: None,
    };
    Ok(match &found.thing {
        Thing::Cluster(name) => vec![Step::DropCluster(ClusterName(claimed(&name.0)?))],
        Thing::Object(kind, name) => {
            let along = along(found.object, &ObjectId::new(id.unwrap_or_default()), catalog)?;
            let mut steps = catalog.drops(along.iter().map(|one| &one.id));
            let names = vec![name.schema_name().object(claimed(&name.object)?)];
            steps.push(Step::DropObjects { kind: *kind, names });
            steps
        }
        Thing::Type(name) => vec![Step::DropObjects { kind: ObjectKind::Type, names: vec![name.clone()] }],
        Thing::Role(name) => vec![plain("ROLE", name.sql())],
        Thing::Policy(name) => vec![plain("NETWORK POLICY", name.sql())],
    })
}

/// A claim under way.
struct Claim<'f> {
    found: &'f Found<'f>,
    intent: &'f Deletion,
}

impl fenced::Change for Claim<'_> {
    async fn next(&mut self, ctx: &mut Ctx) -> Result<Next, Error> {
        let catalog = ctx.catalog().await?;
        let stands = stands(&self.found.thing, &[], &catalog, Some(self.intent))?;
        // Said no before anything is sent.
        refuse(self.found, dependents(self.found, &stands, &catalog)?)?;
        if !self.is_it(&stands) {
            return Err(self.moved());
        }
        let renames = claiming(self.found, &stands, &catalog)?;
        Ok(match renames.is_empty() {
            true => Next::Happened,
            false => Next::Try(renames.into_iter().map(|(there, _)| Step::Exchange(there)).collect()),
        })
    }

    fn check(&self, catalog: &Catalog) -> Result<(), Error> {
        // In a transaction of its own the claim is not visible beside it: names are the old ones.
        let now = stands(&self.found.thing, &[], catalog, Some(self.intent))?;
        if !self.is_it(&now) {
            return Err(self.moved());
        }
        refuse(self.found, dependents(self.found, &now, catalog)?)
    }

    fn codes(&self) -> (Code, Code) {
        (Code::DeleteConflict, Code::DeleteRejected)
    }

    fn what(&self) -> &'static str {
        "the claim"
    }
}

impl Claim<'_> {
    /// Whether what stands is what is to be dropped.
    fn is_it(&self, stands: &Stands) -> bool {
        match stands {
            Stands::Gone => false,
            Stands::Named(id) => *id == self.intent.id,
            Stands::Claimed(id) => Some(id) == self.intent.id.as_ref(),
        }
    }

    fn moved(&self) -> Error {
        let message = format!("{} was replaced or dropped in this very moment", self.found.told());
        Error::new(Code::DeleteInUse, message).effect("nothing was dropped, and its file stays")
    }
}

/// Drops it on the server; after a crash, repeating it goes on. Where it is gone already nothing is sent.
///
/// # Errors
/// `delete.unknown`, `delete.in-use`, `delete.missing-privilege`, `delete.conflict`, `delete.rejected`, `swap.outcome-unknown`,
/// `run.interrupted`, `run.fenced`, `db.*`.
///
/// # Cancel
/// Not safe inside a statement; Ctrl-C is noticed between two, and what is claimed stays claimed.
pub async fn run(ctx: &mut Ctx, request: &Request) -> Result<Outcome, Error> {
    let found = find(request)?;
    let (stands, earlier) = look(ctx, &found).await?;
    let outcome = found.outcome(stands != Stands::Gone);
    let id = match &stands {
        Stands::Gone => return Ok(outcome),
        Stands::Named(id) => id.clone(),
        Stands::Claimed(id) => Some(id.clone()),
    };
    ctx.go_on()?;
    let intent =
        Deletion { kind: found.kind.as_str().to_owned(), name: found.name.clone(), id, is_gone: false };
    if earlier.as_ref() != Some(&intent) {
        ctx.record(Record::Deletion(intent.clone())).await?;
    }
    let renames = claiming(&found, &stands, &*ctx.catalog().await?)?;
    let claim = &mut Claim { found: &found, intent: &intent };
    if found.can_be_renamed() {
        fenced::make(ctx, claim, fenced::RETRY_FOR).await?;
    } else {
        // A person may have thought about it for long: what bears its name has to be what he was shown.
        ctx.reread().await?;
        let (now, _) = look(ctx, &found).await?;
        if !claim.is_it(&now) {
            return Err(claim.moved());
        }
    }
    let mut plan = Plan::new();
    plan.each(dropping(&found, intent.id.as_deref(), &*ctx.catalog().await?)?);
    let applied = ctx.apply(&plan, OnFailure::Stop, &mut |_| {}).await;
    if let Some((_, error)) = applied.failed.into_iter().next() {
        if error.outcome_unknown() {
            return Err(Error::from(error).effect("deleting again finds out"));
        }
        let effect = give_back(ctx, renames).await;
        let message = format!("the server refused to drop {}: {}", found.told(), error.message());
        return Err(Error::server(Code::DeleteRejected, message, &error).effect(effect));
    }
    ctx.go_on()?;
    ctx.record(Record::Deletion(Deletion { is_gone: true, ..intent })).await?;
    Ok(outcome)
}

/// Tells whether it stands on the server, and refuses where something depends on it; sends nothing else.
///
/// # Errors
/// `delete.unknown`, `delete.in-use`, `delete.missing-privilege`, `db.*`.
pub async fn preview(ctx: &Ctx, request: &Request) -> Result<Outcome, Error> {
    let found = find(request)?;
    let (stands, _) = look(ctx, &found).await?;
    Ok(found.outcome(stands != Stands::Gone))
}

async fn look(ctx: &Ctx, found: &Found<'_>) -> Result<(Stands, Option<Deletion>), Error> {
    let catalog = ctx.catalog().await?;
    let policies = match found.thing {
        Thing::Policy(_) => db::introspect::network_policies(ctx.session()).await?,
        Thing::Cluster(_) | Thing::Role(_) | Thing::Object(..) | Thing::Type(_) => Vec::new(),
    };
    let earlier = earlier(ctx, found).await?;
    let stands = stands(&found.thing, &policies, &catalog, earlier.as_ref())?;
    refuse(found, dependents(found, &stands, &catalog)?)?;
    permitted(found, &stands, &catalog)?;
    Ok((stands, earlier))
}

/// Fails where the connected role may not claim or drop it, or what goes along with it. Who owns a network policy
/// is not known here, and the server tells.
///
/// Source: `design/materialize.md` 5.2.
fn permitted(found: &Found<'_>, stands: &Stands, catalog: &Catalog) -> Result<(), Error> {
    let id = match stands {
        Stands::Gone => return Ok(()),
        Stands::Named(id) => id.as_deref(),
        Stands::Claimed(id) => Some(id.as_str()),
    };
    let lines = match (&found.thing, id) {
        (Thing::Cluster(_), Some(id)) => {
            let clusters = catalog.clusters.iter().filter(|(_, cluster)| cluster.id.as_str() == id);
            let steps: Vec<Step> = clusters.map(|(name, _)| Step::DropCluster(name.clone())).collect();
            allowed::missing(catalog, &steps)
        }
        (Thing::Object(..) | Thing::Type(_), Some(id)) => {
            let id = ObjectId::new(id);
            let along = along(found.object, &id, catalog)?.into_iter();
            let objects = along.chain(catalog.objects.get(&id));
            let steps = objects
                .map(|object| Step::DropObjects { kind: object.kind, names: vec![object.name.clone()] });
            allowed::missing(catalog, &steps.collect::<Vec<_>>())
        }
        (Thing::Role(_), _) => allowed::on_system(catalog, "CREATEROLE").into_iter().collect(),
        (Thing::Policy(_), _) | (_, None) => Vec::new(),
    };
    if lines.is_empty() {
        return Ok(());
    }
    let message = format!("{} may not drop {}", catalog.session.role, found.told());
    Err(Error::new(Code::DeleteMissingPrivilege, message)
        .with_lines(lines)
        .effect("nothing was dropped, and its file stays"))
}

/// The last attempt at the same thing that was not finished.
async fn earlier(ctx: &Ctx, found: &Found<'_>) -> Result<Option<Deletion>, Error> {
    if ctx.marker().await?.is_none() {
        return Ok(None);
    }
    let mut open = None;
    for entry in ctx.entries(Which::Kinds(&["deletion"])).await? {
        if let Record::Deletion(row) = entry.record
            && row.kind == found.kind.as_str()
            && row.name == found.name
        {
            open = (!row.is_gone).then_some(row);
        }
    }
    Ok(open)
}

/// Takes a claim back, so that a refused drop has changed nothing; says what is so now.
async fn give_back(ctx: &mut Ctx, renames: Vec<(Exchange, Exchange)>) -> &'static str {
    if renames.is_empty() {
        return "nothing was dropped, and its file stays";
    }
    let mut plan = Plan::new();
    plan.together(renames.into_iter().map(|(_, back)| Step::Exchange(back)));
    let applied = ctx.apply(&plan, OnFailure::Stop, &mut |_| {}).await;
    if applied.failed.is_empty() && !applied.interrupted {
        "nothing was dropped, and its file stays"
    } else {
        "it bears its claimed name still; deleting again goes on"
    }
}

#[cfg(test)]
mod tests;
