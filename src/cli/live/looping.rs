//! The loop: whatever happens next is taken, and what follows from it is begun.
//!
//! Nothing is awaited but in [`Live::woken`]: a build, and a question to the server, are futures that
//! are polled there beside everything else, and that are never dropped before they have ended. Start
//! reading at [`Live::run`].

mod asking;
mod starting;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::collections::VecDeque;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use super::Request;
use super::backoff::Backoff;
use super::build::Asked;
use super::build::Built;
use super::claim::Claim;
use super::ear::Ear;
use super::face::Face;
use super::folder::Folder;
use super::looks::Answer;
use super::looks::Tested;
use super::phases::Stopwatch;
use super::phases::Times;
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
use crate::db::config::Target;
use crate::db::session::Session;
use crate::event::Event;
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
    Looked(Box<Answer>),
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
    asked: Asked,
    looking: UnderWay<Answer>,
    /// What of it a person has asked for.
    looking_for: Option<Wish>,
    look_interrupt: Interrupt,
    looker: Option<Session>,
    /// Objects whose rows are to be counted when nothing else is asked.
    uncounted: VecDeque<String>,
    /// Objects that cannot be counted in the time that there is.
    uncountable: BTreeSet<String>,
    /// Whether production is to be looked at when nothing else is asked.
    glances: bool,
    /// Objects whose tests have not passed since they were built or saved.
    owed: BTreeSet<String>,
    /// Whether somebody wants everything to be looked at by the next build.
    rebuild: bool,
    /// Whether the file that names the environment is another since it was read.
    moved: bool,
    /// Where the next build goes to, where that is another environment.
    to: Option<Arc<Target>>,
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
        (ear, face): (Rc<Ear>, Face),
        (source, queue): (Source, Queue),
        (ctx, claim, epoch): (Ctx, Claim, Vec<String>),
    ) -> Self {
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
            asked: Asked::default(),
            looking: None,
            looking_for: None,
            look_interrupt: Interrupt::default(),
            looker: None,
            uncounted: VecDeque::new(),
            uncountable: BTreeSet::new(),
            glances: false,
            owed: BTreeSet::new(),
            rebuild: false,
            moved: false,
            to: None,
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
        self.again().await;
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
                    self.wished(wish).await;
                }
            }
            Woken::Typed(Typed::Resized) => self.face.resized(),
            Woken::Typed(Typed::Nothing) => {}
            Woken::Heard => self.hear(),
            Woken::Built(built) => {
                self.hear();
                return self.built(*built).await;
            }
            Woken::Looked(looked) => self.looked(*looked).await,
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
            self.again().await;
        }
        if self.rest_at.is_some_and(|at| now >= at) {
            self.rest_at = None;
            pool::rest();
        }
        if now >= self.glance_at {
            self.glance_at = now + GLANCE_EVERY;
            self.glances = true;
            self.ask_next();
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
            Next::Build(changes) => self.start(changes).await,
            Next::Interrupt => self.interrupt.ask(),
            Next::Wait => {}
        }
    }

    fn tell_failed(&mut self, mut error: CliError, times: Times) {
        // What to do next is to save.
        error.report.advice.clear();
        let lines = self.lines(&error);
        self.tell(Input::Ended(Build::Failed { lines, error: Box::new(error.report.json()), times }));
    }

    /// Takes the end of a build, and begins the next if one waits.
    async fn built(&mut self, built: Built) -> Result<(), CliError> {
        let is_offline = built.is_offline();
        let Built { ctx, claim, moved, outcome } = built;
        self.claim = claim;
        if let Some(epochs) = moved {
            (self.to, self.looker, self.epoch) = (None, None, epochs);
        }
        let Some(ctx) = ctx else { return Err(Error::bug("the run is away at the end of a build").into()) };
        let interrupted = outcome.as_ref().err().is_some_and(|error| error.kind() == Kind::Interrupted);
        self.ctx = Some(ctx);
        // It may have heard of the wish before this loop has.
        if interrupted && self.leaving == Leaving::No && self.app.interrupt.is_asked() {
            self.leaving = Leaving::Stopped;
        }
        match &outcome {
            Ok(Some(tested)) => self.owed.clone_from(&tested.owed),
            // What was built is tested by the next build.
            Ok(None) | Err(_) => self.owed.extend(self.ear.ready()),
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
            self.start(changes).await;
        } else if !is_offline && self.rebuild {
            self.again().await;
        } else if !is_offline {
            self.count();
            self.ask_next();
            self.loaded = self.load().ok();
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
                self.tell_failed(CliError::from(error), times);
            }
            Ok(tested) => {
                if tested.is_some() {
                    self.stopwatch.tested(now);
                }
                let times = self.stopwatch.ready(now);
                let passed = tested.as_ref().map(|tested| tested.passed);
                let build = match tested.filter(|tested| tested.failed > 0) {
                    Some(tested) => {
                        let error = Box::new(tested.json());
                        let told = std::iter::once(tested.told());
                        Build::Failed { lines: told.chain(tested.lines).collect(), error, times }
                    }
                    None => {
                        let (rebuilt, unchanged, dropped) = self.face.model().done().unwrap_or_default();
                        Build::Done { rebuilt, unchanged, dropped, tested: passed, times }
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

    async fn wished(&mut self, wish: Wish) {
        match wish {
            Wish::Quit => self.leave(Leaving::Quit),
            Wish::Rebuild if self.queue.is_building() => {
                self.rebuild = true;
                self.tell(Input::Notice("builds once more when this build has ended".to_owned()));
            }
            Wish::Rebuild => self.again().await,
            Wish::Compare(_) | Wish::Preview(_) | Wish::Test => self.ask_for(&wish),
        }
    }

    fn leave(&mut self, how: Leaving) {
        let busy = self.building.is_some();
        // Whoever presses Ctrl-C while nothing is under way has cut nothing off.
        self.leaving = if busy { how } else { Leaving::Quit };
        self.interrupt.ask();
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
            if let Event::RunStarted { run, .. } = &event {
                self.face.follow(run.clone());
            }
            self.tell(Input::Happened(event));
        }
    }

    fn lines(&self, error: &CliError) -> Vec<String> {
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
