//! The names in a query or an expression that cannot be read.
//!
//! What stands where relations stand is taken for one unless a CTE in scope is called so; a name of
//! several parts elsewhere may be one, or the qualifier of a column. Too many names are better than
//! one too few: those that mean nothing are left as they are written. Start reading at [`guess`].

use std::collections::HashMap;
use std::collections::HashSet;
use std::collections::VecDeque;

use super::BEGINNINGS;
use super::Sought;
use super::is_one_of;
use super::partners;
use crate::name::Ident;
use crate::sql::ast::RawName;
use crate::sql::data_type::DataType;
use crate::sql::data_type::read as read_type;
use crate::sql::keyword::meaning;
use crate::sql::parse::cursor::Cursor;
use crate::sql::references::Qualifier;
use crate::sql::span::Span;
use crate::sql::token::Lexeme;
use crate::sql::token::Token;

/// What a query seems to name.
#[derive(Default)]
pub(in crate::sql) struct Guess {
    /// Names where relations stand.
    pub(in crate::sql) references: Vec<RawName>,
    /// Qualifiers that mean one of them.
    pub(in crate::sql) qualifiers: Vec<Qualifier>,
    /// Types by a name of one part that may be a user's.
    pub(in crate::sql) types: Vec<RawName>,
    /// Other names of several parts, in their readings; see [`super::Opaque`].
    pub(in crate::sql) perhaps: Vec<Vec<RawName>>,
}

/// How many parts the name of something in a schema has at most.
const MAX_PARTS: usize = 3;

/// Finds the names in a text, around which `outside` is in scope; none where its brackets do not match.
pub(in crate::sql) fn guess(
    text: &str,
    tokens: &[Token<'_>],
    sought: Sought,
    outside: &[(RawName, Option<Ident>)],
) -> Guess {
    let Some(partners) = partners(tokens) else { return Guess::default() };
    let mut walk = Walk {
        text,
        tokens,
        partners,
        at: 0,
        frames: Vec::new(),
        frame: Frame { in_query: sought == Sought::Query, ..Frame::default() },
        ctes: HashMap::new(),
        references: outside.iter().map(|(name, alias)| (name.clone(), alias.is_some())).collect(),
        types: Vec::new(),
        dotted: Vec::new(),
        taken: outside.iter().filter_map(|(_, alias)| alias.clone()).collect(),
    };
    while let Some(token) = tokens.get(walk.at) {
        walk.step(token);
    }
    let mut guess = walk.end();
    guess.references.drain(..outside.len());
    guess
}

/// What is known within one pair of brackets.
#[derive(Default)]
struct Frame {
    /// Whether they hold a query.
    in_query: bool,
    /// Whether a comma is followed by a relation.
    from: bool,
    /// Whether a relation comes next.
    item: bool,
    /// Whether they are those of `CAST`.
    is_cast: bool,
    /// CTEs that are in scope because of this query.
    ctes: Vec<Ident>,
    /// CTEs that come into scope behind a bracket.
    bodies: VecDeque<(usize, Ident)>,
}

/// A name with the places of its parts.
struct Dotted {
    parts: Vec<(Ident, Span)>,
    /// Whether its last part is a column's, so that the others are what may have to change.
    ends_in_column: bool,
}

/// The state of the search.
struct Walk<'t> {
    text: &'t str,
    tokens: &'t [Token<'t>],
    partners: Vec<usize>,
    at: usize,
    frames: Vec<Frame>,
    frame: Frame,
    /// How many queries around this place have a CTE of that name.
    ctes: HashMap<Ident, usize>,
    /// Each with whether it goes by an alias.
    references: Vec<(RawName, bool)>,
    types: Vec<RawName>,
    dotted: Vec<Dotted>,
    /// Names of CTEs and aliases.
    taken: HashSet<Ident>,
}

impl<'t> Walk<'t> {
    fn step(&mut self, token: &Token<'_>) {
        match &token.lexeme {
            Lexeme::LBracket if self.frame.item && self.nth_is(2, "AS") => self.relation(),
            Lexeme::LBracket if self.nth_is(2, "AS") => self.catalog_name(),
            Lexeme::LParen | Lexeme::LBracket => self.open(),
            Lexeme::RParen | Lexeme::RBracket => self.close(),
            Lexeme::Comma => {
                self.frame.item = self.frame.from;
                self.at += 1;
            }
            Lexeme::Word(_) if self.keyword(token) => self.at += 1,
            Lexeme::Word(_) | Lexeme::Quoted(_) if self.frame.item => self.relation(),
            Lexeme::Word(_) | Lexeme::Quoted(_) => self.other(),
            _ => self.at += 1,
        }
    }

    /// Takes note of a word that is part of the syntax here; tells whether it is.
    fn keyword(&mut self, token: &Token<'_>) -> bool {
        let is = |words: &[&str]| words.iter().any(|word| token.is(word));
        if is(&["FROM"]) {
            let compares = self.previous_is(1, &["DISTINCT"]) && self.previous_is(2, &["IS", "NOT"]);
            if self.frame.in_query && !compares {
                (self.frame.from, self.frame.item) = (true, true);
            }
        } else if is(&["JOIN"]) {
            (self.frame.from, self.frame.item) = (true, true);
        } else if is(&["TABLE"]) && self.begins_query() {
            (self.frame.from, self.frame.item) = (false, true);
        } else if is(&["SELECT"]) {
            (self.frame.in_query, self.frame.from, self.frame.item) = (true, false, false);
        } else if self.frame.item && is(NAMED_LIKE_CLAUSES) && !self.goes_on_as_clause() {
            return false;
        } else if is(CLAUSES) {
            (self.frame.from, self.frame.item) = (false, false);
        } else if is(&["WITH"]) && self.begins_query() {
            self.with();
        } else if is(&["AS"]) {
            self.alias();
        } else if self.frame.item && is(&["ROWS"]) && self.nth_is(1, "FROM") {
            self.frame.item = false;
            self.at += 1;
        } else {
            let modifies = self.frame.item && is(&["LATERAL", "ONLY"]);
            return modifies && self.nth(1).is_some_and(|next| next.is_word() || next.opens());
        }
        true
    }

    /// Tells whether what follows the word at this place can only follow it at the beginning of a clause.
    fn goes_on_as_clause(&self) -> bool {
        self.nth_is(1, "BY") || self.nth(1).is_some_and(|next| next.is_lexeme(&Lexeme::LParen))
    }

    /// Moves over what the catalog names by its id where no relation stands: a type or a function.
    fn catalog_name(&mut self) {
        self.at = self.partners.get(self.at).map_or(self.at, |close| *close) + 1;
    }

    fn open(&mut self) {
        let in_query = self.nth(1).is_some_and(|first| is_one_of(first, BEGINNINGS));
        let joined = self.frame.item && !in_query;
        self.frame.item = false;
        let is_cast = self.previous_is(1, &["CAST"]);
        let inner = Frame { in_query, from: joined, item: joined, is_cast, ..Frame::default() };
        self.frames.push(std::mem::replace(&mut self.frame, inner));
        self.at += 1;
    }

    fn close(&mut self) {
        if let Some(outer) = self.frames.pop() {
            let inner = std::mem::replace(&mut self.frame, outer);
            for cte in inner.ctes {
                self.ctes.entry(cte).and_modify(|count| *count -= 1);
            }
        }
        while let Some((close, _)) = self.frame.bodies.front()
            && *close <= self.at
            && let Some((_, cte)) = self.frame.bodies.pop_front()
        {
            self.define(cte);
        }
        self.at += 1;
    }

    /// Brings a CTE into scope.
    fn define(&mut self, cte: Ident) {
        *self.ctes.entry(cte.clone()).or_default() += 1;
        self.frame.ctes.push(cte);
    }

    /// Looks ahead at the names that a `WITH` defines.
    fn with(&mut self) {
        let mut at = self.at + 1;
        let is = |at: usize, word: &str| self.tokens.get(at).is_some_and(|token| token.is(word));
        let mutual = is(at, "MUTUALLY") && is(at + 1, "RECURSIVE");
        // The server has none of this kind: who writes it means the names all the same.
        let plain =
            is(at, "RECURSIVE") && self.tokens.get(at + 1).is_some_and(Token::is_word) && !is(at + 1, "AS");
        at += if mutual { 2 } else { usize::from(plain) };
        let parenthesised = |at: usize| self.tokens.get(at).is_some_and(|one| one.is_lexeme(&Lexeme::LParen));
        let behind = |at: usize| self.partners.get(at).map_or(at, |close| close + 1);
        if mutual && parenthesised(at) {
            at = behind(at);
        }
        let (mut found, mut lists) = (Vec::new(), Vec::new());
        while let Some(name) = self.tokens.get(at).and_then(ident) {
            at += 1;
            if parenthesised(at) {
                lists.push(at);
                at = behind(at);
            }
            if !is(at, "AS") {
                break;
            }
            // Other words may stand between, such as how the rows are kept.
            at += 1;
            while self.tokens.get(at).is_some_and(|token| token.word().is_some()) {
                at += 1;
            }
            if !parenthesised(at) {
                break;
            }
            at = behind(at);
            found.push((at - 1, name));
            if !self.tokens.get(at).is_some_and(|token| token.is_lexeme(&Lexeme::Comma)) {
                break;
            }
            at += 1;
        }
        if mutual {
            lists.into_iter().for_each(|open| self.column_types(open));
        }
        for (close, name) in found {
            self.taken.insert(name.clone());
            if mutual || plain {
                self.define(name);
            } else {
                self.frame.bodies.push_back((close, name));
            }
        }
    }

    /// Takes note of the types in a list of columns, which opens at a place.
    fn column_types(&mut self, open: usize) {
        let mut cursor = Cursor::new(self.text, self.tokens);
        cursor.move_to(open + 1);
        while cursor.ident().is_ok() {
            match read_type(&mut cursor) {
                Ok(data_type) => self.add_users(&data_type),
                Err(_) => return,
            }
            if !cursor.lexeme(&Lexeme::Comma) {
                return;
            }
        }
    }

    /// Takes note of the name behind `AS`, or of the type behind that of a `CAST`.
    fn alias(&mut self) {
        if self.frame.is_cast {
            self.at += 1;
            self.data_type();
            self.at -= 1;
            return;
        }
        if let Some(alias) = self.nth(1).filter(|next| !next.is("OF")).and_then(ident) {
            self.taken.insert(alias);
            self.at += 1;
        }
    }

    /// Takes what stands where a relation stands.
    fn relation(&mut self) {
        let mut cursor = Cursor::new(self.text, self.tokens);
        cursor.move_to(self.at);
        let Ok(name) = cursor.name() else {
            self.at += 1;
            return;
        };
        self.at = cursor.at();
        // The arguments of a function are no relations, unless one has a time: `f(t AS OF …)`.
        if self.nth(0).is_some_and(|next| next.is_lexeme(&Lexeme::LParen)) {
            cursor.advance();
            self.frame.item = cursor.name().is_ok() && cursor.peek_is("AS") && cursor.nth_is(1, "OF");
            return;
        }
        self.frame.item = false;
        let has_as = self.nth_is(0, "AS") && !self.nth_is(1, "OF");
        let bare = self.nth(0).filter(|next| next.word().is_none_or(|word| !meaning(word).is_syntax));
        let bare = bare.and_then(ident);
        let is_cte = match name.parts.as_slice() {
            [only] => self.ctes.get(only).is_some_and(|count| *count > 0),
            _ => false,
        };
        if !is_cte {
            self.references.push((name, has_as || bare.is_some()));
        }
        if let Some(alias) = bare {
            self.taken.insert(alias);
            self.at += 1;
        }
    }

    /// Takes a name that stands elsewhere.
    fn other(&mut self) {
        let behind_bracket = self.previous().is_some_and(Token::closes);
        let is_syntax = self.nth(0).and_then(Token::word).is_some_and(|word| meaning(word).is_syntax);
        let is_type = self.previous().is_some_and(|token| token.is_lexeme(&Lexeme::DoubleColon));
        if is_type {
            self.data_type();
        }
        let first = self.at;
        let mut parts = Vec::new();
        let mut ends_in_star = false;
        while let Some(token) = self.nth(0)
            && let Some(part) = ident(token)
        {
            parts.push((part, token.span));
            self.at += 1;
            if !self.nth(0).is_some_and(|next| next.is_lexeme(&Lexeme::Period)) {
                break;
            }
            ends_in_star = self.nth(1).is_some_and(|next| next.is_lexeme(&Lexeme::Star));
            if !self.nth(1).is_some_and(Token::is_word) {
                break;
            }
            self.at += 1;
        }
        let is_function = self.nth(0).is_some_and(|next| next.is_lexeme(&Lexeme::LParen));
        let types_literal = self.nth(0).is_some_and(|next| matches!(next.lexeme, Lexeme::String(_)));
        match parts.as_slice() {
            [] => self.at += 1,
            [_] if types_literal && !is_syntax => {
                let behind = self.at;
                self.at = first;
                self.data_type();
                self.at = behind;
            }
            [(only, _)] if !ends_in_star => {
                if behind_bracket && !is_syntax {
                    self.taken.insert(only.clone());
                }
            }
            _ if is_function => {}
            _ => self.dotted.push(Dotted { parts, ends_in_column: !ends_in_star && !is_type }),
        }
    }

    /// Takes note of the type that comes next, if its name has one part: others may be something's.
    fn data_type(&mut self) {
        let mut cursor = Cursor::new(self.text, self.tokens);
        cursor.move_to(self.at);
        if let Ok(data_type) = read_type(&mut cursor) {
            self.add_users(&data_type);
        }
    }

    fn add_users(&mut self, data_type: &DataType) {
        self.types.extend(data_type.users().into_iter().filter(|name| name.parts.len() == 1));
    }

    /// Decides what the names of several parts are.
    fn end(self) -> Guess {
        let mut by_name: HashMap<&[Ident], usize> = HashMap::new();
        let mut by_end: HashMap<&[Ident], usize> = HashMap::new();
        for (number, (name, _)) in self.references.iter().enumerate() {
            by_name.entry(&name.parts).or_insert(number);
            for start in 1..name.parts.len() {
                by_end.entry(name.parts.get(start..).unwrap_or_default()).or_insert(number);
            }
        }
        let mut guess = Guess::default();
        for dotted in self.dotted {
            let names: Vec<Ident> = dotted.parts.iter().map(|(part, _)| part.clone()).collect();
            let own = names.len() - usize::from(dotted.ends_in_column);
            let qualifier = names.get(..own).unwrap_or_default();
            let mut shorter = (1..own).filter_map(|start| by_name.get(qualifier.get(start..)?));
            let meant = by_name.get(qualifier).or_else(|| by_end.get(qualifier)).or_else(|| shorter.next());
            let first_is_taken = names.first().is_some_and(|first| self.taken.contains(first));
            match meant.and_then(|number| self.references.get(*number)) {
                // An alias hides a relation's last part, and never the whole of its name.
                Some((_, true)) if own == 1 => {}
                Some(_) if own == 1 && first_is_taken => {}
                Some((relation, _)) => guess
                    .qualifiers
                    .extend(dotted.name(own).map(|name| Qualifier { name, relation: relation.clone() })),
                None if first_is_taken => {}
                None => {
                    let readings =
                        (2..=names.len().min(MAX_PARTS)).rev().filter_map(|count| dotted.name(count));
                    let readings: Vec<RawName> = readings.collect();
                    guess.perhaps.extend((!readings.is_empty()).then_some(readings));
                }
            }
        }
        guess.types = self.types;
        guess.references = self.references.into_iter().map(|(name, _)| name).collect();
        guess
    }

    /// Tells whether a query may begin at this place.
    fn begins_query(&self) -> bool {
        self.previous().is_none_or(|previous| {
            previous.opens()
                || previous.closes()
                || ["UNION", "EXCEPT", "INTERSECT", "ALL", "DISTINCT"].iter().any(|w| previous.is(w))
        })
    }

    fn nth(&self, offset: usize) -> Option<&'t Token<'t>> {
        self.tokens.get(self.at + offset)
    }

    fn nth_is(&self, offset: usize, keyword: &str) -> bool {
        self.nth(offset).is_some_and(|token| token.is(keyword))
    }

    fn previous(&self) -> Option<&'t Token<'t>> {
        self.at.checked_sub(1).and_then(|previous| self.tokens.get(previous))
    }

    /// Tells whether one of these words stands that many tokens before.
    fn previous_is(&self, offset: usize, words: &[&str]) -> bool {
        let token = self.at.checked_sub(offset).and_then(|at| self.tokens.get(at));
        token.is_some_and(|token| words.iter().any(|word| token.is(word)))
    }
}

impl Dotted {
    /// The name that the first parts are.
    fn name(&self, count: usize) -> Option<RawName> {
        let parts = self.parts.get(..count)?;
        let (first, last) = (parts.first()?, parts.last()?);
        let span = first.1.to(last.1);
        Some(RawName { parts: parts.iter().map(|(part, _)| part.clone()).collect(), id: None, span })
    }
}

/// Words that end a FROM clause.
const CLAUSES: &[&str] = &[
    "WHERE",
    "GROUP",
    "HAVING",
    "QUALIFY",
    "WINDOW",
    "ORDER",
    "LIMIT",
    "OFFSET",
    "FETCH",
    "OPTIONS",
    "UNION",
    "EXCEPT",
    "INTERSECT",
    "VALUES",
];

/// Those of them that a relation is more likely called than begins there.
const NAMED_LIKE_CLAUSES: &[&str] = &["GROUP", "ORDER", "VALUES"];

/// The identifier that a token is.
fn ident(token: &Token<'_>) -> Option<Ident> {
    match &token.lexeme {
        Lexeme::Word(word) => Ident::folded(word).ok(),
        Lexeme::Quoted(text) => Ident::new(text.as_ref()).ok(),
        _ => None,
    }
}
