-- The part of the host that policies meet: an environment in which the same facts give the same
-- verdict. Nothing in it knows the time, the world or chance, and nothing outlives an asking.
--
-- Gets the host's own functions and the order in which tables are walked; gives what makes an
-- environment, and the facts of an asking. Runs once, behind the prelude.

local host, ordered = ...

local error, getmetatable, ipairs, next, pairs = error, getmetatable, ipairs, next, pairs
local rawequal, rawget, rawset, select, setmetatable = rawequal, rawget, rawset, select, setmetatable
local tostring, type, unpack = tostring, type, table.unpack
local find, format, gsub = string.find, string.format, string.gsub

-- What a table, a function prints as by itself is its address: another one each time.
local function written(value)
  local text, kind = tostring(value), type(value)
  if kind == "table" or kind == "function" or kind == "thread" or kind == "userdata" then
    if find(text, "^[^:]*: [0x%x]+$") or find(text, "^function: ") then
      return kind
    end
  end
  return text
end

function string.format(text, ...)
  if type(text) == "string" and find((gsub(text, "%%%%", "")), "%%%-?%d*p") then
    host.impure("string.format with %p")
  end
  local values, count = { ... }, select("#", ...)
  for i = 1, count do
    local kind = type(values[i])
    if kind == "table" or kind == "function" then
      values[i] = written(values[i])
    end
  end
  return format(text, unpack(values, 1, count))
end

-- The metatable of strings would lead to the library itself, and to whoever comes next.
getmetatable("").__metatable = false

-- A table that can be read, and says why it does not have some names.
local function sealed(name, fields, without)
  setmetatable(fields, {
    __index = function(_, key)
      if without == true or (without and without[key]) then
        host.impure(name .. "." .. written(key))
      end
      return nil
    end,
  })
  return setmetatable({}, {
    __index = fields,
    __newindex = function(_, key)
      error("`" .. name .. "` cannot be changed: `" .. written(key) .. "` is set", 2)
    end,
    __pairs = function()
      return ordered(fields)
    end,
    __metatable = false,
  })
end

local function copy(library, without)
  local fields = {}
  for key, value in next, library do
    if not without[key] then
      fields[key] = value
    end
  end
  return fields
end

-- Keys of other kinds have no order but that of their addresses.
local function walked(t)
  for key in next, t do
    local kind = type(key)
    if kind ~= "number" and kind ~= "string" and kind ~= "boolean" then
      error("a table with a " .. kind .. " for a key is walked in no order that a policy may rest on", 3)
    end
  end
  return ordered(t)
end

local function every(t)
  if type(t) ~= "table" then
    return pairs(t)
  end
  local meta = getmetatable(t)
  -- Tables of the host hide their manners, and have an order.
  if meta == false or (type(meta) == "table" and rawget(meta, "__pairs") ~= nil) then
    return pairs(t)
  end
  return walked(t)
end

local function following(t, key)
  local seen = key == nil
  for k, v in every(t) do
    if seen then
      return k, v
    end
    seen = rawequal(k, key)
  end
  return nil
end

local paths, values, loaded, loading, env

-- Facts are read through tables that are empty themselves: what stands behind them is fetched when
-- it is asked for, and cannot be written.
local facts
local node = {
  __name = "mz.Facts",
  __metatable = false,
  __index = function(self, key)
    local known = values[self]
    local value = known[key]
    if value ~= nil then
      return value
    end
    local path = host.child(paths[self], key)
    if path == nil then
      return nil
    end
    value = facts(path)
    known[key] = value
    return value
  end,
  __newindex = function(_, key)
    error("facts cannot be changed: `" .. written(key) .. "` is set", 2)
  end,
  __len = function(self)
    return host.length(paths[self])
  end,
  __pairs = function(self)
    local keys, at = host.keys(paths[self]), 0
    return function()
      at = at + 1
      local key = keys[at]
      if key ~= nil then
        return key, self[key]
      end
    end
  end,
  __tostring = function(self)
    return host.json(paths[self])
  end,
  __eq = function(a, b)
    return paths[a] ~= nil and paths[b] ~= nil and host.json(paths[a]) == host.json(paths[b])
  end,
}

facts = function(path)
  local self = setmetatable({}, node)
  values[self], paths[self] = host.open(path), path
  return self
end

local base = {
  _VERSION = _VERSION,
  assert = assert,
  error = error,
  getmetatable = getmetatable,
  ipairs = ipairs,
  next = following,
  pairs = every,
  pcall = pcall,
  rawequal = rawequal,
  select = select,
  tonumber = tonumber,
  tostring = written,
  type = type,
  xpcall = xpcall,
  mz = mz,
  math = sealed("math", copy(math, { random = true, randomseed = true }), { random = true, randomseed = true }),
  string = sealed("string", copy(string, {})),
  table = sealed("table", copy(table, {})),
  utf8 = sealed("utf8", copy(utf8, {})),
}

for _, name in ipairs { "coroutine", "os", "io", "debug", "package" } do
  base[name] = sealed(name, {}, true)
end

-- A finalizer and a weak table tell when memory was collected.
function base.setmetatable(t, meta)
  if type(meta) == "table" then
    for _, name in ipairs { "__gc", "__mode" } do
      if rawget(meta, name) ~= nil then
        error("`" .. name .. "` does not exist here", 2)
      end
    end
  end
  return setmetatable(t, meta)
end

function base.require(name)
  local found = loaded[name]
  if found == nil then
    local chunk = host.chunk(name, env)
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

local refused = {}
for _, name in ipairs {
  "print", "load", "loadfile", "dofile", "collectgarbage", "warn", "rawget", "rawset", "rawlen",
} do
  refused[name] = true
end

local around = {
  __index = function(_, name)
    local value = base[name]
    if value == nil and refused[name] then
      host.impure(name)
    end
    return value
  end,
  __metatable = false,
}

-- A new environment: what an asking before has left behind is gone.
local function fresh()
  paths, values, loaded, loading = {}, {}, {}, {}
  env = setmetatable({}, around)
  rawset(env, "_G", env)
  return env
end

return { fresh = fresh, facts = facts }
