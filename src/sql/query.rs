//! Query bodies and expressions: text with what it refers to.
//!
//! The tree behind them stays in this room. Spans count bytes of the whole text that was parsed,
//! of which [`Query::text`] is a part. Start reading at [`Query`].

use std::fmt;
use std::sync::Arc;

use sqlparser::ast as tree;
use sqlparser::parser::Parser;
use sqlparser::parser::ParserError;
use sqlparser::tokenizer::Token as TreeToken;
use sqlparser::tokenizer::TokenWithSpan;

use super::ast::RawName;
use super::dialect::Materialize;
use super::error::SyntaxError;
use super::error::expected;
use super::lower::Notes;
use super::lower::lower;
use super::lower::span_of;
use super::opaque;
use super::opaque::Guess;
use super::opaque::Opaque;
use super::opaque::Sought;
use super::output;
use super::parse::cursor::Cursor;
use super::parse::cursor::closing;
use super::references::Bare;
use super::references::Qualifier;
use super::references::Scan;
use super::span::Span;
use super::token::Lexeme;
use super::token::MAX_DEPTH;
use super::token::Token;
use super::token::check_depth;
use super::token::too_deep;
use crate::name::Ident;

/// A query body.
#[derive(Clone)]
pub struct Query {
    body: Body,
    tree: Option<Arc<Structure<Box<tree::Query>>>>,
    as_of: Option<Span>,
    width: Option<usize>,
}

/// An expression.
#[derive(Clone)]
pub struct Expr {
    body: Body,
    tree: Option<Arc<Structure<tree::Expr>>>,
}

/// A tree, with what was taken out before it was made.
struct Structure<T> {
    tree: T,
    notes: Notes,
}

/// What queries and expressions share.
#[derive(Clone)]
struct Body {
    text: Arc<str>,
    span: Span,
    references: Arc<[RawName]>,
    qualifiers: Arc<[Qualifier]>,
    bare: Arc<[Bare]>,
    types: Vec<RawName>,
    opaque: Option<Arc<Opaque>>,
}

/// Relations in scope of an expression from outside of it, each with its alias.
pub(super) type Outside = [(RawName, Option<Ident>)];

impl Query {
    /// The text as written, with its comments.
    pub fn text(&self) -> &str {
        &self.body.text
    }

    /// Where it stands.
    pub fn span(&self) -> Span {
        self.body.span
    }

    /// The relations it names, in the order of the tree and as often as they are named: neither
    /// CTEs nor table functions.
    pub fn references(&self) -> &[RawName] {
        &self.body.references
    }

    /// The column qualifiers that mean one of [`Query::references`] by its own name.
    pub fn qualifiers(&self) -> &[Qualifier] {
        &self.body.qualifiers
    }

    /// Those of [`Query::references`] that stand in a FROM clause without an alias.
    pub fn bare(&self) -> &[Bare] {
        &self.body.bare
    }

    /// The types it names that may be a user's; of a query that only the server can read those alone
    /// whose names have one part.
    pub fn types(&self) -> &[RawName] {
        &self.body.types
    }

    /// What stands in it that only the server can read. References are then a guess from the
    /// tokens, and there may be more of them than the query has.
    pub fn opaque(&self) -> Option<&Opaque> {
        self.body.opaque.as_deref()
    }

    /// `AS OF …` at the end of a one-off query.
    pub fn as_of(&self) -> Option<Span> {
        self.as_of
    }

    /// How many columns it gives, where it was [measured](Query::measure) and its text tells.
    pub fn width(&self) -> Option<usize> {
        self.width
    }

    /// Counts its columns, which takes its tree.
    pub(super) fn measure(&mut self) {
        self.width = output::columns(self).map(|columns| columns.len());
    }

    /// The text with other relations in it; nothing else of it changes.
    ///
    /// `replace` gives the full quoted name that a relation shall have, or `None` to leave it.
    /// Qualifiers of two and three parts that mean it become that name too, for the server
    /// resolves a two-part one no longer (and refuses to swap schemas over it); one-part ones
    /// only where the relation's own name changes.
    pub fn rewrite(&self, replace: &dyn Fn(&RawName) -> Option<String>) -> String {
        self.body.rewrite(replace)
    }

    /// Lets go of the tree, which takes many times the room of the text. Without it the query
    /// still knows its text and its references, and can no longer be printed from its structure.
    pub fn forget_tree(&mut self) {
        self.tree = None;
    }

    pub(super) fn tree(&self) -> Option<(&tree::Query, &Notes)> {
        self.tree.as_deref().map(|known| (&*known.tree, &known.notes))
    }
}

impl Expr {
    /// The text as written.
    pub fn text(&self) -> &str {
        &self.body.text
    }

    /// Where it stands.
    pub fn span(&self) -> Span {
        self.body.span
    }

    /// The relations that subqueries in it name.
    pub fn references(&self) -> &[RawName] {
        &self.body.references
    }

    /// The column qualifiers that mean a relation in scope by its own name.
    pub fn qualifiers(&self) -> &[Qualifier] {
        &self.body.qualifiers
    }

    /// The types it names that may be a user's; see [`Query::types`].
    pub fn types(&self) -> &[RawName] {
        &self.body.types
    }

    /// What stands in it that only the server can read; see [`Query::opaque`].
    pub fn opaque(&self) -> Option<&Opaque> {
        self.body.opaque.as_deref()
    }

    /// The text with other relations in it; see [`Query::rewrite`].
    pub fn rewrite(&self, replace: &dyn Fn(&RawName) -> Option<String>) -> String {
        self.body.rewrite(replace)
    }

    pub(super) fn tree(&self) -> Option<(&tree::Expr, &Notes)> {
        self.tree.as_deref().map(|known| (&known.tree, &known.notes))
    }
}

impl fmt::Debug for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Query({:?})", self.text())
    }
}

impl fmt::Debug for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Expr({:?})", self.text())
    }
}

impl Body {
    fn rewrite(&self, replace: &dyn Fn(&RawName) -> Option<String>) -> String {
        let mut edits: Vec<(Span, String)> = Vec::new();
        for name in &*self.references {
            edits.extend(replace(name).map(|text| (name.span, text)));
        }
        for qualifier in &*self.qualifiers {
            edits.extend(requalify(qualifier, replace).map(|text| (qualifier.name.span, text)));
        }
        splice(&self.text, self.span.start, edits)
    }
}

/// What a qualifier has to become when its relation gets another name.
pub(super) fn requalify(
    qualifier: &Qualifier,
    replace: &dyn Fn(&RawName) -> Option<String>,
) -> Option<String> {
    let full = replace(&qualifier.relation)?;
    let own = qualifier.name.parts.last()?.sql();
    let still_found = qualifier.name.parts.len() == 1 && full.ends_with(&format!(".{own}"));
    (!still_found).then_some(full)
}

/// Replaces parts of a text that begins at a byte of a larger one; the parts do not overlap.
pub fn splice(text: &str, offset: usize, mut edits: Vec<(Span, String)>) -> String {
    edits.sort_by_key(|(span, _)| span.start);
    let mut result = String::with_capacity(text.len() + edits.len() * 16);
    let mut at = 0;
    for (span, replacement) in edits {
        let start = span.start.saturating_sub(offset);
        result.push_str(text.get(at..start).unwrap_or_default());
        result.push_str(&replacement);
        at = span.end.saturating_sub(offset);
    }
    result.push_str(text.get(at..).unwrap_or_default());
    result
}

/// Reads everything that the cursor has left as a query.
///
/// # Errors
/// Where it is none.
pub(super) fn query(cursor: &mut Cursor<'_>) -> Result<Query, SyntaxError> {
    read(cursor, Doubt::Mistake)
}

/// Reads everything that the cursor has left as the query of a view, or of rows in a unit test.
///
/// # Errors
/// Where it is none; where the cursor leaves what is doubtful to the server, only what is certainly
/// a mistake.
pub(super) fn of_view(cursor: &mut Cursor<'_>) -> Result<Query, SyntaxError> {
    let doubt = cursor.doubt();
    read(cursor, doubt)
}

fn read(cursor: &mut Cursor<'_>, doubt: Doubt) -> Result<Query, SyntaxError> {
    let begins = ["SELECT", "WITH", "VALUES", "TABLE", "SHOW"].iter().any(|word| cursor.peek_is(word));
    if !begins && !cursor.peek_is_lexeme(&Lexeme::LParen) {
        return Err(cursor.expected("SELECT, VALUES, or a subquery in the query body"));
    }
    let rest = cursor.until(cursor.tokens().len());
    cursor.move_to(cursor.tokens().len());
    let tokens = rest.tokens().get(rest.at()..).unwrap_or_default();
    let end = tokens.last().map_or(rest.start(), |token| token.span.end);
    let whole = Span::new(rest.start(), end);
    let body = |scanned: Scanned, opaque: Option<Arc<Opaque>>| Body {
        text: Arc::from(whole.of(rest.text())),
        span: whole,
        references: Arc::from(scanned.references),
        qualifiers: Arc::from(scanned.qualifiers),
        bare: Arc::from(scanned.bare),
        types: scanned.types,
        opaque,
    };
    let deep = if doubt == Doubt::Server { check_depth(tokens) } else { Ok(()) };
    let (error, known, as_of) = match deep.and_then(|()| lower(rest.text(), tokens)) {
        Err(error) => (error, None, None),
        Ok(mut lowered) => {
            let at = lowered.as_of.and_then(|at| tokens.get(at));
            let as_of = at.map(|token| Span::new(token.span.start, end));
            match parse(tokens, std::mem::take(&mut lowered.tokens), end, Parser::parse_query) {
                Ok(tree) => {
                    let scan = scan(&lowered.notes, &[], |scan| scan.query(&tree));
                    if scan.may_be_refused {
                        opaque::refused::check(rest.text(), tokens, Sought::Query)?;
                    }
                    let tree = Some(Arc::new(Structure { tree, notes: lowered.notes }));
                    return Ok(Query { body: body(scan, None), tree, as_of, width: None });
                }
                Err(error) => {
                    let known = lowered.notes.unreadable.or_else(|| opaque::plausible(tokens));
                    (locate(rest.text(), tokens).unwrap_or(error), known, as_of)
                }
            }
        }
    };
    if doubt == Doubt::Mistake && known.is_none() {
        return Err(error);
    }
    if doubt == Doubt::Server {
        opaque::judge(tokens, Sought::Query, &error, &|tokens| is_query(rest.text(), tokens))?;
    }
    let guess = opaque::guess(rest.text(), tokens, Sought::Query, &[]);
    let (opaque, scanned) = left_to_server(error, known, guess);
    Ok(Query { body: body(scanned, Some(Arc::new(opaque))), tree: None, as_of, width: None })
}

/// What to make of a query that cannot be read and may be right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doubt {
    /// It is refused, unless it has syntax that is known to be the server's.
    Mistake,
    /// The server shall judge it.
    Server,
}

/// What is known of a text that cannot be read.
fn left_to_server(error: SyntaxError, known: Option<Span>, guess: Guess) -> (Opaque, Scanned) {
    let mistake = if known.is_some() { None } else { Some(error.message) };
    let opaque = Opaque { at: known.unwrap_or(error.span), mistake, perhaps: guess.perhaps };
    let (references, qualifiers) = (guess.references, guess.qualifiers);
    (opaque, Scanned { references, qualifiers, types: guess.types, ..Scanned::default() })
}

/// Tells whether tokens are a query that is read here.
fn is_query(text: &str, tokens: &[Token<'_>]) -> bool {
    let end = tokens.last().map_or(0, |token| token.span.end);
    lower(text, tokens).is_ok_and(|lowered| parse(tokens, lowered.tokens, end, Parser::parse_query).is_ok())
}

/// Tells whether tokens are expressions with commas between that are read here.
fn is_list(text: &str, tokens: &[Token<'_>]) -> bool {
    let end = tokens.last().map_or(0, |token| token.span.end);
    let list = |parser: &mut Parser<'static>| parser.parse_comma_separated(Parser::parse_expr);
    lower(text, tokens).is_ok_and(|lowered| parse(tokens, lowered.tokens, end, list).is_ok())
}

/// Reads everything that the cursor has left as an expression.
///
/// # Errors
/// Where it is none; see [`expr_until`].
pub(super) fn expr(cursor: &mut Cursor<'_>, outside: &Outside) -> Result<Expr, SyntaxError> {
    let end = cursor.tokens().len();
    expr_until(cursor, outside, end, |cursor| cursor.end())
}

/// Reads an expression that ends before the token of a number, behind which `rest` reads what belongs
/// to it no more.
///
/// # Errors
/// Where it is none, or what follows is wrong; where the cursor leaves what is doubtful to the server,
/// only what is certainly a mistake.
pub(super) fn expr_until(
    cursor: &mut Cursor<'_>,
    outside: &Outside,
    end: usize,
    rest: impl FnOnce(&mut Cursor<'_>) -> Result<(), SyntaxError>,
) -> Result<Expr, SyntaxError> {
    let first = cursor.at();
    let error = match expr_prefix(cursor, outside).and_then(|expr| rest(cursor).map(|()| expr)) {
        Ok(expr) => return Ok(expr),
        Err(error) => error,
    };
    let tokens = cursor.tokens().get(first..end).unwrap_or_default();
    let (Doubt::Server, Some(begin), Some(last)) = (cursor.doubt(), tokens.first(), tokens.last()) else {
        return Err(error);
    };
    let text = cursor.text();
    opaque::judge(tokens, Sought::Expression, &error, &|tokens| is_list(text, tokens))?;
    let guess = opaque::guess(text, tokens, Sought::Expression, outside);
    let (opaque, scanned) = left_to_server(error, None, guess);
    cursor.move_to(end);
    let body = Body {
        text: Arc::from(begin.span.to(last.span).of(text)),
        span: begin.span.to(last.span),
        references: Arc::from(scanned.references),
        qualifiers: Arc::from(scanned.qualifiers),
        bare: Arc::default(),
        types: scanned.types,
        opaque: Some(Arc::new(opaque)),
    };
    Ok(Expr { body, tree: None })
}

/// Reads an expression and leaves the cursor behind it.
///
/// # Errors
/// Where there is none.
pub(super) fn expr_prefix(cursor: &mut Cursor<'_>, outside: &Outside) -> Result<Expr, SyntaxError> {
    let first = cursor.at();
    let tokens = cursor.tokens().get(first..).unwrap_or_default();
    let start = cursor.start();
    let end = tokens.last().map_or(start, |token| token.span.end);
    if tokens.is_empty() {
        return Err(cursor.expected("an expression"));
    }
    let mut lowered = lower(cursor.text(), tokens)?;
    let mut parser = parser(std::mem::take(&mut lowered.tokens));
    let tree = parser
        .parse_expr()
        .map_err(|error| locate(cursor.text(), tokens).unwrap_or_else(|| translate(&error, tokens, end)))?;
    let used = lowered.origins.get(parser.index()).copied().unwrap_or(tokens.len());
    let mut scanned = scan(&lowered.notes, outside, |scan| scan.expr(&tree));
    if scanned.may_be_refused {
        let own = tokens.get(..used).unwrap_or_default();
        opaque::refused::check(cursor.text(), own, Sought::Expression)?;
    }
    cursor.move_to(first + used);
    let span = Span::new(start, cursor.last_end());
    // What stands behind it was lowered as well.
    scanned.types.retain(|name| name.span.start < span.end);
    let body = Body {
        text: Arc::from(span.of(cursor.text())),
        span,
        references: Arc::from(scanned.references),
        qualifiers: Arc::from(scanned.qualifiers),
        bare: Arc::from(scanned.bare),
        types: scanned.types,
        opaque: None,
    };
    Ok(Expr { body, tree: Some(Arc::new(Structure { tree, notes: lowered.notes })) })
}

/// What a tree refers to.
#[derive(Default)]
struct Scanned {
    references: Vec<RawName>,
    qualifiers: Vec<Qualifier>,
    bare: Vec<Bare>,
    types: Vec<RawName>,
    /// Whether it has something of which sqlparser takes more than the server.
    may_be_refused: bool,
}

/// Collects what a tree refers to, by going through it.
fn scan(notes: &Notes, outside: &Outside, go: impl FnOnce(&mut Scan<'_>)) -> Scanned {
    let mut scan = Scan::new(notes, outside);
    go(&mut scan);
    let may_be_refused = scan.lacks_condition || !notes.recursive.is_empty() || !notes.options.is_empty();
    let (references, qualifiers, bare) = (scan.references, scan.qualifiers, scan.bare);
    Scanned { references, qualifiers, bare, types: notes.user_types(), may_be_refused }
}

/// A parser over lowered tokens.
fn parser(tokens: Vec<TokenWithSpan>) -> Parser<'static> {
    Parser::new(&Materialize).with_recursion_limit(MAX_DEPTH).with_tokens_with_locations(tokens)
}

/// Runs a rule of sqlparser over all tokens.
fn parse<T>(
    tokens: &[Token<'_>],
    lowered: Vec<TokenWithSpan>,
    end: usize,
    rule: impl FnOnce(&mut Parser<'static>) -> Result<T, ParserError>,
) -> Result<T, SyntaxError> {
    let mut parser = parser(lowered);
    let tree = rule(&mut parser).map_err(|error| translate(&error, tokens, end))?;
    match parser.peek_token_ref() {
        next if next.token == TreeToken::EOF => Ok(tree),
        next => {
            let place = span_of(next.span).map_or(end, |span| span.start);
            Err(expected("end of statement", token_at(tokens, place), end))
        }
    }
}

/// The token that begins at a byte.
fn token_at<'a>(tokens: &'a [Token<'_>], byte: usize) -> Option<&'a Token<'a>> {
    tokens.iter().find(|token| token.span.start >= byte)
}

/// Says in the server's manner what sqlparser found wrong.
fn translate(error: &ParserError, tokens: &[Token<'_>], end: usize) -> SyntaxError {
    let text = match error {
        ParserError::TokenizerError(text) | ParserError::ParserError(text) => text,
        ParserError::RecursionLimitExceeded => {
            let first = tokens.first().map_or(Span::new(end, end), |token| token.span);
            return too_deep(first);
        }
    };
    let (sentence, place) = match text.rsplit_once(" at Line: 1, Column: ") {
        Some((sentence, column)) => (sentence, column.parse::<usize>().ok().and_then(|at| at.checked_sub(1))),
        None => (text.as_str(), None),
    };
    let found = place.and_then(|place| token_at(tokens, place));
    let what = sentence.strip_prefix("Expected: ").and_then(|rest| rest.split_once(", found: "));
    match what {
        Some((what, _)) => expected(server_word(what), found, end),
        None => SyntaxError::new(sentence, found.map_or(Span::new(end, end), |token| token.span)),
    }
}

/// The server's word for what sqlparser expected.
fn server_word(what: &str) -> &str {
    match what {
        "(" => "left parenthesis",
        ")" => "right parenthesis",
        "[" => "left square bracket",
        "]" => "right square bracket",
        "," => "comma",
        other => other,
    }
}

/// Finds the innermost query in parentheses that is wrong by itself.
///
/// sqlparser tries several readings of a parenthesis and reports the last one, which points
/// outside of the subquery where the mistake is.
fn locate(text: &str, tokens: &[Token<'_>]) -> Option<SyntaxError> {
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let begins = tokens
            .get(at + 1)
            .is_some_and(|next| ["SELECT", "WITH", "VALUES"].iter().any(|word| next.is(word)));
        if !token.is_lexeme(&Lexeme::LParen) || !begins {
            at += 1;
            continue;
        }
        let close = closing(tokens, at).unwrap_or(tokens.len());
        let inner = tokens.get(at + 1..close).unwrap_or_default();
        if let Some(error) = locate(text, inner) {
            return Some(error);
        }
        let end = inner.last().map_or(token.span.end, |token| token.span.end);
        let read =
            lower(text, inner).and_then(|lowered| parse(inner, lowered.tokens, end, Parser::parse_query));
        if let Err(error) = read {
            return Some(in_parentheses(error, tokens.get(close), end));
        }
        if tokens.get(close).is_none() {
            return Some(expected("right parenthesis", None, end));
        }
        at = close + 1;
    }
    None
}

/// Says of a query in parentheses what is said of one that stands alone.
fn in_parentheses(mut error: SyntaxError, bracket: Option<&Token<'_>>, end: usize) -> SyntaxError {
    if let Some(found) = error.message.strip_prefix("Expected end of statement, ") {
        error.message = format!("Expected right parenthesis, {found}");
    }
    match error.message.strip_suffix(", found EOF").and_then(|rest| rest.strip_prefix("Expected ")) {
        Some(what) if error.span.start == end => expected(what, bracket, end),
        _ => error,
    }
}
