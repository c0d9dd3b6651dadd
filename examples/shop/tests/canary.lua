-- canary: a role reads the new version first, and production stays as it was when that does not go well.

local shop = require "tests._lib.shop"

-- Production, and a role that reads the totals by its search path.
local function with_reader(t)
  local s = shop.deployed(t)
  s:sql "CREATE ROLE reader"
  s:sql "ALTER ROLE reader SET database = shop"
  s:sql "ALTER ROLE reader SET search_path = serve"
  return s
end

-- The schema that new sessions of the role read.
local function read(s) return s:sql("SHOW search_path", {}, "reader")[1].search_path end

return {
  mz.test {
    name = "rows that nobody allowed keep production as it was",
    run = function(t)
      local s = with_reader(t)
      shop.change(s)
      local run = s:run("canary", { id = "two", role = { "reader" } })
      t.equal(run.status, "refused")
      t.equal(run.error.code, "recipe.refused")
      t.count(run.statements, "ALTER ROLE%", 0)
      t.equal(read(s), "serve")
      t.equal(shop.total(s, "pear"), 40)
    end,
  },

  mz.test {
    name = "the role reads it first, and then everybody",
    run = function(t)
      local s = with_reader(t)
      shop.change(s)
      s:at("1m", function() t.equal(read(s), "serve__two__mzf", "the role reads the new version meanwhile") end)
      local run = s:run("canary", { id = "two", role = { "reader" }, allow = { "true" }, interval = "30s", count = 10 })
      t.equal(run.status, "done")
      t.ok(run.took_s >= 270, "ten looks, half a minute apart")
      t.sequence(run.statements, { "ALTER ROLE%", "ALTER ROLE%", "ALTER SCHEMA%SWAP WITH%" })
      t.equal(shop.total(s, "pear"), 400)
      t.equal(read(s), "serve")
    end,
  },
}
