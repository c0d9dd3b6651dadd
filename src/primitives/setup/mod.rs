//! setup: makes the tracking database, once; running it again changes nothing.
//!
//! Writes the three roles, and `_mzflow` with the journal, the deployed objects, the epoch marker and what
//! the roles may do with it, whatever of it is missing. Refuses: `setup.not-superuser`. Start reading at
//! [`plan`]; what roles may do is in [`RIGHTS`].

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
use crate::plan::step::Grantee;
use crate::plan::step::Step;
use crate::plan::step::Target;

/// Tells what was made.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// Statements that ran, in order; empty where everything was there.
    pub statements: Vec<String>,
}

/// What a role may do here.
struct Rights {
    role: &'static str,
    /// On the journal.
    journal: &'static [&'static str],
    /// On the rows of deployed objects.
    objects: &'static [&'static str],
    /// On the tracking database: its marker is renamed by every swap.
    database: &'static [&'static str],
    /// On the system. Not CREATEROLE: whoever has it can make themselves a member of any role.
    system: &'static [&'static str],
}

/// What the commands of each role do here, and no more: all read, an overlay is a database of its own, a
/// deployment makes databases and clusters, abort forgets what was staged.
const RIGHTS: [Rights; 3] = [
    Rights {
        role: access::DEPLOYER,
        journal: &["INSERT", "SELECT"],
        objects: &["DELETE", "INSERT", "SELECT"],
        database: &["CREATE"],
        system: &["CREATECLUSTER", "CREATEDB"],
    },
    Rights {
        role: access::DEVELOPER,
        journal: &["INSERT", "SELECT"],
        objects: &["SELECT"],
        database: &[],
        system: &["CREATEDB"],
    },
    Rights { role: access::MONITOR, journal: &["SELECT"], objects: &["SELECT"], database: &[], system: &[] },
];

/// What of its privileges a role does not have.
fn lacking(held: Option<&Privileges>, role: &RoleName, wanted: &[&str]) -> Vec<String> {
    let has = |privilege: &str| {
        held.is_some_and(|held| held.contains(&(Grantee::Role(role.clone()), privilege.to_owned())))
    };
    wanted.iter().filter(|privilege| !has(privilege)).map(|privilege| (*privilege).to_owned()).collect()
}

/// The grants that are missing.
fn rights(catalog: &Catalog, database: &Ident, public: &SchemaName) -> Result<Vec<Step>, NameError> {
    let table = |name: &str| Ok(Target::Object(ObjectKind::Table, public.object(Ident::new(name)?)));
    let (journal, objects) = (table("journal")?, table("deployment_objects")?);
    let whole = Target::Database(database.clone());
    let mut steps = Vec::new();
    for rights in RIGHTS {
        let role = RoleName(Ident::new(rights.role)?);
        for (on, wanted) in
            [(&journal, rights.journal), (&objects, rights.objects), (&whole, rights.database)]
        {
            let privileges = lacking(metadata::privileges(catalog, on), &role, wanted);
            if !privileges.is_empty() {
                let to = vec![Grantee::Role(role.clone())];
                steps.push(Step::Grant { privileges, on: vec![on.clone()], to });
            }
        }
        let privileges = lacking(Some(&catalog.system_privileges), &role, rights.system);
        if !privileges.is_empty() {
            steps.push(Step::GrantSystem { privileges, to: role });
        }
    }
    Ok(steps)
}

/// Decides what is missing.
fn plan(catalog: &Catalog) -> Result<Plan, NameError> {
    let database = Ident::new(TRACKING_DATABASE)?;
    let public = SchemaName::new(database.clone(), Ident::new("public")?);
    let mut steps = Vec::new();
    for name in access::ROLES {
        let role = RoleName(Ident::new(name)?);
        if !catalog.roles.contains(&role) {
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
    let mut after = catalog.clone();
    steps.iter().for_each(|step| after.take(step));
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

/// Makes what is missing.
///
/// # Errors
/// `setup.not-superuser`, `setup.rejected` with the server's words, `db.*`.
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
            GRANT INSERT, SELECT ON TABLE "_mzflow"."public"."journal" TO "materialize_deployer"
            GRANT DELETE, INSERT, SELECT ON TABLE "_mzflow"."public"."deployment_objects" TO "materialize_deployer"
            GRANT CREATE ON DATABASE "_mzflow" TO "materialize_deployer"
            GRANT CREATECLUSTER, CREATEDB ON SYSTEM TO "materialize_deployer"
            GRANT INSERT, SELECT ON TABLE "_mzflow"."public"."journal" TO "materialize_developer"
            GRANT SELECT ON TABLE "_mzflow"."public"."deployment_objects" TO "materialize_developer"
            GRANT CREATEDB ON SYSTEM TO "materialize_developer"
            GRANT SELECT ON TABLE "_mzflow"."public"."journal" TO "materialize_monitor"
            GRANT SELECT ON TABLE "_mzflow"."public"."deployment_objects" TO "materialize_monitor""#]]
        .assert_eq(&heads.join("\n"));
        catalog.carry_out(&first);
        assert!(plan(&catalog).expect("names are fine").is_empty());
    }
}
