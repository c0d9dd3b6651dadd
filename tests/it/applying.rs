//! `apply`: what was cut is finished by the next one, wherever it was cut, and what files say later comes too; what
//! bears a name and is something else is not taken for it.

use crate::harness::World;

/// Everything that `apply` makes by more than one statement.
const SHOP: &str = "\
-- file: shop/project.toml
-- file: shop/clusters/compute.sql
CREATE CLUSTER compute (SIZE = '25cc', INTROSPECTION INTERVAL = '5s');
GRANT USAGE ON CLUSTER compute TO reader;
COMMENT ON CLUSTER compute IS 'for all';
-- file: shop/roles/all_readers.sql
CREATE ROLE all_readers;
-- file: shop/roles/reader.sql
CREATE ROLE reader;
ALTER ROLE reader WITH LOGIN PASSWORD 'of-the-reader';
ALTER ROLE reader SET search_path = core, \"My Own\";
ALTER ROLE reader SET cluster = compute;
GRANT reader TO writer;
COMMENT ON ROLE reader IS 'who reads';
-- file: shop/roles/writer.sql
CREATE ROLE writer;
-- file: shop/models/shop/raw/items.sql
CREATE TABLE items (id int);
CREATE INDEX items_id IN CLUSTER compute ON items (id);
GRANT SELECT ON items TO reader;
COMMENT ON TABLE items IS 'all of them';
";

const APPLY: [&str; 4] = ["apply", "--project", "shop", "--json"];

/// What there is of the project, by names: ids tell in which order it was made.
fn state(world: &World) -> String {
    let held = |relation: &str| {
        format!(
            "SELECT p.name, r.name, p.privilege_type FROM (SELECT name, mz_internal.mz_aclexplode(privileges).* \
             FROM mz_catalog.{relation} WHERE id LIKE 'u%') AS p(name, grantor, grantee, privilege_type, is_grantable) \
             JOIN mz_roles r ON r.id = p.grantee ORDER BY 1, 2, 3"
        )
    };
    let plain = [
        "SELECT name, rolcanlogin FROM mz_roles WHERE id LIKE 'u%' ORDER BY 1",
        "SELECT r.name, m.name FROM mz_role_members x JOIN mz_roles r ON r.id = x.role_id \
         JOIN mz_roles m ON m.id = x.member ORDER BY 1, 2",
        "SELECT r.name, p.parameter_name, p.parameter_value FROM mz_role_parameters p \
         JOIN mz_roles r ON r.id = p.role_id ORDER BY 1, 2",
        "SELECT name, size, introspection_interval::text FROM mz_clusters WHERE id LIKE 'u%' ORDER BY 1",
        "SELECT name, type FROM mz_objects WHERE id LIKE 'u%' AND name LIKE 'items%' ORDER BY 1",
        "SELECT object_type, comment FROM mz_internal.mz_comments ORDER BY 1, 2",
    ];
    let all = plain.map(str::to_owned).into_iter().chain(["mz_clusters", "mz_objects"].map(held));
    all.map(|sql| world.rows(&sql)).collect::<Vec<_>>().join("\n--\n")
}

/// How many things an `apply` that works has done.
#[track_caller]
fn applied(world: &World) -> Vec<String> {
    let told = world.mzflow(&APPLY).code(0).json_lines().pop().expect("it ends with what was done");
    let actions = told["actions"].as_array().unwrap_or_else(|| panic!("{told}"));
    actions.iter().map(|action| action.as_str().expect("a text").to_owned()).collect()
}

#[test]
fn what_was_cut_anywhere_is_finished_by_the_next_one() {
    // More than it takes: the last one is not cut at all.
    const MOST: usize = 60;
    let prepared = || {
        let world = World::new();
        world.write(SHOP);
        world.mzflow(&["setup"]).code(0);
        world
    };
    let whole = prepared();
    assert_eq!(applied(&whole).len(), 17);
    assert_eq!(applied(&whole), Vec::<String>::new());
    let (wanted, mut is_cut, mut at) = (state(&whole), true, 0);
    while is_cut {
        at += 1;
        assert!(at < MOST, "it never comes to an end");
        let world = prepared();
        world.faults(&format!("error 'XX000' on write {at} by 'mzflow/%'"));
        is_cut = world.mzflow(&APPLY).code != Some(0);
        world.faults("");
        applied(&world);
        assert_eq!(state(&world), wanted, "cut at {at}");
        assert_eq!(applied(&world), Vec::<String>::new(), "cut at {at}");
    }
    assert!(at > 15, "{at}");
}

#[test]
fn what_files_say_of_a_role_later_comes_too() {
    let world = World::new();
    world.write(SHOP);
    applied(&world);
    let more = "SET cluster = other;\nGRANT reader TO all_readers;";
    world.write(&SHOP.replace("SET cluster = compute;", more));
    let told = world.mzflow(&["diff", "--project", "shop"]).code(0);
    told.says("alter role reader").says("grant role reader to all_readers");
    assert_eq!(applied(&world), ["alter role reader", "grant role reader to all_readers"]);
    assert_eq!(applied(&world), Vec::<String>::new());
    let cluster = "SELECT parameter_value FROM mz_role_parameters WHERE parameter_name = 'cluster'";
    assert_eq!(world.rows(cluster), "other");
}

#[test]
fn what_bears_the_name_and_is_something_else_is_not_taken_for_it() {
    let world = World::new();
    world.write(SHOP);
    for sql in [
        "CREATE DATABASE shop",
        "CREATE SCHEMA shop.raw",
        "CREATE VIEW shop.raw.items AS SELECT 1 AS id",
        "CREATE INDEX items_id ON shop.raw.items (id)",
    ] {
        world.sql(sql);
    }
    let told = world.mzflow(&["apply", "--project", "shop"]).code(3).says("[apply.name-taken]");
    told.says("view shop.raw.items (owner materialize) bears the name of a table")
        .says("nothing was changed");
    assert_eq!(world.rows("SELECT name FROM mz_roles WHERE name = 'reader'"), "", "nothing is made before");
    world.mzflow(&["diff", "--project", "shop"]).code(0).says("create table shop.raw.items");
    // An index of another relation is another one.
    for sql in [
        "DROP VIEW shop.raw.items",
        "CREATE VIEW shop.raw.others AS SELECT 1 AS id",
        "CREATE INDEX items_id ON shop.raw.others (id)",
    ] {
        world.sql(sql);
    }
    let told = world.mzflow(&["apply", "--project", "shop"]).code(3).says("[apply.name-taken]");
    told.says("index shop.raw.items_id").says("bears the name of an index of shop.raw.items");
    world.sql("DROP INDEX shop.raw.items_id");
    world.mzflow(&["apply", "--project", "shop"]).code(0);
}
