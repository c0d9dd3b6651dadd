//! What holds whatever is written: nothing panics, what means the same is the same, what is rewritten changes nothing
//! else.
//!
//! `MZFLOW_FUZZ_CASES` says how many cases each property tries, `MZFLOW_SEED` with which numbers.

use std::fmt::Debug;

use proptest::strategy::Strategy;
use proptest::test_runner::Config;
use proptest::test_runner::RngAlgorithm;
use proptest::test_runner::TestCaseError;
use proptest::test_runner::TestRng;
use proptest::test_runner::TestRunner;

mod garbage;
mod meaning;
mod names;
mod query;

/// How many cases a property tries where nobody says.
const CASES: u32 = 200;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// Tries a property on generated values, the same ones each time; the smallest that breaks it is shown.
fn holds<S: Strategy>(strategy: S, property: impl Fn(S::Value) -> Result<(), TestCaseError>)
where
    S::Value: Debug,
{
    let cases = number("MZFLOW_FUZZ_CASES").and_then(|cases| u32::try_from(cases).ok()).unwrap_or(CASES);
    // What failed once becomes a test of its own, not a file of numbers in the tree.
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&number("MZFLOW_SEED").unwrap_or(1).to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    let outcome = TestRunner::new_with_rng(config, rng).run(&strategy, property);
    outcome.unwrap_or_else(|error| panic!("{error}"));
}
