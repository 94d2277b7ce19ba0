import { LuaCompiler } from "../../src/workers/lua-code/compiler.ts";
import type { LuaWasm } from "../../src/workers/lua-wasm.ts";
import { planText } from "./plan-text.ts";

/**
 * An app that does whatever could come out otherwise when it is done again. Slots: 0 `op()`, which a page writes
 * `[number, argument]` to; 1 `said()`, what the operations found; 2 `tick()`; and on. Nothing that an operation fails at
 * leaves the app unusable.
 */
const app = `
local library = require("library")
local Leaf = session:prototype("Leaf", { text = "leaf", n = 0 })
function Leaf:up() self.n = self.n + 1 end
function Leaf:broken() if self.n % 3 == 2 then error("leaf " .. self.n) end return self.n end
local Folder = session:prototype("Folder", { name = "", children = EMPTY, inner = EMPTY })
function Folder:add() if #self.children < 12 then table.insert(self.children, 1, Leaf:new{ n = #self.children }) end end
Boxed = session:prototype("Boxed", { value = EMPTY })
function Boxed:new(variable)
  variable:setProperty("kind:high", type(variable:getValue()))
  if variable:getValue() == 7 then error("no box for 7") end
  return session:create(Boxed, { value = variable:getValue(), id = tostring(variable) })
end
function Boxed:sync() if self.value == "fail" then error("sync fails") end self.id = tostring(self) end
Row = session:prototype("Row", { baseItem = EMPTY })
function Row:new(init) return session:create(Row, init) end
function Row:gone() self.list:remove(self) end
local App = session:prototype("App", { any = EMPTY, folder = EMPTY, heap = EMPTY, ticks = 0 })
local lines, last = {}, 0
function App:op(value)
  if value == nil then return last end
  last = type(value) == "table" and value[1] or value
  local f = library[type(last) == "number" and last % #library + 1]
  if f then lines[#lines + 1] = f(self, value[2] or 1) end
  if #lines > 4 then table.remove(lines, 1) end
end
function App:said() return table.concat(lines, "|") end
function App:tick() self.ticks = self.ticks + 1 return self.ticks .. " " .. os.clock() end
function App:address() return tostring(self.folder) end
function App:keep(value) self.any = value end
session:createAppVariable(App:new{ folder = Folder:new{ children = { Leaf:new() }, inner = Folder:new{ children = {} } } })
`;

const library = `
local weak_keys, weak_values = setmetatable({}, { __mode = "k" }), setmetatable({}, { __mode = "v" })
local cache = setmetatable({}, { __mode = "kv" })
local coroutines, closures, garbage, by_object = {}, {}, {}, {}
local function count(t) local n = 0 for _ in pairs(t) do n = n + 1 end return n end
local function order(t)
  local keys = {}
  for k in pairs(t) do keys[#keys + 1] = tostring(k) end
  return table.concat(keys, ",")
end
local Number = {}
Number.__index = function(t, k) return k .. "?" end
Number.__add = function(a, b) return setmetatable({ n = a.n + b.n }, Number) end
Number.__eq = function(a, b) return a.n == b.n end
Number.__lt = function(a, b) return a.n < b.n end
Number.__concat = function(a, b) return tostring(a) .. tostring(b) end
Number.__len = function(a) return a.n end
Number.__call = function(a, x) return a.n * x end
Number.__close = function(a) garbage.closed = (garbage.closed or 0) + a.n end
return {
  function() return os.time() .. " " .. os.clock() .. " " .. os.date("!%c") .. os.date("%H:%M:%S") end,
  function(_, n) return math.random() .. " " .. math.random(n) .. " " .. math.random(0) end,
  function(_, n) if n % 3 == 0 then math.randomseed(n) else math.randomseed() end return tostring(math.random()) end,
  function(self, n)
    session:setTimeout(function() self.any = math.random(n) .. tostring({}) end, n % 40)
    return "timeout"
  end,
  function(self, n)
    local handle
    handle = session:setInterval(function() n = n - 1 self.any = n if n % 5 == 0 then session:clearInterval(handle) end end, 10 + n % 30)
    return "interval " .. tostring(handle)
  end,
  function(self) session:setTimeout(function() error(setmetatable({}, { __tostring = function() return tostring({}) end })) end, 5) return "fails" end,
  function(_, n)
    local co = coroutine.create(function(x) while true do x = coroutine.yield(x * n, tostring({})) or 1 end end)
    coroutines[#coroutines % 6 + 1] = co
    return select(2, coroutine.resume(co, n)) .. tostring(co)
  end,
  function(_, n)
    local found = {}
    for i, co in ipairs(coroutines) do found[i] = tostring(select(3, coroutine.resume(co, n))) .. coroutine.status(co) end
    return table.concat(found, " ")
  end,
  function(_, n)
    local next_line = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i * n) end error("wrapped") end)
    return next_line() + next_line() .. tostring(pcall(next_line)) .. select(2, pcall(function() next_line() next_line() end))
  end,
  function(_, n) for i = 1, n % 30 do by_object[{}] = i by_object[function() end] = i by_object["k" .. i * n] = {} end return order(by_object) end,
  function() local k = next(by_object) if k then by_object[k] = nil end return #order(by_object) .. "" end,
  function(_, n) local t = {} for i = 1, n % 60 do t[(i * 7919) % 101] = i t[i / 4] = i t["s" .. i] = i t[i % 2 == 0] = i end return order(t) end,
  function(_, n) for i = 1, n % 50 do weak_keys[{}] = i weak_values[i] = {} cache["c" .. i] = { i } end return count(weak_keys) .. " " .. count(weak_values) .. " " .. count(cache) end,
  function() return count(weak_keys) .. " " .. count(weak_values) .. " " .. order(weak_values) .. count(cache) end,
  function() return collectgarbage("count") .. "" end,
  function(_, n) if n % 2 == 0 then collectgarbage() else collectgarbage("step", n) end return collectgarbage("count") .. count(weak_keys) end,
  function(_, n) local t = {} for i = 1, 200 + n do t[i] = { i, tostring(i) } end garbage[n % 5 + 1] = t return tostring(t[#t]) end,
  function(_, n) garbage[n % 5 + 1] = nil return order(garbage) end,
  function(_, n) local s = ("x" .. n):rep(n * 60) garbage[n % 5 + 1] = s return #s .. s:sub(-5):upper() .. (s:find("x", n, true) or "") end,
  function(_, n) garbage.long = (garbage.long or "") .. ("y"):rep(n * 11) return #garbage.long .. "" end,
  function(_, n) return string.format("%.14g %g %a %e %5.1f %q %x", n / 3, 1 / n, n / 7, n * 1e300, n / 9, n / 11, n) .. (0.1 + n) .. 1e15 .. 2^53 .. n // 0.7 .. -0.0 end,
  function(_, n)
    local t = {}
    for i = 1, 30 do t[i] = (i * n * 7919) % 31 end
    local ok, message = pcall(table.sort, t, function(a, b) return (a * b) % 3 < 2 end)
    return tostring(ok) .. tostring(message) .. table.concat(t, ",")
  end,
  function(_, n) local t = {} for i = 1, 40 do t[i] = i * n % 7 end table.sort(t, function(a, b) return math.random() < 0.5 or a < b end) return table.concat(t) end,
  function(_, n) closures[#closures % 8 + 1] = function(x) n = n + x return n end local sum = 0 for _, f in ipairs(closures) do sum = sum + f(1) end return sum .. tostring(closures[1]) end,
  function(_, n)
    local a, b <close> = setmetatable({ n = n }, Number), setmetatable({ n = 1 }, Number)
    return (a + b).n .. a.missing .. tostring(a == b) .. tostring(a < b) .. #(a .. b) .. #a .. a(3) .. tostring(a)
  end,
  function(_, n) error("on purpose " .. n) end,
  function(_, n) local t = nil return t.field end,
  function(_, n) error({ code = n }) end,
  function(_, n) error(setmetatable({}, { __tostring = function() error("again") end })) end,
  function(_, n) return select(2, pcall(string.rep, "x", 1e9)) .. select(2, pcall(error)) .. tostring(select(2, xpcall(function() return nil + n end, function(m) return m .. tostring({}) end))) end,
  function(_, n) local function deep(i) return i == 0 and 0 or 1 + deep(i - 1) end return deep(n * 20) .. tostring(pcall(deep, n % 8 == 0 and -1 or n)) end,
  function(self, n) self.folder:add() self.folder.children[1].text = "new " .. n return #self.folder.children .. "" end,
  function(self, n) table.sort(self.folder.children, function(a, b) return a.n * n % 7 < b.n * n % 7 end) return "sorted" end,
  function(self, n) table.remove(self.folder.children, n % (#self.folder.children + 1)) return "removed" end,
  function(self, n) self.folder.inner = n % 2 == 0 and setmetatable({ type = "Leaf", n = n }, { __index = function(_, k) return k .. n end }) or nil return "inner" end,
  function(self, n) self.any = ({ 7, "fail", n, { n, { tostring({}) } }, "text", n / 3, false })[n % 7 + 1] return "any" end,
  function(self, n) self.folder.children = ({ 5, "no list", { {}, { type = "Leaf" }, 3, "x", { type = "Nowhere" } }, {} })[n % 4 + 1] return "children" end,
  function(self, n) if type(self.folder.children) ~= "table" then self.folder.children = {} end return json.encode(self.folder.children) or "none" end,
  function(_, n) return json.encode({ a = n / 3, b = { 1, 2, { c = "é" } }, [tostring(n)] = 1e100 }) .. tostring(json.decode('{"x":[1,2.5,null]}').x[2]) end,
  function(_, n) return ("a,b;c"):gsub("%p", { [","] = n, [";"] = tostring({}) }) .. utf8.char(n + 200) .. #utf8.charpattern end,
  function(_, n) local f = load("local n = ... return function() n = n + 1 return n end") closures[#closures % 8 + 1] = f(n) return tostring(load("syntax (")) .. select(2, load("x =")) end,
  function(_, n) print("log " .. n, {}, nil) ui.log(1, "level") return "printed" end,
  function(_, n) local t = table.pack(table.unpack(closures)) return t.n .. table.concat({ tostring(next(t)) }, "") end,
  function(_, n) New = session:prototype("New" .. n, { x = n, list = {} }) return tostring(New:new().x) end,
  function(_, n)
    local all = {}
    local ok, message = pcall(function() for i = 1, 1e7 do all[i] = { ("z"):rep(2000 + i) } end end)
    local found = #all
    all = nil
    return found .. tostring(message) .. collectgarbage("count")
  end,
}`;

const viewdefs: Record<string, string> = {
  "App.DEFAULT": `<main><input ui-value="op()?access=rw"><b ui-value="said()"></b><b ui-value="tick()?priority=low"></b><b ui-value="address()"></b>
<i ui-action="keep(_)"></i><input ui-value="any"><b ui-class-on="!any"></b><div ui-view="any?wrapper=Boxed"></div><div ui-view="folder"></div>
<ul ui-viewlist="folder.children?itemWrapper=Row"></ul><div ui-view="folder.children?wrapper=lua.ViewList"></div></main>`,
  "Folder.DEFAULT": `<section><input ui-value="name"><ul ui-viewlist="children"></ul><div ui-view="inner"></div><i ui-action="add()"></i></section>`,
  "Leaf.DEFAULT": `<p><input ui-value="text"><b ui-value="n"></b><b ui-value="broken()"></b><i ui-action="up()"></i></p>`,
  "Row.DEFAULT": `<li><b ui-value="index"></b><div ui-view="baseItem"></div><i ui-action="gone()"></i></li>`,
  "Boxed.DEFAULT": `<em ui-value="id"></em>`,
  "lua.ViewList.DEFAULT": `<div ui-viewlist="items"></div>`,
  "lua.ViewListItem.DEFAULT": `<div ui-view="item"></div>`,
};

const modules: Record<string, string> = { main: app, library };

/** How many operations there are; `hunger` takes all the memory that there is, which takes as long as a hundred others. */
export const operations = { count: 45, hunger: 44 };

/** Answers what Lua asks the host, as a thread does. */
export class ReplaySite {
  /** Texts that Lua logged. */
  readonly logs: string[] = [];
  readonly #compiler: LuaCompiler;
  readonly #plans = new Map<string, string>();

  private constructor(compiler: LuaCompiler) {
    this.#compiler = compiler;
    for (const [key, html] of Object.entries(viewdefs)) this.#plans.set(key, planText(key, html));
  }

  static async start(wasm: LuaWasm): Promise<ReplaySite> {
    return new ReplaySite(await LuaCompiler.start(wasm));
  }

  answer(name: string, argument: string): string | Uint8Array {
    const [first = ""] = argument.split("\n", 1);
    switch (name) {
      case "viewdef":
        return this.#plans.has(argument) ? this.#compiler.data(this.#plans.get(argument)!) : "";
      case "generated":
        return this.#compiler.generated(first, argument.slice(first.length + 1));
      case "log":
        this.logs.push(argument);
        return "";
      case "module": {
        const { hash, code } = this.#compiler.compile(`${argument}.lua`, modules[argument] ?? "");
        return Buffer.concat([Buffer.from(`lua/${argument}.lua\n${argument}.lua\n${hash}\n`), code]);
      }
      default:
        throw new Error(`the app asks for ${name}`);
    }
  }
}
