//! Tokens with byte spans, and how deep they may nest.
//!
//! Whitespace and comments are gone here, and every kind of string is a plain one. A token borrows
//! from the text it was cut from. Start reading at [`Token`]; [`super::lex`] makes them.

use std::borrow::Cow;
use std::fmt;

use super::error::SyntaxError;
use super::span::Span;
use crate::name::literal;

/// What a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Lexeme<'a> {
    /// A word without quotes, as written.
    Word(Cow<'a, str>),
    /// An identifier in quotes, without them.
    Quoted(Cow<'a, str>),
    /// A number, as written.
    Number(Cow<'a, str>),
    /// What a string of any kind holds.
    String(Cow<'a, str>),
    /// What stands between the quotes of `X'…'`.
    HexString(Cow<'a, str>),
    /// `$1`
    Parameter(Cow<'a, str>),
    /// An operator that has no variant of its own.
    Operator(Cow<'a, str>),
    /// `(`
    LParen,
    /// `)`
    RParen,
    /// `[`
    LBracket,
    /// `]`
    RBracket,
    /// `,`
    Comma,
    /// `.`
    Period,
    /// `:`
    Colon,
    /// `::`
    DoubleColon,
    /// `;`
    SemiColon,
    /// `=`
    Eq,
    /// `*`
    Star,
    /// `-`
    Minus,
    /// `=>`
    RArrow,
}

/// One token and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Token<'a> {
    /// What it is.
    pub(super) lexeme: Lexeme<'a>,
    /// Where it stands.
    pub(super) span: Span,
}

impl Token<'_> {
    /// The unquoted word, as written, if it is one.
    pub(super) fn word(&self) -> Option<&str> {
        match &self.lexeme {
            Lexeme::Word(word) => Some(word),
            _ => None,
        }
    }

    /// Tells whether it is this keyword, given in capitals.
    pub(super) fn is(&self, keyword: &str) -> bool {
        self.word().is_some_and(|word| word.eq_ignore_ascii_case(keyword))
    }

    /// Tells whether it is this lexeme.
    pub(super) fn is_lexeme(&self, lexeme: &Lexeme<'_>) -> bool {
        self.lexeme == *lexeme
    }

    /// Tells whether it is any word, quoted or not.
    pub(super) fn is_word(&self) -> bool {
        matches!(self.lexeme, Lexeme::Word(_) | Lexeme::Quoted(_))
    }

    /// Tells whether it is a number.
    pub(super) fn is_number(&self) -> bool {
        matches!(self.lexeme, Lexeme::Number(_))
    }

    /// Tells whether it opens a bracket of some kind.
    pub(super) fn opens(&self) -> bool {
        matches!(self.lexeme, Lexeme::LParen | Lexeme::LBracket)
    }

    /// Tells whether it closes a bracket of some kind.
    pub(super) fn closes(&self) -> bool {
        matches!(self.lexeme, Lexeme::RParen | Lexeme::RBracket)
    }

    /// The same without its text, for who keeps it longer.
    pub(super) fn into_owned(self) -> Token<'static> {
        Token { lexeme: self.lexeme.into_owned(), span: self.span }
    }
}

impl Lexeme<'_> {
    fn into_owned(self) -> Lexeme<'static> {
        let owned = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        match self {
            Self::Word(text) => Lexeme::Word(owned(text)),
            Self::Quoted(text) => Lexeme::Quoted(owned(text)),
            Self::Number(text) => Lexeme::Number(owned(text)),
            Self::String(text) => Lexeme::String(owned(text)),
            Self::HexString(text) => Lexeme::HexString(owned(text)),
            Self::Parameter(text) => Lexeme::Parameter(owned(text)),
            Self::Operator(text) => Lexeme::Operator(owned(text)),
            Self::LParen => Lexeme::LParen,
            Self::RParen => Lexeme::RParen,
            Self::LBracket => Lexeme::LBracket,
            Self::RBracket => Lexeme::RBracket,
            Self::Comma => Lexeme::Comma,
            Self::Period => Lexeme::Period,
            Self::Colon => Lexeme::Colon,
            Self::DoubleColon => Lexeme::DoubleColon,
            Self::SemiColon => Lexeme::SemiColon,
            Self::Eq => Lexeme::Eq,
            Self::Star => Lexeme::Star,
            Self::Minus => Lexeme::Minus,
            Self::RArrow => Lexeme::RArrow,
        }
    }
}

impl fmt::Display for Lexeme<'_> {
    /// Writes it as it could stand in a text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(text) | Self::Number(text) | Self::Parameter(text) | Self::Operator(text) => {
                f.write_str(text)
            }
            Self::Quoted(text) => write!(f, "\"{}\"", text.replace('"', "\"\"")),
            Self::String(text) => f.write_str(&literal(text)),
            Self::HexString(text) => write!(f, "X'{text}'"),
            Self::LParen => f.write_str("("),
            Self::RParen => f.write_str(")"),
            Self::LBracket => f.write_str("["),
            Self::RBracket => f.write_str("]"),
            Self::Comma => f.write_str(","),
            Self::Period => f.write_str("."),
            Self::Colon => f.write_str(":"),
            Self::DoubleColon => f.write_str("::"),
            Self::SemiColon => f.write_str(";"),
            Self::Eq => f.write_str("="),
            Self::Star => f.write_str("*"),
            Self::Minus => f.write_str("-"),
            Self::RArrow => f.write_str("=>"),
        }
    }
}

/// How deep brackets and operators may nest, as in the server.
pub(super) const MAX_DEPTH: usize = 128;

/// How many tokens may follow each other without a comma or a bracket, and how many set operations
/// one query may have: a chain of operators makes a tree as deep as the chain is long, and trees
/// are dropped by recursion.
const MAX_CHAIN: usize = 20_000;

/// Refuses a statement that would nest too deep for the stack.
///
/// # Errors
/// At the first token that is too deep.
pub(super) fn check_depth(tokens: &[Token<'_>]) -> Result<(), SyntaxError> {
    // Most have too few brackets and words for anything to be too deep.
    let may_be_deep = || tokens.iter().filter(|token| token.opens()).count() > MAX_DEPTH;
    if tokens.len() <= MAX_CHAIN && !may_be_deep() {
        return Ok(());
    }
    let mut chains: Vec<usize> = Vec::new();
    let mut chain = 0_usize;
    let mut set_operations = 0_usize;
    for token in tokens {
        chain += 1;
        match &token.lexeme {
            Lexeme::LParen | Lexeme::LBracket => {
                chains.push(chain);
                chain = 0;
            }
            Lexeme::RParen | Lexeme::RBracket => chain = chains.pop().unwrap_or_default(),
            Lexeme::Comma => chain = 0,
            Lexeme::Word(word) if is_set_operator(word) => {
                chain = 0;
                set_operations += 1;
            }
            _ => {}
        }
        if chains.len() > MAX_DEPTH || chain > MAX_CHAIN || set_operations > MAX_CHAIN {
            return Err(too_deep(token.span));
        }
    }
    Ok(())
}

/// Tells whether a word stands between two queries; every word is asked, and most by their length alone.
fn is_set_operator(word: &str) -> bool {
    let operator = match word.len() {
        5 => "UNION",
        6 => "EXCEPT",
        9 => "INTERSECT",
        _ => return false,
    };
    word.eq_ignore_ascii_case(operator)
}

/// Says in the server's words that something nests too deep.
pub(super) fn too_deep(span: Span) -> SyntaxError {
    SyntaxError::new(format!("{TOO_DEEP}{MAX_DEPTH}"), span)
}

/// How the server begins to say it.
const TOO_DEEP: &str = "query exceeds nested expression limit of ";

/// Tells whether that is what is wrong.
pub(super) fn is_too_deep(error: &SyntaxError) -> bool {
    error.message.starts_with(TOO_DEEP)
}
