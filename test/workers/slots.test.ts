import t from "tap";
import { MoonpoolError } from "../../src/protocol/error-code.ts";
import type { MemoryImage } from "../../src/protocol/session-image.ts";
import { LuaVm } from "../../src/workers/lua-vm.ts";
import { Slots, type Tenant } from "../../src/workers/slots.ts";
import { run, vmFactory } from "../support/vm.ts";

const { bear } = await vmFactory();
/** More than all images of a test. */
const ready = 2 ** 24;
const newTenant = (): Tenant => ({ vm: undefined, image: null });

/** Takes a VM, waiting for a birth if need be. */
async function take(slots: Slots, tenant: Tenant, now = 0): Promise<LuaVm> {
  for (;;) {
    const vm = slots.take(tenant, now);
    if (vm instanceof LuaVm) return vm;
    await vm;
  }
}

t.test(
  "VMs are born before they are needed, and no more than allowed; then the least recently used gives way",
  async (t) => {
    let births = 0;
    const slots = new Slots({ max: 2, ready, bear: () => (births++, bear()) });
    const [a, b, c] = [newTenant(), newTenant(), newTenant()];
    run(await take(slots, a, 1), "name = 'a'");
    t.equal(births, 2, "the next need not wait");
    run(await take(slots, b, 2), "name = 'b'");
    t.equal(births, 2);
    t.equal(slots.take(a, 3), a.vm, "who has a VM gets it at once");
    t.ok(slots.take(c, 4) instanceof LuaVm, "so does a newcomer, from somebody else");
    t.equal(births, 2);
    t.ok(a.vm);
    t.notOk(b.vm, "b was used before a");
    t.equal(run(await take(slots, b, 5), "return name"), "b");
    t.notOk(a.vm);
    t.equal(run(await take(slots, a, 6), "return name"), "a");
    t.equal(slots.size, 2);
  },
);

t.test("idle sessions give their VM back, spare VMs are given up, and images are packed", async (t) => {
  const slots = new Slots({ max: 8, ready, bear, idle: 1000 });
  const tenants = Array.from({ length: 6 }, newTenant);
  for (const [index, tenant] of tenants.entries()) run(await take(slots, tenant, index), `x = ${index}`);
  await slots.sweep(999);
  t.ok(
    tenants.every(({ vm }) => vm),
    "nobody is idle yet",
  );
  for (let now = 2000; now < 2010; now++) await slots.sweep(now);
  t.equal(slots.size, 2, "two stay for whoever comes");
  for (const tenant of tenants) {
    t.notOk(tenant.vm);
    t.equal(tenant.image?.packed, true);
    t.ok((tenant.image?.data.length ?? Infinity) < 20_000);
  }
  for (const [index, tenant] of tenants.entries())
    t.equal(run(await take(slots, tenant, 3000), "return x"), String(index));
});

t.test("the memory of spare VMs that are given up is given back although the thread does nothing else", async (t) => {
  const slots = new Slots({ max: 8, ready, bear, idle: 1000 });
  const tenants = Array.from({ length: 6 }, newTenant);
  for (const tenant of tenants) await take(slots, tenant);
  const vms = tenants.flatMap(({ vm }) => (vm ? [new WeakRef(vm)] : []));
  // Emscripten holds on to the newest.
  await bear();
  // What a turn has looked at stays until it is over.
  await new Promise(setImmediate);
  for (const tenant of tenants) slots.forget(tenant);
  await slots.sweep(10_000);
  t.equal(vms.length, 6);
  t.equal(vms.filter((vm) => vm.deref()).length, 2);
});

t.test("who is idle is told of the image that it goes on from, because that is not what its events made", async (t) => {
  const slots = new Slots({ max: 2, ready, bear, idle: 1000 });
  const told: MemoryImage[] = [];
  const tenant: Tenant = { ...newTenant(), tidied: (image) => told.push(image) };
  run(await take(slots, tenant, 0), "weak = setmetatable({}, { __mode = 'k' }) for i = 1, 9000 do weak[{}] = i end");
  await slots.sweep(2000);
  t.equal(told.length, 1);
  const elsewhere = await bear();
  elsewhere.loadImage(told[0] ?? null);
  const look = "local n = 0 for _ in pairs(weak) do n = n + 1 end return n .. ' ' .. tostring({})";
  t.equal(run(elsewhere, look), run(await take(slots, tenant, 3000), look), "both see the same of it");
  const [one, other] = [newTenant(), newTenant()];
  await take(slots, one, 3001);
  await take(slots, other, 3002);
  t.equal(told.length, 1, "who only gives way to others goes on from what it was");
});

t.test(
  "images beyond what is kept ready are packed at once; all sessions stay whole however they take turns",
  async (t) => {
    const most = 300_000;
    const slots = new Slots({ max: 3, bear, ready: most });
    const tenants = Array.from({ length: 40 }, newTenant);
    for (let turn = 0; turn < 400; turn++) {
      const index = (turn * 17 + Math.floor(turn / 40)) % tenants.length;
      const vm = await take(slots, tenants[index]!, turn);
      const code = `me = me or ${index} n = (n or 0) + 1 list = list or {} list[n] = me .. ":" .. n return me .. " " .. n .. " " .. table.concat(list, ",")`;
      const n = Math.floor(turn / 40) + 1;
      const list = Array.from({ length: n }, (_, at) => `${index}:${at + 1}`).join();
      if (run(vm, code) !== `${index} ${n} ${list}`) t.fail(`turn ${turn}`);
      // Packing goes on in between, or not.
      if (turn % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    const bytes = () => tenants.reduce((sum, { image }) => sum + (image && !image.packed ? image.data.length : 0), 0);
    while (bytes() > most) await new Promise((resolve) => setImmediate(resolve));
    t.equal(slots.size, 3);
    for (const tenant of tenants) slots.forget(tenant);
  },
);

t.test("an image that a session was loaded from stays good until it is discarded", async (t) => {
  const slots = new Slots({ max: 1, ready, bear });
  const [one, other] = [newTenant(), newTenant()];
  run(await take(slots, one), "x = 1");
  run(await take(slots, other), "x = 2");
  const before = one.image;
  const vm = await slots.take(one, 0, true);
  if (!(vm instanceof LuaVm) || !before) throw new Error("there is a VM that is free, and an image");
  run(vm, "x = 3");
  run(await take(slots, other), "x = 4");
  const again = await take(slots, one);
  t.equal(run(again, "return tostring(x)"), "3");
  again.loadImage(before);
  t.equal(run(again, "return tostring(x)"), "1");
  slots.discard(before);
});

t.test("a VM that has become large, or failed, is not given to the next", async (t) => {
  const slots = new Slots({ max: 4, ready, bear });
  const [large, next] = [newTenant(), newTenant()];
  const vm = await take(slots, large);
  run(vm, "t = {} for i = 1, 3e5 do t[i] = i end");
  t.ok(vm.bytes > 8 * 2 ** 20);
  slots.forget(large);
  t.equal(slots.size, 0);
  t.not(await take(slots, next), vm);
});

t.test("an image that cannot be loaded is told to its session alone, and the VM stays for others", async (t) => {
  const slots = new Slots({ max: 1, ready, bear });
  const [foreign, other] = [newTenant(), newTenant()];
  await take(slots, other);
  const image = other.vm?.saveImage() ?? null;
  foreign.image = image && { ...image, fingerprint: "of another version" };
  t.throws(() => slots.take(foreign, 1), { code: "IMAGE_FOREIGN" });
  t.equal(slots.size, 1);
  t.ok(slots.take(other, 2) instanceof LuaVm);
});

t.test("when no VM can be born the session that waits is told, and later ones can try again", async (t) => {
  let fails = true;
  const slots = new Slots({
    max: 1,
    ready,
    bear: () => (fails ? Promise.reject(new MoonpoolError("INTERNAL", "no room")) : bear()),
  });
  await t.rejects(take(slots, newTenant()), { message: "no room" });
  fails = false;
  t.ok(await take(slots, newTenant()));
});

t.test("a session that is closed by a failure while it rests takes no one else with it", async (t) => {
  const slots = new Slots({ max: 1, ready, bear });
  const [broken, next] = [newTenant(), newTenant()];
  const vm = await take(slots, broken);
  vm.close();
  t.ok(await take(slots, next, 1), "its VM cannot be saved, so another is born");
  t.throws(() => run(broken.vm!, "return 1"), { code: "INTERNAL" });
});
