-- two_approvals: two people have to agree, and whoever began the run is none of them.
--
-- While it waits, anybody can say yes with `mzflow approve RUN`, or no with `--deny`. The roles of
-- the server tell who it was.

return mz.policy {
  api = 1,
  name = "two_approvals",
  summary = "Promote what two other people have agreed to.",
  needs = { "approvals" },
  poll = "5s",

  decide = function(facts)
    local agreed = {}
    for _, approval in ipairs(facts.approvals) do
      if approval.by ~= facts.run.started_by then agreed[#agreed + 1] = approval.by end
    end
    if #agreed < 2 then return mz.wait(#agreed .. " of 2 approvals") end
    return mz.promote("approved by " .. table.concat(agreed, " and "))
  end,
}
