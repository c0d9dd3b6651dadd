//! `SHOW CREATE`: the stored statement for people, without ids.
//!
//! Source: recorded in `full/31_create_sql.slt` and `full/20_clusters.slt`.

use super::super::error::SqlError;
use super::super::model::Catalog;
use super::super::model::access::Privilege;
use super::super::model::cluster::Cluster;
use super::super::model::id::ClusterId;
use super::super::model::id::ItemId;
use super::super::model::item::Item;
use super::super::resolve;
use super::super::resolve::Relation;
use super::super::scope::Scope;
use super::super::system::redact;
use super::duration;
use super::pretty;
use super::pretty::Token;
use super::rbac;
use super::rbac::Thing;
use crate::name::Ident;
use crate::name::ObjectKind;
use crate::name::literal;
use crate::sql::ast::Noun;
use crate::sql::ast::RawName;
use crate::sql::stored;
use crate::sql::stored::Kind;

/// The full name and the statement of a thing.
///
/// # Errors
/// Unknown names, other kinds, missing privileges, what is not modelled.
pub(crate) fn text(
    catalog: &Catalog,
    scope: &Scope,
    noun: Noun,
    name: &RawName,
    redacted: bool,
) -> Result<(String, String), SqlError> {
    match noun {
        Noun::Object(kind) => object(catalog, scope, kind, name, redacted),
        Noun::Cluster => {
            let own = name.parts.first().ok_or_else(|| resolve::unknown_item(name))?;
            let id = catalog.cluster_named(own).ok_or_else(|| resolve::unknown_cluster(own))?;
            let cluster = catalog.clusters.get(&id).ok_or_else(|| resolve::unknown_cluster(own))?;
            Ok((own.as_str().to_owned(), self::cluster(cluster)?))
        }
        Noun::Database | Noun::Schema | Noun::ClusterReplica | Noun::Role | Noun::NetworkPolicy => {
            Err(SqlError::unsupported(format!("SHOW CREATE {}", super::noun(noun))))
        }
    }
}

fn object(
    catalog: &Catalog,
    scope: &Scope,
    kind: ObjectKind,
    name: &RawName,
    redacted: bool,
) -> Result<(String, String), SqlError> {
    let found = if kind == ObjectKind::Type {
        resolve::item_type(catalog, scope, name)?.map(Relation::User)
    } else {
        resolve::item(catalog, scope, name)?
    };
    let item = match found {
        Some(Relation::User(id)) => catalog.items.get(&id),
        Some(Relation::System(relation)) => {
            return Err(SqlError::unsupported(format!(
                "SHOW CREATE of the system's {}.{}",
                relation.schema, relation.name
            )));
        }
        None => None,
    };
    let item = item.ok_or_else(|| resolve::unknown_item(name))?;
    let full = resolve::full_name(catalog, item);
    if item.kind() != kind {
        let error =
            SqlError::internal(format!("{full} is not {} {kind}", resolve::article(&kind.to_string())));
        let materialized = (item.kind(), kind) == (ObjectKind::MaterializedView, ObjectKind::View);
        return Err(if materialized {
            error.hint("Use SHOW CREATE MATERIALIZED VIEW to show a materialized view.")
        } else {
            error
        });
    }
    if kind == ObjectKind::Secret {
        return Err(SqlError::unsupported("SHOW CREATE SECRET"));
    }
    rbac::needs(catalog, scope, Privilege::Usage, Thing::Schema(item.schema))?;
    let sql = if redacted { redact::redact(statement(item)) } else { statement(item).to_owned() };
    Ok((full, format!("{};", pretty::statement(&tokens(catalog, &sql)))))
}

/// The stored statement without a time at its end.
fn statement(item: &Item) -> &str {
    match item.create_sql.rsplit_once(" AS OF ") {
        Some((before, time))
            if item.kind() == ObjectKind::MaterializedView
                && time.bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            before
        }
        _ => &item.create_sql,
    }
}

/// Tokens as people read them: names without ids and mostly without quotes.
fn tokens(catalog: &Catalog, sql: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut end = 0;
    for piece in stored::lex(sql) {
        let text = match &piece.kind {
            Kind::Chain(parts) => plain(parts),
            Kind::Reference(id, parts) if ItemId::parse(id).is_some_and(|id| is_type(catalog, id)) => {
                format!("[{id} AS {}]", plain(parts))
            }
            Kind::Reference(_, parts) => plain(parts),
            Kind::Cluster(id) => match ClusterId::parse(id).and_then(|id| catalog.clusters.get(&id)) {
                Some(cluster) => cluster.name.to_string(),
                None => format!("[{id}]"),
            },
            Kind::Star | Kind::Word | Kind::Text | Kind::Open | Kind::Close | Kind::Comma | Kind::Mark => {
                piece.text(sql).to_owned()
            }
        };
        tokens.push(Token { text, word: piece.kind == Kind::Word, spaced: piece.at.start > end });
        end = piece.at.end;
    }
    tokens
}

fn plain(parts: &[Ident]) -> String {
    parts.iter().map(Ident::to_string).collect::<Vec<_>>().join(".")
}

/// Types of users keep their ids in what is printed.
fn is_type(catalog: &Catalog, id: ItemId) -> bool {
    catalog.items.get(&id).is_some_and(|item| item.kind() == ObjectKind::Type)
}

/// All of a managed cluster's options.
fn cluster(cluster: &Cluster) -> Result<String, SqlError> {
    let Some(managed) = &cluster.managed else {
        return Err(SqlError::internal("SHOW CREATE for unmanaged clusters not yet supported"));
    };
    let mut options = Vec::new();
    if !managed.availability_zones.is_empty() {
        let zones: Vec<String> = managed.availability_zones.iter().map(|zone| literal(zone)).collect();
        options.push(format!("AVAILABILITY ZONES = ({})", zones.join(", ")));
    }
    // A newer server prints it of every cluster; the recorded one does not know it.
    if managed.compression {
        options.push("EXPERIMENTAL ARRANGEMENT COMPRESSION = true".to_owned());
    }
    options.push(format!("INTROSPECTION DEBUGGING = {}", managed.introspection_debugging));
    options.push(match managed.introspection_interval_ms {
        Some(ms) => format!("INTROSPECTION INTERVAL = INTERVAL '{}'", duration::show(ms)),
        None => "INTROSPECTION INTERVAL = NULL".to_owned(),
    });
    options.push("MANAGED = true".to_owned());
    if managed.on_refresh_ms.is_none() {
        options.push(format!("REPLICATION FACTOR = {}", managed.replication_factor));
    }
    options.push(format!("SIZE = {}", literal(&managed.size)));
    options.push(match managed.on_refresh_ms {
        None => "SCHEDULE = MANUAL".to_owned(),
        Some(ms) => {
            let estimate = duration::show(ms);
            format!("SCHEDULE = ON REFRESH (HYDRATION TIME ESTIMATE = '{estimate}')")
        }
    });
    if let Some(policy) = &managed.on_hydration {
        let linger = policy.linger_ms.map(|ms| format!(", LINGER DURATION = '{}'", duration::show(ms)));
        let size = literal(&policy.size);
        let inner = format!("HYDRATION SIZE = {size}{}", linger.unwrap_or_default());
        options.push(format!("AUTO SCALING STRATEGY = (ON HYDRATION ({inner}))"));
    }
    if let Some(class) = &cluster.workload_class {
        options.push(format!("WORKLOAD CLASS {}", literal(class)));
    }
    Ok(format!("CREATE CLUSTER {} ({})", cluster.name.sql(), options.join(", ")))
}
