import fs from "node:fs";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import t from "tap";
import { ViewdefStore } from "../../../src/host/viewdefs/viewdef-store.ts";
import { SiteModules } from "../../../src/workers/site-modules.ts";
import { Worker } from "node:worker_threads";

/** Writes `text` into `file` after `ms`, in another thread, so that somebody who waits in this one can see it. */
function writeLater(file: string, text: string, ms: number): Promise<unknown> {
  const code = `const { workerData: { file, text, ms } } = require("node:worker_threads");
    setTimeout(() => require("node:fs").writeFileSync(file, text), ms)`;
  const worker = new Worker(code, { eval: true, workerData: { file, text, ms } });
  return new Promise((resolve) => worker.once("exit", resolve));
}

t.test("a Lua file that has just been truncated, or deleted, is read when it has been written", async (t) => {
  const dir = t.testdir({ lua: { "m.lua": "return 1" } });
  const file = path.join(dir, "lua/m.lua");
  const modules = new SiteModules(dir);
  t.equal(modules.read("m").source, "return 1");
  for (const begin of [() => fs.writeFileSync(file, ""), () => fs.rmSync(file)]) {
    const written = writeLater(file, "return 2", 0);
    begin();
    t.equal(modules.readAgain("lua/m.lua"), "return 2");
    await written;
    fs.writeFileSync(file, "return 1");
    await pause(30);
    modules.readAgain("lua/m.lua");
  }
});

t.test("a viewdef that has just been truncated, or deleted, stays what it was until it has been written", async (t) => {
  const name = "viewdefs/A.DEFAULT.html";
  const html = (text: string) => `<template><p>${text}</p></template>`;
  const dir = t.testdir({ viewdefs: { "A.DEFAULT.html": html("one") } });
  const file = path.join(dir, name);
  const store = await ViewdefStore.load(dir);
  for (const [index, begin] of [() => fs.writeFileSync(file, ""), () => fs.rmSync(file)].entries()) {
    begin();
    setTimeout(() => fs.writeFileSync(file, html(`new ${index}`)), 10);
    t.same((await store.reload([name])).keys, ["A.DEFAULT"]);
    t.match(store.get("A.DEFAULT")?.viewdef.html, `new ${index}`);
    t.same(store.problems, []);
  }
  fs.rmSync(file);
  t.same((await store.reload([name])).keys, ["A.DEFAULT"]);
  t.equal(store.get("A.DEFAULT"), undefined, "one that does not come back is gone");
});
