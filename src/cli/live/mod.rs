//! `mzflow dev CLUSTER --watch`: a save is built, and shown, until somebody quits.
//!
//! One run, one session, one compiled project, kept from save to save. `phases` and `backoff` are
//! pure, and so are the model and the view of `screen`; `looping` puts them together. Start reading
//! at [`watch`].

mod backoff;
pub(crate) mod build;
mod claim;
mod ear;
mod face;
pub(crate) mod flags;
mod folder;
mod looks;
mod looping;
mod parting;
mod phases;
pub(crate) mod screen;

use std::cell::RefCell;
use std::rc::Rc;

use serde_json::Map;
use serde_json::Value;

use self::claim::Claim;
use self::ear::Ear;
use self::ear::Wanted;
use self::face::Face;
use self::folder::Folder;
use self::looping::Live;
use self::screen::model::Head;
use super::access;
use super::app::App;
use super::app::CliError;
use super::app::new_run_id;
use super::exit::Exit;
use super::finish;
use super::interrupt;
use super::recipe;
use super::running;
use crate::db;
use crate::event::Event;
use crate::event::Sink;
use crate::name::ClusterName;
use crate::primitives::compile;
use crate::primitives::ctx::Ctx;
use crate::primitives::ctx::Run;
use crate::primitives::error::Error;
use crate::watch::queue::Queue;
use crate::watch::source::Source;
use crate::watch::source::Wish;

/// What to watch, and how.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// The overlay's name.
    pub(crate) overlay: String,
    /// The cluster that it runs on.
    pub(crate) cluster: ClusterName,
    /// What the recipe is given.
    pub(crate) given: Map<String, Value>,
    /// Whether the tests of what was built are run.
    pub(crate) tests: bool,
    /// How to learn of changes.
    pub(crate) wish: Wish,
}

/// Builds at every save, until somebody quits.
///
/// # Errors
/// What keeps it from being begun; what goes wrong later is shown, and mended by the next save.
pub(crate) async fn watch(app: &mut App, request: Request) -> Result<Exit, CliError> {
    let began = app.clock.elapsed();
    let Ok(root) = app.project().canonicalize() else {
        return Err(compile::failure(compile::report(&app.compile_request())).into());
    };
    // Whoever listens first misses nothing of what is saved while the rest is being read.
    let profiles = app.profiles_file();
    let source = Source::new(folder::watched(&root, profiles.as_deref()), app.clock.clone(), request.wish);
    let folder = Folder::new(root, &app.compile_request(), profiles);
    let queue = Queue::new(folder.contents());
    let started = match build::load(app, &request.given, &build::Asked::default()) {
        Ok(loaded) => {
            build::rest(app, &loaded)?;
            running::started(app, &loaded, &request.given)
        }
        // It is told by the first build, and mended by a save as everything else that is watched.
        Err(_) => {
            let (source, _) = recipe::find(app.project(), build::RECIPE)?;
            running::begun(app, build::RECIPE, source, &request.given)
        }
    };
    let session = app.connect().await?;
    access::check(&session, "dev", false).await?;
    let run = Run::new(new_run_id()?, started);
    let id = run.id.clone();
    let mut ctx = app.quiet_ctx(session, run);
    let mut claim = Claim { overlay: request.overlay.clone(), databases: folder.databases(), held: None };
    claim.make(&mut ctx).await?;
    let epoch = db::introspect::tracking_schemas(ctx.session()).await.map_err(Error::from)?;
    app.narrator.event(Event::RunStarted { run: id.clone(), recipe: build::RECIPE.to_owned() });
    interrupt::listen_quietly(&app.interrupt, screen::terminal::give_back);
    let removal = parting::removal(app, &request);
    let head = Head {
        overlay: folder.overlaid(&request.overlay),
        cluster: request.cluster.to_string(),
        target: app.place_told(),
        removal: removal.clone(),
    };
    let face = Face::new(app.ui.clone(), app.clock.clone(), id.clone(), head).map_err(|error| {
        let message = format!("the terminal cannot be used: {error}");
        let advice = "behind a pipe the same command does without one:  add | cat";
        CliError { exit: Exit::Failed, ..CliError::usage("cli.terminal", message).advise(advice) }
    })?;
    let other = match (Face::is_screen(&app.ui), app.ui.json) {
        (true, _) => None,
        (false, true) => Some((Rc::clone(&app.narrator) as Rc<dyn Sink>, Wanted::Everything)),
        (false, false) => Some((Rc::clone(&app.narrator) as Rc<dyn Sink>, Wanted::News)),
    };
    let ear = Rc::new(Ear::new(app.clock.clone(), other));
    let folder = Rc::new(RefCell::new(folder));
    let live = Live::new(app, request, folder, (ear, face), (source, queue), (ctx, claim, epoch));
    let (exit, ctx) = live.run().await?;
    let took = app.clock.elapsed().saturating_sub(began);
    end(app, ctx, exit, &removal, took).await;
    Ok(exit)
}

/// The last row of the run, and the last lines.
async fn end(app: &App, ctx: Option<Ctx>, exit: Exit, removal: &str, took: std::time::Duration) {
    app.narrator.still();
    let Some(mut ctx) = ctx else { return };
    let run = ctx.run.id.clone();
    if !ctx.session().is_closed() {
        finish::record(&mut ctx, exit, None).await;
    }
    let status = exit.status();
    let message = Some("the overlay stays".to_owned());
    app.narrator.event(Event::RunFinished { run: run.clone(), status, message, took });
    if app.ui.json {
        let mut line = Map::new();
        line.insert("event".to_owned(), "run.finished".into());
        line.insert("at".to_owned(), app.clock.now().0.into());
        line.insert("run".to_owned(), run.as_str().into());
        line.insert("recipe".to_owned(), build::RECIPE.into());
        line.insert("status".to_owned(), status.as_str().into());
        line.insert("exit".to_owned(), exit.code().into());
        line.insert("took_ms".to_owned(), u64::try_from(took.as_millis()).unwrap_or(u64::MAX).into());
        return app.ui.json(&Value::Object(line));
    }
    app.ui.step("done", &format!("the overlay stays; `{removal}` removes it"), Some(took));
}
