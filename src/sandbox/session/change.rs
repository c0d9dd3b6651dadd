//! Statements that change something: the catalog, rows, the system's settings.

use std::sync::Arc;

use imbl::Vector;
use imbl::ordmap::DiffItem;

use super::Reply;
use super::Session;
use super::open::DdlWork;
use super::open::Queued;
use super::privilege;
use super::transaction;
use super::transaction::Input;
use crate::sandbox::ddl;
use crate::sandbox::error::Notice;
use crate::sandbox::error::SqlError;
use crate::sandbox::error::code;
use crate::sandbox::faults::Faults;
use crate::sandbox::model::Row;
use crate::sandbox::model::State;
use crate::sandbox::model::access::Privilege;
use crate::sandbox::model::id::ItemId;
use crate::sandbox::query;
use crate::sandbox::query::Engine;
use crate::sandbox::query::Parameter;
use crate::sandbox::query::View;
use crate::sandbox::query::Written;
use crate::sandbox::scope::Scope;
use crate::sandbox::settings;
use crate::sql::ast::Statement;
use crate::sql::ast::StatementKind;
use crate::sql::ast::run::Insert;
use crate::sql::ast::run::SetVariable;

impl Session {
    /// A rename, a swap, a source: at once, or in the transaction that is open.
    pub(super) async fn rename(&mut self, text: &str, statement: &Statement) -> Result<Reply, SqlError> {
        if self.open.is_none() {
            return self.change_now(text, statement).await.map(Reply::Done);
        }
        self.admit(Input::Ddl, words(text, statement))?;
        let published = self.hub.state();
        let scope = self.scope(&self.sees());
        let Some(open) = &mut self.open else { return Err(transaction::aborted()) };
        let version = published.catalog.version;
        let work = open.ddl.get_or_insert_with(|| DdlWork { version, state: published, changed: false });
        if work.version != version {
            return Err(transaction::conflict());
        }
        let mut state = work.state.clone();
        let done = ddl::execute(&mut state, &scope, text, statement, &Engine)?;
        if done.changed {
            work.state = state;
            work.changed = true;
        }
        self.notices.extend(done.notices);
        Ok(Reply::Done(done.tag))
    }

    /// Renames a replica: the server does it at once even inside of a transaction, which then cannot
    /// commit.
    pub(super) async fn rename_replica(
        &mut self,
        text: &str,
        statement: &Statement,
    ) -> Result<Reply, SqlError> {
        self.admit(Input::Ddl, words(text, statement))?;
        if let Some(open) = &mut self.open {
            let state = self.hub.state();
            let version = state.catalog.version;
            open.ddl.get_or_insert_with(|| DdlWork { version, state, changed: false });
        }
        self.change_now(text, statement).await.map(Reply::Done)
    }

    /// Any other change of the catalog: at once, or at the COMMIT of the transaction that is open.
    pub(super) async fn single(&mut self, text: &str, statement: &Arc<Statement>) -> Result<Reply, SqlError> {
        if matches!(statement.kind, StatementKind::AlterApplyReplacement(_)) {
            self.admit(Input::Lone, words(text, statement))?;
        }
        if self.open.is_some() {
            self.admit(Input::Single, words(text, statement))?;
            if let Some(open) = &mut self.open {
                open.single = Some(Queued { text: text.into(), statement: Arc::clone(statement) });
            }
            return Ok(Reply::Done(tag(words(text, statement))));
        }
        self.change_now(text, statement).await.map(Reply::Done)
    }

    /// Carries out a change of the catalog and gives its command tag.
    pub(super) async fn change_now(&mut self, text: &str, statement: &Statement) -> Result<String, SqlError> {
        if let StatementKind::AlterSystem(set) = &statement.kind {
            return self.alter_system(set).await;
        }
        let done = match &statement.kind {
            StatementKind::AlterSinkFrom(alter) => self.alter_sink(text, statement, alter).await?,
            StatementKind::AlterApplyReplacement(alter) => {
                self.apply_replacement(text, statement, alter).await?
            }
            _ => self.carry_out_ddl(text, statement).await?,
        };
        if matches!(statement.kind, StatementKind::CreateSink(_))
            && let Err(error) = self.emit().await
        {
            tracing::debug!("a sink sends nothing: {error}");
        }
        self.notices.extend(done.notices);
        Ok(done.tag)
    }

    /// Changes the catalog now.
    pub(super) async fn carry_out_ddl(
        &mut self,
        text: &str,
        statement: &Statement,
    ) -> Result<ddl::Done, SqlError> {
        let hub = Arc::clone(&self.hub);
        let turn = hub.ddl_turn().await;
        let before = turn.state();
        let mut after = before.clone();
        let scope = self.scope(&before);
        let done = ddl::execute(&mut after, &scope, text, statement, &Engine)?;
        if done.changed {
            after.catalog.version = before.catalog.version + 1;
            self.tell_dropped(&scope, &before, &after);
            turn.publish(&before, after)?;
        }
        Ok(done)
    }

    /// A session is told that the database or the cluster it uses is gone.
    fn tell_dropped(&mut self, scope: &Scope, before: &State, after: &State) {
        let (old, new) = (&before.catalog, &after.catalog);
        let database = &scope.database;
        if old.database_named(database).is_some_and(|id| !new.databases.contains_key(&id)) {
            let message = format!("active database \"{}\" has been dropped", database.as_str());
            self.notices.push(Notice::new("MZ002", message));
        }
        let cluster = &scope.cluster;
        if old.cluster_named(cluster).is_some_and(|id| !new.clusters.contains_key(&id)) {
            let message = format!("active cluster \"{}\" has been dropped", cluster.as_str());
            self.notices.push(Notice::new("MZ003", message));
        }
    }

    /// `ALTER SYSTEM`: the sandbox's own settings are anybody's, the others a superuser's.
    async fn alter_system(&mut self, set: &SetVariable) -> Result<String, SqlError> {
        let name = set.name.ident.as_str().to_ascii_lowercase();
        let hub = Arc::clone(&self.hub);
        let tag = "ALTER SYSTEM".to_owned();
        if name == settings::FAULT {
            let text = set.values.as_ref().map(|values| values.join(";")).unwrap_or_default();
            hub.set_faults(Faults::parse(&text).map_err(|error| SqlError::new("22023", error))?);
            return Ok(tag);
        }
        if name == settings::EMITTED {
            hub.emitted().clear();
            return Ok(tag);
        }
        if name == settings::TRANSCRIPT {
            hub.transcript().clear();
            return Ok(tag);
        }
        let turn = hub.turn().await;
        let before = turn.state();
        if !name.starts_with("sandbox_") && !self.is_superuser(&before) {
            return Err(SqlError::new(code::PRIVILEGE, "permission denied to alter system")
                .detail("You must be a superuser to alter the system.")
                .hint("Connect to the sandbox as the user mz_system."));
        }
        let mut after = before.clone();
        settings::set_system(&mut after, &name, set.values.as_deref(), hub.clock.now())?;
        turn.publish(&before, after)?;
        drop(turn);
        // What a sink sends is told with the time at which it went on.
        if let Err(error) = self.emit().await {
            tracing::debug!("sinks send nothing: {error}");
        }
        Ok(tag)
    }

    /// `INSERT`
    pub(super) async fn insert(
        &mut self,
        text: &str,
        statement: &Statement,
        insert: &Insert,
        parameters: &[Parameter],
    ) -> Result<Reply, SqlError> {
        let constant = is_constant(insert);
        if self.open.is_some() {
            let lone = !constant || insert.returning.is_some();
            self.admit(if lone { Input::Lone } else { Input::Insert }, words(text, statement))?;
            return self.insert_later(insert, parameters).await;
        }
        let hub = Arc::clone(&self.hub);
        let turn = hub.turn().await;
        let view = self.view();
        let scope = self.scope(&view.state);
        privilege::write(&view.state.catalog, &scope, &insert.table, needed(insert))?;
        if let Some(source) = insert.source.as_ref().filter(|_| !constant) {
            self.admit_cluster(&view, &scope, source)?;
        }
        let before = turn.state();
        let mut after = before.clone();
        let written = query::insert(&view, &mut after, &scope, insert, parameters).await?;
        turn.publish(&before, after)?;
        drop(turn);
        self.emit_changes(&before).await;
        Ok(told(written, "INSERT 0"))
    }

    /// Evaluates an `INSERT` now and keeps its rows for the COMMIT.
    async fn insert_later(&mut self, insert: &Insert, parameters: &[Parameter]) -> Result<Reply, SqlError> {
        let view = self.view();
        let scope = self.scope(&view.state);
        privilege::write(&view.state.catalog, &scope, &insert.table, needed(insert))?;
        let before = view.state.clone();
        let mut after = before.clone();
        let written = query::insert(&view, &mut after, &scope, insert, parameters).await?;
        let added = added(&before, &after);
        if let Some(open) = &mut self.open {
            open.rows.extend(added);
        }
        Ok(told(written, "INSERT 0"))
    }

    /// `UPDATE` and `DELETE`
    pub(super) async fn rewrite(
        &mut self,
        text: &str,
        statement: &Statement,
        parameters: &[Parameter],
    ) -> Result<Reply, SqlError> {
        self.admit(Input::Lone, words(text, statement))?;
        let hub = Arc::clone(&self.hub);
        let turn = hub.turn().await;
        let view = self.view();
        let scope = self.scope(&view.state);
        let before = turn.state();
        let mut after = before.clone();
        let (written, tag) = written(&view, &mut after, &scope, statement, parameters).await?;
        if written.count > 0 {
            turn.publish(&before, after)?;
        }
        drop(turn);
        self.emit_changes(&before).await;
        Ok(told(written, tag))
    }
}

async fn written(
    view: &View,
    after: &mut State,
    scope: &Scope,
    statement: &Statement,
    parameters: &[Parameter],
) -> Result<(Written, &'static str), SqlError> {
    let catalog = &view.state.catalog;
    match &statement.kind {
        StatementKind::Update(update) => {
            privilege::write(catalog, scope, &update.table, &[Privilege::Update, Privilege::Select])?;
            query::update(view, after, scope, update, parameters).await.map(|written| (written, "UPDATE"))
        }
        StatementKind::Delete(delete) => {
            privilege::write(catalog, scope, &delete.table, &[Privilege::Delete, Privilege::Select])?;
            query::delete(view, after, scope, delete, parameters).await.map(|written| (written, "DELETE"))
        }
        _ => Err(SqlError::internal("neither UPDATE nor DELETE")),
    }
}

fn told(written: Written, tag: &str) -> Reply {
    let tag = format!("{tag} {}", written.count);
    match written.returning {
        Some(answer) => Reply::Rows(answer, tag),
        None => Reply::Done(tag),
    }
}

/// What an `INSERT` needs on its table: to give rows back is to read them.
fn needed(insert: &Insert) -> &'static [Privilege] {
    match insert.returning {
        Some(_) => &[Privilege::Insert, Privilege::Select],
        None => &[Privilege::Insert],
    }
}

/// Tells whether an `INSERT` adds what is written in it and reads nothing.
fn is_constant(insert: &Insert) -> bool {
    let Some(source) = &insert.source else { return true };
    let table = source.text().trim_start().get(..6).is_some_and(|word| word.eq_ignore_ascii_case("TABLE "));
    !table && source.references().is_empty()
}

/// The rows that one state has and the other did not, at the ends of its tables.
pub(super) fn added(before: &State, after: &State) -> Vec<(ItemId, Vec<Arc<Row>>)> {
    let empty = Vector::new();
    let tail = |old: &Vector<Arc<Row>>, new: &Vector<Arc<Row>>| new.iter().skip(old.len()).cloned().collect();
    let differences = before.tables.diff(&after.tables).filter_map(|item| match item {
        DiffItem::Add(id, table) => Some((*id, tail(&empty, &table.rows))),
        DiffItem::Update { old, new } => Some((*new.0, tail(&old.1.rows, &new.1.rows))),
        DiffItem::Remove(..) => None,
    });
    differences.collect()
}

/// The words of a statement.
pub(super) fn words<'t>(text: &'t str, statement: &Statement) -> &'t str {
    text.get(statement.span.start..statement.span.end).unwrap_or(text)
}

/// The command tag of a statement that has not been carried out yet.
fn tag(words: &str) -> String {
    let upper: Vec<String> = words.split_whitespace().take(6).map(str::to_ascii_uppercase).collect();
    let upper: Vec<&str> = upper.iter().map(String::as_str).collect();
    let skipped = ["OR", "REPLACE", "TEMPORARY", "TEMP", "DEFAULT", "REPLACEMENT"];
    match upper.as_slice() {
        ["GRANT", ..] => "GRANT".to_owned(),
        ["REVOKE", ..] => "REVOKE".to_owned(),
        ["COMMENT", ..] => "COMMENT".to_owned(),
        ["ALTER", "DEFAULT", "PRIVILEGES", ..] => "ALTER DEFAULT PRIVILEGES".to_owned(),
        ["ALTER", "SYSTEM", ..] => "ALTER SYSTEM".to_owned(),
        ["REASSIGN", "OWNED", ..] => "REASSIGN OWNED".to_owned(),
        ["DROP", "OWNED", ..] => "DROP OWNED".to_owned(),
        [verb, rest @ ..] => {
            let mut rest = rest.iter().filter(|word| !skipped.contains(word));
            let first = rest.next().copied().unwrap_or_default();
            match (first, rest.next().copied()) {
                ("MATERIALIZED", _) => format!("{verb} MATERIALIZED VIEW"),
                ("NETWORK", _) => format!("{verb} NETWORK POLICY"),
                ("CLUSTER", Some("REPLICA")) => format!("{verb} CLUSTER REPLICA"),
                _ => format!("{verb} {first}"),
            }
        }
        [] => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::tag;

    #[test]
    fn a_statement_that_waits_has_the_tag_it_will_have() {
        for (words, expected) in [
            ("create or replace view v AS SELECT 1", "CREATE VIEW"),
            ("CREATE TEMPORARY TABLE t (x int)", "CREATE TABLE"),
            ("DROP MATERIALIZED VIEW m", "DROP MATERIALIZED VIEW"),
            ("ALTER CLUSTER c SET (SIZE '25cc')", "ALTER CLUSTER"),
            ("GRANT SELECT ON t TO r", "GRANT"),
            ("CREATE CLUSTER REPLICA c.r (SIZE '25cc')", "CREATE CLUSTER REPLICA"),
            ("ALTER DEFAULT PRIVILEGES FOR ROLE a GRANT SELECT ON TABLES TO b", "ALTER DEFAULT PRIVILEGES"),
        ] {
            assert_eq!(tag(words), expected, "{words}");
        }
    }
}
