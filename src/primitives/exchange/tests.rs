use expect_test::Expect;
use expect_test::expect;

use super::*;
use crate::deployment::change::Change;
use crate::primitives::facts;
use crate::primitives::facts::create;
use crate::primitives::facts::object;
use crate::primitives::facts::staged;
use crate::primitives::scope;

#[track_caller]
fn check_steps(scope: &Scope, kind: SwapKind, expect: Expect) {
    let from: Marker = "epoch@1:r1".parse().expect("a marker");
    let to: Marker = "epoch@2:r2".parse().expect("a marker");
    let steps = steps(scope, kind, &from, &to, &staged().0).expect("names are fine");
    let text: Vec<String> = steps.iter().map(Step::sql).collect();
    expect.assert_eq(&text.join("\n"));
}

#[track_caller]
fn check_refusal(catalog: &Catalog, scope: &Scope, conflicts: ConflictCheck, expect: Expect) {
    let told = match check(scope, SwapKind::Promotion, conflicts, catalog, &[]) {
        Ok(()) => "fine".to_owned(),
        Err(error) => format!("{error}\n{}", error.lines().join("\n")),
    };
    expect.assert_eq(&told);
}

#[test]
fn the_marker_is_renamed_first_and_everything_in_one_go() {
    let (_, scope) = staged();
    check_steps(
        &scope,
        SwapKind::Promotion,
        expect![[r#"
        ALTER SCHEMA "_mzflow"."epoch@1:r1" RENAME TO "epoch@2:r2"
        ALTER SCHEMA "app"."core" SWAP WITH "core__77b01de__mzf"
        ALTER CLUSTER "compute" SWAP WITH "compute__77b01de__mzf""#]],
    );
}

#[test]
fn a_new_schema_moves_in_and_out_by_a_rename() {
    let (_, mut scope) = staged();
    scope.intent.schemas[0].production_id = None;
    scope.intent.clusters.clear();
    check_steps(
        &scope,
        SwapKind::Promotion,
        expect![[r#"
        ALTER SCHEMA "_mzflow"."epoch@1:r1" RENAME TO "epoch@2:r2"
        ALTER SCHEMA "app"."core__77b01de__mzf" RENAME TO "core""#]],
    );
    check_steps(
        &scope,
        SwapKind::Rollback,
        expect![[r#"
        ALTER SCHEMA "_mzflow"."epoch@1:r1" RENAME TO "epoch@2:r2"
        ALTER SCHEMA "app"."core" RENAME TO "core__77b01de__mzf""#]],
    );
}

#[test]
fn an_index_on_a_relation_that_stays_changes_names_by_way_of_a_third() {
    let (_, mut scope) = staged();
    scope.intent.schemas.clear();
    scope.intent.clusters.clear();
    scope.contents.indexes[0].name = object("app.raw.t_idx");
    scope.contents.indexes[0].staging = object("app.raw.t_idx__77b01de__mzf");
    check_steps(
        &scope,
        SwapKind::Promotion,
        expect![[r#"
        ALTER SCHEMA "_mzflow"."epoch@1:r1" RENAME TO "epoch@2:r2"
        ALTER INDEX "app"."raw"."t_idx" RENAME TO "t_idx__77b01de__mzfs"
        ALTER INDEX "app"."raw"."t_idx__77b01de__mzf" RENAME TO "t_idx"
        ALTER INDEX "app"."raw"."t_idx__77b01de__mzfs" RENAME TO "t_idx__77b01de__mzf""#]],
    );
}

/// The staged world with an index on a table, which stays, and its copy on the clone.
fn staged_beside() -> (Catalog, Scope) {
    let (mut catalog, mut scope) = staged();
    let (production, copy) = ("app.raw.t_idx", "app.raw.t_idx__77b01de__mzf");
    catalog.take(&facts::index(production, "app.raw.t", "compute"));
    catalog.take(&facts::index(copy, "app.raw.t", "compute__77b01de__mzf"));
    let at = |name: &str| catalog.object(&object(name)).expect("it was made").id.clone();
    let mut index = scope.contents.indexes[0].clone();
    (index.name, index.staging, index.on) = (object(production), object(copy), object("app.raw.t"));
    index.production_id = Some(at(production));
    scope.contents.replaced_indexes.push(at(production));
    scope.built.insert(object(copy), at(copy));
    scope.contents.indexes.push(index);
    (catalog, scope)
}

fn drop_index(catalog: &mut Catalog, name: &str) {
    catalog.take(&Step::DropObjects { kind: ObjectKind::Index, names: vec![object(name)] });
}

#[test]
fn an_index_beside_that_was_made_anew_or_is_gone_is_found() {
    let (mut catalog, scope) = staged_beside();
    check_refusal(&catalog, &scope, ConflictCheck::Made, expect!["fine"]);
    drop_index(&mut catalog, "app.raw.t_idx");
    check_refusal(
        &catalog,
        &scope,
        ConflictCheck::Made,
        expect![[r#"
            swap.production-moved: production changed since this deployment was staged
            app.raw.t_idx was new-18 when 77b01de was staged and is gone"#]],
    );
    catalog.take(&facts::index("app.raw.t_idx", "app.raw.t", "compute"));
    check_refusal(
        &catalog,
        &scope,
        ConflictCheck::Made,
        expect![[r#"
        swap.production-moved: production changed since this deployment was staged
        app.raw.t_idx was new-18 when 77b01de was staged and is new-20 now"#]],
    );
    check_refusal(&catalog, &scope, ConflictCheck::Skipped, expect!["fine"]);
    let (mut catalog, scope) = staged_beside();
    drop_index(&mut catalog, "app.raw.t_idx__77b01de__mzf");
    check_refusal(
        &catalog,
        &scope,
        ConflictCheck::Skipped,
        expect![[r#"
        swap.staging-moved: what stands under the staging names of 77b01de is not what was recorded
        app.raw.t_idx__77b01de__mzf was new-19 when it was recorded and is gone"#]],
    );
}

#[test]
fn a_world_as_it_was_recorded_is_fine() {
    let (catalog, scope) = staged();
    check_refusal(&catalog, &scope, ConflictCheck::Made, expect!["fine"]);
}

#[test]
fn an_object_of_production_that_was_made_anew_is_found() {
    let (mut catalog, scope) = staged();
    catalog
        .take(&Step::DropObjects { kind: ObjectKind::MaterializedView, names: vec![object("app.core.m")] });
    catalog.take(&create(ObjectKind::MaterializedView, "app.core.m", Some("compute"), &["app.core.v"]));
    check_refusal(
        &catalog,
        &scope,
        ConflictCheck::Made,
        expect![[r#"
        swap.production-moved: production changed since this deployment was staged
        app.core.m was new-13 when 77b01de was staged and is new-18 now"#]],
    );
    check_refusal(&catalog, &scope, ConflictCheck::Skipped, expect!["fine"]);
}

#[test]
fn a_cluster_of_production_that_was_altered_is_found() {
    let (mut catalog, mut scope) = staged();
    let name = scope.intent.clusters[0].production.clone();
    let cluster = catalog.clusters.get_mut(&name).expect("it is there");
    scope.intent.clusters[0].production_shape = Some(scope::shape(cluster));
    cluster.replication_factor = Some(3);
    check_refusal(
        &catalog,
        &scope,
        ConflictCheck::Made,
        expect![[r#"
        swap.production-moved: production changed since this deployment was staged
        cluster compute had size 25cc, replication factor 1 when 77b01de was staged and has size 25cc, replication factor 3 now"#]],
    );
    check_refusal(&catalog, &scope, ConflictCheck::Skipped, expect!["fine"]);
    // What was recorded before this was kept says nothing of it.
    scope.intent.clusters[0].production_shape = None;
    check_refusal(&catalog, &scope, ConflictCheck::Made, expect!["fine"]);
}

#[test]
fn force_skips_the_conflict_check_and_nothing_else() {
    let (mut catalog, scope) = staged();
    catalog.take(&create(ObjectKind::View, "app.core.stranger", None, &[]));
    check_refusal(
        &catalog,
        &scope,
        ConflictCheck::Skipped,
        expect![[r#"
        swap.production-moved: something that the project did not create would be swapped out of production
        view app.core.stranger (owner materialize)"#]],
    );
}

#[test]
fn a_stranger_on_the_cluster_is_found() {
    let (mut catalog, scope) = staged();
    catalog.take(&facts::index("app.raw.by_hand", "app.raw.t", "compute"));
    check_refusal(
        &catalog,
        &scope,
        ConflictCheck::Made,
        expect![[r#"
        swap.production-moved: something that the project did not create would be swapped out of production
        index app.raw.by_hand (owner materialize) on cluster compute"#]],
    );
}

#[test]
fn green_that_somebody_touched_is_found() {
    let (mut catalog, scope) = staged();
    let name = "app.core__77b01de__mzf".parse().expect("a schema");
    catalog.take(&Step::Exchange(Renaming::RenameSchema { from: name, to: facts::ident("taken") }));
    check_refusal(
        &catalog,
        &scope,
        ConflictCheck::Made,
        expect![[r#"
            swap.staging-moved: what stands under the staging names of 77b01de is not what was recorded
            schema app.core__77b01de__mzf was new-8 when it was recorded and is gone
            app.core__77b01de__mzf.m was new-16 when it was recorded and is gone
            app.core__77b01de__mzf.v was new-15 when it was recorded and is gone"#]],
    );
}

#[test]
fn a_sink_gets_the_successor_and_without_one_the_swap_is_refused() {
    let (mut catalog, mut scope) = staged();
    catalog.take(&Step::CreateSchema("app.out".parse().expect("a schema")));
    catalog.take(&create(ObjectKind::Sink, "app.out.k", None, &["app.core.m"]));
    let found = successors(&scope, SwapKind::Promotion, &catalog);
    assert_eq!(found, [(object("app.out.k"), Some(object("app.core.m")))]);
    scope.contents.objects[1].change = Change::Removed;
    scope.built.remove(&object("app.core__77b01de__mzf.m"));
    let named = "app.core__77b01de__mzf.m";
    catalog.take(&Step::DropObjects { kind: ObjectKind::MaterializedView, names: vec![object(named)] });
    check_refusal(
        &catalog,
        &scope,
        ConflictCheck::Made,
        expect![[r#"
        swap.sink-orphaned: a sink reads an object that has no successor
        sink app.out.k reads an object that would be gone"#]],
    );
}

#[test]
fn after_the_swap_the_way_back_is_open_and_a_second_swap_is_not() {
    let (mut catalog, scope) = staged();
    let from: Marker = "epoch@1:r1".parse().expect("a marker");
    let to: Marker = "epoch@2:r2".parse().expect("a marker");
    for step in steps(&scope, SwapKind::Promotion, &from, &to, &catalog).expect("names are fine") {
        catalog.take(&step);
    }
    let back = check(&scope, SwapKind::Rollback, ConflictCheck::Made, &catalog, &[]);
    assert!(back.is_ok(), "{back:?}");
    let again = check(&scope, SwapKind::Promotion, ConflictCheck::Made, &catalog, &[]);
    assert_eq!(again.expect_err("swapping again would swap back").code(), Code::SwapStagingMoved);
}

#[test]
fn what_is_not_staged_completely_is_not_swapped() {
    let (catalog, mut scope) = staged();
    scope.done = None;
    check_refusal(
        &catalog,
        &scope,
        ConflictCheck::Made,
        expect![[r#"
            swap.not-staged: 77b01de is not staged completely
        "#]],
    );
}

/// What a rollback is refused with, once the promotion and then the given steps have happened.
#[track_caller]
fn check_rollback(since: &[Step], expect: Expect) {
    let (mut catalog, scope) = staged();
    let from: Marker = "epoch@1:r1".parse().expect("a marker");
    let to: Marker = "epoch@2:r2".parse().expect("a marker");
    let swap = steps(&scope, SwapKind::Promotion, &from, &to, &catalog).expect("names are fine");
    swap.iter().chain(since).for_each(|step| catalog.take(step));
    let refused = check(&scope, SwapKind::Rollback, ConflictCheck::Made, &catalog, &[]);
    let error = refused.expect_err("the way back is closed");
    expect.assert_eq(&format!("{error}\n{}", error.lines().join("\n")));
}

#[test]
fn a_later_swap_closes_the_way_back() {
    let swap = Renaming::SwapSchemas {
        a: "app.core".parse().expect("a schema"),
        b: facts::ident("core__later__mzf"),
    };
    check_rollback(
        &[Step::CreateSchema("app.core__later__mzf".parse().expect("a schema")), Step::Exchange(swap)],
        expect![[r#"
            rollback.superseded: production is no longer what 77b01de made of it
            schema app.core was new-8 when 77b01de was staged and is new-18 now
            app.core.m was new-16 when 77b01de was staged and is gone
            app.core.v was new-15 when 77b01de was staged and is gone"#]],
    );
}

#[test]
fn a_replaced_version_that_was_dropped_is_not_swapped_back() {
    let gone = Step::DropObjects {
        kind: ObjectKind::MaterializedView,
        names: vec![object("app.core__77b01de__mzf.m")],
    };
    check_rollback(
        &[gone],
        expect![[r#"
            rollback.gone: what stands under the staging names of 77b01de is not what was recorded
            app.core__77b01de__mzf.m was new-13 when it was recorded and is gone"#]],
    );
}
