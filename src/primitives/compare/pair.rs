//! Two relations that no deployment brings together: an object of an overlay, and production's.

use std::time::Duration;

use super::Allow;
use super::Choice;
use super::Compared;
use super::Question;
use super::Standing;
use super::sides::Both;
use super::sides::Sides;
use crate::clock::Deadline;
use crate::db::apply::Interrupt;
use crate::db::session::Session;
use crate::name::ClusterName;
use crate::name::ObjectName;
use crate::primitives::code::Code;
use crate::primitives::error::Error;

/// Two relations.
#[derive(Clone, Debug)]
pub struct Pair {
    /// Production's.
    pub blue: ObjectName,
    /// The other.
    pub green: ObjectName,
    /// The columns by which rows are told apart; where one is not on both sides, whole rows are compared.
    pub key: Vec<String>,
    /// The cluster that computes it.
    pub cluster: ClusterName,
    /// So many differing rows of a kind are kept.
    pub samples: usize,
    /// How long it may take.
    pub timeout: Duration,
}

/// Lets the server compare two relations; one that production does not have is new.
///
/// # Errors
/// `compare.gone`, `compare.failed`, `compare.timeout`, `run.interrupted`, `db.*`.
///
/// # Cancel
/// Safe: it only reads.
pub async fn pair(
    session: Session,
    pair: Pair,
    interrupt: Interrupt,
    deadline: Deadline,
) -> Result<Compared, Error> {
    let both = Both { blue: pair.blue.clone(), green: pair.green, cluster: Some(pair.cluster.clone()) };
    let sides = Sides { name: pair.blue.clone(), kind: String::new(), both: Ok(both.clone()) };
    let relations = super::relations(&session, std::slice::from_ref(&sides)).await?;
    let is_there = |name: &ObjectName| {
        relations.iter().any(|relation| {
            relation.name == name.object
                && relation.schema == name.schema
                && relation.database.as_ref() == Some(&name.database)
        })
    };
    if !is_there(&pair.blue) {
        return Ok(Compared::alone(pair.blue.to_string(), String::new(), Standing::New));
    }
    let allow = Choice { otherwise: Allow::Nothing, of: Default::default() };
    let task = |key: Vec<String>| {
        let key = Choice { otherwise: key, of: Default::default() };
        super::task((&key, &allow), &pair.blue, &both, &relations, Some(&pair.cluster))
    };
    let task = match task(pair.key) {
        Err(error) if error.code() == Code::CompareUnknownKey => task(Vec::new())?,
        task => task?,
    };
    let question = Question {
        session: Some(session),
        objects: vec![(sides, Some(task))],
        samples: pair.samples,
        timeout: pair.timeout,
        interrupt,
        deadline,
    };
    let compared = question.all().await?.pop().map(|open| open.compared);
    compared.ok_or_else(|| Error::bug("one pair was compared, and nothing came of it"))
}
