-- shop: what the tests of this project have in common.

local shop = {}

-- What an item brings in, as a reader sees it.
function shop.total(s, item)
  return s:sql("SELECT total::int8 AS total FROM shop.serve.totals WHERE item = $1", { item })[1].total
end

-- A sandbox in which the project is production.
function shop.deployed(t, options)
  local s = mz.test.sandbox(options or {})
  local run = s:run("blue_green", { id = "one" })
  t.equal(run.status, "done", "the first deployment")
  return s
end

-- Makes everything ten times as dear.
function shop.change(s)
  s:edit {
    ["models/shop/core/orders.sql"] = [[
CREATE VIEW orders AS
SELECT * FROM (VALUES (1, 'pear', 100), (2, 'apple', 200), (3, 'pear', 300)) AS o (id, item, amount);
COMMENT ON VIEW orders IS 'Every order with what it is worth';
]],
  }
end

return shop
