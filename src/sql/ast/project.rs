//! The statements that only project folders hold: constraints and unit tests.

use super::RawIdent;
use super::RawName;

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
#[derive(Clone, Debug)]
pub struct UnitTest {
    /// The test.
    pub name: RawIdent,
    /// What it tests.
    pub target: RawName,
    /// The rest, as written.
    pub rest: String,
}
