-- NAME: blue/green with rules of our own. What is not said here is as in the bundled recipe.
--
-- `mzflow run NAME --help` shows its options, `mzflow run NAME --dry-run` what it would do,
-- `mzflow recipes check` what is wrong with it, `mzflow recipes` the hooks there are.

return mz.recipe {
  api = 1,
  name = "NAME",
  summary = "Blue/green, with rules of our own.",
  extends = "blue_green",

  args = {
    most = { type = "number", default = 100, help = "how many objects may be rebuilt" },
  },

  hooks = {
    after_diff = function(ctx, changes)
      if changes.cost.objects > ctx.args.most then
        ctx.refuse("this rebuilds " .. changes.cost.objects .. " objects, and --most is " .. ctx.args.most)
      end
    end,

    after_swap = function(_, promotion)
      -- What goes out into the world belongs in a step: a resumed run does not do it again.
      mz.step("announce", function()
        mz.log("production is at epoch " .. promotion.epoch)
      end)
    end,
  },
}
