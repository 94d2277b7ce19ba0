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

t.test("an image that has become larger takes a former buffer, which grows, and not a new one", async (t) => {
  const stock = new BufferStock();
  let buffer = stock.take(150_000);
  const { buffer: pages } = buffer;
  for (const size of [200_000, 250_000, 270_000, 400_000]) {
    stock.give(buffer);
    buffer = stock.take(size);
    t.equal(buffer.buffer, pages);
    t.equal(buffer.length, size);
    buffer.fill(1);
  }
  stock.give(buffer);
  t.not(stock.take(4_000_000).buffer, pages, "unless it is far too small");
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
