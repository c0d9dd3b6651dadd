-- office_hours: the project's own recipe swaps by day, and by night it waits for the morning.

return {
  mz.test {
    name = "swaps at once by day",
    now = "2026-01-05T11:00:00Z",
    run = function(t)
      local s = mz.test.sandbox { hydration = "1m" }
      local run = s:run("office_hours", { id = "day" })
      t.equal(run.status, "done")
      t.ok(run.took_s < 600, "no longer than it has to")
      t.equal(run.log, {})
    end,
  },

  mz.test {
    name = "waits for the morning by night",
    now = "2026-01-05T17:00:00Z",
    run = function(t)
      local s = mz.test.sandbox {}
      local asked = 0
      s:at("3h", function()
        asked = #s:sql("SELECT name FROM mz_schemas WHERE name = 'serve'")
      end)
      local run = s:run("office_hours", { id = "night" })
      t.equal(run.status, "done")
      t.equal(run.log, { "closed: waiting 16.0 h" })
      t.ok(run.took_s >= 16 * 3600, "until nine")
      t.equal(asked, 0, "nothing was production at eight in the evening")
    end,
  },

  mz.test {
    name = "can be stopped while it waits",
    now = "2026-01-05T23:00:00Z",
    run = function(t)
      local s = mz.test.sandbox {}
      s:at("1h", function() s:interrupt() end)
      local run = s:run("office_hours", { id = "night" })
      t.equal(run.status, "interrupted")
      t.equal(run.exit, 130)
      t.equal(s:abort("night").status, "done")
      t.equal(s:sql("SELECT name FROM mz_schemas WHERE name LIKE 'serve%'"), {})
    end,
  },
}
