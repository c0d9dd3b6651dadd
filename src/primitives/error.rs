//! What a primitive says when it does not do what it was asked.
//!
//! Facts only: what a person should type next is the command line's to say, and a Lua caller has
//! other remedies.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::code::Code;
use super::code::Kind;
use crate::db;
use crate::deployment::DeploymentId;
use crate::deployment::epoch::SwapKind;

/// A place in a file of the project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file, relative to the project.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The file's text, for the excerpt.
    pub text: Arc<str>,
    /// The bytes that are meant.
    pub span: std::ops::Range<usize>,
    /// What is wrong there.
    pub label: String,
}

/// One diagnostic of a project, with its places.
#[derive(Clone, Debug, Default)]
pub struct Finding {
    /// Whether it is an error; otherwise a warning.
    pub is_error: bool,
    /// Its stable code.
    pub code: String,
    /// What is wrong.
    pub message: String,
    /// Where: its own place first, then those that explain it.
    pub places: Vec<Place>,
    /// What could be meant.
    pub help: Option<String>,
    /// The server's SQLSTATE, where the server found it.
    pub sqlstate: Option<String>,
    /// The server's detail line.
    pub detail: Option<String>,
    /// The server's hint.
    pub hint: Option<String>,
}

/// One thing that went wrong.
#[derive(Clone, Debug)]
pub struct Error {
    inner: Box<Inner>,
}

#[derive(Clone, Debug)]
struct Inner {
    code: Code,
    message: String,
    lines: Vec<String>,
    object: Option<String>,
    place: Option<Place>,
    sqlstate: Option<String>,
    detail: Option<String>,
    hint: Option<String>,
    effect: Option<String>,
    deployment: Option<DeploymentId>,
    towards: Option<SwapKind>,
    findings: Vec<Finding>,
    evidence: Option<Value>,
    also: Vec<Error>,
}

impl Error {
    /// Something of that code.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        let inner = Inner {
            code,
            message: message.into(),
            lines: Vec::new(),
            object: None,
            place: None,
            sqlstate: None,
            detail: None,
            hint: None,
            effect: None,
            deployment: None,
            towards: None,
            findings: Vec::new(),
            evidence: None,
            also: Vec::new(),
        };
        Self { inner: Box::new(inner) }
    }

    /// What the server said, under that code.
    pub fn server(code: Code, message: impl Into<String>, error: &db::error::Error) -> Self {
        let mut this = Self::new(code, message);
        this.inner.sqlstate = error.sqlstate().map(str::to_owned);
        this.inner.detail = error.detail().map(str::to_owned);
        this.inner.hint = error.hint().map(str::to_owned);
        this
    }

    /// A broken invariant: reported, never a panic in the middle of a deployment.
    pub fn bug(message: impl Into<String>) -> Self {
        let message = message.into();
        debug_assert!(false, "{message}");
        Self::new(Code::Bug, message)
    }

    /// Adds a line of facts below the message.
    #[must_use]
    pub fn line(mut self, line: impl Into<String>) -> Self {
        self.inner.lines.push(line.into());
        self
    }

    /// Adds lines of facts below the message.
    #[must_use]
    pub fn with_lines(mut self, lines: impl IntoIterator<Item = String>) -> Self {
        self.inner.lines.extend(lines);
        self
    }

    /// Names the object it is about.
    #[must_use]
    pub fn object(mut self, object: impl ToString) -> Self {
        self.inner.object = Some(object.to_string());
        self
    }

    /// Adds the diagnostics that it stands for.
    #[must_use]
    pub fn findings(mut self, findings: Vec<Finding>) -> Self {
        self.inner.findings = findings;
        self
    }

    /// Names the deployment it is about.
    #[must_use]
    pub fn deployment(mut self, deployment: &DeploymentId) -> Self {
        self.inner.deployment = Some(deployment.clone());
        self
    }

    /// Names the deployment it is about, unless it names one already.
    #[must_use]
    pub fn of(mut self, deployment: &DeploymentId) -> Self {
        self.inner.deployment.get_or_insert_with(|| deployment.clone());
        self
    }

    /// Says that it stands in the way of making a deployment production, or of taking that back.
    #[must_use]
    pub fn towards(mut self, kind: SwapKind) -> Self {
        self.inner.towards = Some(kind);
        self
    }

    /// Names the place it is about.
    #[must_use]
    pub fn place(mut self, place: Option<Place>) -> Self {
        self.inner.place = place;
        self
    }

    /// Says what was and was not changed.
    #[must_use]
    pub fn effect(mut self, effect: impl Into<String>) -> Self {
        self.inner.effect = Some(effect.into());
        self
    }

    /// Adds what it rests on, as data.
    #[must_use]
    pub fn evidence(mut self, evidence: Value) -> Self {
        self.inner.evidence = Some(evidence);
        self
    }

    /// Adds further errors of the same step.
    #[must_use]
    pub fn also(mut self, others: Vec<Self>) -> Self {
        self.inner.also.extend(others);
        self
    }

    /// What was to be made of the deployment, where it was to change places with production.
    pub fn is_towards(&self) -> Option<SwapKind> {
        self.inner.towards
    }

    /// The code.
    pub fn code(&self) -> Code {
        self.inner.code
    }

    /// The kind, which decides the exit code.
    pub fn kind(&self) -> Kind {
        self.inner.code.kind()
    }

    /// What happened, in one line.
    pub fn message(&self) -> &str {
        &self.inner.message
    }

    /// Facts below the message, a line each.
    pub fn lines(&self) -> &[String] {
        &self.inner.lines
    }

    /// The object it is about.
    pub fn about(&self) -> Option<&str> {
        self.inner.object.as_deref()
    }

    /// The diagnostics that it stands for.
    pub fn diagnostics(&self) -> &[Finding] {
        &self.inner.findings
    }

    /// The deployment it is about.
    pub fn of_deployment(&self) -> Option<&DeploymentId> {
        self.inner.deployment.as_ref()
    }

    /// The place it is about.
    pub fn where_(&self) -> Option<&Place> {
        self.inner.place.as_ref()
    }

    /// The server's SQLSTATE.
    pub fn sqlstate(&self) -> Option<&str> {
        self.inner.sqlstate.as_deref()
    }

    /// The server's detail line.
    pub fn detail(&self) -> Option<&str> {
        self.inner.detail.as_deref()
    }

    /// The server's hint.
    pub fn hint(&self) -> Option<&str> {
        self.inner.hint.as_deref()
    }

    /// What was and was not changed.
    pub fn changed(&self) -> Option<&str> {
        self.inner.effect.as_deref()
    }

    /// What it rests on, as data.
    pub fn rests_on(&self) -> Option<&Value> {
        self.inner.evidence.as_ref()
    }

    /// Further errors of the same step.
    pub fn others(&self) -> &[Self] {
        &self.inner.also
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.inner.code, self.inner.message)?;
        if let Some(sqlstate) = &self.inner.sqlstate {
            write!(f, " ({sqlstate})")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

impl From<db::error::Error> for Error {
    /// A statement of mzflow's own failed: reading facts, recording, connecting.
    fn from(error: db::error::Error) -> Self {
        let code = if error.is_authentication() {
            Code::DbAuthentication
        } else if error.is_tls() {
            Code::DbTls
        } else if error.is_unsupported() {
            Code::DbUnsupported
        } else if error.is_connect() {
            Code::DbUnreachable
        } else if error.outcome_unknown() {
            Code::DbLost
        } else {
            Code::DbRejected
        };
        Self::server(code, error.message().to_owned(), &error)
    }
}
