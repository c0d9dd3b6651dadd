//! What is wrong with a text that is no SQL, in the server's manner of speaking.

use super::keyword::is_keyword;
use super::span::Span;
use super::token::Lexeme;
use super::token::Token;

/// Why a text is not a statement, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SyntaxError {
    /// The sentence, as the server would say it: `Expected TO, found ON`.
    pub message: String,
    /// The token that was not expected; empty at the end of the text.
    pub span: Span,
    /// The keyword that was certainly meant by a word nearby, in capitals.
    pub meant: Option<&'static str>,
}

impl SyntaxError {
    /// Makes an error of a sentence about a place.
    pub(super) fn new(message: impl Into<String>, span: Span) -> Self {
        Self { message: message.into(), span, meant: None }
    }
}

/// Says that something else was expected at a place; `found` is the token there, if any.
pub(super) fn expected(what: &str, found: Option<&Token<'_>>, end: usize) -> SyntaxError {
    SyntaxError {
        message: format!("Expected {what}, found {}", describe(found)),
        span: found.map_or(Span::new(end, end), |token| token.span),
        meant: None,
    }
}

/// Names a token as the server does: `identifier "x"`, `left parenthesis`, `FROM`, `EOF`.
pub(super) fn describe(token: Option<&Token<'_>>) -> String {
    let Some(token) = token else { return "EOF".to_owned() };
    match &token.lexeme {
        Lexeme::Word(word) if is_keyword(word) => word.to_ascii_uppercase(),
        Lexeme::Word(word) => format!("identifier \"{}\"", word.to_lowercase()),
        Lexeme::Quoted(text) => format!("identifier \"{}\"", text.replace('"', "\"\"")),
        Lexeme::Number(digits) => format!("number \"{digits}\""),
        Lexeme::String(text) => format!("string literal \"{text}\""),
        Lexeme::HexString(text) => format!("hex string literal \"{text}\""),
        Lexeme::Parameter(text) => format!("parameter \"{text}\""),
        other => punctuation(other).map_or_else(|| format!("operator \"{other}\""), str::to_owned),
    }
}

/// The server's name for a mark of punctuation; `None` for operators.
fn punctuation(lexeme: &Lexeme<'_>) -> Option<&'static str> {
    Some(match lexeme {
        Lexeme::LParen => "left parenthesis",
        Lexeme::RParen => "right parenthesis",
        Lexeme::LBracket => "left square bracket",
        Lexeme::RBracket => "right square bracket",
        Lexeme::Comma => "comma",
        Lexeme::Period => "dot",
        Lexeme::Colon => "colon",
        Lexeme::DoubleColon => "double colon",
        Lexeme::SemiColon => "semicolon",
        Lexeme::Eq => "equals sign",
        Lexeme::Star => "star",
        Lexeme::RArrow => "arrow",
        _ => return None,
    })
}
