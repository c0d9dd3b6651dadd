//! Statements that read: queries, `SHOW` of things.

use super::Reply;
use super::Session;
use super::as_of;
use super::change::words;
use super::reach;
use super::reach::Reach;
use super::show::text_column;
use super::transaction::Input;
use crate::sandbox::ddl;
use crate::sandbox::error::SqlError;
use crate::sandbox::hydration;
use crate::sandbox::model::State;
use crate::sandbox::model::column::Column;
use crate::sandbox::query;
use crate::sandbox::query::Answer;
use crate::sandbox::query::Parameter;
use crate::sandbox::query::View;
use crate::sandbox::scope::Scope;
use crate::sandbox::system;
use crate::sql::ast::Statement;
use crate::sql::ast::run::Show;
use crate::sql::parse;
use crate::sql::query::Query;

impl Session {
    /// A query.
    pub(super) async fn select(
        &mut self,
        text: &str,
        statement: &Statement,
        query: &Query,
        parameters: &[Parameter],
    ) -> Result<Reply, SqlError> {
        let answer = self.evaluate(words(text, statement), query, parameters).await?;
        Ok(rows(answer))
    }

    /// Lets a query into the open transaction and evaluates it.
    pub(super) async fn evaluate(
        &mut self,
        words: &str,
        query: &Query,
        parameters: &[Parameter],
    ) -> Result<Answer, SqlError> {
        let mut view = self.view();
        let (query, time) = as_of::split(query)?;
        let query = &*query;
        let scope = self.scope(&view.state);
        let reach = reach::reach(&view.state.catalog, &scope, query)?;
        if reach.emitted() {
            // What has happened since is looked for now.
            self.emit().await?;
            view = self.view();
        }
        let constant = query.references().is_empty() && !query.text().contains("mz_now");
        self.admit(if constant { Input::Constant } else { Input::Read }, words)?;
        self.admit_relations(&view, query, &reach)?;
        self.admit_cluster(&view, &scope, query)?;
        let view = self.until_readable(view, &scope, &reach).await;
        self.fix_snapshot();
        let scope = as_of::scope(&view, scope, &reach, time, parameters).await?;
        query::select(&view, &scope, query, parameters).await
    }

    /// Waits until what a query reads has hydrated, as the server does; a later view if it had to.
    ///
    /// Source: `design/materialize.md` 6.4.
    async fn until_readable(&self, view: View, scope: &Scope, reach: &Reach) -> View {
        let relations = reach.user();
        if relations.is_empty() {
            return view;
        }
        let when = |state: &State| {
            hydration::readable(state, relations, state.catalog.cluster_named(&scope.cluster))
        };
        if when(&view.state).is_some_and(|at| at <= view.runtime.now) {
            return view;
        }
        self.hub.until(when).await;
        self.view()
    }

    /// `SHOW` of things, columns, indexes; `SHOW CREATE`.
    pub(super) async fn show_things(&mut self, words: &str, show: &Show) -> Result<Reply, SqlError> {
        match show {
            Show::Create { noun, name, redacted } => {
                let state = self.sees();
                let scope = self.scope(&state);
                let (name, text) = ddl::show_create::text(&state.catalog, &scope, *noun, name, *redacted)?;
                let columns = show_create_columns()?;
                return Ok(rows(Answer { columns, rows: vec![vec![Some(name), Some(text)]] }));
            }
            Show::Variable(_) => {}
            Show::Columns(..) | Show::Indexes { .. } | Show::Things { .. } => {
                self.admit(Input::Read, words)?;
            }
        }
        let view = self.view();
        let scope = self.scope(&view.state);
        let query = self.show_query(show)?;
        query::select(&view, &scope, &query, &[]).await.map(rows)
    }

    /// The query that answers a `SHOW` of things.
    pub(super) fn show_query(&self, show: &Show) -> Result<Query, SqlError> {
        let state = self.sees();
        let text = system::show::query(&state, &self.scope(&state), show)?;
        parse::query(&text).map_err(|error| SqlError::internal(format!("{error} in `{text}`")))
    }
}

/// The columns of a `SHOW CREATE`.
pub(super) fn show_create_columns() -> Result<Vec<Column>, SqlError> {
    ["name", "create_sql"].into_iter().map(text_column).collect()
}

/// Rows with the tag of a query.
pub(super) fn rows(answer: Answer) -> Reply {
    let tag = format!("SELECT {}", answer.rows.len());
    Reply::Rows(answer, tag)
}
