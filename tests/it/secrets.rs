//! A secret's value is sent, and neither said nor written down.

use crate::harness::World;
use crate::harness::told::Told;

const SHOP: &str = "\
-- file: shop/project.toml
-- file: shop/models/shop/raw/k.sql
CREATE SECRET k AS env_var('THE_KEY');
-- file: shop/models/shop/raw/plain.sql
CREATE SECRET plain AS 'open sesame';
-- file: shop/models/shop/core/v.sql
CREATE VIEW v AS SELECT 1 AS x;
";

#[test]
fn a_value_is_neither_said_nor_written_down() {
    let world = World::new();
    world.write(SHOP);
    world.secret("open sesame");
    world.mzflow(&["apply", "--project", "shop"]).code(3).says("$THE_KEY").says("nothing was changed");
    assert_eq!(world.rows("SELECT count(*) FROM mz_secrets"), "0");
    for (value, arguments) in [
        ("first-hunter2", vec!["apply", "--project", "shop", "-v", "--dry-run"]),
        ("first-hunter2", vec!["apply", "--project", "shop", "-v", "--json"]),
        ("it's a hunter2", vec!["apply", "--project", "shop", "-v"]),
        ("third-hunter2", vec!["run", "blue_green", "--project", "shop", "-v", "--json"]),
    ] {
        world.secret(value);
        let told = world.mzflow_with(&arguments, &[("THE_KEY", value)]).code(0).says("shop");
        let said = told.stdout + &told.stderr;
        assert!(!said.contains("hunter2") && !said.contains("open sesame"), "{said}");
    }
    assert_eq!(world.rows("SELECT count(*) FROM mz_secrets"), "2");
    let journal = world.rows("SELECT * FROM _mzflow.public.journal");
    assert!(
        journal.contains("shop") && !journal.contains("hunter2") && !journal.contains("sesame"),
        "{journal}"
    );
}

#[test]
fn a_refusal_of_the_server_does_not_tell_it_either() {
    let world = World::new();
    world.write(SHOP);
    // Something else has the name, and is no secret that could be altered.
    for sql in ["CREATE DATABASE shop", "CREATE SCHEMA shop.raw", "CREATE TABLE shop.raw.k (x int)"] {
        world.sql(sql);
    }
    world.secret("a-hunter2");
    let told =
        world.mzflow_with(&["apply", "--project", "shop", "-v", "--json"], &[("THE_KEY", "a-hunter2")]);
    assert_ne!(told.code, Some(0));
    told.says("secret").never_says("hunter2");
}

const ROLE: &str = "\
-- file: shop/project.toml
-- file: shop/models/shop/core/v.sql
CREATE VIEW v AS SELECT 1 AS x;
-- file: shop/roles/joe.sql
CREATE ROLE joe WITH LOGIN PASSWORD 'joes-own-word';
";

/// Loud and to the last word; whatever is said is looked through.
fn loudly(world: &World, arguments: &[&str]) -> Told {
    let told = world.mzflow_with(arguments, &[("MZFLOW_LOG", "trace"), ("THE_KEY", "a-hunter2")]);
    world.mzflow_with(&[arguments, &["-v", "--json"]].concat(), &[("THE_KEY", "a-hunter2")]);
    told
}

#[test]
fn the_password_of_a_role_is_neither_said_nor_written_down() {
    let world = World::new();
    world.write(ROLE);
    world.secret("joes-own-word");
    loudly(&world, &["apply", "--project", "shop", "--dry-run"]).code(0).says("joe");
    loudly(&world, &["apply", "--project", "shop"]).code(0).says("joe");
    world.sql("DROP ROLE joe");
    // Refused by the server, and by nobody but it.
    world.faults("error 'XX000' on 'CREATE ROLE%'; error 'XX000' on 'CREATE ROLE%'");
    loudly(&world, &["apply", "--project", "shop"]).code(1).says("[apply.rejected]").never_says("joes");
}

#[test]
fn what_stands_in_a_file_is_blanked_in_its_excerpt() {
    let world = World::new();
    world.secret("in-the-file-itself");
    world.secret("wJalrXUtnFEMI/K7MDENG");
    let word = "-- file: shop/project.toml\n-- file: shop/models/shop/raw/word.sql\n\
                CREATE SECRET word AS 'in-the-file-itself';\n";
    world.write(word);
    world.faults("error 'XX000' on 'CREATE SECRET%'; error 'XX000' on 'CREATE SECRET%'");
    let told = loudly(&world, &["apply", "--project", "shop"]).code(1).says("[apply.rejected]");
    told.says("CREATE SECRET word AS ****").says("models/shop/raw/word.sql:1:");
    world.faults("");
    world.write(
        "-- file: shop/models/shop/raw/aws.sql\n\
         CREATE CONNECTION aws TO AWS (ACCESS KEY ID = 'AKIA', SECRET ACCESS KEY = 'wJalrXUtnFEMI/K7MDENG');\n",
    );
    loudly(&world, &["apply", "--project", "shop", "--dry-run"]);
    world.faults("error 'XX000' on 'CREATE CONNECTION%'; error 'XX000' on 'CREATE CONNECTION%'");
    let told = loudly(&world, &["apply", "--project", "shop"]).code(1).says("aws.sql");
    told.says("SECRET ACCESS KEY = ****");
    // Nor by who reads the files: what is not understood is told with its place.
    for broken in ["CREATE SECRET word 'in-the-file-itself';", "CREATE SECRET word AS 'in-the-file-itself;"] {
        world.write(&format!("-- file: shop/models/shop/raw/word.sql\n{broken}\n"));
        loudly(&world, &["compile", "--project", "shop"]).code(1).says("word.sql:1:");
    }
}
