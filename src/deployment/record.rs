//! What is written into the journal: one record a row, as its `kind` and its JSON `payload`.
//!
//! Field names are read by later versions and by people; they may grow and never change meaning.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

use super::DeploymentId;
use super::Isolation;
use super::approval::ApprovalAsked;
use super::approval::ApprovalGiven;
use super::change::Change;
use super::decision::PolicyDecided;
use super::decision::PolicySource;
use super::deletion::Deletion;
use super::dropping::DropDone;
use super::dropping::DropIntent;
use super::epoch::SwapIntent;
use super::overlay::OverlayDone;
use super::overlay::OverlayDropped;
use super::overlay::OverlayIntent;
use super::rights::Deed;
use super::rights::Meant;
use super::rights::SwapInPlace;
use super::said::MetadataIntent;
use super::said::Repointed;
use super::shift::ShiftDone;
use super::shift::ShiftIntent;
use super::shift::UnshiftDone;
use super::shift::UnshiftIntent;
use super::watching::WatchBegan;
use super::way::Way;
use crate::name::ClusterId;
use crate::name::ClusterName;
use crate::name::Ident;
use crate::name::ObjectId;
use crate::name::ObjectKind;
use crate::name::ObjectName;
use crate::name::SchemaId;
use crate::name::SchemaName;

/// One journal row's content.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "payload")]
pub enum Record {
    /// A run began.
    #[serde(rename = "run.started")]
    RunStarted(RunStarted),
    /// A run ended by itself.
    #[serde(rename = "run.finished")]
    RunFinished(RunFinished),
    /// A side effect of the recipe's own was carried out.
    #[serde(rename = "step.done")]
    StepDone(StepDone),
    /// A policy was asked whether a deployment may become production.
    #[serde(rename = "policy.decided")]
    PolicyDecided(PolicyDecided),
    /// People are asked whether the run may go on.
    #[serde(rename = "approval.asked")]
    ApprovalAsked(ApprovalAsked),
    /// Somebody has answered another run's question.
    #[serde(rename = "approval.given")]
    ApprovalGiven(ApprovalGiven),
    /// Databases, schemas, clusters and the like are about to be created or reconciled.
    #[serde(rename = "apply.intent")]
    ApplyIntent(ApplyIntent),
    /// They are.
    #[serde(rename = "apply.done")]
    ApplyDone(ApplyDone),
    /// A deployment's names are taken.
    #[serde(rename = "stage.intent")]
    StageIntent(StageIntent),
    /// The objects behind them.
    #[serde(rename = "stage.objects")]
    StageObjects(StageObjects),
    /// All of them exist.
    #[serde(rename = "stage.done")]
    StageDone(StageDone),
    /// A swap is about to be tried.
    #[serde(rename = "swap.intent")]
    SwapIntent(SwapIntent),
    /// It committed, and something that stays is about to be changed, or a sink to be made.
    #[serde(rename = "swap.in-place")]
    SwapInPlace(SwapInPlace),
    /// It committed and everything after it was done.
    #[serde(rename = "swap.done")]
    SwapDone(SwapDone),
    /// Roles are about to read a deployment that is not production.
    #[serde(rename = "shift.intent")]
    ShiftIntent(ShiftIntent),
    /// They do.
    #[serde(rename = "shift.done")]
    ShiftDone(ShiftDone),
    /// They are about to be put back.
    #[serde(rename = "unshift.intent")]
    UnshiftIntent(UnshiftIntent),
    /// They are.
    #[serde(rename = "unshift.done")]
    UnshiftDone(UnshiftDone),
    /// Somebody watches an overlay.
    #[serde(rename = "watch.began")]
    WatchBegan(WatchBegan),
    /// Objects of an overlay are about to be made.
    #[serde(rename = "overlay.intent")]
    OverlayIntent(OverlayIntent),
    /// An overlay stands so.
    #[serde(rename = "overlay.done")]
    OverlayDone(OverlayDone),
    /// An overlay is gone.
    #[serde(rename = "overlay.dropped")]
    OverlayDropped(OverlayDropped),
    /// Grants and comments of the project's own are about to be made.
    #[serde(rename = "metadata.intent")]
    MetadataIntent(MetadataIntent),
    /// Something is about to be claimed and dropped.
    #[serde(rename = "drop.intent")]
    DropIntent(DropIntent),
    /// It is gone.
    #[serde(rename = "drop.done")]
    DropDone(DropDone),
    /// Something that is not blue/green is about to be dropped, or is gone.
    #[serde(rename = "deletion")]
    Deletion(Deletion),
}

impl Record {
    /// The `kind` column.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::RunStarted(_) => "run.started",
            Self::RunFinished(_) => "run.finished",
            Self::StepDone(_) => "step.done",
            Self::PolicyDecided(_) => "policy.decided",
            Self::ApprovalAsked(_) => "approval.asked",
            Self::ApprovalGiven(_) => "approval.given",
            Self::ApplyIntent(_) => "apply.intent",
            Self::ApplyDone(_) => "apply.done",
            Self::StageIntent(_) => "stage.intent",
            Self::StageObjects(_) => "stage.objects",
            Self::StageDone(_) => "stage.done",
            Self::SwapIntent(_) => "swap.intent",
            Self::SwapInPlace(_) => "swap.in-place",
            Self::SwapDone(_) => "swap.done",
            Self::ShiftIntent(_) => "shift.intent",
            Self::ShiftDone(_) => "shift.done",
            Self::UnshiftIntent(_) => "unshift.intent",
            Self::UnshiftDone(_) => "unshift.done",
            Self::WatchBegan(_) => "watch.began",
            Self::OverlayIntent(_) => "overlay.intent",
            Self::OverlayDone(_) => "overlay.done",
            Self::OverlayDropped(_) => "overlay.dropped",
            Self::MetadataIntent(_) => "metadata.intent",
            Self::DropIntent(_) => "drop.intent",
            Self::DropDone(_) => "drop.done",
            Self::Deletion(_) => "deletion",
        }
    }

    /// The deployment it is about, if it is about one.
    pub fn deployment(&self) -> Option<&DeploymentId> {
        match self {
            Self::RunStarted(_)
            | Self::RunFinished(_)
            | Self::StepDone(_)
            | Self::ApprovalAsked(_)
            | Self::ApprovalGiven(_)
            | Self::ApplyIntent(_)
            | Self::ApplyDone(_)
            | Self::WatchBegan(_)
            | Self::OverlayIntent(_)
            | Self::OverlayDone(_)
            | Self::OverlayDropped(_)
            | Self::Deletion(_) => None,
            Self::PolicyDecided(decided) => Some(&decided.deployment),
            Self::StageIntent(intent) => Some(&intent.deployment),
            Self::StageObjects(objects) => Some(&objects.deployment),
            Self::StageDone(done) => Some(&done.deployment),
            Self::SwapIntent(intent) => Some(&intent.deployment),
            Self::SwapInPlace(in_place) => Some(&in_place.deployment),
            Self::SwapDone(done) => Some(&done.deployment),
            Self::ShiftIntent(intent) => Some(&intent.deployment),
            Self::ShiftDone(done) => Some(&done.deployment),
            Self::UnshiftIntent(intent) => Some(&intent.deployment),
            Self::UnshiftDone(done) => Some(&done.deployment),
            Self::MetadataIntent(intent) => intent.deployment.as_ref(),
            Self::DropIntent(intent) => Some(&intent.deployment),
            Self::DropDone(done) => Some(&done.deployment),
        }
    }

    /// The `payload` column.
    ///
    /// # Errors
    /// Never in practice: every field serialises.
    pub fn payload(&self) -> Result<Value, serde_json::Error> {
        let mut whole = serde_json::to_value(self)?;
        Ok(whole.get_mut("payload").map(Value::take).unwrap_or_default())
    }

    /// Reads a row; `Ok(None)` for a kind that a newer version wrote.
    ///
    /// # Errors
    /// When the payload of a known kind is not of its shape.
    pub fn read(kind: &str, payload: Value) -> Result<Option<Self>, serde_json::Error> {
        match serde_json::from_value(serde_json::json!({ "kind": kind, "payload": payload })) {
            Ok(record) => Ok(Some(record)),
            Err(error) if error.to_string().starts_with("unknown variant") => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// See [`Record::RunStarted`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunStarted {
    /// The recipe's name, or the verb's.
    pub recipe: String,
    /// The recipe's source, to run the same again; empty for a verb.
    pub source: String,
    /// The file it is from, for people.
    #[serde(default)]
    pub file: String,
    /// The other sources that were read with it, by name.
    #[serde(default)]
    pub modules: BTreeMap<String, String>,
    /// The arguments it was given, by name.
    pub arguments: Value,
    /// The version of mzflow.
    pub version: String,
    /// The git commit of the project, if any.
    pub commit: Option<String>,
    /// The policies that are asked before it swaps.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<PolicySource>,
    /// Milliseconds that it waits for them at most; `None` is without an end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_timeout_ms: Option<u64>,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunStatus {
    /// It did what it was to do.
    Done,
    /// Something went wrong.
    Failed,
    /// Checks or a policy said no; production is untouched.
    Refused,
    /// It waits for a person.
    Paused,
    /// Somebody pressed Ctrl-C.
    Interrupted,
}

impl RunStatus {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Refused => "refused",
            Self::Paused => "paused",
            Self::Interrupted => "interrupted",
        }
    }
}

/// See [`Record::RunFinished`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunFinished {
    /// How.
    pub status: RunStatus,
    /// The error's code, if there was one.
    pub code: Option<String>,
    /// The error's message, if there was one.
    pub message: Option<String>,
}

/// See [`Record::StepDone`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepDone {
    /// The step's name, unique in its run.
    pub name: String,
    /// What it returned.
    pub result: Value,
}

/// See [`Record::ApplyIntent`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApplyIntent {
    /// What is touched, in order, such as `create cluster compute (25cc)`.
    pub actions: Vec<String>,
}

/// See [`Record::ApplyDone`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApplyDone {
    /// How many statements ran.
    pub statements: usize,
}

/// A production schema and its green.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SchemaPair {
    /// The database of both.
    pub database: Ident,
    /// The production name.
    pub production: Ident,
    /// The staging name.
    pub staging: Ident,
    /// The id under the production name when it was staged; `None` where the schema is new: it is
    /// then renamed into place instead of swapped.
    pub production_id: Option<SchemaId>,
}

impl SchemaPair {
    /// The full production name.
    pub fn production_name(&self) -> SchemaName {
        SchemaName::new(self.database.clone(), self.production.clone())
    }

    /// The full staging name.
    pub fn staging_name(&self) -> SchemaName {
        SchemaName::new(self.database.clone(), self.staging.clone())
    }
}

/// A production cluster and its green.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ClusterPair {
    /// The production name.
    pub production: ClusterName,
    /// The staging name.
    pub staging: ClusterName,
    /// The id under the production name when it was staged.
    pub production_id: ClusterId,
    /// What production's was then; `None` in records of before this was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub production_shape: Option<ClusterShape>,
}

/// What there is of a cluster, as far as the catalog tells.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ClusterShape {
    /// The size of its replicas.
    pub size: Option<String>,
    /// How many it shall have.
    pub replication_factor: Option<u32>,
    /// Its options as the server itself would write them down; `None` in records of before this was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub options: Option<BTreeMap<String, String>>,
}

impl std::fmt::Display for ClusterShape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let factor = self.replication_factor.map_or("?".to_owned(), |factor| factor.to_string());
        write!(f, "size {}, replication factor {factor}", self.size.as_deref().unwrap_or("?"))
    }
}

/// See [`Record::StageIntent`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageIntent {
    /// The deployment.
    pub deployment: DeploymentId,
    /// The fingerprint of the whole project that was staged.
    pub project_fingerprint: String,
    /// How much is replaced as a whole.
    pub isolation: Isolation,
    /// The epoch at which production was looked at.
    pub base_epoch: u64,
    /// The git commit of the project, if any.
    pub commit: Option<String>,
    /// The schemas of the project, to tell its objects from another project's.
    pub project_schemas: Vec<SchemaName>,
    /// The schemas that change places.
    pub schemas: Vec<SchemaPair>,
    /// The clusters that change places.
    pub clusters: Vec<ClusterPair>,
    /// The schemas that stay, and in which objects change names one by one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub within: Vec<SchemaName>,
    /// How many objects (views, materialized views) are built.
    pub built: usize,
    /// The schemas of the project whose API is stable.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stable: Vec<SchemaName>,
    /// The schemas that stay and in which materialized views are replaced, by what stands under the staging
    /// name; that is gone once they are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replaced_in: Vec<SchemaPair>,
}

/// One object of a deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StagedObject {
    /// Its production name.
    pub name: ObjectName,
    /// What it is.
    pub kind: ObjectKind,
    /// Why it is here.
    pub change: Change,
    /// The objects that are the reason, nearest first; empty where it is its own reason.
    #[serde(default)]
    pub because: Vec<ObjectName>,
    /// Its fingerprint in the project; empty for a removed one.
    pub fingerprint: String,
    /// The fingerprint of its grants and comments; empty for a removed one.
    pub metadata_fingerprint: String,
    /// The id under its production name when it was staged, if there was one.
    pub production_id: Option<ObjectId>,
    /// Its file in the project, if it is still there.
    #[serde(default)]
    pub file: Option<String>,
    /// How it becomes production, or leaves it.
    #[serde(default, skip_serializing_if = "Way::is_swapped")]
    pub way: Way,
    /// The name it is built under, in its own schema, where it changes names by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub staging: Option<Ident>,
    /// The name that what it replaces bears after the swap, there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retired: Option<Ident>,
}

/// An index of a deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StagedIndex {
    /// Its production name; an index lives in the schema of its relation.
    pub name: ObjectName,
    /// The name it is built under, in the relation's schema at stage time.
    pub staging: ObjectName,
    /// The relation's production name.
    pub on: ObjectName,
    /// The id under its production name when it was staged, if there was one.
    pub production_id: Option<ObjectId>,
    /// The name that what it replaces bears after the swap, where its relation changes names by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retired: Option<Ident>,
    /// Whether nothing takes its place: the files no longer have it, and its relation stays.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub removed: bool,
}

/// A statement that waits for the swap, with what it does in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AfterSwap {
    /// In words: `grant on auction.core.bids`.
    pub what: String,
    /// The statement.
    pub sql: String,
    /// What it changes, where that can be taken back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deeds: Vec<Deed>,
}

/// See [`Record::StageObjects`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageObjects {
    /// The deployment.
    pub deployment: DeploymentId,
    /// Every object that is not unchanged, in dependency order.
    pub objects: Vec<StagedObject>,
    /// Every index that is built.
    pub indexes: Vec<StagedIndex>,
    /// The indexes of the project that stood in the scope of the swap when it was staged.
    #[serde(default)]
    pub replaced_indexes: Vec<ObjectId>,
    /// Grants and comments on production objects that are not rebuilt.
    pub in_place: Vec<AfterSwap>,
    /// Sinks of the project that do not exist yet.
    pub new_sinks: Vec<AfterSwap>,
    /// Sinks that exist and are to read something else.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repointed: Vec<Repointed>,
    /// Grants and comments on what is replaced in place: the server keeps no comments then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub restored: Vec<AfterSwap>,
    /// What earlier deployments have replaced one by one and keep in the schemas of the swap: it goes with them, and
    /// comes back with them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub carried_along: Vec<ObjectId>,
    /// What files say of what is staged, to bring it in line with production once more before the swap; `None` in
    /// records of before this was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meant: Option<Meant>,
}

impl StageObjects {
    /// A deployment without any.
    pub fn empty(deployment: DeploymentId) -> Self {
        Self {
            deployment,
            objects: Vec::new(),
            indexes: Vec::new(),
            replaced_indexes: Vec::new(),
            in_place: Vec::new(),
            new_sinks: Vec::new(),
            repointed: Vec::new(),
            restored: Vec::new(),
            carried_along: Vec::new(),
            meant: None,
        }
    }
}

/// See [`Record::StageDone`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageDone {
    /// The deployment.
    pub deployment: DeploymentId,
    /// The ids of the green schemas, in the order of the intent's pairs.
    pub schemas: Vec<SchemaId>,
    /// The ids of the green clusters, in the order of the intent's pairs.
    pub clusters: Vec<ClusterId>,
    /// The ids of the schemas that hold replacements, in the order of the intent's pairs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replaced_in: Vec<SchemaId>,
}

/// See [`Record::SwapDone`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SwapDone {
    /// The deployment.
    pub deployment: DeploymentId,
    /// The epoch that the swap made.
    pub epoch: u64,
    /// Sinks that could not be cut over or made yet, with the reason.
    pub pending_sinks: Vec<String>,
    /// Materialized views that could not be replaced yet, with the reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pending_replacements: Vec<String>,
    /// The sinks that were made, by id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub made_sinks: Vec<ObjectId>,
}

impl SwapDone {
    /// Tells whether everything that follows the swap was done.
    pub fn is_settled(&self) -> bool {
        self.pending_sinks.is_empty() && self.pending_replacements.is_empty()
    }
}

#[cfg(test)]
mod tests;
