//! Roles whose new sessions read a deployment that is not production: what is recorded of them.

use serde::Deserialize;
use serde::Serialize;

use super::DeploymentId;
use crate::name::RoleName;

/// A setting of a role that decides what its new sessions read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Parameter {
    /// The schemas in which unqualified names are looked up.
    SearchPath,
    /// The cluster that answers.
    Cluster,
}

impl Parameter {
    /// Both.
    pub const ALL: [Self; 2] = [Self::SearchPath, Self::Cluster];

    /// Its name on the server.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SearchPath => "search_path",
            Self::Cluster => "cluster",
        }
    }
}

/// One setting of a role: as it was, and as it is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    /// Which.
    pub parameter: Parameter,
    /// The role's own value before, as the server prints it; `None` where it had none.
    pub before: Option<String>,
    /// The value that it gets.
    pub after: String,
}

/// A role and what is set of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShiftedRole {
    /// The role.
    pub role: RoleName,
    /// Its settings; never empty.
    pub settings: Vec<Setting>,
}

/// Roles are about to read the deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShiftIntent {
    /// The deployment.
    pub deployment: DeploymentId,
    /// Each with what it had before, so that it can be put back.
    pub roles: Vec<ShiftedRole>,
}

/// They do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShiftDone {
    /// The deployment.
    pub deployment: DeploymentId,
    /// The roles.
    pub roles: Vec<RoleName>,
}

/// Roles are about to be put back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnshiftIntent {
    /// The deployment.
    pub deployment: DeploymentId,
    /// The roles.
    pub roles: Vec<RoleName>,
}

/// They are, or what they are set to now is somebody else's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnshiftDone {
    /// The deployment.
    pub deployment: DeploymentId,
    /// The roles.
    pub roles: Vec<RoleName>,
    /// What somebody else had set meanwhile and was left as it was, a line each.
    pub left_alone: Vec<String>,
}
