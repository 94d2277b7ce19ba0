import zlib from "node:zlib";
import t, { type Test } from "tap";
import { decodeImage, type MemoryImage } from "../../src/protocol/session-image.ts";
import { type FromWorker, sessionEvent } from "../../src/protocol/worker-message.ts";
import { readRuntime } from "../../src/workers/runtime-files.ts";
import type { SessionThread } from "../../src/workers/session-thread.ts";
import { startThread, ThreadClient } from "../support/thread.ts";

type State = Extract<FromWorker, { kind: "state" }>;

const runtime = await readRuntime();
const start = JSON.stringify({ seed: "0123456789abcdef".repeat(2), development: true, hotload: false });
const exportEvent = sessionEvent("export", 1, 2_000, "");

/** A thread for sessions of a site whose `getState` does `code`. */
async function threadFor(t: Test, code: string, timeLimit = 2_000): Promise<SessionThread> {
  const main = `
    local App = session:prototype("App", { count = 5 })
    function App:getState() ${code} return { count = self.count } end
    function App:restoreState(state) self.count = state.count end
    session:createAppVariable(App:new())`;
  const siteDir = t.testdir({ lua: { "main.lua": main }, viewdefs: {} });
  const thread = await startThread({ siteDir, timeLimit }, runtime);
  t.teardown(() => thread.close());
  return thread;
}

/** A session that was opened by `connects` tabs and goes to rest. */
async function rest(thread: SessionThread, connects: number, event?: string): Promise<ThreadClient> {
  const client = new ThreadClient(thread);
  client.post(sessionEvent("start", 0, 1_000, start));
  for (let tab = 1; tab <= connects; tab++) client.post(sessionEvent("connect", tab, 1_000, "{}"));
  client.post({ kind: "rest", exportEvent: event });
  await client.closed;
  return client;
}

function statesOf(client: ThreadClient): State[] {
  return client.messages.filter((message) => typeof message === "object" && message.kind === "state");
}

/** What its newest image holds. How much memory there is beyond that depends on what the VM was used for. */
function contentOf(client: ThreadClient): Pick<MemoryImage, "runs" | "data"> {
  const { image, base } = client.images.at(-1)!;
  const { runs, data } = decodeImage(image, base);
  return { runs, data };
}

t.test("going to rest, a session gives its portable state, and is the same as without", async (t) => {
  const thread = await threadFor(t, "self.count = self.count + 1");
  const without = await rest(thread, 1);
  t.same(statesOf(without), []);
  const client = await rest(thread, 1, exportEvent);
  const [{ state, events }, ...others] = statesOf(client) as [State];
  t.same(others, []);
  t.equal(events, 2, "start and connect");
  t.match(JSON.parse(zlib.inflateRawSync(state as Uint8Array).toString()), { format: 1, app: { object: 1 } });
  t.equal(client.images.at(-1)?.events, 2);
  t.same(contentOf(client), contentOf(without), "what getState changed is not in the image");
});

t.test("whatever keeps it from having one, it rests as it is", async (t) => {
  for (const [code, expected] of [
    [`error("boom")`, "LUA_ERROR"],
    ["while true do end", "LIMIT_TIME"],
    [`local s = "x" while true do s = s .. s end`, "LIMIT_MEMORY"],
  ] as const) {
    const thread = await threadFor(t, code, 300);
    const without = await rest(thread, 1);
    const client = await rest(thread, 1, exportEvent);
    t.match(statesOf(client), [{ state: { code: expected } }], code);
    t.same(contentOf(client), contentOf(without));
    t.notOk(client.messages.some((message) => typeof message === "object" && message.kind === "failed"));
  }
});

t.test("one that has not begun has no state of its own, and is not made to begin", async (t) => {
  const thread = await threadFor(t, "");
  const client = await rest(thread, 0, exportEvent);
  t.same(statesOf(client), []);
  t.ok(client.images.every(({ events }) => events === 0));
});
