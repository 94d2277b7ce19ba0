import { WASM_PAGE } from "./wasm-bytes.ts";

/** The part of WebAssembly that emscripten's start goes through. */
interface Surface {
  instantiate: (this: void, code: object, imports: Imports | undefined) => Promise<Instantiated | Instance>;
}
interface Imports {
  env?: Record<string, unknown>;
}
interface Instantiated {
  instance: Instance;
}
interface Instance {
  exports: { memory?: Memory };
}
interface Memory {
  readonly buffer: ArrayBufferLike;
  grow(pages: number): number;
}

/** By the memory as it is at first: makes it `size` bytes, or returns false. */
const growers = new WeakMap<ArrayBufferLike, (size: number) => boolean>();
/** One is made after the other. */
let last: Promise<unknown> = Promise.resolve();

/**
 * Runs `create`, which makes an emscripten module, so that it is one of `code`, which is compiled already, whatever file it
 * reads; and so that its memory can be grown up to its maximum, and by whoever has the module: see `growerOf`. On its own
 * emscripten adds at least a twentieth of what there is, and where there is no room for that it says that there is none at
 * all. Whether an allocation fails would then depend on how large the memory happens to be, which is the business of a slot
 * and of whoever had it before: a session that is repeated elsewhere would come to another result.
 *
 * Emscripten takes code from a file only, and shows its memory to nobody. So for these milliseconds a
 * `WebAssembly.instantiate` stands there that takes this code, and looks at what comes of it.
 */
export function growable<Result>(code: WebAssembly.Module, create: () => Promise<Result>): Promise<Result> {
  const made = last.then(() => makeWith(code, create));
  last = made.catch(() => {});
  return made;
}

async function makeWith<Result>(code: WebAssembly.Module, create: () => Promise<Result>): Promise<Result> {
  const surface = WebAssembly as unknown as Surface;
  const { instantiate } = surface;
  surface.instantiate = (bytes, imports) => start(instantiate, code, bytes, imports);
  try {
    return await create();
  } finally {
    surface.instantiate = instantiate;
  }
}

/** Makes a memory, which `growable` has seen coming and nobody has used, `size` bytes when called; false: there is no room. */
export function growerOf(buffer: ArrayBufferLike): ((size: number) => boolean) | undefined {
  return growers.get(buffer);
}

async function start(
  instantiate: Surface["instantiate"],
  code: WebAssembly.Module,
  bytes: object,
  imports: Imports | undefined,
): Promise<Instantiated | Instance> {
  const resize = imports?.env?.["emscripten_resize_heap"];
  if (typeof resize !== "function") return instantiate(bytes, imports);
  let wanted = 0;
  let isExact = false;
  const resizeTo = (size: number): boolean => {
    wanted = size >>> 0;
    return Boolean(resize(wanted));
  };
  const env = { ...imports?.env, emscripten_resize_heap: resizeTo };
  const instance = (await instantiate(code, { ...imports, env })) as Instance;
  const { memory } = instance.exports;
  if (!memory) return { instance };
  const grow = memory.grow.bind(memory);
  const growExactly = (): number => grow(Math.ceil((wanted - memory.buffer.byteLength) / WASM_PAGE));
  memory.grow = (pages) => {
    if (isExact) return growExactly();
    try {
      return grow(pages);
    } catch {
      return growExactly();
    }
  };
  growers.set(memory.buffer, (size) => {
    isExact = true;
    try {
      return resizeTo(size);
    } finally {
      isExact = false;
    }
  });
  return { instance };
}
