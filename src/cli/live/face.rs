//! Who looks: a screen, a pipe, or a program.
//!
//! All three are told the same; a screen shows the model, the others get a line for each thing that a
//! person would notice.

use std::time::Duration;

use crossterm::event::EventStream;
use futures_util::StreamExt;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::looks::passed_told;
use super::phases::Times;
use super::screen::keys;
use super::screen::keys::Typed;
use super::screen::model::Build;
use super::screen::model::Head;
use super::screen::model::Input;
use super::screen::model::Link;
use super::screen::model::Model;
use super::screen::model::Moment;
use super::screen::model::Wish;
use super::screen::terminal::Screen;
use crate::cli::ui::Ui;
use crate::cli::ui::counted;
use crate::clock::Clock;
use crate::deployment::RunId;

/// So many names are said in a line.
const MOST_NAMES: usize = 3;

/// Whoever looks.
pub(crate) struct Face {
    ui: Ui,
    clock: Clock,
    run: RunId,
    model: Model,
    shown: Option<Shown>,
    /// Whether something has changed since it was drawn.
    stale: bool,
}

struct Shown {
    screen: Screen,
    typed: EventStream,
    /// Whether the terminal is gone.
    is_over: bool,
}

impl Face {
    /// Takes the terminal, if a person sits at one.
    ///
    /// # Errors
    /// What the terminal says.
    pub(crate) fn new(ui: Ui, clock: Clock, run: RunId, head: Head) -> std::io::Result<Self> {
        let shown = if ui.can_ask() {
            let screen = Screen::take(ui.colour)?;
            Some(Shown { screen, typed: EventStream::new(), is_over: false })
        } else {
            None
        };
        Ok(Self { ui, clock, run, model: Model::new(head), shown, stale: true })
    }

    /// Whether there is a screen.
    pub(crate) fn is_screen(ui: &Ui) -> bool {
        ui.can_ask()
    }

    /// What it shows.
    pub(crate) fn model(&self) -> &Model {
        &self.model
    }

    /// Whether the time that it shows goes on.
    pub(crate) fn ticks(&self) -> bool {
        self.shown.is_some() && self.model.is_busy()
    }

    /// Waits for what is typed; for ever where nobody can type.
    ///
    /// # Cancel
    /// Safe: nothing is lost.
    pub(crate) async fn typed(&mut self) -> Typed {
        let Some(shown) = self.shown.as_mut().filter(|shown| !shown.is_over) else {
            return std::future::pending().await;
        };
        match shown.typed.next().await {
            Some(Ok(event)) => keys::typed(&event),
            // Nobody sits there any more.
            Some(Err(_)) | None => {
                shown.is_over = true;
                Typed::Stop
            }
        }
    }

    /// The run goes on as another.
    pub(crate) fn follow(&mut self, run: RunId) {
        self.run = run;
    }

    /// The terminal has another size.
    pub(crate) fn resized(&mut self) {
        self.stale = true;
    }

    /// Draws, if anything has changed.
    pub(crate) fn draw(&mut self) {
        let now = self.clock.elapsed();
        let (stale, ticks) = (self.stale, self.ticks());
        if let Some(shown) = self.shown.as_mut().filter(|_| stale || ticks) {
            // A terminal that is gone is noticed where its keys are read.
            if let Err(error) = shown.screen.draw(&self.model, now) {
                tracing::debug!("drawing: {error}");
            }
        }
        self.stale = false;
    }

    /// Takes what comes, and says what a person wishes.
    pub(crate) fn take(&mut self, moment: &Moment, input: Input) -> Option<Wish> {
        if self.shown.is_none() {
            self.say(&input);
        }
        self.stale = true;
        self.model.step(moment, input)
    }

    /// Tells which files were saved.
    pub(crate) fn saved(&mut self, moment: &Moment, files: &[String]) {
        self.take(moment, Input::Saved);
        if self.shown.is_some() {
            return;
        }
        if self.ui.json {
            return self.json("dev.saved", json!({ "files": files }));
        }
        let named = files.iter().take(MOST_NAMES).cloned().collect::<Vec<_>>().join(", ");
        let more = files.len().saturating_sub(MOST_NAMES);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        self.ui.step("save", &format!("{named}{more}"), None);
    }

    /// Gives the terminal back.
    pub(crate) fn close(&mut self) {
        self.shown = None;
    }

    fn say(&self, input: &Input) {
        match input {
            Input::Ended(build) => self.say_build(build),
            Input::Counted(name, rows) => {
                if self.ui.json {
                    return self.json("dev.counted", json!({ "object": name, "rows": rows }));
                }
                let rows = counted(usize::try_from(*rows).unwrap_or(usize::MAX), "row");
                self.ui.step("rows", &format!("{name} · {rows}"), None);
            }
            Input::Link(Link::Down { why }) if self.ui.json => {
                self.json("dev.offline", json!({ "message": why }));
            }
            Input::Link(Link::Down { why }) => self.ui.step("offline", why, None),
            Input::Link(Link::Up) if self.ui.json => self.json("dev.online", json!({})),
            Input::Link(Link::Up) => self.ui.step("online", "the connection is back", None),
            Input::Notice(line) if self.ui.json => self.json("dev.notice", json!({ "message": line })),
            Input::Notice(line) => self.ui.step("note", line, None),
            Input::Elsewhere(told) if self.ui.json => self.json("dev.target", json!({ "target": told })),
            Input::Elsewhere(told) => self.ui.step("target", told, None),
            // Nobody sits there who could have asked.
            Input::Compared(..) | Input::Answered(..) | Input::Key(_) => {}
            // Each object is told with its database.
            Input::Renamed(_) => {}
            // It is told by whoever else listens to the run, or where the files are known.
            Input::Happened(_) | Input::Begun | Input::Saved => {}
        }
    }

    fn say_build(&self, build: &Build) {
        match build {
            Build::Done { rebuilt, unchanged, dropped, tested, times } => {
                if self.ui.json {
                    let mut counts =
                        json!({ "rebuilt": rebuilt, "unchanged": unchanged, "dropped": dropped });
                    if let (Some(passed), Value::Object(counts)) = (tested, &mut counts) {
                        counts.insert("passed".to_owned(), (*passed).into());
                    }
                    return self.json("dev.ready", with_times(counts, times));
                }
                let mut text = format!("{rebuilt} rebuilt, {unchanged} unchanged");
                if *dropped > 0 {
                    text += &format!(", {dropped} dropped");
                }
                if let Some(passed) = tested {
                    text += &format!(" · {}", passed_told(*passed));
                }
                self.ui.step("ready", &format!("{text} · {}", times.told()), times.ready);
            }
            Build::Failed { lines, error, times } => {
                if self.ui.json {
                    return self.json("dev.failed", with_times(failed(lines, error), times));
                }
                lines.iter().for_each(|line| self.ui.say(line));
                self.ui.step("failed", "the last good versions stay · waiting for a save", times.ready);
            }
            Build::Stopped if self.ui.json => self.json("dev.stopped", json!({})),
            Build::Stopped => self.ui.step("stopped", "the last good versions stay", None),
            Build::None | Build::Running { .. } => {}
        }
    }

    fn json(&self, event: &str, fields: Value) {
        let mut line = Map::new();
        line.insert("event".to_owned(), event.into());
        line.insert("at".to_owned(), self.clock.now().0.into());
        line.insert("run".to_owned(), self.run.as_str().into());
        if let Value::Object(fields) = fields {
            line.extend(fields);
        }
        self.ui.json(&Value::Object(line));
    }
}

/// What programs are told of a failure: the code and the place of what is to be mended first, and all of it.
fn failed(lines: &[String], error: &Value) -> Value {
    let mut causes = error["also"].as_array().into_iter().flatten();
    let first = if error["file"].is_null() {
        causes.find(|cause| cause["file"].is_string()).unwrap_or(error)
    } else {
        error
    };
    json!({
        "code": first["code"], "message": lines.join("\n"), "file": first["file"], "line": first["line"],
        "column": first["column"], "error": error,
    })
}

fn with_times(fields: Value, times: &Times) -> Value {
    let ms = |took: Duration| Value::from(u64::try_from(took.as_millis()).unwrap_or(u64::MAX));
    let mut parts = Map::new();
    for (name, took) in times.parts() {
        parts.insert(format!("{name}_ms"), ms(took));
    }
    parts.extend(times.ready.map(|took| ("ready_ms".to_owned(), ms(took))));
    let Value::Object(mut fields) = fields else { return fields };
    fields.insert("times".to_owned(), Value::Object(parts));
    Value::Object(fields)
}
