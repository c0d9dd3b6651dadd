//! Calls of functions, as sqlparser reads them but without what it tries in vain.
//!
//! Before each argument sqlparser looks for a name with `=>` behind it, which no call has here, and writes a whole
//! message about not finding one. What comes out is what comes out there. Start reading at [`function`].

use sqlparser::ast::DuplicateTreatment;
use sqlparser::ast::Expr;
use sqlparser::ast::Function;
use sqlparser::ast::FunctionArg;
use sqlparser::ast::FunctionArgumentClause;
use sqlparser::ast::FunctionArgumentList;
use sqlparser::ast::FunctionArguments;
use sqlparser::ast::JsonNullClause;
use sqlparser::ast::NullTreatment;
use sqlparser::ast::ObjectName;
use sqlparser::ast::WindowType;
use sqlparser::keywords::Keyword;
use sqlparser::parser::Parser;
use sqlparser::parser::ParserError;
use sqlparser::tokenizer::Token as Lexeme;

/// Reads `name(…)` with everything that may follow the arguments; the parser stands before the parenthesis.
pub(super) fn function(parser: &mut Parser<'_>, name: ObjectName) -> Result<Expr, ParserError> {
    // A query, or the beginning of something rare.
    if let Lexeme::Word(word) = &parser.peek_nth_token_ref(1).token
        && matches!(word.keyword, Keyword::SELECT | Keyword::WITH | Keyword::NULL | Keyword::ALL)
    {
        return parser.parse_function(name);
    }
    parser.expect_token(&Lexeme::LParen)?;
    let args = arguments(parser)?;
    let within_group = if parser.parse_keywords(&[Keyword::WITHIN, Keyword::GROUP]) {
        parser.expect_token(&Lexeme::LParen)?;
        parser.expect_keywords(&[Keyword::ORDER, Keyword::BY])?;
        let order = parser.parse_comma_separated(Parser::parse_order_by_expr)?;
        parser.expect_token(&Lexeme::RParen)?;
        order
    } else {
        Vec::new()
    };
    let has_filter = parser.parse_keyword(Keyword::FILTER)
        && parser.consume_token(&Lexeme::LParen)
        && parser.parse_keyword(Keyword::WHERE);
    let filter = if has_filter {
        let filter = Some(Box::new(parser.parse_expr()?));
        parser.expect_token(&Lexeme::RParen)?;
        filter
    } else {
        None
    };
    let null_treatment = match parser.parse_one_of_keywords(&[Keyword::RESPECT, Keyword::IGNORE]) {
        Some(word) => {
            parser.expect_keyword_is(Keyword::NULLS)?;
            let respect = word == Keyword::RESPECT;
            Some(if respect { NullTreatment::RespectNulls } else { NullTreatment::IgnoreNulls })
        }
        None => None,
    };
    let over = if !parser.parse_keyword(Keyword::OVER) {
        None
    } else if parser.consume_token(&Lexeme::LParen) {
        Some(WindowType::WindowSpec(parser.parse_window_spec()?))
    } else {
        Some(WindowType::NamedWindow(parser.parse_identifier()?))
    };
    Ok(Expr::Function(Function {
        name,
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(args),
        filter,
        null_treatment,
        over,
        within_group,
    }))
}

/// Reads `name(…)` with a query, whatever that begins with.
pub(super) fn of_query(parser: &mut Parser<'_>, name: ObjectName) -> Result<Expr, ParserError> {
    parser.expect_token(&Lexeme::LParen)?;
    let query = parser.parse_query()?;
    parser.expect_token(&Lexeme::RParen)?;
    Ok(Expr::Function(Function {
        name,
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::Subquery(query),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    }))
}

/// Reads arguments and the parenthesis behind them.
fn arguments(parser: &mut Parser<'_>) -> Result<FunctionArgumentList, ParserError> {
    if parser.consume_token(&Lexeme::RParen) {
        return Ok(FunctionArgumentList { duplicate_treatment: None, args: Vec::new(), clauses: Vec::new() });
    }
    let distinct = parser.parse_keyword(Keyword::DISTINCT);
    let args = parser.parse_comma_separated(argument)?;
    let mut clauses = Vec::new();
    if parser.parse_keywords(&[Keyword::ORDER, Keyword::BY]) {
        let order = parser.parse_comma_separated(Parser::parse_order_by_expr)?;
        clauses.push(FunctionArgumentClause::OrderBy(order));
    }
    if parser.parse_keyword(Keyword::LIMIT) {
        clauses.push(FunctionArgumentClause::Limit(parser.parse_expr()?));
    }
    if parser.parse_keywords(&[Keyword::NULL, Keyword::ON, Keyword::NULL]) {
        clauses.push(FunctionArgumentClause::JsonNullClause(JsonNullClause::NullOnNull));
    }
    parser.expect_token(&Lexeme::RParen)?;
    let duplicate_treatment = distinct.then_some(DuplicateTreatment::Distinct);
    Ok(FunctionArgumentList { duplicate_treatment, args, clauses })
}

fn argument(parser: &mut Parser<'_>) -> Result<FunctionArg, ParserError> {
    let expr = if may_be_star(parser) { parser.parse_wildcard_expr()? } else { parser.parse_expr()? };
    Ok(FunctionArg::Unnamed(expr.into()))
}

/// Tells whether an argument may be `*` or `t.*`, or begins with a name that is wrong.
fn may_be_star(parser: &Parser<'_>) -> bool {
    let token = |at: usize| &parser.peek_nth_token_ref(at).token;
    match token(0) {
        Lexeme::Word(_) => {
            let mut at = 1;
            while *token(at) == Lexeme::Period && matches!(token(at + 1), Lexeme::Word(_)) {
                at += 2;
            }
            *token(at) == Lexeme::Period
        }
        Lexeme::Number(..) => false,
        Lexeme::SingleQuotedString(_) => *token(1) == Lexeme::Period,
        // Another text than a number may be anything.
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Materialize;
    use super::*;
    use crate::sql::lex::lex;
    use crate::sql::lower::lower;

    /// What one of both makes of a call, and how many tokens it takes for it.
    fn read(
        text: &str,
        rule: impl Fn(&mut Parser<'_>, ObjectName) -> Result<Expr, ParserError>,
    ) -> Result<(Expr, usize), ParserError> {
        let tokens = lex(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let lowered = lower(text, &tokens).unwrap_or_else(|error| panic!("{text}: {error}"));
        let mut parser = Parser::new(&Materialize).with_tokens_with_locations(lowered.tokens);
        let name = ObjectName::from(vec![parser.parse_identifier()?]);
        let expr = rule(&mut parser, name)?;
        Ok((expr, parser.index()))
    }

    #[test]
    fn a_call_is_what_sqlparser_makes_of_it() {
        for text in [
            "f()",
            "f(*)",
            "f((*))",
            "f(t.*, s.t.*)",
            "f(DISTINCT a, b ORDER BY c DESC, d) FILTER (WHERE e)",
            "f(DISTINCT ALL a)",
            "f(ALL a)",
            "f(ALL DISTINCT a)",
            "f(SELECT 1)",
            "f(WITH c AS (SELECT 1) SELECT 2) OVER w",
            "f(NULL)",
            "f(NULL ON NULL)",
            "f(a NULL ON NULL)",
            "f(a LIMIT 1)",
            "f(a ORDER BY b LIMIT 1 NULL ON NULL)",
            "f(a) WITHIN GROUP (ORDER BY b) FILTER (WHERE c) IGNORE NULLS OVER (PARTITION BY d)",
            "f(a) RESPECT NULLS OVER w",
            "f(a) IGNORE x",
            "f(a) FILTER (b)",
            "f(a) FILTER",
            "f(a) OVER 1",
            "f(a.b.c, a.b(1), -1, + x, (1), (1, 2), (SELECT 1), 'x', NOT a, CASE WHEN a THEN b END, x::int)",
            "f('x'.y)",
            "f('x'.1)",
            "f(a => 1)",
            "f(a = 1)",
            "f(a IN (1), b BETWEEN 1 AND 2)",
            "f(a",
            "f(a,)",
            "f(,)",
            "f(a b)",
            "f(a.)",
            "f(a.b.)",
            "f(a.(b))",
            "f(a.b.[1])",
            "f(a[1].b)",
            "f(a.b COLLATE c)",
            "f(g(h(a, b), *) FILTER (WHERE c), d)",
        ] {
            let theirs = read(text, |parser, name| parser.parse_function(name));
            assert_eq!(read(text, function), theirs, "{text}");
        }
    }
}
