//! What a run that builds again and again keeps, so as not to ask for it each time: the part of the
//! environment that it does not touch, rows of the journal, what was promoted.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use futures_util::future::join;

use super::Ctx;
use crate::catalog::Catalog;
use crate::db;
use crate::db::journal::Entry;
use crate::db::journal::Which;
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

/// A row bears the time at which its statement began, and is there when that ends: at most the server's
/// `statement_timeout` later, which is a minute where nobody says otherwise.
const LATE_ROWS: Duration = Duration::from_secs(300);

/// The databases that are looked at, and what was seen last of everything.
#[derive(Clone)]
pub(super) struct Focus {
    pub(super) databases: Vec<Ident>,
    pub(super) last: Rc<Catalog>,
}

/// The newest promoted row of each name.
pub type Promoted = Rc<BTreeMap<ObjectName, DeployedObject>>;

/// The swaps that had happened, and the promotions that stood, when something was asked.
type Asked = (Marker, Vec<DeploymentId>);

/// Rows of the journal, as they were read.
type Rows = Rc<Vec<Entry>>;

/// What is kept as long as it is the same connection.
#[derive(Default)]
pub(super) struct Kept {
    rows: RefCell<BTreeMap<&'static [&'static str], Rows>>,
    ledger: RefCell<Option<(usize, Rc<Ledger>)>>,
    promoted: RefCell<Option<(Asked, Promoted)>>,
}

impl Ctx {
    /// From now on looks only at what stands in these databases and who reads that, for whoever changes
    /// nothing else; of everything else what was seen last stays.
    ///
    /// # Errors
    /// `db.*`.
    pub async fn look_only_at(&self, databases: Vec<Ident>) -> Result<(), Error> {
        let last = self.catalog().await?;
        *self.focus.borrow_mut() = Some(Focus { databases, last });
        Ok(())
    }

    /// Ends [`Ctx::look_only_at`].
    pub fn look_everywhere(&self) {
        *self.focus.borrow_mut() = None;
    }

    /// Rows of kinds that a run asks for again and again, by time: what it knows already is not sent again.
    ///
    /// # Errors
    /// `db.*`.
    pub async fn entries_kept(&self, kinds: &'static [&'static str]) -> Result<Rows, Error> {
        if self.is_rehearsal() {
            return Ok(Rc::new(self.entries(Which::Kinds(kinds)).await?));
        }
        let known = self.kept.rows.borrow().get(kinds).cloned().unwrap_or_default();
        let found = match known.iter().map(|entry| entry.at).max() {
            None => self.entries(Which::Kinds(kinds)).await?,
            Some(last) => {
                let since = last.before(LATE_ROWS);
                // A run writes its rows one behind the other: before the last that is known there is no unknown one.
                let mut runs: BTreeMap<&RunId, u64> = BTreeMap::new();
                for entry in known.iter().filter(|entry| entry.at >= since) {
                    let last = runs.entry(&entry.run).or_default();
                    *last = entry.seq.max(*last);
                }
                self.entries(Which::Since(kinds, since, &runs)).await?
            }
        };
        if found.is_empty() {
            return Ok(known);
        }
        self.kept.rows.borrow_mut().remove(kinds);
        let mut all = Rc::unwrap_or_clone(known);
        all.extend(found);
        all.sort_by(|a, b| (a.at, &a.run, a.seq).cmp(&(b.at, &b.run, b.seq)));
        let all = Rc::new(all);
        self.kept.rows.borrow_mut().insert(kinds, Rc::clone(&all));
        Ok(all)
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
