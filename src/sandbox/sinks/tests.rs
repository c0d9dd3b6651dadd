//! The health of a sink at chosen moments.

use super::*;
use crate::name::Ident;
use crate::sandbox::model::id::ClusterId;
use crate::sandbox::model::id::ItemId;
use crate::sandbox::model::id::RoleId;
use crate::sandbox::model::id::SchemaId;
use crate::sandbox::model::item::ItemData;

fn sink() -> Item {
    Item {
        id: ItemId::User(2),
        oid: 20_000,
        schema: SchemaId::User(1),
        name: Ident::new("k").expect("a name"),
        owner: RoleId::User(1),
        acl: Default::default(),
        created: Timestamp(10),
        listed: 0,
        create_sql: String::new(),
        uses: Default::default(),
        uses_system: Default::default(),
        columns: None,
        data: ItemData::Sink {
            from: ItemId::User(1),
            cluster: ClusterId::User(1),
            connection: None,
            kind: "kafka".to_owned(),
        },
    }
}

#[test]
fn the_worst_that_is_said_of_a_sink_counts() {
    let (mut state, sink) = (State::default(), sink());
    let mut set = |name: &str, value: &str, at: u64| {
        settings::set_system(&mut state, name, Some(&[value.to_owned()]), Timestamp(at))
            .expect("it takes it");
        health(&state, &sink)
    };
    assert_eq!(set(settings::SINK_BLOCKED, "other", 5), (Health::Running, None));
    assert_eq!(set(settings::SINK_BLOCKED, "%", 6), (Health::Blocked, Some(Timestamp(10))));
    assert_eq!(set(settings::SINK_STALLED, "k", 20), (Health::Stalled, Some(Timestamp(20))));
    assert_eq!(set(settings::SINK_STALLED, "j,k", 30), (Health::Stalled, Some(Timestamp(20))));
    assert_eq!(set(settings::SINK_FAILED, "k", 40), (Health::Failed, Some(Timestamp(40))));
    assert_eq!(set(settings::SINK_FAILED, "", 50), (Health::Stalled, Some(Timestamp(20))));
    assert_eq!(set(settings::SINK_STALLED, "", 60), (Health::Blocked, Some(Timestamp(10))));
    let told: Vec<_> = history(&state, &sink).into_iter().map(|(at, health)| (at.0, health)).collect();
    assert_eq!(
        told,
        [
            (10, Health::Blocked),
            (20, Health::Stalled),
            (40, Health::Failed),
            (50, Health::Stalled),
            (60, Health::Blocked)
        ]
    );
}
