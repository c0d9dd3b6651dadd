//! Who may read and write rows.
//!
//! A reader needs USAGE on schemas, SELECT on relations and USAGE on the cluster; what lies below a
//! view is checked against the view's owner. Source: `design/materialize.md` 5.1, recorded in
//! `rbac/privileges.json`.

use std::collections::BTreeSet;

use super::reach::Reach;
use crate::sandbox::ddl::rbac;
use crate::sandbox::ddl::rbac::Thing;
use crate::sandbox::error::SqlError;
use crate::sandbox::model::Catalog;
use crate::sandbox::model::access::Privilege;
use crate::sandbox::model::id::ClusterId;
use crate::sandbox::model::id::ItemId;
use crate::sandbox::model::id::RoleId;
use crate::sandbox::model::item::ItemData;
use crate::sandbox::resolve;
use crate::sandbox::resolve::Relation;
use crate::sandbox::scope::Scope;
use crate::sql::ast::RawName;

/// Checks what a query reads.
///
/// # Errors
/// `42501`
pub(super) fn read(catalog: &Catalog, scope: &Scope, reach: &Reach) -> Result<(), SqlError> {
    if !scope.checked {
        return Ok(());
    }
    let mut seen = BTreeSet::new();
    let mut layers = vec![(scope.role, reach.user().clone())];
    while let Some((role, items)) = layers.pop() {
        let fresh: Vec<ItemId> = items.into_iter().filter(|id| seen.insert((role, *id))).collect();
        let found = fresh.iter().filter_map(|id| catalog.items.get(id));
        let found: Vec<_> = found.filter(|item| item.is_relation()).collect();
        for item in &found {
            rbac::needs_as(catalog, scope, role, Privilege::Usage, Thing::Schema(item.schema))?;
        }
        for item in &found {
            rbac::needs_as(catalog, scope, role, Privilege::Select, Thing::Item(item.id))?;
        }
        for item in found.iter().rev() {
            if matches!(item.data, ItemData::View { .. } | ItemData::MaterializedView { .. })
                && !is_superuser(catalog, item.owner)
            {
                layers.push((item.owner, item.uses.clone()));
            }
        }
    }
    Ok(())
}

fn is_superuser(catalog: &Catalog, role: RoleId) -> bool {
    !role.is_user() || catalog.roles.get(&role).is_some_and(|role| role.superuser == Some(true))
}

/// Checks the cluster that a query runs on.
///
/// # Errors
/// `42501`
pub(super) fn cluster(catalog: &Catalog, scope: &Scope, cluster: ClusterId) -> Result<(), SqlError> {
    rbac::needs(catalog, scope, Privilege::Usage, Thing::Cluster(cluster))
}

/// Checks what a statement does to a table.
///
/// # Errors
/// `42501`
pub(super) fn write(
    catalog: &Catalog,
    scope: &Scope,
    table: &RawName,
    privileges: &[Privilege],
) -> Result<(), SqlError> {
    if !scope.checked {
        return Ok(());
    }
    let Relation::User(id) = resolve::relation(catalog, scope, table)? else { return Ok(()) };
    let Some(item) = catalog.items.get(&id) else { return Ok(()) };
    rbac::needs(catalog, scope, Privilege::Usage, Thing::Schema(item.schema))?;
    for privilege in privileges {
        rbac::needs(catalog, scope, *privilege, Thing::Item(id))?;
    }
    Ok(())
}
