//! What sinks would send: there is no outside, so it is written down.
//!
//! Whenever somebody writes rows or looks, the rows that a sink reads are compared with those it was last
//! seen with, and the difference is what it sends. A sink that does not run sends nothing until it runs
//! again. Nothing of this outlives the process; a sink that was there before begins without its snapshot.
//! Start reading at [`Sending::look`].

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Map;
use serde_json::Value;

use super::ddl::sink_shape;
use super::ddl::sink_shape::Shape;
use super::error::SqlError;
use super::hydration;
use super::model::Row;
use super::model::column::Column;
use super::model::column::Type;
use super::model::id::ItemId;
use super::model::item::Item;
use super::model::item::ItemData;
use super::query;
use super::query::View;
use super::resolve;
use super::scope::Scope;
use super::sinks;
use super::sinks::Health;
use crate::clock::Timestamp;
use crate::name::Ident;
use crate::sql::parse;

/// How many messages are kept; older ones are dropped.
pub(crate) const KEPT: usize = 100_000;

/// A message that a sink would have sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Emitted {
    /// The sink.
    pub(crate) sink: ItemId,
    /// Its full name at that time.
    pub(crate) name: String,
    /// Where it would have gone.
    pub(crate) topic: Option<String>,
    /// Its number among the messages of the sink; the first has 0.
    pub(crate) offset: u64,
    /// When.
    pub(crate) at: Timestamp,
    /// Its key, as JSON.
    pub(crate) key: Option<String>,
    /// What it says, as JSON; `None` takes back what was said of the key.
    pub(crate) value: Option<String>,
}

/// How often each row is there.
type Counts = BTreeMap<Row, i64>;

/// How far each sink has come.
#[derive(Debug, Default)]
pub(crate) struct Sending {
    seen: BTreeMap<ItemId, Seen>,
}

/// How far one sink has come.
#[derive(Debug, Default)]
struct Seen {
    /// The rows it was last seen with; `None` before the first look at one that sends no snapshot.
    rows: Option<Counts>,
    next: u64,
}

impl Sending {
    /// What the sinks would have sent that are there already is over.
    pub(crate) fn after_start(catalog: &super::model::Catalog) -> Self {
        Self { seen: sinks_of(catalog).map(|item| (item.id, Seen::default())).collect() }
    }

    /// What sinks send since the last look: of all of them, or of those that read one of these. Each
    /// sink's messages are handed over before the next one is looked at.
    ///
    /// # Errors
    /// Queries that cannot be evaluated; what was found before stays to be found.
    pub(crate) async fn look(
        &mut self,
        view: &View,
        scope: &Scope,
        changed: Option<&BTreeSet<ItemId>>,
        mut hand_over: impl FnMut(Vec<Emitted>),
    ) -> Result<(), SqlError> {
        let catalog = &view.state.catalog;
        self.seen.retain(|id, _| catalog.items.contains_key(id));
        for item in sinks_of(catalog) {
            let Some(from) = ready(view, item) else { continue };
            if let Some(changed) = changed
                && self.seen.contains_key(&item.id)
                && !reads(view, from, changed)
            {
                continue;
            }
            let (columns, rows) = rows(view, scope, from).await?;
            let shape = sink_shape::shape(&item.create_sql);
            let begins = || Seen { rows: shape.snapshot.then(Counts::new), next: 0 };
            let seen = self.seen.entry(item.id).or_insert_with(begins);
            let Some(before) = seen.rows.replace(rows.clone()) else { continue };
            let mut sent = Vec::new();
            for (key, value) in messages(&columns, &shape, before, rows) {
                let name = resolve::full_name(catalog, item);
                let (topic, offset) = (shape.topic.clone(), seen.next);
                seen.next += 1;
                sent.push(Emitted { sink: item.id, name, topic, offset, at: view.runtime.now, key, value });
            }
            hand_over(sent);
        }
        Ok(())
    }

    /// A sink reads something else from now on; what is there already it does not send.
    ///
    /// # Errors
    /// As [`Sending::look`].
    pub(crate) async fn turn(&mut self, view: &View, scope: &Scope, sink: ItemId) -> Result<(), SqlError> {
        let from = view.state.catalog.items.get(&sink).and_then(|item| match &item.data {
            ItemData::Sink { from, .. } => Some(*from),
            _ => None,
        });
        let Some(from) = from else { return Ok(()) };
        let rows = rows(view, scope, from).await.map(|(_, rows)| rows);
        // What cannot be evaluated is not sent either: the next look begins there.
        self.seen.entry(sink).or_default().rows = rows.as_ref().ok().cloned();
        rows.map(|_| ())
    }
}

/// Every sink.
pub(crate) fn sinks_of(catalog: &super::model::Catalog) -> impl Iterator<Item = &Item> {
    catalog.items.values().filter(|item| matches!(item.data, ItemData::Sink { .. })).map(|item| &**item)
}

/// What a sink reads, if it runs.
fn ready(view: &View, item: &Item) -> Option<ItemId> {
    let state = &view.state;
    let ItemData::Sink { from, cluster, .. } = &item.data else { return None };
    let runs = sinks::health(state, item).0 == Health::Running;
    let replicas = state.catalog.clusters.get(cluster).is_some_and(|cluster| !cluster.replicas.is_empty());
    let readable = hydration::readable(state, &[*from].into(), None);
    (runs && replicas && readable.is_some_and(|at| at <= view.runtime.now)).then_some(*from)
}

/// Tells whether something is made of one of these, through materialized views too.
fn reads(view: &View, from: ItemId, changed: &BTreeSet<ItemId>) -> bool {
    let mut seen = BTreeSet::new();
    let mut open = vec![from];
    while let Some(id) = open.pop() {
        if changed.contains(&id) {
            return true;
        }
        if seen.insert(id) {
            let item = view.state.catalog.items.get(&id);
            open.extend(item.into_iter().flat_map(|item| item.uses.iter().copied()));
        }
    }
    false
}

async fn rows(view: &View, scope: &Scope, from: ItemId) -> Result<(Vec<Column>, Counts), SqlError> {
    let item = view.state.catalog.items.get(&from);
    let item = item.ok_or_else(|| SqlError::internal(format!("unknown catalog item '{from}'")))?;
    let full = resolve::full_parts(&view.state.catalog, item);
    let full = full.iter().map(Ident::sql).collect::<Vec<_>>().join(".");
    let query = parse::query(&format!("SELECT * FROM [{from} AS {full}]"))
        .map_err(|error| SqlError::internal(error.message))?;
    let answer = query::select(view, scope, &query, &[]).await?;
    let mut counts = Counts::new();
    for row in answer.rows {
        *counts.entry(row).or_default() += 1;
    }
    Ok((answer.columns, counts))
}

/// A key and a value, as JSON.
type Message = (Option<String>, Option<String>);

/// The messages that lead from some rows to others.
fn messages(columns: &[Column], shape: &Shape, before: Counts, after: Counts) -> Vec<Message> {
    let mut differences = after;
    for (row, count) in before {
        *differences.entry(row).or_default() -= count;
    }
    // Changes of one key are one message, or two where a value is taken back; without a key each row is one.
    let mut by_key: BTreeMap<Option<String>, (Vec<Row>, Vec<Row>)> = BTreeMap::new();
    for (row, count) in differences {
        let (gone, come) = by_key.entry(key(columns, shape, &row)).or_default();
        let times = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
        let rows = if count < 0 { gone } else { come };
        rows.extend(std::iter::repeat_n(row, times));
    }
    let mut messages = Vec::new();
    for (key, (gone, come)) in by_key {
        let pairs = gone.len().max(come.len());
        let row = |rows: &[Row], at: usize| rows.get(at).map(|row| object(columns, row));
        for at in 0..pairs {
            // Rows without a key have nothing to do with each other.
            let changes = match (row(&gone, at), row(&come, at)) {
                (Some(old), Some(new)) if key.is_none() => vec![(Some(old), None), (None, Some(new))],
                both => vec![both],
            };
            for (old, new) in changes {
                let value = if shape.debezium {
                    let null = |value: Option<Value>| value.unwrap_or(Value::Null);
                    let pairs = [("before".to_owned(), null(old)), ("after".to_owned(), null(new))];
                    Some(Value::Object(Map::from_iter(pairs)))
                } else {
                    new
                };
                messages.push((key.clone(), value.map(|value| value.to_string())));
            }
        }
    }
    messages
}

/// The key of a row, as JSON.
fn key(columns: &[Column], shape: &Shape, row: &Row) -> Option<String> {
    let pairs = columns
        .iter()
        .zip(row)
        .filter(|(column, _)| shape.key.iter().any(|name| name == column.name.as_str()));
    let object: Map<String, Value> =
        pairs.map(|(column, value)| (column.name.as_str().to_owned(), json(&column.kind, value))).collect();
    (!object.is_empty()).then(|| Value::Object(object).to_string())
}

fn object(columns: &[Column], row: &Row) -> Value {
    let pairs = columns.iter().zip(row);
    Value::Object(
        pairs.map(|(column, value)| (column.name.as_str().to_owned(), json(&column.kind, value))).collect(),
    )
}

/// A value as JSON: numbers that JSON can hold exactly are numbers, everything else is as it is printed.
fn json(kind: &Type, value: &Option<String>) -> Value {
    let Some(text) = value else { return Value::Null };
    let text_value = || Value::String(text.clone());
    match kind {
        Type::Bool => Value::Bool(text == "t" || text == "true"),
        Type::Int2 | Type::Int4 | Type::Int8 | Type::UInt2 | Type::UInt4 | Type::UInt8 | Type::Jsonb => {
            serde_json::from_str(text).unwrap_or_else(|_| text_value())
        }
        _ => text_value(),
    }
}

/// Adds messages to those that are kept.
pub(crate) fn keep(kept: &mut imbl::Vector<Arc<Emitted>>, sent: Vec<Emitted>) {
    kept.extend(sent.into_iter().map(Arc::new));
    while kept.len() > KEPT {
        kept.pop_front();
    }
}
