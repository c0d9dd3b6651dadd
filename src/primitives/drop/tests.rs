use expect_test::Expect;
use expect_test::expect;

use super::*;
use crate::primitives::facts::create;
use crate::primitives::facts::object;
use crate::primitives::facts::staged;

/// Claims and drops on the given catalog, telling every statement or the refusal.
#[track_caller]
fn check_drop(catalog: &mut Catalog, scope: &Scope, reason: DropReason, expect: Expect) {
    let intent = wanted(scope, reason, catalog).expect("names are fine");
    let told = match droppable(&intent, catalog) {
        Err(error) => format!("{error}\n{}", error.lines().join("\n")),
        Ok(()) => {
            let claiming = claiming(&intent, catalog);
            claiming.iter().for_each(|step| catalog.take(step));
            let drops = steps(&intent, catalog);
            drops.iter().for_each(|step| catalog.take(step));
            claiming.iter().chain(&drops).map(Step::sql).collect::<Vec<_>>().join("\n")
        }
    };
    expect.assert_eq(&told);
}

#[test]
fn abort_claims_green_and_drops_it_leaves_first() {
    let (mut catalog, scope) = staged();
    check_drop(
        &mut catalog,
        &scope,
        DropReason::Abort,
        expect![[r#"
        ALTER SCHEMA "app"."core__77b01de__mzf" RENAME TO "core__77b01de__mzx"
        ALTER CLUSTER "compute__77b01de__mzf" RENAME TO "compute__77b01de__mzx"
        DROP MATERIALIZED VIEW "app"."core__77b01de__mzx"."m" RESTRICT
        DROP VIEW "app"."core__77b01de__mzx"."v" RESTRICT
        DROP SCHEMA "app"."core__77b01de__mzx" RESTRICT
        DROP CLUSTER "compute__77b01de__mzx" RESTRICT"#]],
    );
    assert!(catalog.object(&object("app.core.m")).is_some(), "blue is untouched");
}

#[test]
fn what_is_not_there_is_not_dropped() {
    let (mut catalog, scope) = staged();
    let never = ObjectKind::MaterializedView;
    catalog.take(&Step::DropObjects { kind: never, names: vec![object("app.core__77b01de__mzf.m")] });
    check_drop(
        &mut catalog,
        &scope,
        DropReason::Abort,
        expect![[r#"
        ALTER SCHEMA "app"."core__77b01de__mzf" RENAME TO "core__77b01de__mzx"
        ALTER CLUSTER "compute__77b01de__mzf" RENAME TO "compute__77b01de__mzx"
        DROP VIEW "app"."core__77b01de__mzx"."v" RESTRICT
        DROP SCHEMA "app"."core__77b01de__mzx" RESTRICT
        DROP CLUSTER "compute__77b01de__mzx" RESTRICT"#]],
    );
}

#[test]
fn a_drop_that_died_half_way_goes_on_from_the_claimed_names() {
    let (mut catalog, scope) = staged();
    let intent = wanted(&scope, DropReason::Abort, &catalog).expect("names are fine");
    claiming(&intent, &catalog).iter().for_each(|step| catalog.take(step));
    let first = steps(&intent, &catalog).remove(0);
    catalog.take(&first);
    check_drop(
        &mut catalog,
        &scope,
        DropReason::Abort,
        expect![[r#"
        DROP VIEW "app"."core__77b01de__mzx"."v" RESTRICT
        DROP SCHEMA "app"."core__77b01de__mzx" RESTRICT
        DROP CLUSTER "compute__77b01de__mzx" RESTRICT"#]],
    );
}

#[test]
fn a_name_that_holds_another_id_is_not_dropped() {
    let (mut catalog, scope) = staged();
    // A stale abort: the names were swapped since.
    let a = "app.core".parse().expect("a schema");
    let b = crate::primitives::facts::ident("core__77b01de__mzf");
    catalog.take(&Step::Exchange(Exchange::SwapSchemas { a, b }));
    let moved = expect![[r#"
        drop.moved: schema app.core__77b01de__mzf no longer holds what was recorded for 77b01de: that is app.core now
    "#]];
    check_drop(&mut catalog, &scope, DropReason::Abort, moved);
    // The clusters were not swapped with it.
    let retired = expect![[r#"
        drop.moved: cluster compute__77b01de__mzf no longer holds what was recorded for 77b01de: that is compute now
    "#]];
    check_drop(&mut catalog, &scope, DropReason::Retire, retired);
    let cluster = crate::primitives::facts::cluster;
    let (a, b) = (cluster("compute"), cluster("compute__77b01de__mzf"));
    catalog.take(&Step::Exchange(Exchange::SwapClusters { a, b }));
    check_drop(
        &mut catalog,
        &scope,
        DropReason::Retire,
        expect![[r#"
        ALTER SCHEMA "app"."core__77b01de__mzf" RENAME TO "core__77b01de__mzx"
        ALTER CLUSTER "compute__77b01de__mzf" RENAME TO "compute__77b01de__mzx"
        DROP MATERIALIZED VIEW "app"."core__77b01de__mzx"."m" RESTRICT
        DROP VIEW "app"."core__77b01de__mzx"."v" RESTRICT
        DROP SCHEMA "app"."core__77b01de__mzx" RESTRICT
        DROP CLUSTER "compute__77b01de__mzx" RESTRICT"#]],
    );
}

#[test]
fn what_was_swapped_back_or_renamed_by_hand_is_not_dropped() {
    let (mut catalog, scope) = staged();
    // Nobody has swapped: what the names hold is the new version, and production is what was to be retired.
    let moved = expect![[r#"
        drop.moved: schema app.core__77b01de__mzf no longer holds what was recorded for 77b01de: that is app.core now
    "#]];
    check_drop(&mut catalog, &scope, DropReason::Retire, moved);
    let (from, to) =
        ("app.core__77b01de__mzf".parse().expect("a schema"), crate::primitives::facts::ident("kept"));
    catalog.take(&Step::Exchange(Exchange::RenameSchema { from, to }));
    let moved = expect![[r#"
        drop.moved: schema app.core__77b01de__mzf no longer holds what was recorded for 77b01de: that is app.kept now
    "#]];
    check_drop(&mut catalog, &scope, DropReason::Abort, moved);
}

#[test]
fn a_foreign_reader_keeps_everything_and_is_named() {
    let (mut catalog, scope) = staged();
    catalog.take(&Step::CreateSchema("app.theirs".parse().expect("a schema")));
    catalog.take(&create(ObjectKind::View, "app.theirs.report", None, &["app.core__77b01de__mzf.m"]));
    catalog.take(&create(ObjectKind::View, "app.core__77b01de__mzf.inside", None, &[]));
    check_drop(
        &mut catalog,
        &scope,
        DropReason::Abort,
        expect![[r#"
        drop.foreign-dependents: others depend on what was staged as 77b01de
        view app.core__77b01de__mzf.inside (owner materialize)
        view app.theirs.report (owner materialize) reads it"#]],
    );
}

#[test]
fn what_only_a_session_sees_forbids_it_too() {
    let (mut catalog, scope) = staged();
    let read = catalog.object(&object("app.core__77b01de__mzf.m")).expect("it is there").id.clone();
    catalog.reads.insert(ObjectId::new("u123"), [read].into());
    check_drop(
        &mut catalog,
        &scope,
        DropReason::Abort,
        expect![[r#"
        drop.foreign-dependents: others depend on what was staged as 77b01de
        temporary object u123 reads it"#]],
    );
}

#[test]
fn a_state_that_has_nothing_to_drop_says_why() {
    let id = "77b01de".parse().expect("an id");
    let told = |reason, state| match possible(&id, reason, state) {
        Ok(()) => "fine".to_owned(),
        Err(error) => error.to_string(),
    };
    assert_eq!(told(DropReason::Abort, State::Staged), "fine");
    assert_eq!(told(DropReason::Retire, State::Promoted), "fine");
    let refused = [
        told(DropReason::Abort, State::Promoted),
        told(DropReason::Abort, State::Retired),
        told(DropReason::Retire, State::Staged),
        told(DropReason::Abort, State::Aborted),
    ];
    expect![[r#"
        drop.promoted: 77b01de is production: its staging names hold the version that it replaced
        drop.promoted: 77b01de is production
        drop.moved: 77b01de is not production: there is nothing that it replaced
        deployment.gone: 77b01de was dropped before"#]]
    .assert_eq(&refused.join("\n"));
}

#[test]
fn a_name_that_was_taken_over_after_the_claim_was_planned_stops_it() {
    let (mut catalog, scope) = staged();
    let intent = wanted(&scope, DropReason::Abort, &catalog).expect("names are fine");
    let a = "app.core".parse().expect("a schema");
    let b = crate::primitives::facts::ident("core__77b01de__mzf");
    catalog.take(&Step::Exchange(Exchange::SwapSchemas { a, b }));
    let error = droppable(&intent, &catalog).expect_err("the name holds production now");
    expect!["drop.moved: schema app.core__77b01de__mzf no longer holds what was recorded for 77b01de: that is app.core now"]
        .assert_eq(&error.to_string());
}
