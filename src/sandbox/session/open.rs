//! An open transaction: what it holds, how it begins, commits and is undone.

use std::collections::BTreeSet;
use std::sync::Arc;

use imbl::OrdMap;

use super::Reply;
use super::Session;
use super::transaction;
use super::transaction::Block;
use super::transaction::Input;
use super::transaction::Kind;
use super::vanished;
use super::variables::Lasting;
use super::variables::Variables;
use crate::clock::Timestamp;
use crate::sandbox::error::Notice;
use crate::sandbox::error::SqlError;
use crate::sandbox::model::Row;
use crate::sandbox::model::State;
use crate::sandbox::model::Table;
use crate::sandbox::model::id::ItemId;
use crate::sql::ast::Statement;
use crate::sql::ast::run::BeginMode;

/// An open transaction.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) block: Block,
    pub(super) kind: Kind,
    pub(super) failed: bool,
    pub(super) read_only: bool,
    /// What was renamed and swapped so far.
    pub(super) ddl: Option<DdlWork>,
    /// The rows to add, by table.
    pub(super) rows: Vec<(ItemId, Vec<Arc<Row>>)>,
    /// The one statement that is carried out at the end.
    pub(super) single: Option<Queued>,
    /// The rows of all tables at the time of the first query, and that time.
    pub(super) snapshot: Option<(OrdMap<ItemId, Table>, Timestamp)>,
    /// What further queries may read: see [`super::reach`].
    pub(super) domain: Option<BTreeSet<ItemId>>,
    /// Whether the first query went to the system's own cluster.
    pub(super) on_catalog_server: Option<bool>,
    /// The variables as they were before it.
    before: Variables,
}

/// Renames and swaps that nobody else sees yet.
#[derive(Debug)]
pub(super) struct DdlWork {
    /// The number of the catalog that they were begun on.
    pub(super) version: u64,
    /// What they made of it.
    pub(super) state: State,
    /// Whether they changed anything.
    pub(super) changed: bool,
}

/// A statement that waits for its COMMIT.
#[derive(Clone, Debug)]
pub(super) struct Queued {
    pub(super) text: Arc<str>,
    pub(super) statement: Arc<Statement>,
}

impl Session {
    fn open(&mut self, block: Block) -> &mut Open {
        let before = self.variables.clone();
        self.open.insert(Open {
            block,
            kind: Kind::Undecided,
            failed: false,
            read_only: false,
            ddl: None,
            rows: Vec::new(),
            single: None,
            snapshot: None,
            domain: None,
            on_catalog_server: None,
            before,
        })
    }

    /// Begins what several statements of one message are, unless a transaction is open already.
    pub(crate) fn begin_implicit(&mut self) {
        if self.open.is_none() {
            self.open(Block::Implicit);
        }
    }

    /// Ends what several statements of one message are, if it is still that.
    ///
    /// # Errors
    /// Why it does not commit.
    pub(crate) async fn end_implicit(&mut self) -> Result<(), SqlError> {
        match &self.open {
            Some(open) if open.block == Block::Implicit => self.commit().await.map(|_| ()),
            _ => Ok(()),
        }
    }

    /// A statement has failed: an explicit transaction stays, failed; an implicit one is undone.
    pub(crate) fn fail(&mut self) {
        match &mut self.open {
            Some(open) if open.block == Block::Explicit => open.failed = true,
            Some(_) => self.undo(),
            None => {}
        }
    }

    /// `BEGIN`
    pub(super) fn begin(&mut self, mode: &BeginMode) -> Result<Reply, SqlError> {
        match &mut self.open {
            Some(open) if open.block == Block::Explicit => {
                self.notice(Notice::warning("25001", "there is already a transaction in progress"));
            }
            // What came before in the same message becomes part of it.
            Some(open) => open.block = Block::Explicit,
            None => {
                self.open(Block::Explicit);
            }
        }
        if let Some(open) = &mut self.open {
            open.read_only |= mode.read_only;
        }
        if let Some(level) = &mode.isolation {
            let values = [level.clone()];
            self.variables.set("transaction_isolation", Some(&values), Lasting::Transaction)?;
        }
        Ok(Reply::Done("BEGIN".to_owned()))
    }

    /// `ROLLBACK`
    pub(super) fn rollback(&mut self) -> Reply {
        if self.open.is_none() {
            self.notice(Notice::warning("25P01", "there is no transaction in progress"));
        }
        self.undo();
        Reply::Done("ROLLBACK".to_owned())
    }

    /// Throws away whatever is open.
    pub(crate) fn undo(&mut self) {
        if let Some(open) = self.open.take() {
            self.variables = open.before;
        }
        self.variables.end_transaction();
        self.portals.clear();
    }

    /// `COMMIT`
    pub(super) async fn commit(&mut self) -> Result<Reply, SqlError> {
        let Some(open) = self.open.take() else {
            self.notice(Notice::warning("25P01", "there is no transaction in progress"));
            return Ok(Reply::Done("COMMIT".to_owned()));
        };
        if open.failed || (open.ddl.is_some() && self.hub.faults().roll_back()) {
            self.open = Some(open);
            self.undo();
            return Ok(Reply::Done("ROLLBACK".to_owned()));
        }
        self.portals.clear();
        let done = self.carry_out(&open).await;
        if done.is_err() {
            self.variables = open.before;
        }
        self.variables.end_transaction();
        done.map(|()| Reply::Done("COMMIT".to_owned()))
    }

    /// Makes everybody see what a transaction did.
    async fn carry_out(&mut self, open: &Open) -> Result<(), SqlError> {
        if let Some(work) = &open.ddl {
            return self.publish_ddl(work).await;
        }
        if let Some(Queued { text, statement }) = &open.single {
            return self.change_now(text, statement).await.map(|_| ());
        }
        if !open.rows.is_empty() {
            return self.publish_rows(&open.rows).await;
        }
        Ok(())
    }

    async fn publish_ddl(&mut self, work: &DdlWork) -> Result<(), SqlError> {
        let hub = Arc::clone(&self.hub);
        let turn = hub.ddl_turn().await;
        let before = turn.state();
        if hub.faults().conflict() || before.catalog.version != work.version {
            return Err(transaction::conflict());
        }
        if !work.changed {
            return Ok(());
        }
        // Rows and settings are nobody's catalog: others may have written them meanwhile.
        let mut after = before.clone();
        after.catalog = work.state.catalog.clone();
        after.catalog.version = work.version + 1;
        turn.publish(&before, after)
    }

    async fn publish_rows(&mut self, rows: &[(ItemId, Vec<Arc<Row>>)]) -> Result<(), SqlError> {
        let hub = Arc::clone(&self.hub);
        let turn = hub.turn().await;
        let before = turn.state();
        let mut after = before.clone();
        for (table, rows) in rows {
            if !after.catalog.items.contains_key(table) {
                return Err(vanished(&format!("table '{table}'")));
            }
            after.tables.entry(*table).or_default().rows.extend(rows.iter().cloned());
        }
        turn.publish(&before, after)?;
        drop(turn);
        self.emit_changes(&before).await;
        Ok(())
    }

    /// Lets a statement into the open transaction, if there is one.
    ///
    /// # Errors
    /// Why it may not stand there.
    pub(super) fn admit(&mut self, input: Input, text: &str) -> Result<(), SqlError> {
        let Some(open) = &mut self.open else { return Ok(()) };
        if open.read_only {
            match input {
                Input::Constant | Input::Read | Input::Subscribe | Input::Lone => {}
                Input::Insert | Input::Ddl | Input::Single => return Err(transaction::read_only()),
            }
        }
        open.kind = transaction::step(open.kind, input, open.block, text)?;
        Ok(())
    }

    /// The rows and the time of the first query are those of all that follow.
    pub(super) fn fix_snapshot(&mut self) {
        let tables = self.hub.state().tables;
        let now = self.hub.clock.now();
        if let Some(open) = &mut self.open {
            open.snapshot.get_or_insert((tables, now));
        }
    }
}
