//! Looks again at what was seen before: what a build in some databases has to learn, such as the ids of what
//! it made, and what others may have done meanwhile.
//!
//! Whole relations are asked for only where anything in them may be another; of the others the few rows that
//! are needed, by the ids that are known and those that come next. What nobody expected is asked for then, or
//! everything is read anew. Start reading at [`look`].

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;

use futures_util::future::try_join_all;

use super::CLUSTERS;
use super::COMMENTS;
use super::DATABASES;
use super::DEFAULTS;
use super::Facts;
use super::Family;
use super::INDEXES;
use super::OBJECTS;
use super::READS;
use super::SCHEMAS;
use super::Standing;
use super::ident;
use super::privileges_of;
use crate::catalog::Catalog;
use crate::db::error::Error;
use crate::db::session::Row;
use crate::db::session::Session;
use crate::name::ClusterId;
use crate::name::Ident;
use crate::name::ObjectId;
use crate::name::ObjectKind;
use crate::name::SchemaName;
use crate::name::literal;

/// So many ids behind the last that is known are looked for: those of what this build has made, and of what
/// others have made at the same time.
const GUESSED: u64 = 64;

/// More ids than these are not listed: the whole relation is asked for.
const MOST_LISTED: usize = 400;

/// What may be another than it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// What stands in the databases, and who reads that.
    Databases,
    /// Anything but privileges and comments of objects, and roles.
    Anything,
}

/// What another look has found.
#[derive(Debug)]
pub enum Found {
    /// Everything is as it was.
    Same,
    /// What stands in the databases is this.
    Part(Box<Catalog>),
    /// Something else is another: everything has to be read.
    Another,
}

/// Looks again, at some databases or at everything. Privileges and comments of objects are those that were
/// known.
///
/// # Errors
/// What the server says, or a lost connection.
pub async fn look(
    session: &Session,
    standing: &Standing,
    before: &Catalog,
    (databases, scope): (&[Ident], Scope),
) -> Result<Found, Error> {
    let known = Known::of(before, databases);
    if known.databases.len() < databases.len() {
        return Ok(Found::Another);
    }
    let mut answers = asked(session, queries(&known, scope)).await?.into_iter();
    let mut next = || answers.next().unwrap_or_default();
    let mut facts = Facts { databases: next(), schemas: next(), ..Facts::default() };
    let (objects, indexes, reads) = (next(), next(), [next(), next()]);
    if scope == Scope::Anything {
        facts.clusters = next();
        facts.defaults = next();
        facts.comments = next();
        facts.privileges.insert(Family::Schema, next());
    }
    // A role that came meanwhile has no name yet: everything is asked again.
    let is_unknown = |error: &Error| error.is_protocol();
    let names = match schemas(&facts) {
        Err(error) if is_unknown(&error) => return Ok(Found::Another),
        names => names?,
    };
    let (here, elsewhere): (Vec<Row>, Vec<Row>) = objects.into_iter().partition(|row| {
        let schema = row.text(1).and_then(|id| names.get(id));
        schema.is_some_and(|schema| databases.contains(&schema.database))
    });
    if scope == Scope::Anything && !is_elsewhere(before, databases, standing, (&elsewhere, &names))? {
        return Ok(Found::Another);
    }
    (facts.objects, facts.indexes, facts.reads) = (here, indexes, reads.into_iter().flatten().collect());
    complete(session, &mut facts, &known, &names, scope).await?;
    let part = match facts.assemble(standing) {
        Err(error) if is_unknown(&error) => return Ok(Found::Another),
        part => part?,
    };
    Ok(judged(before, part, databases, scope))
}

async fn asked(session: &Session, queries: Vec<String>) -> Result<Vec<Vec<Row>>, Error> {
    try_join_all(queries.iter().map(|query| async move {
        // An empty one stands for what cannot have any rows.
        if query.is_empty() { Ok(Vec::new()) } else { session.read(query).await }
    }))
    .await
}

/// What is known of the databases.
struct Known {
    databases: Vec<String>,
    schemas: Vec<String>,
    /// The ids of what stands there, and those that come next.
    objects: BTreeSet<String>,
}

impl Known {
    fn of(before: &Catalog, databases: &[Ident]) -> Self {
        let ids = databases.iter().filter_map(|name| before.databases.get(name));
        let schemas = databases.iter().flat_map(|name| before.schemas_of(name));
        let here = before.objects.values().filter(|object| databases.contains(&object.name.database));
        let mut objects: BTreeSet<String> = here.map(|object| object.id.to_string()).collect();
        let number = |id: &ObjectId| id.as_str().strip_prefix('u')?.parse::<u64>().ok();
        let last = before.objects.keys().filter_map(number).max().unwrap_or(0);
        objects.extend((1..=GUESSED).map(|more| format!("u{}", last + more)));
        Self {
            databases: ids.map(|database| database.id.to_string()).collect(),
            schemas: schemas.map(|(_, schema)| schema.id.to_string()).collect(),
            objects,
        }
    }
}

fn list<'t>(texts: impl Iterator<Item = &'t String>) -> String {
    texts.map(|text| literal(text)).collect::<Vec<_>>().join(", ")
}

/// A query that may be asked of all its rows, or of those with one of these ids in one of its columns.
fn of_ids(query: &str, column: &str, ids: &BTreeSet<String>) -> String {
    match ids.len() {
        0 => String::new(),
        few if few <= MOST_LISTED => format!("{query} AND {column} IN ({})", list(ids.iter())),
        _ => query.to_owned(),
    }
}

/// The queries: databases, schemas, objects, indexes, what is read by and what reads those of the databases;
/// for everything also clusters, default privileges, comments and privileges of schemas.
fn queries(known: &Known, scope: Scope) -> Vec<String> {
    let reads = |column| of_ids(READS, column, &known.objects);
    let mut queries = match scope {
        Scope::Databases => vec![
            DATABASES.to_owned(),
            format!("{SCHEMAS} AND database_id IN ({})", list(known.databases.iter())),
            match known.schemas.is_empty() {
                true => String::new(),
                false => format!("{OBJECTS} AND schema_id IN ({})", list(known.schemas.iter())),
            },
        ],
        Scope::Anything => vec![DATABASES.to_owned(), SCHEMAS.to_owned(), OBJECTS.to_owned()],
    };
    queries.extend([
        of_ids(INDEXES, "id", &known.objects),
        reads("object_id"),
        // The whole relation has been asked for before.
        if known.objects.len() > MOST_LISTED { String::new() } else { reads("referenced_object_id") },
    ]);
    if scope == Scope::Anything {
        queries.extend([
            CLUSTERS.to_owned(),
            DEFAULTS.to_owned(),
            format!("{COMMENTS} AND object_type = 'schema'"),
            privileges_of("mz_schemas"),
        ]);
    }
    queries
}

/// The names of the schemas that were found, by id.
fn schemas(facts: &Facts) -> Result<HashMap<String, SchemaName>, Error> {
    let mut databases = HashMap::new();
    for row in &facts.databases {
        databases.insert(row.required(0)?, ident(row.required(1)?)?);
    }
    let mut names = HashMap::new();
    for row in &facts.schemas {
        // A database that was dropped between two of the queries.
        let Some(database) = databases.get(row.required(1)?) else { continue };
        let name = SchemaName::new(database.clone(), ident(row.required(2)?)?);
        names.insert(row.required(0)?.to_owned(), name);
    }
    Ok(names)
}

/// Tells whether what stands elsewhere is what stood there.
fn is_elsewhere(
    before: &Catalog,
    databases: &[Ident],
    standing: &Standing,
    (rows, names): (&[Row], &HashMap<String, SchemaName>),
) -> Result<bool, Error> {
    let mut count = 0;
    for row in rows {
        // Kinds that a newer server has are nobody's here; a schema may have gone meanwhile.
        let Some(kind) = ObjectKind::from_catalog(row.required(3)?) else { continue };
        let Some(schema) = names.get(row.required(1)?) else { continue };
        let Some(known) = before.objects.get(&ObjectId::new(row.required(0)?)) else { return Ok(false) };
        let is_same = known.kind == kind
            && known.name.is_in(schema)
            && known.name.object.as_str() == row.required(2)?
            && known.cluster.as_ref().map(ClusterId::as_str) == row.text(5)
            && standing.roles.names.get(row.required(4)?) == Some(&known.owner);
        if !is_same {
            return Ok(false);
        }
        count += 1;
    }
    let known = before.objects.values().filter(|object| !databases.contains(&object.name.database));
    Ok(known.count() == count)
}

/// Asks for what nobody expected: schemas that came with what stands in them, and what reads and is read by
/// objects whose ids were not among those asked for.
async fn complete(
    session: &Session,
    facts: &mut Facts,
    known: &Known,
    names: &HashMap<String, SchemaName>,
    scope: Scope,
) -> Result<(), Error> {
    let came: Vec<&String> = names.keys().filter(|id| !known.schemas.contains(id)).collect();
    if scope == Scope::Databases && !came.is_empty() {
        let query = format!("{OBJECTS} AND schema_id IN ({})", list(came.into_iter()));
        facts.objects.extend(session.read(&query).await?);
    }
    let ids = facts.objects.iter().filter_map(|row| row.text(0)).map(str::to_owned);
    let unexpected: BTreeSet<String> = ids.filter(|id| !known.objects.contains(id)).collect();
    if unexpected.is_empty() || known.objects.len() > MOST_LISTED {
        return Ok(());
    }
    let read_by = match unexpected.len() > MOST_LISTED {
        true => String::new(),
        false => of_ids(READS, "referenced_object_id", &unexpected),
    };
    let queries = vec![of_ids(INDEXES, "id", &unexpected), of_ids(READS, "object_id", &unexpected), read_by];
    let mut answers = asked(session, queries).await?.into_iter();
    facts.indexes.extend(answers.next().unwrap_or_default());
    facts.reads.extend(answers.flatten());
    Ok(())
}

/// Says what is another.
fn judged(before: &Catalog, mut part: Catalog, databases: &[Ident], scope: Scope) -> Found {
    let is_here = |name: &Ident| databases.contains(name);
    let same_databases = part.databases.len() == before.databases.len()
        && part.databases.iter().all(|(name, now)| {
            before.databases.get(name).is_some_and(|then| then.id == now.id && then.owner == now.owner)
        });
    if !same_databases {
        return Found::Another;
    }
    if scope == Scope::Anything {
        let same_clusters = part.clusters.len() == before.clusters.len()
            && part.clusters.iter().all(|(name, now)| {
                let then = before.clusters.get(name);
                then.is_some_and(|then| then.id == now.id && then.owner == now.owner && then.size == now.size)
            });
        let of_others = |catalog: &Catalog| -> Vec<_> {
            let others = catalog.schemas.iter().filter(|(name, _)| !is_here(&name.database));
            others.map(|(name, schema)| (name.clone(), schema.id.clone(), schema.owner.clone())).collect()
        };
        if !same_clusters
            || part.default_privileges != before.default_privileges
            || of_others(&part) != of_others(before)
        {
            return Found::Another;
        }
        part.schemas.retain(|name, _| is_here(&name.database));
    } else {
        // Neither privileges nor comments were asked for.
        for schema in part.schemas.values_mut() {
            if let Some(then) = before.schemas.values().find(|then| then.id == schema.id) {
                schema.privileges.clone_from(&then.privileges);
            }
        }
    }
    if is_as_before(before, &part, databases) { Found::Same } else { Found::Part(Box::new(part)) }
}

/// Tells whether what stands in the databases is what stood there.
fn is_as_before(before: &Catalog, part: &Catalog, databases: &[Ident]) -> bool {
    let here = || before.objects.values().filter(|object| databases.contains(&object.name.database));
    let same_objects = here().count() == part.objects.len()
        && here().all(|then| {
            part.objects.get(&then.id).is_some_and(|now| {
                then.name == now.name
                    && then.kind == now.kind
                    && then.owner == now.owner
                    && then.cluster == now.cluster
                    && then.on == now.on
            })
        });
    let schemas: BTreeMap<_, _> = databases.iter().flat_map(|name| before.schemas_of(name)).collect();
    let same_schemas = schemas.len() == part.schemas.len()
        && schemas.iter().all(|(name, then)| part.schemas.get(*name) == Some(*then));
    if !same_objects || !same_schemas {
        return false;
    }
    let ids: BTreeSet<&ObjectId> = here().map(|object| &object.id).collect();
    let pairs = |catalog: &'_ Catalog| -> BTreeSet<(ObjectId, ObjectId)> {
        let all = catalog.reads.iter().flat_map(|(reader, read)| read.iter().map(move |id| (reader, id)));
        let of_here = all.filter(|(reader, read)| ids.contains(reader) || ids.contains(read));
        of_here.map(|(reader, read)| (reader.clone(), read.clone())).collect()
    };
    pairs(before) == pairs(part)
}
