//! Statements without what users wrote into them: literals become `'<REDACTED>'`.
//!
//! Source: `SHOW REDACTED CREATE` recorded from v26.21 (`full/31`). `NULL`, `true` and `false` stay,
//! as do the numbers behind types, options of clusters and sources, and the time behind `AS OF`.

use super::text::closing;

/// Types that are shown with numbers behind them.
const WITH_NUMBERS: [&str; 5] = ["numeric", "varchar", "bpchar", "timestamp", "timestamptz"];

const REDACTED: &str = "'<REDACTED>'";

/// Takes the literals out of a statement as the catalog stores or shows it.
pub(crate) fn redact(stored: &str) -> String {
    // What stands in these is options, not text of users.
    let options = ["CREATE SOURCE", "CREATE SUBSOURCE", "CREATE SINK", "CREATE CLUSTER"];
    if options.iter().any(|words| stored.starts_with(words)) {
        return stored.to_owned();
    }
    let (statement, as_of) = match stored.rfind(" AS OF ") {
        Some(at) if stored.get(at + 7..).is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit())) => {
            stored.split_at(at)
        }
        _ => (stored, ""),
    };
    format!("{}{as_of}", literals(statement))
}

fn literals(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    // What stood before decides whether a minus is a sign and whether digits belong to a word.
    let mut operand = false;
    // The numbers in parentheses behind a type stay: `[s32 AS "pg_catalog"."numeric"](12, 2)`.
    let mut after_type = false;
    while let Some(c) = rest.chars().next() {
        let (taken, is_literal) = token(rest, c, operand);
        let (token, after) = rest.split_at(taken);
        if after_type && c == '(' {
            let end = rest.find(')').map_or(rest.len(), |at| at + 1);
            let (modifiers, after) = rest.split_at(end);
            result.push_str(modifiers);
            rest = after;
            after_type = false;
            operand = true;
            continue;
        }
        after_type = (c == '[' && token.starts_with("[s")) || WITH_NUMBERS.contains(&token);
        if is_literal {
            result.push_str(REDACTED);
        } else {
            result.push_str(token);
        }
        if !c.is_whitespace() {
            operand = is_literal || c == ')' || c == ']' || c == '"' || (is_word(c) && !is_keyword(token));
        }
        rest = after;
    }
    result
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

/// Words that an operand follows, so that a minus behind them is a sign.
fn is_keyword(word: &str) -> bool {
    word.chars().all(|c| c.is_ascii_uppercase()) && !matches!(word, "NULL" | "END")
}

/// The length of the token at the beginning of a text that begins with `c`, and whether it is a
/// literal.
fn token(text: &str, c: char, operand: bool) -> (usize, bool) {
    let digits = |from: usize| {
        let rest = text.get(from..).unwrap_or_default();
        let end =
            rest.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E'))).unwrap_or(rest.len());
        from + end
    };
    match c {
        '\'' => (closing(text, '\''), true),
        '"' => (closing(text, '"'), false),
        // `[u1 AS "d"."s"."t"]` is one name.
        '[' if text.starts_with("[u") || text.starts_with("[s") => {
            (text.find(']').map_or(text.len(), |at| at + 1), false)
        }
        '0'..='9' => (digits(0), true),
        '-' if !operand && text.chars().nth(1).is_some_and(|next| next.is_ascii_digit()) => (digits(1), true),
        _ if is_word(c) => (text.find(|c: char| !is_word(c)).unwrap_or(text.len()), false),
        _ => (c.len_utf8(), false),
    }
}

#[cfg(test)]
mod tests;
