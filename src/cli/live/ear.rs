//! Listens to the run while it works, for whoever shows it.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::Notify;

use crate::clock::Clock;
use crate::event::Event;
use crate::event::OverlayState;
use crate::event::Sink;
use crate::event::SkippedKind;

/// What was heard and not taken yet.
pub(crate) struct Ear {
    clock: Clock,
    heard: RefCell<Vec<(Duration, Event)>>,
    ready: RefCell<BTreeSet<String>>,
    wake: Notify,
    /// What no overlay holds, as it was told last.
    skipped: RefCell<Vec<SkippedKind>>,
    /// Whoever else listens, and whether to everything.
    other: Option<(Rc<dyn Sink>, Wanted)>,
}

/// What another listener wants to hear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Everything.
    Everything,
    /// What is news at every save.
    News,
}

impl Ear {
    /// Hears nothing yet.
    pub(crate) fn new(clock: Clock, other: Option<(Rc<dyn Sink>, Wanted)>) -> Self {
        let (heard, ready, skipped) = Default::default();
        Self { clock, heard, ready, wake: Notify::new(), skipped, other }
    }

    /// Waits until something is heard.
    ///
    /// # Cancel
    /// Safe: nothing is lost.
    pub(crate) async fn wait(&self) {
        self.wake.notified().await;
    }

    /// Takes what was heard, with its time.
    pub(crate) fn take(&self) -> Vec<(Duration, Event)> {
        std::mem::take(&mut *self.heard.borrow_mut())
    }

    /// The objects that were built since this was asked last.
    pub(crate) fn take_ready(&self) -> BTreeSet<String> {
        std::mem::take(&mut *self.ready.borrow_mut())
    }

    /// The objects that were built since [`Ear::take_ready`].
    pub(crate) fn ready(&self) -> BTreeSet<String> {
        self.ready.borrow().clone()
    }
}

impl Ear {
    /// Whether people have been told that much is skipped already. What production does not have is told at every
    /// build: it may be why one fails.
    fn has_told(&self, event: &Event) -> bool {
        let Event::OverlaySkipped { kinds } = event else { return false };
        let before = self.skipped.replace(kinds.clone());
        before == *kinds && kinds.iter().all(|of_kind| of_kind.missing.is_empty())
    }
}

impl Sink for Ear {
    fn event(&self, event: Event) {
        if let Event::Overlay { object, state: OverlayState::Ready, .. } = &event {
            self.ready.borrow_mut().insert(object.clone());
        }
        let is_news = is_news(&event) && !self.has_told(&event);
        if let Some((other, wanted)) = &self.other
            && (*wanted == Wanted::Everything || is_news)
        {
            other.event(event.clone());
        }
        if matches!(event, Event::OverlaySkipped { .. }) && !is_news {
            return;
        }
        self.heard.borrow_mut().push((self.clock.elapsed(), event));
        self.wake.notify_one();
    }
}

/// Whether an event is news at every save; how long the parts took is told at the end.
fn is_news(event: &Event) -> bool {
    matches!(
        event,
        Event::Overlay { .. }
            | Event::OverlayPlanned { .. }
            | Event::OverlayProgress { .. }
            | Event::OverlaySkipped { .. }
            | Event::Warning { .. }
            | Event::Log { .. }
            | Event::Statement { .. }
    )
}
