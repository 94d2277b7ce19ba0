/* oxlint-disable no-underscore-dangle -- the functions that wasmoon exports are named so */
import { MoonpoolError } from "../../protocol/error-code.ts";
import { instantiate, type LuaModule, type LuaWasm } from "../lua-wasm.ts";

const LUA_MEMORY_ERROR = 4;
/** The stack always begins with the string library and its function `dump`. */
const DUMP = 2;

/** Turns Lua source into what Lua's compiler makes of it, in a Lua state of its own in which no code is ever run. */
export class LuaTranslator {
  readonly #lua: LuaModule;
  readonly #state: number;
  /** Where Lua writes how long a string is. */
  readonly #length: number;

  /** 5 ms. Throws INTERNAL when a Lua state cannot be made. */
  static async start(wasm: LuaWasm): Promise<LuaTranslator> {
    return new LuaTranslator(await instantiate(wasm));
  }

  private constructor(lua: LuaModule) {
    this.#lua = lua;
    this.#state = lua._luaL_newstate();
    this.#length = lua._malloc(8);
    if (this.#state === 0 || this.#length === 0) throw failed("a Lua state could not be made");
    const panic = lua.addFunction(() => {
      throw failed("Lua panicked");
    }, "ii");
    lua._lua_atpanic(this.#state, panic);
    lua._lua_setwarnf(this.#state, 0, 0);
    lua._luaopen_string(this.#state);
    this.#withBytes("dump", (name) => lua._lua_getfield(this.#state, 1, name));
  }

  /**
   * Compiles `source`, whose name in messages is `name` (`@app.lua`: file app.lua), to a binary chunk; `strip` leaves out
   * what only debugging needs. Throws LUA_SYNTAX with Lua's own text, LIMIT_MEMORY.
   */
  translate(name: string, source: string, { strip = false } = {}): Buffer {
    const lua = this.#lua;
    const state = this.#state;
    try {
      lua._lua_pushvalue(state, DUMP);
      const loaded = this.#withBytes(source, (text, length) =>
        this.#withBytes(name, (chunk) =>
          this.#withBytes("t", (mode) => lua._luaL_loadbufferx(state, text, length, chunk, mode)),
        ),
      );
      if (loaded !== 0) throw this.#error(loaded, name);
      // Any value but nil and false asks `dump` to strip.
      if (strip) lua._lua_pushvalue(state, DUMP);
      const dumped = lua._lua_pcallk(state, strip ? 2 : 1, 1, 0, 0, 0);
      if (dumped !== 0) throw this.#error(dumped, name);
      return this.#top();
    } finally {
      lua._lua_settop(state, DUMP);
    }
  }

  #error(status: number, name: string): MoonpoolError {
    if (status === LUA_MEMORY_ERROR) return new MoonpoolError("LIMIT_MEMORY");
    const text = this.#top().toString();
    // Where one of its limits is exceeded, Lua does not tell the place.
    return new MoonpoolError("LUA_SYNTAX", /:\d+: /.test(text) ? text : `${name.slice(1)}:1: ${text}`);
  }

  /** The bytes of the string on top of the stack. */
  #top(): Buffer {
    const pointer = this.#lua._lua_tolstring(this.#state, -1, this.#length);
    const length = this.#lua.HEAPU32[this.#length >> 2] ?? 0;
    return Buffer.from(this.#lua.HEAPU8.subarray(pointer, pointer + length));
  }

  #withBytes<Result>(text: string, body: (pointer: number, length: number) => Result): Result {
    const bytes = Buffer.from(`${text}\0`);
    const pointer = this.#lua._malloc(bytes.length);
    if (pointer === 0) throw new MoonpoolError("LIMIT_MEMORY");
    this.#lua.HEAPU8.set(bytes, pointer);
    try {
      return body(pointer, bytes.length - 1);
    } finally {
      this.#lua._free(pointer);
    }
  }
}

function failed(why: string): MoonpoolError {
  return new MoonpoolError("INTERNAL", `Lua's compiler failed: ${why}.`);
}
