import type { BirthImage } from "../../src/workers/image.ts";
import { LuaVm } from "../../src/workers/lua-vm.ts";
import { loadLuaWasm } from "../../src/workers/lua-wasm.ts";
import { bareRuntime } from "../fixtures/bare-runtime.ts";

const MIB = 2 ** 20;

/** VMs of the bare runtime with a limit of 16 MiB, all of one birth. */
export async function vmFactory({ memoryLimit = 16 * MIB, runtime = bareRuntime, seed = 1 } = {}): Promise<{
  birth: BirthImage;
  bear: () => Promise<LuaVm>;
}> {
  const wasm = await loadLuaWasm(memoryLimit);
  const { birth } = await LuaVm.bear({ wasm, runtime, seed });
  return { birth, bear: () => LuaVm.bear({ wasm, birth }) };
}

/** Runs Lua code in a VM of the bare runtime. */
export function run(vm: LuaVm, code: string, timeLimit = 1000): string {
  return vm.dispatch(code, { timeLimit });
}
