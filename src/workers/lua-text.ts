/* oxlint-disable no-underscore-dangle -- the functions that wasmoon exports are named so */
import type { LuaModule } from "./lua-wasm.ts";

/**
 * The arena is a block of the heap for whatever crosses:
 *
 *     0 ─ length of a string that Lua returns ─ 8 ─ C strings ─ 256 ─ text on its way in, if it fits ─ 8192
 */
const ARENA = 8192;
const LENGTH = 0;
const WORDS = 8;
const TEXT = 256;
/** The longest UTF-8 form of one UTF-16 unit, in bytes. */
const UTF8_MOST = 3;

/** C strings that are needed at run time. */
const words = ["S", "LIMIT_TIME: ", "the code ran too long and was stopped", "collect", "settle"] as const;
export type Word = (typeof words)[number];

/** Text that lies in the heap, ready to be pushed. `owned`: it must be freed. */
export interface PlacedText {
  pointer: number;
  length: number;
  owned: boolean;
}

/** Carries text into a Lua VM and out of it. */
export class LuaText {
  readonly arena: number;
  readonly #lua: LuaModule;
  readonly #words = new Map<Word, number>();
  #heap: Buffer;

  /** `arena`: where a former VM put it, whose memory this one is going to take over. */
  constructor(lua: LuaModule, arena = lua._malloc(ARENA)) {
    this.arena = arena;
    this.#lua = lua;
    this.#heap = Buffer.from(lua.HEAPU8.buffer);
    let at = arena + WORDS;
    for (const word of words) {
      this.#words.set(word, at);
      at += word.length + 1;
    }
  }

  /** Writes the C strings into a heap that no image has been loaded into. */
  writeWords(): void {
    this.heap.fill(0, this.arena, this.arena + ARENA);
    for (const [word, pointer] of this.#words) this.heap.write(word, pointer, "latin1");
  }

  /** The VM's whole memory. Only good until Lua runs again: memory that grows moves. */
  get heap(): Buffer {
    if (this.#heap.buffer !== this.#lua.HEAPU8.buffer) this.#heap = Buffer.from(this.#lua.HEAPU8.buffer);
    return this.#heap;
  }

  /** The address of a C string. */
  word(word: Word): number {
    return this.#words.get(word) ?? 0;
  }

  /** Puts text, or bytes as they are, into the heap; returns undefined when there is no room for it. */
  place(text: string | Uint8Array): PlacedText | undefined {
    const most = typeof text === "string" ? text.length * UTF8_MOST : text.length;
    if (most <= ARENA - TEXT) {
      const pointer = this.arena + TEXT;
      return { pointer, length: this.#write(text, pointer), owned: false };
    }
    const length = Buffer.byteLength(text);
    const pointer = this.#lua._malloc(length);
    if (pointer === 0) return undefined;
    this.#write(text, pointer);
    return { pointer, length, owned: true };
  }

  /** Returns the number of bytes written. */
  #write(text: string | Uint8Array, pointer: number): number {
    if (typeof text === "string") return this.heap.write(text, pointer);
    this.heap.set(text, pointer);
    return text.length;
  }

  /** Makes a Lua string of a placed text and takes the text away. A Lua error leaves it where it is. */
  push(state: number, text: PlacedText): void {
    this.#lua._lua_pushlstring(state, text.pointer, text.length);
    this.free(text);
  }

  free(text: PlacedText): void {
    if (text.owned) this.#lua._free(text.pointer);
    text.owned = false;
  }

  /** The string or number at `index` of the stack. */
  read(state: number, index: number): string | undefined {
    const pointer = this.#lua._lua_tolstring(state, index, this.arena + LENGTH);
    if (pointer === 0) return undefined;
    const length = this.#lua.HEAPU32[(this.arena + LENGTH) >> 2] ?? 0;
    return this.heap.toString("utf8", pointer, pointer + length);
  }

  /** Wipes what went through the arena, so that no image holds it. */
  wipe(): void {
    this.heap.fill(0, this.arena + TEXT, this.arena + ARENA);
    this.heap.fill(0, this.arena + LENGTH, this.arena + WORDS);
  }
}
