//! Sinks that are dropped to be made anew: by the ids that were seen when that was decided.
//!
//! DROP goes by name, so each is claimed first, as whatever is deleted: under a fence it is renamed, where its id is
//! the one that was seen. What was cut in between is found by its record and gone on with. Start reading at [`drop`].

use std::collections::BTreeMap;

use crate::catalog::Catalog;
use crate::db::apply::OnFailure;
use crate::db::journal::Which;
use crate::deployment::deletion;
use crate::deployment::deletion::Deletion;
use crate::deployment::record::Record;
use crate::name::ObjectId;
use crate::name::ObjectKind;
use crate::name::ObjectName;
use crate::plan::Plan;
use crate::plan::exchange::Exchange;
use crate::plan::step::Step;
use crate::primitives::code::Code;
use crate::primitives::ctx::Ctx;
use crate::primitives::error::Error;
use crate::primitives::fenced;
use crate::primitives::fenced::Next;

/// The `kind` of their records.
const KIND: &str = "sink";

/// A sink, as it was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sink {
    /// Its name.
    pub(super) name: ObjectName,
    /// Its id.
    pub(super) id: ObjectId,
}

impl Sink {
    /// What becomes of it, in one step.
    pub(super) fn dropped(&self) -> Step {
        Step::DropObjects { kind: ObjectKind::Sink, names: vec![self.name.clone()] }
    }

    /// The name that marks it as being dropped.
    fn claimed(&self) -> Result<ObjectName, Error> {
        let marked = deletion::claimed(&self.name.object).map_err(|error| {
            let message = format!("sink {} cannot be claimed before it is dropped: {error}", self.name);
            Error::new(Code::ApplySinkMoved, message).effect("no sink was dropped")
        })?;
        Ok(self.name.schema_name().object(marked))
    }

    fn record(&self, is_gone: bool) -> Record {
        let id = Some(self.id.as_str().to_owned());
        Record::Deletion(Deletion { kind: KIND.to_owned(), name: self.name.to_string(), id, is_gone })
    }
}

/// The sinks that were claimed by what was cut before it had dropped them.
///
/// # Errors
/// `db.*`.
pub(super) async fn cut(ctx: &Ctx, catalog: &Catalog) -> Result<Vec<Sink>, Error> {
    let marked = |name: &ObjectName| deletion::is_claimed(&name.object);
    if !catalog.objects.values().any(|object| object.kind == ObjectKind::Sink && marked(&object.name)) {
        return Ok(Vec::new());
    }
    let mut open: BTreeMap<String, Option<String>> = BTreeMap::new();
    for entry in ctx.entries(Which::Kinds(&["deletion"])).await? {
        if let Record::Deletion(row) = entry.record
            && row.kind == KIND
        {
            open.insert(row.name, row.id.filter(|_| !row.is_gone));
        }
    }
    let mut found = Vec::new();
    for (name, id) in open {
        let (Ok(name), Some(id)) = (name.parse(), id) else { continue };
        let sink = Sink { name, id: ObjectId::new(id) };
        if catalog.object(&sink.claimed()?).is_some_and(|stands| stands.id == sink.id) {
            found.push(sink);
        }
    }
    Ok(found)
}

/// A claim under way.
struct Claim<'s>(&'s [Sink]);

impl Claim<'_> {
    /// The sinks that bear their names yet; fails where one of them is another one now, or gone.
    fn named(&self, catalog: &Catalog) -> Result<Vec<(&Sink, ObjectName)>, Error> {
        let mut named = Vec::new();
        for sink in self.0 {
            let marked = sink.claimed()?;
            let bears = |name: &ObjectName| catalog.object(name).is_some_and(|found| found.id == sink.id);
            if bears(&sink.name) {
                named.push((sink, marked));
            } else if !bears(&marked) {
                let message =
                    format!("sink {} was replaced, renamed or dropped in this very moment", sink.name);
                return Err(Error::new(Code::ApplySinkMoved, message).effect("no sink was dropped"));
            }
        }
        Ok(named)
    }
}

impl fenced::Change for Claim<'_> {
    async fn next(&mut self, ctx: &mut Ctx) -> Result<Next, Error> {
        let catalog = ctx.catalog().await?;
        let steps: Vec<Step> = self
            .named(&catalog)?
            .into_iter()
            .map(|(sink, marked)| (ObjectKind::Sink, sink.name.clone(), marked.object))
            .map(|(kind, from, to)| Step::Exchange(Exchange::RenameObject { kind, from, to }))
            .collect();
        Ok(if steps.is_empty() { Next::Happened } else { Next::Try(steps) })
    }

    fn check(&self, catalog: &Catalog) -> Result<(), Error> {
        self.named(catalog).map(|_| ())
    }

    fn codes(&self) -> (Code, Code) {
        (Code::DeleteConflict, Code::ApplyRejected)
    }

    fn what(&self) -> &'static str {
        "the claim"
    }
}

/// Drops them; the steps that were carried out.
///
/// # Errors
/// `apply.sink-moved`, `apply.rejected`, `delete.conflict`, `swap.outcome-unknown`, `run.*`, `db.*`.
pub(super) async fn drop(ctx: &mut Ctx, sinks: &[Sink]) -> Result<Vec<Step>, Error> {
    if sinks.is_empty() {
        return Ok(Vec::new());
    }
    ctx.record_all(sinks.iter().map(|sink| sink.record(false)).collect()).await?;
    fenced::make(ctx, &mut Claim(sinks), fenced::RETRY_FOR).await?;
    let mut names = sinks.iter().map(Sink::claimed).collect::<Result<Vec<_>, _>>()?;
    names.sort();
    let steps = vec![Step::DropObjects { kind: ObjectKind::Sink, names }];
    let mut plan = Plan::new();
    plan.each(steps.clone());
    let applied = ctx.apply(&plan, OnFailure::Stop, &mut |_| {}).await;
    if let Some((step, error)) = applied.failed.into_iter().next() {
        let message = format!("the server refused to {}: {}", step.what(), error.message());
        return Err(Error::server(Code::ApplyRejected, message, &error)
            .effect("what is left bears a claimed name; the same command goes on"));
    }
    ctx.go_on()?;
    ctx.record_all(sinks.iter().map(|sink| sink.record(true)).collect()).await?;
    Ok(sinks.iter().map(Sink::dropped).collect())
}
