//! What a run that builds again and again keeps, so as not to ask for it each time: the part of the
//! environment that it does not touch, rows of the journal, what was promoted.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use futures_util::future::join;

use super::Ctx;
use crate::catalog::Catalog;
use crate::clock::Timestamp;
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
use crate::primitives::code::Code;
use crate::primitives::error::Error;
use crate::primitives::ledger;
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
pub enum News {
    /// All of them: nothing was known, or something came in between what was.
    All(Vec<Entry>),
    /// Those behind all that were told before.
    Since(Vec<Entry>),
}

/// Where the rows end that are known.
struct Tail {
    last: (Timestamp, RunId, u64),
    /// Of each run that has written lately its last row.
    runs: BTreeMap<RunId, (Timestamp, u64)>,
}

impl Tail {
    fn new(last: &Entry) -> Self {
        Self { last: order(last), runs: BTreeMap::new() }
    }

    /// Takes rows in, and forgets runs that have written nothing for long.
    fn take(&mut self, entries: &[Entry]) {
        for entry in entries {
            let (at, seq) = self.runs.entry(entry.run.clone()).or_insert((entry.at, entry.seq));
            (*at, *seq) = (entry.at.max(*at), entry.seq.max(*seq));
        }
        self.last = entries.last().map_or_else(|| self.last.clone(), order);
        let since = self.since();
        self.runs.retain(|_, (at, _)| *at >= since);
    }

    fn since(&self) -> Timestamp {
        self.last.0.before(LATE_ROWS)
    }
}

fn order(entry: &Entry) -> (Timestamp, RunId, u64) {
    (entry.at, entry.run.clone(), entry.seq)
}

/// What is kept as long as it is the same connection.
#[derive(Default)]
pub(super) struct Kept {
    rows: RefCell<BTreeMap<&'static [&'static str], Rc<Vec<Entry>>>>,
    ledger: RefCell<Option<(usize, Rc<Ledger>)>>,
    tails: RefCell<BTreeMap<&'static [&'static str], Tail>>,
    overlays: RefCell<Rc<Overlays>>,
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

    /// What is new of kinds that a run asks for again and again: what it was told already is not sent again,
    /// and not kept either.
    ///
    /// # Errors
    /// `db.*`.
    pub async fn news(&self, kinds: &'static [&'static str]) -> Result<News, Error> {
        if self.is_rehearsal() {
            return Ok(News::All(self.entries(Which::Kinds(kinds)).await?));
        }
        // Where the question fails, whoever asks next begins anew.
        let tail = self.kept.tails.borrow_mut().remove(kinds);
        if let Some(mut tail) = tail {
            // A run writes its rows one behind the other: before the last that is known there is no unknown one.
            let runs = tail.runs.iter().map(|(run, (_, seq))| (run, *seq)).collect();
            let found = self.entries(Which::Since(kinds, tail.since(), &runs)).await?;
            if found.first().is_none_or(|first| order(first) > tail.last) {
                tail.take(&found);
                self.kept.tails.borrow_mut().insert(kinds, tail);
                return Ok(News::Since(found));
            }
        }
        let all = self.entries(Which::Kinds(kinds)).await?;
        if let Some(last) = all.last() {
            let mut tail = Tail::new(last);
            tail.take(&all);
            self.kept.tails.borrow_mut().insert(kinds, tail);
        }
        Ok(News::All(all))
    }

    /// As [`Ctx::news`], with all that was told before: it is kept.
    async fn entries_kept(&self, kinds: &'static [&'static str]) -> Result<Rc<Vec<Entry>>, Error> {
        let all = match self.news(kinds).await? {
            News::All(all) => Rc::new(all),
            News::Since(found) => {
                let mut all = self.kept.rows.borrow_mut().remove(kinds).unwrap_or_default();
                if !found.is_empty() {
                    Rc::make_mut(&mut all).extend(found);
                }
                all
            }
        };
        self.kept.rows.borrow_mut().insert(kinds, Rc::clone(&all));
        Ok(all)
    }

    /// Takes the overlays as they were known last, to go on from there.
    pub(in crate::primitives) fn take_overlays(&self) -> Rc<Overlays> {
        std::mem::take(&mut *self.kept.overlays.borrow_mut())
    }

    /// Keeps the overlays as they are known now.
    pub(in crate::primitives) fn keep_overlays(&self, overlays: &Rc<Overlays>) {
        *self.kept.overlays.borrow_mut() = Rc::clone(overlays);
    }

    /// What the journal tells of every deployment now; `None` where `setup` never ran.
    ///
    /// # Errors
    /// `db.*`.
    pub async fn ledger(&self) -> Result<Option<Rc<Ledger>>, Error> {
        // Asked at once: where there is no marker there may be no journal to answer.
        let (marker, entries) = join(self.marker(), self.entries_kept(&ledger::KINDS)).await;
        let Some(marker) = marker? else { return Ok(None) };
        let entries = entries?;
        // Rows are only ever added: as many are the same.
        let kept = self.kept.ledger.borrow().clone();
        let kept = kept.filter(|(rows, ledger)| *rows == entries.len() && ledger.marker == marker);
        if let Some((_, ledger)) = kept.filter(|_| !self.is_rehearsal()) {
            return Ok(Some(ledger));
        }
        let ledger = Rc::new(Ledger::new(&entries, marker));
        *self.kept.ledger.borrow_mut() = Some((entries.len(), Rc::clone(&ledger)));
        Ok(Some(ledger))
    }

    /// What the journal tells of every deployment now.
    ///
    /// # Errors
    /// `setup.missing`, `db.*`.
    pub async fn ledger_or_refuse(&self) -> Result<Rc<Ledger>, Error> {
        self.ledger().await?.ok_or_else(|| {
            Error::new(Code::SetupMissing, "nothing was deployed here yet: there is no tracking database")
        })
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
