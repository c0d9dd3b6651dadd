//! The tables that come with a source, and the columns of those that load generators make.

use super::object::Column;
use crate::name::Ident;
use crate::name::ObjectName;
use crate::sql::ast::RawName;
use crate::sql::ast::source::CreateSource;
use crate::sql::ast::source::External;
use crate::sql::ast::source::Subsources;

/// Tables of a source.
#[derive(Default)]
pub(super) struct Tables {
    /// Their names as written, possibly partial.
    pub(super) names: Vec<Vec<Ident>>,
    /// Whether there are more that only the server knows.
    pub(super) is_open: bool,
}

/// The tables of the load generators that have several, each with its columns.
///
/// Source: recordings of v26.21, `core/10_sources_queries.slt` and `full/36_sources.slt`, and the
/// manual's page of each generator.
const GENERATED: &[(&str, &[(&str, &str)])] = &[
    (
        "AUCTION",
        &[
            ("accounts", "id int8, org_id int8, balance int8"),
            ("auctions", "id int8, seller int8, item text, end_time timestamptz"),
            ("bids", "id int8, buyer int8, auction_id int8, amount int4, bid_time timestamptz"),
            ("organizations", "id int8, name text"),
            ("users", "id int8, org_id int8, name text"),
        ],
    ),
    (
        "MARKETING",
        &[
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
                "id int8, customer_id int8, created_at timestamptz, converted_at timestamptz, \
                 conversion_amount int8",
            ),
        ],
    ),
    (
        "TPCH",
        &[
            (
                "customer",
                "c_custkey int8, c_name text, c_address text, c_nationkey int8, c_phone text, \
                 c_acctbal numeric(39;2), c_mktsegment text, c_comment text",
            ),
            (
                "lineitem",
                "l_orderkey int8, l_partkey int8, l_suppkey int8, l_linenumber int4, \
                 l_quantity numeric(39;2), l_extendedprice numeric(39;2), l_discount numeric(39;2), \
                 l_tax numeric(39;2), l_returnflag text, l_linestatus text, l_shipdate date, \
                 l_commitdate date, l_receiptdate date, l_shipinstruct text, l_shipmode text, \
                 l_comment text",
            ),
            ("nation", "n_nationkey int8, n_name text, n_regionkey int8, n_comment text"),
            (
                "orders",
                "o_orderkey int8, o_custkey int8, o_orderstatus text, o_totalprice numeric(39;2), \
                 o_orderdate date, o_orderpriority text, o_clerk text, o_shippriority int4, o_comment text",
            ),
            (
                "part",
                "p_partkey int8, p_name text, p_mfgr text, p_brand text, p_type text, p_size int4, \
                 p_container text, p_retailprice numeric(39;2), p_comment text",
            ),
            (
                "partsupp",
                "ps_partkey int8, ps_suppkey int8, ps_availqty int4, ps_supplycost numeric(39;2), \
                 ps_comment text",
            ),
            ("region", "r_regionkey int8, r_name text, r_comment text"),
            (
                "supplier",
                "s_suppkey int8, s_name text, s_address text, s_nationkey int8, s_phone text, \
                 s_acctbal numeric(39;2), s_comment text",
            ),
        ],
    ),
];

/// The columns of the load generators that are a relation themselves.
///
/// Source: the manual's page of each generator. `KEY VALUE` is in [`key_value`], and `DATUMS` has a
/// column for each type that the server knows.
const SINGLE: &[(&str, &str)] = &[("CLOCK", "time timestamptz"), ("COUNTER", "counter int8")];

/// The columns of what a source makes, where a load generator does: of its tables, or of itself.
///
/// `complete` makes full names.
pub(super) fn generated(
    source: &CreateSource,
    own: &ObjectName,
    complete: &dyn Fn(&[Ident]) -> Option<ObjectName>,
) -> Vec<(ObjectName, Vec<Column>)> {
    let External::LoadGenerator(generator, _) = &source.external else { return Vec::new() };
    let named = |upstream: &str, parts: &[Ident]| Some((complete(parts)?, of_table(source, upstream)?));
    match &source.subsources {
        Subsources::AllTables => {
            let tables = tables_of(generator).iter();
            tables.filter_map(|(name, _)| named(name, &[Ident::new(*name).ok()?])).collect()
        }
        Subsources::Tables(listed) => {
            let table = |(upstream, name): &(RawName, Option<RawName>)| {
                let name = name.as_ref().map_or_else(|| last(upstream), |name| name.parts.as_slice());
                named(upstream.parts.last()?.as_str(), name)
            };
            listed.iter().filter_map(table).collect()
        }
        Subsources::None | Subsources::Schemas(_) if source.columns.is_empty() => {
            let single = SINGLE.iter().find(|(name, _)| name == generator);
            let columns =
                single.map(|(_, text)| columns(text)).or_else(|| key_value(generator, &source.rest));
            columns.map(|columns| (own.clone(), columns)).into_iter().collect()
        }
        Subsources::None | Subsources::Schemas(_) => Vec::new(),
    }
}

/// The columns of a table that a load generator makes.
pub(super) fn of_table(source: &CreateSource, upstream: &str) -> Option<Vec<Column>> {
    let External::LoadGenerator(generator, _) = &source.external else { return None };
    let (_, text) = tables_of(generator).iter().find(|(name, _)| *name == upstream)?;
    Some(columns(text))
}

fn tables_of(generator: &str) -> &'static [(&'static str, &'static str)] {
    GENERATED.iter().find(|(name, _)| *name == generator).map_or(&[], |(_, tables)| tables)
}

fn last(name: &RawName) -> &[Ident] {
    name.parts.last().map_or(&[], std::slice::from_ref)
}

/// What `KEY VALUE` makes, as far as it does not get other names.
fn key_value(generator: &str, rest: &str) -> Option<Vec<Column>> {
    let rest = rest.to_ascii_uppercase();
    let words: Vec<&str> =
        rest.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    if generator != "KEY VALUE" || !words.contains(&"KEY") || words.contains(&"AS") {
        return None;
    }
    let offset = if words.contains(&"OFFSET") { ", offset uint8" } else { "" };
    Some(columns(&format!("key uint8, partition uint8, value bytea{offset}")))
}

/// Reads `name type, …`; a `;` stands for the comma in a type.
fn columns(text: &str) -> Vec<Column> {
    let column = |one: &str| {
        let (name, data_type) = one.split_once(' ')?;
        Some(Column { name: Ident::new(name).ok()?, data_type: data_type.replace(';', ",") })
    };
    text.split(", ").filter_map(column).collect()
}

/// The tables that a source makes, and the one that tells its progress.
pub(super) fn subsources(source: &CreateSource, own: &Ident) -> Tables {
    let mut tables = Tables::default();
    let bare = |name: &str| Ident::new(name).ok().map(|ident| vec![ident]);
    match (&source.subsources, &source.external) {
        (Subsources::None, _) => {}
        (Subsources::Tables(listed), _) => {
            for (upstream, name) in listed {
                let parts = match name {
                    Some(name) => name.parts.clone(),
                    None => upstream.parts.last().cloned().into_iter().collect(),
                };
                tables.names.push(parts);
            }
        }
        (Subsources::AllTables, External::LoadGenerator(generator, _)) => {
            tables.names.extend(tables_of(generator).iter().filter_map(|(name, _)| bare(name)));
        }
        (Subsources::AllTables | Subsources::Schemas(_), _) => tables.is_open = true,
    }
    match (&source.progress, &source.external) {
        (Some(progress), _) => tables.names.push(progress.parts.clone()),
        // Webhooks take what is sent to them: nothing to tell.
        (None, External::Webhook(_)) => {}
        (None, External::LoadGenerator(..) | External::Connection(..)) => {
            tables.names.extend(bare(&format!("{}_progress", own.as_str())));
        }
    }
    tables
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_of_every_generator_can_be_read() {
        let tables = GENERATED.iter().flat_map(|(_, tables)| tables.iter());
        for (table, text) in tables.chain(SINGLE) {
            let read = columns(text);
            assert_eq!(read.len(), text.split(", ").count(), "{table}");
            for column in read {
                let parsed = crate::sql::data_type::DataType::parse(&column.data_type);
                assert!(parsed.is_ok_and(|parsed| parsed.builtin().is_some()), "{table}.{}", column.name);
            }
        }
    }

    #[test]
    fn a_key_is_told_under_its_own_name() {
        let told = |rest: &str| key_value("KEY VALUE", rest).map(|columns| columns.len());
        assert_eq!(told("INCLUDE KEY, OFFSET ENVELOPE UPSERT"), Some(4));
        assert_eq!(told("INCLUDE KEY ENVELOPE UPSERT"), Some(3));
        assert_eq!(told("INCLUDE KEY AS k ENVELOPE UPSERT"), None);
        assert_eq!(told("ENVELOPE NONE"), None);
    }
}
