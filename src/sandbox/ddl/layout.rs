//! Text that breaks its lines where it would become too long.
//!
//! The usual algebra: a group is written on one line if it fits, and otherwise every line break of
//! its own becomes real. Source: the server prints statements with the same algebra and width.

/// How long a line may become.
const WIDTH: usize = 100;

/// A piece of text with places where it may break.
#[derive(Clone, Debug)]
pub(super) enum Doc {
    /// Text as it is.
    Text(String),
    /// A blank, or a line break.
    Line,
    /// Nothing, or a line break.
    Soft,
    /// One after the other.
    All(Vec<Doc>),
    /// What breaks in it is indented.
    Nest(Box<Doc>),
    /// On one line if it fits.
    Group(Box<Doc>),
}

/// How much is indented.
const TAB: usize = 4;

impl Doc {
    /// Text as it is.
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// Docs with another between.
    pub(super) fn joined(docs: Vec<Doc>, between: &Doc) -> Self {
        let mut all = Vec::with_capacity(docs.len() * 2);
        for (number, doc) in docs.into_iter().enumerate() {
            if number > 0 {
                all.push(between.clone());
            }
            all.push(doc);
        }
        Self::All(all)
    }

    /// Docs with commas between.
    pub(super) fn commas(docs: Vec<Doc>) -> Self {
        Self::joined(docs, &Self::All(vec![Self::text(","), Self::Line])).group()
    }

    /// A title with something below it.
    pub(super) fn titled(title: impl Into<String>, body: Doc) -> Self {
        Self::Nest(Box::new(Self::All(vec![Self::text(title), Self::Line, body]))).group()
    }

    /// Something in brackets.
    pub(super) fn bracket(open: impl Into<String>, body: Doc, close: &str) -> Self {
        let inside = Self::Nest(Box::new(Self::All(vec![Self::Soft, body])));
        Self::All(vec![Self::text(open), inside, Self::Soft, Self::text(close)]).group()
    }

    /// On one line if it fits.
    pub(super) fn group(self) -> Self {
        Self::Group(Box::new(self))
    }
}

/// What is left to write: how far it is indented, whether it is on one line.
type Todo<'d> = (usize, bool, &'d Doc);

/// Writes it.
pub(super) fn write(doc: &Doc) -> String {
    let mut out = String::new();
    let mut column = 0;
    let mut todo: Vec<Todo<'_>> = vec![(0, false, doc)];
    while let Some((indent, flat, doc)) = todo.pop() {
        match doc {
            Doc::Text(text) => {
                out.push_str(text);
                column += text.chars().count();
            }
            Doc::Line if flat => {
                out.push(' ');
                column += 1;
            }
            Doc::Soft if flat => {}
            Doc::Line | Doc::Soft => {
                out.push('\n');
                out.push_str(&" ".repeat(indent));
                column = indent;
            }
            Doc::All(docs) => todo.extend(docs.iter().rev().map(|doc| (indent, flat, doc))),
            Doc::Nest(inner) => todo.push((indent + TAB, flat, inner)),
            Doc::Group(inner) => {
                let flat = flat || fits(inner, &todo, WIDTH.saturating_sub(column));
                todo.push((indent, flat, inner));
            }
        }
    }
    out
}

/// Tells whether something fits on the line together with what follows it there.
fn fits(doc: &Doc, rest: &[Todo<'_>], room: usize) -> bool {
    let mut room = room;
    let mut behind = rest.len();
    let mut todo: Vec<(bool, &Doc)> = vec![(true, doc)];
    loop {
        let (flat, doc) = match todo.pop() {
            Some(next) => next,
            None => {
                let Some(next) = behind.checked_sub(1) else { return true };
                behind = next;
                match rest.get(next) {
                    Some((_, flat, doc)) => (*flat, *doc),
                    None => return true,
                }
            }
        };
        match doc {
            Doc::Text(text) => match room.checked_sub(text.chars().count()) {
                Some(left) => room = left,
                None => return false,
            },
            Doc::Line if flat => match room.checked_sub(1) {
                Some(left) => room = left,
                None => return false,
            },
            Doc::Soft if flat => {}
            Doc::Line | Doc::Soft => return true,
            Doc::All(docs) => todo.extend(docs.iter().rev().map(|doc| (flat, doc))),
            Doc::Nest(inner) | Doc::Group(inner) => todo.push((flat, inner)),
        }
    }
}
