/* oxlint-disable no-underscore-dangle -- the functions that wasmoon exports are named so */
import { MoonpoolError } from "../protocol/error-code.ts";
import type { BaseImage, MemoryImage } from "../protocol/session-image.ts";
import { type BirthImage, difference, makeBase, portrait, type Reference, restore, usedEnd } from "./image.ts";
import { bearState, fingerprint } from "./lua-birth.ts";
import { LuaText, type PlacedText } from "./lua-text.ts";
import { takeHoles, wipeHoles } from "./holes.ts";
import type { HotLines } from "./hot-lines.ts";
import { instantiate, LUA_STRING, type LuaModule, type LuaWasm, REGISTRY } from "./lua-wasm.ts";
import { RawTables } from "./raw-tables.ts";
import type { RuntimeFile } from "./runtime-files.ts";
import { TimeLimit } from "./time-limit.ts";

const LUA_MEMORY_ERROR = 4;

/** A first birth runs the runtime; `seed` (0 to 2^31 - 1) makes one pool's hashing differ from another's. */
export interface FirstBirth {
  wasm: LuaWasm;
  runtime: RuntimeFile[];
  seed: number;
}

/** All further births take over the memory of the first. */
export interface LaterBirth {
  wasm: LuaWasm;
  birth: BirthImage;
  /** What events are going to read: see there. */
  hot?: HotLines | undefined;
}

export interface SaveOptions {
  tidy?: boolean;
  /** Gives the memory for the image. Default: it is made. */
  allocate?: (size: number) => Buffer;
}

/**
 * A slot: one Lua VM that holds one session at a time. Text and images go in and out, nothing else.
 *
 * After any error in Lua code, limits included, the VM is as usable as before. When the wasm itself fails, `broken` is
 * true and the VM can only be closed.
 */
export class LuaVm {
  /** What this VM was born as, for further births in this thread and others. */
  readonly birth: BirthImage;
  /**
   * Answers `M.host(name, argument)` of the session that is loaded, with text or with bytes for a Lua string that is none.
   * What it throws is nil, "CODE: message" in Lua.
   */
  host: (name: string, argument: string) => string | Uint8Array = noHost;
  /** Called every few microseconds while Lua code runs. */
  set onLook(onLook: () => void) {
    this.#limit.onLook = onLook;
  }

  readonly #lua: LuaModule;
  readonly #stack: LuaWasm["stack"];
  readonly #text: LuaText;
  readonly #limit: TimeLimit;
  readonly #enter: number;
  readonly #hot: HotLines | undefined;
  #input: PlacedText | undefined;
  /** What images of the session in it are a difference to. */
  #reference: Reference;
  /** Where the memory differs from that, as `MemoryImage.runs`; undefined since Lua ran. */
  #differs: Uint32Array | undefined;
  #broken = false;
  #closed = false;

  /**
   * 60 ms for a first birth, 5 ms for a later one. Throws INTERNAL when a file of the runtime fails or wasmoon is not as
   * expected.
   */
  static async bear(options: FirstBirth | LaterBirth): Promise<LuaVm> {
    return new LuaVm(await instantiate(options.wasm), options);
  }

  private constructor(lua: LuaModule, options: FirstBirth | LaterBirth) {
    const former = "birth" in options ? options.birth : undefined;
    this.#lua = lua;
    this.#stack = options.wasm.stack;
    this.#text = new LuaText(lua, former?.layout.arena);
    // Images hold indexes of the function table: these must be added in the same order in every VM.
    const panic = lua.addFunction((state) => this.#panic(state), "ii");
    const host = lua.addFunction((state) => this.#callHost(state), "ii");
    this.#enter = lua.addFunction((state) => this.#callDispatch(state), "ii");
    this.#limit = new TimeLimit(lua, {
      what: this.#text.word("S"),
      prefix: this.#text.word("LIMIT_TIME: "),
      message: this.#text.word("the code ran too long and was stopped"),
    });
    const raw = new RawTables(lua);
    const tables = {
      first_changed: lua.addFunction((state) => raw.firstChanged(state), "ii"),
      same: lua.addFunction((state) => raw.same(state), "ii"),
      length: lua.addFunction((state) => raw.length(state), "ii"),
    };
    const functions = [panic, host, this.#enter, this.#limit.hook, ...Object.values(tables)];
    if ("birth" in options) {
      this.birth = options.birth;
      this.#hot = options.hot;
      if (functions.join() !== this.birth.layout.functions.join()) throw internal("A VM was born unlike the first.");
      this.#reference = asBorn(this.birth);
      this.loadImage(null);
    } else {
      this.#text.writeWords();
      const born = bearState(lua, { runtime: options.runtime, seed: options.seed, panic, host, tables });
      this.#limit.install(born.state);
      const birth = {
        size: lua.HEAPU8.length,
        bytes: portrait(this.#text.heap, this.#stack),
        layout: { ...born, arena: this.#text.arena, functions },
      };
      this.birth = { ...birth, fingerprint: fingerprint(options.wasm, birth) };
      this.#reference = asBorn(this.birth);
    }
  }

  /** How much memory the VM has taken, in bytes; it never gets less. */
  get bytes(): number {
    return this.#lua.HEAPU8.length;
  }

  /** True when the wasm itself failed: what is in this VM's memory cannot be trusted any more. */
  get broken(): boolean {
    return this.#broken;
  }

  /**
   * Calls the runtime with `text` and returns its answer; `timeLimit` in ms. 5 µs for short texts.
   *
   * Throws LIMIT_TIME or LIMIT_MEMORY when the runtime itself was stopped by a limit, INTERNAL when it failed. Errors of
   * user code never come out here: the runtime deals with them.
   */
  dispatch(text: string, { timeLimit }: { timeLimit: number }): string {
    this.#check();
    this.#hot?.fetch(this.#lua.HEAPU32);
    const input = this.#text.place(text);
    if (!input) throw new MoonpoolError("LIMIT_MEMORY");
    this.#input = input;
    this.#differs = undefined;
    this.#limit.begin(timeLimit);
    const lua = this.#lua;
    const { state } = this.birth.layout;
    let status: number;
    let answer: string | undefined;
    try {
      lua._lua_pushcclosure(state, this.#enter, 0);
      status = lua._lua_pcallk(state, 0, 1, 0, 0, 0);
      if (lua._lua_type(state, -1) === LUA_STRING) answer = this.#text.read(state, -1);
      lua._lua_settop(state, 0);
      this.#text.free(input);
    } catch (error) {
      this.#broken = true;
      throw internal(`The Lua VM failed: ${String(error)}`, error);
    } finally {
      this.#input = undefined;
      this.#limit.end();
    }
    if (status !== 0) throw runtimeError(status, answer);
    if (answer === undefined) throw internal("The runtime's dispatch function did not return text.");
    return answer;
  }

  /**
   * The session as it is now, to be loaded into any VM of the same birth. 0.2 ms for a small app. With `tidy` garbage is
   * collected first, which takes 1 ms and halves the image of a session that has been busy.
   */
  saveImage({ tidy = false, allocate }: SaveOptions = {}): MemoryImage {
    this.#check();
    this.#text.wipe();
    if (tidy) this.#tidy();
    const image = difference(this.#text.heap, this.#reference, this.#stack, allocate);
    this.#differs = image.runs;
    return image;
  }

  /**
   * Collects garbage, and gives the memory as it is then: what images of this session, and of others that are nearly like it,
   * can be a difference to. It is not used up more than before, but what was free between is lost. 5 ms.
   */
  saveBase(): BaseImage {
    this.#check();
    this.#text.wipe();
    this.#settle();
    return makeBase(this.#text.heap, this.#stack, this.birth.fingerprint);
  }

  /** From now on images of the session in this VM are a difference to `base`, of the same birth. It takes as much memory. */
  rebase(base: BaseImage): void {
    this.#grow(base.size);
    this.#reference = { ...base, base };
    this.#differs = undefined;
  }

  /**
   * Replaces the session by the one in `image`; `null`: by a new one. 50 µs for a small app, 0.1 ms more if it has another base
   * than the one before. Throws IMAGE_FOREIGN when the image is of another birth, LIMIT_MEMORY when it is larger than this VM
   * may become, IMAGE_CORRUPT when its data cannot be inflated; then the session is the one it was.
   */
  loadImage(image: MemoryImage | null): void {
    this.#check();
    if (image && image.fingerprint !== this.birth.fingerprint) throw new MoonpoolError("IMAGE_FOREIGN");
    const { base = null } = image ?? {};
    this.#grow(Math.max(image?.size ?? 0, base?.size ?? 0, this.birth.size));
    const isSame = base?.name === this.#reference.base?.name;
    const reference = isSame ? this.#reference : base ? { ...base, base } : asBorn(this.birth);
    restore(this.#text.heap, reference, this.#stack, image, isSame ? this.#differs : undefined);
    this.#reference = reference;
    this.#differs = image?.runs ?? new Uint32Array();
  }

  /** The VM is not to be used again; its memory goes with the garbage. */
  close(): void {
    this.#closed = true;
    this.host = noHost;
  }

  #check(): void {
    if (this.#closed || this.#broken) throw internal("The Lua VM is closed.");
    if (this.#input) throw internal("The Lua VM is busy with an event.");
  }

  /** Calls into Lua from here on, in a protected call: even making a string can fail for want of memory. */
  #callDispatch(state: number): number {
    if (!this.#input) return 0;
    this.#lua._lua_rawgeti(state, REGISTRY, BigInt(this.birth.layout.dispatch));
    this.#text.push(state, this.#input);
    this.#lua._lua_callk(state, 1, 1, 0, 0);
    return 1;
  }

  /** Collects garbage and wipes what is free, so that it takes no room in an image. */
  #tidy(): void {
    this.#guarded(() => {
      this.#collect("collect");
      wipeHoles(this.#lua, usedEnd(this.#text.heap));
    });
  }

  /** As at birth: what comes later will lie together behind what there is, instead of changing a bit of every block. */
  #settle(): void {
    this.#guarded(() => {
      this.#collect("collect");
      const holes = takeHoles(this.#lua, usedEnd(this.#text.heap));
      for (const { pointer, size } of holes) this.#text.heap.fill(0, pointer, pointer + size);
      this.#collect("settle");
      wipeHoles(this.#lua, usedEnd(this.#text.heap));
    });
  }

  #collect(step: "collect" | "settle"): void {
    const { state, collect } = this.birth.layout;
    this.#lua._lua_rawgeti(state, REGISTRY, BigInt(collect));
    this.#lua._lua_pushstring(state, this.#text.word(step));
    this.#lua._lua_pcallk(state, 1, 0, 0, 0, 0);
    this.#lua._lua_settop(state, 0);
  }

  /** Does something to the memory. Should it fail, nobody knows what it is like. */
  #guarded(action: () => void): void {
    this.#differs = undefined;
    try {
      action();
    } catch (error) {
      this.#broken = true;
      throw internal(`The Lua VM failed: ${String(error)}`, error);
    }
  }

  #callHost(state: number): number {
    let answer: PlacedText | undefined;
    let problem: string | undefined;
    const name = this.#text.read(state, 1) ?? "";
    const argument = this.#text.read(state, 2) ?? "";
    try {
      answer = this.#text.place(name === "slice" ? this.#limit.beginSlice() : this.host(name, argument));
      if (!answer) problem = "LIMIT_MEMORY: not enough memory";
    } catch (error) {
      problem = error instanceof MoonpoolError ? `${error.code}: ${error.message}` : `INTERNAL: ${String(error)}`;
    }
    if (problem !== undefined) {
      this.#lua._lua_pushnil(state);
      answer = this.#text.place(problem);
    }
    if (!answer) return 1;
    try {
      this.#text.push(state, answer);
    } finally {
      this.#text.free(answer);
    }
    return problem === undefined ? 1 : 2;
  }

  /** Lua calls this when there is nobody to catch an error. Without it, it would print and abort. */
  #panic(state: number): number {
    throw internal(`Lua panicked: ${this.#text.read(state, -1) ?? "no message"}`);
  }

  /** Makes the memory at least `size` bytes. */
  #grow(size: number): void {
    if (this.bytes >= size) return;
    if (!this.#lua.growTo(size)) throw new MoonpoolError("LIMIT_MEMORY");
  }
}

function asBorn({ fingerprint, bytes }: BirthImage): Reference {
  return { base: null, fingerprint, bytes };
}

function noHost(name: string): string {
  throw internal(`No session is loaded that could answer "${name}".`);
}

function runtimeError(status: number, message = "no message"): MoonpoolError {
  if (message.startsWith("LIMIT_TIME: ")) return new MoonpoolError("LIMIT_TIME", message.slice("LIMIT_TIME: ".length));
  if (status === LUA_MEMORY_ERROR) return new MoonpoolError("LIMIT_MEMORY");
  return internal(`The runtime failed: ${message}`);
}

function internal(message: string, cause?: unknown): MoonpoolError {
  return new MoonpoolError("INTERNAL", message, {}, cause);
}
