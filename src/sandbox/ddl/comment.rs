//! `COMMENT ON …`

use serde_json::json;

use super::super::error::SqlError;
use super::super::model::Commented;
use super::super::model::access::Privilege;
use super::super::model::id::ItemId;
use super::super::resolve;
use super::super::resolve::Place;
use super::super::resolve::Relation;
use super::container;
use super::object;
use super::object::Found;
use super::rbac;
use super::rbac::Thing;
use super::rename;
use super::work::Change;
use super::work::Outcome;
use super::work::Work;
use crate::name::Ident;
use crate::name::ObjectKind;
use crate::sql::ast::Noun;
use crate::sql::ast::RawName;
use crate::sql::ast::alter::Comment;
use crate::sql::ast::alter::CommentTarget;

/// How long a comment may be, in bytes.
const MAX_BYTES: usize = 1024;

/// `COMMENT ON … IS …`
pub(super) fn comment(work: &mut Work<'_>, comment: &Comment) -> Outcome {
    let (on, column, owned, kind) = match &comment.on {
        CommentTarget::Named(noun, name) => {
            let (on, owned, kind) = named(work, *noun, name)?;
            (on, None, owned, kind)
        }
        CommentTarget::Column(relation, column) => {
            let (id, position) = self::column(work, relation, &column.ident)?;
            let kind = work.item(id)?.kind().catalog();
            (Commented::Item(id), Some(position), Some(Thing::Item(id)), kind)
        }
    };
    if let Some(text) = comment.text.as_ref().filter(|text| text.len() > MAX_BYTES) {
        let length = text.len();
        return Err(SqlError::internal(format!(
            "provided comment was {length} bytes long, max size is {MAX_BYTES} bytes"
        )));
    }
    match owned {
        Some(thing) => rbac::must_own(work.catalog(), work.scope, &[thing])?,
        None => rbac::needs(work.catalog(), work.scope, Privilege::CreateRole, Thing::System)?,
    }
    let comments = &mut work.state.catalog.comments;
    match &comment.text {
        Some(text) => comments.insert((on, column), text.clone()),
        None => comments.remove(&(on, column)),
    };
    work.audit("comment", kind, json!({ "id": id_text(on), "name": comment.text.is_some() }));
    Ok(Change::Made)
}

fn id_text(on: Commented) -> String {
    match on {
        Commented::Database(id) => id.to_string(),
        Commented::Schema(id) => id.to_string(),
        Commented::Item(id) => id.to_string(),
        Commented::Cluster(id) => id.to_string(),
        Commented::Replica(id) => id.to_string(),
        Commented::Role(id) => id.to_string(),
        Commented::Policy(id) => id.to_string(),
    }
}

/// What is commented on, whose it has to be, and its kind. Roles belong to nobody.
fn named(
    work: &Work<'_>,
    noun: Noun,
    name: &RawName,
) -> Result<(Commented, Option<Thing>, &'static str), SqlError> {
    let catalog = work.catalog();
    let first = || name.parts.first().ok_or_else(|| resolve::unknown_item(name));
    Ok(match noun {
        Noun::Object(kind) => {
            let id = object_of_kind(work, kind, name)?;
            (Commented::Item(id), Some(Thing::Item(id)), kind.catalog())
        }
        Noun::Schema => match resolve::any_schema(catalog, work.scope, name)? {
            Place::User(id) => (Commented::Schema(id), Some(Thing::Schema(id)), "schema"),
            Place::System(own) => {
                return Err(SqlError::internal(format!("system schema '{own}' cannot be modified")));
            }
        },
        Noun::Database => {
            let id = resolve::database(catalog, name)?;
            (Commented::Database(id), Some(Thing::Database(id)), "database")
        }
        Noun::Cluster => {
            let own = first()?;
            let id = catalog.cluster_named(own).ok_or_else(|| resolve::unknown_cluster(own))?;
            (Commented::Cluster(id), Some(Thing::Cluster(id)), "cluster")
        }
        Noun::ClusterReplica => {
            let found = rename::replica(work, name)?;
            let (cluster, id) = found.ok_or_else(|| rename::no_replica(work, name))?;
            (Commented::Replica(id), Some(Thing::Replica(cluster, id)), "cluster-replica")
        }
        Noun::Role => {
            let own = first()?;
            let id = catalog
                .role_named(own)
                .ok_or_else(|| SqlError::internal(format!("unknown role '{}'", own.as_str())))?;
            (Commented::Role(id), None, "role")
        }
        Noun::NetworkPolicy => {
            let id = container::policy(work, first()?)?;
            (Commented::Policy(id), Some(Thing::Policy(id)), "network-policy")
        }
    })
}

fn object_of_kind(work: &Work<'_>, kind: ObjectKind, name: &RawName) -> Result<ItemId, SqlError> {
    let mismatch = |actual: &str, own: &str| {
        let expected = kind.sql();
        Err(SqlError::internal(format!("{actual} {own} is not {} {expected}", resolve::article(expected))))
    };
    match object::find(work, kind, name)? {
        Some(Found::User(id)) => {
            let item = work.item(id)?;
            if item.kind() == kind { Ok(id) } else { mismatch(item.kind().sql(), item.name.as_str()) }
        }
        Some(Found::System(relation)) => {
            let actual = relation.kind.to_uppercase().replace('-', " ");
            if actual == kind.sql() {
                return Err(object::system_item(relation));
            }
            mismatch(&actual, relation.name)
        }
        None => Err(resolve::unknown_item(name)),
    }
}

/// A column of a relation, with its position from 1.
fn column(work: &Work<'_>, relation: &RawName, column: &Ident) -> Result<(ItemId, i32), SqlError> {
    let id = match resolve::item(work.catalog(), work.scope, relation)? {
        Some(Relation::User(id)) => id,
        Some(Relation::System(relation)) => return Err(object::system_item(relation)),
        None => return Err(resolve::unknown_item(relation)),
    };
    let item = work.item(id)?;
    let columns = item.columns.as_deref().map(Vec::as_slice).unwrap_or_default();
    if item.columns.is_none() {
        return Err(SqlError::unsupported(format!(
            "comments on columns of {}, which it cannot tell",
            resolve::full_name(work.catalog(), item)
        )));
    }
    let found = columns.iter().zip(1_i32..).find(|(own, _)| own.name == *column);
    found.map(|(_, position)| (id, position)).ok_or_else(|| {
        let relation = item.name.as_str();
        SqlError::internal(format!("column \"{relation}.{}\" does not exist", column.as_str()))
    })
}
