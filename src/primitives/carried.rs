//! What is staged, brought in line with production once more: what was granted, revoked, commented, given away or
//! set as default there since it was staged comes along with the swap.
//!
//! Pure. What the files say is read from the record of the stage, for whoever promotes need not have the project.
//! Start reading at [`behind`]; the rules are those of [`metadata::carry`].

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;

use super::deeds;
use super::metadata;
use super::metadata::Defaults;
use super::metadata::Pair;
use super::metadata::Written;
use super::said;
use super::scope::Scope;
use crate::catalog::Catalog;
use crate::deployment::record::AfterSwap;
use crate::deployment::record::StageIntent;
use crate::deployment::record::StageObjects;
use crate::deployment::record::StagedObject;
use crate::deployment::rights;
use crate::deployment::rights::ByDefault;
use crate::deployment::rights::Held;
use crate::deployment::rights::Meant;
use crate::deployment::rights::Thing;
use crate::deployment::said::Claims;
use crate::deployment::said::Said;
use crate::deployment::way::Way;
use crate::name::ObjectKind;
use crate::name::ObjectName;
use crate::name::RoleName;
use crate::name::SchemaName;
use crate::plan::privilege::DefaultPrivilege;
use crate::plan::privilege::DefaultScope;
use crate::plan::privilege::Grantee;
use crate::plan::privilege::Target;
use crate::plan::step::Step;

/// What has to be said before the swap so that what is staged has what production has now, plus the files; nothing
/// where nothing has changed, and where it was staged before what files say was recorded.
pub fn behind(scope: &Scope, catalog: &Catalog) -> Vec<Step> {
    let Some((written, former)) = read(scope) else { return Vec::new() };
    let mut steps = Vec::new();
    for pair in &scope.intent.schemas {
        let (from, to) = (pair.production_name(), pair.staging_name());
        steps.extend(defaults(catalog, &from, &to, &written, &former));
    }
    let pairs = pairs(&scope.intent, &scope.contents, catalog);
    steps.extend(metadata::carry(catalog, &pairs, &written, &former));
    steps
}

/// The steps that give a staged schema the default privileges of the one whose place it takes.
fn defaults(
    catalog: &Catalog,
    from: &SchemaName,
    to: &SchemaName,
    written: &Written,
    former: &Claims,
) -> Vec<Step> {
    let (is_new, scope) = (!catalog.schemas.contains_key(from), DefaultScope::Schema(to.clone()));
    let moved = |set: &BTreeSet<DefaultPrivilege>| {
        let scope = DefaultScope::Schema(from.clone());
        set.iter().map(|one| DefaultPrivilege { scope: scope.clone(), ..one.clone() }).collect()
    };
    let wanted = written.defaults.get(&Target::Schema(to.clone()));
    let wanted = wanted.map(|said| Defaults { granted: moved(&said.granted), revoked: moved(&said.revoked) });
    let wants = said::carried_defaults(catalog, from, to, wanted.as_ref(), former);
    let has: BTreeSet<DefaultPrivilege> =
        catalog.default_privileges.iter().filter(|one| one.scope == scope).cloned().collect();
    let missing = wants.difference(&has).cloned().map(Step::GrantDefault);
    let extra = has.difference(&wants).filter(|_| !is_new).cloned().map(Step::RevokeDefault);
    missing.chain(extra).collect()
}

/// What has to be like what: each thing that is built, and what stands in production under the name that it gets.
pub fn pairs(intent: &StageIntent, contents: &StageObjects, catalog: &Catalog) -> Vec<Pair> {
    let schemas = intent.schemas.iter().map(|pair| {
        let blue = Some(pair.production_name()).filter(|name| catalog.schemas.contains_key(name));
        Pair { blue: blue.map(Target::Schema), green: Target::Schema(pair.staging_name()) }
    });
    let clusters = intent.clusters.iter().map(|pair| Pair {
        blue: Some(Target::Cluster(pair.production.clone())),
        green: Target::Cluster(pair.staging.clone()),
    });
    let object = |kind: ObjectKind, production: &ObjectName, staging: ObjectName| {
        let blue = catalog.object(production).filter(|found| found.kind == kind);
        let blue = blue.map(|found| Target::Object(found.kind, production.clone()));
        Pair { blue, green: Target::Object(kind, staging) }
    };
    let objects = contents.objects.iter().filter(|one| is_pair(one));
    let objects = objects.map(|one| object(one.kind, &one.name, intent.staging_name(one)));
    let indexes = contents.indexes.iter().filter(|index| !index.removed);
    let indexes = indexes.map(|index| object(ObjectKind::Index, &index.name, index.staging.clone()));
    schemas.chain(clusters).chain(objects).chain(indexes).collect()
}

/// Whether a staged object takes the place of another: what is replaced in place keeps its owner and its grants.
fn is_pair(one: &StagedObject) -> bool {
    one.change.is_built() && one.way != Way::Replaced
}

/// What is replaced in place, each to be like itself: the server keeps its grants, and no comments.
pub fn replaced(contents: &StageObjects) -> Vec<Pair> {
    let same = |target: Target| Pair { blue: Some(target.clone()), green: target };
    contents.replacements().map(|one| same(Target::Object(one.kind, one.name.clone()))).collect()
}

/// What has to be given back to what is replaced in place, once it is, as production is now; `None` where what files say
/// of it was not recorded.
pub fn restored(scope: &Scope, catalog: &Catalog) -> Option<Vec<AfterSwap>> {
    let (written, former) = read(scope)?;
    Some(deeds::after_swap(&metadata::anew(catalog, &replaced(&scope.contents), &written, &former)))
}

/// What files say of what is staged, and what they no longer say, as it is recorded with what is staged.
pub fn meant(
    intent: &StageIntent,
    contents: &StageObjects,
    pairs: &[Pair],
    written: &Written,
    claims: &Claims,
) -> Meant {
    let mut meant = Meant::default();
    let numbers: HashMap<ObjectName, usize> = contents
        .objects
        .iter()
        .enumerate()
        .filter(|(_, one)| is_pair(one))
        .map(|(number, one)| (intent.staging_name(one), number))
        .collect();
    let said = written.grants.keys().chain(written.comments.keys()).chain(written.defaults.keys());
    let numbered = |target: &Target| match target {
        Target::Object(_, name) | Target::Column(name, _) => numbers.get(name).copied(),
        Target::Database(_)
        | Target::Schema(_)
        | Target::Cluster(_)
        | Target::Role(_)
        | Target::NetworkPolicy(_) => None,
    };
    let mut said: Vec<(Option<usize>, &Target)> = said.map(|target| (numbered(target), target)).collect();
    said.sort_unstable();
    said.dedup();
    let mut alike: BTreeMap<_, Vec<Thing>> = BTreeMap::new();
    for (_, target) in said {
        let Some(on) = thing(target) else { continue };
        let grants: Vec<Held> = written.grants.get(target).into_iter().flatten().map(held).collect();
        let comment = written.comments.get(target).map(|text| rights::Comment { text: text.clone() });
        let defaults = written.defaults.get(target);
        let granted: Vec<_> = defaults.into_iter().flat_map(|said| &said.granted).map(by_default).collect();
        let revoked: Vec<_> = defaults.into_iter().flat_map(|said| &said.revoked).map(by_default).collect();
        alike.entry((grants, comment, granted, revoked)).or_default().push(on);
    }
    for ((grants, comment, defaults, no_defaults), things) in alike {
        let mut said = rights::Written { grants, comment, defaults, no_defaults, ..Default::default() };
        things.into_iter().for_each(|thing| said.take(thing, |name| numbers.get(name).copied()));
        meant.written.push(said);
    }
    for pair in pairs {
        let Some(blue) = &pair.blue else { continue };
        let key = said::thing(blue);
        let gone = claims.of(&key).map(|said| withdrawn(said, &pair.green, written));
        meant.withdrawn.extend(gone.filter(|gone| *gone != Said::default()).map(|gone| (key, gone)));
        if let Target::Object(_, relation) = blue {
            let prefix = format!("column {}.", relation.sql());
            let columns = claims.below(&prefix).filter(|(_, said)| said.comment.is_some());
            meant.withdrawn.extend(columns.map(|(key, said)| (key.to_owned(), said.clone())));
        }
    }
    meant
}

/// What of what the project has once said of a thing its files say no longer.
fn withdrawn(said: &Said, green: &Target, written: &Written) -> Said {
    let held = written.grants.get(green);
    let is_held = |entry: &(String, String)| {
        held.is_some_and(|held| {
            held.iter().any(|(to, privilege)| to.sql() == entry.0 && *privilege == entry.1)
        })
    };
    let wanted: BTreeSet<String> = match written.defaults.get(green) {
        Some(defaults) => defaults.granted.iter().map(said::default_of).collect(),
        None => BTreeSet::new(),
    };
    Said {
        grants: said.grants.iter().filter(|entry| !is_held(entry)).cloned().collect(),
        defaults: said.defaults.difference(&wanted).cloned().collect(),
        comment: said.comment.clone().filter(|_| !written.comments.contains_key(green)),
        definition: None,
    }
}

/// What [`meant`] was made of; `None` in records of before it was kept.
fn read(scope: &Scope) -> Option<(Written, Claims)> {
    let Scope { contents, intent, .. } = scope;
    let meant = contents.meant.as_ref()?;
    let object = |number: usize| contents.objects.get(number).map(|one| (one.kind, intent.staging_name(one)));
    let mut written = Written::default();
    let things = meant.written.iter().flat_map(|said| said.things(object).map(move |on| (said, target(&on))));
    for (said, on) in things {
        let grants: BTreeSet<(Grantee, String)> = said.grants.iter().map(entry).collect();
        if !grants.is_empty() {
            written.grants.insert(on.clone(), grants);
        }
        if let Some(comment) = &said.comment {
            written.comments.insert(on.clone(), comment.text.clone());
        }
        let at = |defaults: &[ByDefault]| defaults.iter().filter_map(|one| default_at(&on, one)).collect();
        let defaults = Defaults { granted: at(&said.defaults), revoked: at(&said.no_defaults) };
        if defaults != Defaults::default() {
            written.defaults.insert(on, defaults);
        }
    }
    Some((written, Claims::of_things(meant.withdrawn.clone())))
}

/// A thing as records tell of it; nothing else than these is staged or changed by a promotion.
pub fn thing(target: &Target) -> Option<Thing> {
    Some(match target {
        Target::Database(name) => Thing::Database(name.clone()),
        Target::Schema(name) => Thing::Schema(name.clone()),
        Target::Cluster(name) => Thing::Cluster(name.clone()),
        Target::Object(kind, name) => Thing::Object(*kind, name.clone()),
        Target::Column(relation, column) => Thing::Column(relation.clone(), column.clone()),
        Target::Role(_) | Target::NetworkPolicy(_) => return None,
    })
}

/// The thing that a record tells of.
pub fn target(thing: &Thing) -> Target {
    match thing {
        Thing::Database(name) => Target::Database(name.clone()),
        Thing::Schema(name) => Target::Schema(name.clone()),
        Thing::Cluster(name) => Target::Cluster(name.clone()),
        Thing::Object(kind, name) => Target::Object(*kind, name.clone()),
        Thing::Column(relation, column) => Target::Column(relation.clone(), column.clone()),
    }
}

fn grantee(role: Option<&RoleName>) -> Grantee {
    role.cloned().map_or(Grantee::Public, Grantee::Role)
}

fn role(grantee: &Grantee) -> Option<RoleName> {
    match grantee {
        Grantee::Public => None,
        Grantee::Role(role) => Some(role.clone()),
    }
}

/// Who holds what, as records tell of it.
pub fn held((to, privilege): &(Grantee, String)) -> Held {
    (role(to), privilege.clone())
}

/// Who holds what by a record.
pub fn entry((to, privilege): &Held) -> (Grantee, String) {
    (grantee(to.as_ref()), privilege.clone())
}

/// A default privilege as records tell of it.
pub fn by_default(default: &DefaultPrivilege) -> ByDefault {
    ByDefault {
        role: default.role.clone(),
        on: default.on.clone(),
        privilege: default.privilege.clone(),
        to: role(&default.grantee),
    }
}

/// The default privilege that a record tells of, at its place.
pub fn default_at(place: &Target, default: &ByDefault) -> Option<DefaultPrivilege> {
    Some(DefaultPrivilege {
        role: default.role.clone(),
        scope: said::scope_of(place)?,
        on: default.on.clone(),
        privilege: default.privilege.clone(),
        grantee: grantee(default.to.as_ref()),
    })
}

#[cfg(test)]
mod tests {
    use expect_test::Expect;
    use expect_test::expect;

    use super::*;
    use crate::primitives::facts;
    use crate::primitives::facts::object;

    const BLUE: &str = "app.core.v";

    fn on(name: &str) -> Target {
        Target::Object(ObjectKind::View, object(name))
    }

    fn schema(name: &str) -> Target {
        Target::Schema(name.parse().expect("a schema"))
    }

    fn somebody(name: &str) -> Grantee {
        Grantee::Role(RoleName(facts::ident(name)))
    }

    fn grant(target: Target, to: &str) -> Step {
        Step::Grant { privileges: vec!["SELECT".to_owned()], on: vec![target], to: vec![somebody(to)] }
    }

    fn default(schema: &str, to: &str) -> DefaultPrivilege {
        DefaultPrivilege {
            role: Some(RoleName(facts::ident("materialize"))),
            scope: DefaultScope::Schema(schema.parse().expect("a schema")),
            on: "TABLES".to_owned(),
            privilege: "SELECT".to_owned(),
            grantee: somebody(to),
        }
    }

    /// A deployment whose files grant SELECT on a view to `reader`, which it has, and no longer to `former`.
    fn staged() -> (Catalog, Scope) {
        let (mut catalog, mut scope) = facts::staged();
        catalog.take(&grant(on(BLUE), "former"));
        let green = on("app.core__77b01de__mzf.v");
        let mut written = Written::default();
        written.grants.insert(green, [(somebody("reader"), "SELECT".to_owned())].into());
        let said =
            Said { grants: [("\"former\"".to_owned(), "SELECT".to_owned())].into(), ..Said::default() };
        let claims = Claims::of_things([(said::thing(&on(BLUE)), said)].into());
        let pairs = pairs(&scope.intent, &scope.contents, &catalog);
        for step in metadata::carry(&catalog, &pairs, &written, &claims) {
            catalog.take(&step);
        }
        scope.contents.meant = Some(meant(&scope.intent, &scope.contents, &pairs, &written, &claims));
        (catalog, scope)
    }

    /// What has to be said once something was done to production, and nothing after that.
    #[track_caller]
    fn check(done: &[Step], expect: Expect) {
        let (mut catalog, scope) = staged();
        assert_eq!(behind(&scope, &catalog), [], "nothing has changed");
        done.iter().for_each(|step| catalog.take(step));
        let steps = behind(&scope, &catalog);
        expect.assert_eq(&steps.iter().map(Step::sql).collect::<Vec<_>>().join("\n"));
        steps.iter().for_each(|step| catalog.take(step));
        assert_eq!(behind(&scope, &catalog), [], "it is not over after once");
    }

    #[test]
    fn what_was_given_since_comes_along() {
        let owner = Step::SetOwner { of: on(BLUE), owner: RoleName(facts::ident("team")) };
        let index = Target::Object(ObjectKind::Index, object("app.core.m_idx"));
        check(
            &[
                grant(on(BLUE), "analyst"),
                owner,
                Step::Comment { on: index, text: Some("x".to_owned()) },
                Step::Comment { on: schema("app.core"), text: Some("y".to_owned()) },
                Step::GrantDefault(default("app.core", "analyst")),
            ],
            expect![[r#"
                ALTER DEFAULT PRIVILEGES FOR ROLE "materialize" IN SCHEMA "app"."core__77b01de__mzf" GRANT SELECT ON TABLES TO "analyst"
                ALTER VIEW "app"."core__77b01de__mzf"."v" OWNER TO "team"
                GRANT SELECT ON TABLE "app"."core__77b01de__mzf"."v" TO "analyst"
                COMMENT ON SCHEMA "app"."core__77b01de__mzf" IS 'y'
                COMMENT ON INDEX "app"."core__77b01de__mzf"."m_idx" IS 'x'"#]],
        );
    }

    #[test]
    fn what_files_say_stays_and_what_they_no_longer_say_does_not_come_back() {
        let revoke = |to: &str| Step::Revoke {
            privileges: vec!["SELECT".to_owned()],
            on: vec![on(BLUE)],
            from: vec![somebody(to)],
        };
        check(&[revoke("reader"), grant(on(BLUE), "former")], expect![""]);
    }

    #[test]
    fn of_records_of_before_nothing_is_known() {
        let (mut catalog, mut scope) = staged();
        scope.contents.meant = None;
        catalog.take(&grant(on(BLUE), "analyst"));
        assert_eq!(behind(&scope, &catalog), []);
    }
}
