//! What relations look like in an environment, in the terms of `types.lock`.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::compile::Compiled;
use super::error::Error;
use crate::compiler::contract::Contract;
use crate::compiler::contract::ContractName;
use crate::compiler::contract::KINDS;
use crate::compiler::contract::LockedColumn;
use crate::db::columns::Relation;
use crate::db::columns::relations;
use crate::db::session::Session;
use crate::name::Ident;
use crate::name::ObjectKind;
use crate::name::ObjectName;

/// What a project locks: everything it declares to read, and its tables whose columns only their
/// source tells. Names as they are in the environment, sorted.
pub fn wanted(compiled: &Compiled) -> BTreeSet<ContractName> {
    let project = &compiled.project;
    let declared = project.settings.declared().map(|name| project.suffixed(name));
    let fed = project.objects.iter().filter(|o| o.kind == ObjectKind::Table && o.columns.is_none());
    let system = project.settings.system_dependencies.iter();
    declared
        .chain(fed.map(|object| object.name.clone()))
        .map(ContractName::Object)
        .chain(system.map(|(schema, own)| ContractName::System(schema.clone(), own.clone())))
        .collect()
}

/// Reads what the environment has of some names; what is not there, and what cannot be locked, is
/// left out.
///
/// # Errors
/// `db.*`.
pub async fn read(
    session: &Session,
    names: &[ContractName],
) -> Result<BTreeMap<ContractName, Contract>, Error> {
    let wanted: BTreeSet<&ContractName> = names.iter().collect();
    let own: BTreeSet<&Ident> = names
        .iter()
        .map(|name| match name {
            ContractName::Object(name) => &name.object,
            ContractName::System(_, own) => own,
        })
        .collect();
    let own: Vec<&Ident> = own.into_iter().collect();
    let found = relations(session, &own).await?;
    let found = found.into_iter().filter_map(|relation| contract(&relation));
    Ok(found.filter(|(name, _)| wanted.contains(name)).collect())
}

fn contract(relation: &Relation) -> Option<(ContractName, Contract)> {
    let (schema, own) = (relation.schema.clone(), relation.name.clone());
    let name = match &relation.database {
        Some(database) => ContractName::Object(ObjectName::new(database.clone(), schema, own)),
        None => ContractName::System(schema, own),
    };
    let kind = ObjectKind::from_catalog(&relation.kind).filter(|kind| KINDS.contains(kind))?;
    let columns = relation.columns.iter().map(|column| LockedColumn {
        name: column.name.clone(),
        data_type: column.data_type.clone(),
        nullable: column.nullable,
        comment: column.comment.clone(),
    });
    Some((name, Contract { kind, comment: relation.comment.clone(), columns: columns.collect() }))
}
