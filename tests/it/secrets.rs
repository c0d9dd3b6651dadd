//! A secret's value is sent, and neither said nor written down.

use crate::harness::World;

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
