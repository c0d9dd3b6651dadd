//! Stored text after something got another name, and why that may be refused.
//!
//! The server's rules, on tokens instead of its tree: an object's new name may occur nowhere in a
//! view that reads it, its old one only where it means the object; a schema may not be named in
//! two parts inside an expression. Who plans renames finds out here what would be refused, and the
//! sandbox refuses it. Start reading at [`item`].
//!
//! Source: `design/materialize.md` 1.5; recorded in `full/11_object_renames.slt`, `12`.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;

use super::stored;
use super::stored::Kind;
use super::stored::Piece;
use super::stored::dotted;
use crate::name::Ident;

/// An object that gets another name.
#[derive(Clone, Copy, Debug)]
pub struct ItemRename<'a> {
    /// Its old full name.
    pub from: &'a [Ident],
    /// Its new own name.
    pub to: &'a Ident,
}

/// What an object's name is used for besides, or how little tells it from another's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// The new name stands in the text already, whatever for.
    New,
    /// The old one is a column.
    Column,
    /// The old one is an alias, a CTE or the like.
    Alias,
    /// The old one is a database, a schema or a function.
    Elsewhere,
    /// Two objects have the old one, and the text does not say which it means.
    Shared,
}

/// Why an object cannot get another name: because of a word in a text that reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// What the word is used for.
    pub usage: Use,
    /// The old name.
    pub old: Ident,
    /// The new name.
    pub new: Ident,
}

impl Conflict {
    /// The word that is in the way.
    pub fn word(&self) -> &Ident {
        match self.usage {
            Use::New => &self.new,
            Use::Column | Use::Alias | Use::Elsewhere | Use::Shared => &self.old,
        }
    }
}

impl fmt::Display for Conflict {
    /// The server's own words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let old = self.old.as_str();
        match self.usage {
            Use::New => write!(
                f,
                "found reference to \"{}\"; cannot rename \"{old}\" to any identity used in any existing view \
                 definitions",
                self.new.as_str()
            ),
            Use::Column => write!(f, "\"{old}\" potentially used ambiguously as item and column"),
            Use::Alias => write!(f, "\"{old}\" potentially used ambiguously as item and alias or column"),
            Use::Elsewhere => {
                write!(f, "\"{old}\" potentially used ambiguously as item and database, schema, or function")
            }
            Use::Shared => write!(f, "\"{old}\" is not sufficiently qualified to support renaming"),
        }
    }
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
/// What is in the way.
pub fn item(text: &str, checked: Option<Range<usize>>, rename: &ItemRename<'_>) -> Result<String, Conflict> {
    let pieces = stored::lex(text);
    let mut depth = 1;
    if let Some(range) = &checked {
        let inside: Vec<(usize, &Piece)> =
            pieces.iter().enumerate().filter(|(_, piece)| range.contains(&piece.at.start)).collect();
        if let Some(old) = rename.from.last() {
            let refuse = |usage| Conflict { usage, old: old.clone(), new: rename.to.clone() };
            depth = qualify(text, &pieces, &inside, old, rename.to).map_err(refuse)?;
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

/// Where the query of a stored `CREATE VIEW` or `CREATE MATERIALIZED VIEW` stands; `None` for another
/// statement. What follows it (`AS OF …`) is counted to it: there are no names in it.
pub fn query(text: &str) -> Option<Range<usize>> {
    let pieces = stored::lex(text);
    let view = pieces.iter().take(4).any(|piece| piece.is(text, "VIEW"));
    let mut depth = 0_usize;
    for piece in &pieces {
        match piece.kind {
            Kind::Open => depth += 1,
            Kind::Close => depth = depth.saturating_sub(1),
            Kind::Word if view && depth == 0 && piece.is(text, "AS") => {
                return Some(piece.at.end..text.len());
            }
            _ => {}
        }
    }
    None
}

fn written(id: Option<&str>, parts: &[Ident]) -> String {
    match id {
        Some(id) => stored::by_id(id, parts),
        None => dotted(parts),
    }
}

fn chain_of(piece: &Piece) -> Option<(&[Ident], Option<&str>)> {
    match &piece.kind {
        Kind::Chain(parts) => Some((parts, None)),
        Kind::Reference(id, parts) => Some((parts, Some(id))),
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
) -> Result<usize, Use> {
    let mut least = usize::MAX;
    let mut qualifiers: BTreeMap<Ident, BTreeSet<Ident>> = BTreeMap::new();
    for (number, piece) in inside {
        let Some((parts, _)) = chain_of(piece) else { continue };
        if parts.contains(avoid) {
            return Err(Use::New);
        }
        let Some(at) = parts.iter().rposition(|part| part == name) else { continue };
        match role(text, pieces, *number) {
            Role::Column if at + 1 == parts.len() => return Err(Use::Column),
            Role::Column | Role::Star => least = least.min(at + 1),
            Role::Alias => return Err(Use::Alias),
            Role::Item => match parts {
                [database, schema, _] if at == 2 => {
                    qualifiers.entry(schema.clone()).or_default().insert(database.clone());
                    least = least.min(3);
                }
                _ => return Err(Use::Elsewhere),
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
        return Err(Use::Shared);
    }
    Ok(needed)
}

/// Rewrites a whole stored statement for a new name of a schema; `None` where the schema is named in
/// two parts.
pub fn schema(text: &str, database: &Ident, from: &Ident, to: &Ident) -> Option<String> {
    // What does not even contain the letters does not name it; a quote in a name is written twice.
    if !from.as_str().contains('"') && !text.contains(from.as_str()) {
        return Some(text.to_owned());
    }
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
            [schema, _] if schema == from => return None,
            [own, schema, relation] if own == database && schema == from => {
                let mut new = vec![own.clone(), to.clone(), relation.clone()];
                new.extend(tail.iter().cloned());
                edits.push((piece.at.clone(), written(id, &new)));
            }
            _ => {}
        }
    }
    Some(stored::splice(text, &edits))
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
pub fn define(text: &str, parts: &[Ident]) -> String {
    let pieces = stored::lex(text);
    match defined_at(text, &pieces).and_then(|number| pieces.get(number)) {
        Some(piece) => stored::splice(text, &[(piece.at.clone(), dotted(parts))]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> Ident {
        Ident::new(text).expect("a name")
    }

    #[track_caller]
    fn check(text: &str, to: &str, expect: Result<&str, Use>) {
        let from = ["d", "s", "t"].map(id);
        let rename = ItemRename { from: &from, to: &id(to) };
        let told = item(text, query(text), &rename).map_err(|conflict| conflict.usage);
        assert_eq!(told, expect.map(str::to_owned), "{text}");
    }

    #[test]
    fn a_stored_query_begins_behind_the_first_as_that_is_its_own() {
        let text = r#"CREATE MATERIALIZED VIEW "d"."s"."m" ("a") IN CLUSTER [u1] WITH (ASSERT NOT NULL = "a") AS SELECT 1 AS "x" AS OF 17"#;
        let range = query(text).expect("it is a view");
        assert_eq!(&text[range], r#" SELECT 1 AS "x" AS OF 17"#);
        assert_eq!(query(r#"CREATE INDEX "i" IN CLUSTER [u1] ON [u2 AS "d"."s"."m"] ("a")"#), None);
    }

    #[test]
    fn names_follow_or_are_in_the_way() {
        let view = |query: &str| format!(r#"CREATE VIEW "d"."s"."v" AS {query}"#);
        let plain = view(r#"SELECT "t"."a" FROM [u1 AS "d"."s"."t"]"#);
        check(&plain, "n", Ok(&view(r#"SELECT "n"."a" FROM [u1 AS "d"."s"."n"]"#)));
        check(&plain, "a", Err(Use::New));
        check(&plain, "s", Err(Use::New));
        check(&view(r#"SELECT "t" FROM [u1 AS "d"."s"."t"]"#), "n", Err(Use::Column));
        check(&view(r#"SELECT "a" AS "t" FROM [u1 AS "d"."s"."t"]"#), "n", Err(Use::Alias));
        check(&view(r#"SELECT "a" FROM [u2 AS "d"."t"."x"], [u1 AS "d"."s"."t"]"#), "n", Err(Use::Elsewhere));
        let two =
            |column: &str| view(&format!(r#"SELECT {column} FROM [u1 AS "d"."s"."t"], [u2 AS "d"."r"."t"]"#));
        check(&two(r#""t"."a""#), "n", Err(Use::Shared));
        let told =
            r#"CREATE VIEW "d"."s"."v" AS SELECT "s"."n"."a" FROM [u1 AS "d"."s"."n"], [u2 AS "d"."r"."t"]"#;
        check(&two(r#""s"."t"."a""#), "n", Ok(told));
    }
}
