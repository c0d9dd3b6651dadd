//! Stored text after something got another name, and why that may be refused.
//!
//! The server's rules, on tokens instead of its tree: an object's new name may occur nowhere in a
//! view that reads it, its old one only where it means the object; a schema may not be named in
//! two parts inside an expression. Source: `design/materialize.md` 1.5; recorded in
//! `full/11_object_renames.slt`, `12`.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::ops::Range;

use super::stored;
use super::stored::Kind;
use super::stored::Piece;
use super::stored::dotted;
use crate::name::Ident;

/// An object that gets another name.
pub(super) struct ItemRename<'a> {
    /// Its old full name.
    pub(super) from: &'a [Ident],
    /// Its new own name.
    pub(super) to: &'a Ident,
}

/// What a chain of names is in an expression or a FROM clause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// A relation, type or function.
    Item,
    /// A column, perhaps qualified.
    Column,
    /// What stands before `.*`.
    Star,
    /// An alias or another name that is introduced.
    Alias,
}

/// Rewrites a whole stored statement for a new name of an object. `checked` is the part that is a
/// query; elsewhere nothing is refused.
///
/// # Errors
/// The reason, without the names of who uses what.
pub(super) fn item(
    text: &str,
    checked: Option<Range<usize>>,
    rename: &ItemRename<'_>,
) -> Result<String, String> {
    let pieces = stored::lex(text);
    let mut depth = 1;
    if let Some(range) = &checked {
        let inside: Vec<(usize, &Piece)> =
            pieces.iter().enumerate().filter(|(_, piece)| range.contains(&piece.at.start)).collect();
        if let Some(old) = rename.from.last() {
            depth = qualify(text, &pieces, &inside, old, rename.to)?;
        }
    }
    let from = rename.from.get(rename.from.len().saturating_sub(depth)..).unwrap_or_default();
    let defined = defined_at(text, &pieces);
    let mut edits = Vec::new();
    for (number, piece) in pieces.iter().enumerate() {
        let Some((parts, id)) = chain_of(piece).filter(|_| Some(number) != defined) else { continue };
        let role = role(text, &pieces, number);
        let kept = if role == Role::Column { parts.len().saturating_sub(1) } else { parts.len() };
        let (head, tail) = parts.split_at(kept);
        let wanted = if role == Role::Item { rename.from } else { from };
        if role == Role::Alias || wanted.is_empty() || !head.ends_with(wanted) {
            continue;
        }
        let mut new: Vec<Ident> = head.to_vec();
        if let Some(last) = new.last_mut() {
            *last = rename.to.clone();
        }
        new.extend(tail.iter().cloned());
        edits.push((piece.at.clone(), written(id, &new)));
    }
    Ok(stored::splice(text, &edits))
}

fn written(id: Option<super::super::model::id::ItemId>, parts: &[Ident]) -> String {
    match id {
        Some(id) => super::names::reference(id, parts),
        None => dotted(parts),
    }
}

fn chain_of(piece: &Piece) -> Option<(&[Ident], Option<super::super::model::id::ItemId>)> {
    match &piece.kind {
        Kind::Chain(parts) => Some((parts, None)),
        Kind::Reference(id, parts) => Some((parts, Some(*id))),
        _ => None,
    }
}

/// What a chain is, from what stands around it.
fn role(text: &str, pieces: &[Piece], number: usize) -> Role {
    let Some(piece) = pieces.get(number) else { return Role::Alias };
    let next = pieces.get(number + 1);
    let before = number.checked_sub(1).and_then(|before| pieces.get(before));
    if matches!(piece.kind, Kind::Reference(..)) {
        return Role::Item;
    }
    if next.is_some_and(|next| next.kind == Kind::Star) {
        return Role::Star;
    }
    if next.is_some_and(|next| next.kind == Kind::Open && next.at.start == piece.at.end) {
        return Role::Item;
    }
    let introduces = |before: &Piece| {
        ["AS", "WITH", "OVER", "WINDOW", "VIEW", "INDEX"].iter().any(|word| before.is(text, word))
    };
    if before.is_some_and(introduces) {
        return Role::Alias;
    }
    Role::Column
}

/// How many parts are needed to tell the object from others, as the server finds it out.
fn qualify(
    text: &str,
    pieces: &[Piece],
    inside: &[(usize, &Piece)],
    name: &Ident,
    avoid: &Ident,
) -> Result<usize, String> {
    let shown = name.as_str();
    let mut least = usize::MAX;
    let mut qualifiers: BTreeMap<Ident, BTreeSet<Ident>> = BTreeMap::new();
    for (number, piece) in inside {
        let Some((parts, _)) = chain_of(piece) else { continue };
        if parts.contains(avoid) {
            return Err(format!(
                "found reference to \"{}\"; cannot rename \"{shown}\" to any identity used in any existing view \
                 definitions",
                avoid.as_str()
            ));
        }
        let Some(at) = parts.iter().rposition(|part| part == name) else { continue };
        match role(text, pieces, *number) {
            Role::Column if at + 1 == parts.len() => {
                return Err(format!("\"{shown}\" potentially used ambiguously as item and column"));
            }
            Role::Column | Role::Star => least = least.min(at + 1),
            Role::Alias => {
                return Err(format!("\"{shown}\" potentially used ambiguously as item and alias or column"));
            }
            Role::Item => match parts {
                [database, schema, _] if at == 2 => {
                    qualifiers.entry(schema.clone()).or_default().insert(database.clone());
                    least = least.min(3);
                }
                _ => {
                    return Err(format!(
                        "\"{shown}\" potentially used ambiguously as item and database, schema, or function"
                    ));
                }
            },
        }
    }
    let needed = if qualifiers.values().any(|databases| databases.len() > 1) {
        3
    } else if qualifiers.len() > 1 {
        2
    } else {
        1
    };
    if least < needed {
        return Err(format!("\"{shown}\" is not sufficiently qualified to support renaming"));
    }
    Ok(needed)
}

/// Rewrites a whole stored statement for a new name of a schema.
///
/// # Errors
/// When the schema is named in two parts.
pub(super) fn schema(text: &str, database: &Ident, from: &Ident, to: &Ident) -> Result<String, ()> {
    let pieces = stored::lex(text);
    let defined = defined_at(text, &pieces);
    let mut edits = Vec::new();
    for (number, piece) in pieces.iter().enumerate() {
        let Some((parts, id)) = chain_of(piece) else { continue };
        // The last part of a column is no relation's.
        let column = role(text, &pieces, number) == Role::Column && Some(number) != defined;
        let kept = if column { parts.len().saturating_sub(1) } else { parts.len() };
        let (head, tail) = parts.split_at(kept);
        match head {
            [schema, _] if schema == from => return Err(()),
            [own, schema, relation] if own == database && schema == from => {
                let mut new = vec![own.clone(), to.clone(), relation.clone()];
                new.extend(tail.iter().cloned());
                edits.push((piece.at.clone(), written(id, &new)));
            }
            _ => {}
        }
    }
    Ok(stored::splice(text, &edits))
}

/// The number of the piece that names what a statement creates: its first chain. A query alone
/// creates nothing.
fn defined_at(text: &str, pieces: &[Piece]) -> Option<usize> {
    if !pieces.first().is_some_and(|first| first.is(text, "CREATE")) {
        return None;
    }
    pieces.iter().position(|piece| matches!(piece.kind, Kind::Chain(_)))
}

/// Gives what a statement creates another full name.
pub(super) fn define(text: &str, parts: &[Ident]) -> String {
    let pieces = stored::lex(text);
    match defined_at(text, &pieces).and_then(|number| pieces.get(number)) {
        Some(piece) => stored::splice(text, &[(piece.at.clone(), dotted(parts))]),
        None => text.to_owned(),
    }
}
