import t from "tap";
import { LuaSession, type TestPage, type TestSite, type TestView } from "../support/lua-session.ts";

const SEEDS = [1, 2, 3];
const CHANGES = 120;

/** Objects of all kinds in lists that are long enough to be compared as a whole, and everything that Lua code can do to them. */
const site: TestSite = {
  lua: {
    main: `
local random = math.random
local Row = session:prototype("Row", { name = "", n = 0, on = false, extra = EMPTY })
local Sub = session:prototype("Sub", { note = "sub" }, Row)
function Sub:title() return self.name .. "!" end
function Sub:mirror() self.shadow = self.n; return self.n end
local Plain = { type = "Plain", name = "plain", n = 1 }
Plain.__index = Plain
local Equal = { type = "Plain", name = "equal", __eq = function() return true end }
Equal.__index = Equal
local count = 0
local Ghost = { type = "Ghost" }
Ghost.__index = function(_, key) if key == "name" then return "ghost " .. count end return Ghost[key] end
local base = { name = "base", n = 5 }
local Deep = setmetatable({ type = "Plain" }, { __index = base })
Deep.__index = Deep
local Presenter = session:prototype("Presenter", { item = EMPTY })
_G.Presenter = Presenter
function Presenter:new(given) return session:create(Presenter, { item = given.baseItem }) end
local App = session:prototype("App", { rows = EMPTY, words = EMPTY, shown = EMPTY, mixed = EMPTY, step = 0 })

local long = ("long "):rep(20)
local function value()
  local kind = random(16)
  if kind == 1 then return long .. random(2) elseif kind == 2 then return random(3) elseif kind == 3 then return random(3) + 0.0
  elseif kind == 4 then return -0.0 elseif kind == 5 then return random() elseif kind == 6 then return random(2) == 1
  elseif kind == 7 then return nil elseif kind == 8 then return { random(2), "x" } elseif kind == 9 then return 0 / 0
  elseif kind == 10 then return print elseif kind == 11 then return {} elseif kind == 12 then return Row:new()
  else return "text " .. random(5) end
end
local function make()
  local kind = random(8)
  if kind == 1 then return Sub:new{ name = "sub " .. random(9), n = random(9) } end
  if kind == 2 then return setmetatable({ n = random(9) }, Plain) end
  if kind == 3 then return setmetatable({ n = random(9) }, Equal) end
  if kind == 4 then return setmetatable({ n = random(9) }, Ghost) end
  if kind == 5 then return setmetatable({}, Deep) end
  if kind == 6 then return { type = "Plain", name = "bare", n = random(9) } end
  return Row:new{ name = "row " .. random(9), n = random(9) }
end
local function many(n)
  local list = {}
  if random(2) == 1 then for i = n, 1, -1 do list[i] = make() end else for i = 1, n do list[i] = make() end end
  return list
end
local fields = { "name", "n", "on", "extra" }
local function touch(object)
  if type(object) ~= "table" then return end
  local what = random(10)
  if what <= 4 then object[fields[random(4)]] = value()
  elseif what == 5 then rawset(object, fields[random(4)], value())
  elseif what == 6 then object[fields[random(4)]] = nil
  elseif what == 7 then for i = 1, random(9) do object["more" .. random(20)] = i end
  elseif what == 8 then for i = 1, 20 do object["more" .. i] = nil end
  elseif what == 9 then object.n = (tonumber(object.n) or 0) + 1
  elseif object.type == "Plain" and not rawget(object, "type") then
    setmetatable(object, ({ Plain, Equal, Deep })[random(3)])
  end
end
local function disturb(list, new)
  local what = random(12)
  if what == 1 then table.insert(list, random(#list + 1), new())
  elseif what == 2 and #list > 0 then table.remove(list, random(#list))
  elseif what == 3 and #list > 1 then table.insert(list, 1, table.remove(list, random(#list)))
  elseif what == 4 and #list > 1 then table.insert(list, table.remove(list, random(#list)))
  elseif what == 5 and #list > 1 then table.insert(list, random(#list), table.remove(list, random(#list)))
  elseif what == 6 then for i = #list, 2, -1 do local j = random(i) list[i], list[j] = list[j], list[i] end
  elseif what == 7 and #list > 0 then list[random(#list)] = new()
  elseif what == 8 and #list > 0 then list[random(#list)] = list[random(#list)]
  elseif what == 9 and #list > 10 then for i = #list, random(#list), -1 do list[i] = nil end
  elseif what == 10 then for _ = 1, random(60) do list[#list + 1] = new() end
  elseif what == 11 then for i = 1, #list // 2 do list[i], list[#list + 1 - i] = list[#list + 1 - i], list[i] end
  elseif #list > 20 then for _ = 1, random(5) do table.remove(list, random(#list)) table.insert(list, random(#list), new()) end end
end
local function word() return ({ "a", "b", 1, 1.0, 2, true, false, 0 / 0, long .. "word" })[random(9)] end
function App:change(seed)
  math.randomseed(seed)
  self.step = seed
  for _ = 1, random(3) do
    local what = random(12)
    if what <= 4 and #self.rows > 0 then touch(self.rows[random(#self.rows)])
    elseif what == 5 then disturb(self.rows, make)
    elseif what == 6 then disturb(self.words, word)
    elseif what == 7 then disturb(self.shown, function() return Row:new{ name = "shown " .. random(9) } end)
    elseif what == 8 then disturb(self.mixed, function() return random(2) == 1 and make() or word() end)
    elseif what == 9 then
      -- What objects do not have themselves.
      local class = ({ Row, Plain, Equal, base, Sub })[random(5)]
      class[fields[random(4)]] = value()
    elseif what == 10 then count = count + 1
    elseif what == 11 then
      local copy = table.move(self.rows, 1, #self.rows, 1, random(2) == 1 and {} or setmetatable({}, { __index = { _hidden = 1 } }))
      if random(3) == 1 then copy._count = #copy end
      self.rows = copy
    else self.rows = many(random(0, 60)) end
  end
end
session:createAppVariable(App:new{ rows = many(40), words = { "a", "b" }, shown = many(20), mixed = { "a", make() } })
`,
  },
  viewdefs: {
    "App.DEFAULT": `<div><div ui-viewlist="rows"></div><ul ui-viewlist="rows" ui-namespace="LATE"></ul><ul ui-viewlist="words"></ul>
      <ul ui-viewlist="shown?itemWrapper=Presenter"></ul><ul ui-viewlist="mixed"></ul><b ui-value="step"></b><i ui-action="change(_)"></i></div>`,
    "Row.list-item": `<div><b ui-value="name"></b><b ui-value="n"></b><b ui-value="on?priority=high"></b><b ui-value="extra?priority=low"></b></div>`,
    "Row.LATE": `<div><b ui-value="name?priority=low"></b></div>`,
    "Sub.list-item": `<div><b ui-value="title()"></b><b ui-value="shadow?priority=low"></b><b ui-value="mirror()?priority=high"></b></div>`,
    "Plain.list-item": `<div><b ui-value="name"></b><b ui-value="n"></b><b ui-value="on"></b></div>`,
    "Plain.LATE": `<div><b ui-value="shadow?priority=low"></b></div>`,
    "Ghost.list-item": `<div><b ui-value="name"></b><b ui-value="n"></b></div>`,
    "Presenter.list-item": `<div><b ui-value="item.name"></b><b ui-value="item.on"></b></div>`,
  },
};

/** What a page shows, from its variable `id` down. */
function shown(page: TestPage, id: number): unknown {
  const view: TestView = page.view(id);
  const error = page.errors.get(id);
  const problem = error && `${error.code}: ${error.message}`;
  if (view.viewdef === undefined) return problem ?? page.values.get(id);
  const { slots } = page.session.plans.get(view.viewdef)!;
  const first = page.views.get(id)!.first;
  return slots.map(({ text, use, access }, at) => {
    if (access === "action") return text;
    const mistake = page.errors.get(first + at);
    if (mistake) return [text, `${mistake.code}: ${mistake.message}`];
    if (use === "list") return [text, (page.lists.get(first + at) ?? []).map((row) => shown(page, row))];
    return [text, use === "view" ? shown(page, first + at) : page.values.get(first + at)];
  });
}

for (const seed of SEEDS) {
  t.test(
    `random changes ${seed}: whatever code does to what is shown, a page shows what one shows that is opened now`,
    async (t) => {
      const session = await LuaSession.start(site, { timeLimit: 20_000 });
      const page = session.connect();
      for (let step = 1; step <= CHANGES; step++) {
        page.root.set("change(_)", seed * 10_000 + step);
        const other = session.connect();
        t.same(shown(page, 1), shown(other, 1), `after change ${seed * 10_000 + step}`);
        other.close();
        if (!t.passing()) break;
      }
      session.close();
    },
  );
}
