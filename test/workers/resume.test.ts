import t from "tap";
import { sessionEvent, type FromWorker } from "../../src/protocol/worker-message.ts";
import { startThread, ThreadClient } from "../support/thread.ts";

const thread = await startThread({ imageMemory: 1 });
t.teardown(() => thread.close());

const log = (text: string): string => `host("log", "info\\n" .. ${text} .. "\\n")`;
/** Asks the host for something that may be different when it is asked again. */
const ask = `pcall(host, "module", "x")`;
const refused = `return "-\\nx {\\"code\\":\\"LIMIT_TIME\\",\\"message\\":\\"no\\"}"`;
const event = (code: string, time = 1_000): string => sessionEvent("frame", 1, time, code);
const start = sessionEvent("start", 0, 1_000, "count = 0");

type Image = Extract<FromWorker, { kind: "image" }>;

async function started(): Promise<ThreadClient> {
  const client = new ThreadClient(thread);
  client.post(start);
  await client.next();
  return client;
}

t.test("an event that asked the host for something is answered with an image, in one message", async (t) => {
  const client = await started();
  client.send("frame", `count = 1 ${log("count")}`);
  client.send("frame", `count = 2 ${ask}`);
  client.send("frame", `count = 3 ${ask} return "-\\nc 1 1\\nh {3}"`);
  t.equal(await client.log(), "1");
  t.equal(await client.next(), "-\nc 1 1\nh {3}");
  t.same(
    client.images.map(({ events, answer }: Image) => [events, answer]),
    [
      [1, { kind: "started", nextTimer: undefined }],
      [3, { kind: "done", nextTimer: undefined }],
      [4, "-\nc 1 1\nh {3}"],
    ],
  );
  await client.close();
});

t.test(
  "a session goes on from an image and the events after it: silently, at their time, and nothing is asked twice",
  async (t) => {
    const client = await started();
    client.send("frame", `count = 10 ${ask}`);
    client.send("frame", log('"asked"'));
    t.equal(await client.log(), "asked");
    const { image, base } = client.images[1]!;
    await client.close();
    const other = new ThreadClient(thread);
    const events = Array.from({ length: 5 }, (_, index) =>
      event(
        `count = count + 1 ${log('"again"')} on = function(_, time) ${log("time")} end return "-\\nc 1 1\\nh {}"`,
        index,
      ),
    );
    other.post({ kind: "resume", image, base, nextTimer: 77, events: [...events, sessionEvent("timer", 0, 4_321)] });
    other.send("frame", log("count"));
    t.same(await other.next(), { kind: "resumed", nextTimer: undefined });
    t.equal(await other.log(), "15");
    other.send("timer", "", 5_000);
    t.equal(await other.log(), "5000");
    t.equal(other.messages.length, 3, "no log line and no frame of what was repeated");
    await other.close();
  },
);

t.test("a session without events since its image says at once when its timer is due", async (t) => {
  const client = new ThreadClient(thread);
  client.post({ kind: "resume", image: null, base: null, nextTimer: 77, events: [] });
  t.same(await client.next(), { kind: "resumed", nextTimer: 77 });
  await client.close();
});

t.test(
  "a refused event, and one that breaks the runtime, is undone by going back to the state before it",
  async (t) => {
    for (const [code, error] of [
      [`count = 1000 ${refused}`, { code: "LIMIT_TIME", message: "no" }],
      ["raise", { code: "INTERNAL" }],
      ["number", { code: "INTERNAL" }],
      ["count = 1000 while true do end", undefined],
    ] as const) {
      const client = await started();
      const before = ["count = count + 1", `count = count + 1 ${log("count")}`];
      for (const text of before) client.send("frame", text);
      t.equal(await client.log(), "2");
      client.send("frame", code);
      if (error === undefined) {
        // Lua code's own error: what it did stays.
        client.send("frame", log("count"));
        t.match(await client.log(), "1000");
        await client.close();
        continue;
      }
      client.send("frame", log('"must not run"'));
      t.match(await client.next(), { kind: "refused", error, events: 3 }, code);
      client.send("frame", log('"must not run either"'));
      client.post({ kind: "rest" });
      client.post({
        kind: "resume",
        image: null,
        base: null,
        nextTimer: undefined,
        events: [start, ...before.map((text) => event(text))],
      });
      client.send("frame", log("count"));
      t.match(await client.next(), { kind: "resumed" });
      t.equal(await client.log(), "2");
      await client.close();
    }
  },
);

t.test("a session whose VM is gone is refused, and goes on in another", async (t) => {
  const client = await started();
  client.send("frame", `count = 5 ${ask}`);
  client.send("frame", log("count"));
  t.equal(await client.log(), "5");
  // A finalizer that raises an error in the runtime's own collection, and deep recursion in C.
  client.send("frame", `local function f() return (("x"):gsub("x", f)) end f()`);
  client.send("frame", log('"alive"'));
  const next = await client.next();
  if (typeof next === "object" && next.kind === "refused")
    client.post({
      kind: "resume",
      image: client.images[0]!.image,
      base: client.images[0]!.base,
      nextTimer: undefined,
      events: [],
    });
  else t.equal(typeof next === "object" && next.kind === "log" && next.message, "alive");
  client.send("frame", log("count"));
  let text = await client.log();
  for (let line = 0; line < 3 && text !== "5"; line++) text = await client.log();
  t.equal(text, "5");
  await client.close();
});

t.test("an event that was carried out before and is not now is refused by its number", async (t) => {
  const client = new ThreadClient(thread);
  client.post({
    kind: "resume",
    image: null,
    base: null,
    nextTimer: undefined,
    events: [start, event("count = 1"), event(refused), event("x = 1")],
  });
  t.match(await client.next(), { kind: "refused", events: 2 });
  await client.close();
});

t.test("200 sessions that go to rest at once leave images that hold what each of them was", async (t) => {
  const clients = Array.from({ length: 200 }, () => new ThreadClient(thread));
  for (const [index, client] of clients.entries()) {
    client.post(start);
    client.send("frame", `me, text = ${index}, ("${index}-"):rep(2000)`);
    client.post({ kind: "rest" });
  }
  await Promise.all(clients.map(({ closed }) => closed));
  await t.resolves(
    Promise.all(
      clients.map(async (client, index) => {
        const image = client.images.at(-1);
        if (image?.events !== 2) throw new Error(`session ${index} left ${image?.events} events`);
        const woken = new ThreadClient(thread);
        woken.post({ kind: "resume", image: image.image, base: image.base, nextTimer: undefined, events: [] });
        woken.send("frame", log(`me .. " " .. tostring(text == ("${index}-"):rep(2000))`));
        await woken.next();
        const found = await woken.log();
        if (found !== `${index} true`) throw new Error(`session ${index} woke as ${found}`);
        await woken.close();
      }),
    ),
  );
});
