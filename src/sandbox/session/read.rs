//! Statements that read: queries, `SHOW` of things, `COPY … TO STDOUT`.

use super::Reply;
use super::Session;
use super::change::words;
use super::reach;
use super::reach::Reach;
use super::show::text_column;
use super::transaction::Input;
use crate::sandbox::ddl;
use crate::sandbox::error::SqlError;
use crate::sandbox::error::code;
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

    /// `COPY … TO STDOUT`
    pub(super) async fn copy(&mut self, words: &str, text: &str) -> Result<Reply, SqlError> {
        let query = copied(text).ok_or_else(|| SqlError::unsupported(format!("COPY {}", short(text))))?;
        let query = parse::query(query).map_err(|error| SqlError::new(code::SYNTAX, error.message))?;
        self.evaluate(words, &query, &[]).await.map(Reply::Copy)
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

/// The query of `COPY (query) TO STDOUT`; `None` for every other form.
fn copied(text: &str) -> Option<&str> {
    let text = text.trim();
    let text = match text.get(..4) {
        Some(word) if word.eq_ignore_ascii_case("COPY") => text.get(4..)?.trim_start(),
        _ => text,
    };
    let upper = text.to_ascii_uppercase();
    let end = upper.rfind(')')?;
    let options = upper.get(end + 1..)?.split_whitespace().collect::<Vec<_>>().join(" ");
    let (end, options) = match options.as_str() {
        "TO STDOUT" => (end, true),
        // `… TO STDOUT WITH (FORMAT text)`
        "" => {
            let to = upper.rfind(") TO STDOUT")?;
            let words = upper.get(to + 11..)?.replace(['(', ')', '='], " ");
            let words: Vec<&str> = words.split_whitespace().filter(|word| *word != "WITH").collect();
            (to, words == ["FORMAT", "TEXT"])
        }
        _ => return None,
    };
    let inner = text.get(..end)?.strip_prefix('(')?.trim();
    let first = inner.split_whitespace().next().unwrap_or_default();
    (options && !first.eq_ignore_ascii_case("SUBSCRIBE")).then_some(inner)
}

/// The beginning of a text, for an error.
fn short(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::copied;

    #[test]
    fn only_queries_are_copied_out() {
        assert_eq!(copied("COPY (SELECT (1)) TO STDOUT"), Some("SELECT (1)"));
        assert_eq!(copied("(SELECT 1) to stdout with (format text)"), Some("SELECT 1"));
        assert_eq!(copied("(SELECT 1) TO STDOUT WITH (FORMAT csv)"), None);
        assert_eq!(copied("(SUBSCRIBE t) TO STDOUT"), None);
        assert_eq!(copied("t FROM STDIN"), None);
    }
}
