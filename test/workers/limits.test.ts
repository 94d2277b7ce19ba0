import { execFile } from "node:child_process";
import { promisify } from "node:util";
import t from "tap";
import { run, vmFactory } from "../support/vm.ts";

const { bear } = await vmFactory();
const vm = await bear();
const LIMIT = 50;

t.beforeEach(() => vm.loadImage(null));

const loops = {
  "an endless loop": "while true do end",
  "a loop in a coroutine": "coroutine.wrap(function() while true do end end)()",
  "a loop in a coroutine of a coroutine":
    "coroutine.wrap(function() coroutine.wrap(function() while true do end end)() end)()",
  "a loop around a pcall that swallows the error": "while true do pcall(function() while true do end end) end",
  "pcalls in pcalls": "local function f() while true do pcall(f) end end f()",
  "an error handler that loops too": "xpcall(function() while true do end end, function() while true do end end)",
  "coroutines that swallow the error":
    "while true do coroutine.resume(coroutine.create(function() while true do end end)) end",
  "a metamethod that loops": "local t = setmetatable({}, { __index = function() while true do end end }) return t.x",
  "a callback of gsub": "return ('x'):gsub('x', function() while true do end end)",
  "a sort that never ends":
    "local t = {} for i = 1, 100 do t[i] = i end table.sort(t, function() while true do end end)",
};

for (const [what, code] of Object.entries(loops)) {
  t.test(`${what} is stopped with LIMIT_TIME and its place, and the VM goes on`, async (t) => {
    t.match(run(vm, code, LIMIT), /LIMIT_TIME: app\.lua:1: the code ran too long/);
    t.equal(vm.broken, false);
    t.equal(run(vm, "local n = 0 for i = 1, 1e4 do n = n + i end return n"), "50005000");
  });
}

t.test("a coroutine that was stopped at every instruction runs normally in the next event", async (t) => {
  run(
    vm,
    `co = coroutine.create(function()
       while true do if not pcall(function() while true do end end) then coroutine.yield() end end
     end)
     while true do coroutine.resume(co) end`,
    LIMIT,
  );
  t.equal(run(vm, "local c = coroutine.wrap(function() for i = 1, 1e5 do end return 'done' end) return c()"), "done");
});

t.test("after the first stop the rest of the event has a grace period to tidy up", async (t) => {
  const code =
    "pcall(function() while true do end end) local n = 0 for i = 1, 5000 do n = n + 1 end return 'tidy ' .. n";
  t.equal(run(vm, code, 200), "tidy 5000");
});

t.test("code of the runtime is not stopped half-way; user code that calls it is, as soon as it is back", async (t) => {
  const code = `
    local before = host("now", "")
    done = busy(1e6)
    took = host("now", "") - before
    for i = 1, 1e9 do end`;
  vm.host = () => String(performance.now());
  t.match(run(vm, code, 5), /LIMIT_TIME: app\.lua:5:/);
  t.equal(run(vm, "return tostring(done ~= nil and took > 5)"), "true");
});

t.test("after a stop the runtime can give the code that comes further slices of time, but not for ever", async (t) => {
  vm.host = () => "";
  const slices = run(
    vm,
    `local slices = 0
     repeat slices = slices + 1 pcall(function() while true do end end) until host("slice", "") == "over"
     return slices`,
    LIMIT,
  );
  t.ok(Number(slices) > 2, `${slices} slices`);
  t.match(run(vm, "while true do host('slice', '') pcall(function() while true do end end) end", LIMIT), /LIMIT_TIME/);
  const afterwards = "pcall(function() while true do end end) host('slice', '') for i = 1, 1e5 do end return 'done'";
  t.equal(run(vm, afterwards, 1_000), "done");
});

t.test(
  "a loop that is in the runtime whenever somebody looks is found before the runtime has to be stopped",
  async (t) => {
    for (let count = 1; count <= 60; count++) {
      const idle = "local _ = 1 ".repeat(count);
      const code = `while true do ${idle} if not pcall(busy, 10) then stopped = true end end`;
      t.match(run(vm, code, 5), /LIMIT_TIME: app\.lua:1:/);
      if (run(vm, "return tostring(stopped)") !== "nil") t.fail(`${count} steps: the runtime had to be stopped`);
      vm.loadImage(null);
    }
  },
);

t.test("user code cannot pass for runtime code, nor hide in a finalizer, where no limit holds", async (t) => {
  t.match(run(vm, "return load('while true do end', '=moonpool/evil')"), /cannot be named like Moonpool's own/);
  t.match(run(vm, "return setmetatable({}, { __gc = function() end })"), /__gc is not available/);
  t.match(
    run(vm, "local t = setmetatable({}, 1)"),
    /^app.lua:1: bad argument #2 to 'setmetatable' \(nil or table expected\)/,
  );
  t.match(
    run(vm, "local t = setmetatable(1, {})"),
    /^app.lua:1: bad argument #1 to 'setmetatable' \(table expected, got number\)/,
  );
  t.match(
    run(vm, "local t = setmetatable(setmetatable({}, { __metatable = 1 }), {})"),
    /^app.lua:1: cannot change a protected/,
  );
  t.equal(
    run(vm, "local t = {} return tostring(setmetatable(setmetatable(t, {}), nil) == t and getmetatable(t))"),
    "nil",
  );
  t.match(run(vm, "return getmetatable(setmetatable({}, { __name = 'kept' })).__name"), "kept");
  t.match(run(vm, "return select(2, load('return = 1', '=name'))"), "name:1: ");
  const late = "local m = {} for i = 1, 100 do setmetatable({}, m) end m.__gc = function() while true do end end";
  t.equal(run(vm, `${late} collectgarbage() return "usable"`, LIMIT), "usable");
});

t.test("runtime code that never ends is stopped after all", async (t) => {
  t.match(run(vm, "busy(1e15)", 20), /LIMIT_TIME: moonpool\/busy:1:/);
});

const bombs = {
  "a table that grows": "t = {} for i = 1, 1e9 do t[i] = { i } end",
  "a string that doubles": "local s = 'x' while true do s = s .. s end",
  "string.rep": "return ('x'):rep(1e9)",
  "table.concat": "local t = {} for i = 1, 1e4 do t[i] = ('x'):rep(1e3) end t = table.concat(t) return t .. t",
  "string.format": "local s = ('x'):rep(5e6) return string.format('%s%s%s%s', s, s, s, s)",
  "deep recursion": "local function f(n) return 1 + f(n + 1) end return f(1)",
  "coroutines that are kept":
    "t = {} for i = 1, 1e9 do t[i] = coroutine.create(function() end) coroutine.resume(t[i]) end",
};

for (const [what, code] of Object.entries(bombs)) {
  t.test(`a memory bomb (${what}) is a Lua error, and the VM goes on`, async (t) => {
    t.match(run(vm, code, 10_000), /not enough memory|stack overflow/);
    t.ok(vm.bytes <= 16 * 2 ** 20);
    t.equal(vm.broken, false);
    t.equal(run(vm, "t = nil collectgarbage() local n = {} for i = 1, 1e4 do n[i] = {} end return #n"), "10000");
  });
}

t.test("an event that finds no room for its text is refused, and the VM goes on", async (t) => {
  run(vm, "t = {} pcall(function() for i = 1, 1e9 do t[i] = ('x'):rep(100) .. i end end)", 10_000);
  t.throws(() => run(vm, `return "${"x".repeat(8_000_000)}"`), { code: "LIMIT_MEMORY" });
  vm.host = () => "x".repeat(8_000_000);
  t.match(run(vm, "t[1] = nil return select(2, host('large', ''))"), "LIMIT_MEMORY");
  t.equal(run(vm, "t = nil collectgarbage() return 'usable'"), "usable");
});

const recursions = {
  "callbacks of gsub": "local function f() return (('x'):gsub('x', f)) end f()",
  "comparisons of sort": "local function f() table.sort({ 1, 2, 3 }, f) return false end f()",
  pcall: "local function f() assert(pcall(f)) end f()",
  coroutines: "local function f() assert(coroutine.resume(coroutine.create(f))) end f()",
  __tostring: "local t = setmetatable({}, { __tostring = function(t) return tostring(t) end }) tostring(t)",
  __index: "local t = setmetatable({}, { __index = function(t, k) return t[k] end }) return t.x",
  "nested parentheses": "return assert(raw.load('return ' .. ('('):rep(1e5)))",
  "a pattern": "return ('a'):rep(3e5):find('^' .. ('a?'):rep(3e5) .. 'b')",
  "error handlers":
    "assert(select(2, xpcall(error, function(e) local function h() return h() .. 1 end return h() end)) == 0, 'overflow')",
};

for (const [what, code] of Object.entries(recursions)) {
  t.test(`C code that recurses (${what}) is a Lua error, and the VM goes on`, async (t) => {
    t.match(run(vm, code), /overflow|too complex|too many|limit/);
    t.equal(vm.broken, false);
    t.equal(run(vm, "return (('abc'):gsub('b', function() return 'B' end))"), "aBc");
  });
}

t.test("wasmoon prints nothing about all this", async (t) => {
  const file = new URL("../fixtures/exhaust-vm.js", import.meta.url).pathname;
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [file]);
  t.equal(stderr, "own line on stderr\n");
  t.equal(stdout, "usable\n");
});
