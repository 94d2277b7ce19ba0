/* oxlint-disable no-underscore-dangle -- the functions that wasmoon exports are named so */
import { createHash } from "node:crypto";
import fs from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { LuaFactory } from "wasmoon";
import { MoonpoolError } from "../protocol/error-code.ts";
import { growable, growerOf } from "./growth.ts";
import { quietly } from "./quiet.ts";
import { WASM_PAGE, withMemory } from "./wasm-bytes.ts";

/** 1 MiB of C stack and static data, and 200 KiB for Lua; the heap grows by a fifth each time it is full. */
export const MINIMUM_PAGES = 20;
/** Below this no app could start; above, emscripten refuses to grow. Bytes. */
const SMALLEST_LIMIT = 4 * 2 ** 20;
const LARGEST_LIMIT = 2 ** 31;

/** The pseudo-index of a Lua state's registry, and the type number of strings. */
export const REGISTRY = -1_001_000;
export const LUA_STRING = 4;

/** wasmoon's wasm, with the memory limit of a session. */
export interface LuaWasm {
  code: WebAssembly.Module;
  /** Where wasmoon has its own. */
  file: string;
  /** Tells one build of wasmoon from another, whatever the limit. */
  digest: string;
  /** Where the C stack lies, in bytes. Nothing in it is alive between two calls, so no image holds it. */
  stack: { low: number; high: number };
}

/**
 * Reads wasmoon's wasm and gives it a maximum of `memoryLimit` bytes (4 MiB … 2 GiB, rounded down to 64 KiB; 1.1 MiB of
 * it are not Lua's). Takes about 10 ms, once per thread. Throws CONFIG_INVALID or INTERNAL.
 */
export async function loadLuaWasm(memoryLimit: number): Promise<LuaWasm> {
  if (!(memoryLimit >= SMALLEST_LIMIT && memoryLimit <= LARGEST_LIMIT)) {
    throw new MoonpoolError("CONFIG_INVALID", `memoryLimit must be ${SMALLEST_LIMIT} to ${LARGEST_LIMIT} bytes.`);
  }
  const entry = createRequire(import.meta.url).resolve("wasmoon");
  const file = path.join(path.dirname(entry), "glue.wasm");
  const stock = await fs.readFile(file);
  const bytes = withMemory(stock, MINIMUM_PAGES, Math.floor(memoryLimit / WASM_PAGE));
  const digest = createHash("sha256").update(stock).digest("hex");
  const code = await WebAssembly.compile(bytes);
  return { code, file, digest, stack: await findStack(code) };
}

/** The part of Node's WebAssembly used here; its types come with the DOM's, which a thread does not have. */
declare global {
  namespace WebAssembly {
    const Module: { imports(module: Module): { module: string; name: string }[] };
    function compile(bytes: Uint8Array): Promise<Module>;
    function instantiate(module: Module, imports: object): Promise<{ exports: Record<string, unknown> }>;
  }
}

/** The exports that tell where the C stack is are there, but wasmoon does not hand them on. */
async function findStack(module: WebAssembly.Module): Promise<LuaWasm["stack"]> {
  const imports: Record<string, Record<string, () => number>> = {};
  for (const { module: from, name } of WebAssembly.Module.imports(module)) (imports[from] ??= {})[name] = () => 0;
  const { exports } = await WebAssembly.instantiate(module, imports);
  const call = (name: string): unknown => {
    const value = exports[name];
    return typeof value === "function" ? value() : undefined;
  };
  call("emscripten_stack_init");
  const low = call("emscripten_stack_get_end");
  const high = call("emscripten_stack_get_base");
  if (typeof low !== "number" || typeof high !== "number" || low < 0 || low >= high) {
    throw new MoonpoolError("INTERNAL", "wasmoon's glue.wasm is not as expected: its C stack cannot be found.");
  }
  return { low, high };
}

/** Functions of wasmoon's emscripten module, as it exports them. Pointers and Lua states are numbers. */
export interface LuaModule {
  readonly HEAPU8: Uint8Array;
  readonly HEAP32: Int32Array;
  readonly HEAPU32: Uint32Array;
  /** Makes the memory `size` bytes, which must be more than it has; false: there is no room. */
  growTo: (size: number) => boolean;
  addFunction(body: (...values: number[]) => number | void, signature: string): number;
  _malloc(size: number): number;
  _free(pointer: number): void;
  _luaL_newstate(): number;
  _luaL_loadbufferx(state: number, text: number, length: number, name: number, mode: number): number;
  _luaL_ref(state: number, table: number): number;
  _luaL_where(state: number, level: number): void;
  _luaL_getsubtable(state: number, index: number, name: number): number;
  _luaopen_base(state: number): number;
  _luaopen_coroutine(state: number): number;
  _luaopen_debug(state: number): number;
  _luaopen_math(state: number): number;
  _luaopen_os(state: number): number;
  _luaopen_string(state: number): number;
  _luaopen_table(state: number): number;
  _luaopen_utf8(state: number): number;
  _lua_atpanic(state: number, panic: number): number;
  _lua_callk(state: number, given: number, results: number, context: number, continuation: number): void;
  _lua_concat(state: number, count: number): void;
  _lua_createtable(state: number, array: number, record: number): void;
  _lua_error(state: number): number;
  _lua_getfield(state: number, index: number, name: number): number;
  _lua_getglobal(state: number, name: number): number;
  _lua_gethookcount(state: number): number;
  _lua_getinfo(state: number, what: number, record: number): number;
  _lua_pcallk(state: number, given: number, results: number, handler: number, context: number, k: number): number;
  _lua_pushcclosure(state: number, body: number, upvalues: number): void;
  _lua_pushinteger(state: number, value: bigint): void;
  _lua_pushlstring(state: number, text: number, length: number): number;
  _lua_pushnil(state: number): void;
  _lua_pushstring(state: number, text: number): number;
  _lua_pushvalue(state: number, index: number): void;
  _lua_rawgeti(state: number, index: number, key: bigint): number;
  _lua_setfield(state: number, index: number, name: number): void;
  _lua_setglobal(state: number, name: number): void;
  _lua_sethook(state: number, hook: number, mask: number, count: number): void;
  _lua_settop(state: number, index: number): void;
  _lua_setwarnf(state: number, warn: number, data: number): void;
  _lua_tolstring(state: number, index: number, length: number): number;
  _lua_tonumberx(state: number, index: number, isNumber: number): number;
  _lua_topointer(state: number, index: number): number;
  _lua_type(state: number, index: number): number;
}

/**
 * The C library copies its environment into the memory at once. Emscripten would say there how the program was called and
 * which language the person speaks, and everything behind would lie elsewhere with another path.
 */
const ENVIRONMENT = { _: "moonpool", LANG: "C" };

/** A fresh instance of the wasm: 2 ms. */
export async function instantiate({ code, file }: LuaWasm): Promise<LuaModule> {
  const { module } = await growable(code, () => quietly(() => new LuaFactory(file, ENVIRONMENT).getLuaModule()));
  const lua = module as unknown as LuaModule;
  const growTo = growerOf(lua.HEAPU8.buffer);
  if (!growTo) throw new MoonpoolError("INTERNAL", "wasmoon is not as expected: its memory cannot be grown.");
  lua.growTo = growTo;
  return lua;
}
