//! One build: the recipe, once, in the run that goes on from save to save.

use std::cell::RefCell;
use std::rc::Rc;

use serde_json::Map;
use serde_json::Value;

use super::claim::Claim;
use super::ear::Ear;
use super::folder::Folder;
use super::looks;
use super::looks::Tested;
use crate::cli::app::App;
use crate::cli::app::CliError;
use crate::cli::asker;
use crate::cli::recipe;
use crate::cli::recipe::Loaded;
use crate::cli::ui::Ui;
use crate::db::session::Session;
use crate::event::Sink;
use crate::lua::run;
use crate::lua::run::Ended;
use crate::lua::run::Go;
use crate::primitives::code::Code;
use crate::primitives::code::Kind;
use crate::primitives::ctx::Ctx;
use crate::primitives::error::Error;

/// The recipe that builds an overlay; a project may have its own.
pub(crate) const RECIPE: &str = "dev_overlay";

/// What a build works with.
pub(crate) struct Work {
    /// The environment and the run.
    pub(crate) ctx: Ctx,
    /// Another connection to use from now on, where the environment is another.
    pub(crate) session: Option<Session>,
    /// That nobody else watches.
    pub(crate) claim: Claim,
    /// The recipe, in a Lua of its own.
    pub(crate) loaded: Loaded,
    /// What it is given besides the environment.
    pub(crate) rest: Rest,
    /// The project.
    pub(crate) folder: Rc<RefCell<Folder>>,
    /// Listens.
    pub(crate) ear: Rc<Ear>,
    /// Whether the tests of what was built are run.
    pub(crate) tests: bool,
    /// How lines are written.
    pub(crate) ui: Ui,
}

/// What a recipe is given besides the environment.
pub(crate) struct Rest {
    compile: crate::primitives::compile::Request,
    outside: crate::outside::Outside,
    arguments: Map<String, Value>,
    asker: crate::lua::people::Asker,
}

/// How a build ended.
pub(crate) struct Built {
    /// The environment and the run; away only where the host is broken.
    pub(crate) ctx: Option<Ctx>,
    /// That nobody else watches.
    pub(crate) claim: Claim,
    /// What came of the tests, or why it failed.
    pub(crate) outcome: Result<Option<Tested>, Error>,
}

impl Built {
    /// Whether it failed because the server could not be reached.
    pub(crate) fn is_offline(&self) -> bool {
        let lost = |error: &Error| match error.kind() {
            Kind::Unreachable => true,
            Kind::OutcomeUnknown | Kind::Failed => error.code() == Code::DbLost,
            Kind::Invalid | Kind::Refused | Kind::Fenced | Kind::Interrupted | Kind::Paused => false,
        };
        let is_closed = self.ctx.as_ref().is_some_and(|ctx| ctx.session().is_closed());
        self.outcome.as_ref().err().is_some_and(|error| lost(error) || is_closed)
    }
}

/// Loads the recipe in a Lua of its own.
///
/// # Errors
/// `lua.*`, `cli.unknown-recipe`.
pub(crate) fn load(app: &App, given: &Map<String, Value>) -> Result<Loaded, CliError> {
    let (source, origin) = recipe::find(app.project(), RECIPE)?;
    let mut loaded = app.load(&source, origin, Default::default())?;
    loaded.given.clone_from(given);
    Ok(loaded)
}

/// Puts together what a recipe is given.
///
/// # Errors
/// `lua.unknown-argument` and others about arguments; as [`App::outside`].
pub(crate) fn rest(app: &App, loaded: &Loaded) -> Result<Rest, CliError> {
    Ok(Rest {
        compile: app.compile_request(),
        outside: app.outside()?,
        arguments: loaded.recipe.arguments(&loaded.given)?,
        asker: asker::of(app),
    })
}

/// Runs it.
///
/// # Cancel
/// Not safe; ask through the interrupt of its environment.
pub(crate) async fn build(work: Work) -> Built {
    let Work { mut ctx, session, mut claim, loaded, rest, folder, ear, tests, ui } = work;
    ctx.events = Rc::clone(&ear) as Rc<dyn Sink>;
    if let Err(error) = connected(&mut ctx, session, &mut claim).await {
        return Built { ctx: Some(ctx), claim, outcome: Err(error) };
    }
    let warm = Rc::clone(&folder);
    let go = Go {
        ctx,
        compile: rest.compile,
        warm: Some(Rc::new(move || warm.borrow().report())),
        // Nothing of production goes; what an overlay loses is of the overlay.
        consent: Rc::new(|_| Box::pin(async { true })),
        gate: Rc::default(),
        asker: rest.asker,
        outside: rest.outside,
        arguments: rest.arguments,
    };
    let ended = run::run(&loaded.host, &loaded.recipe, go).await;
    let Some(Ended { mut ctx, outcome, .. }) = ended else {
        let outcome = Err(Error::bug("the run is away at its end"));
        return Built { ctx: None, claim, outcome };
    };
    let outcome = match outcome {
        // The first build may have made the journal.
        Ok(_) => claim.make(&mut ctx).await,
        Err(error) => {
            // It may have failed because something is not as it was known.
            if error.code() != Code::CompileFailed {
                ctx.look_again();
            }
            Err(error)
        }
    };
    let outcome = match outcome {
        Ok(()) if tests => {
            let report = folder.borrow().report();
            let how = (&ctx.clock, &ctx.interrupt, &ui);
            looks::tests(ctx.session(), &report, &ear.ready(), how).await.map(Some)
        }
        Ok(()) => Ok(None),
        Err(error) => Err(error),
    };
    Built { ctx: Some(ctx), claim, outcome }
}

/// Sees to it that there is a connection, and that what others have done meanwhile is seen.
async fn connected(ctx: &mut Ctx, session: Option<Session>, claim: &mut Claim) -> Result<(), Error> {
    if let Some(session) = session {
        ctx.move_to(session);
    }
    if ctx.session().is_closed() {
        ctx.reconnect().await?;
    }
    ctx.look_for_changes();
    claim.make(ctx).await
}
