-- canary: shows a new version to few before everybody gets it.
--
-- Builds beside production; compares both row by row while nobody reads the new one; lets one role after the other read
-- it and watches; swaps; watches on. Any verdict but `pass` puts the roles back and leaves production as it was, or, once
-- it has swapped, brings the version before back. Without a role it compares, swaps and watches.
-- Hooks, each called with ctx: after_diff(changes), after_stage(deployment), allow(deployment), which gives what may
-- differ, checks(deployment), which gives checks of your own, before_swap(deployment), after_swap(promotion).

local staged -- the deployment, until it is production

-- "db.schema.view: column" says something of one object, and without a name of every object.
local function by_object(texts)
  local found
  for _, text in ipairs(texts) do
    local object, rest = text:match "^([^%s']+):%s+(.+)$"
    if not object then return text end
    found = found or {}
    found[object] = rest
  end
  return found
end

-- What differs, in a few lines: of each object some rows.
local function evidence(compared)
  local lines = {}
  for _, object in ipairs(compared.evidence and compared.evidence.objects or {}) do
    if object.unexplained > 0 then
      lines[#lines + 1] = object.name .. ": " .. object.message
      for at = 1, math.min(3, #object.samples) do
        local row = object.samples[at]
        lines[#lines + 1] = row.change .. " " .. tostring(row.after or row.before)
      end
    end
  end
  return lines
end

return mz.recipe {
  api = 1,
  name = "canary",
  summary = "Compare, let a few roles read it, watch, swap, watch on; go back at the first doubt.",

  args = {
    id = { alias = "deploy-id", default = mz.git.short_sha, help = "deployment id" },
    isolation = { type = { "cluster", "schema", "object" }, default = "cluster", help = "what is swapped as a whole" },
    reuse = { many = true, help = "cluster to build on instead of cloning it; `all` for every one" },
    role = { many = true, help = "role whose new sessions read the new version; one after the other" },
    together = { type = "boolean", help = "let all roles read it at once" },
    database = { help = "database of the roles' sessions, where it cannot be told" },
    manual = { type = "boolean", help = "say the staging names, wait until somebody has tried them and approves" },
    compare = { many = true, help = "object to compare; every one that was built where none is given" },
    key = { many = true, help = "columns that tell a row, or `OBJECT: columns`" },
    allow = { many = true, help = "condition in SQL for what may differ, or `OBJECT: condition`" },
    interval = { type = "duration", default = "30s", help = "time between two samples" },
    count = { type = "number", default = 10, help = "samples for each role" },
    soak = { type = "duration", default = "0s", help = "how long to watch after the swap; a failure swaps back" },
    timeout = { type = "duration", default = "30m", help = "how long to wait for hydration" },
    allowed_lag = { type = "duration", default = "5m", help = "how far behind the clock an object may be" },
    keep = { type = "duration", default = "0s", help = "how long to keep the old version for a rollback" },
    force = { type = "boolean", help = "replace whatever stands in production now" },
    overwrite_drifted = { type = "boolean", help = "replace what somebody else changed" },
    skip_secrets = { type = "boolean", help = "do not create missing secrets" },
  },

  hooks = { "after_diff", "after_stage", "allow", "checks", "before_swap", "after_swap" },

  run = function(ctx)
    local args = ctx.args
    if args.isolation == "object" and #args.role > 0 then
      ctx.refuse("no role can read green with isolation object: it stands in production's own schemas, and a search "
        .. "path cannot tell it apart; use isolation schema, or no role")
    end
    local project = mz.compile {}
    mz.setup {}
    mz.apply { project = project, secrets = args.skip_secrets and "skip" or "missing" }

    local changes = mz.diff { project = project, isolation = args.isolation, reuse = args.reuse }
    ctx.hook("after_diff", changes)
    if changes.empty then return ctx.done("nothing to deploy") end

    staged = mz.stage { changes = changes, id = args.id, overwrite_drifted = args.overwrite_drifted }
    mz.unshift { deployment = staged } -- whom an earlier run that died has left there
    ctx.hook("after_stage", staged)
    mz.await { deployment = staged, timeout = args.timeout, allowed_lag = args.allowed_lag }

    -- Every row that differs has to be allowed; columns and objects that come or go are told.
    local rows = mz.check.compare {
      name = "rows", deployment = staged, schema = "report", key = by_object(args.key),
      allow = ctx.hook("allow", staged) or by_object(args.allow),
      objects = #args.compare > 0 and args.compare or nil,
    }
    local function watch(label, title, count, note)
      local checks = { mz.check.lag { deployment = staged, max = args.allowed_lag }, rows }
      for _, check in ipairs(ctx.hook("checks", staged) or {}) do checks[#checks + 1] = check end
      return mz.analyze {
        label = label, title = title, note = note, checks = checks, interval = args.interval, count = count,
      }
    end
    local function canary()
      local compared = mz.check.run(rows)
      if compared.verdict ~= "pass" then ctx.refuse("rows differ: " .. compared.message, evidence(compared)) end
      if args.manual then
        for _, pair in ipairs(staged.schemas) do mz.log(pair.production .. " stands as schema " .. pair.staging) end
        for _, pair in ipairs(staged.clusters) do mz.log(pair.production .. " stands as cluster " .. pair.staging) end
        for _, pair in ipairs(staged.renamed) do mz.log(pair.production .. " stands as " .. pair.staging) end
        mz.approve { message = staged.id .. " was tried by hand, and nobody uses its staging names any more" }
      elseif #args.role == 0 then
        mz.log("no role is given: nobody reads " .. staged.id .. " before everybody does")
      end
      for _, roles in ipairs(args.together and #args.role > 0 and { args.role } or args.role) do
        mz.shift { deployment = staged, roles = roles, database = args.database, allowed_lag = args.allowed_lag }
        local title = "role " .. (args.together and table.concat(args.role, ", ") or roles) .. " reads green"
        local seen = watch("canary", title, args.count, "Ctrl-C un-shifts and keeps the deployment")
        if seen.verdict ~= "pass" then ctx.refuse("the canary did not pass: " .. seen.reason, seen) end
      end
      mz.unshift { deployment = staged }
    end
    if not staged.promoted then canary() end

    ctx.hook("before_swap", staged)
    local promotion = mz.swap {
      deployment = staged, keep = math.max(args.keep, args.soak), force = args.force, allowed_lag = args.allowed_lag,
    }
    ctx.hook("after_swap", promotion)
    if args.soak > 0 then
      local count = math.ceil(args.soak / math.max(args.interval, 0.1))
      local seen = watch("soak", staged.id .. " is production", count, "what does not pass is swapped back")
      if seen.verdict ~= "pass" then
        mz.rollback { promotion = promotion }
        ctx.refuse("the new version did not last, and the one before is production again: " .. seen.reason, seen)
      end
    end
    -- What others still read stays, and so does what is kept for a rollback.
    if args.keep == 0 and #promotion.held_by == 0 then mz.drop { retired = promotion } end
    return ctx.done(staged.id .. " is production")
  end,

  -- Roles are put back by themselves. What is staged stays for a look at it, and the same command goes on from there.
  on_fail = function(_, err)
    if staged then mz.log(staged.id .. " is recorded; `mzflow list` tells how to go on (" .. err.code .. ")") end
  end,
}
