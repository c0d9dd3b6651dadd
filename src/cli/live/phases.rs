//! Where the time between a save and *ready* goes. Pure.

use std::time::Duration;

use crate::cli::ui::elapsed;
use crate::event::Event;
use crate::event::OverlayState;

/// The parts of a build, each counted from the end of the one before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Times {
    /// From the first event of the save until it was quiet and the files were read.
    pub(crate) settle: Duration,
    /// Until the project was compiled.
    pub(crate) compile: Option<Duration>,
    /// Until everything stood, or began to catch up.
    pub(crate) build: Option<Duration>,
    /// Until everything had caught up.
    pub(crate) hydrate: Option<Duration>,
    /// Until the tests had run.
    pub(crate) test: Option<Duration>,
    /// All of it, from the save on.
    pub(crate) ready: Option<Duration>,
}

/// Measures a build.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stopwatch {
    saved: Duration,
    mark: Duration,
    times: Times,
}

impl Stopwatch {
    /// The save was heard of at `saved`, and its files were read by `now`.
    pub(crate) fn new(saved: Duration, now: Duration) -> Self {
        Self { saved, mark: now, times: Times { settle: now.saturating_sub(saved), ..Times::default() } }
    }

    /// Takes what happened in the run.
    pub(crate) fn heard(&mut self, now: Duration, event: &Event) {
        match event {
            Event::Compiled { .. } => {
                let took = self.lap(now);
                self.times.compile.get_or_insert(took);
            }
            Event::Overlay { state: OverlayState::Hydrating, .. } if self.times.build.is_none() => {
                self.times.build = Some(self.lap(now));
            }
            Event::OverlayDone { .. } => {
                let took = self.lap(now);
                match self.times.build {
                    // Nothing had to catch up.
                    None => self.times.build = Some(took),
                    Some(_) => self.times.hydrate = Some(took),
                }
            }
            _ => {}
        }
    }

    /// The tests have run.
    pub(crate) fn tested(&mut self, now: Duration) {
        self.times.test = Some(self.lap(now));
    }

    /// It is ready.
    pub(crate) fn ready(&mut self, now: Duration) -> Times {
        self.times.ready = Some(now.saturating_sub(self.saved));
        self.times
    }

    fn lap(&mut self, now: Duration) -> Duration {
        let took = now.saturating_sub(self.mark);
        self.mark = now;
        took
    }
}

impl Times {
    /// Every part that is known, with its name.
    pub(crate) fn parts(&self) -> Vec<(&'static str, Duration)> {
        let known = [
            ("settle", Some(self.settle)),
            ("compile", self.compile),
            ("build", self.build),
            ("hydrate", self.hydrate),
            ("test", self.test),
        ];
        known.into_iter().filter_map(|(name, took)| Some((name, took?))).collect()
    }

    /// In words.
    pub(crate) fn told(&self) -> String {
        let parts = self.parts().into_iter().map(|(name, took)| format!("{name} {}", elapsed(took)));
        parts.collect::<Vec<_>>().join(" · ")
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    fn ms(number: u64) -> Duration {
        Duration::from_millis(number)
    }

    fn compiled() -> Event {
        Event::Compiled { objects: 1, clusters: 0, sources: 0, took: ms(3) }
    }

    fn done() -> Event {
        let databases = vec!["app__alice".to_owned()];
        Event::OverlayDone { databases, rebuilt: 1, unchanged: 0, dropped: 0, failed: 0, took: ms(9) }
    }

    fn hydrating() -> Event {
        Event::Overlay {
            database: "app__alice".to_owned(),
            object: "app.core.a".to_owned(),
            state: OverlayState::Hydrating,
            percent: None,
            message: None,
        }
    }

    #[test]
    fn every_moment_belongs_to_one_part() {
        let mut watch = Stopwatch::new(ms(100), ms(171));
        for (at, event) in [(175, compiled()), (195, hydrating()), (250, hydrating()), (400, done())] {
            watch.heard(ms(at), &event);
        }
        watch.tested(ms(450));
        let times = watch.ready(ms(450));
        expect!["settle 71 ms · compile 4 ms · build 20 ms · hydrate 205 ms · test 50 ms"]
            .assert_eq(&times.told());
        let sum: Duration = times.parts().into_iter().map(|(_, took)| took).sum();
        assert_eq!((sum, times.ready), (ms(350), Some(ms(350))));
    }

    #[test]
    fn what_need_not_catch_up_has_no_such_part() {
        let mut watch = Stopwatch::new(ms(0), ms(70));
        watch.heard(ms(72), &compiled());
        watch.heard(ms(90), &done());
        expect!["settle 70 ms · compile 2 ms · build 18 ms"].assert_eq(&watch.ready(ms(90)).told());
    }
}
