//! What a run that builds again and again keeps, so as not to ask for it each time: the part of the
//! environment that it does not touch, rows of the journal, what was promoted.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use super::Ctx;
use crate::catalog::Catalog;
use crate::db;
use crate::db::introspect::part;
use crate::db::introspect::part::Found;
use crate::db::introspect::part::Scope;
use crate::db::journal::Entry;
use crate::db::journal::Which;
use crate::db::session::Session;
use crate::db::snapshot::DeployedObject;
use crate::deployment::DeploymentId;
use crate::deployment::RunId;
use crate::deployment::epoch::Marker;
use crate::name::Ident;
use crate::name::ObjectName;
use crate::primitives::error::Error;
use crate::primitives::ledger::Ledger;
use crate::primitives::overlays::Overlays;

/// A row bears the time at which its statement began, and is there when that ends: at most the server's
/// `statement_timeout` later, which is a minute where nobody says otherwise.
const LATE_ROWS: Duration = Duration::from_secs(300);

/// What is looked at again, with what was seen last of everything: away while that is what is seen.
pub(super) struct Focus {
    databases: Vec<Ident>,
    scope: Scope,
    last: Option<Rc<Catalog>>,
}

/// The newest promoted row of each name.
pub type Promoted = Rc<BTreeMap<ObjectName, DeployedObject>>;

/// The swaps that had happened, and the promotions that stood, when something was asked.
type Asked = (Marker, Vec<DeploymentId>);

/// Rows of the journal, by time.
pub struct Rows {
    /// All of them.
    pub all: Rc<Vec<Entry>>,
    /// How many of them are those with which the last answer began, or was all; the others came since.
    pub known: usize,
}

/// What is kept as long as it is the same connection.
#[derive(Default)]
pub(super) struct Kept {
    rows: RefCell<Rc<Vec<Entry>>>,
    overlays: RefCell<(usize, Rc<Overlays>)>,
    promoted: RefCell<Option<(Asked, Promoted)>>,
    /// The databases that this run has changed last, and no other.
    changed: RefCell<Vec<Ident>>,
}

impl Ctx {
    /// From now on looks only at what stands in these databases and who reads that, for whoever changes
    /// nothing else; of everything else what was seen last stays.
    ///
    /// # Errors
    /// `db.*`.
    pub async fn look_only_at(&self, databases: Vec<Ident>) -> Result<(), Error> {
        self.catalog().await?;
        *self.kept.changed.borrow_mut() = databases.clone();
        *self.focus.borrow_mut() = Some(Focus { databases, scope: Scope::Databases, last: None });
        Ok(())
    }

    /// Ends [`Ctx::look_only_at`].
    pub fn look_everywhere(&self) {
        *self.focus.borrow_mut() = None;
    }

    /// As [`Ctx::look_again`], for a run that has changed nothing since but what it looked at only: what
    /// others have done meanwhile is found by what stands where, and roles, privileges and comments of
    /// objects are asked for anew only where that is another.
    pub fn look_for_changes(&self) {
        let databases = self.kept.changed.borrow().clone();
        let aside = self.focus.borrow_mut().take().and_then(|focus| focus.last);
        let last = self.seen.borrow_mut().take().or(aside);
        if databases.is_empty() || last.is_none() {
            return self.look_again();
        }
        *self.focus.borrow_mut() = Some(Focus { databases, scope: Scope::Anything, last });
    }

    /// Keeps what was seen for the next look, where that is one at what may be another.
    pub(super) fn set_aside(&self, seen: Option<Rc<Catalog>>) {
        if let (Some(focus), Some(seen)) = (&mut *self.focus.borrow_mut(), seen) {
            focus.last = Some(seen);
        }
    }

    /// Ends a look at what may be another once it has been made: all of it is known again.
    pub(super) fn has_looked(&self) {
        let mut focus = self.focus.borrow_mut();
        if focus.as_ref().is_some_and(|focus| focus.scope == Scope::Anything) {
            *focus = None;
        }
    }

    /// Brings what was seen last up to date; `None` where everything has to be read.
    pub(super) async fn look_at_part(&self, session: &Session) -> Result<Option<Rc<Catalog>>, Error> {
        let (databases, scope, last) = match &mut *self.focus.borrow_mut() {
            Some(focus) => (focus.databases.clone(), focus.scope, focus.last.take()),
            None => return Ok(None),
        };
        let seen = self.seen.borrow_mut().take();
        let (Some(mut last), Some(standing)) = (seen.or(last), self.standing.borrow().clone()) else {
            return Ok(None);
        };
        match part::look(session, &standing, &last, (&databases, scope)).await {
            Ok(Found::Same) => Ok(Some(last)),
            Ok(Found::Part(found)) => {
                Rc::make_mut(&mut last).take_in(*found, &databases);
                Ok(Some(last))
            }
            Ok(Found::Another) => {
                *self.standing.borrow_mut() = None;
                Ok(None)
            }
            Err(error) => {
                self.set_aside(Some(last));
                Err(error.into())
            }
        }
    }

    /// Rows of kinds that a run asks for at every save, by time: what it knows already is not sent again.
    /// There is one set of kinds for which this is asked.
    ///
    /// # Errors
    /// `db.*`.
    pub async fn entries_kept(&self, kinds: &[&str]) -> Result<Rows, Error> {
        if self.is_rehearsal() {
            return Ok(Rows { all: Rc::new(self.entries(Which::Kinds(kinds)).await?), known: 0 });
        }
        let mut all = std::mem::take(&mut *self.kept.rows.borrow_mut());
        let mut known = all.len();
        let Some(last) = all.last() else {
            let all = Rc::new(self.entries(Which::Kinds(kinds)).await?);
            *self.kept.rows.borrow_mut() = Rc::clone(&all);
            return Ok(Rows { all, known });
        };
        let since = last.at.before(LATE_ROWS);
        // Its own rows come in order, each when the one before it is there.
        let own = all.iter().filter(|entry| entry.run == self.run.id).map(|entry| entry.seq).max();
        let own = own.map(|seq| (&self.run.id, seq));
        let mut found = self.entries(Which::Since(kinds, since, own)).await?;
        let late = all.iter().rev().take_while(|entry| entry.at >= since);
        let late: BTreeSet<(&RunId, u64)> = late.map(|entry| (&entry.run, entry.seq)).collect();
        found.retain(|entry| !late.contains(&(&entry.run, entry.seq)));
        let order = |entry: &Entry| (entry.at, entry.run.clone(), entry.seq);
        if found.first().is_some_and(|first| order(first) < order(last)) {
            known = 0;
        }
        if !found.is_empty() {
            let rows = Rc::make_mut(&mut all);
            rows.extend(found);
            if known == 0 {
                rows.sort_by_key(order);
            }
        }
        *self.kept.rows.borrow_mut() = Rc::clone(&all);
        Ok(Rows { all, known })
    }

    /// Takes the overlays of the rows that were known, with their number, to go on from there.
    pub(in crate::primitives) fn take_overlays(&self) -> (usize, Rc<Overlays>) {
        std::mem::take(&mut *self.kept.overlays.borrow_mut())
    }

    /// Keeps the overlays of so many rows.
    pub(in crate::primitives) fn keep_overlays(&self, rows: usize, overlays: &Rc<Overlays>) {
        *self.kept.overlays.borrow_mut() = (rows, Rc::clone(overlays));
    }

    /// What the promotions that stand have recorded; asked anew once there was another one.
    ///
    /// # Errors
    /// `db.*`.
    pub async fn promoted(&self, ledger: &Ledger) -> Result<Promoted, Error> {
        let key = (ledger.marker.clone(), ledger.standing());
        let kept = self.kept.promoted.borrow().clone();
        if let Some((_, promoted)) = kept.filter(|(known, _)| *known == key) {
            return Ok(promoted);
        }
        let rows = db::snapshot::newest(self.session(), &key.1).await?;
        let promoted: Promoted = Rc::new(rows.into_iter().map(|row| (row.name.clone(), row)).collect());
        *self.kept.promoted.borrow_mut() = Some((key, Rc::clone(&promoted)));
        Ok(promoted)
    }
}
