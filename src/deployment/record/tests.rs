use super::*;
use crate::deployment::dropping::DropReason;

#[test]
fn a_record_is_its_kind_and_its_payload() {
    let record = Record::DropDone(DropDone {
        deployment: "77b01de".parse().expect("an id"),
        reason: DropReason::Abort,
    });
    let payload = record.payload().expect("serialises");
    assert_eq!(payload, serde_json::json!({ "deployment": "77b01de", "reason": "abort" }));
    let read = Record::read(record.kind(), payload).expect("has its shape");
    assert_eq!(read, Some(record));
}

#[test]
fn a_kind_of_a_newer_version_is_passed_over_and_a_broken_payload_is_not() {
    assert_eq!(Record::read("moon.landing", serde_json::json!({})).expect("passed over"), None);
    assert!(Record::read("drop.done", serde_json::json!({ "deployment": 1 })).is_err());
}

#[test]
fn rows_of_before_read_as_well() {
    let payload = serde_json::json!({
        "deployment": "77b01de", "objects": [], "indexes": [], "in_place": [{ "what": "grant", "sql": "GRANT" }],
        "new_sinks": [],
    });
    let Ok(Some(Record::StageObjects(objects))) = Record::read("stage.objects", payload) else {
        panic!("it has its shape")
    };
    assert_eq!((objects.meant, objects.in_place[0].deeds.len()), (None, 0));
    let shape = serde_json::json!({ "size": "25cc", "replication_factor": 1 });
    let shape: ClusterShape = serde_json::from_value(shape).expect("it has its shape");
    assert_eq!(shape.options, None);
    let done = serde_json::json!({ "deployment": "77b01de", "epoch": 1, "pending_sinks": [] });
    let Ok(Some(Record::SwapDone(done))) = Record::read("swap.done", done) else {
        panic!("it has its shape")
    };
    assert_eq!(done.made_sinks, []);
}
