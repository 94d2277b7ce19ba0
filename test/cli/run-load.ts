import fs from "node:fs";
import path from "node:path";
import type { Test } from "tap";
import type { LoadOptions } from "../../src/cli/load/options.ts";
import { type LoadResult, runLoad, type Watcher } from "../../src/cli/load/run.ts";
import { parseScript } from "../../src/cli/load/script/read-script.ts";
import { makeSite, removeSite } from "../support/site.ts";
import { run } from "./command.ts";

/** Rows that can be added, hit and removed; the app counts what is done to it. */
export const rowsSite: Record<string, string> = {
  "lua/main.lua": `
local Row = session:prototype("Row", { name = "", hits = 0 })
local App = session:prototype("App", { count = 0, hits = 0, name = "", rows = EMPTY })
local app = App:new{ rows = {} }
function Row:hit() self.hits = self.hits + 1; app.hits = app.hits + 1 end
function Row:remove()
  for i, row in ipairs(app.rows) do if row == self then table.remove(app.rows, i) return end end
end
function App:add() self.count = self.count + 1; table.insert(self.rows, Row:new{ name = "row " .. self.count }) end
function App:fail() error("on purpose") end
session:createAppVariable(app)
`,
  "viewdefs/App.DEFAULT.html": `<template><div>
<b ui-value="count"></b><b ui-value="hits"></b><input ui-value="name">
<button ui-action="add()"></button><button ui-action="fail()"></button><ul ui-viewlist="rows"></ul><i ui-value="name"></i>
</div></template>`,
  "viewdefs/Row.list-item.html": `<template><li>
<b ui-value="name"></b><i ui-value="hits"></i><button ui-action="hit()"></button><button ui-action="remove()"></button>
</li></template>`,
};

export interface Loaded {
  code: number | null;
  out: string;
  err: string;
  /** The JSON report. */
  result: LoadResult;
}

/** Runs `moonpool load` with a script in a process of its own. */
export async function load(t: Test, url: string, script: object, args: string[]): Promise<Loaded> {
  // A second testdir of a test would take the place of its first.
  const dir = makeSite({ "script.json": JSON.stringify({ "moonpool-load": 1, ...script }) });
  t.teardown(() => removeSite(dir));
  const json = path.join(dir, "result.json");
  // A machine on which many tests share few cores may take long for an answer.
  const usual = ["--seed", "7", "--timeout", "60s"];
  const ran = await run(["load", url, "--script", path.join(dir, "script.json"), "--json", json, ...usual, ...args]);
  const written = fs.existsSync(json) ? fs.readFileSync(json, "utf8") : "{}";
  return { ...ran, result: JSON.parse(written) as LoadResult };
}

/** The same in this process, which saves the start of another. */
export function play(
  url: string,
  script: object,
  options: Partial<LoadOptions>,
  watcher: Watcher = {},
  stop?: AbortSignal,
): Promise<LoadResult> {
  const all: LoadOptions = {
    url,
    script: parseScript(JSON.stringify({ "moonpool-load": 1, ...script }), "script.json"),
    sessions: 1,
    duration: 150_000,
    timeout: 60_000,
    opening: 16,
    seed: 7,
    allowRemote: false,
    thresholds: [],
    ...options,
  };
  return runLoad(all, watcher, stop);
}
