import * as fc from "fast-check";
import t from "tap";
import { errors, type Value } from "../../src/protocol/main.ts";
import type { Tab } from "../support/browser.ts";
import { Mirror, type Shown } from "../support/mirror.ts";
import { startRealHost } from "../support/real-host.ts";

const SEED = 20_250_101;
const FRAMES = 10_000;
const BATCH = 500;

/** Slots of App that the tests themselves use. */
const slot = { token: 0, say: 1 };

/** Whatever a client writes ends up everywhere: as a value, a view, a list, a setter's argument, a wrapper's value. */
const site: Record<string, string> = {
  "lua/main.lua": `
local Leaf = session:prototype("Leaf", { text = "leaf", n = 0 })
function Leaf:up() self.n = self.n + 1 end
function Leaf:rename(value) self.text = value end
local Folder = session:prototype("Folder", { name = "", children = EMPTY, inner = EMPTY, depth = 0 })
function Folder:add() if #self.children < 12 then table.insert(self.children, 1, Leaf:new{ n = #self.children }) end end
function Folder:remove() table.remove(self.children, 1) end
function Folder:reverse() table.sort(self.children, function(a, b) return tostring(a.n) > tostring(b.n) end) end
function Folder:replace(value) self.children = value end
function Folder:repair() self.children = { Leaf:new(), Leaf:new() } end
function Folder:nest() if self.depth < 4 then self.inner = Folder:new{ children = {}, depth = self.depth + 1 } end end
function Folder:drop() self.inner = nil end
function Folder:retype() self.type = rawget(self, "type") == nil and "Leaf" or nil end
local App = session:prototype("App", { token = "", any = EMPTY, folder = EMPTY, even = 0 })
function App:say(token) self.token = token end
function App:onlyEven(value)
  if value == nil then return self.even end
  if value % 2 ~= 0 then error({ message = "odd" }) end
  self.even = value
end
function App:keep(value) self.any = value end
function App:fresh() return { 1, { 2 }, self.any } end
Boxed = session:prototype("Boxed", { value = EMPTY })
function Boxed:new(variable)
  variable:setProperty("kind:high", type(variable:getValue()))
  return session:create(Boxed, { value = variable:getValue() })
end
Row = session:prototype("Row", { baseItem = EMPTY })
function Row:new(init) return session:create(Row, init) end
function Row:gone() self.list:remove(self) end
session:createAppVariable(App:new{ folder = Folder:new{ children = { Leaf:new() } } })
`,
  "viewdefs/App.DEFAULT.html": `<template><main><b ui-value="token"></b><i ui-action="say(_)"></i>
<input ui-value="any"><i ui-action="keep(_)"></i><input ui-value="onlyEven()?access=rw"><b ui-value="fresh()?priority=low"></b>
<b ui-class-on="!any"></b><b ui-class-some="any?priority=high"></b><div ui-view="any"></div>
<ul ui-viewlist="any"></ul><div ui-view="any?wrapper=Boxed"></div><div ui-view="folder"></div>
<ul ui-viewlist="folder.children?itemWrapper=Row"></ul><div ui-view="folder.children?wrapper=lua.ViewList"></div>
<ul ui-viewlist="folder.children?window=3&itemWrapper=Row"></ul><ul ui-viewlist="any?window=2&last=3"></ul></main></template>`,
  "viewdefs/Folder.DEFAULT.html": `<template><section><input ui-value="name"><b ui-value="../token"></b><ul ui-viewlist="children"></ul>
<div ui-view="inner"></div><i ui-action="add()"></i><i ui-action="remove()"></i><i ui-action="reverse()"></i><i ui-action="replace(_)"></i>
<i ui-action="repair()"></i><i ui-action="nest()"></i><i ui-action="drop()"></i><i ui-action="retype()"></i></section></template>`,
  "viewdefs/Leaf.DEFAULT.html": `<template><p><input ui-value="text"><b ui-value="n"></b><i ui-action="up()"></i><i ui-action="rename(_)"></i></p></template>`,
  "viewdefs/Row.DEFAULT.html": `<template><li><b ui-value="index"></b><div ui-view="baseItem"></div><i ui-action="gone()"></i></li></template>`,
  "viewdefs/Boxed.DEFAULT.html": `<template><em ui-value="value"></em></template>`,
};

// ------------------------------------------------------------------------------------------------ what is sent

/** `id` and `parent` are targets in good messages, anything in others. */
type Message = { type: string; id?: unknown; parent?: unknown; value?: unknown; path?: unknown };
/** `ok`: the frame is one that the host must accept. */
type Frame =
  | { ok: boolean; messages: unknown; event?: unknown }
  | { again: number }
  | { broken: (seq: number, ack: number) => string | Buffer; uses: boolean };

/** A variable: one that is there, by its place among them, or any number. */
const target = fc.oneof(
  { weight: 12, arbitrary: fc.record({ there: fc.nat() }) },
  {
    weight: 1,
    arbitrary: fc.record({ id: fc.oneof(fc.integer({ min: -6, max: -1 }), fc.integer({ min: 1, max: 500 })) }),
  },
);
const view = fc.constantFrom<Value>(
  { type: "Leaf", text: "made by a client" },
  { type: "Leaf", text: { type: "Leaf" } },
  { type: "Folder", children: [] },
  { type: "Folder", children: [{ type: "Leaf" }, { type: "Folder" }, 1, null] },
  { type: "Nowhere" },
  { type: 5 },
  { type: true },
  { type: "lua.ViewList", items: [1] },
  { obj: 1 },
  {},
  [],
  [[], {}, [[1]]],
);
const value = fc.oneof(
  { weight: 3, arbitrary: view },
  { weight: 1, arbitrary: fc.array(view, { maxLength: 5 }) },
  { weight: 2, arbitrary: fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Value> },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 40 }) },
  { weight: 1, arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Value>(
      "x".repeat(5000),
      "\0",
      "\ud800",
      "</script>",
      2 ** 53,
      -0,
      1e308,
      5e-324,
      "__index",
    ),
  },
);
const paths = [
  "token",
  "any",
  "any?priority=high",
  "fresh()?priority=low",
  "folder",
  "children",
  "say(_)",
  "text",
  "n",
  "../token",
  "inner",
  "any?wrapper=Boxed",
];
const path = fc.oneof(fc.constantFrom(...paths), fc.string({ minLength: 1, maxLength: 30 }));
const negative = fc.integer({ min: -6, max: -1 }).map((id) => ({ id }));
const good: fc.Arbitrary<Message> = fc.oneof(
  { weight: 10, arbitrary: fc.record({ type: fc.constant("update"), id: target, value }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("create"), id: negative, parent: target, path }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("destroy"), id: negative }) },
  {
    weight: 2,
    arbitrary: fc.record(
      {
        type: fc.constant("window"),
        id: target,
        start: fc.oneof(fc.nat(12), fc.maxSafeNat()),
        count: fc.integer({ min: 1, max: 1000 }),
        keep: fc.integer({ min: 1, max: 500 }),
      },
      { requiredKeys: ["type", "id", "start", "count"] },
    ),
  },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant("error"), code: fc.constant("X"), message: fc.string({ minLength: 1 }) }),
  },
);
const bad = fc.oneof(
  fc.record({
    type: fc.constant("update"),
    id: fc.oneof(fc.constantFrom(0, 1.5, 1e300, null, "1", [1], {}), fc.string()),
    value,
  }),
  fc.record({ type: fc.constantFrom("update", "create", "window"), id: target }),
  fc.record({
    type: fc.constant("window"),
    id: target,
    start: fc.constantFrom(-1, 0.5, "0", null),
    count: fc.constantFrom(1, 0, 1001),
  }),
  fc.record({ type: fc.constantFrom("create", "destroy"), id: fc.nat(), parent: target, path }),
  fc.record({
    type: fc.constant("create"),
    id: negative,
    parent: target,
    path: fc.constantFrom("", "p".repeat(1001), 1, null),
  }),
  fc.record({
    type: fc.oneof(fc.constantFrom("view", "welcome", "list", "__proto__", "Update"), fc.string({ maxLength: 3 })),
    id: target,
    value,
  }),
  fc.constantFrom(null, 1, "update", [], [[]], { __proto__: null, value: 1 }),
);
const frame: fc.Arbitrary<Frame> = fc.oneof(
  {
    weight: 80,
    arbitrary: fc.record({ ok: fc.constant(true), messages: fc.array(good, { minLength: 1, maxLength: 4 }) }),
  },
  {
    weight: 8,
    arbitrary: fc
      .tuple(fc.array(good, { maxLength: 2 }), bad, fc.array(good, { maxLength: 2 }))
      .map(([before, wrong, after]) => ({ ok: false, messages: [...before, wrong, ...after] })),
  },
  {
    weight: 3,
    arbitrary: fc.record({ ok: fc.constant(false), messages: fc.constantFrom<unknown>(null, {}, "x", 1, undefined) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      ok: fc.constant(false),
      messages: fc.array(good),
      event: fc.constantFrom<unknown>(0, "true", null, []),
    }),
  },
  { weight: 3, arbitrary: fc.record({ again: fc.nat({ max: 3 }) }) },
  {
    weight: 4,
    arbitrary: fc.constantFrom<Frame>(
      { uses: false, broken: () => "" },
      { uses: false, broken: () => "[]" },
      { uses: false, broken: () => "{}" },
      { uses: false, broken: () => "\u{1f4a3}" },
      { uses: false, broken: () => "[".repeat(20_000) },
      { uses: false, broken: () => Buffer.from([0xff, 0, 1]) },
      { uses: false, broken: (seq) => `{"seq":${seq + 1},"ack":0,"event":true,"messages":[]}` },
      { uses: false, broken: () => `{"seq":0,"ack":0,"event":true,"messages":[]}` },
      { uses: false, broken: (seq) => `{"seq":"${seq}","ack":0,"event":true,"messages":[]}` },
      { uses: false, broken: () => `{"seq":1e400,"ack":0,"event":true,"messages":[]}` },
      { uses: false, broken: () => `{"ack":1e9}` },
      { uses: true, broken: (seq) => `{"seq":${seq},"ack":0,"event":true,"messages":[` },
      { uses: true, broken: (seq) => `{"seq":${seq},"ack":1000000,"event":true,"messages":[]}` },
      { uses: true, broken: (seq) => `{"seq":${seq},"ack":-1,"event":true,"messages":[]}` },
      { uses: true, broken: (seq) => `{"seq":${seq},"ack":0,"event":true,"messages":[${"1,".repeat(1001)}1]}` },
      {
        uses: true,
        broken: (seq) => `{"seq":${seq},"ack":0,"event":true,"messages":[{"type":"update","id":2,"value":1e999}]}`,
      },
      {
        uses: true,
        broken: (seq) =>
          `{"seq":${seq},"ack":0,"event":true,"messages":[{"type":"update","id":2,"value":${"[".repeat(99)}${"]".repeat(99)}}]}`,
      },
    ),
  },
  { weight: 1, arbitrary: fc.string().map((text) => ({ uses: false, broken: () => text })) },
);

/** Puts variables that are there now in the place of targets. */
function resolve(message: unknown, ids: readonly number[]): unknown {
  if (typeof message !== "object" || message === null || Array.isArray(message)) return message;
  const place = (wanted: unknown): unknown => {
    if (typeof wanted !== "object" || wanted === null) return wanted;
    if ("there" in wanted) return ids[(wanted.there as number) % ids.length];
    return "id" in wanted ? wanted.id : wanted;
  };
  const { id, parent, ...rest } = message as Message;
  return {
    ...rest,
    ...(id === undefined ? {} : { id: place(id) }),
    ...(parent === undefined ? {} : { parent: place(parent) }),
  };
}

/** Sends a frame. True if the host has to answer it with a fault of its own. */
function send(tab: Tab, sample: Frame, ids: readonly number[], event: boolean): boolean {
  if ("again" in sample) {
    // One that was accepted before, or, at the beginning, none.
    tab.sendText(`{"seq":${Math.max(1, tab.seq - sample.again)},"ack":${tab.ack},"event":true,"messages":[]}`);
    if (tab.seq === 0) tab.seq = 1;
    return false;
  }
  if ("broken" in sample) {
    tab.sendText(sample.broken(tab.seq + 1, tab.ack));
    if (sample.uses) tab.seq++;
    return true;
  }
  const { ok, messages } = sample;
  const resolved = Array.isArray(messages) ? messages.map((message) => resolve(message, ids)) : messages;
  tab.sendText(
    JSON.stringify({
      seq: ++tab.seq,
      ack: tab.ack,
      event,
      messages: resolved,
      ...("event" in sample ? { event: sample.event } : {}),
    }),
  );
  return !ok;
}

// ------------------------------------------------------------------------------------------------ what is expected

/** Where two pages differ, apart from what one of them reports an error for; undefined when they do not. */
function difference(one: Shown, other: Shown, where = "app"): string | undefined {
  if (one.error !== undefined || other.error !== undefined) return undefined;
  if (one.viewdef !== other.viewdef) return `${where}: ${one.viewdef} and ${other.viewdef}`;
  for (const part of ["slots", "rows"] as const) {
    const [these, those] = [one[part] ?? [], other[part] ?? []];
    if (these.length !== those.length) return `${where}: ${these.length} and ${those.length} ${part}`;
    for (const [index, child] of these.entries()) {
      const found = difference(child, those[index] ?? {}, `${where} ${part}[${index}]`);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

/** Resolves when all that was sent has been answered. */
async function answered(page: Mirror, token: string): Promise<void> {
  page.write(page.slot(slot.say), token);
  await page.until(() => page.values.get(page.slot(slot.token)) === token);
}

const frameCodes = new Set(["FRAME_NOT_JSON", "FRAME_INVALID", "FRAME_SEQ", "FRAME_TOO_MANY", "FRAME_TOO_LARGE"]);

t.test(
  "a live session takes 10,000 generated frames: it answers right, others notice nothing, nothing is on stderr",
  async (t) => {
    t.comment(`seed ${SEED}`);
    const written: string[] = [];
    const write = process.stderr.write.bind(process.stderr);
    process.stderr.write = (text: string | Uint8Array) => written.push(String(text)) > 0;
    t.teardown(() => (process.stderr.write = write));
    const logged: { level: number; code?: string; msg: string }[] = [];
    const stream = { write: (line: string) => void logged.push(JSON.parse(line) as (typeof logged)[number]) };

    const host = await startRealHost(t, site, {
      rate: { perSecond: 1e6, burst: 1e6 },
      logger: { level: "warn", stream },
    });
    const browser = host.browser();
    const address = await browser.start();
    const fuzzed = await Mirror.of(await browser.connect(address));
    const watcher = await Mirror.of(await browser.connect(address));
    const stranger = host.browser();
    const other = await Mirror.of(await stranger.connect(await stranger.start()));
    const otherBefore = JSON.stringify(other.shown());
    const end = Date.now() + 150_000;

    const samples = fc.sample(frame, { numRuns: FRAMES, seed: SEED });
    let refused = 0;
    let told = 0;
    for (let at = 0; at < samples.length; at += BATCH) {
      for (const [index, sample] of samples.slice(at, at + BATCH).entries()) {
        if (send(fuzzed.tab, sample, fuzzed.ids, index % 3 > 0)) refused++;
        // Wait for the answers now and then, so that there are new variables to aim at.
        if (index % 25 === 24) await answered(fuzzed, `frame ${at + index}`);
      }
      const token = `batch ${at}`;
      await answered(fuzzed, token);
      await watcher.until(() => watcher.values.get(watcher.slot(slot.token)) === token);
      const fresh = await Mirror.of(await browser.connect(address));
      t.strictSame(watcher.shown(), fresh.shown(), `${token}: a tab that looked on shows what a new one shows`);
      t.equal(difference(fuzzed.shown(), fresh.shown()), undefined, `${token}: and so does the tab that sent it all`);
      fresh.tab.close();
      told += fuzzed.faults.filter(({ code }) => frameCodes.has(code)).length;
      t.ok(fuzzed.faults.every(({ code, message }) => Object.hasOwn(errors, code) && message !== ""));
      fuzzed.faults.length = 0;
      t.equal(watcher.faults.length, 0);
      if (Date.now() > end) throw new Error(`only ${at + BATCH} frames in the time`);
    }
    t.equal(told, refused, "each frame that was wrong was answered, and none that was right");
    t.equal(other.frames, 1);
    t.equal(JSON.stringify(other.shown()), otherBefore);
    other.write(other.slot(slot.say), "still here");
    await other.until(() => other.values.get(other.slot(slot.token)) === "still here");
    t.strictSame(
      logged.filter(({ level, code }) => level >= 50 && (code === undefined || code === "INTERNAL")),
      [],
    );
    t.strictSame(written, []);
  },
);
