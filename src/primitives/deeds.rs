//! What a promotion changes on what stays, and what takes that back.
//!
//! Pure. What takes it back is told from the catalog before it is done, and recorded; when it is to be taken back,
//! only that is done which the promotion has really changed and nobody has changed since. Start reading at
//! [`inverse`].

use super::carried;
use super::metadata;
use super::metadata::Changes;
use crate::catalog::Catalog;
use crate::deployment::record::AfterSwap;
use crate::deployment::rights::ByDefault;
use crate::deployment::rights::Comment;
use crate::deployment::rights::Deed;
use crate::deployment::rights::Held;
use crate::deployment::rights::Thing;
use crate::plan::privilege::DefaultScope;
use crate::plan::privilege::Grantee;
use crate::plan::privilege::Target;
use crate::plan::step::Step;

/// What a step changes; nothing where it changes none of what can be taken back.
pub fn of(step: &Step) -> Vec<Deed> {
    let each = |on: &[Target], privileges: &[String], grantees: &[Grantee]| -> Vec<(Thing, Vec<Held>)> {
        let entries = grantees.iter().flat_map(|to| privileges.iter().map(|p| (to.clone(), p.clone())));
        let held: Vec<Held> = entries.map(|entry| carried::held(&entry)).collect();
        on.iter().filter_map(carried::thing).map(|on| (on, held.clone())).collect()
    };
    match step {
        Step::Grant { privileges, on, to } => {
            let each = each(on, privileges, to).into_iter();
            each.map(|(on, held)| Deed::Grant { on, held }).collect()
        }
        Step::Revoke { privileges, on, from } => {
            let each = each(on, privileges, from).into_iter();
            each.map(|(on, held)| Deed::Revoke { on, held }).collect()
        }
        Step::Comment { on, text } => {
            let on = carried::thing(on).into_iter();
            on.map(|on| Deed::Comment { on, text: text.clone(), instead_of: None }).collect()
        }
        Step::GrantDefault(default) => {
            let at = place(&default.scope).into_iter();
            at.map(|at| Deed::Default { at, default: carried::by_default(default) }).collect()
        }
        Step::RevokeDefault(default) => {
            let at = place(&default.scope).into_iter();
            at.map(|at| Deed::NoDefault { at, default: carried::by_default(default) }).collect()
        }
        Step::CreateDatabase(_)
        | Step::CreateSchema(_)
        | Step::CreateCluster { .. }
        | Step::AlterCluster { .. }
        | Step::Create { .. }
        | Step::ReplaceView { .. }
        | Step::Statement { .. }
        | Step::CreateRole(_)
        | Step::GrantSystem { .. }
        | Step::Exchange(_)
        | Step::DropObjects { .. }
        | Step::DropSchema(_)
        | Step::DropDatabase(_)
        | Step::DropCluster(_)
        | Step::SetOwner { .. }
        | Step::SetRole { .. }
        | Step::ApplyReplacement { .. }
        | Step::CutOverSink { .. } => Vec::new(),
    }
}

/// Steps in the form in which they wait for a swap.
pub fn after_swap(steps: &[Step]) -> Vec<AfterSwap> {
    steps.iter().map(|step| AfterSwap { what: step.what(), sql: step.sql(), deeds: of(step) }).collect()
}

/// Where default privileges hold, as records tell of it.
fn place(scope: &DefaultScope) -> Option<Thing> {
    match scope {
        DefaultScope::Everywhere => None,
        DefaultScope::Database(name) => Some(Thing::Database(name.clone())),
        DefaultScope::Schema(name) => Some(Thing::Schema(name.clone())),
    }
}

/// What takes deeds back that are about to be done: nothing for what is so already.
pub fn inverse<'d>(deeds: impl IntoIterator<Item = &'d Deed>, catalog: &Catalog) -> Vec<Deed> {
    deeds.into_iter().filter_map(|deed| back(deed, catalog)).collect()
}

fn back(deed: &Deed, catalog: &Catalog) -> Option<Deed> {
    match deed {
        Deed::Grant { on, held } => {
            let held = part(catalog, on, held, false);
            (!held.is_empty()).then(|| Deed::Revoke { on: on.clone(), held })
        }
        Deed::Revoke { on, held } => {
            let held = part(catalog, on, held, true);
            (!held.is_empty()).then(|| Deed::Grant { on: on.clone(), held })
        }
        Deed::Comment { on, text, .. } => {
            let was = metadata::comment_of(catalog, &carried::target(on)).map(str::to_owned);
            let instead_of = Some(Comment { text: text.clone() });
            (was != *text).then(|| Deed::Comment { on: on.clone(), text: was, instead_of })
        }
        Deed::Default { at, default } => {
            let is_so = stands(catalog, at, default);
            (!is_so).then(|| Deed::NoDefault { at: at.clone(), default: default.clone() })
        }
        Deed::NoDefault { at, default } => {
            let is_so = stands(catalog, at, default);
            is_so.then(|| Deed::Default { at: at.clone(), default: default.clone() })
        }
    }
}

/// Those of some rights that are held on a thing, or those that are not.
fn part(catalog: &Catalog, on: &Thing, held: &[Held], is_held: bool) -> Vec<Held> {
    let Some(has) = metadata::privileges(catalog, &carried::target(on)) else { return Vec::new() };
    held.iter().filter(|one| has.contains(&carried::entry(one)) == is_held).cloned().collect()
}

fn stands(catalog: &Catalog, at: &Thing, default: &ByDefault) -> bool {
    let default = carried::default_at(&carried::target(at), default);
    default.is_some_and(|default| catalog.default_privileges.contains(&default))
}

/// The steps that do what of some deeds is not so; of comments those alone whose place nobody has taken since.
pub fn steps<'d>(deeds: impl IntoIterator<Item = &'d Deed>, catalog: &Catalog) -> Vec<Step> {
    let (mut granted, mut revoked, mut others) = (Changes::default(), Changes::default(), Vec::new());
    for deed in deeds {
        match deed {
            Deed::Grant { on, held } => {
                let held: Vec<_> = part(catalog, on, held, false).iter().map(carried::entry).collect();
                granted.note(&carried::target(on), held.iter());
            }
            Deed::Revoke { on, held } => {
                let held: Vec<_> = part(catalog, on, held, true).iter().map(carried::entry).collect();
                revoked.note(&carried::target(on), held.iter());
            }
            Deed::Comment { on, text, instead_of } => {
                let on = carried::target(on);
                let is = metadata::comment_of(catalog, &on).map(str::to_owned);
                let is_ours = instead_of.as_ref().is_none_or(|comment| comment.text == is);
                if is_ours && is != *text && metadata::exists(catalog, &on) {
                    others.push(Step::Comment { on, text: text.clone() });
                }
            }
            Deed::Default { at, default } if !stands(catalog, at, default) => {
                let default = carried::default_at(&carried::target(at), default);
                others.extend(default.map(Step::GrantDefault));
            }
            Deed::NoDefault { at, default } if stands(catalog, at, default) => {
                let default = carried::default_at(&carried::target(at), default);
                others.extend(default.map(Step::RevokeDefault));
            }
            Deed::Default { .. } | Deed::NoDefault { .. } => {}
        }
    }
    others.dedup();
    granted.grants().chain(revoked.revokes()).chain(others).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::ObjectKind;
    use crate::name::RoleName;
    use crate::plan::privilege::DefaultPrivilege;
    use crate::primitives::facts;
    use crate::primitives::facts::object;

    fn somebody(name: &str) -> Grantee {
        Grantee::Role(RoleName(facts::ident(name)))
    }

    fn table() -> Target {
        Target::Object(ObjectKind::Table, object("app.raw.t"))
    }

    fn grant(to: &str) -> Step {
        Step::Grant { privileges: vec!["SELECT".to_owned()], on: vec![table()], to: vec![somebody(to)] }
    }

    fn revoke(from: &str) -> Step {
        Step::Revoke { privileges: vec!["SELECT".to_owned()], on: vec![table()], from: vec![somebody(from)] }
    }

    fn comment(text: &str) -> Step {
        Step::Comment { on: table(), text: Some(text.to_owned()) }
    }

    fn default() -> Step {
        Step::GrantDefault(DefaultPrivilege {
            role: None,
            scope: DefaultScope::Schema("app.raw".parse().expect("a schema")),
            on: "TABLES".to_owned(),
            privilege: "SELECT".to_owned(),
            grantee: Grantee::Public,
        })
    }

    /// An environment, and what takes some steps back that were done there.
    fn done(done: &[Step]) -> (Catalog, Catalog, Vec<Deed>) {
        let (mut catalog, _) = facts::staged();
        [grant("old"), grant("both"), comment("before")].iter().for_each(|step| catalog.take(step));
        let before = catalog.clone();
        let deeds: Vec<Deed> = done.iter().flat_map(of).collect();
        let inverse = inverse(&deeds, &catalog);
        done.iter().for_each(|step| catalog.take(step));
        (before, catalog, inverse)
    }

    #[test]
    fn all_of_it_is_taken_back_and_nothing_else() {
        let steps = [grant("new"), grant("both"), revoke("old"), comment("after"), default()];
        let (before, mut catalog, inverse) = done(&steps);
        for step in super::steps(&inverse, &catalog.clone()) {
            catalog.take(&step);
        }
        assert_eq!(catalog, before);
        assert_eq!(super::steps(&inverse, &catalog), [], "it is taken back once");
    }

    #[test]
    fn what_somebody_has_changed_since_stays() {
        let (_, mut catalog, inverse) = done(&[grant("new"), comment("after")]);
        [revoke("new"), comment("by hand")].iter().for_each(|step| catalog.take(step));
        assert_eq!(super::steps(&inverse, &catalog), []);
    }
}
