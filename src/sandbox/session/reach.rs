//! What a query reads, on which cluster, and what else its transaction may read.
//!
//! Source: `design/materialize.md` 3.1, 6.2 and 6.4, recorded from v26.21.

use std::collections::BTreeSet;

use super::Session;
use super::privilege;
use crate::sandbox::error::SqlError;
use crate::sandbox::error::code;
use crate::sandbox::model::Catalog;
use crate::sandbox::model::id::ItemId;
use crate::sandbox::query;
use crate::sandbox::query::View;
use crate::sandbox::resolve;
use crate::sandbox::resolve::Relation;
use crate::sandbox::scope::Scope;
use crate::sandbox::system::SystemRelation;
use crate::sandbox::system::own;
use crate::sql::query::Query;

/// What a query reads.
#[derive(Debug, Default)]
pub(super) struct Reach {
    /// The relations of users that it names.
    user: BTreeSet<ItemId>,
    /// Whether it names relations of the system.
    system: bool,
    /// One of them that tells what others do.
    private: Option<&'static SystemRelation>,
    /// Whether it asks what sinks sent.
    emitted: bool,
}

/// What a query reads.
///
/// # Errors
/// Names that mean nothing.
pub(super) fn reach(catalog: &Catalog, scope: &Scope, query: &Query) -> Result<Reach, SqlError> {
    let mut reach = Reach::default();
    if query.opaque().is_some() {
        // References are a guess there; the engine tells what is wrong with them.
        return Ok(reach);
    }
    for name in query.references() {
        match resolve::relation(catalog, scope, name)? {
            Relation::User(id) => {
                reach.user.insert(id);
            }
            Relation::System(relation) => {
                reach.system = true;
                reach.emitted |= relation.schema == own::SCHEMA && relation.name == own::EMITTED;
                reach.private = reach.private.or(privilege::is_private(relation).then_some(relation));
            }
        }
    }
    Ok(reach)
}

impl Reach {
    /// The relations of users that it names.
    pub(super) fn user(&self) -> &BTreeSet<ItemId> {
        &self.user
    }

    /// Tells whether it names any relation.
    pub(super) fn reads(&self) -> bool {
        self.system || !self.user.is_empty()
    }

    /// Tells whether it asks what sinks sent.
    pub(super) fn emitted(&self) -> bool {
        self.emitted
    }

    /// A relation that only superusers and monitors may read.
    pub(super) fn private(&self) -> Option<&'static SystemRelation> {
        self.private
    }

    /// Tells whether it goes to the system's own cluster, whatever the session's is.
    fn is_routed(&self, query: &Query) -> bool {
        self.user.is_empty() && (self.system || is_literal(query.text()))
    }

    /// Everything with contents that its relations are made of.
    fn collections(&self, catalog: &Catalog) -> BTreeSet<ItemId> {
        catalog.collections(self.user.iter().copied())
    }

    /// Everything with contents in the schemas of its relations.
    fn domain(&self, catalog: &Catalog) -> BTreeSet<ItemId> {
        let schema = |id: &ItemId| catalog.items.get(id).map(|item| item.schema);
        let schemas: BTreeSet<_> = self.user.iter().filter_map(schema).collect();
        let inside =
            catalog.items.values().filter(|item| schemas.contains(&item.schema) && item.is_relation());
        catalog.collections(inside.map(|item| item.id))
    }
}

impl Session {
    /// Lets a query of an open transaction read, or says what it may not.
    ///
    /// # Errors
    /// Relations outside of the first query's schemas, or on another cluster than the first's.
    pub(super) fn admit_relations(
        &mut self,
        view: &View,
        query: &Query,
        reach: &Reach,
    ) -> Result<(), SqlError> {
        let catalog = &view.state.catalog;
        let routed = reach.is_routed(query);
        let Some(open) = &mut self.open else { return Ok(()) };
        if *open.on_catalog_server.get_or_insert(routed) && !reach.user.is_empty() {
            return Err(misrouted(catalog, &reach.user));
        }
        if reach.user.is_empty() {
            return Ok(());
        }
        let domain = open.domain.get_or_insert_with(|| reach.domain(catalog));
        let outside: BTreeSet<ItemId> = reach.collections(catalog).difference(domain).copied().collect();
        if outside.is_empty() {
            return Ok(());
        }
        let message = "Transactions can only reference objects in the same timedomain. \
                       See https://materialize.com/docs/sql/begin/#same-timedomain-error";
        let (outside, inside) = (listed(catalog, &outside, "\n"), listed(catalog, domain, "\n"));
        Err(SqlError::new("25000", message).detail(format!(
            "The following relations in the query are outside the transaction's time domain:\n{outside}\n\
             Only the following relations are available:\n{inside}"
        )))
    }

    /// Finds a cluster with replicas for a query that needs one.
    ///
    /// # Errors
    /// What is wrong with the query itself; then what is wrong with the session's cluster.
    pub(super) fn admit_cluster(&self, view: &View, scope: &Scope, query: &Query) -> Result<(), SqlError> {
        let catalog = &view.state.catalog;
        let reach = reach(catalog, scope, query)?;
        privilege::read(catalog, scope, &reach)?;
        let routes = self.variable("auto_route_catalog_queries") == "on";
        if routes && reach.is_routed(query) {
            return Ok(());
        }
        let id = catalog.cluster_named(&scope.cluster);
        if let Some(id) = id {
            privilege::cluster(catalog, scope, id)?;
        }
        let error = match id.and_then(|id| catalog.clusters.get(&id)) {
            Some(cluster) if !cluster.replicas.is_empty() => return Ok(()),
            Some(cluster) => {
                let name = cluster.name.as_str();
                let message = format!("CLUSTER \"{name}\" has no replicas available to service request");
                SqlError::new(code::UNSUPPORTED, message).hint(
                    "Use ALTER CLUSTER to adjust the replication factor of the cluster. \
                     Example:`ALTER CLUSTER <cluster-name> SET (REPLICATION FACTOR 1)`",
                )
            }
            None => SqlError::internal(format!("unknown cluster '{}'", scope.cluster)),
        };
        // The server plans before it looks for the cluster.
        query::describe(view, scope, query, &[])?;
        Err(error)
    }
}

fn misrouted(catalog: &Catalog, items: &BTreeSet<ItemId>) -> SqlError {
    let items = listed(catalog, items, ", ");
    let message =
        format!("querying the following items {items} is not allowed from the \"mz_catalog_server\" cluster");
    SqlError::new("2F003", message).detail(
        "The transaction is executing on the mz_catalog_server cluster, maybe having been routed there by the \
         first statement in the transaction.",
    )
}

/// The full names of objects, each in quotes.
fn listed(catalog: &Catalog, items: &BTreeSet<ItemId>, between: &str) -> String {
    let name = |id: &ItemId| {
        let item = catalog.items.get(id)?;
        let Some(schema) = catalog.schemas.get(&item.schema) else {
            return Some(format!("\"{}\"", item.name));
        };
        let database = catalog.databases.get(&schema.database)?;
        Some(format!("\"{}.{}.{}\"", database.name, schema.name, item.name))
    };
    let mut names: Vec<String> = items.iter().filter_map(name).collect();
    names.sort();
    names.join(between)
}

/// Tells whether a query selects literals and nothing else.
fn is_literal(text: &str) -> bool {
    let text = text.trim();
    let Some(list) = text.get(..6).filter(|word| word.eq_ignore_ascii_case("SELECT")).and(text.get(6..))
    else {
        return false;
    };
    let mut quoted = false;
    let outside: String = list
        .chars()
        .filter_map(|c| {
            if c == '\'' {
                quoted = !quoted;
                return Some('\'');
            }
            (!quoted).then_some(c)
        })
        .collect();
    let one = |item: &str| {
        let first = item.split_whitespace().next().unwrap_or_default();
        let word = ["true", "false", "null"].iter().any(|word| word.eq_ignore_ascii_case(first));
        word || first.starts_with(|c: char| c.is_ascii_digit() || c == '\'')
    };
    !outside.contains(|c: char| "+-*/%(|<>=~!^&#@[".contains(c)) && outside.split(',').all(one)
}

#[cfg(test)]
mod tests {
    use super::is_literal;

    #[test]
    fn literals_need_no_cluster() {
        for text in ["SELECT 1", "select 'a + b' AS x, 2", "SELECT NULL, true"] {
            assert!(is_literal(text), "{text}");
        }
        for text in ["SELECT 1 + 1", "SELECT now()", "VALUES (1)", "SELECT x", "SELECT"] {
            assert!(!is_literal(text), "{text}");
        }
    }
}
