/**
 * Runs `create`, which makes an emscripten module, so that the module never prints: it would say on stderr that memory
 * is at its maximum, although Lua reports that properly. A module binds `console.error` for good while it is being made,
 * and wasmoon has no option for it. So for these milliseconds a `console.error` stands there that prints as ever, but
 * whoever binds it gets silence. One module is made after the other.
 */
export async function quietly<Result>(create: () => Promise<Result>): Promise<Result> {
  const print = console.error;
  console.error = Object.assign((...values: unknown[]) => print.apply(console, values), { bind: () => () => {} });
  try {
    return await create();
  } finally {
    console.error = print;
  }
}
