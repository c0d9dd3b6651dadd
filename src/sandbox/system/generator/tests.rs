//! Load generators as time passes.

use std::collections::BTreeSet;

use expect_test::expect;

use super::super::super::model::Row;
use super::super::super::model::access::Acl;
use super::super::super::model::id::ClusterId;
use super::super::super::model::id::ItemId;
use super::super::super::model::id::RoleId;
use super::super::super::model::id::SchemaId;
use super::super::super::model::item::Item;
use super::super::super::model::item::ItemData;
use super::super::super::model::item::SourceData;
use super::rows;
use super::tables;
use crate::clock::Timestamp;
use crate::name::Ident;

const CREATED: u64 = 1_777_982_000_000;

fn source(generator: &str, as_of: u64, up_to: Option<u64>, options: &[(&str, &str)]) -> Item {
    let options = options.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    let data = SourceData::LoadGenerator {
        generator: generator.to_owned(),
        cluster: ClusterId::User(1),
        tick_ms: 1000,
        as_of,
        up_to,
        options,
    };
    Item {
        id: ItemId::User(1),
        oid: 20_000,
        schema: SchemaId::User(3),
        name: Ident::new("house").unwrap(),
        owner: RoleId::User(1),
        acl: Acl::new(),
        created: Timestamp(CREATED),
        listed: 0,
        create_sql: String::new(),
        uses: BTreeSet::new(),
        uses_system: BTreeSet::new(),
        columns: None,
        data: ItemData::Source(data),
    }
}

fn after(item: &Item, table: &str, seconds: u64) -> Vec<Row> {
    let ItemData::Source(data) = &item.data else { return Vec::new() };
    rows(item, data, table, Timestamp(CREATED + seconds * 1000))
}

#[test]
fn auctions_grow_and_never_change() {
    let item = source("AUCTION", 0, None, &[]);
    assert_eq!(after(&item, "organizations", 0).len(), 12);
    assert_eq!(after(&item, "users", 0).len(), 48);
    assert_eq!(after(&item, "accounts", 0).len(), 12);
    for table in ["auctions", "bids"] {
        let mut before = after(&item, table, 0);
        assert!(before.is_empty());
        for seconds in 1..60 {
            let now = after(&item, table, seconds);
            assert!(now.starts_with(&before), "{table} after {seconds} seconds");
            before = now;
        }
        assert!(!before.is_empty());
    }
    // One row a tick.
    let count = |seconds| after(&item, "auctions", seconds).len() + after(&item, "bids", seconds).len();
    assert_eq!((count(1), count(2), count(59)), (1, 2, 59));
    expect![[r#"
        [[Some("1"), Some("22"), Some("City Bar Crawl"), Some("2026-05-05 11:53:31+00")]]
        [[Some("10"), Some("33"), Some("1"), Some("79"), Some("2026-05-05 11:53:21+00")], [Some("11"), Some("26"), Some("1"), Some("31"), Some("2026-05-05 11:53:22+00")]]"#]].assert_eq(&format!("{:?}\n{:?}", after(&item, "auctions", 1), after(&item, "bids", 3)));
}

#[test]
fn as_of_is_there_at_once_and_up_to_is_the_end() {
    let item = source("AUCTION", 100, Some(150), &[]);
    let count = |seconds| after(&item, "auctions", seconds).len() + after(&item, "bids", seconds).len();
    assert_eq!((count(0), count(10), count(1000)), (100, 110, 149));
}

#[test]
fn nothing_before_the_source_was_made() {
    let item = source("AUCTION", 0, None, &[]);
    let ItemData::Source(data) = &item.data else { return };
    assert!(rows(&item, data, "users", Timestamp(CREATED - 1)).is_empty());
}

#[test]
fn every_table_has_rows_that_fit() {
    for generator in ["AUCTION", "MARKETING", "TPCH", "COUNTER", "CLOCK"] {
        let item = source(generator, 0, None, &[("SCALE FACTOR", "0.0001")]);
        for (table, columns) in tables(generator).unwrap() {
            let rows = after(&item, table, 300);
            assert!(!rows.is_empty(), "{generator}.{table}");
            for row in rows {
                assert_eq!(row.len(), columns.len(), "{generator}.{table}: {row:?}");
                for (value, column) in row.iter().zip(&columns) {
                    assert!(value.is_some() || column.nullable, "{generator}.{table}: {row:?}");
                }
            }
        }
    }
}

#[test]
fn sizes_of_tpch() {
    let item = source("TPCH", 0, None, &[("SCALE FACTOR", "0.0001")]);
    let counts = tables("TPCH")
        .unwrap()
        .into_iter()
        .map(|(table, _)| format!("{table} {}", after(&item, table, 0).len()));
    expect!["customer 15, lineitem 610, nation 25, orders 150, part 20, partsupp 20, region 5, supplier 1"]
        .assert_eq(&counts.collect::<Vec<_>>().join(", "));
}

#[test]
fn unknown_generators_are_none() {
    assert!(tables("DATUMS").is_none());
    assert!(super::check("TPCH", &[("SCALE FACTOR".to_owned(), "1".to_owned())]).is_err());
    assert!(super::check("TPCH", &[]).is_ok());
}
