//! Statements that are stored word by word, put into the catalog's form.

use crate::sql::stored;
use crate::sql::stored::Kind;

/// Puts bare words into capitals and takes blanks out where the catalog has none.
pub(super) fn words(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut glued = true;
    for piece in stored::lex(text) {
        let own = piece.text(text);
        let closes = matches!(piece.kind, Kind::Close | Kind::Comma | Kind::Star) || own == ".";
        if !glued && !closes {
            result.push(' ');
        }
        match piece.kind {
            Kind::Word => result.push_str(&own.to_uppercase()),
            _ => result.push_str(own),
        }
        glued = piece.kind == Kind::Open || own == ".";
    }
    result
}
