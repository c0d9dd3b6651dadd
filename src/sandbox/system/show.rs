//! `SHOW` of things: each is a query over the system's relations.
//!
//! Source: columns and orders recorded from v26.21 (`core/07`, `core/10`, `full/23`, `full/24`,
//! `full/28`, `full/36`, `full/46`) and the manual's pages of each statement. Start reading at
//! [`query`].

use std::collections::BTreeSet;

use super::super::error::SqlError;
use super::super::model::Catalog;
use super::super::model::State;
use super::super::model::id::ItemId;
use super::super::model::id::SchemaId;
use super::super::model::item::ItemData;
use super::super::model::item::SourceData;
use super::super::resolve;
use super::super::resolve::Relation;
use super::super::scope::Scope;
use super::privileges;
use crate::name::literal;
use crate::name::split_dotted;
use crate::sql::ast::RawIdent;
use crate::sql::ast::RawName;
use crate::sql::ast::run::Show;
use crate::sql::ast::run::ShowFilter;
use crate::sql::span::Span;

/// A listing: columns of a relation, narrowed and in order.
struct Listing {
    /// The relation, with its schema.
    from: &'static str,
    /// The columns that show; rows come in their order.
    columns: &'static [&'static str],
    /// What narrows it, all of it.
    conditions: Vec<String>,
    /// The column that `LIKE` looks at.
    like: &'static str,
    /// The columns that give the order, where it is not those that show.
    order: &'static [&'static str],
}

impl Listing {
    fn new(from: &'static str, columns: &'static [&'static str]) -> Self {
        Self { from, columns, conditions: Vec::new(), like: "name", order: columns }
    }

    fn narrowed(mut self, condition: impl Into<Option<String>>) -> Self {
        self.conditions.extend(condition.into());
        self
    }

    fn sql(&self, filter: &ShowFilter) -> String {
        let columns = list(self.columns);
        let hidden = self.order.iter().copied().filter(|column| !self.columns.contains(column));
        let inner: Vec<&str> = self.columns.iter().copied().chain(hidden).collect();
        let mut text = format!("SELECT {columns} FROM (SELECT {} FROM {}", list(&inner), self.from);
        if !self.conditions.is_empty() {
            text.push_str(&format!(" WHERE {}", self.conditions.join(" AND ")));
        }
        text.push_str(") AS \"q\"");
        match filter {
            ShowFilter::None => {}
            ShowFilter::Like(pattern) => {
                text.push_str(&format!(" WHERE {} LIKE {}", quoted(self.like), literal(pattern)));
            }
            ShowFilter::Where(condition) => text.push_str(&format!(" WHERE ({})", condition.text())),
        }
        text.push_str(&format!(" ORDER BY {}", list(self.order)));
        text
    }
}

/// A column's name in quotes: some are words of the language (`on`, `key`).
fn quoted(column: &str) -> String {
    format!("\"{column}\"")
}

fn list(columns: &[&str]) -> String {
    columns.iter().map(|column| quoted(column)).collect::<Vec<_>>().join(", ")
}

/// The query that answers a `SHOW` of things, columns or indexes.
///
/// # Errors
/// What is not modelled; unknown names.
pub(crate) fn query(state: &State, scope: &Scope, show: &Show) -> Result<String, SqlError> {
    let catalog = &state.catalog;
    match show {
        Show::Columns(relation, filter) => Ok(columns(catalog, scope, relation)?.sql(filter)),
        Show::Indexes { on, from, cluster, filter } => {
            let listing = indexes(catalog, scope, on.as_ref(), from.as_ref(), cluster.as_ref())?;
            Ok(listing.sql(filter))
        }
        Show::Things { what, from, cluster, on, role, filter } => {
            let clauses = Clauses {
                from: from.as_ref(),
                cluster: cluster.as_ref(),
                on: on.as_deref(),
                role: role.as_ref(),
            };
            Ok(things(catalog, scope, what, &clauses)?.sql(filter))
        }
        Show::Variable(name) => Err(SqlError::unsupported(format!("SHOW {name} as a query"))),
        Show::Create { .. } => Err(SqlError::unsupported("SHOW CREATE as a query")),
    }
}

/// The clauses behind `SHOW <things>`.
struct Clauses<'s> {
    from: Option<&'s RawName>,
    cluster: Option<&'s RawIdent>,
    on: Option<&'s str>,
    role: Option<&'s RawIdent>,
}

fn things(catalog: &Catalog, scope: &Scope, what: &str, clauses: &Clauses<'_>) -> Result<Listing, SqlError> {
    let schema = || Ok::<_, SqlError>(equals("schema_id", &schema_of(catalog, scope, clauses.from)?));
    Ok(match what {
        "DATABASES" => Listing::new("mz_internal.mz_show_databases", &["name", "comment"]),
        "SCHEMAS" => Listing::new("mz_internal.mz_show_schemas", &["name", "comment"])
            .narrowed(format!("(database_id IS NULL OR {})", database(catalog, scope, clauses.from)?)),
        "OBJECTS" => {
            Listing::new("mz_internal.mz_show_all_objects", &["name", "type", "comment"]).narrowed(schema()?)
        }
        "TABLES" => Listing::new("mz_internal.mz_show_tables", &["name", "comment"])
            .narrowed(schema()?)
            .narrowed(of_source(catalog, scope, clauses.on)?),
        "VIEWS" => Listing::new("mz_internal.mz_show_views", &["name", "comment"]).narrowed(schema()?),
        "TYPES" => Listing::new("mz_internal.mz_show_types", &["name", "comment"]).narrowed(schema()?),
        "SECRETS" => Listing::new("mz_internal.mz_show_secrets", &["name", "comment"]).narrowed(schema()?),
        "CONNECTIONS" => {
            Listing::new("mz_internal.mz_show_connections", &["name", "type", "comment"]).narrowed(schema()?)
        }
        "SOURCES" => Listing::new("mz_internal.mz_show_sources", &["name", "type", "cluster", "comment"])
            .narrowed(schema_or_cluster(catalog, scope, clauses)?),
        "SINKS" => Listing::new("mz_internal.mz_show_sinks", &["name", "type", "cluster", "comment"])
            .narrowed(schema_or_cluster(catalog, scope, clauses)?),
        "MATERIALIZED VIEWS" => {
            Listing::new("mz_internal.mz_show_materialized_views", &["name", "cluster", "comment"])
                .narrowed(schema_or_cluster(catalog, scope, clauses)?)
        }
        "SUBSOURCES" => subsources(catalog, scope, clauses)?,
        "CLUSTERS" => Listing::new("mz_internal.mz_show_clusters", &["name", "replicas", "comment"]),
        "CLUSTER REPLICAS" => Listing {
            like: "cluster",
            ..Listing::new(
                "mz_internal.mz_show_cluster_replicas",
                &["cluster", "replica", "size", "ready", "comment"],
            )
        },
        "ROLES" => Listing::new("mz_internal.mz_show_roles", &["name", "comment"]),
        "NETWORK POLICIES" => {
            Listing::new("mz_internal.mz_show_network_policies", &["name", "rules", "comment"])
        }
        "ROLE MEMBERSHIP" => Listing {
            like: "role",
            ..Listing::new("mz_internal.mz_show_role_members", &["role", "member", "grantor"])
        }
        .narrowed(held_by(catalog, "member", clauses.role, false)?),
        "PRIVILEGES" => Listing::new(
            "mz_internal.mz_show_all_privileges",
            &["grantor", "grantee", "database", "schema", "name", "object_type", "privilege_type"],
        )
        .narrowed(of_type(clauses.on)?)
        .narrowed(held_by(catalog, "grantee", clauses.role, true)?),
        "DEFAULT PRIVILEGES" => Listing {
            like: "object_owner",
            ..Listing::new(
                "mz_internal.mz_show_default_privileges",
                &["object_owner", "database", "schema", "object_type", "grantee", "privilege_type"],
            )
        }
        .narrowed(of_type(clauses.on)?)
        .narrowed(held_by(catalog, "grantee", clauses.role, true)?),
        other => return Err(SqlError::unsupported(format!("SHOW {other}"))),
    })
}

fn equals(column: &str, value: &str) -> String {
    format!("{column} = {}", literal(value))
}

/// The error for a session whose search path has nothing that exists.
fn no_schema() -> SqlError {
    SqlError::new("3F000", "no valid schema selected").hint(
        "Use SET schema = name to select a schema.  Use SHOW SCHEMAS to list available schemas.  \
         Use SHOW search_path to show the schema names that we looked for, but none of them existed.",
    )
}

/// A system schema by its name.
fn system_schema(name: &str) -> Option<SchemaId> {
    super::SCHEMAS.iter().find(|(known, _)| *known == name).map(|(_, number)| SchemaId::System(*number))
}

/// The id of the schema that is named, or of the first of the search path that exists.
fn schema_of(catalog: &Catalog, scope: &Scope, from: Option<&RawName>) -> Result<String, SqlError> {
    let found = match from {
        Some(name) => match name.parts.last().and_then(|own| system_schema(own.as_str())) {
            Some(id) => id,
            None => resolve::schema(catalog, scope, name)?,
        },
        None => {
            let database = catalog.database_named(&scope.database);
            let mut path = scope.search_path.iter().filter_map(|name| {
                let own = database.and_then(|database| catalog.schema_named(database, name));
                own.or_else(|| system_schema(name.as_str()))
            });
            path.next().ok_or_else(no_schema)?
        }
    };
    Ok(found.to_string())
}

/// The condition that a schema is in the database that is named, or in the session's.
fn database(catalog: &Catalog, scope: &Scope, from: Option<&RawName>) -> Result<String, SqlError> {
    let id = match from {
        Some(name) => resolve::database(catalog, name)?,
        None => catalog
            .database_named(&scope.database)
            .ok_or_else(|| SqlError::internal(format!("unknown database '{}'", scope.database.as_str())))?,
    };
    Ok(equals("database_id", &id.to_string()))
}

fn in_cluster(catalog: &Catalog, cluster: Option<&RawIdent>) -> Result<Option<String>, SqlError> {
    let Some(cluster) = cluster else { return Ok(None) };
    Ok(Some(equals("cluster_id", &resolve::cluster(catalog, cluster)?.to_string())))
}

/// `FROM` and `IN CLUSTER` together; with a cluster alone every schema is meant.
fn schema_or_cluster(
    catalog: &Catalog,
    scope: &Scope,
    clauses: &Clauses<'_>,
) -> Result<Option<String>, SqlError> {
    let cluster = in_cluster(catalog, clauses.cluster)?;
    if clauses.from.is_none() && cluster.is_some() {
        return Ok(cluster);
    }
    let schema = equals("schema_id", &schema_of(catalog, scope, clauses.from)?);
    Ok(Some(cluster.map_or_else(|| schema.clone(), |cluster| format!("{schema} AND {cluster}"))))
}

/// A name out of the text behind `ON`.
fn written(text: &str) -> Result<RawName, SqlError> {
    let parts = split_dotted(text, "database.schema.object")
        .map_err(|error| SqlError::internal(error.to_string()))?;
    Ok(RawName { parts, id: None, span: Span::new(0, 0) })
}

/// The source that is named behind `ON`.
fn source(catalog: &Catalog, scope: &Scope, on: &str) -> Result<ItemId, SqlError> {
    let name = written(on)?;
    let found = match resolve::relation(catalog, scope, &name)? {
        Relation::User(id) => catalog.items.get(&id),
        Relation::System(_) => None,
    };
    match found.map(|item| (item, &item.data)) {
        Some((item, ItemData::Source(_))) => Ok(item.id),
        _ => Err(SqlError::internal(format!("{on} is not a source"))),
    }
}

fn of_source(catalog: &Catalog, scope: &Scope, on: Option<&str>) -> Result<Option<String>, SqlError> {
    let Some(on) = on else { return Ok(None) };
    Ok(Some(equals("source_id", &source(catalog, scope, on)?.to_string())))
}

fn subsources(catalog: &Catalog, scope: &Scope, clauses: &Clauses<'_>) -> Result<Listing, SqlError> {
    let listing = Listing::new("mz_catalog.mz_sources", &["name", "type"]);
    let of = clauses.on.map(|on| source(catalog, scope, on)).transpose()?;
    let mut ids = BTreeSet::new();
    for item in catalog.items.values() {
        if let ItemData::Source(
            SourceData::Subsource { of: source, .. } | SourceData::Progress { of: source },
        ) = &item.data
            && of.is_none_or(|of| of == *source)
        {
            ids.insert(literal(&item.id.to_string()));
        }
    }
    // An empty list is no SQL; nothing has the empty id.
    let ids = if ids.is_empty() { literal("") } else { ids.into_iter().collect::<Vec<_>>().join(", ") };
    let listing = listing.narrowed(format!("id IN ({ids})"));
    match clauses {
        Clauses { from: None, on: Some(_), .. } => Ok(listing),
        _ => Ok(listing.narrowed(equals("schema_id", &schema_of(catalog, scope, clauses.from)?))),
    }
}

/// `ON SCHEMAS`: the kind in `object_type`.
fn of_type(on: Option<&str>) -> Result<Option<String>, SqlError> {
    let Some(on) = on else { return Ok(None) };
    let kind = match on {
        "SYSTEM" => "system",
        "TABLES" | "TABLE" => "table",
        "TYPES" | "TYPE" => "type",
        "SECRETS" | "SECRET" => "secret",
        "CONNECTIONS" | "CONNECTION" => "connection",
        "SCHEMAS" | "SCHEMA" => "schema",
        "DATABASES" | "DATABASE" => "database",
        "CLUSTERS" | "CLUSTER" => "cluster",
        other => return Err(SqlError::unsupported(format!("SHOW PRIVILEGES ON {other}"))),
    };
    Ok(Some(equals("object_type", kind)))
}

/// `FOR r`: what the role has, itself, through memberships, and with everybody.
fn held_by(
    catalog: &Catalog,
    column: &str,
    role: Option<&RawIdent>,
    public: bool,
) -> Result<Option<String>, SqlError> {
    let Some(role) = role else { return Ok(None) };
    let roles = privileges::with_memberships(catalog, resolve::role(catalog, role)?);
    let names = roles.iter().filter_map(|id| catalog.roles.get(id)).map(|role| literal(role.name.as_str()));
    let everybody = public.then(|| literal(privileges::PUBLIC));
    Ok(Some(format!("{column} IN ({})", names.chain(everybody).collect::<Vec<_>>().join(", "))))
}

fn columns(catalog: &Catalog, scope: &Scope, relation: &RawName) -> Result<Listing, SqlError> {
    let id = match resolve::relation(catalog, scope, relation)? {
        Relation::System(relation) => format!("s{}", relation.id),
        Relation::User(id) => {
            let item = catalog.items.get(&id);
            if let Some(item) = item.filter(|item| !item.is_relation()) {
                return Err(SqlError::internal(format!(
                    "{} is a {} and so does not have columns",
                    item.name.as_str(),
                    item.kind().sql().to_lowercase()
                )));
            }
            if item.is_some_and(|item| item.columns.is_none()) {
                return Err(SqlError::unsupported(format!("telling the columns of {}", display(relation))));
            }
            id.to_string()
        }
    };
    let listing = Listing {
        order: &["position"],
        ..Listing::new("mz_internal.mz_show_columns", &["name", "nullable", "type", "comment"])
    };
    Ok(listing.narrowed(equals("id", &id)))
}

fn display(name: &RawName) -> String {
    name.parts.iter().map(ToString::to_string).collect::<Vec<_>>().join(".")
}

fn indexes(
    catalog: &Catalog,
    scope: &Scope,
    on: Option<&RawName>,
    from: Option<&RawName>,
    cluster: Option<&RawIdent>,
) -> Result<Listing, SqlError> {
    let listing = Listing {
        // Keys have no order; names tell indexes apart.
        order: &["name", "on", "cluster"],
        ..Listing::new("mz_internal.mz_show_indexes", &["name", "on", "cluster", "key", "comment"])
    };
    let listing = listing.narrowed(in_cluster(catalog, cluster)?);
    match on {
        Some(relation) => {
            let id = match resolve::relation(catalog, scope, relation)? {
                Relation::System(relation) => format!("s{}", relation.id),
                Relation::User(id) => id.to_string(),
            };
            Ok(listing.narrowed(equals("on_id", &id)))
        }
        None if from.is_none() && cluster.is_some() => Ok(listing),
        None => Ok(listing.narrowed(equals("schema_id", &schema_of(catalog, scope, from)?))),
    }
}
