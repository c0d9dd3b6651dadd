//! Materialize's dialect for sqlparser: how queries and expressions are read.
//!
//! Only the hooks that queries need; statement heads are read by [`super::parse`]. What no hook
//! can express is rewritten beforehand by [`super::lower`], which also takes away the keywords
//! that other databases have.

mod function;

use sqlparser::ast::AccessExpr;
use sqlparser::ast::Array;
use sqlparser::ast::BinaryOperator;
use sqlparser::ast::CastKind;
use sqlparser::ast::Expr;
use sqlparser::ast::Ident;
use sqlparser::ast::Map;
use sqlparser::ast::MapEntry;
use sqlparser::ast::ObjectName;
use sqlparser::ast::UnaryOperator;
use sqlparser::ast::Value;
use sqlparser::ast::helpers::attached_token::AttachedToken;
use sqlparser::dialect::Dialect;
use sqlparser::dialect::Precedence;
use sqlparser::keywords::Keyword;
use sqlparser::parser::Parser;
use sqlparser::parser::ParserError;
use sqlparser::tokenizer::Span;
use sqlparser::tokenizer::Token as Lexeme;
use sqlparser::tokenizer::TokenWithSpan;
use sqlparser::tokenizer::Word;

/// The dialect; it has no settings.
#[derive(Debug)]
pub(super) struct Materialize;

/// The prefix that tells `LIST[…]` from `ARRAY[…]` in sqlparser's tree.
pub(super) const LIST: &str = "LIST";

/// What stands for `.*` where sqlparser knows none; see [`super::lower`].
pub(super) const ALL_FIELDS: &str = ".*";

/// What stands before the items of an `IN (…)` of which the first begins with a query; see
/// [`super::lower`].
pub(super) const ITEMS: &str = "\0items";

impl Dialect for Materialize {
    fn is_delimited_identifier_start(&self, ch: char) -> bool {
        ch == '"'
    }

    fn is_identifier_start(&self, ch: char) -> bool {
        ch.is_alphabetic() || ch == '_' || !ch.is_ascii()
    }

    fn is_identifier_part(&self, ch: char) -> bool {
        self.is_identifier_start(ch) || ch.is_ascii_digit() || ch == '$'
    }

    fn identifier_quote_style(&self, _identifier: &str) -> Option<char> {
        Some('"')
    }

    fn supports_nested_comments(&self) -> bool {
        true
    }

    fn supports_string_escape_constant(&self) -> bool {
        true
    }

    /// Not for geometry, which the server does not have: it makes `?` an operator.
    fn supports_geometric_types(&self) -> bool {
        true
    }

    fn supports_filter_during_aggregation(&self) -> bool {
        true
    }

    fn supports_group_by_expr(&self) -> bool {
        true
    }

    fn supports_empty_projections(&self) -> bool {
        true
    }

    fn supports_select_expr_star(&self) -> bool {
        true
    }

    fn supports_subquery_as_function_arg(&self) -> bool {
        true
    }

    fn supports_named_fn_args_with_rarrow_operator(&self) -> bool {
        false
    }

    fn supports_bitwise_shift_operators(&self) -> bool {
        true
    }

    fn supports_window_clause_named_window_reference(&self) -> bool {
        true
    }

    fn allow_extract_custom(&self) -> bool {
        true
    }

    fn allow_extract_single_quotes(&self) -> bool {
        true
    }

    fn supports_extract_comma_syntax(&self) -> bool {
        true
    }

    fn supports_comma_separated_trim(&self) -> bool {
        true
    }

    /// Words that begin syntax of their own are never columns, so that a mistake inside that
    /// syntax is reported where it is.
    fn is_reserved_for_identifier(&self, kw: Keyword) -> bool {
        kw != Keyword::NoKeyword
    }

    fn is_column_alias(&self, kw: &Keyword, _parser: &mut Parser) -> bool {
        // Source: the server's parser reserves clause words everywhere and the words that may
        // follow an interval literal where a column's alias may stand.
        !begins_clause(*kw)
            && !matches!(
                kw,
                Keyword::YEAR
                    | Keyword::MONTH
                    | Keyword::DAY
                    | Keyword::HOUR
                    | Keyword::MINUTE
                    | Keyword::SECOND
            )
    }

    fn is_table_alias(&self, kw: &Keyword, _parser: &mut Parser) -> bool {
        !begins_clause(*kw)
            && !matches!(
                kw,
                Keyword::ON
                    | Keyword::JOIN
                    | Keyword::INNER
                    | Keyword::CROSS
                    | Keyword::FULL
                    | Keyword::LEFT
                    | Keyword::RIGHT
                    | Keyword::NATURAL
                    | Keyword::USING
                    | Keyword::SET
                    | Keyword::OUTER
            )
    }

    fn is_table_factor(&self, kw: &Keyword, _parser: &mut Parser) -> bool {
        !begins_clause(*kw)
    }

    fn prec_value(&self, prec: Precedence) -> u8 {
        // The order of PostgreSQL, which the server follows; the numbers only have to differ.
        match prec {
            Precedence::Period => 200,
            Precedence::DoubleColon => 140,
            Precedence::AtTz => 110,
            Precedence::Caret => 100,
            Precedence::MulDivModOp => 90,
            Precedence::PlusMinus => 80,
            Precedence::Xor
            | Precedence::Ampersand
            | Precedence::Pipe
            | Precedence::Colon
            | Precedence::PgOther => OTHER_OPERATOR,
            Precedence::Between | Precedence::Like => 60,
            Precedence::Eq => 50,
            Precedence::Is => 40,
            Precedence::UnaryNot => 30,
            Precedence::And => 20,
            Precedence::Or => 10,
        }
    }

    fn get_next_precedence(&self, parser: &Parser) -> Option<Result<u8, ParserError>> {
        match &parser.peek_token_ref().token {
            Lexeme::Word(word) if word.keyword == Keyword::NOT => {
                // `x NOT NULL` is no expression here; `DEFAULT 1 NOT NULL` must end before it.
                let next = parser.peek_nth_token_ref(1);
                is_keyword(&next.token, Keyword::NULL).then(|| Ok(self.prec_unknown()))
            }
            Lexeme::Word(word) if word.keyword == Keyword::COLLATE => Some(Ok(120)),
            Lexeme::LBracket => Some(Ok(130)),
            Lexeme::CustomBinaryOperator(text) if text == ALL_FIELDS => {
                Some(Ok(self.prec_value(Precedence::Period)))
            }
            Lexeme::Arrow
            | Lexeme::LongArrow
            | Lexeme::HashArrow
            | Lexeme::HashLongArrow
            | Lexeme::AtArrow
            | Lexeme::ArrowAt
            | Lexeme::HashMinus
            | Lexeme::AtQuestion
            | Lexeme::AtAt
            | Lexeme::Question
            | Lexeme::QuestionAnd
            | Lexeme::QuestionPipe
            | Lexeme::StringConcat
            | Lexeme::Sharp
            | Lexeme::Tilde
            | Lexeme::TildeAsterisk
            | Lexeme::ExclamationMarkTilde
            | Lexeme::ExclamationMarkTildeAsterisk
            | Lexeme::DoubleTilde
            | Lexeme::DoubleTildeAsterisk
            | Lexeme::ExclamationMarkDoubleTilde
            | Lexeme::ExclamationMarkDoubleTildeAsterisk
            | Lexeme::ShiftRight
            | Lexeme::ShiftLeft
            | Lexeme::Overlap
            | Lexeme::CustomBinaryOperator(_) => Some(Ok(OTHER_OPERATOR)),
            Lexeme::Colon => Some(Ok(self.prec_unknown())),
            _ => None,
        }
    }

    fn parse_infix(
        &self,
        parser: &mut Parser,
        expr: &Expr,
        precedence: u8,
    ) -> Option<Result<Expr, ParserError>> {
        let op = match parser.peek_token_ref().token {
            Lexeme::Sharp => BinaryOperator::PGBitwiseXor,
            Lexeme::Overlap => BinaryOperator::PGOverlap,
            Lexeme::CustomBinaryOperator(ref text) if text == ALL_FIELDS => {
                return Some(Ok(all_fields(expr.clone(), parser.next_token())));
            }
            // sqlparser knows it behind what has no operator in it alone: not behind a cast.
            Lexeme::Word(ref word) if word.keyword == Keyword::COLLATE => {
                parser.advance_token();
                let expr = Box::new(expr.clone());
                let collation = parser.parse_object_name(false);
                return Some(collation.map(|collation| Expr::Collate { expr, collation }));
            }
            _ => return None,
        };
        parser.advance_token();
        let left = Box::new(expr.clone());
        Some(parser.parse_subexpr(precedence).map(|right| Expr::BinaryOp {
            left,
            op,
            right: Box::new(right),
        }))
    }

    fn parse_prefix(&self, parser: &mut Parser) -> Option<Result<Expr, ParserError>> {
        let place = parser.peek_token_ref().span;
        let next = &parser.peek_nth_token_ref(1).token;
        match &parser.peek_token_ref().token {
            Lexeme::Word(word) if begins_expression(word, next) => {
                let keyword = word.keyword;
                syntax(parser, keyword, place)
            }
            Lexeme::Word(word) if begins_clause(word.keyword) => {
                Some(parser.expected("an expression", parser.peek_token()))
            }
            Lexeme::Word(word) => match next {
                Lexeme::LBracket if constructs(word, LIST) => Some(list(parser)),
                Lexeme::LBracket if constructs(word, "MAP") => Some(map(parser)),
                Lexeme::LParen => Some(call(parser)),
                Lexeme::Period if is_column(parser) => Some(column(parser)),
                _ => {
                    let ident = word.to_ident(place);
                    parser.advance_token();
                    Some(Ok(Expr::Identifier(ident)))
                }
            },
            Lexeme::Number(digits, _) => {
                let value = Value::Number(digits.clone(), false);
                parser.advance_token();
                Some(Ok(Expr::Value(value.with_span(place))))
            }
            Lexeme::SingleQuotedString(text) => {
                let value = Value::SingleQuotedString(text.clone());
                parser.advance_token();
                Some(Ok(Expr::Value(value.with_span(place))))
            }
            Lexeme::CustomBinaryOperator(text) if text == ITEMS => {
                parser.advance_token();
                Some(parser.parse_prefix())
            }
            Lexeme::LParen if begins_query(parser) => Some(subquery(parser)),
            Lexeme::LParen => Some(parentheses(parser)),
            Lexeme::Minus => Some(signed(parser, UnaryOperator::Minus)),
            Lexeme::Plus => Some(signed(parser, UnaryOperator::Plus)),
            // Source: the server reads its operand as that of any other operator, so that `~ a + b`
            // is `~ (a + b)`.
            Lexeme::Tilde => Some(unary(parser, UnaryOperator::BitwiseNot, OTHER_OPERATOR)),
            _ => None,
        }
    }
}

/// Tells whether the parenthesis that comes next is that of a query which sqlparser takes for none:
/// `(VALUES (1))`, `((SELECT 1) UNION (SELECT 2))`.
fn begins_query(parser: &Parser) -> bool {
    let token = |at: usize| &parser.token_at(at).token;
    let open = parser.index();
    let mut first = open + 1;
    if is_keyword(token(first), Keyword::VALUES) {
        return *token(first + 1) == Lexeme::LParen;
    }
    while *token(first) == Lexeme::LParen {
        first += 1;
    }
    let queries = [Keyword::SELECT, Keyword::WITH, Keyword::VALUES];
    if first == open + 1 || !queries.iter().any(|keyword| is_keyword(token(first), *keyword)) {
        return false;
    }
    let mut depth = 0_usize;
    let close = (open + 1..).find(|at| {
        match token(*at) {
            Lexeme::LParen => depth += 1,
            Lexeme::RParen => depth = depth.saturating_sub(1),
            Lexeme::EOF => depth = 0,
            _ => {}
        }
        depth == 0
    });
    let operators = [Keyword::UNION, Keyword::EXCEPT, Keyword::INTERSECT];
    close.is_some_and(|close| operators.iter().any(|keyword| is_keyword(token(close + 1), *keyword)))
}

/// Reads a query in parentheses.
fn subquery(parser: &mut Parser) -> Result<Expr, ParserError> {
    parser.expect_token(&Lexeme::LParen)?;
    let query = parser.parse_query()?;
    parser.expect_token(&Lexeme::RParen)?;
    Ok(Expr::Subquery(query))
}

/// `x.*`, in the middle of an expression.
fn all_fields(of: Expr, star: TokenWithSpan) -> Expr {
    let star = AttachedToken(star);
    match of {
        Expr::Identifier(name) => Expr::QualifiedWildcard(ObjectName::from(vec![name]), star),
        Expr::CompoundIdentifier(parts) => Expr::QualifiedWildcard(ObjectName::from(parts), star),
        root => Expr::CompoundFieldAccess {
            root: Box::new(root),
            access_chain: vec![AccessExpr::Dot(Expr::Wildcard(star))],
        },
    }
}

/// Tells whether a word begins syntax of its own rather than being a column or a function.
///
/// Deciding it here, by one look ahead, keeps sqlparser from trying both: a mistake inside such
/// syntax would be reported somewhere else, after a time that doubles with every nesting.
fn begins_expression(word: &Word, next: &Lexeme) -> bool {
    match word.keyword {
        Keyword::CASE | Keyword::FALSE | Keyword::NOT | Keyword::NULL | Keyword::TRUE => true,
        Keyword::CAST | Keyword::EXISTS | Keyword::EXTRACT | Keyword::POSITION => *next == Lexeme::LParen,
        Keyword::SUBSTRING | Keyword::TRIM => *next == Lexeme::LParen,
        Keyword::ARRAY => matches!(next, Lexeme::LParen | Lexeme::LBracket),
        Keyword::INTERVAL => matches!(next, Lexeme::SingleQuotedString(_)),
        _ => false,
    }
}

/// Reads syntax by the keyword that it begins with; leaves what is rare to sqlparser, which looks for a type first and
/// writes a message about finding none.
fn syntax(parser: &mut Parser, keyword: Keyword, place: Span) -> Option<Result<Expr, ParserError>> {
    let value = |value: Value| Some(Ok(Expr::Value(value.with_span(place))));
    match keyword {
        Keyword::TRUE | Keyword::FALSE => {
            parser.advance_token();
            value(Value::Boolean(keyword == Keyword::TRUE))
        }
        Keyword::NULL => {
            parser.advance_token();
            value(Value::Null)
        }
        Keyword::CASE => {
            parser.advance_token();
            Some(parser.parse_case_expr())
        }
        Keyword::NOT => {
            parser.advance_token();
            Some(parser.parse_not())
        }
        Keyword::CAST => {
            parser.advance_token();
            Some(parser.parse_cast_expr(CastKind::Cast))
        }
        Keyword::EXISTS => {
            parser.advance_token();
            Some(parser.parse_exists_expr(false))
        }
        _ => None,
    }
}

/// Reads what stands in parentheses: a query, an expression or the fields of a row.
fn parentheses(parser: &mut Parser) -> Result<Expr, ParserError> {
    parser.advance_token();
    let is_query =
        [Keyword::SELECT, Keyword::WITH].iter().any(|word| is_keyword(&parser.peek_token_ref().token, *word));
    let expr = if is_query {
        Expr::Subquery(parser.parse_query()?)
    } else {
        let mut fields = parser.parse_comma_separated(Parser::parse_expr)?;
        match fields.pop() {
            Some(only) if fields.is_empty() => Expr::Nested(Box::new(only)),
            last => Expr::Tuple(fields.into_iter().chain(last).collect()),
        }
    };
    parser.expect_token(&Lexeme::RParen)?;
    Ok(expr)
}

/// Reads a sign and what it belongs to.
fn signed(parser: &mut Parser, op: UnaryOperator) -> Result<Expr, ParserError> {
    unary(parser, op, Materialize.prec_value(Precedence::MulDivModOp))
}

fn unary(parser: &mut Parser, op: UnaryOperator, binding: u8) -> Result<Expr, ParserError> {
    parser.advance_token();
    let expr = Box::new(parser.parse_subexpr(binding)?);
    Ok(Expr::UnaryOp { op, expr })
}

/// The binding power of `||`, `->` and their like.
const OTHER_OPERATOR: u8 = 70;

/// Tells whether a keyword may only begin a clause, whatever stands before it.
fn begins_clause(kw: Keyword) -> bool {
    matches!(
        kw,
        Keyword::WITH
            | Keyword::SELECT
            | Keyword::FROM
            | Keyword::WHERE
            | Keyword::GROUP
            | Keyword::HAVING
            | Keyword::QUALIFY
            | Keyword::WINDOW
            | Keyword::ORDER
            | Keyword::LIMIT
            | Keyword::OFFSET
            | Keyword::FETCH
            | Keyword::UNION
            | Keyword::EXCEPT
            | Keyword::INTERSECT
    )
}

/// Tells whether a token is a keyword.
fn is_keyword(token: &Lexeme, keyword: Keyword) -> bool {
    matches!(token, Lexeme::Word(word) if word.keyword == keyword)
}

/// Tells whether an unquoted word is the name of a constructor with brackets.
fn constructs(word: &Word, name: &str) -> bool {
    word.quote_style.is_none() && word.value.eq_ignore_ascii_case(name)
}

/// Reads a name of several parts.
///
/// sqlparser would read each part as an expression that may be anything, and make a name of them afterwards.
fn column(parser: &mut Parser) -> Result<Expr, ParserError> {
    let first = parser.parse_identifier()?;
    parser.advance_token();
    // By the way of expressions, so that it counts as deep as it does there.
    match parser.parse_subexpr(Materialize.prec_value(Precedence::Period))? {
        Expr::Identifier(last) => Ok(Expr::CompoundIdentifier(vec![first, last])),
        Expr::CompoundIdentifier(mut parts) => {
            parts.insert(0, first);
            Ok(Expr::CompoundIdentifier(parts))
        }
        _ => parser.expected_ref("an identifier", parser.peek_token_ref()),
    }
}

/// Tells whether the words at the parser's place, with periods between, are a column and nothing else.
fn is_column(parser: &Parser) -> bool {
    let token = |at: usize| &parser.peek_nth_token_ref(at).token;
    let is_name = |token: &Lexeme| matches!(token, Lexeme::Word(word) if word.keyword == Keyword::NoKeyword);
    let mut at = 1;
    while *token(at) == Lexeme::Period && is_name(token(at + 1)) {
        at += 2;
    }
    match token(at) {
        Lexeme::Period | Lexeme::LParen | Lexeme::LBracket => false,
        last => at > 1 && !is_keyword(last, Keyword::COLLATE),
    }
}

/// Reads `name(…)` with everything that may follow the arguments.
fn call(parser: &mut Parser) -> Result<Expr, ParserError> {
    let name = parser.parse_identifier()?;
    let is_constructor = [LIST, "MAP"].iter().any(|word| name.value.eq_ignore_ascii_case(word));
    if is_constructor && name.quote_style.is_none() {
        return function::of_query(parser, ObjectName::from(vec![name]));
    }
    function::function(parser, ObjectName::from(vec![name]))
}

/// Reads `LIST[a, …]`.
fn list(parser: &mut Parser) -> Result<Expr, ParserError> {
    let place = parser.next_token().span;
    parser.expect_token(&Lexeme::LBracket)?;
    let elem = parser.parse_comma_separated0(Parser::parse_expr, Lexeme::RBracket)?;
    parser.expect_token(&Lexeme::RBracket)?;
    let array = Expr::Array(Array { elem, named: false });
    Ok(Expr::Prefixed { prefix: Ident::with_span(place, LIST), value: Box::new(array) })
}

/// Reads `MAP[k => v, …]`.
fn map(parser: &mut Parser) -> Result<Expr, ParserError> {
    parser.advance_token();
    entries(parser)
}

/// Reads the entries of a map in their brackets.
fn entries(parser: &mut Parser) -> Result<Expr, ParserError> {
    parser.expect_token(&Lexeme::LBracket)?;
    let entries = parser.parse_comma_separated0(map_entry, Lexeme::RBracket)?;
    parser.expect_token(&Lexeme::RBracket)?;
    Ok(Expr::Map(Map { entries }))
}

/// Reads `k => v`.
fn map_entry(parser: &mut Parser) -> Result<MapEntry, ParserError> {
    let key = Box::new(parser.parse_expr()?);
    parser.expect_token(&Lexeme::RArrow)?;
    let is_map = parser.peek_token_ref().token == Lexeme::LBracket;
    let value = Box::new(if is_map { entries(parser)? } else { parser.parse_expr()? });
    Ok(MapEntry { key, value })
}
