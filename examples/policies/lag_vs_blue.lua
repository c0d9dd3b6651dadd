-- lag_vs_blue: readers must not get older answers than they had before the swap.
--
-- Every object of the new version may be at most five seconds further behind than the one that it
-- replaces. One that never catches up is given up after an hour.

local allowed = 5

return mz.policy {
  api = 1,
  name = "lag_vs_blue",
  summary = "Promote what is as fresh as production.",
  needs = { "hydration" },
  poll = "5s",

  decide = function(facts)
    if facts.hydration.state == "failing" then return mz.abort("a cluster cannot make progress") end
    if facts.hydration.state ~= "ready" then return mz.wait("not caught up") end
    for _, object in ipairs(facts.hydration.objects) do
      local behind = (object.lag_s or 0) - (object.blue_lag_s or 0)
      if behind > allowed and facts.policy.waited_s > 3600 then return mz.abort(object.name .. " stays behind") end
      if behind > allowed then return mz.wait(object.name .. " is behind production") end
    end
    return mz.promote("as fresh as production")
  end,
}
