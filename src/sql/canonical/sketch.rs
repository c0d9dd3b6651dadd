//! A canonical text whose names are filled in later.
//!
//! What names mean is known when every file has been read; the tree of a query is large, and
//! cheapest to print right after it was parsed. So it is printed with holes and let go.

use std::cell::RefCell;

use super::Form;
use super::Names;
use super::statement;
use crate::name::Ident;
use crate::sql::ast::RawIdent;
use crate::sql::ast::RawName;
use crate::sql::ast::Statement;

/// A name that is to be filled in.
#[derive(Clone, Debug)]
pub enum Hole {
    /// A thing in a schema that is referred to.
    Object(RawName),
    /// The thing that is created.
    Defined(RawName),
    /// A cluster.
    Cluster(RawIdent),
    /// A type by a name of one part, which is a user's or one of the server's.
    Type {
        /// Its name.
        name: RawName,
        /// What stands behind it where it is a user's.
        suffix: String,
        /// What is written where it is the server's.
        otherwise: String,
    },
    /// What may begin with the name of something in a schema: its readings, the longest first.
    Perhaps(Vec<RawName>),
}

/// What a statement means, but for what its names mean.
#[derive(Clone, Debug)]
pub struct Sketch {
    text: Box<str>,
    holes: Box<[Hole]>,
}

impl Sketch {
    /// Writes a statement in the form [`Form::Meaning`], with holes for its names.
    ///
    /// `text` is the whole text that it was parsed from. `columns` are those of the relation that a
    /// default index is on, where they are known.
    pub fn of(text: &str, written: &Statement, columns: Option<&[Ident]>) -> Self {
        let names = Holes { columns, holes: RefCell::default() };
        let text = statement(text, written, Form::Meaning, &names);
        // Thousands are kept.
        Self { text: text.into_boxed_str(), holes: names.holes.into_inner().into_boxed_slice() }
    }

    /// The text with its names, each of which `write` puts behind what is there.
    pub fn fill(&self, write: impl Fn(&Hole, &mut String)) -> String {
        let mut filled = String::with_capacity(self.text.len() + self.holes.len() * 32);
        for (at, piece) in self.text.split(MARK).enumerate() {
            // Every second piece is the number of a hole.
            let number = if at % 2 == 1 { piece.parse::<usize>().ok() } else { None };
            match number.and_then(|hole| self.holes.get(hole)) {
                Some(hole) => write(hole, &mut filled),
                None => filled.push_str(piece),
            }
        }
        filled
    }
}

/// Stands on both sides of the number of a hole; no SQL text has one.
const MARK: char = '\0';

/// Makes a hole of every name.
struct Holes<'a> {
    columns: Option<&'a [Ident]>,
    holes: RefCell<Vec<Hole>>,
}

impl Holes<'_> {
    fn hole(&self, hole: Hole) -> String {
        let mut holes = self.holes.borrow_mut();
        let mark = format!("{MARK}{}{MARK}", holes.len());
        holes.push(hole);
        mark
    }
}

impl Names for Holes<'_> {
    fn object(&self, name: &RawName) -> String {
        self.hole(Hole::Object(name.clone()))
    }

    fn defined(&self, name: &RawName) -> String {
        self.hole(Hole::Defined(name.clone()))
    }

    fn cluster(&self, written: Option<&RawIdent>) -> Option<String> {
        Some(self.hole(Hole::Cluster(written?.clone())))
    }

    fn own_type(&self, name: &RawName, suffix: &str, otherwise: &str) -> Option<String> {
        let (suffix, otherwise) = (suffix.to_owned(), otherwise.to_owned());
        Some(self.hole(Hole::Type { name: name.clone(), suffix, otherwise }))
    }

    fn perhaps(&self, readings: &[RawName]) -> Option<String> {
        Some(self.hole(Hole::Perhaps(readings.to_vec())))
    }

    fn columns(&self, _relation: &RawName) -> Option<Vec<Ident>> {
        self.columns.map(<[Ident]>::to_vec)
    }
}
