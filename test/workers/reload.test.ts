import fs from "node:fs";
import path from "node:path";
import t, { type Test } from "tap";
import type { ReloadReport } from "../../src/protocol/reload.ts";
import { sessionEvent, type FromWorker } from "../../src/protocol/worker-message.ts";
import { readRuntime } from "../../src/workers/runtime-files.ts";
import { bearFirst, SessionThread } from "../../src/workers/session-thread.ts";
import { noPlans, ThreadClient } from "../support/thread.ts";

const settings = {
  memoryLimit: 16 * 2 ** 20,
  timeLimit: 1500,
  cpu: { perSecond: 500, burst: 1e9 },
  slots: 2,
  imageMemory: 2 ** 20,
  seed: 1,
};
const seed = "0123456789abcdef".repeat(2);

const counter = (step: string) => `
  local count = 0
  App = session:prototype("App", {})
  function App:next() ${step} count = count + 1 return count end
  if not session.reloading then session:createAppVariable(App:new()) end
`;

/** A thread with the real runtime on a site with this main.lua. */
async function startSite(t: Test, main: string): Promise<{ thread: SessionThread; save: (text: string) => void }> {
  const siteDir = t.testdir({ lua: { "main.lua": main } });
  const all = { ...settings, siteDir };
  const thread = await SessionThread.start(all, await bearFirst(all, await readRuntime()));
  t.teardown(() => thread.close());
  return { thread, save: (text) => fs.writeFileSync(path.join(siteDir, "lua/main.lua"), text) };
}

/** A session of the site, running. */
class Client {
  readonly client: ThreadClient;

  constructor(t: Test, thread: SessionThread) {
    const plan = {
      key: "App.DEFAULT",
      hash: "1",
      slots: [
        {
          text: "next()",
          up: 0,
          segments: [{ call: "next" }],
          not: false,
          access: "r",
          priority: "high",
          use: "value",
        },
      ],
    };
    const text = Buffer.from(JSON.stringify([["App.DEFAULT", JSON.stringify(plan)]]));
    this.client = new ThreadClient(thread, { ...noPlans, text });
    t.teardown(() => this.client.close());
  }

  async start(): Promise<void> {
    this.client.post(sessionEvent("start", 0, 1, JSON.stringify({ seed, development: true, hotload: true })));
    if (JSON.stringify(await this.client.next()) !== '{"kind":"started"}') throw new Error("it did not start");
  }

  /** A new tab; returns what `next()` gave. */
  async connect(number: number): Promise<number> {
    this.client.post(sessionEvent("connect", number, 1, "{}"));
    const outcome = await this.client.next();
    const own =
      String(outcome)
        .split("\nc ")
        .find((part) => part.startsWith(`${number} `)) ?? "";
    return Number(/"values":\[(\d+)\]/.exec(own)?.[1]);
  }

  private rounds = 0;
  /** Lines that were printed in reloads. */
  logs = 0;

  async reload(...lines: string[]): Promise<{ outcome: string; report: ReloadReport }> {
    this.client.post(sessionEvent("reload", ++this.rounds, 1, lines.join("\n")));
    let answer: FromWorker = await this.client.next();
    for (; typeof answer === "object" && answer.kind === "log"; answer = await this.client.next()) this.logs++;
    if (typeof answer === "string" || answer.kind !== "reloaded") throw new Error(JSON.stringify(answer));
    return answer;
  }
}

t.test("a reload is answered with what ran, its changes and how long it took", async (t) => {
  const { thread, save } = await startSite(t, counter(""));
  const session = new Client(t, thread);
  await session.start();
  t.equal(await session.connect(1), 1);
  save(counter("count = count + 10"));
  const { outcome, report } = await session.reload("lua lua/main.lua");
  t.match(report, { files: ["lua/main.lua"], notes: [], error: undefined });
  t.type(report.time, "number");
  t.match(outcome, /"value":12/);
  t.notMatch(outcome, /\nr /, "the report is not for pages");
  const again = await session.reload("lua lua/main.lua");
  t.same(again.report.files, [], "the same text is not run again");
  const other = await session.reload("lua lua/other.lua");
  t.same(other.report.files, [], "nor a file that the session has not loaded");
});

t.test("after any error the session is as it was before, and the next good version is taken", async (t) => {
  const { thread, save } = await startSite(t, counter(""));
  const session = new Client(t, thread);
  await session.start();
  let count = await session.connect(1);
  const broken: [string, object][] = [
    ["local x =", { code: "LUA_SYNTAX", file: "lua/main.lua", line: 1 }],
    [counter("count = 0") + " error('half-way')", { code: "LUA_ERROR", file: "lua/main.lua", line: 6 }],
    [counter("count = 0") + " while true do end", { code: "LIMIT_TIME" }],
    [
      counter("count = 0") + " local t = {} while true do t[#t + 1] = ('x'):rep(1e5) .. #t end",
      { code: "LIMIT_MEMORY" },
    ],
    [counter("count = 0") + " require('nowhere')", { code: "REQUIRE_MISSING", file: "lua/main.lua" }],
  ];
  for (const [text, error] of broken) {
    save(text);
    const { outcome, report } = await session.reload("lua lua/main.lua");
    t.match(report, { files: [], error }, text.slice(-40));
    t.equal(outcome.includes("value"), false, "nothing is sent");
    t.equal(await session.connect(2), ++count, "the old code counts on");
  }
  save(counter("count = count + 100"));
  const { report } = await session.reload("lua lua/main.lua");
  t.match(report, { files: ["lua/main.lua"], error: undefined });
  t.ok((await session.connect(3)) > 100);
});

t.test(
  "files in which one session was stuck are not tried in the others of its thread, until they change",
  async (t) => {
    const { thread, save } = await startSite(t, counter(""));
    const sessions = Array.from({ length: 3 }, () => new Client(t, thread));
    for (const session of sessions) await session.start();
    for (const text of ["print('tried') while true do end", "print('again') while true do end"]) {
      save(text);
      for (const session of sessions)
        t.match((await session.reload("lua lua/main.lua")).report.error, { code: "LIMIT_TIME" });
    }
    t.same(
      sessions.map(({ logs }) => logs),
      [2, 0, 0],
    );
    save(counter("count = count + 100"));
    for (const session of sessions)
      t.match((await session.reload("lua lua/main.lua")).report, { files: ["lua/main.lua"], error: undefined });
  },
);

t.test("when Lua fails, new viewdefs are exchanged all the same", async (t) => {
  const { thread, save } = await startSite(t, counter(""));
  const session = new Client(t, thread);
  await session.start();
  await session.connect(1);
  const plan = { key: "App.DEFAULT", hash: "2", slots: [] };
  const text = Buffer.from(JSON.stringify([["App.DEFAULT", JSON.stringify(plan)]]));
  session.client.post({ kind: "plans", plans: { version: 2, text } });
  save("local x =");
  const { outcome, report } = await session.reload("lua lua/main.lua", "viewdef App.DEFAULT");
  t.match(report.error, { code: "LUA_SYNTAX" });
  t.match(outcome, /\nv App\.DEFAULT 2\n/);
});

t.test("sessions at rest are reloaded too, each by itself", async (t) => {
  const { thread, save } = await startSite(t, counter(""));
  // More than there are VMs.
  const sessions = Array.from({ length: 6 }, () => new Client(t, thread));
  for (const session of sessions) await session.start();
  for (const session of sessions) t.equal(await session.connect(1), 1);
  save(counter("count = count + 10"));
  const results = await Promise.all(sessions.map((session) => session.reload("lua lua/main.lua")));
  for (const { outcome, report } of results) {
    t.same(report.files, ["lua/main.lua"]);
    t.match(outcome, /"value":12/);
  }
});
