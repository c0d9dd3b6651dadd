//! setup: makes the tracking database, once; running it again changes nothing.
//!
//! Writes `_mzflow` with the journal, the deployed objects and the epoch marker, whatever of it is
//! missing. The marker comes last: where it stands, everything else does. Start reading at [`plan`].

use serde::Serialize;

use super::code::Code;
use super::ctx::Ctx;
use super::ctx::marker_in;
use super::error::Error;
use crate::catalog::Catalog;
use crate::db::apply::OnFailure;
use crate::db::journal::CREATE_JOURNAL;
use crate::db::snapshot::CREATE_OBJECTS;
use crate::deployment::epoch::Marker;
use crate::deployment::epoch::TRACKING_DATABASE;
use crate::event::Event;
use crate::name::Ident;
use crate::name::NameError;
use crate::name::ObjectKind;
use crate::name::SchemaName;
use crate::plan::Plan;
use crate::plan::step::Step;

/// Tells what was made.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// Statements that ran, in order; empty where everything was there.
    pub statements: Vec<String>,
}

/// Decides what of the tracking database is missing.
fn plan(catalog: &Catalog) -> Result<Plan, NameError> {
    let database = Ident::new(TRACKING_DATABASE)?;
    let public = SchemaName::new(database.clone(), Ident::new("public")?);
    let mut steps = Vec::new();
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
        steps.push(Step::CreateSchema(SchemaName::new(database, name)));
    }
    let mut plan = Plan::new();
    plan.each(steps);
    Ok(plan)
}

/// Makes what is missing.
///
/// # Errors
/// `setup.rejected` with the server's words, `db.*`.
pub async fn run(ctx: &mut Ctx) -> Result<Outcome, Error> {
    let catalog = ctx.catalog().await?;
    let plan =
        plan(&catalog).map_err(|error| Error::bug(format!("a name of the tracking database: {error}")))?;
    if plan.is_empty() {
        return Ok(Outcome { statements: Vec::new() });
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
            CREATE DATABASE "_mzflow"
            CREATE TABLE "_mzflow"."public"."journal" 
            CREATE TABLE "_mzflow"."public"."deployment_objects" 
            CREATE SCHEMA "_mzflow"."epoch@0:setup""#]]
        .assert_eq(&heads.join("\n"));
        catalog.carry_out(&first);
        assert!(plan(&catalog).expect("names are fine").is_empty());
    }
}
