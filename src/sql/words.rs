//! Two looks at the words of a text that nobody has to parse for them.

use super::lex;
use super::parse::cursor;
use crate::name::Ident;

/// How far the list in parentheses goes that a text begins with; 0 where it begins with none.
pub fn list_end(text: &str) -> usize {
    let Ok(tokens) = lex::lex(text) else { return 0 };
    let opens = tokens.first().is_some_and(super::token::Token::opens);
    let close = if opens { cursor::closing(&tokens, 0) } else { None };
    close.and_then(|at| tokens.get(at)).map_or(0, |token| token.span.end)
}

/// Tells whether a name stands in a text, whatever it means there.
pub fn names(text: &str, ident: &Ident) -> bool {
    lex::lex(text).is_ok_and(|tokens| tokens.iter().any(|token| token.names(ident)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_columns_ends_behind_its_parenthesis() {
        for (text, list) in [
            (" IN CLUSTER c AS SELECT (1)", ""),
            (" (a, \"b)\" /* ) */) IN CLUSTER c AS SELECT (1)", " (a, \"b)\" /* ) */)"),
            ("(a) AS SELECT 1", "(a)"),
        ] {
            assert_eq!(&text[..list_end(text)], list, "{text}");
        }
    }

    #[test]
    fn a_name_stands_in_a_text_quoted_or_not_and_not_in_strings() {
        let orders = Ident::new("orders").expect("a name");
        for (text, stands) in [
            ("SELECT id FROM core.ORDERS", true),
            ("SELECT id FROM core.\"orders\"", true),
            ("SELECT 'orders' AS a -- orders\nFROM core.\"ORDERS\"", false),
        ] {
            assert_eq!(names(text, &orders), stands, "{text}");
        }
    }
}
