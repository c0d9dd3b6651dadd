//! What the sandbox answers when a statement fails: the server's own words and code.

use std::fmt;

/// SQLSTATEs that the server gives; whatever has none of its own is [`INTERNAL`].
///
/// Source: `design/materialize.md` 2.5, recorded from v26.21.
pub(crate) mod code {
    /// The server's word for "no particular code": most mistakes.
    pub(crate) const INTERNAL: &str = "XX000";
    /// Something the sandbox does not model, or the server does not support.
    pub(crate) const UNSUPPORTED: &str = "0A000";
    /// A text that is no statement.
    pub(crate) const SYNTAX: &str = "42601";
    /// A privilege or ownership that is missing.
    pub(crate) const PRIVILEGE: &str = "42501";
}

/// An error as it goes over the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SqlError {
    /// The SQLSTATE.
    pub(crate) code: &'static str,
    /// What happened.
    pub(crate) message: String,
    /// `DETAIL`
    pub(crate) detail: Option<String>,
    /// `HINT`
    pub(crate) hint: Option<String>,
    /// The byte of the statement's text that it is about.
    pub(crate) position: Option<usize>,
}

impl SqlError {
    /// An error with a code of its own.
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), detail: None, hint: None, position: None }
    }

    /// An error without a code of its own.
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(code::INTERNAL, message)
    }

    /// Something that is not modelled: named, never answered wrongly.
    pub(crate) fn unsupported(what: impl fmt::Display) -> Self {
        Self::new(code::UNSUPPORTED, format!("the sandbox does not support {what}"))
    }

    /// Adds a `DETAIL`.
    pub(crate) fn detail(mut self, text: impl Into<String>) -> Self {
        self.detail = Some(text.into());
        self
    }

    /// Adds a `HINT`.
    pub(crate) fn hint(mut self, text: impl Into<String>) -> Self {
        self.hint = Some(text.into());
        self
    }

    /// Points at a byte of the statement's text.
    pub(crate) fn at(mut self, position: usize) -> Self {
        self.position = Some(position);
        self
    }
}

impl fmt::Display for SqlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

/// What the server says beside an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Notice {
    /// `NOTICE` or `WARNING`.
    pub(crate) severity: &'static str,
    /// Its code.
    pub(crate) code: &'static str,
    /// Its text.
    pub(crate) message: String,
}

impl Notice {
    /// A plain notice.
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { severity: "NOTICE", code, message: message.into() }
    }

    /// A warning.
    pub(crate) fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self { severity: "WARNING", code, message: message.into() }
    }
}
