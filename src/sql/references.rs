//! Which relations a query names, and which column qualifiers mean them.
//!
//! Scopes follow the server's rules: a CTE shadows in the query that owns it and below, each body
//! sees the ones before it (all of them in `WITH MUTUALLY RECURSIVE`), and a name of several parts
//! is never a CTE. Nothing is resolved here: names come out as written. Start reading at
//! [`Scan`]; its hooks are called on the way through a tree, which is [`walk`]'s.
//!
//! Source: `PartialItemName::matches`, `Scope::resolve_table_column` and `Scope::product` of the
//! server's planner.

use std::borrow::Borrow;
use std::ops::ControlFlow;

use rustc_hash::FxHashMap;
use sqlparser::ast::AccessExpr;
use sqlparser::ast::Expr;
use sqlparser::ast::FunctionArg;
use sqlparser::ast::FunctionArgExpr;
use sqlparser::ast::FunctionArguments;
use sqlparser::ast::Ident as TreeIdent;
use sqlparser::ast::ObjectName;
use sqlparser::ast::Query;
use sqlparser::ast::Select;
use sqlparser::ast::SelectItem;
use sqlparser::ast::SelectItemQualifiedWildcardKind;
use sqlparser::ast::SetExpr;
use sqlparser::ast::TableFactor;
use sqlparser::ast::TableWithJoins;
use sqlparser::ast::Visitor;

use super::ast::RawName;
use super::lower::Notes;
use super::lower::span_of;
use super::span::Span;
use crate::name::Ident;

/// The part of a column reference or of a `.*` that names a relation of a FROM clause in scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Qualifier {
    /// What is written before the column, such as `sales.orders` in `sales.orders.total`.
    pub name: RawName,
    /// The relation it means, as that is written; never a CTE and never one with an alias.
    pub relation: RawName,
}

/// A relation in a FROM clause that has no alias, so that its columns go by its own name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bare {
    /// Where its name stands; one of [`Qualifier::relation`]'s places.
    pub at: Span,
    /// Whether the name of another relation beside it in the FROM clause ends with the same part.
    pub shared: bool,
    /// Whether the last part of its name stands alone: as a value, which may mean its whole row, or
    /// as the name of something else beside it, which the server refuses.
    pub alone: bool,
}

/// Collects the relations of a tree, in the order in which it is visited.
pub(super) struct Scan<'a> {
    notes: &'a Notes,
    scopes: Vec<Scope>,
    pub(super) references: Vec<RawName>,
    pub(super) qualifiers: Vec<Qualifier>,
    pub(super) bare: Vec<Bare>,
    /// Whether a join that needs a condition has none.
    pub(super) lacks_condition: bool,
}

/// What a query, a select or joins in parentheses with an alias bring into scope.
#[derive(Default)]
struct Scope {
    /// CTEs that may be named.
    ctes: Vec<Ident>,
    /// CTE bodies that were not visited yet, with the name that becomes visible afterwards.
    bodies: Vec<(*const Query, Option<Ident>)>,
    /// The query in parentheses that this one consists of, but for its own clauses.
    inside: Option<*const Query>,
    /// Relations of the FROM clause; not for CTE bodies.
    items: Vec<Item>,
}

/// A relation of a FROM clause.
struct Item {
    /// Its name as written; of something else than a relation, its alias.
    name: RawName,
    /// What columns are qualified with; `None` for its own name.
    alias: Option<Ident>,
    /// Whether it is a CTE or something else that is no reference.
    cte: bool,
}

/// How much of a qualifier is the name of a relation; of two, the greater tells more.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Likeness {
    /// How many parts at their ends are the same.
    parts: usize,
    /// Whether one is as long as the other.
    is_whole: bool,
}

impl<'a> Scan<'a> {
    /// Starts with relations that are in scope from outside, such as the table of an `UPDATE`.
    pub(super) fn new(notes: &'a Notes, outside: &[(RawName, Option<Ident>)]) -> Self {
        let item = |(name, alias): &(RawName, Option<Ident>)| Item {
            name: name.clone(),
            alias: alias.clone(),
            cte: false,
        };
        let items = outside.iter().map(item).collect();
        let scopes = vec![Scope { items, ..Scope::default() }];
        Self {
            notes,
            scopes,
            references: Vec::new(),
            qualifiers: Vec::new(),
            bare: Vec::new(),
            lacks_condition: false,
        }
    }

    /// Tells whether a name means a CTE at this point.
    fn is_cte(&self, name: &RawName) -> bool {
        match name.parts.as_slice() {
            [only] if name.id.is_none() => self.scopes.iter().any(|scope| scope.ctes.contains(only)),
            _ => false,
        }
    }

    /// The relations of a FROM clause.
    fn items(&self, select: &Select) -> Vec<Item> {
        let mut items = Vec::new();
        for table in &select.from {
            self.add_joined(table, &mut items);
        }
        items
    }

    /// Adds the relations of joins.
    fn add_joined(&self, TableWithJoins { relation, joins }: &TableWithJoins, items: &mut Vec<Item>) {
        self.add_items(relation, items);
        for join in joins {
            self.add_items(&join.relation, items);
        }
    }

    fn add_items(&self, factor: &TableFactor, items: &mut Vec<Item>) {
        match factor {
            TableFactor::Table { name, alias, args: None, .. } => {
                if let Some(name) = raw_name(name, self.notes) {
                    let alias = alias.as_ref().and_then(|alias| ident(&alias.name));
                    items.push(Item { cte: self.is_cte(&name), name, alias });
                }
            }
            TableFactor::NestedJoin { table_with_joins, alias: None } => {
                self.add_joined(table_with_joins, items);
            }
            // A subquery or a function: what matters is that its alias is taken.
            TableFactor::Table { alias: Some(alias), .. }
            | TableFactor::Derived { alias: Some(alias), .. }
            | TableFactor::TableFunction { alias: Some(alias), .. }
            | TableFactor::Function { alias: Some(alias), .. }
            | TableFactor::UNNEST { alias: Some(alias), .. }
            | TableFactor::NestedJoin { alias: Some(alias), .. } => {
                if let Some(name) = name_of(std::iter::once(&alias.name)) {
                    items.push(Item { alias: name.parts.last().cloned(), name, cte: true });
                }
            }
            _ => {}
        }
    }

    /// Notes the relations of a FROM clause that go by their own name.
    fn note_bare(&mut self, items: &[Item]) {
        let is_bare = |item: &Item| item.alias.is_none() && !item.cte;
        // Most have one, which shares its name with nothing.
        if let [only] = items {
            let bare = Bare { at: only.name.span, shared: false, alone: false };
            self.bare.extend(is_bare(only).then_some(bare));
            return;
        }
        // How many go by a name, with those that are bare and those that are not apart.
        let mut alike: FxHashMap<Option<&Ident>, (usize, usize)> = FxHashMap::default();
        for item in items {
            let (bare, other) = alike.entry(item.shown()).or_default();
            *(if is_bare(item) { bare } else { other }) += 1;
        }
        for item in items.iter().filter(|item| is_bare(item)) {
            let (bare, other) = alike.get(&item.shown()).copied().unwrap_or_default();
            self.bare.push(Bare { at: item.name.span, shared: bare > 1, alone: other > 0 });
        }
    }

    /// Notes that a name stands alone: it may be a column, or the row of a relation.
    fn alone(&mut self, name: &TreeIdent) {
        let is_meant = |item: &&Item| item.shown().is_some_and(|shown| is_stored_as(name, shown));
        let found = self.scopes.iter().rev().find_map(|scope| scope.items.iter().find(is_meant));
        if let Some(Item { name, alias: None, cte: false }) = found
            && let Some(bare) = self.bare.iter_mut().rev().find(|bare| bare.at == name.span)
        {
            bare.alone = true;
        }
    }

    /// Notes what a qualifier means, if it means a relation by its own name.
    fn qualifier<I: Borrow<TreeIdent>>(&mut self, parts: &[I]) {
        let Some(Item { name: relation, alias: None, cte: false }) = self.meant(parts) else { return };
        let relation = relation.clone();
        let name = name_of(parts.iter().map(Borrow::borrow));
        self.qualifiers.extend(name.map(|name| Qualifier { name, relation }));
    }

    /// Finds what a qualifier means. Where that has more parts than a name in FROM, that name may be
    /// one of another schema, so something further out is meant if more of its name is the same.
    fn meant<I: Borrow<TreeIdent>>(&self, qualifier: &[I]) -> Option<&Item> {
        let mut best: Option<(Likeness, &Item)> = None;
        for scope in self.scopes.iter().rev() {
            let mut is_certain = false;
            for item in &scope.items {
                let Some(likeness) = item.likeness(qualifier) else { continue };
                is_certain |= item.is_certainly(qualifier.len());
                if best.is_none_or(|(most, _)| likeness > most) {
                    best = Some((likeness, item));
                }
            }
            if is_certain {
                break;
            }
        }
        best.map(|(_, item)| item)
    }
}

impl Item {
    /// The one-part name it goes by.
    fn shown(&self) -> Option<&Ident> {
        self.alias.as_ref().or_else(|| self.name.parts.last())
    }

    /// Tells how like a qualifier its name is; `None` where that cannot mean it.
    fn likeness<I: Borrow<TreeIdent>>(&self, qualifier: &[I]) -> Option<Likeness> {
        let own = self.alias.as_ref().map_or(self.name.parts.as_slice(), std::slice::from_ref);
        // The shorter one has to be the end of the longer: `t` in FROM may be written
        // `public.t` before a column, and the other way round. An alias has no schema either.
        let mut pairs = own.iter().rev().zip(qualifier.iter().rev());
        let is_end = pairs.all(|(part, written)| is_stored_as(written.borrow(), part));
        is_end.then(|| Likeness {
            parts: own.len().min(qualifier.len()),
            is_whole: own.len() == qualifier.len(),
        })
    }

    /// Tells whether a qualifier of that many parts that may mean it does so whatever its schema is.
    fn is_certainly(&self, parts: usize) -> bool {
        self.alias.is_some() || self.cte || self.name.parts.len() >= parts
    }
}

impl Visitor for Scan<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let mut scope = Scope::default();
        if let SetExpr::Query(inner) = &*query.body {
            scope.inside = Some(&raw const **inner);
        }
        if let Some(with) = &query.with {
            for cte in &with.cte_tables {
                let name = ident(&cte.alias.name);
                if with.recursive {
                    scope.ctes.extend(name);
                    scope.bodies.push((&raw const *cte.query, None));
                } else {
                    scope.bodies.push((&raw const *cte.query, name));
                }
            }
        }
        self.scopes.push(scope);
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let scope = self.scopes.pop();
        if let (Some(scope), Some(owner)) = (scope, self.scopes.last_mut())
            && owner.inside.is_some_and(|inside| std::ptr::eq(inside, query))
        {
            // Both are one query: an ORDER BY behind the parentheses sees what one in them sees.
            owner.items = scope.items;
        }
        if let Some(owner) = self.scopes.last_mut()
            && let Some(body) = owner.bodies.iter().position(|(body, _)| std::ptr::eq(*body, query))
        {
            let (_, name) = owner.bodies.remove(body);
            owner.ctes.extend(name);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        let items = self.items(select);
        let is_table =
            span_of(select.select_token.0.span).is_some_and(|place| self.notes.tables.contains(&place.start));
        // Behind `TABLE` no alias may stand.
        if !is_table {
            self.note_bare(&items);
        }
        self.scopes.push(Scope { items, ..Scope::default() });
        for item in &select.projection {
            if let SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) = item
            {
                self.qualifier(&idents(name));
            }
        }
        ControlFlow::Continue(())
    }

    fn post_visit_select(&mut self, _select: &Select) -> ControlFlow<()> {
        let scope = self.scopes.pop();
        // ORDER BY belongs to the query but sees the FROM clause of a plain SELECT.
        if let (Some(scope), Some(owner)) = (scope, self.scopes.last_mut()) {
            owner.items = scope.items;
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        if let TableFactor::Table { name, args: None, .. } = factor
            && let Some(name) = raw_name(name, self.notes)
            && !self.is_cte(&name)
        {
            self.references.push(name);
        }
        // What stands in parentheses with an alias is called by its own names there, and only there.
        if let Some(joins) = joins_with_alias(factor) {
            let mut items = Vec::new();
            self.add_joined(joins, &mut items);
            self.note_bare(&items);
            self.scopes.push(Scope { items, ..Scope::default() });
        }
        ControlFlow::Continue(())
    }

    fn post_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        if joins_with_alias(factor).is_some() {
            self.scopes.pop();
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        match expr {
            Expr::Identifier(name) => self.alone(name),
            Expr::CompoundIdentifier(parts) => {
                if let Some((_, qualifier)) = parts.split_last() {
                    self.qualifier(qualifier);
                }
            }
            Expr::CompoundFieldAccess { root, access_chain } => {
                let mut parts: Vec<&TreeIdent> = match &**root {
                    Expr::Identifier(first) => vec![first],
                    _ => return ControlFlow::Continue(()),
                };
                parts.extend(access_chain.iter().map_while(|access| match access {
                    AccessExpr::Dot(Expr::Identifier(part)) => Some(part),
                    _ => None,
                }));
                parts.pop();
                self.qualifier(&parts);
            }
            Expr::QualifiedWildcard(name, _) => self.qualifier(&idents(name)),
            Expr::Function(function) => {
                if let FunctionArguments::List(list) = &function.args {
                    for arg in &list.args {
                        if let FunctionArg::Unnamed(FunctionArgExpr::QualifiedWildcard(name)) = arg {
                            self.qualifier(&idents(name));
                        }
                    }
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

/// The joins in parentheses that have an alias.
fn joins_with_alias(factor: &TableFactor) -> Option<&TableWithJoins> {
    match factor {
        TableFactor::NestedJoin { table_with_joins, alias: Some(_) } => Some(table_with_joins),
        _ => None,
    }
}

/// The identifiers of a name.
pub(super) fn idents(name: &ObjectName) -> Vec<&TreeIdent> {
    name.0.iter().filter_map(|part| part.as_ident()).collect()
}

/// An identifier as the server stores it.
pub(super) fn ident(ident: &TreeIdent) -> Option<Ident> {
    if ident.quote_style.is_some() { Ident::new(&ident.value).ok() } else { Ident::folded(&ident.value).ok() }
}

/// Tells whether the server stores an identifier as that, and makes none for it.
pub(super) fn is_stored_as(written: &TreeIdent, stored: &Ident) -> bool {
    let (text, stored) = (written.value.as_str(), stored.as_str());
    match written.quote_style {
        Some(_) => text == stored,
        None if text.is_ascii() => {
            text.len() == stored.len()
                && text.bytes().map(|byte| byte.to_ascii_lowercase()).eq(stored.bytes())
        }
        None => text.to_lowercase() == stored,
    }
}

/// A name as the rest of the room has it, with the catalog's id if there is one.
pub(super) fn raw_name(name: &ObjectName, notes: &Notes) -> Option<RawName> {
    let mut raw = name_of(name.0.iter().filter_map(|part| part.as_ident()))?;
    raw.id = notes.ids.get(&raw.span.start).cloned();
    Some(raw)
}

fn name_of<'t>(written: impl Iterator<Item = &'t TreeIdent>) -> Option<RawName> {
    let (mut parts, mut whole) = (Vec::new(), None);
    for part in written {
        let own = span_of(part.span);
        whole = own.map(|own| whole.map_or(own, |whole: Span| whole.to(own))).or(whole);
        parts.push(ident(part)?);
    }
    Some(RawName { parts, id: None, span: whole? })
}

mod walk;

#[cfg(test)]
mod tests;
