//! The sinks that a promotion makes: those that are new in the project, once what they read is production.
//!
//! Start reading at [`make`].

use std::collections::BTreeSet;

use super::super::ctx::Ctx;
use super::super::error::Error;
use super::super::scope::Scope;
use super::following;
use crate::catalog::Catalog;
use crate::deployment::record::AfterSwap;
use crate::name::ObjectId;
use crate::name::ObjectKind;
use crate::name::ObjectName;

/// The sink that a recorded statement makes: records have what a step does in words ([`Step::what`]).
///
/// [`Step::what`]: crate::plan::step::Step::what
fn name(after: &AfterSwap) -> Option<ObjectName> {
    after.what.strip_prefix("create sink ").and_then(|name| name.parse().ok())
}

/// Those that do not stand yet, by name.
pub(super) fn missing<'s>(scope: &'s Scope, catalog: &Catalog) -> Vec<(ObjectName, &'s AfterSwap)> {
    let sinks = scope.contents.new_sinks.iter().filter_map(|sink| Some((name(sink)?, sink)));
    sinks.filter(|(name, _)| catalog.object(name).is_none()).collect()
}

/// Makes them; those that the server refuses are told, each with the reason.
///
/// # Errors
/// `run.interrupted`, `db.*`.
pub(super) async fn make(ctx: &mut Ctx, scope: &Scope, catalog: &Catalog) -> Result<Vec<String>, Error> {
    let mut missing = self::missing(scope, catalog);
    if missing.is_empty() {
        return Ok(Vec::new());
    }
    let steps = missing.iter().map(|(_, sink)| following::statement(sink));
    let refused = following::carry_out(ctx, steps.collect()).await?;
    if refused.is_empty() {
        return Ok(Vec::new());
    }
    // One whose first answer was lost is there, and so is one that somebody else has made.
    missing = self::missing(scope, &*ctx.reread().await?);
    let why = |sink: &AfterSwap| {
        let found = refused.iter().find(|(step, _)| step.what() == sink.what);
        found.map_or("it is gone again".to_owned(), |(_, error)| error.to_string())
    };
    Ok(missing.into_iter().map(|(name, sink)| format!("sink {name}: {}", why(sink))).collect())
}

/// The ids of those that were to be made and stand.
///
/// # Errors
/// `db.*`.
pub(super) async fn made(ctx: &Ctx, begun: BTreeSet<ObjectName>) -> Result<Vec<ObjectId>, Error> {
    if begun.is_empty() {
        return Ok(Vec::new());
    }
    let catalog = ctx.catalog().await?;
    let stand = begun.iter().filter_map(|name| catalog.object(name));
    let stand = stand.filter(|sink| sink.kind == ObjectKind::Sink && catalog.owns(&sink.owner));
    Ok(stand.map(|sink| sink.id.clone()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::primitives::deeds;
    use crate::primitives::facts::create;
    use crate::primitives::facts::object;

    #[test]
    fn what_a_sink_is_called_is_read_back() {
        for written in ["app.out.feed", "app.out.\"A b\""] {
            let step = create(ObjectKind::Sink, written, Some("compute"), &[]);
            let recorded = deeds::after_swap(&[step]);
            assert_eq!(recorded.first().and_then(name), Some(object(written)));
        }
    }
}
