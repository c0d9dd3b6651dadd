//! The statements that only project folders hold: constraints and unit tests.

use super::RawIdent;
use super::RawName;
use crate::sql::data_type::DataType;
use crate::sql::error::SyntaxError;
use crate::sql::query::Expr;
use crate::sql::query::Query;
use crate::sql::span::Span;

/// The three constraints a project may declare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConstraintKind {
    /// `PRIMARY KEY`
    PrimaryKey,
    /// `UNIQUE CONSTRAINT`
    Unique,
    /// `FOREIGN KEY`
    ForeignKey,
}

/// `CREATE PRIMARY KEY | UNIQUE CONSTRAINT | FOREIGN KEY`
#[derive(Clone, Debug)]
pub struct CreateConstraint {
    /// Which one.
    pub kind: ConstraintKind,
    /// Whether `NOT ENFORCED` is absent.
    pub enforced: bool,
    /// Its name, if one is written.
    pub name: Option<RawIdent>,
    /// `IN CLUSTER c`
    pub cluster: Option<RawIdent>,
    /// The relation.
    pub on: RawName,
    /// Its columns.
    pub columns: Vec<RawIdent>,
    /// `REFERENCES other (cols)`
    pub references: Option<(RawName, Vec<RawIdent>)>,
}

/// `EXECUTE UNIT TEST name FOR target …`
///
/// What is wrong with it is told in it instead of being an error: a test that cannot be read
/// must not keep the file it stands in from being read.
#[derive(Clone, Debug)]
pub struct UnitTest {
    /// The test; `None` where its name cannot be read.
    pub name: Option<RawIdent>,
    /// What it says it tests; it belongs to the file it stands in, whatever it says.
    pub target: Option<RawName>,
    /// `AT TIME expr`
    pub at_time: Option<Expr>,
    /// Stand-ins for what is read, in the order of the text.
    pub mocks: Vec<Mock>,
    /// The rows that are expected.
    pub expected: Option<Rows>,
    /// What could not be read, in the order of the text.
    pub mistakes: Vec<SyntaxError>,
}

/// `MOCK rel (col type, …) AS query`
#[derive(Clone, Debug)]
pub struct Mock {
    /// What it stands for.
    pub name: RawName,
    /// Its rows.
    pub rows: Rows,
}

/// `(col type, …) AS query`
#[derive(Clone, Debug)]
pub struct Rows {
    /// The columns; never empty.
    pub columns: Vec<TypedColumn>,
    /// The query that makes the rows. It has no tree any more.
    pub query: Query,
}

/// `col type`
#[derive(Clone, Debug)]
pub struct TypedColumn {
    /// The column.
    pub name: RawIdent,
    /// Its type.
    pub data_type: DataType,
    /// Where the type stands.
    pub type_span: Span,
}
