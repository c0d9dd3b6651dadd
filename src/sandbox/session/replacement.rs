//! `ALTER MATERIALIZED VIEW … APPLY REPLACEMENT`: it waits for what it replaces.

use std::sync::Arc;

use super::Session;
use super::sink;
use crate::sandbox::ddl;
use crate::sandbox::error::SqlError;
use crate::sandbox::resolve;
use crate::sandbox::resolve::Relation;
use crate::sql::ast::Statement;
use crate::sql::ast::alter::AlterApplyReplacement;

impl Session {
    /// Waits until the target makes progress, then lets the replacement take its place.
    ///
    /// Source: `design/materialize.md` 1.7: a target that has stalled is waited for for ever.
    ///
    /// # Cancel
    /// Safe: it waits before anything is changed.
    pub(super) async fn apply_replacement(
        &mut self,
        text: &str,
        statement: &Statement,
        alter: &AlterApplyReplacement,
    ) -> Result<ddl::Done, SqlError> {
        let hub = Arc::clone(&self.hub);
        // What is refused is refused at once.
        self.try_out(text, statement)?;
        let scope = self.scope(&hub.state());
        hub.until(|state| match resolve::item(&state.catalog, &scope, &alter.name) {
            Ok(Some(Relation::User(target))) if !sink::has_replica(&state.catalog, target) => None,
            _ => Some(scope.now),
        })
        .await;
        self.carry_out_ddl(text, statement).await
    }
}
