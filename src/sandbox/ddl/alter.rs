//! What `ALTER` changes in place: sinks, secrets, connections, the system's variables.

use std::collections::BTreeSet;

use serde_json::json;

use super::super::error::SqlError;
use super::super::model::access::Privilege;
use super::super::model::id::ItemId;
use super::super::model::item::ItemData;
use super::super::resolve;
use super::super::settings;
use super::names;
use super::object;
use super::object::Act;
use super::object::Found;
use super::plain;
use super::rbac;
use super::rbac::Thing;
use super::work::Change;
use super::work::Outcome;
use super::work::Work;
use super::work::link;
use super::work::unlink;
use crate::name::ObjectKind;
use crate::sql::ast::RawName;
use crate::sql::ast::alter::AlterConnection;
use crate::sql::ast::alter::AlterSecret;
use crate::sql::ast::alter::AlterSinkFrom;
use crate::sql::ast::run::SetVariable;
use crate::sql::stored;
use crate::sql::stored::Kind;

/// An object of a user that a statement alters; `None` where it is missing and may be.
fn own(
    work: &mut Work<'_>,
    kind: ObjectKind,
    name: &RawName,
    if_exists: bool,
) -> Result<Option<ItemId>, SqlError> {
    match object::find_or_skip(work, kind, name, if_exists)? {
        Some(Found::User(id)) => {
            object::expect_kind(work, id, kind, Act::Alter)?;
            rbac::must_own(work.catalog(), work.scope, &[Thing::Item(id)])?;
            Ok(Some(id))
        }
        Some(Found::System(relation)) => Err(object::system_item(relation)),
        None => Ok(None),
    }
}

/// `ALTER SINK … SET FROM`
pub(super) fn sink_from(work: &mut Work<'_>, alter: &AlterSinkFrom) -> Outcome {
    let Some(id) = own(work, ObjectKind::Sink, &alter.name, alter.if_exists)? else {
        return Ok(Change::None);
    };
    let relation = resolve::relation(work.catalog(), work.scope, &alter.from)?;
    let to = plain::sink_input(work, relation)?;
    let input = work.item(to)?;
    let (schema, parts) = (input.schema, resolve::full_parts(work.catalog(), input));
    if let Some(cluster) = work.item(id)?.cluster() {
        rbac::needs(work.catalog(), work.scope, Privilege::Create, Thing::Cluster(cluster))?;
    }
    rbac::needs(work.catalog(), work.scope, Privilege::Usage, Thing::Schema(schema))?;
    rbac::needs(work.catalog(), work.scope, Privilege::Select, Thing::Item(to))?;
    let new = names::reference(to, &parts);
    let item = work.item_mut(id)?;
    let ItemData::Sink { from, .. } = &mut item.data else { return Ok(Change::None) };
    let old = std::mem::replace(from, to);
    let edits: Vec<_> = stored::lex(&item.create_sql)
        .into_iter()
        .filter(|piece| matches!(&piece.kind, Kind::Reference(id, _) if ItemId::parse(id) == Some(old)))
        .map(|piece| (piece.at, new.clone()))
        .take(1)
        .collect();
    item.create_sql = stored::splice(&item.create_sql, &edits);
    item.uses.remove(&old);
    item.uses.insert(to);
    let details = json!({ "id": id.to_string(), "old_from": old.to_string(), "new_from": to.to_string() });
    let catalog = &mut work.state.catalog;
    unlink(catalog, id, &BTreeSet::from([old]));
    link(catalog, id, &BTreeSet::from([to]));
    work.audit("alter", "sink", details);
    Ok(Change::Made)
}

/// `ALTER SECRET … AS`: the value is kept no more than that of `CREATE SECRET`.
pub(super) fn secret(work: &mut Work<'_>, alter: &AlterSecret) -> Outcome {
    let Some(id) = own(work, ObjectKind::Secret, &alter.name, alter.if_exists)? else {
        return Ok(Change::None);
    };
    work.audit("alter", "secret", json!({ "id": id.to_string() }));
    Ok(Change::Made)
}

/// `ALTER CONNECTION …`: what a connection says is nowhere used, so only keys are rotated.
pub(super) fn connection(work: &mut Work<'_>, alter: &AlterConnection) -> Outcome {
    let Some(id) = own(work, ObjectKind::Connection, &alter.name, alter.if_exists)? else {
        return Ok(Change::None);
    };
    if !alter.actions.trim_start().to_uppercase().starts_with("ROTATE") {
        return Err(SqlError::unsupported(format!("ALTER CONNECTION {}", alter.actions)));
    }
    work.audit("alter", "connection", json!({ "id": id.to_string() }));
    Ok(Change::Made)
}

/// `ALTER SYSTEM SET | RESET`
pub(super) fn system(work: &mut Work<'_>, alter: &SetVariable) -> Outcome {
    rbac::must_be_superuser(work.scope, "alter system")?;
    let name = alter.name.ident.as_str().to_lowercase();
    settings::set_system(work.state, &name, alter.values.as_deref(), work.scope.now)?;
    Ok(Change::Made)
}
