//! Turns the events of a run into what its reader sees: live lines, plain lines, or NDJSON.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use console::Style;
use indicatif::ProgressBar;
use indicatif::ProgressDrawTarget;
use indicatif::ProgressStyle;
use serde_json::Value;
use serde_json::json;

use super::hydrating;
use super::hydrating::PIPE_PAUSE;
use super::hydrating::Pace;
use super::overlaid;
use super::shifts;
use super::typed;
use super::ui::Reader;
use super::ui::Talk;
use super::ui::Ui;
use super::ui::counted;
use super::ui::elapsed;
use crate::clock::Clock;
use crate::deployment::DeploymentId;
use crate::deployment::RunId;
use crate::deployment::decision::Verdict;
use crate::deployment::dropping::DropReason;
use crate::deployment::epoch::SwapKind;
use crate::event::Event;
use crate::event::HydrationProgress;
use crate::event::SampleProgress;
use crate::event::Sink;

/// Listens to a run.
pub(crate) struct Narrator {
    ui: Ui,
    clock: Clock,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    run: Option<RunId>,
    live: Option<ProgressBar>,
    /// What was said of each deployment last: several may be waited for at once.
    last: BTreeMap<DeploymentId, (Duration, &'static str, usize)>,
    policies: BTreeMap<String, (Verdict, Option<String>)>,
    sample: Option<SampleProgress>,
    pace: Pace,
}

impl Narrator {
    /// A narrator for the given streams.
    pub(crate) fn new(ui: Ui, clock: Clock) -> Self {
        Self { ui, clock, state: RefCell::new(State::default()) }
    }

    /// Takes the live line away, so that something else can be written.
    pub(crate) fn still(&self) {
        if let Some(live) = self.state.borrow_mut().live.take() {
            live.finish_and_clear();
        }
    }

    fn live(&self, text: String) {
        if self.ui.reader != Reader::Terminal || self.ui.json || self.ui.talk < Talk::Normal {
            return;
        }
        let mut state = self.state.borrow_mut();
        let live = state.live.get_or_insert_with(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            // The template is a constant of ours; the fallback is indicatif's own.
            let style = ProgressStyle::with_template("{msg}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
            bar
        });
        live.set_message(text);
    }

    fn step(&self, label: &str, text: &str, took: Option<Duration>) {
        self.still();
        self.ui.step(label, text, took);
    }

    fn ndjson(&self, event: &Event) {
        let Some((name, mut fields)) = told(event) else { return };
        let run = self.state.borrow().run.as_ref().map(ToString::to_string);
        if let Value::Object(fields) = &mut fields {
            let mut line = serde_json::Map::new();
            line.insert("event".to_owned(), name.into());
            line.insert("at".to_owned(), self.clock.now().0.into());
            line.insert("run".to_owned(), run.into());
            line.append(fields);
            self.ui.json(&Value::Object(line));
        }
    }

    fn hydration(&self, progress: &HydrationProgress) {
        let text = hydrating::text(progress, &self.ui);
        if self.ui.reader == Reader::Terminal {
            return self.live(self.ui.line("hydrate", &text, Some(progress.waited)));
        }
        let mut state = self.state.borrow_mut();
        let changed = match state.last.get(&progress.deployment) {
            None => true,
            Some((_, word, _)) if self.ui.reader == Reader::Ci => *word != progress.state,
            Some((at, word, ready)) => {
                *word != progress.state
                    || *ready != progress.ready
                    || progress.waited.saturating_sub(*at) >= PIPE_PAUSE
            }
        };
        if changed {
            let said = (progress.waited, progress.state, progress.ready);
            state.last.insert(progress.deployment.clone(), said);
            drop(state);
            self.ui.step("hydrate", &text, Some(progress.waited));
        }
    }
}

impl Sink for Narrator {
    #[expect(clippy::too_many_lines, reason = "one exhaustive match: every event has its arm here")]
    fn event(&self, event: Event) {
        if let Event::RunStarted { run, .. } = &event {
            self.state.borrow_mut().run = Some(run.clone());
        }
        if self.ui.json {
            return self.ndjson(&event);
        }
        match &event {
            Event::RunStarted { .. } | Event::RunFinished { .. } => {}
            Event::SetUp { statements } => {
                self.step("setup", &format!("database _mzflow, {}", counted(*statements, "statement")), None);
            }
            Event::Compiled { objects, clusters, sources, took } => {
                let mut parts = vec![counted(*objects, "object")];
                parts.extend((*clusters > 0).then(|| counted(*clusters, "cluster")));
                parts.extend((*sources > 0).then(|| counted(*sources, "source")));
                self.step("compile", &parts.join(", "), Some(*took));
            }
            Event::Applied { actions, took } => self.applied(actions, *took),
            Event::Diffed { outcome, took } => {
                self.still();
                for line in super::changes::lines(outcome, &self.ui, Some(*took)) {
                    self.ui.talk(&line);
                }
            }
            Event::StageStarted { deployment, names, found, .. } => {
                self.staging(deployment, names, *found);
            }
            Event::StageProgress { done, statements, what } => {
                self.live(self.ui.line("stage", &format!("{done}/{statements} {what}"), None));
            }
            Event::Staged { deployment, objects, schemas, clusters, took } => {
                let mut parts: Vec<String> =
                    (*schemas > 0).then(|| counted(*schemas, "schema")).into_iter().collect();
                parts.push(counted(*objects, "object"));
                parts.extend((*clusters > 0).then(|| counted(*clusters, "cluster")));
                self.step("stage", &format!("{deployment}: {}", parts.join(", ")), Some(*took));
            }
            Event::Hydration(progress) => self.hydration(progress),
            Event::Hydrated { progress } => {
                let text = hydrating::text(progress, &self.ui);
                self.step("hydrate", &text, Some(progress.waited));
            }
            Event::Compared { outcome, took } => self.compared(outcome, *took),
            Event::Sampled(progress) => self.sampled(progress),
            Event::SampleAwaited { left } => self.awaited(*left),
            Event::Analyzed { .. } => self.analyzed(&event),
            Event::SwapRetried { attempt, reason, others, pause } => {
                self.retried(*attempt, reason, others, *pause);
            }
            Event::Swapped { .. } => self.swapped(&event),
            Event::SinkCutOver { sink, from } => self.step("sink", &format!("{sink} reads {from}"), None),
            Event::ViewReplaced { view } => self.step("replace", &format!("{view} in place"), None),
            Event::Dropped { deployment, reason, objects, took } => {
                self.dropped(deployment, *reason, *objects, *took);
            }
            Event::ApprovalAsked { run, message, approvals, needed, .. } => {
                let answer = typed::here(&format!("mzflow approve {run}"));
                self.step("approve", &format!("{message} · {approvals} of {needed} · {answer}"), None);
            }
            Event::Called { method, origin, status, attempts, took } => {
                let status = status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
                let again = if *attempts > 1 { format!(" · {attempts} attempts") } else { String::new() };
                self.step("http", &format!("{method} {origin} · {status}{again}"), Some(*took));
            }
            Event::Approved { message, by } => {
                let by = if by.is_empty() { String::new() } else { format!(" · by {}", by.join(", ")) };
                self.step("approved", &format!("{message}{by}"), None);
            }
            Event::Shifted { deployment, roles } => self.shifted(&shifts::shifted(deployment, roles)),
            Event::Unshifted { roles, left_alone, .. } => self.unshifted(roles, left_alone),
            Event::OverlayPlanned { builds, removed } => {
                self.still();
                let lines = overlaid::planned(builds, removed, &self.ui);
                lines.iter().for_each(|line| self.ui.talk(line));
            }
            Event::OverlayProgress { ready, total, waited } => {
                let text = overlaid::progress(*ready, *total);
                let is_terminal = self.ui.reader == Reader::Terminal;
                if is_terminal {
                    self.live(self.ui.line("hydrate", &text, Some(*waited)));
                } else if self.state.borrow_mut().pace.is_news(*waited, *ready) {
                    self.ui.step("hydrate", &text, Some(*waited));
                }
            }
            Event::UnitTested { passed, took } => {
                self.step("test", &format!("{} passed", counted(*passed, "test")), Some(*took));
            }
            Event::Overlay { .. } | Event::OverlaySkipped { .. } | Event::OverlayDone { .. } => {
                if let Some((text, took)) = overlaid::line(&event, &self.ui) {
                    self.step("overlay", &text, took);
                }
            }
            Event::PolicyDecided { .. } => self.policy(&event),
            Event::Warning { code, message } => self.warning(code, message),
            Event::Log { level, message } => self.log(level, &typed::here(message)),
            Event::Progress { message, done, total } => self.progress(message, *done, *total),
            Event::Statement { sql, what } => {
                self.still();
                self.ui.data(&statement(sql, what));
            }
        }
    }
}

/// A statement of a rehearsal: the text as it is sent, and a comment where the text alone does not
/// say what it is for.
fn statement(sql: &str, what: &str) -> String {
    let comment = if what.starts_with("journal") || what.starts_with("record") { what } else { "" };
    if comment.is_empty() { format!("{sql};") } else { format!("{sql};  -- {comment}") }
}

impl Narrator {
    /// What was created is named; of the rest, which comes with it, there may be much.
    fn applied(&self, actions: &[String], took: Duration) {
        const NAMED: usize = 3;
        if actions.is_empty() {
            return;
        }
        let (created, rest): (Vec<_>, Vec<_>) =
            actions.iter().partition(|action| action.starts_with("create "));
        let mut parts: Vec<String> =
            created.iter().map(|action| format!("+ {}", action.trim_start_matches("create "))).collect();
        if rest.len() <= NAMED {
            parts.extend(rest.into_iter().cloned());
        } else {
            parts.push(format!("{} grants, comments and settings", rest.len()));
        }
        self.step("apply", &parts.join("   "), Some(took));
    }

    fn staging(&self, deployment: &DeploymentId, names: &[(String, String)], found: usize) {
        let mut text = format!("deployment {deployment}");
        // Schemas and clusters are few; objects that change names one by one may be many.
        const NAMED: usize = 6;
        let mut arrows: Vec<String> =
            names.iter().take(NAMED).map(|(from, to)| format!("{from} → {to}")).collect();
        if names.len() > NAMED {
            arrows.push(format!("and {} more", names.len() - NAMED));
        }
        if !arrows.is_empty() {
            text += &format!(" · {}", arrows.join(", "));
        }
        if found > 0 {
            text += &format!(" · {} there already", counted(found, "object"));
        }
        self.step("stage", &text, None);
    }

    fn dropped(&self, deployment: &DeploymentId, reason: DropReason, objects: usize, took: Duration) {
        let objects = counted(objects, "object");
        let what = match reason {
            DropReason::Abort => format!("{deployment}, {objects}"),
            DropReason::Retire => format!("the version that {deployment} replaced, {objects}"),
            DropReason::Overtaken => format!("what a run has left of {deployment}, {objects}"),
        };
        self.step("drop", &what, Some(took));
    }

    fn retried(&self, attempt: u32, reason: &str, others: &[String], pause: Duration) {
        let others = if others.is_empty() { String::new() } else { format!(" ({})", others.join("; ")) };
        let pause = elapsed(pause);
        self.step("swap", &format!("attempt {attempt}: {reason}{others}; again in {pause}"), None);
    }

    fn warning(&self, code: &str, message: &str) {
        self.still();
        let head = self.ui.paint(Style::yellow, format!("warning[{code}]"));
        self.ui.talk(&format!("{head}: {message}"));
    }

    fn shifted(&self, lines: &[String]) {
        for line in lines {
            self.step("canary", line, None);
        }
    }

    fn unshifted(&self, roles: &[String], left_alone: &[String]) {
        self.step("canary", &shifts::unshifted(roles), None);
        for line in left_alone {
            self.step("", &format!("left alone: {line}"), None);
        }
    }

    fn swapped(&self, event: &Event) {
        if let Event::Swapped { deployment, kind, from, to, schemas, clusters, renamed, took, .. } = event {
            let mut parts = vec![format!("epoch {from} → {to}")];
            parts.extend((*schemas > 0).then(|| counted(*schemas, "schema")));
            parts.extend((*clusters > 0).then(|| counted(*clusters, "cluster")));
            parts.extend((*renamed > 0).then(|| format!("{} by renames", counted(*renamed, "object"))));
            let label = match kind {
                SwapKind::Promotion => "swap",
                SwapKind::Rollback => "rollback",
            };
            parts.push(format!(
                "{deployment} {}",
                match kind {
                    SwapKind::Promotion => "in",
                    SwapKind::Rollback => "out",
                }
            ));
            self.step(label, &parts.join(" · "), Some(*took));
        }
    }

    /// A terminal sees every asking, in one line for all that wait; a pipe what is new.
    fn policy(&self, event: &Event) {
        let Event::PolicyDecided { policy, verdict, reason, asked, waited, again, .. } = event else {
            return;
        };
        let said = (*verdict, reason.clone());
        let new = self.state.borrow_mut().policies.insert(policy.clone(), said.clone()) != Some(said);
        let waits = *verdict == Verdict::Wait;
        if !waits || self.ui.reader != Reader::Terminal {
            if new {
                self.step("policy", &policy_text(policy, *verdict, reason.as_deref()), Some(*waited));
            }
            return;
        }
        let waiting: Vec<String> = {
            let state = self.state.borrow();
            let waiting = state.policies.iter().filter(|(_, (verdict, _))| *verdict == Verdict::Wait);
            waiting.map(|(name, (verdict, reason))| policy_text(name, *verdict, reason.as_deref())).collect()
        };
        let mut text = waiting.join("   ");
        let times = if *asked == 1 { "once".to_owned() } else { format!("{asked} times") };
        text.extend(again.map(|pause| format!(" · asked {times}, next in {}", elapsed(pause))));
        self.live(self.ui.line("policy", &text, Some(*waited)));
    }

    fn compared(&self, outcome: &Value, took: Duration) {
        for line in super::judged::compared(outcome) {
            self.step("compare", &line, Some(took));
        }
    }

    fn analyzed(&self, event: &Event) {
        if let Event::Analyzed { label, verdict, reason, took, .. } = event {
            let verdict = super::judged::painted(&self.ui, verdict, 0);
            self.step(label, &format!("{verdict}: {reason}"), Some(*took));
        }
    }

    /// A terminal shows the last look until the next; a pipe every look; CI one that says another thing.
    fn sampled(&self, progress: &SampleProgress) {
        let before = self.state.borrow_mut().sample.replace(progress.clone());
        if self.ui.reader == Reader::Terminal && progress.next.is_some() {
            return self.live(super::judged::sampled(progress, &self.ui, progress.next).join("\n"));
        }
        let verdicts = |sample: &SampleProgress| -> Vec<&'static str> {
            sample.checks.iter().map(|check| check.verdict).collect()
        };
        let is_news = before.is_none_or(|before| {
            before.sample >= progress.sample
                || verdicts(&before) != verdicts(progress)
                || progress.next.is_none()
        });
        if self.ui.reader != Reader::Ci || is_news {
            self.still();
            super::judged::sampled(progress, &self.ui, None).iter().for_each(|line| self.ui.talk(line));
        }
    }

    fn awaited(&self, left: Duration) {
        let sample = self.state.borrow().sample.clone();
        if let Some(progress) = sample.filter(|_| self.ui.reader == Reader::Terminal) {
            self.live(super::judged::sampled(&progress, &self.ui, Some(left)).join("\n"));
        }
    }

    fn progress(&self, message: &str, done: Option<u64>, total: Option<u64>) {
        let text = match (done, total) {
            (Some(done), Some(total)) => format!("{message} {done}/{total}"),
            (Some(done), None) => format!("{message} {done}"),
            (None, _) => message.to_owned(),
        };
        self.live(self.ui.line("", &text, None));
    }

    fn log(&self, level: &str, message: &str) {
        match level {
            "debug" if self.ui.talk < Talk::Verbose => {}
            "warn" => {
                self.still();
                self.ui.talk(&format!("{} {message}", self.ui.paint(Style::yellow, "warning:")));
            }
            _ => self.step("", message, None),
        }
    }
}

fn policy_text(policy: &str, verdict: Verdict, reason: Option<&str>) -> String {
    let verb = match verdict {
        Verdict::Wait => "waits",
        Verdict::Promote => "says promote",
        Verdict::Abort => "says no",
    };
    match reason {
        Some(reason) => format!("{policy} {verb}: {reason}"),
        None => format!("{policy} {verb}"),
    }
}

/// An event as JSON: its name and its fields. Units end the names.
#[expect(clippy::too_many_lines, reason = "one exhaustive match: every event has its arm here")]
fn told(event: &Event) -> Option<(&'static str, Value)> {
    let ms = |duration: &Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    Some(match event {
        Event::RunStarted { recipe, .. } => ("run.started", json!({ "recipe": recipe })),
        Event::SetUp { statements } => ("setup.done", json!({ "statements": statements })),
        Event::Compiled { objects, clusters, sources, took } => (
            "compile.done",
            json!({ "objects": objects, "clusters": clusters, "sources": sources, "took_ms": ms(took) }),
        ),
        Event::Applied { actions, took } => {
            ("apply.done", json!({ "actions": actions, "took_ms": ms(took) }))
        }
        Event::Diffed { outcome, took } => ("diff.done", json!({ "diff": outcome, "took_ms": ms(took) })),
        Event::StageStarted { deployment, statements, names, found } => {
            let names: Vec<Value> =
                names.iter().map(|(from, to)| json!({ "production": from, "staging": to })).collect();
            let fields = json!({
                "deployment": deployment, "statements": statements, "names": names, "found": found,
            });
            ("stage.started", fields)
        }
        Event::StageProgress { done, statements, what } => {
            ("stage.progress", json!({ "done": done, "statements": statements, "what": what }))
        }
        Event::Staged { deployment, objects, schemas, clusters, took } => (
            "stage.done",
            json!({
                "deployment": deployment, "objects": objects, "schemas": schemas, "clusters": clusters,
                "took_ms": ms(took),
            }),
        ),
        Event::Hydration(progress) => ("hydration.progress", hydration_json(progress)),
        Event::Hydrated { progress } => ("hydration.done", hydration_json(progress)),
        Event::Compared { outcome, took } => {
            ("compare.done", json!({ "comparison": outcome, "took_ms": ms(took) }))
        }
        Event::Sampled(progress) => ("analysis.sample", sample_json(progress)),
        // Only a terminal shows time going by.
        Event::SampleAwaited { .. } => return None,
        Event::Analyzed { label, verdict, reason, samples, took } => (
            "analysis.done",
            json!({
                "label": label, "verdict": verdict, "reason": reason, "samples": samples, "took_ms": ms(took),
            }),
        ),
        Event::SwapRetried { attempt, reason, others, pause } => (
            "swap.retried",
            json!({ "attempt": attempt, "reason": reason, "others": others, "pause_ms": ms(pause) }),
        ),
        Event::Swapped {
            deployment,
            kind,
            from,
            to,
            schemas,
            clusters,
            renamed,
            objects,
            replaced,
            took,
        } => (
            "swap.done",
            json!({
                "deployment": deployment, "kind": kind, "epoch_before": from, "epoch": to,
                "schemas": schemas, "clusters": clusters, "renamed": renamed, "objects": objects,
                "replaced": replaced, "took_ms": ms(took),
            }),
        ),
        Event::SinkCutOver { sink, from } => ("sink.cut-over", json!({ "sink": sink, "from": from })),
        Event::ViewReplaced { view } => ("view.replaced", json!({ "view": view })),
        Event::Dropped { deployment, reason, objects, took } => (
            "drop.done",
            json!({ "deployment": deployment, "reason": reason, "objects": objects, "took_ms": ms(took) }),
        ),
        Event::ApprovalAsked { question, message, approvals, needed, .. } => (
            "approval.asked",
            json!({ "question": question, "message": message, "approvals": approvals, "needed": needed }),
        ),
        Event::Called { method, origin, status, attempts, took } => (
            "http.done",
            json!({
                "method": method, "origin": origin, "status": status, "attempts": attempts, "took_ms": ms(took),
            }),
        ),
        Event::Approved { message, by } => ("approval.done", json!({ "message": message, "by": by })),
        Event::Shifted { deployment, roles } => {
            ("shift.done", json!({ "deployment": deployment, "roles": shifts::json(roles) }))
        }
        Event::Unshifted { deployment, roles, left_alone } => {
            ("unshift.done", json!({ "deployment": deployment, "roles": roles, "left_alone": left_alone }))
        }
        Event::UnitTested { passed, took } => {
            ("tests.done", json!({ "passed": passed, "took_ms": ms(took) }))
        }
        Event::Overlay { .. }
        | Event::OverlayPlanned { .. }
        | Event::OverlayProgress { .. }
        | Event::OverlaySkipped { .. }
        | Event::OverlayDone { .. } => {
            return overlaid::json(event);
        }
        Event::PolicyDecided { policy, deployment, verdict, reason, asked, waited, again } => (
            "policy.decided",
            json!({
                "policy": policy, "deployment": deployment, "verdict": verdict.as_str(), "reason": reason,
                "asked": asked, "waited_ms": ms(waited), "again_ms": again.as_ref().map(ms),
            }),
        ),
        Event::Warning { code, message } => ("warning", json!({ "code": code, "message": message })),
        Event::Log { level, message } => ("log", json!({ "level": level, "message": typed::here(message) })),
        Event::Progress { message, done, total } => {
            ("progress", json!({ "message": message, "done": done, "total": total }))
        }
        Event::Statement { sql, what } => ("statement", json!({ "sql": sql, "what": what })),
        // Written by whoever knows the error too, as the last line.
        Event::RunFinished { .. } => return None,
    })
}

fn sample_json(progress: &SampleProgress) -> Value {
    let checks = progress.checks.iter();
    let checks: Vec<Value> =
        checks.map(|c| json!({ "name": c.name, "verdict": c.verdict, "message": c.message })).collect();
    json!({
        "label": progress.label,
        "title": progress.title,
        "sample": progress.sample,
        "count": progress.count,
        "checks": checks,
        "next_ms": progress.next.map(|next| u64::try_from(next.as_millis()).unwrap_or(u64::MAX)),
    })
}

fn hydration_json(progress: &HydrationProgress) -> Value {
    let clusters: Vec<Value> = progress
        .clusters
        .iter()
        .map(|c| json!({ "name": c.name, "state": c.state, "ready": c.ready, "total": c.total }))
        .collect();
    json!({
        "deployment": progress.deployment,
        "state": progress.state,
        "ready": progress.ready,
        "total": progress.total,
        "clusters": clusters,
        "lag_s": progress.lag.map(|lag| lag.as_secs_f64()),
        "waited_ms": u64::try_from(progress.waited.as_millis()).unwrap_or(u64::MAX),
    })
}
