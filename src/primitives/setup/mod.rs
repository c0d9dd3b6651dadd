//! setup: makes the tracking database, once; running it again changes nothing.
//!
//! Writes the three roles, and `_mzflow` with the journal, the deployed objects, the epoch marker and what
//! the roles may do with it, whatever of it is missing. Refuses: `setup.not-superuser`, `setup.not-owner`. Start reading at
//! [`plan`]; what roles may do is in [`RIGHTS`].

use std::borrow::Cow;

use serde::Serialize;

use super::access;
use super::code::Code;
use super::ctx::Ctx;
use super::ctx::marker_in;
use super::error::Error;
use super::metadata;
use crate::catalog::Catalog;
use crate::catalog::Privileges;
use crate::db::apply::OnFailure;
use crate::db::journal::CREATE_JOURNAL;
use crate::db::snapshot::CREATE_OBJECTS;
use crate::deployment::epoch::Marker;
use crate::deployment::epoch::TRACKING_DATABASE;
use crate::event::Event;
use crate::name::Ident;
use crate::name::NameError;
use crate::name::ObjectKind;
use crate::name::RoleName;
use crate::name::SchemaName;
use crate::plan::Plan;
use crate::plan::privilege::Grantee;
use crate::plan::privilege::Target;
use crate::plan::step::Step;

/// Tells what was made.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// Statements that ran, in order; empty where everything was there.
    pub statements: Vec<String>,
}

/// Where roles may do something.
#[derive(Clone, Copy)]
enum Place {
    /// On both tables.
    Tables,
    /// On the journal.
    Journal,
    /// On the rows of deployed objects.
    Objects,
    /// On the tracking database.
    Database,
    /// On the system as a whole.
    System,
}

/// What the commands of the roles do, and no more; a row is a statement. All read; whoever deploys, answers
/// or has an overlay writes the journal; abort forgets what was staged; a swap renames the marker; an overlay
/// is a database. Nobody gets CREATEROLE: whoever has it can make themselves a member of any role.
const RIGHTS: [(Place, &[&str], &[&str]); 6] = [
    (Place::Tables, &["SELECT"], &access::ROLES),
    (Place::Journal, &["INSERT"], &[access::DEPLOYER, access::DEVELOPER]),
    (Place::Objects, &["DELETE", "INSERT"], &[access::DEPLOYER]),
    (Place::Database, &["CREATE"], &[access::DEPLOYER]),
    (Place::System, &["CREATEDB"], &[access::DEPLOYER, access::DEVELOPER]),
    (Place::System, &["CREATECLUSTER"], &[access::DEPLOYER]),
];

/// The grants that are missing.
fn rights(catalog: &Catalog, database: &Ident, public: &SchemaName) -> Result<Vec<Step>, NameError> {
    let table = |name: &str| Ok(Target::Object(ObjectKind::Table, public.object(Ident::new(name)?)));
    let (journal, objects) = (table("journal")?, table("deployment_objects")?);
    let whole = Target::Database(database.clone());
    let nothing = Privileges::new();
    let mut steps = Vec::new();
    for (place, wanted, roles) in RIGHTS {
        let on: Vec<&Target> = match place {
            Place::Tables => vec![&journal, &objects],
            Place::Journal => vec![&journal],
            Place::Objects => vec![&objects],
            Place::Database => vec![&whole],
            Place::System => Vec::new(),
        };
        let mut held: Vec<&Privileges> =
            on.iter().map(|on| metadata::privileges(catalog, on).unwrap_or(&nothing)).collect();
        if on.is_empty() {
            held.push(&catalog.system_privileges);
        }
        let mut to = Vec::new();
        for name in roles {
            let role = RoleName(Ident::new(*name)?);
            let has = |held: &&Privileges, privilege: &str| {
                held.contains(&(Grantee::Role(role.clone()), privilege.to_owned()))
            };
            if !wanted.iter().all(|privilege| held.iter().all(|held| has(held, privilege))) {
                to.push(role);
            }
        }
        let privileges = wanted.iter().map(|privilege| (*privilege).to_owned()).collect();
        match (to.is_empty(), on.is_empty()) {
            (true, _) => {}
            (false, true) => steps.push(Step::GrantSystem { privileges, to }),
            (false, false) => {
                let on = on.into_iter().cloned().collect();
                steps.push(Step::Grant { privileges, on, to: to.into_iter().map(Grantee::Role).collect() });
            }
        }
    }
    Ok(steps)
}

/// Decides what is missing.
///
/// # Errors
/// [`NameError`] never in practice: the names are fixed.
pub fn plan(catalog: &Catalog) -> Result<Plan, NameError> {
    let database = Ident::new(TRACKING_DATABASE)?;
    let public = SchemaName::new(database.clone(), Ident::new("public")?);
    let mut steps = Vec::new();
    for name in access::ROLES {
        let role = RoleName(Ident::new(name)?);
        if !catalog.roles.contains_key(&role) {
            steps.push(Step::CreateRole(role));
        }
    }
    if !catalog.databases.contains_key(&database) {
        steps.push(Step::CreateDatabase(database.clone()));
    }
    for (table, sql) in [("journal", CREATE_JOURNAL), ("deployment_objects", CREATE_OBJECTS)] {
        let name = public.object(Ident::new(table)?);
        if catalog.object(&name).is_none() {
            steps.push(Step::Create {
                kind: ObjectKind::Table,
                name,
                cluster: None,
                on: None,
                reads: Vec::new(),
                sql: sql.to_owned(),
                shown: None,
                origin: None,
            });
        }
    }
    if marker_in(catalog).is_none() {
        let first: Result<Marker, _> = "epoch@0:setup".parse();
        let name = first.map_or_else(|_| Ident::new("epoch@0:setup"), |marker| marker.schema())?;
        steps.push(Step::CreateSchema(SchemaName::new(database.clone(), name)));
    }
    let mut after = Cow::Borrowed(catalog);
    if !steps.is_empty() {
        steps.iter().for_each(|step| after.to_mut().take(step));
    }
    // Whoever swaps renames it, and only owners may.
    let deployer = RoleName(Ident::new(access::DEPLOYER)?);
    let marker = marker_in(&after).map(|marker| marker.schema()).transpose()?;
    let marker = marker.map(|name| Target::Schema(SchemaName::new(database.clone(), name)));
    if let Some(of) = marker.filter(|of| metadata::owner(&after, of) != Some(&deployer)) {
        steps.push(Step::SetOwner { of, owner: deployer });
    }
    steps.extend(rights(&after, &database, &public)?);
    let mut plan = Plan::new();
    plan.each(steps);
    Ok(plan)
}

/// Fails where somebody else has made the tracking database, or something of its name: what is in it is that role's to
/// change, whatever is checked.
fn owned(catalog: &Catalog) -> Result<(), Error> {
    let me = &catalog.session.role;
    let found = catalog.databases.iter().find(|(name, _)| name.as_str() == TRACKING_DATABASE);
    let others = found.filter(|(_, found)| !catalog.session.member_of.contains(&found.owner));
    let Some((name, found)) = others else { return Ok(()) };
    let message = format!("database {name} belongs to {}, and {me} is no member of that role", found.owner);
    Err(Error::new(Code::SetupNotOwner, message).effect("nothing was changed"))
}

/// Makes what is missing.
///
/// # Errors
/// `setup.not-superuser`, `setup.not-owner`, `setup.rejected` with the server's words, `run.interrupted`, `db.*`.
pub async fn run(ctx: &mut Ctx) -> Result<Outcome, Error> {
    let catalog = ctx.catalog().await?;
    let plan =
        plan(&catalog).map_err(|error| Error::bug(format!("a name of the tracking database: {error}")))?;
    if plan.is_empty() {
        return Ok(Outcome { statements: Vec::new() });
    }
    if catalog.session.checked {
        let message = format!("only a superuser can set up, and {} is none", catalog.session.role);
        let missing = plan.steps().map(|step| format!("missing: {}", step.what()));
        return Err(Error::new(Code::SetupNotSuperuser, message)
            .with_lines(missing)
            .effect("nothing was changed"));
    }
    owned(&catalog)?;
    let applied = ctx.apply(&plan, OnFailure::Stop, &mut |_| {}).await;
    // Somebody else may be setting up at the same moment: what counts is what stands afterwards.
    if let Some((step, error)) = applied.failed.into_iter().next() {
        let after = ctx.catalog().await?;
        let missing = self::plan(&after).is_ok_and(|plan| !plan.is_empty());
        if missing {
            let message = format!("cannot {}: {}", step.what(), error.message());
            return Err(Error::server(Code::SetupRejected, message, &error));
        }
    }
    if applied.interrupted {
        let effect = format!("{} of {} statements ran", applied.done, plan.ddl_statements());
        return Err(Error::new(Code::RunInterrupted, "stopped, as asked, while setting up").effect(effect));
    }
    let statements = plan.statements();
    ctx.events.event(Event::SetUp { statements: statements.len() });
    Ok(Outcome { statements })
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::primitives::facts;

    #[test]
    fn an_empty_environment_gets_everything_and_a_complete_one_nothing() {
        let mut catalog = facts::empty();
        let first = plan(&catalog).expect("names are fine");
        let heads: Vec<String> =
            first.statements().iter().map(|sql| sql.split('(').next().unwrap_or("").to_owned()).collect();
        expect![[r#"
            CREATE ROLE "materialize_deployer"
            CREATE ROLE "materialize_developer"
            CREATE ROLE "materialize_monitor"
            CREATE DATABASE "_mzflow"
            CREATE TABLE "_mzflow"."public"."journal" 
            CREATE TABLE "_mzflow"."public"."deployment_objects" 
            CREATE SCHEMA "_mzflow"."epoch@0:setup"
            ALTER SCHEMA "_mzflow"."epoch@0:setup" OWNER TO "materialize_deployer"
            GRANT SELECT ON TABLE "_mzflow"."public"."journal", "_mzflow"."public"."deployment_objects" TO "materialize_deployer", "materialize_developer", "materialize_monitor"
            GRANT INSERT ON TABLE "_mzflow"."public"."journal" TO "materialize_deployer", "materialize_developer"
            GRANT DELETE, INSERT ON TABLE "_mzflow"."public"."deployment_objects" TO "materialize_deployer"
            GRANT CREATE ON DATABASE "_mzflow" TO "materialize_deployer"
            GRANT CREATEDB ON SYSTEM TO "materialize_deployer", "materialize_developer"
            GRANT CREATECLUSTER ON SYSTEM TO "materialize_deployer""#]]
        .assert_eq(&heads.join("\n"));
        catalog.carry_out(&first);
        assert!(plan(&catalog).expect("names are fine").is_empty());
    }
}
