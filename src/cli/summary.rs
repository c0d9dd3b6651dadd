//! The last lines of a run: what changed, what it cost, what to do next.
//!
//! Listens to the run beside the narrator and remembers what counts.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::typed;
use super::ui::counted;
use super::ui::elapsed;
use crate::deployment::DeploymentId;
use crate::deployment::dropping::DropReason;
use crate::deployment::epoch::SwapKind;
use crate::event::Event;
use crate::event::Sink;

/// Hears everything, and passes it on.
pub(crate) struct Listener {
    others: Rc<dyn Sink>,
    seen: RefCell<Seen>,
}

/// What counts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    deployment: Option<DeploymentId>,
    staged: bool,
    built: usize,
    schemas: usize,
    clusters: usize,
    renamed: usize,
    statements: usize,
    hydrated: Option<Duration>,
    swapped: Option<(SwapKind, u64, u64)>,
    replaced: usize,
    applied: usize,
    retired: Option<usize>,
    aborted: bool,
    shifted: BTreeSet<String>,
    rehearsed: usize,
    compared: bool,
}

impl Listener {
    /// A listener beside others.
    pub(crate) fn new(others: Rc<dyn Sink>) -> Self {
        Self { others, seen: RefCell::default() }
    }

    /// What counts so far.
    pub(crate) fn seen(&self) -> Seen {
        self.seen.borrow().clone()
    }
}

impl Sink for Listener {
    fn event(&self, event: Event) {
        self.seen.borrow_mut().take(&event);
        self.others.event(event);
    }
}

impl Seen {
    fn take(&mut self, event: &Event) {
        match event {
            Event::Applied { actions, .. } => self.applied += actions.len(),
            Event::Diffed { .. } => self.compared = true,
            Event::StageStarted { deployment, statements, .. } => {
                self.deployment = Some(deployment.clone());
                self.statements += statements;
            }
            Event::Staged { deployment, objects, schemas, clusters, .. } => {
                self.deployment = Some(deployment.clone());
                self.staged = true;
                (self.built, self.schemas, self.clusters) = (*objects, *schemas, *clusters);
            }
            Event::Hydrated { progress } => self.hydrated = Some(progress.waited),
            Event::Swapped { deployment, kind, from, to, renamed, replaced, .. } => {
                self.deployment = Some(deployment.clone());
                (self.renamed, self.replaced) = (*renamed, *replaced);
                self.swapped = Some((*kind, *from, *to));
            }
            Event::Dropped { reason, objects, .. } => match reason {
                DropReason::Retire => self.retired = Some(*objects),
                DropReason::Abort => self.aborted = true,
                DropReason::Overtaken => {}
            },
            Event::Shifted { deployment, roles } => {
                self.deployment = Some(deployment.clone());
                self.shifted.extend(roles.iter().map(|one| one.role.clone()));
            }
            Event::Unshifted { roles, .. } => self.shifted.retain(|role| !roles.contains(role)),
            Event::Statement { .. } => self.rehearsed += 1,
            Event::RunStarted { .. }
            | Event::SetUp { .. }
            | Event::Compiled { .. }
            | Event::StageProgress { .. }
            | Event::Hydration(_)
            | Event::SwapRetried { .. }
            | Event::Compared { .. }
            | Event::Sampled(_)
            | Event::SampleAwaited { .. }
            | Event::Analyzed { .. }
            | Event::SinkCutOver { .. }
            | Event::ViewReplaced { .. }
            | Event::Overlay { .. }
            | Event::OverlayPlanned { .. }
            | Event::OverlayProgress { .. }
            | Event::UnitTested { .. }
            | Event::OverlaySkipped { .. }
            | Event::OverlayDone { .. }
            | Event::PolicyDecided { .. }
            | Event::ApprovalAsked { .. }
            | Event::Approved { .. }
            | Event::Called { .. }
            | Event::Warning { .. }
            | Event::Log { .. }
            | Event::Progress { .. }
            | Event::RunFinished { .. } => {}
        }
    }

    /// The last exchange with production, and whose.
    pub(crate) fn exchanged(&self) -> Option<(SwapKind, &DeploymentId)> {
        self.swapped.map(|(kind, ..)| kind).zip(self.deployment.as_ref())
    }

    /// Tells whether something stands under staging names that was built, or was being built.
    pub(crate) fn has_staged(&self) -> bool {
        (self.staged || self.statements > 0) && !self.aborted
    }

    /// Tells whether what was replaced is gone.
    pub(crate) fn has_retired(&self) -> bool {
        self.retired.is_some()
    }

    /// The lines below the last word of a run that was done.
    pub(crate) fn lines(&self, rehearsal: bool, has_changes: bool) -> Vec<String> {
        if rehearsal {
            let next = match (self.rehearsed, has_changes) {
                (0, _) => "  nothing would be sent".to_owned(),
                (count, _) => format!(
                    "  nothing was sent; the same command without --dry-run sends {}",
                    counted(count, "statement")
                ),
            };
            return vec![next];
        }
        let mut lines = Vec::new();
        lines.extend(self.changed().map(|changed| format!("  changed  {changed}")));
        lines.extend(self.cost().map(|cost| format!("  cost     {cost}")));
        lines.extend(self.next().map(|next| format!("  next     {}", typed::here(&next))));
        lines
    }

    fn changed(&self) -> Option<String> {
        let mut parts = Vec::new();
        parts.extend((self.applied > 0).then(|| format!("{} applied", counted(self.applied, "thing"))));
        let scope = || {
            let clusters = (self.clusters > 0).then(|| counted(self.clusters, "cluster"));
            // Where objects change places one by one, schemas seldom do.
            let schemas = (self.schemas > 0 || self.renamed == 0).then(|| counted(self.schemas, "schema"));
            let renamed =
                (self.renamed > 0).then(|| format!("{} by renames", counted(self.renamed, "object")));
            let parts = [schemas, clusters, renamed];
            parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
        };
        match self.swapped {
            Some((SwapKind::Promotion, from, to)) => parts.push(format!("{} · epoch {from} → {to}", scope())),
            Some((SwapKind::Rollback, from, to)) => {
                parts.push(format!("back to the version before · epoch {from} → {to}"));
            }
            None => {}
        }
        if let (Some(id), false) = (&self.deployment, self.shifted.is_empty()) {
            let roles: Vec<&str> = self.shifted.iter().map(String::as_str).collect();
            parts.push(format!("new sessions of {} read {id}", roles.join(", ")));
        }
        (!parts.is_empty()).then(|| parts.join(" · "))
    }

    fn cost(&self) -> Option<String> {
        if !self.staged {
            return None;
        }
        let with = (self.statements > 0).then(|| format!(" with {}", counted(self.statements, "statement")));
        let mut parts = vec![format!("{} built{}", counted(self.built, "object"), with.unwrap_or_default())];
        parts.extend(self.hydrated.map(|waited| format!("{} of hydration", elapsed(waited))));
        parts.extend(self.retired.map(|objects| format!("{} dropped", counted(objects, "replaced object"))));
        Some(parts.join(" · "))
    }

    fn next(&self) -> Option<String> {
        let Some(id) = &self.deployment else {
            return self.compared.then(|| "change a file below models/ and run the same command".to_owned());
        };
        Some(match (self.swapped.map(|(kind, ..)| kind), self.retired) {
            (Some(SwapKind::Promotion), retired) if retired.is_some() || self.replaced == 0 => {
                "change a file below models/ and run the same command, or `mzflow log`".to_owned()
            }
            (Some(SwapKind::Promotion), _) => {
                format!(
                    "the replaced version is kept: `mzflow rollback {id}` takes this back, `mzflow log` tells more"
                )
            }
            (Some(SwapKind::Rollback), _) => format!("`mzflow promote {id}` or `mzflow abort {id}`"),
            (None, _) if self.aborted => "change a file below models/ and run the same command".to_owned(),
            (None, _) => format!("`mzflow wait {id}`, then `mzflow promote {id}` or `mzflow abort {id}`"),
        })
    }

    /// What counts, for programs.
    pub(crate) fn json(&self) -> Map<String, Value> {
        let waited = self.hydrated.map(|waited| u64::try_from(waited.as_millis()).unwrap_or(u64::MAX));
        let fields = json!({
            "deployment": self.deployment,
            "epoch": self.swapped.map(|(_, _, to)| to),
            "objects": self.staged.then_some(self.built),
            "schemas": self.staged.then_some(self.schemas),
            "clusters": self.staged.then_some(self.clusters),
            "statements": (self.statements > 0).then_some(self.statements),
            "hydration_ms": waited,
            "dropped": self.retired,
            "shifted": (!self.shifted.is_empty()).then_some(&self.shifted),
        });
        match fields {
            Value::Object(fields) => fields.into_iter().filter(|(_, value)| !value.is_null()).collect(),
            _ => Map::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    fn told(seen: &Seen) -> String {
        seen.lines(false, true).iter().map(|line| line.trim_start()).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_deployment_in_three_lines() {
        let id: DeploymentId = "77b01de".parse().expect("an id");
        let mut seen = Seen::default();
        let took = Duration::from_millis(40);
        seen.take(&Event::Applied { actions: vec!["create cluster c".to_owned()], took });
        seen.take(&Event::StageStarted {
            deployment: id.clone(),
            statements: 19,
            names: Vec::new(),
            found: 0,
        });
        seen.take(&Event::Staged { deployment: id.clone(), objects: 5, schemas: 2, clusters: 1, took });
        let (kind, objects) = (SwapKind::Promotion, 5);
        seen.take(&Event::Swapped {
            renamed: 0,
            deployment: id.clone(),
            kind,
            from: 1,
            to: 2,
            schemas: 2,
            clusters: 1,
            objects,
            replaced: 4,
            took,
        });
        expect![[r#"
              changed  1 thing applied · 2 schemas, 1 cluster · epoch 1 → 2
              cost     5 objects built with 19 statements
              next     the replaced version is kept: `mzflow rollback 77b01de` takes this back, `mzflow log` tells more"#]]
        .assert_eq(&told(&seen));
        seen.take(&Event::Dropped { deployment: id, reason: DropReason::Retire, objects: 4, took });
        expect![[r#"
              changed  1 thing applied · 2 schemas, 1 cluster · epoch 1 → 2
              cost     5 objects built with 19 statements · 4 replaced objects dropped
              next     change a file below models/ and run the same command, or `mzflow log`"#]]
        .assert_eq(&told(&seen));
        expect![[r#"{"deployment":"77b01de","epoch":2,"objects":5,"schemas":2,"clusters":1,"statements":19,"dropped":4}"#]]
            .assert_eq(&Value::Object(seen.json()).to_string());
    }

    #[test]
    fn a_run_without_changes_and_a_rehearsal() {
        let compared = Seen { compared: true, ..Seen::default() };
        assert_eq!(
            compared.lines(false, false),
            ["  next     change a file below models/ and run the same command"]
        );
        assert!(Seen::default().lines(false, false).is_empty());
        assert_eq!(Seen::default().lines(true, false), ["  nothing would be sent"]);
        let seen = Seen { rehearsed: 3, ..Seen::default() };
        assert_eq!(
            seen.lines(true, true),
            ["  nothing was sent; the same command without --dry-run sends 3 statements"]
        );
    }
}
