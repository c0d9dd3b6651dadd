//! The three roles of mzflow, and which of them a command asks for.
//!
//! Where privileges are checked, whoever is no superuser belongs to exactly one of the roles that
//! `setup` makes; a command says no on connecting, before anything is read or changed. Where nothing is
//! checked nobody is asked. Start reading at [`decide`].

use std::collections::BTreeSet;

use super::code::Code;
use super::error::Error;
use crate::catalog::Session as Who;
use crate::db;
use crate::db::session::Session;
use crate::name::RoleName;

/// Deploys: stages, promotes, drops.
pub const DEPLOYER: &str = "materialize_deployer";
/// Has an overlay of its own.
pub const DEVELOPER: &str = "materialize_developer";
/// Looks.
pub const MONITOR: &str = "materialize_monitor";
/// All of them.
pub const ROLES: [&str; 3] = [DEPLOYER, DEVELOPER, MONITOR];

/// What a command does to an environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Nothing that belongs to mzflow: whoever can log in may.
    Login,
    /// Reads what is recorded.
    Reads,
    /// Answers a question that a run has asked.
    Answers,
    /// Works on an overlay.
    Develops,
    /// Works on production.
    Deploys,
}

impl Needs {
    /// The roles that may; nobody is asked where it is empty.
    pub fn roles(self) -> &'static [&'static str] {
        match self {
            Self::Login => &[],
            Self::Reads => &ROLES,
            Self::Answers => &[DEPLOYER, DEVELOPER],
            Self::Develops => &[DEVELOPER],
            Self::Deploys => &[DEPLOYER],
        }
    }
}

/// Asks the server who is connected, and says no if a command is not for them.
///
/// # Errors
/// `access.missing-role`, `access.several-roles`, `setup.missing`, `db.*`.
pub async fn check(session: &Session, command: &str, needs: Needs) -> Result<(), Error> {
    if needs.roles().is_empty() {
        return Ok(());
    }
    let (who, roles) = db::introspect::who(session).await?;
    decide(command, needs, &who, &roles)
}

/// Says no if a command is not for whoever is connected.
///
/// # Errors
/// As [`check`].
pub fn decide(command: &str, needs: Needs, who: &Who, known: &BTreeSet<RoleName>) -> Result<(), Error> {
    let wanted = needs.roles();
    if !who.checked || wanted.is_empty() {
        return Ok(());
    }
    let has = |name: &&str| who.member_of.iter().any(|role| role.0.as_str() == *name);
    let mine: Vec<&str> = ROLES.into_iter().filter(has).collect();
    let me = who.role.sql();
    let unchanged = "nothing was changed";
    match mine.as_slice() {
        [one] if wanted.contains(one) => Ok(()),
        [] => {
            let is_there = |name: &&str| known.iter().any(|role| role.0.as_str() == *name);
            let absent: Vec<&str> = wanted.iter().copied().filter(|name| !is_there(name)).collect();
            if !absent.is_empty() {
                let message = "the roles of mzflow are not there yet";
                let lines = absent.into_iter().map(|name| format!("role {name} does not exist"));
                return Err(Error::new(Code::SetupMissing, message).with_lines(lines).effect(unchanged));
            }
            let message =
                format!("`mzflow {command}` is for {}; {} is in none of them", either(wanted), who.role);
            let ask = wanted.iter().map(|name| format!("GRANT {name} TO {me};"));
            Err(Error::new(Code::AccessMissingRole, message).with_lines(ask).effect(unchanged))
        }
        [one] => {
            let message = format!("`mzflow {command}` is for {}; {} is {one}", either(wanted), who.role);
            let ask = wanted.iter().map(|name| format!("GRANT {name} TO {me}; REVOKE {one} FROM {me};"));
            Err(Error::new(Code::AccessMissingRole, message).with_lines(ask).effect(unchanged))
        }
        several => {
            let message = format!("{} is {}: a role has to be one of them", who.role, several.join(" and "));
            let ask = several.iter().map(|name| format!("REVOKE {name} FROM {me};"));
            Err(Error::new(Code::AccessSeveralRoles, message).with_lines(ask).effect(unchanged))
        }
    }
}

fn either(roles: &[&str]) -> String {
    match roles {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [others @ .., last] => format!("{} or {last}", others.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::name::Ident;

    fn role(name: &str) -> RoleName {
        RoleName(Ident::new(name).expect("a name"))
    }

    fn who(checked: bool, groups: &[&str]) -> Who {
        let member_of = groups.iter().copied().chain(["joe"]).map(role).collect();
        Who { role: role("joe"), member_of, checked, version: None }
    }

    fn told(needs: Needs, who: &Who) -> String {
        let known = ROLES.into_iter().map(role).collect();
        match decide("stage", needs, who, &known) {
            Ok(()) => "allowed".to_owned(),
            Err(error) => format!("{}: {}\n  {}", error.code(), error.message(), error.lines().join("\n  ")),
        }
    }

    #[test]
    fn one_role_and_the_right_one() {
        let lines = [
            told(Needs::Deploys, &who(true, &[DEPLOYER])),
            told(Needs::Reads, &who(true, &[MONITOR])),
            told(Needs::Login, &who(true, &[])),
            told(Needs::Deploys, &who(false, &[])),
            told(Needs::Deploys, &who(true, &[MONITOR])),
            told(Needs::Reads, &who(true, &[])),
            told(Needs::Reads, &who(true, &[MONITOR, DEPLOYER])),
        ];
        expect![[r#"
            allowed
            allowed
            allowed
            allowed
            access.missing-role: `mzflow stage` is for materialize_deployer; joe is materialize_monitor
              GRANT materialize_deployer TO "joe"; REVOKE materialize_monitor FROM "joe";
            access.missing-role: `mzflow stage` is for materialize_deployer, materialize_developer or materialize_monitor; joe is in none of them
              GRANT materialize_deployer TO "joe";
              GRANT materialize_developer TO "joe";
              GRANT materialize_monitor TO "joe";
            access.several-roles: joe is materialize_deployer and materialize_monitor: a role has to be one of them
              REVOKE materialize_deployer FROM "joe";
              REVOKE materialize_monitor FROM "joe";"#]].assert_eq(&lines.join("\n"));
    }

    #[test]
    fn where_nobody_has_set_up_it_says_so() {
        let error = decide("stage", Needs::Deploys, &who(true, &[]), &BTreeSet::new()).expect_err("refused");
        assert_eq!(error.code(), Code::SetupMissing);
    }
}
