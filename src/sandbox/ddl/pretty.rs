//! Stored statements on several lines, as `SHOW CREATE` prints them.
//!
//! Works on tokens: clauses are found by their keywords outside of brackets. Start reading at
//! [`statement`].

use super::layout::Doc;
use super::layout::write;

/// A token as it is to be printed.
#[derive(Clone, Debug)]
pub(super) struct Token {
    /// Its text.
    pub(super) text: String,
    /// Whether it is a bare word, which may be a keyword.
    pub(super) word: bool,
    /// Whether a blank stands before it.
    pub(super) spaced: bool,
}

impl Token {
    fn is(&self, word: &str) -> bool {
        self.word && self.text == word
    }

    fn opens(&self) -> bool {
        !self.word && self.text == "("
    }

    fn closes(&self) -> bool {
        !self.word && self.text == ")"
    }
}

/// Lays a whole statement out, without a semicolon.
pub(super) fn statement(tokens: &[Token]) -> String {
    let is = |at: usize, word: &str| tokens.get(at).is_some_and(|token| token.is(word));
    let view = is(0, "CREATE") && (1..4).any(|at| is(at, "VIEW"));
    let doc = if view {
        self::view(tokens)
    } else if is(0, "CREATE") && (1..3).any(|at| is(at, "TABLE")) {
        table(tokens)
    } else {
        Doc::text(flat(tokens))
    };
    write(&doc)
}

/// Tokens on one line.
fn flat(tokens: &[Token]) -> String {
    let mut text = String::new();
    for (number, token) in tokens.iter().enumerate() {
        if number > 0 && token.spaced {
            text.push(' ');
        }
        text.push_str(&token.text);
    }
    text
}

/// The number of the bracket that closes the one at a place.
fn closing(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0_usize;
    for (number, token) in tokens.iter().enumerate().skip(open) {
        if token.opens() {
            depth += 1;
        } else if token.closes() {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                return number;
            }
        }
    }
    tokens.len()
}

/// The numbers of tokens outside of brackets for which something holds.
fn outside(tokens: &[Token], holds: impl Fn(usize, &Token) -> bool) -> Vec<usize> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        if holds(at, token) {
            found.push(at);
        }
        at = if token.opens() { closing(tokens, at) + 1 } else { at + 1 };
    }
    found
}

/// Cuts at the tokens of these numbers, which begin the parts; what is before the first is a part.
fn cut<'t>(tokens: &'t [Token], at: &[usize]) -> Vec<&'t [Token]> {
    let starts = std::iter::once(0).chain(at.iter().copied());
    let ends = at.iter().copied().chain([tokens.len()]);
    starts
        .zip(ends)
        .filter_map(|(start, end)| tokens.get(start..end))
        .filter(|part| !part.is_empty())
        .collect()
}

/// Cuts at commas outside of brackets, which are left out.
fn list(tokens: &[Token]) -> Vec<&[Token]> {
    let commas = outside(tokens, |_, token| !token.word && token.text == ",");
    cut(tokens, &commas)
        .into_iter()
        .map(|part| match part.split_first() {
            Some((first, rest)) if !first.word && first.text == "," => rest,
            _ => part,
        })
        .collect()
}

fn view(tokens: &[Token]) -> Doc {
    let name = tokens.iter().position(|token| token.is("VIEW")).map_or(0, |at| at + 1);
    let (title, rest) = tokens.split_at(name.min(tokens.len()));
    let body = outside(rest, |_, token| token.is("AS")).first().copied().unwrap_or(rest.len());
    let (head, query_tokens) = rest.split_at(body);
    let starts = outside(head, |at, token| {
        let next = |word: &str| head.get(at + 1).is_some_and(|next| next.is(word));
        token.is("FOR") || token.is("WITH") || (token.is("IN") && next("CLUSTER"))
    });
    let mut docs = Vec::new();
    for (number, part) in cut(head, &starts).into_iter().enumerate() {
        docs.push(match number {
            0 => Doc::titled(flat(title), Doc::text(flat(part))),
            _ if part.first().is_some_and(|first| first.is("WITH")) => {
                let inside = part.get(2..part.len().saturating_sub(1)).unwrap_or_default();
                Doc::bracket("WITH (", texts(&list(inside)), ")")
            }
            _ => Doc::text(flat(part)),
        });
    }
    docs.push(Doc::titled("AS", query(query_tokens.get(1..).unwrap_or_default())));
    Doc::joined(docs, &Doc::Line).group()
}

fn texts(parts: &[&[Token]]) -> Doc {
    Doc::commas(parts.iter().map(|part| Doc::text(flat(part))).collect())
}

fn table(tokens: &[Token]) -> Doc {
    let Some(open) = tokens.iter().position(Token::opens) else { return Doc::text(flat(tokens)) };
    let close = closing(tokens, open);
    let head = format!("{} (", flat(tokens.get(..open).unwrap_or_default()));
    let inside = tokens.get(open + 1..close).unwrap_or_default();
    let mut docs = vec![Doc::bracket(head, texts(&list(inside)), ")")];
    let rest = tokens.get(close + 1..).unwrap_or_default();
    if !rest.is_empty() {
        docs.push(Doc::text(flat(rest)));
    }
    Doc::joined(docs, &Doc::Line).group()
}

fn query(tokens: &[Token]) -> Doc {
    let (ctes, tokens) = with(tokens);
    let ends = outside(tokens, |at, token| {
        let by = tokens.get(at + 1).is_some_and(|next| next.is("BY"));
        (token.is("ORDER") && by) || token.is("LIMIT") || token.is("OFFSET")
    });
    let mut parts = cut(tokens, &ends).into_iter();
    let mut docs: Vec<Doc> = ctes.into_iter().collect();
    docs.extend(parts.next().map(set_operations));
    for part in parts {
        docs.push(match part {
            [order, by, rest @ ..] if order.is("ORDER") && by.is("BY") => {
                Doc::titled("ORDER BY", Doc::commas(list(rest).into_iter().map(expr).collect()))
            }
            [word, rest @ ..] => Doc::titled(word.text.clone(), expr(rest)),
            [] => continue,
        });
    }
    Doc::joined(docs, &Doc::Line).group()
}

/// The CTEs, and what is behind them.
fn with(tokens: &[Token]) -> (Option<Doc>, &[Token]) {
    if !tokens.first().is_some_and(|first| first.is("WITH")) {
        return (None, tokens);
    }
    let mut at = 1;
    if tokens.get(1).is_some_and(|next| next.is("MUTUALLY")) {
        at = 3;
        if tokens.get(at).is_some_and(Token::opens) {
            at = closing(tokens, at) + 1;
        }
    }
    let title = flat(tokens.get(..at).unwrap_or_default());
    let mut docs = Vec::new();
    loop {
        let rest = tokens.get(at..).unwrap_or_default();
        let Some(body) = outside(rest, |_, token| token.is("AS")).first().copied() else { break };
        let close = closing(rest, body + 1);
        let head = format!("{} (", flat(rest.get(..=body).unwrap_or_default()));
        let inside = rest.get(body + 2..close).unwrap_or_default();
        docs.push(Doc::bracket(head, query(inside), ")"));
        at += close + 1;
        match tokens.get(at) {
            Some(token) if !token.word && token.text == "," => at += 1,
            _ => break,
        }
    }
    (Some(Doc::titled(title, Doc::commas(docs))), tokens.get(at..).unwrap_or_default())
}

fn set_operations(tokens: &[Token]) -> Doc {
    let operators =
        outside(tokens, |_, token| ["UNION", "EXCEPT", "INTERSECT"].iter().any(|word| token.is(word)));
    let mut docs = Vec::new();
    for part in cut(tokens, &operators) {
        let words = part
            .iter()
            .take_while(|token| ["UNION", "EXCEPT", "INTERSECT", "ALL"].iter().any(|word| token.is(word)))
            .count();
        let (operator, operand) = part.split_at(words);
        let doc = self::operand(operand);
        docs.push(if operator.is_empty() { doc } else { Doc::titled(flat(operator), doc) });
    }
    Doc::joined(docs, &Doc::Line).group()
}

fn operand(tokens: &[Token]) -> Doc {
    match tokens.first() {
        Some(first) if first.opens() && closing(tokens, 0) + 1 == tokens.len() => {
            Doc::bracket("(", query(tokens.get(1..tokens.len() - 1).unwrap_or_default()), ")")
        }
        Some(first) if first.is("SELECT") => select(tokens),
        Some(first) if first.is("VALUES") => {
            let rows = list(tokens.get(1..).unwrap_or_default());
            Doc::titled("VALUES", Doc::commas(rows.into_iter().map(expr).collect()))
        }
        Some(_) | None => expr(tokens),
    }
}

fn select(tokens: &[Token]) -> Doc {
    let clauses = outside(tokens, |at, token| {
        let before =
            |word: &str| at.checked_sub(1).and_then(|at| tokens.get(at)).is_some_and(|it| it.is(word));
        let next = |word: &str| tokens.get(at + 1).is_some_and(|next| next.is(word));
        (token.is("FROM") && !before("DISTINCT"))
            || ["WHERE", "HAVING", "QUALIFY", "OPTIONS", "WINDOW"].iter().any(|word| token.is(word))
            || (token.is("GROUP") && next("BY"))
    });
    let mut docs = Vec::new();
    for part in cut(tokens, &clauses) {
        docs.push(match part {
            [first, rest @ ..] if first.is("SELECT") => projection(rest),
            [first, rest @ ..] if first.is("FROM") => {
                Doc::titled("FROM", Doc::commas(list(rest).into_iter().map(joins).collect()))
            }
            [group, _, rest @ ..] if group.is("GROUP") => {
                Doc::titled("GROUP BY", Doc::commas(list(rest).into_iter().map(expr).collect()))
            }
            [word, rest @ ..] => Doc::titled(word.text.clone(), expr(rest)),
            [] => continue,
        });
    }
    Doc::joined(docs, &Doc::Line).group()
}

fn projection(tokens: &[Token]) -> Doc {
    let mut title = "SELECT".to_owned();
    let mut rest = tokens;
    if let [distinct, after @ ..] = tokens
        && distinct.is("DISTINCT")
    {
        title.push_str(" DISTINCT");
        rest = after;
        if let [on, open, ..] = after
            && on.is("ON")
            && open.opens()
        {
            let end = (closing(after, 1) + 1).min(after.len());
            let (columns, items) = after.split_at(end);
            title = format!("{title} {}", flat(columns));
            rest = items;
        }
    }
    if rest.is_empty() {
        return Doc::text(title);
    }
    Doc::titled(title, Doc::commas(list(rest).into_iter().map(expr).collect()))
}

const JOINS: [&str; 6] = ["NATURAL", "LEFT", "RIGHT", "FULL", "CROSS", "JOIN"];

fn joins(tokens: &[Token]) -> Doc {
    let is_join = |token: &Token| JOINS.iter().any(|word| token.is(word));
    let starts = outside(tokens, |at, token| {
        let before = at.checked_sub(1).and_then(|at| tokens.get(at));
        is_join(token) && !before.is_some_and(is_join)
    });
    let mut docs = Vec::new();
    for part in cut(tokens, &starts) {
        let words = part.iter().take_while(|token| is_join(token)).count();
        let (title, rest) = part.split_at(words);
        docs.push(if title.is_empty() { expr(rest) } else { Doc::titled(flat(title), expr(rest)) });
    }
    match docs.pop() {
        Some(only) if docs.is_empty() => only,
        last => {
            docs.extend(last);
            Doc::Nest(Box::new(Doc::joined(docs, &Doc::Line)))
        }
    }
}

/// An expression or a relation: subqueries and lists may break, and what is before AND and OR.
fn expr(tokens: &[Token]) -> Doc {
    let mut docs: Vec<Doc> = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let before = at.checked_sub(1).and_then(|at| tokens.get(at));
        let breaks = token.is("AND") && !is_between(tokens, at) || token.is("OR");
        let glued = token.opens() && before.is_some_and(|before| before.is("USING"));
        if at > 0 && token.spaced && !glued {
            docs.push(if breaks { Doc::Line } else { Doc::text(" ") });
        }
        if !token.opens() {
            docs.push(Doc::text(token.text.clone()));
            at += 1;
            continue;
        }
        let close = closing(tokens, at);
        let inside = tokens.get(at + 1..close).unwrap_or_default();
        let is_query = inside
            .first()
            .is_some_and(|first| ["SELECT", "WITH", "VALUES"].iter().any(|word| first.is(word)));
        let in_list = before.is_some_and(|before| before.is("IN"));
        docs.push(if is_query {
            Doc::bracket("(", query(inside), ")")
        } else if in_list {
            // Source: recorded: blanks stand inside the brackets of an IN list.
            let items = Doc::commas(list(inside).into_iter().map(expr).collect());
            let body = Doc::Nest(Box::new(Doc::All(vec![Doc::Line, items])));
            Doc::All(vec![Doc::text("("), body, Doc::Line, Doc::text(")")]).group()
        } else {
            let inner = Doc::joined(list(inside).into_iter().map(expr).collect(), &Doc::text(", "));
            Doc::All(vec![Doc::text("("), inner, Doc::text(")")])
        });
        at = close + 1;
    }
    Doc::All(docs)
}

/// Tells whether an AND belongs to the BETWEEN before it.
fn is_between(tokens: &[Token], at: usize) -> bool {
    let before = tokens.get(..at).unwrap_or_default();
    let last = before.iter().rev().find(|token| ["BETWEEN", "AND", "OR"].iter().any(|word| token.is(word)));
    last.is_some_and(|token| token.is("BETWEEN"))
}
