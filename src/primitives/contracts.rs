//! What relations look like in an environment, in the terms of `types.lock`.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::code::Code;
use super::compile::Compiled;
use super::error::Error;
use crate::compiler::contract;
use crate::compiler::contract::Contract;
use crate::compiler::contract::ContractName;
use crate::compiler::contract::Contracts;
use crate::compiler::contract::KINDS;
use crate::compiler::contract::LockedColumn;
use crate::db::columns::Relation;
use crate::db::columns::relations;
use crate::db::columns::types_of;
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

/// Reads what the environment has of some names; what is not there is left out.
///
/// # Errors
/// `db.*`.
pub async fn read(
    session: &Session,
    names: &BTreeSet<ContractName>,
) -> Result<BTreeMap<ContractName, Contract>, Error> {
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
    Ok(found.filter(|(name, _)| names.contains(name)).collect())
}

/// What `types.lock` is to hold, read from the environment. Names in it have no suffix, so that it
/// is the same for every profile.
///
/// # Errors
/// `lock.missing` with everything that is not there, `db.*`.
pub async fn lock(session: &Session, compiled: &Compiled) -> Result<Contracts, Error> {
    let wanted = wanted(compiled);
    let mut found = read(session, &wanted).await?;
    for (name, contract) in &mut found {
        complete(session, name, contract).await?;
    }
    let missing: Vec<String> =
        wanted.iter().filter(|name| !found.contains_key(name)).map(ToString::to_string).collect();
    if !missing.is_empty() {
        let message = format!("{} of {} objects to lock are not in the target", missing.len(), wanted.len());
        return Err(Error::new(Code::LockMissing, message).with_lines(missing).effect("nothing was written"));
    }
    let unsuffixed = |name: ContractName| match name {
        ContractName::Object(name) => ContractName::Object(compiled.project.unsuffixed(&name)),
        ContractName::System(..) => name,
    };
    let entries = found.into_iter().map(|(name, contract)| (unsuffixed(name), contract)).collect();
    Ok(Contracts { entries, places: BTreeMap::new() })
}

/// Asks for the types that the catalog does not tell entirely. Where the role may not read the
/// relation, they stay as they are.
async fn complete(session: &Session, name: &ContractName, contract: &mut Contract) -> Result<(), Error> {
    let is_untold = |column: &&mut LockedColumn| contract::FAMILIES.contains(&column.data_type.as_str());
    let untold: Vec<&mut LockedColumn> = contract.columns.iter_mut().filter(is_untold).collect();
    if untold.is_empty() {
        return Ok(());
    }
    let relation = match name {
        ContractName::Object(name) => name.sql(),
        ContractName::System(schema, own) => format!("{}.{}", schema.sql(), own.sql()),
    };
    let names: Vec<&Ident> = untold.iter().map(|column| &column.name).collect();
    let told = match types_of(session, &relation, &names).await {
        Ok(told) => told,
        Err(error) if error.sqlstate().is_some() && !error.outcome_unknown() => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    for (column, data_type) in untold.into_iter().zip(told) {
        column.data_type = data_type;
    }
    Ok(())
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
        data_type: column.made_type.as_ref().map_or_else(|| column.data_type.clone(), ObjectName::sql),
        nullable: column.nullable,
        comment: column.comment.clone(),
    });
    Some((name, Contract { kind, comment: relation.comment.clone(), columns: columns.collect() }))
}
