//! A place in a list of tokens, and the small steps every statement is read with.
//!
//! Methods that only look take `&self`; those that succeed move on, and those that fail leave
//! the cursor at the token that was not expected. Errors speak as the server does.

use crate::name::Ident;
use crate::name::ObjectId;
use crate::sql::ast::RawIdent;
use crate::sql::ast::RawName;
use crate::sql::error::SyntaxError;
use crate::sql::error::expected;
use crate::sql::keyword::is_nearly;
use crate::sql::query::Doubt;
use crate::sql::span::Span;
use crate::sql::token::Lexeme;
use crate::sql::token::Token;

/// A place in the tokens of one statement.
pub(crate) struct Cursor<'a> {
    text: &'a str,
    tokens: &'a [Token<'a>],
    at: usize,
    end: usize,
    doubt: Doubt,
}

impl<'a> Cursor<'a> {
    /// Stands before the first of the tokens of a text.
    pub(in crate::sql) fn new(text: &'a str, tokens: &'a [Token<'a>]) -> Self {
        let end = tokens.last().map_or(0, |token| token.span.end);
        Self { text, tokens, at: 0, end, doubt: Doubt::Mistake }
    }

    /// The same, but what is made of views whose queries are not understood.
    pub(in crate::sql) fn with_doubt(self, doubt: Doubt) -> Self {
        Self { doubt, ..self }
    }

    /// What is made of views whose queries are not understood.
    pub(in crate::sql) fn doubt(&self) -> Doubt {
        self.doubt
    }

    /// The whole text that the tokens are from.
    pub(in crate::sql) fn text(&self) -> &'a str {
        self.text
    }

    /// All tokens, also those behind the cursor.
    pub(in crate::sql) fn tokens(&self) -> &'a [Token<'a>] {
        self.tokens
    }

    /// The number of tokens behind the cursor.
    pub(in crate::sql) fn at(&self) -> usize {
        self.at
    }

    /// Moves to the token of that number.
    pub(in crate::sql) fn move_to(&mut self, at: usize) {
        self.at = at.min(self.tokens.len());
    }

    /// The token at the cursor.
    pub(in crate::sql) fn peek(&self) -> Option<&'a Token<'a>> {
        self.nth(0)
    }

    /// The token that many behind the one at the cursor.
    pub(in crate::sql) fn nth(&self, offset: usize) -> Option<&'a Token<'a>> {
        self.tokens.get(self.at + offset)
    }

    /// Moves over one token.
    pub(in crate::sql) fn advance(&mut self) {
        self.move_to(self.at + 1);
    }

    /// Where the token at the cursor begins; the end of the statement when there is none.
    pub(in crate::sql) fn start(&self) -> usize {
        self.peek().map_or(self.end, |token| token.span.start)
    }

    /// Where the token before the cursor ends.
    pub(in crate::sql) fn last_end(&self) -> usize {
        self.at.checked_sub(1).and_then(|last| self.tokens.get(last)).map_or(0, |token| token.span.end)
    }

    /// Tells whether nothing is left.
    pub(in crate::sql) fn is_done(&self) -> bool {
        self.at >= self.tokens.len()
    }

    /// Tells whether the next token is this keyword, given in capitals.
    pub(in crate::sql) fn peek_is(&self, keyword: &str) -> bool {
        self.nth_is(0, keyword)
    }

    /// Tells whether the token that many behind the cursor's is this keyword.
    pub(in crate::sql) fn nth_is(&self, offset: usize, keyword: &str) -> bool {
        self.nth(offset).is_some_and(|token| token.is(keyword))
    }

    /// Tells whether the next token is this one.
    pub(in crate::sql) fn peek_is_lexeme(&self, lexeme: &Lexeme<'_>) -> bool {
        self.nth_is_lexeme(0, lexeme)
    }

    /// Tells whether the token that many behind the cursor's is this one.
    pub(in crate::sql) fn nth_is_lexeme(&self, offset: usize, lexeme: &Lexeme<'_>) -> bool {
        self.nth(offset).is_some_and(|token| token.is_lexeme(lexeme))
    }

    /// Tells whether the next token is a word, quoted or not.
    pub(in crate::sql) fn peek_is_word(&self) -> bool {
        self.peek().is_some_and(Token::is_word)
    }

    /// Moves over this keyword if it is next; tells whether it was.
    pub(in crate::sql) fn keyword(&mut self, keyword: &str) -> bool {
        let found = self.peek_is(keyword);
        if found {
            self.advance();
        }
        found
    }

    /// Moves over these keywords, given with blanks between, if all of them are next.
    pub(in crate::sql) fn keywords(&mut self, keywords: &str) -> bool {
        let mut count = 0;
        let found = keywords.split(' ').all(|keyword| {
            count += 1;
            self.nth_is(count - 1, keyword)
        });
        if found {
            self.move_to(self.at + count);
        }
        found
    }

    /// Moves over this token if it is next; tells whether it was.
    pub(in crate::sql) fn lexeme(&mut self, lexeme: &Lexeme<'_>) -> bool {
        let found = self.peek_is_lexeme(lexeme);
        if found {
            self.advance();
        }
        found
    }

    /// Says that something else was expected at the cursor.
    pub(in crate::sql) fn expected(&self, what: &str) -> SyntaxError {
        expected(what, self.peek(), self.end)
    }

    /// Makes an error of a sentence about the token at the cursor.
    pub(in crate::sql) fn error(&self, message: impl Into<String>) -> SyntaxError {
        let span = self.peek().map_or(Span::new(self.end, self.end), |token| token.span);
        SyntaxError::new(message, span)
    }

    /// Moves over these keywords, given with blanks between.
    pub(in crate::sql) fn expect(&mut self, keywords: &str) -> Result<(), SyntaxError> {
        for keyword in keywords.split(' ') {
            if !self.keyword(keyword) {
                return Err(self.expected(keyword));
            }
        }
        Ok(())
    }

    /// Moves over one of these keywords and returns it.
    pub(in crate::sql) fn expect_one<'k>(&mut self, keywords: &[&'k str]) -> Result<&'k str, SyntaxError> {
        match keywords.iter().find(|keyword| self.peek_is(keyword)) {
            Some(keyword) => {
                self.advance();
                Ok(keyword)
            }
            None => Err(self.expected(&format!("one of {}", keywords.join(" or ")))),
        }
    }

    /// Tells whether the next word may be one that newer servers know, where the server judges what is
    /// doubtful: it is none of these, and no misspelt one of them.
    pub(in crate::sql) fn may_be_newer_than(&self, known: &[&'static str]) -> bool {
        let Some(word) = self.peek().and_then(|token| token.word()) else { return false };
        let first = |words: &&'static str| words.split(' ').next().unwrap_or_default();
        self.doubt == Doubt::Server
            && !known.iter().map(first).any(|first| self.peek_is(first) || is_nearly(word, first))
    }

    /// Moves over one word, or over those before a keyword, and returns them in capitals; stays where
    /// they are not next.
    pub(in crate::sql) fn words_to(&mut self, keyword: Option<&str>) -> Option<String> {
        let mut words = Vec::new();
        loop {
            if !words.is_empty() && keyword.is_none_or(|keyword| self.nth_is(words.len(), keyword)) {
                self.move_to(self.at + words.len());
                return Some(words.join(" "));
            }
            words.push(self.nth(words.len())?.word()?.to_uppercase());
        }
    }

    /// Moves over this token.
    pub(in crate::sql) fn expect_lexeme(&mut self, lexeme: &Lexeme<'_>) -> Result<(), SyntaxError> {
        if self.lexeme(lexeme) {
            return Ok(());
        }
        let token = Token { lexeme: lexeme.clone(), span: Span::default() };
        Err(self.expected(&crate::sql::error::describe(Some(&token))))
    }

    /// Fails if anything is left.
    pub(in crate::sql) fn end(&self) -> Result<(), SyntaxError> {
        if self.is_done() { Ok(()) } else { Err(self.expected("end of statement")) }
    }

    /// Reads items with commas between; at least one.
    pub(in crate::sql) fn list<T>(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Result<T, SyntaxError>,
    ) -> Result<Vec<T>, SyntaxError> {
        let mut items = vec![item(self)?];
        while self.lexeme(&Lexeme::Comma) {
            items.push(item(self)?);
        }
        Ok(items)
    }

    /// Reads items with commas between, in parentheses; there may be none.
    pub(in crate::sql) fn in_parentheses<T>(
        &mut self,
        item: impl FnMut(&mut Self) -> Result<T, SyntaxError>,
    ) -> Result<Vec<T>, SyntaxError> {
        self.expect_lexeme(&Lexeme::LParen)?;
        let items = if self.peek_is_lexeme(&Lexeme::RParen) { Vec::new() } else { self.list(item)? };
        self.expect_lexeme(&Lexeme::RParen)?;
        Ok(items)
    }

    /// Reads one identifier.
    pub(in crate::sql) fn ident(&mut self) -> Result<RawIdent, SyntaxError> {
        let (ident, span) = match self.peek() {
            Some(Token { lexeme: Lexeme::Word(word), span }) => (Ident::folded(word), *span),
            Some(Token { lexeme: Lexeme::Quoted(text), span }) => (Ident::new(text.as_ref()), *span),
            _ => return Err(self.expected("identifier")),
        };
        let ident = ident.map_err(|error| SyntaxError::new(error.to_string(), span))?;
        self.advance();
        Ok(RawIdent { ident, by_id: false, span })
    }

    /// Reads a name of any number of parts, or `[u1 AS "d"."s"."t"]`.
    pub(in crate::sql) fn name(&mut self) -> Result<RawName, SyntaxError> {
        let start = self.start();
        let id = if self.peek_is_lexeme(&Lexeme::LBracket) && self.nth_is(2, "AS") {
            self.advance();
            let id = self.ident()?;
            self.advance();
            Some(ObjectId::new(id.ident.as_str()))
        } else {
            None
        };
        let mut parts = vec![self.ident()?.ident];
        while self.peek_is_lexeme(&Lexeme::Period) && self.nth(1).is_some_and(Token::is_word) {
            self.advance();
            parts.push(self.ident()?.ident);
        }
        if id.is_some() {
            // A table whose columns were altered is named with its version.
            if self.peek_is("VERSION") && self.nth(1).is_some_and(Token::is_number) {
                self.move_to(self.at + 2);
            }
            self.expect_lexeme(&Lexeme::RBracket)?;
        }
        let span = Span::new(start, self.last_end());
        Ok(RawName { parts, id, span })
    }

    /// Reads a cluster: its name, or `[u1]`.
    pub(in crate::sql) fn cluster(&mut self) -> Result<RawIdent, SyntaxError> {
        if !self.peek_is_lexeme(&Lexeme::LBracket) {
            return self.ident();
        }
        let start = self.start();
        self.advance();
        let ident = self.ident()?.ident;
        self.expect_lexeme(&Lexeme::RBracket)?;
        Ok(RawIdent { ident, by_id: true, span: Span::new(start, self.last_end()) })
    }

    /// Reads a string literal.
    pub(in crate::sql) fn string(&mut self) -> Result<String, SyntaxError> {
        match self.peek().map(|token| &token.lexeme) {
            Some(Lexeme::String(text)) => {
                let text = text.to_string();
                self.advance();
                Ok(text)
            }
            _ => Err(self.expected("literal string")),
        }
    }

    /// Moves over a number.
    pub(in crate::sql) fn number(&mut self) -> Result<(), SyntaxError> {
        if !self.peek().is_some_and(Token::is_number) {
            return Err(self.expected("literal unsigned integer"));
        }
        self.advance();
        Ok(())
    }

    /// Finds the token that closes the bracket at the cursor.
    pub(in crate::sql) fn closing(&self) -> Option<usize> {
        closing(self.tokens, self.at)
    }

    /// The text from a byte to the end of the last token the cursor has passed.
    pub(in crate::sql) fn text_from(&self, start: usize) -> String {
        Span::new(start, self.last_end().max(start)).of(self.text).to_owned()
    }

    /// Moves over everything that is left and returns its text.
    pub(in crate::sql) fn rest(&mut self) -> String {
        let start = self.start();
        self.move_to(self.tokens.len());
        self.text_from(start)
    }

    /// Finds the first of these keywords that stands outside of all brackets, from the cursor on;
    /// the number of tokens if there is none.
    pub(in crate::sql) fn find_outside(&self, keywords: &[&str]) -> usize {
        let mut depth = 0_usize;
        for (number, token) in self.tokens.iter().enumerate().skip(self.at) {
            if token.opens() {
                depth += 1;
            } else if token.closes() {
                depth = depth.saturating_sub(1);
            } else if depth == 0 && keywords.iter().any(|keyword| token.is(keyword)) {
                return number;
            }
        }
        self.tokens.len()
    }

    /// A cursor over the tokens from this one's place to before that number.
    pub(in crate::sql) fn until(&self, end: usize) -> Cursor<'a> {
        let tokens = self.tokens.get(self.at..end.min(self.tokens.len())).unwrap_or_default();
        let end = self.tokens.get(end).map_or(self.end, |token| token.span.start);
        Cursor { text: self.text, tokens, at: 0, end, doubt: self.doubt }
    }
}

/// Finds the token that closes the bracket at a place.
pub(in crate::sql) fn closing(tokens: &[Token<'_>], open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (number, token) in tokens.iter().enumerate().skip(open) {
        if token.opens() {
            depth += 1;
        } else if token.closes() {
            depth = depth.checked_sub(1)?;
            if depth == 0 {
                return Some(number);
            }
        }
    }
    None
}
