import t from "tap";
import { BufferStock } from "../../src/workers/buffer-stock.ts";

t.test("a buffer that was given back is used again for what fits it, and not for what is much smaller", async (t) => {
  const stock = new BufferStock();
  const first = stock.take(200_000);
  t.equal(first.length, 200_000);
  const second = stock.take(200_000);
  t.not(second.buffer, first.buffer, "not while it is in use");
  stock.give(first);
  t.not(stock.take(10).buffer, first.buffer);
  const third = stock.take(190_000);
  t.equal(third.buffer, first.buffer);
  t.equal(third.length, 190_000);
});

t.test("buffers of others are never handed out", async (t) => {
  const stock = new BufferStock();
  const foreign = Buffer.alloc(65_536);
  stock.give(foreign);
  t.not(stock.take(65_536).buffer, foreign.buffer);
});

t.test("of more than is kept those go that were given back first", async (t) => {
  const stock = new BufferStock(2 ** 18);
  const buffers = Array.from({ length: 3 }, () => stock.take(100_000));
  for (const buffer of buffers) stock.give(buffer);
  const again = Array.from({ length: 3 }, () => stock.take(100_000).buffer);
  t.same(
    buffers.map(({ buffer }) => again.includes(buffer)),
    [false, true, true],
  );
});
