//! Errors and diagnostics as people and programs see them: one form for all.
//!
//! What failed, where, the server's own words, what was and was not changed, and what to type next.

use annotate_snippets::AnnotationKind;
use annotate_snippets::Level;
use annotate_snippets::Renderer;
use annotate_snippets::Snippet;
use annotate_snippets::renderer::DecorStyle;
use serde_json::Map;
use serde_json::Value;

use crate::primitives::error::Error;
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
    /// Where.
    pub(crate) place: Option<Place>,
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
    /// What was and was not changed.
    pub(crate) effect: Option<String>,
    /// What to type next, each with what it does.
    pub(crate) advice: Vec<String>,
    /// Further reports of the same failure.
    pub(crate) also: Vec<Report>,
}

impl Report {
    /// A report with nothing but a code and a message.
    pub(crate) fn new(severity: Severity, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            severity,
            code: code.into(),
            message: message.into(),
            place: None,
            lines: Vec::new(),
            help: None,
            object: None,
            sqlstate: None,
            detail: None,
            hint: None,
            effect: None,
            advice: Vec::new(),
            also: Vec::new(),
        }
    }

    /// The report of a primitive's error, with advice.
    pub(crate) fn of(error: &Error, advice: Vec<String>) -> Self {
        Self {
            severity: Severity::Error,
            code: error.code().to_string(),
            message: error.message().to_owned(),
            place: error.where_().cloned(),
            lines: error.lines().to_vec(),
            help: None,
            object: error.about().map(str::to_owned),
            sqlstate: error.sqlstate().map(str::to_owned),
            detail: error.detail().map(str::to_owned),
            hint: error.hint().map(str::to_owned),
            effect: error.changed().map(str::to_owned),
            advice,
            also: error.others().iter().map(|other| Self::of(other, Vec::new())).collect(),
        }
    }

    /// The report as text, without a final newline.
    pub(crate) fn text(&self, colour: bool, width: usize) -> String {
        let mut out = self.excerpt(colour, width);
        let server = [("detail", &self.detail), ("hint", &self.hint)];
        let server = server.iter().filter_map(|(what, text)| {
            let text = text.as_ref()?;
            Some(format!("{what} from the server: {text}"))
        });
        for line in self.lines.iter().cloned().chain(server) {
            out += &format!("\n  {line}");
        }
        for other in &self.also {
            out += &format!("\n\n{}", other.text(colour, width));
        }
        if let Some(effect) = &self.effect {
            out += &format!("\n\n  {effect}");
        }
        for line in &self.advice {
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
        if let Some(place) = &self.place {
            let end = place.span.end.min(place.text.len());
            let span = place.span.start.min(end)..end;
            let annotation = AnnotationKind::Primary.span(span).label(place.label.as_str());
            group = group.element(
                Snippet::source(place.text.as_str()).path(place.file.as_str()).annotation(annotation),
            );
        }
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        renderer.render(&[group])
    }

    /// The report as JSON: the fields that are known.
    pub(crate) fn json(&self) -> Value {
        let mut fields = Map::new();
        let mut put = |key: &str, value: Option<Value>| {
            if let Some(value) = value {
                fields.insert(key.to_owned(), value);
            }
        };
        put("code", Some(self.code.clone().into()));
        put("message", Some(self.message.clone().into()));
        put("lines", (!self.lines.is_empty()).then(|| self.lines.clone().into()));
        put("detail", self.detail.clone().map(Value::from));
        put("hint", self.hint.clone().or_else(|| self.help.clone()).map(Value::from));
        put("sqlstate", self.sqlstate.clone().map(Value::from));
        put("file", self.place.as_ref().map(|place| place.file.clone().into()));
        put("line", self.place.as_ref().map(|place| place.line.into()));
        put("column", self.place.as_ref().map(|place| place.column.into()));
        put("object", self.object.clone().map(Value::from));
        put("effect", self.effect.clone().map(Value::from));
        put("next", (!self.advice.is_empty()).then(|| self.advice.clone().into()));
        put("also", (!self.also.is_empty()).then(|| self.also.iter().map(Self::json).collect()));
        Value::Object(fields)
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    fn report() -> Report {
        let text = "SELECT item\nFROM core.winnig_bids\n".to_owned();
        Report {
            place: Some(Place {
                file: "models/a.sql".to_owned(),
                line: 2,
                column: 6,
                span: 17..33,
                text,
                label: "no project object".to_owned(),
            }),
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
        if let Some(place) = &mut report.place {
            place.span = 900..1000;
        }
        assert!(report.text(false, 80).contains("models/a.sql"));
    }

    #[test]
    fn the_fields_for_programs() {
        expect![[r#"{"code":"sql.unknown-relation","message":"`core.winnig_bids` does not exist","lines":["a fact"],"hint":"did you mean `core.winning_bids`?","file":"models/a.sql","line":2,"column":6,"effect":"nothing was changed","next":["mzflow abort x"]}"#]]
        .assert_eq(&report().json().to_string());
    }
}
