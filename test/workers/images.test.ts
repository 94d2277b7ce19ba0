import { once } from "node:events";
import { Worker } from "node:worker_threads";
import t from "tap";
import type { MemoryImage } from "../../src/protocol/session-image.ts";
import { pack } from "../../src/workers/image.ts";
import { run, vmFactory } from "../support/vm.ts";

const { bear, birth } = await vmFactory();
const [here, there] = [await bear(), await bear()];

/** A session with everything in it that a naive copy loses. */
const session = `
  local hidden = 0
  local function up() hidden = hidden + 1 return hidden end
  local walk = coroutine.wrap(function() local n = 100 while true do n = n + up() coroutine.yield(n) end end)
  local inner = coroutine.create(function() pcall(function() coroutine.yield("inside") end) return "end" end)
  coroutine.resume(inner)
  shared = setmetatable({}, { __index = function(t, k) return k .. hidden end })
  weak = setmetatable({}, { __mode = "k" })
  function step() return walk() .. " " .. shared.key .. " " .. host("who", "am I") end
  function finish() return select(2, coroutine.resume(inner)) .. coroutine.status(inner) end`;

t.test("closures, coroutines, metatables and host calls go on in another slot where they stopped", async (t) => {
  here.host = () => "here";
  there.host = () => "there";
  run(here, session);
  t.equal(run(here, "return step()"), "101 key1 here");
  there.loadImage(here.saveImage());
  t.equal(run(there, "return step()"), "103 key2 there");
  t.equal(run(there, "return finish()"), "enddead");
  t.equal(run(here, "return step()"), "103 key2 here", "the original is not touched");
});

t.test("an image goes on in a slot of another thread", async (t) => {
  here.loadImage(null);
  run(here, session);
  run(here, "return step()");
  const file = new URL("../fixtures/continue-image.js", import.meta.url);
  const workerData = { birth, image: here.saveImage(), code: "return step()" };
  const worker = new Worker(file, { workerData });
  const [answer] = await once(worker, "message");
  t.equal(answer, "103 key2 thread who am I");
  await worker.terminate();
});

t.test("so does one that has a base, which it brings along and does not copy", async (t) => {
  const vm = await bear();
  run(vm, session);
  const base = vm.saveBase();
  vm.rebase(base);
  run(vm, "return step()");
  const image = vm.saveImage();
  t.ok(image.base?.bytes.buffer instanceof SharedArrayBuffer);
  const file = new URL("../fixtures/continue-image.js", import.meta.url);
  for (const each of [image, await pack(image)]) {
    const worker = new Worker(file, { workerData: { birth, image: each, code: "return step()" } });
    const [answer] = await once(worker, "message");
    t.equal(answer, "103 key2 thread who am I");
    await worker.terminate();
  }
});

t.test("packed images and those taken after a collection are the same sessions, and smaller", async (t) => {
  here.loadImage(null);
  run(here, session);
  run(here, "garbage = {} for i = 1, 20000 do garbage[i] = { i } end garbage = nil return step()");
  const plain = here.saveImage();
  const tidy = here.saveImage({ tidy: true });
  t.ok(tidy.data.length < plain.data.length / 4, `${plain.data.length} → ${tidy.data.length}`);
  const packed = await pack(tidy);
  t.ok(packed.data.length < tidy.data.length / 2, `${tidy.data.length} → ${packed.data.length}`);
  t.equal(await pack(packed), packed);
  for (const image of [plain, tidy, packed]) {
    there.loadImage(image);
    t.match(run(there, "return step()"), "103 key2");
  }
  t.match(run(here, "return step()"), "103 key2", "the session can also just go on");
});

t.test("loading null is a new session, whatever was there before", async (t) => {
  const vm = await bear();
  run(vm, "x = {} for i = 1, 50000 do x[i] = tostring(i) end");
  vm.loadImage(null);
  t.equal(run(vm, "return tostring(x)"), "nil");
  vm.loadImage(null);
  t.equal(vm.saveImage().data.length, 0, "nothing differs from birth");
});

t.test("a session that has outgrown a slot makes it grow", async (t) => {
  const [large, small] = [await bear(), await bear()];
  run(large, "x = {} for i = 1, 100000 do x[i] = 'text ' .. i end");
  t.ok(large.bytes > 4 * small.bytes);
  small.loadImage(large.saveImage());
  t.equal(small.bytes >= large.bytes, true);
  t.equal(run(small, "collectgarbage() return #x .. x[100000]"), "100000text 100000");
  small.loadImage(null);
  t.equal(run(small, "return tostring(x)"), "nil", "and a small one fits it again");
});

t.test("an image of a session that uses all of its memory fits a fresh slot", async (t) => {
  const [large, small] = [await bear(), await bear()];
  // Code needs some memory too.
  const fill = "pcall(function() while true do x = { x } end end) for i = 1, 5000 do x = x[1] end collectgarbage()";
  run(large, fill, 60_000);
  t.ok(large.bytes > 16 * 2 ** 20 - 2 * 65_536, "nearly to the last byte");
  const ask = "local n = 0 while x do n, x = n + 1, x[1] end collectgarbage() return n";
  small.loadImage(large.saveImage());
  t.ok(Number(run(small, ask, 60_000)) > 100_000);
});

t.test("an image that is larger than the memory limit is refused and leaves the VM usable", async (t) => {
  const { bear: bearSmall } = await vmFactory({ memoryLimit: 4 * 2 ** 20 });
  const [large, small] = [await bear(), await bearSmall()];
  run(large, "x = {} for i = 1, 200000 do x[i] = i end");
  t.throws(() => small.loadImage(large.saveImage()), { code: "LIMIT_MEMORY" });
  small.loadImage(null);
  t.equal(run(small, "return 'usable'"), "usable");
});

t.test("an image of another birth is refused and changes nothing", async (t) => {
  const vm = await bear();
  run(vm, "x = 1");
  const foreign: MemoryImage[] = [
    (await (await vmFactory({ seed: 2 })).bear()).saveImage(),
    (
      await (await vmFactory({ runtime: [{ name: "main", source: "return function() return '' end" }] })).bear()
    ).saveImage(),
  ];
  for (const image of foreign) t.throws(() => vm.loadImage(image), { code: "IMAGE_FOREIGN" });
  t.equal(run(vm, "return x"), "1");
});

t.test("300 sessions that take turns in 3 slots never see each other's state", async (t) => {
  const slots = [here, there, await bear()];
  const images = Array.from({ length: 300 }, (): MemoryImage | null => null);
  const rounds = 4;
  for (let turn = 0; turn < rounds * images.length; turn++) {
    const number = (turn * 7919) % images.length;
    const vm = slots[turn % slots.length]!;
    vm.loadImage(images[number] ?? null);
    vm.host = (_, argument) => `${argument} for ${number}`;
    const expected = Math.floor(turn / images.length) + 1;
    const got = run(
      vm,
      `if not me then
         me, count, kept = ${number}, 0, {}
         co = coroutine.wrap(function() local n = 0 while true do n = n + 1 coroutine.yield(n) end end)
       end
       count = count + 1
       for i = 1, me % 50 do kept[#kept + 1] = me .. ":" .. i end
       for _, text in ipairs(kept) do assert(text:match("^(%d+):") == tostring(me)) end
       return table.concat({ me, count, co(), #kept, host("call", "host") }, " ")`,
    );
    if (got !== `${number} ${expected} ${expected} ${expected * (number % 50)} host for ${number}`) t.fail(got);
    images[number] = vm.saveImage({ tidy: turn % 10 === 0 });
    if (turn % 7 === 0) images[number] = await pack(images[number]);
  }
});

t.test("an image holds no text of events that are over, and not the C stack", async (t) => {
  const vm = await bear();
  run(vm, "return 1");
  const before = vm.saveImage({ tidy: true }).data.length;
  run(vm, `local secret = "${"s3cret ".repeat(300)}" return #secret`);
  const image = vm.saveImage({ tidy: true });
  t.notOk(Buffer.from(image.data).includes("s3cret s3cret"));
  t.ok(image.data.length < before + 8192);
});

t.test(
  "images can be a difference to a base, which VMs change between; packed ones are the same sessions",
  async (t) => {
    const [vm, other] = [await bear(), await bear()];
    const bases = ["red", "green"].map((colour) => {
      vm.loadImage(null);
      run(vm, `colour, list = "${colour}", {} for i = 1, 3000 do list[i] = { i } end`);
      const base = vm.saveBase();
      vm.rebase(base);
      t.equal(vm.saveImage().data.length, 0, "it is the base");
      run(vm, "count = 1");
      const image = vm.saveImage();
      t.equal(image.base, base);
      t.ok(image.data.length < 32_768, `only what has come since: ${image.data.length} bytes`);
      return image;
    });
    const [red, green] = bases as [MemoryImage, MemoryImage];
    t.not(red.base?.name, green.base?.name);
    const step = "count = (count or 0) + 1 return colour .. count .. #list";
    const images = [red, green, null, await pack(red), green, green, red, null, await pack(green), red];
    for (const image of images) {
      other.loadImage(image);
      const expected = image ? `${image.base === red.base ? "red" : "green"}23000` : "attempt";
      t.match(run(other, step), expected);
    }
    t.match(await pack(other.saveImage()), { packed: true, base: { name: red.base?.name } });
  },
);

t.test("the same steps lead to the same base in another VM, and what was free in it stays unused", async (t) => {
  const steps = "x = {} for i = 1, 5000 do x[i] = { tostring(i) } end for i = 1, 5000, 2 do x[i] = nil end";
  const [one, two] = [await bear(), await bear()];
  for (const vm of [one, two]) run(vm, steps);
  const base = one.saveBase();
  t.equal(two.saveBase().name, base.name);
  one.rebase(base);
  run(one, "y = {} for i = 1, 1000 do y[i] = { tostring(i) } end");
  const inside = one.saveImage().runs.reduce((sum, from, index, runs) => {
    if (index % 2 === 1 || from >= base.bytes.length - 262_144) return sum;
    return sum + (runs[index + 1] ?? 0);
  }, 0);
  t.ok(inside < 24_576, `${inside} bytes of the base's own have changed`);
});

t.test("a packed image whose data is damaged is refused, and the VM keeps its session", async (t) => {
  const vm = await bear();
  run(vm, "x = 'precious' text = ('abc'):rep(1000)");
  const packed = await pack(vm.saveImage());
  for (const data of [packed.data.subarray(0, 100), Buffer.from("nonsense"), new Uint8Array()]) {
    t.throws(() => vm.loadImage({ ...packed, data }), { code: "IMAGE_CORRUPT" });
    t.equal(run(vm, "return x"), "precious");
  }
});
