//! Tokens as sqlparser has them.

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::Token as TreeToken;
use sqlparser::tokenizer::Word;

use super::keyword::Meaning;
use super::keyword::meaning;
use super::token::Lexeme;

/// A word as sqlparser has it; words of other databases' syntax are plain names.
pub(super) fn word(text: &str, meaning: Meaning) -> TreeToken {
    let keyword = if meaning.is_syntax { meaning.keyword } else { Keyword::NoKeyword };
    TreeToken::Word(Word { value: text.to_owned(), quote_style: None, keyword })
}

/// A keyword as sqlparser has it.
pub(super) fn keyword(text: &str, keyword: Keyword) -> TreeToken {
    TreeToken::Word(Word { value: text.to_owned(), quote_style: None, keyword })
}

/// A quoted name as sqlparser has it.
pub(super) fn name(text: &str) -> TreeToken {
    TreeToken::Word(Word { value: text.to_owned(), quote_style: Some('"'), keyword: Keyword::NoKeyword })
}

/// A token as sqlparser has it.
pub(super) fn tree_token(lexeme: &Lexeme<'_>) -> TreeToken {
    match lexeme {
        Lexeme::Word(text) => word(text, meaning(text)),
        Lexeme::Quoted(text) => name(text),
        Lexeme::Number(text) => TreeToken::Number(text.to_string(), false),
        Lexeme::String(text) => TreeToken::SingleQuotedString(text.to_string()),
        Lexeme::HexString(text) => TreeToken::HexStringLiteral(text.to_string()),
        Lexeme::Parameter(text) => TreeToken::Placeholder(text.to_string()),
        Lexeme::Operator(text) => operator(text),
        Lexeme::LParen => TreeToken::LParen,
        Lexeme::RParen => TreeToken::RParen,
        Lexeme::LBracket => TreeToken::LBracket,
        Lexeme::RBracket => TreeToken::RBracket,
        Lexeme::Comma => TreeToken::Comma,
        Lexeme::Period => TreeToken::Period,
        Lexeme::Colon => TreeToken::Colon,
        Lexeme::DoubleColon => TreeToken::DoubleColon,
        Lexeme::SemiColon => TreeToken::SemiColon,
        Lexeme::Eq => TreeToken::Eq,
        Lexeme::Star => TreeToken::Mul,
        Lexeme::Minus => TreeToken::Minus,
        Lexeme::RArrow => TreeToken::RArrow,
    }
}

/// An operator as sqlparser has it.
fn operator(text: &str) -> TreeToken {
    match text {
        "+" => TreeToken::Plus,
        "/" => TreeToken::Div,
        "%" => TreeToken::Mod,
        "<" => TreeToken::Lt,
        ">" => TreeToken::Gt,
        "<=" => TreeToken::LtEq,
        ">=" => TreeToken::GtEq,
        "<>" | "!=" => TreeToken::Neq,
        "||" => TreeToken::StringConcat,
        "^" => TreeToken::Caret,
        "&" => TreeToken::Ampersand,
        "|" => TreeToken::Pipe,
        "#" => TreeToken::Sharp,
        "&&" => TreeToken::Overlap,
        "<<" => TreeToken::ShiftLeft,
        ">>" => TreeToken::ShiftRight,
        "~" => TreeToken::Tilde,
        "~*" => TreeToken::TildeAsterisk,
        "!~" => TreeToken::ExclamationMarkTilde,
        "!~*" => TreeToken::ExclamationMarkTildeAsterisk,
        "~~" => TreeToken::DoubleTilde,
        "~~*" => TreeToken::DoubleTildeAsterisk,
        "!~~" => TreeToken::ExclamationMarkDoubleTilde,
        "!~~*" => TreeToken::ExclamationMarkDoubleTildeAsterisk,
        "->" => TreeToken::Arrow,
        "->>" => TreeToken::LongArrow,
        "#>" => TreeToken::HashArrow,
        "#>>" => TreeToken::HashLongArrow,
        "@>" => TreeToken::AtArrow,
        "<@" => TreeToken::ArrowAt,
        "#-" => TreeToken::HashMinus,
        "@?" => TreeToken::AtQuestion,
        "@@" => TreeToken::AtAt,
        "?" => TreeToken::Question,
        "?&" => TreeToken::QuestionAnd,
        "?|" => TreeToken::QuestionPipe,
        "!" => TreeToken::ExclamationMark,
        "@" => TreeToken::AtSign,
        "|/" => TreeToken::PGSquareRoot,
        "||/" => TreeToken::PGCubeRoot,
        other => TreeToken::CustomBinaryOperator(other.to_owned()),
    }
}
