//! What every primitive works with: the environment, the run, whoever listens.
//!
//! All reading, recording and carrying out goes through here, so that a rehearsal (`--dry-run`) is
//! the same code with another world below it. Nothing here decides what to do.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use self::kept::Focus;
use self::kept::Kept;
use super::code::Code;
use super::error::Error;
use super::rehearsal::Rehearsal;
use crate::catalog::Catalog;
use crate::catalog::RoleSettings;
use crate::clock::Clock;
use crate::clock::Deadline;
use crate::db;
use crate::db::apply::Applied;
use crate::db::apply::OnFailure;
use crate::db::config::Target;
use crate::db::introspect::Standing;
use crate::db::journal::Appended;
use crate::db::journal::Entry;
use crate::db::journal::Which;
use crate::db::session::Session;
use crate::db::snapshot::DeployedObject;
use crate::deployment::DeploymentId;
use crate::deployment::RunId;
use crate::deployment::epoch::Marker;
use crate::deployment::epoch::TRACKING_DATABASE;
use crate::deployment::record::Record;
use crate::deployment::record::RunStarted;
use crate::event::Event;
use crate::event::Sink;
use crate::plan::Plan;
use crate::plan::step::Step;

pub use crate::db::apply::Interrupt;

mod described;
pub mod kept;

/// Looks an environment variable up.
pub type Variables = Rc<dyn Fn(&str) -> Option<String>>;

/// Where things happen.
pub enum World {
    /// On the server.
    Live,
    /// On facts.
    Rehearsed(Box<RefCell<Rehearsal>>),
}

/// The run that a primitive works in.
#[derive(Debug)]
pub struct Run {
    /// Its id.
    pub id: RunId,
    /// What is written before its first other row.
    pub started: RunStarted,
    next_seq: u64,
    entries: Vec<Entry>,
}

impl Run {
    /// A run that has written nothing yet.
    pub fn new(id: RunId, started: RunStarted) -> Self {
        Self { id, started, next_seq: 1, entries: Vec::new() }
    }

    /// A run that goes on behind what it wrote before.
    pub fn resumed(id: RunId, started: RunStarted, entries: Vec<Entry>) -> Self {
        let next_seq = entries.iter().map(|entry| entry.seq + 1).max().unwrap_or(1);
        Self { id, started, next_seq, entries }
    }

    /// Tells whether it has written anything.
    pub fn has_written(&self) -> bool {
        self.next_seq > 1
    }

    /// What it wrote before it was resumed, oldest first.
    pub fn earlier(&self) -> &[Entry] {
        &self.entries
    }
}

/// What every primitive works with.
pub struct Ctx {
    session: Session,
    connection: usize,
    checker: Option<Session>,
    world: World,
    seen: RefCell<Option<Rc<Catalog>>>,
    standing: RefCell<Option<Rc<Standing>>>,
    focus: RefCell<Option<Focus>>,
    kept: Kept,
    /// The run.
    pub run: Run,
    /// Whoever listens.
    pub events: Rc<dyn Sink>,
    /// The time.
    pub clock: Clock,
    /// The wish to stop.
    pub interrupt: Interrupt,
    /// When the whole run must be over.
    pub deadline: Deadline,
    /// The environment variables that secrets may come from.
    pub variables: Variables,
}

impl Ctx {
    /// Starts to work on the environment behind `session`.
    pub fn new(session: Session, world: World, run: Run, events: Rc<dyn Sink>, clock: Clock) -> Self {
        let deadline = clock.deadline(None);
        let interrupt = Interrupt::default();
        Self {
            session,
            connection: 1,
            checker: None,
            world,
            seen: RefCell::new(None),
            standing: RefCell::new(None),
            focus: RefCell::new(None),
            kept: Kept::default(),
            run,
            events,
            clock,
            interrupt,
            deadline,
            variables: Rc::new(|_| None),
        }
    }

    /// Where it leads.
    pub fn target(&self) -> &Arc<Target> {
        self.session.target()
    }

    /// The rehearsal, if it is one.
    pub fn rehearsal(&self) -> Option<&RefCell<Rehearsal>> {
        match &self.world {
            World::Live => None,
            World::Rehearsed(rehearsal) => Some(rehearsal),
        }
    }

    /// Tells whether nothing is really done.
    pub fn is_rehearsal(&self) -> bool {
        self.rehearsal().is_some()
    }

    /// The connection, to read from.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// The number of the connection, which grows whenever another one takes its place.
    pub fn connection(&self) -> usize {
        self.connection
    }

    /// Opens the connection again, after it broke.
    ///
    /// # Errors
    /// `db.unreachable`, `db.authentication`.
    pub async fn reconnect(&mut self) -> Result<(), Error> {
        self.look_again();
        let session = self.session.another().await?;
        self.move_to(session);
        Ok(())
    }

    /// Works on another connection from now on.
    pub fn move_to(&mut self, session: Session) {
        self.look_again();
        self.kept = Kept::default();
        self.session = session;
        self.connection += 1;
        self.checker = None;
    }

    /// Forgets what was seen: others may have changed anything meanwhile.
    pub fn look_again(&self) {
        *self.seen.borrow_mut() = None;
        *self.standing.borrow_mut() = None;
        self.look_everywhere();
    }

    /// The environment as it is now, everything asked anew, also what seldom changes.
    ///
    /// # Errors
    /// `db.*`.
    pub async fn reread(&mut self) -> Result<Rc<Catalog>, Error> {
        if self.session.is_closed() {
            self.reconnect().await?;
        }
        if self.is_rehearsal() {
            return self.catalog().await;
        }
        *self.standing.borrow_mut() = None;
        self.fresh_catalog(&self.session).await
    }

    /// Makes sure of two connections: one for a transaction, one to look at the world beside it.
    ///
    /// # Errors
    /// `db.unreachable`, `db.authentication`.
    pub async fn both(&mut self) -> Result<(), Error> {
        if self.session.is_closed() {
            self.reconnect().await?;
        }
        if self.checker.as_ref().is_none_or(Session::is_closed) {
            self.checker = Some(self.session.another().await?);
        }
        Ok(())
    }

    /// The two connections of [`Ctx::both`].
    ///
    /// # Errors
    /// `bug.broken-invariant` before [`Ctx::both`] was called.
    pub fn pair(&self) -> Result<(&Session, &Session), Error> {
        match &self.checker {
            Some(checker) => Ok((&self.session, checker)),
            None => Err(Error::bug("the second connection is used before it is open")),
        }
    }

    /// Sleeps, unless a stop was asked for.
    ///
    /// # Errors
    /// As [`Ctx::go_on`].
    pub async fn interrupt_or_sleep(&self, deadline: &Deadline, pause: Duration) -> Result<(), Error> {
        self.go_on()?;
        let end = deadline.clone().sooner(self.deadline.clone());
        tokio::select! {
            () = self.interrupt.asked() => {}
            () = end.sleep(pause) => {}
        }
        self.go_on()
    }

    /// Fails when a stop was asked for or the run's time is over.
    ///
    /// # Errors
    /// `run.interrupted`, `run.deadline`.
    pub fn go_on(&self) -> Result<(), Error> {
        Self::may_go_on(&self.interrupt, &self.deadline)
    }

    /// As [`Ctx::go_on`], for work that goes on without the run.
    ///
    /// # Errors
    /// `run.interrupted`, `run.deadline`.
    pub fn may_go_on(interrupt: &Interrupt, deadline: &Deadline) -> Result<(), Error> {
        if interrupt.is_asked() {
            return Err(Error::new(Code::RunInterrupted, "stopped, as asked"));
        }
        if deadline.passed() {
            return Err(Error::new(Code::RunDeadline, "the time for the whole run is over"));
        }
        Ok(())
    }

    /// The environment as it was when it was last read, if this run has changed nothing since, or
    /// as a rehearsal has made it.
    ///
    /// Good enough to plan from: what others change meanwhile is found between the fence and
    /// COMMIT, where [`Ctx::fresh_catalog`] is asked.
    ///
    /// # Errors
    /// `db.*`.
    pub async fn catalog(&self) -> Result<Rc<Catalog>, Error> {
        if let Some(seen) = &*self.seen.borrow() {
            return Ok(Rc::clone(seen));
        }
        let catalog = match &self.world {
            World::Live => self.read_catalog(&self.session).await?,
            World::Rehearsed(rehearsal) => {
                let begun = rehearsal.borrow().catalog.clone();
                match begun {
                    Some(catalog) => Rc::new(catalog),
                    None => {
                        let catalog = self.read_catalog(&self.session).await?;
                        let mut rehearsal = rehearsal.borrow_mut();
                        rehearsal.is_set_up = marker_in(&catalog).is_some();
                        rehearsal.catalog = Some(Catalog::clone(&catalog));
                        catalog
                    }
                }
            }
        };
        Ok(self.remember(catalog))
    }

    /// The environment as it is now, read beside whatever this run has open.
    ///
    /// # Errors
    /// `db.*`.
    pub async fn fresh_catalog(&self, beside: &Session) -> Result<Rc<Catalog>, Error> {
        if self.is_rehearsal() {
            return self.catalog().await;
        }
        let catalog = self.read_catalog(beside).await?;
        Ok(self.remember(catalog))
    }

    /// Looks at the environment; at what changes seldom only the first time, and after statements of
    /// any kind.
    pub async fn read_catalog(&self, session: &Session) -> Result<Rc<Catalog>, Error> {
        if let Some(catalog) = self.look_at_part(session).await? {
            return Ok(catalog);
        }
        let mut standing = self.standing.borrow().clone();
        let catalog = db::introspect::read(session, &mut standing).await?;
        *self.standing.borrow_mut() = standing;
        Ok(Rc::new(catalog))
    }

    fn remember(&self, catalog: Rc<Catalog>) -> Rc<Catalog> {
        self.has_looked();
        *self.seen.borrow_mut() = Some(Rc::clone(&catalog));
        catalog
    }

    /// Takes the effect of a committed transaction into what was last seen: between the fence and
    /// COMMIT nobody else has changed anything.
    pub fn committed(&self, steps: &[Step]) {
        self.follow(|catalog| steps.iter().for_each(|step| catalog.take(step)));
    }

    /// Does to what was last seen what was done to the server.
    fn follow(&self, change: impl FnOnce(&mut Catalog)) {
        let seen = self.seen.borrow_mut().take();
        if let Some(mut seen) = seen {
            change(Rc::make_mut(&mut seen));
            self.remember(seen);
        }
    }

    /// What new sessions of roles begin with, asked anew.
    ///
    /// # Errors
    /// `db.*`.
    pub async fn role_settings(&self) -> Result<RoleSettings, Error> {
        match &self.world {
            World::Live => Ok(db::roles::settings(&self.session).await?),
            World::Rehearsed(_) => Ok(self.catalog().await?.role_settings.clone()),
        }
    }

    /// The epoch marker; `None` where `setup` never ran.
    ///
    /// # Errors
    /// `db.*`.
    pub async fn marker(&self) -> Result<Option<Marker>, Error> {
        match &self.world {
            World::Live => {
                let schemas = db::introspect::tracking_schemas(&self.session).await?;
                Ok(newest_marker(schemas.iter().map(String::as_str)))
            }
            World::Rehearsed(_) => Ok(marker_in(&*self.catalog().await?)),
        }
    }

    /// Rows of the journal, by time.
    ///
    /// # Errors
    /// `db.*`.
    pub async fn entries(&self, which: Which<'_>) -> Result<Vec<Entry>, Error> {
        let World::Rehearsed(rehearsal) = &self.world else {
            return Ok(db::journal::read(&self.session, which).await?);
        };
        let written: Vec<Entry> = {
            let rehearsal = rehearsal.borrow();
            rehearsal.entries.iter().filter(|entry| which.admits(entry)).cloned().collect()
        };
        self.catalog().await?;
        let is_set_up = rehearsal.borrow().is_set_up;
        let mut entries = if is_set_up { db::journal::read(&self.session, which).await? } else { Vec::new() };
        entries.extend(written);
        Ok(entries)
    }

    /// Writes a row into the journal, the run's first row with it if this is the first.
    ///
    /// # Errors
    /// `run.fenced` when another process writes for this run, `db.*`.
    pub async fn record(&mut self, record: Record) -> Result<(), Error> {
        self.record_all(vec![record]).await
    }

    /// Writes rows that belong together into the journal: all of them, or none.
    ///
    /// # Errors
    /// As [`Ctx::record`].
    pub async fn record_all(&mut self, mut records: Vec<Record>) -> Result<(), Error> {
        if !self.run.has_written() {
            records.insert(0, Record::RunStarted(self.run.started.clone()));
        }
        let first = self.run.next_seq;
        match &self.world {
            World::Rehearsed(rehearsal) => {
                let mut rehearsal = rehearsal.borrow_mut();
                let role = rehearsal.catalog.as_ref().map(|c| c.session.role.to_string()).unwrap_or_default();
                let kinds: Vec<&str> = records.iter().map(Record::kind).collect();
                let what = format!("journal: {}", kinds.join(", "));
                self.events.event(Event::Statement { sql: db::journal::APPEND.to_owned(), what });
                let now = self.clock.now();
                for (seq, record) in (first..).zip(&records) {
                    rehearsal.append(&self.run.id, seq, now, role.clone(), record.clone());
                }
            }
            World::Live => {
                if self.session.is_closed() {
                    self.reconnect().await?;
                }
                match db::journal::append(&self.session, &self.run.id, first, &records).await? {
                    Appended::Yes => {}
                    Appended::Fenced => {
                        let message = format!("another process has taken over run {}", self.run.id);
                        return Err(
                            Error::new(Code::RunFenced, message).effect("this process changes nothing more")
                        );
                    }
                }
            }
        }
        self.run.next_seq = (first..).nth(records.len()).unwrap_or(first);
        Ok(())
    }

    /// Records the objects of a deployment.
    ///
    /// # Errors
    /// `db.*`.
    pub async fn record_objects(&mut self, rows: &[DeployedObject]) -> Result<(), Error> {
        let of_one = rows.chunk_by(|a, b| a.deployment == b.deployment);
        for chunk in of_one.flat_map(|rows| rows.chunks(db::snapshot::ROWS_A_STATEMENT)) {
            let Some(DeployedObject { deployment, .. }) = chunk.first() else { continue };
            match &self.world {
                World::Live => db::snapshot::record(&self.session, deployment, chunk).await?,
                World::Rehearsed(rehearsal) => {
                    rehearsal.borrow_mut().objects.extend_from_slice(chunk);
                    let sql = db::snapshot::RECORD.to_owned();
                    let what = format!("record {} objects", chunk.len());
                    self.events.event(Event::Statement { sql, what });
                }
            }
        }
        Ok(())
    }

    /// Forgets the recorded objects of a deployment, so that its id can be used again.
    ///
    /// # Errors
    /// `db.*`.
    pub async fn forget_objects(&mut self, deployment: &DeploymentId) -> Result<(), Error> {
        match &self.world {
            World::Live => db::snapshot::forget(&self.session, deployment).await?,
            World::Rehearsed(rehearsal) => {
                rehearsal.borrow_mut().objects.retain(|row| row.deployment != *deployment);
                let (sql, what) = (db::snapshot::FORGET.to_owned(), format!("forget {deployment}"));
                self.events.event(Event::Statement { sql, what });
            }
        }
        Ok(())
    }

    /// The recorded objects of deployments.
    ///
    /// # Errors
    /// `db.*`.
    pub async fn objects_of(&self, deployments: &[&DeploymentId]) -> Result<Vec<DeployedObject>, Error> {
        let mut rows = match &self.world {
            World::Live => Vec::new(),
            World::Rehearsed(rehearsal) => {
                let planned = &rehearsal.borrow().objects;
                let of_these = planned.iter().filter(|row| deployments.contains(&&row.deployment));
                of_these.cloned().collect()
            }
        };
        let is_planned = |id: &DeploymentId| rows.iter().any(|row: &DeployedObject| row.deployment == *id);
        let recorded: Vec<&DeploymentId> = deployments.iter().copied().filter(|id| !is_planned(id)).collect();
        rows.extend(db::snapshot::of(&self.session, &recorded).await?);
        Ok(rows)
    }

    /// Carries a plan out, or rehearses it.
    ///
    /// # Cancel
    /// Not safe; Ctrl-C asks through [`Ctx::interrupt`].
    pub async fn apply(
        &self,
        plan: &Plan,
        on_failure: OnFailure,
        progress: &mut dyn FnMut(&Step),
    ) -> Applied {
        // What carries nothing out leaves everything as it was seen.
        if plan.is_empty() {
            return Applied::default();
        }
        let seen = self.seen.borrow_mut().take();
        if plan.steps().any(|step| matches!(step, Step::Statement { .. })) {
            *self.standing.borrow_mut() = None;
        }
        match &self.world {
            World::Live => {
                let applied =
                    db::apply::apply(&self.session, plan, on_failure, &self.interrupt, progress).await;
                // What makes nothing new leaves no id to be learnt: the rest follows from the steps.
                let is_known = applied.is_complete() && plan.steps().all(|step| !step.makes_something());
                if is_known {
                    *self.seen.borrow_mut() = seen;
                    self.follow(|catalog| catalog.carry_out(plan));
                } else {
                    self.set_aside(seen);
                }
                applied
            }
            World::Rehearsed(rehearsal) => {
                self.tell_statements(plan);
                rehearsal.borrow_mut().carry_out(plan);
                plan.steps().for_each(progress);
                Applied { done: plan.ddl_statements(), ..Applied::default() }
            }
        }
    }

    /// Rehearses transactions on the server and rolls them back: nothing changes.
    pub async fn rehearse(&self, plan: &Plan) -> Applied {
        if self.is_rehearsal() {
            self.tell_statements(plan);
            return Applied::default();
        }
        db::apply::apply(&self.session, plan, OnFailure::Stop, &self.interrupt, &mut |_| {}).await
    }

    /// Tells whoever listens every statement of a plan.
    pub fn tell_statements(&self, plan: &Plan) {
        for block in plan.blocks() {
            let statements = block.statements();
            let whats = block.steps().iter().map(Step::what);
            let control = statements.len() > block.steps().len();
            let whats: Vec<String> = if control {
                [String::new()].into_iter().chain(whats).chain([String::new()]).collect()
            } else {
                whats.collect()
            };
            for (sql, what) in statements.into_iter().zip(whats) {
                self.events.event(Event::Statement { sql, what });
            }
        }
    }
}

/// The epoch marker of an environment; `None` where `setup` never ran.
pub fn marker_in(catalog: &Catalog) -> Option<Marker> {
    let tracking = catalog.schemas.keys().filter(|name| name.database.as_str() == TRACKING_DATABASE);
    newest_marker(tracking.map(|name| name.schema.as_str()))
}

/// The newest of the names that are markers. Two `setup`s at once can leave a second one behind.
fn newest_marker<'n>(names: impl Iterator<Item = &'n str>) -> Option<Marker> {
    names.filter_map(|name| name.parse::<Marker>().ok()).max()
}
