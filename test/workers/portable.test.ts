import t, { type Test } from "tap";
import { type FromWorker, sessionEvent, type SessionEventKind } from "../../src/protocol/worker-message.ts";
import { readRuntime } from "../../src/workers/runtime-files.ts";
import { bearFirst, SessionThread } from "../../src/workers/session-thread.ts";
import { noPlans, ThreadClient } from "../support/thread.ts";

const settings = {
  cpu: { perSecond: 1_000, burst: 10_000 },
  memoryLimit: 16 * 2 ** 20,
  timeLimit: 5000,
  slots: 1,
  imageMemory: 2 ** 20,
  seed: 1,
};
const start = JSON.stringify({ seed: "0123456789abcdef".repeat(2), development: true, hotload: false });

async function startSite(t: Test, main: string): Promise<() => Promise<Client>> {
  const siteDir = t.testdir({ lua: { "main.lua": main } });
  const all = { ...settings, siteDir };
  const thread = await SessionThread.start(all, await bearFirst(all, await readRuntime()));
  t.teardown(() => thread.close());
  return async () => {
    const client = new Client(new ThreadClient(thread, noPlans));
    t.teardown(() => client.client.close());
    t.same(await client.send("start", start), { kind: "started" });
    return client;
  };
}

class Client {
  readonly client: ThreadClient;
  constructor(client: ThreadClient) {
    this.client = client;
  }

  send(kind: SessionEventKind, body = ""): Promise<FromWorker> {
    this.client.post(sessionEvent(kind, 0, Date.now(), body));
    return this.client.next();
  }

  async state(): Promise<string> {
    const answer = await this.send("export");
    if (typeof answer === "string" || answer.kind !== "exported" || typeof answer.state !== "string")
      throw new Error(JSON.stringify(answer));
    return answer.state;
  }
}

const counter = `
  app = { type = "App", list = {} }
  session:createAppVariable(app)
  session:keep("check", function() return 1 end, function(v)
    app.list[#app.list + 1] = "touched"
    if v == "bad" then error("oh") end
  end)
`;

t.test("a session on a thread answers `export` with its state, and `import` with what became of it", async (t) => {
  const open = await startSite(t, counter);
  const [first, second] = [await open(), await open()];
  const state = await first.state();
  t.match(JSON.parse(state), { format: 1, app: { object: 1 }, kept: [["check", 1]] });
  const other = state.replace('"type":"App"', '"type":"App","more":5');
  t.same(await second.send("import", other), {
    kind: "imported",
    outcome: "-",
    report: { objects: 2, notes: [] },
  });
  t.match(await second.state(), '"more":5');
  t.equal(await first.state(), state, "other sessions of the thread are not concerned");
});

t.test("after an import that fails on a thread the session is as it was, and goes on", async (t) => {
  const session = await (await startSite(t, counter))();
  const state = await session.state();
  t.match(await session.send("import", state.replace('["check",1]', '["check","bad"]')), {
    kind: "imported",
    outcome: "-",
    report: { objects: 0, error: { code: "LUA_ERROR", message: "keep check: oh", file: "lua/main.lua" } },
  });
  t.match(await session.send("import", "{"), { kind: "imported", report: { error: { code: "STATE_INVALID" } } });
  t.equal(await session.state(), state);
});

t.test("a state for which there is no room in the session's memory ends no session", async (t) => {
  const session = await (await startSite(t, `${counter} for i = 1, 9 do app.list[i] = ("x"):rep(1e6) .. i end`))();
  t.match(await session.send("export"), { kind: "exported", state: { code: "LIMIT_MEMORY" } });
  t.match(await session.send("import", JSON.stringify({ format: 1, text: "x".repeat(9e6) })), {
    kind: "imported",
    report: { error: { code: "LIMIT_MEMORY" } },
  });
  t.match(await session.send("import", "{"), { kind: "imported", report: { error: { code: "STATE_INVALID" } } });
});

t.test("timers that main.lua has set go on after an import, and those that a setter sets begin", async (t) => {
  const open = await startSite(
    t,
    `app = { type = "App" } session:createAppVariable(app)
     session:keep("k", function() return 1 end, function() session:setTimeout(function() print("rang") end, 1) end)`,
  );
  const session = await open();
  const state = await session.state();
  const answer = await session.send("import", state);
  t.match(answer, { kind: "imported", outcome: /^\d+$/ });
  const { outcome } = answer as Extract<FromWorker, { kind: "imported" }>;
  session.client.post(sessionEvent("timer", 0, Number(outcome), ""));
  t.equal(await session.client.log(), "rang");
});
