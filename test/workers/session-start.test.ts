import fs from "node:fs";
import path from "node:path";
import t, { type Test } from "tap";
import { type FromWorker, sessionEvent } from "../../src/protocol/worker-message.ts";
import { readRuntime } from "../../src/workers/runtime-files.ts";
import { ThreadClient, startThread } from "../support/thread.ts";

const runtime = await readRuntime();
const NOW = 1_700_000_000_000;
const slot = { text: "text()", up: 0, segments: [{ call: "text", arguments: [] }], not: false, access: "r" };
const plan = { key: "App.DEFAULT", hash: "first", slots: [{ ...slot, priority: "medium", use: "value" }] };

const app = (text: string, more = ""): string => `local App = session:prototype("App", {})
function App:text() return ${text} end
if not session:getApp() then session:createAppVariable(App:new()) end ${more}`;

interface Site {
  open(): ThreadClient;
  write(main: string): void;
}

/** A thread with few VMs, and a site whose main.lua is `main`. */
async function openSite(t: Test, main: string): Promise<Site> {
  const dir = t.testdir({ lua: { "main.lua": main } });
  const file = path.join(dir, "lua/main.lua");
  const write = (text: string): void => {
    fs.writeFileSync(file, text);
    // Until its change time is past the resolution of the clock nobody trusts it to stay as it is.
    while (Date.now() - fs.statSync(file).ctimeMs <= 25);
  };
  write(main);
  const thread = await startThread({ siteDir: dir, slots: 2 }, runtime);
  t.teardown(() => thread.close());
  const plans = { version: 1, text: Buffer.from(JSON.stringify([["App.DEFAULT", JSON.stringify(plan)]])) };
  const clients: ThreadClient[] = [];
  t.teardown(() => Promise.all(clients.map((client) => client.close())));
  return {
    open: () => {
      const client = new ThreadClient(thread, plans);
      clients.push(client);
      return client;
    },
    write,
  };
}

function start(client: ThreadClient, seed: number, time = NOW): Promise<FromWorker> {
  const options = { seed: seed.toString(16).padStart(32, "0"), development: true, hotload: true };
  client.post(sessionEvent("start", 0, time, JSON.stringify(options)));
  return client.next();
}

/** What a page is sent that has just connected. */
async function shown(client: ThreadClient, time = NOW): Promise<string> {
  client.send("connect", "{}", time);
  const message = await client.next();
  return typeof message === "string" ? message : JSON.stringify(message);
}

t.test("many sessions start while two VMs are there, and each is itself when it is first needed", async (t) => {
  const site = await openSite(t, app(`math.random(1 << 40) .. "@" .. os.time() .. "@" .. os.clock()`));
  const clients = Array.from({ length: 100 }, () => site.open());
  for (const [index, client] of clients.entries())
    t.same(await start(client, index % 50, NOW + (index % 50) * 1000), { kind: "started" });
  const texts: string[] = [];
  for (const [index, client] of clients.entries()) texts.push(await shown(client, NOW + (index % 50) * 1000 + 500));
  for (const [index, text] of texts.entries()) {
    if (!text.includes(`@${NOW / 1000 + (index % 50)}@0.5`)) t.fail(`session ${index} shows ${text}`);
  }
  t.equal(new Set(texts).size, 50, "equal seeds and times, equal sessions");
  t.strictSame(texts.slice(0, 50), texts.slice(50));
});

t.test("what main.lua prints is logged for each session", async (t) => {
  const site = await openSite(t, app("1", `print("one") print("two")`));
  for (let index = 0; index < 3; index++) {
    const client = site.open();
    t.match(await start(client, index), { kind: "log", level: "info", message: "one" });
    t.equal(await client.log(), "two");
    t.same(await client.next(), { kind: "started" });
  }
});

t.test("a timer that main.lua sets fires in each session, by its own clock, though nobody ever connects", async (t) => {
  const site = await openSite(t, app("1", `session:setTimeout(function() print("fired " .. os.clock()) end, 30)`));
  const clients = Array.from({ length: 5 }, () => site.open());
  for (const [index, client] of clients.entries()) {
    const time = NOW + index * 1000;
    t.same(await start(client, index, time), { kind: "started", nextTimer: time + 30 });
    client.post(`timer 0 ${time + 30}\n`);
  }
  for (const client of clients) t.equal(await client.log(), "fired 0.03");
});

t.test("sessions that have not begun are reloaded like others, and stay as they are when that fails", async (t) => {
  const site = await openSite(t, app(`"old"`));
  const clients = Array.from({ length: 4 }, () => site.open());
  for (const [index, client] of clients.entries()) t.same(await start(client, index), { kind: "started" });
  const reload = async (round: number): Promise<FromWorker[]> => {
    for (const client of clients) client.post(`reload ${round} ${NOW}\nlua lua/main.lua`);
    return Promise.all(clients.map((client) => client.next()));
  };
  site.write("local x = = 1");
  for (const message of await reload(1))
    t.match(message, { kind: "reloaded", report: { error: { code: "LUA_SYNTAX" } } });
  t.match(await shown(clients[0]!), "old");
  site.write(app(`"new"`));
  for (const message of await reload(2)) t.match(message, { kind: "reloaded", report: { files: ["lua/main.lua"] } });
  for (const client of clients.slice(1)) t.match(await shown(client), "new");
});

t.test("a session that starts after main.lua was saved runs the new one, whether it is told or not", async (t) => {
  const site = await openSite(t, app(`"first"`));
  for (const text of ["first", "second", "third"]) {
    site.write(app(`"${text}"`));
    for (let index = 0; index < 2; index++) {
      const client = site.open();
      t.same(await start(client, index), { kind: "started" });
      t.match(await shown(client), text);
    }
  }
  site.write(`error("broken")`);
  t.match(await start(site.open(), 1), {
    kind: "failed",
    error: { code: "LUA_ERROR", file: "lua/main.lua", line: 1 },
  });
  site.write(app(`"mended"`));
  const client = site.open();
  t.same(await start(client, 2), { kind: "started" });
  t.match(await shown(client), "mended");
});

t.test("a session that asks for its time when it starts has it, and so have those after it", async (t) => {
  const site = await openSite(t, `local at = os.time() ${app("at")}`);
  for (const time of [NOW, NOW + 5000, NOW + 10_000]) {
    const client = site.open();
    t.same(await start(client, 1, time), { kind: "started" });
    t.match(await shown(client, time + 60_000), String(time / 1000));
  }
});

t.test("a main.lua that never ends is stopped once per session", async (t) => {
  const site = await openSite(t, "os.time() print('here') while true do end");
  const client = site.open();
  t.match(await start(client, 1), { kind: "log", message: "here" });
  t.match(await client.next(), { kind: "failed", error: { code: "LIMIT_TIME" } });
  await client.ended;
});
