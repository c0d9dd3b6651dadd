//! Owners, grants and comments: what has to be said so that green is like blue, plus the files.
//!
//! Pure. Privileges are compared as sets, the owner's own entries left out on both sides, and what
//! differs is granted and revoked in as few statements as possible. Start reading at [`carry`].

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::said;
use super::tag;
use crate::catalog::Catalog;
use crate::catalog::Privileges;
use crate::deployment::said::Claims;
use crate::deployment::said::Said;
use crate::name::Ident;
use crate::name::ObjectName;
use crate::name::RoleName;
use crate::plan::privilege::DefaultPrivilege;
use crate::plan::privilege::Grantee;
use crate::plan::privilege::Target;
use crate::plan::step::Step;

/// What the project's files say, under the names at which it is to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Privileges that are granted, by what they are on.
    pub grants: BTreeMap<Target, Privileges>,
    /// Comments; `None` removes one.
    pub comments: BTreeMap<Target, Option<String>>,
    /// Default privileges, by the schema or database that they are for.
    pub defaults: BTreeMap<Target, Defaults>,
}

/// What files say of the default privileges at a place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Defaults {
    /// Those that are granted.
    pub granted: BTreeSet<DefaultPrivilege>,
    /// Those that are revoked.
    pub revoked: BTreeSet<DefaultPrivilege>,
}

impl Written {
    /// The comments on the columns of a relation.
    pub fn column_comments<'w>(
        &'w self,
        relation: &'w ObjectName,
    ) -> impl Iterator<Item = (&'w Target, &'w Option<String>)> {
        // Columns sort behind each other: those of one relation begin at its shortest column name.
        let first = Ident::new("\u{1}").ok().map(|first| Target::Column(relation.clone(), first));
        let from = first.into_iter().flat_map(|first| self.comments.range(first..));
        from.take_while(move |(target, _)| matches!(target, Target::Column(of, _) if of == relation))
    }
}

/// A thing in production, if there is one, and the thing that is to be like it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// Production's.
    pub blue: Option<Target>,
    /// The staged one.
    pub green: Target,
}

/// What hangs on a thing.
struct Facts<'c> {
    owner: &'c RoleName,
    privileges: &'c Privileges,
    comment: Option<&'c str>,
}

fn facts<'c>(catalog: &'c Catalog, target: &Target) -> Option<Facts<'c>> {
    let (owner, privileges, comment) = match target {
        Target::Database(name) => {
            let found = catalog.databases.get(name)?;
            (&found.owner, &found.privileges, &found.comment)
        }
        Target::Schema(name) => {
            let found = catalog.schemas.get(name)?;
            (&found.owner, &found.privileges, &found.comment)
        }
        Target::Cluster(name) => {
            let found = catalog.clusters.get(name)?;
            (&found.owner, &found.privileges, &found.comment)
        }
        Target::Object(_, name) => {
            let found = catalog.object(name)?;
            (&found.owner, &found.privileges, &found.comment)
        }
        Target::Role(_) | Target::NetworkPolicy(_) | Target::Column(..) => return None,
    };
    Some(Facts { owner, privileges, comment: comment.as_deref() })
}

/// Who may do what with a thing, if there is such a thing.
pub fn privileges<'c>(catalog: &'c Catalog, target: &Target) -> Option<&'c Privileges> {
    facts(catalog, target).map(|facts| facts.privileges)
}

/// Who a thing belongs to, if there is such a thing.
pub fn owner<'c>(catalog: &'c Catalog, target: &Target) -> Option<&'c RoleName> {
    facts(catalog, target).map(|facts| facts.owner)
}

/// The comment of a thing or a column.
pub fn comment_of<'c>(catalog: &'c Catalog, target: &Target) -> Option<&'c str> {
    match target {
        Target::Column(relation, column) => {
            catalog.object(relation)?.column_comments.get(column).map(String::as_str)
        }
        _ => facts(catalog, target)?.comment,
    }
}

/// Tells whether there is such a thing, of a column whether there is its relation.
pub fn exists(catalog: &Catalog, target: &Target) -> bool {
    match target {
        Target::Column(relation, _) => catalog.object(relation).is_some(),
        _ => facts(catalog, target).is_some(),
    }
}

/// The privileges that others than the owner hold.
fn of_others<'p>(facts: &'p Facts<'_>) -> impl Iterator<Item = &'p (Grantee, String)> {
    let owner = Grantee::Role(facts.owner.clone());
    facts.privileges.iter().filter(move |(grantee, _)| *grantee != owner)
}

/// The steps that make each green like its blue, plus what the files say, without what `former` files said
/// and these do not.
///
/// Owners first: the new owner's role is one the connected role is a member of, or changing it
/// would be refused.
pub fn carry(catalog: &Catalog, pairs: &[Pair], written: &Written, former: &Claims) -> Vec<Step> {
    let mut owners = Vec::new();
    let mut missing = Changes::default();
    let mut extra = Changes::default();
    let mut comments = Vec::new();
    for pair in pairs {
        let Some(green) = facts(catalog, &pair.green) else { continue };
        let blue = pair.blue.as_ref().and_then(|blue| facts(catalog, blue));
        let said = pair.blue.as_ref().and_then(|blue| former.of(&said::thing(blue)));
        let owner = blue.as_ref().map_or(green.owner, |blue| blue.owner);
        let is_index = matches!(pair.green, Target::Object(crate::name::ObjectKind::Index, _));
        // An index belongs to whoever owns its relation; the server changes both at once.
        if owner != green.owner && !is_index {
            owners.push(Step::SetOwner { of: pair.green.clone(), owner: owner.clone() });
        }
        let has: BTreeSet<_> = of_others(&green).cloned().collect();
        let mut wants = written.grants.get(&pair.green).cloned().unwrap_or_default();
        match &blue {
            Some(blue) => {
                let by_default = |(to, privilege): &(Grantee, String)| {
                    pair.blue.as_ref().is_some_and(|on| catalog.gives_by_default(on, to, privilege))
                };
                let stays = |entry: &&(Grantee, String)| !said::has_granted(said, entry) || by_default(entry);
                wants.extend(of_others(blue).filter(stays).cloned());
                // What default privileges gave to whoever is to own it is the owner's by then.
                let new_owner = Grantee::Role(owner.clone());
                extra.note(&pair.green, has.difference(&wants).filter(|(to, _)| *to != new_owner));
            }
            // Something new has what default privileges gave it.
            None => wants.extend(has.iter().cloned()),
        }
        let new_owner = Grantee::Role(owner.clone());
        missing.note(&pair.green, wants.difference(&has).filter(|(grantee, _)| *grantee != new_owner));
        comments.extend(comment(&pair.green, blue.as_ref(), &green, written, said));
    }
    comments.extend(column_comments(catalog, pairs, written, former));
    owners.into_iter().chain(missing.grants()).chain(extra.revokes()).chain(comments).collect()
}

/// The steps that make things what they are to be once they have lost their comments and kept the rest.
pub fn anew(catalog: &Catalog, pairs: &[Pair], written: &Written, former: &Claims) -> Vec<Step> {
    let kept = carry(catalog, pairs, written, former).into_iter();
    let kept = kept.filter(|step| !matches!(step, Step::Comment { .. }));
    kept.chain(comments_anew(catalog, pairs, written, former)).collect()
}

/// The comments that things and their columns have to get if they have lost all that they had.
fn comments_anew(catalog: &Catalog, pairs: &[Pair], written: &Written, former: &Claims) -> Vec<Step> {
    let mut wanted = Vec::new();
    for pair in pairs {
        let blue = pair.blue.as_ref().and_then(|blue| facts(catalog, blue));
        let said = pair.blue.as_ref().and_then(|blue| former.of(&said::thing(blue)));
        let text = wanted_comment(&pair.green, blue.as_ref(), written, said);
        wanted.push((pair.green.clone(), text.map(str::to_owned)));
    }
    wanted.extend(wanted_column_comments(catalog, pairs, written, former));
    let steps = wanted.into_iter().filter(|(_, text)| text.is_some());
    steps.map(|(on, text)| Step::Comment { on, text }).collect()
}

/// The comment that a thing is to have.
fn wanted_comment<'t>(
    target: &Target,
    blue: Option<&'t Facts<'_>>,
    written: &'t Written,
    said: Option<&Said>,
) -> Option<&'t str> {
    // A tag of mzflow's own tells of one deployment and is not carried to the next.
    let carried = blue.and_then(|blue| blue.comment).filter(|text| !tag::is_tag(text));
    let carried = carried.filter(|text| !said::has_commented(said, Some(text)));
    match written.comments.get(target) {
        Some(text) => text.as_deref(),
        None => carried,
    }
}

fn comment(
    target: &Target,
    blue: Option<&Facts<'_>>,
    green: &Facts<'_>,
    written: &Written,
    said: Option<&Said>,
) -> Option<Step> {
    let wanted = wanted_comment(target, blue, written, said);
    // The tag that stands there stays until a promotion writes another or a file wants the place.
    let is_tagged = wanted.is_none() && green.comment.is_some_and(tag::is_tag);
    (wanted != green.comment && !is_tagged)
        .then(|| Step::Comment { on: target.clone(), text: wanted.map(str::to_owned) })
}

fn column_comments(catalog: &Catalog, pairs: &[Pair], written: &Written, former: &Claims) -> Vec<Step> {
    let differs = |(target, text): &(Target, Option<String>)| {
        let Target::Column(relation, column) = target else { return false };
        let has = catalog.object(relation).and_then(|object| object.column_comments.get(column));
        has != text.as_ref()
    };
    let steps = wanted_column_comments(catalog, pairs, written, former).into_iter().filter(differs);
    steps.map(|(on, text)| Step::Comment { on, text }).collect()
}

/// The comments that the columns of things are to have.
fn wanted_column_comments(
    catalog: &Catalog,
    pairs: &[Pair],
    written: &Written,
    former: &Claims,
) -> BTreeMap<Target, Option<String>> {
    let mut wanted: BTreeMap<Target, Option<String>> = BTreeMap::new();
    for pair in pairs {
        if let (Some(Target::Object(_, blue)), Target::Object(_, green)) = (&pair.blue, &pair.green) {
            let found = catalog.object(blue).into_iter().flat_map(|object| &object.column_comments);
            let found = found.map(|(column, text)| {
                let said = former.of(&said::thing(&Target::Column(blue.clone(), column.clone())));
                let stays = !said::has_commented(said, Some(text));
                (Target::Column(green.clone(), column.clone()), stays.then(|| text.clone()))
            });
            wanted.extend(found);
        }
    }
    let greens: BTreeSet<_> = pairs.iter().map(|pair| &pair.green).collect();
    for (target, text) in &written.comments {
        if let Target::Column(relation, _) = target {
            let here = |kind| greens.contains(&Target::Object(kind, relation.clone()));
            if crate::name::ObjectKind::ALL.into_iter().any(here) {
                wanted.insert(target.clone(), text.clone());
            }
        }
    }
    wanted
}

/// Privileges to grant or to revoke, by what they are on and who is meant.
#[derive(Default)]
pub(super) struct Changes(BTreeMap<(Target, Grantee), BTreeSet<String>>);

/// Privileges, what they are on, and who is meant: the parts of one statement.
type Grouped = (Vec<String>, Vec<Target>, Vec<Grantee>);

impl Changes {
    pub(super) fn note<'e>(&mut self, target: &Target, entries: impl Iterator<Item = &'e (Grantee, String)>) {
        for (grantee, privilege) in entries {
            let key = (target.clone(), grantee.clone());
            self.0.entry(key).or_default().insert(privilege.clone());
        }
    }

    /// The statements that grant them.
    pub(super) fn grants(self) -> impl Iterator<Item = Step> {
        self.grouped().into_iter().map(|(privileges, on, to)| Step::Grant { privileges, on, to })
    }

    /// The statements that revoke them.
    pub(super) fn revokes(self) -> impl Iterator<Item = Step> {
        self.grouped().into_iter().map(|(privileges, on, from)| Step::Revoke { privileges, on, from })
    }

    /// Puts together what one statement can say: the same privileges on things of one noun, for
    /// the same grantees.
    fn grouped(self) -> Vec<Grouped> {
        let mut by_target: BTreeMap<(&'static str, BTreeSet<String>, Grantee), Vec<Target>> = BTreeMap::new();
        for ((target, grantee), privileges) in self.0 {
            by_target.entry((target.grant_noun(), privileges, grantee)).or_default().push(target);
        }
        let mut by_grantee: BTreeMap<(BTreeSet<String>, Vec<Target>), Vec<Grantee>> = BTreeMap::new();
        for ((_, privileges, grantee), targets) in by_target {
            by_grantee.entry((privileges, targets)).or_default().push(grantee);
        }
        let parts = by_grantee.into_iter();
        parts.map(|((privileges, on), to)| (privileges.into_iter().collect(), on, to)).collect()
    }
}

#[cfg(test)]
mod tests {
    use expect_test::Expect;
    use expect_test::expect;

    use super::*;
    use crate::name::ObjectKind;
    use crate::primitives::facts;
    use crate::primitives::facts::create;
    use crate::primitives::facts::object;

    fn role(name: &str) -> Grantee {
        Grantee::Role(RoleName(facts::ident(name)))
    }

    fn view(name: &str) -> Target {
        Target::Object(ObjectKind::View, object(name))
    }

    fn grant(privilege: &str, on: Target, to: &str) -> Step {
        Step::Grant { privileges: vec![privilege.to_owned()], on: vec![on], to: vec![role(to)] }
    }

    fn world(steps: &[Step]) -> Catalog {
        let views = [
            create(ObjectKind::View, "d.blue.a", None, &[]),
            create(ObjectKind::View, "d.blue.b", None, &[]),
            create(ObjectKind::View, "d.green.a", None, &[]),
            create(ObjectKind::View, "d.green.b", None, &[]),
        ];
        let all: Vec<Step> = views.iter().chain(steps).cloned().collect();
        facts::grown(&["d"], &["d.blue", "d.green"], &[], &all)
    }

    fn pairs() -> Vec<Pair> {
        let schema = |name: &str| Target::Schema(name.parse().expect("a schema"));
        vec![
            Pair { blue: Some(schema("d.blue")), green: schema("d.green") },
            Pair { blue: Some(view("d.blue.a")), green: view("d.green.a") },
            Pair { blue: Some(view("d.blue.b")), green: view("d.green.b") },
        ]
    }

    #[track_caller]
    fn check(mut catalog: Catalog, written: &Written, expect: Expect) {
        let former = Claims::default();
        let steps = carry(&catalog, &pairs(), written, &former);
        let text: Vec<String> = steps.iter().map(Step::sql).collect();
        expect.assert_eq(&text.join("\n"));
        steps.iter().for_each(|step| catalog.take(step));
        let again = carry(&catalog, &pairs(), written, &former);
        assert!(again.is_empty(), "carrying is not over after once: {again:?}");
    }

    #[test]
    fn nothing_to_carry() {
        check(world(&[]), &Written::default(), expect![""]);
    }

    #[test]
    fn the_same_grant_on_many_to_many_is_one_statement() {
        let steps: Vec<Step> = ["d.blue.a", "d.blue.b"]
            .iter()
            .flat_map(|name| ["joe", "ann"].map(|to| grant("SELECT", view(name), to)))
            .collect();
        check(
            world(&steps),
            &Written::default(),
            expect![[r#"
            GRANT SELECT ON TABLE "d"."green"."a", "d"."green"."b" TO "ann", "joe""#]],
        );
    }

    #[test]
    fn what_green_has_beyond_blue_is_revoked() {
        let steps = [grant("SELECT", view("d.green.a"), "joe")];
        check(
            world(&steps),
            &Written::default(),
            expect![[r#"
            REVOKE SELECT ON TABLE "d"."green"."a" FROM "joe""#]],
        );
    }

    #[test]
    fn what_its_owner_to_be_was_given_by_default_is_not_taken_from_it() {
        let owner = Step::SetOwner { of: view("d.blue.a"), owner: RoleName(facts::ident("team")) };
        check(
            world(&[owner, grant("SELECT", view("d.green.a"), "team")]),
            &Written::default(),
            expect![[r#"ALTER VIEW "d"."green"."a" OWNER TO "team""#]],
        );
    }

    #[test]
    fn owners_comments_and_files() {
        let of = view("d.blue.a");
        let column = |name: &str| Target::Column(object(name), facts::ident("x"));
        let schema = Target::Schema("d.blue".parse().expect("a schema"));
        let steps = [
            Step::SetOwner { of: of.clone(), owner: RoleName(facts::ident("team")) },
            Step::Comment { on: of, text: Some("blue".to_owned()) },
            Step::Comment { on: column("d.blue.a"), text: Some("a number".to_owned()) },
            Step::Comment { on: schema, text: Some("mzflow: deployment old".to_owned()) },
        ];
        let written = Written {
            grants: [(view("d.green.b"), [(Grantee::Public, "SELECT".to_owned())].into())].into(),
            comments: [
                (view("d.green.a"), Some("from the file".to_owned())),
                (column("d.green.b"), Some("new".to_owned())),
            ]
            .into(),
            ..Written::default()
        };
        check(
            world(&steps),
            &written,
            expect![[r#"
            ALTER VIEW "d"."green"."a" OWNER TO "team"
            GRANT SELECT ON TABLE "d"."green"."b" TO PUBLIC
            COMMENT ON VIEW "d"."green"."a" IS 'from the file'
            COMMENT ON COLUMN "d"."green"."a"."x" IS 'a number'
            COMMENT ON COLUMN "d"."green"."b"."x" IS 'new'"#]],
        );
    }

    #[test]
    fn what_stands_where_it_is_keeps_its_tag() {
        let schema = Target::Schema("d.blue".parse().expect("a schema"));
        let tag = Step::Comment { on: schema.clone(), text: Some("mzflow: deployment one".to_owned()) };
        let pair = Pair { blue: Some(schema.clone()), green: schema };
        let steps = carry(&world(&[tag]), &[pair], &Written::default(), &Claims::default());
        assert!(steps.is_empty(), "{steps:?}");
    }
}
