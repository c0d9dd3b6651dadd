//! The claim of what is to be dropped, under way: looked for, told, renamed under a fence.

use std::rc::Rc;

use futures_util::future::join;

use super::DropIntent;
use super::DropReason;
use super::Request;
use super::claiming;
use super::droppable;
use super::possible;
use super::stays;
use super::wanted;
use crate::catalog::Catalog;
use crate::clock::Deadline;
use crate::db::subscriptions::Subscription;
use crate::deployment::epoch::Marker;
use crate::deployment::record::Record;
use crate::event::Event;
use crate::primitives::code::Code;
use crate::primitives::ctx::Ctx;
use crate::primitives::error::Error;
use crate::primitives::fenced;
use crate::primitives::fenced::Next;
use crate::primitives::ledger::Ledger;
use crate::primitives::overtaken;
use crate::primitives::scope::Scope;
use crate::primitives::shifted;
use crate::primitives::subscribed;
use crate::primitives::subscribed::Reader;
use crate::primitives::subscribed::Subscribes;

/// A claim under way.
pub(super) struct Claim<'s> {
    /// What is recorded of it.
    recorded: &'s Scope,
    /// The same by ids, where they were not recorded.
    scope: Scope,
    /// What bears a name of it and is none of it, a line each.
    left: Vec<String>,
    reason: DropReason,
    subscribes: Subscribes,
    /// Until when SUBSCRIBEs are waited for.
    patience: Deadline,
    /// Those that end with it.
    ended: Vec<Reader>,
    /// What is claimed, once it is.
    pub(super) intent: Option<DropIntent>,
    /// The epoch at which the deployment's state was looked at.
    marker: Option<Marker>,
}

/// What a look at everything came to.
struct Looked {
    ledger: Rc<Ledger>,
    catalog: Rc<Catalog>,
    intent: DropIntent,
    readers: Vec<Reader>,
}

impl<'s> Claim<'s> {
    /// A claim that has not been tried yet.
    pub(super) fn new(ctx: &Ctx, recorded: &'s Scope, request: &Request) -> Self {
        let patience = match request.subscribes {
            Subscribes::Awaited(patience) => Some(patience),
            Subscribes::Kept | Subscribes::Ended => None,
        };
        Self {
            recorded,
            scope: recorded.clone(),
            left: Vec::new(),
            reason: request.reason,
            subscribes: request.subscribes,
            patience: ctx.clock.deadline(patience),
            ended: Vec::new(),
            intent: None,
            marker: None,
        }
    }

    /// Tells what it leaves, and what ends with it.
    pub(super) fn warn(&mut self, ctx: &Ctx) {
        let warn = |code: &str, message| ctx.events.event(Event::Warning { code: code.to_owned(), message });
        for message in self.left.drain(..) {
            warn("drop.left", format!("{message}: it is left"));
        }
        if !self.ended.is_empty() {
            warn("drop.ends-subscribes", subscribed::counted(&self.ended, ["ends with it", "end with it"]));
        }
    }

    /// Looks where things stand, and says no before anything is written: a refused drop leaves no trace.
    async fn look(&mut self, ctx: &mut Ctx) -> Result<Looked, Error> {
        let (ledger, running) = join(ctx.ledger_or_refuse(), subscribed::running(ctx)).await;
        let (ledger, running) = (ledger?, running?);
        let id = self.recorded.deployment();
        let known = ledger.deployment(id)?;
        possible(id, self.reason, known.state)?;
        let catalog = ctx.catalog().await?;
        if self.reason == DropReason::Abort && self.recorded.done.is_none() {
            let found = overtaken::unfinished(ctx, self.recorded, known, &catalog).await?;
            (self.scope, self.left) = found;
        }
        stays::nothing_open(&self.scope, self.reason, &catalog)?;
        self.marker = Some(ledger.marker.clone());
        let intent = wanted(&self.scope, self.reason, &catalog)?;
        droppable(&intent, &catalog)?;
        let readers = readers(&running, &intent, &catalog);
        Ok(Looked { ledger, catalog, intent, readers })
    }

    /// As [`Claim::look`], once no SUBSCRIBE is in the way.
    async fn look_until_free(&mut self, ctx: &mut Ctx) -> Result<Looked, Error> {
        loop {
            let looked = self.look(ctx).await?;
            match subscribed::decide(&looked.readers, self.subscribes, &self.patience) {
                subscribed::Next::Drop => return Ok(looked),
                // Nothing ends by itself in a rehearsal.
                subscribed::Next::Wait if !ctx.is_rehearsal() => {
                    let still = subscribed::counted(&looked.readers, ["still reads it", "still read it"]);
                    let message = format!("{still}: waits for the end of that");
                    ctx.events.event(Event::Warning { code: "drop.waits".to_owned(), message });
                    let over = |running: &[Subscription]| readers(running, &looked.intent, &looked.catalog);
                    subscribed::let_end(ctx, &self.patience, over).await?;
                    ctx.look_again();
                }
                subscribed::Next::Wait | subscribed::Next::Refuse => {
                    let id = self.recorded.deployment();
                    let what = match self.reason {
                        DropReason::Abort => format!("what was staged as {id}"),
                        DropReason::Retire => format!("the version that {id} replaced"),
                        DropReason::Overtaken => format!("what a run has left of {id}"),
                    };
                    let still = subscribed::counted(&looked.readers, ["still reads", "still read"]);
                    let message = format!("{still} {what}");
                    return Err(Error::new(Code::DropSubscribed, message)
                        .with_lines(subscribed::lines(&looked.readers))
                        .effect("nothing was dropped"));
                }
            }
        }
    }
}

/// The SUBSCRIBEs over what is to be dropped.
fn readers(running: &[Subscription], intent: &DropIntent, catalog: &Catalog) -> Vec<Reader> {
    let objects = intent.objects.iter().collect();
    let clusters = intent.clusters.iter().map(|cluster| &cluster.id).collect();
    subscribed::over(running, &objects, &clusters, catalog)
}

impl fenced::Change for Claim<'_> {
    async fn next(&mut self, ctx: &mut Ctx) -> Result<Next, Error> {
        let Looked { ledger, catalog, intent, readers } = self.look_until_free(ctx).await?;
        let id = self.recorded.deployment();
        if !ledger.deployment(id)?.shifts.is_empty() {
            // Whoever still reads what is dropped would find nothing.
            shifted::put_back(ctx, id, None).await?;
        }
        let steps = claiming(&intent, &catalog);
        let recorded = self.intent.as_ref().is_some_and(|before| *before == intent);
        if !recorded && ledger.deployment(id)?.dropping.as_ref() != Some(&intent) {
            ctx.record(Record::DropIntent(intent.clone())).await?;
        }
        (self.intent, self.ended) = (Some(intent), readers);
        Ok(if steps.is_empty() { Next::Happened } else { Next::Try(steps) })
    }

    fn check(&self, catalog: &Catalog) -> Result<(), Error> {
        match &self.intent {
            // In a transaction of its own the claim is not visible beside it: names are the old ones.
            Some(intent) => {
                stays::not_swapped(self.recorded, self.marker.as_ref(), catalog)?;
                droppable(intent, catalog)
            }
            None => Err(Error::bug("a claim is checked before it is planned")),
        }
    }

    fn codes(&self) -> (Code, Code) {
        (Code::DropConflict, Code::DropRejected)
    }

    fn what(&self) -> &'static str {
        "the claim"
    }
}
