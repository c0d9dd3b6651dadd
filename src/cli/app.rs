//! What every command works with: the flags that all share, the streams, the way to the server.

use std::cell::Cell;
use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use serde_json::Value;

use super::access;
use super::advice;
use super::exit::Exit;
use super::git::GitFacts;
use super::interrupt;
use super::narrate::Narrator;
use super::place;
use super::place::Place;
use super::recipe;
use super::recipe::Loaded;
use super::recipe::Origin;
use super::render::Report;
use super::render::Severity;
use super::ui::Ui;
use crate::clock::Clock;
use crate::db::apply::Interrupt;
use crate::db::config::Target;
use crate::db::session::Session;
use crate::deployment::RunId;
use crate::deployment::record::RunStarted;
use crate::event::Event;
use crate::event::Sink;
use crate::lua::host::Facts;
use crate::lua::host::Source;
use crate::outside::Allowed;
use crate::outside::Outside;
use crate::primitives::code::Code;
use crate::primitives::compile;
use crate::primitives::ctx::Ctx;
use crate::primitives::ctx::Run;
use crate::primitives::ctx::Variables;
use crate::primitives::ctx::World;
use crate::primitives::error::Error;
use crate::primitives::rehearsal::Assume;
use crate::primitives::rehearsal::Rehearsal;

/// The environment variable that says where profiles.toml is.
pub(crate) const PROFILES_DIR: &str = "MZ_DEPLOY_PROFILES_DIR";

/// The flags that every command takes.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Global {
    /// Folder of the project
    #[arg(
        short = 'd',
        long = "project",
        visible_alias = "directory",
        value_name = "DIR",
        global = true,
        default_value = "."
    )]
    pub(crate) project: PathBuf,
    /// Profile: an environment of profiles.toml, and the project's settings for it
    #[arg(short, long, value_name = "NAME", global = true)]
    pub(crate) profile: Option<String>,
    /// Folder of profiles.toml [default: ~/.mz]
    #[arg(long, value_name = "DIR", global = true, env = PROFILES_DIR, hide_env = true)]
    pub(crate) profiles_dir: Option<PathBuf>,
    /// Materialize to work on: postgres://user@host:6875/materialize [env: MZFLOW_URL]
    #[arg(long, value_name = "URL", global = true)]
    pub(crate) url: Option<String>,
    /// Write JSON to stdout: one document, or one event a line for a run
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Show every statement that is sent
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
    /// Show errors only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
}

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub(crate) struct CliError {
    /// What people see.
    pub(crate) report: Box<Report>,
    /// What automation sees.
    pub(crate) exit: Exit,
}

impl CliError {
    /// A wrong command line.
    pub(crate) fn usage(code: &str, message: impl Into<String>) -> Self {
        let report = Box::new(Report::new(Severity::Error, code, message));
        Self { report, exit: Exit::Usage }
    }

    /// Adds what to type next.
    pub(crate) fn advise(mut self, line: impl Into<String>) -> Self {
        self.report.advice.push(line.into());
        self
    }
}

impl From<Error> for CliError {
    fn from(error: Error) -> Self {
        let report = Report::of(&error, advice::lines(&error));
        Self { report: Box::new(report), exit: error.kind().into() }
    }
}

/// What every command works with.
pub(crate) struct App {
    /// The flags.
    pub(crate) global: Global,
    /// The streams.
    pub(crate) ui: Ui,
    /// The time.
    pub(crate) clock: Clock,
    /// The wish to stop.
    pub(crate) interrupt: Interrupt,
    /// Listens to runs.
    pub(crate) narrator: Rc<Narrator>,
    /// The recipe of the command line, loaded before the command line was read in full.
    pub(crate) recipe: Option<Result<Loaded, CliError>>,
    place: Option<Place>,
    git: OnceCell<GitFacts>,
    test: Option<Test>,
    /// Whether somebody listens for Ctrl-C already: heard twice, one would be taken for two.
    listens: Cell<bool>,
}

/// What a command in a test of recipes works with instead of what surrounds this process.
pub(crate) struct Test {
    /// The time of the test.
    pub(crate) clock: Clock,
    /// Its sandbox.
    pub(crate) target: Target,
    /// Its environment variables.
    pub(crate) variables: Variables,
    /// Listens to its runs.
    pub(crate) events: Rc<dyn Sink>,
}

impl App {
    /// Puts it together.
    pub(crate) fn new(global: Global, ui: Ui) -> Self {
        let clock = Clock::system();
        let narrator = Rc::new(Narrator::new(ui.clone(), clock.clone()));
        Self {
            global,
            ui,
            clock,
            interrupt: Interrupt::default(),
            narrator,
            recipe: None,
            place: None,
            git: OnceCell::new(),
            test: None,
            listens: Cell::new(false),
        }
    }

    /// Takes the recipe of the command line, and what git has said already.
    pub(crate) fn take(&mut self, recipe: Option<Result<Loaded, CliError>>) {
        if let Some(Ok(Loaded { git: Some((project, git)), .. })) = &recipe
            && *project == self.global.project
        {
            self.git = OnceCell::from(git.clone());
        }
        self.recipe = recipe;
    }

    /// Puts it together for a test: nothing is said, git says nothing, and nobody presses Ctrl-C.
    pub(crate) fn in_test(global: Global, test: Test) -> Self {
        let ui = Ui::silent();
        let narrator = Rc::new(Narrator::new(ui.clone(), test.clock.clone()));
        Self {
            clock: test.clock.clone(),
            place: Some(Place::of_test(test.target.clone())),
            git: OnceCell::from(GitFacts::default()),
            narrator,
            test: Some(test),
            ..Self::new(global, ui)
        }
    }

    /// Whoever listens to runs.
    pub(crate) fn events(&self) -> Rc<dyn Sink> {
        match &self.test {
            None => Rc::clone(&self.narrator) as Rc<dyn Sink>,
            Some(test) => Rc::clone(&test.events),
        }
    }

    /// The environment variables.
    fn variables(&self) -> Variables {
        self.test
            .as_ref()
            .map_or_else(|| Rc::new(place::variable) as Variables, |test| Rc::clone(&test.variables))
    }

    /// The way to other services; from a test to this machine alone.
    ///
    /// # Errors
    /// As [`place::outside`].
    pub(crate) fn outside(&self) -> Result<Outside, CliError> {
        match &self.test {
            None => place::outside(&self.global),
            Some(_) => Ok(Outside::new(Allowed::this_machine())),
        }
    }

    /// What a recipe can know before it runs; `recorded` are texts that are read instead of files.
    pub(crate) fn facts(&self, recorded: BTreeMap<String, String>) -> Facts {
        recipe::facts(self.project(), &self.clock, self.git(), self.variables(), recorded)
    }

    /// Loads a recipe; `recorded` are texts that are read instead of files.
    ///
    /// # Errors
    /// As [`recipe::load`].
    pub(crate) fn load(
        &self,
        source: &Source,
        origin: Origin,
        recorded: BTreeMap<String, String>,
    ) -> Result<Loaded, CliError> {
        recipe::load_with(self.facts(recorded), source, origin)
    }

    /// The project's folder.
    pub(crate) fn project(&self) -> &Path {
        &self.global.project
    }

    /// What git says of the project, when it is first asked.
    pub(crate) fn git(&self) -> &GitFacts {
        self.git.get_or_init(|| GitFacts::of(self.project()))
    }

    /// What to compile, and under which circumstances.
    pub(crate) fn compile_request(&self) -> compile::Request {
        compile::Request {
            path: self.global.project.clone(),
            profile: match &self.test {
                None => place::profile(&self.global),
                Some(_) => self.global.profile.clone(),
            },
            variables: BTreeMap::new(),
        }
    }

    /// Refuses a project with uncommitted changes, except on the embedded sandbox, where it is said.
    pub(crate) fn check_tree(&self, allowed: bool) -> Result<(), CliError> {
        if allowed || !self.git().dirty {
            return Ok(());
        }
        let message = "the project has uncommitted changes";
        if self.place.as_ref().is_some_and(Place::is_embedded) {
            let code = Code::RunDirtyTree.to_string();
            self.narrator.event(Event::Warning { code, message: message.to_owned() });
            return Ok(());
        }
        Err(Error::new(Code::RunDirtyTree, message).effect("nothing was changed").into())
    }

    /// Where the environment is: found, and the embedded sandbox started if that is it, where it is not
    /// known yet.
    ///
    /// # Errors
    /// As [`place::open`].
    pub(crate) async fn target(&mut self) -> Result<Arc<Target>, CliError> {
        if self.place.is_none() {
            self.place = Some(place::open(&self.global, &self.clock).await?);
        }
        match &self.place {
            Some(place) => Ok(Arc::new(place.target().clone())),
            None => Err(Error::bug("the target was opened and is not there").into()),
        }
    }

    /// Connects, starting the embedded sandbox if that is the target.
    pub(crate) async fn connect(&mut self) -> Result<Session, CliError> {
        let is_news = self.place.is_none();
        let target = self.target().await?;
        if is_news {
            self.ui.step("target", &self.place_told(), None);
        }
        Session::connect(&target).await.map_err(|error| {
            let error = Error::from(error).line(format!("target: {}", self.place_told()));
            CliError::from(error)
        })
    }

    /// Begins a run of a verb or a recipe.
    pub(crate) async fn ctx(
        &mut self,
        started: RunStarted,
        rehearse: Option<Assume>,
    ) -> Result<Ctx, CliError> {
        let session = self.connect().await?;
        access::check(&session, &started.recipe, rehearse.is_some()).await?;
        let run = Run::new(new_run_id()?, started);
        Ok(self.ctx_of(session, run, rehearse))
    }

    /// Begins or goes on with a run on a connection that is open.
    pub(crate) fn ctx_of(&self, session: Session, run: Run, rehearse: Option<Assume>) -> Ctx {
        let world = match rehearse {
            None => World::Live,
            Some(assume) => World::Rehearsed(Box::new(Rehearsal::new(assume).into())),
        };
        let mut ctx = Ctx::new(session, world, run, self.events(), self.clock.clone());
        ctx.interrupt = self.interrupt.clone();
        ctx.variables = self.variables();
        self.listen();
        ctx
    }

    /// Listens for Ctrl-C from now on; in a test nobody presses it.
    pub(crate) fn listen(&self) {
        if self.test.is_none() && !self.listens.replace(true) {
            interrupt::listen(&self.interrupt, &self.ui);
        }
    }

    /// Begins a run on a connection that is open; whoever asks listens for Ctrl-C and to events himself.
    pub(crate) fn quiet_ctx(&self, session: Session, run: Run) -> Ctx {
        let mut ctx = Ctx::new(session, World::Live, run, self.events(), self.clock.clone());
        ctx.interrupt = self.interrupt.clone();
        ctx.variables = self.variables();
        ctx
    }

    /// What people are told of the environment; nothing before it is open.
    pub(crate) fn place_told(&self) -> String {
        self.place.as_ref().map(Place::told).unwrap_or_default()
    }

    /// The file that names the environment, where one does.
    pub(crate) fn profiles_file(&self) -> Option<PathBuf> {
        place::profiles_file(&self.global)
    }

    /// Finds the environment anew when it is needed next: the file that names it is another. A sandbox
    /// that this process runs is named by no file, and stays.
    pub(crate) fn forget_place(&mut self) {
        if self.place.as_ref().is_some_and(|place| !place.is_embedded()) {
            self.place = None;
        }
    }

    /// Begins a run of a verb.
    pub(crate) async fn verb(
        &mut self,
        verb: &str,
        arguments: Value,
        rehearse: Option<Assume>,
    ) -> Result<Ctx, CliError> {
        let started = RunStarted {
            recipe: verb.to_owned(),
            source: String::new(),
            file: String::new(),
            modules: BTreeMap::new(),
            arguments,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            commit: self.git().sha.clone(),
            policies: Vec::new(),
            policy_timeout_ms: None,
        };
        self.ctx(started, rehearse).await
    }

    /// Takes the sandbox down, if this process runs one: after the commands that use it, or at Ctrl-C.
    pub(crate) async fn close(&mut self) {
        #[cfg(feature = "sandbox")]
        if let Some(place) = self.place.take() {
            let waits = || {
                self.ui.talk("other commands use the sandbox that this one runs: it ends after them; Ctrl-C ends it now");
                // Heard before, it has ended the command; the next one ends the process.
                let heard = self.interrupt.is_asked();
                self.listen();
                let interrupt = self.interrupt.clone();
                async move {
                    match heard {
                        true => std::future::pending().await,
                        false => interrupt.asked().await,
                    }
                }
            };
            place.close(&self.clock, waits).await;
        }
    }
}

/// A new run's id: short enough to type, long enough not to meet another.
pub(crate) fn new_run_id() -> Result<RunId, CliError> {
    let number = crate::db::retry::random();
    format!("r-{:08x}", number & 0xffff_ffff).parse().map_err(|error| Error::bug(format!("{error}")).into())
}
