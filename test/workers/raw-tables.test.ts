import t from "tap";
import { run, vmFactory } from "../support/vm.ts";

/** What Lua itself says, by functions that do the same with all of Lua's rules. */
const naive = `
local tables, random = loaded.tables, math.random
local NAMES = { "plan", "object", "calls", "names", "at", "__index" }
local long = ("long"):rep(20)
local primitives = { false, true, 1, 1.0, 2, -0.0, 0.0, 0, 1 / 0, 0 / 0, 2 ^ 40, math.mininteger, "", "a", "b", "1", print, {}, {} }
local function value()
  local at = random(#primitives + 3)
  if at > #primitives + 2 then return long .. random(2) end -- a new string each time
  return primitives[at]
end
local function same(a, i, b, j, most, step)
  local count = 0
  while count < most do
    local one, other = a[i + count * step], b[j + count * step]
    if one == nil or not rawequal(one, other) then break end
    count = count + 1
  end
  return count
end
local function length(t)
  local n = 0
  while t[n + 1] ~= nil do n = n + 1 end
  return n
end
local function is_changed(node, level)
  local steps = node.plan[level]
  if not steps or steps.calls > 0 then return true end
  for f, name in ipairs(steps.names) do
    if node.object[name] ~= node[steps.at[f]] then return true end
  end
  return false
end
-- An array that came to be in any way: its elements may stand in the hash part, or with a hint at its size.
local function array(n, element)
  local t = random(2) == 1 and { element(1), element(2), element(3) } or {}
  if random(3) == 1 then for i = n, 1, -1 do t[i] = element(i) end else for i = 1, n do t[i] = element(i) end end
  for _ = 1, random(0, 3) do t["key" .. random(100)] = 1 end
  for _ = 1, random(0, 3) do t[random(n + 1)] = nil end
  for _ = 1, random(0, 40) do t[random(n + 40)] = nil; local _ = #t end
  return t
end
`;

t.test("elements are only said to be the same that Lua finds the same, however arrays came to be", async (t) => {
  const { bear } = await vmFactory();
  const vm = await bear();
  const result = run(
    vm,
    `${naive}
    local wrong, sure, all = {}, 0, 0
    for round = 1, 3000 do
      local n = random(0, 40)
      local objects = array(n, function() return value() end)
      local a = {}
      for i = 1, 60 do
        local object = objects[i]
        if random(40) == 1 then object = value() end
        a[i] = object
      end
      local step = random(2) == 1 and 1 or -1
      local i, shift = random(60), random(4) == 1 and random(-2, 2) or 0
      local said = tables.same(a, i, objects, i + shift, 30, step)
      local is = same(a, i, objects, i + shift, 30, step)
      if said > is then wrong[#wrong + 1] = "same " .. said .. " is " .. is end
      sure, all = sure + said, all + is
      local length_said, length_is = tables.length(objects), length(objects)
      if length_said ~= length_is and length_said ~= -1 then wrong[#wrong + 1] = "length " .. length_said .. " is " .. length_is end
    end
    return (wrong[1] or "right") .. " " .. (sure > all / 4 and "mostly sure" or sure .. " of " .. all)`,
    30_000,
  );
  t.equal(result, "right mostly sure");
  t.equal(
    run(vm, `local t = {} for i = 1, 100 do t[i] = i end return loaded.tables.length(t) .. loaded.tables.length({})`),
    "1000",
  );
});

t.test("a node is only passed over when Lua reads from its object what it has kept", async (t) => {
  const { bear } = await vmFactory();
  const vm = await bear();
  const result = run(
    vm,
    `${naive}
    local fields = { "a", "b", "c", "d", long }
    local missed, passed, unchanged = 0, 0, 0
    for round = 1, 1500 do
      -- Classes: none, a table, a table above that, an __index function, an __index that is another table, their own.
      local base = { a = value(), __name = "base" }
      base.__index = base
      local class = setmetatable({ b = value() }, random(2) == 1 and base or nil)
      class.__index = class
      local answers = value()
      local metatables = { class, { __index = function() return answers end }, { __index = { c = value() } }, {}, { __index = class, __eq = function() return true end } }
      local plans = {}
      for p = 1, 3 do
        local steps = { calls = random(8) == 1 and 1 or 0, names = {}, at = {} }
        for at = 1, 4 do
          if random(3) > 1 then
            steps.names[#steps.names + 1], steps.at[#steps.at + 1] = fields[random(random(8) == 1 and 5 or 4)], at
          end
        end
        plans[p] = random(2) == 1 and { false, steps, false } or { key = "k", [2] = steps, [3] = false }
      end
      local nodes = {}
      for i = 1, random(30) do
        local object = {}
        for _ = 1, random(0, 8) do object[fields[random(4)]] = value() end
        for _ = 1, random(0, 3) do object["more" .. random(9)] = value() end
        if random(3) > 1 then setmetatable(object, metatables[random(random(2) == 1 and 1 or 5)]) end
        local plan = plans[random(4) == 1 and random(3) or 1]
        local node = { value(), value(), value(), value(), id = i, object = object, plan = plan, first = 0, kids = false }
        for f, name in ipairs(plan[2].names) do
          -- What it is; seldom another value, or what another object has there.
          local at, chance = plan[2].at[f], random(20)
          if chance > 2 then node[at] = object[name] elseif chance == 2 and i > 1 then node[at] = nodes[i - 1].object[name] end
        end
        nodes[i] = node
      end
      local i = 1
      while i <= #nodes do
        local found = tables.first_changed(nodes, i, #nodes, 2, NAMES)
        for k = i, found - 1 do
          passed = passed + 1
          if is_changed(nodes[k], 2) then missed = missed + 1 end
        end
        i = found + 1
      end
      for _, node in ipairs(nodes) do if not is_changed(node, 2) then unchanged = unchanged + 1 end end
    end
    return missed .. " " .. (passed > unchanged / 4 and "mostly sure" or passed .. " of " .. unchanged)`,
    30_000,
  );
  t.equal(result, "0 mostly sure");
});

t.test(
  "what is plain is passed over without a look: own fields, defaults of a class, fields that are nil",
  async (t) => {
    const { bear } = await vmFactory();
    const vm = await bear();
    const result = run(
      vm,
      `local names = { "plan", "object", "calls", "names", "at", "__index" }
    local class = { c = "default" }
    class.__index = class
    local plan = { false, { calls = 0, names = { "a", "b", "c", "d" }, at = { 1, 2, 3, 4 } }, false }
    local nodes = {}
    for i = 1, 1000 do
      local object = setmetatable({ a = i, b = "text " .. i }, class)
      nodes[i] = { i, object.b, "default", nil, object = object, plan = plan }
    end
    local found = {}
    local function look() found[#found + 1] = loaded.tables.first_changed(nodes, 1, 1000, 2, names) end
    look()
    nodes[700].object.d = false look()
    nodes[600].object.c = "own" look()
    nodes[500].object.b = nil look()
    nodes[400].object.a = 400.0 look()
    class.c = "other" look()
    return table.concat(found, " ")`,
    );
    t.equal(result, "1001 700 600 500 400 1");
  },
);
