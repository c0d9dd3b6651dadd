//! Objects with everything they name: what depends on other files than their own.

use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::Workspace;
use super::each;
use crate::compiler::build::Builder;
use crate::compiler::build::Reads;
use crate::compiler::checks;
use crate::compiler::diagnostic::Diagnostic;
use crate::compiler::draft::Draft;
use crate::compiler::draft::Key;
use crate::compiler::graph::Graph;
use crate::compiler::object::Object;
use crate::name::ObjectName;
use crate::sql::ast::StatementKind;

/// What an object's files mean among the others.
#[derive(Default)]
pub(super) struct Link {
    /// What is wrong with it.
    pub(super) found: Vec<Diagnostic>,
    /// What each of its drafts reads.
    pub(super) reads: Vec<(ObjectName, Reads)>,
    /// Whether what is said of it depends on more of another object than its name and kind.
    pub(super) looks_inside: bool,
}

impl Link {
    /// Whether it names one of these.
    pub(super) fn asks_for(&self, names: &FxHashSet<ObjectName>) -> bool {
        !names.is_empty()
            && self.reads.iter().any(|(_, reads)| reads.asked.iter().any(|asked| names.contains(asked)))
    }
}

/// Objects that were made anew, and those that are no more.
#[derive(Default)]
pub(super) struct Made {
    /// New ones, and new versions of others.
    pub(super) objects: Vec<Object>,
    /// The names of everything those files made before.
    pub(super) before: Vec<ObjectName>,
    /// Who reads whom, where these are all objects that there are.
    pub(super) graph: Option<Graph>,
}

impl Workspace {
    /// Looks at objects again, which may be all that there are.
    pub(super) fn link(&mut self, keys: &[Arc<Key>], are_all: bool) -> Made {
        let builder = Builder {
            files: &self.files,
            namespace: &self.namespace,
            contracts: &self.project.contracts,
            suffix: &self.project.settings.suffix,
        };
        let linked = each(keys, |key| {
            let names = self.index_names.get(key);
            // Most make one object.
            let mut link = Link { reads: Vec::with_capacity(1), ..Link::default() };
            let mut objects = Vec::with_capacity(1);
            for (number, draft) in self.files.drafts(key).enumerate() {
                let found = &mut link.found;
                check(&draft, found);
                let mut reads = builder.reads(&draft, found);
                let tables = match (number, self.files.entries.get(key)) {
                    (0, Some(entry)) => entry.shape.tables.clone(),
                    _ => Vec::new(),
                };
                let names = names.and_then(|names| names.get(number)).map_or(&[][..], Vec::as_slice);
                objects.push(builder.object(&draft, &reads, tables, names, found));
                link.looks_inside |= looks_inside(&draft);
                reads.meanings = Vec::new();
                link.reads.push((draft.name, reads));
            }
            ((Arc::clone(key), link), objects)
        });
        let (links, objects): (Vec<_>, Vec<_>) = linked.into_iter().unzip();
        let gather = move || objects.into_iter().flatten().collect::<Vec<Object>>();
        if !are_all {
            return Made { objects: gather(), before: self.put_links(links), graph: None };
        }
        let whole = || {
            let objects = gather();
            let graph = Graph::of(&objects);
            (objects, Some(graph))
        };
        let (before, (objects, graph)) = rayon::join(|| self.put_links(links), whole);
        Made { objects, before, graph }
    }

    /// Puts the links of objects in the places of those before; returns the names of everything that
    /// those had made.
    fn put_links(&mut self, links: Vec<(Arc<Key>, Link)>) -> Vec<ObjectName> {
        let mut made = Vec::new();
        self.links.reserve(links.len().saturating_sub(self.links.len()));
        for (key, link) in links {
            let before = if self.files.entries.contains_key(&key) {
                self.links.insert(key, link)
            } else {
                self.index_names.remove(&key);
                self.links.remove(&key)
            };
            made.extend(before.into_iter().flat_map(|link| link.reads).map(|(name, _)| name));
        }
        made
    }
}

/// Runs the checks that need no names.
fn check(draft: &Draft<'_>, found: &mut Vec<Diagnostic>) {
    checks::name::check(draft, found);
    checks::companion::check(draft, found);
    checks::cluster::check(draft, found);
    checks::constraint::check(draft, found);
    checks::opaque::check(draft, found);
    checks::view_columns::check(draft, found);
    checks::compatibility::check(draft, found);
}

/// Whether a draft is compared with the columns of others, or has those that a source tells.
fn looks_inside(draft: &Draft<'_>) -> bool {
    let is_fed = match &draft.main.kind {
        StatementKind::CreateTable(table) => table.feed.is_some(),
        _ => false,
    };
    is_fed
        || draft.companions.iter().any(|companion| match &companion.kind {
            StatementKind::CreateConstraint(constraint) => constraint.references.is_some(),
            StatementKind::UnitTest(_) => true,
            _ => false,
        })
}
