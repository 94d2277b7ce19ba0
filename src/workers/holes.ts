/* oxlint-disable no-underscore-dangle -- the functions that wasmoon exports are named so */
import type { LuaModule } from "./lua-wasm.ts";

/** Bytes. Larger holes are taken in parts; nothing smaller is ever allocated. */
const LARGEST = 16_384;
const SMALLEST = 16;
const STEP = 8;

/** Allocates all free blocks of the heap that begin before `end`. 1 ms for a small app. */
export function takeHoles(lua: LuaModule, end: number): { pointer: number; size: number }[] {
  const taken: { pointer: number; size: number }[] = [];
  for (let size = LARGEST; size >= SMALLEST; size = Math.min(size - STEP, Math.floor((size * 0.9) / STEP) * STEP)) {
    let pointer = lua._malloc(size);
    while (pointer !== 0 && pointer < end) {
      taken.push({ pointer, size });
      pointer = lua._malloc(size);
    }
    if (pointer !== 0) lua._free(pointer);
  }
  return taken;
}

/** Fills all free blocks of the heap that begin before `end` with zeros. */
export function wipeHoles(lua: LuaModule, end: number): void {
  const holes = takeHoles(lua, end);
  for (const { pointer, size } of holes) lua.HEAPU8.fill(0, pointer, pointer + size);
  for (const { pointer } of holes) lua._free(pointer);
}
