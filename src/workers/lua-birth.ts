/* oxlint-disable no-underscore-dangle -- the functions that wasmoon exports are named so */
import { createHash } from "node:crypto";
import { MoonpoolError } from "../protocol/error-code.ts";
import { type BirthImage, usedEnd } from "./image.ts";
import { takeHoles, wipeHoles } from "./holes.ts";
import { LUA_STRING, type LuaModule, type LuaWasm, REGISTRY } from "./lua-wasm.ts";
import type { RuntimeFile } from "./runtime-files.ts";

/** Raised whenever the steps below, or what an image holds, change. */
const FORMAT = 6;
const LUA_FUNCTION = 6;

/** Which of the C libraries a state has at all. `io` and `package` are never there, `os` and `debug` see below. */
const libraries = [
  ["string", "_luaopen_string"],
  ["table", "_luaopen_table"],
  ["math", "_luaopen_math"],
  ["utf8", "_luaopen_utf8"],
  ["coroutine", "_luaopen_coroutine"],
] as const;
const safeOs = ["time", "clock", "date", "difftime"];
/** Functions of the base library that read files or print. */
const unsafeBase = ["dofile", "loadfile", "print", "warn"];
/** What `M.raw` keeps for the runtime when it takes the globals away. */
const raw = ["load", "collectgarbage"];

/**
 * Runs before the runtime. Closes two ways around the time limit, then returns what happens after the runtime has been
 * loaded, in two steps, which decide how small images are.
 *
 * Lua's table of strings must be as large as an app needs it: when it grows, every string of the birth is linked anew, and
 * so all their blocks would be in the image. In generational mode old objects keep their marks from one collection to the
 * next; in incremental mode each collection changes a byte of every object.
 */
const prepare = `
  local collectgarbage, error, load, rawget, setmetatable, type = collectgarbage, error, load, rawget, setmetatable, type
  local debug, sub = (...).raw.debug, string.sub

  function _G.setmetatable(object, metatable)
    if type(metatable) == "table" then
      if rawget(metatable, "__gc") ~= nil then
        error("__gc is not available: no time limit holds in a finalizer", 2)
      end
    elseif metatable ~= nil then
      error("bad argument #2 to 'setmetatable' (nil or table expected)", 2)
    end
    if type(object) ~= "table" then
      error("bad argument #1 to 'setmetatable' (table expected, got " .. type(object) .. ")", 2)
    end
    local former = debug.getmetatable(object)
    if former and rawget(former, "__metatable") ~= nil then error("cannot change a protected metatable", 2) end
    return setmetatable(object, metatable)
  end

  function _G.load(chunk, name, ...)
    if type(name) == "string" and sub(name, 1, 10) == "=moonpool/" then
      error("a chunk cannot be named like Moonpool's own", 2)
    end
    return load(chunk, name, ...)
  end

  return function(step)
    if step ~= "settle" then return collectgarbage() end
    collectgarbage("stop")
    for i = 1, 2100 do local _ = i .. "" end
    collectgarbage()
    collectgarbage("restart")
    collectgarbage("generational")
  end`;

/** What a new Lua state is made of; the functions are indexes in the module's function table. */
export interface BirthOptions {
  runtime: RuntimeFile[];
  /** Lua's string hashing and first random numbers depend on it: an integer from 0 to 2^31 - 1. */
  seed: number;
  panic: number;
  host: number;
  /** Functions of `M.tables`, by name. */
  tables: Record<string, number>;
}

/** The address of a Lua state, and its registry references of the dispatch function and of `tidy`. */
export interface BornState {
  state: number;
  dispatch: number;
  collect: number;
}

/**
 * What tells whether an image fits a VM, as hex: the wasm, the steps of birth, and what came of them to the last byte, as
 * an image is a difference to that. 3 ms.
 */
export function fingerprint(wasm: LuaWasm, { size, bytes, layout }: Omit<BirthImage, "fingerprint">): string {
  const head = JSON.stringify([FORMAT, wasm.digest, size, layout]);
  return createHash("sha256").update(head).update(bytes).digest("hex");
}

/**
 * Makes a Lua state with the safe C libraries and the runtime in it, its garbage collected. The same options give the
 * same bytes, in any process. Throws INTERNAL when a file of the runtime fails.
 */
export function bearState(module: LuaModule, options: BirthOptions): BornState {
  // Lua takes its seeds from `time(NULL)`, which is Date.now here. All of this is synchronous: nobody else sees it.
  const now = Date.now;
  Date.now = () => options.seed * 1000;
  try {
    return new Birth(module, options).born;
  } finally {
    Date.now = now;
  }
}

/** The steps of a birth, in their order, which must never depend on anything but the options. */
class Birth {
  readonly born: BornState;
  readonly #lua: LuaModule;
  readonly #state: number;

  constructor(module: LuaModule, options: BirthOptions) {
    this.#lua = module;
    this.#state = module._luaL_newstate();
    if (this.#state === 0) throw new MoonpoolError("INTERNAL", "A Lua state could not be made.");
    module._lua_atpanic(this.#state, options.panic);
    // Without a warning function not even an error in a finalizer is printed.
    module._lua_setwarnf(this.#state, 0, 0);
    this.#openLibraries();
    this.born = { state: this.#state, ...this.#loadRuntime(options) };
  }

  #openLibraries(): void {
    const lua = this.#lua;
    const state = this.#state;
    // With this table the messages of the C libraries name functions in full ("string.rep").
    this.#withText("_LOADED", (name) => lua._luaL_getsubtable(state, REGISTRY, name));
    lua._luaopen_base(state);
    this.#setField(1, "_G");
    for (const [name, open] of libraries) {
      lua[open](state);
      lua._lua_pushvalue(state, -1);
      this.#setGlobal(name);
      this.#setField(1, name);
    }
    lua._luaopen_os(state);
    lua._lua_createtable(state, 0, safeOs.length);
    for (const name of safeOs) {
      this.#withText(name, (text) => lua._lua_getfield(state, 2, text));
      this.#setField(3, name);
    }
    this.#setGlobal("os");
    for (const name of unsafeBase) {
      lua._lua_pushnil(state);
      this.#setGlobal(name);
    }
    lua._lua_settop(state, 0);
    this.#getGlobal("string");
    lua._lua_pushnil(state);
    this.#setField(1, "dump");
    lua._lua_settop(state, 0);
  }

  /** Leaves `M` behind in the files' closures, and the dispatch function in the registry. */
  #loadRuntime({ runtime, host, tables }: BirthOptions): Omit<BornState, "state"> {
    const lua = this.#lua;
    const state = this.#state;
    lua._lua_createtable(state, 0, runtime.length + 3);
    lua._lua_pushcclosure(state, host, 0);
    this.#setField(1, "host");
    lua._lua_createtable(state, 0, Object.keys(tables).length);
    for (const [name, body] of Object.entries(tables)) {
      lua._lua_pushcclosure(state, body, 0);
      this.#setField(2, name);
    }
    this.#setField(1, "tables");
    lua._lua_createtable(state, 0, raw.length + 1);
    lua._luaopen_debug(state);
    this.#setField(2, "debug");
    for (const name of raw) {
      this.#getGlobal(name);
      this.#setField(2, name);
    }
    this.#setField(1, "raw");
    this.#run({ name: "prepare", source: prepare });
    for (const file of runtime) {
      this.#run(file);
      lua._lua_pushvalue(state, -1);
      this.#setField(1, file.name);
      if (file !== runtime.at(-1)) lua._lua_settop(state, 2);
    }
    if (lua._lua_type(state, -1) !== LUA_FUNCTION) {
      throw new MoonpoolError("INTERNAL", "The last file of the runtime must return the dispatch function.");
    }
    const dispatch = lua._luaL_ref(state, REGISTRY);
    this.#tidy("collect");
    // A session's own objects then lie together behind the birth instead of changing a bit of every block in it.
    takeHoles(this.#lua, usedEnd(Buffer.from(this.#lua.HEAPU8.buffer)));
    this.#tidy("settle");
    // An image in which what is free is zeros must not differ from the birth for that.
    wipeHoles(this.#lua, usedEnd(Buffer.from(this.#lua.HEAPU8.buffer)));
    const collect = lua._luaL_ref(state, REGISTRY);
    lua._lua_settop(state, 0);
    return { dispatch, collect };
  }

  #tidy(step: string): void {
    this.#lua._lua_pushvalue(this.#state, 2);
    this.#withText(step, (text, length) => this.#lua._lua_pushlstring(this.#state, text, length));
    if (this.#lua._lua_pcallk(this.#state, 1, 0, 0, 0, 0) !== 0) throw this.#failed("tidy");
  }

  /** Leaves the file's value on the stack. */
  #run(file: RuntimeFile): void {
    this.#load(file);
    this.#lua._lua_pushvalue(this.#state, 1);
    if (this.#lua._lua_pcallk(this.#state, 1, 1, 0, 0, 0) !== 0) throw this.#failed(file.name);
  }

  #load(file: RuntimeFile): void {
    const failed = this.#withText(file.source, (source, length) =>
      this.#withText(`=moonpool/${file.name}`, (name) =>
        this.#withText("t", (mode) => this.#lua._luaL_loadbufferx(this.#state, source, length, name, mode)),
      ),
    );
    if (failed !== 0) throw this.#failed(file.name);
  }

  #failed(name: string): MoonpoolError {
    const lua = this.#lua;
    const pointer = lua._lua_type(this.#state, -1) === LUA_STRING ? lua._lua_tolstring(this.#state, -1, 0) : 0;
    const bytes = lua.HEAPU8.subarray(pointer, lua.HEAPU8.indexOf(0, pointer));
    const text = pointer === 0 ? "no message" : Buffer.from(bytes).toString();
    return new MoonpoolError("INTERNAL", `The runtime's ${name}.lua cannot be loaded: ${text}`);
  }

  #getGlobal(name: string): void {
    this.#withText(name, (text) => this.#lua._lua_getglobal(this.#state, text));
  }

  #setGlobal(name: string): void {
    this.#withText(name, (text) => this.#lua._lua_setglobal(this.#state, text));
  }

  /** Takes the value on top of the stack into the table at `index`. */
  #setField(index: number, name: string): void {
    this.#withText(name, (text) => this.#lua._lua_setfield(this.#state, index, text));
  }

  #withText<Result>(text: string, body: (pointer: number, length: number) => Result): Result {
    const bytes = Buffer.from(`${text}\0`);
    const pointer = this.#lua._malloc(bytes.length);
    if (pointer === 0) throw new MoonpoolError("LIMIT_MEMORY", "The memory limit is too small for the runtime.");
    this.#lua.HEAPU8.set(bytes, pointer);
    try {
      return body(pointer, bytes.length - 1);
    } finally {
      this.#lua._free(pointer);
    }
  }
}
