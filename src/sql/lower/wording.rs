//! What sqlparser knows in other words, or in another order.
//!
//! Everything here is for the server the same as what it becomes.

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::Token as TreeToken;

use super::Lowering;
use super::closing;
use crate::sql::dialect::ALL_FIELDS;
use crate::sql::keyword::Meaning;
use crate::sql::token::Lexeme;
use crate::sql::token::Token;
use crate::sql::tree_token::keyword;
use crate::sql::tree_token::tree_token;

/// Where `FETCH` stands before `OFFSET`, as numbers of lowered tokens.
#[derive(Clone, Copy)]
pub(super) struct Fetch {
    start: usize,
    /// Where `OFFSET` begins, once it was met.
    offset: Option<usize>,
}

/// Words that go on with an expression.
const GO_ON: &[&str] =
    &["AND", "AT", "BETWEEN", "COLLATE", "ILIKE", "IN", "IS", "ISNULL", "LIKE", "NOT", "OR"];

impl Lowering<'_> {
    /// Takes `INTERVAL '1'` and the units behind it, of which sqlparser knows the singular.
    pub(super) fn interval(&mut self, token: &Token<'_>, meaning: Meaning) {
        self.keep_word(token, meaning);
        self.keep();
        self.unit();
        if self.nth_is(0, "TO") && self.nth(1).is_some_and(|next| unit(next).is_some()) {
            self.keep();
            self.unit();
        }
    }

    fn unit(&mut self) {
        let Some(next) = self.nth(0) else { return };
        if let Some((word, meant)) = unit(next) {
            self.push(keyword(word, meant), next.span);
            self.at += 1;
        }
    }

    /// Takes `WITH ORDINALITY`, which may stand behind the alias here and stands before it there.
    ///
    /// Source: the server's parser reads the alias of a table function first.
    pub(super) fn ordinality(&mut self) {
        let at = self.alias_before().unwrap_or(self.lowered.tokens.len());
        let behind = self.lowered.tokens.split_off(at);
        let origins = self.lowered.origins.split_off(at);
        self.keep();
        self.keep();
        self.lowered.tokens.extend(behind);
        self.lowered.origins.extend(origins);
    }

    /// Where the alias of a table function begins that ends before this place; `None` without one.
    fn alias_before(&self) -> Option<usize> {
        let token = |at: usize| self.lowered.tokens.get(at).map(|token| &token.token);
        let is_name =
            |at: usize| matches!(token(at), Some(TreeToken::Word(word)) if word.keyword != Keyword::AS);
        let mut at = self.lowered.tokens.len().checked_sub(1)?;
        if token(at) == Some(&TreeToken::RParen) {
            // Columns of an alias are names, so nothing else stands in their brackets.
            while token(at) != Some(&TreeToken::LParen) {
                at = at.checked_sub(1)?;
                let is_column = is_name(at) || token(at) == Some(&TreeToken::Comma);
                if !is_column && token(at) != Some(&TreeToken::LParen) {
                    return None;
                }
            }
            at = at.checked_sub(1)?;
        }
        let before = at.checked_sub(1)?;
        match token(before) {
            Some(TreeToken::Word(word)) if word.keyword == Keyword::AS && is_name(at) => Some(before),
            Some(TreeToken::RParen) if is_name(at) => Some(at),
            _ => None,
        }
    }

    /// Takes `OPERATOR(pg_catalog.+)` as `+`: there are no operators but the system's.
    pub(super) fn operator(&mut self) {
        let end = closing(self.tokens, self.at + 1).unwrap_or(self.tokens.len());
        if let Some(operator) = end.checked_sub(1).and_then(|last| self.tokens.get(last)) {
            self.push(tree_token(&operator.lexeme), operator.span);
        }
        self.lowered.notes.names_operator = true;
        self.at = end + 1;
    }

    /// Tells whether the `FROM` at this place has nothing before it but the side of a `trim`: `trim(FROM x)`.
    pub(super) fn begins_trimmed(&self) -> bool {
        let Some(previous) = self.previous() else { return false };
        let before = |offset: usize| self.at.checked_sub(offset).and_then(|at| self.tokens.get(at));
        let opens = |offset: usize| {
            before(offset).is_some_and(|token| token.is_lexeme(&Lexeme::LParen))
                && before(offset + 1).is_some_and(|token| token.is("TRIM"))
        };
        let side = || ["BOTH", "LEADING", "TRAILING"].iter().any(|side| previous.is(side));
        opens(1) || side() && opens(2)
    }

    /// Tells whether a keyword at this place is a name, as any is behind a period and behind `AS`.
    ///
    /// Source: the server takes every word for the name of a relation; one that begins a clause is left
    /// one here unless `BY` is missing, for then it is more likely that something was forgotten.
    pub(super) fn stands_as_name(&self, keyword: Keyword) -> bool {
        let Some(previous) = self.previous() else { return false };
        let may_be_relation = matches!(keyword, Keyword::GROUP | Keyword::ORDER) && !self.nth_is(1, "BY");
        previous.is_lexeme(&Lexeme::Period)
            || previous.is("AS")
            || may_be_relation && (previous.is("FROM") || previous.is("JOIN"))
    }

    /// Tells whether options of a query begin here: the word is no name but where one has to stand.
    pub(super) fn begins_options(&self) -> bool {
        const BEFORE_NAMES: &[&str] = &["AS", "FROM", "JOIN", "LATERAL", "RECURSIVE", "WITH"];
        self.nth_is_lexeme(1, &Lexeme::LParen)
            && self.previous().is_some_and(|previous| match &previous.lexeme {
                Lexeme::Word(_) => !BEFORE_NAMES.iter().any(|word| previous.is(word)),
                Lexeme::Quoted(_) | Lexeme::Number(_) | Lexeme::String(_) | Lexeme::HexString(_) => true,
                Lexeme::Parameter(_) | Lexeme::RParen | Lexeme::RBracket | Lexeme::Star => true,
                _ => false,
            })
    }

    /// Takes note of a `FETCH`, behind which an `OFFSET` may stand.
    pub(super) fn fetch(&mut self) {
        let start = self.lowered.tokens.len();
        self.frame.fetch = Some(Fetch { start, offset: None });
    }

    /// Takes note of an `OFFSET`, which has to stand before a `FETCH`.
    pub(super) fn offset(&mut self) {
        let offset = self.lowered.tokens.len();
        if let Some(fetch) = &mut self.frame.fetch {
            fetch.offset.get_or_insert(offset);
        }
    }

    /// Puts a `FETCH` behind the `OFFSET` that follows it, when the query ends.
    ///
    /// Source: the server takes LIMIT, OFFSET and FETCH in any order.
    pub(super) fn order_fetch(&mut self) {
        if let Some(Fetch { start, offset: Some(offset) }) = self.frame.fetch.take() {
            let by = offset - start;
            self.lowered.tokens.get_mut(start..).into_iter().for_each(|tokens| tokens.rotate_left(by));
            self.lowered.origins.get_mut(start..).into_iter().for_each(|origins| origins.rotate_left(by));
        }
    }

    /// Takes `LIKE ANY (…)` as `~~ ANY (…)`, which the server makes of it; tells whether that is here.
    pub(super) fn like_any(&mut self) -> bool {
        let negated = self.nth_is(0, "NOT");
        let like = usize::from(negated);
        let is_any = ["ANY", "ALL", "SOME"].iter().any(|word| self.nth_is(like + 1, word));
        if !is_any || !self.nth_is_lexeme(like + 2, &Lexeme::LParen) {
            return false;
        }
        let operator = match (self.nth_is(like, "LIKE"), self.nth_is(like, "ILIKE"), negated) {
            (true, _, false) => TreeToken::DoubleTilde,
            (true, _, true) => TreeToken::ExclamationMarkDoubleTilde,
            (_, true, false) => TreeToken::DoubleTildeAsterisk,
            (_, true, true) => TreeToken::ExclamationMarkDoubleTildeAsterisk,
            (false, false, _) => return false,
        };
        let Some(first) = self.nth(0) else { return false };
        self.push(operator, first.span);
        self.at += like + 1;
        true
    }

    /// Tells whether the parenthesis at this place is that of `ANY (…)` around a query that sqlparser
    /// only takes for one in parentheses of its own.
    pub(super) fn compares_with_query(&self) -> bool {
        let before = |offset: usize| self.at.checked_sub(offset).and_then(|at| self.tokens.get(at));
        let is_any = ["ANY", "ALL", "SOME"].iter().any(|word| before(1).is_some_and(|token| token.is(word)));
        let compares = before(2).is_some_and(|token| match &token.lexeme {
            Lexeme::Eq | Lexeme::Operator(_) | Lexeme::RParen => true,
            Lexeme::Word(_) => token.is("LIKE") || token.is("ILIKE"),
            _ => false,
        });
        is_any && compares && (self.nth_is(1, "VALUES") || begins_set_operation(self.tokens, self.at + 1))
    }

    /// Tells whether `.*` stands here where sqlparser knows none: anywhere but at the end of an item of
    /// a select list.
    pub(super) fn is_inner_star(&self) -> bool {
        let goes_on = |token: &Token<'_>| match &token.lexeme {
            Lexeme::Period | Lexeme::DoubleColon | Lexeme::LBracket | Lexeme::Eq | Lexeme::Operator(_) => {
                true
            }
            Lexeme::Word(_) => GO_ON.iter().any(|word| token.is(word)),
            _ => false,
        };
        self.nth_is_lexeme(1, &Lexeme::Star) && (!self.frame.in_items || self.nth(2).is_some_and(goes_on))
    }

    /// Takes `.*` as an operator behind what it is written behind.
    pub(super) fn inner_star(&mut self) {
        if let Some(star) = self.nth(1) {
            self.push(TreeToken::CustomBinaryOperator(ALL_FIELDS.to_owned()), star.span);
        }
        self.at += 2;
    }
}

/// Tells whether a query in parentheses begins at a place, with another one behind it.
fn begins_set_operation(tokens: &[Token<'_>], open: usize) -> bool {
    let inside = tokens.iter().skip(open);
    let depth = inside.take_while(|token| token.is_lexeme(&Lexeme::LParen)).count();
    let first = tokens.get(open + depth);
    depth > 0
        && first.is_some_and(|first| ["SELECT", "WITH", "VALUES", "TABLE"].iter().any(|word| first.is(word)))
        && closing(tokens, open)
            .and_then(|close| tokens.get(close + 1))
            .is_some_and(|next| ["UNION", "EXCEPT", "INTERSECT"].iter().any(|word| next.is(word)))
}

fn unit(token: &Token<'_>) -> Option<(&'static str, Keyword)> {
    const UNITS: [(&str, &str, Keyword); 6] = [
        ("YEAR", "YEARS", Keyword::YEAR),
        ("MONTH", "MONTHS", Keyword::MONTH),
        ("DAY", "DAYS", Keyword::DAY),
        ("HOUR", "HOURS", Keyword::HOUR),
        ("MINUTE", "MINUTES", Keyword::MINUTE),
        ("SECOND", "SECONDS", Keyword::SECOND),
    ];
    let found = UNITS.iter().find(|(one, many, _)| token.is(one) || token.is(many));
    found.map(|(one, _, keyword)| (*one, *keyword))
}
