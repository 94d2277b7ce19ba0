import { compileViewdef, type CompiledViewdef } from "../../src/host/viewdefs/compile.ts";

/** The viewdef `key` with `html` in it, as the host compiles it. Throws when anything is wrong with it. */
export function compiled(key: string, html: string): CompiledViewdef {
  const { compiled, problems } = compileViewdef(key, `<template>${html}</template>`, { file: key, uiCode: true });
  if (compiled === undefined || problems.some(({ severity }) => severity === "error"))
    throw new Error(`${key}: ${JSON.stringify(problems)}`);
  return compiled;
}

/** Its plan as threads get it. */
export function planText(key: string, html: string): string {
  return JSON.stringify({ ...compiled(key, html).plan, hash: key });
}
