import path from "node:path";
import type { Test } from "tap";
import { findSiteFiles } from "../../src/host/site-files.ts";
import { LuaTranslator } from "../../src/workers/lua-code/translator.ts";
import { lintSite } from "../../src/workers/lua-lint/lint-site.ts";
import { moonpoolGlobals } from "../../src/workers/lua-lint/moonpool-globals.ts";
import { loadLuaWasm } from "../../src/workers/lua-wasm.ts";

const wasm = await loadLuaWasm(64 * 2 ** 20);
const translator = await LuaTranslator.start(wasm);
export const globals = await moonpoolGlobals(wasm);

/** Lints a site in `folder`. Returns `FILE:LINE CODE: message` for each problem. */
export async function lintFolder(folder: string): Promise<string[]> {
  const files = await findSiteFiles(path.join(folder, "lua"), folder, ".lua");
  return lintSite({ site: folder, files }, { translator, globals }).map(
    ({ file, line, code, message }) => `${file.replace(/^lua\//, "")}:${line} ${code}: ${message}`,
  );
}

/** Lints a site of these Lua files: `{ main: "…", "contacts/row": "…" }`. */
export function lint(t: Test, files: Record<string, string>): Promise<string[]> {
  const lua: Record<string, unknown> = {};
  for (const [name, text] of Object.entries(files)) {
    const folders = name.split("/");
    const last = folders.pop() ?? "";
    let at = lua;
    for (const folder of folders) at = (at[folder] ??= {}) as Record<string, unknown>;
    at[`${last}.lua`] = text;
  }
  return lintFolder(t.testdir({ lua } as Parameters<Test["testdir"]>[0] & object));
}
