//! Errors and diagnostics as people and programs see them: one form for all.
//!
//! What failed, where, the server's own words, what was and was not changed, and what to type next.

use annotate_snippets::AnnotationKind;
use annotate_snippets::Level;
use annotate_snippets::Origin;
use annotate_snippets::Renderer;
use annotate_snippets::Snippet;
use annotate_snippets::renderer::DecorStyle;
use serde_json::Map;
use serde_json::Value;

use super::evidence;
use super::typed;
use crate::primitives::error::Error;
use crate::primitives::error::Finding;
use crate::primitives::error::Place;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Severity {
    /// Nothing works before it is mended.
    Error,
    /// It works, and somebody should look.
    Warning,
}

/// Something to show.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    /// How bad it is.
    pub(crate) severity: Severity,
    /// Its stable code.
    pub(crate) code: String,
    /// What happened.
    pub(crate) message: String,
    /// Where: its own place first, then those that explain it.
    pub(crate) places: Vec<Place>,
    /// Facts, a line each.
    pub(crate) lines: Vec<String>,
    /// The right name, or another remedy that is certain.
    pub(crate) help: Option<String>,
    /// The object it is about.
    pub(crate) object: Option<String>,
    /// The server's SQLSTATE.
    pub(crate) sqlstate: Option<String>,
    /// The server's detail line.
    pub(crate) detail: Option<String>,
    /// The server's hint.
    pub(crate) hint: Option<String>,
    /// What it rests on, as data.
    pub(crate) evidence: Option<Value>,
    /// What was and was not changed.
    pub(crate) effect: Option<String>,
    /// What to type next, each with what it does.
    pub(crate) advice: Vec<String>,
    /// Further reports of the same failure.
    pub(crate) also: Vec<Report>,
    /// Whether this one only sums up the further ones, and comes after them.
    pub(crate) sums_up: bool,
}

impl Report {
    /// A report with nothing but a code and a message.
    pub(crate) fn new(severity: Severity, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            severity,
            code: code.into(),
            message: message.into(),
            places: Vec::new(),
            lines: Vec::new(),
            help: None,
            object: None,
            sqlstate: None,
            detail: None,
            hint: None,
            evidence: None,
            effect: None,
            advice: Vec::new(),
            also: Vec::new(),
            sums_up: false,
        }
    }

    /// The report of a primitive's error, with advice.
    pub(crate) fn of(error: &Error, advice: Vec<String>) -> Self {
        Self {
            severity: Severity::Error,
            code: error.code().to_string(),
            message: error.message().to_owned(),
            places: error.where_().cloned().into_iter().collect(),
            lines: error.lines().to_vec(),
            help: None,
            object: error.about().map(str::to_owned),
            sqlstate: error.sqlstate().map(str::to_owned),
            detail: error.detail().map(str::to_owned),
            hint: error.hint().map(str::to_owned),
            evidence: error.rests_on().cloned(),
            effect: error.changed().map(str::to_owned),
            advice,
            also: error
                .diagnostics()
                .iter()
                .map(Self::of_finding)
                .chain(error.others().iter().map(|other| Self::of(other, Vec::new())))
                .collect(),
            sums_up: !error.diagnostics().is_empty(),
        }
    }

    /// The report as text, without a final newline.
    pub(crate) fn text(&self, colour: bool, width: usize) -> String {
        let others = self.also.iter().take(MOST_SHOWN).map(|other| other.text(colour, width));
        let mut out = if self.sums_up {
            let more = self.also.len().saturating_sub(MOST_SHOWN);
            let more = (more > 0).then(|| format!("and {more} more; `--json` tells all of them"));
            others.chain(more).chain([self.own(colour, width)]).collect::<Vec<_>>().join("\n\n")
        } else {
            std::iter::once(self.own(colour, width)).chain(others).collect::<Vec<_>>().join("\n\n")
        };
        if let Some(effect) = &self.effect {
            out += &format!("\n\n  {effect}");
        }
        for line in &self.advice {
            out += &format!("\n  {}", typed::here(line));
        }
        out
    }

    /// The excerpt and the facts below it.
    fn own(&self, colour: bool, width: usize) -> String {
        let mut out = self.excerpt(colour, width);
        let server = [("detail", &self.detail), ("hint", &self.hint)];
        let server = server.iter().filter_map(|(what, text)| {
            let text = text.as_ref()?;
            Some(format!("{what} from the server: {text}"))
        });
        for line in self.lines.iter().map(|line| typed::here(line)).chain(server) {
            out += &format!("\n  {line}");
        }
        let evidence = self.evidence.as_ref().map(evidence::lines).unwrap_or_default();
        if !evidence.is_empty() {
            out += "\n";
        }
        for line in evidence {
            out += &format!("\n  {line}");
        }
        out
    }

    fn excerpt(&self, colour: bool, width: usize) -> String {
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        let renderer = renderer.term_width(width).decor_style(DecorStyle::Unicode);
        let message = match &self.sqlstate {
            Some(sqlstate) => format!("{} ({sqlstate})", self.message),
            None => self.message.clone(),
        };
        let mut group = level
            .primary_title(message)
            .id(self.code.as_str())
            .elements(std::iter::empty::<annotate_snippets::Element<'_>>());
        for (at, place) in self.places.iter().enumerate() {
            let origin = Origin::path(place.file.as_str());
            group = match snippet(place, at == 0) {
                Some(snippet) => group.element(snippet),
                None if place.text.is_empty() => group.element(origin),
                None => group.element(origin.line(place.line).char_column(place.column)),
            };
        }
        if let Some(help) = self.help.as_deref().map(typed::here) {
            group = group.element(Level::HELP.message(help));
        }
        renderer.render(&[group])
    }

    /// The report of a diagnostic.
    pub(crate) fn of_finding(finding: &Finding) -> Self {
        let severity = if finding.is_error { Severity::Error } else { Severity::Warning };
        Self {
            places: finding.places.clone(),
            help: finding.help.clone(),
            sqlstate: finding.sqlstate.clone(),
            detail: finding.detail.clone(),
            hint: finding.hint.clone(),
            ..Self::new(severity, finding.code.clone(), finding.message.clone())
        }
    }

    /// The report as JSON: the fields that are known.
    pub(crate) fn json(&self) -> Value {
        let here = |lines: &[String]| lines.iter().map(|line| typed::here(line)).collect::<Vec<_>>();
        let mut fields = Map::new();
        let mut put = |key: &str, value: Option<Value>| {
            if let Some(value) = value {
                fields.insert(key.to_owned(), value);
            }
        };
        put("code", Some(self.code.clone().into()));
        put("message", Some(self.message.clone().into()));
        put("lines", (!self.lines.is_empty()).then(|| here(&self.lines).into()));
        put("detail", self.detail.clone().map(Value::from));
        put("hint", self.hint.clone().or_else(|| self.help.as_deref().map(typed::here)).map(Value::from));
        put("evidence", self.evidence.clone());
        put("sqlstate", self.sqlstate.clone().map(Value::from));
        put("file", self.places.first().map(|place| place.file.clone().into()));
        put("line", self.places.first().map(|place| place.line.into()));
        put("column", self.places.first().map(|place| place.column.into()));
        put("object", self.object.clone().map(Value::from));
        put("effect", self.effect.clone().map(Value::from));
        put("next", (!self.advice.is_empty()).then(|| here(&self.advice).into()));
        put("also", (!self.also.is_empty()).then(|| self.also.iter().map(Self::json).collect()));
        Value::Object(fields)
    }
}

/// How many errors people are shown of one failure: nobody reads more before mending the first.
const MOST_SHOWN: usize = 50;

/// How many bytes of a file an excerpt has at most: a longer line tells nobody anything.
const MOST_EXCERPT: usize = 8192;

/// The excerpt of one place; `None` where there is none that could be read.
fn snippet(place: &Place, is_own: bool) -> Option<Snippet<'_, annotate_snippets::Annotation<'_>>> {
    let text = &*place.text;
    let end = place.span.end.min(text.len());
    let start = place.span.start.min(end);
    // Whole lines only, so that the columns are right.
    let from = text.get(..start)?.rfind('\n').map_or(0, |at| at + 1);
    let to = text.get(end..)?.find('\n').map_or(text.len(), |at| end + at);
    let excerpt = text.get(from..to).filter(|excerpt| !text.is_empty() && excerpt.len() <= MOST_EXCERPT)?;
    let kind = if is_own { AnnotationKind::Primary } else { AnnotationKind::Context };
    let annotation = kind.span(start - from..end - from).label(place.label.as_str());
    Some(Snippet::source(excerpt).line_start(place.line).path(place.file.as_str()).annotation(annotation))
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    fn report() -> Report {
        let text = "SELECT item\nFROM core.winnig_bids\n".into();
        Report {
            places: vec![Place {
                file: "models/a.sql".to_owned(),
                line: 2,
                column: 6,
                span: 17..33,
                text,
                label: "no project object".to_owned(),
            }],
            help: Some("did you mean `core.winning_bids`?".to_owned()),
            lines: vec!["a fact".to_owned()],
            effect: Some("nothing was changed".to_owned()),
            advice: vec!["mzflow abort x".to_owned()],
            ..Report::new(Severity::Error, "sql.unknown-relation", "`core.winnig_bids` does not exist")
        }
    }

    #[test]
    fn the_form_of_an_error() {
        expect![[r#"
            error[sql.unknown-relation]: `core.winnig_bids` does not exist
              ╭▸ models/a.sql:2:6
              │
            2 │ FROM core.winnig_bids
              │      ━━━━━━━━━━━━━━━━ no project object
              │
              ╰ help: did you mean `core.winning_bids`?
              a fact

              nothing was changed
              mzflow abort x"#]]
        .assert_eq(&report().text(false, 80));
    }

    #[test]
    fn a_span_beyond_the_text_does_no_harm() {
        let mut report = report();
        report.places[0].span = 900..1000;
        assert!(report.text(false, 80).contains("models/a.sql"));
    }

    #[test]
    fn the_fields_for_programs() {
        expect![[r#"{"code":"sql.unknown-relation","message":"`core.winnig_bids` does not exist","lines":["a fact"],"hint":"did you mean `core.winning_bids`?","file":"models/a.sql","line":2,"column":6,"effect":"nothing was changed","next":["mzflow abort x"]}"#]]
        .assert_eq(&report().json().to_string());
    }
}
