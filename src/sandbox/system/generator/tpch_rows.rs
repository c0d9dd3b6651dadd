//! The rows of `TPCH`: by the benchmark's shape, made up by number.

use super::super::super::model::Row;
use super::super::text::some;
use super::random::Random;
use super::tpch::Sizes;

const REGIONS: [&str; 5] = ["AFRICA", "AMERICA", "ASIA", "EUROPE", "MIDDLE EAST"];

/// The nations of the benchmark, each with its region.
const NATIONS: [(&str, u64); 25] = [
    ("ALGERIA", 0),
    ("ARGENTINA", 1),
    ("BRAZIL", 1),
    ("CANADA", 1),
    ("EGYPT", 4),
    ("ETHIOPIA", 0),
    ("FRANCE", 3),
    ("GERMANY", 3),
    ("INDIA", 2),
    ("INDONESIA", 2),
    ("IRAN", 4),
    ("IRAQ", 4),
    ("JAPAN", 2),
    ("JORDAN", 4),
    ("KENYA", 0),
    ("MOROCCO", 0),
    ("MOZAMBIQUE", 0),
    ("PERU", 1),
    ("CHINA", 2),
    ("ROMANIA", 3),
    ("SAUDI ARABIA", 4),
    ("VIETNAM", 2),
    ("RUSSIA", 3),
    ("UNITED KINGDOM", 3),
    ("UNITED STATES", 1),
];

const WORDS: [&str; 12] = [
    "accounts",
    "bold",
    "carefully",
    "deposits",
    "even",
    "foxes",
    "ideas",
    "ironic",
    "packages",
    "quick",
    "requests",
    "sleep",
];
const COLORS: [&str; 8] = ["almond", "azure", "beige", "coral", "ivory", "khaki", "linen", "plum"];
const SEGMENTS: [&str; 5] = ["AUTOMOBILE", "BUILDING", "FURNITURE", "HOUSEHOLD", "MACHINERY"];
const PRIORITIES: [&str; 5] = ["1-URGENT", "2-HIGH", "3-MEDIUM", "4-NOT SPECIFIED", "5-LOW"];
const INSTRUCTIONS: [&str; 4] = ["COLLECT COD", "DELIVER IN PERSON", "NONE", "TAKE BACK RETURN"];
const MODES: [&str; 7] = ["AIR", "FOB", "MAIL", "RAIL", "REG AIR", "SHIP", "TRUCK"];
const CONTAINERS: [&str; 5] = ["JUMBO PKG", "LG BOX", "MED BAG", "SM CASE", "WRAP DRUM"];
const KINDS: [&str; 5] = [
    "ECONOMY ANODIZED STEEL",
    "LARGE BRUSHED BRASS",
    "PROMO PLATED TIN",
    "SMALL POLISHED COPPER",
    "STANDARD BURNISHED NICKEL",
];

/// 1992-01-01, the first day of orders, in days since 1970.
const FIRST_DAY: u64 = 8035;
/// How many days have orders.
const DAYS: u64 = 2405;
/// 1995-06-17, the benchmark's present.
const CURRENT_DAY: u64 = 9298;

pub(super) fn rows(options: &[(String, String)], table: &str) -> Vec<Row> {
    let sizes = Sizes::new(options);
    match table {
        "region" => {
            (0_u64..).zip(REGIONS).map(|(key, name)| vec![some(key), some(name), comment(20, key)]).collect()
        }
        "nation" => (0_u64..)
            .zip(NATIONS)
            .map(|(key, (name, region))| vec![some(key), some(name), some(region), comment(21, key)])
            .collect(),
        "supplier" => (1..=sizes.suppliers).map(supplier).collect(),
        "part" => (1..=sizes.parts).map(part).collect(),
        "partsupp" => (1..=sizes.parts).flat_map(|part| suppliers_of(part, &sizes)).collect(),
        "customer" => (1..=sizes.customers).map(customer).collect(),
        "orders" => (1..=sizes.orders).map(|key| Order::new(key, &sizes).row()).collect(),
        "lineitem" => {
            (1..=sizes.orders).flat_map(|key| Order::new(key, &sizes).lines).map(|line| line.row()).collect()
        }
        _ => Vec::new(),
    }
}

fn comment(table: u64, row: u64) -> Option<String> {
    Some(Random::at(table, row).sentence(&WORDS, 5))
}

/// Hundredths as a numeric: `12.5`, `-3`.
fn money(hundredths: u64, below: u64) -> String {
    let negative = hundredths < below;
    let amount = hundredths.abs_diff(below);
    let text = format!("{}{}.{:02}", if negative { "-" } else { "" }, amount / 100, amount % 100);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn phone(random: &mut Random, nation: u64) -> String {
    let mut part = |low, high| random.range(low, high);
    format!("{}-{}-{}-{}", nation + 10, part(100, 1000), part(100, 1000), part(1000, 10_000))
}

/// A day as the server prints a date.
fn day(number: u64) -> String {
    let days = i64::try_from(number).unwrap_or(0);
    chrono::DateTime::from_timestamp(days * 86_400, 0)
        .map_or_else(String::new, |time| time.format("%Y-%m-%d").to_string())
}

fn supplier(key: u64) -> Row {
    let mut random = Random::at(22, key);
    let nation = random.range(0, NATIONS.len() as u64);
    vec![
        some(key),
        Some(format!("Supplier#{key:09}")),
        Some(random.sentence(&COLORS, 2)),
        some(nation),
        Some(phone(&mut random, nation)),
        Some(money(random.range(0, 1_100_000), 100_000)),
        comment(23, key),
    ]
}

fn part(key: u64) -> Row {
    let mut random = Random::at(24, key);
    let maker = random.range(1, 6);
    vec![
        some(key),
        Some(random.sentence(&COLORS, 5)),
        Some(format!("Manufacturer#{maker}")),
        Some(format!("Brand#{maker}{}", random.range(1, 6))),
        some(random.pick(&KINDS)),
        some(random.range(1, 51)),
        some(random.pick(&CONTAINERS)),
        Some(money(retail_price(key), 0)),
        comment(25, key),
    ]
}

/// A part's price in hundredths, by the benchmark's formula.
fn retail_price(part: u64) -> u64 {
    90_000 + (part / 10) % 20_001 + 100 * (part % 1000)
}

/// The supplier of a part, one of four, by the benchmark's formula.
fn supplier_of(part: u64, which: u64, sizes: &Sizes) -> u64 {
    let all = sizes.suppliers;
    (part + which * (all / 4 + (part - 1) / all)) % all + 1
}

fn suppliers_of(part: u64, sizes: &Sizes) -> Vec<Row> {
    // Of few suppliers the four are not four.
    let mut keys: Vec<u64> = (0..4).map(|which| supplier_of(part, which, sizes)).collect();
    keys.sort_unstable();
    keys.dedup();
    let rows = keys.into_iter().map(|supplier| {
        let mut random = Random::at(26, part * 1_000_003 + supplier);
        vec![
            some(part),
            some(supplier),
            some(random.range(1, 10_000)),
            Some(money(random.range(100, 100_001), 0)),
            comment(27, part * 1_000_003 + supplier),
        ]
    });
    rows.collect()
}

fn customer(key: u64) -> Row {
    let mut random = Random::at(28, key);
    let nation = random.range(0, NATIONS.len() as u64);
    vec![
        some(key),
        Some(format!("Customer#{key:09}")),
        Some(random.sentence(&COLORS, 2)),
        some(nation),
        Some(phone(&mut random, nation)),
        Some(money(random.range(0, 1_100_000), 100_000)),
        some(random.pick(&SEGMENTS)),
        comment(29, key),
    ]
}

/// One line of an order.
struct Line {
    order: u64,
    part: u64,
    supplier: u64,
    number: u64,
    quantity: u64,
    /// In hundredths.
    price: u64,
    discount: u64,
    tax: u64,
    shipped: u64,
    committed: u64,
    received: u64,
    returned: bool,
    instruction: &'static str,
    mode: &'static str,
}

impl Line {
    fn row(self) -> Row {
        let open = self.shipped > CURRENT_DAY;
        let flag = match (self.received <= CURRENT_DAY, self.returned) {
            (false, _) => "N",
            (true, true) => "R",
            (true, false) => "A",
        };
        vec![
            some(self.order),
            some(self.part),
            some(self.supplier),
            some(self.number),
            some(self.quantity),
            Some(money(self.price, 0)),
            Some(money(self.discount, 0)),
            Some(money(self.tax, 0)),
            some(flag),
            some(if open { "O" } else { "F" }),
            Some(day(self.shipped)),
            Some(day(self.committed)),
            Some(day(self.received)),
            some(self.instruction),
            some(self.mode),
            comment(31, self.order * 8 + self.number),
        ]
    }
}

/// An order with its lines.
struct Order {
    key: u64,
    customer: u64,
    day: u64,
    priority: &'static str,
    clerk: u64,
    lines: Vec<Line>,
}

impl Order {
    fn new(number: u64, sizes: &Sizes) -> Self {
        let mut random = Random::at(30, number);
        // The benchmark uses eight of every thirty-two keys.
        let key = (number - 1) / 8 * 32 + (number - 1) % 8 + 1;
        let customer = random.range(1, sizes.customers + 1);
        let ordered = FIRST_DAY + random.range(0, DAYS - 151);
        let priority = random.pick(&PRIORITIES);
        let clerk = random.range(1, 1001);
        let count = random.range(1, 8);
        let lines = (1..=count).map(|number| line(key, number, ordered, &mut random, sizes)).collect();
        Self { key, customer, day: ordered, priority, clerk, lines }
    }

    fn row(self) -> Row {
        let open = self.lines.iter().filter(|line| line.shipped > CURRENT_DAY).count();
        let status = match open {
            0 => "F",
            open if open == self.lines.len() => "O",
            _ => "P",
        };
        // Hundredths times two factors of a hundred each.
        let total: u64 = self
            .lines
            .iter()
            .map(|line| line.price * (100 + line.tax) * (100 - line.discount) / 10_000)
            .sum();
        vec![
            some(self.key),
            some(self.customer),
            some(status),
            Some(money(total, 0)),
            Some(day(self.day)),
            some(self.priority),
            Some(format!("Clerk#{:09}", self.clerk)),
            some(0),
            comment(32, self.key),
        ]
    }
}

fn line(order: u64, number: u64, ordered: u64, random: &mut Random, sizes: &Sizes) -> Line {
    let part = random.range(1, sizes.parts + 1);
    let supplier = supplier_of(part, random.range(0, 4), sizes);
    let quantity = random.range(1, 51);
    let shipped = ordered + random.range(1, 122);
    Line {
        order,
        part,
        supplier,
        number,
        quantity,
        price: quantity * retail_price(part),
        discount: random.range(0, 11),
        tax: random.range(0, 9),
        shipped,
        committed: ordered + random.range(30, 91),
        received: shipped + random.range(1, 31),
        returned: random.range(0, 2) == 1,
        instruction: random.pick(&INSTRUCTIONS),
        mode: random.pick(&MODES),
    }
}
