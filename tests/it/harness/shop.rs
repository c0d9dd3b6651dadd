//! A shop with one schema and one cluster: what most tests deploy, and where they look.

use super::World;

/// The project: a view, and what adds it up. Its total is 10.
pub(crate) const SHOP: &str = "\
-- file: shop/project.toml
-- file: shop/clusters/compute.sql
CREATE CLUSTER compute (SIZE = '25cc');
-- file: shop/models/shop/core/orders.sql
CREATE VIEW orders AS SELECT 1 AS id, 10 AS amount;
-- file: shop/models/shop/core/totals.sql
CREATE MATERIALIZED VIEW totals IN CLUSTER compute AS
SELECT sum(amount) AS total FROM core.orders;
";

/// What has one schema, one cluster and a total that is just there.
pub(crate) const TOTALS: &str = "\
-- file: shop/project.toml
-- file: shop/clusters/compute.sql
CREATE CLUSTER compute (SIZE = '25cc');
-- file: shop/models/shop/core/totals.sql
CREATE MATERIALIZED VIEW totals IN CLUSTER compute AS SELECT 10 AS total;
";

/// A shop whose totals go out to Kafka, from a schema and a cluster of the sink's own.
pub(crate) const OUTBOUND: &str = "\
-- file: shop/project.toml
-- file: shop/clusters/compute.sql
CREATE CLUSTER compute (SIZE = '25cc');
-- file: shop/clusters/outbound.sql
CREATE CLUSTER outbound (SIZE = '25cc');
-- file: shop/models/shop/infra/broker.sql
CREATE CONNECTION broker TO KAFKA (BROKER 'kafka.example.com:9092', SECURITY PROTOCOL = 'PLAINTEXT') WITH (VALIDATE = false);
-- file: shop/models/shop/core/orders.sql
CREATE VIEW orders AS SELECT 1 AS id, 10 AS amount;
-- file: shop/models/shop/core/totals.sql
CREATE MATERIALIZED VIEW totals IN CLUSTER compute AS SELECT sum(amount) AS total FROM core.orders;
-- file: shop/models/shop/outbound/totals_out.sql
CREATE SINK totals_out IN CLUSTER outbound FROM core.totals INTO KAFKA CONNECTION infra.broker (TOPIC 'totals') FORMAT JSON ENVELOPE DEBEZIUM;
";

/// [`TOTALS`] with a table beside it.
pub(crate) fn stocked() -> String {
    format!("{TOTALS}-- file: shop/models/shop/raw/items.sql\nCREATE TABLE items (id int);\n")
}

/// The shop with another total.
pub(crate) fn worth(total: u32) -> String {
    SHOP.replace("10 AS amount", &format!("{total} AS amount"))
}

/// The shop as it is to become: its total is 20.
pub(crate) fn changed() -> String {
    worth(20)
}

/// The first version is production, and on the disk.
pub(crate) fn first() -> World {
    let world = World::new();
    world.write(SHOP);
    world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "first"]).code(0);
    world
}

/// The first version is production, and the changed one is on the disk.
pub(crate) fn waiting() -> World {
    let world = first();
    world.write(&changed());
    world.forget();
    world
}

/// The first version is production, and the changed one is staged as `second`.
pub(crate) fn staged() -> World {
    let world = waiting();
    world.mzflow(&["stage", "--project", "shop", "--id", "second"]).code(0);
    world.forget();
    world
}

/// What a reader of production sees.
pub(crate) fn total(world: &World) -> String {
    world.rows("SELECT total FROM shop.core.totals")
}

/// What is staged, claimed or retired: everything with a name that only mzflow gives.
pub(crate) fn staging(world: &World) -> String {
    world.rows(
        "SELECT name FROM mz_schemas WHERE name LIKE '%mzf' OR name LIKE '%mzx' \
         UNION ALL SELECT name FROM mz_clusters WHERE name LIKE '%mzf' OR name LIKE '%mzx' ORDER BY 1",
    )
}

/// How many swaps there were.
pub(crate) fn swaps(world: &World) -> usize {
    let log = world.mzflow(&["log", "--json"]).code(0).json();
    log.as_array().map_or(0, Vec::len)
}

/// Waits until a statement with a text has come in.
#[track_caller]
pub(crate) fn sent(world: &World, text: &str) {
    world.until(text, || world.statements().iter().any(|sql| sql.contains(text)));
}
