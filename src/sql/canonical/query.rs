//! Queries.

use sqlparser::ast::Cte;
use sqlparser::ast::Distinct;
use sqlparser::ast::Expr;
use sqlparser::ast::GroupByExpr;
use sqlparser::ast::Join;
use sqlparser::ast::JoinConstraint;
use sqlparser::ast::JoinOperator;
use sqlparser::ast::LimitClause;
use sqlparser::ast::NamedWindowExpr;
use sqlparser::ast::ObjectName;
use sqlparser::ast::OrderBy;
use sqlparser::ast::OrderByExpr;
use sqlparser::ast::OrderByKind;
use sqlparser::ast::Query;
use sqlparser::ast::Select;
use sqlparser::ast::SelectItem;
use sqlparser::ast::SelectItemQualifiedWildcardKind;
use sqlparser::ast::SetExpr;
use sqlparser::ast::SetOperator;
use sqlparser::ast::SetQuantifier;
use sqlparser::ast::TableAlias;
use sqlparser::ast::TableFactor;
use sqlparser::ast::TableFunctionArgs;
use sqlparser::ast::TableWithJoins;
use sqlparser::ast::With;
use sqlparser::tokenizer::Span as Place;

use super::outputs::Outputs;
use super::printer::Printer;
use super::scope::Scope;
use super::scope::says_nothing;
use crate::sql::lower::ROWS_FROM;
use crate::sql::lower::span_of;
use crate::sql::references::idents;
use crate::sql::token::Token;

/// How many rows a query has at most.
enum Limit<'q> {
    Rows(&'q Expr),
    /// `FETCH FIRST ROW ONLY`
    One,
}

/// The clauses around a query and around those in parentheses that it consists of.
///
/// Source: recorded: parentheses around a whole query are dropped by the server. Its parser makes one
/// query of both with the clauses of both, and refuses one that is there twice.
#[derive(Default)]
struct Whole<'q> {
    with: Option<&'q With>,
    order: Option<&'q OrderBy>,
    limit: Option<Limit<'q>>,
    offset: Option<&'q Expr>,
}

impl<'q> Whole<'q> {
    /// Takes the clauses of a query; tells whether none of them is there twice or means nothing here.
    fn take(&mut self, query: &'q Query) -> bool {
        let (rows, offset) = match &query.limit_clause {
            None => (None, None),
            Some(LimitClause::LimitOffset { limit, offset, limit_by }) if limit_by.is_empty() => {
                (limit.as_ref(), offset.as_ref().map(|offset| &offset.value))
            }
            Some(_) => return false,
        };
        let limit = match (&query.fetch, rows) {
            (None, rows) => rows.map(Limit::Rows),
            (Some(fetch), None) if !fetch.with_ties && !fetch.percent => {
                Some(fetch.quantity.as_ref().map_or(Limit::One, Limit::Rows))
            }
            (Some(_), _) => return false,
        };
        set(&mut self.with, query.with.as_ref())
            && set(&mut self.order, query.order_by.as_ref())
            && set(&mut self.limit, limit)
            && set(&mut self.offset, offset)
    }
}

/// Puts something into an empty place; tells whether there was not something for a full one.
fn set<T>(place: &mut Option<T>, value: Option<T>) -> bool {
    let is_twice = place.is_some() && value.is_some();
    if let Some(value) = value {
        *place = Some(value);
    }
    !is_twice
}

impl<'a> Printer<'a> {
    /// Writes a query, one level deeper.
    pub(super) fn query(&mut self, query: &Query) {
        self.deeper(|printer| {
            // A qualifier says nothing in the SELECT alone that it is about, and not in `VALUES (t.a)`.
            printer.within(Scope::default(), |printer| printer.query_here(query));
        });
    }

    fn query_here(&mut self, query: &Query) {
        let mut whole = Whole::default();
        let mut next = query;
        let body = loop {
            let is_foreign = !next.locks.is_empty() || next.for_clause.is_some() || next.settings.is_some();
            if is_foreign || !whole.take(next) {
                return self.give_up();
            }
            match &*next.body {
                SetExpr::Query(inner) => next = inner,
                body => break body,
            }
        };
        if let Some(with) = whole.with {
            self.with(with);
        }
        self.set_expr(body);
        if let Some(order) = whole.order {
            let select = match body {
                SetExpr::Select(select) => Some(&**select),
                _ => None,
            };
            let scope = select.and_then(|_| self.left.take()).unwrap_or_default();
            self.within(scope, |printer| printer.order_by(order, &Outputs::of(select)));
        }
        match whole.limit {
            Some(Limit::Rows(rows)) => {
                self.write(" LIMIT ");
                self.expr(rows);
            }
            Some(Limit::One) => self.write(" LIMIT 1"),
            None => {}
        }
        if let Some(offset) = whole.offset {
            self.write(" OFFSET ");
            self.expr(offset);
        }
    }

    fn order_by(&mut self, order: &OrderBy, outputs: &Outputs<'_>) {
        match &order.kind {
            OrderByKind::Expressions(order) => {
                self.write(" ORDER BY ");
                self.commas(order, |printer, order| {
                    printer.key(outputs, &order.expr);
                    printer.direction(order);
                });
            }
            OrderByKind::All(_) => self.give_up(),
        }
    }

    fn with(&mut self, with: &With) {
        self.write("WITH ");
        if with.recursive {
            self.write("MUTUALLY RECURSIVE ");
            let options = noted(with.with_token.0.span, |start| {
                self.body.notes.and_then(|notes| notes.recursive.get(&start))
            });
            if let Some(options) = options.filter(|options| !options.is_empty()) {
                self.options(options);
                self.write(" ");
            }
        }
        self.commas(&with.cte_tables, Self::cte);
        self.write(" ");
    }

    fn cte(&mut self, cte: &Cte) {
        self.ident(&cte.alias.name);
        self.alias_columns(&cte.alias);
        self.write(" AS (");
        self.query(&cte.query);
        self.write(")");
    }

    /// Writes a body; chains of set operations without recursion on the left.
    fn set_expr(&mut self, body: &SetExpr) {
        let mut links = Vec::new();
        let mut first = body;
        loop {
            match first {
                SetExpr::SetOperation { left, op, set_quantifier, right } => {
                    links.push((*op, *set_quantifier, &**right));
                    first = left;
                }
                SetExpr::Query(inner) if !self.is_stored() && is_plain(inner) => first = &inner.body,
                _ => break,
            }
        }
        if !self.is_stored() {
            self.write(&"(".repeat(links.len().saturating_sub(1)));
        }
        self.set_operand(first);
        for (number, (op, quantifier, right)) in links.into_iter().rev().enumerate() {
            if number > 0 && !self.is_stored() {
                self.write(")");
            }
            self.write(match op {
                SetOperator::Union => " UNION ",
                SetOperator::Except | SetOperator::Minus => " EXCEPT ",
                SetOperator::Intersect => " INTERSECT ",
            });
            match quantifier {
                SetQuantifier::All => self.write("ALL "),
                SetQuantifier::Distinct | SetQuantifier::None => {}
                SetQuantifier::ByName | SetQuantifier::AllByName | SetQuantifier::DistinctByName => {
                    self.give_up();
                }
            }
            self.set_operand(right);
        }
    }

    fn set_operand(&mut self, body: &SetExpr) {
        match body {
            SetExpr::Select(select) => self.select(select),
            SetExpr::Values(values) => {
                self.write("VALUES ");
                self.commas(&values.rows, |printer, row| {
                    printer.write("(");
                    printer.commas(&row.content, Self::expr);
                    printer.write(")");
                });
            }
            SetExpr::Query(inner) if !self.is_stored() && is_plain(inner) => match &*inner.body {
                chain @ SetExpr::SetOperation { .. } => {
                    self.write("(");
                    self.deeper(|printer| printer.set_expr(chain));
                    self.write(")");
                }
                other => self.deeper(|printer| printer.set_operand(other)),
            },
            SetExpr::Query(inner) => {
                self.write("(");
                self.query(inner);
                self.write(")");
            }
            chain @ SetExpr::SetOperation { .. } => self.deeper(|printer| {
                let stored = printer.is_stored();
                printer.write(if stored { "" } else { "(" });
                printer.set_expr(chain);
                printer.write(if stored { "" } else { ")" });
            }),
            _ => self.give_up(),
        }
    }

    fn select(&mut self, select: &Select) {
        let start = span_of(select.select_token.0.span).map(|span| span.start);
        let is_table = start.zip(self.body.notes).is_some_and(|(start, notes)| notes.tables.contains(&start));
        let scope = self.scope_of(select, is_table);
        let left = self.within(scope, |printer| match select.from.as_slice() {
            [TableWithJoins { relation, .. }] if is_table => {
                printer.write("TABLE ");
                printer.factor(relation);
            }
            _ => printer.select_here(select, start),
        });
        self.left = Some(left);
    }

    fn select_here(&mut self, select: &Select, start: Option<usize>) {
        if select.into.is_some() || select.top.is_some() || !select.lateral_views.is_empty() {
            return self.give_up();
        }
        self.write("SELECT");
        match &select.distinct {
            None | Some(Distinct::All) => {}
            Some(Distinct::Distinct) => self.write(" DISTINCT"),
            Some(Distinct::On(columns)) => {
                self.write(" DISTINCT ON ");
                let outputs = Outputs::of(Some(select));
                self.parenthesised(columns, |printer, column| printer.key(&outputs, column));
            }
        }
        if !select.projection.is_empty() {
            self.write(" ");
            self.commas(&select.projection, Self::item);
        }
        if !select.from.is_empty() {
            self.write(" FROM ");
            self.in_steps(|printer| printer.commas(&select.from, Self::table_with_joins));
        }
        if let Some(filter) = &select.selection {
            self.write(" WHERE ");
            self.expr(filter);
        }
        self.grouping(select);
        let options = start.and_then(|start| self.body.notes.and_then(|notes| notes.options.get(&start)));
        if let Some(options) = options {
            self.write(" OPTIONS ");
            self.options(options);
        }
    }

    fn grouping(&mut self, select: &Select) {
        match &select.group_by {
            GroupByExpr::Expressions(keys, modifiers) if modifiers.is_empty() => {
                if !keys.is_empty() {
                    self.write(" GROUP BY ");
                    // Source: `plan_group_by_expr`: here a name is rather that of a column that goes in.
                    self.commas(keys, Self::expr);
                }
            }
            GroupByExpr::Expressions(..) | GroupByExpr::All(_) => self.give_up(),
        }
        if let Some(having) = &select.having {
            self.write(" HAVING ");
            self.expr(having);
        }
        // What these see of the columns that come out is not known.
        self.qualified(|printer| printer.windows(select));
    }

    fn windows(&mut self, select: &Select) {
        if !select.named_window.is_empty() {
            self.write(" WINDOW ");
            self.commas(&select.named_window, |printer, window| {
                printer.ident(&window.0);
                printer.write(" AS ");
                match &window.1 {
                    NamedWindowExpr::NamedWindow(name) => printer.ident(name),
                    NamedWindowExpr::WindowSpec(spec) => {
                        printer.write("(");
                        printer.window(spec);
                        printer.write(")");
                    }
                }
            });
        }
        if let Some(qualify) = &select.qualify {
            self.write(" QUALIFY ");
            self.expr(qualify);
        }
    }

    fn item(&mut self, item: &SelectItem) {
        match item {
            SelectItem::UnnamedExpr(expr) => self.expr(expr),
            SelectItem::ExprWithAlias { expr, alias } => {
                self.expr(expr);
                self.write(" AS ");
                self.ident(alias);
            }
            SelectItem::Wildcard(_) => self.write("*"),
            SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => {
                self.star(name);
            }
            SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::Expr(expr), _) => {
                self.record(expr);
                self.write(".*");
            }
            SelectItem::ExprWithAliases { .. } => self.give_up(),
        }
    }

    pub(super) fn order(&mut self, order: &OrderByExpr) {
        self.expr(&order.expr);
        self.direction(order);
    }

    fn direction(&mut self, order: &OrderByExpr) {
        match order.options.asc {
            Some(true) => self.write(if self.is_stored() { " ASC" } else { "" }),
            Some(false) => self.write(" DESC"),
            None => {}
        }
        match order.options.nulls_first {
            Some(true) => self.write(" NULLS FIRST"),
            Some(false) => self.write(" NULLS LAST"),
            None => {}
        }
    }

    fn table_with_joins(&mut self, table: &TableWithJoins) {
        self.factor(&table.relation);
        for join in &table.joins {
            self.join(join);
        }
    }

    fn join(&mut self, join: &Join) {
        let Some((words, constraint)) = words_and_constraint(join) else { return self.give_up() };
        self.write(if matches!(constraint, JoinConstraint::Natural) { " NATURAL " } else { " " });
        self.write(words);
        self.write(" ");
        self.factor(&join.relation);
        match constraint {
            JoinConstraint::On(condition) => {
                self.write(" ON ");
                self.expr(condition);
            }
            JoinConstraint::Using(columns) => self.using(columns),
            JoinConstraint::Natural | JoinConstraint::None => {}
        }
    }

    fn using(&mut self, columns: &[ObjectName]) {
        self.write(" USING ");
        self.parenthesised(columns, |printer, column| {
            printer.separated(&idents(column), ".", |printer, part| printer.ident(part));
        });
        if let Some(alias) = self.using_alias(columns) {
            self.write(" AS ");
            self.words(std::slice::from_ref(alias));
            self.see();
        }
    }

    fn factor(&mut self, factor: &TableFactor) {
        self.deeper(|printer| printer.factor_here(factor));
    }

    fn factor_here(&mut self, factor: &TableFactor) {
        if !self.is_stored() && is_foreign(factor) {
            return self.give_up();
        }
        let alias = match factor {
            TableFactor::Table { name, alias, args: None, .. } => {
                self.relation(name);
                alias
            }
            TableFactor::Table { name, alias, args: Some(args), with_ordinality, .. } => {
                self.table_function(name, args);
                self.write(if *with_ordinality { " WITH ORDINALITY" } else { "" });
                alias
            }
            TableFactor::Function { name, args, alias, with_ordinality, .. } => {
                self.function_name(&idents(name));
                self.write("(");
                self.function_args(args);
                self.write(")");
                self.write(if *with_ordinality { " WITH ORDINALITY" } else { "" });
                alias
            }
            TableFactor::Derived { lateral: true, subquery, alias, sample: None } => {
                self.write("LATERAL (");
                self.query(subquery);
                self.write(")");
                alias
            }
            TableFactor::Derived { lateral: false, subquery, alias, sample: None } => {
                self.write("(");
                self.apart(|printer| printer.query(subquery));
                self.write(")");
                alias
            }
            TableFactor::NestedJoin { table_with_joins, alias: None } => {
                return self.nested(table_with_joins);
            }
            TableFactor::NestedJoin { table_with_joins, alias } => {
                let scope = self.scope_of_joins(table_with_joins);
                self.within(scope, |printer| printer.in_steps(|printer| printer.joins(table_with_joins)));
                alias
            }
            _ => return self.give_up(),
        };
        let alias = alias.as_ref().filter(|alias| match factor {
            TableFactor::Table { name, args: None, .. } => self.is_stored() || !says_nothing(name, alias),
            _ => true,
        });
        if let Some(alias) = alias {
            self.write(" AS ");
            self.ident(&alias.name);
            self.alias_columns(alias);
        }
        self.see();
    }

    /// Writes joins in parentheses, of which one pair is enough.
    fn nested(&mut self, joins: &TableWithJoins) {
        let is_nested = |factor: &TableFactor| matches!(factor, TableFactor::NestedJoin { .. });
        if !self.is_stored() && joins.joins.is_empty() && is_nested(&joins.relation) {
            return self.factor(&joins.relation);
        }
        self.joins(joins);
    }

    fn joins(&mut self, joins: &TableWithJoins) {
        self.write("(");
        self.table_with_joins(joins);
        self.write(")");
    }

    fn relation(&mut self, name: &ObjectName) {
        let parts = idents(name);
        let start = parts.first().and_then(|first| span_of(first.span)).map(|span| span.start);
        match start.and_then(|start| self.reference(start)) {
            Some(reference) => {
                let name = self.names.object(reference);
                self.write(&name);
            }
            None => self.separated(&parts, ".", |printer, part| printer.ident(part)),
        }
    }

    fn table_function(&mut self, name: &ObjectName, args: &TableFunctionArgs) {
        let parts = idents(name);
        match parts.as_slice() {
            [only] if only.value == ROWS_FROM => self.write("ROWS FROM "),
            _ => self.function_name(&parts),
        }
        self.write("(");
        self.function_args(&args.args);
        self.write(")");
    }

    fn alias_columns(&mut self, alias: &TableAlias) {
        if alias.columns.is_empty() {
            return;
        }
        self.write(" ");
        self.parenthesised(&alias.columns, |printer, column| {
            printer.ident(&column.name);
            if let Some(data_type) = &column.data_type {
                printer.write(" ");
                printer.tree_type(data_type);
            }
        });
    }

    /// The alias behind `USING (…)`, which lowering took out.
    pub(super) fn using_alias(&self, columns: &[ObjectName]) -> Option<&'a Token<'static>> {
        let first = columns.first()?.0.first()?.as_ident()?;
        noted(first.span, |start| self.body.notes.and_then(|notes| notes.using.get(&start)))
    }

    /// Writes the options that lowering took out.
    fn options(&mut self, options: &[Token]) {
        self.write("(");
        self.noted_options(options);
        self.write(")");
    }
}

/// The words of a join and its condition; nothing for one that the server does not have.
pub(super) fn words_and_constraint(join: &Join) -> Option<(&'static str, &JoinConstraint)> {
    Some(match &join.join_operator {
        JoinOperator::Join(constraint) | JoinOperator::Inner(constraint) => ("JOIN", constraint),
        JoinOperator::Left(constraint) | JoinOperator::LeftOuter(constraint) => ("LEFT JOIN", constraint),
        JoinOperator::Right(constraint) | JoinOperator::RightOuter(constraint) => ("RIGHT JOIN", constraint),
        JoinOperator::FullOuter(constraint) => ("FULL JOIN", constraint),
        JoinOperator::CrossJoin(constraint) => ("CROSS JOIN", constraint),
        _ => return None,
    })
}

/// Tells whether something stands beside a relation that the server does not have.
fn is_foreign(factor: &TableFactor) -> bool {
    match factor {
        TableFactor::Table { args: None, with_ordinality: true, .. } => true,
        TableFactor::Table { with_hints, version, partitions, json_path, sample, index_hints, .. } => {
            !with_hints.is_empty()
                || version.is_some()
                || !partitions.is_empty()
                || json_path.is_some()
                || sample.is_some()
                || !index_hints.is_empty()
        }
        _ => false,
    }
}

/// Tells whether parentheses around a query change nothing.
fn is_plain(query: &Query) -> bool {
    query.with.is_none() && query.order_by.is_none() && query.limit_clause.is_none() && query.fetch.is_none()
}

/// Looks something up by where a token of the tree stands.
fn noted<'n, T>(place: Place, find: impl FnOnce(usize) -> Option<&'n T>) -> Option<&'n T> {
    find(span_of(place)?.start)
}
