-- blue_green: builds the new version beside production, waits until it has caught up, and swaps.
--
-- Readers see all of the old version or all of the new one, and never wait. Whatever goes wrong
-- before the swap leaves production as it was; running the recipe again goes on from there.
-- Hooks, each called with ctx: after_diff(changes), after_stage(deployment),
-- before_swap(deployment), after_swap(promotion).

local staged -- the deployment, until it is production

return mz.recipe {
  api = 1,
  name = "blue_green",
  summary = "Build beside production, wait until it has caught up, swap atomically.",

  args = {
    id = { alias = "deploy-id", default = mz.git.short_sha, help = "deployment id" },
    isolation = { type = { "cluster", "schema", "object" }, default = "cluster", help = "what is swapped as a whole" },
    reuse = { many = true, help = "cluster to build on instead of cloning it; `all` for every one" },
    timeout = { type = "duration", default = "30m", help = "how long to wait for hydration" },
    allowed_lag = { type = "duration", default = "5m", help = "how far behind the clock an object may be" },
    keep = { type = "duration", default = "0s", help = "how long to keep the old version for a rollback" },
    force = { type = "boolean", help = "replace whatever stands in production now" },
    no_ready_check = { type = "boolean", help = "swap without waiting for hydration" },
    overwrite_drifted = { type = "boolean", help = "replace what somebody else changed" },
    leave_sinks = { type = "boolean", help = "leave sinks of other roles with the old version" },
    skip_secrets = { type = "boolean", help = "do not create missing secrets" },
  },

  hooks = { "after_diff", "after_stage", "before_swap", "after_swap" },

  run = function(ctx)
    local args, ready_check = ctx.args, not ctx.args.no_ready_check
    local project = mz.compile {}
    mz.setup {}
    mz.apply { project = project, secrets = args.skip_secrets and "skip" or "missing" }

    local changes = mz.diff { project = project, isolation = args.isolation, reuse = args.reuse }
    ctx.hook("after_diff", changes)
    if changes.empty then return ctx.done("nothing to deploy") end

    staged = mz.stage { changes = changes, id = args.id, overwrite_drifted = args.overwrite_drifted }
    ctx.hook("after_stage", staged)

    if ready_check then
      mz.await { deployment = staged, timeout = args.timeout, allowed_lag = args.allowed_lag }
    end
    ctx.hook("before_swap", staged)
    local promotion = mz.swap {
      deployment = staged, keep = args.keep, force = args.force,
      ready_check = ready_check, allowed_lag = args.allowed_lag, leave_sinks = args.leave_sinks,
    }
    ctx.hook("after_swap", promotion)

    -- What others still read stays, and so does what is kept for a rollback.
    if args.keep == 0 and #promotion.held_by == 0 then mz.drop { retired = promotion } end
    return ctx.done(staged.id .. " is production")
  end,

  -- Nothing is cleaned up: what is staged goes on hydrating, and the same command goes on from there.
  on_fail = function(_, err)
    if staged then mz.log(staged.id .. " is recorded; `mzflow list` tells how to go on (" .. err.code .. ")") end
  end,
}
