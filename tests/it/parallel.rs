//! `mz.parallel` through the binary: several deployments in one run, steps, and stops.

use crate::harness::World;

/// Two projects, and recipes that deal with both at once.
const REGIONS: &str = "\
-- file: eu/project.toml
-- file: eu/clusters/eu_compute.sql
CREATE CLUSTER eu_compute (SIZE = '25cc');
-- file: eu/models/eu/core/orders.sql
CREATE VIEW orders AS SELECT 1 AS id, 10 AS amount;
-- file: eu/models/eu/core/totals.sql
CREATE MATERIALIZED VIEW totals IN CLUSTER eu_compute AS SELECT sum(amount) AS total FROM core.orders;
-- file: us/project.toml
-- file: us/clusters/us_compute.sql
CREATE CLUSTER us_compute (SIZE = '25cc');
-- file: us/models/us/core/orders.sql
CREATE VIEW orders AS SELECT 1 AS id, 20 AS amount;
-- file: us/models/us/core/totals.sql
CREATE MATERIALIZED VIEW totals IN CLUSTER us_compute AS SELECT sum(amount) AS total FROM core.orders;
-- file: eu/recipes/regions.lua
-- regions: deploys both regions at once.
local function region(path, id)
  return function()
    local project = mz.compile { path = path }
    mz.apply { project = project }
    local changes = mz.diff { project = project }
    if changes.empty then return 'unchanged' end
    local deployment = mz.stage { changes = changes, id = id }
    mz.await { deployment = deployment, timeout = '1m' }
    if mz.env('FAIL') and id:find(mz.env('FAIL'), 1, true) then error(id .. ' is held back') end
    return mz.swap { deployment = deployment, keep = '1h' }.deployment
  end
end
return mz.recipe {
  api = 1, name = 'regions', summary = 'Both regions at once.',
  args = { id = { type = 'string', default = 'one' } },
  run = function(ctx)
    mz.setup {}
    local r = mz.parallel { region('.', ctx.args.id .. '-eu'), region('../us', ctx.args.id .. '-us') }
    return ctx.done(r[1] .. ' and ' .. r[2])
  end,
}
";

#[test]
fn two_projects_at_once() {
    let world = World::new();
    world.write(REGIONS);
    let told = world.mzflow(&["run", "regions", "--project", "eu"]).code(0);
    told.says("one-eu and one-us");
    assert_eq!(world.rows("SELECT * FROM eu.core.totals"), "10");
    assert_eq!(world.rows("SELECT * FROM us.core.totals"), "20");
    world.mzflow(&["run", "regions", "--project", "eu"]).code(0).says("unchanged and unchanged");
    world.write(&REGIONS.replace("10 AS amount", "11 AS amount").replace("20 AS amount", "22 AS amount"));
    world.mzflow(&["run", "regions", "--project", "eu", "--id", "two"]).code(0).says("two-eu and two-us");
    assert_eq!(world.rows("SELECT * FROM eu.core.totals"), "11");
    assert_eq!(world.rows("SELECT * FROM us.core.totals"), "22");
    for id in ["two-eu", "two-us"] {
        world.mzflow(&["rollback", id]).code(0);
    }
    assert_eq!(world.rows("SELECT * FROM eu.core.totals"), "10");
    assert_eq!(world.rows("SELECT * FROM us.core.totals"), "20");
}

#[test]
fn one_region_fails_and_the_run_is_resumed() {
    let world = World::new();
    world.write(REGIONS);
    let arguments = ["run", "regions", "--project", "eu"];
    let output = world.command(&arguments).env("FAIL", "-us").output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("one-us is held back"), "{said}");
    let run = world.rows("SELECT DISTINCT run_id FROM _mzflow.public.journal WHERE kind = 'run.finished'");
    world.mzflow(&["resume", &run, "--project", "eu"]).code(0).says("one-eu and one-us");
    assert_eq!(world.rows("SELECT * FROM eu.core.totals"), "10");
    assert_eq!(world.rows("SELECT * FROM us.core.totals"), "20");
}

#[test]
fn the_run_is_free_while_a_branch_waits() {
    let world = World::new();
    world.write(REGIONS);
    world.sql("ALTER SYSTEM SET sandbox_hydration = '1h'");
    world.write(
        "-- file: eu/recipes/waits.lua\n\
         -- waits: for what never comes, while another branch asks and then fails.\n\
         return mz.recipe {\n\
           api = 1, name = 'waits', summary = 'Waits.',\n\
           run = function(ctx)\n\
             mz.setup {}\n\
             local project = mz.compile {}\n\
             mz.apply { project = project }\n\
             local deployment = mz.stage { changes = mz.diff { project = project }, id = 'one' }\n\
             mz.parallel {\n\
               function() mz.await { deployment = deployment, timeout = '1h' } end,\n\
               function() mz.sleep('1h') end,\n\
               function()\n\
                 for i = 1, 5 do mz.sleep(0.01) mz.query('SELECT 1') end\n\
                 error('enough')\n\
               end,\n\
             }\n\
           end,\n\
           on_fail = function(ctx, err) mz.log('failed: ' .. err.message .. ' at ' .. err.file .. ':' .. err.line) end,\n\
         }\n",
    );
    let told = world.mzflow(&["run", "waits", "--project", "eu"]).code(1);
    told.says("[lua.error]").says("failed: enough at recipes/waits.lua:14").never_says("run.cancelled");
}

const STEPS: &str = "\
-- file: steps/project.toml
-- file: steps/recipes/steps.lua
-- steps: a step that is under way while another branch fails.
return mz.recipe {
  api = 1, name = 'steps', summary = 'Steps.',
  args = { fail = { type = 'string', default = 'yes' } },
  run = function(ctx)
    mz.setup {}
    local r = mz.parallel {
      function()
        return mz.step('announce', function()
          mz.sleep(0.3)
          mz.log('announced')
          return { id = 7 }
        end)
      end,
      function() return mz.step('other', function() mz.sleep(0.01) return 8 end) end,
      function()
        mz.sleep(0.1)
        if mz.env('FAIL') then error('broken') end
      end,
    }
    mz.log('gave ' .. r[1].id .. ' and ' .. r[2])
  end,
}
";

#[test]
fn a_step_that_is_under_way_is_finished_and_recorded() {
    let world = World::new();
    world.write(STEPS);
    let output =
        world.command(&["run", "steps", "--project", "steps"]).env("FAIL", "1").output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("announced") && said.contains("broken") && !said.contains("gave"), "{said}");
    let run = world.rows("SELECT DISTINCT run_id FROM _mzflow.public.journal WHERE kind = 'step.done'");
    let told = world.mzflow(&["resume", &run, "--project", "steps"]).code(0);
    told.says("gave 7 and 8").never_says("announced");
}

#[test]
fn a_step_has_a_name_of_its_own() {
    let world = World::new();
    world.write(
        "-- file: twice.lua\n-- twice: one name for two steps.\nreturn mz.recipe {\n  api = 1, name = 'twice', summary = 'Twice.',\n  run = function()\n    mz.setup {}\n    local function once() mz.step('once', function() mz.sleep(0.05) end) end\n    mz.parallel { once, once }\n  end,\n}\n",
    );
    let told = world.mzflow(&["run", "twice.lua"]).code(1);
    told.says("step `once` is under way already").says("twice.lua:6:5");
}

#[test]
fn ctrl_c_stops_every_branch() {
    let world = World::new();
    world.write(
        "-- file: long.lua\n-- long: waits in several ways.\nreturn mz.recipe {\n  api = 1, name = 'long', summary = 'Long.',\n  run = function()\n    mz.setup {}\n    mz.parallel {\n      function() mz.step('a', function() return 1 end) mz.try(function() mz.sleep('1h') end) mz.log('never') end,\n      function() while true do pcall(error) end end,\n      function() mz.parallel { function() mz.sleep('1h') end } end,\n    }\n  end,\n}\n",
    );
    let running = world.start(&["run", "long.lua"]);
    world.until("the step is recorded", || {
        world
            .try_sql("SELECT 1 FROM _mzflow.public.journal WHERE kind = 'step.done'")
            .is_ok_and(|rows| rows.len() == 1)
    });
    running.interrupt();
    running.end(&world).code(130).says("[run.interrupted]").never_says("never");
}
