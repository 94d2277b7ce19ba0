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

t.test("memory that is not kept goes back to the system at once", async (t) => {
  const stock = new BufferStock(2 ** 20);
  const buffers = Array.from({ length: 20 }, () => stock.take(100_000));
  for (const buffer of buffers) stock.give(buffer);
  t.equal(buffers.filter(({ length }) => length === 0).length, 12);
});
