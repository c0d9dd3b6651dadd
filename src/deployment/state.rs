//! The life of a deployment as a state machine: every legal move in one place.

use std::fmt;

use serde::Deserialize;
use serde::Serialize;

/// Where a deployment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Its names are recorded; not all of them exist yet.
    Staging,
    /// Everything exists under the staging names.
    Staged,
    /// It is, or was, production; the version it replaced stands under the staging names.
    Promoted,
    /// It is, or was, production; the version it replaced is being dropped.
    Retiring,
    /// It is, or was, production; the version it replaced is gone.
    Retired,
    /// It was production and was swapped back; it stands under the staging names.
    RolledBack,
    /// It is being dropped.
    Aborting,
    /// It was dropped without having been kept in production.
    Aborted,
}

impl State {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Staging => "staging",
            Self::Staged => "staged",
            Self::Promoted => "promoted",
            Self::Retiring => "retiring",
            Self::Retired => "retired",
            Self::RolledBack => "rolled-back",
            Self::Aborting => "aborting",
            Self::Aborted => "aborted",
        }
    }

    /// Tells whether the deployment still owns things under staging names that a person may want
    /// to promote or abort.
    pub fn is_open(self) -> bool {
        match self {
            Self::Staging | Self::Staged | Self::RolledBack | Self::Aborting => true,
            Self::Promoted | Self::Retiring | Self::Retired | Self::Aborted => false,
        }
    }

    /// Tells whether the deployment has been swapped in and not swapped back.
    pub fn is_promoted(self) -> bool {
        match self {
            Self::Promoted | Self::Retiring | Self::Retired => true,
            Self::Staging | Self::Staged | Self::RolledBack | Self::Aborting | Self::Aborted => false,
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What can happen to a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// Its names were recorded, or recorded again by a run that continues it.
    StageIntended,
    /// Everything was created.
    StageDone,
    /// A swap to it committed.
    Promoted,
    /// A swap back from it committed.
    RolledBack,
    /// What was built of it is about to be dropped.
    AbortIntended,
    /// The version that it replaced is about to be dropped.
    RetireIntended,
    /// That is gone.
    DropDone,
}

/// A move that the machine does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a deployment that is {state} cannot take {input:?}")]
pub struct Illegal {
    /// Where it stood.
    pub state: State,
    /// What was to happen.
    pub input: Input,
}

/// Tells where a deployment stands after something happened to it; `None` is "not known yet".
///
/// # Errors
/// [`Illegal`] for a move that no sequence of mzflow's own steps can make.
pub fn step(state: Option<State>, input: Input) -> Result<State, Illegal> {
    let Some(state) = state else {
        // The first thing that is ever recorded is the intent. Anything else first means that
        // somebody wrote into the journal.
        return match input {
            Input::StageIntended => Ok(State::Staging),
            Input::StageDone
            | Input::Promoted
            | Input::RolledBack
            | Input::AbortIntended
            | Input::RetireIntended
            | Input::DropDone => Err(Illegal { state: State::Aborted, input }),
        };
    };
    let illegal = Err(Illegal { state, input });
    match (state, input) {
        // A staged id may be continued by another run, which records its intent again.
        (State::Staging | State::Staged, Input::StageIntended) => Ok(state),
        // An id may be used again once nothing is left of it.
        (State::Aborted, Input::StageIntended) => Ok(State::Staging),
        (State::Staging | State::Staged, Input::StageDone) => Ok(State::Staged),
        (State::Staged | State::RolledBack, Input::Promoted) => Ok(State::Promoted),
        (State::Promoted, Input::RolledBack) => Ok(State::RolledBack),
        (State::Promoted | State::Retiring, Input::RetireIntended) => Ok(State::Retiring),
        (State::Retiring, Input::DropDone) => Ok(State::Retired),
        (State::Staging | State::Staged | State::RolledBack | State::Aborting, Input::AbortIntended) => {
            Ok(State::Aborting)
        }
        // The intent of a swap that commits late stands before that of a drop which it has overtaken: what was to be
        // dropped stands elsewhere then, and nothing is.
        (State::Promoted | State::Retiring | State::Retired, Input::AbortIntended)
        | (State::RolledBack | State::Aborting | State::Aborted, Input::RetireIntended) => Ok(state),
        (State::Aborting, Input::DropDone) => Ok(State::Aborted),
        // A claim that lost the race against a swap leaves its intent behind: the swap decides.
        (State::Aborting, Input::Promoted) => Ok(State::Promoted),
        (State::Retiring, Input::RolledBack) => Ok(State::RolledBack),
        (
            State::Promoted | State::Retiring | State::Retired | State::RolledBack | State::Aborting,
            Input::StageIntended,
        )
        | (
            State::Promoted
            | State::Retiring
            | State::Retired
            | State::RolledBack
            | State::Aborting
            | State::Aborted,
            Input::StageDone,
        )
        | (
            State::Staging | State::Promoted | State::Retiring | State::Retired | State::Aborted,
            Input::Promoted,
        )
        | (
            State::Staging
            | State::Staged
            | State::Retired
            | State::RolledBack
            | State::Aborting
            | State::Aborted,
            Input::RolledBack,
        )
        | (State::Staging | State::Staged | State::Retired, Input::RetireIntended)
        | (State::Aborted, Input::AbortIntended)
        | (
            State::Staging
            | State::Staged
            | State::Promoted
            | State::Retired
            | State::RolledBack
            | State::Aborted,
            Input::DropDone,
        ) => illegal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(inputs: &[Input], expected: Result<State, (State, Input)>) {
        let mut state = None;
        for (at, input) in inputs.iter().enumerate() {
            match step(state, *input) {
                Ok(next) => state = Some(next),
                Err(illegal) => {
                    assert_eq!(at + 1, inputs.len(), "stopped early: {illegal}");
                    assert_eq!(Err((illegal.state, illegal.input)), expected);
                    return;
                }
            }
        }
        assert_eq!(state.map(Ok), Some(expected));
    }

    #[test]
    fn the_ordinary_life() {
        use Input::*;
        check(&[StageIntended], Ok(State::Staging));
        check(&[StageIntended, StageDone, Promoted], Ok(State::Promoted));
        check(&[StageIntended, StageDone, Promoted, RetireIntended, DropDone], Ok(State::Retired));
        check(&[StageIntended, StageDone, Promoted, RolledBack], Ok(State::RolledBack));
        check(&[StageIntended, StageDone, Promoted, RolledBack, Promoted], Ok(State::Promoted));
        check(&[StageIntended, AbortIntended, DropDone, StageIntended], Ok(State::Staging));
    }

    #[test]
    fn what_cannot_happen() {
        use Input::*;
        check(&[StageIntended, Promoted], Err((State::Staging, Promoted)));
        let retired = [StageIntended, StageDone, Promoted, RetireIntended, DropDone, RolledBack];
        check(&retired, Err((State::Retired, RolledBack)));
        check(&[StageIntended, StageDone, Promoted, StageIntended], Err((State::Promoted, StageIntended)));
        check(&[Promoted], Err((State::Aborted, Promoted)));
    }

    #[test]
    fn a_claim_that_lost_against_a_swap_changes_nothing() {
        use Input::*;
        check(&[StageIntended, StageDone, AbortIntended, Promoted], Ok(State::Promoted));
        // A swap is told where its intent stands, which may be before that of the claim.
        check(&[StageIntended, StageDone, Promoted, AbortIntended], Ok(State::Promoted));
        check(&[StageIntended, StageDone, Promoted, RolledBack, RetireIntended], Ok(State::RolledBack));
    }
}
