-- no_removed_rows: a new version may say more than the old one, and must not say less.
--
-- Rows that readers see now have to be there afterwards. Objects that the project no longer has are
-- not asked about: whoever removes one means it.

return mz.policy {
  api = 1,
  name = "no_removed_rows",
  summary = "Promote what takes nothing away.",
  needs = { "hydration", "compare" },
  poll = "30s",

  decide = function(facts)
    if facts.hydration.state ~= "ready" then return mz.wait("not caught up") end
    for name, object in pairs(facts.compare) do
      local gone = object.removed
      if gone > 0 then
        return mz.abort(("%d row%s of %s would disappear"):format(gone, gone == 1 and "" or "s", name))
      end
      if #object.columns.removed > 0 then return mz.abort(name .. " would lose " .. object.columns.removed[1]) end
    end
    return mz.promote("nothing disappears")
  end,
}
