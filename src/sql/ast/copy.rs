//! `COPY`.

use super::RawIdent;
use super::RawName;
use super::Statement;
use super::WithOption;

/// `COPY … TO | FROM … [WITH (…)]`
#[derive(Clone, Debug)]
pub struct Copy {
    /// What is copied.
    pub what: Copied,
    /// Whereto or wherefrom.
    pub way: CopyWay,
    /// `WITH (…)`
    pub options: Vec<WithOption>,
}

/// What is copied.
#[derive(Clone, Debug)]
pub enum Copied {
    /// `(SELECT …)`, `(SUBSCRIBE …)`
    Rows(Box<Statement>),
    /// `t [(columns)]`
    Table(RawName, Vec<RawIdent>),
}

/// Whereto or wherefrom something is copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CopyWay {
    /// `TO STDOUT`
    ToStdout,
    /// `FROM STDIN`
    FromStdin,
    /// `TO expr`, as written
    To(String),
    /// `FROM expr`, as written
    From(String),
}
