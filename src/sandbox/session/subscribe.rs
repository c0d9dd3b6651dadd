//! `DECLARE c CURSOR FOR SUBSCRIBE …`: a query whose answers are compared each time it is fetched.
//!
//! It follows ids, not names: after a swap it goes on with what it began with, on the cluster it began on. Only the
//! plain envelope is modelled.

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::time::Duration;

use super::Session;
use super::show::text_column;
use super::transaction::Input;
use crate::sandbox::duration;
use crate::sandbox::error::SqlError;
use crate::sandbox::error::code;
use crate::sandbox::hub::Subscribed;
use crate::sandbox::hydration;
use crate::sandbox::hydration::SubscriptionFacts;
use crate::sandbox::model::Catalog;
use crate::sandbox::model::Row;
use crate::sandbox::model::column::Column;
use crate::sandbox::model::column::Type;
use crate::sandbox::model::id::ClusterId;
use crate::sandbox::model::id::ItemId;
use crate::sandbox::query;
use crate::sandbox::query::Answer;
use crate::sandbox::resolve;
use crate::sandbox::resolve::Relation;
use crate::sql::ast::OptionValue;
use crate::sql::ast::run::Fetch;
use crate::sql::parse;
use crate::sql::query::Query;

/// How often a waiting `FETCH` looks for news: often enough for a person.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// A subscription and how far it has been taken.
#[derive(Debug)]
pub(super) struct Subscription {
    query: Query,
    columns: Vec<Column>,
    /// What it reads, by id, with the name it had.
    reads: Vec<(ItemId, String)>,
    /// The rows as they were last told; `None` before the first look.
    told: Option<BTreeMap<Row, i64>>,
    snapshot: bool,
    waiting: VecDeque<Row>,
    /// Where it runs, from the first `FETCH` on.
    running: Option<Running>,
}

/// Where a subscription runs.
#[derive(Debug)]
struct Running {
    /// The cluster, with the name it had.
    cluster: Option<(ClusterId, String)>,
    _known: Subscribed,
}

impl Subscription {
    pub(super) fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The cluster that it runs on.
    fn cluster(&self) -> Option<ClusterId> {
        self.running.as_ref().and_then(|running| running.cluster.as_ref()).map(|(id, _)| *id)
    }

    /// What of it is gone, in the server's words.
    fn lost(&self, catalog: &Catalog) -> Option<String> {
        let relation = self.reads.iter().find(|(id, _)| !catalog.items.contains_key(id));
        let cluster = self.running.as_ref().and_then(|running| running.cluster.as_ref());
        let cluster = cluster.filter(|(id, _)| !catalog.clusters.contains_key(id));
        let relation = relation.map(|(_, name)| format!("relation \"{name}\""));
        relation.or_else(|| cluster.map(|(_, name)| format!("cluster \"{name}\"")))
    }

    /// Compares the rows with those told before.
    fn compare(&mut self, rows: Vec<Row>, now: u64) {
        let mut counts: BTreeMap<Row, i64> = BTreeMap::new();
        for row in rows {
            *counts.entry(row).or_default() += 1;
        }
        let mut differences = counts.clone();
        let first = self.told.is_none();
        for (row, count) in self.told.replace(counts).unwrap_or_default() {
            *differences.entry(row).or_default() -= count;
        }
        if first && !self.snapshot {
            return;
        }
        for (row, count) in differences.into_iter().filter(|(_, count)| *count != 0) {
            let mut told = vec![Some(now.to_string()), Some(count.to_string())];
            told.extend(row);
            self.waiting.push_back(told);
        }
    }
}

impl Session {
    /// Plans a subscription.
    ///
    /// # Errors
    /// Forms that are not modelled; what is wrong with its query.
    pub(super) fn subscription(&self, text: &str) -> Result<Subscription, SqlError> {
        let unsupported = || SqlError::unsupported(format!("`{text}`"));
        let (inner, snapshot) = parts(text).ok_or_else(unsupported)?;
        let query = parse::query(&inner).map_err(|error| SqlError::new(code::SYNTAX, error.message))?;
        let view = self.view();
        let scope = self.scope(&view.state);
        let described = query::describe(&view, &scope, &query, &[])?;
        let mut reads = Vec::new();
        for name in query.references() {
            if let Relation::User(id) = resolve::relation(&view.state.catalog, &scope, name)? {
                let shown = name.parts.iter().map(ToString::to_string).collect::<Vec<_>>().join(".");
                reads.push((id, shown));
            }
        }
        let bound = query.rewrite(&|name| {
            let Ok(Relation::User(id)) = resolve::relation(&view.state.catalog, &scope, name) else {
                return None;
            };
            let full = name.parts.iter().map(crate::name::Ident::sql).collect::<Vec<_>>().join(".");
            Some(format!("[{id} AS {full}]"))
        });
        let query = parse::query(&bound).map_err(|_| unsupported())?;
        let mut columns = vec![
            Column { kind: Type::MzTimestamp, nullable: false, ..text_column("mz_timestamp")? },
            Column { kind: Type::Int8, nullable: false, ..text_column("mz_diff")? },
        ];
        columns.extend(described.columns);
        Ok(Subscription {
            query,
            columns,
            reads,
            told: None,
            snapshot,
            waiting: VecDeque::new(),
            running: None,
        })
    }

    /// Makes it known that a subscription runs.
    fn begun(&self, subscription: &Subscription) -> Running {
        let view = self.view();
        let scope = self.scope(&view.state);
        let cluster = view.state.catalog.cluster_named(&scope.cluster);
        let facts = SubscriptionFacts {
            connection: self.connection,
            cluster,
            since: view.runtime.now,
            reads: subscription.reads.iter().map(|(id, _)| *id).collect(),
        };
        let cluster = cluster.map(|id| (id, scope.cluster.as_str().to_owned()));
        Running { cluster, _known: self.hub.subscribed(facts) }
    }

    /// Takes what is new of a subscription, waiting for it as long as the `FETCH` says.
    pub(super) async fn follow(
        &mut self,
        subscription: &mut Subscription,
        count: usize,
        fetch: &Fetch,
    ) -> Result<Answer, SqlError> {
        let timeout = timeout(fetch)?;
        if subscription.told.is_none() {
            self.admit(Input::Subscribe, "SUBSCRIBE")?;
        }
        if subscription.running.is_none() {
            subscription.running = Some(self.begun(subscription));
        }
        let deadline = self.hub.clock.deadline(timeout);
        loop {
            let view = self.view();
            if let Some(what) = subscription.lost(&view.state.catalog) {
                subscription.running = None;
                let message = format!("subscribe has been terminated because underlying {what} was dropped");
                return Err(SqlError::internal(message));
            }
            let scope = self.scope(&view.state);
            // Before everything has hydrated there is nothing to tell, not even that there is nothing.
            let reads = subscription.reads.iter().map(|(id, _)| *id).collect();
            let cluster = subscription.cluster();
            if hydration::readable(&view.state, &reads, cluster).is_some_and(|at| at <= view.runtime.now) {
                let answer = query::select(&view, &scope, &subscription.query, &[]).await?;
                subscription.compare(answer.rows, view.runtime.now.0);
            }
            if count == 0 || !subscription.waiting.is_empty() || deadline.passed() {
                break;
            }
            deadline.sleep(LOOK_EVERY).await;
        }
        let taken = subscription.waiting.len().min(count);
        let rows = subscription.waiting.drain(..taken).collect();
        Ok(Answer { columns: subscription.columns.clone(), rows })
    }
}

/// How long a `FETCH` waits; `None` is until there is something.
fn timeout(fetch: &Fetch) -> Result<Option<Duration>, SqlError> {
    let Some(option) = fetch.options.first() else { return Ok(None) };
    let text = match &option.value {
        Some(OptionValue::String(text) | OptionValue::Interval(text)) => duration::parse(text),
        _ => None,
    };
    match (option.name.as_str(), text) {
        ("TIMEOUT", Some(length)) => Ok(Some(length)),
        _ => Err(SqlError::new("22023", format!("invalid {} of FETCH", option.name))),
    }
}

/// The query of a subscription, and whether it begins with what is there; `None` for forms that
/// are not modelled.
fn parts(text: &str) -> Option<(String, bool)> {
    let text = text.trim();
    let word =
        |text: &str, word: &str| text.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word));
    let text = if word(text, "SUBSCRIBE") { text.get(9..)?.trim_start() } else { text };
    let text = if word(text, "TO ") { text.get(3..)?.trim_start() } else { text };
    let (inner, rest) = if text.starts_with('(') {
        let end = closing(text)?;
        (text.get(1..end)?.to_owned(), text.get(end + 1..)?)
    } else {
        let end = text.find(char::is_whitespace).unwrap_or(text.len());
        (format!("SELECT * FROM {}", text.get(..end)?), text.get(end..)?)
    };
    let options = rest.to_ascii_uppercase().replace(['(', ')', '='], " ");
    let options: Vec<&str> = options.split_whitespace().collect();
    match options.as_slice() {
        [] | ["WITH", "SNAPSHOT"] | ["WITH", "SNAPSHOT", "TRUE"] => Some((inner, true)),
        ["WITH", "SNAPSHOT", "FALSE"] => Some((inner, false)),
        _ => None,
    }
}

/// Where the parenthesis closes that a text begins with.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '(') => depth += 1,
            (None, ')') => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at);
                }
            }
            (None, _) => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn only_the_plain_envelope_is_read() {
        let read = |text| parts(text).map(|(query, snapshot)| format!("{query} {snapshot}"));
        assert_eq!(read("SUBSCRIBE (SELECT (1)) WITH (SNAPSHOT)").as_deref(), Some("SELECT (1) true"));
        assert_eq!(
            read("SUBSCRIBE TO a.t WITH (SNAPSHOT = false)").as_deref(),
            Some("SELECT * FROM a.t false")
        );
        assert_eq!(read("SUBSCRIBE t ENVELOPE UPSERT (KEY (a))"), None);
        assert_eq!(read("SUBSCRIBE t WITH (PROGRESS)"), None);
    }
}
