//! Sends what creates objects and their indexes, and finds out what the server does not take.

use std::collections::BTreeMap;

use super::Request;
use super::containers;
use super::decide::Build;
use super::ways::Way;
use crate::compiler::template::Names;
use crate::db::apply::OnFailure;
use crate::name::ClusterName;
use crate::name::ObjectName;
use crate::plan::Plan;
use crate::plan::step::Step;
use crate::primitives::changes::creates;
use crate::primitives::code::Code;
use crate::primitives::ctx::Ctx;
use crate::primitives::error::Error;
use crate::primitives::rejection;

/// Why objects could not be built, by their production names; nothing for those that merely read one.
pub(super) type Bad = BTreeMap<ObjectName, Option<Error>>;

/// What the production names that stand in the overlay mean there at the moment.
pub(super) type Means = BTreeMap<ObjectName, ObjectName>;

/// Creates objects and their indexes under their names for now. What they read and is not in the overlay
/// is production's.
///
/// # Errors
/// `run.interrupted`, `db.lost`; what the server refuses is told in `bad`.
pub(super) async fn create(
    ctx: &mut Ctx,
    request: &Request,
    builds: &[&Build<'_>],
    means: &Means,
    bad: &mut Bad,
) -> Result<(), Error> {
    let mut plan = Plan::new();
    plan.each(steps(request, builds, means));
    let applied = ctx.apply(&plan, OnFailure::GoOn, &mut |_| {}).await;
    let compiled = &request.differing.compiled;
    if let Some((_, error)) = applied.failed.iter().find(|(_, error)| error.outcome_unknown()) {
        return Err(Error::from(error.clone()).effect("what the overlay had stays; production is untouched"));
    }
    for (step, _) in &applied.failed {
        if let Some(origin) = step.origin() {
            bad.entry(origin.object.clone()).or_insert(None);
        }
    }
    for (step, error) in rejection::roots(&applied) {
        let rejected = rejection::rejected(Code::OverlayFailed, step, error, Some(compiled));
        match step.origin().and_then(|origin| bad.get_mut(&origin.object)) {
            Some(why) => *why = why.take().or(Some(rejected)),
            None => return Err(rejected),
        }
    }
    containers::stopped(applied.interrupted)
}

/// The statements, in order.
pub(super) fn steps(request: &Request, builds: &[&Build<'_>], means: &Means) -> Vec<Step> {
    let object = |name: &ObjectName| means.get(name).unwrap_or(name).clone();
    let cluster = |_: &ClusterName| request.cluster.clone();
    let names = Names { object: &object, cluster: &cluster };
    let compiled = &request.differing.compiled;
    let of_build = |build: &&Build<'_>| match build.way {
        Way::Over => vec![creates::over(compiled, build.object, &build.under, &names)],
        Way::Free | Way::Renamed | Way::Swapped => {
            creates::object(compiled, build.object, (&build.under, &build.indexes), &names)
        }
    };
    builds.iter().flat_map(of_build).collect()
}

/// What reads a new version that failed is not the new version either.
pub(super) fn follow(builds: &[&Build<'_>], bad: &mut Bad) {
    for build in builds {
        if build.object.depends_on.iter().any(|read| bad.contains_key(read)) {
            bad.entry(build.object.name.clone()).or_insert(None);
        }
    }
}
