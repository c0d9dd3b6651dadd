//! The objects of deployments as SQL: recording them, and the newest promoted row of each name.

use super::error::Error;
use super::session::Parameter;
use super::session::Row;
use super::session::Session;
use crate::deployment::DeploymentId;
use crate::deployment::change::Change;
use crate::name::ObjectId;
use crate::name::ObjectKind;
use crate::name::ObjectName;
use crate::name::literal;

/// The table of deployed objects.
pub const CREATE_OBJECTS: &str = "CREATE TABLE \"_mzflow\".\"public\".\"deployment_objects\" (\
    deployment text NOT NULL, database text NOT NULL, schema text NOT NULL, name text NOT NULL, \
    kind text NOT NULL, object_id text, green_name text NOT NULL, fingerprint text NOT NULL, \
    metadata_fingerprint text NOT NULL, change text NOT NULL)";

/// Rows of one statement: some hundred kilobytes at most.
pub const ROWS_A_STATEMENT: usize = 1_000;

/// One row: an object of a deployment, or an index of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeployedObject {
    /// The deployment.
    pub deployment: DeploymentId,
    /// Its production name.
    pub name: ObjectName,
    /// What it is.
    pub kind: ObjectKind,
    /// The id it got, or keeps; `None` for one that was removed.
    pub object_id: Option<ObjectId>,
    /// The name it was built under.
    pub green_name: ObjectName,
    /// Its fingerprint.
    pub fingerprint: String,
    /// The fingerprint of its grants and comments.
    pub metadata_fingerprint: String,
    /// Why it was in the deployment.
    pub change: Change,
}

/// The statement that records rows of one deployment, those that are there already left out.
///
/// They come as one JSON array of arrays: the statement stays short however many they are, and a server
/// plans it as quickly. They are compared with that deployment's alone, however many there were before, and by
/// their names, which are taken out first: a server joins by what is a column.
pub const RECORD: &str = "INSERT INTO \"_mzflow\".\"public\".\"deployment_objects\" \
    SELECT v.* FROM (SELECT e.r->>0 AS a, e.r->>1 AS database, e.r->>2 AS schema, e.r->>3 AS name, e.r->>4 AS b, \
    e.r->>5 AS c, e.r->>6 AS d, e.r->>7 AS e, e.r->>8 AS f, e.r->>9 AS g \
    FROM jsonb_array_elements($1::jsonb) AS e (r)) AS v \
    WHERE NOT EXISTS (SELECT 1 FROM \"_mzflow\".\"public\".\"deployment_objects\" o WHERE o.deployment = $2::text \
    AND o.database = v.database AND o.schema = v.schema AND o.name = v.name)";

/// Records one statement's worth of rows of a deployment, at most [`ROWS_A_STATEMENT`].
///
/// # Errors
/// What the server says, or a lost connection.
pub async fn record(
    session: &Session,
    deployment: &DeploymentId,
    rows: &[DeployedObject],
) -> Result<(), Error> {
    let row = |row: &DeployedObject| {
        serde_json::json!([
            row.deployment.to_string(),
            row.name.database.as_str(),
            row.name.schema.as_str(),
            row.name.object.as_str(),
            row.kind.catalog(),
            row.object_id.as_ref().map(ToString::to_string),
            row.green_name.to_string(),
            row.fingerprint,
            row.metadata_fingerprint,
            row.change.to_string(),
        ])
    };
    let rows = Parameter::Json(rows.iter().map(row).collect());
    session.append(RECORD, &[rows, Parameter::text(deployment)]).await.map(|_| ())
}

/// The statement that forgets the objects of a deployment, whose id may be used again.
pub const FORGET: &str =
    "DELETE FROM \"_mzflow\".\"public\".\"deployment_objects\" WHERE deployment = $1::text";

/// Forgets the objects of a deployment that was dropped: what is staged under its id again has other ids.
///
/// # Errors
/// What the server says, or a lost connection.
pub async fn forget(session: &Session, deployment: &DeploymentId) -> Result<(), Error> {
    session.append(FORGET, &[Parameter::text(deployment)]).await.map(|_| ())
}

const COLUMNS: &str = "o.deployment, o.database, o.schema, o.name, o.kind, o.object_id, o.green_name, \
    o.fingerprint, o.metadata_fingerprint, o.change";

/// The newest row of every production name among promotions, given oldest first.
///
/// Names whose newest row says `removed` are left out.
///
/// # Errors
/// What the server says, or a row that cannot be read.
pub async fn newest(session: &Session, promotions: &[DeploymentId]) -> Result<Vec<DeployedObject>, Error> {
    if promotions.is_empty() {
        return Ok(Vec::new());
    }
    let ranks: Vec<String> = promotions
        .iter()
        .enumerate()
        .map(|(rank, id)| format!("({}, {rank})", literal(id.as_str())))
        .collect();
    let sql = format!(
        "SELECT DISTINCT ON (o.database, o.schema, o.name) {COLUMNS}, p.rank \
         FROM \"_mzflow\".\"public\".\"deployment_objects\" o \
         JOIN (VALUES {}) AS p (deployment, rank) ON p.deployment = o.deployment \
         ORDER BY o.database, o.schema, o.name, p.rank DESC",
        ranks.join(", ")
    );
    let mut rows = rows(session, &sql).await?;
    rows.retain(|row| row.change != Change::Removed);
    Ok(rows)
}

/// The rows of deployments, by deployment and name.
///
/// # Errors
/// What the server says, or a row that cannot be read.
pub async fn of(session: &Session, deployments: &[&DeploymentId]) -> Result<Vec<DeployedObject>, Error> {
    if deployments.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<String> = deployments.iter().map(|id| literal(id.as_str())).collect();
    let sql = format!(
        "SELECT {COLUMNS} FROM \"_mzflow\".\"public\".\"deployment_objects\" o WHERE o.deployment IN ({}) \
         ORDER BY o.deployment, o.database, o.schema, o.name",
        ids.join(", ")
    );
    rows(session, &sql).await
}

async fn rows(session: &Session, sql: &str) -> Result<Vec<DeployedObject>, Error> {
    session.read_own(sql).await?.iter().map(deployed).collect()
}

fn deployed(row: &Row) -> Result<DeployedObject, Error> {
    let wrong = |what: &dyn std::fmt::Display| {
        Error::protocol(format!("a row of deployment_objects cannot be read: {what}"))
    };
    let ident = |column| crate::name::Ident::new(row.required(column)?).map_err(|error| wrong(&error));
    let kind = row.required(4)?;
    let change = row.required(9)?;
    Ok(DeployedObject {
        deployment: row.required(0)?.parse().map_err(|error| wrong(&error))?,
        name: ObjectName::new(ident(1)?, ident(2)?, ident(3)?),
        kind: ObjectKind::from_catalog(kind).ok_or_else(|| wrong(&kind))?,
        object_id: row.text(5).map(ObjectId::new),
        green_name: row.required(6)?.parse().map_err(|error| wrong(&error))?,
        fingerprint: row.required(7)?.to_owned(),
        metadata_fingerprint: row.required(8)?.to_owned(),
        change: Change::ALL.into_iter().find(|c| c.as_str() == change).ok_or_else(|| wrong(&change))?,
    })
}
