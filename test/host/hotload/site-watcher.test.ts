import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import t from "tap";
import { until, WatchedSite } from "../../support/watched-site.ts";

const A_LONG_TIME = 1_000_000;

t.test("what is below lua/, viewdefs/ and html/ is watched at any depth", async (t) => {
  const site = await WatchedSite.start(t, {
    "lua/a/b/c.lua": "1",
    "viewdefs/x/A.DEFAULT.html": "1",
    "html/i/j.css": "1",
  });
  site.save("lua/a/b/c.lua", "2");
  t.same(await site.next(), { lua: ["lua/a/b/c.lua"] });
  site.save("viewdefs/x/A.DEFAULT.html", "2");
  t.same(await site.next(), { viewdefs: ["viewdefs/x/A.DEFAULT.html"] });
  site.save("html/i/j.css", "2");
  t.same(await site.next(), { html: ["i/j.css"] });
  site.write("lua/a/b/c.lua", "3");
  t.same(await site.next(), { lua: ["lua/a/b/c.lua"] }, "in place");
  t.ok(site.batches.every(({ since }) => since > 0 && since <= performance.now()));
  t.same(site.complaints, []);
});

t.test("folders that are made later are watched, the three top ones and the site itself too", async (t) => {
  const site = new WatchedSite(t);
  site.remove("");
  await site.watch(t);
  site.write("lua/main.lua", "1");
  t.same(await site.next(), { lua: ["lua/main.lua"] });
  site.write("viewdefs/A.DEFAULT.html", "1");
  t.same(await site.next(), { viewdefs: ["viewdefs/A.DEFAULT.html"] });
  site.write("html/a/b/c/style.css", "1");
  t.same(await site.next(), { html: ["a/b/c/style.css"] });
  site.save("html/a/b/c/style.css", "2");
  t.same(await site.next(), { html: ["a/b/c/style.css"] });
});

t.test("a folder that comes with files in it is read, one that goes takes them along", async (t) => {
  const site = await WatchedSite.start(t, { "lua/main.lua": "1", "outside/in/x.lua": "1", "outside/y.lua": "1" });
  site.move("outside", "lua/inside");
  t.same(await site.told(), { lua: ["lua/inside/in/x.lua", "lua/inside/y.lua"] });
  site.save("lua/inside/in/x.lua", "2");
  t.same(await site.told(), { lua: ["lua/inside/in/x.lua"] });
  site.move("lua/inside", "lua/renamed");
  t.same(await site.told(), {
    lua: ["lua/renamed/in/x.lua", "lua/renamed/y.lua"],
    gone: ["lua/inside/in/x.lua", "lua/inside/y.lua"],
  });
  site.save("lua/renamed/in/x.lua", "3");
  t.same(await site.told(), { lua: ["lua/renamed/in/x.lua"] });
  site.remove("lua/renamed");
  t.same(await site.told(), { gone: ["lua/renamed/in/x.lua", "lua/renamed/y.lua"] });
});

t.test("a folder that is replaced by another one of its name is watched again", async (t) => {
  const site = await WatchedSite.start(t, { "lua/a/b/x.lua": "1", "lua/main.lua": "1" });
  site.remove("lua/a");
  site.write("lua/a/b/x.lua", "2");
  t.same(await site.told(), { lua: ["lua/a/b/x.lua"] });
  site.save("lua/a/b/x.lua", "3");
  t.same(await site.told(), { lua: ["lua/a/b/x.lua"] });
  site.move("lua/a", "old");
  site.write("lua/a/b/x.lua", "3");
  t.same(await site.told(), {}, "with the same content");
  site.save("lua/a/b/x.lua", "4");
  t.same(await site.told(), { lua: ["lua/a/b/x.lua"] });
  site.save("old/b/x.lua", "5");
  t.same(await site.told(), {}, "the one from before is not watched any more");
});

t.test("a Lua file behind a link is named by where it really is, inside the site or outside", async (t) => {
  const site = new WatchedSite(t, { "apps/tasks/app.lua": "1", "../shared/lib.lua": "1", "lua/main.lua": "1" });
  site.link("../apps/tasks/app.lua", "lua/tasks.lua");
  site.link("../../../shared/lib.lua", "lua/deep/lib.lua");
  site.link(site.path("../far/away.lua"), "lua/absolute.lua");
  await site.watch(t);
  site.save("apps/tasks/app.lua", "2");
  t.same(await site.next(), { lua: ["apps/tasks/app.lua"] });
  site.write("../shared/lib.lua", "2");
  t.same(await site.next(), { lua: ["../shared/lib.lua"] });
  site.write("../far/away.lua", "1");
  t.same(await site.next(), { lua: ["../far/away.lua"] });
  site.remove("../shared/lib.lua");
  t.same(await site.next(), { gone: ["../shared/lib.lua"] });
  site.save("../shared/lib.lua", "3");
  t.same(await site.next(), { lua: ["../shared/lib.lua"] });
});

t.test("a viewdef behind links is named by the links, each of them", async (t) => {
  const site = new WatchedSite(t, { "apps/tasks/Task.html": "1" });
  site.link("../apps/tasks/Task.html", "viewdefs/Task.DEFAULT.html");
  site.link("../../apps/tasks/Task.html", "viewdefs/more/Task.list.html");
  site.link("../apps/tasks/Task.html", "html/task.html");
  await site.watch(t);
  site.save("apps/tasks/Task.html", "2");
  const viewdefs = ["viewdefs/Task.DEFAULT.html", "viewdefs/more/Task.list.html"];
  t.same(await site.next(), { viewdefs, html: ["task.html"] });
  site.write("apps/tasks/Other.html", "1");
  t.same(await site.told(), {}, "what lies beside a target is nothing to us");
});

t.test("folders behind links are watched, through chains of links too", async (t) => {
  const site = new WatchedSite(t, { "../apps/mcp/sub/a.lua": "1", "apps/m/A.DEFAULT.html": "1", "html/a/x.css": "1" });
  site.link("../apps", "first");
  site.link("first/mcp", "second");
  site.link("../second", "lua/mcp");
  site.link("../apps/m", "viewdefs/m");
  site.link("../apps/m", "viewdefs/n");
  site.link("a", "html/b");
  await site.watch(t);
  site.save("../apps/mcp/sub/a.lua", "2");
  t.same(await site.next(), { lua: ["../apps/mcp/sub/a.lua"] });
  site.write("../apps/mcp/new/b.lua", "1");
  t.same(await site.next(), { lua: ["../apps/mcp/new/b.lua"] });
  site.save("apps/m/A.DEFAULT.html", "2");
  t.same(await site.next(), { viewdefs: ["viewdefs/m/A.DEFAULT.html"] }, "once, as the viewdef store has it");
  site.save("html/a/x.css", "2");
  t.same(await site.next(), { html: ["a/x.css", "b/x.css"] }, "pages may use every name");
  site.write("../other/mcp/sub/c.lua", "1");
  site.link("../other", "first");
  t.same(
    await site.told(),
    { lua: ["../other/mcp/sub/c.lua"], gone: ["../apps/mcp/new/b.lua", "../apps/mcp/sub/a.lua"] },
    "a link in the middle of a chain leads elsewhere",
  );
});

t.test("links that are made, led elsewhere and removed while the site is watched", async (t) => {
  const one = { "apps/one/A.html": "one", "apps/one/a.lua": "one" };
  const site = await WatchedSite.start(t, { ...one, "apps/two/A.html": "two", "apps/two/a.lua": "two" });
  site.link("../apps/one/A.html", "viewdefs/A.DEFAULT.html");
  site.link("../apps/one/a.lua", "lua/a.lua");
  t.same(await site.told(), { lua: ["apps/one/a.lua"], viewdefs: ["viewdefs/A.DEFAULT.html"] });
  site.link("../apps/two/A.html", "viewdefs/A.DEFAULT.html");
  site.link("../apps/two/a.lua", "lua/a.lua");
  t.same(await site.told(), {
    lua: ["apps/two/a.lua"],
    gone: ["apps/one/a.lua"],
    viewdefs: ["viewdefs/A.DEFAULT.html"],
  });
  site.save("apps/one/A.html", "one again");
  site.save("apps/one/a.lua", "one again");
  t.same(await site.told(), {}, "no name leads there any more");
  site.save("apps/two/A.html", "two again");
  t.same(await site.told(), { viewdefs: ["viewdefs/A.DEFAULT.html"] });
  site.remove("viewdefs/A.DEFAULT.html");
  site.remove("lua/a.lua");
  t.same(await site.told(), { gone: ["apps/two/a.lua"], viewdefs: ["viewdefs/A.DEFAULT.html"] });
});

t.test("a link that leads to the same text as before changes nothing", async (t) => {
  const site = new WatchedSite(t, { "apps/one.html": "same", "apps/two.html": "same", "html/x.css": "1" });
  site.link("../apps/one.html", "viewdefs/A.DEFAULT.html");
  await site.watch(t);
  site.link("../apps/two.html", "viewdefs/A.DEFAULT.html");
  t.same(await site.told(), {});
  site.save("apps/two.html", "other");
  t.same(await site.told(), { viewdefs: ["viewdefs/A.DEFAULT.html"] });
});

t.test("a Lua file is gone when the last name that leads to it is", async (t) => {
  const site = new WatchedSite(t, { "lua/a.lua": "1" });
  site.link("a.lua", "lua/b.lua");
  site.link("../lua", "lua/again");
  await site.watch(t);
  site.remove("lua/b.lua");
  t.same(await site.told(), {});
  site.remove("lua/a.lua");
  t.same(await site.told(), { gone: ["lua/a.lua"] });
});

t.test("a link that leads nowhere is taken up when its target appears", async (t) => {
  const site = new WatchedSite(t, { "html/x.css": "1" });
  site.link("../apps/late/app.lua", "lua/late.lua");
  site.link("../apps/late", "viewdefs/late");
  await site.watch(t);
  site.write("apps/late/app.lua", "1");
  site.write("apps/late/A.DEFAULT.html", "1");
  t.same(await site.told(), { lua: ["apps/late/app.lua"], viewdefs: ["viewdefs/late/A.DEFAULT.html"] });
  site.save("apps/late/app.lua", "2");
  t.same(await site.told(), { lua: ["apps/late/app.lua"] });
});

t.test("links in a circle come to an end", async (t) => {
  const site = new WatchedSite(t, { "lua/a.lua": "1", "html/a.css": "1", "viewdefs/A.DEFAULT.html": "1" });
  for (const part of ["lua", "html", "viewdefs"]) {
    site.link("..", `${part}/site`);
    site.link(".", `${part}/itself`);
    site.link("two", `${part}/one`);
    site.link("one", `${part}/two`);
  }
  await site.watch(t);
  site.save("lua/a.lua", "2");
  t.match(await site.next(), { lua: ["lua/a.lua"] });
  site.save("viewdefs/A.DEFAULT.html", "2");
  t.match(await site.next(), { viewdefs: ["viewdefs/A.DEFAULT.html"] });
  site.save("html/a.css", "2");
  t.same(await site.next(), { html: ["a.css"] });
  t.ok(site.watched.length < 10, site.watched.join(" "));
});

t.test("folders that all lead to each other have names enough, but not all that are possible", async (t) => {
  const names = [..."abcdefghijklmnop"];
  const site = new WatchedSite(t, Object.fromEntries(names.map((name) => [`html/${name}/x.css`, "1"])));
  for (const from of names) for (const to of names) if (from !== to) site.link(`../${to}`, `html/${from}/${to}`);
  await site.watch(t);
  site.save("html/p/x.css", "2");
  const { html = [] } = await site.next();
  t.same(html, [...names.slice(0, -1).map((name) => `${name}/p/x.css`), "p/x.css"], "the shortest");
});

t.test("folders are not watched any more when nothing leads there", async (t) => {
  const site = new WatchedSite(t, { "../apps/mcp/sub/a.lua": "1", "../apps/b/b.lua": "1", "lua/x/y.lua": "1" });
  site.link("../../apps/mcp", "lua/mcp");
  site.link("../../apps/b/b.lua", "lua/b.lua");
  await site.watch(t);
  t.same(site.watched, ["", "..", "../apps", "../apps/b", "../apps/mcp", "../apps/mcp/sub", "lua", "lua/x"]);
  t.same(systemWatches(site), site.watched);
  site.link("../../apps/b", "lua/mcp");
  t.same(await site.told(), { gone: ["../apps/mcp/sub/a.lua"] });
  const watched = ["", "..", "../apps", "../apps/b", "html", "lua", "lua/x"];
  t.same([site.watched, systemWatches(site)], [watched, watched]);
  for (const name of ["lua/mcp", "lua/b.lua", "lua/x"]) site.remove(name);
  t.same(await site.told(), { gone: ["../apps/b/b.lua", "lua/x/y.lua"] });
  t.same(
    [site.watched, systemWatches(site)],
    [
      ["", "..", "html", "lua"],
      ["", "..", "html", "lua"],
    ],
  );
  await site.watcher.close();
  t.same([site.watched, systemWatches(site)], [[], []]);
});

t.test("what editors keep beside a file is nothing to us", async (t) => {
  const site = await WatchedSite.start(t, { "lua/a.lua": "1", "html/a.css": "1", "viewdefs/A.DEFAULT.html": "1" });
  for (const name of ["lua/a.lua", "html/a.css", "viewdefs/A.DEFAULT.html"]) {
    const { dir, base } = path.parse(name);
    for (const beside of [
      `.#${base}`,
      `#${base}#`,
      `${base}~`,
      `.${base}.swp`,
      "4913",
      `.${base}.kate-swp`,
      `${base}.bak`,
    ])
      site.write(`${dir}/${beside}`, "1");
    for (const beside of [
      `${base}___jb_tmp___`,
      `${base}.tmp`,
      `${base}.tmp.1234`,
      ".DS_Store",
      "sedXs3k9P",
      ".git/a.lua",
    ])
      site.write(`${dir}/${beside}`, "1");
  }
  t.same(await site.told(), {});
  // As Vim saves.
  site.move("lua/a.lua", "lua/a.lua~");
  site.write("lua/a.lua", "2");
  site.remove("lua/a.lua~");
  t.same(await site.told(), { lua: ["lua/a.lua"] });
  // As JetBrains' editors save.
  site.write("html/a.css___jb_tmp___", "2");
  site.move("html/a.css", "html/a.css___jb_old___");
  site.move("html/a.css___jb_tmp___", "html/a.css");
  site.remove("html/a.css___jb_old___");
  t.same(await site.told(), { html: ["a.css"] });
});

t.test("only Lua files of lua/ and HTML files of viewdefs/ count, of html/ all", async (t) => {
  const site = await WatchedSite.start(t, { "lua/a.lua": "1", "viewdefs/A.DEFAULT.html": "1", "html/a.css": "1" });
  for (const part of ["lua", "viewdefs", "html", "other"])
    for (const name of ["b.lua", "B.DEFAULT.html", "b.txt", "b.luac", "b"]) site.write(`${part}/${name}`, "1");
  site.makeFolder("lua/folder.lua");
  const html = ["B.DEFAULT.html", "b", "b.lua", "b.luac", "b.txt"];
  t.same(await site.told(), { lua: ["lua/b.lua"], viewdefs: ["viewdefs/B.DEFAULT.html"], html });
});

t.test("what cannot be a file's text is no file", { skip: process.platform === "win32" }, async (t) => {
  const site = await WatchedSite.start(t, { "lua/a.lua": "1" });
  execFileSync("mkfifo", [site.path("lua/pipe.lua")]);
  site.write("lua/two\nlines.lua", "1");
  site.remove("lua/a.lua");
  site.makeFolder("lua/a.lua");
  t.same(await site.told(), { gone: ["lua/a.lua"] });
});

t.test("names that are to be ignored are", async (t) => {
  const ignored = [/(^|\/)generated(\/|$)/g, /^html\/.*\.map$/];
  const site = await WatchedSite.start(t, { "lua/generated/a.lua": "1", "html/a.css": "1" }, { ignored });
  site.write("lua/generated/a.lua", "2");
  site.write("html/generated/x.css", "2");
  site.write("html/a.css.map", "2");
  t.same(await site.told(), {});
  t.notOk(site.watched.includes("lua/generated"));
});

t.test("the content decides: a touched file is the same, an older one may be another", async (t) => {
  const site = await WatchedSite.start(t, { "lua/a.lua": "one", "html/a.css": "one" });
  for (const name of ["lua/a.lua", "html/a.css"]) fs.utimesSync(site.path(name), new Date(), new Date());
  site.write("lua/a.lua", "one");
  site.save("html/a.css", "one");
  t.same(await site.told(), {});
  site.write("lua/a.lua", "two");
  fs.utimesSync(site.path("lua/a.lua"), 1, 1);
  t.same(await site.told(), { lua: ["lua/a.lua"] }, "older than before");
  const { atime, mtime } = fs.statSync(site.path("lua/a.lua"));
  site.write("lua/a.lua", "six");
  fs.utimesSync(site.path("lua/a.lua"), atime, mtime);
  t.same(await site.told(), { lua: ["lua/a.lua"] }, "as old and as long as before");
});

t.test(
  "a file that is renamed over another one is taken as it is, one that is written once it is left alone",
  async (t) => {
    const files = { "lua/a.lua": "1", "lua/b.lua": "1", "lua/c.lua": "1" };
    const site = await WatchedSite.start(t, files, { patience: { written: A_LONG_TIME } });
    site.write("lua/b.lua", "2");
    site.save("lua/a.lua", "2");
    t.same(await site.next(), { lua: ["lua/a.lua"] });
    site.save("lua/b.lua", "3");
    site.save("lua/c.lua", "2");
    t.same(await site.next(), { lua: ["lua/c.lua"] }, "b.lua is still being written, as far as can be seen");
  },
);

t.test("what was removed and made anew was not renamed, and may be unfinished", async (t) => {
  const patience = { written: A_LONG_TIME, removed: A_LONG_TIME };
  const files = { "lua/a.lua": "1", "lua/b.lua": "1", "lua/c.lua": "1", "lua/marker.lua": "1", "lua/in/d.lua": "1" };
  const site = await WatchedSite.start(t, files, { patience });
  site.remove("lua/a.lua");
  site.write("lua/a.lua", "half");
  site.remove("lua/b.lua");
  // So that it has been missed.
  site.save("lua/marker.lua", "2");
  t.same(await site.next(), { lua: ["lua/marker.lua"] });
  site.write("lua/b.lua", "half");
  site.move("lua/c.lua", "lua/c.lua~");
  site.write("lua/c.lua", "half");
  site.remove("lua/in");
  site.write("lua/in/d.lua", "half");
  site.save("lua/marker.lua", "3");
  t.same(await site.next(), { lua: ["lua/marker.lua"] });
  site.save("lua/marker.lua", "4");
  t.same(await site.next(), { lua: ["lua/marker.lua"] });
});

t.test("an unfinished write is not read", async (t) => {
  const site = await WatchedSite.start(t, { "lua/a.lua": "old" }, { patience: { written: 100 } });
  site.work = (batch) => site.follow(batch);
  const pieces = Array.from({ length: 20 }, (_, number) => `line ${number}\n`);
  const handle = fs.openSync(site.path("lua/a.lua"), "w");
  for (const piece of pieces) {
    fs.writeSync(handle, piece);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  fs.closeSync(handle);
  t.same(await site.next(), { lua: ["lua/a.lua"] });
  t.equal(site.held.get("lua:lua/a.lua"), pieces.join(""));
});

t.test("an emptied file is not believed at once: most programs empty a file before they write it", async (t) => {
  const site = await WatchedSite.start(t, { "lua/a.lua": "old" }, { patience: { written: 1, emptied: A_LONG_TIME } });
  site.work = (batch) => site.follow(batch);
  site.write("lua/a.lua", "");
  site.write("lua/new.lua", "");
  t.same(await site.told(), {});
  site.write("lua/a.lua", "new");
  t.same(await site.next(), { lua: ["lua/a.lua"] });
  t.equal(site.held.get("lua:lua/a.lua"), "new");
});

t.test("a file that stays empty is empty", async (t) => {
  const site = await WatchedSite.start(t, { "lua/a.lua": "old" });
  site.work = (batch) => site.follow(batch);
  site.write("lua/a.lua", "");
  t.same(await site.next(), { lua: ["lua/a.lua"] });
  t.equal(site.held.get("lua:lua/a.lua"), "");
});

t.test("a file that comes back was never gone", async (t) => {
  const site = await WatchedSite.start(t, { "lua/a.lua": "1", "lua/b.lua": "1" }, { patience: { removed: 300 } });
  site.remove("lua/a.lua");
  site.remove("lua/b.lua");
  site.write("html/marker.css", "1");
  t.same(await site.next(), { html: ["marker.css"] });
  site.write("lua/a.lua", "1");
  site.write("lua/b.lua", "2");
  t.same(await site.told(), { lua: ["lua/b.lua"] });
});

t.test("one batch at a time: what is saved meanwhile is one more, what was undone meanwhile is none", async (t) => {
  const site = await WatchedSite.start(t, { "lua/a.lua": "1", "lua/b.lua": "1", "html/c.css": "1" });
  // Sees the same without waiting.
  const other = new WatchedSite(t);
  await other.watch(t, {}, site.dir);
  let finish = (): void => {};
  site.work = () => new Promise((resolve) => (finish = resolve));
  site.save("lua/a.lua", "2");
  t.same([await site.next(), await other.next()], [{ lua: ["lua/a.lua"] }, { lua: ["lua/a.lua"] }]);
  for (const [name, text] of [
    ["lua/b.lua", "2"],
    ["lua/a.lua", "3"],
    ["lua/b.lua", "1"],
  ] as const) {
    site.save(name, text);
    t.same(await other.next(), { lua: [name] });
  }
  site.save("html/c.css", "2");
  t.same(await other.next(), { html: ["c.css"] });
  t.equal(site.batches.length, 1);
  site.work = async () => {};
  finish();
  t.same(await site.next(), { lua: ["lua/a.lua"], html: ["c.css"] });
  t.same(await site.told(), {});
});

t.test("what is changed and changed back while it is worked on is told: the work may have seen either", async (t) => {
  const site = await WatchedSite.start(t, { "lua/a.lua": "1", "lua/b.lua": "1" });
  const other = new WatchedSite(t);
  await other.watch(t, {}, site.dir);
  let finish = (): void => {};
  site.work = () => new Promise((resolve) => (finish = resolve));
  for (const [name, text] of [
    ["lua/a.lua", "2"],
    ["lua/b.lua", "2"],
    ["lua/a.lua", "3"],
    ["lua/a.lua", "2"],
    ["lua/b.lua", "1"],
  ] as const) {
    site.save(name, text);
    t.same(await other.next(), { lua: [name] });
  }
  t.same(await site.next(), { lua: ["lua/a.lua"] });
  site.work = async () => {};
  finish();
  t.same(await site.told(), { lua: ["lua/a.lua"] });
  site.save("lua/a.lua", "2");
  t.same(await site.told(), {}, "after the work the content decides alone");
});

t.test("work on a batch that fails is logged, and the next one comes", async (t) => {
  const site = await WatchedSite.start(t, { "lua/a.lua": "1" });
  site.work = () => Promise.reject(new Error("broken"));
  site.save("lua/a.lua", "2");
  t.same(await site.next(), { lua: ["lua/a.lua"] });
  site.save("lua/a.lua", "3");
  t.same(await site.next(), { lua: ["lua/a.lua"] });
  t.same(site.complaints, ["hot reload failed", "hot reload failed"]);
});

for (const form of ["site/", "./site", "link"]) {
  t.test(`the site may be given as ${form}`, async (t) => {
    const site = new WatchedSite(t, { "lua/a.lua": "1" });
    site.link("site", "../link");
    const parent = path.relative(process.cwd(), path.dirname(site.dir));
    await site.watch(t, {}, form === "./site" ? `./${parent}/site` : path.join(parent, form));
    site.save("lua/a.lua", "2");
    t.same(await site.next(), { lua: ["lua/a.lua"] });
    site.link("../../other.lua", "lua/other.lua");
    site.write("../other.lua", "1");
    t.same(await site.next(), { lua: ["../other.lua"] });
  });
}

t.test("a site behind a link that is led elsewhere is the other one from then on", async (t) => {
  const site = new WatchedSite(t, { "../1/lua/a.lua": "1", "../1/lua/same.lua": "1", "../1/lua/old.lua": "1" });
  for (const [name, text] of Object.entries({ a: "2", same: "1", new: "1" })) site.write(`../2/lua/${name}.lua`, text);
  site.link("1", "../current");
  await site.watch(t, {}, site.path("../current"));
  site.link("2", "../next");
  site.move("../next", "../current");
  await until(() => site.batches.flatMap(({ gone }) => gone).length > 0);
  t.same(site.batches.flatMap(({ lua }) => lua).sort(), ["lua/a.lua", "lua/new.lua"]);
  t.same(
    site.batches.flatMap(({ gone }) => gone),
    ["lua/old.lua"],
  );
  t.notOk(site.watcher.watched.some((folder) => folder.includes("/1")));
  site.save("../2/lua/same.lua", "2");
  await until(() => site.batches.at(-1)?.lua[0] === "lua/same.lua");
});

t.test("a site that goes as a whole keeps what it had until it is back", async (t) => {
  const site = await WatchedSite.start(t, { "lua/a.lua": "1", "lua/b.lua": "1" }, { patience: { removed: 1 } });
  site.move("", "../away");
  await until(() => site.watched.join() === "..");
  site.save("../away/lua/a.lua", "2");
  fs.rmSync(site.path("../away/lua/b.lua"));
  site.move("../away", "");
  t.same(await site.told(), { lua: ["lua/a.lua"], gone: ["lua/b.lua"] });
  site.remove("");
  await until(() => site.watched.join() === "..");
  site.write("lua/a.lua", "3");
  t.same(await site.told(), { lua: ["lua/a.lua"] });
  site.save("lua/a.lua", "4");
  t.same(await site.told(), { lua: ["lua/a.lua"] });
});

t.test("the folder above the site may be replaced as well", async (t) => {
  const site = await WatchedSite.start(t, { "lua/a.lua": "1" });
  const above = path.dirname(site.dir);
  fs.renameSync(above, `${above}-away`);
  t.teardown(() => fs.rmSync(`${above}-away`, { recursive: true }));
  site.write("lua/a.lua", "2");
  t.same(await site.next(), { lua: ["lua/a.lua"] });
  site.save("lua/a.lua", "3");
  t.same(await site.next(), { lua: ["lua/a.lua"] });
});

t.test("what cannot be read is said once, and is no reason to stop", { skip: !process.getuid }, async (t) => {
  const site = await WatchedSite.start(t, {
    "lua/a.lua": "1",
    "lua/b.lua": "1",
    "lua/in/c.lua": "1",
    "lua/d.lua": "1",
  });
  await asNobody(site, async () => {
    fs.chmodSync(site.path("lua/a.lua"), 0);
    fs.chmodSync(site.path("lua/in"), 0);
    t.same(await site.told(), {});
    fs.chmodSync(site.path("lua/in"), 0o100);
    site.save("lua/d.lua", "2");
    t.same(await site.told(), { lua: ["lua/d.lua"] });
    t.same(site.complaints, [...new Set(site.complaints)]);
    t.ok(site.complaints.some((line) => line.startsWith("hot reload: lua/a.lua: EACCES")));
    t.ok(site.complaints.some((line) => line.startsWith("hot reload: lua/in: EACCES")));
    fs.chmodSync(site.path("lua/in"), 0o700);
    site.write("lua/in/c.lua", "2");
    t.same(await site.told(), { lua: ["lua/in/c.lua"] });
    fs.chmodSync(site.path("lua/a.lua"), 0o600);
    site.write("lua/a.lua", "2");
    t.same(await site.told(), { lua: ["lua/a.lua"] });
  });
});

t.test("large files are compared by content as well", async (t) => {
  const text = "x".repeat(5_000_000);
  const site = await WatchedSite.start(t, { "html/large.bin": text, "lua/a.lua": "1" });
  fs.utimesSync(site.path("html/large.bin"), 1, 1);
  site.write("html/large.bin", `${text}y`);
  t.same(await site.next(), { html: ["large.bin"] });
  t.same(await site.told(), {});
  site.save("html/large.bin", `${text}y`);
  site.write("html/other.bin", text);
  t.same(await site.next(), { html: ["other.bin"] });
});

t.test("after close() nothing comes any more", async (t) => {
  const site = await WatchedSite.start(t, { "lua/a.lua": "1", "html/large.bin": "" });
  const other = new WatchedSite(t, {});
  await other.watch(t, {}, site.dir);
  site.save("lua/a.lua", "2");
  site.write("html/large.bin", "x".repeat(5_000_000));
  await site.watcher.close();
  await other.next();
  await until(() => other.batches.some(({ html }) => html.includes("large.bin")));
  t.same(site.batches, []);
  await site.watcher.close();
});

t.test("two watchers of one site do not disturb each other", async (t) => {
  const site = await WatchedSite.start(t, { "apps/a/b/x.lua": "1" });
  const other = new WatchedSite(t, {});
  await other.watch(t, {}, site.dir);
  site.link("../apps/a/b", "lua/b");
  t.same([await site.next(), await other.next()], [{ lua: ["apps/a/b/x.lua"] }, { lua: ["apps/a/b/x.lua"] }]);
  for (const text of ["2", "3", "4"]) {
    site.move("apps", `away-${text}`);
    site.write("apps/a/b/x.lua", text);
    t.same([await site.next(), await other.next()], [{ lua: ["apps/a/b/x.lua"] }, { lua: ["apps/a/b/x.lua"] }]);
    site.save("apps/a/b/x.lua", `${text} saved`);
    t.same([await site.next(), await other.next()], [{ lua: ["apps/a/b/x.lua"] }, { lua: ["apps/a/b/x.lua"] }]);
  }
});

t.test("what is saved while the watcher starts is not missed", async (t) => {
  const site = new WatchedSite(t, { "lua/a.lua": "1", "lua/sub/b.lua": "1" });
  site.work = (batch) => site.follow(batch);
  const start = { isOver: false };
  const started = site.watch(t).then(() => (start.isOver = true));
  for (let number = 0; !start.isOver; number += 1) {
    site.write("lua/a.lua", `during the start ${number}`);
    site.write(`lua/sub/new-${number}.lua`, "1");
    await new Promise((resolve) => setImmediate(resolve));
  }
  await started;
  site.save("lua/a.lua", "after");
  await until(() => site.held.get("lua:lua/a.lua") === "after");
  site.remove("lua/sub");
  const last = await site.told();
  t.ok(last.gone?.includes("lua/sub/b.lua"));
  t.ok(last.gone?.includes("lua/sub/new-0.lua"));
});

t.test("where the system tells nothing the watcher looks by itself", async (t) => {
  const site = new WatchedSite(t, { "lua/a.lua": "1", "apps/b.lua": "1", "html/x/y.css": "1" });
  site.link("../apps/b.lua", "lua/b.lua");
  await site.watch(t, { poll: 10 });
  t.same(systemWatches(site), []);
  site.write("apps/b.lua", "2");
  t.same(await site.next(), { lua: ["apps/b.lua"] });
  site.save("lua/a.lua", "2");
  t.same(await site.next(), { lua: ["lua/a.lua"] });
  site.write("viewdefs/deep/A.DEFAULT.html", "2");
  t.same(await site.next(), { viewdefs: ["viewdefs/deep/A.DEFAULT.html"] });
  site.remove("html/x");
  t.same(await site.next(), { html: ["x/y.css"] });
});

t.test("chokidar's way to ask for that in the environment is honoured", async (t) => {
  process.env.CHOKIDAR_USEPOLLING = "1";
  t.teardown(() => delete process.env.CHOKIDAR_USEPOLLING);
  const site = await WatchedSite.start(t, { "lua/a.lua": "1" });
  t.same(systemWatches(site), []);
  site.write("lua/a.lua", "2");
  t.same(await site.next(), { lua: ["lua/a.lua"] });
});

/** Runs `work` with the rights of nobody, to whom the site then belongs: for root everything can be read. */
async function asNobody(site: WatchedSite, work: () => Promise<void>): Promise<void> {
  const isRoot = process.geteuid?.() === 0;
  const nobody = 65534;
  if (isRoot) {
    execFileSync("chown", ["-R", String(nobody), path.dirname(site.dir)]);
    process.seteuid!(nobody);
  }
  try {
    await work();
  } finally {
    if (isRoot) process.seteuid!(0);
  }
}

/** The folders around a site that Linux watches for this process; elsewhere what the watcher says. */
function systemWatches(site: WatchedSite): string[] {
  if (process.platform !== "linux") return site.watched;
  const inodes = new Set<string>();
  for (const handle of fs.readdirSync("/proc/self/fdinfo")) {
    // The handle of the listing itself is closed by now.
    const text = fs.existsSync(`/proc/self/fdinfo/${handle}`)
      ? fs.readFileSync(`/proc/self/fdinfo/${handle}`, "utf8")
      : "";
    for (const [, inode] of text.matchAll(/^inotify wd:\S+ ino:(\w+)/gm)) inodes.add(inode!);
  }
  const parent = path.dirname(site.dir);
  const folders = fs
    .readdirSync(parent, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isDirectory());
  const all = [parent, ...folders.map((entry) => path.join(entry.parentPath, entry.name))];
  const watched = all.filter((folder) => inodes.has(fs.statSync(folder, { bigint: true }).ino.toString(16)));
  return watched.map((folder) => path.relative(site.dir, folder)).sort();
}
