//! The only reader of the time: wall clock, elapsed time, sleeping, deadlines.
//!
//! A [`Clock`] is the system's or a manual one that stands still until it is advanced, so that a
//! thirty-minute wait takes no time in a test. Deadlines run on elapsed time and do not notice
//! when somebody sets the wall clock.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Bound;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use serde::Deserialize;
use serde::Serialize;
use tokio::sync::watch;

/// Milliseconds since 1970 in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// The moment that much later; the end of time where it would overflow.
    pub fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(millis(duration)))
    }

    /// The moment that much earlier; the beginning of 1970 where it would lie before that.
    pub fn before(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(millis(duration)))
    }

    /// How long ago `earlier` was; zero where it lies ahead.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

/// Whole milliseconds of a duration, at most `u64::MAX`.
fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Reads a duration with a unit (`90s`, `5m`) or a number of seconds.
///
/// # Errors
/// A sentence saying what was expected.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let wrong = || {
        format!(
            "`{text}` is not a duration: a number of seconds, or one with a unit such as `90s`, `5m`, `1h`"
        )
    };
    let text = text.trim();
    let at = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(at);
    let number: f64 = number.parse().map_err(|_| wrong())?;
    let scale = match unit.trim() {
        "" | "s" => 1.0,
        "ms" => 0.001,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        _ => return Err(wrong()),
    };
    Duration::try_from_secs_f64(number * scale).map_err(|_| wrong())
}

/// Where the time comes from; clones share it.
#[derive(Clone)]
pub struct Clock {
    inner: Arc<Inner>,
}

enum Inner {
    System { started: Instant },
    Manual { start: Timestamp, elapsed: watch::Sender<Duration>, awaited: Awaited },
}

/// The moments that somebody waits for, each with how many do.
#[derive(Default)]
struct Awaited(Mutex<BTreeMap<Duration, usize>>);

impl Awaited {
    fn moments(&self) -> MutexGuard<'_, BTreeMap<Duration, usize>> {
        // Nothing that holds it can leave it half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait(&self, until: Duration) -> Waiting<'_> {
        *self.moments().entry(until).or_default() += 1;
        Waiting { awaited: self, until }
    }
}

/// Somebody waits, until this is dropped.
struct Waiting<'a> {
    awaited: &'a Awaited,
    until: Duration,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut moments = self.awaited.moments();
        if let Some(waiting) = moments.get_mut(&self.until) {
            *waiting = waiting.saturating_sub(1);
            if *waiting == 0 {
                moments.remove(&self.until);
            }
        }
    }
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self { inner: Arc::new(Inner::System { started: Instant::now() }) }
    }

    /// A clock that stands at `start` until [`Clock::advance`] moves it.
    pub fn manual(start: Timestamp) -> Self {
        let elapsed = watch::Sender::new(Duration::ZERO);
        Self { inner: Arc::new(Inner::Manual { start, elapsed, awaited: Awaited::default() }) }
    }

    /// The wall clock.
    pub fn now(&self) -> Timestamp {
        match &*self.inner {
            Inner::System { .. } => {
                // A machine set before 1970 reads as 1970.
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Timestamp(millis(since))
            }
            Inner::Manual { start, elapsed, .. } => start.after(*elapsed.borrow()),
        }
    }

    /// Time since the clock was made; never goes back.
    pub fn elapsed(&self) -> Duration {
        match &*self.inner {
            Inner::System { started } => started.elapsed(),
            Inner::Manual { elapsed, .. } => *elapsed.borrow(),
        }
    }

    /// Waits that long, counted from the call.
    ///
    /// # Cancel
    /// Safe: nothing is lost.
    pub fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send + use<> {
        let inner = Arc::clone(&self.inner);
        let until = self.elapsed().saturating_add(duration);
        async move {
            match &*inner {
                Inner::System { .. } => tokio::time::sleep(duration).await,
                Inner::Manual { elapsed, awaited, .. } => {
                    let _waiting = awaited.wait(until);
                    // The sender lives in `inner`, so the wait ends only when the time has come.
                    let _ = elapsed.subscribe().wait_for(|now| *now >= until).await;
                }
            }
        }
    }

    /// Moves a manual clock on; the system's stays as it is.
    pub fn advance(&self, by: Duration) {
        if let Inner::Manual { elapsed, .. } = &*self.inner {
            elapsed.send_modify(|now| *now = now.saturating_add(by));
        }
    }

    /// The moment `after` from now, or never for `None`.
    pub fn deadline(&self, after: Option<Duration>) -> Deadline {
        Deadline { clock: self.clone(), at: after.map(|after| self.elapsed().saturating_add(after)) }
    }
}

impl Clock {
    /// The first moment of a manual clock that somebody waits for and that has not come yet, in elapsed
    /// time; `None` where nobody waits, and for the system's clock.
    pub fn awaited(&self) -> Option<Duration> {
        let Inner::Manual { elapsed, awaited, .. } = &*self.inner else { return None };
        let after = (Bound::Excluded(*elapsed.borrow()), Bound::Unbounded);
        awaited.moments().range(after).next().map(|(at, _)| *at)
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.inner {
            Inner::System { .. } => f.write_str("Clock(system)"),
            Inner::Manual { .. } => write!(f, "Clock(manual at {:?})", self.now()),
        }
    }
}

/// The moment at which a wait ends.
#[derive(Clone, Debug)]
pub struct Deadline {
    clock: Clock,
    at: Option<Duration>,
}

impl Deadline {
    /// Time left: `None` where the wait has no end, zero once it is over.
    pub fn remaining(&self) -> Option<Duration> {
        self.at.map(|at| at.saturating_sub(self.clock.elapsed()))
    }

    /// Tells whether it is over.
    pub fn passed(&self) -> bool {
        self.remaining() == Some(Duration::ZERO)
    }

    /// Sleeps that long, or until the deadline if it comes first.
    ///
    /// # Cancel
    /// Safe: nothing is lost.
    pub async fn sleep(&self, duration: Duration) {
        let duration = self.remaining().map_or(duration, |left| left.min(duration));
        self.clock.sleep(duration).await;
    }

    /// The sooner of the two.
    pub fn sooner(self, other: Self) -> Self {
        match (self.at, other.at) {
            (Some(a), Some(b)) if b < a => other,
            (None, Some(_)) => other,
            _ => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_manual_clock_wakes_sleepers_when_it_is_advanced() {
        let clock = Clock::manual(Timestamp(1_000));
        let deadline = clock.deadline(Some(Duration::from_secs(5)));
        let sleeper = tokio::spawn(clock.sleep(Duration::from_secs(10)));
        clock.advance(Duration::from_secs(5));
        assert!(deadline.passed());
        assert_eq!(clock.now(), Timestamp(6_000));
        clock.advance(Duration::from_secs(5));
        sleeper.await.expect("the sleeper wakes");
    }

    #[tokio::test]
    async fn a_manual_clock_knows_what_is_waited_for() {
        let clock = Clock::manual(Timestamp(0));
        let (mut soon, mut late) =
            (Box::pin(clock.sleep(Duration::from_secs(1))), Box::pin(clock.sleep(Duration::from_secs(3))));
        assert_eq!(clock.awaited(), None, "nobody has begun to wait");
        for sleeper in [&mut late, &mut soon] {
            assert!(futures_util::poll!(sleeper).is_pending());
        }
        assert_eq!(clock.awaited(), Some(Duration::from_secs(1)));
        clock.advance(Duration::from_secs(1));
        assert_eq!(clock.awaited(), Some(Duration::from_secs(3)), "what has come is not waited for");
        drop((soon, late));
        assert_eq!(clock.awaited(), None);
        assert_eq!(Clock::system().awaited(), None);
    }

    #[test]
    fn durations_with_and_without_units() {
        for (text, ms) in [("90", 90_000), ("90s", 90_000), ("1.5m", 90_000), ("20ms", 20), ("1h", 3_600_000)]
        {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(ms)), "{text}");
        }
        for text in ["", "x", "5 parsecs", "-1", "1e400"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn no_deadline_never_passes_and_the_sooner_one_wins() {
        let clock = Clock::manual(Timestamp(0));
        let never = clock.deadline(None);
        let soon = clock.deadline(Some(Duration::from_secs(1)));
        assert!(!never.passed());
        assert_eq!(never.sooner(soon).remaining(), Some(Duration::from_secs(1)));
    }
}
