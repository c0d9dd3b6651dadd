//! Deployments and runs: their ids, the names of staged things, states, and what is recorded.
//!
//! Pure data and pure functions; nothing here reads a database or a clock. Start reading at
//! [`state::step`] for what may follow what, and at [`epoch::history`] for who swapped when.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use serde::Serialize;

use crate::name::Ident;
use crate::name::NameError;

pub mod approval;
pub mod change;
pub mod decision;
pub mod deletion;
pub mod dropping;
pub mod epoch;
pub mod overlay;
pub mod place;
pub mod record;
pub mod rights;
pub mod said;
pub mod shift;
pub mod state;
pub mod watching;
pub mod way;

/// The longest deployment id; leaves room for names of up to 180 bytes around it.
pub const MAX_ID_BYTES: usize = 63;

/// Why a text is not a deployment or run id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an id: letters, digits, `-` and `_` only, at most {MAX_ID_BYTES} of them")]
pub struct IdError(String);

fn checked(text: &str) -> Result<String, IdError> {
    let legal = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    // Two underscores separate the parts of a staged name; inside an id they would blur them.
    if text.is_empty() || text.len() > MAX_ID_BYTES || !text.chars().all(legal) || text.contains("__") {
        return Err(IdError(text.to_owned()));
    }
    Ok(text.to_owned())
}

macro_rules! id {
    ($(#[$doc:meta])* $type:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(String);

        impl $type {
            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $type {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                checked(text).map(Self)
            }
        }

        impl TryFrom<String> for $type {
            type Error = IdError;

            fn try_from(text: String) -> Result<Self, IdError> {
                checked(&text).map(Self)
            }
        }

        impl From<$type> for String {
            fn from(id: $type) -> Self {
                id.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id! {
    /// The id of one staged green; unique in its environment.
    DeploymentId
}
id! {
    /// The id of one execution of one recipe or verb.
    RunId
}

impl DeploymentId {
    /// The id with a counter behind it, for a wanted id that other content has taken.
    ///
    /// # Errors
    /// [`IdError`] when that is longer than an id may be.
    pub fn numbered(&self, counter: usize) -> Result<Self, IdError> {
        format!("{}-{counter}", self.0).parse()
    }

    /// The name under which something of production is staged, and under which the replaced version
    /// of a schema or a cluster stays after the swap.
    ///
    /// # Errors
    /// [`NameError::TooLong`] when the server could not store it.
    pub fn green(&self, production: &Ident) -> Result<Ident, NameError> {
        Ident::new(format!("{production}__{}{GREEN}", self.0, production = production.as_str()))
    }

    /// The name that an object which was replaced bears in its own schema after the swap.
    ///
    /// # Errors
    /// [`NameError::TooLong`] when the server could not store it.
    pub fn retired(&self, production: &Ident) -> Result<Ident, NameError> {
        Ident::new(format!("{production}__{}{RETIRED}", self.0, production = production.as_str()))
    }

    /// The name that marks something as being dropped; nothing swaps onto it.
    ///
    /// # Errors
    /// [`NameError::TooLong`] when the server could not store it.
    pub fn claimed(&self, production: &Ident) -> Result<Ident, NameError> {
        Ident::new(format!("{production}__{}{CLAIMED}", self.0, production = production.as_str()))
    }
}

impl DeploymentId {
    /// Tells whether a name has the form of one that only this deployment gives.
    pub fn gives(&self, name: &Ident) -> bool {
        let inner = [GREEN, RETIRED, CLAIMED].into_iter().find_map(|end| name.as_str().strip_suffix(end));
        let inner = inner.and_then(|inner| inner.strip_suffix(self.0.as_str()));
        inner.is_some_and(|inner| inner.ends_with("__") && inner.len() > 2)
    }
}

/// What the names of staged things end in. It is not the id: other tools look for their own there.
const GREEN: &str = "__mzf";

/// What the names of objects end in that were replaced one by one. It is another than green's: with
/// two names the exchange is two renames and not three, and each costs the server a tenth of a second.
const RETIRED: &str = "__mzr";

/// What the names of things that are being dropped end in.
const CLAIMED: &str = "__mzx";

/// Tells whether a name has the form of [`DeploymentId::green`], [`DeploymentId::retired`] or
/// [`DeploymentId::claimed`].
pub fn is_staging_name(name: &Ident) -> bool {
    let name = name.as_str();
    let inner = [GREEN, RETIRED, CLAIMED].into_iter().find_map(|end| name.strip_suffix(end));
    inner
        .and_then(|inner| inner.rsplit_once("__"))
        .is_some_and(|(production, id)| !production.is_empty() && id.parse::<DeploymentId>().is_ok())
}

/// How much of an environment a deployment replaces as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Isolation {
    /// Schemas and clusters: hydration never runs on a production cluster.
    #[default]
    Cluster,
    /// Schemas only: hydration runs on production clusters.
    Schema,
    /// Objects, one by one, each by renames inside its schema: the least is rebuilt, and hydration runs
    /// on production clusters.
    Object,
}

impl Isolation {
    /// Every choice, the one with most isolation first.
    pub const ALL: [Self; 3] = [Self::Cluster, Self::Schema, Self::Object];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cluster => "cluster",
            Self::Schema => "schema",
            Self::Object => "object",
        }
    }

    /// Whether schemas are swapped as a whole.
    pub fn swaps_schemas(self) -> bool {
        match self {
            Self::Cluster | Self::Schema => true,
            Self::Object => false,
        }
    }
}

impl fmt::Display for Isolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_plain_words() {
        for text in ["77b01de", "a-1", "A_b"] {
            assert!(text.parse::<DeploymentId>().is_ok(), "{text}");
        }
        for text in ["", "a b", "a__b", "é", "%", &"x".repeat(64)] {
            assert!(text.parse::<DeploymentId>().is_err(), "{text}");
        }
    }

    #[test]
    fn staging_names_are_known_by_their_form() {
        let is = |name: &str| is_staging_name(&Ident::new(name).expect("a name"));
        assert!(is("core__77b01de__mzf") && is("v__77b01de__mzr") && is("a__b__x-2__mzx"));
        assert!(!is("core__mzf") && !is("__x__mzf") && !is("core__77b01de") && !is("core____mzf"));
    }

    #[test]
    fn a_deployment_knows_the_form_of_its_names() {
        let id: DeploymentId = "a-1".parse().expect("an id");
        let gives = |name: &str| id.gives(&Ident::new(name).expect("a name"));
        assert!(gives("core__a-1__mzf") && gives("v__a-1__mzr") && gives("x__b__a-1__mzx"));
        assert!(
            !gives("core__1__mzf") && !gives("core_a-1__mzf") && !gives("__a-1__mzf") && !gives("core__a-1")
        );
    }

    #[test]
    fn staged_names_never_end_in_the_id() {
        let id: DeploymentId = "77b01de".parse().expect("an id");
        let core = Ident::new("Core").expect("a name");
        assert_eq!(id.green(&core).expect("fits").as_str(), "Core__77b01de__mzf");
        assert_eq!(id.retired(&core).expect("fits").as_str(), "Core__77b01de__mzr");
        assert_eq!(id.claimed(&core).expect("fits").as_str(), "Core__77b01de__mzx");
        let long = Ident::new("x".repeat(245)).expect("a name");
        assert!(matches!(id.green(&long), Err(NameError::TooLong { .. })));
    }
}
