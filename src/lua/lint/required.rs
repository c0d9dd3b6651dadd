//! The modules that a text requires by names that are written out.

use std::ops::Range;

use full_moon::ast::Call;
use full_moon::ast::Expression;
use full_moon::ast::FunctionArgs;
use full_moon::ast::FunctionCall;
use full_moon::ast::Prefix;
use full_moon::ast::Suffix;
use full_moon::tokenizer::TokenReference;
use full_moon::tokenizer::TokenType;
use full_moon::visitors::Visitor;

use super::walk::span_of;
use super::walk::text_of;

/// Their names in the order of the text, with the bytes of each.
pub(in crate::lua) fn modules(text: &str) -> Vec<(String, Range<usize>)> {
    super::read(text, |ast| {
        let mut looker = Looker { text, found: Vec::new() };
        looker.visit_ast(ast);
        looker.found
    })
}

struct Looker<'t> {
    text: &'t str,
    found: Vec<(String, Range<usize>)>,
}

impl Visitor for Looker<'_> {
    fn visit_function_call(&mut self, call: &FunctionCall) {
        let Prefix::Name(name) = call.prefix() else { return };
        let Some(Suffix::Call(Call::AnonymousCall(arguments))) = call.suffixes().next() else { return };
        if text_of(self.text, name) == "require" {
            self.found.extend(only(arguments).and_then(literal));
        }
    }
}

/// The string that is the only argument.
fn only(arguments: &FunctionArgs) -> Option<&TokenReference> {
    match arguments {
        FunctionArgs::String(token) => Some(token),
        FunctionArgs::Parentheses { arguments, .. } => match arguments.iter().next() {
            Some(Expression::String(token)) => Some(token),
            _ => None,
        },
        _ => None,
    }
}

fn literal(token: &TokenReference) -> Option<(String, Range<usize>)> {
    match token.token().token_type() {
        TokenType::StringLiteral { literal, .. } => Some((literal.to_string(), span_of(token))),
        _ => None,
    }
}
