//! Tokens with byte spans, over sqlparser's tokenizer.
//!
//! Whitespace and comments are gone here, escaped and dollar-quoted strings are plain strings,
//! and identifiers that the server would refuse are errors. Start reading at [`lex`].

use std::cell::RefCell;

use sqlparser::tokenizer::Location;
use sqlparser::tokenizer::Token as Lexeme;
use sqlparser::tokenizer::TokenWithSpan;
use sqlparser::tokenizer::Tokenizer;

use super::dialect::Materialize;
use super::error::SyntaxError;
use super::span::Span;
use crate::name::MAX_IDENTIFIER_BYTES;

/// One token and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Token {
    /// What it is.
    pub(super) lexeme: Lexeme,
    /// Where it stands.
    pub(super) span: Span,
}

impl Token {
    /// The unquoted word, as written, if it is one.
    pub(super) fn word(&self) -> Option<&str> {
        match &self.lexeme {
            Lexeme::Word(word) if word.quote_style.is_none() => Some(&word.value),
            _ => None,
        }
    }

    /// Tells whether it is this keyword, given in capitals.
    pub(super) fn is(&self, keyword: &str) -> bool {
        self.word().is_some_and(|word| word.eq_ignore_ascii_case(keyword))
    }

    /// Tells whether it is this lexeme.
    pub(super) fn is_lexeme(&self, lexeme: &Lexeme) -> bool {
        self.lexeme == *lexeme
    }

    /// Tells whether it is any word, quoted or not.
    pub(super) fn is_word(&self) -> bool {
        matches!(self.lexeme, Lexeme::Word(_))
    }

    /// Tells whether it opens a bracket of some kind.
    pub(super) fn opens(&self) -> bool {
        matches!(self.lexeme, Lexeme::LParen | Lexeme::LBracket)
    }

    /// Tells whether it closes a bracket of some kind.
    pub(super) fn closes(&self) -> bool {
        matches!(self.lexeme, Lexeme::RParen | Lexeme::RBracket)
    }
}

/// Cuts a text into tokens.
///
/// # Errors
/// What never ends (a string, an identifier, a comment), a null byte, and identifiers that are empty,
/// too long or a lone dot.
pub(super) fn lex(text: &str) -> Result<Vec<Token>, SyntaxError> {
    if let Some(start) = text.find('\0') {
        // The protocol ends a statement at its first null byte, so nobody can send one.
        return Err(SyntaxError {
            message: "null byte in SQL text".to_owned(),
            span: Span::new(start, start + 1),
        });
    }
    let mut raw = SCRATCH.take();
    Tokenizer::new(&Materialize, text).tokenize_with_location_into_buf(&mut raw).map_err(|error| {
        let start = Places::new(text).byte_of(error.location);
        SyntaxError { message: unterminated(&error.message), span: Span::new(start, text.len()) }
    })?;
    let blanks = raw.iter().filter(|token| matches!(token.token, Lexeme::Whitespace(_))).count();
    let mut tokens = Vec::with_capacity(raw.len() - blanks);
    let mut places = Places::new(text);
    for token in raw.drain(..) {
        let lexeme = match token.token {
            Lexeme::Whitespace(_) => continue,
            Lexeme::EscapedStringLiteral(text) => Lexeme::SingleQuotedString(text),
            Lexeme::DollarQuotedString(quoted) => Lexeme::SingleQuotedString(quoted.value),
            other => other,
        };
        let start = places.byte_of(token.span.start);
        let span = Span::new(start, places.byte_of(token.span.end));
        if let Lexeme::Word(word) = &lexeme {
            usable(&word.value).map_err(|message| SyntaxError { message, span })?;
        }
        tokens.push(Token { lexeme, span });
    }
    if raw.capacity() <= MAX_SCRATCH {
        SCRATCH.set(raw);
    }
    Ok(tokens)
}

thread_local! {
    /// Where the tokenizer puts its tokens, of which half are blanks: thousands of texts are cut one
    /// after the other, and this is the largest piece of memory that each needs.
    static SCRATCH: RefCell<Vec<TokenWithSpan>> = const { RefCell::new(Vec::new()) };
}

/// How many tokens the memory is kept for.
const MAX_SCRATCH: usize = 1 << 14;

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
pub(super) fn check_depth(tokens: &[Token]) -> Result<(), SyntaxError> {
    let mut chains: Vec<usize> = Vec::new();
    let mut chain = 0_usize;
    let mut set_operations = 0_usize;
    for token in tokens {
        chain += 1;
        if token.opens() {
            chains.push(chain);
            chain = 0;
        } else if token.closes() {
            chain = chains.pop().unwrap_or_default();
        } else if token.is_lexeme(&Lexeme::Comma) {
            chain = 0;
        } else if ["UNION", "EXCEPT", "INTERSECT"].iter().any(|word| token.is(word)) {
            chain = 0;
            set_operations += 1;
        }
        if chains.len() > MAX_DEPTH || chain > MAX_CHAIN || set_operations > MAX_CHAIN {
            return Err(too_deep(token.span));
        }
    }
    Ok(())
}

/// Says in the server's words that something nests too deep.
pub(super) fn too_deep(span: Span) -> SyntaxError {
    SyntaxError::new(format!("query exceeds nested expression limit of {MAX_DEPTH}"), span)
}

/// Says what the server says about an identifier that nothing can be called.
fn usable(identifier: &str) -> Result<(), String> {
    // Source: recordings of v26.21, `full/37_identifiers.slt`.
    match identifier {
        "" => Err("zero-length delimited identifier".to_owned()),
        "." | ".." => Err(format!("invalid identifier: \"{identifier}\"")),
        _ if identifier.len() > MAX_IDENTIFIER_BYTES => {
            Err(format!("identifier length exceeds {MAX_IDENTIFIER_BYTES} bytes"))
        }
        _ => Ok(()),
    }
}

/// Says what does not end, in the server's words where it has some.
fn unterminated(message: &str) -> String {
    if message.contains("close delimiter") {
        "unterminated quoted identifier".to_owned()
    } else if message.contains("comment") {
        "unterminated multiline comment".to_owned()
    } else if message.contains("dollar-quoted") {
        "unterminated dollar-quoted string".to_owned()
    } else if message.starts_with("Unterminated") {
        "unterminated quoted string".to_owned()
    } else {
        message.to_lowercase()
    }
}

/// Turns lines and columns into bytes, going forward only.
struct Places<'a> {
    text: &'a str,
    line: u64,
    /// The byte at which the line begins.
    start: usize,
    /// A column of the line and its byte, counted from the start of the line.
    known: (u64, usize),
    /// Whether a column is a byte.
    ascii: bool,
}

impl<'a> Places<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, line: 1, start: 0, known: (1, 0), ascii: text.is_ascii() }
    }

    /// The byte at a place that is not before the last one asked for.
    fn byte_of(&mut self, place: Location) -> usize {
        while self.line < place.line {
            let rest = self.text.get(self.start..).unwrap_or_default();
            let Some(end) = rest.find('\n') else { return self.text.len() };
            self.start += end + 1;
            self.line += 1;
            self.known = (1, 0);
        }
        let (column, byte) = self.known;
        let further = usize::try_from(place.column.saturating_sub(column)).unwrap_or(usize::MAX);
        let from = self.start + byte;
        let bytes = if self.ascii {
            further
        } else {
            let rest = self.text.get(from..).unwrap_or_default();
            rest.char_indices().nth(further).map_or(rest.len(), |(offset, _)| offset)
        };
        self.known = (place.column.max(column), byte.saturating_add(bytes));
        from.saturating_add(bytes).min(self.text.len())
    }
}
