//! Statements without the values of secrets and passwords in them, for whoever writes statements down.
//!
//! It works on tokens, so that a text which is no statement is hidden too. Start reading at [`hide`].

use std::borrow::Cow;

use super::lex::lex;
use super::span::Span;
use super::token::Lexeme;
use super::token::Token;

/// What stands in the place of a value.
const HIDDEN: &str = "'********'";

/// Words in front of a value that nobody is to read.
const GUARDED: [&str; 4] = ["CREDENTIAL", "KEY", "PASSWORD", "TOKEN"];

/// What gives a secret its value from elsewhere: its text is a name.
const PROVIDERS: [&str; 2] = ["ENV_VAR", "AWS_SECRET"];

/// Takes the values of secrets and passwords out of a text.
pub(crate) fn hide(text: &str) -> Cow<'_, str> {
    if !mentions(text) {
        return Cow::Borrowed(text);
    }
    let Ok(tokens) = lex(text) else {
        // Where strings begin and end cannot be told: all from the first on goes.
        let end = text.find(['\'', '$']).unwrap_or(text.len());
        return Cow::Owned(format!("{}{HIDDEN}", text.get(..end).unwrap_or_default()));
    };
    let mut result = String::with_capacity(text.len());
    let mut from = 0;
    for span in hidden(&tokens) {
        result.push_str(text.get(from..span.start).unwrap_or_default());
        result.push_str(HIDDEN);
        from = span.end;
    }
    result.push_str(text.get(from..).unwrap_or_default());
    Cow::Owned(result)
}

/// Blanks the values of secrets and passwords out, byte by byte: places in the text stay where they are. Names of
/// variables and of stores stay.
pub(crate) fn blank(text: &str) -> Cow<'_, str> {
    if !mentions(text) {
        return Cow::Borrowed(text);
    }
    let spans = match lex(text) {
        Ok(tokens) => tokens.split(|token| token.is_lexeme(&Lexeme::SemiColon)).flat_map(values).collect(),
        Err(_) => vec![Span::new(text.find(['\'', '$']).unwrap_or(text.len()), text.len())],
    };
    let mut result = String::with_capacity(text.len());
    let mut from = 0;
    for span in spans {
        result.push_str(text.get(from..span.start).unwrap_or_default());
        for letter in text.get(span.start..span.end).unwrap_or_default().chars() {
            match letter {
                '\n' => result.push('\n'),
                other => result.extend(std::iter::repeat_n('*', other.len_utf8())),
            }
        }
        from = span.end;
    }
    result.push_str(text.get(from..).unwrap_or_default());
    Cow::Owned(result)
}

/// The texts of a statement that nobody is to read.
fn values(statement: &[Token<'_>]) -> Vec<Span> {
    if !is_of_secret(statement) {
        return guarded(statement).collect();
    }
    let value = statement.iter().position(|token| token.is("AS")).and_then(|at| statement.get(at + 1));
    match value.is_some_and(|token| PROVIDERS.iter().any(|provider| token.is(provider))) {
        true => Vec::new(),
        false => {
            // What stands behind a colon is the name of a variable.
            let is_name = |at: usize| {
                let before = at.checked_sub(1).and_then(|before| statement.get(before));
                before.is_some_and(|token| token.is_lexeme(&Lexeme::Colon))
            };
            let texts = statement.iter().enumerate().filter(|(at, token)| is_text(token) && !is_name(*at));
            texts.map(|(_, token)| token.span).collect()
        }
    }
}

fn is_of_secret(statement: &[Token<'_>]) -> bool {
    let mut pairs = statement.windows(2);
    pairs.any(
        |pair| matches!(pair, [verb, noun] if noun.is("SECRET") && (verb.is("CREATE") || verb.is("ALTER"))),
    )
}

/// Takes what a message quotes of a text out of it, where the text may hold a secret.
pub(crate) fn hide_in_message(message: String, text: &str) -> String {
    match message.split_once(" literal \"") {
        Some((before, _)) if mentions(text) => format!("{before} literal {HIDDEN}"),
        _ => message,
    }
}

/// Tells whether a text can hold a secret at all.
fn mentions(text: &str) -> bool {
    let has = |word: &[u8]| text.as_bytes().windows(word.len()).any(|part| part.eq_ignore_ascii_case(word));
    has(b"secret") || has(b"password")
}

/// The places of the values, in order.
fn hidden(tokens: &[Token<'_>]) -> Vec<Span> {
    let mut spans = Vec::new();
    for statement in tokens.split(|token| token.is_lexeme(&Lexeme::SemiColon)) {
        if !is_of_secret(statement) {
            spans.extend(guarded(statement));
            continue;
        }
        let value = statement.iter().position(|token| token.is("AS")).and_then(|at| statement.get(at + 1..));
        match (value.and_then(<[Token]>::first), statement.last()) {
            (Some(first), Some(last)) => spans.push(Span::new(first.span.start, last.span.end)),
            _ => spans.extend(statement.iter().filter(|token| is_text(token)).map(|token| token.span)),
        }
    }
    spans
}

fn is_text(token: &Token<'_>) -> bool {
    matches!(token.lexeme, Lexeme::String(_) | Lexeme::HexString(_))
}

/// Texts behind `PASSWORD`, `SECRET ACCESS KEY` and the like.
fn guarded(statement: &[Token<'_>]) -> impl Iterator<Item = Span> {
    statement.iter().enumerate().filter(|(_, token)| is_text(token)).filter_map(|(at, token)| {
        let mut before = statement.get(..at)?.iter().rev();
        let mut word = before.next()?;
        if word.is_lexeme(&Lexeme::Eq) {
            word = before.next()?;
        }
        GUARDED.iter().any(|guarded| word.is(guarded)).then_some(token.span)
    })
}

#[cfg(test)]
mod tests {
    use super::blank;
    use super::hide;
    use super::hide_in_message;

    #[test]
    fn no_value_of_a_secret_is_left() {
        for (text, expected) in [
            ("SELECT 'a'", "SELECT 'a'"),
            ("CREATE SECRET s AS 'hunter2'", "CREATE SECRET s AS '********'"),
            (
                "create /* secret */ secret s as decode('aHVudGVyMg==', 'base64'); SELECT 'a'",
                "create /* secret */ secret s as '********'; SELECT 'a'",
            ),
            ("ALTER SECRET IF EXISTS s AS $$hunter2$$", "ALTER SECRET IF EXISTS s AS '********'"),
            ("CREATE SECRET s 'hunter2'", "CREATE SECRET s '********'"),
            ("CREATE SECRET s AS 'hunter2", "CREATE SECRET s AS '********'"),
            ("CREATE ROLE r PASSWORD 'hunter2' LOGIN", "CREATE ROLE r PASSWORD '********' LOGIN"),
            (
                "CREATE CONNECTION c TO AWS (SECRET ACCESS KEY = 'hunter2', REGION = 'x')",
                "CREATE CONNECTION c TO AWS (SECRET ACCESS KEY = '********', REGION = 'x')",
            ),
        ] {
            assert_eq!(hide(text), expected);
        }
    }

    #[test]
    fn what_is_blanked_stays_as_long_as_it_was() {
        for (text, expected) in [
            ("SELECT 'secret'", "SELECT 'secret'"),
            ("CREATE SECRET s AS 'hünt\ner2';\nSELECT 'a'", "CREATE SECRET s AS ******\n****;\nSELECT 'a'"),
            ("CREATE SECRET s AS decode('aHU=', 'base64')", "CREATE SECRET s AS decode(******, ********)"),
            ("CREATE SECRET s AS env_var('NAME')", "CREATE SECRET s AS env_var('NAME')"),
            ("CREATE SECRET s AS :'name'", "CREATE SECRET s AS :'name'"),
            ("CREATE ROLE r PASSWORD 'hunter2' LOGIN", "CREATE ROLE r PASSWORD ********* LOGIN"),
            ("CREATE SECRET s AS 'hunter2;\n", "CREATE SECRET s AS *********\n"),
        ] {
            assert_eq!(blank(text), expected);
        }
    }

    #[test]
    fn a_message_about_a_secret_quotes_nothing() {
        let message = || "Expected AS, found string literal \"hunter2\"".to_owned();
        let hidden = "Expected AS, found string literal '********'";
        assert_eq!(hide_in_message(message(), "CREATE SECRET s 'hunter2'"), hidden);
        assert_eq!(hide_in_message(message(), "CREATE VIEW s 'hunter2'"), message());
    }
}
