//! Who has moved what an exchange found moved, and when: as far as the server's audit log tells.
//!
//! It is told and decides nothing: where the log cannot be read, the refusal stands without it.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::Code;
use super::Ctx;
use super::Error;
use super::Scope;
use super::SwapKind;
use super::sides::Moved;
use crate::catalog::Catalog;
use crate::db::audit;
use crate::db::audit::Happened;
use crate::db::audit::Sort;
use crate::db::audit::Thing;
use crate::name::ClusterId;
use crate::name::ObjectId;
use crate::name::ObjectName;
use crate::name::SchemaId;

/// So many of the things that were moved are explained.
const MOST_TOLD: usize = 20;

/// A refusal, and who brought it about where that can be found out.
pub(super) async fn explained(ctx: &mut Ctx, scope: &Scope, kind: SwapKind, error: Error) -> Error {
    let moved_code = matches!(
        error.code(),
        Code::SwapProductionMoved | Code::SwapStagingMoved | Code::RollbackSuperseded | Code::RollbackGone
    );
    if !moved_code {
        return error;
    }
    if ctx.reread().await.is_err() {
        return error;
    }
    let Ok(catalog) = ctx.described(ctx.session(), &scope.described(kind)).await else { return error };
    let Ok(mut moved) = super::sides::all_moved(scope, kind, &catalog) else { return error };
    moved.extend(carried_off(&moved, &catalog));
    let built = made_first(scope);
    let mut things: BTreeSet<Thing> = built.iter().cloned().collect();
    for moved in &moved {
        things.extend(moved.was().into_iter().chain(moved.is()));
    }
    if moved.is_empty() {
        return error;
    }
    let things: Vec<Thing> = things.into_iter().collect();
    match audit::events_of(ctx.session(), &things).await {
        Ok(events) => error.with_lines(lines(&moved, &built, &events)),
        Err(unread) => {
            tracing::debug!("who moved it is not told: {unread}");
            error
        }
    }
}

/// The schemas with which objects have left their names: what happened to those tells who did it.
fn carried_off(moved: &[Moved], catalog: &Catalog) -> Vec<Moved> {
    let known: BTreeSet<Thing> = moved.iter().flat_map(|one| [one.was(), one.is()]).flatten().collect();
    let mut found: BTreeMap<Thing, Moved> = BTreeMap::new();
    for one in moved.iter().filter(|one| one.sort == Sort::Object) {
        let (Some(was), Ok(name)) = (one.was(), one.what.parse::<ObjectName>()) else { continue };
        let Some(stands) = catalog.objects.get(&ObjectId::new(was.id)) else { continue };
        let schema = stands.name.schema_name();
        let Some(id) = catalog.schemas.get(&schema).map(|schema| schema.id.as_str().to_owned()) else {
            continue;
        };
        let thing = Thing { sort: Sort::Schema, id: id.clone() };
        if schema != name.schema_name() && !known.contains(&thing) {
            let what = format!("schema {schema}, which was {}", name.schema_name());
            let one = Moved { what, sort: Sort::Schema, was: Some(id), is: None, altered: None };
            found.entry(thing).or_insert(one);
        }
    }
    found.into_values().collect()
}

/// What the deployment made first, of each sort: ids count upwards. What was done before it is not told.
fn made_first(scope: &Scope) -> Vec<Thing> {
    let done = || scope.done.iter();
    let schemas = done().flat_map(|done| done.schemas.iter().chain(&done.replaced_in)).map(SchemaId::as_str);
    let clusters = done().flat_map(|done| &done.clusters).map(ClusterId::as_str);
    let objects = scope.built.values().map(ObjectId::as_str);
    let first = [
        (Sort::Schema, earliest(schemas)),
        (Sort::Cluster, earliest(clusters)),
        (Sort::Object, earliest(objects)),
    ];
    first.into_iter().filter_map(|(sort, id)| Some(Thing { sort, id: id?.to_owned() })).collect()
}

fn earliest<'i>(ids: impl Iterator<Item = &'i str>) -> Option<&'i str> {
    let number = |id: &str| id.trim_start_matches(char::is_alphabetic).parse::<u64>().ok();
    ids.filter_map(|id| Some((number(id)?, id))).min().map(|(_, id)| id)
}

/// What happened since the deployment was staged to what was moved, a line each.
///
/// Events are the newest first. What happened before the first thing was built is none of this.
fn lines(moved: &[Moved], built: &[Thing], events: &[Happened]) -> Vec<String> {
    let made = events.iter().filter(|event| event.event == "create" && built.contains(&event.to));
    let since = made.map(|event| event.number).min().unwrap_or_default();
    let newest = |thing: Thing, meant: &[&str]| {
        let mut of = events.iter().filter(|event| event.to == thing && event.number > since);
        of.find(|event| meant.contains(&event.event.as_str()))
    };
    let mut told = Vec::new();
    for one in moved {
        let was = one.was().and_then(|thing| newest(thing, &["drop", "alter"]));
        let is = one.is().and_then(|thing| newest(thing, &["create", "alter"]));
        told.extend([was, is].into_iter().flatten().map(|event| line(one, event)));
    }
    let more = told.len().saturating_sub(MOST_TOLD);
    told.truncate(MOST_TOLD);
    if more > 0 {
        told.push(format!("and {more} changes more"));
    }
    told
}

fn line(moved: &Moved, event: &Happened) -> String {
    let did = match event.event.as_str() {
        "create" => "created",
        "drop" => "dropped",
        "alter" => "renamed or altered",
        other => other,
    };
    let who = event.user.as_deref().unwrap_or("somebody the server does not name");
    format!("{}: {} {did} by {who} at {} UTC", moved.what, event.to.id, event.at)
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    fn event(number: u64, sort: Sort, id: &str, event: &str, user: Option<&str>) -> Happened {
        let to = Thing { sort, id: id.to_owned() };
        let at = format!("2026-01-02 03:04:{number:02}");
        Happened { number, to, event: event.to_owned(), user: user.map(str::to_owned), at }
    }

    fn moved(what: &str, sort: Sort, was: Option<&str>, is: Option<&str>) -> Moved {
        Moved {
            what: what.to_owned(),
            sort,
            was: was.map(str::to_owned),
            is: is.map(str::to_owned),
            altered: None,
        }
    }

    #[test]
    fn what_was_made_first_is_told_by_numbers() {
        assert_eq!(earliest(["u10", "u9", "u100"].into_iter()), Some("u9"));
        assert_eq!(earliest(["new-1", "?"].into_iter()), None);
    }

    #[test]
    fn what_happened_since_staging_is_told_and_nothing_older() {
        let built = [Thing { sort: Sort::Schema, id: "u9".to_owned() }];
        let events = [
            event(13, Sort::Cluster, "u2", "alter", None),
            event(12, Sort::Object, "u7", "create", Some("ops")),
            event(11, Sort::Object, "u2", "drop", Some("ops")),
            event(10, Sort::Schema, "u9", "create", Some("deployer")),
            event(4, Sort::Object, "u3", "create", Some("deployer")),
        ];
        let moved = [
            moved("cluster compute", Sort::Cluster, Some("u2"), None),
            moved("app.core.orders", Sort::Object, Some("u2"), Some("u7")),
            moved("app.core.items", Sort::Object, Some("u3"), None),
        ];
        expect![[r#"
            cluster compute: u2 renamed or altered by somebody the server does not name at 2026-01-02 03:04:13 UTC
            app.core.orders: u2 dropped by ops at 2026-01-02 03:04:11 UTC
            app.core.orders: u7 created by ops at 2026-01-02 03:04:12 UTC"#]]
        .assert_eq(&lines(&moved, &built, &events).join("\n"));
    }
}
