-- Asks checks, once or over time. What follows from the answers the host decides; what the recipe gave
-- is called here, in the recipe's own coroutine, where it can wait.

local host, can_wait = ...
local pcall = pcall

-- Looks at a check: a function of the recipe's, or one that the host knows.
local function look(run, at)
  local fn = run.functions[at]
  if fn then
    return run.take(at, pcall(fn))
  end
  return run.ask(at)
end

local function analyze(...)
  local run = host.analysis(can_wait(), "analyze", ...)
  run.pause(run.delay)
  while true do
    local open = run.open()
    for i = 1, #open do
      look(run, open[i])
    end
    local sample, left = run.sampled()
    if run.on_sample then
      run.on_sample(sample)
    end
    if not left then
      return run.outcome()
    end
    run.pause(left)
  end
end

local function once(...)
  local run = host.analysis(can_wait(), "check.run", ...)
  look(run, 1)
  return run.answer()
end

return { analyze = analyze, ["check.run"] = once }
