//! Exit codes: what automation branches on.

use std::process::ExitCode;

use crate::deployment::record::RunStatus;
use crate::primitives::code::Kind;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// It did what it was to do.
    Done,
    /// It did not happen.
    Failed,
    /// The command line is wrong.
    Usage,
    /// Checks or a policy said no; production is untouched.
    Refused,
    /// The server could not be reached, or did not let us in.
    Unreachable,
    /// It waits for a person.
    Paused,
    /// Another process has taken over the run.
    Fenced,
    /// There are changes, and `--exit-code` asked to say so.
    Changes,
    /// A write may have happened: look before repeating.
    OutcomeUnknown,
    /// Ctrl-C.
    Interrupted,
}

impl Exit {
    /// The number.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Refused => 3,
            Self::Unreachable => 4,
            Self::Paused => 5,
            Self::Fenced => 6,
            Self::Changes => 7,
            Self::OutcomeUnknown => 8,
            Self::Interrupted => 130,
        }
    }

    /// The status that a run ending like this has in the journal.
    pub(crate) fn status(self) -> RunStatus {
        match self {
            Self::Done | Self::Changes => RunStatus::Done,
            Self::Failed | Self::Usage | Self::Unreachable | Self::Fenced | Self::OutcomeUnknown => {
                RunStatus::Failed
            }
            Self::Refused => RunStatus::Refused,
            Self::Paused => RunStatus::Paused,
            Self::Interrupted => RunStatus::Interrupted,
        }
    }
}

impl From<Kind> for Exit {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Invalid | Kind::Failed => Self::Failed,
            Kind::Refused => Self::Refused,
            Kind::OutcomeUnknown => Self::OutcomeUnknown,
            Kind::Unreachable => Self::Unreachable,
            Kind::Fenced => Self::Fenced,
            Kind::Interrupted => Self::Interrupted,
            Kind::Paused => Self::Paused,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
