//! Statements that are written word by word, with the names in them replaced.

use super::Names;
use super::printer::Printer;
use crate::name::Ident;
use crate::sql::ast::Statement;
use crate::sql::lex::lex;
use crate::sql::mention::Mention;
use crate::sql::mention::mentions;
use crate::sql::span::Span;
use crate::sql::token::Lexeme;
use crate::sql::token::Token;

/// Words that say nothing about what is created.
const NOISE: &[&[&str]] = &[&["OR", "REPLACE"], &["IF", "NOT", "EXISTS"]];

/// Writes a statement from its words: one blank between, unquoted words folded, names replaced.
pub(super) fn statement(text: &str, statement: &Statement, names: &dyn Names) -> String {
    let mut replaced: Vec<(Span, String)> = mentions(&statement.kind)
        .into_iter()
        .filter_map(|mention| {
            let text = match mention {
                Mention::Defined(name) => names.defined(name),
                Mention::Object(name) => names.object(name),
                Mention::Cluster(cluster) => names.cluster(Some(cluster))?,
                Mention::Qualifier(qualifier) => names.object(&qualifier.relation),
                Mention::Type(name) if name.parts.len() > 1 => names.user_type(name),
                // What it means is a guess, and its words tell what was written.
                Mention::Type(_) | Mention::Perhaps(_) => return None,
            };
            Some((mention.span(), text))
        })
        .collect();
    replaced.sort_by_key(|(span, _)| span.start);
    let own = statement.span.of(text);
    // It was parsed from tokens, so it has some.
    let Ok(tokens) = lex(own) else { return own.to_owned() };
    let mut words = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        if let Some(noise) = NOISE.iter().find(|noise| follows(&tokens, at, noise)) {
            at += noise.len();
            continue;
        }
        let start = token.span.start + statement.span.start;
        match replaced.iter().find(|(span, _)| span.start == start) {
            Some((span, name)) => {
                words.push(name.clone());
                while tokens.get(at).is_some_and(|token| token.span.start + statement.span.start < span.end) {
                    at += 1;
                }
            }
            None => {
                words.push(word(token));
                at += 1;
            }
        }
    }
    words.join(" ")
}

fn follows(tokens: &[Token<'_>], at: usize, words: &[&str]) -> bool {
    words.iter().enumerate().all(|(n, word)| tokens.get(at + n).is_some_and(|token| token.is(word)))
}

/// Writes a token: a word that needs no quotes comes out the same with and without them.
fn word(token: &Token<'_>) -> String {
    match &token.lexeme {
        Lexeme::Quoted(text) => {
            Ident::new(text.as_ref()).map_or_else(|_| text.to_string(), |ident| ident.to_string())
        }
        Lexeme::Word(word) => word.to_lowercase(),
        other => other.to_string(),
    }
}

impl Printer<'_> {
    /// Writes tokens as they are.
    pub(super) fn words(&mut self, tokens: &[Token<'_>]) {
        self.separated(tokens, " ", |printer, token| match &token.lexeme {
            Lexeme::Word(word) => printer.named(Ident::folded(word)),
            Lexeme::Quoted(text) => printer.named(Ident::new(text.as_ref())),
            other => printer.write(&other.to_string()),
        });
    }

    fn named<E>(&mut self, ident: Result<Ident, E>) {
        match ident {
            Ok(ident) => self.name(&ident),
            Err(_) => self.give_up(),
        }
    }
}
