//! What a role has to be allowed so that it can read green as it reads blue.
//!
//! Pure. Staging copies blue's grants; what is missing here was taken away, or never held. Whatever the
//! role may read in production it has to be able to read beside it, or its first query fails (`42501`).

use std::collections::BTreeSet;

use super::decide::Decided;
use super::decide::Facts;
use crate::catalog::Privileges;
use crate::db::roles::Role;
use crate::deployment::record::SchemaPair;
use crate::name::ClusterName;
use crate::name::Ident;
use crate::name::ObjectKind;
use crate::plan::privilege::Grantee;
use crate::plan::privilege::Target;
use crate::plan::step::Step;
use crate::primitives::code::Code;
use crate::primitives::error::Error;

/// So many statements are told that grant what is missing.
const TOLD: usize = 10;

/// Fails where something is missing, with the statements that grant it.
///
/// # Errors
/// `shift.missing-privilege`.
pub(super) fn check(facts: &Facts<'_>, role: &Role, decided: &Decided) -> Result<(), Error> {
    if !facts.roles.checked || role.superuser {
        return Ok(());
    }
    let missing = missing(facts, role, decided);
    let Some(first) = missing.first() else { return Ok(()) };
    let (name, id) = (&decided.role, &facts.intent.deployment);
    let (privilege, on) = first;
    let more = match missing.len() - 1 {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    let message = format!("role {name} cannot read {id}: it has no {privilege} on {on}{more}");
    let grants = missing.iter().take(TOLD).map(|(privilege, on)| {
        let (on, to) = (vec![on.clone()], vec![Grantee::Role(name.clone())]);
        format!("{};", Step::Grant { privileges: vec![(*privilege).to_owned()], on, to }.sql())
    });
    let left = missing.len().saturating_sub(TOLD);
    let left = (left > 0).then(|| format!("and {left} more like these"));
    Err(Error::new(Code::ShiftMissingPrivilege, message)
        .with_lines(grants)
        .with_lines(left)
        .effect("nothing was changed"))
}

fn missing(facts: &Facts<'_>, role: &Role, decided: &Decided) -> Vec<(&'static str, Target)> {
    let holds = |held: &Privileges, privilege: &str| {
        let by = |grantee: &Grantee| match grantee {
            Grantee::Public => true,
            Grantee::Role(grantee) => role.member_of.contains(grantee),
        };
        held.iter().any(|(grantee, held)| held == privilege && by(grantee))
    };
    let catalog = facts.catalog;
    let uses_blue = |pair: &&SchemaPair| {
        let blue = catalog.schemas.get(&pair.production_name());
        blue.is_none_or(|schema| holds(&schema.privileges, "USAGE"))
    };
    let mut read: Vec<&SchemaPair> = decided.schemas.iter().filter(uses_blue).collect();
    if read.is_empty() {
        // It can read nothing of production either: then all of it is wanted.
        read = decided.schemas.iter().collect();
    }
    let mut found = Vec::new();
    for pair in &read {
        let green = pair.staging_name();
        if catalog.schemas.get(&green).is_some_and(|schema| !holds(&schema.privileges, "USAGE")) {
            found.push(("USAGE", Target::Schema(green)));
        }
    }
    // Also where it stays as it is: without it no query is answered.
    let cluster = Ident::new(&decided.cluster.1).ok().map(ClusterName);
    if let Some(name) = cluster {
        let found_there = catalog.clusters.get(&name);
        if found_there.is_some_and(|cluster| !holds(&cluster.privileges, "USAGE")) {
            found.push(("USAGE", Target::Cluster(name)));
        }
    }
    let relations: BTreeSet<ObjectKind> =
        [ObjectKind::Table, ObjectKind::View, ObjectKind::MaterializedView, ObjectKind::Source].into();
    for pair in &read {
        let (blue, green) = (pair.production_name(), pair.staging_name());
        for object in catalog.objects_in(&green).filter(|object| relations.contains(&object.kind)) {
            let before = catalog.object(&blue.object(object.name.object.clone()));
            let may = before.is_some_and(|before| holds(&before.privileges, "SELECT"));
            if may && !holds(&object.privileges, "SELECT") {
                found.push(("SELECT", Target::Object(object.kind, object.name.clone())));
            }
        }
    }
    found
}
