//! What a file assigns, wherever it does: seen once before it is walked, because a function may be
//! called long before the line that gives a name its value.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use full_moon::ast::Assignment;
use full_moon::ast::Ast;
use full_moon::ast::Expression;
use full_moon::ast::FunctionDeclaration;
use full_moon::ast::Index;
use full_moon::ast::LastStmt;
use full_moon::ast::LocalAssignment;
use full_moon::ast::Prefix;
use full_moon::ast::Suffix;
use full_moon::ast::Var;
use full_moon::visitors::Visitor;

use super::walk::text_of;

/// What a file assigns.
#[derive(Debug, Default)]
pub(super) struct Survey<'t> {
    /// How often a name is given a value, in all scopes together.
    values: BTreeMap<&'t str, usize>,
    /// Names that are assigned to without `local`, or declared as functions.
    pub(super) assigned: BTreeSet<&'t str>,
    /// Fields that the file itself gives a value.
    pub(super) fields: BTreeSet<&'t str>,
}

impl Survey<'_> {
    /// Tells whether a name has one value in the whole file, so that its kind can be known.
    pub(super) fn is_settled(&self, name: &str) -> bool {
        self.values.get(name).is_none_or(|count| *count < 2)
    }
}

/// Looks through a file.
pub(super) fn of<'t>(ast: &Ast, text: &'t str) -> Survey<'t> {
    let mut surveyor = Surveyor { text, survey: Survey::default() };
    surveyor.visit_ast(ast);
    surveyor.survey
}

/// The function of `mz` whose result a file returns, where its last line says so.
pub(super) fn returned<'t>(ast: &Ast, text: &'t str) -> Option<&'t str> {
    let Some(LastStmt::Return(last)) = ast.nodes().last_stmt() else { return None };
    let Some(Expression::FunctionCall(call)) = last.returns().iter().next() else { return None };
    let Prefix::Name(name) = call.prefix() else { return None };
    match call.suffixes().next() {
        Some(Suffix::Index(Index::Dot { name: function, .. })) if text_of(text, name) == "mz" => {
            Some(text_of(text, function))
        }
        _ => None,
    }
}

struct Surveyor<'t> {
    text: &'t str,
    survey: Survey<'t>,
}

impl<'t> Surveyor<'t> {
    fn value(&mut self, name: &'t str) {
        *self.survey.values.entry(name).or_default() += 1;
    }
}

impl Visitor for Surveyor<'_> {
    fn visit_local_assignment(&mut self, node: &LocalAssignment) {
        let values = node.expressions().len();
        for name in node.names().iter().take(values) {
            self.value(text_of(self.text, name));
        }
    }

    fn visit_assignment(&mut self, node: &Assignment) {
        for variable in node.variables() {
            match variable {
                Var::Name(name) => {
                    let name = text_of(self.text, name);
                    self.value(name);
                    self.survey.assigned.insert(name);
                }
                Var::Expression(expression) => {
                    if let Some(Suffix::Index(Index::Dot { name, .. })) = expression.suffixes().last() {
                        self.survey.fields.insert(text_of(self.text, name));
                    }
                }
                _ => {}
            }
        }
    }

    fn visit_function_declaration(&mut self, node: &FunctionDeclaration) {
        let mut names = node.name().names().iter();
        let first = names.next().map(|name| text_of(self.text, name));
        match (first, names.last().or_else(|| node.name().method_name())) {
            (_, Some(field)) => {
                self.survey.fields.insert(text_of(self.text, field));
            }
            (Some(name), None) => {
                self.value(name);
                self.survey.assigned.insert(name);
            }
            (None, None) => {}
        }
    }
}
