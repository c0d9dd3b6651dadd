//! What the project itself has granted, commented and set as default: what is recorded of it, and what is
//! taken back when the files no longer say it.
//!
//! Pure. What stood there before a file first said so was made by somebody else and stays. Start
//! reading at [`claims`] and [`defaults`].

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::metadata::Defaults;
use super::metadata::Written;
use crate::catalog::Catalog;
use crate::catalog::Privileges;
use crate::deployment::said::Claims;
use crate::deployment::said::Said;
use crate::name::SchemaName;
use crate::plan::privilege::DefaultPrivilege;
use crate::plan::privilege::DefaultScope;
use crate::plan::privilege::Grantee;
use crate::plan::privilege::Target;
use crate::plan::step::Step;

/// What a thing is recorded under: an object that becomes another kind keeps what hangs on its name.
pub fn thing(target: &Target) -> String {
    match target {
        Target::Object(_, name) => format!("object {}", name.sql()),
        other => format!("{} {}", other.noun().to_lowercase(), other.sql()),
    }
}

/// What a default privilege is recorded as, at the schema or database that it is for.
pub(super) fn default_of(default: &DefaultPrivilege) -> String {
    let role = default.role.as_ref().map_or_else(|| "all roles".to_owned(), |role| role.sql());
    format!("for {role}: {} on {} to {}", default.privilege, default.on, default.grantee.sql())
}

/// Whether the project has granted a privilege on a thing.
pub fn has_granted(said: Option<&Said>, entry: &(Grantee, String)) -> bool {
    said.is_some_and(|said| said.grants.contains(&(entry.0.sql(), entry.1.clone())))
}

/// Whether the project has written this comment on a thing.
pub fn has_commented(said: Option<&Said>, text: Option<&str>) -> bool {
    text.is_some() && said.and_then(|said| said.comment.as_deref()) == text
}

/// The default privileges that the project has set at a place and no longer says.
fn withdrawn<'d>(
    here: impl Iterator<Item = &'d DefaultPrivilege>,
    said: Option<&Said>,
    wanted: Option<&Defaults>,
) -> BTreeSet<&'d DefaultPrivilege> {
    let is_wanted = |default| wanted.is_some_and(|wanted| wanted.granted.contains(default));
    let refused = |default| wanted.is_some_and(|wanted| wanted.revoked.contains(default));
    let was_said = |default| said.is_some_and(|said| said.defaults.contains(&default_of(default)));
    here.filter(|default| !is_wanted(*default) && (refused(*default) || was_said(*default))).collect()
}

/// The place that default privileges of a thing are for, if it is one.
pub(super) fn scope_of(target: &Target) -> Option<DefaultScope> {
    match target {
        Target::Database(name) => Some(DefaultScope::Database(name.clone())),
        Target::Schema(name) => Some(DefaultScope::Schema(name.clone())),
        Target::Cluster(_)
        | Target::Role(_)
        | Target::NetworkPolicy(_)
        | Target::Object(..)
        | Target::Column(..) => None,
    }
}

/// The default privileges that hold at a place.
fn standing<'c>(catalog: &'c Catalog, target: &Target) -> impl Iterator<Item = &'c DefaultPrivilege> {
    let scope = scope_of(target);
    catalog.default_privileges.iter().filter(move |default| Some(&default.scope) == scope.as_ref())
}

/// The steps that bring the default privileges of what stays in line with the files.
///
/// Those for the things of a role that the connected one does not belong to are left to whoever does.
pub fn defaults(catalog: &Catalog, targets: &[Target], written: &Written, former: &Claims) -> Vec<Step> {
    let mut steps = Vec::new();
    for target in targets {
        let wanted = written.defaults.get(target);
        let granted = wanted.into_iter().flat_map(|wanted| &wanted.granted);
        let missing = granted.filter(|default| !catalog.default_privileges.contains(default));
        steps.extend(missing.cloned().map(Step::GrantDefault));
        let gone = withdrawn(standing(catalog, target), former.of(&thing(target)), wanted);
        let may = |default: &&DefaultPrivilege| match &default.role {
            Some(role) => catalog.owns(role),
            None => !catalog.session.checked,
        };
        steps.extend(gone.into_iter().filter(may).cloned().map(Step::RevokeDefault));
    }
    steps
}

/// The default privileges of a schema, for the one that is to take its place: what stands, without what
/// the project takes back, and what the files say.
pub fn carried_defaults(
    catalog: &Catalog,
    from: &SchemaName,
    to: &SchemaName,
    wanted: Option<&Defaults>,
    former: &Claims,
) -> BTreeSet<DefaultPrivilege> {
    let target = Target::Schema(from.clone());
    let gone = withdrawn(standing(catalog, &target), former.of(&thing(&target)), wanted);
    let stay = standing(catalog, &target).filter(|default| !gone.contains(default));
    let said = wanted.into_iter().flat_map(|wanted| &wanted.granted);
    let at = |default: &DefaultPrivilege| DefaultPrivilege {
        scope: DefaultScope::Schema(to.clone()),
        ..default.clone()
    };
    stay.chain(said).map(at).collect()
}

/// What has to be recorded before things in production, or what takes their place, get what the files
/// say: only what differs from what is recorded.
pub fn claims(
    catalog: &Catalog,
    targets: &[Target],
    written: &Written,
    former: &Claims,
) -> BTreeMap<String, Said> {
    let mut now: BTreeMap<String, Said> = BTreeMap::new();
    let nothing = Privileges::new();
    for target in targets {
        let key = thing(target);
        let before = former.of(&key);
        let has = super::metadata::privileges(catalog, target).unwrap_or(&nothing);
        let granted = written.grants.get(target).into_iter().flatten();
        let ours = granted.filter(|entry| has_granted(before, entry) || !has.contains(*entry));
        let wanted = written.defaults.get(target).into_iter().flat_map(|wanted| &wanted.granted);
        let was_said = |text: &String| before.is_some_and(|said| said.defaults.contains(text));
        let new = wanted.filter(|default| {
            !catalog.default_privileges.contains(*default) || was_said(&default_of(default))
        });
        let mut said = Said {
            grants: ours.map(|(grantee, privilege)| (grantee.sql(), privilege.clone())).collect(),
            defaults: new.map(default_of).collect(),
            comment: written.comments.get(target).cloned().flatten(),
            definition: before.and_then(|said| said.definition.clone()),
        };
        // What another role has set for its own things is not ours to take back, and stays recorded.
        let others = standing(catalog, target).filter(|default| {
            default.role.as_ref().is_some_and(|role| !catalog.owns(role)) && was_said(&default_of(default))
        });
        said.defaults.extend(others.map(default_of));
        now.insert(key, said);
        now.extend(columns(target, written, former));
    }
    former.news(now)
}

/// The comments on the columns of a relation, those that the files no longer have among them.
fn columns(target: &Target, written: &Written, former: &Claims) -> BTreeMap<String, Said> {
    let Target::Object(_, relation) = target else { return BTreeMap::new() };
    let prefix = format!("column {}.", relation.sql());
    let mut found: BTreeMap<String, Said> =
        former.below(&prefix).map(|(key, _)| (key.to_owned(), Said::default())).collect();
    let here = written.column_comments(relation);
    found.extend(
        here.map(|(target, text)| (thing(target), Said { comment: text.clone(), ..Said::default() })),
    );
    found
}
