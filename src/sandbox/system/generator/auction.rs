//! `AUCTION`: organizations with users and accounts, all there at the first tick; then one auction
//! or bid a tick.
//!
//! Source: columns recorded from v26.21 (`core/10`), the course of things from the manual's page on
//! load generators.

use super::super::super::model::Row;
use super::super::text::some;
use super::Description;
use super::Ticks;
use super::moment;
use super::random::Random;

/// By name, which is the order in which the server makes them: `accounts` has the lowest id.
pub(super) const TABLES: &[Description] = &[
    ("accounts", "id int8, org_id int8, balance int8"),
    ("auctions", "id int8, seller int8, item text, end_time timestamptz"),
    ("bids", "id int8, buyer int8, auction_id int8, amount int4, bid_time timestamptz"),
    ("organizations", "id int8, name text"),
    ("users", "id int8, org_id int8, name text"),
];

const ORGANIZATIONS: [&str; 12] = [
    "Amber Freight",
    "Birch & Daughters",
    "Copperline",
    "Delta Orchards",
    "Eastgate Foods",
    "Fernwood Paper",
    "Granite Mutual",
    "Harbor Lights",
    "Indigo Looms",
    "Juniper Press",
    "Kestrel Air",
    "Lantern Works",
];

const FIRST_NAMES: [&str; 8] = ["Ada", "Bram", "Chiara", "Dmitri", "Esi", "Farid", "Greta", "Hana"];
const LAST_NAMES: [&str; 6] = ["Abbot", "Berg", "Castillo", "Dahl", "Eriksen", "Fontaine"];

const ITEMS: [&str; 5] =
    ["Signed Memorabilia", "City Bar Crawl", "Best Pizza in Town", "Gift Basket", "Custom Art"];

const USERS: u64 = 48;
/// Bid ids count by ten for each auction, which therefore has fewer bids.
const MAX_BIDS: u64 = 10;
/// How long an auction is open, in milliseconds.
const OPEN_MS: u64 = 10_000;

pub(super) fn rows(ticks: &Ticks, table: &str) -> Vec<Row> {
    match table {
        "organizations" => {
            (1_u64..).zip(ORGANIZATIONS).map(|(id, name)| vec![some(id), some(name)]).collect()
        }
        "users" => users(),
        "accounts" => {
            let organizations = 1..=ORGANIZATIONS.len() as u64;
            organizations.map(|id| vec![some(id + 42), some(id), some(10_000)]).collect()
        }
        "auctions" => events(ticks, true),
        "bids" => events(ticks, false),
        _ => Vec::new(),
    }
}

fn users() -> Vec<Row> {
    let names =
        LAST_NAMES.iter().flat_map(|last| FIRST_NAMES.iter().map(move |first| format!("{first} {last}")));
    let organizations = ORGANIZATIONS.len() as u64;
    (0_u64..USERS)
        .zip(names)
        .map(|(at, name)| vec![some(at + 1), some(at % organizations + 1), Some(name)])
        .collect()
}

/// The auctions or the bids of all ticks after the first.
fn events(ticks: &Ticks, auctions: bool) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut tick = 1;
    let mut id: u64 = 0;
    while tick < ticks.count {
        id += 1;
        let mut random = Random::at(1, id);
        let seller = random.range(1, USERS + 1);
        let item = random.pick(&ITEMS);
        let bids = random.range(2, MAX_BIDS);
        let begins = ticks.time(tick);
        if auctions {
            rows.push(vec![some(id), some(seller), some(item), moment(begins.saturating_add(OPEN_MS))]);
        } else {
            let made = bids.min(ticks.count - tick - 1);
            rows.extend((0..made).map(|at| bid(id, at, begins)));
        }
        tick += 1 + bids;
    }
    rows
}

fn bid(auction: u64, at: u64, begins: u64) -> Row {
    let id = auction * MAX_BIDS + at;
    let mut random = Random::at(2, id);
    let buyer = random.range(1, USERS + 1);
    let amount = random.range(1, 100);
    let time = moment(begins.saturating_add(at * 1000));
    vec![some(id), some(buyer), some(auction), some(amount), time]
}
