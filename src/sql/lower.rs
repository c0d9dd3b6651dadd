//! Turns the tokens of a query into ones that sqlparser reads.
//!
//! What Materialize alone has is taken out or replaced by something sqlparser knows, and noted:
//! types, `[u1 AS …]`, `TABLE t` as a query, `WITH MUTUALLY RECURSIVE`, `ROWS FROM`, `OPTIONS (…)`,
//! `AS OF`; [`wording`] has what has other words there. Each token keeps its place in the text, as a column of an imaginary first line, so that
//! every span in the tree leads back to the text. Start reading at [`lower`].

mod wording;

use std::collections::HashMap;
use std::ops::Range;

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::Location;
use sqlparser::tokenizer::Span as Place;
use sqlparser::tokenizer::Token as TreeToken;
use sqlparser::tokenizer::TokenWithSpan;

use super::ast::RawName;
use super::data_type::DataType;
use super::data_type::read as read_type;
use super::dialect::ITEMS;
use super::error::SyntaxError;
use super::keyword::Meaning;
use super::keyword::meaning;
use super::parse::cursor::Cursor;
use super::parse::cursor::closing;
use super::span::Span;
use super::token::Lexeme;
use super::token::Token;
use super::tree_token::keyword;
use super::tree_token::name;
use super::tree_token::tree_token;
use super::tree_token::word;
use crate::name::ObjectId;

/// What was taken out of a query. Keys are places in the text.
#[derive(Debug, Default)]
pub(super) struct Notes {
    types: Vec<DataType>,
    /// Ids of `[u1 AS …]`, by the place of the bracket.
    pub(super) ids: HashMap<usize, ObjectId>,
    /// Places of `TABLE` where it stands for `SELECT * FROM`.
    pub(super) tables: Vec<usize>,
    /// The text of `OPTIONS (…)`, by the place of the `SELECT` it belongs to.
    pub(super) options: HashMap<usize, Vec<Token<'static>>>,
    /// What stands behind `MUTUALLY RECURSIVE` in parentheses, by the place of `WITH`.
    pub(super) recursive: HashMap<usize, Vec<Token<'static>>>,
    /// The alias of `USING (…) AS a`, by the place of the first column.
    pub(super) using: HashMap<usize, Token<'static>>,
    /// Whether an operator is named: `OPERATOR(pg_catalog.*)`.
    pub(super) names_operator: bool,
    /// Where a query begins that only the server can read, such as `(SHOW …)`.
    pub(super) unreadable: Option<Span>,
}

impl Notes {
    /// The types that may be a user's.
    pub(super) fn user_types(&self) -> Vec<RawName> {
        let mut found = Vec::new();
        self.types.iter().for_each(|data_type| data_type.add_users_to(&mut found));
        found
    }

    /// The type that a placeholder stands for.
    pub(super) fn data_type(&self, placeholder: &str) -> Option<&DataType> {
        self.types.get(placeholder.strip_prefix(PLACEHOLDER)?.parse::<usize>().ok()?)
    }
}

/// A query as sqlparser reads it.
#[derive(Debug)]
pub(super) struct Lowered {
    /// Its tokens.
    pub(super) tokens: Vec<TokenWithSpan>,
    /// For each of them, the number of the original token it comes from.
    pub(super) origins: Vec<usize>,
    /// What was taken out.
    pub(super) notes: Notes,
    /// The number of the original token where `AS OF` begins, if it does.
    pub(super) as_of: Option<usize>,
}

/// The name of the table function that stands for `ROWS FROM`.
pub(super) const ROWS_FROM: &str = "\0rows from";

/// Words of the syntax that end an expression, or are columns of that name.
const ENDS: &[&str] =
    &["DAY", "END", "FALSE", "HOUR", "MINUTE", "MONTH", "NULL", "POSITION", "SECOND", "TIME", "TRUE", "YEAR"];

/// How placeholders of types begin: with what no identifier can hold.
const PLACEHOLDER: &str = "\0";

/// Rewrites the tokens of a query or an expression.
///
/// # Errors
/// Where a type is expected and none is there.
pub(super) fn lower(text: &str, tokens: &[Token<'_>]) -> Result<Lowered, SyntaxError> {
    let mut lowered = Lowered {
        tokens: Vec::with_capacity(tokens.len()),
        origins: Vec::with_capacity(tokens.len()),
        notes: Notes::default(),
        as_of: None,
    };
    if let Some(show) = tokens.first().filter(|first| first.is("SHOW")) {
        lowered.notes.unreadable = Some(show.span);
    }
    let mut lowering = Lowering { text, tokens, at: 0, lowered, frames: Vec::new(), frame: Frame::default() };
    while let Some(token) = tokens.get(lowering.at) {
        if lowering.frames.is_empty() && lowering.begins_as_of() {
            lowering.lowered.as_of = Some(lowering.at);
            break;
        }
        lowering.step(token)?;
    }
    lowering.order_fetch();
    Ok(lowering.lowered)
}

/// The place of a byte as sqlparser keeps it.
fn place(span: Span) -> Place {
    let location = |byte: usize| Location { line: 1, column: byte as u64 + 1 };
    Place { start: location(span.start), end: location(span.end) }
}

/// The bytes of a place; `None` for a place sqlparser made up.
pub(super) fn span_of(place: Place) -> Option<Span> {
    let byte = |location: Location| usize::try_from(location.column).ok()?.checked_sub(1);
    if place.start.line == 0 {
        return None;
    }
    Some(Span::new(byte(place.start)?, byte(place.end)?))
}

/// What is known within one pair of brackets.
#[derive(Clone, Copy, Default)]
struct Frame {
    /// Whether these are the parentheses of `CAST`.
    cast: bool,
    /// Where the first column stands, if these are the parentheses of `USING`.
    using: Option<usize>,
    /// Where the last `SELECT` stands.
    select: Option<usize>,
    /// Whether this is the list behind `SELECT`.
    in_items: bool,
    /// How far a `WITH MUTUALLY RECURSIVE` is read.
    recursive: Recursive,
    /// Where `FETCH` stands, if it does.
    fetch: Option<wording::Fetch>,
    /// Whether a second pair of parentheses was put into these.
    doubled: bool,
}

/// How far the list of a `WITH MUTUALLY RECURSIVE` is read.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Recursive {
    /// There is none, or it is over.
    #[default]
    Outside,
    /// A name comes next.
    Name,
    /// The parentheses with the query come next.
    Body,
    /// The query has ended.
    AfterBody,
}

/// The state of the rewriting.
struct Lowering<'a> {
    text: &'a str,
    tokens: &'a [Token<'a>],
    at: usize,
    lowered: Lowered,
    frames: Vec<Frame>,
    frame: Frame,
}

impl<'a> Lowering<'a> {
    /// Takes one token, or more where they belong together.
    fn step(&mut self, token: &Token<'_>) -> Result<(), SyntaxError> {
        match &token.lexeme {
            Lexeme::DoubleColon => {
                self.keep();
                self.data_type()
            }
            Lexeme::LBracket if self.catalog_name() => Ok(()),
            Lexeme::LParen | Lexeme::LBracket => {
                self.open(token);
                Ok(())
            }
            Lexeme::RParen | Lexeme::RBracket => {
                self.order_fetch();
                if self.frame.doubled {
                    self.push(TreeToken::RParen, token.span);
                }
                self.keep();
                self.using_alias();
                if let Some(frame) = self.frames.pop() {
                    self.frame = frame;
                }
                Ok(())
            }
            Lexeme::Word(word) => self.word(token, meaning(word)),
            Lexeme::Period if self.is_inner_star() => {
                self.inner_star();
                Ok(())
            }
            Lexeme::Quoted(_) if self.frame.recursive == Recursive::Name => self.recursive_name(),
            // Source: the server's parser lets a comma stand behind the last item in brackets.
            Lexeme::Comma if self.nth_is_lexeme(1, &Lexeme::RBracket) => {
                self.at += 1;
                Ok(())
            }
            _ => {
                if self.frame.recursive == Recursive::AfterBody {
                    let next = token.is_lexeme(&Lexeme::Comma);
                    self.frame.recursive = if next { Recursive::Name } else { Recursive::Outside };
                }
                self.keep();
                Ok(())
            }
        }
    }

    /// Takes an unquoted word.
    fn word(&mut self, token: &Token<'_>, meaning: Meaning) -> Result<(), SyntaxError> {
        if self.frame.recursive == Recursive::Name {
            return self.recursive_name();
        }
        if self.frame.recursive == Recursive::AfterBody {
            self.frame.recursive = Recursive::Outside;
        }
        match meaning.keyword {
            Keyword::NoKeyword => {}
            keyword if self.stands_as_name(keyword) => {
                self.keep_as_name();
                return Ok(());
            }
            _ => {}
        }
        match meaning.keyword {
            Keyword::AS if self.frame.cast => {
                self.keep_word(token, meaning);
                return self.data_type();
            }
            Keyword::WITH if self.nth_is(1, "MUTUALLY") && self.nth_is(2, "RECURSIVE") => {
                self.recursive(token)
            }
            Keyword::WITH if self.nth_is(1, "ORDINALITY") => self.ordinality(),
            Keyword::INTERVAL if self.nth(1).is_some_and(|next| matches!(next.lexeme, Lexeme::String(_))) => {
                self.interval(token, meaning);
            }
            Keyword::WITH if self.nth_is(1, "RECURSIVE") => {
                // Source: the server takes `recursive` here for the name of the first CTE.
                self.keep_word(token, meaning);
                self.keep_as_name();
            }
            Keyword::TABLE if self.begins_query() && self.names_relation(1) => {
                self.lowered.notes.tables.push(token.span.start);
                self.push(keyword("SELECT", Keyword::SELECT), token.span);
                self.push(TreeToken::Mul, token.span);
                self.push(keyword("FROM", Keyword::FROM), token.span);
                self.at += 1;
            }
            Keyword::ROWS if self.begins_rows_from() => {
                self.push(name(ROWS_FROM), token.span);
                self.at += 2;
            }
            Keyword::OPERATOR
                if self.nth_is_lexeme(1, &Lexeme::LParen) && self.ends_expression() && self.operator() => {}
            Keyword::FROM if self.begins_trimmed() => self.at += 1,
            Keyword::LIKE | Keyword::ILIKE | Keyword::NOT if self.like_any() => {}
            Keyword::OPTIONS if self.begins_options() && self.options() => {}
            _ if token.is("ISNULL") && self.ends_expression() => {
                self.push(keyword("IS", Keyword::IS), token.span);
                self.push(keyword("NULL", Keyword::NULL), token.span);
                self.at += 1;
            }
            _ if self.may_be_type(meaning) && !self.ends_expression() && self.typed_literal() => {}
            _ => {
                self.clause(token, meaning.keyword);
                self.keep_word(token, meaning);
            }
        }
        Ok(())
    }

    /// Takes note of a word that begins a clause.
    fn clause(&mut self, token: &Token<'_>, keyword: Keyword) {
        match keyword {
            Keyword::SELECT => {
                self.frame.select = Some(token.span.start);
                self.frame.in_items = true;
            }
            // `IS DISTINCT FROM` begins nothing.
            Keyword::FROM => self.frame.in_items &= self.previous().is_some_and(|word| word.is("DISTINCT")),
            Keyword::GROUP | Keyword::ORDER => self.frame.in_items &= !self.nth_is(1, "BY"),
            Keyword::WHERE | Keyword::HAVING => self.frame.in_items = false,
            Keyword::FETCH => self.fetch(),
            Keyword::OFFSET => self.offset(),
            _ => {}
        }
    }

    /// Opens a bracket.
    fn open(&mut self, token: &Token<'_>) {
        let follows = |word: &str| self.previous().is_some_and(|previous| previous.is(word));
        let cast = follows("CAST");
        let using = self.nth(1).filter(|_| follows("USING")).map(|column| column.span.start);
        if token.is_lexeme(&Lexeme::LParen)
            && self.nth_is(1, "SHOW")
            && self.nth(2).is_some_and(Token::is_word)
        {
            self.lowered.notes.unreadable = self.nth(1).map(|token| token.span);
        }
        if self.frame.recursive == Recursive::Body {
            self.frame.recursive = Recursive::AfterBody;
        }
        let doubled = self.compares_with_query();
        if doubled {
            self.push(TreeToken::LParen, token.span);
        }
        let lists_query = self.lists_query();
        self.keep();
        if lists_query {
            self.push(TreeToken::CustomBinaryOperator(ITEMS.to_owned()), token.span);
        }
        self.frames.push(self.frame);
        self.frame = Frame { cast, using, doubled, ..Frame::default() };
    }

    /// Takes the alias out that may stand behind the closing bracket of `USING (…)`.
    fn using_alias(&mut self) {
        let Some(first) = self.frame.using else { return };
        let has_as = self.nth_is(0, "AS");
        let alias = self.nth(usize::from(has_as)).filter(|alias| alias.is_word());
        let may_stand_alone = |alias: &Token<'_>| {
            let meaning = alias.word().map(meaning);
            meaning.is_none_or(|meaning| !meaning.is_syntax && meaning.keyword != Keyword::OPTIONS)
        };
        if let Some(alias) = alias
            && (has_as || may_stand_alone(alias))
        {
            self.lowered.notes.using.insert(first, alias.clone().into_owned());
            self.at += 1 + usize::from(has_as);
        }
    }

    /// Takes `WITH MUTUALLY RECURSIVE` and the options behind it.
    fn recursive(&mut self, with: &Token<'_>) {
        self.keep();
        self.at += 1;
        self.keep();
        if self.nth_is_lexeme(0, &Lexeme::LParen)
            && let Some(end) = self.end_of(self.at)
        {
            let options = self.owned(self.at + 1..end);
            self.lowered.notes.recursive.insert(with.span.start, options);
            self.at = end + 1;
        } else {
            self.lowered.notes.recursive.insert(with.span.start, Vec::new());
        }
        self.frame.recursive = Recursive::Name;
    }

    /// Takes the name of a recursive query and its columns with their types.
    fn recursive_name(&mut self) -> Result<(), SyntaxError> {
        self.keep();
        self.frame.recursive = Recursive::Body;
        if !self.nth_is_lexeme(0, &Lexeme::LParen) {
            return Ok(());
        }
        self.keep();
        while self.nth(0).is_some_and(Token::is_word) {
            self.keep();
            let typed = !self.nth_is_lexeme(0, &Lexeme::Comma) && !self.nth_is_lexeme(0, &Lexeme::RParen);
            if typed {
                self.data_type()?;
            }
            if !self.nth_is_lexeme(0, &Lexeme::Comma) {
                break;
            }
            self.keep();
        }
        if self.nth_is_lexeme(0, &Lexeme::RParen) {
            self.keep();
        }
        Ok(())
    }

    /// Takes a type and leaves a placeholder.
    fn data_type(&mut self) -> Result<(), SyntaxError> {
        let mut cursor = self.cursor();
        let start = cursor.start();
        let data_type = read_type(&mut cursor)?;
        let span = Span::new(start, cursor.last_end());
        let after = cursor.at();
        self.placeholder(data_type, span);
        self.at = after;
        Ok(())
    }

    /// Takes `DATE '2024-01-01'` as `'2024-01-01'::date`, which the server makes of it; tells
    /// whether there is such a literal.
    fn typed_literal(&mut self) -> bool {
        let mut cursor = self.cursor();
        let start = cursor.start();
        let Ok(data_type) = read_type(&mut cursor) else { return false };
        let Some(literal) = cursor.peek() else { return false };
        let Lexeme::String(text) = &literal.lexeme else { return false };
        let span = Span::new(start, cursor.last_end());
        self.push(TreeToken::SingleQuotedString(text.to_string()), literal.span);
        self.push(TreeToken::DoubleColon, span);
        self.placeholder(data_type, span);
        self.at = cursor.at() + 1;
        true
    }

    /// Takes `[u1 AS "d"."s"."t"]` as the name in it; tells whether that is here.
    fn catalog_name(&mut self) -> bool {
        if !is_catalog_name(self.tokens, self.at) {
            return false;
        }
        let Some(end) = self.end_of(self.at) else { return false };
        let (Some(open), Some(close)) = (self.nth(0), self.tokens.get(end)) else { return false };
        let whole = open.span.to(close.span);
        if let Some(id) = self.nth(1).and_then(Token::word) {
            self.lowered.notes.ids.insert(whole.start, ObjectId::new(id));
        }
        self.at += 3;
        let versioned =
            end.checked_sub(2).and_then(|at| self.tokens.get(at)).is_some_and(|t| t.is("VERSION"));
        let last = end.saturating_sub(if versioned { 3 } else { 1 });
        let mut start = Some(whole.start);
        while self.at < end {
            let Some(token) = self.nth(0) else { break };
            if token.is("VERSION") && self.at + 2 == end {
                break;
            }
            let span = Span::new(
                start.take().unwrap_or(token.span.start),
                if self.at == last { whole.end } else { token.span.end },
            );
            self.push(tree_token(&token.lexeme), span);
            self.at += 1;
        }
        self.at = end + 1;
        true
    }

    /// Takes `OPTIONS (…)` out; tells whether it ends.
    fn options(&mut self) -> bool {
        let Some(end) = self.end_of(self.at + 1) else { return false };
        if let Some(select) = self.frame.select {
            let options = self.owned(self.at + 2..end);
            self.lowered.notes.options.insert(select, options);
        }
        self.at = end + 1;
        true
    }

    /// Where the bracket at a place is closed, if that is by one of its kind.
    fn end_of(&self, open: usize) -> Option<usize> {
        let end = closing(self.tokens, open)?;
        let in_parentheses = self.tokens.get(open)?.is_lexeme(&Lexeme::LParen);
        let close = if in_parentheses { Lexeme::RParen } else { Lexeme::RBracket };
        self.tokens.get(end)?.is_lexeme(&close).then_some(end)
    }

    /// Tells whether `AS OF` and a time come next, rather than a column called `of`.
    fn begins_as_of(&self) -> bool {
        let is_time = |token: &Token<'_>| !token.is_lexeme(&Lexeme::Comma) && !token.is("FROM");
        self.nth_is(0, "AS") && self.nth_is(1, "OF") && self.nth(2).is_some_and(is_time)
    }

    /// Tells whether a query may begin at this place.
    fn begins_query(&self) -> bool {
        match self.previous() {
            None => true,
            Some(previous) => {
                matches!(previous.lexeme, Lexeme::LParen | Lexeme::RParen)
                    || ["UNION", "EXCEPT", "INTERSECT", "ALL", "DISTINCT"]
                        .iter()
                        .any(|word| previous.is(word))
            }
        }
    }

    /// Tells whether the word at this place begins `ROWS FROM (…)`, and is no column before a FROM clause.
    fn begins_rows_from(&self) -> bool {
        let stands_as_relation = self.previous().is_some_and(|previous| {
            matches!(previous.lexeme, Lexeme::Comma | Lexeme::LParen)
                || ["FROM", "JOIN", "LATERAL"].iter().any(|word| previous.is(word))
        });
        stands_as_relation
            && !self.frame.in_items
            && self.nth_is(1, "FROM")
            && self.nth_is_lexeme(2, &Lexeme::LParen)
    }

    /// Tells whether what stands before this place may be a whole expression.
    fn ends_expression(&self) -> bool {
        self.previous().is_some_and(|previous| match &previous.lexeme {
            Lexeme::Word(_) if self.is_behind_name() => true,
            Lexeme::Word(word) => !meaning(word).is_syntax || ENDS.iter().any(|word| previous.is(word)),
            Lexeme::Quoted(_) | Lexeme::Number(_) | Lexeme::String(_) | Lexeme::Parameter(_) => true,
            Lexeme::RParen | Lexeme::RBracket => true,
            _ => false,
        })
    }

    /// Tells whether the word at this place may begin `type 'literal'`: a type of users does so when
    /// its name alone stands before the literal.
    fn may_be_type(&self, meaning: Meaning) -> bool {
        let is_string = |at: usize| self.nth(at).is_some_and(|next| matches!(next.lexeme, Lexeme::String(_)));
        let goes_on = |at: usize| {
            self.nth_is_lexeme(at, &Lexeme::Period) && self.nth(at + 1).is_some_and(Token::is_word)
        };
        let is_map = || self.nth_is(0, "MAP") && self.nth_is_lexeme(1, &Lexeme::LBracket);
        meaning.is_type
            || !meaning.is_syntax
                && (is_string(1) || goes_on(1) && (is_string(3) || goes_on(3) && is_string(5)) || is_map())
    }

    /// Tells whether a relation's name stands that many tokens ahead.
    fn names_relation(&self, offset: usize) -> bool {
        self.nth(offset).is_some_and(|token| token.is_word() || token.is_lexeme(&Lexeme::LBracket))
    }

    fn cursor(&self) -> Cursor<'a> {
        let mut cursor = Cursor::new(self.text, self.tokens);
        cursor.move_to(self.at);
        cursor
    }

    fn nth(&self, offset: usize) -> Option<&'a Token<'a>> {
        self.tokens.get(self.at + offset)
    }

    fn nth_is(&self, offset: usize, keyword: &str) -> bool {
        self.nth(offset).is_some_and(|token| token.is(keyword))
    }

    fn nth_is_lexeme(&self, offset: usize, lexeme: &Lexeme) -> bool {
        self.nth(offset).is_some_and(|token| token.is_lexeme(lexeme))
    }

    fn previous(&self) -> Option<&'a Token<'a>> {
        self.at.checked_sub(1).and_then(|previous| self.tokens.get(previous))
    }

    /// Copies of some of the tokens.
    fn owned(&self, range: Range<usize>) -> Vec<Token<'static>> {
        self.tokens.get(range).unwrap_or_default().iter().cloned().map(Token::into_owned).collect()
    }

    /// Passes the next token on.
    fn keep(&mut self) {
        if let Some(token) = self.tokens.get(self.at) {
            self.push(tree_token(&token.lexeme), token.span);
            self.at += 1;
        }
    }

    /// Passes the next token on, which is a word of that meaning.
    fn keep_word(&mut self, token: &Token<'_>, meaning: Meaning) {
        self.push(word(token.word().unwrap_or_default(), meaning), token.span);
        self.at += 1;
    }

    /// Passes the next word on as if it were quoted.
    fn keep_as_name(&mut self) {
        if let Some(token) = self.tokens.get(self.at) {
            self.push(name(&token.word().unwrap_or_default().to_lowercase()), token.span);
            self.at += 1;
        }
    }

    fn placeholder(&mut self, data_type: DataType, span: Span) {
        let number = self.lowered.notes.types.len();
        self.lowered.notes.types.push(data_type);
        self.push(name(&format!("{PLACEHOLDER}{number}")), span);
    }

    fn push(&mut self, token: TreeToken, span: Span) {
        self.lowered.tokens.push(TokenWithSpan { token, span: place(span) });
        self.lowered.origins.push(self.at);
    }
}

/// Tells whether `[u1 AS …` begins at a place.
fn is_catalog_name(tokens: &[Token<'_>], at: usize) -> bool {
    let id = tokens.get(at + 1).and_then(Token::word);
    let id = id.is_some_and(|id| {
        let digits = id.trim_start_matches(|letter: char| letter.is_ascii_lowercase());
        digits.len() < id.len() && !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit())
    });
    id && tokens.get(at + 2).is_some_and(|token| token.is("AS"))
}
