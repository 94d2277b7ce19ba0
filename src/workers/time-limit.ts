/* oxlint-disable no-underscore-dangle -- the functions that wasmoon exports are named so */
import { MoonpoolError } from "../protocol/error-code.ts";
import type { LuaModule } from "./lua-wasm.ts";

/** Lua instructions between two looks at the clock: a few microseconds of plain code. */
const COUNT = 1000;
/**
 * The same when the limit is over and code of the runtime is at work. They differ, or a loop whose length divides them could
 * be in the runtime each time that somebody looks.
 */
const LATE_COUNTS = [997, 613, 331, 89, 877, 433, 171, 41] as const;
const MASK_COUNT = 8;
/** Where lua_Debug keeps what `lua_getinfo(L, "S", …)` finds: the chunk's name, and its length. */
const SOURCE = 16;
const SOURCE_LENGTH = 20;
/** Where lua_State keeps whether hooks may be called: 0 while one runs. */
const ALLOW_HOOK = 7;
/** Chunks of the runtime begin like this; `load` in user code cannot make such a name (runtime/sandbox.lua). */
const RUNTIME = Buffer.from("=moonpool/");
/** After the first stop the rest of the event has half the limit, at most this, to tidy up. ms. */
const LONGEST_GRACE = 100;
/**
 * What shows a page may be given further slices of time, each half as long as the one before, but not shorter than this share
 * of the limit, until so many times the limit have passed since the event began.
 */
const SHORTEST_SLICE = 1 / 50;
const SLICES_END = 4;
/**
 * Where a thread waits for a core, the code is not to blame: from one look to the next no more than `LONGEST_GAP` ms count, which
 * plain code needs a thousandth of. Calls of C functions can take longer, though, so at least this share of the real time counts.
 */
const LONGEST_GAP = 5;
const SHARE = 1 / 5;
/** Only a mistake of Moonpool's own keeps runtime code busy for this long. */
const RUNTIME_FACTOR = 10;
const RUNTIME_LEAST = 2000;

/** The C strings that the hook needs, as addresses in the heap. */
export interface TimeLimitTexts {
  /** "S" */
  what: number;
  /** "LIMIT_TIME: " */
  prefix: number;
  /** What happened, in words. */
  message: number;
}

/**
 * Stops Lua code that runs too long, by one count hook. It is set on the main thread at birth: coroutines inherit it,
 * and it survives images. On a machine that is busy with other things the limit is up to five times as long. The hook is what
 * Lua asks at each instruction, so plain Lua code takes up to twice as long: 9 ns instead of 4 for a turn of an empty loop,
 * 14 µs instead of 11 for the smallest event.
 *
 *     start ── limit ──▶ stop: user code gets the error "LIMIT_TIME: file.lua:3: …"
 *                         └─ grace ──▶ user code gets it at every instruction: nothing can swallow it and go on
 *
 * Code of the runtime is never stopped half-way: the error waits until user code runs again.
 */
export class TimeLimit {
  readonly #module: LuaModule;
  readonly #texts: TimeLimitTexts;
  /** Its index in the function table. */
  readonly hook: number;
  /** Called every few microseconds while Lua code runs. */
  onLook: () => void = () => {};
  /** When the event began and when the last look was, as of performance.now(); ms that the event has used up to then. */
  #began = 0;
  #seen = 0;
  #used = 0;
  /** Of the time that it uses: when it is stopped next, and so on. */
  #next = Infinity;
  #runtimeEnd = Infinity;
  #grace = 0;
  #stops = 0;
  #looks = 0;
  #limit = 0;
  #slice = 0;
  #slicesEnd = 0;

  constructor(module: LuaModule, texts: TimeLimitTexts) {
    this.#module = module;
    this.#texts = texts;
    this.hook = module.addFunction((state, record) => this.#look(state, record), "vii");
  }

  /** Sets the hook on a Lua state. */
  install(state: number): void {
    this.#module._lua_sethook(state, this.hook, MASK_COUNT, COUNT);
  }

  /** The clock starts; `limit` in ms. */
  begin(limit: number): void {
    this.#began = this.#seen = performance.now();
    this.#used = 0;
    this.#next = limit;
    this.#runtimeEnd = Math.max(limit * RUNTIME_FACTOR, RUNTIME_LEAST);
    this.#grace = Math.min(limit / 2, LONGEST_GRACE);
    this.#stops = 0;
    this.#limit = this.#slice = limit;
    this.#slicesEnd = limit * SLICES_END;
  }

  /**
   * After a stop: the code that comes now is not to suffer for it, and gets a limit of its own. Returns "over", and changes
   * nothing, when there have been enough of them.
   */
  beginSlice(): "" | "over" {
    const now = this.#advance();
    if (now >= this.#slicesEnd) return "over";
    this.#slice = Math.max(this.#slice / 2, this.#limit * SHORTEST_SLICE);
    this.#grace = Math.min(this.#slice / 2, LONGEST_GRACE);
    this.#next = now + this.#slice;
    this.#runtimeEnd = Math.max(this.#runtimeEnd, now + RUNTIME_LEAST);
    this.#stops = 0;
    return "";
  }

  end(): void {
    this.#next = Infinity;
  }

  /** ms that the event has used. */
  #advance(): number {
    const now = performance.now();
    this.#used = Math.max(this.#used + Math.min(now - this.#seen, LONGEST_GAP), (now - this.#began) * SHARE);
    this.#seen = now;
    return this.#used;
  }

  #look(state: number, record: number): void {
    const module = this.#module;
    const now = this.#advance();
    this.onLook();
    if (now <= this.#next) {
      // A coroutine that was stopped at every instruction in a former event.
      if (module._lua_gethookcount(state) !== COUNT) this.install(state);
      return;
    }
    module._lua_getinfo(state, this.#texts.what, record);
    if (this.#inRuntime(record) && now <= this.#runtimeEnd) {
      const count = LATE_COUNTS[this.#looks++ % LATE_COUNTS.length] ?? COUNT;
      module._lua_sethook(state, this.hook, MASK_COUNT, count);
      return;
    }
    if (this.#stops++ === 0) this.#next = now + this.#grace;
    // The grace is over: from here on no instruction of user code runs in this coroutine, so no pcall in a loop can go on.
    else module._lua_sethook(state, this.hook, MASK_COUNT, 1);
    module._lua_pushstring(state, this.#texts.prefix);
    module._luaL_where(state, 0);
    module._lua_pushstring(state, this.#texts.message);
    module._lua_concat(state, 3);
    // The message handler of an xpcall is called by `lua_error`, still inside this hook. Without hooks it could run for ever.
    if (module.HEAPU8[state + ALLOW_HOOK] !== 0) throw new MoonpoolError("INTERNAL", "lua_State is not as expected.");
    module.HEAPU8[state + ALLOW_HOOK] = 1;
    // Leaves this function by an exception, as all of emscripten's longjmps do.
    module._lua_error(state);
  }

  #inRuntime(record: number): boolean {
    const { HEAPU8, HEAPU32 } = this.#module;
    const source = HEAPU32[(record + SOURCE) >> 2] ?? 0;
    if ((HEAPU32[(record + SOURCE_LENGTH) >> 2] ?? 0) < RUNTIME.length) return false;
    for (let index = 0; index < RUNTIME.length; index++) {
      if (HEAPU8[source + index] !== RUNTIME[index]) return false;
    }
    return true;
  }
}
