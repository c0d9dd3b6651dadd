//! How an object of a deployment becomes production, and under which name it waits for that.

use serde::Deserialize;
use serde::Serialize;

use super::DeploymentId;
use crate::name::NameError;
use crate::name::ObjectName;
use crate::name::SchemaName;

/// How an object becomes production, or leaves it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// With its schema, which changes places as a whole.
    #[default]
    Swapped,
    /// It takes over from what bears the production name, which keeps its readers.
    Replaced,
    /// By a rename of its own, in a schema that stays.
    Renamed,
}

impl Way {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Swapped => "swapped",
            Self::Replaced => "replaced",
            Self::Renamed => "renamed",
        }
    }

    /// Tells whether it is the ordinary one.
    pub fn is_swapped(&self) -> bool {
        *self == Self::Swapped
    }

    /// Where an object stands that is not production: the one that is built, or the one that has left.
    ///
    /// # Errors
    /// [`NameError::TooLong`] when the server could not store it.
    pub fn staging(self, id: &DeploymentId, production: &ObjectName) -> Result<ObjectName, NameError> {
        let name = production.clone();
        match self {
            Self::Swapped | Self::Replaced => {
                Ok(SchemaName::new(name.database, id.green(&name.schema)?).object(name.object))
            }
            Self::Renamed => Ok(name.schema_name().object(id.green(&name.object)?)),
        }
    }

    /// What others that are built with it call it meanwhile: what is replaced is read under its own name, and
    /// its readers are moved when it is.
    ///
    /// # Errors
    /// As [`Way::staging`].
    pub fn read_as(self, id: &DeploymentId, production: &ObjectName) -> Result<ObjectName, NameError> {
        match self {
            Self::Swapped | Self::Renamed => self.staging(id, production),
            Self::Replaced => Ok(production.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_staged_object_stands_and_what_its_readers_call_it() {
        let id: DeploymentId = "77b01de".parse().expect("an id");
        let name: ObjectName = "app.api.v".parse().expect("a name");
        let told = |way: Way| {
            let (at, read) = (way.staging(&id, &name), way.read_as(&id, &name));
            (at.expect("it fits").to_string(), read.expect("it fits").to_string())
        };
        let swapped = "app.api__77b01de__mzf.v".to_owned();
        let renamed = "app.api.v__77b01de__mzf".to_owned();
        assert_eq!(told(Way::Swapped), (swapped.clone(), swapped.clone()));
        assert_eq!(told(Way::Replaced), (swapped, "app.api.v".to_owned()));
        assert_eq!(told(Way::Renamed), (renamed.clone(), renamed));
    }
}
