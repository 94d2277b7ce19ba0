import t from "tap";
import { MoonpoolError } from "../../src/protocol/error-code.ts";
import { LuaVm } from "../../src/workers/lua-vm.ts";
import { loadLuaWasm } from "../../src/workers/lua-wasm.ts";
import { bareRuntime } from "../fixtures/bare-runtime.ts";
import { run, vmFactory } from "../support/vm.ts";

const { bear, birth } = await vmFactory();

t.test("text of any length and script goes in and comes out unchanged", async (t) => {
  const vm = await bear();
  for (const text of [
    "",
    "é",
    "日本語 🎉",
    'a"b\\c\u0000d',
    "x".repeat(2645),
    "ä".repeat(2646),
    "🎉".repeat(300_000),
  ]) {
    vm.host = () => text;
    t.equal(run(vm, "return host('text', '')"), text, `${text.length} units from the host`);
    vm.host = (_, argument) => String(argument === text);
    const code = `return host('same', [==[${text}]==])`;
    t.equal(run(vm, code), "true", `${text.length} units in an event and to the host`);
  }
});

t.test("bytes that the host answers with are a Lua string of just these bytes, whatever they are", async (t) => {
  const vm = await bear();
  for (const length of [0, 256, 7936, 7937, 100_000]) {
    const bytes = Uint8Array.from({ length }, (_, index) => (index * 7) % 256);
    vm.host = () => bytes;
    const code = `
      local text, wrong = host('bytes', ''), 0
      for i = 1, #text do if text:byte(i) ~= (i - 1) * 7 % 256 then wrong = wrong + 1 end end
      return #text .. ' ' .. wrong`;
    t.equal(run(vm, code), `${length} 0`);
  }
});

t.test("what a host function throws is nil and a message with its code in Lua", async (t) => {
  const vm = await bear();
  vm.host = (name) => {
    throw name === "coded" ? new MoonpoolError("REQUIRE_MISSING", "no such module") : new TypeError("mistake");
  };
  t.equal(
    run(vm, "local a, b = host('coded', '') return tostring(a) .. ' ' .. b"),
    "nil REQUIRE_MISSING: no such module",
  );
  t.equal(run(vm, "local a, b = host('other', '') return tostring(a) .. ' ' .. b"), "nil INTERNAL: TypeError: mistake");
});

t.test("an event cannot be dispatched, nor an image taken, while another event is under way", async (t) => {
  const vm = await bear();
  vm.host = (name) => {
    if (name === "dispatch") return run(vm, "return 1");
    if (name === "save") vm.saveImage();
    else vm.loadImage(null);
    return "";
  };
  for (const name of ["dispatch", "save", "load"]) {
    t.match(run(vm, `return select(2, host('${name}', ''))`), /INTERNAL: The Lua VM is busy/);
  }
  t.equal(run(vm, "return 'usable'"), "usable");
});

t.test("an error that the runtime itself raises is INTERNAL, and the VM goes on", async (t) => {
  const vm = await bear();
  t.throws(() => run(vm, "raise"), { code: "INTERNAL", message: /raised by the runtime/ });
  t.throws(() => run(vm, "number"), { code: "INTERNAL", message: /did not return text/ });
  t.equal(vm.broken, false);
  t.equal(run(vm, "return 'usable'"), "usable");
  vm.close();
  t.throws(() => run(vm, "return 1"), { code: "INTERNAL", message: /closed/ });
});

t.test("the libraries that reach outside are not there at all, not even for the runtime", async (t) => {
  const vm = await bear();
  const names = ["io", "package", "require", "debug", "dofile", "loadfile", "print", "warn", "string.dump"];
  for (const name of [...names, "os.execute", "os.exit", "os.getenv", "os.remove", "os.rename", "os.tmpname"]) {
    t.equal(run(vm, `return tostring(${name})`), "nil", name);
  }
  t.equal(
    run(vm, "return type(raw.debug.traceback) .. type(raw.load) .. type(raw.collectgarbage)"),
    "functionfunctionfunction",
  );
  const registry = "for k in pairs(raw.debug.getregistry()) do if type(k) == 'string' then n[#n + 1] = k end end";
  t.equal(
    run(vm, `local n = {} ${registry} return table.concat(n, ' ')`),
    "_LOADED",
    "nothing of wasmoon's is in the registry",
  );
});

t.test("the runtime's files are called with M, in order, and their values are M's fields", async (t) => {
  const wasm = await loadLuaWasm(16 * 2 ** 20);
  const runtime = [
    { name: "first", source: "local M, extra = ... return extra == nil and M.second == nil and { 1 }" },
    { name: "second", source: "local M = ... return M.first[1] + 1" },
    { name: "last", source: "local M = ... return function(text) return text .. M.second end" },
  ];
  const vm = await LuaVm.bear({ wasm, runtime, seed: 1 });
  t.equal(run(vm, "value "), "value 2");
});

t.test("a runtime that cannot be loaded says in which file and line", async (t) => {
  const wasm = await loadLuaWasm(16 * 2 ** 20);
  const failing = (source: string) => LuaVm.bear({ wasm, seed: 1, runtime: [{ name: "bad", source }] });
  await t.rejects(failing("local x = = 1"), { code: "INTERNAL", message: /bad\.lua.*moonpool\/bad:1:/ });
  await t.rejects(failing("\nerror('no')"), { code: "INTERNAL", message: /bad\.lua.*moonpool\/bad:2: no/ });
  await t.rejects(failing("return 1"), { code: "INTERNAL", message: /must return the dispatch function/ });
  await t.rejects(LuaVm.bear({ wasm, seed: 1, runtime: [] }), { code: "INTERNAL" });
});

t.test("equal births are equal byte for byte, whenever and wherever; another seed makes another", async (t) => {
  const wasm = await loadLuaWasm(16 * 2 ** 20);
  const now = Date.now;
  // The C library of a program elsewhere, called by somebody else, has another environment.
  const program = process.argv[1] ?? "";
  process.argv[1] = `/srv/${"elsewhere/".repeat(30)}program.js`;
  t.teardown(() => (process.argv[1] = program));
  const again = await LuaVm.bear({ wasm, runtime: bareRuntime, seed: 1 });
  t.equal(Date.now, now);
  t.equal(Buffer.compare(Buffer.from(again.birth.bytes), Buffer.from(birth.bytes)), 0);
  t.same(again.birth.layout, birth.layout);
  t.equal(again.birth.fingerprint, birth.fingerprint);
  const other = await LuaVm.bear({ wasm, runtime: bareRuntime, seed: 2 });
  t.not(Buffer.compare(Buffer.from(other.birth.bytes), Buffer.from(birth.bytes)), 0);
  t.not(other.birth.fingerprint, birth.fingerprint);
  const runtime = [{ name: "busy", source: "return function() return 1 end" }, ...bareRuntime.slice(1)];
  const changed = await LuaVm.bear({ wasm, runtime, seed: 1 });
  t.not(changed.birth.fingerprint, birth.fingerprint);
});
