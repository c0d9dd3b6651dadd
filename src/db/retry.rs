//! Whether to try a DDL transaction again, and when: a pure rule with growing, jittered pauses.

use std::hash::BuildHasher;
use std::hash::Hasher;
use std::time::Duration;

/// The first pause; doubled at each attempt.
const FIRST: Duration = Duration::from_millis(50);
/// The longest pause.
///
/// Other teams' ordinary DDL comes every few seconds at worst; waiting longer between attempts
/// would make a promotion look hung without making it likelier to win.
const LONGEST: Duration = Duration::from_secs(3);

/// What to do after a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Try again after that pause.
    Again(Duration),
    /// Give up: the time is over.
    Stop,
}

/// Decides after `failed` attempts (from 1) with `left` time; `None` is no end of time.
///
/// `jitter` is any number: the pause is between a half and the whole of the step it stands for.
pub fn decide(failed: u32, left: Option<Duration>, jitter: u64) -> Decision {
    let doubled = FIRST.saturating_mul(1_u32.checked_shl(failed.saturating_sub(1)).unwrap_or(u32::MAX));
    let step = doubled.min(LONGEST);
    let half = step / 2;
    let spread = u64::try_from(half.as_millis()).unwrap_or(0) + 1;
    let pause = half + Duration::from_millis(jitter % spread);
    match left {
        Some(left) if left <= pause => Decision::Stop,
        _ => Decision::Again(pause),
    }
}

/// A number nobody can foresee, to spread retries and to make run ids.
pub fn random() -> u64 {
    // The standard library seeds each of these from the system's source of randomness.
    std::collections::hash_map::RandomState::new().build_hasher().finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_a_limit_and_never_pass_the_deadline() {
        let at = |failed, jitter| match decide(failed, None, jitter) {
            Decision::Again(pause) => pause.as_millis(),
            Decision::Stop => 0,
        };
        assert_eq!((at(1, 0), at(1, 25), at(2, 0)), (25, 50, 50));
        assert_eq!((at(40, 0), at(40, 1_500)), (1_500, 3_000));
        assert_eq!(decide(1, Some(Duration::from_millis(10)), 0), Decision::Stop);
        assert_ne!(decide(1, Some(Duration::from_secs(10)), 0), Decision::Stop);
    }
}
