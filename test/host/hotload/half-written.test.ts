import fs from "node:fs";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import t from "tap";
import { ViewdefStore } from "../../../src/host/viewdefs/viewdef-store.ts";
import { SiteModules } from "../../../src/workers/site-modules.ts";
import { Worker } from "node:worker_threads";

/** Another thread that writes `text` into `file` as soon as it is told, so that somebody who waits in this one can see it. */
async function writer(file: string, text: string): Promise<{ write: () => void; ended: Promise<unknown> }> {
  const flag = new Int32Array(new SharedArrayBuffer(4));
  const code = `const { parentPort, workerData: { file, text, flag } } = require("node:worker_threads");
    parentPort.postMessage("ready");
    Atomics.wait(flag, 0, 0);
    require("node:fs").writeFileSync(file, text)`;
  const worker = new Worker(code, { eval: true, workerData: { file, text, flag } });
  const ended = new Promise((resolve) => worker.once("exit", resolve));
  await new Promise((resolve) => worker.once("message", resolve));
  return {
    write() {
      Atomics.store(flag, 0, 1);
      Atomics.notify(flag, 0);
    },
    ended,
  };
}

t.test("a Lua file that has just been truncated, or deleted, is read when it has been written", async (t) => {
  const dir = t.testdir({ lua: { "m.lua": "return 1" } });
  const file = path.join(dir, "lua/m.lua");
  const modules = new SiteModules(dir);
  t.equal(modules.read("m").source, "return 1");
  for (const begin of [() => fs.writeFileSync(file, ""), () => fs.rmSync(file)]) {
    const { write, ended } = await writer(file, "return 2");
    begin();
    write();
    t.equal(modules.readAgain("lua/m.lua"), "return 2");
    await ended;
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
