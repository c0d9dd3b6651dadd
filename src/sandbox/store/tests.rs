//! The data folder: what survives, what is cut, what is refused.

use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::clock::Timestamp;
use crate::name::Ident;
use crate::sandbox::model::AuditEvent;
use crate::sandbox::model::Database;
use crate::sandbox::model::access::Grantee;
use crate::sandbox::model::access::Privilege;
use crate::sandbox::model::id::DatabaseId;
use crate::sandbox::model::id::ItemId;
use crate::sandbox::model::id::RoleId;

fn named(number: u64) -> State {
    let mut state = State::default();
    add(&mut state, number);
    state
}

fn add(state: &mut State, number: u64) {
    let owner = RoleId::User(1);
    let acl = [((Grantee::Public, owner), [Privilege::Usage].into())].into();
    let name = Ident::new(format!("d{number}")).expect("a name");
    let database = Database { oid: 20_000, name, owner, acl };
    state.catalog.databases.insert(DatabaseId::User(number), database);
    state.catalog.system_acl.insert((Grantee::Role(owner), owner), [Privilege::CreateDb].into());
    state.catalog.version += 1;
    state.catalog.audit.push_back(AuditEvent {
        id: number,
        event: "create".to_owned(),
        object_type: "database".to_owned(),
        details: serde_json::json!({ "name": format!("d{number}") }),
        user: None,
        at: Timestamp(number),
    });
    let row = Arc::new(vec![Some(number.to_string()), None]);
    state.tables.entry(ItemId::User(1)).or_default().rows.push_back(row);
}

/// A folder with three commits, and the state after each.
fn filled(folder: &Path) -> Vec<State> {
    let (mut store, known) = Store::open(folder).expect("it opens");
    assert_eq!(known, None);
    let mut states = vec![State::default()];
    let mut state = named(1);
    for number in 2..=4 {
        store.commit(states.last().expect("one"), &state).expect("it is written");
        states.push(state.clone());
        add(&mut state, number);
    }
    states
}

#[test]
fn what_is_committed_is_there_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let states = filled(folder.path());
    let (_, known) = Store::open(folder.path()).expect("it opens");
    assert_eq!(known.as_ref(), states.last());
}

#[test]
fn rows_in_the_middle_and_whole_tables_may_go() {
    let folder = tempfile::tempdir().expect("a folder");
    let states = filled(folder.path());
    let (mut store, known) = Store::open(folder.path()).expect("it opens");
    let before = known.expect("known");
    let mut after = before.clone();
    after.tables.entry(ItemId::User(1)).or_default().rows.remove(1);
    store.commit(&before, &after).expect("it is written");
    drop(store);
    let (mut store, known) = Store::open(folder.path()).expect("it opens");
    assert_eq!(known.as_ref(), Some(&after));
    let mut without = after.clone();
    without.tables.remove(&ItemId::User(1));
    store.commit(&after, &without).expect("it is written");
    drop(store);
    let (_, known) = Store::open(folder.path()).expect("it opens");
    assert_eq!(known.as_ref(), Some(&without));
    assert_ne!(states.last(), Some(&without));
}

#[test]
fn a_torn_end_is_cut_at_every_byte() {
    let folder = tempfile::tempdir().expect("a folder");
    let states = filled(folder.path());
    let path = folder.path().join("log");
    let whole = std::fs::read(&path).expect("a log");
    let (_, records, _) = Log::open(&path).expect("a log");
    let last = records.last().expect("a record").at;
    for end in last..whole.len() {
        std::fs::write(&path, &whole[..end]).expect("written");
        let (_, known) = Store::open(folder.path()).expect("it opens");
        assert_eq!(known.as_ref(), states.get(states.len() - 2), "cut at {end}");
    }
    // The file grew, but its contents did not arrive.
    let mut zeros = whole[..last + 20].to_vec();
    zeros.resize(whole.len(), 0);
    std::fs::write(&path, &zeros).expect("written");
    let (_, known) = Store::open(folder.path()).expect("it opens");
    assert_eq!(known.as_ref(), states.get(states.len() - 2));
}

#[test]
fn a_damaged_byte_is_an_error_that_names_it() {
    let folder = tempfile::tempdir().expect("a folder");
    filled(folder.path());
    let path = folder.path().join("log");
    let whole = std::fs::read(&path).expect("a log");
    for at in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x55;
        std::fs::write(&path, &damaged).expect("written");
        let error = Store::open(folder.path()).expect_err("it is damaged");
        assert!(error.contains("byte"), "{at}: {error}");
    }
}

#[test]
fn a_log_of_an_older_format_is_written_anew_and_of_a_later_one_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let states = filled(folder.path());
    let path = folder.path().join("log");
    let whole = std::fs::read(&path).expect("a log");
    let head = |format: &str| [b"mzflow sandbox log ", format.as_bytes(), &whole[20..]].concat();
    std::fs::write(&path, head("1")).expect("written");
    let (_, known) = Store::open(folder.path()).expect("it opens");
    assert_eq!(known.as_ref(), states.last());
    assert!(std::fs::read(&path).expect("a log").starts_with(b"mzflow sandbox log 2\n"));
    let (_, known) = Store::open(folder.path()).expect("it opens again");
    assert_eq!(known.as_ref(), states.last());
    std::fs::write(&path, head("17")).expect("written");
    let refused = Store::open(folder.path()).expect_err("it is of a later version");
    assert!(refused.contains("its format is 17 (byte 19)"), "{refused}");
    for no_format in ["0", "x", "", "-1", "99999999999"] {
        std::fs::write(&path, head(no_format)).expect("written");
        let refused = Store::open(folder.path()).expect_err("it is no log");
        assert!(refused.contains("is no log of a sandbox (byte 0)"), "{refused}");
    }
}

#[test]
fn two_owners_are_one_too_many() {
    let folder = tempfile::tempdir().expect("a folder");
    let (store, _) = Store::open(folder.path()).expect("it opens");
    let refused = Store::open(folder.path()).expect_err("it is in use");
    assert!(refused.ends_with(&format!("is in use by the process {}", std::process::id())), "{refused}");
    assert_eq!(folder::listening(folder.path()), None);
    drop(store);
    Store::open(folder.path()).expect("it is free again");
}

#[test]
fn a_long_past_is_left_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut store, _) = Store::open(folder.path()).expect("it opens");
    let first = named(1);
    store.commit(&State::default(), &first).expect("it is written");
    let mut big = first.clone();
    let text = "x".repeat(200_000);
    for _ in 0..10 {
        let row = Arc::new(vec![Some(text.clone())]);
        big.tables.entry(ItemId::User(2)).or_default().rows.push_back(row);
    }
    store.commit(&first, &big).expect("it is written");
    store.commit(&big, &first).expect("it is written");
    drop(store);
    drop(Store::open(folder.path()).expect("it opens"));
    assert!(std::fs::metadata(folder.path().join("log")).expect("a log").len() < 10_000);
    let (_, known) = Store::open(folder.path()).expect("it opens");
    assert_eq!(known, Some(first));
}
