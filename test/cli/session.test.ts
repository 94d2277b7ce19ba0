import fs from "node:fs";
import path from "node:path";
import zlib from "node:zlib";
import t, { type Test } from "tap";
import { exportToFile, importFromFile, listSessions, rewind } from "../../src/cli/session.ts";
import { findPortable, keepPortable } from "../../src/host/kept-portable.ts";
import { decodeState, encodeState } from "../../src/host/state/portable-state.ts";
import { resumeOn, type ResumeSession } from "../../src/host/state/stored-sessions.ts";
import { MemoryStore } from "../../src/host/store/memory-store.ts";
import { openStore } from "../../src/host/store/open-store.ts";
import { describeSession } from "../../src/host/store/session-description.ts";
import type { SessionStore } from "../../src/host/store/session-store.ts";
import { WorkerPool } from "../../src/host/worker-pool.ts";
import { MoonpoolError } from "../../src/protocol/main.ts";
import { sessionEvent } from "../../src/protocol/worker-message.ts";
import { run } from "./command.ts";

const site = {
  lua: {
    "main.lua": `
      Person = session:prototype("Person", { name = "" })
      local App = session:prototype("App", { people = EMPTY })
      function App:add(name) table.insert(self.people, Person:new({ name = name })) end
      local app = App:new({ people = {} })
      app.onAdd = function() end
      app:add("Ada")
      session:createAppVariable(app)
      -- Something for the journal of a session that nobody opens.
      session:keep("more", function() return nil end, function(name) if name then app:add(name) end end)`,
  },
};
const siteDir = t.testdir(site);
const pool = new WorkerPool({ dir: siteDir, threads: 1 });
t.teardown(() => pool.close());
await pool.ready;
const resume = resumeOn(pool, new MemoryStore());

const start = sessionEvent(
  "start",
  0,
  1000,
  JSON.stringify({ seed: "5eed".repeat(8), development: true, hotload: false }),
);
const add = (name: string): string => {
  const kept = { format: 1, kept: [["more", name]], modules: [], gone: [], prototypes: [], objects: [], left: [] };
  return sessionEvent("import", 0, 2000, JSON.stringify(kept));
};
const [one, two] = ["1", "2"].map((digit) => digit.repeat(32)) as [string, string];

/** A store with one session, whose journal has a record for each name. */
function storeWith(...names: string[]): MemoryStore {
  const store = new MemoryStore();
  store.append(one, start);
  for (const name of names) store.append(one, add(name));
  store.describe(one, describeSession({ browser: "b", lastActivity: 1_700_000_000_000, site: "" }));
  return store;
}

const options = { format: "json", compression: "brotli", site: "people", version: "1.2.3", resume } as const;

async function people(store: SessionStore, id: string): Promise<string[]> {
  const { state } = decodeState((await exportToFile(store, id, options)).file);
  const { objects } = JSON.parse(state) as { objects: { prototype?: string; fields?: { name?: string } }[] };
  return objects.flatMap(({ prototype, fields }) => (prototype === "Person" ? [fields?.name ?? ""] : []));
}

async function fails(t: Test, work: Promise<unknown>, code: string, message?: RegExp): Promise<void> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  t.ok(error instanceof MoonpoolError, String(error));
  if (!(error instanceof MoonpoolError)) return;
  t.equal(error.code, code);
  if (message) t.match(error.message, message);
}

t.test(
  "a kept session is exported as it was after its last record, with what cannot leave it; the store stays as it is",
  async (t) => {
    const store = storeWith("Bob", "Eve");
    const { file, id, left } = await exportToFile(store, one, options);
    const { state, ...origin } = decodeState(file);
    t.match(origin, { site: "people", version: "1.2.3", session: one, format: "json", compression: "brotli" });
    t.equal(id, one);
    t.same(left, ["app.onAdd (function)"]);
    t.match(state, /"Ada".*"Bob".*"Eve"/);
    t.equal((await store.load(one))?.records.length, 3);
  },
);

t.test("an exported session is imported into another store, in each form, and is the same there", async (t) => {
  const store = storeWith("Bob");
  for (const format of ["json", "msgpack"] as const) {
    const other = new MemoryStore();
    const { file } = await exportToFile(store, one, { ...options, format });
    const { id, objects, notes } = await importFromFile(other, file, { development: false, hotload: false, resume });
    t.match(id, /^[0-9a-f]{32}$/);
    t.equal(objects, 4);
    t.match(notes, [/^app\.onAdd was a function/]);
    t.same(await people(other, id), ["Ada", "Bob"], format);
    const { records, description } = (await other.load(id)) ?? { records: [], description: "" };
    t.same(
      records.map((record) => record.split(" ")[0]),
      ["start", "import"],
    );
    t.match(JSON.parse(description), { browser: "", site: "" });
  }
});

t.test("an import gets the id that is asked for, if no session has it and it is one", async (t) => {
  const store = storeWith();
  const { file } = await exportToFile(store, one, options);
  const importAs = (id: string) => importFromFile(store, file, { id, development: false, hotload: false, resume });
  await fails(t, importAs(one), "SESSION_EXISTS");
  await fails(t, importAs("../../etc"), "CONFIG_INVALID", /32 digits/);
  t.equal((await importAs(two)).id, two);
  t.same(await people(store, two), ["Ada"]);
});

t.test("what is no state, or what the site's code refuses, does not get into the store", async (t) => {
  const store = new MemoryStore();
  const importing = (bytes: Uint8Array) => importFromFile(store, bytes, { development: false, hotload: false, resume });
  await fails(t, importing(Buffer.from("no state")), "STATE_INVALID");
  const form = { format: "json", compression: "none" } as const;
  const portable = { version: "1", site: "s", session: one, exportedAt: "now" };
  await fails(t, importing(encodeState({ ...portable, state: "{}" }, form)), "STATE_INVALID", /no format/);
  const wrong = {
    format: 1,
    kept: [["more", { object: 1 }]],
    modules: [],
    gone: [],
    prototypes: [],
    objects: [{}],
    left: [],
  };
  const failing = t.testdir({ lua: { "main.lua": `session:keep("more", print, function() error("not that") end)` } });
  const other = new WorkerPool({ dir: failing, threads: 1 });
  t.teardown(() => other.close());
  const refused = encodeState({ ...portable, state: JSON.stringify(wrong) }, form);
  const failed = importFromFile(store, refused, {
    development: true,
    hotload: false,
    resume: resumeOn(other, new MemoryStore()),
  });
  await fails(t, failed, "LUA_ERROR", /keep more: not that/);
  t.same(await store.list(), []);
});

t.test("a session that cannot be resumed is not exported, and says why", async (t) => {
  const store = storeWith();
  const broken = t.testdir({ lua: { "main.lua": "local x = nil\nx.y = 1" } });
  const other = new WorkerPool({ dir: broken, threads: 1 });
  t.teardown(() => other.close());
  const failing = exportToFile(store, one, { ...options, resume: resumeOn(other, new MemoryStore()) });
  await fails(t, failing, "LUA_ERROR", /lua\/main\.lua:2/);
  const bad: ResumeSession = async (_id, _stored, _onMessage, onEnd) => {
    onEnd();
    return { exportState: () => new Promise(() => {}), close: () => {} };
  };
  await fails(t, exportToFile(store, one, { ...options, resume: bad }), "SESSION_ENDED");
  store.append(one, sessionEvent("import", 0, 3000, "{"));
  await fails(t, exportToFile(store, one, options), "STATE_INVALID");
  store.snapshot(one, 2, Buffer.from("image"));
  await fails(t, exportToFile(store, one, options), "STORE_CORRUPT");
});

t.test("sessions are named by their id or its beginning; others are not there", async (t) => {
  const store = storeWith("Bob");
  t.same(await people(store, "111"), ["Ada", "Bob"]);
  await fails(t, people(store, two), "SESSION_MISSING", /no session "2/);
  await fails(t, people(store, ""), "SESSION_MISSING");
  store.append("1".repeat(31) + "0", start);
  await fails(t, people(store, "111"), "SESSION_MISSING", /2 sessions have an id that begins with 111/);
  store.describe(two, "{}");
  await fails(t, people(store, two), "SESSION_MISSING", /but its description/);
});

t.test("list tells of each session its tabs, last activity, size and state, as a table and as JSON", async (t) => {
  const store = storeWith("Bob");
  const tab = sessionEvent("connect", 2, 3000, "{}");
  store.append(one, tab);
  store.describe(two, "lost");
  t.same(JSON.parse(await listSessions(store, { json: true })), [
    {
      id: one,
      tabs: 2,
      lastActivity: "2023-11-14T22:13:20.000Z",
      size: Buffer.byteLength(start + add("Bob") + tab),
      records: 3,
      state: "kept",
    },
    { id: two, tabs: 0, size: 0, records: 0, state: "kept" },
  ]);
  const lines = (await listSessions(store, { json: false })).split("\n");
  t.match(lines[0], /^ID +TABS +LAST ACTIVITY +BYTES +RECORDS +STATE$/);
  t.match(lines[1], new RegExp(`^${one}  2 +2023-11-14T22:13:20.000Z  \\d+ +3 +kept$`));
  t.match(lines[2], /^2+  0 +\? +0 +0 +kept$/);
  store.snapshot(one, 3, Buffer.from("image"));
  t.match(JSON.parse(await listSessions(store, { json: true })), [{ id: one, size: 5, records: 0 }, {}]);
  t.equal(await listSessions(new MemoryStore(), { json: false }), "There are no sessions.");
});

t.test("rewind takes back the last events, says which, and the session goes on from there", async (t) => {
  const store = storeWith("Bob", "Eve", "Mallory");
  t.same(await rewind(store, one, { to: 3 }), {
    id: one,
    position: 3,
    undone: [`4 1970-01-01T00:00:02.000Z import: ${add("Mallory").split("\n")[1]}`.slice(0, 99) + "…"],
  });
  t.same(await people(store, one), ["Ada", "Bob", "Eve"]);
  const { position, undone } = await rewind(store, one, { events: 2 });
  t.equal(position, 1);
  t.same(
    undone.map((line) => line.split(" ")[0]),
    ["3", "2"],
    "the newest first",
  );
  t.same(await people(store, one), ["Ada"]);
});

t.test("a frame that is taken back is told with its tab and what was in it", async (t) => {
  const store = storeWith();
  store.append(one, sessionEvent("frame", 3, 2000, '1\nupdate 12 "Ada"\ndestroy -1'));
  t.same((await rewind(store, one, { events: 1 })).undone, [
    '2 1970-01-01T00:00:02.000Z frame 3: update 12 "Ada"; destroy -1',
  ]);
});

t.test("rewind refuses positions that cannot be reached, and changes nothing", async (t) => {
  const store = storeWith("Bob", "Eve", "Mallory");
  await fails(t, rewind(store, one, { to: 4 }), "STORE_POSITION", /at position 4, and 4 is not before it/);
  await fails(t, rewind(store, one, { to: 9 }), "STORE_POSITION");
  await fails(t, rewind(store, one, { to: 0 }), "STORE_POSITION", /begins at position 1/);
  await fails(t, rewind(store, one, { events: 0 }), "STORE_POSITION");
  await fails(t, rewind(store, one, { events: 4 }), "STORE_POSITION");
  await fails(t, rewind(store, two, { events: 1 }), "SESSION_MISSING");
  for (const position of [2, 3, 4]) store.snapshot(one, position, Buffer.from("image"));
  await fails(t, rewind(store, one, { to: 2 }), "STORE_POSITION");
  t.equal((await rewind(store, one, { to: 3 })).position, 3, "to the oldest snapshot that is kept");
});

t.test("moonpool session: list, export, import and rewind work on a store on the disk", async (t) => {
  const dir = t.testdir({ site, files: {} });
  const [data, file] = [path.join(dir, "data"), path.join(dir, "files/one.state")];
  const store = await openStore({ durability: "disk", dir: path.join(data, "store") });
  store.append(one, start);
  store.append(one, add("Bob"));
  store.describe(one, describeSession({ browser: "b", lastActivity: 0, site: "" }));
  await store.close();
  const command = (name: string, ...args: string[]) => run(["session", name, "--data", data, ...args]);
  const at = ["--dir", path.join(dir, "site")];

  const exported = await command("export", "1111", ...at, "-o", file);
  t.same(exported, { code: 0, out: "", err: "not in it: app.onAdd (function)\n" });
  t.equal(fs.statSync(file).mode & 0o777, 0o600, "nobody else can read it");
  const { state, ...origin } = decodeState(fs.readFileSync(file));
  t.match(origin, { site: "site", session: one, format: "json", compression: "brotli" });
  t.match(state, /"Bob"/);

  t.equal((await command("rewind", one, "--events", "1")).code, 0);
  const plain = await command("export", one, ...at, "--plain");
  t.match(plain.out, /^moonpool-state 1 [0-9a-f]{64}\n.*"compression":"none".*\n\{"format":1/);
  t.notMatch(plain.out, /"Bob"/);

  const imported = await command("import", file, ...at, "--id", two);
  t.equal(imported.out, `${two}  4 objects\n`);
  t.match(imported.err, /^app\.onAdd was a function/);
  const listed = await command("list", "--json");
  t.match(JSON.parse(listed.out), [
    { id: two, tabs: 0, records: 2, state: "kept" },
    { id: one, tabs: 0, records: 1, state: "kept" },
  ]);

  for (const [args, message] of [
    [["export", "3333", ...at], /^SESSION_MISSING: There is no session "3333"/],
    [["import", path.join(dir, "nothing"), ...at], /^CONFIG_INVALID: .*nothing cannot be read/],
    [["import", path.join(dir, "site/lua/main.lua"), ...at], /^STATE_INVALID: The file is no portable state/],
    [["export", one, "--dir", dir], /^SITE_MISSING: /],
    [["rewind", one], /^CONFIG_INVALID: Give --to POSITION or --events NUMBER/],
    [["rewind", one, "--to", "x"], /^CONFIG_INVALID/],
    [["rewind", one, "--to", "1"], /^STORE_POSITION/],
  ] as [string[], RegExp][]) {
    const { code, err } = await command(args[0]!, ...args.slice(1));
    t.equal(code, 1);
    t.match(err, message);
  }
  t.match(
    (await run(["session", "list", "--data", path.join(dir, "no")])).err,
    /^CONFIG_INVALID: There are no sessions in/,
  );
  t.notOk(fs.existsSync(path.join(dir, "no")), "looking makes no store");
});

t.test("a store that a server has open is left alone", async (t) => {
  const data = path.join(t.testdir({}), "data");
  const store = await openStore({ durability: "disk", dir: path.join(data, "store") });
  const { code, err } = await run(["session", "list", "--data", data]);
  await store.close();
  t.equal(code, 1);
  t.match(err, /^STORE_IN_USE: .*\n.*End that process/);
  t.equal((await run(["session", "list", "--data", data])).out, "There are no sessions.\n");
});

t.test("without --data it is the data folder of the site: of its settings, or the default", async (t) => {
  const dir = t.testdir({ lua: { "main.lua": "" } });
  const put = async (data: string, id: string): Promise<void> => {
    const store = await openStore({ durability: "disk", dir: path.join(dir, data, "store") });
    store.append(id, start);
    await store.close();
  };
  const list = async (args: string[] = [], env: Record<string, string> = {}): Promise<string[]> => {
    const { out } = await run(["session", "list", "--json", "--dir", dir, ...args], env);
    return (JSON.parse(out) as { id: string }[]).map(({ id }) => id);
  };
  await put(".moonpool", "plain");
  await put(".moonpool-admin-area", "prefixed");
  await put("elsewhere", "configured");
  t.same(await list(), ["plain"]);
  t.same(await list([], { MOONPOOL_PREFIX: "/admin/area/" }), ["prefixed"]);
  fs.writeFileSync(path.join(dir, "moonpool.config.json"), JSON.stringify({ data: "elsewhere", prefix: "/admin" }));
  t.same(await list(), ["configured"]);
  t.same(await list(["--data", path.join(dir, ".moonpool")]), ["plain"]);
});

t.test("rewind takes back a portable state that is of later", async (t) => {
  for (const [position, isThere] of [
    [3, false],
    [2, true],
  ] as const) {
    const store = await openStore({ durability: "disk", dir: t.testdir({}) });
    for (const record of [start, add("Bob"), add("Eve")]) store.append(one, record);
    keepPortable(store, one, position, zlib.deflateRawSync("{}"));
    await rewind(store, one, { to: 2 });
    t.match(await findPortable(store, one), isThere ? { state: "{}", position } : undefined);
    await store.close();
  }
});

t.test("a damaged session is listed as such and keeps nobody from the others", async (t) => {
  const store = storeWith();
  const damaged: SessionStore = Object.assign(Object.create(store) as MemoryStore, {
    list: async () => [
      { id: one, description: "" },
      { id: two, description: "", damaged: true },
    ],
    load: async (id: string) => {
      if (id === two) throw new MoonpoolError("STORE_CORRUPT");
      return { description: "", snapshot: undefined, records: [start] };
    },
    release: () => {},
  });
  t.match(JSON.parse(await listSessions(damaged, { json: true })), [
    { id: one, state: "kept" },
    { id: two, state: "damaged" },
  ]);
});
