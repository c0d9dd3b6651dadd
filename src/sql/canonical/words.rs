//! What is written word by word, with the names in it replaced: statements that have no other canonical
//! form, and queries and expressions that only the server can read.

use super::Form;
use super::Names;
use super::printer::Printer;
use crate::name::Ident;
use crate::sql::ast::RawName;
use crate::sql::ast::Statement;
use crate::sql::ast::StatementKind;
use crate::sql::ast::create::CreateMaterializedView;
use crate::sql::data_type::is_system;
use crate::sql::data_type::read as read_type;
use crate::sql::lex::lex;
use crate::sql::mention::Mention;
use crate::sql::mention::mentions;
use crate::sql::parse::cursor::Cursor;
use crate::sql::parse::cursor::closing;
use crate::sql::query::Query;
use crate::sql::span::Span;
use crate::sql::token::Lexeme;
use crate::sql::token::Token;

/// Words that say nothing about what is created.
const NOISE: &[&[&str]] = &[&["OR", "REPLACE"], &["IF", "NOT", "EXISTS"]];

/// Writes a statement from its words: one blank between, unquoted words folded, names replaced.
pub(super) fn statement(text: &str, statement: &Statement, form: Form, names: &dyn Names) -> String {
    let own = statement.span.of(text);
    // It was parsed from tokens, so it has some.
    let Ok(tokens) = lex(own) else { return own.to_owned() };
    let mut found = mentions(&statement.kind);
    let query = query_of(&statement.kind);
    if let (Form::Meaning, Some(query)) = (form, query) {
        found.retain(|mention| !is_shared(mention, query));
    }
    let unread = query.filter(|query| form == Form::Meaning || query.opaque().is_some()).map(Query::span);
    let mut words = Words::new(own, statement.span.start, &tokens, &found, names);
    if form == Form::Meaning {
        words.spelled = spelled(&statement.kind, &tokens);
    }
    while !words.cursor.is_done() {
        let place = words.cursor.start() + statement.span.start;
        if let Some(query) = unread.filter(|query| query.start <= place) {
            if place >= query.end {
                // The time that the catalog puts behind it.
                break;
            }
            words.unread();
        } else if let StatementKind::CreateMaterializedView(view) = &statement.kind
            && unread.is_some()
            && words.follow(&["WITH"])
        {
            words.options(view);
        } else if let Some(noise) = NOISE.iter().find(|noise| words.follow(noise)) {
            words.cursor.move_to(words.cursor.at() + noise.len());
        } else if let Some(spelling) = words.spelling() {
            words.written.extend((!spelling.is_empty()).then(|| spelling.to_owned()));
            words.cursor.advance();
        } else if !words.replaced() {
            words.word();
        }
    }
    words.written.join(" ")
}

/// The query of a view.
fn query_of(kind: &StatementKind) -> Option<&Query> {
    match kind {
        StatementKind::CreateView(view) => Some(&view.query),
        StatementKind::CreateMaterializedView(view) => Some(&view.query),
        _ => None,
    }
}

/// Tells whether a qualifier may mean another relation too, whose name ends like that of what it is taken for.
fn is_shared(mention: &Mention<'_>, query: &Query) -> bool {
    let Mention::Qualifier(qualifier) = mention else { return false };
    let meant = &qualifier.relation.parts;
    query.references().iter().any(|name| name.parts.last() == meant.last() && name.parts != *meant)
}

/// What is written in place of tokens, by their numbers: nothing for marks, and one of several words for the same.
fn spelled(kind: &StatementKind, tokens: &[Token<'_>]) -> Vec<(usize, &'static str)> {
    let mut found: Vec<(usize, &'static str)> = marks(kind, tokens).into_iter().map(|at| (at, "")).collect();
    let is_connection = matches!(kind, StatementKind::CreateConnection(_));
    let is_source = matches!(kind, StatementKind::CreateSource(_));
    if is_connection || is_source || matches!(kind, StatementKind::CreateTable(_)) {
        synonyms(tokens, is_connection, is_source, &mut found);
    }
    found.sort_unstable();
    found
}

/// Finds words that are the same to the server.
///
/// Source: its parser makes one tree of both in `parse_subsource_references`, `parse_mysql_connection_option`,
/// `parse_connection_option_name` and `parse_connection_option_unified`.
fn synonyms(
    tokens: &[Token<'_>],
    is_connection: bool,
    is_source: bool,
    found: &mut Vec<(usize, &'static str)>,
) {
    // Where the brackets of `FOR TABLES (…)` end.
    let mut tables = 0;
    for (at, token) in tokens.iter().enumerate() {
        let before = |offset: usize| at.checked_sub(offset).and_then(|before| tokens.get(before));
        let is_before = |offset: usize, word: &str| before(offset).is_some_and(|token| token.is(word));
        let behind = |offset: usize| tokens.get(at + offset);
        let begins = before(1).is_some_and(|token| matches!(token.lexeme, Lexeme::LParen | Lexeme::Comma));
        match &token.lexeme {
            Lexeme::LParen if is_source && is_before(1, "TABLES") && is_before(2, "FOR") => {
                tables = closing(tokens, at).unwrap_or_default();
            }
            Lexeme::LBracket => {
                let equals = before(1).is_some_and(|token| token.is_lexeme(&Lexeme::Eq));
                let name = 1 + usize::from(equals);
                if is_before(name, "COLUMNS") || is_before(name, "BROKERS") {
                    found.push((at, "("));
                    found.extend(closing(tokens, at).map(|close| (close, ")")));
                }
            }
            // `x INTO y`, and not a name that is spelled like the word.
            Lexeme::Word(_) if at < tables && token.is("INTO") => {
                let is_word = before(1).is_some_and(Token::is_word);
                if is_word && !is_before(1, "AS") && !is_before(1, "INTO") {
                    found.push((at, "as"));
                }
            }
            Lexeme::Word(_) if begins && token.is("IGNORE") => {
                let has_value = behind(2).is_some_and(|value| value.opens() || value.is_lexeme(&Lexeme::Eq));
                if has_value && behind(1).is_some_and(|word| word.is("COLUMNS")) {
                    found.push((at, "exclude"));
                }
            }
            Lexeme::Word(_) if begins && is_connection && token.is("USERNAME") => found.push((at, "user")),
            _ => {}
        }
    }
}

/// The equals signs behind the names of options, which may as well be left out.
fn marks(kind: &StatementKind, tokens: &[Token<'_>]) -> Vec<usize> {
    let has_options = matches!(
        kind,
        StatementKind::CreateSink(_)
            | StatementKind::CreateSource(_)
            | StatementKind::CreateConnection(_)
            | StatementKind::CreateTable(_)
            | StatementKind::CreateType(_)
    );
    let mut found = Vec::new();
    // Whether the next equals sign in these brackets stands behind a name; never in those of an expression.
    let mut brackets = vec![has_options.then_some(true)];
    // Within how many brackets what rows are divided by stands, while it is read.
    let mut divided = None;
    for (at, token) in tokens.iter().enumerate() {
        let before = |offset: usize| at.checked_sub(offset).and_then(|before| tokens.get(before));
        let depth = brackets.len();
        let Some(innermost) = brackets.last_mut() else { break };
        match &token.lexeme {
            Lexeme::LParen | Lexeme::LBracket => {
                let is_condition = before(1).is_some_and(|token| token.is("CHECK"));
                let inner = innermost.filter(|_| !is_condition && divided.is_none()).map(|_| true);
                brackets.push(inner);
            }
            Lexeme::RParen | Lexeme::RBracket if depth > 1 => {
                brackets.pop();
                divided = divided.filter(|within| *within < depth);
            }
            Lexeme::Comma => {
                *innermost = innermost.map(|_| true);
                divided = divided.filter(|within| *within < depth);
            }
            Lexeme::Eq if *innermost == Some(true) => {
                *innermost = Some(false);
                found.push(at);
            }
            // What rows are divided by is an expression, which may compare.
            Lexeme::Word(_) if token.is("BY") && before(1).is_some_and(|token| token.is("PARTITION")) => {
                let next = tokens.get(at + 1).is_some_and(|token| token.is_lexeme(&Lexeme::Eq));
                *innermost = innermost.map(|_| next);
                divided = Some(depth);
            }
            _ => {}
        }
    }
    found
}

/// What a bracket is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bracket {
    /// It is that of a `CAST`.
    Cast,
    /// It holds one of the queries of a `WITH MUTUALLY RECURSIVE`.
    Recursive,
    /// Anything else.
    Other,
}

/// A text of which the words are written one after the other.
struct Words<'a> {
    /// Where it begins in what its names count from.
    start: usize,
    cursor: Cursor<'a>,
    names: &'a dyn Names,
    /// What stands in place of names, by where they stand.
    names_at: Vec<(Span, String)>,
    /// What is written in place of tokens, by their numbers, sorted.
    spelled: Vec<(usize, &'static str)>,
    /// The brackets that are open in what only the server reads.
    brackets: Vec<Bracket>,
    written: Vec<String>,
}

impl<'a> Words<'a> {
    fn new(
        text: &'a str,
        start: usize,
        tokens: &'a [Token<'a>],
        found: &[Mention<'_>],
        names: &'a dyn Names,
    ) -> Self {
        let named = |mention: &Mention<'_>| Some((mention.span(), in_full(mention, names)?));
        let mut names_at: Vec<(Span, String)> = found.iter().filter_map(named).collect();
        names_at.sort_by_key(|(span, _)| span.start);
        Self {
            start,
            cursor: Cursor::new(text, tokens),
            names,
            names_at,
            spelled: Vec::new(),
            brackets: Vec::new(),
            written: Vec::new(),
        }
    }

    /// Tells whether these words follow.
    fn follow(&self, words: &[&str]) -> bool {
        words.iter().enumerate().all(|(n, word)| self.cursor.nth_is(n, word))
    }

    /// What is written in place of the next token, if something is.
    fn spelling(&self) -> Option<&'static str> {
        let place = self.spelled.binary_search_by_key(&self.cursor.at(), |(at, _)| *at);
        place.ok().and_then(|place| self.spelled.get(place)).map(|(_, spelling)| *spelling)
    }

    /// Writes what stands in place of a name, if one begins here.
    fn replaced(&mut self) -> bool {
        let start = self.cursor.start() + self.start;
        let place = self.names_at.binary_search_by_key(&start, |(span, _)| span.start);
        let Some((span, name)) = place.ok().and_then(|at| self.names_at.get(at)) else { return false };
        self.written.push(name.clone());
        while !self.cursor.is_done() && self.cursor.start() + self.start < span.end {
            self.cursor.advance();
        }
        true
    }

    /// The token before the next one.
    fn before(&self) -> Option<&'a Token<'a>> {
        self.cursor.at().checked_sub(1).and_then(|at| self.cursor.tokens().get(at))
    }

    /// Writes the next word.
    fn word(&mut self) {
        let before = self.before();
        self.written.extend(self.cursor.peek().map(|token| word(token, before)));
        self.cursor.advance();
    }

    /// Writes a word or more of a query or an expression of which only the spelling of types and
    /// functions is known.
    fn unread(&mut self) {
        if self.cursor.lexeme(&Lexeme::DoubleColon) {
            self.written.push("::".to_owned());
            self.data_type();
        } else if self.brackets.last() == Some(&Bracket::Cast) && self.cursor.keyword("AS") {
            self.written.push("as".to_owned());
            self.data_type();
        } else if self.follow(&["WITH", "MUTUALLY", "RECURSIVE"]) {
            (0..3).for_each(|_| self.word());
            self.options_as_they_are();
            self.binding();
        } else if self.replaced() || self.catalog_name() {
            // It is written.
        } else if self.cursor.lexeme(&Lexeme::Operator("!=".into())) {
            self.written.push("<>".to_owned());
        } else if self.is_system_function() {
            self.cursor.move_to(self.cursor.at() + 2);
        } else if !self.bracket() {
            self.word();
        }
    }

    /// Takes note of a bracket that comes next; tells whether it was written with what follows it.
    fn bracket(&mut self) -> bool {
        let Some(token) = self.cursor.peek() else { return false };
        let before = self.before();
        if token.opens() {
            let is_cast = before.is_some_and(|before| before.is("CAST"));
            self.brackets.push(if is_cast { Bracket::Cast } else { Bracket::Other });
            return false;
        }
        let ends = token.closes() && self.brackets.pop() == Some(Bracket::Recursive);
        let goes_on = ends && self.cursor.nth_is_lexeme(1, &Lexeme::Comma);
        if goes_on {
            (0..2).for_each(|_| self.word());
            self.binding();
        }
        goes_on
    }

    /// Writes the options of a recursive query.
    fn options_as_they_are(&mut self) {
        if self.cursor.peek_is_lexeme(&Lexeme::LParen) {
            let close = self.cursor.closing().unwrap_or(self.cursor.at());
            while self.cursor.at() <= close && !self.cursor.is_done() {
                self.word();
            }
        }
    }

    /// Writes the name of a recursive query and its columns with their types, up to the bracket of what is in it.
    fn binding(&mut self) {
        self.word();
        if self.cursor.lexeme(&Lexeme::LParen) {
            self.written.push("(".to_owned());
            while self.cursor.peek_is_word() {
                self.word();
                self.data_type();
                if self.cursor.lexeme(&Lexeme::Comma) {
                    self.written.push(",".to_owned());
                }
            }
            self.word();
        }
        if self.cursor.peek_is("AS") && self.cursor.nth_is_lexeme(1, &Lexeme::LParen) {
            (0..2).for_each(|_| self.word());
            self.brackets.push(Bracket::Recursive);
        }
    }

    /// Writes the options that come next, which the catalog spells in its own way.
    fn options(&mut self, view: &CreateMaterializedView) {
        let mut printer = Printer::new(Form::Meaning, self.names);
        printer.view_options(view);
        self.written.extend(printer.finish().filter(|options| !options.is_empty()));
        self.cursor.advance();
        let close = self.cursor.closing();
        self.cursor.move_to(close.map_or(self.cursor.at(), |close| close + 1));
    }

    /// Writes the type that comes next in the one spelling that it has.
    fn data_type(&mut self) {
        let mut cursor = self.cursor.until(self.cursor.tokens().len());
        let Ok(data_type) = read_type(&mut cursor) else { return };
        let mut printer = Printer::new(Form::Meaning, self.names);
        printer.data_type(&data_type);
        if let Some(written) = printer.finish() {
            self.written.push(written);
            self.cursor.move_to(self.cursor.at() + cursor.at());
        }
    }

    /// Writes what the catalog names by its id, if that is next: a type or a function.
    fn catalog_name(&mut self) -> bool {
        if !self.cursor.peek_is_lexeme(&Lexeme::LBracket) || !self.cursor.nth_is(2, "AS") {
            return false;
        }
        let Ok(name) = self.cursor.name() else { return false };
        self.written.push(match name.parts.as_slice() {
            [schema, own] if is_system(schema) => own.to_string(),
            _ => self.names.object(&name),
        });
        true
    }

    /// Tells whether a schema of the system comes next, and a function in it.
    fn is_system_function(&self) -> bool {
        let is_schema = self.cursor.peek().and_then(ident).is_some_and(|schema| is_system(&schema));
        is_schema
            && self.cursor.nth_is_lexeme(1, &Lexeme::Period)
            && self.cursor.nth(2).is_some_and(Token::is_word)
            && self.cursor.nth_is_lexeme(3, &Lexeme::LParen)
    }
}

/// What stands in place of a name; `None` for what stays as it is.
fn in_full(mention: &Mention<'_>, names: &dyn Names) -> Option<String> {
    match mention {
        Mention::Defined(name) => Some(names.defined(name)),
        Mention::Object(name) => Some(names.object(name)),
        Mention::Cluster(cluster) => names.cluster(Some(cluster)),
        Mention::Qualifier(qualifier) => Some(names.object(&qualifier.relation)),
        Mention::Type(name) if name.parts.len() > 1 => Some(names.user_type(name)),
        Mention::Type(name) => names.own_type(name, "", &as_words(name)),
        Mention::Perhaps(readings) => names.perhaps(readings),
    }
}

/// Writes a name as its words would be.
pub fn as_words(name: &RawName) -> String {
    name.parts.iter().map(Ident::to_string).collect::<Vec<_>>().join(" . ")
}

/// The name that a word is.
pub(super) fn ident(token: &Token<'_>) -> Option<Ident> {
    match &token.lexeme {
        Lexeme::Quoted(text) => Ident::new(text.as_ref()).ok(),
        Lexeme::Word(word) => Ident::folded(word).ok(),
        _ => None,
    }
}

/// Names that something else is read for where they have no quotes, although a name may stand there.
const READ_OTHERWISE: [&str; 2] = ["all", "isnull"];

/// Words that belong to a string before them, which is an interval then.
const UNITS: [&str; 6] = ["day", "hour", "minute", "month", "second", "year"];

/// Writes a token: a word that needs no quotes comes out the same with and without them.
fn word(token: &Token<'_>, before: Option<&Token<'_>>) -> String {
    match &token.lexeme {
        Lexeme::Quoted(text) => {
            let text = text.as_ref();
            let is_behind_string = before.is_some_and(|before| matches!(before.lexeme, Lexeme::String(_)));
            let needs_quotes = READ_OTHERWISE.contains(&text) || is_behind_string && UNITS.contains(&text);
            let written = |ident: Ident| if needs_quotes { ident.sql() } else { ident.to_string() };
            Ident::new(text).map_or_else(|_| text.to_owned(), written)
        }
        Lexeme::Word(word) => word.to_lowercase(),
        other => other.to_string(),
    }
}

impl Printer<'_> {
    /// Writes what only the server can read from its words, where no catalog has to be matched to the letter.
    pub(super) fn unread(&mut self, text: &str, start: usize, found: &[Mention<'_>]) {
        let tokens = match lex(text) {
            Ok(tokens) if !self.is_stored() => tokens,
            _ => return self.give_up(),
        };
        let mut words = Words::new(text, start, &tokens, found, self.names);
        while !words.cursor.is_done() {
            words.unread();
        }
        self.write(&words.written.join(" "));
    }

    /// Writes tokens as they are.
    pub(super) fn words(&mut self, tokens: &[Token<'_>]) {
        self.separated(tokens, " ", |printer, token| match &token.lexeme {
            Lexeme::Word(word) => printer.named(Ident::folded(word)),
            Lexeme::Quoted(text) => printer.named(Ident::new(text.as_ref())),
            other => printer.write(&other.to_string()),
        });
    }

    fn named<E>(&mut self, ident: Result<Ident, E>) {
        match ident {
            Ok(ident) => self.name(&ident),
            Err(_) => self.give_up(),
        }
    }
}
