import fs from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { LuaFactory } from "wasmoon";
import type { LuaSyntaxError, SyntaxCheck } from "../protocol/syntax-check.ts";

const { files } = workerData as SyntaxCheck;
const lua = await new LuaFactory().createEngine({ openStandardLibs: false });
const found: LuaSyntaxError[] = [];
for (const { file, path } of files) {
  try {
    const source = fs.readFileSync(path, "utf8");
    // Lua takes a text that begins so for compiled code, which no session may load.
    if (source.startsWith("\x1b")) throw new Error(`${file}:1: this is compiled Lua; only source text is loaded`);
    lua.global.loadString(source, `@${file}`);
    lua.global.pop();
  } catch (error) {
    found.push(placed(file, error instanceof Error ? error.message : String(error)));
  }
}
lua.global.close();
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- that is for windows
parentPort?.postMessage(found);

/** Takes `lua/a.lua:3: '=' expected near 'x'` apart. */
function placed(file: string, text: string): LuaSyntaxError {
  const rest = text.includes(`${file}:`) ? text.slice(text.indexOf(`${file}:`) + file.length + 1) : `1: ${text}`;
  const [, line = "1", message = rest] = /^(\d+): ([^]*)$/.exec(rest) ?? [];
  const near = / near '([^]*)'$/.exec(message)?.[1];
  return { file, line: Number(line), message, ...(near !== undefined && { near }) };
}
