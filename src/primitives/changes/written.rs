//! Grants, comments and default privileges as the project's files say them, ready to compare.

use super::super::metadata::Defaults;
use super::super::metadata::Written;
use crate::catalog::Privileges;
use crate::catalog::effect::granted;
use crate::compiler::definition::Modifiers;
use crate::compiler::object::Comment;
use crate::compiler::object::Grant;
use crate::compiler::object::Object;
use crate::name::ObjectName;
use crate::name::RoleName;
use crate::plan::privilege::DefaultPrivilege;
use crate::plan::privilege::DefaultScope;
use crate::plan::privilege::Grantee;
use crate::plan::privilege::Target;

/// What `ALL` means on a thing.
fn all(target: &Target) -> &'static [&'static str] {
    match target {
        Target::Database(_) | Target::Schema(_) | Target::Cluster(_) => &["USAGE", "CREATE"],
        Target::Object(kind, _) => granted(*kind).1,
        Target::NetworkPolicy(_) => &["USAGE"],
        Target::Role(_) | Target::Column(..) => &[],
    }
}

fn grantee(role: Option<&RoleName>) -> Grantee {
    role.cloned().map_or(Grantee::Public, Grantee::Role)
}

/// Adds what is granted on a thing.
pub fn grants(written: &mut Written, target: &Target, grants: &[Grant]) {
    let mut held = Privileges::new();
    for grant in grants {
        let named = grant.privileges.iter().map(String::as_str);
        let named: Vec<&str> = match grant.privileges.as_slice() {
            [one] if one == "ALL" => all(target).to_vec(),
            _ => named.collect(),
        };
        for role in &grant.grantees {
            held.extend(named.iter().map(|privilege| (grantee(role.as_ref()), (*privilege).to_owned())));
        }
    }
    if !held.is_empty() {
        written.grants.entry(target.clone()).or_default().extend(held);
    }
}

/// Adds what is commented on a thing and on its columns; of several comments the last counts.
pub fn comments(written: &mut Written, target: &Target, comments: &[Comment]) {
    for comment in comments {
        let on = match (&comment.column, target) {
            (Some(column), Target::Object(_, name)) => Target::Column(name.clone(), column.clone()),
            _ => target.clone(),
        };
        written.comments.insert(on, comment.text.clone());
    }
}

/// Adds what an object's file says, under a name.
pub fn object(written: &mut Written, object: &Object, name: &ObjectName) {
    let target = Target::Object(object.kind, name.clone());
    grants(written, &target, &object.grants);
    comments(written, &target, &object.comments);
}

/// Adds what a modifier file says of a schema or database, under a name; `me` is whom default
/// privileges without a role are for.
pub fn modifiers(written: &mut Written, modifiers: &Modifiers, target: &Target, me: &RoleName) {
    grants(written, target, &modifiers.grants);
    comments(written, target, &modifiers.comments);
    let defaults = defaults(modifiers, target, me);
    if defaults != Defaults::default() {
        written.defaults.insert(target.clone(), defaults);
    }
}

/// What `ALL` means on things that will be made.
fn all_on(plural: &str) -> &'static [&'static str] {
    match plural {
        "TABLES" => &["INSERT", "SELECT", "UPDATE", "DELETE"],
        "DATABASES" | "SCHEMAS" | "CLUSTERS" => &["USAGE", "CREATE"],
        _ => &["USAGE"],
    }
}

/// What a modifier file says of things that will be made at a place; of two statements about the same the
/// later one counts.
fn defaults(modifiers: &Modifiers, target: &Target, me: &RoleName) -> Defaults {
    let mut found = Defaults::default();
    let scope = match target {
        Target::Database(name) => DefaultScope::Database(name.clone()),
        Target::Schema(name) => DefaultScope::Schema(name.clone()),
        Target::Cluster(_)
        | Target::Role(_)
        | Target::NetworkPolicy(_)
        | Target::Object(..)
        | Target::Column(..) => return found,
    };
    for default in &modifiers.default_privileges {
        let roles: Vec<Option<RoleName>> = match (default.all_roles, default.roles.as_slice()) {
            (true, _) => vec![None],
            (false, []) => vec![Some(me.clone())],
            (false, roles) => roles.iter().cloned().map(Some).collect(),
        };
        let named: Vec<&str> = match default.privileges.as_slice() {
            [one] if one == "ALL" => all_on(&default.on).to_vec(),
            several => several.iter().map(String::as_str).collect(),
        };
        for (role, privilege) in roles.iter().flat_map(|role| named.iter().map(move |one| (role, *one))) {
            for to in &default.grantees {
                let one = DefaultPrivilege {
                    role: role.clone(),
                    scope: scope.clone(),
                    on: default.on.clone(),
                    privilege: privilege.to_owned(),
                    grantee: grantee(to.as_ref()),
                };
                let (into, out_of) = match default.grant {
                    true => (&mut found.granted, &mut found.revoked),
                    false => (&mut found.revoked, &mut found.granted),
                };
                out_of.remove(&one);
                into.insert(one);
            }
        }
    }
    found
}
