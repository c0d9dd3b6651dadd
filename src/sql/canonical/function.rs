//! Functions with their arguments and windows.

use sqlparser::ast::DuplicateTreatment;
use sqlparser::ast::Function;
use sqlparser::ast::FunctionArg;
use sqlparser::ast::FunctionArgExpr;
use sqlparser::ast::FunctionArgumentClause;
use sqlparser::ast::FunctionArgumentList;
use sqlparser::ast::FunctionArguments;
use sqlparser::ast::Ident as TreeIdent;
use sqlparser::ast::WindowFrame;
use sqlparser::ast::WindowFrameBound;
use sqlparser::ast::WindowSpec;
use sqlparser::ast::WindowType;

use super::printer::Printer;
use crate::name::Ident;
use crate::sql::references::ident;
use crate::sql::references::idents;

/// Functions that the server keeps as syntax, without a schema.
const SYNTAX: &[&str] = &["coalesce", "greatest", "least", "nullif", "row"];

/// What takes a query instead of arguments.
const CONSTRUCTORS: &[&str] = &["array", "list", "map"];

impl Printer<'_> {
    /// Writes the name of a function.
    pub(super) fn function_name(&mut self, parts: &[&TreeIdent]) {
        let parts: Option<Vec<Ident>> = parts.iter().map(|part| ident(part)).collect();
        match parts {
            Some(parts) => {
                let name = self.names.function(&parts);
                self.write(&name);
            }
            None => self.give_up(),
        }
    }

    /// Writes a call with everything that may follow the arguments.
    pub(super) fn function(&mut self, function: &Function) {
        let parts = idents(&function.name);
        let single = match parts.as_slice() {
            [only] => Some(only.value.to_lowercase()),
            _ => None,
        };
        let is_one_of = |list: &[&str]| single.as_deref().is_some_and(|name| list.contains(&name));
        match &function.args {
            FunctionArguments::None => {
                return self.separated(&parts, ".", |printer, part| printer.ident(part));
            }
            FunctionArguments::Subquery(query) => {
                match single.as_deref().filter(|_| is_one_of(CONSTRUCTORS)) {
                    Some(constructor) => self.write(&constructor.to_uppercase()),
                    None => self.function_name(&parts),
                }
                self.write("(");
                self.query(query);
                self.write(")");
                return;
            }
            FunctionArguments::List(list) => {
                match single.as_deref().filter(|_| is_one_of(SYNTAX)) {
                    Some(syntax) => self.write(&syntax.to_uppercase()),
                    None => self.function_name(&parts),
                }
                self.arguments(list);
            }
        }
        if !function.within_group.is_empty() {
            self.write(" WITHIN GROUP (ORDER BY ");
            self.commas(&function.within_group, Self::order);
            self.write(")");
        }
        if let Some(filter) = &function.filter {
            self.write(" FILTER (WHERE ");
            self.expr(filter);
            self.write(")");
        }
        if let Some(treatment) = &function.null_treatment {
            self.write(&format!(" {treatment}"));
        }
        match &function.over {
            None => {}
            Some(WindowType::NamedWindow(name)) => {
                self.write(" OVER ");
                self.ident(name);
            }
            Some(WindowType::WindowSpec(window)) => {
                self.write(" OVER (");
                self.window(window);
                self.write(")");
            }
        }
    }

    fn arguments(&mut self, list: &FunctionArgumentList) {
        self.write("(");
        if list.duplicate_treatment == Some(DuplicateTreatment::Distinct) {
            self.write("DISTINCT ");
        }
        self.function_args(&list.args);
        for clause in &list.clauses {
            match clause {
                FunctionArgumentClause::OrderBy(order) => {
                    self.write(" ORDER BY ");
                    self.commas(order, Self::order);
                }
                FunctionArgumentClause::IgnoreOrRespectNulls(treatment) => {
                    self.write(&format!(" {treatment}"));
                }
                _ => self.give_up(),
            }
        }
        self.write(")");
    }

    /// Writes arguments with commas between.
    pub(super) fn function_args(&mut self, args: &[FunctionArg]) {
        self.commas(args, |printer, arg| match arg {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => printer.expr(expr),
            FunctionArg::Unnamed(FunctionArgExpr::Wildcard) => printer.write("*"),
            FunctionArg::Unnamed(FunctionArgExpr::QualifiedWildcard(name)) => printer.star(name),
            _ => printer.give_up(),
        });
    }

    /// Writes what stands in the parentheses of a window.
    pub(super) fn window(&mut self, window: &WindowSpec) {
        let mut between = "";
        if let Some(name) = &window.window_name {
            self.ident(name);
            between = " ";
        }
        if !window.partition_by.is_empty() {
            self.write(between);
            self.write("PARTITION BY ");
            self.commas(&window.partition_by, Self::expr);
            between = " ";
        }
        if !window.order_by.is_empty() {
            self.write(between);
            self.write("ORDER BY ");
            self.commas(&window.order_by, Self::order);
            between = " ";
        }
        if let Some(frame) = &window.window_frame {
            self.write(between);
            self.frame(frame);
        }
    }

    fn frame(&mut self, frame: &WindowFrame) {
        self.write(&format!("{} ", frame.units));
        match &frame.end_bound {
            Some(end) => {
                self.write("BETWEEN ");
                self.bound(&frame.start_bound);
                self.write(" AND ");
                self.bound(end);
            }
            None => self.bound(&frame.start_bound),
        }
    }

    fn bound(&mut self, bound: &WindowFrameBound) {
        let (distance, word) = match bound {
            WindowFrameBound::CurrentRow => return self.write("CURRENT ROW"),
            WindowFrameBound::Preceding(distance) => (distance, " PRECEDING"),
            WindowFrameBound::Following(distance) => (distance, " FOLLOWING"),
        };
        match distance {
            Some(distance) => self.expr(distance),
            None => self.write("UNBOUNDED"),
        }
        self.write(word);
    }
}
