//! Replacement materialized views: what fits a target, and `APPLY REPLACEMENT`.
//!
//! Source: `design/materialize.md` 1.7, recorded in `full/19_replacements.slt`.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::error::SqlError;
use super::super::error::code;
use super::super::model::Commented;
use super::super::model::column::Column;
use super::super::model::column::Type;
use super::super::model::id::ItemId;
use super::super::model::item::Item;
use super::super::model::item::ItemData;
use super::super::resolve;
use super::keys;
use super::names;
use super::object;
use super::object::Act;
use super::object::Found;
use super::query;
use super::query::Planned;
use super::rbac;
use super::rbac::Thing;
use super::work::Change;
use super::work::Outcome;
use super::work::Work;
use super::work::link;
use super::work::unlink;
use crate::name::ObjectKind;
use crate::sql::ast::alter::AlterApplyReplacement;
use crate::sql::ast::create::CreateMaterializedView;
use crate::sql::stored;
use crate::sql::stored::Kind;

/// What a `CREATE REPLACEMENT` replaces, if it is one.
///
/// # Errors
/// Targets that are no materialized views or have a replacement already.
pub(super) fn target(work: &Work<'_>, create: &CreateMaterializedView) -> Result<Option<ItemId>, SqlError> {
    let Some(name) = &create.replaces else { return Ok(None) };
    let id = match object::find(work, ObjectKind::MaterializedView, name)? {
        Some(Found::User(id)) => id,
        Some(Found::System(relation)) => return Err(object::system_item(relation)),
        None => return Err(resolve::unknown_item(name)),
    };
    let item = work.item(id)?;
    let own = create.name.parts.last().map(|part| part.as_str()).unwrap_or_default();
    let shown = resolve::short_name(work.catalog(), work.scope, item);
    if !matches!(item.data, ItemData::MaterializedView { replaces: None, .. }) {
        let kind = item.kind();
        return Err(SqlError::internal(format!(
            "cannot replace {kind} {shown} with materialized view {own}"
        )));
    }
    if let Some(other) = replacement_of(work, id) {
        let other = resolve::short_name(work.catalog(), work.scope, &other);
        return Err(SqlError::internal(format!(
            "cannot replace {shown} because it already has a replacement: {other}"
        )));
    }
    Ok(Some(id))
}

/// The replacement that a materialized view has.
fn replacement_of(work: &Work<'_>, id: ItemId) -> Option<Arc<Item>> {
    let catalog = work.catalog();
    let users = catalog.used_by.get(&id)?;
    users.iter().filter_map(|user| catalog.items.get(user)).find(|user| replaces(user, id)).cloned()
}

fn replaces(item: &Item, target: ItemId) -> bool {
    matches!(&item.data, ItemData::MaterializedView { replaces: Some(own), .. } if *own == target)
}

/// Refuses a replacement that reads its target or has another shape.
///
/// # Errors
/// `0A000` with every difference.
pub(super) fn fits(work: &Work<'_>, target: ItemId, planned: &Planned) -> Result<(), SqlError> {
    let item = work.item(target)?;
    if query::reads(work, &planned.uses, target) {
        let name = resolve::short_name(work.catalog(), work.scope, item);
        return Err(SqlError::internal(format!("replacement would cause {name} to depend on itself")));
    }
    let (Some(old), Some(new)) = (&item.columns, &planned.columns) else { return Ok(()) };
    let mut differences = differences(old, new);
    if differences.is_empty()
        && let ItemData::MaterializedView { query, .. } = &item.data
    {
        let (before, after) = (keys::of(query, old), keys::of(&planned.text, new));
        if before != after {
            let show = |keys: &[String]| match keys {
                [] => "(none)".to_owned(),
                keys => format!("{{{}}}", keys.join(", ")),
            };
            differences.push(format!(
                "keys differ (target: {}, replacement: {})",
                show(&before),
                show(&after)
            ));
        }
    }
    if differences.is_empty() {
        return Ok(());
    }
    Err(SqlError::new(code::UNSUPPORTED, "replacement schema differs from target schema")
        .detail(differences.join("\n")))
}

fn differences(old: &[Column], new: &[Column]) -> Vec<String> {
    let mut found = Vec::new();
    for (number, pair) in old.iter().zip(new).enumerate() {
        let (old, new) = pair;
        let at = number + 1;
        let name = old.name.as_str();
        if old.name != new.name {
            let other = new.name.as_str();
            found.push(format!(
                "column at position {at}: name mismatch (target: \"{name}\", replacement: \"{other}\")"
            ));
            continue;
        }
        if old.kind != new.kind {
            let (old, new) = (scalar(&old.kind), scalar(&new.kind));
            found.push(format!(
                "column \"{name}\" at position {at}: type mismatch (target: {old}, replacement: {new})"
            ));
        }
        if old.nullable != new.nullable {
            let show = |nullable| if nullable { "NULL" } else { "NOT NULL" };
            let (old, new) = (show(old.nullable), show(new.nullable));
            found.push(format!(
                "column \"{name}\" at position {at}: nullability mismatch (target: {old}, replacement: {new})"
            ));
        }
    }
    for (number, column) in old.iter().enumerate().skip(new.len()) {
        found.push(format!("missing column \"{}\" at position {}", column.name.as_str(), number + 1));
    }
    for (number, column) in new.iter().enumerate().skip(old.len()) {
        found.push(format!("extra column \"{}\" at position {}", column.name.as_str(), number + 1));
    }
    found
}

/// The server's own name of a type, as it stands in this one message.
fn scalar(kind: &Type) -> String {
    let name = match kind {
        Type::Bool => "Bool",
        Type::Int2 => "Int16",
        Type::Int4 => "Int32",
        Type::Int8 => "Int64",
        Type::UInt2 => "UInt16",
        Type::UInt4 => "UInt32",
        Type::UInt8 => "UInt64",
        Type::Float4 => "Float32",
        Type::Float8 => "Float64",
        Type::Numeric(_) => "Numeric",
        Type::Text => "String",
        Type::Varchar(_) => "VarChar",
        Type::Char(_) => "Char",
        Type::PgChar => "PgLegacyChar",
        Type::Name => "PgLegacyName",
        Type::Bytea => "Bytes",
        Type::Date => "Date",
        Type::Time => "Time",
        Type::Timestamp(_) => "Timestamp",
        Type::Timestamptz(_) => "TimestampTz",
        Type::Interval => "Interval",
        Type::Uuid => "Uuid",
        Type::Jsonb => "Jsonb",
        Type::Oid => "Oid",
        Type::Reg(_) => "RegClass",
        Type::MzTimestamp => "MzTimestamp",
        Type::MzAclItem => "MzAclItem",
        Type::Array(element) => return format!("Array({})", scalar(element)),
        Type::List(element) => return format!("List({})", scalar(element)),
        Type::Map(value) => return format!("Map({})", scalar(value)),
        Type::Record(_) => "Record",
        Type::User(_) => "Custom",
        Type::Unknown => "String",
    };
    name.to_owned()
}

/// `ALTER MATERIALIZED VIEW … APPLY REPLACEMENT`
pub(super) fn apply(work: &mut Work<'_>, alter: &AlterApplyReplacement) -> Outcome {
    let kind = ObjectKind::MaterializedView;
    let target = match object::find_or_skip(work, kind, &alter.name, alter.if_exists)? {
        Some(Found::User(id)) => id,
        Some(Found::System(relation)) => return Err(object::system_item(relation)),
        None => return Ok(Change::None),
    };
    let replacement = match object::find(work, kind, &alter.replacement)? {
        Some(Found::User(id)) => id,
        Some(Found::System(relation)) => return Err(object::system_item(relation)),
        None => return Err(resolve::unknown_item(&alter.replacement)),
    };
    object::expect_kind(work, target, kind, Act::Alter)?;
    if !replaces(work.item(replacement)?.as_ref(), target) {
        let show = |id| -> Result<(String, ObjectKind), SqlError> {
            let item = work.item(id)?;
            Ok((resolve::short_name(work.catalog(), work.scope, item), item.kind()))
        };
        let ((old, kind), (new, new_kind)) = (show(target)?, show(replacement)?);
        return Err(SqlError::internal(format!("cannot replace {kind} {old} with {new_kind} {new}")));
    }
    rbac::must_own(work.catalog(), work.scope, &[Thing::Item(target), Thing::Item(replacement)])?;
    take_place(work, target, replacement)?;
    Ok(Change::Made)
}

/// The replacement becomes the target: its id and text stay, everything else is the target's.
fn take_place(work: &mut Work<'_>, target: ItemId, replacement: ItemId) -> Result<(), SqlError> {
    let old = Arc::clone(work.item(target)?);
    let mut new = Item::clone(work.item(replacement)?);
    let full = resolve::full_parts(work.catalog(), &old);
    let catalog = &mut work.state.catalog;
    catalog.names.remove(&(new.schema, new.name.clone()));
    unlink(catalog, replacement, &new.uses);
    unlink(catalog, target, &old.uses);
    new.uses.remove(&target);
    link(catalog, replacement, &new.uses);
    new.name = old.name.clone();
    new.schema = old.schema;
    new.owner = old.owner;
    new.acl = old.acl.clone();
    new.create_sql = without_target(&new.create_sql, &stored::dotted(&full));
    if let ItemData::MaterializedView { replaces, .. } = &mut new.data {
        *replaces = None;
    }
    catalog.names.insert((new.schema, new.name.clone()), replacement);
    catalog.items.remove(&target);
    catalog.items.insert(replacement, Arc::new(new));
    let dropped: Vec<_> =
        catalog.comments.keys().filter(|(on, _)| *on == Commented::Item(target)).copied().collect();
    for key in dropped {
        catalog.comments.remove(&key);
    }
    let dependents: Vec<ItemId> = catalog.used_by.remove(&target).into_iter().flatten().collect();
    for dependent in dependents {
        redirect(work, dependent, target, replacement)?;
    }
    let item = Arc::clone(work.item(replacement)?);
    let details = object::audit_details(work.catalog(), &item);
    work.audit("alter", ObjectKind::MaterializedView.catalog(), details);
    Ok(())
}

/// Takes `REPLACEMENT` and `FOR [u1 AS …]` out of a stored statement and gives it a name.
fn without_target(sql: &str, name: &str) -> String {
    let mut edits = Vec::new();
    let pieces = stored::lex(sql);
    for (number, piece) in pieces.iter().enumerate() {
        let next = pieces.get(number + 1);
        if piece.is(sql, "REPLACEMENT") && number == 1 {
            edits.push((piece.at.start..next.map_or(piece.at.end, |next| next.at.start), String::new()));
        } else if matches!(piece.kind, Kind::Chain(_)) && !edits.iter().any(|(_, text)| text == name) {
            edits.push((piece.at.clone(), name.to_owned()));
        } else if piece.is(sql, "FOR")
            && let Some(next) = next
            && matches!(next.kind, Kind::Reference(..))
        {
            // With the blank before it.
            edits.push((piece.at.start.saturating_sub(1)..next.at.end, String::new()));
            break;
        } else if piece.is(sql, "AS") {
            break;
        }
    }
    stored::splice(sql, &edits)
}

/// Lets a dependent use another object in the place of one.
fn redirect(work: &mut Work<'_>, dependent: ItemId, from: ItemId, to: ItemId) -> Result<(), SqlError> {
    let parts = resolve::full_parts(work.catalog(), work.item(to)?);
    let new = names::reference(to, &parts);
    let exchange = |text: &str| {
        let edits: Vec<_> = stored::lex(text)
            .into_iter()
            .filter(|piece| matches!(&piece.kind, Kind::Reference(id, _) if ItemId::parse(id) == Some(from)))
            .map(|piece| (piece.at, new.clone()))
            .collect();
        stored::splice(text, &edits)
    };
    let item = work.item_mut(dependent)?;
    item.create_sql = exchange(&item.create_sql);
    item.uses.remove(&from);
    item.uses.insert(to);
    match &mut item.data {
        ItemData::View { query } | ItemData::MaterializedView { query, .. } => *query = exchange(query),
        ItemData::Index { on, .. } if *on == from => *on = to,
        ItemData::Sink { from: read, .. } if *read == from => *read = to,
        ItemData::Index { .. }
        | ItemData::Sink { .. }
        | ItemData::Table { .. }
        | ItemData::Source(_)
        | ItemData::Connection { .. }
        | ItemData::Secret
        | ItemData::Type { .. } => {}
    }
    link(&mut work.state.catalog, dependent, &BTreeSet::from([to]));
    Ok(())
}
