//! Statements that read: queries, `SHOW` of things.

use super::Reply;
use super::Session;
use super::change::words;
use super::reach;
use super::show::text_column;
use super::transaction::Input;
use crate::sandbox::ddl;
use crate::sandbox::error::SqlError;
use crate::sandbox::model::column::Column;
use crate::sandbox::query;
use crate::sandbox::query::Answer;
use crate::sandbox::query::Parameter;
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
        let view = self.view();
        let scope = self.scope(&view.state);
        let reach = reach::reach(&view.state.catalog, &scope, query)?;
        let constant = query.references().is_empty() && !query.text().contains("mz_now");
        self.admit(if constant { Input::Constant } else { Input::Read }, words)?;
        self.admit_relations(&view, query, &reach)?;
        self.admit_cluster(&view, &scope, query)?;
        self.fix_snapshot();
        query::select(&view, &scope, query, parameters).await
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
