//! What mz-deploy has staged in the same environment: shown, never touched.
//!
//! Source: mz-deploy 0.10 tells it in the view `staging_deployments` of its tracking database, a row
//! for each schema.

use std::collections::BTreeMap;

use super::ctx::Ctx;
use super::error::Error;
use crate::clock::Timestamp;
use crate::db::journal::timestamp;
use crate::db::session::Table;

/// A deployment that mz-deploy has staged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Foreign {
    /// Its id.
    pub id: String,
    /// When it was staged, by the server's clock.
    pub staged_at: Option<Timestamp>,
    /// Who did.
    pub by: Option<String>,
    /// The git commit of the project.
    pub commit: Option<String>,
    /// The production schemas it is about, sorted.
    pub schemas: Vec<String>,
}

/// Whether mz-deploy was ever set up here.
const IS_THERE: &str = "SELECT o.name FROM mz_catalog.mz_objects AS o \
    JOIN mz_catalog.mz_schemas AS s ON s.id = o.schema_id JOIN mz_catalog.mz_databases AS d ON d.id = s.database_id \
    WHERE d.name = '_mz_deploy' AND s.name = 'public' AND o.name = 'staging_deployments'";

/// Everything it tells: which columns there are differs with its versions.
const STAGED: &str = "SELECT * FROM \"_mz_deploy\".\"public\".\"staging_deployments\"";

/// Lists what mz-deploy has staged, by id; nothing where it was never set up.
///
/// # Errors
/// `db.*`; besides, what the server says when the role may not read it.
pub async fn staged(ctx: &Ctx) -> Result<Vec<Foreign>, Error> {
    let session = ctx.session();
    if session.read(IS_THERE).await?.is_empty() {
        return Ok(Vec::new());
    }
    Ok(deployments(&session.table(STAGED, &ctx.clock, &ctx.interrupt).await?))
}

/// Puts the rows of one deployment together.
fn deployments(table: &Table) -> Vec<Foreign> {
    let column = |name: &str| table.columns.iter().position(|column| column == name);
    let Some(id) = column("deploy_id") else { return Vec::new() };
    let mut found: BTreeMap<String, Foreign> = BTreeMap::new();
    for row in &table.rows {
        let text = |name: &str| column(name).and_then(|at| row.text(at)).map(str::to_owned);
        let Some(id) = row.text(id) else { continue };
        let deployment = found.entry(id.to_owned()).or_default();
        id.clone_into(&mut deployment.id);
        deployment.staged_at = text("deployed_at").and_then(|at| timestamp(&at).ok());
        deployment.by = text("deployed_by");
        deployment.commit = text("commit");
        if let (Some(database), Some(schema)) = (text("database"), text("schema")) {
            deployment.schemas.push(format!("{database}.{schema}"));
        }
    }
    let mut found: Vec<Foreign> = found.into_values().collect();
    found.iter_mut().for_each(|deployment| deployment.schemas.sort());
    found
}
