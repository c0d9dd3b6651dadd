//! What the qualifiers of columns mean, so that a column has one text however far it is qualified.
//!
//! Scopes follow the server's planner, for which an alias has no schema: whatever a qualifier has before its last part,
//! it may be meant. Nothing is resolved here, so a qualifier that may mean one thing or another has no form of its own.
//! All of this is for [`Form::Meaning`](super::Form::Meaning). Start reading at [`Printer::column`].
//!
//! Source: `resolve_table_column`, `plan_group_by_expr` and `plan_order_by_or_distinct_expr` in the planner of the server.

use std::borrow::Borrow;

use sqlparser::ast::Expr;
use sqlparser::ast::FunctionArg;
use sqlparser::ast::FunctionArgExpr;
use sqlparser::ast::Ident as TreeIdent;
use sqlparser::ast::JoinConstraint;
use sqlparser::ast::ObjectName;
use sqlparser::ast::Select;
use sqlparser::ast::TableAlias;
use sqlparser::ast::TableFactor;
use sqlparser::ast::TableWithJoins;

use super::expr::without_parentheses;
use super::outputs::Outputs;
use super::printer::Printer;
use super::query::words_and_constraint;
use super::words::ident as token_ident;
use crate::name::Ident;
use crate::sql::ast::RawName;
use crate::sql::lower::ROWS_FROM;
use crate::sql::lower::span_of;
use crate::sql::references::ident;
use crate::sql::references::idents;
use crate::sql::references::is_stored_as;

/// What a query, a SELECT or joins in parentheses bring into sight.
#[derive(Default)]
pub(super) struct Scope<'a> {
    items: Vec<Item<'a>>,
    /// How many of the items are in sight: in a FROM clause those that stand before a place.
    visible: usize,
    /// Whether it is that of a SELECT.
    is_select: bool,
    /// Whether it is that of one relation alone, whose columns need no qualifier.
    is_single: bool,
}

/// What stands in a FROM clause.
struct Item<'a> {
    /// What its columns may be qualified with, without a schema.
    name: Option<Ident>,
    /// What else they may be qualified with.
    others: Vec<Ident>,
    /// The relation, where its columns go by its own name.
    relation: Option<&'a RawName>,
    /// Whether a qualifier may have the schema of the relation, and no other one.
    has_schema: bool,
}

/// What a qualifier means.
enum Meant<'a> {
    /// Nothing that is known here.
    Unknown,
    /// One thing or another.
    Doubtful,
    /// Something in a FROM clause.
    Item {
        /// The relation, where its columns go by its own name.
        relation: Option<&'a RawName>,
        /// Whether there is nothing else that a column could be of.
        is_only: bool,
    },
}

impl<'a> Scope<'a> {
    /// The scope of an expression about a relation.
    pub(super) fn of_relation(relation: &'a RawName) -> Self {
        let name = relation.parts.last().cloned();
        let item = Item { name, relation: Some(relation), has_schema: true, others: Vec::new() };
        Self { items: vec![item], visible: 1, ..Self::default() }
    }

    fn seen(&self) -> &[Item<'a>] {
        self.items.get(..self.visible.min(self.items.len())).unwrap_or_default()
    }
}

impl Item<'_> {
    /// Something that goes by a name without a schema: an alias, or what a CTE or a function is called.
    fn named(name: Option<Ident>) -> Self {
        Self { name, others: Vec::new(), relation: None, has_schema: false }
    }

    /// Tells whether a qualifier may mean it.
    fn may_be<I: Borrow<TreeIdent>>(&self, qualifier: &[I]) -> bool {
        let full = self.relation.filter(|_| self.has_schema);
        let mut names = self.name.iter().chain(&self.others);
        qualifier.last().is_some_and(|own| names.any(|name| is_stored_as(own.borrow(), name)))
            && full.is_none_or(|name| {
                let mut pairs = name.parts.iter().rev().zip(qualifier.iter().rev());
                pairs.all(|(part, written)| is_stored_as(written.borrow(), part))
            })
    }

    /// Tells whether a qualifier that may mean it, of that many parts, does so wherever the names lead.
    fn is_certainly(&self, parts: usize) -> bool {
        parts <= self.relation.filter(|_| self.has_schema).map_or(1, |name| name.parts.len())
    }
}

impl<'a> Printer<'a> {
    /// Writes a column with its qualifier, if that says something.
    pub(super) fn column(&mut self, parts: &[TreeIdent]) {
        self.column_of(parts, true);
    }

    fn column_of(&mut self, parts: &[TreeIdent], may_be_short: bool) {
        let Some((column, qualifier)) = parts.split_last() else { return };
        match self.meant(qualifier) {
            Meant::Item { is_only: true, .. } if may_be_short && may_stand_alone(qualifier, column) => {
                self.ident(column);
            }
            Meant::Item { relation: Some(relation), .. } => {
                let relation = self.names.object(relation);
                self.write(&relation);
                self.write(".");
                self.ident(column);
            }
            Meant::Doubtful => self.give_up(),
            Meant::Item { relation: None, .. } | Meant::Unknown => {
                self.separated(parts, ".", |printer, part| printer.ident(part));
            }
        }
    }

    /// Writes what rows are ordered or told apart by: a column alone, without a qualifier, may be
    /// one that comes out.
    pub(super) fn key(&mut self, outputs: &Outputs<'_>, expr: &Expr) {
        match without_parentheses(expr) {
            Expr::CompoundIdentifier(parts) if self.is_single() && outputs.may_have(parts.last()) => {
                self.column_of(parts, false);
            }
            _ => self.expr(expr),
        }
    }

    fn is_single(&self) -> bool {
        self.scopes.last().is_some_and(|scope| scope.is_single)
    }

    /// Writes `t.*` with its qualifier.
    pub(super) fn star(&mut self, name: &ObjectName) {
        let parts = idents(name);
        match self.meant(&parts) {
            Meant::Item { relation: Some(relation), .. } => {
                let relation = self.names.object(relation);
                self.write(&relation);
            }
            Meant::Doubtful => self.give_up(),
            Meant::Item { relation: None, .. } | Meant::Unknown => {
                self.separated(&parts, ".", |printer, part| printer.ident(part));
            }
        }
        self.write(".*");
    }

    fn meant<I: Borrow<TreeIdent>>(&self, qualifier: &[I]) -> Meant<'a> {
        if self.is_stored() || qualifier.is_empty() {
            return Meant::Unknown;
        }
        let mut found = None;
        for (depth, scope) in self.scopes.iter().rev().enumerate() {
            let mut meant = scope.seen().iter().filter(|item| item.may_be(qualifier));
            let Some(item) = meant.next() else { continue };
            if found.is_some() || meant.next().is_some() {
                return Meant::Doubtful;
            }
            found = Some((depth, item));
            if item.is_certainly(qualifier.len()) {
                break;
            }
        }
        match found {
            None => Meant::Unknown,
            Some((depth, item)) => {
                Meant::Item { relation: item.relation, is_only: depth == 0 && self.is_alone() }
            }
        }
    }

    /// Tells whether the columns of one relation are all that is in sight.
    fn is_alone(&self) -> bool {
        let Some((innermost, outer)) = self.scopes.split_last() else { return false };
        innermost.is_single && outer.iter().all(|scope| scope.seen().is_empty())
    }

    /// Writes what has a scope of its own, which it gives back.
    pub(super) fn within(&mut self, scope: Scope<'a>, write: impl FnOnce(&mut Self)) -> Scope<'a> {
        self.scopes.push(scope);
        write(self);
        self.scopes.pop().unwrap_or_default()
    }

    /// Writes a FROM clause, of which each part sees what stands before it.
    pub(super) fn in_steps(&mut self, write: impl FnOnce(&mut Self)) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.visible = 0;
        }
        write(self);
        if let Some(scope) = self.scopes.last_mut() {
            scope.visible = scope.items.len();
        }
    }

    /// Brings the next part of a FROM clause into sight.
    pub(super) fn see(&mut self) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.visible += 1;
        }
    }

    /// Writes what sees nothing of the FROM clause that it stands in.
    pub(super) fn apart(&mut self, write: impl FnOnce(&mut Self)) {
        let select = self.scopes.iter().rposition(|scope| scope.is_select);
        let first = select.unwrap_or(self.scopes.len());
        let inside = self.scopes.iter_mut().skip(first);
        let visible: Vec<usize> = inside.map(|scope| std::mem::take(&mut scope.visible)).collect();
        write(self);
        for (scope, visible) in self.scopes.iter_mut().skip(first).zip(visible) {
            scope.visible = visible;
        }
    }

    /// Writes what keeps its qualifiers.
    pub(super) fn qualified(&mut self, write: impl FnOnce(&mut Self)) {
        let is_single = self.scopes.last_mut().is_some_and(|scope| std::mem::take(&mut scope.is_single));
        write(self);
        if let Some(scope) = self.scopes.last_mut() {
            scope.is_single = is_single;
        }
    }

    /// The scope of a SELECT, or of `TABLE t`.
    pub(super) fn scope_of(&mut self, select: &Select, is_table: bool) -> Scope<'a> {
        if self.is_stored() {
            return Scope::default();
        }
        let items = self.ahead(|printer| {
            let mut items = Vec::new();
            select.from.iter().for_each(|table| printer.add_items(table, &mut items));
            items
        });
        let is_single = !is_table && is_single(&select.from);
        Scope { visible: items.len(), items, is_select: true, is_single }
    }

    /// The scope of joins in parentheses that have an alias.
    pub(super) fn scope_of_joins(&mut self, joins: &TableWithJoins) -> Scope<'a> {
        if self.is_stored() {
            return Scope::default();
        }
        let items = self.ahead(|printer| {
            let mut items = Vec::new();
            printer.add_items(joins, &mut items);
            items
        });
        Scope { items, ..Scope::default() }
    }

    fn add_items(&mut self, table: &TableWithJoins, items: &mut Vec<Item<'a>>) {
        self.add_item(&table.relation, items);
        for join in &table.joins {
            self.add_item(&join.relation, items);
            if let Some((_, JoinConstraint::Using(columns))) = words_and_constraint(join)
                && let Some(alias) = self.using_alias(columns)
            {
                items.push(Item::named(token_ident(alias)));
            }
        }
    }

    fn add_item(&mut self, factor: &TableFactor, items: &mut Vec<Item<'a>>) {
        let item = match factor {
            TableFactor::NestedJoin { table_with_joins, alias: None } => {
                return self.add_items(table_with_joins, items);
            }
            TableFactor::Table { name, alias, args: None, .. } => self.relation_item(name, alias.as_ref()),
            TableFactor::Table { alias: Some(alias), .. }
            | TableFactor::Derived { alias: Some(alias), .. }
            | TableFactor::Function { alias: Some(alias), .. }
            | TableFactor::NestedJoin { alias: Some(alias), .. } => Item::named(ident(&alias.name)),
            TableFactor::Table { name, args: Some(args), .. } => functions(name, &args.args),
            TableFactor::Function { name, .. } => Item::named(own_name(name)),
            _ => Item::named(None),
        };
        items.push(item);
    }

    fn relation_item(&mut self, name: &ObjectName, alias: Option<&TableAlias>) -> Item<'a> {
        let start = idents(name).first().and_then(|first| span_of(first.span)).map(|span| span.start);
        let relation = start.and_then(|start| self.reference(start));
        match alias {
            None => Item { relation, has_schema: relation.is_some(), ..Item::named(own_name(name)) },
            Some(alias) => Item {
                relation: relation.filter(|_| says_nothing(name, alias)),
                ..Item::named(ident(&alias.name))
            },
        }
    }
}

/// Columns whose names mean something else without a qualifier.
///
/// Source: `FuncRewriter` of the server, for which each is a call of that function, in quotes too.
const FUNCTIONS: [&str; 6] = [
    "current_catalog",
    "current_role",
    "current_schema",
    "current_timestamp",
    "current_user",
    "session_user",
];

/// Tells whether a column means the same without its qualifier, where one relation alone is in sight.
///
/// A name alone is that of a column, if there is one, or else of the relation.
fn may_stand_alone(qualifier: &[TreeIdent], column: &TreeIdent) -> bool {
    let name = ident(column);
    let is_function = name.as_ref().is_none_or(|name| FUNCTIONS.contains(&name.as_str()));
    !is_function && qualifier.last().and_then(ident) != name
}

/// Tells whether an alias is what the relation is called anyway.
pub(super) fn says_nothing(name: &ObjectName, alias: &TableAlias) -> bool {
    let own = own_name(name);
    alias.columns.is_empty() && alias.at.is_none() && own.is_some() && own == ident(&alias.name)
}

/// Tells whether a FROM clause is one relation or one query, whose columns are just what it has.
///
/// The only column of a table function is called like it, and USING makes columns of two.
fn is_single(from: &[TableWithJoins]) -> bool {
    match from {
        [TableWithJoins { relation, joins }] if joins.is_empty() => matches!(
            relation,
            TableFactor::Table { args: None, .. } | TableFactor::Derived { lateral: false, .. }
        ),
        _ => false,
    }
}

/// A table function without an alias: where there are several, their columns are qualified with the name of
/// one of them.
fn functions<'a>(name: &ObjectName, args: &[FunctionArg]) -> Item<'a> {
    if idents(name).first().is_none_or(|first| first.value != ROWS_FROM) {
        return Item::named(own_name(name));
    }
    let others = args.iter().filter_map(|arg| match arg {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Function(function))) => own_name(&function.name),
        _ => None,
    });
    Item { others: others.collect(), ..Item::named(None) }
}

/// A name without its schema.
pub(super) fn own_name(name: &ObjectName) -> Option<Ident> {
    name.0.last().and_then(|own| ident(own.as_ident()?))
}
