/* oxlint-disable no-underscore-dangle -- the functions that wasmoon exports are named so */
import { LuaFactory } from "wasmoon";

const CODE = "local n = 0 function echo(text) n = n + 1 return text end";
const REGISTRY = -1_001_000;
/** Bytes; longer texts are no events. */
const ROOM = 65_536;

type Echo = (text: string) => string;

/** What is used here of the functions that wasmoon's wasm exports; pointers and Lua states are numbers. */
interface Exports {
  readonly HEAPU8: Uint8Array;
  readonly HEAPU32: Uint32Array;
  _malloc(size: number): number;
  _lua_rawgeti(state: number, index: number, key: bigint): number;
  _lua_pushlstring(state: number, text: number, length: number): number;
  _lua_pcallk(state: number, given: number, results: number, handler: number, context: number, k: number): number;
  _lua_tolstring(state: number, index: number, length: number): number;
  _lua_settop(state: number, index: number): void;
}

/**
 * The same Lua function, called in the three ways that wasmoon has: `get` through `lua.global.get`, as its README shows; `api`
 * through its C API; `raw` through the functions of the wasm itself, with the text in a buffer that was allocated once.
 */
export async function openEcho(): Promise<{ get: Echo; api: Echo; raw: Echo }> {
  const lua = await new LuaFactory().createEngine();
  await lua.doString(CODE);
  const get = lua.global.get("echo") as Echo;
  const { address: state, lua: functions } = lua.global;
  functions.lua_getglobal(state, "echo");
  const reference = BigInt(functions.luaL_ref(state, REGISTRY));
  const api: Echo = (text) => {
    functions.lua_rawgeti(state, REGISTRY, reference);
    functions.lua_pushstring(state, text);
    if (functions.lua_pcallk(state, 1, 1, 0, 0, null) !== 0) throw new Error("the echo failed");
    const answer = functions.lua_tolstring(state, -1, null);
    functions.lua_settop(state, -2);
    return answer;
  };
  const wasm = (functions as unknown as { module: Exports }).module;
  const buffer = wasm._malloc(ROOM);
  const length = wasm._malloc(4);
  let bytes = Buffer.from(wasm.HEAPU8.buffer);
  const raw: Echo = (text) => {
    // A heap that has grown is another buffer.
    if (bytes.buffer !== wasm.HEAPU8.buffer) bytes = Buffer.from(wasm.HEAPU8.buffer);
    const written = bytes.write(text, buffer, ROOM, "utf8");
    wasm._lua_rawgeti(state, REGISTRY, reference);
    wasm._lua_pushlstring(state, buffer, written);
    if (wasm._lua_pcallk(state, 1, 1, 0, 0, 0) !== 0) throw new Error("the echo failed");
    const answer = wasm._lua_tolstring(state, -1, length);
    const echoed = bytes.toString("utf8", answer, answer + (wasm.HEAPU32[length >> 2] ?? 0));
    wasm._lua_settop(state, -2);
    return echoed;
  };
  return { get, api, raw };
}
