//! Comments.

use std::collections::HashMap;

use super::super::hydration::Runtime;
use super::super::model::Catalog;
use super::super::model::Commented;
use super::super::model::Row;
use super::super::model::State;
use super::spec::Spec;
use super::text::some;

pub(super) const SPECS: &[Spec] = &[Spec {
    id: 530,
    schema: "mz_internal",
    name: "mz_comments",
    kind: "table",
    columns: "id text, object_type text, object_sub_id int4?, comment text",
    rows: comments,
}];

/// The id and kind of what a comment is on; none where it is gone.
fn subject(catalog: &Catalog, on: Commented) -> Option<(String, &'static str)> {
    Some(match on {
        Commented::Database(id) => (id.to_string(), "database"),
        Commented::Schema(id) => (id.to_string(), "schema"),
        Commented::Item(id) => (id.to_string(), catalog.items.get(&id)?.kind().catalog()),
        Commented::Cluster(id) => (id.to_string(), "cluster"),
        Commented::Replica(id) => (id.to_string(), "cluster-replica"),
        Commented::Role(id) => (id.to_string(), "role"),
        Commented::Policy(id) => (id.to_string(), "network-policy"),
    })
}

fn comments(state: &State, _: &Runtime) -> Vec<Row> {
    let mut rows = Vec::new();
    for ((on, column), comment) in &state.catalog.comments {
        if let Some((id, kind)) = subject(&state.catalog, *on) {
            rows.push(vec![Some(id), some(kind), column.and_then(some), some(comment)]);
        }
    }
    rows
}

/// The comments on things of one family, by id; those of columns are left out.
#[derive(Debug, Default)]
pub(super) struct Told<'c>(HashMap<Commented, &'c str>);

impl<'c> Told<'c> {
    /// Every comment that is not on a column.
    pub(super) fn new(catalog: &'c Catalog) -> Self {
        let whole = catalog.comments.iter().filter(|((_, column), _)| column.is_none());
        Self(whole.map(|((on, _), comment)| (*on, comment.as_str())).collect())
    }

    /// The comment on something; `SHOW` says nothing where there is none.
    pub(super) fn on(&self, subject: Commented) -> Option<String> {
        some(self.0.get(&subject).copied().unwrap_or_default())
    }
}
