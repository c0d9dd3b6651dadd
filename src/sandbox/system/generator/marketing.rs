//! `MARKETING`: customers, all there at the first tick; then at each tick an impression, perhaps a
//! click some time later, and a lead with a prediction, perhaps a coupon and a conversion.
//!
//! Source: columns recorded from v26.21 (`full/36`) and from the manual's page on load generators.

use super::super::super::model::Row;
use super::super::text::some;
use super::Description;
use super::Ticks;
use super::moment;
use super::random::Random;

/// By name, which is the order in which the server makes them.
pub(super) const TABLES: &[Description] = &[
    ("clicks", "impression_id int8, click_time timestamptz"),
    (
        "conversion_predictions",
        "lead_id int8, experiment_bucket text, predicted_at timestamptz, score float8",
    ),
    ("coupons", "id int8, lead_id int8, created_at timestamptz, amount int8"),
    ("customers", "id int8, email text, income int8"),
    ("impressions", "id int8, customer_id int8, campaign_id int8, impression_time timestamptz"),
    (
        "leads",
        "id int8, customer_id int8, created_at timestamptz, converted_at timestamptz?, conversion_amount int8?",
    ),
];

const CUSTOMERS: u64 = 50;
const NAMES: [&str; 10] =
    ["alder", "briar", "cedar", "dogwood", "elm", "fir", "ginkgo", "hazel", "ivy", "juniper"];

/// What one tick produces.
struct Tick {
    time: u64,
    impression: u64,
    customer: u64,
    campaign: u64,
    /// When somebody clicked.
    click: Option<u64>,
    lead: u64,
    lead_customer: u64,
    /// In thousandths.
    score: u64,
    control: bool,
    /// Its id and amount.
    coupon: Option<(u64, u64)>,
    /// When and for how much.
    conversion: Option<(u64, u64)>,
}

pub(super) fn rows(ticks: &Ticks, table: &str) -> Vec<Row> {
    if table == "customers" {
        return (0..CUSTOMERS).map(customer).collect();
    }
    let mut rows = Vec::new();
    let mut next_id = 0;
    for at in 1..ticks.count {
        let tick = tick(ticks.time(at), at, &mut next_id);
        rows.extend(row(&tick, table, ticks.now));
    }
    rows
}

fn customer(id: u64) -> Row {
    let mut random = Random::at(10, id);
    let email = format!("{}.{}@example.com", random.pick(&NAMES), id);
    vec![some(id), Some(email), some(random.range(5_000_000, 10_000_000))]
}

fn tick(time: u64, at: u64, next_id: &mut u64) -> Tick {
    let mut random = Random::at(11, at);
    let mut id = || {
        let id = *next_id;
        *next_id += 1;
        id
    };
    let impression = id();
    let lead = id();
    let customer = random.range(0, CUSTOMERS);
    let campaign = random.range(0, 20);
    let click = (random.range(0, 10) == 1).then(|| time.saturating_add(random.range(20_000, 40_000)));
    let lead_customer = random.range(0, CUSTOMERS);
    let score = random.range(0, 1000);
    let control = lead % 10 <= 1;
    let coupon = (score <= 500 && !control).then(|| (id(), random.range(500, 5000)));
    // A coupon gives a second chance.
    let chances = if coupon.is_some() { 2 } else { 1 };
    let converted = (0..chances).any(|_| random.range(0, 1000) < score);
    let conversion =
        converted.then(|| (time.saturating_add(random.range(1, 30)), random.range(1000, 25_000)));
    Tick {
        time,
        impression,
        customer,
        campaign,
        click,
        lead,
        lead_customer,
        score,
        control,
        coupon,
        conversion,
    }
}

fn row(tick: &Tick, table: &str, now: u64) -> Option<Row> {
    Some(match table {
        "impressions" => {
            vec![some(tick.impression), some(tick.customer), some(tick.campaign), moment(tick.time)]
        }
        "clicks" => {
            let click = tick.click.filter(|click| *click <= now)?;
            vec![some(tick.impression), moment(click)]
        }
        "leads" => {
            let conversion = tick.conversion.filter(|(at, _)| *at <= now);
            vec![
                some(tick.lead),
                some(tick.lead_customer),
                moment(tick.time),
                conversion.and_then(|(at, _)| moment(at)),
                conversion.and_then(|(_, amount)| some(amount)),
            ]
        }
        "coupons" => {
            let (id, amount) = tick.coupon?;
            vec![some(id), some(tick.lead), moment(tick.time), some(amount)]
        }
        "conversion_predictions" => {
            let bucket = if tick.control { "control" } else { "experiment" };
            vec![some(tick.lead), some(bucket), moment(tick.time), some(fraction(tick.score))]
        }
        _ => return None,
    })
}

/// Thousandths as the server prints a double: `0.5`, `0`.
fn fraction(thousandths: u64) -> String {
    let text = format!("0.{thousandths:03}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
