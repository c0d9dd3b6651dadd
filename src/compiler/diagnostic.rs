//! What the compiler has to say: codes, places, advice-free sentences.
//!
//! Facts only: how a diagnostic looks on a terminal is the command line's work. Start reading at
//! [`Diagnostic`].

use crate::sql::span::Span;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The project cannot be deployed.
    Error,
    /// It can, but somebody should know.
    Warning,
}

impl Severity {
    /// `error` or `warning`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// What a diagnostic stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Everything.
    Compile,
    /// Only `apply`, which alone reads `clusters/`, `roles/` and `network-policies/`.
    Apply,
    /// Only `test`: a unit test that is wrong must not stop a deployment.
    Test,
}

macro_rules! codes {
    ($($variant:ident = $text:literal, $meaning:literal;)+) => {
        /// What a diagnostic is about: `room.what-is-wrong`, stable.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = $meaning] $variant,)+
        }

        impl Code {
            /// Every code, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its text: `sql.unknown-relation`.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }

            /// What it means, in one sentence.
            pub fn meaning(self) -> &'static str {
                match self {
                    $(Self::$variant => $meaning,)+
                }
            }
        }
    };
}

codes! {
    Syntax = "sql.syntax", "A file is no SQL that Materialize would read.";
    UnknownRelation = "sql.unknown-relation",
        "A statement names something that neither the project, its dependencies nor the system has.";
    Cycle = "sql.cycle", "Objects read each other in a circle.";
    UncheckedQuery = "sql.unchecked-query", "A query, a key of an index or a default holds syntax that only the server can read.";
    UncheckedRelation = "sql.unchecked-relation",
        "A name may be a table of a source whose tables only the server knows.";
    ViewColumns = "sql.view-columns", "A view lists more names than its query gives columns, or fewer.";
    NotAProject = "project.not-a-project", "The folder has no `project.toml` or no `models`.";
    UnreadableFile = "project.unreadable-file", "A file cannot be read or is no UTF-8.";
    InvalidSettings = "project.invalid-settings", "`project.toml` is no TOML or has a key or value it may not have.";
    InvalidLock = "project.invalid-lock", "`types.lock` is no TOML, or an entry of it has a key, name or type it may not have.";
    InvalidDependency = "project.invalid-dependency",
        "An entry of `dependencies` is no full name, or stands there twice.";
    UnusedDependency = "project.unused-dependency", "An entry of `dependencies` is read by nothing.";
    UndeclaredDependency = "project.undeclared-dependency",
        "An object of another database is read without an entry in `dependencies`.";
    UndefinedVariable = "project.undefined-variable", "A file uses a variable that the profile does not define.";
    InvalidIdentifier = "project.invalid-identifier", "A file or folder name cannot be an identifier.";
    NameMismatch = "project.name-mismatch", "A statement creates something else than its path says.";
    NoMainStatement = "project.no-main-statement", "A file creates nothing.";
    TwoMainStatements = "project.two-main-statements", "A file creates more than one thing.";
    UnsupportedStatement = "project.unsupported-statement", "A statement has no place in this kind of file.";
    DuplicateObject = "project.duplicate-object", "Two things have the same full name.";
    WrongTarget = "project.wrong-target", "An index, grant, comment, constraint or test is about another object.";
    WrongKind = "project.wrong-kind", "A grant or comment names the wrong kind of object.";
    GrantTooWide = "project.grant-too-wide", "A grant in an object's file covers more than that object.";
    MissingCluster = "project.missing-cluster", "Something that runs on a cluster does not say on which.";
    MissingName = "project.missing-name", "A sink has no name.";
    MixedSchema = "project.mixed-schema", "A schema holds both stored and computed objects.";
    UnstableObject = "project.unstable-object", "A schema with a stable API holds something else than materialized views.";
    VariantKind = "project.variant-kind", "Profile variants of one object are of different kinds.";
    VariantNotAllowed = "project.variant-not-allowed", "A view has a profile variant.";
    InvalidApi = "project.invalid-api", "`SET api` has another value than `stable`.";
    DefaultPrivilegesScope = "project.default-privileges-scope",
        "Default privileges in a modifier are not for its own database or schema.";
    InvalidConstraint = "project.invalid-constraint", "A constraint breaks the rules of its object or of its own form.";
    TestUnmocked = "test.unmocked", "A view reads something that its unit test does not mock.";
    TestDuplicateMock = "test.duplicate-mock", "A unit test mocks one thing twice.";
    TestMockMismatch = "test.mock-mismatch", "A mock has other columns than what it stands for.";
    TestColumns = "test.invalid-columns",
        "A unit test lists a column twice, or not as many as its query gives.";
    TestReadsRelation = "test.reads-relation",
        "The rows or the time of a unit test are read from somewhere instead of being written out.";
    NotMzDeploy = "project.not-mz-deploy", "mz-deploy would not accept this.";
    CheckRejected = "check.rejected", "The server does not accept a query, or the key of an index.";
    CheckColumnTwice = "check.column-twice", "A view would have two columns of one name.";
    CheckUnknownColumns = "check.unknown-columns",
        "What a query reads is not in the target, and nothing else tells its columns: the query was not checked.";
    CheckSkipped = "check.skipped", "A query was not checked, because what it reads was rejected or could not be checked.";
    CheckUncheckable = "check.uncheckable",
        "A query was not checked: it has syntax that only the server can read, and reads what is not there yet.";
    CheckDrift = "check.drift", "What a project reads has other columns in the target than in `types.lock`, or is not there.";
}

/// A place with something to say about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The file, relative to the project, with `/` between its parts.
    pub file: String,
    /// The bytes in that file.
    pub span: Span,
    /// The line of its first byte, from 1.
    pub line: usize,
    /// The column of its first byte in characters, from 1.
    pub column: usize,
    /// What to say there; lower case, no dot at the end.
    pub message: String,
}

/// One thing that is wrong or worth knowing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// What it stops.
    pub phase: Phase,
    /// What it is about.
    pub code: Code,
    /// One sentence; lower case, no dot at the end, names in backticks.
    pub message: String,
    /// The file, relative to the project, with `/` between its parts.
    pub file: String,
    /// The bytes in that file; empty when it is about the file as a whole.
    pub span: Span,
    /// The line of its first byte, from 1.
    pub line: usize,
    /// The column of its first byte in characters, from 1.
    pub column: usize,
    /// What could be meant, or what would be accepted.
    pub help: Option<String>,
    /// Places and what to say about them; the first may be this diagnostic's own.
    pub labels: Vec<Label>,
}

impl Diagnostic {
    /// Whether the project is not compiled because of it.
    pub fn fails_compile(&self) -> bool {
        self.severity == Severity::Error && self.phase == Phase::Compile
    }

    /// Adds what could be meant.
    pub(super) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Says something at its own place.
    pub(super) fn with_note(mut self, message: impl Into<String>) -> Self {
        let own = Label {
            file: self.file.clone(),
            span: self.span,
            line: self.line,
            column: self.column,
            message: message.into(),
        };
        self.labels.insert(0, own);
        self
    }

    /// Says something at another place.
    pub(super) fn with_label(mut self, label: Label) -> Self {
        self.labels.push(label);
        self
    }

    /// Makes it stop only `test`, and a warning for everybody else.
    pub(super) fn for_test(mut self) -> Self {
        self.phase = Phase::Test;
        self.severity = Severity::Warning;
        self
    }

    /// Makes it stop only `apply`.
    pub(super) fn for_apply(mut self) -> Self {
        self.phase = Phase::Apply;
        self
    }
}

/// Sorts by file and place, and drops what was said twice.
pub fn sort(diagnostics: &mut Vec<Diagnostic>) {
    diagnostics.sort_by(|a, b| {
        let file = a.file.cmp(&b.file);
        file.then_with(|| (a.span, a.code).cmp(&(b.span, b.code))).then_with(|| a.message.cmp(&b.message))
    });
    diagnostics.dedup();
}
