//! Reads anew what stands in some databases, into a catalog that was read before: what a build that
//! touches nothing else has to learn, such as the ids of what it made.

use futures_util::future::try_join_all;

use super::DATABASES;
use super::Facts;
use super::Family;
use super::INDEXES;
use super::OBJECTS;
use super::READS;
use super::SCHEMAS;
use super::Standing;
use super::privileges_of;
use crate::catalog::Catalog;
use crate::db::error::Error;
use crate::db::session::Session;
use crate::name::Ident;
use crate::name::literal;

/// Brings what stands in these databases, and who reads it, up to date; of everything else what was known
/// stays. Privileges and comments of objects are those that were known.
///
/// # Errors
/// What the server says, or a lost connection.
pub async fn refresh(
    session: &Session,
    standing: &Standing,
    before: &Catalog,
    databases: &[Ident],
) -> Result<Catalog, Error> {
    let ids = databases.iter().filter_map(|name| before.databases.get(name));
    let ids: Vec<String> = ids.map(|database| literal(&database.id.to_string())).collect();
    if ids.is_empty() {
        return Ok(before.clone());
    }
    // Whole relations, and of those the few that are needed: a server answers that without planning
    // anything. Objects whose schema is not asked for are left out when it is put together.
    let queries = [
        DATABASES.to_owned(),
        format!("{SCHEMAS} AND database_id IN ({})", ids.join(", ")),
        OBJECTS.to_owned(),
        INDEXES.to_owned(),
        READS.to_owned(),
        privileges_of("mz_schemas"),
    ];
    let answers = try_join_all(queries.iter().map(|query| session.read(query))).await?;
    let mut answers = answers.into_iter();
    let mut next = || answers.next().unwrap_or_default();
    let mut facts = Facts { databases: next(), schemas: next(), objects: next(), ..Facts::default() };
    facts.indexes = next();
    facts.reads = next();
    facts.privileges.insert(Family::Schema, next());
    let part = match facts.assemble(standing) {
        // A role that came meanwhile has no name yet: everything is asked again.
        Err(error) if error.is_protocol() => return super::read(session, &mut None).await,
        part => part?,
    };
    let mut catalog = before.clone();
    catalog.take_in(part, databases);
    Ok(catalog)
}
