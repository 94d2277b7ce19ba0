import t from "tap";
import type { Refusal } from "../support/browser.ts";
import { changesOf } from "../support/fake-pool.ts";
import { startHost } from "../support/host.ts";

t.test("page → socket → session → one frame: welcome first, then what the session says", async (t) => {
  const host = await startHost(t, { development: true });
  const browser = host.browser();
  const path = await browser.start();
  const tab = await browser.connect(path);
  const frame = await tab.next();
  t.strictSame(frame, {
    seq: 1,
    ack: 0,
    messages: [
      { type: "welcome", protocol: 1, connection: 1, development: true },
      { type: "update", id: 1, value: "hello" },
    ],
  });
  tab.send([{ type: "update", id: 3, value: "x" }]);
  t.strictSame(await tab.next(), {
    seq: 2,
    ack: 1,
    messages: [{ type: "update", id: 1, value: { event: true, messages: [{ type: "update", id: 3, value: "x" }] } }],
  });
  t.strictSame(
    host.pool.only.events.map(({ kind, connection }) => `${kind} ${connection}`),
    ["start 0", "connect 1", "frame 1"],
  );
  tab.close();
});
