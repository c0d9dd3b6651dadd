//! Roles: those that do not exist yet, and what of others is not as their files say.
//!
//! Pure. Every statement but `CREATE ROLE` is sent again where it has not taken effect: what was cut behind it is
//! finished, and what a file says later comes too. No relation tells of passwords: one is set with the role, or with an
//! attribute that is missing as well. What a file does not name stays. Start reading at [`steps`].

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::catalog::Catalog;
use crate::catalog::Role as Found;
use crate::compiler::definition::Role;
use crate::name::RoleName;
use crate::name::listed;
use crate::plan::step::Step;
use crate::sql::ast::StatementKind;
use crate::sql::ast::alter::AlterRoleAction;
use crate::sql::parse;

/// Decides which roles are made and altered, and who becomes a member of them. All of them are made first: one may be a
/// member of another.
///
/// The settings of roles in `shifted` are left alone: they read a deployment by them, and get them back behind it.
pub(super) fn steps(roles: &[Role], catalog: &Catalog, shifted: &BTreeSet<RoleName>) -> Vec<Step> {
    let missing = roles.iter().filter(|role| !catalog.roles.contains_key(&role.name));
    let mut steps: Vec<Step> = missing.map(create).collect();
    for role in roles {
        let found = catalog.roles.get(&role.name);
        let settings = catalog.role_settings.get(&role.name);
        let has = Has { found, settings, is_shifted: shifted.contains(&role.name) };
        steps.extend(alterations(role, &has).into_iter().map(|rest| alter(role, rest)));
        let is_member = |member: &RoleName| found.is_some_and(|found| found.members.contains(member));
        let missing = role.members.iter().filter(|member| !is_member(member));
        steps.extend(missing.map(|member| grant(role, member)));
    }
    steps
}

fn create(role: &Role) -> Step {
    let has_password = role.definition.to_uppercase().contains("PASSWORD");
    Step::Statement {
        what: format!("create role {}", role.name),
        sql: role.create_sql(),
        shown: has_password.then(|| format!("CREATE ROLE {} …", role.name.sql())),
        origin: None,
    }
}

fn alter(role: &Role, rest: &str) -> Step {
    let has_password = rest.to_uppercase().contains("PASSWORD");
    Step::Statement {
        what: format!("alter role {}", role.name),
        sql: alteration(role, rest),
        shown: has_password.then(|| format!("ALTER ROLE {} …", role.name.sql())),
        origin: None,
    }
}

fn alteration(role: &Role, rest: &str) -> String {
    format!("ALTER ROLE {} {rest}", role.name.sql())
}

fn grant(role: &Role, member: &RoleName) -> Step {
    Step::Statement {
        what: format!("grant role {} to {member}", role.name),
        sql: format!("GRANT {} TO {}", role.name.sql(), member.sql()),
        shown: None,
        origin: None,
    }
}

/// What a role is now.
struct Has<'c> {
    /// The role, where there is one.
    found: Option<&'c Found>,
    /// What its sessions begin with.
    settings: Option<&'c BTreeMap<String, String>>,
    is_shifted: bool,
}

/// Those of a role's alterations that have not taken effect. Of several that set the same the last one counts.
fn alterations<'r>(role: &'r Role, has: &Has<'_>) -> Vec<&'r str> {
    let Some(found) = has.found else { return role.alterations.iter().map(String::as_str).collect() };
    let mut missing: Vec<&str> = Vec::new();
    let mut set: BTreeMap<String, (&str, Option<Vec<String>>)> = BTreeMap::new();
    for rest in role.alterations.iter().map(String::as_str) {
        match action(role, rest) {
            Some(AlterRoleAction::Attributes(words)) if lacks(found, &words) => missing.push(rest),
            Some(AlterRoleAction::Attributes(_)) | None => {}
            Some(AlterRoleAction::Variable(variable)) => {
                set.insert(variable.name.ident.as_str().to_lowercase(), (rest, variable.values));
            }
        }
    }
    if !has.is_shifted {
        let differing = set.into_iter().filter(|(name, (_, values))| {
            let now = has.settings.and_then(|settings| settings.get(name));
            let now: Option<Vec<String>> = now.map(|now| texts(now));
            now != values.as_ref().map(|values| values.iter().flat_map(|value| texts(value)).collect())
        });
        missing.extend(differing.map(|(_, (rest, _))| rest));
    }
    missing
}

fn action(role: &Role, rest: &str) -> Option<AlterRoleAction> {
    match parse::batch(&alteration(role, rest)).ok()?.into_iter().next()?.kind {
        StatementKind::AlterRole(alter) => Some(alter.action),
        _ => None,
    }
}

/// Tells whether a role is not what attributes say.
fn lacks(found: &Found, words: &[String]) -> bool {
    words.iter().any(|word| match word.as_str() {
        "LOGIN" => !found.login,
        "NOLOGIN" => found.login,
        "SUPERUSER" => !found.superuser,
        "NOSUPERUSER" => found.superuser,
        _ => false,
    })
}

/// What a setting comes to, in one spelling: the server prints lists with commas, and what is on in two ways.
fn texts(value: &str) -> Vec<String> {
    let word = |one: listed::Listed| match one.text.to_lowercase().as_str() {
        "true" => "on".to_owned(),
        "false" => "off".to_owned(),
        _ => one.text,
    };
    listed::split(value).into_iter().map(word).collect()
}

#[cfg(test)]
mod tests {
    use expect_test::Expect;
    use expect_test::expect;

    use super::*;
    use crate::primitives::facts;

    fn name(text: &str) -> RoleName {
        RoleName(facts::ident(text))
    }

    fn reader(alterations: &[&str]) -> Role {
        Role {
            name: name("reader"),
            attributes: Vec::new(),
            definition: String::new(),
            alterations: alterations.iter().map(|&text| text.to_owned()).collect(),
            members: vec![name("ann"), name("bob")],
            comments: Vec::new(),
            file: "roles/reader.sql".to_owned(),
            line: 1,
        }
    }

    /// Of a role that may log in, with a member and two settings.
    #[track_caller]
    fn check(alterations: &[&str], expect: Expect) {
        let mut catalog = facts::empty();
        let found = Found { login: true, superuser: false, members: [name("ann")].into() };
        catalog.roles.insert(name("reader"), found);
        let settings = catalog.role_settings.entry(name("reader")).or_default();
        settings.insert("search_path".to_owned(), "core, \"My Own\"".to_owned());
        settings.insert("cluster".to_owned(), "compute".to_owned());
        let steps = steps(&[reader(alterations)], &catalog, &BTreeSet::new());
        expect.assert_eq(&steps.iter().map(Step::shown).collect::<Vec<_>>().join("\n"));
        let shifted = super::steps(&[reader(alterations)], &catalog, &[name("reader")].into());
        let sets = |step: &Step| step.sql().contains(" SET ") || step.sql().contains(" RESET ");
        assert!(!shifted.iter().any(sets), "what reads a deployment goes on with it");
    }

    #[test]
    fn what_has_taken_effect_is_not_sent_again() {
        check(
            &["SET search_path TO core, \"My Own\"", "SET cluster = 'compute'", "WITH LOGIN PASSWORD 'x'"],
            expect![[r#"GRANT "reader" TO "bob""#]],
        );
    }

    #[test]
    fn what_was_cut_or_said_since_is_sent() {
        check(
            &[
                "SET search_path = core",
                "SET database = shop",
                "RESET cluster",
                "NOLOGIN PASSWORD 'x'",
                "SUPERUSER",
            ],
            expect![[r#"
                ALTER ROLE "reader" …
                ALTER ROLE "reader" SUPERUSER
                ALTER ROLE "reader" RESET cluster
                ALTER ROLE "reader" SET database = shop
                ALTER ROLE "reader" SET search_path = core
                GRANT "reader" TO "bob""#]],
        );
    }

    #[test]
    fn the_last_of_several_counts() {
        check(&["SET cluster = other", "SET cluster = compute"], expect![[r#"GRANT "reader" TO "bob""#]]);
    }

    #[test]
    fn roles_are_made_before_anybody_becomes_a_member() {
        let (mut first, mut second) = (reader(&["SET cluster = compute"]), reader(&[]));
        (first.name, first.members, second.members) = (name("all"), vec![name("reader")], Vec::new());
        let steps = steps(&[first, second], &facts::empty(), &BTreeSet::new());
        expect![[r#"
            CREATE ROLE "all"
            CREATE ROLE "reader"
            ALTER ROLE "all" SET cluster = compute
            GRANT "all" TO "reader""#]]
        .assert_eq(&steps.iter().map(Step::sql).collect::<Vec<_>>().join("\n"));
    }
}
