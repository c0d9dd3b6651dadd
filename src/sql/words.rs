//! A look at the words of a text that nobody has to parse for it.

use super::lex;
use super::parse::cursor;

/// How far the list in parentheses goes that a text begins with; 0 where it begins with none.
pub fn list_end(text: &str) -> usize {
    let Ok(tokens) = lex::lex(text) else { return 0 };
    let opens = tokens.first().is_some_and(super::token::Token::opens);
    let close = if opens { cursor::closing(&tokens, 0) } else { None };
    close.and_then(|at| tokens.get(at)).map_or(0, |token| token.span.end)
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
}
