import { LuaVm } from "../lua-vm.ts";
import type { LuaWasm } from "../lua-wasm.ts";
import { readRuntime } from "../runtime-files.ts";

/** Takes the place of the runtime's dispatch function when the runtime has been loaded. */
const source = `
  local names = {}
  for name in next, _G do names[#names + 1] = name end
  return function() return table.concat(names, "\\n") end`;

/** The names of all globals that a session has before any of its files has run. 60 ms. */
export async function moonpoolGlobals(wasm: LuaWasm): Promise<Set<string>> {
  const vm = await LuaVm.bear({ wasm, runtime: [...(await readRuntime()), { name: "names", source }], seed: 1 });
  const names = vm.dispatch("", { timeLimit: 1000 }).split("\n");
  vm.close();
  return new Set(names);
}
