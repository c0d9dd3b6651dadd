//! The loop: whatever happens next is taken, and what follows from it is begun.
//!
//! Nothing is awaited but in [`Live::woken`]: a build, and a question to the server, are futures that
//! are polled there beside everything else, and that are never dropped before they have ended. Start
//! reading at [`Live::run`].

mod asking;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use super::Request;
use super::backoff::Backoff;
use super::build;
use super::build::Built;
use super::build::Work;
use super::claim::Claim;
use super::ear::Ear;
use super::face::Face;
use super::folder::Folder;
use super::looks::Ask;
use super::looks::Looked;
use super::looks::Tested;
use super::phases::Stopwatch;
use super::screen::keys::Typed;
use super::screen::model::Build;
use super::screen::model::Input;
use super::screen::model::Link;
use super::screen::model::Moment;
use super::screen::model::Wish;
use super::screen::terminal::give_back;
use crate::cli::app::App;
use crate::cli::app::CliError;
use crate::cli::exit::Exit;
use crate::cli::interrupt;
use crate::cli::recipe::Loaded;
use crate::cli::ui::elapsed;
use crate::compiler::pool;
use crate::db::apply::Interrupt;
use crate::db::session::Session;
use crate::event::Event;
use crate::event::OverlayState;
use crate::primitives::code::Kind;
use crate::primitives::ctx::Ctx;
use crate::primitives::error::Error;
use crate::watch::queue::Changes;
use crate::watch::queue::Next;
use crate::watch::queue::Queue;
use crate::watch::queue::Raw;
use crate::watch::source::Source;

/// While nothing is saved, production is looked at this often: somebody may promote below the overlay.
const GLANCE_EVERY: Duration = Duration::from_secs(10);

/// So long after the last work the threads of the compiler end: what they have let go of is kept for a
/// second, in case that more is to be done.
const REST_AFTER: Duration = Duration::from_secs(2);

/// While a build is under way the times on the screen go on this often.
const TICK: Duration = Duration::from_millis(250);

/// Something that is under way.
type UnderWay<T> = Option<Pin<Box<dyn Future<Output = T>>>>;

/// What happened.
enum Woken {
    Stop,
    Typed(Typed),
    Heard,
    Built(Box<Built>),
    Looked(Box<(Option<Session>, Looked)>),
    Raw(Raw),
    Time,
}

/// Whether somebody wants to leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leaving {
    No,
    Quit,
    Stopped,
}

/// Everything that goes on.
pub(crate) struct Live<'a> {
    app: &'a mut App,
    request: Request,
    folder: Rc<RefCell<Folder>>,
    ear: Rc<Ear>,
    face: Face,
    source: Source,
    queue: Queue,
    /// Away while a build works with it.
    ctx: Option<Ctx>,
    claim: Claim,
    building: UnderWay<Built>,
    /// The wish to stop the build that is under way.
    interrupt: Interrupt,
    /// What is being built: if it does not come to its end, it is part of the next.
    unbuilt: Option<Changes>,
    stopwatch: Stopwatch,
    /// The recipe, read while nobody waited for it.
    loaded: Option<Loaded>,
    looking: UnderWay<(Option<Session>, Looked)>,
    look_interrupt: Interrupt,
    next_look: Option<Ask>,
    looker: Option<Session>,
    /// Where the environment is another one since the last build.
    moved: bool,
    link: Link,
    backoff: Backoff,
    retry_at: Option<Duration>,
    glance_at: Duration,
    /// When the compiler's threads end; `None` where they have.
    rest_at: Option<Duration>,
    /// The names of the epochs that were seen last.
    epoch: Vec<String>,
    leaving: Leaving,
}

impl<'a> Live<'a> {
    /// Nothing is built yet; these epochs are there.
    pub(crate) fn new(
        app: &'a mut App,
        request: Request,
        folder: Rc<RefCell<Folder>>,
        (ear, face, source): (Rc<Ear>, Face, Source),
        (ctx, claim, epoch): (Ctx, Claim, Vec<String>),
    ) -> Self {
        let queue = Queue::new(folder.borrow().contents());
        let now = app.clock.elapsed();
        Self {
            app,
            request,
            folder,
            ear,
            face,
            source,
            queue,
            ctx: Some(ctx),
            claim,
            building: None,
            interrupt: Interrupt::default(),
            unbuilt: None,
            stopwatch: Stopwatch::new(now, now),
            loaded: None,
            looking: None,
            look_interrupt: Interrupt::default(),
            next_look: None,
            looker: None,
            moved: false,
            link: Link::Up,
            backoff: Backoff::default(),
            retry_at: None,
            glance_at: now + GLANCE_EVERY,
            rest_at: None,
            epoch,
            leaving: Leaving::No,
        }
    }

    /// Goes on until somebody leaves; gives the run back.
    ///
    /// # Errors
    /// `bug.*`.
    pub(crate) async fn run(mut self) -> Result<(Exit, Option<Ctx>), CliError> {
        self.again();
        loop {
            if let Some(line) = self.source.notice() {
                self.tell(Input::Notice(line));
            }
            self.face.draw();
            let is_idle = self.building.is_none() && self.looking.is_none();
            if self.leaving != Leaving::No && is_idle {
                break;
            }
            let woken = self.woken().await;
            self.happened(woken).await?;
        }
        self.face.close();
        let exit = match self.leaving {
            Leaving::Stopped => Exit::Interrupted,
            Leaving::No | Leaving::Quit => Exit::Done,
        };
        Ok((exit, self.ctx))
    }

    /// Waits for whatever happens next.
    async fn woken(&mut self) -> Woken {
        let now = self.app.clock.elapsed();
        let mut at = vec![self.glance_at];
        at.extend(self.queue.due());
        at.extend(self.retry_at);
        at.extend(self.rest_at);
        at.extend(self.face.ticks().then_some(now + TICK));
        let until = at.into_iter().min().unwrap_or(self.glance_at);
        let sleep = self.app.clock.sleep(until.saturating_sub(now));
        let stop = self.app.interrupt.clone();
        tokio::select! {
            biased;
            () = stop.asked(), if self.leaving == Leaving::No => Woken::Stop,
            typed = self.face.typed() => Woken::Typed(typed),
            built = finished(&mut self.building) => Woken::Built(Box::new(built)),
            () = self.ear.wait() => Woken::Heard,
            looked = finished(&mut self.looking) => Woken::Looked(Box::new(looked)),
            raw = self.source.next() => Woken::Raw(raw),
            () = sleep => Woken::Time,
        }
    }

    async fn happened(&mut self, woken: Woken) -> Result<(), CliError> {
        match woken {
            // Whoever asks twice does not want to wait for the next safe point.
            Woken::Typed(Typed::Stop) if self.leaving != Leaving::No => interrupt::stop_now(give_back),
            Woken::Stop | Woken::Typed(Typed::Stop) => self.leave(Leaving::Stopped),
            Woken::Typed(Typed::Key(key)) => {
                if let Some(wish) = self.tell(Input::Key(key)) {
                    self.wished(wish);
                }
            }
            Woken::Typed(Typed::Resized) => self.face.resized(),
            Woken::Typed(Typed::Nothing) => {}
            Woken::Heard => self.hear(),
            Woken::Built(built) => {
                self.hear();
                return self.built(*built);
            }
            Woken::Looked(looked) => self.looked(*looked),
            Woken::Raw(raw) => self.queue.heard(self.app.clock.elapsed(), raw),
            Woken::Time => self.time().await,
        }
        Ok(())
    }

    /// Whatever is due.
    async fn time(&mut self) {
        let now = self.app.clock.elapsed();
        if let Some(look) = self.queue.look(now) {
            let found = self.folder.borrow_mut().look(&look);
            if let Some(changes) = self.queue.seen(&look, found) {
                self.saved(changes).await;
            }
        }
        if self.retry_at.is_some_and(|at| now >= at) {
            self.retry_at = None;
            self.again();
        }
        if self.rest_at.is_some_and(|at| now >= at) {
            self.rest_at = None;
            pool::rest();
        }
        if now >= self.glance_at {
            self.glance_at = now + GLANCE_EVERY;
            if self.building.is_none() && self.link == Link::Up {
                self.ask_later(Ask::Epoch);
            }
        }
    }

    async fn saved(&mut self, changes: Changes) {
        let moment = self.moment();
        let files: Vec<String> = {
            let folder = self.folder.borrow();
            changes.written.iter().chain(&changes.removed).map(|path| folder.shown(path)).collect()
        };
        self.face.saved(&moment, &files);
        let of_recipe = |path: &std::path::PathBuf| path.extension().is_some_and(|ending| ending == "lua");
        if changes.written.iter().chain(&changes.removed).any(of_recipe) {
            self.loaded = None;
        }
        self.moved |= self.folder.borrow().names_profiles(&changes);
        match self.queue.changed(changes) {
            Next::Build(changes) => self.begin(changes).await,
            Next::Interrupt => self.interrupt.ask(),
            Next::Wait => {}
        }
    }

    /// Asks for a build without a save, unless one is under way.
    fn again(&mut self) {
        if self.queue.is_building() {
            return;
        }
        let since = self.app.clock.elapsed();
        if let Next::Build(changes) = self.queue.changed(Changes { since, ..Changes::default() }) {
            self.start(changes, None);
        }
    }

    /// Begins a build after a save; where the environment is another, on a connection to that.
    async fn begin(&mut self, changes: Changes) {
        let session = if std::mem::take(&mut self.moved) {
            self.app.forget_place();
            match self.app.connect().await {
                Ok(session) => {
                    self.looker = None;
                    Some(session)
                }
                Err(error) => {
                    self.moved = true;
                    return self.not_begun(changes, error);
                }
            }
        } else {
            None
        };
        self.start(changes, session);
    }

    /// Begins a build.
    fn start(&mut self, changes: Changes, session: Option<Session>) {
        self.give_up_look();
        self.retry_at = None;
        let changes = match self.unbuilt.take() {
            Some(unbuilt) => unbuilt.then(changes),
            None => changes,
        };
        self.folder.borrow_mut().take(&changes);
        self.stopwatch = Stopwatch::new(changes.since, self.app.clock.elapsed());
        if self.link == Link::Up {
            self.tell(Input::Begun);
            self.tell_compiling(&changes);
        }
        let prepared = match self.loaded.take() {
            Some(loaded) => Ok(loaded),
            None => build::load(self.app, &self.request.given),
        };
        let prepared = prepared.and_then(|loaded| Ok((build::rest(self.app, &loaded)?, loaded)));
        let (rest, loaded) = match prepared {
            Ok(prepared) => prepared,
            Err(error) => return self.not_begun(changes, error),
        };
        let Some(mut ctx) = self.ctx.take() else {
            return self.not_begun(changes, Error::bug("the run is away when a build begins").into());
        };
        if changes.is_empty() {
            // Nothing was saved: whoever asks for a build wants everything to be looked at.
            ctx.look_again();
        }
        self.interrupt = self.app.interrupt.inner();
        ctx.interrupt = self.interrupt.clone();
        // One that was stopped had a minute to clean up; this one has all the time.
        ctx.deadline = self.app.clock.deadline(None);
        self.ear.take_ready();
        let work = Work {
            ctx,
            session,
            claim: self.claim.clone(),
            loaded,
            rest,
            folder: Rc::clone(&self.folder),
            ear: Rc::clone(&self.ear),
            tests: self.request.tests,
            ui: self.app.ui.clone(),
        };
        self.unbuilt = Some(changes);
        self.building = Some(Box::pin(build::build(work)));
    }

    /// Objects whose files were saved are on their way, if they are there already.
    fn tell_compiling(&mut self, changes: &Changes) {
        let objects = self.folder.borrow().objects_in(changes);
        for object in objects {
            let Some(row) = self.face.model().rows.get(&object) else { continue };
            let database = row.database.clone();
            let state = OverlayState::Compiling;
            self.tell(Input::Happened(Event::Overlay {
                database,
                object,
                state,
                percent: None,
                message: None,
            }));
        }
    }

    fn not_begun(&mut self, changes: Changes, error: CliError) {
        self.unbuilt = Some(changes);
        let lines = self.lines(error);
        let times = self.stopwatch.ready(self.app.clock.elapsed());
        self.tell(Input::Ended(Build::Failed { lines, times }));
        // What waits behind it was not asked for yet: nothing has been awaited in between.
        self.queue.ended();
    }

    /// Takes the end of a build, and begins the next if one waits.
    fn built(&mut self, built: Built) -> Result<(), CliError> {
        let is_offline = built.is_offline();
        let Built { ctx, claim, outcome } = built;
        self.claim = claim;
        let Some(ctx) = ctx else { return Err(Error::bug("the run is away at the end of a build").into()) };
        let interrupted = outcome.as_ref().err().is_some_and(|error| error.kind() == Kind::Interrupted);
        self.ctx = Some(ctx);
        // It may have heard of the wish before this loop has.
        if interrupted && self.leaving == Leaving::No && self.app.interrupt.is_asked() {
            self.leaving = Leaving::Stopped;
        }
        let next = self.queue.ended();
        if is_offline {
            if let Err(error) = outcome {
                self.offline(&error);
            }
        } else {
            self.online();
            self.told_end(outcome, interrupted, next.is_some());
        }
        if self.leaving != Leaving::No {
            return Ok(());
        }
        if let Some(changes) = next {
            self.start(changes, None);
        } else if !is_offline {
            match self.next_look.take() {
                Some(ask) => self.ask(ask),
                None => self.count(),
            }
            self.loaded = build::load(self.app, &self.request.given).ok();
        }
        self.rest_at = Some(self.app.clock.elapsed() + REST_AFTER);
        Ok(())
    }

    fn told_end(&mut self, outcome: Result<Option<Tested>, Error>, interrupted: bool, superseded: bool) {
        let now = self.app.clock.elapsed();
        match outcome {
            Err(_) if interrupted => {
                if !superseded {
                    self.tell(Input::Ended(Build::Stopped));
                }
                return;
            }
            Err(error) => {
                let times = self.stopwatch.ready(now);
                let lines = self.lines(CliError::from(error));
                self.tell(Input::Ended(Build::Failed { lines, times }));
            }
            Ok(tested) => {
                if tested.is_some() {
                    self.stopwatch.tested(now);
                }
                let times = self.stopwatch.ready(now);
                let build = match tested.filter(|tested| tested.failed > 0) {
                    Some(tested) => {
                        let told = std::iter::once(tested.told());
                        Build::Failed { lines: told.chain(tested.lines).collect(), times }
                    }
                    None => {
                        let (rebuilt, unchanged, dropped) = self.face.model().done().unwrap_or_default();
                        Build::Done { rebuilt, unchanged, dropped, times }
                    }
                };
                self.tell(Input::Ended(build));
            }
        }
        // What was not interrupted was built, as far as it can be: nothing of it is left to do.
        self.unbuilt = None;
    }

    fn offline(&mut self, error: &Error) {
        let pause = self.backoff.pause();
        self.retry_at = Some(self.app.clock.elapsed() + pause);
        let why = format!("{}; trying again in {}", error.message(), elapsed(pause));
        if self.link == Link::Up {
            self.tell(Input::Ended(Build::Stopped));
        }
        self.looker = None;
        self.link = Link::Down { why };
        let link = self.link.clone();
        self.tell(Input::Link(link));
    }

    fn online(&mut self) {
        self.backoff = Backoff::default();
        if self.link != Link::Up {
            self.link = Link::Up;
            self.tell(Input::Link(Link::Up));
        }
    }

    fn wished(&mut self, wish: Wish) {
        match wish {
            Wish::Quit => self.leave(Leaving::Quit),
            Wish::Rebuild => self.again(),
            Wish::Compare(name) => {
                if let Some(green) = self.green(&name) {
                    self.ask(Ask::Compare(green));
                }
            }
            Wish::Preview(name) => {
                if let Some(green) = self.green(&name) {
                    self.ask(Ask::Preview(green));
                }
            }
            Wish::Test => {
                let objects: BTreeSet<String> = self.face.model().rows.keys().cloned().collect();
                let report = self.folder.borrow().report();
                self.ask(Ask::Test(Box::new(report), objects));
            }
        }
    }

    fn leave(&mut self, how: Leaving) {
        let busy = self.building.is_some();
        // Whoever presses Ctrl-C while nothing is under way has cut nothing off.
        self.leaving = if busy { how } else { Leaving::Quit };
        self.interrupt.ask();
        self.next_look = None;
        self.look_interrupt.ask();
        if busy {
            let line = "stopping at the next safe point; Ctrl-C again stops now";
            self.tell(Input::Notice(line.to_owned()));
        }
    }

    /// Takes what the run has told.
    fn hear(&mut self) {
        for (at, event) in self.ear.take() {
            self.stopwatch.heard(at, &event);
            self.tell(Input::Happened(event));
        }
    }

    fn lines(&self, mut error: CliError) -> Vec<String> {
        // What to do next is to save.
        error.report.advice.clear();
        let text = error.report.text(false, self.app.ui.width());
        text.lines().map(str::to_owned).collect()
    }

    fn tell(&mut self, input: Input) -> Option<Wish> {
        let moment = self.moment();
        self.face.take(&moment, input)
    }

    fn moment(&self) -> Moment {
        let now = i64::try_from(self.app.clock.now().0).unwrap_or(i64::MAX);
        let now = chrono::DateTime::from_timestamp_millis(now).unwrap_or_default();
        let told = now.with_timezone(&chrono::Local).format("%H:%M:%S").to_string();
        Moment { elapsed: self.app.clock.elapsed(), told }
    }
}

/// Waits for the end of what is under way; for ever where nothing is.
async fn finished<T>(under_way: &mut UnderWay<T>) -> T {
    let Some(future) = under_way else { return std::future::pending().await };
    let come = future.await;
    *under_way = None;
    come
}
