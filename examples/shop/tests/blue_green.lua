-- blue_green: what the bundled recipe does with this project, in good times and in bad ones.
--
-- Each test has a sandbox and a time of its own; an hour of waiting is over at once.

local shop = require "tests._lib.shop"

return {
  mz.test {
    name = "deploys, and then has nothing to do",
    run = function(t)
      local s = mz.test.sandbox { hydration = "20s" }
      local run = s:run("blue_green", { id = "one" })
      t.equal(run.status, "done")
      t.equal(run.message, "one is production")
      t.ok(run.took_s >= 20, "waits until everything has caught up")
      t.equal(shop.total(s, "pear"), 40)

      run = s:run("blue_green", { id = "two" })
      t.equal(run.message, "nothing to deploy")
      t.ok(run.changes.empty)
      t.count(run.statements, "CREATE%", 0)
    end,
  },

  mz.test {
    name = "readers see one version or the other",
    -- Cut wherever you like: a reader finds the old numbers or the new ones.
    after_crash = function(t, s)
      local total = shop.total(s, "pear")
      t.ok(total == 40 or total == 400, "the total is " .. tostring(total))
    end,
    run = function(t)
      local s = shop.deployed(t)
      shop.change(s)
      local run = s:run("blue_green", { id = "two" })
      t.equal(run.status, "done")
      t.sequence(run.statements, {
        "CREATE%VIEW%core__two__mzf%",
        "BEGIN", "ALTER SCHEMA%core%SWAP WITH%", "ALTER CLUSTER%SWAP WITH%", "COMMIT",
        "DROP%",
      })
      t.equal(shop.total(s, "pear"), 400)
    end,
  },

  mz.test {
    name = "gives up when it takes too long, and goes on later",
    run = function(t)
      local s = shop.deployed(t, { hydration = "1m" })
      shop.change(s)
      local run = s:run("blue_green", { id = "two", timeout = "20s" })
      t.equal(run.status, "refused")
      t.equal(run.error.code, "hydration.timeout")
      t.equal(shop.total(s, "pear"), 40)

      t.sleep("1h")
      run = s:run("blue_green", { id = "two", timeout = "20s" })
      t.equal(run.status, "done")
      t.equal(shop.total(s, "pear"), 400)
    end,
  },

  mz.test {
    name = "a replica that dies is told at once",
    run = function(t)
      local s = shop.deployed(t, { hydration = "2m" })
      shop.change(s)
      -- That of the clone; `compute` would be that of production too.
      s:at("30s", function() s:fail_replica("compute__two__mzf") end)
      local run = s:run("blue_green", { id = "two", timeout = "1h" })
      t.equal(run.error.code, "hydration.failing")
      t.ok(run.took_s < 60, "it does not wait for the end of its time")
      t.equal(shop.total(s, "pear"), 40)
    end,
  },

  mz.test {
    name = "somebody else changes the catalog meanwhile",
    run = function(t)
      local s = shop.deployed(t)
      shop.change(s)
      s:conflict_next(2)
      local run = s:run("blue_green", { id = "two" })
      t.equal(run.status, "done")
      t.equal(shop.total(s, "pear"), 400)
    end,
  },

  mz.test {
    name = "goes on where it was killed",
    run = function(t)
      local s = shop.deployed(t)
      shop.change(s)
      s:kill_after("CREATE MATERIALIZED VIEW%")
      local run = s:run("blue_green", { id = "two" })
      t.equal(run.status, "killed")
      t.equal(shop.total(s, "pear"), 40)

      run = s:resume()
      t.equal(run.status, "done")
      t.count(run.statements, "CREATE MATERIALIZED VIEW%", 0)
      t.equal(shop.total(s, "pear"), 400)
    end,
  },

  mz.test {
    name = "what is kept can be taken back",
    run = function(t)
      local s = shop.deployed(t)
      shop.change(s)
      s:run("blue_green", { id = "two", keep = "1h" })
      t.equal(shop.total(s, "pear"), 400)
      local back = s:rollback()
      t.equal(back.status, "done")
      t.equal(shop.total(s, "pear"), 40)
      t.equal(s:abort("two").status, "done")
    end,
  },
}
