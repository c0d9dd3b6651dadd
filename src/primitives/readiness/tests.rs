use expect_test::Expect;
use expect_test::expect;

use super::*;
use crate::name::ObjectKind;

const NOW: u64 = 1_000_000;

fn cluster(facts: &mut HydrationFacts, id: &str, replicas: &[&str]) {
    let replicas = replicas.iter().map(|replica| (ReplicaId::new(replica), ReplicaFacts::default()));
    let cluster = ClusterFacts { replicas: replicas.collect(), scheduled: false };
    facts.clusters.insert(ClusterId::new(id), cluster);
}

fn object(
    facts: &mut HydrationFacts,
    id: &str,
    on: Option<&str>,
    hydrated: &[(&str, bool)],
    frontier: Frontier,
) {
    let object = ObjectFacts {
        kind: ObjectKind::MaterializedView,
        cluster: on.map(ClusterId::new),
        hydrated: hydrated.iter().map(|(replica, done)| (ReplicaId::new(replica), *done)).collect(),
        frontier,
    };
    facts.objects.insert(ObjectId::new(id), object);
}

#[track_caller]
fn check(facts: &HydrationFacts, ids: &[&str], expect: Expect) {
    let recorded: Vec<Recorded> =
        ids.iter().map(|id| Recorded { name: format!("a.b.{id}"), id: ObjectId::new(id) }).collect();
    let names = BTreeMap::from([(ClusterId::new("c1"), "compute".to_owned())]);
    let deployment: DeploymentId = "77b01de".parse().expect("an id");
    let outcome = assess(&deployment, &recorded, facts, &names, Duration::from_secs(5));
    let mut told = format!("{} {}/{}\n", outcome.state, outcome.ready, outcome.total);
    for cluster in &outcome.clusters {
        told += &format!("{} {} {}/{}\n", cluster.name, cluster.state, cluster.ready, cluster.total);
    }
    for object in &outcome.objects {
        told += &format!("{} {} lag {:?} {:?}\n", object.name, object.state, object.lag_s, object.reason);
    }
    expect.assert_eq(&told);
}

fn facts() -> HydrationFacts {
    let mut facts = HydrationFacts { now_ms: NOW, ..HydrationFacts::default() };
    cluster(&mut facts, "c1", &["r1"]);
    facts
}

#[test]
fn what_no_replica_has_reported_is_hydrating() {
    let mut facts = facts();
    object(&mut facts, "u1", Some("c1"), &[], Frontier::Unknown);
    check(
        &facts,
        &["u1"],
        expect![[r#"
        hydrating 0/1
        compute hydrating 0/1
        a.b.u1 hydrating lag None None
    "#]],
    );
}

#[test]
fn unknown_lag_is_not_zero() {
    let mut facts = facts();
    object(&mut facts, "u1", Some("c1"), &[("r1", true)], Frontier::Unknown);
    object(&mut facts, "u2", Some("c1"), &[("r1", true)], Frontier::At(0));
    object(&mut facts, "u3", Some("c1"), &[("r1", true)], Frontier::Complete);
    check(
        &facts,
        &["u1", "u2", "u3"],
        expect![[r#"
        hydrating 1/3
        compute hydrating 1/3
        a.b.u1 hydrating lag None Some("its lag is not known yet")
        a.b.u2 hydrating lag None Some("its lag is not known yet")
        a.b.u3 ready lag Some(0.0) None
    "#]],
    );
}

#[test]
fn lag_over_the_limit() {
    let mut facts = facts();
    object(&mut facts, "u1", Some("c1"), &[("r1", true)], Frontier::At(NOW - 4_000));
    object(&mut facts, "u2", Some("c1"), &[("r1", true)], Frontier::At(NOW - 6_000));
    // A frontier ahead of the clock is no lag.
    object(&mut facts, "u3", Some("c1"), &[("r1", true)], Frontier::At(NOW + 6_000));
    check(
        &facts,
        &["u1", "u2", "u3"],
        expect![[r#"
        lagging 2/3
        compute lagging 2/3
        a.b.u1 ready lag Some(4.0) None
        a.b.u2 lagging lag Some(6.0) Some("6 s behind, 5 s allowed")
        a.b.u3 ready lag Some(0.0) None
    "#]],
    );
}

#[test]
fn every_replica_needs_everything() {
    let mut facts = HydrationFacts { now_ms: NOW, ..HydrationFacts::default() };
    cluster(&mut facts, "c1", &["r1", "r2"]);
    object(&mut facts, "u1", Some("c1"), &[("r1", true), ("r2", false)], Frontier::At(NOW));
    object(&mut facts, "u2", Some("c1"), &[("r2", true)], Frontier::At(NOW));
    check(
        &facts,
        &["u1", "u2"],
        expect![[r#"
        hydrating 0/2
        compute hydrating 0/2
        a.b.u1 hydrating lag Some(0.0) Some("hydrated on 1 of 2 replicas")
        a.b.u2 hydrating lag Some(0.0) Some("hydrated on 1 of 2 replicas")
    "#]],
    );
}

#[test]
fn no_replica_is_failing() {
    let mut facts = HydrationFacts { now_ms: NOW, ..HydrationFacts::default() };
    cluster(&mut facts, "c1", &[]);
    object(&mut facts, "u1", Some("c1"), &[], Frontier::At(0));
    check(
        &facts,
        &["u1"],
        expect![[r#"
        failing 0/1
        compute failing 0/1
        a.b.u1 failing lag None Some("its cluster has no replica")
    "#]],
    );
}

#[test]
fn a_crash_loop_is_failing_and_one_bad_replica_of_two_is_left_out() {
    let looping =
        ReplicaFacts { offline: vec![Some("oom-killed".to_owned())], recent_failures: 3, passing: false };
    let mut facts = facts();
    object(&mut facts, "u1", Some("c1"), &[("r2", true)], Frontier::At(NOW));
    if let Some(cluster) = facts.clusters.get_mut(&ClusterId::new("c1")) {
        cluster.replicas.insert(ReplicaId::new("r1"), looping);
    }
    check(
        &facts,
        &["u1"],
        expect![[r#"
        failing 0/1
        compute failing 0/1
        a.b.u1 failing lag Some(0.0) Some("every replica of its cluster keeps failing (oom-killed)")
    "#]],
    );
    if let Some(cluster) = facts.clusters.get_mut(&ClusterId::new("c1")) {
        cluster.replicas.insert(ReplicaId::new("r2"), ReplicaFacts::default());
    }
    check(
        &facts,
        &["u1"],
        expect![[r#"
        ready 1/1
        compute ready 1/1
        a.b.u1 ready lag Some(0.0) None
    "#]],
    );
}

#[test]
fn an_object_that_somebody_dropped_is_failing() {
    check(
        &facts(),
        &["u9"],
        expect![[r#"
        failing 0/1
        a.b.u9 failing lag None Some("u9 is gone from the catalog: somebody dropped it")
    "#]],
    );
}

#[test]
fn views_do_not_count_and_an_empty_deployment_is_ready() {
    let mut facts = facts();
    object(&mut facts, "u1", None, &[], Frontier::Unknown);
    check(
        &facts,
        &["u1"],
        expect![[r#"
        ready 0/0
    "#]],
    );
}

#[test]
fn a_scheduled_cluster_counts_by_its_last_refresh() {
    let mut facts = facts();
    if let Some(cluster) = facts.clusters.get_mut(&ClusterId::new("c1")) {
        cluster.scheduled = true;
        cluster.replicas.clear();
    }
    object(&mut facts, "u1", Some("c1"), &[], Frontier::Unknown);
    object(&mut facts, "u2", Some("c1"), &[], Frontier::Unknown);
    facts.refreshed.insert(ObjectId::new("u1"), true);
    facts.refreshed.insert(ObjectId::new("u2"), false);
    check(
        &facts,
        &["u1", "u2"],
        expect![[r#"
        hydrating 1/2
        compute hydrating 1/2
        a.b.u1 ready lag None None
        a.b.u2 hydrating lag None Some("its first refresh is not completed")
    "#]],
    );
}

fn replica<'f>(facts: &'f mut HydrationFacts, id: &str) -> &'f mut ReplicaFacts {
    let cluster = facts.clusters.get_mut(&ClusterId::new("c1")).expect("the cluster");
    cluster.replicas.entry(ReplicaId::new(id)).or_default()
}

#[test]
fn a_replica_that_only_helps_to_hydrate_proves_nothing_and_holds_nobody_up() {
    let mut facts = facts();
    replica(&mut facts, "burst").passing = true;
    object(&mut facts, "u1", Some("c1"), &[("r1", false), ("burst", true)], Frontier::At(NOW));
    object(&mut facts, "u2", Some("c1"), &[("r1", true), ("burst", false)], Frontier::At(NOW));
    check(
        &facts,
        &["u1", "u2"],
        expect![[r#"
        hydrating 1/2
        compute hydrating 1/2
        a.b.u1 hydrating lag Some(0.0) None
        a.b.u2 ready lag Some(0.0) None
    "#]],
    );
    // The one that stays runs out of memory: what the other one holds is gone when that one goes.
    let staying = replica(&mut facts, "r1");
    staying.offline = vec![Some("oom-killed".to_owned())];
    staying.recent_failures = 3;
    check(
        &facts,
        &["u1"],
        expect![[r#"
        failing 0/1
        compute failing 0/1
        a.b.u1 failing lag Some(0.0) Some("every replica of its cluster keeps failing (oom-killed)")
    "#]],
    );
}

#[test]
fn while_a_cluster_has_only_replicas_of_another_size_those_count() {
    let mut facts = facts();
    replica(&mut facts, "r1").passing = true;
    object(&mut facts, "u1", Some("c1"), &[("r1", true)], Frontier::At(NOW));
    check(
        &facts,
        &["u1"],
        expect![[r#"
        ready 1/1
        compute ready 1/1
        a.b.u1 ready lag Some(0.0) None
    "#]],
    );
}
