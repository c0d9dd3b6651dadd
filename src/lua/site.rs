//! Places in recipes: which line is being run, and where in it a word stands.

use std::collections::BTreeMap;
use std::rc::Rc;

use mlua::Lua;

use crate::primitives::error::Place;

/// A call may be written over so many lines.
const CALL_LINES: usize = 60;

/// So many frames of a stack are looked at; a recursion without end has more.
const FRAMES: usize = 64;

/// The texts that were read, by the name that they have in messages.
pub(super) type Sources = BTreeMap<String, Rc<str>>;

/// One level of the stack that is a recipe's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    /// The file, as its source is named.
    pub(super) file: String,
    /// How Lua abbreviates it in messages.
    pub(super) short: String,
    /// The line, from 1.
    pub(super) line: usize,
    /// The function's name, where it has one.
    pub(super) function: Option<String>,
}

impl Frame {
    /// The frame for people.
    pub(super) fn told(&self) -> String {
        match &self.function {
            Some(function) => format!("{}:{} in {function}", self.file, self.line),
            None => format!("{}:{}", self.file, self.line),
        }
    }
}

/// The recipe's own frames of what is running, innermost first.
pub(super) fn frames(lua: &Lua) -> Vec<Frame> {
    let mut frames = Vec::new();
    for level in 0..FRAMES {
        let frame = lua.inspect_stack(level, |debug| {
            let source = debug.source();
            // Files begin with `@`; what the host is written in does not.
            let file = source.source.as_deref()?.strip_prefix('@')?.to_owned();
            Some(Frame {
                file,
                short: source.short_src.as_deref().unwrap_or_default().to_owned(),
                line: debug.current_line()?,
                function: debug.names().name.map(|name| name.into_owned()),
            })
        });
        match frame {
            None => break,
            Some(frame) => frames.extend(frame),
        }
    }
    frames
}

/// The place of a line; of `word` in it or in the lines that follow, where that can be found.
pub(super) fn place(
    sources: &Sources,
    file: &str,
    line: usize,
    word: Option<&str>,
    label: impl Into<String>,
) -> Place {
    let text = sources.get(file).map(|text| text.to_string()).unwrap_or_default();
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let rest = text.get(start..).unwrap_or_default();
    let reach: usize = rest.split_inclusive('\n').take(CALL_LINES).map(str::len).sum();
    let found = word.and_then(|word| find_word(rest.get(..reach)?, word).map(|at| (at, word.len())));
    let (at, length) = found.unwrap_or_else(|| {
        let first = rest.lines().next().unwrap_or_default();
        (first.len() - first.trim_start().len(), first.trim().len())
    });
    place_at(file, &text, start + at..start + at + length, label)
}

/// The place of a stretch of a text.
pub(super) fn place_at(
    file: &str,
    text: &str,
    span: std::ops::Range<usize>,
    label: impl Into<String>,
) -> Place {
    let before = text.get(..span.start).unwrap_or_default();
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    Place {
        file: file.to_owned(),
        line: before.matches('\n').count() + 1,
        column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
        text: text.into(),
        span,
        label: label.into(),
    }
}

/// Where a whole word stands.
fn find_word(text: &str, word: &str) -> Option<usize> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).map(|(at, _)| at).find(|at| {
        let before = text[..*at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, line: usize, word: Option<&str>, expected: (usize, usize, &str)) {
        let sources = Sources::from([("a.lua".to_owned(), Rc::from(text))]);
        let place = place(&sources, "a.lua", line, word, "");
        let marked = &place.text[place.span.clone()];
        assert_eq!((place.line, place.column, marked), expected);
    }

    #[test]
    fn a_word_is_found_in_its_line_or_behind_it() {
        let text = "local x = 1\n  mz.await {\n    timeouts = 1, timeout = 2,\n  }\n";
        check(text, 2, Some("timeout"), (3, 19, "timeout"));
        check(text, 2, Some("nowhere"), (2, 3, "mz.await {"));
        check(text, 1, None, (1, 1, "local x = 1"));
        check(text, 99, None, (5, 1, ""));
    }
}
