//! Questions to the server beside the build: one at a time, and a newer one ends an older one.

use super::Live;
use crate::cli::app::CliError;
use crate::cli::live::looks;
use crate::cli::live::looks::Ask;
use crate::cli::live::looks::Desk;
use crate::cli::live::looks::Green;
use crate::cli::live::looks::Looked;
use crate::cli::live::screen::model::Input;
use crate::db::session::Session;
use crate::name::ObjectName;
use crate::name::split_dotted;
use crate::primitives::code::Kind;

/// The rows of so many objects are counted after a build.
const MOST_COUNTED: usize = 20;

impl Live<'_> {
    /// The names of an object that the overlay holds.
    pub(super) fn green(&self, name: &str) -> Option<Green> {
        let row = self.face.model().rows.get(name)?;
        let parts = split_dotted(name, "database.schema.object").ok()?;
        let [database, schema, object] = <[_; 3]>::try_from(parts).ok()?;
        let blue = ObjectName::new(database, schema, object);
        let parts = split_dotted(&row.database, "database").ok()?;
        let [database] = <[_; 1]>::try_from(parts).ok()?;
        Some(Green { green: ObjectName { database, ..blue.clone() }, blue })
    }

    /// Counts the rows of what was built.
    pub(super) fn count(&mut self) {
        let ready = self.ear.take_ready();
        let greens: Vec<Green> =
            ready.iter().take(MOST_COUNTED).filter_map(|name| self.green(name)).collect();
        if !greens.is_empty() {
            self.ask_later(Ask::Count(greens));
        }
    }

    /// Asks when what is being asked has been answered; what a person wants comes first.
    pub(super) fn ask_later(&mut self, ask: Ask) {
        if self.looking.is_none() && self.next_look.is_none() {
            self.ask(ask);
        } else {
            self.next_look.get_or_insert(ask);
        }
    }

    /// Asks as soon as what is being asked is given up.
    pub(super) fn ask(&mut self, ask: Ask) {
        if self.looking.is_some() {
            self.next_look = Some(ask);
            self.look_interrupt.ask();
            return;
        }
        let Some(target) = self.ctx.as_ref().map(|ctx| ctx.target().clone()) else {
            // A build is under way: it comes first.
            self.next_look = Some(ask);
            return;
        };
        self.look_interrupt = self.app.interrupt.inner();
        let desk = Desk {
            session: self.looker.take(),
            target,
            cluster: self.request.cluster.clone(),
            clock: self.app.clock.clone(),
            interrupt: self.look_interrupt.clone(),
            ui: self.app.ui.clone(),
        };
        self.looking = Some(Box::pin(looks::look(desk, ask)));
    }

    pub(super) fn give_up_look(&mut self) {
        self.next_look = None;
        self.look_interrupt.ask();
    }

    pub(super) fn looked(&mut self, (session, looked): (Option<Session>, Looked)) {
        self.looker = session;
        match looked {
            Looked::Counted(rows) => {
                for (name, rows) in rows {
                    self.tell(Input::Counted(name, rows));
                }
            }
            Looked::Compared(name, told, lines) => {
                self.tell(Input::Compared(name, told, lines));
            }
            Looked::Answered(title, lines) => {
                self.tell(Input::Answered(title, lines));
            }
            Looked::Epoch(names) => self.epoch(names),
            Looked::Failed(_, error) if error.kind() == Kind::Interrupted => {}
            Looked::Failed(title, error) => {
                // What nobody asked for is not shown; that the server is gone is.
                let is_closed = self.ctx.as_ref().is_some_and(|ctx| ctx.session().is_closed());
                if (error.kind() == Kind::Unreachable || is_closed) && self.building.is_none() {
                    self.offline(&error);
                } else if !title.is_empty() {
                    let lines = self.lines(CliError::from(error));
                    self.tell(Input::Answered(title, lines));
                }
            }
        }
        if let Some(ask) = self.next_look.take() {
            self.ask(ask);
        }
    }

    /// Somebody has promoted or rolled back: what the overlay reads may be another.
    pub(super) fn epoch(&mut self, names: Vec<String>) {
        let known = std::mem::replace(&mut self.epoch, names);
        // Where there was none, this run has made the first.
        if !known.is_empty() && known != self.epoch {
            self.again();
            // What a build begins with takes earlier lines away.
            self.tell(Input::Notice("production has changed below the overlay: looking again".to_owned()));
        }
    }
}
