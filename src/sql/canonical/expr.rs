//! Expressions.

use sqlparser::ast::AccessExpr;
use sqlparser::ast::Array;
use sqlparser::ast::BinaryOperator;
use sqlparser::ast::CaseWhen;
use sqlparser::ast::DataType as TreeType;
use sqlparser::ast::DateTimeField;
use sqlparser::ast::Expr;
use sqlparser::ast::Ident as TreeIdent;
use sqlparser::ast::Interval;
use sqlparser::ast::Subscript;
use sqlparser::ast::TrimWhereField;
use sqlparser::ast::UnaryOperator;
use sqlparser::ast::Value;

use super::number::is_bound;
use super::number::is_negative_number;
use super::number::is_number;
use super::number::starts_with_number;
use super::printer::Printer;
use crate::name::literal;
use crate::sql::dialect::LIST;
use crate::sql::references::idents;

/// What makes an array of the brackets behind it.
const ARRAY: &str = "ARRAY";

impl Printer<'_> {
    /// Writes an expression as it stands.
    pub(super) fn expr(&mut self, expr: &Expr) {
        self.deeper(|printer| printer.expr_here(expr));
    }

    /// Writes an expression that is part of a larger one.
    fn operand(&mut self, expr: &Expr) {
        if self.is_stored() {
            return self.expr(expr);
        }
        if is_not_exists(expr) {
            return self.give_up();
        }
        let bare = without_parentheses(expr);
        if is_compound(bare) {
            self.write("(");
            self.expr(bare);
            self.write(")");
        } else {
            self.expr(bare);
        }
    }

    /// Writes what stands beside `AND` or `OR`, or behind `NOT`, which bind less than all else.
    fn condition(&mut self, expr: &Expr) {
        match without_parentheses(expr) {
            bare if !self.is_stored() && is_not_exists(bare) => self.expr(bare),
            _ => self.operand(expr),
        }
    }

    fn side(&mut self, op: &BinaryOperator, expr: &Expr) {
        match op {
            BinaryOperator::And | BinaryOperator::Or => self.condition(expr),
            _ => self.operand(expr),
        }
    }

    fn expr_here(&mut self, expr: &Expr) {
        match expr {
            // Source: the server takes a query in any number of parentheses for one.
            Expr::Nested(_) if let subquery @ Expr::Subquery(_) = without_parentheses(expr) => {
                self.expr(subquery);
            }
            Expr::Nested(inner) if self.is_stored() => {
                self.write("(");
                self.expr(inner);
                self.write(")");
            }
            Expr::Nested(inner) => self.expr(inner),
            Expr::Identifier(name) => self.ident(name),
            Expr::CompoundIdentifier(parts) => self.column(parts),
            Expr::CompoundFieldAccess { root, access_chain } => self.access(root, access_chain),
            Expr::Value(value) => self.value(&value.value),
            Expr::Interval(interval) => self.interval(interval),
            Expr::BinaryOp { .. } => self.chain(expr),
            Expr::UnaryOp { op, expr } => self.unary(*op, expr),
            Expr::Cast { expr, data_type, array, .. } if self.is_stored() || !array => {
                self.cast(expr, data_type);
            }
            Expr::Collate { expr, collation } => {
                self.operand(expr);
                self.write(" COLLATE ");
                self.separated(&idents(collation), ".", |printer, part| printer.ident(part));
            }
            Expr::Case { operand, conditions, else_result, .. } => {
                self.case(operand.as_deref(), conditions, else_result.as_deref());
            }
            Expr::Function(function) => self.function(function),
            Expr::Tuple(items) => {
                self.write("ROW");
                self.parenthesised(items, Self::expr);
            }
            Expr::Array(array) => {
                self.write(if array.named { ARRAY } else { "" });
                self.elements(array, ARRAY);
            }
            Expr::Prefixed { prefix, value } if prefix.value == LIST => {
                self.write(LIST);
                match &**value {
                    Expr::Array(array) => self.elements(array, LIST),
                    other => self.expr(other),
                }
            }
            Expr::Map(map) => {
                self.write("MAP[");
                self.commas(&map.entries, |printer, entry| {
                    printer.expr(&entry.key);
                    printer.write(" => ");
                    printer.expr(&entry.value);
                });
                self.write("]");
            }
            _ => self.predicate(expr),
        }
    }

    /// Writes the elements of an array or a list, in which brackets alone make another one of the kind.
    fn elements(&mut self, array: &Array, constructor: &str) {
        self.write("[");
        self.commas(&array.elem, |printer, element| match element {
            Expr::Array(inner) if !inner.named && !printer.is_stored() => {
                printer.write(constructor);
                printer.deeper(|printer| printer.elements(inner, constructor));
            }
            other => printer.expr(other),
        });
        self.write("]");
    }

    /// Writes conditions and what contains a query.
    fn predicate(&mut self, expr: &Expr) {
        match expr {
            Expr::IsNull(inner) => self.is(inner, "NULL"),
            Expr::IsNotNull(inner) => self.is(inner, "NOT NULL"),
            Expr::IsTrue(inner) => self.is(inner, "TRUE"),
            Expr::IsNotTrue(inner) => self.is(inner, "NOT TRUE"),
            Expr::IsFalse(inner) => self.is(inner, "FALSE"),
            Expr::IsNotFalse(inner) => self.is(inner, "NOT FALSE"),
            Expr::IsUnknown(inner) => self.is(inner, "UNKNOWN"),
            Expr::IsNotUnknown(inner) => self.is(inner, "NOT UNKNOWN"),
            Expr::IsDistinctFrom(left, right) => self.distinct(left, " IS DISTINCT FROM ", right),
            Expr::IsNotDistinctFrom(left, right) => self.distinct(left, " IS NOT DISTINCT FROM ", right),
            Expr::InList { expr, list, negated } => {
                self.operand(expr);
                self.write(if *negated { " NOT IN " } else { " IN " });
                match list.as_slice() {
                    [only] if let subquery @ Expr::Subquery(_) = without_parentheses(only) => {
                        self.expr(subquery);
                    }
                    _ => self.parenthesised(list, Self::expr),
                }
            }
            Expr::InSubquery { expr, subquery, negated } => {
                self.operand(expr);
                self.write(if *negated { " NOT IN (" } else { " IN (" });
                self.query(subquery);
                self.write(")");
            }
            Expr::Between { expr, negated, low, high } => {
                self.operand(expr);
                self.write(if *negated { " NOT BETWEEN " } else { " BETWEEN " });
                self.between_words(low, " AND ", high);
            }
            Expr::Like { negated, expr, pattern, escape_char, any: false } => {
                self.like(if *negated { " NOT LIKE " } else { " LIKE " }, expr, pattern);
                self.escape(escape_char.as_ref().map(|escape| &escape.value));
            }
            Expr::ILike { negated, expr, pattern, escape_char, any: false } => {
                self.like(if *negated { " NOT ILIKE " } else { " ILIKE " }, expr, pattern);
                self.escape(escape_char.as_ref().map(|escape| &escape.value));
            }
            Expr::AnyOp { left, compare_op, right, .. } => self.quantified(left, compare_op, "ANY", right),
            Expr::AllOp { left, compare_op, right } => self.quantified(left, compare_op, "ALL", right),
            Expr::Exists { subquery, negated } => {
                self.write(if *negated { "NOT EXISTS (" } else { "EXISTS (" });
                self.query(subquery);
                self.write(")");
            }
            Expr::Subquery(query) => {
                self.write("(");
                self.query(query);
                self.write(")");
            }
            Expr::Wildcard(_) => self.write("*"),
            Expr::QualifiedWildcard(name, _) => self.star(name),
            _ => self.spelled_function(expr),
        }
    }

    /// Writes what SQL spells in its own way and the server keeps as a function.
    fn spelled_function(&mut self, expr: &Expr) {
        let one = Expr::Value(Value::Number("1".to_owned(), false).into());
        match expr {
            Expr::Extract { field, expr, .. } => {
                let field = field.to_string().trim_matches(['\'', '"']).to_lowercase();
                self.call("extract", &[&Expr::Value(Value::SingleQuotedString(field).into()), expr]);
            }
            Expr::Position { expr, r#in } => self.call("position", &[expr, r#in]),
            Expr::Substring { expr, substring_from, substring_for, .. } => {
                let from = match (substring_from, substring_for) {
                    (None, Some(_)) => Some(&one),
                    (from, _) => from.as_deref(),
                };
                let arguments = [Some(&**expr), from, substring_for.as_deref()];
                self.call("substring", &arguments.into_iter().flatten().collect::<Vec<_>>());
            }
            Expr::Trim { trim_where, trim_what, expr, trim_characters } => {
                let name = match trim_where {
                    None | Some(TrimWhereField::Both) => "btrim",
                    Some(TrimWhereField::Leading) => "ltrim",
                    Some(TrimWhereField::Trailing) => "rtrim",
                };
                let mut arguments = vec![&**expr];
                arguments.extend(trim_what.as_deref());
                arguments.extend(trim_characters.iter().flatten());
                self.call(name, &arguments);
            }
            Expr::AtTimeZone { timestamp, time_zone } => self.call("timezone", &[time_zone, timestamp]),
            Expr::Ceil { expr, .. } => self.call("ceil", &[expr]),
            Expr::Floor { expr, .. } => self.call("floor", &[expr]),
            _ => self.give_up(),
        }
    }

    fn call(&mut self, name: &str, arguments: &[&Expr]) {
        self.function_name(&[&TreeIdent::new(name)]);
        self.parenthesised(arguments, |printer, argument| printer.expr(argument));
    }

    fn is(&mut self, expr: &Expr, what: &str) {
        self.operand(expr);
        self.write(" IS ");
        self.write(what);
    }

    fn between_words(&mut self, left: &Expr, words: &str, right: &Expr) {
        self.operand(left);
        self.write(words);
        self.operand(right);
    }

    fn distinct(&mut self, left: &Expr, words: &str, right: &Expr) {
        if !self.is_stored() && may_end_sooner(right) {
            return self.give_up();
        }
        self.between_words(left, words, right);
    }

    fn like(&mut self, words: &str, expr: &Expr, pattern: &Expr) {
        self.between_words(expr, words, pattern);
    }

    fn escape(&mut self, escape: Option<&Value>) {
        if let Some(escape) = escape {
            self.write(" ESCAPE ");
            self.value(escape);
        }
    }

    fn quantified(&mut self, left: &Expr, op: &BinaryOperator, word: &str, right: &Expr) {
        self.operand(left);
        self.write(&format!(" {op} {word} ("));
        match without_parentheses(right) {
            Expr::Subquery(query) => self.query(query),
            _ if self.is_stored() => self.expr(right),
            other => self.expr(other),
        }
        self.write(")");
    }

    /// Writes a chain of binary operators, without recursion on the left.
    fn chain(&mut self, expr: &Expr) {
        let mut links = Vec::new();
        let mut first = expr;
        while let Expr::BinaryOp { left, op, right } = first {
            links.push((op, &**right));
            first = match without_parentheses(left) {
                chain @ Expr::BinaryOp { .. } if !self.is_stored() => chain,
                _ => left,
            };
        }
        if !self.is_stored() {
            self.write(&"(".repeat(links.len() - 1));
        }
        match links.last() {
            Some((op, _)) => self.side(op, first),
            None => self.operand(first),
        }
        for (number, (op, right)) in links.into_iter().rev().enumerate() {
            if number > 0 && !self.is_stored() {
                self.write(")");
            }
            self.write(" ");
            self.write(&op.to_string());
            self.write(" ");
            self.side(op, right);
        }
    }

    fn unary(&mut self, op: UnaryOperator, expr: &Expr) {
        match (op, without_parentheses(expr)) {
            (UnaryOperator::Not, _) => {
                self.write("NOT ");
                return self.condition(expr);
            }
            (UnaryOperator::Minus, inner)
                if is_number(inner) && (is_number(expr) || !self.is_stored() && !is_bound(inner)) =>
            {
                self.write("-");
            }
            (UnaryOperator::Minus, _) if starts_with_number(expr) => self.write("-"),
            (UnaryOperator::Minus, _) => self.write("- "),
            (UnaryOperator::Plus, _) => self.write("+ "),
            (UnaryOperator::BitwiseNot, _) => self.write("~ "),
            _ => self.give_up(),
        }
        self.operand(expr);
    }

    fn cast(&mut self, expr: &Expr, data_type: &TreeType) {
        if !self.is_stored() && is_not_exists(expr) {
            return self.give_up();
        }
        let inner = if self.is_stored() { expr } else { without_parentheses(expr) };
        // Source: the server puts brackets around what `::` would bind to only in part. The sign of a number is part of
        // that to it.
        let simple = matches!(
            inner,
            Expr::Nested(_)
                | Expr::Value(_)
                | Expr::Cast { .. }
                | Expr::Identifier(_)
                | Expr::CompoundIdentifier(_)
                | Expr::Collate { .. }
        );
        if simple || is_call(inner) || is_negative_number(inner) {
            self.expr(inner);
        } else {
            self.write("(");
            self.expr(inner);
            self.write(")");
        }
        self.write("::");
        self.tree_type(data_type);
    }

    /// Writes a type, which lowering left a placeholder for.
    pub(super) fn tree_type(&mut self, data_type: &TreeType) {
        let noted = match data_type {
            TreeType::Custom(name, _) => match name.0.as_slice() {
                [part] => part
                    .as_ident()
                    .and_then(|ident| self.body.notes.and_then(|notes| notes.data_type(&ident.value))),
                _ => None,
            },
            _ => None,
        };
        match noted {
            Some(data_type) => self.data_type(data_type),
            None => self.give_up(),
        }
    }

    fn case(&mut self, operand: Option<&Expr>, conditions: &[CaseWhen], otherwise: Option<&Expr>) {
        self.write("CASE");
        if let Some(operand) = operand {
            self.write(" ");
            self.expr(operand);
        }
        for when in conditions {
            self.write(" WHEN ");
            self.expr(&when.condition);
            self.write(" THEN ");
            self.expr(&when.result);
        }
        if let Some(otherwise) = otherwise {
            self.write(" ELSE ");
            self.expr(otherwise);
        }
        self.write(" END");
    }

    /// Writes what `.*` stands behind: `(r).*` is all fields of a column, `r.*` all columns of a relation.
    pub(super) fn record(&mut self, expr: &Expr) {
        match without_parentheses(expr) {
            bare @ (Expr::Identifier(_) | Expr::CompoundIdentifier(_)) if !self.is_stored() => {
                self.write("(");
                self.expr(bare);
                self.write(")");
            }
            _ if matches!(expr, Expr::Nested(_)) => self.operand(expr),
            _ => self.expr(expr),
        }
    }

    fn access(&mut self, root: &Expr, chain: &[AccessExpr]) {
        let mut columns = Vec::new();
        if let Expr::Identifier(first) = root {
            columns.push(first.clone());
            columns.extend(chain.iter().map_while(|access| match access {
                AccessExpr::Dot(Expr::Identifier(part)) => Some(part.clone()),
                _ => None,
            }));
        }
        let rest = if let Expr::Nested(inner) = root {
            // `(r).f` is a field, `r.f` a column.
            self.write("(");
            self.expr(inner);
            self.write(")");
            chain
        } else if columns.is_empty() {
            self.operand(root);
            chain
        } else {
            self.column(&columns);
            chain.get(columns.len() - 1..).unwrap_or_default()
        };
        for access in rest {
            match access {
                AccessExpr::Dot(field) => {
                    self.write(".");
                    self.expr(field);
                }
                AccessExpr::Subscript(Subscript::Index { index }) => {
                    self.write("[");
                    self.expr(index);
                    self.write("]");
                }
                AccessExpr::Subscript(Subscript::Slice { lower_bound, upper_bound, stride: None }) => {
                    self.write("[");
                    self.maybe(lower_bound.as_ref());
                    self.write(":");
                    self.maybe(upper_bound.as_ref());
                    self.write("]");
                }
                AccessExpr::Subscript(Subscript::Slice { .. }) => self.give_up(),
            }
        }
    }

    fn maybe(&mut self, expr: Option<&Expr>) {
        if let Some(expr) = expr {
            self.expr(expr);
        }
    }

    pub(super) fn value(&mut self, value: &Value) {
        match value {
            Value::Number(digits, _) => self.write(&digits.to_uppercase()),
            Value::SingleQuotedString(text) => self.write(&literal(text)),
            Value::Boolean(true) => self.write("true"),
            Value::Boolean(false) => self.write("false"),
            Value::Null => self.write("NULL"),
            Value::HexStringLiteral(digits) => self.write(&format!("X'{digits}'")),
            Value::Placeholder(parameter) => self.write(parameter),
            _ => self.give_up(),
        }
    }

    fn interval(&mut self, interval: &Interval) {
        self.write("INTERVAL ");
        self.expr(&interval.value);
        let digits = match (&interval.last_field, interval.leading_precision) {
            (None, Some(digits)) if interval.fractional_seconds_precision.is_none() => Some(digits),
            (Some(_), None) => interval.fractional_seconds_precision,
            (None, None) => None,
            _ => return self.give_up(),
        };
        let digits = digits.map_or_else(String::new, |digits| format!("({digits})"));
        // Source: recorded: the server keeps a range from year as its last field alone, and a
        // single field as a range from year.
        let (high, low) = match (&interval.leading_field, &interval.last_field) {
            (None, _) => return,
            (Some(only), None) => (&DateTimeField::Year, only),
            (Some(high), Some(low)) => (high, low),
        };
        match (high, low) {
            (DateTimeField::Year, DateTimeField::Second) if digits.is_empty() => {}
            (DateTimeField::Year, low) => self.write(&format!(" {}", low.to_string().to_uppercase())),
            (high, low) => {
                self.write(&format!(" {} TO {}", high, low).to_uppercase());
            }
        }
        self.write(&digits);
    }
}

/// What stands in any number of parentheses.
pub(super) fn without_parentheses(mut expr: &Expr) -> &Expr {
    while let Expr::Nested(inner) = expr {
        expr = inner;
    }
    expr
}

/// Tells whether it is `NOT EXISTS (…)` without brackets around it.
///
/// Source: the server's parser lets `NOT` have all that binds more: `NOT EXISTS (…) IS NULL` is `NOT (EXISTS (…)
/// IS NULL)`. In the tree both words are one, so what is made of them beside anything is not what was meant.
fn is_not_exists(expr: &Expr) -> bool {
    matches!(expr, Expr::Exists { negated: true, .. })
}

/// Tells whether what stands behind `IS DISTINCT FROM` ends sooner for some servers.
///
/// Source: `parse_infix` of the server's parser reads any expression there, as the tree has it; that of newer ones ends
/// at what binds no more than `IS`.
fn may_end_sooner(right: &Expr) -> bool {
    matches!(
        right,
        Expr::BinaryOp { op: BinaryOperator::And | BinaryOperator::Or, .. }
            | Expr::IsNull(_)
            | Expr::IsNotNull(_)
            | Expr::IsTrue(_)
            | Expr::IsNotTrue(_)
            | Expr::IsFalse(_)
            | Expr::IsNotFalse(_)
            | Expr::IsUnknown(_)
            | Expr::IsNotUnknown(_)
            | Expr::IsDistinctFrom(..)
            | Expr::IsNotDistinctFrom(..)
    )
}

/// Tells whether an expression has to be kept together where it is part of another.
fn is_compound(expr: &Expr) -> bool {
    !matches!(
        expr,
        Expr::Identifier(_)
            | Expr::CompoundIdentifier(_)
            | Expr::CompoundFieldAccess { .. }
            | Expr::Value(_)
            | Expr::Interval(_)
            | Expr::Cast { .. }
            | Expr::Case { .. }
            | Expr::Tuple(_)
            | Expr::Array(_)
            | Expr::Prefixed { .. }
            | Expr::Map(_)
            | Expr::Exists { negated: false, .. }
            | Expr::Subquery(_)
    ) && !is_call(expr)
}

/// Tells whether it is a call of a function to the server, as what has a syntax of its own is too.
fn is_call(expr: &Expr) -> bool {
    matches!(
        expr,
        Expr::Function(_)
            | Expr::Extract { .. }
            | Expr::Position { .. }
            | Expr::Substring { .. }
            | Expr::Trim { .. }
            | Expr::AtTimeZone { .. }
            | Expr::Ceil { .. }
            | Expr::Floor { .. }
    )
}
