//! `mzflow delete`: one thing goes, its file with it, and nothing that depends on it.

use crate::harness::World;

const PROJECT: &str = "\
-- file: shop/project.toml
-- file: shop/clusters/spare.sql
CREATE CLUSTER spare (SIZE = '25cc');
-- file: shop/roles/reader.sql
CREATE ROLE reader;
-- file: shop/models/shop/raw/items.sql
CREATE TABLE items (id int);
CREATE INDEX items_id IN CLUSTER spare ON items (id);
";

const ITEMS: &str = "shop/models/shop/raw/items.sql";

fn applied() -> World {
    let world = World::new();
    world.write(PROJECT);
    world.mzflow(&["apply", "--project", "shop"]).code(0);
    world.forget();
    world
}

fn has(world: &World, file: &str) -> bool {
    world.folder().join(file).exists()
}

fn tables(world: &World) -> String {
    world.rows(
        "SELECT t.name FROM mz_catalog.mz_tables AS t JOIN mz_catalog.mz_schemas AS s ON s.id = t.schema_id \
         WHERE s.name = 'raw'",
    )
}

#[test]
fn what_others_read_stays_and_so_does_its_file() {
    let world = applied();
    world.sql("CREATE VIEW materialize.public.theirs AS SELECT id FROM shop.raw.items");
    world
        .mzflow(&["delete", "table", "items", "--yes", "--project", "shop"])
        .code(3)
        .says("[delete.in-use]")
        .says("view materialize.public.theirs (owner materialize) depends on it");
    assert!(has(&world, ITEMS));
    assert_eq!(tables(&world), "items");
    assert!(!world.statements().iter().any(|sql| sql.starts_with("ALTER") || sql.starts_with("DROP")));
    // Nor does a cluster go on which something runs.
    world
        .mzflow(&["delete", "cluster", "spare", "--yes", "--project", "shop"])
        .code(3)
        .says("index shop.raw.items_id (owner materialize) runs on it");
    // Once nobody reads it, it goes, with its index and without CASCADE.
    world.sql("DROP VIEW materialize.public.theirs");
    world.forget();
    let told =
        world.mzflow(&["delete", "table", "raw.items", "--yes", "--json", "--project", "shop"]).code(0);
    let told = told.json_lines().pop().expect("its outcome");
    assert_eq!(told["name"], "shop.raw.items");
    assert_eq!(told["dropped"], true);
    assert!(!has(&world, ITEMS));
    assert_eq!(tables(&world), "");
    assert!(!world.statements().iter().any(|sql| sql.contains("CASCADE")));
    world.mzflow(&["delete", "cluster", "spare", "--yes", "--project", "shop"]).code(0);
    assert_eq!(world.rows("SELECT name FROM mz_catalog.mz_clusters WHERE name LIKE 'spare%'"), "");
}

#[test]
fn nothing_is_deleted_unasked_or_unknown() {
    let world = applied();
    for more in [&[][..], &["--json"]] {
        let arguments = [&["delete", "table", "items", "--project", "shop"], more].concat();
        world.mzflow(&arguments).code(2).says("cli.needs-yes");
    }
    world
        .mzflow(&["delete", "source", "items", "--yes", "--project", "shop"])
        .says("the project has no source `items`")
        .says("delete.unknown");
    world
        .mzflow(&["delete", "table", "nothing", "--yes", "--project", "shop"])
        .says("it has: shop.raw.items");
    world
        .mzflow(&["delete", "view", "items", "--yes", "--project", "shop"])
        .code(2)
        .says("it has to be one of");
    let shown = world.mzflow(&["delete", "table", "items", "--dry-run", "--project", "shop"]).code(0);
    drop(shown.says("RENAME TO \"items__deleted__mzx\"").says("DROP TABLE"));
    assert!(has(&world, ITEMS));
    assert_eq!(tables(&world), "items");
}

#[test]
fn of_what_is_gone_already_the_file_is_removed() {
    let world = applied();
    world.sql("DROP TABLE shop.raw.items");
    world.forget();
    world
        .mzflow(&["delete", "table", "items", "--yes", "--project", "shop"])
        .code(0)
        .says("was gone already");
    assert!(!has(&world, ITEMS));
    assert!(!world.statements().iter().any(|sql| sql.starts_with("ALTER") || sql.starts_with("DROP")));
}

#[test]
fn a_refused_drop_gives_the_name_back_and_a_cut_one_goes_on() {
    let world = applied();
    let delete = ["delete", "table", "items", "--yes", "--project", "shop"];
    world.faults("error 'XX000' on 'DROP TABLE%'");
    world.mzflow(&delete).code(1).says("[delete.rejected]").says("its file stays");
    assert_eq!(tables(&world), "items");
    assert!(has(&world, ITEMS));
    world.faults("drop before 'DROP TABLE%'");
    let ended = world.mzflow(&delete);
    assert_ne!(ended.code, Some(0), "{}", ended.stderr);
    assert_eq!(tables(&world), "items__deleted__mzx", "it was claimed");
    assert!(has(&world, ITEMS));
    // Something else under the name meanwhile is not what was to be deleted.
    world.faults("");
    world.sql("CREATE TABLE shop.raw.items (other int)");
    world.mzflow(&delete).code(0).says("dropped");
    assert_eq!(tables(&world), "items", "the other one stays");
    assert!(!has(&world, ITEMS));
}

#[test]
fn a_role_that_owns_something_stays() {
    let world = applied();
    world.sql("CREATE SCHEMA shop.theirs");
    world.sql("ALTER SCHEMA shop.theirs OWNER TO reader");
    let delete = ["delete", "role", "reader", "--yes", "--project", "shop"];
    world.mzflow(&delete).code(3).says("it owns schema shop.theirs");
    world.sql("DROP SCHEMA shop.theirs");
    let default = "ALTER DEFAULT PRIVILEGES FOR ROLE materialize IN SCHEMA shop.raw";
    world.sql(&format!("{default} GRANT SELECT ON TABLES TO reader"));
    let told = world.mzflow(&delete).code(3).says("[delete.in-use]");
    told.says("default SELECT on TABLES in schema shop.raw to reader, of what materialize makes");
    world.sql(&format!("{default} REVOKE SELECT ON TABLES FROM reader"));
    world.sql("GRANT CREATEDB ON SYSTEM TO reader");
    let told = world.mzflow(&delete).code(3).says("[delete.in-use]");
    told.says("it is granted CREATEDB on the system");
    world.sql("REVOKE CREATEDB ON SYSTEM FROM reader");
    world.mzflow(&delete).code(0);
    assert_eq!(world.rows("SELECT name FROM mz_catalog.mz_roles WHERE name = 'reader'"), "");
    assert!(!has(&world, "shop/roles/reader.sql"));
}

#[test]
fn a_source_goes_with_the_tables_that_came_with_it() {
    let world = applied();
    world.write(
        "-- file: shop/clusters/ingest.sql\n\
         CREATE CLUSTER ingest (SIZE = '25cc');\n\
         -- file: shop/models/shop/ext/gen.sql\n\
         CREATE SOURCE gen IN CLUSTER ingest FROM LOAD GENERATOR AUCTION FOR ALL TABLES;\n",
    );
    world.mzflow(&["apply", "--project", "shop"]).code(0);
    let sources = "SELECT name FROM mz_catalog.mz_sources WHERE id LIKE 'u%' ORDER BY 1";
    let before = world.rows(sources);
    assert_eq!(before, "accounts\nauctions\nbids\ngen\ngen_progress\norganizations\nusers");
    let delete = ["delete", "source", "gen", "--yes", "--project", "shop"];
    world.sql("CREATE VIEW materialize.public.theirs AS SELECT id FROM shop.ext.bids");
    world.mzflow(&delete).code(3).says("view materialize.public.theirs (owner materialize) depends on it");
    assert_eq!(world.rows(sources), before);
    world.sql("DROP VIEW materialize.public.theirs");
    // What tells how far it has come goes with it, and what reads that is somebody's.
    world.sql("CREATE VIEW materialize.public.theirs AS SELECT * FROM shop.ext.gen_progress");
    world.mzflow(&delete).code(3).says("view materialize.public.theirs (owner materialize) depends on it");
    assert_eq!(world.rows(sources), before);
    world.sql("DROP VIEW materialize.public.theirs");
    // Cut, it goes on; refused, all of it has its names again.
    world.faults("error 'XX000' on 'DROP SOURCE%'");
    world.mzflow(&delete).code(1).says("[delete.rejected]").says("nothing was dropped");
    assert_eq!(world.rows(sources), before);
    world.faults("drop after 'DROP SOURCE%bids%'");
    assert_ne!(world.mzflow(&delete).code, Some(0));
    world.faults("");
    world.forget();
    world.mzflow(&delete).code(0);
    assert_eq!((world.rows(sources).as_str(), has(&world, "shop/models/shop/ext/gen.sql")), ("", false));
    assert!(!world.statements().iter().any(|sql| sql.contains("CASCADE")));
}

#[test]
fn a_type_goes_once_nothing_is_made_of_it() {
    let world = applied();
    world.write(
        "-- file: shop/models/shop/raw/kinds.sql\n\
         CREATE TYPE kinds AS LIST (ELEMENT TYPE = int4);\n\
         -- file: shop/models/shop/raw/bag.sql\n\
         CREATE TABLE bag (k kinds);\n",
    );
    world.mzflow(&["apply", "--project", "shop"]).code(0);
    let types = "SELECT name FROM mz_catalog.mz_types WHERE id LIKE 'u%'";
    let delete = ["delete", "type", "kinds", "--yes", "--project", "shop"];
    let told = world.mzflow(&delete).code(3).says("[delete.in-use]");
    told.says("table shop.raw.bag (owner materialize) depends on it");
    assert_eq!((world.rows(types).as_str(), has(&world, "shop/models/shop/raw/kinds.sql")), ("kinds", true));
    world.mzflow(&["delete", "table", "bag", "--yes", "--project", "shop"]).code(0);
    let shown = world.mzflow(&["delete", "type", "kinds", "--dry-run", "--project", "shop"]).code(0);
    drop(shown.says("DROP TYPE \"shop\".\"raw\".\"kinds\" RESTRICT"));
    world.mzflow(&delete).code(0).says("type shop.raw.kinds dropped");
    assert_eq!((world.rows(types).as_str(), has(&world, "shop/models/shop/raw/kinds.sql")), ("", false));
    // Repeating it is told as what it is: the project has none any more.
    world.mzflow(&delete).says("[delete.unknown]");
}

#[test]
fn a_recipe_deletes_and_gives_up_where_others_never_stop() {
    let world = applied();
    world.write(
        "-- file: shop/recipes/tidy.lua\n\
         -- tidy: takes a table out.\n\
         return mz.recipe {\n\
           api = 1, name = 'tidy', summary = 'Takes a table out.',\n\
           run = function(ctx)\n\
             return mz.delete { project = mz.compile {}, kind = 'table', name = 'items' }.dropped\n\
           end,\n\
         }\n",
    );
    world.faults("conflict 100000");
    let told = world.mzflow(&["run", "tidy", "--project", "shop", "--deadline", "5s"]);
    let known = ["[delete.conflict]", "[run.deadline]"].iter().any(|code| told.stderr.contains(code));
    assert!(known, "{}", told.stderr);
    assert_eq!(tables(&world), "items");
    world.faults("");
    world.mzflow(&["run", "tidy", "--project", "shop"]).code(0);
    assert_eq!(tables(&world), "");
    assert!(has(&world, ITEMS), "the file is for people");
}
