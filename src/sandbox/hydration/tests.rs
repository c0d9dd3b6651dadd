//! Hydration at chosen moments.

use std::collections::BTreeSet;

use super::*;
use crate::name::Ident;
use crate::sandbox::model::cluster::Managed;
use crate::sandbox::model::id::ClusterId;
use crate::sandbox::model::id::RoleId;
use crate::sandbox::model::id::SchemaId;

const MADE: Timestamp = Timestamp(1_000_000);

fn at(ms: u64) -> Timestamp {
    MADE.after(Duration::from_millis(ms))
}

fn name(text: &str) -> Ident {
    Ident::new(text).expect("a name")
}

/// A materialized view `m` over a table on a cluster with so many replicas.
fn state(replicas: u64) -> State {
    let mut state = State::default();
    let owner = RoleId::User(1);
    let cluster = ClusterId::User(1);
    let replica = |number: u64| {
        let replica =
            Replica { name: name(&format!("r{number}")), size: "25cc".to_owned(), owner, created: MADE };
        (ReplicaId::User(number), replica)
    };
    let managed = Managed {
        size: "25cc".to_owned(),
        replication_factor: 1,
        availability_zones: Vec::new(),
        introspection_interval_ms: None,
        introspection_debugging: false,
        on_refresh_ms: None,
        on_hydration: None,
        compression: false,
    };
    let replicas = (1..=replicas).map(replica).collect();
    let made = Cluster {
        name: name("c"),
        owner,
        acl: Default::default(),
        managed: Some(managed),
        replicas,
        workload_class: None,
    };
    state.catalog.clusters.insert(cluster, made);
    let item = |id, own: &str, uses: BTreeSet<ItemId>, data| Item {
        id,
        oid: 20_000,
        schema: SchemaId::User(1),
        name: name(own),
        owner,
        acl: Default::default(),
        created: MADE,
        listed: 0,
        create_sql: String::new(),
        uses,
        uses_system: BTreeSet::new(),
        columns: None,
        data,
    };
    let (table, view) = (ItemId::User(1), ItemId::User(2));
    let data = ItemData::MaterializedView {
        query: "SELECT 1".to_owned(),
        cluster,
        replaces: None,
        refresh: Vec::new(),
    };
    let table_item = item(table, "t", BTreeSet::new(), ItemData::Table { from_source: None });
    state.catalog.items.insert(table, table_item.into());
    state.catalog.items.insert(view, item(view, "m", [table].into(), data).into());
    state
}

#[track_caller]
fn check(state: &State, ms: u64, expected: &[(Option<u64>, bool)]) {
    let told: Vec<_> = statuses(state, at(ms))
        .into_iter()
        .map(|row| {
            let replica = row.replica.map(|id| match id {
                ReplicaId::User(number) | ReplicaId::System(number) => number,
            });
            (replica, row.hydrated)
        })
        .collect();
    assert_eq!(told, expected, "after {ms} ms");
}

#[test]
fn an_object_is_unknown_then_reported_then_hydrated() {
    let state = state(2);
    check(&state, 0, &[(None, false)]);
    check(&state, 100, &[(Some(1), false), (Some(2), false)]);
    check(&state, 300, &[(Some(1), true), (Some(2), true)]);
}

#[test]
fn the_nodes_of_a_plan_hydrate_one_after_the_other() {
    let mut state = state(1);
    let check = |state: &State, ms: u64, expected: Option<u64>| {
        let told = nodes_of(state, at(ms), state.catalog.items.values());
        assert_eq!(told.first().map(|nodes| nodes.hydrated), expected, "after {ms} ms");
    };
    check(&state, 0, None);
    check(&state, 100, Some(1));
    check(&state, 299, Some(3));
    check(&state, 300, Some(NODES));
    settings::set_system(&mut state, settings::STUCK, Some(&["m".to_owned()]), MADE).expect("it takes it");
    check(&state, 3_600_000, Some(NODES - 1));
}

#[test]
fn without_replicas_nothing_ever_hydrates() {
    let state = state(0);
    check(&state, 3_600_000, &[(None, false)]);
    let frontier = frontiers(&state, at(3_600_000));
    assert_eq!(frontier.iter().map(|row| row.write).collect::<Vec<_>>(), [Some(4_600_000), Some(0)]);
}

#[test]
fn knobs_hold_back_and_let_go() {
    let mut state = state(1);
    let mut set = |name: &str, value: &str| {
        settings::set_system(&mut state, name, Some(&[value.to_owned()]), MADE).expect("it takes it");
        state.clone()
    };
    check(&set(settings::HYDRATION, "0"), 0, &[(Some(1), true)]);
    check(&set(settings::STUCK, "x, m%"), 1_000, &[(Some(1), false)]);
    check(&set(settings::STUCK, ""), 1_000, &[(Some(1), true)]);
    let crashing = set(settings::CRASH_LOOPING, "c");
    check(&crashing, 1_000, &[(Some(1), false)]);
    let last = replica_statuses(&crashing, at(1_000));
    assert_eq!(last.iter().map(|row| row.status).collect::<Vec<_>>(), ["offline"]);
    let offline = replica_history(&crashing, at(1_000)).iter().filter(|row| row.status == "offline").count();
    assert_eq!(offline, 5);
}

#[test]
fn a_replica_may_fare_worse_than_its_cluster() {
    let mut state = state(2);
    let mut set = |value: &str| {
        settings::set_system(&mut state, settings::CRASH_LOOPING, Some(&[value.to_owned()]), MADE)
            .expect("it takes it");
        state.clone()
    };
    check(&set("c.r2"), 300, &[(Some(1), true), (Some(2), false)]);
    check(&set("c.r%"), 300, &[(Some(1), false), (Some(2), false)]);
    check(&set("other"), 300, &[(Some(1), true), (Some(2), true)]);
}

#[test]
fn nothing_is_ready_before_what_it_is_made_of() {
    let mut state = state(1);
    let below = state.catalog.items.get(&ItemId::User(2)).expect("m").clone();
    let mut above = Item { id: ItemId::User(3), name: name("top"), ..(*below).clone() };
    above.uses = [ItemId::User(2)].into();
    state.catalog.items.insert(above.id, above.into());
    check(&state, 300, &[(Some(1), true), (Some(1), true)]);
    let only_top = [ItemId::User(3)].into();
    assert_eq!(readable(&state, &only_top, None), Some(at(300)));
    settings::set_system(&mut state, settings::STUCK, Some(&["m".to_owned()]), MADE).expect("it takes it");
    check(&state, 3_600_000, &[(Some(1), false), (Some(1), false)]);
    assert_eq!(readable(&state, &only_top, None), None);
}

#[test]
fn a_chain_of_any_length_is_followed() {
    let mut state = state(1);
    let below = state.catalog.items.get(&ItemId::User(2)).expect("m").clone();
    for number in 3..20_000 {
        let uses = [ItemId::User(number - 1)].into();
        let item = Item { id: ItemId::User(number), uses, ..(*below).clone() };
        state.catalog.items.insert(item.id, item.into());
    }
    let top = [ItemId::User(19_999)].into();
    assert_eq!(readable(&state, &top, None), Some(at(300)));
    assert_eq!(statuses(&state, at(300)).iter().filter(|row| row.hydrated).count(), 19_998);
}

#[test]
fn frontiers_lag_by_as_much_as_they_are_told() {
    let mut state = state(1);
    settings::set_system(&mut state, settings::LAG, Some(&["5s".to_owned()]), MADE).expect("it takes it");
    settings::set_system(&mut state, settings::LAGGING, Some(&["m".to_owned()]), MADE).expect("it takes it");
    let writes: Vec<_> = frontiers(&state, at(10_500)).iter().map(|row| row.write).collect();
    assert_eq!(writes, [Some(1_010_000), Some(1_005_000)]);
}
