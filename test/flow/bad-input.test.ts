import t from "tap";
import { errors } from "../../src/protocol/main.ts";
import { Mirror } from "../support/mirror.ts";
import { startRealHost } from "../support/real-host.ts";

/** Slots of App, in the order of the viewdef. */
const slot = {
  count: 0,
  name: 1,
  press: 2,
  checked: 3,
  item: 4,
  items: 5,
  bad: 6,
  setBad: 7,
  require: 8,
  required: 9,
  fail: 10,
  missing: 11,
  nested: 12,
};

const site: Record<string, string> = {
  "lua/main.lua": `
local Item = session:prototype("Item", { text = "one" })
local App = session:prototype("App", { count = 0, name = "", item = EMPTY, items = EMPTY, bad = "good", required = "", even = 0, deep = EMPTY })
function App:press() self.count = self.count + 1 end
function App:checked(value)
  if value == nil then return self.even end
  if type(value) ~= "number" or value % 2 ~= 0 then error("an even number, please") end
  self.even = value
end
local cycle = {}
cycle[1] = cycle
local values = {
  ["function"] = print, nan = 0 / 0, infinity = 1 / 0, cycle = cycle, thread = coroutine.create(print),
  ["function in an array"] = { print }, good = "good", ["nil"] = nil,
}
local views = { untyped = { text = "x" }, unknown = { type = "Nowhere" }, odd = { type = {} }, text = "text", number = 5 }
local lists = { object = Item:new(), ["a text"] = "abc", flag = true }
function App:setBad(name)
  self.bad = values[name]
  self.item = views[name] or Item:new()
  self.items = lists[name] or { Item:new() }
end
function App:require(name) self.required = tostring(require(name)) end
function App:fail() self.count = self.count + 100 error({ message = "a table was raised" }) end
session:createAppVariable(App:new{ item = Item:new(), items = { Item:new() } })
`,
  "lua/inside.lua": `return "inside"`,
  "secret.lua": `return "secret"`,
  "viewdefs/App.DEFAULT.html": `<template><main><b ui-value="count"></b><input ui-value="name"><button ui-action="press()"></button>
<input ui-value="checked()?access=rw"><div ui-view="item"></div><ul ui-viewlist="items"></ul><i ui-value="bad"></i>
<i ui-action="setBad(_)"></i><i ui-action="require(_)"></i><i ui-value="required"></i><i ui-action="fail()"></i>
<i ui-action="missing()"></i><input ui-value="deep.first.last"></main></template>`,
  "viewdefs/Item.DEFAULT.html": `<template><p ui-value="text"></p></template>`,
  "viewdefs/Hidden.DEFAULT.html": `<template><p ui-value="hidden"></p></template>`,
};

const host = await startRealHost(t, site, { timeLimit: 500 });

/** A session with a page, a second tab on it that only looks on, and another session; what all of them show is `same`. */
async function open(): Promise<{ page: Mirror; goesOn: () => Promise<void>; same: () => Promise<boolean> }> {
  const [browser, stranger] = [host.browser(), host.browser()];
  const path = await browser.start();
  const page = await Mirror.of(await browser.connect(path));
  const watcher = await Mirror.of(await browser.connect(path));
  const other = await Mirror.of(await stranger.connect(await stranger.start()));
  const before = JSON.stringify(watcher.shown());
  const otherBefore = JSON.stringify(other.shown());
  return {
    page,
    /** Nobody has been sent anything but the sender, and a new tab shows what the first one did. */
    async same() {
      const fresh = await Mirror.of(await browser.connect(path));
      fresh.tab.close();
      const states = [JSON.stringify(watcher.shown()), JSON.stringify(fresh.shown()), before];
      return new Set(states).size === 1 && JSON.stringify(other.shown()) === otherBefore && other.frames === 1;
    },
    /** Every one of them counts when the button is pressed. */
    async goesOn() {
      for (const mirror of [page, watcher, other]) {
        const count = mirror.slot(slot.count);
        const next = Number(mirror.values.get(count)) + 1;
        mirror.write(mirror.slot(slot.press));
        await mirror.until(() => mirror.values.get(count) === next);
        if (mirror === page) await watcher.until(() => watcher.values.get(count) === next);
        if (mirror === watcher) await page.until(() => page.values.get(count) === next);
      }
    },
  };
}

const M = 1024 * 1024;
type Case = (page: Mirror) => string | Buffer | object[];
const update = (id: unknown, value: unknown = 1): object => ({ type: "update", id, value });

/** By code: what is sent as it is (a text), or as the messages of a frame. */
const frames: Record<string, Record<string, Case>> = {
  FRAME_NOT_JSON: {
    "no JSON": () => "hello",
    "an empty frame": () => "",
    "JSON that ends early": ({ tab }) => `{"seq":${++tab.seq},"ack":1,"event":true,"messages":[{`,
    "a NUL": () => "\0",
    NaN: ({ tab }) => `{"seq":${++tab.seq},"ack":1,"event":true,"messages":[{"type":"update","id":2,"value":NaN}]}`,
  },
  FRAME_INVALID: {
    "an array": () => "[]",
    null: () => "null",
    "a binary frame": () => Buffer.from(`{"ack":1}`),
    "an id that is a text": () => [update("2")],
    "an id that is no whole number": () => [update(2.5)],
    "the id 0": () => [update(0)],
    "an id beyond all numbers": () => [update(1e300)],
    "no value": () => [{ type: "update", id: 2 }],
    "an unknown message": () => [{ type: "dance", id: 2 }],
    "no type": () => [{ id: 2, value: 1 }],
    "a good message and a bad one": (page) => [update(page.slot(slot.name), "changed"), { type: "dance" }],
    "messages that are no array": ({ tab }) => `{"seq":${++tab.seq},"ack":1,"event":true,"messages":{}}`,
    "an event that is a number": ({ tab }) => `{"seq":${++tab.seq},"ack":1,"event":1,"messages":[]}`,
    "a seq that is a text": () => `{"seq":"1","ack":1,"event":true,"messages":[]}`,
    "a seq below 1": () => `{"seq":-1,"ack":1,"event":true,"messages":[]}`,
    "an ack of the future": ({ tab }) => `{"seq":${++tab.seq},"ack":999,"event":true,"messages":[]}`,
    "a value nested 5,000 deep": ({ tab }) =>
      `{"seq":${++tab.seq},"ack":1,"event":true,"messages":[{"type":"update","id":3,"value":${"[".repeat(5000) + "]".repeat(5000)}}]}`,
    "a number beyond all numbers": ({ tab }) =>
      `{"seq":${++tab.seq},"ack":1,"event":true,"messages":[{"type":"update","id":3,"value":1e999}]}`,
    "only a prototype": ({ tab }) =>
      `{"seq":${++tab.seq},"ack":1,"event":true,"messages":[{"__proto__":{"type":"update","id":3,"value":1}}]}`,
  },
  FRAME_SEQ: {
    "a seq that leaves a gap": ({ tab }) => `{"seq":${tab.seq + 2},"ack":1,"event":true,"messages":[]}`,
  },
  FRAME_TOO_MANY: {
    "10,000 messages": (page) => Array.from({ length: 10_000 }, () => update(page.slot(slot.name), "changed")),
  },
  FRAME_TOO_LARGE: {
    "10 MB": (page) => [update(page.slot(slot.name), "x".repeat(10 * M))],
    "1 MB of characters that take two bytes": (page) => [update(page.slot(slot.name), "ü".repeat(0.6 * M))],
  },
  VARIABLE_UNKNOWN: {
    "a variable that never was": () => [update(4711)],
    "a variable of nobody": () => [update(-3)],
    "a child of a variable that never was": () => [{ type: "create", id: -1, parent: 4711, path: "name" }],
    "a child of a variable that shows no view": (page) => [
      { type: "create", id: -1, parent: page.slot(slot.name), path: "name" },
    ],
    "the end of a variable that never was": () => [{ type: "destroy", id: -7 }],
  },
  PATH_NOT_ALLOWED: {
    "a path of no viewdef": () => [{ type: "create", id: -1, parent: 1, path: "even" }],
    "a path of a viewdef that was not sent": () => [{ type: "create", id: -1, parent: 1, path: "hidden" }],
    "a longer path than the viewdef's": () => [{ type: "create", id: -1, parent: 1, path: "name.first" }],
    "a path that is none": () => [{ type: "create", id: -1, parent: 1, path: "a[0] or os.exit()" }],
    "a metatable": () => [{ type: "create", id: -1, parent: 1, path: "__index" }],
  },
};

for (const [code, cases] of Object.entries(frames)) {
  t.test(`${code}: ${Object.keys(cases).join(", ")}: told so, nothing changed, all go on`, async (t) => {
    const { page, same, goesOn } = await open();
    for (const [what, make] of Object.entries(cases)) {
      const input = make(page);
      if (Array.isArray(input)) page.tab.send(input);
      else page.tab.sendText(input);
      await page.until(() => page.faults.length > 0);
      t.equal(page.faults[0]?.code, code, what);
      t.match(page.faults[0]?.message, /^.{10,150}\.$/, "in words");
      t.equal(page.faults.length, 1);
      t.equal(page.errors.size, 0);
      page.faults.length = 0;
    }
    t.ok(await same());
    await goesOn();
  });
}

t.test("a frame that came before is acknowledged and not carried out again", async (t) => {
  const { page, goesOn } = await open();
  const count = page.slot(slot.count);
  page.write(page.slot(slot.press));
  await page.until(() => page.values.get(count) === 1);
  page.tab.sendText(
    `{"seq":1,"ack":1,"event":true,"messages":[{"type":"update","id":${page.slot(slot.press)},"value":null}]}`,
  );
  await goesOn();
  t.equal(page.values.get(count), 3, "the press of each tab, and not the repeated one");
  t.equal(page.faults.length, 0);
});

const errorsOf: Record<string, (page: Mirror) => [id: number, value: unknown]> = {
  PATH_READ_ONLY: (page) => [page.slot(slot.count), 100],
  PATH_NIL: (page) => [page.slot(slot.nested), "x"],
  METHOD_MISSING: (page) => [page.slot(slot.missing), null],
  LUA_ERROR: (page) => [page.slot(slot.checked), 3],
};

for (const [code, make] of Object.entries(errorsOf)) {
  t.test(`${code} is told on the variable that was written, nothing changed, all go on`, async (t) => {
    const { page, same, goesOn } = await open();
    const [id, value] = make(page);
    page.tab.send([{ type: "update", id, value }]);
    await page.until(() => page.errors.size > 0);
    t.strictSame([...page.errors.keys()], [id]);
    t.match(page.errors.get(id), { code, message: /\w{3}/ });
    t.equal(page.faults.length, 0);
    t.ok(await same());
    await goesOn();
  });
}

t.test("a setter that refuses a value puts the page right and says why; the next good value clears it", async (t) => {
  const { page, goesOn } = await open();
  const id = page.slot(slot.checked);
  page.values.set(id, 3); // what a browser has in its field
  page.write(id, 3);
  await page.until(() => page.errors.has(id));
  t.match(page.errors.get(id), { code: "LUA_ERROR", message: /an even number, please/, file: "lua/main.lua" });
  await page.until(() => page.values.get(id) === 0);
  page.write(id, 4);
  await page.until(() => !page.errors.has(id));
  await goesOn();
});

t.test("an action that raises a table in the middle keeps what it did, tells the error, and all go on", async (t) => {
  const { page, goesOn } = await open();
  page.write(page.slot(slot.fail));
  await page.until(() => page.errors.size > 0);
  t.match(page.errors.get(page.slot(slot.fail)), { message: "a table was raised" });
  t.equal(page.values.get(page.slot(slot.count)), 100);
  await goesOn();
});

const unencodable: Record<string, string> = {
  function: "VALUE_FUNCTION",
  nan: "VALUE_NOT_ENCODABLE",
  infinity: "VALUE_NOT_ENCODABLE",
  cycle: "VALUE_CYCLE",
  thread: "VALUE_NOT_ENCODABLE",
  "function in an array": "VALUE_FUNCTION",
};

const unshowable: Record<string, [slot: number, code: string]> = {
  untyped: [slot.item, "TYPE_MISSING"],
  unknown: [slot.item, "VIEWDEF_MISSING"],
  odd: [slot.item, "TYPE_MISSING"],
  text: [slot.item, "TYPE_MISSING"],
  number: [slot.item, "TYPE_MISSING"],
  object: [slot.items, "LIST_EXPECTED"],
  "a text": [slot.items, "LIST_EXPECTED"],
  flag: [slot.items, "LIST_EXPECTED"],
};
for (const [name, code] of Object.entries(unencodable)) unshowable[name] = [slot.bad, code];

for (const [name, [at, code]] of Object.entries(unshowable)) {
  t.test(
    `what cannot be shown (${name}) is ${code} on its variable in every tab, and gone with the next good value`,
    async (t) => {
      const { page, goesOn } = await open();
      page.write(page.slot(slot.setBad), name);
      await page.until(() => page.errors.size > 0);
      t.strictSame([...page.errors.keys()], [page.slot(at)]);
      t.match(page.errors.get(page.slot(at)), { code, message: /\w{3}/ });
      await goesOn();
      page.write(page.slot(slot.setBad), "good");
      await page.until(() => page.errors.size === 0);
      t.equal(page.values.get(page.slot(slot.bad)), "good");
      t.match(page.shown(page.slot(slot.item)), { viewdef: "Item.DEFAULT", slots: [{ value: "one" }] });
      t.match(page.shown(page.slot(slot.items)), { rows: [{ viewdef: "Item.DEFAULT" }] });
      t.equal(page.faults.length, 0);
      await goesOn();
    },
  );
}

t.test("require leaves the lua folder under no name: coded, nothing read, all go on", async (t) => {
  const { page, goesOn } = await open();
  const id = page.slot(slot.require);
  const names = [
    "../../etc/passwd",
    "/etc/passwd",
    "../secret",
    "..secret",
    "a/../../secret",
    "secret",
    "\0",
    "a\nb",
    "lua/secret.lua",
  ];
  for (const name of [...names, "x".repeat(100_000), "", 5, null, { a: 1 }]) {
    page.write(id, name);
    await page.until(() => page.errors.has(id));
    t.match(page.errors.get(id)?.code, /^(REQUIRE_NAME|REQUIRE_MISSING|LUA_ERROR)$/, JSON.stringify(name).slice(0, 40));
    t.notMatch(page.errors.get(id)?.message, host.dir, "and the message does not tell where the site is");
    page.write(id, "inside");
    await page.until(() => !page.errors.has(id));
    t.equal(page.values.get(page.slot(slot.required)), "inside");
  }
  await goesOn();
});

t.test(
  "a flood is cut with RATE_LIMIT and, if it goes on, ends its connection; the session and the others go on",
  async (t) => {
    const { page, goesOn } = await open();
    const { browser, path } = await host.open();
    const flood = await Mirror.of(await browser.connect(path));
    for (let sent = 0; sent < 5_000; sent++) flood.tab.send([update(flood.slot(slot.name), `flood ${sent}`)]);
    t.same(await flood.tab.closed, { code: 1008, reason: "RATE_LIMIT" });
    const next = await Mirror.of(await browser.connect(path));
    next.write(next.slot(slot.press));
    await next.until(() => next.values.get(next.slot(slot.count)) === 1);
    t.equal(page.faults.length, 0);
    await goesOn();
  },
);

t.test("every code of these tests is in the catalogue", async (t) => {
  const codes = [
    ...Object.keys(frames),
    ...Object.keys(errorsOf),
    ...Object.values(unshowable).map(([, code]) => code),
  ];
  for (const code of codes) t.ok(Object.hasOwn(errors, code), code);
});
