//! One build: the recipe, once, in the run that goes on from save to save.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

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
use crate::cli::exit::Exit;
use crate::cli::finish;
use crate::cli::recipe;
use crate::cli::recipe::Loaded;
use crate::cli::ui::Ui;
use crate::db;
use crate::db::config::Target;
use crate::db::session::Session;
use crate::event::Event;
use crate::event::Sink;
use crate::lua::run;
use crate::lua::run::Ended;
use crate::lua::run::Go;
use crate::primitives::access;
use crate::primitives::access::Needs;
use crate::primitives::code::Code;
use crate::primitives::code::Kind;
use crate::primitives::ctx::Ctx;
use crate::primitives::ctx::Run;
use crate::primitives::error::Error;

/// The recipe that builds an overlay; a project may have its own.
pub(crate) const RECIPE: &str = "dev_overlay";

/// What a build works with.
pub(crate) struct Work {
    /// The environment and the run.
    pub(crate) ctx: Ctx,
    /// Where to go, where the environment is another.
    pub(crate) elsewhere: Option<Elsewhere>,
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
    /// The objects whose tests are owed besides those that are built; `None` where none are run.
    pub(crate) owed: Option<BTreeSet<String>>,
    /// How lines are written.
    pub(crate) ui: Ui,
}

/// Another environment to work on from now on.
pub(crate) struct Elsewhere {
    /// Where it is.
    pub(crate) target: Arc<Target>,
    /// The run there: no journal tells of a run that was begun elsewhere.
    pub(crate) run: Run,
    /// What people are told of it.
    pub(crate) told: String,
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
    /// The epochs that there are in another environment, where it works on that now.
    pub(crate) moved: Option<Vec<String>>,
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

/// The files that a recipe has asked for, by their names below the project: those that are missing too.
pub(crate) type Asked = Rc<RefCell<BTreeSet<String>>>;

/// Loads the recipe in a Lua of its own, which writes down what files it asks for, now and when it runs.
///
/// # Errors
/// `lua.*`, `cli.unknown-recipe`.
pub(crate) fn load(app: &App, given: &Map<String, Value>, asked: &Asked) -> Result<Loaded, CliError> {
    let (source, origin) = recipe::find(app.project(), RECIPE)?;
    let mut facts = app.facts(Default::default());
    let (files, asked) = (facts.files, Rc::clone(asked));
    facts.files = Rc::new(move |name| {
        asked.borrow_mut().insert(name.to_owned());
        files(name)
    });
    let mut loaded = recipe::load_with(facts, &source, origin)?;
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
    let Work { mut ctx, elsewhere, mut claim, loaded, rest, folder, ear, owed, ui } = work;
    ctx.events = Rc::clone(&ear) as Rc<dyn Sink>;
    let moved = match elsewhere {
        None => None,
        Some(elsewhere) => match gone_to(&mut ctx, elsewhere).await {
            Ok(epochs) => Some(epochs),
            Err(error) => return Built { ctx: Some(ctx), claim, moved: None, outcome: Err(error) },
        },
    };
    if let Err(error) = connected(&mut ctx, &mut claim).await {
        return Built { ctx: Some(ctx), claim, moved, outcome: Err(error) };
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
        return Built { ctx: None, claim, moved, outcome };
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
    let outcome = match (outcome, owed) {
        (Ok(()), Some(mut objects)) => {
            objects.extend(ear.ready());
            let report = folder.borrow().report();
            let how = (&ctx.clock, &ctx.interrupt, &ui);
            looks::tests(ctx.session(), &report, &objects, how).await.map(Some)
        }
        (Ok(()), None) => Ok(None),
        (Err(error), _) => Err(error),
    };
    Built { ctx: Some(ctx), claim, moved, outcome }
}

/// The end of the run in the environment that is left may take so long to be written down: it may be left
/// because it does not answer.
const FAREWELL: Duration = Duration::from_secs(5);

/// Goes to another environment, in a run of its own; gives the epochs that there are.
async fn gone_to(ctx: &mut Ctx, elsewhere: Elsewhere) -> Result<Vec<String>, Error> {
    let Elsewhere { target, run, told } = elsewhere;
    let session = Session::connect(&target).await;
    let session = session.map_err(|error| Error::from(error).line(format!("target: {told}")))?;
    access::check(&session, "dev", Needs::Develops).await?;
    let epochs = db::introspect::tracking_schemas(&session).await?;
    if !ctx.session().is_closed() {
        let clock = ctx.clock.clone();
        // Whether that row is there changes nothing of what comes.
        tokio::select! {
            () = finish::record(ctx, Exit::Done, None) => {}
            () = clock.sleep(FAREWELL) => {}
        }
    }
    ctx.move_to(session);
    ctx.run = run;
    ctx.events.event(Event::RunStarted { run: ctx.run.id.clone(), recipe: RECIPE.to_owned() });
    Ok(epochs)
}

/// Sees to it that there is a connection, and that what others have done meanwhile is seen.
async fn connected(ctx: &mut Ctx, claim: &mut Claim) -> Result<(), Error> {
    if ctx.session().is_closed() {
        ctx.reconnect().await?;
    }
    ctx.look_for_changes();
    claim.make(ctx).await
}
