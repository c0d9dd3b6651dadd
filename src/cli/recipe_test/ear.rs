//! What a run of a test has told: lines for people, what it compared, the deployment it was about.

use std::cell::RefCell;

use serde_json::Value;

use crate::deployment::DeploymentId;
use crate::event::Event;
use crate::event::Sink;

/// Hears a run.
#[derive(Debug, Default)]
pub(super) struct Ear(RefCell<Heard>);

/// What was heard.
#[derive(Clone, Debug, Default)]
pub(super) struct Heard {
    /// Lines of the recipe, and warnings.
    pub(super) log: Vec<String>,
    /// What the last comparison found.
    pub(super) changes: Option<Value>,
    /// The deployment.
    pub(super) deployment: Option<DeploymentId>,
    /// The statements of a rehearsal.
    pub(super) rehearsed: Vec<String>,
}

impl Ear {
    /// What was heard so far.
    pub(super) fn heard(&self) -> Heard {
        self.0.borrow().clone()
    }
}

impl Sink for Ear {
    fn event(&self, event: Event) {
        let mut heard = self.0.borrow_mut();
        match event {
            Event::Log { level, message } => {
                let line = if level == "info" { message } else { format!("{level}: {message}") };
                heard.log.push(line);
            }
            Event::Warning { code, message } => heard.log.push(format!("warning: {message} [{code}]")),
            // The same said again is no news.
            Event::PolicyDecided { policy, verdict, reason, .. } => {
                let reason = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
                let line = format!("{policy} says {}{reason}", verdict.as_str());
                if heard.log.last() != Some(&line) {
                    heard.log.push(line);
                }
            }
            Event::Diffed { outcome, .. } => heard.changes = Some(outcome),
            Event::StageStarted { deployment, .. }
            | Event::Staged { deployment, .. }
            | Event::Swapped { deployment, .. }
            | Event::Dropped { deployment, .. } => heard.deployment = Some(deployment),
            Event::Statement { sql, .. } => heard.rehearsed.push(sql),
            Event::Overlay { .. }
            | Event::OverlayPlanned { .. }
            | Event::OverlayProgress { .. }
            | Event::UnitTested { .. }
            | Event::OverlaySkipped { .. }
            | Event::OverlayDone { .. }
            | Event::RunStarted { .. }
            | Event::SetUp { .. }
            | Event::Compiled { .. }
            | Event::Applied { .. }
            | Event::StageProgress { .. }
            | Event::Hydration(_)
            | Event::Hydrated { .. }
            | Event::SwapRetried { .. }
            | Event::SinkCutOver { .. }
            | Event::ViewReplaced { .. }
            | Event::Compared { .. }
            | Event::Sampled(_)
            | Event::SampleAwaited { .. }
            | Event::Analyzed { .. }
            | Event::ApprovalAsked { .. }
            | Event::Called { .. }
            | Event::Approved { .. }
            | Event::Shifted { .. }
            | Event::Unshifted { .. }
            | Event::Progress { .. }
            | Event::RunFinished { .. } => {}
        }
    }
}
