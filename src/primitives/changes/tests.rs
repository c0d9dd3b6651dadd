use expect_test::Expect;
use expect_test::expect;

use super::assess::Facts;
use super::assess::assess;
use super::layout::Clones;
use super::layout::cost;
use super::layout::layout;
use super::*;
use crate::catalog::Catalog;
use crate::db::snapshot::DeployedObject;
use crate::deployment::DeploymentId;
use crate::deployment::epoch::Marker;
use crate::deployment::epoch::SwapKind;
use crate::deployment::record::StageDone;
use crate::name::ObjectKind;
use crate::plan::step::Step;
use crate::primitives::code::Code;
use crate::primitives::exchange;
use crate::primitives::facts;
use crate::primitives::scope::Scope;

/// An environment in which the stored parts of the projects below stand, and two clusters.
fn ground() -> Catalog {
    facts::grown(
        &["_mzflow", "app"],
        &["_mzflow.epoch@0:setup", "app.raw"],
        &["c1", "c2"],
        &[facts::create(ObjectKind::Table, "app.raw.t", None, &[])],
    )
}

const TABLE: &str = "-- file: models/app/raw/t.sql\nCREATE TABLE t (id int, n int);\n";

const V1: &str = "\
-- file: models/app/base/b.sql
CREATE VIEW b AS SELECT id, n FROM raw.t;
-- file: models/app/core/m.sql
CREATE MATERIALIZED VIEW m IN CLUSTER c1 AS SELECT id, sum(n) AS s FROM base.b GROUP BY id;
CREATE INDEX m_id IN CLUSTER c1 ON m (id);
-- file: models/app/core/n.sql
CREATE MATERIALIZED VIEW n IN CLUSTER c1 AS SELECT count(*) AS c FROM base.b;
-- file: models/app/serve/v.sql
CREATE VIEW v AS SELECT core.m.id FROM core.m;
CREATE INDEX v_id IN CLUSTER c2 ON v (id);
-- file: models/app/serve/w.sql
CREATE VIEW w AS SELECT id FROM base.b;
";

/// A world that deployments change: the catalog, and what was recorded.
struct World {
    catalog: Catalog,
    snapshot: BTreeMap<ObjectName, DeployedObject>,
    marker: Marker,
    /// The schemas that were promoted as ones with a stable API.
    stable: BTreeSet<SchemaName>,
}

impl World {
    fn new() -> Self {
        let marker = "epoch@0:setup".parse().expect("a marker");
        Self { catalog: ground(), snapshot: BTreeMap::new(), marker, stable: BTreeSet::new() }
    }

    fn assess(&self, project: &str, isolation: Isolation, reuse: &Reuse) -> Changes {
        let compiled = facts::project(&format!("{TABLE}{project}"));
        let own_schemas = ["app.base", "app.core", "app.serve", "app.raw", "app.api"]
            .map(|name| name.parse().expect("a schema"))
            .into();
        let facts = Facts {
            compiled: &compiled,
            catalog: &self.catalog,
            snapshot: &self.snapshot,
            own_schemas: &own_schemas,
            adopted: &BTreeMap::new(),
            staging: &BTreeSet::new(),
            stable: &self.stable,
            indexes_alone: &BTreeMap::new(),
            others: &BTreeMap::new(),
            claims: &crate::deployment::said::Claims::default(),
            base_epoch: self.marker.epoch,
            against: None,
        };
        assess(&facts, isolation, reuse)
    }

    /// Stages and swaps, telling every statement up to the swap.
    fn deploy(&mut self, id: &str, changes: &Changes) -> Vec<String> {
        let id: DeploymentId = id.parse().expect("an id");
        let layout = layout(changes, &id, None, &Clones::new(), &self.catalog).expect("names fit");
        let mut steps = layout.create.clone();
        steps.iter().for_each(|step| self.catalog.take(step));
        let metadata = layout.metadata(&self.catalog);
        metadata.iter().for_each(|step| self.catalog.take(step));
        steps.extend(metadata);
        let scope = self.scope(&layout);
        let to = self.marker.next(&"r1".parse().expect("an id"));
        let swap = exchange::steps(&scope, SwapKind::Promotion, &self.marker, &to, &self.catalog)
            .expect("names fit");
        exchange::check(&scope, SwapKind::Promotion, exchange::ConflictCheck::Made, &self.catalog, &[])
            .expect("nobody interferes");
        swap.iter().for_each(|step| self.catalog.take(step));
        let applied: Vec<Step> = scope
            .contents
            .replacements()
            .map(|object| Step::ApplyReplacement {
                target: object.name.clone(),
                replacement: scope.intent.staging_name(object),
            })
            .collect();
        applied.iter().for_each(|step| self.catalog.take(step));
        self.marker = to;
        self.stable = changes.stable.iter().cloned().collect();
        for object in &changes.objects {
            if object.change == Change::Removed {
                self.snapshot.remove(&object.name);
                continue;
            }
            let row = DeployedObject {
                deployment: id.clone(),
                name: object.name.clone(),
                kind: object.kind,
                object_id: self.catalog.object(&object.name).map(|found| found.id.clone()),
                green_name: object.name.clone(),
                fingerprint: object.fingerprint.clone(),
                metadata_fingerprint: object.metadata_fingerprint.clone(),
                change: object.change,
            };
            self.snapshot.insert(object.name.clone(), row);
        }
        let indexes = self.catalog.objects.values().filter(|object| object.kind == ObjectKind::Index);
        for index in indexes {
            let row = DeployedObject {
                deployment: id.clone(),
                name: index.name.clone(),
                kind: ObjectKind::Index,
                object_id: Some(index.id.clone()),
                green_name: index.name.clone(),
                fingerprint: String::new(),
                metadata_fingerprint: String::new(),
                change: Change::Added,
            };
            self.snapshot.insert(index.name.clone(), row);
        }
        let restored = changes.restored.iter().map(|after| after.sql.clone());
        steps.iter().chain(&swap).chain(&applied).map(Step::sql).chain(restored).collect()
    }

    fn scope(&self, layout: &layout::Layout) -> Scope {
        let built: Vec<ObjectName> = layout
            .create
            .iter()
            .filter_map(|step| match step {
                Step::Create { name, .. } => Some(name.clone()),
                _ => None,
            })
            .collect();
        let schemas =
            layout.intent.schemas.iter().map(|p| self.catalog.schemas[&p.staging_name()].id.clone());
        let clusters = layout.intent.clusters.iter().map(|p| self.catalog.clusters[&p.staging].id.clone());
        Scope {
            done: Some(StageDone {
                deployment: layout.intent.deployment.clone(),
                schemas: schemas.collect(),
                clusters: clusters.collect(),
                replaced_in: layout
                    .intent
                    .replaced_in
                    .iter()
                    .map(|pair| self.catalog.schemas[&pair.staging_name()].id.clone())
                    .collect(),
            }),
            built: built
                .into_iter()
                .map(|name| (name.clone(), self.catalog.object(&name).expect("created").id.clone()))
                .collect(),
            intent: layout.intent.clone(),
            contents: layout.contents.clone(),
            undo: Default::default(),
        }
    }
}

fn told(changes: &Changes, catalog: &Catalog) -> String {
    let mut text = String::new();
    for object in &changes.objects {
        let because: Vec<String> = object.because.iter().map(ToString::to_string).collect();
        text += &format!("{} {}", object.name, object.change);
        if !object.way.is_swapped() {
            text += &format!(" ({})", object.way.as_str());
        }
        if !because.is_empty() {
            text += &format!(" < {}", because.join(" < "));
        }
        text += "\n";
    }
    for line in &changes.kept {
        text += &format!("kept: {line}\n");
    }
    for after in &changes.in_place {
        text += &format!("in place: {}\n", after.sql);
    }
    for error in &changes.refusals {
        text += &format!("{error}\n");
        for line in error.lines() {
            text += &format!("  {line}\n");
        }
    }
    let cost = cost(changes, catalog);
    text + &format!(
        "{} objects, {} clusters, {} statements\n",
        cost.objects, cost.clusters, cost.ddl_statements
    )
}

#[track_caller]
fn check(world: &World, project: &str, isolation: Isolation, expect: Expect) {
    let changes = world.assess(project, isolation, &Reuse::None);
    expect.assert_eq(&told(&changes, &world.catalog));
}

fn first() -> World {
    let mut world = World::new();
    let changes = world.assess(V1, Isolation::Cluster, &Reuse::None);
    world.deploy("1", &changes);
    world
}

#[test]
fn a_first_deployment_clones_no_cluster_and_moves_new_schemas_into_place() {
    let mut world = World::new();
    let changes = world.assess(V1, Isolation::Cluster, &Reuse::None);
    let statements = world.deploy("1", &changes);
    expect![[r#"
        CREATE SCHEMA "app"."base__1__mzf"
        CREATE SCHEMA "app"."core__1__mzf"
        CREATE SCHEMA "app"."serve__1__mzf"
        CREATE VIEW "app"."base__1__mzf"."b" AS SELECT id, n FROM "app"."raw"."t"
        CREATE MATERIALIZED VIEW "app"."core__1__mzf"."m" IN CLUSTER "c1" AS SELECT id, sum(n) AS s FROM "app"."base__1__mzf"."b" GROUP BY id
        CREATE INDEX "m_id" IN CLUSTER "c1" ON "app"."core__1__mzf"."m" (id)
        CREATE MATERIALIZED VIEW "app"."core__1__mzf"."n" IN CLUSTER "c1" AS SELECT count(*) AS c FROM "app"."base__1__mzf"."b"
        CREATE VIEW "app"."serve__1__mzf"."v" AS SELECT "app"."core__1__mzf"."m".id FROM "app"."core__1__mzf"."m"
        CREATE INDEX "v_id" IN CLUSTER "c2" ON "app"."serve__1__mzf"."v" (id)
        CREATE VIEW "app"."serve__1__mzf"."w" AS SELECT id FROM "app"."base__1__mzf"."b"
        ALTER SCHEMA "_mzflow"."epoch@0:setup" RENAME TO "epoch@1:r1"
        ALTER SCHEMA "app"."base__1__mzf" RENAME TO "base"
        ALTER SCHEMA "app"."core__1__mzf" RENAME TO "core"
        ALTER SCHEMA "app"."serve__1__mzf" RENAME TO "serve""#]]
    .assert_eq(&statements.join("\n"));
    assert!(world.catalog.object(&facts::object("app.serve.v")).is_some());
}

#[test]
fn the_same_project_again_is_no_change_however_it_is_formatted() {
    let again = V1.replace("SELECT id, n FROM raw.t", "select ID,\n  n -- the number\nfrom app.raw.t");
    for isolation in Isolation::ALL {
        let changes = first().assess(&again, isolation, &Reuse::None);
        assert!(changes.is_empty(), "{:?}", changes.objects);
        assert_eq!(changes.unchanged, 5);
    }
}

#[test]
fn a_change_in_the_middle() {
    let v2 = V1.replace("sum(n) AS s", "max(n) AS s");
    check(
        &first(),
        &v2,
        Isolation::Cluster,
        expect![[r#"
            app.core.m changed
            app.core.n carried < app.core.m
            app.serve.v dependent < app.core.m
            app.serve.w carried < app.serve.v < app.core.m
            4 objects, 2 clusters, 28 statements
        "#]],
    );
    check(
        &first(),
        &v2,
        Isolation::Schema,
        expect![[r#"
            app.core.m changed
            app.core.n carried < app.core.m
            app.serve.v dependent < app.core.m
            app.serve.w carried < app.serve.v < app.core.m
            4 objects, 0 clusters, 20 statements
        "#]],
    );
}

#[test]
fn a_cluster_that_is_kept_is_not_cloned() {
    let v2 = V1.replace("sum(n) AS s", "max(n) AS s");
    let reuse = Reuse::Some([facts::cluster("c1")].into());
    let world = first();
    let changes = world.assess(&v2, Isolation::Cluster, &reuse);
    let clones: Vec<String> = changes.clusters.keys().map(ToString::to_string).collect();
    assert_eq!(clones, ["c2"]);
    assert!(world.assess(&v2, Isolation::Cluster, &Reuse::All).clusters.is_empty());
}

#[test]
fn the_swap_of_a_change_leaves_production_whole() {
    let mut world = first();
    let v2 = V1.replace("sum(n) AS s", "max(n) AS s");
    let before = world.catalog.object(&facts::object("app.base.b")).map(|found| found.id.clone());
    let changes = world.assess(&v2, Isolation::Cluster, &Reuse::None);
    world.deploy("2", &changes);
    let names: Vec<String> = ["app.base", "app.core", "app.serve"]
        .iter()
        .flat_map(|schema| {
            let schema = schema.parse().expect("a schema");
            world.catalog.objects_in(&schema).map(|object| object.name.to_string()).collect::<Vec<_>>()
        })
        .collect();
    let expected = [
        "app.base.b",
        "app.core.m",
        "app.core.m_id",
        "app.core.n",
        "app.serve.v",
        "app.serve.v_id",
        "app.serve.w",
    ];
    assert_eq!(names, expected);
    let after = world.catalog.object(&facts::object("app.base.b")).map(|found| found.id.clone());
    assert_eq!(before, after, "what is not touched keeps its id");
    assert!(world.assess(&v2, Isolation::Cluster, &Reuse::None).is_empty());
}

#[test]
fn a_removed_object_and_an_index_that_is_gone() {
    let v2 = V1
        .replace("-- file: models/app/serve/w.sql\nCREATE VIEW w AS SELECT id FROM base.b;\n", "")
        .replace("CREATE INDEX m_id IN CLUSTER c1 ON m (id);\n", "");
    check(
        &first(),
        &v2,
        Isolation::Schema,
        expect![[r#"
            app.core.m changed
            app.core.n carried < app.core.m
            app.serve.v dependent < app.core.m
            app.serve.w removed
            3 objects, 0 clusters, 18 statements
        "#]],
    );
}

#[test]
fn grants_and_comments_alone_rebuild_nothing() {
    let v2 = V1.replace(
        "CREATE VIEW w AS SELECT id FROM base.b;",
        "CREATE VIEW w AS SELECT id FROM base.b; COMMENT ON VIEW w IS 'wide'; GRANT SELECT ON w TO joe;",
    );
    check(
        &first(),
        &v2,
        Isolation::Cluster,
        expect![[r#"
        app.serve.w metadata
        in place: GRANT SELECT ON TABLE "app"."serve"."w" TO "joe"
        in place: COMMENT ON VIEW "app"."serve"."w" IS 'wide'
        0 objects, 0 clusters, 3 statements
    "#]],
    );
}

#[test]
fn what_somebody_replaced_by_hand_has_drifted() {
    let mut world = first();
    let name = facts::object("app.serve.w");
    world.catalog.take(&Step::DropObjects { kind: ObjectKind::View, names: vec![name] });
    check(
        &world,
        V1,
        Isolation::Schema,
        expect![[r#"
            app.serve.v carried < app.serve.w
            app.serve.w drifted
            2 objects, 0 clusters, 10 statements
        "#]],
    );
    world.catalog.take(&facts::create(ObjectKind::View, "app.serve.w", None, &[]));
    check(
        &world,
        V1,
        Isolation::Schema,
        expect![[r#"
            app.serve.v carried < app.serve.w
            app.serve.w drifted
            2 objects, 0 clusters, 10 statements
        "#]],
    );
}

#[test]
fn an_index_that_somebody_dropped_or_moved_is_drift() {
    let mut world = first();
    let index = facts::object("app.serve.v_id");
    world.catalog.take(&Step::DropObjects { kind: ObjectKind::Index, names: vec![index] });
    check(
        &world,
        V1,
        Isolation::Object,
        expect![[r#"
        app.serve.v drifted (renamed)
        1 objects, 0 clusters, 9 statements
    "#]],
    );
    // What the files no longer have may be gone.
    let without = V1.replace("CREATE INDEX v_id IN CLUSTER c2 ON v (id);\n", "");
    check(
        &world,
        &without,
        Isolation::Object,
        expect![[r#"
            app.serve.v changed (renamed)
            1 objects, 0 clusters, 7 statements
        "#]],
    );
    world.catalog.take(&facts::index("app.serve.v_id", "app.serve.v", "c1"));
    check(
        &world,
        V1,
        Isolation::Object,
        expect![[r#"
        app.serve.v drifted (renamed)
        1 objects, 0 clusters, 10 statements
    "#]],
    );
}

#[test]
fn an_index_that_somebody_dropped_in_a_stable_schema_is_drift() {
    let mut world = stable();
    let index = facts::object("app.api.m_by_id");
    world.catalog.take(&Step::DropObjects { kind: ObjectKind::Index, names: vec![index] });
    check(
        &world,
        &format!("{V1}{API}"),
        Isolation::Schema,
        expect![[r#"
        app.api.m drifted (replaced)
        1 objects, 0 clusters, 10 statements
    "#]],
    );
}

#[test]
fn what_others_have_in_scope_forbids_the_swap() {
    let mut world = first();
    world.catalog.take(&facts::create(ObjectKind::View, "app.serve.theirs", None, &["app.core.m"]));
    world.catalog.take(&facts::index("app.raw.by_hand", "app.raw.t", "c1"));
    world.catalog.take(&Step::CreateSchema("app.out".parse().expect("a schema")));
    world.catalog.take(&facts::create(ObjectKind::Sink, "app.out.k", Some("c2"), &["app.core.n"]));
    world.catalog.take(&facts::create(ObjectKind::View, "app.out.report", None, &["app.serve.v"]));
    let changes = world.assess(&V1.replace("sum(n)", "max(n)"), Isolation::Cluster, &Reuse::None);
    assert_eq!(changes.sinks, ["app.out.k"]);
    expect![[r#"
        app.core.m changed
        app.core.n carried < app.core.m
        app.serve.v dependent < app.core.m
        app.serve.w carried < app.serve.v < app.core.m
        stage.sink-in-scope: a schema or cluster that would be swapped holds a sink
          sink app.out.k on cluster c2
        stage.foreign-in-scope: a schema or cluster that would be swapped holds something that the project did not create
          view app.serve.theirs (owner materialize) in schema app.serve
          index app.raw.by_hand (owner materialize) on cluster c1
        4 objects, 2 clusters, 29 statements
    "#]]
    .assert_eq(&told(&changes, &world.catalog));
    assert_eq!(
        changes.foreign_dependents,
        ["view app.out.report (owner materialize)", "view app.serve.theirs (owner materialize)"]
    );
}

#[test]
fn what_is_missing_or_not_ours_forbids_it_before_anything_is_created() {
    let mut world = first();
    world
        .catalog
        .take(&Step::DropObjects { kind: ObjectKind::Table, names: vec![facts::object("app.raw.t")] });
    world.catalog.session.checked = true;
    world.catalog.session.member_of.clear();
    world.catalog.limits.materialized_views = Some(3);
    let v2 = V1.replace("IN CLUSTER c1 AS SELECT count(*)", "IN CLUSTER nowhere AS SELECT count(*)");
    let v2 = v2.replace("SELECT id, n FROM", "SELECT id, n, 1 AS one FROM");
    check(
        &world,
        &v2,
        Isolation::Cluster,
        expect![[r#"
            app.base.b changed
            app.core.m dependent < app.base.b
            app.core.n changed
            app.serve.v dependent < app.core.m < app.base.b
            app.serve.w dependent < app.base.b
            stage.missing-dependency: something that is read does not exist on the server
              app.raw.t, which app.base.b reads, does not exist
            stage.unknown-cluster: a cluster that an object needs does not exist
              cluster nowhere, for app.core.n, does not exist
            stage.not-owner: materialize does not own what would be swapped
              schema app.base belongs to materialize: ALTER SCHEMA "app"."base" OWNER TO "materialize"
              schema app.core belongs to materialize: ALTER SCHEMA "app"."core" OWNER TO "materialize"
              schema app.serve belongs to materialize: ALTER SCHEMA "app"."serve" OWNER TO "materialize"
              cluster c1 belongs to materialize: ALTER CLUSTER "c1" OWNER TO "materialize"
              cluster c2 belongs to materialize: ALTER CLUSTER "c2" OWNER TO "materialize"
            stage.limit: the server's limits leave no room
              materialized views: 2 now, 2 more, 3 allowed
            5 objects, 2 clusters, 35 statements
        "#]],
    );
}

#[test]
fn an_index_of_a_table_on_a_cloned_cluster_gets_a_copy_of_its_own() {
    let mut world = first();
    world.catalog.take(&facts::index("app.raw.t_id", "app.raw.t", "c1"));
    let with_index = "-- file: models/app/raw/t.sql\nCREATE TABLE t (id int, n int);\nCREATE INDEX t_id IN CLUSTER c1 ON t (id);\n";
    let compiled = facts::project(&format!("{with_index}{}", V1.replace("sum(n)", "max(n)")));
    let own_schemas = BTreeSet::from(["app.core".parse().expect("a schema")]);
    let facts = Facts {
        compiled: &compiled,
        catalog: &world.catalog,
        snapshot: &world.snapshot,
        own_schemas: &own_schemas,
        adopted: &BTreeMap::new(),
        staging: &BTreeSet::new(),
        stable: &BTreeSet::new(),
        indexes_alone: &BTreeMap::new(),
        others: &BTreeMap::new(),
        claims: &crate::deployment::said::Claims::default(),
        base_epoch: 1,
        against: None,
    };
    let changes = assess(&facts, Isolation::Cluster, &Reuse::None);
    assert!(changes.refusals.is_empty(), "{:?}", changes.refusals);
    let statements = world.deploy("2", &changes);
    let about: Vec<&String> = statements.iter().filter(|sql| sql.contains("t_id")).collect();
    expect![[r#"
        [
            "CREATE INDEX \"t_id__2__mzf\" IN CLUSTER \"c1__2__mzf\" ON \"app\".\"raw\".\"t\" (id)",
            "ALTER INDEX \"app\".\"raw\".\"t_id\" RENAME TO \"t_id__2__mzfs\"",
            "ALTER INDEX \"app\".\"raw\".\"t_id__2__mzf\" RENAME TO \"t_id\"",
            "ALTER INDEX \"app\".\"raw\".\"t_id__2__mzfs\" RENAME TO \"t_id__2__mzf\"",
        ]
    "#]]
    .assert_debug_eq(&about);
}

#[test]
fn a_cluster_with_replicas_made_by_hand_is_not_cloned() {
    let mut world = first();
    world.catalog.clusters.get_mut(&facts::cluster("c2")).expect("it was made").managed = false;
    let changes = world.assess(&V1.replace("sum(n)", "max(n)"), Isolation::Cluster, &Reuse::None);
    expect![[r#"
        stage.unmanaged-cluster: a cluster cannot be cloned
        cluster c2 has replicas made by hand"#]]
    .assert_eq(&refusals(&changes));
    let kept = Reuse::Some([facts::cluster("c2")].into());
    assert_eq!(refusals(&world.assess(&V1.replace("sum(n)", "max(n)"), Isolation::Cluster, &kept)), "");
}

#[test]
fn what_others_read_is_not_removed() {
    let mut world = first();
    world.catalog.take(&Step::CreateSchema("app.out".parse().expect("a schema")));
    world.catalog.take(&facts::create(ObjectKind::View, "app.out.report", None, &["app.serve.w"]));
    world.catalog.take(&facts::create(ObjectKind::Sink, "app.out.k", None, &["app.serve.w"]));
    let without =
        V1.replace("-- file: models/app/serve/w.sql\nCREATE VIEW w AS SELECT id FROM base.b;\n", "");
    let changes = world.assess(&without, Isolation::Schema, &Reuse::None);
    expect![[r#"
        stage.removed-still-read: an object that the project no longer has is still read by others
        view app.out.report (owner materialize) reads app.serve.w
        sink app.out.k (owner materialize) reads app.serve.w"#]]
    .assert_eq(&refusals(&changes));
}

#[test]
fn a_name_that_leaves_no_room_for_the_id_is_refused() {
    let world = World::new();
    let long = format!("-- file: models/app/{}/v.sql\nCREATE VIEW v AS SELECT 1 AS a;\n", "s".repeat(245));
    let changes = world.assess(&long, Isolation::Cluster, &Reuse::None);
    let id = "77b01de".parse().expect("an id");
    let error = layout(&changes, &id, None, &Clones::new(), &world.catalog).expect_err("it is too long");
    assert_eq!(error.code(), Code::StageNameTooLong);
}

fn refusals(changes: &Changes) -> String {
    let told = |error: &Error| [vec![error.to_string()], error.lines().to_vec()].concat();
    changes.refusals.iter().flat_map(told).collect::<Vec<_>>().join("\n")
}

#[test]
fn one_by_one_only_what_changed_and_its_readers_are_rebuilt() {
    let v2 = V1.replace("sum(n) AS s", "max(n) AS s");
    check(
        &first(),
        &v2,
        Isolation::Object,
        expect![[r#"
            app.core.m changed (renamed)
            app.serve.v dependent (renamed) < app.core.m
            2 objects, 0 clusters, 19 statements
        "#]],
    );
}

#[test]
fn objects_that_change_names_one_by_one_stand_in_productions_own_schemas() {
    let mut world = first();
    let v2 = V1
        .replace("sum(n) AS s", "max(n) AS s")
        .replace("-- file: models/app/serve/w.sql\nCREATE VIEW w AS SELECT id FROM base.b;\n", "")
        + "-- file: models/app/serve/x.sql\nCREATE VIEW x AS SELECT m.id FROM core.m;\n\
           -- file: models/app/fresh/y.sql\nCREATE VIEW y AS SELECT m.id FROM core.m;\n";
    let changes = world.assess(&v2, Isolation::Object, &Reuse::None);
    let statements = world.deploy("2", &changes);
    expect![[r#"
        CREATE SCHEMA "app"."fresh__2__mzf"
        CREATE MATERIALIZED VIEW "app"."core"."m__2__mzf" IN CLUSTER "c1" AS SELECT id, max(n) AS s FROM "app"."base"."b" GROUP BY id
        CREATE INDEX "m_id__2__mzf" IN CLUSTER "c1" ON "app"."core"."m__2__mzf" (id)
        CREATE VIEW "app"."fresh__2__mzf"."y" AS SELECT "app"."core"."m__2__mzf".id FROM "app"."core"."m__2__mzf"
        CREATE VIEW "app"."serve"."v__2__mzf" AS SELECT "app"."core"."m__2__mzf".id FROM "app"."core"."m__2__mzf"
        CREATE INDEX "v_id__2__mzf" IN CLUSTER "c2" ON "app"."serve"."v__2__mzf" (id)
        CREATE VIEW "app"."serve"."x__2__mzf" AS SELECT "app"."core"."m__2__mzf".id FROM "app"."core"."m__2__mzf"
        ALTER SCHEMA "_mzflow"."epoch@1:r1" RENAME TO "epoch@2:r1"
        ALTER SCHEMA "app"."fresh__2__mzf" RENAME TO "fresh"
        ALTER MATERIALIZED VIEW "app"."core"."m" RENAME TO "m__2__mzr"
        ALTER VIEW "app"."serve"."v" RENAME TO "v__2__mzr"
        ALTER VIEW "app"."serve"."w" RENAME TO "w__2__mzr"
        ALTER INDEX "app"."core"."m_id" RENAME TO "m_id__2__mzr"
        ALTER INDEX "app"."serve"."v_id" RENAME TO "v_id__2__mzr"
        ALTER MATERIALIZED VIEW "app"."core"."m__2__mzf" RENAME TO "m"
        ALTER VIEW "app"."serve"."v__2__mzf" RENAME TO "v"
        ALTER VIEW "app"."serve"."x__2__mzf" RENAME TO "x"
        ALTER INDEX "app"."core"."m_id__2__mzf" RENAME TO "m_id"
        ALTER INDEX "app"."serve"."v_id__2__mzf" RENAME TO "v_id""#]].assert_eq(&statements.join("\n"));
    assert!(world.assess(&v2, Isolation::Object, &Reuse::None).is_empty());
}

#[test]
fn what_is_not_of_the_project_keeps_objects_from_changing_names() {
    let mut world = first();
    world.catalog.take(&facts::index("app.core.by_hand", "app.core.m", "c1"));
    world.catalog.take(&facts::index("app.core.m_max", "app.core.n", "c1"));
    world.catalog.take(&facts::create(ObjectKind::Sink, "app.serve.k", Some("c2"), &["app.serve.v"]));
    let v2 = V1.replace("sum(n) AS s", "max(n) AS s") + "";
    let v2 = v2.replace("ON m (id);", "ON m (id); CREATE INDEX m_max IN CLUSTER c1 ON m (s);");
    check(
        &world,
        &v2,
        Isolation::Object,
        expect![[r#"
            app.core.m changed (renamed)
            app.serve.v dependent (renamed) < app.core.m
            stage.foreign-in-scope: what would be renamed holds something that the project did not create
              index app.core.by_hand (owner materialize) on app.core.m, which would be replaced
              index app.core.m_max (owner materialize) bears the name of an index of app.core.m
            2 objects, 0 clusters, 23 statements
        "#]],
    );
}

const API: &str = "\
-- file: models/app/api.sql
SET api = stable;
-- file: models/app/api/m.sql
CREATE MATERIALIZED VIEW m (id, s) IN CLUSTER c1 AS SELECT core.m.id, s FROM core.m;
CREATE INDEX m_by_id IN CLUSTER c2 ON m (id);
COMMENT ON COLUMN m.id IS 'Whose';
-- file: models/app/api/k.sql
CREATE MATERIALIZED VIEW k IN CLUSTER c1 AS SELECT c FROM core.n;
-- file: models/app/serve/z.sql
CREATE VIEW z AS SELECT id FROM api.m;
";

/// An environment in which the second deployment makes the API stable; the first was of something else.
fn stable() -> World {
    let mut world = first();
    let changes = world.assess(&format!("{V1}{API}"), Isolation::Schema, &Reuse::None);
    assert!(changes.objects.iter().all(|object| object.way.is_swapped()), "a new schema is swapped");
    world.deploy("2", &changes);
    world.catalog.take(&Step::Comment {
        on: crate::plan::privilege::Target::Object(ObjectKind::MaterializedView, facts::object("app.api.m")),
        text: Some("by hand".to_owned()),
    });
    world
}

#[test]
fn what_changes_in_a_stable_schema_is_replaced_and_its_readers_stay() {
    let mut world = stable();
    let v2 = format!("{V1}{}", API.replace("SELECT core.m.id, s", "SELECT core.m.id, s + 1 AS s"));
    check(
        &world,
        &v2,
        Isolation::Schema,
        expect![[r#"
            app.api.m changed (replaced)
            1 objects, 0 clusters, 14 statements
        "#]],
    );
    check(
        &world,
        &v2,
        Isolation::Cluster,
        expect![[r#"
            app.core.m carried < app.api.m
            app.api.m changed (replaced)
            app.core.n carried < app.api.m
            app.api.k carried (replaced) < app.api.m
            app.serve.v dependent < app.core.m < app.api.m
            app.serve.w carried < app.serve.v < app.core.m < app.api.m
            app.serve.z carried < app.serve.v < app.core.m < app.api.m
            stage.foreign-in-scope: a schema or cluster that would be swapped holds something that the project did not create
              index app.serve__2__mzf.v_id (owner materialize) on cluster c2
            7 objects, 2 clusters, 44 statements
        "#]],
    );
    let changes = world.assess(&v2, Isolation::Schema, &Reuse::None);
    let before = world.catalog.object(&facts::object("app.api.m")).expect("it stands").id.clone();
    let reader = world.catalog.object(&facts::object("app.serve.z")).expect("it stands").id.clone();
    let statements = world.deploy("3", &changes);
    expect![[r#"
        CREATE SCHEMA "app"."api__3__mzf"
        CREATE REPLACEMENT MATERIALIZED VIEW "app"."api__3__mzf"."m" (id, s) FOR "app"."api"."m" IN CLUSTER "c1" AS SELECT "app"."core"."m".id, s + 1 AS s FROM "app"."core"."m"
        CREATE INDEX "m_by_id__3__mzf" IN CLUSTER "c2" ON "app"."api"."m" (id)
        ALTER SCHEMA "_mzflow"."epoch@2:r1" RENAME TO "epoch@3:r1"
        ALTER INDEX "app"."api"."m_by_id" RENAME TO "m_by_id__3__mzfs"
        ALTER INDEX "app"."api"."m_by_id__3__mzf" RENAME TO "m_by_id"
        ALTER INDEX "app"."api"."m_by_id__3__mzfs" RENAME TO "m_by_id__3__mzf"
        ALTER MATERIALIZED VIEW "app"."api"."m" APPLY REPLACEMENT "app"."api__3__mzf"."m"
        COMMENT ON MATERIALIZED VIEW "app"."api"."m" IS 'by hand'
        COMMENT ON COLUMN "app"."api"."m"."id" IS 'Whose'"#]].assert_eq(&statements.join("\n"));
    let after = world.catalog.object(&facts::object("app.api.m")).expect("it stands");
    assert_ne!(after.id, before);
    assert_eq!(world.catalog.reads[&reader], [after.id.clone()].into());
    let again = world.assess(&v2, Isolation::Schema, &Reuse::None);
    assert_eq!(again.built().count(), 0, "its id is the recorded one");
}

#[test]
fn a_change_below_a_stable_schema_ends_there() {
    let v2 = format!("{V1}{API}").replace("sum(n) AS s", "max(n) AS s");
    check(
        &stable(),
        &v2,
        Isolation::Schema,
        expect![[r#"
            app.core.m changed
            app.api.m dependent (replaced) < app.core.m
            app.core.n carried < app.core.m
            app.api.k dependent (replaced) < app.core.n < app.core.m
            app.serve.v dependent < app.core.m
            app.serve.w carried < app.serve.v < app.core.m
            app.serve.z carried < app.serve.v < app.core.m
            7 objects, 0 clusters, 30 statements
        "#]],
    );
}

#[test]
fn what_is_new_in_a_stable_schema_is_renamed_into_place_if_its_name_stands_nowhere_else() {
    let mut world = stable();
    let new = "-- file: models/app/api/fresh.sql\nCREATE MATERIALIZED VIEW fresh IN CLUSTER c1 AS SELECT id FROM base.b;\n\
        CREATE INDEX fresh_by_id IN CLUSTER c1 ON fresh (id);\n\
        -- file: models/app/serve/y.sql\nCREATE VIEW y AS SELECT fresh.id FROM api.fresh;\n";
    let v2 = format!("{V1}{API}{new}");
    let changes = world.assess(&v2, Isolation::Schema, &Reuse::None);
    let statements = world.deploy("3", &changes);
    expect![[r#"
        CREATE SCHEMA "app"."serve__3__mzf"
        CREATE MATERIALIZED VIEW "app"."api"."fresh__3__mzf" IN CLUSTER "c1" AS SELECT id FROM "app"."base"."b"
        CREATE INDEX "fresh_by_id__3__mzf" IN CLUSTER "c1" ON "app"."api"."fresh__3__mzf" (id)
        CREATE VIEW "app"."serve__3__mzf"."v" AS SELECT "app"."core"."m".id FROM "app"."core"."m"
        CREATE INDEX "v_id" IN CLUSTER "c2" ON "app"."serve__3__mzf"."v" (id)
        CREATE VIEW "app"."serve__3__mzf"."w" AS SELECT id FROM "app"."base"."b"
        CREATE VIEW "app"."serve__3__mzf"."y" AS SELECT "app"."api"."fresh__3__mzf".id FROM "app"."api"."fresh__3__mzf"
        CREATE VIEW "app"."serve__3__mzf"."z" AS SELECT id FROM "app"."api"."m"
        ALTER SCHEMA "_mzflow"."epoch@2:r1" RENAME TO "epoch@3:r1"
        ALTER SCHEMA "app"."serve" SWAP WITH "serve__3__mzf"
        ALTER MATERIALIZED VIEW "app"."api"."fresh__3__mzf" RENAME TO "fresh"
        ALTER INDEX "app"."api"."fresh_by_id__3__mzf" RENAME TO "fresh_by_id""#]].assert_eq(&statements.join("\n"));
    assert!(world.catalog.object(&facts::object("app.api.fresh_by_id")).is_some());
    assert!(world.assess(&v2, Isolation::Schema, &Reuse::None).is_empty());
}

#[test]
fn what_goes_from_a_stable_schema_goes_unless_others_read_it() {
    let less = API.replace(
        "-- file: models/app/api/k.sql\nCREATE MATERIALIZED VIEW k IN CLUSTER c1 AS SELECT c FROM core.n;\n",
        "",
    );
    let v2 = format!("{V1}{less}");
    check(
        &stable(),
        &v2,
        Isolation::Schema,
        expect![[r#"
            app.api.k removed (renamed)
            0 objects, 0 clusters, 5 statements
        "#]],
    );
    let mut world = stable();
    world.catalog.take(&Step::CreateSchema("app.others".parse().expect("a schema")));
    world.catalog.take(&facts::create(ObjectKind::View, "app.others.v", None, &["app.api.k"]));
    check(
        &world,
        &v2,
        Isolation::Schema,
        expect![[r#"
        kept: app.api.k, which view app.others.v (owner materialize) reads
        0 objects, 0 clusters, 0 statements
    "#]],
    );
    let mut world = stable();
    let changes = world.assess(&v2, Isolation::Schema, &Reuse::None);
    world.deploy("3", &changes);
    assert!(world.catalog.object(&facts::object("app.api.k")).is_none());
    assert!(world.assess(&v2, Isolation::Schema, &Reuse::None).is_empty());
}

#[test]
fn a_schema_that_was_not_stable_is_swapped_once_more() {
    let mut world = stable();
    world.stable.clear();
    let v2 = format!("{V1}{}", API.replace("SELECT core.m.id, s", "SELECT core.m.id, s + 1 AS s"));
    check(
        &world,
        &v2,
        Isolation::Schema,
        expect![[r#"
        app.api.m changed
        app.api.k carried < app.api.m
        app.serve.v carried < app.serve.z < app.api.m
        app.serve.w carried < app.serve.z < app.api.m
        app.serve.z dependent < app.api.m
        5 objects, 0 clusters, 23 statements
    "#]],
    );
}
