import * as fc from "fast-check";
import t from "tap";
import { counter, firstPage, slots, startRealHost } from "../support/real-host.ts";

t.test("a live session survives 10,000 generated frames, and another one does not notice", async (t) => {
  const host = await startRealHost(t, counter, { rate: { perSecond: 1_000_000, burst: 1_000_000 } });
  const { browser, path, page } = await host.open();
  const other = await host.open();
  const id = fc.oneof(fc.integer({ min: -5, max: 12 }), fc.integer());
  const hopeless = [page.slot(slots.loop), page.slot(slots.eat)];
  const message = fc.oneof(
    fc.record({
      type: fc.constant("update"),
      id: id.filter((id) => !hopeless.includes(id)),
      value: fc.jsonValue({ maxDepth: 3 }),
    }),
    fc.record({
      type: fc.constant("create"),
      id,
      parent: id,
      path: fc.constantFrom("count", "name", "press()", "x.y", "\0"),
    }),
    fc.record({ type: fc.constant("destroy"), id }),
    fc.record({ type: fc.constant("error"), code: fc.string(), message: fc.string() }),
    fc.record({ type: fc.string(), id }),
    fc.anything(),
  );
  const frame = fc.record({
    seq: fc.constantFrom("next", "next", "next", "next", 0, -1, 1, 1e9, null),
    ack: fc.constantFrom("right", "right", "right", "right", -1, 1e9, "x"),
    event: fc.oneof(fc.boolean(), fc.boolean(), fc.constant(1)),
    messages: fc.array(message, { maxLength: 4 }),
  });
  const text = fc.oneof({ weight: 9, arbitrary: frame }, { weight: 1, arbitrary: fc.string() });
  const { tab } = page;
  const seed = Date.now();
  t.comment(`seed ${seed}`);
  for (const [index, sample] of fc.sample(text, { numRuns: 10_000, seed }).entries()) {
    if (typeof sample === "string") tab.sendText(sample);
    else {
      const seq = sample.seq === "next" ? ++tab.seq : sample.seq;
      const ack = sample.ack === "right" ? tab.ack : sample.ack;
      tab.sendText(JSON.stringify({ ...sample, seq, ack }));
    }
    // Let frames in, so that acknowledgements keep up; a client that never reads is another test.
    if (index % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  const watcher = await firstPage(await browser.connect(path));
  const before = Number(watcher.values.get(watcher.slot(slots.count)));
  page.write(slots.press, null);
  await watcher.until(() => watcher.values.get(watcher.slot(slots.count)) === before + 1);
  other.page.write(slots.press, null);
  await other.page.until(() => other.page.values.get(other.page.slot(slots.count)) === 1);
});
