import fs from "node:fs";
import path from "node:path";
import t, { type Test } from "tap";
import { HotLoader } from "../../../src/host/hotload/hot-loader.ts";
import { hotloadOf } from "../../../src/host/hotload/hotload-options.ts";
import type { SiteBatch } from "../../../src/host/hotload/site-watcher.ts";
import type { Session } from "../../../src/host/session.ts";
import { SessionHost } from "../../../src/host/session-host.ts";
import { SitePage } from "../../../src/host/site-page.ts";
import { ViewdefStore } from "../../../src/host/viewdefs/viewdef-store.ts";
import type { Reload, WireError } from "../../../src/protocol/main.ts";
import type { ReloadReport } from "../../../src/protocol/reload.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { changesOf, echo, FakePool, outcomeOf, reloaded, type FakeEvent } from "../../support/fake-pool.ts";
import { hostSettings } from "../../support/host-settings.ts";
import { MemoryWire, settled } from "../../support/memory-wire.ts";
import { makeSite, removeSite, writeSiteFile } from "../../support/site.ts";

/** What the VM of session number `index` makes of a reload: nothing means that it does not answer. */
type OnReload = (index: number, event: FakeEvent) => Partial<ReloadReport> | undefined;

interface Setup {
  dir: string;
  loader: HotLoader;
  pool: FakePool;
  host: SessionHost;
  store: ViewdefStore;
  clock: FakeClock;
  page: SitePage;
  /** Lines of the log: "level text". */
  log: string[];
  /** A running session with a page. */
  open: () => Promise<{ session: Session; wire: MemoryWire }>;
  /** Writes files (null: deletes them) and hands them over as the watcher would. */
  save: (files: Record<string, string | null>) => Promise<void>;
  /** May be replaced between reloads. */
  vm: { onReload: OnReload };
}

/** Every session reloads everything at once. */
const all: OnReload = (_, { body }) => ({ files: body.match(/(?<=^lua ).*/gm) ?? [] });

async function setup(t: Test, files: Record<string, string> = {}, tellPages = true): Promise<Setup> {
  const dir = makeSite({ "lua/main.lua": "one\ntwo\nthree\n", ...files });
  t.teardown(() => removeSite(dir));
  const clock = new FakeClock();
  const log: string[] = [];
  const note = (level: string) => (_: object, message: string) => void log.push(`${level} ${message}`);
  const logger = { error: note("error"), warn: note("warn"), info: note("info"), debug() {}, trace() {} };
  const vm: Setup["vm"] = { onReload: all };
  const pool = new FakePool((event, session) => {
    if (event.kind !== "reload") return echo(event, session);
    const index = pool.sessions.findIndex(({ id }) => id === session.id);
    const report = vm.onReload(index, event);
    if (report !== undefined) session.say(reloaded(report, outcomeOf([changesOf(1, { high: shown })])));
  });
  const hotload = hotloadOf({ enabled: true }, true);
  if (hotload === undefined) throw new Error("off");
  const loader = new HotLoader({ dir, hotload, tellPages, threads: 1, clock, log: logger });
  const store = await ViewdefStore.load(dir);
  const own = {
    development: tellPages,
    log: logger,
    viewdef: (key: string, hash: string) => store.get(key, hash)?.viewdefText,
    hotload: true,
    hotloadUi: tellPages ? hotload.ui : undefined,
    notice: (session: Session) => loader.greeting(session),
    maxSessions: 10_000,
    sessionTimeout: 0,
  };
  const host = new SessionHost(pool, hostSettings(clock, own));
  t.teardown(() => host.close());
  const page = new SitePage(dir);
  await loader.serve({ store, sessions: host, page, replacePlans: (plans) => pool.replacePlans(plans) });
  return {
    dir,
    loader,
    pool,
    host,
    store,
    clock,
    page,
    log,
    vm,
    open: async () => {
      const session = await host.create("anna");
      const wire = new MemoryWire();
      session.attach(wire);
      await settled();
      return { session, wire };
    },
    save: (files) => {
      for (const [name, text] of Object.entries(files)) {
        if (text === null) fs.rmSync(path.join(dir, name));
        else writeSiteFile(dir, name, text);
      }
      return loader.take(batchOf(files));
    },
  };
}

const shown = `{"type":"update","id":1,"value":"after"}`;

function batchOf(files: Record<string, string | null>): SiteBatch {
  const names = (folder: string): string[] => Object.keys(files).filter((name) => name.startsWith(folder));
  return {
    lua: names("lua/").filter((name) => files[name] !== null),
    gone: names("lua/").filter((name) => files[name] === null),
    viewdefs: names("viewdefs/"),
    html: names("html/").map((name) => name.slice(5)),
    since: performance.now(),
  };
}

/** What a page was told of reloads. */
function notices(wire: MemoryWire): Reload[] {
  return wire.messages.filter((message) => message.type === "reload");
}

/** The errors that a page shows now. */
function errorsOf(wire: MemoryWire): Reload["errors"] {
  return notices(wire).findLast(({ errors }) => errors !== undefined)?.errors;
}

/** The log with times left out. */
function lines(log: string[]): string[] {
  return log.splice(0).map((line) => line.replace(/\d+ ms/, "N ms"));
}

const bodies = (pool: FakePool, index = 0): string[] =>
  (pool.sessions[index]?.events ?? []).filter(({ kind }) => kind === "reload").map(({ body }) => body);

const broken = (file: string, line: number): Partial<ReloadReport> & { error: WireError } => ({
  error: { code: "LUA_SYNTAX", message: "'=' expected near 'x'", file, line },
});

const showing = (content: string): string => `<template>${content}</template>`;

t.test("a save reaches every session, its pages get what changed and a notice, and the log one line", async (t) => {
  const { save, open, log, pool, loader } = await setup(t);
  const pages = [await open(), await open(), await open()];
  await save({ "lua/app.lua": "x" });
  await settled();
  for (const [index, { wire }] of pages.entries()) {
    t.strictSame(bodies(pool, index), ["lua lua/app.lua"]);
    t.match(wire.messages.slice(-2), [
      { type: "update", id: 1, value: "after" },
      { type: "reload", done: { files: ["lua/app.lua"], sessions: 3, time: Number } },
    ]);
  }
  t.strictSame(lines(log), ["info reloaded lua/app.lua · 3 sessions · N ms"]);
  t.match(loader.reloads, { count: 1, failed: 0, lastTime: Number });
});

t.test("a save that no session needs is seen to have been noticed, and no page hears of it", async (t) => {
  const { save, open, log, vm } = await setup(t);
  await save({ "lua/new.lua": "x" });
  vm.onReload = () => ({ files: [] });
  const { wire } = await open();
  await save({ "lua/new.lua": "y", "lua/old.lua": "z" });
  t.strictSame(lines(log), [
    "info reloaded lua/new.lua · 0 sessions · N ms",
    "info reloaded lua/new.lua, lua/old.lua · 0 sessions · N ms",
  ]);
  t.strictSame(notices(wire), []);
});

t.test(
  "viewdefs: new plans are with the threads before any session is told, and Lua and viewdefs are one step",
  async (t) => {
    const { save, open, pool, log, vm, store } = await setup(t, { "viewdefs/A.DEFAULT.html": showing("<p></p>") });
    await open();
    let hash: unknown;
    vm.onReload = () => {
      hash = (JSON.parse(pool.plans?.get("A.DEFAULT") ?? "{}") as { hash?: string }).hash;
      return { files: ["lua/app.lua"] };
    };
    await save({
      "viewdefs/A.DEFAULT.html": showing("<b></b>"),
      "viewdefs/B.DEFAULT.html": showing("<i></i>"),
      "lua/app.lua": "",
    });
    t.equal(hash, store.get("A.DEFAULT")?.hash);
    t.strictSame(bodies(pool), ["lua lua/app.lua\nviewdef A.DEFAULT\nviewdef B.DEFAULT"]);
    t.strictSame(lines(log), [
      "info reloaded lua/app.lua, viewdefs/A.DEFAULT.html, viewdefs/B.DEFAULT.html · 1 session · N ms",
    ]);
  },
);

t.test("nothing that changed, nothing that is said: not to sessions, not in the log", async (t) => {
  const text = showing("<p></p>");
  const { save, open, pool, log, loader } = await setup(t, { "viewdefs/A.DEFAULT.html": text });
  const { wire } = await open();
  await save({ "viewdefs/A.DEFAULT.html": text });
  t.strictSame([bodies(pool), lines(log), notices(wire)], [[], [], []]);
  t.equal(loader.reloads.count, 0);
});

t.test(
  "an error: pages that run the code from before are told where and what, with lines and a link; others go on",
  async (t) => {
    const { save, open, vm, log, dir, loader } = await setup(t);
    const [first, second, third] = [await open(), await open(), await open()];
    vm.onReload = (index, event) => (index < 2 ? { files: [], ...broken("lua/main.lua", 2) } : all(index, event));
    await save({ "lua/main.lua": "one\ntwo x\nthree\n" });
    const [error] = errorsOf(first.wire) ?? [];
    t.strictSame(error, {
      code: "LUA_SYNTAX",
      message: "'=' expected near 'x'",
      file: "lua/main.lua",
      line: 2,
      severity: "error",
      running: "the code from before",
      source: [
        { number: 1, text: "one", marked: false },
        { number: 2, text: "two x", marked: true },
        { number: 3, text: "three", marked: false },
        { number: 4, text: "", marked: false },
      ],
      link: `vscode://file${dir}/lua/main.lua:2`,
    });
    t.strictSame(errorsOf(second.wire), [error]);
    t.strictSame(notices(third.wire), [{ type: "reload", done: notices(third.wire)[0]?.done }], "only the notice");
    t.strictSame(lines(log), [
      "error lua/main.lua:2: '=' expected near 'x'",
      "info reloaded lua/main.lua · 3 sessions · N ms · 2 of them still run the code from before",
    ]);
    t.match(loader.reloads, { count: 1, failed: 1 });
  },
);

t.test("when it is right again the error goes from all pages, and the log says what was reloaded", async (t) => {
  const { save, open, vm, log } = await setup(t);
  const pages = [await open(), await open()];
  vm.onReload = () => broken("lua/main.lua", 1);
  await save({ "lua/main.lua": "x" });
  t.strictSame(lines(log), [
    "error lua/main.lua:1: '=' expected near 'x'",
    "info not reloaded: lua/main.lua · 2 sessions still run the code from before · N ms",
  ]);
  vm.onReload = all;
  await save({ "lua/main.lua": "y" });
  for (const { wire } of pages) {
    t.strictSame(errorsOf(wire), []);
    t.ok(notices(wire).at(-1)?.done);
  }
  t.strictSame(lines(log), ["info reloaded lua/main.lua · 2 sessions · N ms"]);
});

t.test(
  "what failed is tried again with every batch until it succeeds: what it lacks may be in another file",
  async (t) => {
    const { save, open, vm, pool, log } = await setup(t, { "viewdefs/A.DEFAULT.html": showing("<p></p>") });
    const { wire } = await open();
    vm.onReload = () => broken("lua/a.lua", 1);
    await save({ "lua/a.lua": "require 'b'", "lua/old.lua": "" });
    await save({ "lua/old.lua": null });
    await save({ "viewdefs/A.DEFAULT.html": showing("<b></b>") });
    vm.onReload = all;
    lines(log);
    await save({ "lua/b.lua": "x" });
    await save({ "lua/c.lua": "x" });
    t.strictSame(bodies(pool), [
      "lua lua/a.lua\nlua lua/old.lua",
      "lua lua/a.lua\ngone lua/old.lua",
      "lua lua/a.lua\ngone lua/old.lua\nviewdef A.DEFAULT",
      "lua lua/a.lua\nlua lua/b.lua\ngone lua/old.lua",
      "lua lua/c.lua",
    ]);
    t.strictSame(errorsOf(wire), []);
    t.strictSame(lines(log), [
      "info reloaded lua/b.lua, lua/a.lua · 1 session · N ms",
      "info reloaded lua/c.lua · 1 session · N ms",
    ]);
  },
);

t.test("what the author should know all the same is a warning in the page and in the log", async (t) => {
  const { save, open, vm, log } = await setup(t);
  const pages = [await open(), await open()];
  const note = {
    code: "RELOAD_STALE",
    message: "a coroutine is inside old code",
    file: "lua/main.lua",
    line: 3,
  } as const;
  vm.onReload = () => ({ files: ["lua/main.lua"], notes: [note] });
  await save({ "lua/main.lua": "one\ntwo\nthree, changed\n" });
  for (const { wire } of pages)
    t.match(errorsOf(wire), [{ ...note, severity: "warning", source: [{}, {}, { marked: true }, {}] }]);
  t.strictSame(lines(log), [
    "warn lua/main.lua:3: a coroutine is inside old code",
    "info reloaded lua/main.lua · 2 sessions · N ms",
  ]);
});

t.test(
  "an invalid viewdef: all pages are told file and line, whoever connects later too, until it is right",
  async (t) => {
    const good = showing("<p></p>");
    const { save, open, log, pool, loader } = await setup(t, { "viewdefs/A.DEFAULT.html": good });
    const { session, wire } = await open();
    await save({ "viewdefs/A.DEFAULT.html": showing(`\n<b ui-vlaue="x"></b>`) });
    const wanted = [
      {
        code: "ATTRIBUTE_UNKNOWN",
        file: "viewdefs/A.DEFAULT.html",
        line: 2,
        severity: "error",
        running: "the viewdef from before",
        source: [{}, { marked: true }],
        link: /A\.DEFAULT\.html:2$/,
      },
    ];
    t.match(errorsOf(wire), wanted);
    t.strictSame(bodies(pool), [], "no session has to do anything");
    t.match(lines(log), [/^error viewdefs\/A\.DEFAULT\.html:2: .*did you mean ui-value/]);
    t.match(loader.reloads, { count: 0, failed: 1 });
    const later = new MemoryWire();
    session.attach(later);
    const { wire: other } = await open();
    for (const { messages } of [later, other]) t.match(messages.slice(0, 2), [{ type: "welcome" }, { errors: wanted }]);
    await save({ "viewdefs/A.DEFAULT.html": good });
    for (const each of [wire, later, other]) t.strictSame(errorsOf(each), []);
    t.strictSame(lines(log), ["info reloaded viewdefs/A.DEFAULT.html · 0 sessions · N ms"]);
  },
);

t.test("what is wrong with viewdefs from the start is said to whoever connects", async (t) => {
  const { open } = await setup(t, { "viewdefs/A.DEFAULT.html": "<p></p>" });
  const { wire } = await open();
  const [error] = errorsOf(wire) ?? [];
  t.match(error, { code: "VIEWDEF_TEMPLATE", file: "viewdefs/A.DEFAULT.html", line: 1 });
  t.equal(error?.running, undefined, "nothing runs instead");
});

t.test("one session's errors and those of viewdefs come and go without each other", async (t) => {
  const { save, open, vm } = await setup(t);
  const [first, second] = [await open(), await open()];
  const codes = (wire: MemoryWire): (string | undefined)[] | undefined => errorsOf(wire)?.map(({ code }) => code);
  vm.onReload = (index, event) => (index === 0 ? broken("lua/main.lua", 1) : all(index, event));
  await save({ "lua/main.lua": "x", "viewdefs/A.DEFAULT.html": "" });
  t.strictSame([codes(first.wire), codes(second.wire)], [["LUA_SYNTAX", "VIEWDEF_TEMPLATE"], ["VIEWDEF_TEMPLATE"]]);
  await save({ "viewdefs/A.DEFAULT.html": showing("<p></p>") });
  t.strictSame([codes(first.wire), codes(second.wire)], [["LUA_SYNTAX"], []]);
  vm.onReload = all;
  await save({ "lua/main.lua": "y" });
  t.strictSame([codes(first.wire), codes(second.wire)], [[], []]);
});

t.test("the same errors are not told twice", async (t) => {
  const { save, open, vm } = await setup(t);
  const { wire } = await open();
  vm.onReload = () => broken("lua/main.lua", 1);
  for (const name of ["a", "b", "c"]) await save({ [`lua/${name}.lua`]: "x" });
  t.equal(notices(wire).length, 1);
});

t.test(
  "static files: styles and images are exchanged in pages, the page itself and scripts load it anew",
  async (t) => {
    const { save, open, pool, log, page, dir } = await setup(t, { "html/index.html": "<p>one</p>" });
    const { wire } = await open();
    await save({ "html/style.css": "", "html/img/a b.png": "" });
    t.match(notices(wire), [
      { type: "reload", assets: ["/style.css", "/img/a%20b.png"] },
      { type: "reload", done: { files: ["html/style.css", "html/img/a b.png"], sessions: 1 } },
    ]);
    const facts = { prefix: "", session: "x", isSubPath: false, nonce: "n" };
    t.match(await page.render(facts), "one");
    const file = path.join(dir, "html/index.html");
    const { mtime } = fs.statSync(file);
    await save({ "html/index.html": "<p>two</p>" });
    fs.utimesSync(file, mtime, mtime);
    t.match(await page.render(facts), "two", "although its time and size are the same");
    t.strictSame(notices(wire).slice(2), [{ type: "reload", page: true }]);
    await save({ "html/app.mjs": "", "html/part.html": "", "html/a.css": "" });
    t.strictSame(notices(wire).slice(3), [
      { type: "reload", assets: ["/a.css"] },
      { type: "reload", page: true },
    ]);
    t.strictSame(bodies(pool), []);
    t.strictSame(lines(log), [
      "info reloaded html/style.css, html/img/a b.png · 1 session · N ms",
      "info reloaded html/index.html · 1 session · N ms",
      "info reloaded html/app.mjs, html/part.html, html/a.css · 1 session · N ms",
    ]);
  },
);

t.test("outside development mode sessions are reloaded and the log says so, but pages are told nothing", async (t) => {
  const { save, open, vm, log } = await setup(t, { "html/a.css": "" }, false);
  const { wire } = await open();
  t.notOk("hotload" in (wire.messages[0] ?? {}));
  vm.onReload = () => broken("lua/main.lua", 1);
  await save({ "lua/main.lua": "x", "viewdefs/A.DEFAULT.html": "", "html/a.css": "x", "html/index.html": "" });
  vm.onReload = all;
  await save({ "lua/main.lua": "y" });
  await settled();
  t.strictSame(notices(wire), []);
  t.match(wire.messages.at(-1), { value: "after" });
  t.match(lines(log), [
    /^error viewdefs.A.DEFAULT.html:1: /,
    "error lua/main.lua:1: '=' expected near 'x'",
    "info not reloaded: lua/main.lua, html/a.css, html/index.html · 1 session still runs the code from before · N ms",
    "info reloaded lua/main.lua · 1 session · N ms",
  ]);
});

t.test("a welcome says how pages show reloads", async (t) => {
  const { wire } = await (await setup(t)).open();
  t.match(wire.messages[0], {
    type: "welcome",
    hotload: { toasts: true, indicator: true, shortcuts: true, preserve: { form: true, scroll: true, focus: true } },
  });
});

t.test("those that somebody looks at come first, the most recently used before others", async (t) => {
  const { save, open, vm, host, clock } = await setup(t);
  const order: number[] = [];
  vm.onReload = (index, event) => (order.push(index), all(index, event));
  await host.create("nobody looks");
  clock.advance(1_000);
  await open();
  clock.advance(1_000);
  await open();
  clock.advance(1_000);
  await host.create("nobody looks either");
  await save({ "lua/a.lua": "" });
  t.strictSame(order, [2, 1, 3, 0]);
});

t.test(
  "few are under way at a time; those that are stuck hold up the others 100 ms, and never the next batch",
  async (t) => {
    const { save, open, pool, clock, vm, log } = await setup(t);
    for (let count = 0; count < 40; count++) await open();
    vm.onReload = () => undefined;
    const told = (): number => pool.sessions.filter((_, index) => bodies(pool, index).length > 0).length;
    const first = save({ "lua/a.lua": "" });
    for (const expected of [16, 32, 40]) {
      await settled();
      t.equal(told(), expected);
      clock.advance(100);
    }
    await first;
    t.strictSame(lines(log), [], "the line waits a little longer");
    clock.advance(2_000);
    await settled();
    t.strictSame(lines(log), ["info reloaded lua/a.lua · 0 sessions · N ms · 40 sessions still busy"]);
    vm.onReload = (index, event) => {
      pool.sessions[index]?.say(reloaded({ files: ["lua/a.lua"] }));
      return all(index, event);
    };
    await save({ "lua/b.lua": "" });
    t.strictSame(bodies(pool, 3).at(-1), "lua lua/a.lua\nlua lua/b.lua", "what was not answered is said again");
    t.strictSame(lines(log), ["info reloaded lua/b.lua, lua/a.lua · 40 sessions · N ms"]);
    vm.onReload = all;
    await save({ "lua/c.lua": "" });
    t.strictSame(bodies(pool, 3).at(-1), "lua lua/c.lua");
  },
);

t.test("a mistake that is undone is told as a reload, although no file had to run again", async (t) => {
  const { save, open, vm, log } = await setup(t);
  const { wire } = await open();
  vm.onReload = () => broken("lua/main.lua", 1);
  await save({ "lua/main.lua": "x" });
  vm.onReload = () => ({ files: [] });
  await save({ "lua/main.lua": "one" });
  t.match(lines(log).at(-1), "info reloaded lua/main.lua · 1 session · N ms");
  t.match(notices(wire).at(-1), { done: { files: ["lua/main.lua"], sessions: 1 } });
  await save({ "lua/main.lua": "one" });
  t.match(lines(log).at(-1), "info reloaded lua/main.lua · 0 sessions · N ms", "once");
});

t.test("a session that answers late counts, and its error is told and logged all the same", async (t) => {
  const { save, open, pool, clock, vm, log } = await setup(t);
  const [first, second] = [await open(), await open()];
  vm.onReload = (index, event) => (index === 0 ? undefined : all(index, event));
  const saved = save({ "lua/main.lua": "x" });
  await settled();
  clock.advance(100);
  await saved;
  t.strictSame(lines(log), [], "the line waits for it");
  pool.sessions[0]?.say(reloaded(broken("lua/main.lua", 1)));
  await untilDone(() => log.length === 2);
  t.match(errorsOf(first.wire), [{ code: "LUA_SYNTAX" }]);
  t.match(notices(second.wire), [{ done: { sessions: 1 } }]);
  t.strictSame(lines(log), [
    "error lua/main.lua:1: '=' expected near 'x'",
    "info reloaded lua/main.lua · 2 sessions · N ms · 1 of them still run the code from before",
  ]);
});

t.test("a session that ends meanwhile is not waited for", async (t) => {
  const { save, open, pool, vm, log, host } = await setup(t);
  await open();
  await open();
  vm.onReload = (index, event) => {
    if (index === 1) pool.sessions[1]?.end({ code: "SESSION_ENDED", message: "gone" });
    return index === 1 ? undefined : all(index, event);
  };
  await save({ "lua/a.lua": "" });
  t.equal(host.size, 1);
  t.strictSame(lines(log).at(-1), "info reloaded lua/a.lua · 1 session · N ms");
});

t.test("a session that is starting is told behind its start", async (t) => {
  const { save, host, pool, log } = await setup(t);
  const echoing = pool.answer;
  pool.answer = (event, session) => (event.kind === "start" ? undefined : echoing(event, session));
  const starting = host.create("anna");
  const saved = save({ "lua/a.lua": "" });
  await settled();
  pool.only.say({ kind: "started" });
  await Promise.all([starting, saved]);
  t.strictSame(
    pool.only.events.map(({ kind }) => kind),
    ["start", "reload"],
  );
  t.strictSame(lines(log), ["info reloaded lua/a.lua · 1 session · N ms"]);
});

t.test("a page that comes to a session that failed to reload is told why", async (t) => {
  const { save, open, vm } = await setup(t);
  const { session } = await open();
  vm.onReload = () => broken("lua/main.lua", 1);
  await save({ "lua/main.lua": "x" });
  const later = new MemoryWire();
  session.attach(later);
  await settled();
  t.match(later.messages.slice(0, 2), [{ type: "welcome" }, { type: "reload", errors: [{ code: "LUA_SYNTAX" }] }]);
});

t.test("lines of a file are shown wherever the watcher found it, but not where only Lua code says", async (t) => {
  const { save, open, vm, loader, dir } = await setup(t);
  const { wire } = await open();
  const outside = makeSite({ "shared.lua": "one\ntwo\n" });
  t.teardown(() => removeSite(outside));
  fs.symlinkSync(path.join(outside, "shared.lua"), path.join(dir, "lua/linked.lua"));
  const key = path.relative(fs.realpathSync(dir), fs.realpathSync(path.join(outside, "shared.lua")));
  const sourceOf = async (file: string): Promise<string | undefined> => {
    vm.onReload = () => broken(file, 1);
    await save({ "lua/a.lua": file });
    return errorsOf(wire)?.[0]?.source?.[0]?.text;
  };
  t.equal(await sourceOf(key), undefined);
  t.equal(await sourceOf(path.join(outside, "shared.lua")), undefined);
  t.equal(await sourceOf("lua/linked.lua"), "one", "a link in lua/ is its author's");
  t.equal(await sourceOf("linked.lua"), "one", "by its chunk name too");
  await loader.take({ lua: [key], gone: [], viewdefs: [], html: [], since: performance.now() });
  t.equal(await sourceOf(key), "one");
});

t.test(
  "what is saved before there are sessions to reload is not lost, and after the end nothing is done",
  async (t) => {
    const { loader: other, store, host, page, pool, dir } = await setup(t);
    await other.close();
    const hotload = hotloadOf(true, true);
    if (hotload === undefined) throw new Error("off");
    const log: string[] = [];
    const note = (_: object, message: string): void => void log.push(message);
    const logger = { error: note, warn: note, info: note, debug() {}, trace() {} };
    const settings = { dir, hotload, tellPages: true, threads: 1, clock: new FakeClock(), log: logger };
    const loader = new HotLoader(settings);
    writeSiteFile(dir, "viewdefs/A.DEFAULT.html", showing("<p></p>"));
    const early = loader.take(batchOf({ "viewdefs/A.DEFAULT.html": "" }));
    await settled();
    t.equal(store.get("A.DEFAULT"), undefined);
    const parts = {
      store,
      sessions: host,
      page,
      replacePlans: (plans: ReadonlyMap<string, string>) => pool.replacePlans(plans),
    };
    await loader.serve(parts);
    await early;
    t.ok(store.get("A.DEFAULT"));
    t.equal(log.length, 1);
    await loader.close();
    await loader.take(batchOf({ "lua/a.lua": "" }));
    t.equal(log.length, 1);
    const unserved = new HotLoader(settings);
    const never = unserved.take(batchOf({ "lua/a.lua": "" }));
    await unserved.close();
    await never;
  },
);

t.test("a mistake of ours costs one batch, and neither the host nor the next batch", async (t) => {
  const { save, pool, log, store } = await setup(t);
  const replacePlans = pool.replacePlans.bind(pool);
  pool.replacePlans = () => {
    throw new Error("oops");
  };
  await save({ "viewdefs/A.DEFAULT.html": showing("<p></p>") });
  pool.replacePlans = replacePlans;
  await save({ "viewdefs/B.DEFAULT.html": showing("<p></p>") });
  t.strictSame(lines(log), [
    "error Moonpool failed to reload",
    "info reloaded viewdefs/B.DEFAULT.html · 0 sessions · N ms",
  ]);
  t.strictSame([...(pool.plans?.keys() ?? [])].sort(), [...store.keys()].sort());
});

t.test("what Lua code says while it is reloaded stands in the log once, not once for each session", async (t) => {
  const { save, open, pool, vm, log } = await setup(t);
  for (let count = 0; count < 3; count++) await open();
  const missing = { code: "VIEWDEF_MISSING", message: "There is no viewdef." } as const;
  vm.onReload = (index, event) => {
    for (const message of ["loading", "loading", `number ${index % 2}`])
      pool.sessions[index]?.say({ kind: "log", level: "info", message });
    pool.sessions[index]?.say({ kind: "log", level: "error", message: missing.message, error: missing });
    return all(index, event);
  };
  await save({ "lua/a.lua": "" });
  t.strictSame(lines(log).sort(), [
    "error There is no viewdef.",
    "info loading",
    "info loading",
    "info number 0",
    "info number 1",
    "info reloaded lua/a.lua · 3 sessions · N ms",
  ]);
  pool.sessions[2]?.say({ kind: "log", level: "info", message: "loading" });
  await settled();
  t.strictSame(lines(log), ["info loading"], "afterwards all is as ever");
});

t.test("the fields of a line of the log say the same to programs", async (t) => {
  const { dir, store, host, page, pool } = await setup(t);
  const hotload = hotloadOf(true, true);
  if (hotload === undefined) throw new Error("off");
  const fields: object[] = [];
  const note = (given: object): void => void fields.push(given);
  const logger = { error: note, warn: note, info: note, debug() {}, trace() {} };
  const loader = new HotLoader({ dir, hotload, tellPages: true, threads: 1, clock: new FakeClock(), log: logger });
  await loader.serve({ store, sessions: host, page, replacePlans: (plans) => pool.replacePlans(plans) });
  writeSiteFile(dir, "viewdefs/A.DEFAULT.html", "");
  await loader.take(batchOf({ "lua/a.lua": "", "viewdefs/A.DEFAULT.html": "" }));
  t.match(fields, [
    { code: "VIEWDEF_TEMPLATE" },
    { reload: { files: ["lua/a.lua"], sessions: 0, kept: 0, time: Number } },
  ]);
});

/** Waits until something that goes on by itself is so. */
async function untilDone(isSo: () => boolean): Promise<void> {
  while (!isSo()) await settled();
}
