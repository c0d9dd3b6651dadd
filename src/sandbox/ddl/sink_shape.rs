//! How a sink writes what it sends, read from its statement as stored.

use crate::sql::stored;
use crate::sql::stored::Kind;
use crate::sql::stored::Piece;

/// How a sink writes what it sends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shape {
    /// Where it sends to.
    pub(crate) topic: Option<String>,
    /// The columns of its key.
    pub(crate) key: Vec<String>,
    /// Whether a message holds what a row was before.
    pub(crate) debezium: bool,
    /// Whether it begins with the rows that are there.
    pub(crate) snapshot: bool,
}

/// Reads the shape of a sink.
pub(crate) fn shape(create_sql: &str) -> Shape {
    let pieces = stored::lex(create_sql);
    let is = |at: usize, word: &str| pieces.get(at).is_some_and(|piece| piece.is(create_sql, word));
    let mut shape = Shape { snapshot: true, ..Shape::default() };
    for at in 0..pieces.len() {
        if is(at, "TOPIC") {
            shape.topic = value(create_sql, &pieces, at).map(unquoted).or(shape.topic);
        } else if is(at, "SNAPSHOT") {
            shape.snapshot =
                value(create_sql, &pieces, at).is_none_or(|text| !text.eq_ignore_ascii_case("false"));
        } else if is(at, "ENVELOPE") {
            shape.debezium = is(at + 1, "DEBEZIUM");
        } else if is(at, "KEY") && pieces.get(at + 1).is_some_and(|piece| piece.kind == Kind::Open) {
            let columns = pieces.iter().skip(at + 2).take_while(|piece| piece.kind != Kind::Close);
            shape.key = columns.filter_map(|piece| column(create_sql, piece)).collect();
        }
    }
    shape
}

/// The value of an option, behind an equals sign if there is one.
fn value<'t>(text: &'t str, pieces: &[Piece], at: usize) -> Option<&'t str> {
    let next = pieces.get(at + 1)?;
    let value = if next.text(text) == "=" { pieces.get(at + 2)? } else { next };
    match value.kind {
        Kind::Text | Kind::Word => Some(value.text(text)),
        _ => None,
    }
}

fn unquoted(text: &str) -> String {
    text.trim_matches('\'').replace("''", "'")
}

fn column(text: &str, piece: &Piece) -> Option<String> {
    match &piece.kind {
        Kind::Chain(parts) => parts.last().map(|name| name.as_str().to_owned()),
        // What was written without quotes is in capitals here, and was in small letters.
        Kind::Word => Some(piece.text(text).to_lowercase()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topic_key_envelope_and_snapshot_are_read() {
        let read = shape(
            "CREATE SINK \"d\".\"s\".\"k\" FROM [u1 AS \"d\".\"s\".\"t\"] INTO KAFKA CONNECTION [u2 AS \"d\".\"s\".\"c\"] \
             (TOPIC = 'it''s') KEY (ID, \"B\") NOT ENFORCED FORMAT JSON ENVELOPE UPSERT WITH (SNAPSHOT = FALSE)",
        );
        let key = vec!["id".to_owned(), "B".to_owned()];
        assert_eq!(read, Shape { topic: Some("it's".to_owned()), key, debezium: false, snapshot: false });
        let read =
            shape("CREATE SINK \"k\" INTO KAFKA CONNECTION [u2] (TOPIC 'x') FORMAT JSON ENVELOPE DEBEZIUM");
        assert!(read.debezium && read.snapshot && read.key.is_empty());
    }
}
