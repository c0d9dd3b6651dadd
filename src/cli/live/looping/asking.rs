//! Questions to the server beside the build: one at a time, and what a person wants comes first.
//!
//! What a person wants is what the screen waits for: it is asked again where a build came in between. Start
//! reading at [`Live::ask_next`].

use super::Leaving;
use super::Live;
use crate::cli::app::CliError;
use crate::cli::live::looks;
use crate::cli::live::looks::Answer;
use crate::cli::live::looks::Ask;
use crate::cli::live::looks::Desk;
use crate::cli::live::looks::Green;
use crate::cli::live::looks::Looked;
use crate::cli::live::screen::model::Input;
use crate::cli::live::screen::model::Link;
use crate::cli::live::screen::model::Wish;
use crate::event::OverlayState;
use crate::name::ObjectName;
use crate::name::split_dotted;
use crate::primitives::code::Kind;

/// The rows of so many objects are counted after a build: the cluster has other things to do as well.
const MOST_COUNTED: usize = 200;

/// So many are counted before anything else is asked.
const COUNTED_AT_ONCE: usize = 8;

impl Live<'_> {
    /// The names of an object that the overlay holds.
    fn green(&self, name: &str) -> Option<Green> {
        let row = self.face.model().rows.get(name)?;
        let parts = split_dotted(name, "database.schema.object").ok()?;
        let [database, schema, object] = <[_; 3]>::try_from(parts).ok()?;
        let blue = ObjectName::new(database, schema, object);
        let parts = split_dotted(&row.database, "database").ok()?;
        let [database] = <[_; 1]>::try_from(parts).ok()?;
        Some(Green { green: ObjectName { database, ..blue.clone() }, blue })
    }

    /// Has the rows counted of what was built, then of what else stands and was not counted yet.
    pub(super) fn count(&mut self) {
        let built = self.ear.take_ready();
        self.uncountable.retain(|name| !built.contains(name));
        let rows = &self.face.model().rows;
        let stands = |state| matches!(state, OverlayState::Ready | OverlayState::Unchanged);
        let others = rows.iter().filter(|(name, row)| {
            stands(row.state)
                && row.rows.is_none()
                && !built.contains(*name)
                && !self.uncountable.contains(*name)
        });
        let others = others.map(|(name, _)| name);
        let mut names: Vec<String> =
            built.iter().filter(|name| rows.contains_key(*name)).chain(others).cloned().collect();
        let left = names.len().saturating_sub(MOST_COUNTED);
        names.truncate(MOST_COUNTED);
        self.uncounted = names.into();
        if left > 0 {
            self.tell(Input::Notice(format!("the rows of {left} more objects are not counted")));
        }
    }

    /// Asks what a person wants to know, as soon as what is being asked is given up for it.
    pub(super) fn ask_for(&mut self, wish: &Wish) {
        if self.looking.is_some() && self.looking_for.as_ref() != Some(wish) {
            self.look_interrupt.ask();
        }
        self.ask_next();
    }

    /// Asks the next question, unless one is under way or a build is, which comes first.
    pub(super) fn ask_next(&mut self) {
        let busy = self.looking.is_some() || self.building.is_some();
        if busy || self.leaving != Leaving::No || self.link != Link::Up {
            return;
        }
        let Some(target) = self.ctx.as_ref().map(|ctx| ctx.target().clone()) else { return };
        let wish = self.face.model().awaited().cloned();
        let ask = match &wish {
            Some(wish) => match self.question(wish) {
                Some(ask) => Some(ask),
                // It has gone meanwhile.
                None => {
                    let lines = vec!["the overlay does not hold it".to_owned()];
                    self.tell(Input::Answered(wish.clone(), String::new(), lines));
                    return self.ask_next();
                }
            },
            None if std::mem::take(&mut self.glances) => Some(Ask::Epoch),
            None => self.next_to_count(),
        };
        let Some(ask) = ask else { return };
        self.look_interrupt = self.app.interrupt.inner();
        let desk = Desk {
            session: self.looker.take().filter(|session| *session.target() == target),
            target,
            cluster: self.request.cluster.clone(),
            clock: self.app.clock.clone(),
            interrupt: self.look_interrupt.clone(),
            ui: self.app.ui.clone(),
            to: wish.clone(),
        };
        self.looking_for = wish;
        self.looking = Some(Box::pin(looks::look(desk, ask)));
    }

    /// What a wish asks the server; `None` where there is nothing to ask about.
    fn question(&self, wish: &Wish) -> Option<Ask> {
        match wish {
            Wish::Compare(name) => {
                self.green(name).map(|green| Ask::Compare(green, self.folder.borrow().key(name)))
            }
            Wish::Preview(name) => self.green(name).map(Ask::Preview),
            Wish::Test => {
                let objects = self.face.model().rows.keys().cloned().collect();
                Some(Ask::Test(Box::new(self.folder.borrow().report()), objects))
            }
            Wish::Rebuild | Wish::Quit => None,
        }
    }

    fn next_to_count(&mut self) -> Option<Ask> {
        while !self.uncounted.is_empty() {
            let names = self.uncounted.drain(..self.uncounted.len().min(COUNTED_AT_ONCE));
            let names: Vec<String> = names.collect();
            let greens: Vec<Green> = names.iter().filter_map(|name| self.green(name)).collect();
            if !greens.is_empty() {
                return Some(Ask::Count(greens));
            }
        }
        None
    }

    /// Gives up what is being asked: a build comes first.
    pub(super) fn give_up_look(&mut self) {
        self.look_interrupt.ask();
    }

    pub(super) async fn looked(&mut self, answer: Answer) {
        let Answer { session, to, title, looked } = answer;
        (self.looker, self.looking_for) = (session, None);
        match looked {
            Looked::Counted { counted, left } => {
                left.into_iter().rev().for_each(|name| self.uncounted.push_front(name));
                for (name, rows) in counted {
                    match rows {
                        Some(rows) => drop(self.tell(Input::Counted(name, rows))),
                        None => drop(self.uncountable.insert(name)),
                    }
                }
            }
            Looked::Compared(name, told, lines) => {
                self.tell(Input::Compared(name, told, lines));
            }
            Looked::Answered(title, lines) => {
                to.map(|to| self.tell(Input::Answered(to, title, lines)));
            }
            Looked::Epoch(names) => self.epoch(names).await,
            Looked::GivenUp => {}
            Looked::Failed(error) => {
                // What nobody asked for is not shown; that the server is gone is.
                let is_closed = self.ctx.as_ref().is_some_and(|ctx| ctx.session().is_closed());
                if (error.kind() == Kind::Unreachable || is_closed) && self.building.is_none() {
                    self.offline(&error);
                } else if let Some(to) = to {
                    let lines = self.lines(&CliError::from(error));
                    self.tell(Input::Answered(to, title, lines));
                }
            }
        }
        self.ask_next();
    }

    /// Somebody has promoted or rolled back: what the overlay reads may be another.
    async fn epoch(&mut self, names: Vec<String>) {
        let known = std::mem::replace(&mut self.epoch, names);
        // Where there was none, this run has made the first.
        if known.is_empty() || known == self.epoch {
            return;
        }
        if self.building.is_some() {
            // It may have looked before that.
            self.rebuild = true;
        }
        self.again().await;
        // What a build begins with takes earlier lines away.
        self.tell(Input::Notice("production has changed below the overlay: looking again".to_owned()));
    }
}
