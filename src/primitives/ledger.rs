//! What the journal tells about deployments: pure functions from its rows to their states.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::code::Code;
use super::error::Error;
use crate::clock::Timestamp;
use crate::db::journal::Entry;
use crate::deployment::DeploymentId;
use crate::deployment::RunId;
use crate::deployment::dropping::DropDone;
use crate::deployment::dropping::DropIntent;
use crate::deployment::dropping::DropReason;
use crate::deployment::epoch;
use crate::deployment::epoch::Marker;
use crate::deployment::epoch::SwapEntry;
use crate::deployment::epoch::SwapIntent;
use crate::deployment::epoch::SwapKind;
use crate::deployment::record::Record;
use crate::deployment::record::SchemaPair;
use crate::deployment::record::StageDone;
use crate::deployment::record::StageIntent;
use crate::deployment::record::SwapDone;
use crate::deployment::rights::SwapInPlace;
use crate::deployment::rights::Undo;
use crate::deployment::said::Claims;
use crate::deployment::said::MetadataIntent;
use crate::deployment::shift::Setting;
use crate::deployment::shift::ShiftIntent;
use crate::deployment::state;
use crate::deployment::state::Input;
use crate::deployment::state::State;
use crate::name::RoleName;
use crate::name::SchemaName;

/// The kinds of rows that [`Ledger::new`] wants.
pub const KINDS: [&str; 11] = [
    "metadata.intent",
    "stage.intent",
    "stage.done",
    "swap.intent",
    "swap.in-place",
    "swap.done",
    "shift.intent",
    "shift.done",
    "unshift.done",
    "drop.intent",
    "drop.done",
];

/// A role whose new sessions read a deployment, or are about to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shift {
    /// What was set of it, with what it had before.
    pub settings: Vec<Setting>,
    /// Whether all of it is known to be set.
    pub is_done: bool,
}

/// One deployment, as far as the journal tells.
#[derive(Clone, Debug)]
pub struct Deployment {
    /// Where it stands.
    pub state: State,
    /// What it set out to be.
    pub intent: StageIntent,
    /// When its names were recorded first, by the server's clock.
    pub staged_at: Timestamp,
    /// The role that staged it.
    pub actor: String,
    /// The runs that worked on it, oldest first.
    pub runs: Vec<RunId>,
    /// The runs that set out to build it and have not said that it is built, with their roles.
    pub building: BTreeMap<RunId, String>,
    /// When it was over: production with all that follows, or dropped; `None` as long as it is neither.
    pub over_at: Option<Timestamp>,
    /// The ids of what was built, once all of it was.
    pub done: Option<StageDone>,
    /// What is being or was dropped of it.
    pub dropping: Option<DropIntent>,
    /// The last swap to or from it that committed.
    pub swapped: Option<SwapEntry>,
    /// Whether everything that follows that swap was done.
    pub settled: bool,
    /// Sinks that could not be cut over.
    pub pending_sinks: Vec<String>,
    /// Materialized views that could not be replaced in place.
    pub pending_replacements: Vec<String>,
    /// What takes back what its last promotion did beside the swap.
    pub undo: Undo,
    /// The roles that read it, and were not put back yet.
    pub shifts: BTreeMap<RoleName, Shift>,
}

/// Every deployment and every swap.
#[derive(Clone, Debug)]
pub struct Ledger {
    /// The marker as it stands.
    pub marker: Marker,
    /// By id.
    pub deployments: BTreeMap<DeploymentId, Deployment>,
    /// The swaps that committed, oldest first.
    pub history: Vec<SwapEntry>,
    /// What projects have granted and commented, or will once a deployment is production.
    pub said: Vec<MetadataIntent>,
}

impl Ledger {
    /// Puts the journal's rows together; they come in the order of time.
    pub fn new(entries: &[Entry], marker: Marker) -> Self {
        let swaps: Vec<SwapEntry> = entries.iter().filter_map(swap_entry).collect();
        let history = epoch::history(&swaps, &marker);
        let mut ledger = Self { marker, deployments: BTreeMap::new(), history, said: Vec::new() };
        for entry in entries {
            ledger.take(entry);
        }
        ledger
    }

    /// The promotions that stand, oldest first.
    pub fn standing(&self) -> Vec<DeploymentId> {
        epoch::standing(&self.history).into_iter().map(|entry| entry.intent.deployment.clone()).collect()
    }

    /// Tells whether a later promotion of the same project has said what this one's files say.
    pub fn is_overtaken(&self, known: &Deployment) -> bool {
        let Some(swapped) = &known.swapped else { return false };
        let own: BTreeSet<&SchemaName> = known.intent.project_schemas.iter().collect();
        let later = self.history.iter().filter(|swap| swap.intent.to.epoch > swapped.intent.to.epoch);
        later.filter(|swap| swap.intent.kind == SwapKind::Promotion).any(|swap| {
            let of = self.deployments.get(&swap.intent.deployment);
            of.is_some_and(|of| of.intent.project_schemas.iter().any(|name| own.contains(name)))
        })
    }

    /// The staging schemas of deployments that are not production.
    pub fn staging(&self) -> BTreeSet<SchemaName> {
        let open = self.deployments.values().filter(|deployment| deployment.state.is_open());
        let pairs = open.flat_map(|open| open.intent.schemas.iter().chain(&open.intent.replaced_in));
        pairs.map(SchemaPair::staging_name).collect()
    }

    /// The schemas that were promoted last as ones with a stable API.
    pub fn stable(&self) -> BTreeSet<SchemaName> {
        let mut stable = BTreeSet::new();
        for id in self.standing() {
            let Some(deployment) = self.deployments.get(&id) else { continue };
            stable.retain(|schema| !deployment.intent.project_schemas.contains(schema));
            stable.extend(deployment.intent.stable.iter().cloned());
        }
        stable
    }

    /// The deployment of that id.
    ///
    /// # Errors
    /// `deployment.unknown`, with the nearest id there is.
    pub fn deployment(&self, id: &DeploymentId) -> Result<&Deployment, Error> {
        self.deployments.get(id).ok_or_else(|| {
            let known = self.deployments.keys().map(DeploymentId::as_str);
            let near = known.max_by(|a, b| {
                strsim::jaro_winkler(a, id.as_str()).total_cmp(&strsim::jaro_winkler(b, id.as_str()))
            });
            let error =
                Error::new(Code::DeploymentUnknown, format!("no deployment `{id}` was ever staged here"))
                    .effect("nothing was changed");
            match near {
                Some(near) if strsim::jaro_winkler(near, id.as_str()) > 0.7 => {
                    error.line(format!("did you mean `{near}`?"))
                }
                _ => error,
            }
        })
    }

    /// What a project has put on things and what stands of it, told by its schemas.
    pub fn claims(&self, own: &BTreeSet<SchemaName>) -> Claims {
        let standing: BTreeSet<DeploymentId> = self.standing().into_iter().collect();
        let counts = |said: &&MetadataIntent| {
            let is_ours = said.project_schemas.iter().any(|schema| own.contains(schema));
            is_ours && said.deployment.as_ref().is_none_or(|id| standing.contains(id))
        };
        let mut claims = Claims::default();
        self.said.iter().filter(counts).for_each(|said| claims.take(said));
        claims
    }

    fn take_said(&mut self, intent: &MetadataIntent) {
        if intent.deployment.is_some() {
            // Staged once more under the same id: what it was to grant before does not count.
            self.said.retain(|said| said.deployment != intent.deployment);
        }
        self.said.push(intent.clone());
    }

    fn take(&mut self, entry: &Entry) {
        match &entry.record {
            Record::StageIntent(intent) => self.take_stage(entry, intent),
            Record::StageDone(done) => {
                let known = self.moved(&done.deployment, Input::StageDone, &entry.run);
                if let Some(deployment) = known {
                    deployment.done = Some(done.clone());
                    deployment.building.remove(&entry.run);
                }
            }
            Record::SwapIntent(intent) => self.take_swap(entry, intent),
            Record::SwapInPlace(in_place) => self.take_in_place(in_place),
            Record::SwapDone(done) => self.take_swap_done(entry, done),
            // What a run that was overtaken has left is no state of its deployment.
            Record::DropDone(DropDone { reason: DropReason::Overtaken, .. })
            | Record::DropIntent(DropIntent { reason: DropReason::Overtaken, .. }) => {}
            Record::DropIntent(intent) => {
                let (input, wanted) = match intent.reason {
                    DropReason::Abort => (Input::AbortIntended, State::Aborting),
                    DropReason::Retire | DropReason::Overtaken => (Input::RetireIntended, State::Retiring),
                };
                let known = self.moved(&intent.deployment, input, &entry.run);
                if let Some(deployment) = known.filter(|known| known.state == wanted) {
                    deployment.dropping = Some(intent.clone());
                }
            }
            Record::DropDone(done) => self.take_drop_done(entry, done),
            Record::MetadataIntent(intent) => self.take_said(intent),
            Record::ShiftIntent(intent) => self.take_shift(entry, intent),
            Record::ShiftDone(done) => {
                if let Some(deployment) = self.deployments.get_mut(&done.deployment) {
                    for role in &done.roles {
                        deployment.shifts.entry(role.clone()).and_modify(|shift| shift.is_done = true);
                    }
                }
            }
            Record::UnshiftDone(done) => {
                if let Some(deployment) = self.deployments.get_mut(&done.deployment) {
                    remember(&mut deployment.runs, &entry.run);
                    deployment.shifts.retain(|role, _| !done.roles.contains(role));
                }
            }
            Record::RunStarted(_)
            | Record::UnshiftIntent(_)
            | Record::RunFinished(_)
            | Record::StepDone(_)
            | Record::PolicyDecided(_)
            | Record::ApprovalAsked(_)
            | Record::ApprovalGiven(_)
            | Record::ApplyIntent(_)
            | Record::ApplyDone(_)
            | Record::WatchBegan(_)
            | Record::OverlayIntent(_)
            | Record::OverlayDone(_)
            | Record::OverlayDropped(_)
            | Record::Deletion(_)
            | Record::StageObjects(_) => {}
        }
    }

    fn take_drop_done(&mut self, entry: &Entry, done: &DropDone) {
        let known = self.moved(&done.deployment, Input::DropDone, &entry.run);
        if let Some(deployment) = known.filter(|known| known.state == State::Aborted) {
            deployment.over_at = Some(entry.at);
        }
    }

    fn take_swap(&mut self, entry: &Entry, intent: &SwapIntent) {
        // Only what the marker confirms has happened.
        let Some(committed) = self.history.iter().find(|swap| swap.intent == *intent).cloned() else {
            return;
        };
        let input = match intent.kind {
            SwapKind::Promotion => Input::Promoted,
            SwapKind::Rollback => Input::RolledBack,
        };
        let known = self.moved(&intent.deployment, input, &entry.run);
        if let Some(deployment) = known {
            deployment.swapped = Some(committed);
            deployment.settled = false;
            deployment.over_at = None;
            deployment.dropping = None;
            if intent.kind == SwapKind::Promotion {
                deployment.undo = Undo::default();
            }
        }
    }

    fn take_in_place(&mut self, in_place: &SwapInPlace) {
        let Some(deployment) = self.deployments.get_mut(&in_place.deployment) else { return };
        let is_last = deployment.swapped.as_ref().is_some_and(|swap| swap.intent.to.epoch == in_place.epoch);
        if is_last {
            // A promotion that was finished in several attempts has changed what each set out to change.
            deployment.undo.back.extend(in_place.back.iter().cloned());
            deployment.undo.begun.extend(in_place.sinks.iter().cloned());
        }
    }

    fn take_swap_done(&mut self, entry: &Entry, done: &SwapDone) {
        if let Some(deployment) = self.deployments.get_mut(&done.deployment) {
            deployment.settled = done.is_settled();
            let is_over = done.is_settled() && deployment.state.is_promoted();
            deployment.over_at = is_over.then_some(entry.at);
            deployment.pending_sinks.clone_from(&done.pending_sinks);
            deployment.pending_replacements.clone_from(&done.pending_replacements);
            deployment.undo.made.extend(done.made_sinks.iter().cloned());
        }
    }

    fn take_stage(&mut self, entry: &Entry, intent: &StageIntent) {
        let before = self.deployments.get(&intent.deployment).map(|deployment| deployment.state);
        let Ok(state) = state::step(before, Input::StageIntended) else { return };
        if before.is_some_and(State::is_open) {
            if let Some(deployment) = self.deployments.get_mut(&intent.deployment) {
                // Continued: a model that was refused may have been mended meanwhile.
                deployment.intent = intent.clone();
                deployment.building.insert(entry.run.clone(), entry.actor.clone());
                remember(&mut deployment.runs, &entry.run);
            }
            return;
        }
        let deployment = Deployment {
            state,
            intent: intent.clone(),
            staged_at: entry.at,
            actor: entry.actor.clone(),
            runs: vec![entry.run.clone()],
            building: BTreeMap::from([(entry.run.clone(), entry.actor.clone())]),
            over_at: None,
            done: None,
            dropping: None,
            swapped: None,
            settled: false,
            pending_sinks: Vec::new(),
            pending_replacements: Vec::new(),
            undo: Undo::default(),
            shifts: BTreeMap::new(),
        };
        self.deployments.insert(intent.deployment.clone(), deployment);
    }

    fn take_shift(&mut self, entry: &Entry, intent: &ShiftIntent) {
        let Some(deployment) = self.deployments.get_mut(&intent.deployment) else { return };
        remember(&mut deployment.runs, &entry.run);
        for role in &intent.roles {
            let shift = deployment.shifts.entry(role.role.clone());
            let shift = shift.or_insert_with(|| Shift { settings: Vec::new(), is_done: false });
            shift.is_done = false;
            // Set again after somebody else had set it: it goes back to what it was then.
            shift.settings.retain(|old| role.settings.iter().all(|new| new.parameter != old.parameter));
            shift.settings.extend(role.settings.iter().cloned());
        }
    }

    /// Moves a deployment's state; rows that no run of mzflow could have written change nothing.
    fn moved(&mut self, id: &DeploymentId, input: Input, run: &RunId) -> Option<&mut Deployment> {
        let deployment = self.deployments.get_mut(id)?;
        match state::step(Some(deployment.state), input) {
            Ok(state) => {
                deployment.state = state;
                remember(&mut deployment.runs, run);
                Some(deployment)
            }
            Err(illegal) => {
                tracing::warn!("the journal says of {id}: {illegal}");
                None
            }
        }
    }
}

fn remember(runs: &mut Vec<RunId>, run: &RunId) {
    if !runs.contains(run) {
        runs.push(run.clone());
    }
}

fn swap_entry(entry: &Entry) -> Option<SwapEntry> {
    match &entry.record {
        Record::SwapIntent(intent) => {
            Some(SwapEntry { intent: intent.clone(), at: entry.at, actor: entry.actor.clone() })
        }
        _ => None,
    }
}
