//! What every part of the printing shares: the text so far, the names, the limits.

use super::Form;
use super::Names;
use super::scope::Scope;
use crate::name::Ident;
use crate::sql::ast::RawName;
use crate::sql::data_type::DataType;
use crate::sql::lower::Notes;
use sqlparser::ast::Ident as TreeIdent;

/// How deep the printing may recurse: more than the parser lets brackets nest, less than what
/// exhausts a small stack.
const MAX_DEPTH: usize = 300;

/// Bytes that most texts have room in: whoever keeps one gives back what is left.
const ROOM: usize = 1024;

/// The text that is written.
pub(super) struct Printer<'a> {
    pub(super) text: String,
    pub(super) form: Form,
    pub(super) names: &'a dyn Names,
    pub(super) body: Body<'a>,
    /// What is in sight of the place that is written, the innermost last.
    pub(super) scopes: Vec<Scope<'a>>,
    /// The scope of the SELECT that was written last, which ORDER BY sees too.
    pub(super) left: Option<Scope<'a>>,
    depth: usize,
    given_up: bool,
    /// Where the next reference probably is in its list.
    next: usize,
}

/// What is known about the query or expression that is being written.
#[derive(Clone, Copy, Default)]
pub(super) struct Body<'a> {
    pub(super) notes: Option<&'a Notes>,
    pub(super) references: &'a [RawName],
}

impl<'a> Printer<'a> {
    pub(super) fn new(form: Form, names: &'a dyn Names) -> Self {
        Self {
            text: String::with_capacity(ROOM),
            form,
            names,
            body: Body::default(),
            scopes: Vec::new(),
            left: None,
            depth: 0,
            given_up: false,
            next: 0,
        }
    }

    /// The reference that begins at a byte.
    pub(super) fn reference(&mut self, start: usize) -> Option<&'a RawName> {
        let references = self.body.references;
        let at = find_from(references, self.next, |name| name.span.start == start)?;
        self.next = at + 1;
        references.get(at)
    }

    /// Looks at references before their turn.
    pub(super) fn ahead<T>(&mut self, look: impl FnOnce(&mut Self) -> T) -> T {
        let next = self.next;
        let found = look(self);
        self.next = next;
        found
    }

    /// The whole text; `None` if something in it has no canonical form.
    pub(super) fn finish(self) -> Option<String> {
        (!self.given_up).then_some(self.text)
    }

    /// Writes something, or nothing if it has no canonical form; tells which.
    pub(super) fn attempt(&mut self, write: impl FnOnce(&mut Self)) -> bool {
        let (end, given_up) = (self.text.len(), std::mem::take(&mut self.given_up));
        write(self);
        let is_written = !std::mem::replace(&mut self.given_up, given_up);
        if !is_written {
            self.text.truncate(end);
        }
        is_written
    }

    /// Notes that something has no canonical form.
    pub(super) fn give_up(&mut self) {
        self.given_up = true;
    }

    /// Whether the text is for the catalog.
    pub(super) fn is_stored(&self) -> bool {
        self.form == Form::Stored
    }

    pub(super) fn write(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Writes one level deeper, unless that is too deep.
    pub(super) fn deeper(&mut self, write: impl FnOnce(&mut Self)) {
        if self.depth >= MAX_DEPTH || self.given_up {
            self.give_up();
            return;
        }
        self.depth += 1;
        write(self);
        self.depth -= 1;
    }

    /// Writes items with something between.
    pub(super) fn separated<T>(&mut self, items: &[T], between: &str, mut write: impl FnMut(&mut Self, &T)) {
        for (number, item) in items.iter().enumerate() {
            if number > 0 {
                self.write(between);
            }
            write(self, item);
        }
    }

    /// Writes items with commas between.
    pub(super) fn commas<T>(&mut self, items: &[T], write: impl FnMut(&mut Self, &T)) {
        self.separated(items, ", ", write);
    }

    /// Writes items with commas between, in parentheses.
    pub(super) fn parenthesised<T>(&mut self, items: &[T], write: impl FnMut(&mut Self, &T)) {
        self.write("(");
        self.commas(items, write);
        self.write(")");
    }

    /// Writes an identifier, in quotes.
    pub(super) fn ident(&mut self, tree: &TreeIdent) {
        let written = match tree.quote_style {
            Some(_) => Ident::write_sql_of(&tree.value, &mut self.text),
            None => Ident::write_sql_of_folded(&tree.value, &mut self.text),
        };
        if written.is_err() {
            self.give_up();
        }
    }

    /// Writes an identifier, in quotes.
    pub(super) fn name(&mut self, ident: &Ident) {
        ident.write_sql(&mut self.text);
    }

    /// Writes a type.
    pub(super) fn data_type(&mut self, data_type: &DataType) {
        if let Some(builtin) = data_type.builtin() {
            let suffix = if matches!(data_type, DataType::Array(_)) { "[]" } else { "" };
            let own = data_type.perhaps_users();
            let own = own.and_then(|name| self.names.own_type(name, suffix, &builtin));
            self.write(&own.unwrap_or_else(|| self.names.builtin_type(&builtin)));
            self.modifiers(data_type.modifiers());
            return;
        }
        match data_type {
            DataType::Named { name, modifiers } => {
                let name = self.names.user_type(name);
                self.write(&name);
                self.modifiers(modifiers);
            }
            DataType::Array(element) => {
                self.data_type(element);
                // An array of an array is the same type to the server.
                self.write(if matches!(**element, DataType::Array(_)) { "" } else { "[]" });
            }
            DataType::List(element) => {
                self.data_type(element);
                self.write(" list");
            }
            DataType::Map(key, value) => {
                self.write("map[");
                self.data_type(key);
                self.write("=>");
                self.data_type(value);
                self.write("]");
            }
        }
    }

    fn modifiers(&mut self, modifiers: &[String]) {
        if !modifiers.is_empty() {
            self.write("(");
            self.write(&modifiers.join(", "));
            self.write(")");
        }
    }
}

/// Finds something in a list, of which it is mostly the next: printing goes the way that collecting
/// went, so that a query of thousands takes no look at each for each.
fn find_from<T>(list: &[T], next: usize, is_it: impl Fn(&T) -> bool) -> Option<usize> {
    let (before, behind) = list.split_at(next.min(list.len()));
    let found = behind.iter().position(&is_it).map(|at| at + before.len());
    found.or_else(|| before.iter().position(&is_it))
}
