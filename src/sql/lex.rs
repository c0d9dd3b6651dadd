//! From a text to tokens, as the server cuts it.
//!
//! Our own instead of sqlparser's tokenizer: that one copies every word and every blank, which was
//! nearly half the time of compiling a project. Start reading at [`lex`].

use std::borrow::Cow;

use super::error::SyntaxError;
use super::span::Span;
use super::token::Lexeme;
use super::token::Token;
use crate::name::MAX_IDENTIFIER_BYTES;

/// Cuts a text into tokens.
///
/// # Errors
/// What never ends (a string, an identifier, a comment), a character that begins nothing, a null
/// byte, and identifiers that are empty, too long or a lone dot.
pub(super) fn lex(text: &str) -> Result<Vec<Token<'_>>, SyntaxError> {
    if let Some(start) = text.find('\0') {
        // The protocol ends a statement at its first null byte, so nobody can send one.
        return Err(SyntaxError::new("null byte in SQL text", Span::new(start, start + 1)));
    }
    let mut lexer = Lexer { text, bytes: text.as_bytes(), at: 0 };
    // A guess that is seldom too low: a token with the blank behind it.
    let mut tokens = Vec::with_capacity(text.len() / 5 + 4);
    loop {
        lexer.blanks()?;
        let start = lexer.at;
        let Some(byte) = lexer.peek(0) else { return Ok(tokens) };
        // Most are words and marks.
        let lexeme = if is_of(byte, LETTER) && lexer.peek(1) != Some(b'\'') {
            lexer.word()
        } else if let Some(mark) = mark(byte) {
            lexer.at += 1;
            mark
        } else {
            lexer.lexeme(byte)?
        };
        let span = Span::new(start, lexer.at);
        if let Lexeme::Word(name) | Lexeme::Quoted(name) = &lexeme {
            usable(name).map_err(|message| SyntaxError::new(message, span))?;
        }
        tokens.push(Token { lexeme, span });
    }
}

/// A place in a text.
struct Lexer<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Lexer<'a> {
    fn peek(&self, offset: usize) -> Option<u8> {
        self.bytes.get(self.at + offset).copied()
    }

    /// The text from a place up to here. Places stand between characters.
    fn from(&self, start: usize) -> Cow<'a, str> {
        Cow::Borrowed(self.text.get(start..self.at).unwrap_or_default())
    }

    /// Moves on while bytes are of a kind.
    fn skip(&mut self, is: impl Fn(u8) -> bool) {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        self.at += rest.iter().position(|byte| !is(*byte)).unwrap_or(rest.len());
    }

    /// Moves over white space and comments.
    fn blanks(&mut self) -> Result<(), SyntaxError> {
        loop {
            match self.peek(0) {
                Some(byte) if is_blank(byte) => self.skip(is_blank),
                Some(b'-') if self.peek(1) == Some(b'-') => self.skip(|byte| byte != b'\n'),
                Some(b'/') if self.peek(1) == Some(b'*') => self.comment()?,
                _ => return Ok(()),
            }
        }
    }

    /// Moves over a comment, in which others may stand.
    fn comment(&mut self) -> Result<(), SyntaxError> {
        let start = self.at;
        let mut depth = 0_usize;
        loop {
            match (self.peek(0), self.peek(1)) {
                (Some(b'/'), Some(b'*')) => {
                    depth += 1;
                    self.at += 2;
                }
                (Some(b'*'), Some(b'/')) => {
                    depth -= 1;
                    self.at += 2;
                    if depth == 0 {
                        return Ok(());
                    }
                }
                (Some(_), _) => self.at += 1,
                (None, _) => return Err(self.endless(start, "unterminated multiline comment")),
            }
        }
    }

    /// Reads the token that begins with a byte.
    fn lexeme(&mut self, byte: u8) -> Result<Lexeme<'a>, SyntaxError> {
        let next = self.peek(1);
        match byte {
            b'x' | b'X' if next == Some(b'\'') => {
                self.at += 1;
                self.quoted(b'\'', ENDLESS_STRING).map(Lexeme::HexString)
            }
            b'e' | b'E' if next == Some(b'\'') => self.escaped(),
            _ if is_of(byte, LETTER) => Ok(self.word()),
            b'0'..=b'9' => Ok(self.number()),
            b'.' if next.is_some_and(|next| next.is_ascii_digit()) => Ok(self.number()),
            b'\'' => self.string().map(Lexeme::String),
            b'"' => self.quoted(b'"', "unterminated quoted identifier").map(Lexeme::Quoted),
            b'$' => self.dollar(),
            b'.' | b':' => {
                let lexeme = match (byte, next) {
                    (b':', Some(b':')) => Lexeme::DoubleColon,
                    (b':', _) => Lexeme::Colon,
                    _ => Lexeme::Period,
                };
                self.at += if lexeme == Lexeme::DoubleColon { 2 } else { 1 };
                Ok(lexeme)
            }
            _ if is_of(byte, OPERATOR) => Ok(self.operator()),
            _ => {
                let message = format!("unexpected character in input: {}", char::from(byte));
                Err(SyntaxError::new(message, Span::new(self.at, self.at + 1)))
            }
        }
    }

    fn word(&mut self) -> Lexeme<'a> {
        let start = self.at;
        self.skip(|byte| is_of(byte, LETTER | DIGIT | DOLLAR));
        Lexeme::Word(self.from(start))
    }

    fn number(&mut self) -> Lexeme<'a> {
        let start = self.at;
        let digit = |byte: u8| byte.is_ascii_digit();
        self.skip(digit);
        if self.peek(0) == Some(b'.') {
            self.at += 1;
            self.skip(digit);
        }
        let sign = usize::from(matches!(self.peek(1), Some(b'+' | b'-')));
        if matches!(self.peek(0), Some(b'e' | b'E')) && self.peek(1 + sign).is_some_and(digit) {
            self.at += 1 + sign;
            self.skip(digit);
        }
        Lexeme::Number(self.from(start))
    }

    /// Reads `'…'`, and what goes on with it on another line.
    fn string(&mut self) -> Result<Cow<'a, str>, SyntaxError> {
        let mut value = self.quoted(b'\'', ENDLESS_STRING)?;
        while self.goes_on() {
            let more = self.quoted(b'\'', ENDLESS_STRING)?;
            value.to_mut().push_str(&more);
        }
        Ok(value)
    }

    /// Moves to the string that goes on with the one that ended here, if there is one.
    ///
    /// Source: the manual, and PostgreSQL's: with a new line between, two strings are one.
    fn goes_on(&mut self) -> bool {
        let blanks = self.bytes.get(self.at..).into_iter().flatten().take_while(|byte| is_blank(**byte));
        let (count, lines) = blanks
            .fold((0, false), |(count, lines), byte| (count + 1, lines || matches!(byte, b'\n' | b'\r')));
        let goes_on = lines && self.peek(count) == Some(b'\'');
        if goes_on {
            self.at += count;
        }
        goes_on
    }

    /// Reads up to the closing quote; a doubled one stands for itself.
    fn quoted(&mut self, quote: u8, endless: &str) -> Result<Cow<'a, str>, SyntaxError> {
        let start = self.at;
        self.at += 1;
        let mut doubled = false;
        loop {
            self.skip(|byte| byte != quote);
            match (self.peek(0), self.peek(1)) {
                (Some(byte), Some(next)) if byte == quote && next == quote => {
                    doubled = true;
                    self.at += 2;
                }
                (Some(_), _) => break,
                (None, _) => return Err(self.endless(start, endless)),
            }
        }
        let inside = self.from(start + 1);
        self.at += 1;
        let quote = char::from(quote);
        Ok(if doubled {
            Cow::Owned(inside.replace(&format!("{quote}{quote}"), &quote.to_string()))
        } else {
            inside
        })
    }

    /// Reads `E'…'`.
    fn escaped(&mut self) -> Result<Lexeme<'a>, SyntaxError> {
        let start = self.at;
        self.at += 2;
        let mut value = String::new();
        loop {
            let from = self.at;
            self.skip(|byte| !matches!(byte, b'\'' | b'\\'));
            value.push_str(&self.from(from));
            match (self.peek(0), self.peek(1)) {
                (Some(b'\''), Some(b'\'')) => {
                    value.push('\'');
                    self.at += 2;
                }
                (Some(b'\''), _) => {
                    self.at += 1;
                    if !self.goes_on() {
                        return Ok(Lexeme::String(Cow::Owned(value)));
                    }
                    self.at += 1;
                }
                (Some(b'\\'), Some(_)) => {
                    self.at += 1;
                    let escape = self.escape();
                    value.push(escape.ok_or_else(|| self.endless(start, "invalid escape sequence"))?);
                }
                _ => return Err(self.endless(start, ENDLESS_STRING)),
            }
        }
    }

    /// Reads what stands behind a backslash; `None` where that is no character.
    fn escape(&mut self) -> Option<char> {
        let first = self.text.get(self.at..)?.chars().next()?;
        let digits = |radix: u32, from: usize, most: usize| {
            let of = |offset: &usize| self.peek(*offset).is_some_and(|byte| char::from(byte).is_digit(radix));
            (from..from + most).take_while(of).count()
        };
        let (radix, skipped, most, exact) = match first {
            'u' => (16, 1, 4, true),
            'U' => (16, 1, 8, true),
            'x' => (16, 1, 2, false),
            '0'..='7' => (8, 0, 3, false),
            _ => {
                self.at += first.len_utf8();
                return match first {
                    'b' => Some('\u{8}'),
                    'f' => Some('\u{c}'),
                    'n' => Some('\n'),
                    'r' => Some('\r'),
                    't' => Some('\t'),
                    other => Some(other),
                };
            }
        };
        let count = digits(radix, skipped, most);
        let number = self.text.get(self.at + skipped..self.at + skipped + count)?;
        if count == 0 && !exact {
            self.at += skipped;
            return Some(first);
        }
        let value = u32::from_str_radix(number, radix).ok()?;
        // A byte alone is a character only where it is ASCII.
        let value = if exact { value } else { value & 0xff };
        if (exact && count < most) || (!exact && value > 0x7f) {
            return None;
        }
        self.at += skipped + count;
        char::from_u32(value).filter(|character| *character != '\0')
    }

    /// Reads `$1` or `$tag$…$tag$`.
    fn dollar(&mut self) -> Result<Lexeme<'a>, SyntaxError> {
        const ENDLESS: &str = "unterminated dollar-quoted string";
        let start = self.at;
        self.at += 1;
        if self.peek(0).is_some_and(|byte| byte.is_ascii_digit()) {
            self.skip(|byte| byte.is_ascii_digit());
            return Ok(Lexeme::Parameter(self.from(start)));
        }
        self.skip(|byte| is_of(byte, LETTER | DIGIT));
        if self.peek(0) != Some(b'$') {
            return Err(self.endless(start, ENDLESS));
        }
        self.at += 1;
        let delimiter = self.from(start);
        let rest = self.text.get(self.at..).unwrap_or_default();
        let Some(length) = rest.find(&*delimiter) else { return Err(self.endless(start, ENDLESS)) };
        let inside = rest.get(..length).unwrap_or_default();
        self.at += length + delimiter.len();
        Ok(Lexeme::String(Cow::Borrowed(inside)))
    }

    /// Reads as many operator characters as belong together.
    fn operator(&mut self) -> Lexeme<'a> {
        let start = self.at;
        while self.peek(0).is_some_and(|byte| is_of(byte, OPERATOR)) {
            let comment =
                matches!((self.peek(0), self.peek(1)), (Some(b'-'), Some(b'-')) | (Some(b'/'), Some(b'*')));
            if comment && self.at > start {
                break;
            }
            self.at += 1;
        }
        let run = self.bytes.get(start..self.at).unwrap_or_default();
        // Source: as in PostgreSQL, so that `a=-1` is a comparison with a number.
        if !run.iter().any(|byte| b"~!@#%^&|`?".contains(byte)) {
            let signs = run.iter().skip(1).rev().take_while(|byte| matches!(byte, b'+' | b'-')).count();
            self.at -= signs;
        }
        let text = self.from(start);
        match &*text {
            "=" => Lexeme::Eq,
            "*" => Lexeme::Star,
            "-" => Lexeme::Minus,
            "=>" => Lexeme::RArrow,
            _ => Lexeme::Operator(text),
        }
    }

    /// Says that something begins at a place and does not end.
    fn endless(&self, start: usize, message: &str) -> SyntaxError {
        SyntaxError::new(message, Span::new(start, self.text.len()))
    }
}

/// The mark of punctuation that a byte is, whatever follows it.
fn mark(byte: u8) -> Option<Lexeme<'static>> {
    Some(match byte {
        b'(' => Lexeme::LParen,
        b')' => Lexeme::RParen,
        b'[' => Lexeme::LBracket,
        b']' => Lexeme::RBracket,
        b',' => Lexeme::Comma,
        b';' => Lexeme::SemiColon,
        _ => return None,
    })
}

/// What the server says of a string that does not end.
const ENDLESS_STRING: &str = "unterminated quoted string";

/// What bytes can be: `_`, `A` and `é` are letters, for letters are all of Unicode but ASCII's signs, as in the server.
const LETTER: u8 = 1;
const DIGIT: u8 = 2;
const DOLLAR: u8 = 4;
const BLANK: u8 = 8;
const OPERATOR: u8 = 16;

/// What each byte is: every one of every file is looked up. A `const` would be copied to the stack
/// for each.
static KINDS: [u8; 256] = {
    let mut kinds = [0; 256];
    let mut byte = 0;
    while byte < kinds.len() {
        kinds[byte] = match byte as u8 {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | 0x80.. => LETTER,
            b'0'..=b'9' => DIGIT,
            b'$' => DOLLAR,
            b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c => BLANK,
            b'+' | b'-' | b'*' | b'/' | b'<' | b'>' | b'=' | b'~' | b'!' | b'@' | b'#' | b'%' | b'^'
            | b'&' | b'|' | b'`' | b'?' => OPERATOR,
            _ => 0,
        };
        byte += 1;
    }
    kinds
};

/// Tells whether a byte is of one of some kinds.
fn is_of(byte: u8, kinds: u8) -> bool {
    KINDS[usize::from(byte)] & kinds != 0
}

fn is_blank(byte: u8) -> bool {
    is_of(byte, BLANK)
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

#[cfg(test)]
mod tests {
    use expect_test::Expect;
    use expect_test::expect;

    use super::*;

    /// Shows each token by its kind and its value; an error with its place.
    #[track_caller]
    fn check(text: &str, expected: Expect) {
        let shown = match lex(text) {
            Ok(tokens) => tokens.iter().map(|token| format!("{:?} ", token.lexeme)).collect::<String>(),
            Err(error) => format!("{} at {}..{}", error.message, error.span.start, error.span.end),
        };
        expected.assert_eq(shown.trim_end());
    }

    #[test]
    fn words_and_numbers() {
        check(
            "SELECT a_1$, \"B\"\"c\", é",
            expect![[r#"Word("SELECT") Word("a_1$") Comma Quoted("B\"c") Comma Word("é")"#]],
        );
        check(
            "1 1.5 .5 1. 1e3 1E-3 1e 12ab t.1",
            expect![[
                r#"Number("1") Number("1.5") Number(".5") Number("1.") Number("1e3") Number("1E-3") Number("1") Word("e") Number("12") Word("ab") Word("t") Number(".1")"#
            ]],
        );
    }

    #[test]
    fn strings_of_every_kind() {
        check(
            "'it''s' E'a\\n\\'\\x41\\101\\u0041\\\\' X'0aF' $$a'b$$ $t$ $$ $t$ $1",
            expect![[
                r#"String("it's") String("a\n'AAA\\") HexString("0aF") String("a'b") String(" $$ ") Parameter("$1")"#
            ]],
        );
        check(
            "'a' \n 'b''c'\r\n'd' 'e' E'f\\n'\n'\\t' x -- '\n'y'",
            expect![[r#"String("ab'cd") String("e") String("f\n\t") Word("x") String("y")"#]],
        );
        check("'open", expect!["unterminated quoted string at 0..5"]);
        check("E'\\u00'", expect!["invalid escape sequence at 0..7"]);
        check("a $t$ b", expect!["unterminated dollar-quoted string at 2..7"]);
        check("\"\"", expect!["zero-length delimited identifier at 0..2"]);
        check("'a\0'", expect!["null byte in SQL text at 2..3"]);
    }

    #[test]
    fn operators_take_what_belongs_together() {
        check(
            "a=-1 b<>-1 c->>'d' e||f g*-h @>- x=>y x::int :z !=",
            expect![[
                r#"Word("a") Eq Minus Number("1") Word("b") Operator("<>") Minus Number("1") Word("c") Operator("->>") String("d") Word("e") Operator("||") Word("f") Word("g") Star Minus Word("h") Operator("@>-") Word("x") RArrow Word("y") Word("x") DoubleColon Word("int") Colon Word("z") Operator("!=")"#
            ]],
        );
        check("1+/* c */2 --3\n-4", expect![[r#"Number("1") Operator("+") Number("2") Minus Number("4")"#]]);
    }

    #[test]
    fn comments_nest_and_end() {
        check("/* a /* b */ c */ x", expect![[r#"Word("x")"#]]);
        check("x /* a /* b */", expect!["unterminated multiline comment at 2..14"]);
        check("\\", expect![[r#"unexpected character in input: \ at 0..1"#]]);
    }

    #[test]
    fn spans_are_bytes() {
        let text = "é  'ü' \"ö\"";
        let spans: Vec<&str> =
            lex(text).expect("it is one").iter().map(|token| token.span.of(text)).collect();
        assert_eq!(spans, ["é", "'ü'", "\"ö\""]);
    }
}
