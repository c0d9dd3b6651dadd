-- dev_overlay: what you have changed, and what reads it, in a database of your own beside production.
--
-- `<database>__<name>` holds only views and materialized views that differ from production, with what reads
-- them; everything else is read from production. What stands there already is left alone, and the last good
-- version of an object stays until its new one has caught up. `mzflow dev CLUSTER` runs this; `--down` removes it.

return mz.recipe {
  api = 1,
  name = "dev_overlay",
  summary = "Build what differs from production beside it, in a database of your own.",

  args = {
    cluster = { help = "cluster that everything of the overlay runs on; none is needed with --down" },
    name = { required = true, help = "the overlay's name: its databases are called <database>__<name>" },
    downstream = { type = { "all", "none" }, default = "all", help = "whether what reads a changed object goes with it" },
    tests = { type = "boolean", help = "run the unit tests of what was built" },
    timeout = { type = "duration", default = "10m", help = "how long a new version may take to catch up" },
    down = { type = "boolean", help = "remove the overlay" },
  },

  hooks = { "after_diff", "after_build" },

  run = function(ctx)
    local args = ctx.args
    if args.down then
      -- The record tells what was made: nothing has to compile for that to go.
      local gone = mz.drop { overlay = args.name }
      if #(gone.databases or {}) == 0 and gone.objects == 0 then
        return ctx.done("there is no overlay " .. args.name)
      end
      return ctx.done("the overlay " .. args.name .. " is gone: " .. gone.objects .. " objects")
    end
    if not args.cluster then error("name the cluster that the overlay runs on") end

    local project = mz.compile {}
    mz.setup {}
    local changes = mz.diff { project = project, isolation = "schema", purpose = "overlay" }
    ctx.hook("after_diff", changes)

    local overlay = mz.create_overlay {
      changes = changes, cluster = args.cluster, name = args.name,
      downstream = args.downstream, timeout = args.timeout,
    }
    ctx.hook("after_build", overlay)
    if args.tests and #overlay.touched > 0 then mz.unit_test { project = project, objects = overlay.touched } end
    if #overlay.objects == 0 then return ctx.done("nothing differs from production") end
    return ctx.done(#overlay.objects .. " objects stand in " .. table.concat(overlay.databases, ", "))
  end,
}
