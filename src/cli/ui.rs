//! The only writer to the terminal: data on stdout, talk on stderr.
//!
//! One type decides what reaches which stream. A terminal gets colour and live lines, a pipe or
//! `NO_COLOR` plain ones, `CI` one line for each change of state, `--json` data alone.

use std::io::Write;
use std::time::Duration;

use console::Style;
use console::Term;
use serde_json::Value;

/// Who reads along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reader {
    /// A person at a terminal.
    Terminal,
    /// A pipe or a file.
    Pipe,
    /// A build server's log.
    Ci,
}

/// What of the talk is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Talk {
    /// Errors only.
    Quiet,
    /// What a person wants to know.
    Normal,
    /// Statements as well.
    Verbose,
}

/// The streams and how to write on them.
#[derive(Clone, Debug)]
pub(crate) struct Ui {
    /// Who reads stderr, and how: at a terminal that takes no colour lines are plain, as in a pipe.
    pub(crate) reader: Reader,
    /// What of the talk is wanted.
    pub(crate) talk: Talk,
    /// Whether stdout carries JSON and nothing else.
    pub(crate) json: bool,
    /// Whether stderr takes colour.
    pub(crate) colour: bool,
    no_colour: bool,
    /// Whether a person sits there, whatever lines look like.
    attended: bool,
    silent: bool,
    terminal: Term,
}

/// Where the second column of a line begins.
const LABEL: usize = 10;
/// The width that lines fill in a pipe.
const PIPE_WIDTH: usize = 88;
/// Lines are not stretched beyond this, however wide the terminal is.
const WIDEST: usize = 110;

/// Facts of the process that decide how to write.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Surroundings {
    /// `NO_COLOR` is set and not empty.
    pub(crate) no_colour: bool,
    /// `CI` is set and not empty.
    pub(crate) ci: bool,
}

impl Ui {
    /// Decides how to write.
    pub(crate) fn new(talk: Talk, json: bool, surroundings: Surroundings) -> Self {
        let terminal = Term::stderr();
        let Surroundings { no_colour, ci } = surroundings;
        let colour = terminal.is_term() && !no_colour;
        let reader = match (colour, ci) {
            (_, true) => Reader::Ci,
            (true, false) => Reader::Terminal,
            (false, false) => Reader::Pipe,
        };
        let attended = terminal.is_term() && !ci;
        Self { reader, talk, json, colour, no_colour, attended, silent: false, terminal }
    }

    /// Says nothing to anybody, and asks nobody.
    pub(crate) fn silent() -> Self {
        let surroundings = Surroundings { no_colour: true, ci: true };
        Self { silent: true, ..Self::new(Talk::Quiet, false, surroundings) }
    }

    /// The same for lines of data: stdout may be a file while stderr is a terminal.
    pub(crate) fn of_data(&self) -> Self {
        Self { colour: Term::stdout().is_term() && !self.no_colour, ..self.clone() }
    }

    /// Tells whether a person can be asked.
    pub(crate) fn can_ask(&self) -> bool {
        self.attended && !self.json && Term::stdout().is_term()
    }

    /// The width of a line of talk.
    pub(crate) fn width(&self) -> usize {
        match self.reader {
            Reader::Terminal => usize::from(self.terminal.size().1).clamp(40, WIDEST),
            Reader::Pipe | Reader::Ci => PIPE_WIDTH,
        }
    }

    /// Colours a piece of talk, where colour is wanted.
    pub(crate) fn paint(&self, style: fn(Style) -> Style, text: impl std::fmt::Display) -> String {
        style(Style::new().force_styling(self.colour)).apply_to(text).to_string()
    }

    /// Writes a line of data.
    pub(crate) fn data(&self, line: &str) {
        if !self.silent {
            write_line(&mut std::io::stdout().lock(), line);
        }
    }

    /// Writes a document or an event of data.
    pub(crate) fn json(&self, value: &Value) {
        self.data(&value.to_string());
    }

    /// Writes a line of talk, whatever its wanted amount: errors and questions.
    pub(crate) fn say(&self, line: &str) {
        if !self.silent {
            write_line(&mut std::io::stderr().lock(), line);
        }
    }

    /// Writes a line of talk.
    pub(crate) fn talk(&self, line: &str) {
        if self.talk >= Talk::Normal && !self.json {
            self.say(line);
        }
    }

    /// Writes `label  text                    12 ms`.
    pub(crate) fn step(&self, label: &str, text: &str, took: Option<Duration>) {
        let room = match self.reader {
            Reader::Terminal => self.width().saturating_sub(LABEL),
            Reader::Pipe | Reader::Ci => usize::MAX,
        };
        let mut lines = wrapped(text, room);
        let last = lines.pop().unwrap_or_default();
        let mut label = label;
        for line in lines {
            self.talk(&self.line(label, &line, None));
            label = "";
        }
        self.talk(&self.line(label, &last, took));
    }

    /// The text of [`Ui::step`].
    pub(crate) fn line(&self, label: &str, text: &str, took: Option<Duration>) -> String {
        self.styled_line(Style::bold, label, text, took)
    }

    /// The text of [`Ui::step`] with a label in some style.
    pub(crate) fn styled_line(
        &self,
        style: fn(Style) -> Style,
        label: &str,
        text: &str,
        took: Option<Duration>,
    ) -> String {
        let padded = format!("{label:<LABEL$}");
        let label = self.paint(style, padded);
        let Some(took) = took else { return format!("{label}{text}") };
        let took = elapsed(took);
        let used = LABEL + console::measure_text_width(text) + console::measure_text_width(&took);
        let gap = " ".repeat(self.width().saturating_sub(used).max(2));
        format!("{label}{text}{gap}{}", self.paint(Style::dim, took))
    }

    /// Asks a yes-or-no question; anything but yes is no.
    pub(crate) fn ask(&self, question: &str) -> bool {
        if !self.can_ask() {
            return false;
        }
        let written = {
            // Others have something to say while the answer is awaited.
            let mut out = std::io::stderr().lock();
            write!(out, "{question} [y/N] ").and_then(|()| out.flush())
        };
        let mut answer = String::new();
        written.is_ok()
            && std::io::stdin().read_line(&mut answer).is_ok()
            && matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
    }
}

/// Breaks a text at its blanks into lines that fit; a longer word gets a line of its own.
fn wrapped(text: &str, room: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_inclusive(' ') {
        let Some(line) = lines.last_mut() else { break };
        let width = console::measure_text_width(line) + console::measure_text_width(word.trim_end());
        if width > room && !line.is_empty() {
            line.truncate(line.trim_end().len());
            lines.push(word.trim_start().to_owned());
        } else {
            line.push_str(word);
        }
    }
    lines
}

/// A reader that has gone away (`mzflow log | head -1`) ends the writing, not the deployment.
fn write_line(out: &mut dyn Write, line: &str) {
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// A duration for people: `8 ms`, `2.3 s`, `4 min 10 s`.
pub(crate) fn elapsed(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0 if duration.as_millis() == 0 => "<1 ms".to_owned(),
        0 => format!("{} ms", duration.as_millis()),
        1..60 => format!("{:.1} s", duration.as_secs_f64()),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// How long ago something was, for people: `4 minutes ago`.
pub(crate) fn ago(duration: Duration) -> String {
    let count = |number: u64, unit: &str| {
        let plural = if number == 1 { "" } else { "s" };
        format!("{number} {unit}{plural} ago")
    };
    match duration.as_secs() {
        0..5 => "just now".to_owned(),
        seconds @ 5..60 => count(seconds, "second"),
        seconds @ 60..3600 => count(seconds / 60, "minute"),
        seconds @ 3600..86_400 => count(seconds / 3600, "hour"),
        seconds => count(seconds / 86_400, "day"),
    }
}

/// `1 object`, `2 objects`, `3 indexes`.
pub(crate) fn counted(number: usize, what: &str) -> String {
    let ending = match (number, what.ends_with('x')) {
        (1, _) => "",
        (_, true) => "es",
        (_, false) => "s",
    };
    format!("{number} {what}{ending}")
}

/// Rows under a head, in columns as wide as their widest cell.
pub(crate) fn table(head: &[&str], rows: &[Vec<String>]) -> Vec<String> {
    let mut widths: Vec<usize> = head.iter().map(|cell| console::measure_text_width(cell)).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(console::measure_text_width(cell));
        }
    }
    let line = |cells: Vec<&str>| {
        let padded = cells.iter().zip(&widths).map(|(cell, width)| {
            let gap = width.saturating_sub(console::measure_text_width(cell));
            format!("{cell}{}", " ".repeat(gap))
        });
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let head = line(head.to_vec());
    let rows = rows.iter().map(|row| line(row.iter().map(String::as_str).collect()));
    std::iter::once(head).chain(rows).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_break_at_blanks() {
        assert_eq!(wrapped("one two  three", 8), ["one two", "three"]);
        assert_eq!(wrapped("one", 2), ["one"]);
        assert_eq!(wrapped("a-very-long-word and more", 6), ["a-very-long-word", "and", "more"]);
        assert_eq!(wrapped("", 6), [""]);
    }

    #[test]
    fn durations_for_people() {
        let told: Vec<String> =
            [0, 8, 2_300, 250_000, 7_200_000].map(|ms| elapsed(Duration::from_millis(ms))).into();
        assert_eq!(told, ["<1 ms", "8 ms", "2.3 s", "4 min 10 s", "2 h 0 min"]);
        let told: Vec<String> = [0, 59, 60, 7_300, 200_000].map(|s| ago(Duration::from_secs(s))).into();
        assert_eq!(told, ["just now", "59 seconds ago", "1 minute ago", "2 hours ago", "2 days ago"]);
    }

    #[test]
    fn a_table_is_as_wide_as_its_cells() {
        let rows = vec![vec!["a".to_owned(), "long".to_owned()], vec!["bbb".to_owned(), String::new()]];
        assert_eq!(table(&["X", "Y"], &rows), ["X    Y", "a    long", "bbb"]);
    }
}
