//! compile: reads a project folder into objects with full names, a graph and fingerprints.
//!
//! Touches no server. Mistakes in the project are all told at once: `compile.failed` carries every
//! diagnostic with its place. Start reading at [`run`]; the work is the compiler's.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use serde::Serialize;

use super::code::Code;
use super::ctx::Ctx;
use super::error::Error;
use super::error::Finding;
use super::error::Place;
use crate::compiler;
use crate::compiler::diagnostic;
use crate::compiler::diagnostic::Code::NotMzDeploy;
use crate::compiler::diagnostic::Diagnostic;
use crate::compiler::diagnostic::Label;
use crate::compiler::diagnostic::Phase;
use crate::compiler::diagnostic::Severity;
use crate::compiler::load;
use crate::compiler::project::Project;
use crate::compiler::source::File;
use crate::event::Event;
use crate::event::Sink;
use crate::name::ObjectKind;
use crate::name::ObjectName;
use crate::sql::secret;

/// Names the project and the circumstances.
#[derive(Clone, Debug)]
pub struct Request {
    /// The project's folder.
    pub path: PathBuf,
    /// The active profile: it chooses variants, variables and the suffix.
    pub profile: Option<String>,
    /// Variables besides the profile's, over which they win.
    pub variables: BTreeMap<String, String>,
}

/// A compiled project with the texts it was made from.
#[derive(Debug)]
pub struct Compiled {
    /// The project.
    pub project: Arc<Project>,
    files: Texts,
    only_apply: Vec<Finding>,
    only_test: Vec<(Diagnostic, Finding)>,
}

impl Compiled {
    /// The text of a file, relative to the project; empty where there is none.
    pub fn text(&self, file: &str) -> &str {
        self.files.get(file).map_or("", |text| text)
    }

    /// Mistakes that stop `apply` alone: in `clusters/`, `roles/`, `network-policies/`.
    pub fn only_apply(&self) -> &[Finding] {
        &self.only_apply
    }

    /// Mistakes that stop unit tests alone.
    pub fn only_test(&self) -> &[(Diagnostic, Finding)] {
        &self.only_test
    }

    /// The first byte of a line (from 1) of a file.
    pub fn line_start(&self, file: &str, line: usize) -> usize {
        let text = self.text(file);
        let lines = text.split_inclusive('\n').take(line.saturating_sub(1));
        lines.map(str::len).sum()
    }
}

/// One object.
#[derive(Clone, Debug, Serialize)]
pub struct CompiledObject {
    /// Its full name.
    pub name: String,
    /// The database it is in.
    pub database: String,
    /// The schema it is in.
    pub schema: String,
    /// Its own name.
    pub object: String,
    /// What it is.
    pub kind: ObjectKind,
    /// The cluster it runs on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// The objects of the project that it reads.
    pub depends_on: Vec<String>,
    /// The objects outside of the project that it reads; none of the system's.
    pub external: Vec<String>,
    /// What it means.
    pub fingerprint: String,
    /// Its file, relative to the project.
    pub file: String,
    /// The line in which its statement begins, from 1.
    pub line: usize,
}

/// One diagnostic.
#[derive(Clone, Debug, Serialize)]
pub struct CompiledDiagnostic {
    /// `error` or `warning`.
    pub severity: &'static str,
    /// Its stable code.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// The file, relative to the project.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The bytes of the file that are meant: the first, and the one behind the last.
    pub span: [usize; 2],
    /// The line it is in; absent where that is very long or empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub excerpt: Option<String>,
    /// What could be meant, or what would be accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// Places with something to say about them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<CompiledLabel>,
    /// The server's SQLSTATE, where the server found it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sqlstate: Option<String>,
    /// The server's detail line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The server's hint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// A place of a diagnostic with what is said there.
#[derive(Clone, Debug, Serialize)]
pub struct CompiledLabel {
    /// The file, relative to the project.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The bytes of the file that are meant: the first, and the one behind the last.
    pub span: [usize; 2],
    /// What is said there.
    pub message: String,
}

/// How long a line may be, in bytes, to be shown whole.
const MAX_EXCERPT: usize = 400;

impl CompiledDiagnostic {
    /// What programs are told of a diagnostic.
    pub fn of((diagnostic, finding): &(Diagnostic, Finding)) -> Self {
        Self {
            severity: severity(diagnostic).as_str(),
            code: diagnostic.code.as_str(),
            message: diagnostic.message.clone(),
            file: diagnostic.file.clone(),
            line: diagnostic.line,
            column: diagnostic.column,
            span: [diagnostic.span.start, diagnostic.span.end],
            excerpt: finding.places.first().and_then(|place| excerpt(&place.text, diagnostic.span.start)),
            help: diagnostic.help.clone(),
            labels: diagnostic.labels.iter().map(CompiledLabel::of).collect(),
            sqlstate: finding.sqlstate.clone(),
            detail: finding.detail.clone(),
            hint: finding.hint.clone(),
        }
    }
}

impl CompiledLabel {
    fn of(label: &Label) -> Self {
        Self {
            file: label.file.clone(),
            line: label.line,
            column: label.column,
            span: [label.span.start, label.span.end],
            message: label.message.clone(),
        }
    }
}

/// The line of a text in which a byte is, unless it is very long or empty.
fn excerpt(text: &str, byte: usize) -> Option<String> {
    let before = text.get(..byte)?;
    let start = before.rfind('\n').map_or(0, |end| end + 1);
    let line = text.get(start..)?.lines().next()?;
    (!line.trim().is_empty() && line.len() <= MAX_EXCERPT).then(|| line.to_owned())
}

/// Tells what the project holds.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// The project itself, for the primitives that go on with it.
    #[serde(skip)]
    pub compiled: Rc<Compiled>,
    /// Its objects, each behind everything it reads.
    pub objects: Vec<CompiledObject>,
    /// What a person should know; errors are raised instead.
    pub diagnostics: Vec<CompiledDiagnostic>,
    /// Clusters it defines.
    pub clusters: usize,
    /// Sources it defines.
    pub sources: usize,
    /// What all of it means: equal for projects that would be deployed alike.
    pub fingerprint: String,
}

/// Everything that was found, mistakes included: for whoever shows them without failing.
#[derive(Debug)]
pub struct Report {
    /// The project, in part where it is broken.
    pub compiled: Rc<Compiled>,
    /// Every diagnostic with its places, sorted by file and place.
    pub findings: Vec<(Diagnostic, Finding)>,
}

/// The texts of a project, by file.
pub type Texts = Arc<BTreeMap<String, Arc<str>>>;

/// Whoever keeps a project compiled, and so need not read its folder again.
pub type Warm = Rc<dyn Fn() -> Report>;

/// Reads and compiles a folder.
pub fn report(request: &Request) -> Report {
    let (files, diagnostics) = load::load(&request.path);
    let options =
        compiler::Options { profile: request.profile.clone(), variables: request.variables.clone() };
    compiled(files, diagnostics, &options)
}

/// Compiles files that were read, with what was found while reading them.
pub(super) fn compiled(
    files: Vec<File>,
    mut diagnostics: Vec<Diagnostic>,
    options: &compiler::Options,
) -> Report {
    let is_project = !files.is_empty();
    let texts: BTreeMap<String, Arc<str>> =
        files.iter().map(|file| (file.path.clone(), Arc::clone(&file.text))).collect();
    let (project, found) = compiler::compile(files, options);
    // A folder that is no project says so itself; that its `project.toml` is missing is no news.
    if is_project {
        diagnostics.extend(found);
    }
    diagnostic::sort(&mut diagnostics);
    reported(Arc::new(project), Arc::new(texts), diagnostics)
}

/// What is said of a project that somebody else has compiled from these texts; the diagnostics are
/// sorted by file and place.
pub fn reported(project: Arc<Project>, texts: Texts, diagnostics: Vec<Diagnostic>) -> Report {
    let mut compiled = Compiled { project, files: texts, only_apply: Vec::new(), only_test: Vec::new() };
    let mut texts = BTreeMap::new();
    let quotes_nothing = |mut diagnostic: Diagnostic| {
        let text = compiled.text(&diagnostic.file);
        diagnostic.message = secret::hide_in_message(diagnostic.message, text);
        for label in &mut diagnostic.labels {
            label.message = secret::hide_in_message(std::mem::take(&mut label.message), text);
        }
        diagnostic
    };
    let findings = diagnostics.into_iter().map(quotes_nothing);
    let findings: Vec<_> = findings.map(|d| (d.clone(), found(d, &compiled, &mut texts))).collect();
    let only_apply =
        findings.iter().filter(|(d, _)| d.severity == Severity::Error && d.phase == Phase::Apply);
    compiled.only_apply =
        only_apply.map(|(_, finding)| Finding { is_error: true, ..finding.clone() }).collect();
    compiled.only_test = findings.iter().filter(|(d, _)| d.phase == Phase::Test).cloned().collect();
    Report { compiled: Rc::new(compiled), findings }
}

/// Compiles, and fails when anything is wrong with the project.
///
/// # Errors
/// `compile.failed` with every diagnostic.
pub fn run(ctx: &mut Ctx, request: &Request) -> Result<Outcome, Error> {
    told(ctx, || report(request)).map(outcome)
}

/// Tells of a project that somebody has compiled, and fails when anything is wrong with it.
///
/// # Errors
/// As [`run`].
pub fn told(ctx: &Ctx, report: impl FnOnce() -> Report) -> Result<Report, Error> {
    let started = ctx.clock.elapsed();
    let report = report();
    if report.findings.iter().any(|(diagnostic, _)| diagnostic.fails_compile()) {
        return Err(failure(report));
    }
    warn(&*ctx.events, &report);
    let project = &report.compiled.project;
    let sources = sources(project);
    ctx.events.event(Event::Compiled {
        objects: project.objects.len() - sources,
        clusters: project.clusters.len(),
        sources,
        took: ctx.clock.elapsed().saturating_sub(started),
    });
    Ok(report)
}

fn sources(project: &Project) -> usize {
    project.objects.iter().filter(|object| object.kind == ObjectKind::Source).count()
}

/// The error that carries every diagnostic of a broken project.
pub fn failure(report: Report) -> Error {
    let objects = report.compiled.project.objects.len();
    failed(objects, report.findings).effect("nothing was sent to the server")
}

/// The error that carries every diagnostic of a project of so many objects.
pub fn failed(objects: usize, findings: Vec<(Diagnostic, Finding)>) -> Error {
    let errors = findings.iter().filter(|(d, _)| d.fails_compile()).count();
    let plural = |number: usize| if number == 1 { "" } else { "s" };
    let message =
        format!("{errors} error{} in a project of {objects} object{}", plural(errors), plural(objects));
    let findings = findings.into_iter().map(|(_, finding)| finding).collect();
    Error::new(Code::CompileFailed, message).findings(findings)
}

/// Sorts by file and place, as the compiler does.
pub fn sort(findings: &mut [(Diagnostic, Finding)]) {
    findings.sort_by(|(a, _), (b, _)| {
        let key = |one: &Diagnostic| (one.file.clone(), one.span, one.code, one.message.clone());
        key(a).cmp(&key(b))
    });
}

/// Tells what a person who deploys should know. That mz-deploy would not take something is for
/// whoever checks the project, not for every run.
fn warn(events: &dyn Sink, report: &Report) {
    let told = report.findings.iter().filter(|(diagnostic, _)| diagnostic.code != NotMzDeploy);
    for (diagnostic, _) in told {
        let place = format!("{}:{}:{}", diagnostic.file, diagnostic.line, diagnostic.column);
        let message = format!("{} ({place})", diagnostic.message);
        events.event(Event::Warning { code: diagnostic.code.as_str().to_owned(), message });
    }
}

/// What a report says, for programs.
pub fn outcome(report: Report) -> Outcome {
    let project = &report.compiled.project;
    let objects = project.objects.iter().map(|object| CompiledObject {
        name: object.name.to_string(),
        database: object.name.database.to_string(),
        schema: object.name.schema.to_string(),
        object: object.name.object.to_string(),
        kind: object.kind,
        cluster: object.cluster.as_ref().map(ToString::to_string),
        depends_on: object.depends_on.iter().map(ObjectName::to_string).collect(),
        external: object.external.iter().map(ObjectName::to_string).collect(),
        fingerprint: object.fingerprint.to_string(),
        file: object.file.clone(),
        line: object.line,
    });
    let diagnostics = report.findings.iter().map(CompiledDiagnostic::of);
    Outcome {
        objects: objects.collect(),
        diagnostics: diagnostics.collect(),
        clusters: project.clusters.len(),
        sources: sources(project),
        fingerprint: project.fingerprint().to_string(),
        compiled: report.compiled,
    }
}

/// How bad something is for whoever compiles: what stops `apply` alone is no error yet.
pub fn severity(diagnostic: &Diagnostic) -> Severity {
    if diagnostic.fails_compile() { Severity::Error } else { Severity::Warning }
}

/// A diagnostic with the texts that it is about.
pub fn finding(diagnostic: Diagnostic, compiled: &Compiled) -> Finding {
    found(diagnostic, compiled, &mut BTreeMap::new())
}

/// The same; `texts` are those without the values of secrets, as far as they were asked for.
fn found(diagnostic: Diagnostic, compiled: &Compiled, texts: &mut BTreeMap<String, Arc<str>>) -> Finding {
    let mut text = |file: &str| match texts.get(file) {
        Some(text) => Arc::clone(text),
        None => {
            let text = compiled.files.get(file).cloned().unwrap_or_default();
            let text = match secret::blank(&text) {
                Cow::Borrowed(_) => Arc::clone(&text),
                Cow::Owned(blanked) => blanked.into(),
            };
            texts.insert(file.to_owned(), Arc::clone(&text));
            text
        }
    };
    let own = diagnostic.labels.iter().find(|l| l.file == diagnostic.file && l.span == diagnostic.span);
    let mut places = vec![Place {
        text: text(&diagnostic.file),
        line: diagnostic.line,
        column: diagnostic.column,
        span: diagnostic.span.start..diagnostic.span.end,
        label: own.map(|label| label.message.clone()).unwrap_or_default(),
        file: diagnostic.file.clone(),
    }];
    let others = diagnostic.labels.iter().filter(|l| l.file != diagnostic.file || l.span != diagnostic.span);
    places.extend(others.map(|label| Place {
        text: text(&label.file),
        line: label.line,
        column: label.column,
        span: label.span.start..label.span.end,
        label: label.message.clone(),
        file: label.file.clone(),
    }));
    Finding {
        is_error: severity(&diagnostic) == Severity::Error,
        code: diagnostic.code.as_str().to_owned(),
        message: diagnostic.message,
        places,
        help: diagnostic.help,
        sqlstate: None,
        detail: None,
        hint: None,
    }
}
