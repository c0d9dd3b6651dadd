//! Tests of recipes: the files of a project's `tests/`, each against sandboxes of its own.
//!
//! Every test has a thread, a clock that is moved on when everything waits, and the real code: the same
//! host, the same primitives, the wire protocol. `present` finds and runs them, `job` one of them in its
//! thread, `pool` many at once; `crash` says what must hold when runs are cut. A build without the sandbox
//! has `absent` instead. Start reading at `present::tried`.

use std::collections::BTreeSet;
use std::time::Duration;

use self::choice::Choice;

#[cfg(not(feature = "sandbox"))]
mod absent;
#[cfg(feature = "sandbox")]
mod act;
pub(crate) mod choice;
#[cfg(feature = "sandbox")]
mod crash;
#[cfg(feature = "sandbox")]
mod ear;
#[cfg(feature = "sandbox")]
mod ground;
#[cfg(feature = "sandbox")]
mod job;
#[cfg(feature = "sandbox")]
mod overlay;
#[cfg(feature = "sandbox")]
mod picture;
#[cfg(feature = "sandbox")]
mod pool;
#[cfg(feature = "sandbox")]
mod present;
#[cfg(feature = "sandbox")]
mod sandbox;
pub(crate) mod tested;

#[cfg(not(feature = "sandbox"))]
pub(crate) use absent::tried;
#[cfg(feature = "sandbox")]
pub(crate) use present::tried;

/// Where a project keeps its tests of recipes.
const FOLDER: &str = "tests";

/// How much of people's time a test may take where nobody says.
pub(crate) const LIMIT: Duration = Duration::from_secs(120);

/// What to cut.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Crash {
    /// Nothing.
    #[default]
    Nowhere,
    /// Runs at every statement.
    Everywhere,
    /// Runs at the statements of these numbers.
    At(BTreeSet<usize>),
}

/// How tests are to be run.
#[derive(Clone, Debug)]
pub(crate) struct How {
    /// Which of them.
    pub(crate) choice: Choice,
    /// What is to be cut.
    pub(crate) crash: Crash,
    /// How much of people's time each may take.
    pub(crate) limit: Duration,
}
