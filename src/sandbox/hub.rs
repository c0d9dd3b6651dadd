//! What all sessions share: the state that is published, the turn to change it, who is connected.
//!
//! Readers take a copy and keep it; a change is made on a copy by whoever has the turn, written to
//! the data folder, and published. No lock is held while something is waited for except the turn,
//! whose holder waits for nothing but its own evaluation, and where it imitates a slow server. Start reading at [`Hub::turn`].

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use imbl::Vector;
use tokio::sync::Notify;
use tokio::sync::watch;

use super::ddl;
use super::emission::Emitted;
use super::emission::Sending;
use super::error::SqlError;
use super::faults::Broken;
use super::faults::Faults;
use super::hydration::Kept;
use super::hydration::Runtime;
use super::hydration::SessionFacts;
use super::hydration::SubscriptionFacts;
use super::model::State;
use super::model::id::RoleId;
use super::settings;
use super::store::Store;
use super::transcript::Transcript;
use crate::clock::Clock;
use crate::clock::Timestamp;
use crate::name::Ident;

/// What all sessions share.
#[derive(Debug)]
pub(crate) struct Hub {
    /// The time.
    pub(crate) clock: Clock,
    published: Mutex<State>,
    turn: tokio::sync::Mutex<()>,
    store: Mutex<Option<Store>>,
    sessions: Mutex<BTreeMap<u32, Connected>>,
    subscriptions: Mutex<BTreeMap<u32, SubscriptionFacts>>,
    next_subscription: std::sync::atomic::AtomicU32,
    faults: Mutex<Faults>,
    transcript: Mutex<Transcript>,
    next_connection: std::sync::atomic::AtomicU32,
    /// How far sinks have come. Whoever takes the turn too takes this first.
    sending: tokio::sync::Mutex<Sending>,
    emitted: Mutex<Vector<Arc<Emitted>>>,
    /// Counts what is published; whoever waits for a change watches it.
    changes: watch::Sender<u64>,
    /// The connections that were made to end.
    broken: watch::Sender<Broken>,
    /// Statements that wait to be let go, and how often that was done.
    held: watch::Sender<Held>,
}

/// An open session, as others see it.
#[derive(Debug)]
struct Connected {
    facts: SessionFacts,
    secret: i32,
    cancel: Arc<Notify>,
}

/// What faults hold up.
#[derive(Clone, Copy, Debug, Default)]
struct Held {
    statements: usize,
    let_go: u64,
}

/// Counts a statement among those that are held, as long as it lives.
struct Holding<'a>(&'a watch::Sender<Held>);

impl Drop for Holding<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|held| held.statements -= 1);
    }
}

/// A subscription that runs: it is known to everybody as long as this lives.
#[derive(Debug)]
pub(crate) struct Subscribed {
    hub: Arc<Hub>,
    number: u32,
}

impl Drop for Subscribed {
    fn drop(&mut self) {
        lock(&self.hub.subscriptions).remove(&self.number);
    }
}

/// The right to change the state; nobody else changes it meanwhile.
pub(crate) struct Turn<'a> {
    hub: &'a Hub,
    _guard: tokio::sync::MutexGuard<'a, ()>,
}

/// Nothing that holds one of these locks can leave something half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Hub {
    /// Makes the hub of a sandbox.
    pub(crate) fn new(clock: Clock, state: State, store: Option<Store>) -> Self {
        let sending = tokio::sync::Mutex::new(Sending::after_start(&state.catalog));
        Self {
            clock,
            sending,
            emitted: Mutex::default(),
            published: Mutex::new(state),
            turn: tokio::sync::Mutex::new(()),
            store: Mutex::new(store),
            sessions: Mutex::default(),
            subscriptions: Mutex::default(),
            next_subscription: std::sync::atomic::AtomicU32::new(1),
            faults: Mutex::default(),
            transcript: Mutex::default(),
            next_connection: std::sync::atomic::AtomicU32::new(1),
            changes: watch::Sender::new(0),
            broken: watch::Sender::new(Broken::default()),
            held: watch::Sender::default(),
        }
    }

    /// The state as it is published now.
    pub(crate) fn state(&self) -> State {
        lock(&self.published).clone()
    }

    /// Waits for the right to change the state.
    pub(crate) async fn turn(&self) -> Turn<'_> {
        Turn { hub: self, _guard: self.turn.lock().await }
    }

    /// Waits for the right to change the catalog, and then as long as the server takes for it.
    pub(crate) async fn ddl_turn(&self) -> Turn<'_> {
        let turn = self.turn().await;
        let state = turn.state();
        let latency = settings::between(&state, settings::DDL_LATENCY, state.catalog.version);
        if !latency.is_zero() {
            self.clock.sleep(latency).await;
        }
        turn
    }

    /// Waits until the clock has come to the moment that `when` finds in the state; `None` is never, until
    /// the state changes.
    ///
    /// # Cancel
    /// Safe: nothing is lost.
    pub(crate) async fn until(&self, when: impl Fn(&State) -> Option<Timestamp>) {
        let mut changes = self.changes.subscribe();
        loop {
            // Seen before the look, so that no change in between is missed.
            changes.mark_unchanged();
            let left = when(&self.state()).map(|at| at.since(self.clock.now()));
            if left == Some(Duration::ZERO) {
                return;
            }
            let time = async {
                match left {
                    Some(left) => self.clock.sleep(left).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = time => {}
                // The sender lives as long as this does.
                _ = changes.changed() => {}
            }
        }
    }

    /// What goes on beside the catalog.
    pub(crate) fn runtime(&self, role: RoleId, database: &Ident) -> Runtime {
        let sessions = lock(&self.sessions).values().map(|connected| connected.facts.clone()).collect();
        let kept = Kept { transcript: self.transcript().entries(), emitted: lock(&self.emitted).clone() };
        let subscriptions = lock(&self.subscriptions).clone().into_iter().collect();
        Runtime { now: self.clock.now(), sessions, subscriptions, role, database: database.clone(), kept }
    }

    /// The number of the next connection.
    pub(crate) fn next_connection(&self) -> u32 {
        self.next_connection.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
    }

    /// Refuses a session more than there may be.
    ///
    /// # Errors
    /// `53000`, in the server's words.
    pub(crate) fn admit_session(&self) -> Result<(), SqlError> {
        let state = self.state();
        let current = lock(&self.sessions).len();
        ddl::limit::refuse(&state, "connection", "max_connections", current, 1)
    }

    /// Makes a session known; what it gives wakes when somebody wants its statement cancelled.
    pub(crate) fn connected(&self, facts: SessionFacts, secret: i32) -> Arc<Notify> {
        let cancel = Arc::new(Notify::new());
        let connected = Connected { secret, cancel: Arc::clone(&cancel), facts };
        lock(&self.sessions).insert(connected.facts.connection, connected);
        cancel
    }

    /// A session has ended.
    pub(crate) fn disconnected(&self, connection: u32) {
        lock(&self.sessions).remove(&connection);
    }

    /// Makes a subscription known, until what it gives is dropped.
    pub(crate) fn subscribed(self: &Arc<Self>, facts: SubscriptionFacts) -> Subscribed {
        let number = self.next_subscription.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        lock(&self.subscriptions).insert(number, facts);
        Subscribed { hub: Arc::clone(self), number }
    }

    /// Cancels what a session runs, if the secret is right.
    pub(crate) fn cancel(&self, connection: u32, secret: i32) {
        if let Some(connected) = lock(&self.sessions).get(&connection).filter(|one| one.secret == secret) {
            // Not `notify_one`: a request that comes too late must not hit the next statement.
            connected.cancel.notify_waiters();
        }
    }

    /// How far sinks have come; nobody else looks meanwhile.
    pub(crate) async fn sending(&self) -> tokio::sync::MutexGuard<'_, Sending> {
        self.sending.lock().await
    }

    /// What sinks would have sent.
    pub(crate) fn emitted(&self) -> MutexGuard<'_, Vector<Arc<Emitted>>> {
        lock(&self.emitted)
    }

    /// The faults that are to strike.
    pub(crate) fn faults(&self) -> MutexGuard<'_, Faults> {
        lock(&self.faults)
    }

    /// A fault has made a connection end, and its client is to die or not.
    pub(crate) fn broke(&self, killed: bool) {
        self.broken.send_modify(|broken| {
            broken.connections += 1;
            broken.clients += u64::from(killed);
        });
    }

    /// What faults have made to end.
    pub(crate) fn broken(&self) -> watch::Receiver<Broken> {
        self.broken.subscribe()
    }

    /// Sets faults anew, and lets go what those before hold up.
    pub(crate) fn set_faults(&self, faults: Faults) {
        *self.faults() = faults;
        self.held.send_modify(|held| held.let_go += 1);
    }

    /// Holds a statement up until faults are set anew.
    ///
    /// # Cancel
    /// Safe: it is not counted any more.
    pub(crate) async fn hold(&self) {
        let mut held = self.held.subscribe();
        let before = held.borrow_and_update().let_go;
        self.held.send_modify(|held| held.statements += 1);
        let _counted = Holding(&self.held);
        // The sender lives as long as this does.
        let _ = held.wait_for(|held| held.let_go > before).await;
    }

    /// How many statements are held up.
    pub(crate) fn held(&self) -> usize {
        self.held.borrow().statements
    }

    /// What was run.
    pub(crate) fn transcript(&self) -> MutexGuard<'_, Transcript> {
        lock(&self.transcript)
    }

    /// Closes the data folder; nothing is written after it.
    pub(crate) fn close(&self) {
        lock(&self.store).take();
    }
}

impl Turn<'_> {
    /// The state as it is; it stays so until [`Turn::publish`].
    pub(crate) fn state(&self) -> State {
        self.hub.state()
    }

    /// Writes a changed state to the data folder, then shows it to everybody.
    ///
    /// # Errors
    /// When it cannot be written; nothing has changed then.
    pub(crate) fn publish(&self, before: &State, after: State) -> Result<(), SqlError> {
        // The file is waited for here and not elsewhere: a commit that is begun is finished, even if
        // its session is cancelled.
        if let Some(store) = lock(&self.hub.store).as_mut() {
            store.commit(before, &after).map_err(|error| SqlError::new("58030", error))?;
        }
        *lock(&self.hub.published) = after;
        self.hub.changes.send_modify(|count| *count = count.wrapping_add(1));
        Ok(())
    }
}
