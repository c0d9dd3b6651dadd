//! Mistakes in a recipe's text that can be seen before it runs: functions that `mz` does not have,
//! arguments that a function does not take.
//!
//! A scan over words, strings, comments and brackets, not a parser: what it does not understand it
//! lets pass, and the check at the call finds it then. Start reading at [`mistakes`].

use std::ops::Range;

use super::check;
use super::check::Mistake;
use super::near;
use super::registry;
use super::registry::Argument;
use super::registry::Style;
use crate::primitives::code::Code;

/// A word or a sign, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token<'t> {
    /// As it is written.
    pub(super) text: &'t str,
    /// Its bytes.
    pub(super) span: Range<usize>,
}

impl Token<'_> {
    fn is_name(&self) -> bool {
        self.text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
    }
}

/// The first mistake in a recipe's text, with the bytes that it is about.
pub(super) fn mistakes(text: &str) -> Option<(Mistake, Range<usize>)> {
    let tokens = tokens(text);
    // Somebody's own `mz` is not ours.
    let shadowed = tokens.windows(2).any(|pair| match pair {
        [a, b] => (a.text == "local" && b.text == "mz") || (a.text == "mz" && b.text == "="),
        _ => false,
    });
    if shadowed {
        return None;
    }
    (0..tokens.len()).find_map(|at| call(&tokens, at))
}

/// Looks at `mz.name…` if it begins here.
fn call(tokens: &[Token<'_>], at: usize) -> Option<(Mistake, Range<usize>)> {
    let is = |at: usize, text: &str| tokens.get(at).is_some_and(|token| token.text == text);
    let before = at.checked_sub(1).and_then(|at| tokens.get(at)).map(|token| token.text);
    if !is(at, "mz") || !is(at + 1, ".") || before == Some(".") || before == Some(":") {
        return None;
    }
    let first = tokens.get(at + 2).filter(|token| token.is_name())?;
    let names = registry::names();
    if !names.contains(&first.text) {
        let question = near::question(first.text, names.iter().copied());
        let mistake = Mistake {
            code: Code::LuaUnknownFunction,
            message: format!("there is no mz.{}{question}", first.text),
            word: Some(first.text.to_owned()),
            label: String::new(),
        };
        return Some((mistake, first.span.clone()));
    }
    let function = registry::function(first.text).filter(|function| function.style == Style::Named)?;
    let open = if is(at + 3, "(") { at + 4 } else { at + 3 };
    if !is(open, "{") {
        return None;
    }
    let key = unknown_key(tokens, open, function.arguments)?;
    let mistake = check::unknown_argument(&format!("mz.{}", function.name), key.text, function.arguments);
    Some((mistake, key.span.clone()))
}

/// The first key of a table that is not declared.
fn unknown_key<'a, 't>(
    tokens: &'a [Token<'t>],
    open: usize,
    arguments: &[Argument],
) -> Option<&'a Token<'t>> {
    let (mut depth, mut blocks) = (0_usize, 0_usize);
    let mut before = "";
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token.text {
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return None;
                }
            }
            // `while` and `for` bring a `do`.
            "function" | "if" | "do" | "repeat" => blocks += 1,
            "end" | "until" => blocks = blocks.saturating_sub(1),
            _ => {
                let begins = depth == 1 && blocks == 0 && matches!(before, "{" | "," | ";");
                let is_key =
                    begins && token.is_name() && tokens.get(at + 1).is_some_and(|next| next.text == "=");
                if is_key && arguments.iter().all(|argument| argument.name != token.text) {
                    return Some(token);
                }
            }
        }
        before = token.text;
    }
    None
}

/// Words, signs and strings with their quotes; comments and blanks are left out.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let bytes = text.as_bytes();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(byte) = bytes.get(at).copied() {
        let start = at;
        match byte {
            b'-' if bytes.get(at + 1) == Some(&b'-') => {
                at = long_bracket(text, at + 2).unwrap_or_else(|| {
                    text.get(at..).and_then(|rest| rest.find('\n')).map_or(text.len(), |end| at + end)
                });
                continue;
            }
            b'"' | b'\'' => at = string(bytes, at),
            b'[' if long_bracket(text, at).is_some() => at = long_bracket(text, at).unwrap_or(at + 1),
            b'=' if bytes.get(at + 1) == Some(&b'=') => at += 2,
            b'.' => at += bytes.get(at..).unwrap_or_default().iter().take_while(|b| **b == b'.').count(),
            byte if byte.is_ascii_alphanumeric() || byte == b'_' => {
                let is_part = |b: &&u8| b.is_ascii_alphanumeric() || **b == b'_';
                at += bytes.get(at..).unwrap_or_default().iter().take_while(is_part).count();
            }
            byte if byte.is_ascii_whitespace() => {
                at += 1;
                continue;
            }
            _ => at += 1,
        }
        // What is not ASCII is no token of Lua's; its bytes are stepped over one by one.
        tokens.extend(text.get(start..at).map(|text| Token { text, span: start..at }));
    }
    tokens
}

/// Behind a string in quotes that begins here.
fn string(bytes: &[u8], start: usize) -> usize {
    let quote = bytes.get(start).copied();
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at).copied() {
        match byte {
            b'\\' => at += 2,
            byte if Some(byte) == quote => return at + 1,
            b'\n' => return at,
            _ => at += 1,
        }
    }
    at
}

/// Behind a `[[…]]` or `[=[…]=]` that begins here.
fn long_bracket(text: &str, start: usize) -> Option<usize> {
    let rest = text.get(start..)?.strip_prefix('[')?;
    let level = rest.len() - rest.trim_start_matches('=').len();
    rest.get(level..)?.strip_prefix('[')?;
    let end = format!("]{}]", "=".repeat(level));
    let inside = start + level + 2;
    Some(text.get(inside..)?.find(&end).map_or(text.len(), |at| inside + at + end.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        let found = mistakes(text).map(|(mistake, span)| format!("{}: {}", &text[span], mistake.message));
        assert_eq!(found.as_deref(), expected);
    }

    #[test]
    fn wrong_names_are_seen_before_anything_runs() {
        check(
            "mz.await { deployment = d, timout = \"10m\" }",
            Some("timout: unknown argument `timout` for mz.await (did you mean `timeout`?)"),
        );
        check("mz.stge({ changes = c })", Some("stge: there is no mz.stge (did you mean `stage`?)"));
        check(
            "local d = mz.stage({ change = c })",
            Some("change: unknown argument `change` for mz.stage (did you mean `changes`?)"),
        );
    }

    #[test]
    fn what_is_right_or_not_ours_passes() {
        check("-- mz.stge {}\nlocal s = 'mz.stge' .. [[ mz.stge ]] --[==[ mz.stge ]==]", None);
        check(
            "mz.await { deployment = d, on_progress = function(s) local a, b = 1 a, timout = 2, 3 end }",
            None,
        );
        check("mz.compile { variables = { anything = 1 } }", None);
        check("local mz = {} mz.stge {}", None);
        check("x.mz.stge {}", None);
        check("mz.drop { deployment == 1 }", None);
        check("mz.json.encode(1) mz.git.sha()", None);
        check("mz.compile { path = \"ö\", -- ü\n }", None);
    }
}
