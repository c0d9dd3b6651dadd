//! What makes the rows of a query distinct, as far as its text alone tells.
//!
//! The server compares keys when a replacement is made. Two forms give one for certain: a
//! `SELECT DISTINCT` and a `GROUP BY` whose keys all come out. Everything else counts as none here.

use super::super::model::column::Column;
use crate::sql::stored;
use crate::sql::stored::Kind;
use crate::sql::stored::Piece;

/// The columns that make rows distinct; empty if none are known.
pub(super) fn of(query: &str, columns: &[Column]) -> Vec<String> {
    let pieces = stored::lex(query);
    let clauses = clauses(query, &pieces);
    let has = |word: &str| clauses.iter().any(|(name, _)| *name == word);
    if !pieces.first().is_some_and(|first| first.is(query, "SELECT")) || has("UNION") || has("EXCEPT") {
        return Vec::new();
    }
    let all = || columns.iter().map(|column| column.name.as_str().to_owned()).collect();
    let Some((_, items)) = clauses.iter().find(|(name, _)| *name == "SELECT") else { return Vec::new() };
    if let Some(first) = items.first()
        && first.is(query, "DISTINCT")
    {
        return if items.get(1).is_some_and(|next| next.is(query, "ON")) { Vec::new() } else { all() };
    }
    let Some((_, groups)) = clauses.iter().find(|(name, _)| *name == "GROUP") else { return Vec::new() };
    grouped(query, items, groups.get(1..).unwrap_or_default(), columns)
}

/// Cuts a query at the clauses that are not inside of brackets.
fn clauses<'p>(query: &str, pieces: &'p [Piece]) -> Vec<(&'static str, &'p [Piece])> {
    const WORDS: [&str; 11] = [
        "SELECT",
        "FROM",
        "WHERE",
        "GROUP",
        "HAVING",
        "ORDER",
        "LIMIT",
        "OFFSET",
        "UNION",
        "EXCEPT",
        "INTERSECT",
    ];
    let mut depth = 0_usize;
    let mut starts = Vec::new();
    for (number, piece) in pieces.iter().enumerate() {
        match piece.kind {
            Kind::Open => depth += 1,
            Kind::Close => depth = depth.saturating_sub(1),
            Kind::Word if depth == 0 => {
                let word = WORDS.iter().find(|word| piece.is(query, word));
                starts.extend(word.map(|word| (number, *word)));
            }
            _ => {}
        }
    }
    let ends = starts.iter().skip(1).map(|(number, _)| *number).chain([pieces.len()]);
    starts
        .iter()
        .zip(ends)
        .map(|((start, word), end)| (*word, pieces.get(start + 1..end).unwrap_or_default()))
        .collect()
}

/// Cuts at commas that are not inside of brackets.
fn items(pieces: &[Piece]) -> Vec<&[Piece]> {
    let mut depth = 0_usize;
    let mut result = Vec::new();
    let mut start = 0;
    for (number, piece) in pieces.iter().enumerate() {
        match piece.kind {
            Kind::Open => depth += 1,
            Kind::Close => depth = depth.saturating_sub(1),
            Kind::Comma if depth == 0 => {
                result.extend(pieces.get(start..number));
                start = number + 1;
            }
            _ => {}
        }
    }
    result.extend(pieces.get(start..).filter(|last| !last.is_empty()));
    result
}

/// The text of an item without its alias.
fn bare<'q>(query: &'q str, item: &[Piece]) -> &'q str {
    let end = match item {
        [.., before, word, _] if word.is(query, "AS") => before,
        [.., last] => last,
        [] => return "",
    };
    item.first().and_then(|first| query.get(first.at.start..end.at.end)).unwrap_or_default()
}

fn grouped(query: &str, selected: &[Piece], groups: &[Piece], columns: &[Column]) -> Vec<String> {
    let selected = items(selected);
    if selected.len() != columns.len() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for group in items(groups) {
        let text = bare(query, group);
        let position = text.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        let by_text = || selected.iter().position(|item| bare(query, item) == text);
        let by_name = || columns.iter().position(|column| column.name.sql() == text);
        match position.or_else(by_text).or_else(by_name).and_then(|at| columns.get(at)) {
            Some(column) => found.push(column.name.as_str().to_owned()),
            None => return Vec::new(),
        }
    }
    found
}
