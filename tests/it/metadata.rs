//! Grants, default privileges and comments: what files say comes, what they no longer say goes, and what
//! somebody else made stays; nothing is rebuilt for any of it.

use crate::harness::World;
use crate::harness::shop::stocked;

/// What files say beside.
const SAID: &str = "\
-- file: shop/clusters/compute.sql
CREATE CLUSTER compute (SIZE = '25cc');
GRANT USAGE ON CLUSTER compute TO reader;
-- file: shop/models/shop.sql
ALTER DEFAULT PRIVILEGES FOR ROLE materialize IN DATABASE shop GRANT USAGE ON SECRETS TO reader;
-- file: shop/models/shop/core.sql
GRANT USAGE ON SCHEMA core TO reader;
ALTER DEFAULT PRIVILEGES FOR ROLE materialize IN SCHEMA core GRANT SELECT ON TABLES TO writer;
-- file: shop/models/shop/raw/items.sql
CREATE TABLE items (id int);
GRANT SELECT, INSERT ON items TO reader;
COMMENT ON TABLE items IS 'all of them';
-- file: shop/models/shop/core/totals.sql
CREATE MATERIALIZED VIEW totals IN CLUSTER compute AS SELECT 10 AS total;
GRANT SELECT ON totals TO reader;
COMMENT ON MATERIALIZED VIEW totals IS 'the sum';
COMMENT ON COLUMN totals.total IS 'of everything';
";

const RUN: [&str; 4] = ["run", "blue_green", "--project", "shop"];

/// What others than the owner hold on what is shop's.
fn held(world: &World) -> String {
    let mut lines = Vec::new();
    for relation in ["mz_objects", "mz_schemas", "mz_clusters"] {
        lines.push(world.rows(&format!(
            "SELECT p.name, r.name, p.privilege_type FROM (SELECT id, name, owner_id, \
             mz_internal.mz_aclexplode(privileges).* FROM mz_catalog.{relation} WHERE id LIKE 'u%') \
             AS p(id, name, owner_id, grantor, grantee, privilege_type, is_grantable) \
             JOIN mz_roles r ON r.id = p.grantee WHERE r.name IN ('reader', 'writer', 'guest') ORDER BY 1, 2, 3"
        )));
    }
    lines.push(world.rows(
        "SELECT d.object_type, d.privileges, r.name FROM mz_default_privileges d JOIN mz_roles r ON r.id = d.grantee \
         WHERE r.name IN ('reader', 'writer', 'guest') ORDER BY 1, 2, 3",
    ));
    lines.push(world.rows(
        "SELECT object_type, comment FROM mz_internal.mz_comments WHERE comment NOT LIKE 'mzflow: %' ORDER BY 1, 2",
    ));
    lines.retain(|line| !line.is_empty());
    lines.join("\n")
}

fn ids(world: &World) -> String {
    world.rows(
        "SELECT name, id FROM mz_objects WHERE name IN ('totals', 'items') \
         UNION ALL SELECT name, id FROM mz_schemas WHERE name = 'core' \
         UNION ALL SELECT name, id FROM mz_clusters WHERE name = 'compute' ORDER BY 1, 2",
    )
}

fn with_roles() -> World {
    let world = World::new();
    for role in ["reader", "writer", "guest"] {
        world.sql(&format!("CREATE ROLE {role}"));
    }
    world.write(&stocked());
    world
}

/// The files without what they said beside.
fn say_nothing(world: &World) {
    world.write(&stocked());
    for file in ["shop/models/shop.sql", "shop/models/shop/core.sql"] {
        std::fs::remove_file(world.folder().join(file)).expect("it was written");
    }
}

/// All of what the files say.
const ALL: &str = "\
items reader INSERT
items reader SELECT
totals reader SELECT
core reader USAGE
compute reader USAGE
secret U reader
table r writer
materialized-view of everything
materialized-view the sum
table all of them";

#[test]
fn what_files_say_comes_and_goes_and_nothing_is_rebuilt() {
    let world = with_roles();
    world.mzflow(&RUN).code(0);
    let before = ids(&world);
    world.write(SAID);
    let told = world.mzflow(&["diff", "--project", "shop", "--json"]).code(0).json();
    assert_eq!(told["summary"]["metadata"], 1, "{told}");
    assert_eq!((&told["summary"]["changed"], &told["cost"]["objects"]), (&0.into(), &0.into()), "{told}");
    let in_place = told["in_place"].to_string();
    for said in ["SELECT on materialized view shop.core.totals to reader", "default SELECT on TABLES"] {
        assert!(in_place.contains(said), "{in_place}");
    }
    world.mzflow(&RUN).code(0);
    assert_eq!((held(&world).as_str(), ids(&world)), (ALL, before.clone()));
    world.mzflow(&["diff", "--project", "shop"]).code(0).says("no changes");
    world.forget();
    world.mzflow(&RUN).code(0).says("nothing to deploy");
    let wrote =
        world.statements().into_iter().filter(|sql| !sql.starts_with("SELECT") && !sql.starts_with("SHOW"));
    assert_eq!(wrote.collect::<Vec<_>>(), Vec::<String>::new(), "a second run writes nothing");

    // What somebody else has given stays, whatever the files say.
    world.sql("GRANT SELECT ON shop.core.totals TO guest");
    world.sql("GRANT SELECT ON shop.raw.items TO guest");
    world.sql("COMMENT ON SCHEMA shop.raw IS 'by hand'");
    say_nothing(&world);
    let told = world.mzflow(&["diff", "--project", "shop"]).code(0);
    told.says("revoke SELECT on materialized view shop.core.totals from reader");
    world.mzflow(&RUN).code(0);
    let left = "items guest SELECT\ntotals guest SELECT\nschema by hand";
    assert_eq!((held(&world).as_str(), ids(&world)), (left, before));
    world.mzflow(&["diff", "--project", "shop"]).code(0).says("no changes");
}

#[test]
fn what_is_rebuilt_is_without_what_the_files_no_longer_say() {
    let world = with_roles();
    world.write(SAID);
    world.mzflow(&RUN).code(0);
    // What is made where a default holds has what it gives.
    assert_eq!(held(&world), ALL.replace("core reader", "totals writer SELECT\ncore reader"));
    world.sql("GRANT SELECT ON shop.core.totals TO guest");
    say_nothing(&world);
    world.write(&stocked().replace("10 AS total", "20 AS total"));
    world.mzflow(&RUN).code(0);
    assert_eq!(world.rows("SELECT total FROM shop.core.totals"), "20");
    assert_eq!(held(&world), "totals guest SELECT\ntotals writer SELECT");
}

#[test]
fn what_was_there_before_the_files_said_it_stays() {
    let world = with_roles();
    world.mzflow(&RUN).code(0);
    world.sql("GRANT SELECT ON shop.core.totals TO reader");
    world.sql("GRANT INSERT ON shop.raw.items TO reader");
    world.sql("GRANT USAGE ON SCHEMA shop.core TO reader");
    world.write(SAID);
    world.mzflow(&RUN).code(0);
    assert_eq!(held(&world), ALL);
    say_nothing(&world);
    world.mzflow(&RUN).code(0);
    assert_eq!(held(&world), "items reader INSERT\ntotals reader SELECT\ncore reader USAGE");
}

#[test]
fn what_was_staged_and_dropped_does_not_count() {
    let world = with_roles();
    world.write(SAID);
    world.mzflow(&RUN).code(0);
    // Staged without what the files said, and not wanted: production has it, and it is still the project's.
    world.write(&stocked().replace("10 AS total", "20 AS total"));
    world.mzflow(&["stage", "--project", "shop", "--id", "second"]).code(0);
    world.mzflow(&["abort", "second"]).code(0);
    world.write(&stocked());
    world.mzflow(&RUN).code(0);
    assert!(!held(&world).contains("totals reader"), "{}", held(&world));
}

#[test]
fn a_privilege_that_a_default_gives_stays_when_the_file_of_the_object_drops_it() {
    let world = with_roles();
    let defaults = "-- file: shop/models/shop/core.sql\n\
        ALTER DEFAULT PRIVILEGES FOR ROLE materialize IN SCHEMA core GRANT SELECT ON TABLES TO reader;\n";
    world.write(SAID);
    world.write(defaults);
    world.mzflow(&RUN).code(0);
    world.write(&stocked());
    for _ in 0..2 {
        world.mzflow(&RUN).code(0);
        assert!(held(&world).contains("totals reader SELECT"), "{}", held(&world));
    }
}

#[test]
fn another_project_on_the_same_cluster_takes_nothing_away() {
    let world = with_roles();
    world.write(SAID);
    world.mzflow(&RUN).code(0);
    world.write(&stocked().replace("shop/", "store/").replace("models/shop", "models/store"));
    world.mzflow(&["run", "blue_green", "--project", "store", "--isolation", "schema"]).code(0);
    assert!(held(&world).contains("compute reader USAGE"), "{}", held(&world));
}

#[test]
fn a_rehearsal_shows_it_and_changes_nothing() {
    let world = with_roles();
    world.write(SAID);
    world.mzflow(&RUN).code(0);
    let before = held(&world);
    say_nothing(&world);
    let told = world.mzflow(&["run", "blue_green", "--project", "shop", "--dry-run", "-v"]).code(0);
    told.says("REVOKE INSERT, SELECT ON TABLE \"shop\".\"raw\".\"items\" FROM \"reader\"")
        .says("IN SCHEMA \"shop\".\"core\" REVOKE SELECT ON TABLES FROM \"writer\"");
    assert_eq!(held(&world), before);
}

/// What is neither staged nor swapped is told by `diff` too, and by nothing once it is applied.
#[test]
fn diff_tells_what_apply_would_do() {
    let world = with_roles();
    world
        .mzflow(&["diff", "--project", "shop"])
        .code(0)
        .says("apply: create cluster compute")
        .says("`mzflow apply --project shop` does this alone");
    world.mzflow(&RUN).code(0);
    world.mzflow(&["diff", "--project", "shop"]).code(0).says("no changes").never_says("apply: ");
    world.write(SAID);
    world
        .mzflow(&["diff", "--project", "shop"])
        .code(0)
        .says("apply: grant INSERT, SELECT on table shop.raw.items to reader")
        .says("apply: comment on table shop.raw.items")
        .never_says("apply: grant USAGE on schema");
    world.mzflow(&["apply", "--project", "shop"]).code(0);
    world.mzflow(&["diff", "--project", "shop", "--json"]).code(0).says("\"to_apply\":[]");
}
