//! How a build begins: with everything that was saved and is not built yet, in the environment that is named
//! now. Start reading at [`Live::start`].

use std::rc::Rc;

use super::Live;
use crate::cli::app::CliError;
use crate::cli::app::new_run_id;
use crate::cli::live::build;
use crate::cli::live::build::Elsewhere;
use crate::cli::live::build::Rest;
use crate::cli::live::build::Work;
use crate::cli::live::claim::Claim;
use crate::cli::live::phases::Stopwatch;
use crate::cli::live::screen::model::Input;
use crate::cli::live::screen::model::Link;
use crate::cli::recipe::Loaded;
use crate::cli::running;
use crate::event::Event;
use crate::event::OverlayState;
use crate::event::Sink;
use crate::primitives::ctx::Run;
use crate::primitives::error::Error;
use crate::watch::queue::Changes;
use crate::watch::queue::Next;

impl Live<'_> {
    /// Asks for a build without a save, unless one is under way.
    pub(super) async fn again(&mut self) {
        if self.queue.is_building() {
            return;
        }
        let since = self.app.clock.elapsed();
        if let Next::Build(changes) = self.queue.changed(Changes { since, ..Changes::default() }) {
            self.start(changes).await;
        }
    }

    /// Begins a build, of these changes and of those that are not built yet.
    pub(super) async fn start(&mut self, changes: Changes) {
        self.give_up_look();
        self.retry_at = None;
        let changes = match self.unbuilt.take() {
            Some(unbuilt) => unbuilt.then(changes),
            None => changes,
        };
        self.folder.borrow_mut().take(&changes);
        self.owed.extend(self.folder.borrow().objects_in(&changes));
        self.stopwatch = Stopwatch::new(changes.since, self.app.clock.elapsed());
        if self.link == Link::Up {
            self.tell(Input::Begun);
            self.tell_compiling(&changes);
        }
        let others = self.folder.borrow().others_in(&changes);
        if !others.is_empty() {
            let others = others.join(", ");
            self.tell(Input::Notice(format!(
                "an overlay reads production's, and not what was saved: {others}"
            )));
        }
        let (loaded, rest, elsewhere) = match self.prepared().await {
            Ok(prepared) => prepared,
            Err(error) => return self.not_begun(changes, error),
        };
        let Some(mut ctx) = self.ctx.take() else {
            return self.not_begun(changes, Error::bug("the run is away when a build begins").into());
        };
        if std::mem::take(&mut self.rebuild) || changes.is_empty() {
            // Nothing was saved, or somebody has asked: everything is to be looked at.
            ctx.look_again();
        }
        self.interrupt = self.app.interrupt.inner();
        ctx.interrupt = self.interrupt.clone();
        // One that was stopped had a minute to clean up; this one has all the time.
        ctx.deadline = self.app.clock.deadline(None);
        self.ear.take_ready();
        let work = Work {
            ctx,
            elsewhere,
            claim: self.claim.clone(),
            loaded,
            rest,
            folder: Rc::clone(&self.folder),
            ear: Rc::clone(&self.ear),
            owed: self.request.tests.then(|| self.owed.clone()),
            ui: self.app.ui.clone(),
        };
        self.unbuilt = Some(changes);
        self.building = Some(Box::pin(build::build(work)));
    }

    /// What a build begins with besides the project.
    async fn prepared(&mut self) -> Result<(Loaded, Rest, Option<Elsewhere>), CliError> {
        let loaded = match self.loaded.take() {
            Some(loaded) => loaded,
            None => self.load()?,
        };
        let rest = build::rest(self.app, &loaded)?;
        let databases = self.folder.borrow().databases();
        // A project that cannot be read says nothing of its databases.
        if !databases.is_empty() && databases != self.claim.databases {
            let overlay = self.folder.borrow().overlaid(&self.request.overlay);
            self.claim = Claim { databases, held: None, ..self.claim.clone() };
            self.tell(Input::Renamed(overlay));
        }
        let elsewhere = self.elsewhere(&loaded).await?;
        Ok((loaded, rest, elsewhere))
    }

    /// Loads the recipe, and has the files watched that it has ever asked for: what is missing may come.
    pub(super) fn load(&mut self) -> Result<Loaded, CliError> {
        let loaded = build::load(self.app, &self.request.given, &self.asked);
        let folders = self.folder.borrow_mut().take_modules(&self.asked.borrow());
        folders.into_iter().for_each(|folder| self.source.also(folder));
        loaded
    }

    /// The way to another environment, where the file that names it says so since the last build.
    async fn elsewhere(&mut self, loaded: &Loaded) -> Result<Option<Elsewhere>, CliError> {
        if self.moved {
            self.app.forget_place();
            let target = self.app.target().await?;
            self.moved = false;
            let is_here = self.ctx.as_ref().is_some_and(|ctx| *ctx.target() == target);
            self.to = (!is_here).then_some(target);
            let told = self.app.place_told();
            if self.face.model().head.target != told {
                self.tell(Input::Elsewhere(told));
            }
        }
        let Some(target) = self.to.clone() else { return Ok(None) };
        let started = running::started(self.app, loaded, &self.request.given);
        let run = Run::new(new_run_id()?, started);
        Ok(Some(Elsewhere { target, run, told: self.app.place_told() }))
    }

    /// Objects whose files were saved are on their way, if they are there already.
    fn tell_compiling(&mut self, changes: &Changes) {
        let objects = self.folder.borrow().objects_in(changes);
        for object in objects {
            let Some(row) = self.face.model().rows.get(&object) else { continue };
            let database = row.database.clone();
            let state = OverlayState::Compiling;
            self.ear.event(Event::Overlay { database, object, state, percent: None, message: None });
        }
        self.hear();
    }

    fn not_begun(&mut self, changes: Changes, error: CliError) {
        self.unbuilt = Some(changes);
        let times = self.stopwatch.ready(self.app.clock.elapsed());
        self.tell_failed(error, times);
        // What waits behind it is built with it, once that can be begun.
        if let Some(next) = self.queue.ended() {
            self.unbuilt = self.unbuilt.take().map(|unbuilt| unbuilt.then(next));
            self.queue.ended();
        }
    }
}
