//! Runs that are cut by `mzflow test --crash`, the crash matrix of people who write recipes (`cli/recipe_test/`): behind
//! a statement with the process dead (then resumed, or aborted), before its answer, and before it is run; what comes
//! of it is compared with a run that was not cut.

use std::collections::BTreeSet;

use crate::harness::World;
use crate::harness::random::Random;
use crate::harness::shop::SHOP;

/// The shop with a comment, and an index.
const COMMENTED: &str = "\
-- file: shop/models/shop/core/orders.sql
CREATE VIEW orders AS SELECT 1 AS id, 10 AS amount;
COMMENT ON VIEW orders IS 'Every order';
-- file: shop/models/shop/core/totals.sql
CREATE MATERIALIZED VIEW totals IN CLUSTER compute AS
SELECT sum(amount) AS total FROM core.orders;
CREATE INDEX totals_by_total IN CLUSTER compute ON totals (total);
";

/// So many statements of each are cut where nobody asks for all of them.
const SOME: usize = 2;

/// A test of a recipe: a version, and another one over it, of which the second is cut.
fn deployed(recipe: &str, arguments: &str) -> String {
    format!(
        "-- file: shop/tests/matrix.lua
-- matrix: one version, and another one over it.
return mz.test {{
  crash = 'last',
  run = function(t)
    local s = mz.test.sandbox {{ hydration = '2s' }}
    s:sql 'CREATE ROLE analyst'
    t.equal(s:run('blue_green', {{ id = 'a' }}).status, 'done')
    s:sql 'GRANT SELECT ON shop.core.totals TO analyst'
    s:sql 'GRANT USAGE ON SCHEMA shop.core TO analyst'
    s:sql 'ALTER ROLE analyst SET search_path = core'
    s:sql 'ALTER ROLE analyst SET database = shop'
    s:edit {{ ['models/shop/core/orders.sql'] = \"CREATE VIEW orders AS SELECT 1 AS id, 20 AS amount; COMMENT ON VIEW orders IS 'Every order';\" }}
    t.equal(s:run('{recipe}', {{ id = 'b'{arguments} }}).status, 'done')
  end,
}}
"
    )
}

/// Cuts a recipe, and tells how often.
fn cut(recipe: &str, arguments: &str, random: &mut Random) -> u64 {
    let world = World::new();
    world.write(SHOP);
    world.write(COMMENTED);
    world.write(&deployed(recipe, arguments));
    let test = ["test", "--project", "shop", "tests/matrix.lua", "--json"];
    let all = std::env::var("MZFLOW_CRASH").is_ok_and(|wanted| wanted == "all");
    let mut words: Vec<String> = test.map(str::to_owned).into();
    if all {
        words.push("--crash".to_owned());
    } else {
        let told = world.mzflow(&[&test[..4], &["--crash-at", "9999"]].concat()).code(2);
        let range = told.stderr.split("its last is ").nth(1).and_then(|rest| rest.split(',').next());
        let last: usize = range.and_then(|last| last.parse().ok()).expect("it tells how many there are");
        // The last third is all of the run which is cut, and its end is where most can go wrong. There is
        // nothing to cut at a BEGIN: whoever is chosen so gives no cut.
        let mut numbers = BTreeSet::from([last]);
        while numbers.len() < SOME {
            let back =
                usize::try_from(random.below(u64::try_from(last / 3).expect("it fits"))).expect("it fits");
            numbers.insert(last - back);
        }
        words.extend(numbers.iter().flat_map(|number| ["--crash-at".to_owned(), number.to_string()]));
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let told = world.mzflow(&words).code(0).json();
    let crash = &told["recipe_tests"][0]["crash"];
    assert_eq!(crash["failures"], serde_json::json!([]), "{recipe}{arguments}");
    crash["cuts"].as_u64().expect("it was cut")
}

#[test]
fn every_recipe_in_every_isolation_goes_on_or_is_aborted() {
    let mut random = Random::seeded("MZFLOW_SEED");
    let mut count = 0;
    for (recipe, arguments) in [
        ("blue_green", ", isolation = 'schema'"),
        ("blue_green", ", isolation = 'object'"),
        ("blue_green", ", keep = '1h'"),
        ("canary", ", role = { 'analyst' }, allow = { 'true' }, count = 2, interval = '1s'"),
        ("canary", ", isolation = 'schema', allow = { 'true' }, keep = '1h'"),
    ] {
        let cuts = cut(recipe, arguments, &mut random);
        println!("{recipe}{arguments}: cut {cuts} times");
        count += cuts;
    }
    println!("cut {count} times in all");
    assert!(count >= 12, "only {count} cuts");
}
