import { parentPort, workerData } from "node:worker_threads";
import type { LuaCheck } from "../protocol/lua-check.ts";
import { LuaTranslator } from "./lua-code/translator.ts";
import { lintSite } from "./lua-lint/lint-site.ts";
import { moonpoolGlobals } from "./lua-lint/moonpool-globals.ts";
import { loadLuaWasm } from "./lua-wasm.ts";

/** Bytes: more than any session has, so that no file is too large to be checked. */
const MEMORY = 2 ** 30;

const wasm = await loadLuaWasm(MEMORY);
const translator = await LuaTranslator.start(wasm);
const problems = lintSite(workerData as LuaCheck, { translator, globals: await moonpoolGlobals(wasm) });
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- that is for windows
parentPort?.postMessage(problems);
