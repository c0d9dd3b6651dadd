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

    /// Takes `OPERATOR(pg_catalog.+)` as `+`, for there are no operators but the system's; tells whether it
    /// ends.
    pub(super) fn operator(&mut self) -> bool {
        let Some(end) = self.end_of(self.at + 1) else { return false };
        if let Some(operator) = end.checked_sub(1).and_then(|last| self.tokens.get(last)) {
            self.push(tree_token(&operator.lexeme), operator.span);
        }
        self.lowered.notes.names_operator = true;
        self.at = end + 1;
        true
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

    /// Tells whether a keyword at this place is a name, as any is behind a period and behind `AS`, and as
    /// `AS` is where an expression or a relation has to begin.
    ///
    /// Source: the server takes every word for the name of a relation; one that begins a clause is left
    /// one here unless `BY` is missing, for then it is more likely that something was forgotten.
    pub(super) fn stands_as_name(&self, keyword: Keyword) -> bool {
        let Some(previous) = self.previous() else { return keyword == Keyword::AS };
        let may_be_relation = matches!(keyword, Keyword::GROUP | Keyword::ORDER) && !self.nth_is(1, "BY");
        previous.is_lexeme(&Lexeme::Period)
            || previous.is("AS") && self.lowered_before(1).is_some_and(|token| is_keyword(token, Keyword::AS))
            || may_be_relation && (previous.is("FROM") || previous.is("JOIN"))
            || keyword == Keyword::AS && self.lacks_operand()
    }

    /// Tells whether the word before this place was kept as a name, whatever else it may mean.
    pub(super) fn is_behind_name(&self) -> bool {
        matches!(self.lowered_before(1), Some(TreeToken::Word(word)) if word.quote_style.is_some())
    }

    /// Tells whether an expression or a name has to follow what stands before this place.
    ///
    /// Source: the server's parser reserves few words in an expression, so most of those that stand between
    /// two operands are columns where one has to begin.
    fn lacks_operand(&self) -> bool {
        let (last, before) = (self.lowered_before(1), self.lowered_before(2));
        match last {
            Some(TreeToken::Word(word)) => match word.keyword {
                // Before `AS (` they are CTEs.
                Keyword::CASE | Keyword::NOT => !self.nth_is_lexeme(1, &Lexeme::LParen),
                // Behind `CAST (` they are columns.
                Keyword::ALL | Keyword::DISTINCT => before.is_some_and(|before| {
                    is_keyword(before, Keyword::SELECT) || *before == TreeToken::LParen && !self.frame.cast
                }),
                keyword => {
                    begins_operand(last) || BETWEEN_OPERANDS.contains(&keyword) && !begins_operand(before)
                }
            },
            // The star of `SELECT *` and `t.*` wants nothing.
            Some(TreeToken::Mul) => !begins_operand(before),
            _ => begins_operand(last),
        }
    }

    /// The lowered token that many before what comes next.
    fn lowered_before(&self, offset: usize) -> Option<&TreeToken> {
        let tokens = &self.lowered.tokens;
        tokens.len().checked_sub(offset).and_then(|at| tokens.get(at)).map(|token| &token.token)
    }

    /// Tells whether the parenthesis at this place is that of `IN (…)` around a list whose first item begins
    /// with a query in parentheses of its own, which sqlparser takes for the only thing in it.
    ///
    /// Source: `parse_parenthesized_fragment` of the server's parser.
    pub(super) fn lists_query(&self) -> bool {
        self.nth_is_lexeme(1, &Lexeme::LParen)
            && self.nth_is_lexeme(0, &Lexeme::LParen)
            && self.previous().is_some_and(|previous| previous.is("IN"))
            && begins_list(self.tokens, self.at + 1)
    }

    /// Tells whether options of a query begin here: the word is no name but where one has to stand.
    pub(super) fn begins_options(&self) -> bool {
        const BEFORE_NAMES: &[&str] = &["FROM", "JOIN", "LATERAL", "RECURSIVE", "WITH"];
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

/// Words that stand between two operands, and are columns where one has to begin.
const BETWEEN_OPERANDS: &[Keyword] = &[
    Keyword::AND,
    Keyword::BETWEEN,
    Keyword::BY,
    Keyword::ELSE,
    Keyword::ESCAPE,
    Keyword::FOR,
    Keyword::ILIKE,
    Keyword::IN,
    Keyword::JOIN,
    Keyword::LIKE,
    Keyword::ON,
    Keyword::OR,
    Keyword::THEN,
    Keyword::WHEN,
    Keyword::ZONE,
];

/// Words that are no columns and have an operand or a name behind them.
const BEFORE_OPERANDS: &[Keyword] =
    &[Keyword::FROM, Keyword::HAVING, Keyword::QUALIFY, Keyword::SELECT, Keyword::WHERE, Keyword::WITH];

/// Tells whether an operand or a name has to follow a token, whatever stands before that.
fn begins_operand(token: Option<&TreeToken>) -> bool {
    match token {
        Some(TreeToken::Word(word)) => BEFORE_OPERANDS.contains(&word.keyword),
        Some(TreeToken::RParen | TreeToken::RBracket | TreeToken::Mul) => false,
        Some(TreeToken::Number(..) | TreeToken::SingleQuotedString(_)) => false,
        Some(TreeToken::HexStringLiteral(_) | TreeToken::Placeholder(_)) => false,
        Some(TreeToken::CustomBinaryOperator(operator)) => operator != ALL_FIELDS,
        Some(_) | None => true,
    }
}

/// Tells whether a token is a keyword, and was not kept as a name.
fn is_keyword(token: &TreeToken, keyword: Keyword) -> bool {
    matches!(token, TreeToken::Word(word) if word.keyword == keyword)
}

/// Tells whether a query in parentheses begins at a place, with another one behind it.
fn begins_set_operation(tokens: &[Token<'_>], open: usize) -> bool {
    depth_of_query(tokens, open) > 0 && behind(tokens, open).is_some_and(is_set_operator)
}

/// Tells whether an expression begins at a place with a query in parentheses, and that is not all there is.
fn begins_list(tokens: &[Token<'_>], open: usize) -> bool {
    let goes_on = |next: &Token<'_>| !next.is_lexeme(&Lexeme::RParen) && !is_set_operator(next);
    (open..open + depth_of_query(tokens, open)).any(|open| behind(tokens, open).is_some_and(goes_on))
}

/// How many parentheses stand at a place before a query; none where there is no query.
fn depth_of_query(tokens: &[Token<'_>], open: usize) -> usize {
    let inside = tokens.iter().skip(open);
    let depth = inside.take_while(|token| token.is_lexeme(&Lexeme::LParen)).count();
    let first = tokens.get(open + depth);
    let begins = ["SELECT", "WITH", "VALUES", "TABLE"].iter().any(|word| first.is_some_and(|at| at.is(word)));
    if begins { depth } else { 0 }
}

/// What stands behind the bracket that closes the one at a place.
fn behind<'t>(tokens: &'t [Token<'_>], open: usize) -> Option<&'t Token<'t>> {
    closing(tokens, open).and_then(|close| tokens.get(close + 1))
}

fn is_set_operator(token: &Token<'_>) -> bool {
    ["UNION", "EXCEPT", "INTERSECT"].iter().any(|word| token.is(word))
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
