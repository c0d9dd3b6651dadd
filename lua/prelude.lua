-- The part of the host that is written in Lua: what wraps the base library, and what calls back.
--
-- Gets the host's own functions, and gives the tables that Rust puts to use. Runs once, before any
-- recipe, with the base library as Lua made it.

local host = ...

local create, resume, status, yield = coroutine.create, coroutine.resume, coroutine.status, coroutine.yield
local close, isyieldable = coroutine.close, coroutine.isyieldable
local error, next, pcall, xpcall, load, setmetatable = error, next, pcall, xpcall, load, setmetatable
local rawequal, rawget, rawset = rawequal, rawget, rawset
local select, tostring, type = select, tostring, type
local concat, sort = table.concat, table.sort

-- Numbers before strings before everything else, each in its own order.
local function before(a, b)
  local kind, other = type(a), type(b)
  if kind ~= other then
    return kind == "number" or (kind == "string" and other ~= "number")
  end
  if kind == "number" or kind == "string" then
    return a < b
  end
  return tostring(a) < tostring(b)
end

-- Tables whose fields are made when somebody looks at them, with what makes them: a large project has many
-- objects, and most recipes look at none.
local unmade = setmetatable({}, { __mode = "k" })

local function made(t)
  local make = unmade[t]
  if make ~= nil then
    unmade[t] = nil
    make(t)
  end
  return t
end

-- The same inputs give the same plan: tables that the host made are walked in the order of keys.
local function pairs_in_order(t)
  made(t)
  local keys = {}
  for key in next, t do
    keys[#keys + 1] = key
  end
  sort(keys, before)
  local at = 0
  return function()
    while true do
      at = at + 1
      local key = keys[at]
      if key == nil then
        return nil
      end
      local value = rawget(t, key)
      if value ~= nil then
        return key, value
      end
    end
  end
end

local function equal(a, b)
  made(a)
  made(b)
  for key, value in next, a do
    if rawget(b, key) ~= value then
      return false
    end
  end
  for key in next, b do
    if rawget(a, key) == nil then
      return false
    end
  end
  return true
end

local function plain(name)
  return {
    __name = name,
    __pairs = pairs_in_order,
    __eq = equal,
    __tostring = host.written,
    __metatable = false,
  }
end

local record, list = plain("mz.table"), plain("mz.list")

-- The manners of a table as long as its fields are not made.
local later = plain("mz.table")
function later.__index(t, key)
  return rawget(made(t), key)
end
function later.__newindex(t, key, value)
  rawset(made(t), key, value)
end

-- What looks at fields past all manners has them made first.
function _G.next(t, key)
  local following, value = next(made(t), key)
  return following, value
end

function _G.rawget(t, key)
  local value = rawget(made(t), key)
  return value
end

function _G.rawset(t, key, value)
  local set = rawset(made(t), key, value)
  return set
end

local failure = plain("mz.Error")
failure.__tostring = function(e)
  local text = tostring(e.code) .. ": " .. tostring(e.message)
  if e.file ~= nil and e.line ~= nil then
    text = text .. " (" .. e.file .. ":" .. e.line .. ")"
  end
  return text
end

-- An error of the host's own comes as userdata: people get its table.
local function told(e)
  if type(e) == "userdata" then
    return host.told(e)
  end
  return e
end

-- A stop cannot be caught: what caught it raises it again.
local function caught(ok, ...)
  if not ok then
    local e = told((...))
    if host.stopping() then
      error(e, 0)
    end
    return false, e
  end
  return true, ...
end

function _G.pcall(f, ...)
  return caught(pcall(f, ...))
end

function _G.xpcall(f, handler, ...)
  return caught(xpcall(f, function(e)
    if host.stopping() then
      return e
    end
    return handler(told(e))
  end, ...))
end

-- Whether something that waits can be called: not from a callback of C's, such as table.sort's, nor
-- from a coroutine that is resumed in one. A wait that were begun there could never end.
local blocked = false
local function can_wait()
  return not blocked and isyieldable()
end

local function restored(was, ...)
  blocked = was
  return ...
end

local function resumed(co, ...)
  local was = blocked
  blocked = not can_wait()
  return restored(was, resume(co, ...))
end

-- An asynchronous call inside a coroutine of the recipe's hands its wait up to the host.
local pending = host.pending
local function settled(co, ok, first, ...)
  if ok and rawequal(first, pending) and status(co) == "suspended" then
    yield(pending)
    return settled(co, resumed(co))
  end
  if not ok and status(co) == "dead" then
    -- What it was to close at its end is closed now: nobody else does.
    close(co)
  end
  return caught(ok, first, ...)
end

function coroutine.resume(co, ...)
  return settled(co, resumed(co, ...))
end

local function raised(ok, ...)
  if not ok then
    error((...), 0)
  end
  return ...
end

function coroutine.wrap(f)
  local co = create(f)
  return function(...)
    return raised(settled(co, resumed(co, ...)))
  end
end

function coroutine.close(co)
  return caught(close(co))
end

-- Text only: bytecode can break out of every limit.
function _G.load(chunk, name, _, ...)
  return load(chunk, name or "=load", "t", ...)
end

-- A finalizer runs where no limit is looked at.
function _G.setmetatable(t, meta)
  if type(meta) == "table" and rawget(meta, "__gc") ~= nil then
    error("`__gc` does not exist here", 2)
  end
  return setmetatable(t, meta)
end

function _G.print(...)
  local parts = {}
  for i = 1, select("#", ...) do
    parts[i] = tostring((select(i, ...)))
  end
  host.log(concat(parts, "\t"))
end

local loaded, loading = {}, {}
function _G.require(name)
  local found = loaded[name]
  if found == nil then
    local chunk = host.module(name)
    if loading[name] then
      error("module `" .. name .. "` requires itself", 2)
    end
    loading[name] = true
    found = chunk(name)
    if found == nil then
      found = true
    end
    loading[name], loaded[name] = nil, found
  end
  return found
end

local beside = {}

function beside.try(...)
  local fn = host.check("try", ...)
  local ok, value = caught(pcall(fn))
  if ok then
    return value, nil
  end
  -- What a recipe threw itself it gets as it was.
  return nil, type(value) == "table" and value or host.failure(value)
end

-- Lets go of a step however it ends.
local letting_go = { __close = function(claim) claim.let_go() end }

function beside.step(...)
  local name, fn = host.check("step", ...)
  local _ <close> = setmetatable({ let_go = host.step_enter(name) }, letting_go)
  local known, result = host.step_begin(can_wait(), name)
  if known then
    return result
  end
  return host.step_done(name, fn())
end

-- What a recipe's functions are called with.
local function context(fields)
  local ctx = fields
  ctx.done = host.done
  ctx.refuse = host.refuse
  ctx.hook = function(name, ...)
    local functions = host.hooks(name)
    local result
    for i = 1, #functions do
      result = functions[i](ctx, ...)
    end
    return result
  end
  return ctx
end

-- A table that cannot be changed, and says so of a name that it does not have.
local function frozen(fields, missing, what)
  return setmetatable({}, {
    __index = function(_, name)
      local value = fields[name]
      if value == nil then
        missing(name)
      end
      return value
    end,
    __newindex = function(_, name)
      error("`" .. what .. "` cannot be changed: `" .. tostring(name) .. "` is set", 2)
    end,
    __pairs = function()
      return pairs_in_order(fields)
    end,
    __metatable = false,
  })
end

-- What a test is given: its functions are called with a dot or with a colon.
local function object(functions, missing, what)
  local self
  local fields = {}
  for name, fn in next, functions do
    fields[name] = function(...)
      if select("#", ...) > 0 and rawequal((...), self) then
        return fn(select(2, ...))
      end
      return fn(...)
    end
  end
  self = frozen(fields, missing, what)
  return self
end

-- A function with others below its name.
local function callable(fn, fields)
  return setmetatable({}, {
    __call = function(_, ...)
      return fn(...)
    end,
    __index = fields,
    __newindex = function(_, name)
      error("`mz` cannot be changed: `" .. tostring(name) .. "` is set", 2)
    end,
    __pairs = function()
      return pairs_in_order(fields)
    end,
    __metatable = false,
  })
end

-- A function that waits, told whether it can.
local function waiting(fn)
  return function(...)
    return fn(can_wait(), ...)
  end
end

-- Enters a recipe: what goes wrong comes back as a value.
local function enter(fn, ...)
  return xpcall(fn, host.entered, ...)
end

return {
  record = record,
  list = list,
  failure = failure,
  later = later,
  unmade = unmade,
  beside = beside,
  context = context,
  frozen = frozen,
  object = object,
  waiting = waiting,
  callable = callable,
  can_wait = can_wait,
  enter = enter,
  ordered = pairs_in_order,
}
