//! A project with one schema, one cluster and two roles that read it, for what lets roles read what is staged.

use crate::harness::World;

/// The project, as it becomes production.
pub(crate) const SHOP: &str = "\
-- file: shop/project.toml
-- file: shop/clusters/compute.sql
CREATE CLUSTER compute (SIZE = '25cc');
GRANT USAGE ON CLUSTER compute TO reader, other;
-- file: shop/roles/reader.sql
CREATE ROLE reader;
ALTER ROLE reader SET search_path = core, \"My Own\";
ALTER ROLE reader SET cluster = compute;
-- file: shop/roles/other.sql
CREATE ROLE other;
ALTER ROLE other SET search_path = core;
-- file: shop/models/shop/core.sql
GRANT USAGE ON SCHEMA core TO reader, other;
-- file: shop/models/shop/core/orders.sql
CREATE VIEW orders AS SELECT 1 AS id, 10 AS amount;
GRANT SELECT ON orders TO reader, other;
-- file: shop/models/shop/core/totals.sql
CREATE MATERIALIZED VIEW totals IN CLUSTER compute AS
SELECT sum(amount) AS total FROM core.orders;
GRANT SELECT ON totals TO reader, other;
";

/// What the settings of all roles are.
pub(crate) fn settings(world: &World) -> String {
    world.rows(
        "SELECT r.name, p.parameter_name, p.parameter_value FROM mz_role_parameters p \
         JOIN mz_roles r ON r.id = p.role_id ORDER BY 1, 2",
    )
}

/// Those of production.
pub(crate) const BLUE: &str =
    "other search_path core\nreader cluster compute\nreader search_path core, \"My Own\"";

/// A version is production, and a change waits; with these files beside the project's.
pub(crate) fn deployed(more: &str) -> World {
    let world = World::new();
    world.write(SHOP);
    world.write(more);
    world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "first"]).code(0);
    world.write(&SHOP.replace("10 AS amount", "20 AS amount"));
    world
}
