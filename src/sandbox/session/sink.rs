//! Sinks of a session's making: what they send, and the change of what they read.

use std::collections::BTreeSet;
use std::sync::Arc;

use imbl::ordmap::DiffItem;

use super::Session;
use super::login;
use crate::sandbox::ddl;
use crate::sandbox::emission;
use crate::sandbox::emission::Sending;
use crate::sandbox::error::SqlError;
use crate::sandbox::hub::Hub;
use crate::sandbox::hydration;
use crate::sandbox::model::Catalog;
use crate::sandbox::model::State;
use crate::sandbox::model::id::ItemId;
use crate::sandbox::model::item::ItemData;
use crate::sandbox::query::Engine;
use crate::sandbox::query::View;
use crate::sandbox::resolve;
use crate::sandbox::resolve::Relation;
use crate::sandbox::scope::Scope;
use crate::sandbox::sinks;
use crate::sandbox::sinks::Health;
use crate::sql::ast::Statement;
use crate::sql::ast::alter::AlterSinkFrom;

/// From where the sandbox looks by itself.
fn outlook(hub: &Hub, connection: u32) -> Result<(View, Scope), SqlError> {
    let state = hub.state();
    let scope = login::system_scope(&hub.clock, &state.catalog, connection)?;
    let runtime = hub.runtime(scope.role, &scope.database);
    Ok((View { state, runtime }, scope))
}

impl Session {
    /// Lets sinks send what has become of the rows they read.
    ///
    /// # Errors
    /// Rows that cannot be evaluated.
    pub(super) async fn emit(&self) -> Result<(), SqlError> {
        let mut sending = self.hub.sending().await;
        self.emit_from(&mut sending, None).await
    }

    async fn emit_from(
        &self,
        sending: &mut Sending,
        changed: Option<&BTreeSet<ItemId>>,
    ) -> Result<(), SqlError> {
        let (view, scope) = outlook(&self.hub, self.connection)?;
        sending.look(&view, &scope, changed, |sent| emission::keep(&mut self.hub.emitted(), sent)).await
    }

    /// Lets sinks send rows that have been written. What cannot be evaluated is told to whoever looks.
    pub(super) async fn emit_changes(&self, before: &State) {
        let state = self.hub.state();
        if emission::sinks_of(&state.catalog).next().is_none() {
            return;
        }
        let changed = before.tables.diff(&state.tables).map(|item| match item {
            DiffItem::Add(id, _) | DiffItem::Remove(id, _) => *id,
            DiffItem::Update { new, .. } => *new.0,
        });
        let changed: BTreeSet<ItemId> = changed.collect();
        if changed.is_empty() {
            return;
        }
        let mut sending = self.hub.sending().await;
        if let Err(error) = self.emit_from(&mut sending, Some(&changed)).await {
            tracing::debug!("sinks send nothing: {error}");
        }
    }

    /// `ALTER SINK … SET FROM`: waits until the sink runs and the new relation can be read.
    ///
    /// Source: `design/materialize.md` 1.8: the statement waits for the sink, for ever if it has stalled.
    ///
    /// # Cancel
    /// Safe: it waits before anything is changed.
    pub(super) async fn alter_sink(
        &mut self,
        text: &str,
        statement: &Statement,
        alter: &AlterSinkFrom,
    ) -> Result<ddl::Done, SqlError> {
        let hub = Arc::clone(&self.hub);
        // What is refused is refused at once.
        self.try_out(text, statement)?;
        let scope = self.scope(&hub.state());
        hub.until(|state| {
            let Some((sink, from)) = named(&state.catalog, &scope, alter) else { return Some(scope.now) };
            let item = state.catalog.items.get(&sink)?;
            if sinks::health(state, item).0 != Health::Running || !has_replica(&state.catalog, sink) {
                return None;
            }
            hydration::readable(state, &[from].into(), None)
        })
        .await;
        let mut sending = hub.sending().await;
        if let Err(error) = self.emit_from(&mut sending, None).await {
            tracing::debug!("sinks send nothing: {error}");
        }
        let done = self.carry_out_ddl(text, statement).await?;
        let (view, outlook) = outlook(&hub, self.connection)?;
        if let Some((sink, _)) = named(&view.state.catalog, &scope, alter)
            && let Err(error) = sending.turn(&view, &outlook, sink).await
        {
            tracing::debug!("a sink sends nothing: {error}");
        }
        Ok(done)
    }

    /// Carries a statement out on a copy that nobody sees.
    pub(super) fn try_out(&self, text: &str, statement: &Statement) -> Result<(), SqlError> {
        let mut state = self.hub.state();
        let scope = self.scope(&state);
        ddl::execute(&mut state, &scope, text, statement, &Engine).map(|_| ())
    }
}

/// Tells whether what runs an object is there.
pub(super) fn has_replica(catalog: &Catalog, sink: ItemId) -> bool {
    let cluster = catalog.items.get(&sink).and_then(|item| item.cluster());
    let cluster = cluster.and_then(|id| catalog.clusters.get(&id));
    cluster.is_some_and(|cluster| !cluster.replicas.is_empty())
}

/// The sink that a statement names, and what it is to read.
fn named(catalog: &Catalog, scope: &Scope, alter: &AlterSinkFrom) -> Option<(ItemId, ItemId)> {
    let Ok(Some(Relation::User(sink))) = resolve::item(catalog, scope, &alter.name) else { return None };
    let Ok(Relation::User(from)) = resolve::relation(catalog, scope, &alter.from) else { return None };
    let is_sink = matches!(catalog.items.get(&sink)?.data, ItemData::Sink { .. });
    is_sink.then_some((sink, from))
}
