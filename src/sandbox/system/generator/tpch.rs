//! `TPCH`: its tables, and how many rows a scale factor makes.
//!
//! Source: columns recorded from v26.21 (`full/36`) and the benchmark's public specification.

use super::Description;
use super::option;

/// By name, which is the order in which the server makes them: `customer` has the lowest id.
pub(super) const TABLES: &[Description] = &[
    (
        "customer",
        "c_custkey int8, c_name text, c_address text, c_nationkey int8, c_phone text, c_acctbal numeric, \
         c_mktsegment text, c_comment text",
    ),
    (
        "lineitem",
        "l_orderkey int8, l_partkey int8, l_suppkey int8, l_linenumber int4, l_quantity numeric, \
         l_extendedprice numeric, l_discount numeric, l_tax numeric, l_returnflag text, l_linestatus text, \
         l_shipdate date, l_commitdate date, l_receiptdate date, l_shipinstruct text, l_shipmode text, \
         l_comment text",
    ),
    ("nation", "n_nationkey int8, n_name text, n_regionkey int8, n_comment text"),
    (
        "orders",
        "o_orderkey int8, o_custkey int8, o_orderstatus text, o_totalprice numeric, o_orderdate date, \
         o_orderpriority text, o_clerk text, o_shippriority int4, o_comment text",
    ),
    (
        "part",
        "p_partkey int8, p_name text, p_mfgr text, p_brand text, p_type text, p_size int4, p_container text, \
         p_retailprice numeric, p_comment text",
    ),
    (
        "partsupp",
        "ps_partkey int8, ps_suppkey int8, ps_availqty int4, ps_supplycost numeric, ps_comment text",
    ),
    ("region", "r_regionkey int8, r_name text, r_comment text"),
    (
        "supplier",
        "s_suppkey int8, s_name text, s_address text, s_nationkey int8, s_phone text, s_acctbal numeric, \
         s_comment text",
    ),
];

/// The largest scale factor whose rows are made.
pub(super) const MAX_SCALE: f64 = 0.1;

/// `SCALE FACTOR`
pub(super) fn scale(options: &[(String, String)]) -> f64 {
    option(options, "SCALE FACTOR").and_then(|text| text.parse().ok()).unwrap_or(0.01)
}

/// How many rows the tables have.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    pub(super) suppliers: u64,
    pub(super) parts: u64,
    pub(super) customers: u64,
    pub(super) orders: u64,
}

impl Sizes {
    pub(super) fn new(options: &[(String, String)]) -> Self {
        let scale = scale(options).clamp(0.0, MAX_SCALE);
        // Truncation is what the server does, and nothing is negative or large.
        let of = |whole: f64| ((whole * scale) as u64).max(1);
        Self {
            suppliers: of(10_000.0),
            parts: of(200_000.0),
            customers: of(150_000.0),
            orders: of(1_500_000.0),
        }
    }
}
