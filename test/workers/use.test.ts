import t from "tap";
import { startThread, ThreadClient } from "../support/thread.ts";

const thread = await startThread({ timeLimit: 60_000 });
t.teardown(() => thread.close());

/** 10 million instructions and more: 20 ms anywhere. */
const long = "for i = 1, 1e7 do n = i end";

t.test("what an event took is said when it is notable, before its answer; of light ones nothing", async (t) => {
  const client = new ThreadClient(thread);
  client.send("start", "");
  t.same(await client.next(), { kind: "started" });
  for (let event = 0; event < 20; event++) client.send("frame", "n = 1");
  client.send("frame", `return "-\\nc 1 1\\nh {1}"`);
  await client.next();
  t.same(client.used, []);
  client.send("frame", `${long} return "-\\nc 1 1\\nh {2}"`);
  await client.next();
  t.equal(client.used.length, 1);
  const [{ ms, longest } = { ms: 0, longest: 0 }] = client.used;
  t.ok(longest >= 20 && ms >= longest);
  await client.close();
});

t.test("many events that are each too short to be mentioned are mentioned together", async (t) => {
  const client = new ThreadClient(thread);
  client.send("start", "");
  await client.next();
  for (let event = 0; event < 2_000 && client.used.length === 0; event++) {
    client.send("frame", "for i = 1, 1e5 do n = i end");
    await client.done();
  }
  t.equal(client.used.length, 1);
  await client.close();
});

t.test("loading code is no use that is said", async (t) => {
  const client = new ThreadClient(thread);
  client.send("start", long);
  t.same(await client.next(), { kind: "started" });
  client.send("frame", `return "-\\nc 1 1\\nh {1}"`);
  await client.next();
  t.same(client.used, []);
  await client.close();
});
