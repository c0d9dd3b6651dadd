use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::rc::Rc;

use expect_test::Expect;
use expect_test::expect;

use super::create::Bad;
use super::decide;
use super::decide::Decision;
use super::decide::Facts;
use super::in_place;
use super::naming::Naming;
use super::refuse;
use super::wanted;
use super::wanted::Downstream;
use super::wanted::Wanted;
use super::ways;
use super::ways::Way;
use crate::catalog::Catalog;
use crate::catalog::Object;
use crate::clock::Timestamp;
use crate::compiler::template::Names;
use crate::deployment::change::Change;
use crate::deployment::overlay::DatabasePair;
use crate::deployment::overlay::OverlaidObject;
use crate::name::ClusterName;
use crate::name::ObjectId;
use crate::name::ObjectKind;
use crate::name::ObjectName;
use crate::name::SchemaName;
use crate::plan::privilege::Grantee;
use crate::plan::privilege::Target;
use crate::plan::step::Step;
use crate::primitives::changes::creates;
use crate::primitives::compile::Compiled;
use crate::primitives::facts;
use crate::primitives::overlays::Overlaid;
use crate::primitives::overlays::Overlays;

/// Two schemas: a table outside of the overlay, a view, and over it a materialized view with an index
/// and a view that reads that.
const SHOP: &str = "\
-- file: models/shop/raw/t.sql
CREATE TABLE t (id int, n int);
-- file: models/shop/base/people.sql
CREATE VIEW people AS SELECT id FROM raw.t;
-- file: models/shop/core/totals.sql
CREATE MATERIALIZED VIEW totals IN CLUSTER c AS SELECT sum(n) AS total FROM raw.t;
CREATE INDEX totals_by_total IN CLUSTER c ON totals (total);
-- file: models/shop/core/doubled.sql
CREATE VIEW doubled AS SELECT total * 2 AS twice FROM core.totals;
";

/// A project with more files, which replace those of the same names.
fn with(project: &str, more: &str) -> String {
    let mut files: BTreeMap<&str, &str> = BTreeMap::new();
    for part in project.split("-- file: ").chain(more.split("-- file: ")).filter(|part| !part.is_empty()) {
        let (path, text) = part.split_once('\n').expect("a path and a text");
        files.insert(path, text);
    }
    files.iter().map(|(path, text)| format!("-- file: {path}\n{text}")).collect()
}

fn pair() -> DatabasePair {
    DatabasePair { production: facts::ident("shop"), overlay: facts::ident("shop__a") }
}

fn dev() -> ClusterName {
    facts::cluster("dev")
}

/// An environment with the overlay `a`, as a build of everything leaves it.
struct Stand {
    catalog: Catalog,
    overlays: Overlays,
}

impl Stand {
    fn built(project: &Rc<Compiled>) -> Self {
        let mut catalog = facts::grown(
            &["shop", "shop__a"],
            &["shop.raw"],
            &["dev"],
            &[facts::create(ObjectKind::Table, "shop.raw.t", None, &[])],
        );
        let staged = || project.project.objects.iter().filter(|object| object.kind.is_staged());
        let place = |name: &ObjectName| {
            let is_here = staged().any(|object| object.name == *name);
            if is_here { ObjectName { database: pair().overlay, ..name.clone() } } else { name.clone() }
        };
        let cluster = |_: &ClusterName| dev();
        let names = Names { object: &place, cluster: &cluster };
        let mut objects = BTreeMap::new();
        for object in staged() {
            let name = place(&object.name);
            if !catalog.schemas.contains_key(&name.schema_name()) {
                catalog.take(&Step::CreateSchema(name.schema_name()));
            }
            let indexes: Vec<_> = object.indexes.iter().map(|index| index.name.clone()).collect();
            let steps = creates::object(project, object, (&name, &indexes), &names);
            steps.iter().for_each(|step| catalog.take(step));
            let known = OverlaidObject {
                name: object.name.clone(),
                id: catalog.object(&name).expect("it was made").id.clone(),
                fingerprint: object.fingerprint.to_string(),
                cluster: dev(),
            };
            objects.insert(object.name.clone(), known);
        }
        let known = Overlaid {
            overlay: "a".to_owned(),
            pair: pair(),
            actor: "materialize".to_owned(),
            since: Timestamp(0),
            id: catalog.databases.get(&pair().overlay).map(|database| database.id.clone()),
            objects,
            leftovers: BTreeSet::new(),
            begun: BTreeSet::new(),
            projects: Vec::new(),
            schemas: catalog.schemas_of(&pair().overlay).map(|(_, schema)| schema.id.clone()).collect(),
            begun_schemas: BTreeSet::new(),
            refused: BTreeMap::new(),
        };
        Self { catalog, overlays: Overlays::from([(pair().overlay, known)]) }
    }

    fn known(&mut self) -> &mut Overlaid {
        self.overlays.get_mut(&pair().overlay).expect("it is there")
    }

    /// The schema beside another, made for the overlay before.
    fn beside(&mut self, schema: &str) {
        let name: SchemaName = format!("shop__a.{schema}__a__mzf").parse().expect("a schema");
        self.catalog.take(&Step::CreateSchema(name.clone()));
        let id = self.catalog.schemas[&name].id.clone();
        self.known().schemas.insert(id);
    }

    /// Something that is there besides.
    fn object(&mut self, name: &str, reads: &[&str]) -> ObjectId {
        self.catalog.take(&facts::create(ObjectKind::View, name, None, reads));
        self.catalog.object(&facts::object(name)).expect("it was made").id.clone()
    }

    fn decided<'p>(&self, project: &'p Rc<Compiled>, naming: &mut Naming) -> Decision<'p> {
        let objects: Vec<_> = project.project.objects.iter().filter(|o| o.kind.is_staged()).collect();
        let roots = objects.iter().map(|object| (&object.name, Change::Changed)).collect();
        let wanted = Wanted { objects, roots, skipped: Vec::new() };
        let is_own = |schema: &SchemaName| project.project.schema(schema).is_some();
        let facts = Facts {
            catalog: &self.catalog,
            overlays: &self.overlays,
            cluster: &dev(),
            databases: &[pair()],
            is_own: &is_own,
        };
        decide::decide(&facts, &wanted, naming).expect("names fit")
    }

    /// What a build of a project does now; asserts that it is within the limit.
    fn told(&self, project: &str) -> String {
        let project = facts::project(project);
        let decision = self.decided(&project, &mut Naming::new("a"));
        let (statements, limit) = (statements(&decision, &self.catalog), limit(&decision));
        let within = if statements <= limit { "within" } else { "MORE THAN" };
        format!("{}{statements} statements, {within} {limit}\n", told(&decision))
    }
}

fn told(decision: &Decision<'_>) -> String {
    let mut lines = Vec::new();
    for build in &decision.builds {
        let way = match build.way {
            Way::Free => "create",
            Way::Over => "replace",
            Way::Renamed => "build and rename",
            Way::Swapped => "build and swap",
        };
        let names: Vec<String> = build.names().map(|name| name.to_string()).collect();
        let along = if build.carried.is_some() { ", along" } else { "" };
        lines.push(format!("{way} {}{along}", names.join(", ")));
    }
    for (schema, swap) in &decision.swaps {
        let made: Vec<String> = swap.making().iter().map(Step::what).collect();
        let made = if made.is_empty() { String::new() } else { format!(": {}", made.join(", ")) };
        lines.push(format!("swap {schema} with {}{made}", swap.beside));
    }
    lines.extend(decision.removed.iter().map(|known| format!("remove {}", known.name)));
    lines.extend(decision.cleared.iter().map(|id| format!("clear {id} first")));
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// How many statements it takes.
fn statements(decision: &Decision<'_>, catalog: &Catalog) -> usize {
    let making: usize = decision.swaps.values().map(|swap| swap.making().len()).sum();
    let creates: usize = decision.builds.iter().map(|build| build.names().count()).sum();
    let renames = 2 * decision.builds.iter().filter(|build| build.way == Way::Renamed).count();
    let replaced = decision.builds.iter().filter(|build| build.way != Way::Over);
    let replaced = replaced.filter_map(|build| build.replaces.as_ref());
    let removed = decision.removed.iter().map(|known| &known.id);
    let cleared: BTreeSet<&ObjectId> = decision.cleared.iter().collect();
    let stale = decision.stale.iter().filter(|id| !cleared.contains(id));
    let drops = catalog.drops(replaced.chain(removed).chain(stale)).len();
    let cleared = catalog.drops(decision.cleared.iter()).len();
    making + creates + decision.swaps.len() + renames + drops + cleared
}

/// Two for each object and index that is built, and three.
fn limit(decision: &Decision<'_>) -> usize {
    2 * decision.builds.iter().map(|build| build.names().count()).sum::<usize>() + 3
}

#[track_caller]
fn check(stand: &Stand, project: &str, expect: Expect) {
    expect.assert_eq(&stand.told(project));
}

fn people(of: &str) -> String {
    format!("-- file: models/shop/base/people.sql\nCREATE VIEW people AS SELECT {of} AS id FROM raw.t;\n")
}

fn totals(of: &str) -> String {
    format!(
        "-- file: models/shop/core/totals.sql\n\
         CREATE MATERIALIZED VIEW totals IN CLUSTER c AS SELECT {of} AS total FROM raw.t;\n\
         CREATE INDEX totals_by_total IN CLUSTER c ON totals (total);\n"
    )
}

#[test]
fn the_first_build_creates() {
    let stand =
        Stand::built(&facts::project("-- file: models/shop/raw/t.sql\nCREATE TABLE t (id int, n int);\n"));
    check(
        &stand,
        SHOP,
        expect![[r#"
        create shop__a.base.people
        create shop__a.core.totals, shop__a.core.totals_by_total
        create shop__a.core.doubled
        4 statements, within 11
    "#]],
    );
}

#[test]
fn a_view_that_nobody_reads_is_replaced() {
    let stand = Stand::built(&facts::project(SHOP));
    check(
        &stand,
        SHOP,
        expect![[r#"
        0 statements, within 3
    "#]],
    );
    check(
        &stand,
        &with(SHOP, &people("id + 1")),
        expect![[r#"
        replace shop__a.base.people
        1 statements, within 5
    "#]],
    );
    // Who reads it may be anybody.
    let mut read = Stand::built(&facts::project(SHOP));
    read.object("shop.raw.theirs", &["shop__a.base.people"]);
    check(
        &read,
        &with(SHOP, &people("id + 1")),
        expect![[r#"
        build and swap shop__a.base__a__mzf.people
        swap shop__a.base with shop__a.base__a__mzf: create schema shop__a.base__a__mzf
        4 statements, within 5
    "#]],
    );
    // A view with an index is waited for.
    let indexed = with(SHOP, &(people("id + 1") + "CREATE INDEX by_id IN CLUSTER c ON people (id);\n"));
    check(
        &stand,
        &indexed,
        expect![[r#"
        build and swap shop__a.base__a__mzf.people, shop__a.base__a__mzf.by_id
        swap shop__a.base with shop__a.base__a__mzf: create schema shop__a.base__a__mzf
        5 statements, within 7
    "#]],
    );
}

#[test]
fn a_schema_that_is_rebuilt_is_swapped() {
    let mut stand = Stand::built(&facts::project(SHOP));
    let changed = with(SHOP, &totals("sum(n) + 1"));
    check(
        &stand,
        &changed,
        expect![[r#"
        build and swap shop__a.core__a__mzf.totals, shop__a.core__a__mzf.totals_by_total
        build and swap shop__a.core__a__mzf.doubled
        swap shop__a.core with shop__a.core__a__mzf: create schema shop__a.core__a__mzf
        7 statements, within 9
    "#]],
    );
    stand.beside("core");
    check(
        &stand,
        &changed,
        expect![[r#"
        build and swap shop__a.core__a__mzf.totals, shop__a.core__a__mzf.totals_by_total
        build and swap shop__a.core__a__mzf.doubled
        swap shop__a.core with shop__a.core__a__mzf
        6 statements, within 9
    "#]],
    );
    // What is new and what goes moves with it.
    let more = "-- file: models/shop/core/more.sql\nCREATE VIEW more AS SELECT total FROM core.totals;\n";
    check(
        &stand,
        &with(&changed, more),
        expect![[r#"
        build and swap shop__a.core__a__mzf.totals, shop__a.core__a__mzf.totals_by_total
        build and swap shop__a.core__a__mzf.doubled
        build and swap shop__a.core__a__mzf.more
        swap shop__a.core with shop__a.core__a__mzf
        7 statements, within 11
    "#]],
    );
    let parts = changed.split("-- file: ").filter(|part| !part.contains("doubled") && !part.is_empty());
    let fewer: String = parts.map(|part| format!("-- file: {part}")).collect();
    check(
        &stand,
        &fewer,
        expect![[r#"
        build and swap shop__a.core__a__mzf.totals, shop__a.core__a__mzf.totals_by_total
        swap shop__a.core with shop__a.core__a__mzf
        remove shop.core.doubled
        5 statements, within 7
    "#]],
    );
}

#[test]
fn many_readers_cost_a_statement_each() {
    let readers: String = (0..21)
        .map(|number| {
            format!(
                "-- file: models/shop/core/r{number}.sql\nCREATE VIEW r{number} AS SELECT total + {number} AS a FROM core.totals;\n"
            )
        })
        .collect();
    let project = with(SHOP, &readers);
    let mut stand = Stand::built(&facts::project(&project));
    let last = |stand: &Stand| {
        let told = stand.told(&with(&project, &totals("sum(n) + 1")));
        told.lines().rev().take(2).collect::<Vec<_>>().join("\n")
    };
    expect![[r#"
        28 statements, within 51
        swap shop__a.core with shop__a.core__a__mzf: create schema shop__a.core__a__mzf"#]]
    .assert_eq(&last(&stand));
    stand.beside("core");
    expect![[r#"
        27 statements, within 51
        swap shop__a.core with shop__a.core__a__mzf"#]]
    .assert_eq(&last(&stand));
}

#[test]
fn a_chain_over_schemas() {
    let chain = "\
-- file: models/shop/raw/t.sql
CREATE TABLE t (id int, n int);
-- file: models/shop/s1/a.sql
CREATE VIEW a AS SELECT n FROM raw.t;
-- file: models/shop/s2/b.sql
CREATE MATERIALIZED VIEW b IN CLUSTER c AS SELECT n FROM s1.a;
-- file: models/shop/s3/d.sql
CREATE VIEW d AS SELECT n FROM s2.b;
";
    let mut stand = Stand::built(&facts::project(chain));
    let changed =
        with(chain, "-- file: models/shop/s1/a.sql\nCREATE VIEW a AS SELECT n + 1 AS n FROM raw.t;\n");
    check(
        &stand,
        &changed,
        expect![[r#"
        build and swap shop__a.s1__a__mzf.a
        build and swap shop__a.s2__a__mzf.b
        replace shop__a.s3.d
        swap shop__a.s1 with shop__a.s1__a__mzf: create schema shop__a.s1__a__mzf
        swap shop__a.s2 with shop__a.s2__a__mzf: create schema shop__a.s2__a__mzf
        9 statements, within 9
    "#]],
    );
    stand.beside("s1");
    stand.beside("s2");
    check(
        &stand,
        &changed,
        expect![[r#"
        build and swap shop__a.s1__a__mzf.a
        build and swap shop__a.s2__a__mzf.b
        replace shop__a.s3.d
        swap shop__a.s1 with shop__a.s1__a__mzf
        swap shop__a.s2 with shop__a.s2__a__mzf
        7 statements, within 9
    "#]],
    );
}

#[test]
fn nothing_moves_that_the_overlay_does_not_build() {
    let changed = with(SHOP, &totals("sum(n) + 1"));
    // Somebody else's object.
    let mut stand = Stand::built(&facts::project(SHOP));
    stand.object("shop__a.core.theirs", &[]);
    check(
        &stand,
        &changed,
        expect![[r#"
        build and rename shop__a.core.totals__a__mzf, shop__a.core.totals_by_total__a__mzf
        replace shop__a.core.doubled
        6 statements, within 9
    "#]],
    );
    // A schema of the name of the one beside that nobody knows: there is another name.
    let mut stand = Stand::built(&facts::project(SHOP));
    stand.catalog.take(&Step::CreateSchema("shop__a.core__a__mzf".parse().expect("a schema")));
    check(
        &stand,
        &changed,
        expect![[r#"
        build and swap shop__a.core__a_2__mzf.totals, shop__a.core__a_2__mzf.totals_by_total
        build and swap shop__a.core__a_2__mzf.doubled
        swap shop__a.core with shop__a.core__a_2__mzf: create schema shop__a.core__a_2__mzf
        7 statements, within 9
    "#]],
    );
    // A materialized view that need not be built.
    let kept = "-- file: models/shop/core/kept.sql\nCREATE MATERIALIZED VIEW kept IN CLUSTER c AS SELECT n FROM raw.t;\n";
    let stand = Stand::built(&facts::project(&with(SHOP, kept)));
    check(
        &stand,
        &with(&changed, kept),
        expect![[r#"
        build and rename shop__a.core.totals__a__mzf, shop__a.core.totals_by_total__a__mzf
        replace shop__a.core.doubled
        6 statements, within 9
    "#]],
    );
}

#[test]
fn a_view_is_built_along_where_that_is_less() {
    let kept = "-- file: models/shop/core/kept.sql\nCREATE VIEW kept AS SELECT n FROM raw.t;\n";
    let indexed = "-- file: models/shop/core/doubled.sql\nCREATE VIEW doubled AS SELECT total * 2 AS twice FROM core.totals;\nCREATE INDEX by_twice IN CLUSTER c ON doubled (twice);\n";
    let project = with(&with(SHOP, kept), indexed);
    let mut stand = Stand::built(&facts::project(&project));
    stand.beside("core");
    check(
        &stand,
        &with(&project, &totals("sum(n) + 1")),
        expect![[r#"
        build and swap shop__a.core__a__mzf.kept, along
        build and swap shop__a.core__a__mzf.totals, shop__a.core__a__mzf.totals_by_total
        build and swap shop__a.core__a__mzf.doubled, shop__a.core__a__mzf.by_twice
        swap shop__a.core with shop__a.core__a__mzf
        8 statements, within 13
    "#]],
    );
    // Not where somebody reads it.
    stand.object("shop.raw.theirs", &["shop__a.core.kept"]);
    check(
        &stand,
        &with(&project, &totals("sum(n) + 1")),
        expect![[r#"
        build and rename shop__a.core.totals__a__mzf, shop__a.core.totals_by_total__a__mzf
        build and rename shop__a.core.doubled__a__mzf, shop__a.core.by_twice__a__mzf
        10 statements, within 11
    "#]],
    );
}

#[test]
fn what_an_unfinished_build_has_left_beside_goes_first() {
    let changed = with(SHOP, &totals("sum(n) + 1"));
    let mut stand = Stand::built(&facts::project(SHOP));
    stand.beside("core");
    stand.object("shop__a.core__a__mzf.totals", &[]);
    stand.known().begun.insert(facts::object("shop__a.core__a__mzf.totals"));
    check(
        &stand,
        &changed,
        expect![[r#"
        build and swap shop__a.core__a__mzf.totals, shop__a.core__a__mzf.totals_by_total
        build and swap shop__a.core__a__mzf.doubled
        swap shop__a.core with shop__a.core__a__mzf
        clear new-15 first
        7 statements, within 9
    "#]],
    );
    // Unless somebody reads it: then another one is beside.
    stand.object("shop.raw.theirs", &["shop__a.core__a__mzf.totals"]);
    check(
        &stand,
        &changed,
        expect![[r#"
        build and swap shop__a.core__a_2__mzf.totals, shop__a.core__a_2__mzf.totals_by_total
        build and swap shop__a.core__a_2__mzf.doubled
        swap shop__a.core with shop__a.core__a_2__mzf: create schema shop__a.core__a_2__mzf
        7 statements, within 9
    "#]],
    );
}

#[test]
fn whoever_may_use_a_schema_may_use_the_one_beside() {
    let changed = with(SHOP, &totals("sum(n) + 1"));
    let grant = |on: &str| Step::Grant {
        privileges: vec!["USAGE".to_owned()],
        on: vec![Target::Schema(on.parse().expect("a schema"))],
        to: vec![Grantee::Public],
    };
    let mut stand = Stand::built(&facts::project(SHOP));
    stand.catalog.take(&grant("shop__a.core"));
    check(
        &stand,
        &changed,
        expect![[r#"
        build and rename shop__a.core.totals__a__mzf, shop__a.core.totals_by_total__a__mzf
        replace shop__a.core.doubled
        6 statements, within 9
    "#]],
    );
    stand.beside("core");
    check(
        &stand,
        &changed,
        expect![[r#"
        build and rename shop__a.core.totals__a__mzf, shop__a.core.totals_by_total__a__mzf
        replace shop__a.core.doubled
        6 statements, within 9
    "#]],
    );
    stand.catalog.take(&grant("shop__a.core__a__mzf"));
    check(
        &stand,
        &changed,
        expect![[r#"
        build and swap shop__a.core__a__mzf.totals, shop__a.core__a__mzf.totals_by_total
        build and swap shop__a.core__a__mzf.doubled
        swap shop__a.core with shop__a.core__a__mzf
        6 statements, within 9
    "#]],
    );
}

#[test]
fn a_swap_that_is_given_up_leads_to_renames() {
    let kept = "-- file: models/shop/core/kept.sql\nCREATE VIEW kept AS SELECT n FROM raw.t;\n";
    let indexed = "-- file: models/shop/core/doubled.sql\nCREATE VIEW doubled AS SELECT total * 2 AS twice FROM core.totals;\nCREATE INDEX by_twice IN CLUSTER c ON doubled (twice);\n";
    let reader = "-- file: models/shop/mart/m.sql\nCREATE MATERIALIZED VIEW m IN CLUSTER c AS SELECT twice FROM core.doubled;\n";
    let project = with(&with(&with(SHOP, kept), indexed), reader);
    let mut stand = Stand::built(&facts::project(&project));
    stand.beside("core");
    let changed = facts::project(&with(&project, &totals("sum(n) + 1")));
    let mut naming = Naming::new("a");
    let mut decision = stand.decided(&changed, &mut naming);
    let before = told(&decision);
    // What was built so far.
    let mut catalog = stand.catalog.clone();
    for build in &decision.builds {
        catalog.take(&facts::create(build.object.kind, &build.under.to_string(), None, &[]));
    }
    let bad = Bad::from([(facts::object("shop.mart.m"), None)]);
    let given_up = ways::give_up(
        &["shop__a.core".parse().expect("a schema")].into(),
        &mut decision,
        &bad,
        &mut naming,
        &catalog,
    );
    let given_up = given_up.expect("names fit");
    let dropped: Vec<String> =
        given_up.dropped.iter().map(|id| catalog.objects[id].name.to_string()).collect();
    let again: Vec<String> = given_up.again.iter().map(ToString::to_string).collect();
    expect![[r#"
        build and swap shop__a.core__a__mzf.kept, along
        build and swap shop__a.core__a__mzf.totals, shop__a.core__a__mzf.totals_by_total
        build and swap shop__a.core__a__mzf.doubled, shop__a.core__a__mzf.by_twice
        build and swap shop__a.mart__a__mzf.m
        swap shop__a.core with shop__a.core__a__mzf
        swap shop__a.mart with shop__a.mart__a__mzf: create schema shop__a.mart__a__mzf
        ---
        build and rename shop__a.core.totals__a__mzf, shop__a.core.totals_by_total__a__mzf
        build and rename shop__a.core.doubled__a__mzf, shop__a.core.by_twice__a__mzf
        build and swap shop__a.mart__a__mzf.m
        swap shop__a.mart with shop__a.mart__a__mzf: create schema shop__a.mart__a__mzf
        dropped: shop__a.core__a__mzf.kept, shop__a.core__a__mzf.totals, shop__a.core__a__mzf.doubled, shop__a.mart__a__mzf.m
        again: shop.core.doubled, shop.core.totals
        beside: ["shop__a.core__a__mzf"]
    "#]].assert_eq(&format!(
        "{before}---\n{}dropped: {}\nagain: {}\nbeside: {:?}\n",
        told(&decision),
        dropped.join(", "),
        again.join(", "),
        decision.given_up.iter().map(ToString::to_string).collect::<Vec<_>>(),
    ));
}

#[test]
fn why_each_is_built() {
    let mut stand = Stand::built(&facts::project(SHOP));
    let why = |stand: &Stand, project: &str| {
        let project = facts::project(project);
        let decision = stand.decided(&project, &mut Naming::new("a"));
        let lines = decision.builds.iter().map(|build| format!("{}: {:?}\n", build.object.name, build.why));
        lines.collect::<String>()
    };
    expect![[r#"
        shop.core.totals: Edited
        shop.core.doubled: Reads("shop.core.totals")
    "#]]
    .assert_eq(&why(&stand, &with(SHOP, &totals("sum(n) + 1"))));
    stand.known().objects.get_mut(&facts::object("shop.core.totals")).expect("it stands").fingerprint.clear();
    stand.known().objects.get_mut(&facts::object("shop.base.people")).expect("it stands").cluster =
        facts::cluster("other");
    expect![[r#"
        shop.base.people: Cluster
        shop.core.totals: Failed
        shop.core.doubled: Reads("shop.core.totals")
    "#]]
    .assert_eq(&why(&stand, SHOP));
    stand.known().objects.clear();
    expect![[r#"
        shop.base.people: Differs
        shop.core.totals: Differs
        shop.core.doubled: Differs
    "#]]
    .assert_eq(&why(&stand, SHOP));
}

#[test]
fn names_beside_are_free() {
    let stand = Stand::built(&facts::project(SHOP));
    let mut naming = Naming::new("a");
    let place = naming.place(&facts::object("shop.core.totals")).expect("it fits");
    let mut beside =
        || naming.beside(&place, "mzf", &stand.catalog).map_or_else(|e| e.to_string(), |n| n.to_string());
    expect!["shop__a.core.totals__a__mzf, shop__a.core.totals__a_2__mzf"].assert_eq(&format!(
        "{}, {}",
        beside(),
        beside()
    ));
    // Of names that are too long, those that begin alike are told apart.
    let long = |end: &str| facts::object(&format!("shop.core.{}{end}", "é".repeat(124)));
    let mut names = BTreeSet::new();
    for name in [long("a"), long("b"), long("b")] {
        let place = naming.place(&name).expect("it fits");
        let beside = naming.beside(&place, "mzf", &stand.catalog).expect("it is shortened");
        assert!(beside.object.as_str().ends_with("__mzf"), "{beside}");
        names.insert(beside);
    }
    assert_eq!(names.len(), 3);
    let long = Naming::new(&"n".repeat(300)).place(&facts::object("shop.core.totals"));
    assert_eq!(long.expect_err("it is too long").code().to_string(), "overlay.bad-name");
}

#[test]
fn what_has_to_stay_is_not_dropped_for_what_takes_its_place() {
    let project = facts::project(SHOP);
    let mut stand = Stand::built(&project);
    let mut naming = Naming::new("a");
    let told = |stand: &Stand, naming: &mut Naming| {
        let changed = facts::project(&with(SHOP, &totals("max(n)")));
        let decision = stand.decided(&changed, naming);
        let blocked: Vec<_> = decision.builds.iter().collect();
        let going = in_place::going(&blocked, &stand.catalog);
        let name = |id: &ObjectId| stand.catalog.objects[id].name.to_string();
        let held = going.held.iter().map(|(build, is_read)| format!("{} {is_read}", build.object.name));
        format!(
            "drops {}; replaces {}; holds {}",
            going.ids.iter().map(name).collect::<Vec<_>>().join(", "),
            going.replaced.iter().map(|b| b.object.name.to_string()).collect::<Vec<_>>().join(", "),
            held.collect::<Vec<_>>().join(", ")
        )
    };
    expect!["drops shop__a.core.totals, shop__a.core.doubled; replaces shop.core.totals, shop.core.doubled; holds "].assert_eq(&told(&stand, &mut naming));
    // Somebody else reads the last version of the one that the other reads.
    stand.object("shop.raw.theirs", &["shop__a.core.totals"]);
    expect!["drops ; replaces ; holds shop.core.totals true, shop.core.doubled false"]
        .assert_eq(&told(&stand, &mut naming));
}

#[test]
fn what_is_wanted() {
    let stand = Stand::built(&facts::project(SHOP));
    let told = |project: &str, downstream| {
        let project = facts::project(project);
        let root = facts::object("shop.core.totals");
        let roots = BTreeMap::from([(&root, Change::Changed)]);
        let wanted = wanted::with(&project.project, roots, downstream, &stand.catalog);
        let names: Vec<String> = wanted.objects.iter().map(|object| object.name.to_string()).collect();
        let skipped = wanted.skipped.iter();
        let skipped = skipped.map(|of| format!("{} {:?}, missing {:?}", of.kind, of.names, of.missing));
        format!("{}; skipped {}", names.join(", "), skipped.collect::<Vec<_>>().join(", "))
    };
    let more = with(SHOP, "-- file: models/shop/raw/u.sql\nCREATE TABLE u (id int);\n");
    expect![[r#"shop.core.totals, shop.core.doubled; skipped table ["shop.raw.t"], missing []"#]]
        .assert_eq(&told(SHOP, Downstream::All));
    expect![[r#"shop.core.totals; skipped table ["shop.raw.t", "shop.raw.u"], missing ["shop.raw.u"]"#]]
        .assert_eq(&told(&more, Downstream::None));
}

#[test]
fn what_forbids_an_overlay() {
    let mut stand = Stand::built(&facts::project(SHOP));
    let code = |outcome: Result<(), crate::primitives::error::Error>| {
        outcome.map_or_else(|error| format!("{}: {}", error.code(), error.message()), |()| "fine".to_owned())
    };
    let mut lines = vec![
        code(refuse::others_databases("a", &[pair()], &stand.overlays, &stand.catalog)),
        code(refuse::others_databases("b", &[pair()], &stand.overlays, &stand.catalog)),
        code(refuse::others_databases("a", &[pair()], &Overlays::new(), &stand.catalog)),
        code(refuse::others_on(&facts::cluster("none"), &stand.overlays, &stand.catalog).map(drop)),
    ];
    // What runs on it besides overlays.
    stand.catalog.take(&facts::create(ObjectKind::MaterializedView, "shop.raw.m", Some("dev"), &[]));
    let others = refuse::others_on(&dev(), &stand.overlays, &stand.catalog).expect("it is there");
    let nothing = BTreeMap::new();
    let promoted = BTreeMap::from([(others[0].id.clone(), "first".to_owned())]);
    lines.push(code(refuse::production_cluster(&dev(), &others, &|_: &Object| false, &nothing)));
    lines.push(code(refuse::production_cluster(&dev(), &others, &|_: &Object| true, &nothing)));
    lines.push(code(refuse::production_cluster(&dev(), &others, &|_: &Object| false, &promoted)));
    stand.known().actor = "bob".to_owned();
    lines.push(code(refuse::others_databases("a", &[pair()], &stand.overlays, &stand.catalog)));
    stand.known().actor = "materialize".to_owned();
    // Something under a name of its objects that it did not make.
    stand.known().objects.clear();
    let project = facts::project(&with(SHOP, &totals("sum(n) + 1")));
    let decision = stand.decided(&project, &mut Naming::new("a"));
    lines.push(code(refuse::others_objects(&decision, &stand.overlays, &stand.catalog)));
    expect![[r#"
        fine
        overlay.taken: database shop__a is the overlay `a`'s
        overlay.taken: database shop__a is there already, and no overlay made it
        overlay.unknown-cluster: there is no cluster none
        fine
        overlay.production-cluster: cluster dev runs production: shop.raw.m
        overlay.production-cluster: cluster dev runs production: shop.raw.m, promoted as first
        overlay.taken: the overlay `a` is bob's
        overlay.taken: something that the overlay did not make bears a name of its objects
    "#]]
    .assert_eq(&(lines.join("\n") + "\n"));
}
