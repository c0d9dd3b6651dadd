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

/// What was heard and not taken yet.
pub(crate) struct Ear {
    clock: Clock,
    heard: RefCell<Vec<(Duration, Event)>>,
    ready: RefCell<BTreeSet<String>>,
    wake: Notify,
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
        Self { clock, heard: RefCell::default(), ready: RefCell::default(), wake: Notify::new(), other }
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

impl Sink for Ear {
    fn event(&self, event: Event) {
        if let Event::Overlay { object, state: OverlayState::Ready, .. } = &event {
            self.ready.borrow_mut().insert(object.clone());
        }
        if let Some((other, wanted)) = &self.other
            && (*wanted == Wanted::Everything || is_news(&event))
        {
            other.event(event.clone());
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
