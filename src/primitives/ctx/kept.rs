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
use crate::db::journal::Entry;
use crate::db::journal::Which;
use crate::db::snapshot::DeployedObject;
use crate::deployment::DeploymentId;
use crate::deployment::RunId;
use crate::deployment::epoch::Marker;
use crate::name::Ident;
use crate::name::ObjectName;
use crate::primitives::error::Error;
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

/// What is kept as long as it is the same connection.
#[derive(Default)]
pub(super) struct Kept {
    rows: RefCell<Rc<Vec<Entry>>>,
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

    /// Rows of kinds that a run asks for at every save, by time: what it knows already is not sent again.
    /// There is one set of kinds for which this is asked.
    ///
    /// # Errors
    /// `db.*`.
    pub async fn entries_kept(&self, kinds: &[&str]) -> Result<Rc<Vec<Entry>>, Error> {
        if self.is_rehearsal() {
            return Ok(Rc::new(self.entries(Which::Kinds(kinds)).await?));
        }
        let known = Rc::clone(&self.kept.rows.borrow());
        let Some(last) = known.iter().map(|entry| entry.at).max() else {
            let all = Rc::new(self.entries(Which::Kinds(kinds)).await?);
            *self.kept.rows.borrow_mut() = Rc::clone(&all);
            return Ok(all);
        };
        let since = last.before(LATE_ROWS);
        let mut found = self.entries(Which::Since(kinds, since)).await?;
        let known_of = known.iter().filter(|entry| entry.at >= since);
        let known_of: BTreeSet<(&RunId, u64)> = known_of.map(|entry| (&entry.run, entry.seq)).collect();
        found.retain(|entry| !known_of.contains(&(&entry.run, entry.seq)));
        if found.is_empty() {
            return Ok(known);
        }
        let mut all: Vec<Entry> = known.iter().cloned().chain(found).collect();
        all.sort_by(|a, b| (a.at, &a.run, a.seq).cmp(&(b.at, &b.run, b.seq)));
        let all = Rc::new(all);
        *self.kept.rows.borrow_mut() = Rc::clone(&all);
        Ok(all)
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
