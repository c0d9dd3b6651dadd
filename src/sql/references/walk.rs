//! The way through a tree: what queries consist of mostly, and for the rest the way that sqlparser has.
//!
//! sqlparser's own goes to every identifier, place and number, which tell nothing here, and goes as deep as a chain of
//! operators is long. Both call the same hooks of [`Scan`], in the same order. Where a node is taken apart here, all of
//! its fields are named, so that one that a newer sqlparser adds cannot be passed over.

use sqlparser::ast::AccessExpr;
use sqlparser::ast::Array;
use sqlparser::ast::Expr;
use sqlparser::ast::Function;
use sqlparser::ast::FunctionArg;
use sqlparser::ast::FunctionArgExpr;
use sqlparser::ast::FunctionArgumentList;
use sqlparser::ast::FunctionArguments;
use sqlparser::ast::GroupByExpr;
use sqlparser::ast::Join;
use sqlparser::ast::JoinConstraint;
use sqlparser::ast::JoinOperator;
use sqlparser::ast::Map;
use sqlparser::ast::MapEntry;
use sqlparser::ast::OrderBy;
use sqlparser::ast::OrderByExpr;
use sqlparser::ast::OrderByKind;
use sqlparser::ast::Query;
use sqlparser::ast::Select;
use sqlparser::ast::SelectItem;
use sqlparser::ast::SetExpr;
use sqlparser::ast::Subscript;
use sqlparser::ast::TableFactor;
use sqlparser::ast::TableWithJoins;
use sqlparser::ast::Visit;
use sqlparser::ast::Visitor;
use sqlparser::ast::WindowSpec;
use sqlparser::ast::WindowType;

use super::Scan;

/// What is still to be gone through.
enum Open<'t> {
    Expr(&'t Expr),
    Query(&'t Query),
}

impl Scan<'_> {
    /// Goes through a query.
    pub(in crate::sql) fn query(&mut self, query: &Query) {
        let _ = self.pre_visit_query(query);
        let Query {
            with,
            body,
            order_by,
            limit_clause,
            fetch,
            locks,
            for_clause,
            settings,
            format_clause,
            pipe_operators,
        } = query;
        for cte in with.iter().flat_map(|with| &with.cte_tables) {
            self.query(&cte.query);
        }
        self.body(body);
        if let Some(order) = order_by {
            self.order(order);
        }
        self.other(limit_clause);
        self.other(fetch);
        self.other(locks);
        self.other(for_clause);
        self.other(settings);
        self.other(format_clause);
        self.other(pipe_operators);
        let _ = self.post_visit_query(query);
    }

    /// Goes through an expression. One that is a chain of operators is as deep as the chain is long, so what is open is
    /// kept beside the stack.
    pub(in crate::sql) fn expr(&mut self, expr: &Expr) {
        let mut open = Vec::new();
        let mut next = Some(Open::Expr(expr));
        while let Some(node) = next {
            match node {
                Open::Expr(expr) => self.operand(expr, &mut open),
                Open::Query(query) => self.query(query),
            }
            next = open.pop();
        }
    }

    /// Takes one node of an expression; what stands below it is opened, the last first.
    fn operand<'t>(&mut self, expr: &'t Expr, open: &mut Vec<Open<'t>>) {
        match expr {
            Expr::Value(_) => {}
            Expr::Identifier(_) | Expr::CompoundIdentifier(_) => {
                let _ = self.pre_visit_expr(expr);
            }
            Expr::Function(function) => {
                let _ = self.pre_visit_expr(expr);
                self.function(function);
            }
            Expr::Nested(inner)
            | Expr::IsNull(inner)
            | Expr::IsNotNull(inner)
            | Expr::IsTrue(inner)
            | Expr::IsNotTrue(inner)
            | Expr::IsFalse(inner)
            | Expr::IsNotFalse(inner)
            | Expr::IsUnknown(inner)
            | Expr::IsNotUnknown(inner)
            | Expr::Collate { expr: inner, collation: _ }
            | Expr::UnaryOp { op: _, expr: inner }
            | Expr::Cast { kind: _, expr: inner, data_type: _, array: _, format: _ } => {
                open.push(Open::Expr(inner));
            }
            Expr::BinaryOp { left: first, op: _, right: second }
            | Expr::AnyOp { left: first, compare_op: _, right: second, is_some: _ }
            | Expr::AllOp { left: first, compare_op: _, right: second }
            | Expr::IsDistinctFrom(first, second)
            | Expr::IsNotDistinctFrom(first, second)
            | Expr::AtTimeZone { timestamp: first, time_zone: second }
            | Expr::SimilarTo { negated: _, expr: first, pattern: second, escape_char: _ }
            | Expr::Like { negated: _, any: _, expr: first, pattern: second, escape_char: _ }
            | Expr::ILike { negated: _, any: _, expr: first, pattern: second, escape_char: _ } => {
                open.extend([Open::Expr(second), Open::Expr(first)]);
            }
            Expr::Between { expr, negated: _, low, high } => {
                open.extend([Open::Expr(high), Open::Expr(low), Open::Expr(expr)]);
            }
            Expr::InList { expr, list, negated: _ } => {
                open.extend(list.iter().rev().map(Open::Expr));
                open.push(Open::Expr(expr));
            }
            Expr::InSubquery { expr, subquery, negated: _ } => {
                open.extend([Open::Query(subquery), Open::Expr(expr)]);
            }
            Expr::Exists { subquery, negated: _ } | Expr::Subquery(subquery) => {
                open.push(Open::Query(subquery))
            }
            Expr::Case { case_token: _, end_token: _, operand, conditions, else_result } => {
                open.extend(else_result.iter().map(|result| Open::Expr(result)));
                for when in conditions.iter().rev() {
                    open.extend([Open::Expr(&when.result), Open::Expr(&when.condition)]);
                }
                open.extend(operand.iter().map(|operand| Open::Expr(operand)));
            }
            other => self.syntax(other, open),
        }
    }

    /// Takes a node that has words or brackets of its own; chains may stand in them too.
    fn syntax<'t>(&mut self, expr: &'t Expr, open: &mut Vec<Open<'t>>) {
        match expr {
            Expr::Array(Array { elem: list, named: _ }) | Expr::Tuple(list) => {
                open.extend(list.iter().rev().map(Open::Expr));
            }
            Expr::Map(Map { entries }) => {
                for MapEntry { key, value } in entries.iter().rev() {
                    open.extend([Open::Expr(value), Open::Expr(key)]);
                }
            }
            Expr::Prefixed { prefix: _, value: inner }
            | Expr::Extract { field: _, syntax: _, expr: inner } => {
                open.push(Open::Expr(inner));
            }
            Expr::Position { expr, r#in: place } => open.extend([Open::Expr(place), Open::Expr(expr)]),
            Expr::Substring { expr, substring_from, substring_for, special: _, shorthand: _ } => {
                let bounds = substring_for.iter().chain(substring_from);
                open.extend(bounds.map(|bound| Open::Expr(bound)));
                open.push(Open::Expr(expr));
            }
            Expr::Trim { trim_where: _, trim_what, expr, trim_characters } => {
                open.extend(trim_characters.iter().flatten().rev().map(Open::Expr));
                open.push(Open::Expr(expr));
                open.extend(trim_what.iter().map(|what| Open::Expr(what)));
            }
            Expr::CompoundFieldAccess { root, access_chain } => {
                let _ = self.pre_visit_expr(expr);
                for access in access_chain.iter().rev() {
                    match access {
                        AccessExpr::Dot(part) => open.push(Open::Expr(part)),
                        AccessExpr::Subscript(Subscript::Index { index }) => open.push(Open::Expr(index)),
                        AccessExpr::Subscript(Subscript::Slice { lower_bound, upper_bound, stride }) => {
                            let bounds = stride.iter().chain(upper_bound).chain(lower_bound);
                            open.extend(bounds.map(Open::Expr));
                        }
                    }
                }
                open.push(Open::Expr(root));
            }
            other => self.other(other),
        }
    }

    fn function(&mut self, function: &Function) {
        let Function {
            name: _,
            uses_odbc_syntax: _,
            parameters,
            args,
            filter,
            null_treatment: _,
            over,
            within_group,
        } = function;
        self.arguments(parameters);
        self.arguments(args);
        filter.iter().for_each(|filter| self.expr(filter));
        match over {
            Some(WindowType::WindowSpec(window)) => self.window(window),
            Some(WindowType::NamedWindow(_)) | None => {}
        }
        within_group.iter().for_each(|order| self.order_item(order));
    }

    fn window(&mut self, window: &WindowSpec) {
        let WindowSpec { window_name: _, partition_by, order_by, window_frame } = window;
        partition_by.iter().for_each(|key| self.expr(key));
        order_by.iter().for_each(|order| self.order_item(order));
        self.other(window_frame);
    }

    fn arguments(&mut self, arguments: &FunctionArguments) {
        match arguments {
            FunctionArguments::None => {}
            FunctionArguments::Subquery(query) => self.query(query),
            FunctionArguments::List(FunctionArgumentList { duplicate_treatment: _, args, clauses }) => {
                for arg in args {
                    match arg {
                        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => self.expr(expr),
                        other => self.other(other),
                    }
                }
                self.other(clauses);
            }
        }
    }

    fn body(&mut self, body: &SetExpr) {
        match body {
            SetExpr::Select(select) => self.select(select),
            SetExpr::Query(query) => self.query(query),
            SetExpr::Values(values) => {
                values.rows.iter().flat_map(|row| &row.content).for_each(|value| self.expr(value));
            }
            SetExpr::SetOperation { .. } => self.operation(body),
            other => self.other(other),
        }
    }

    /// Goes through a chain of set operations, which may be long too.
    fn operation(&mut self, operation: &SetExpr) {
        let (mut first, mut behind) = (operation, Vec::new());
        while let SetExpr::SetOperation { left, op: _, set_quantifier: _, right } = first {
            behind.push(&**right);
            first = left;
        }
        self.body(first);
        for right in behind.into_iter().rev() {
            self.body(right);
        }
    }

    fn select(&mut self, select: &Select) {
        let _ = self.pre_visit_select(select);
        let Select {
            select_token: _,
            optimizer_hints: _,
            distinct,
            select_modifiers: _,
            top,
            top_before_distinct: _,
            projection,
            exclude: _,
            into,
            from,
            lateral_views,
            prewhere,
            selection,
            connect_by,
            group_by,
            cluster_by,
            distribute_by,
            sort_by,
            having,
            named_window,
            qualify,
            window_before_qualify: _,
            value_table_mode: _,
            flavor: _,
        } = select;
        self.other(distinct);
        self.other(top);
        for item in projection {
            match item {
                SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, alias: _ } => {
                    self.expr(expr)
                }
                other => self.other(other),
            }
        }
        self.other(into);
        from.iter().for_each(|table| self.table(table));
        self.other(lateral_views);
        self.other(prewhere);
        selection.iter().for_each(|condition| self.expr(condition));
        self.other(connect_by);
        match group_by {
            GroupByExpr::Expressions(by, modifiers) => {
                by.iter().for_each(|expr| self.expr(expr));
                self.other(modifiers);
            }
            other @ GroupByExpr::All(_) => self.other(other),
        }
        self.other(cluster_by);
        self.other(distribute_by);
        self.other(sort_by);
        having.iter().for_each(|condition| self.expr(condition));
        self.other(named_window);
        self.other(qualify);
        let _ = self.post_visit_select(select);
    }

    fn table(&mut self, TableWithJoins { relation, joins }: &TableWithJoins) {
        self.factor(relation);
        for Join { relation, global: _, join_operator } in joins {
            self.factor(relation);
            match join_operator {
                JoinOperator::Join(constraint)
                | JoinOperator::Inner(constraint)
                | JoinOperator::Left(constraint)
                | JoinOperator::LeftOuter(constraint)
                | JoinOperator::Right(constraint)
                | JoinOperator::RightOuter(constraint)
                | JoinOperator::FullOuter(constraint)
                | JoinOperator::CrossJoin(constraint) => match constraint {
                    JoinConstraint::On(condition) => self.expr(condition),
                    JoinConstraint::Using(_) | JoinConstraint::Natural => {}
                    JoinConstraint::None => {
                        self.lacks_condition |= !matches!(join_operator, JoinOperator::CrossJoin(_));
                    }
                },
                other => self.other(other),
            }
        }
    }

    fn factor(&mut self, factor: &TableFactor) {
        match factor {
            TableFactor::Table {
                name: _,
                alias: _,
                args: None,
                with_hints,
                version: None,
                with_ordinality: _,
                partitions: _,
                json_path: None,
                sample: None,
                index_hints: _,
            } if with_hints.is_empty() => {
                let _ = self.pre_visit_table_factor(factor);
            }
            TableFactor::Derived { lateral: _, subquery, alias: _, sample: None } => self.query(subquery),
            TableFactor::NestedJoin { table_with_joins, alias: _ } => {
                let _ = self.pre_visit_table_factor(factor);
                self.table(table_with_joins);
                let _ = self.post_visit_table_factor(factor);
            }
            other => self.other(other),
        }
    }

    fn order(&mut self, OrderBy { kind, interpolate }: &OrderBy) {
        match kind {
            OrderByKind::Expressions(order) => order.iter().for_each(|item| self.order_item(item)),
            OrderByKind::All(_) => {}
        }
        self.other(interpolate);
    }

    fn order_item(&mut self, OrderByExpr { expr, options: _, with_fill }: &OrderByExpr) {
        self.expr(expr);
        self.other(with_fill);
    }

    /// Goes sqlparser's way.
    fn other(&mut self, node: &impl Visit) {
        // The hooks never break off.
        let _ = node.visit(self);
    }
}
