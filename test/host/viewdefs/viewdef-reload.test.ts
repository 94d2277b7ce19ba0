import fs from "node:fs";
import path from "node:path";
import t, { type Test } from "tap";
import { ViewdefStore } from "../../../src/host/viewdefs/viewdef-store.ts";

interface Setup {
  store: ViewdefStore;
  dir: string;
  /** Writes files (null: deletes them) below viewdefs/ and has the store read them again. */
  save: (files: Record<string, string | null>) => ReturnType<ViewdefStore["reload"]>;
  /** The HTML that is shown for a key, without ui- attributes. */
  html: (key: string) => string | undefined;
}

async function setup(t: Test, viewdefs: Record<string, string>): Promise<Setup> {
  const dir = t.testdir({ viewdefs });
  const store = await ViewdefStore.load(dir);
  return {
    store,
    dir,
    save: (files) => {
      for (const [name, text] of Object.entries(files)) {
        const file = path.join(dir, "viewdefs", name);
        fs.mkdirSync(path.dirname(file), { recursive: true });
        if (text === null) fs.rmSync(file);
        else fs.writeFileSync(file, text);
      }
      return store.reload(Object.keys(files).map((name) => `viewdefs/${name}`));
    },
    html: (key) => store.get(key)?.viewdef.html.replace(/ ui-[^>]*/, ""),
  };
}

const showing = (content: string): string => `<template>${content}</template>`;

t.test(
  "a saved file changes its key, in the text for pages and in the plan for threads, and nothing else",
  async (t) => {
    const { store, save, html } = await setup(t, {
      "A.DEFAULT.html": showing(`<p ui-value="name"></p>`),
      "B.DEFAULT.html": showing("<p></p>"),
    });
    const other = store.get("B.DEFAULT");
    const before = store.get("A.DEFAULT");
    t.same(await save({ "A.DEFAULT.html": showing(`<b ui-value="age"></b>`) }), {
      keys: ["A.DEFAULT"],
      files: ["viewdefs/A.DEFAULT.html"],
      problems: [],
    });
    t.equal(html("A.DEFAULT"), "<b></b>");
    const plan = JSON.parse(store.plans().get("A.DEFAULT") ?? "") as { hash: string; slots: { text: string }[] };
    t.equal(plan.slots[0]?.text, "age");
    t.equal(plan.hash, store.get("A.DEFAULT")?.hash, "a plan says of which version it is");
    t.not(plan.hash, before?.hash);
    t.equal(store.get("B.DEFAULT"), other);
  },
);

t.test("a save without a change is none, and is not compiled", async (t) => {
  const text = showing("<p></p>");
  const { store, save } = await setup(t, { "A.DEFAULT.html": text });
  const before = store.get("A.DEFAULT");
  t.same(await save({ "A.DEFAULT.html": text }), { keys: [], files: [], problems: [] });
  t.equal(store.get("A.DEFAULT"), before);
});

t.test("an invalid viewdef is refused: the old one stays, the problem too, until the file is right", async (t) => {
  const good = showing("<p></p>");
  const { store, save, html } = await setup(t, { "A.DEFAULT.html": good });
  const file = "viewdefs/A.DEFAULT.html";
  for (const bad of ["<p></p>", showing(`<b\n ui-vlaue="x"></b>`), showing(`<b ui-code="x"></b>`)]) {
    const { keys, files, problems } = await save({ "A.DEFAULT.html": bad });
    t.same([keys, files], [[], []]);
    t.match(problems, [{ severity: "error", file, line: Number }]);
    t.match(store.problems, problems);
    t.ok(store.keepsOlder(file));
    t.equal(html("A.DEFAULT"), "<p></p>");
  }
  t.same(await save({ "A.DEFAULT.html": good }), { keys: [], files: [file], problems: [] }, "what was there is right");
  t.same(store.problems, []);
  t.notOk(store.keepsOlder(file));
  await save({ "A.DEFAULT.html": "" });
  t.same((await save({ "A.DEFAULT.html": showing("<i></i>") })).keys, ["A.DEFAULT"]);
  t.same(store.problems, []);
});

t.test("a warning does not keep a viewdef out", async (t) => {
  const { save, html } = await setup(t, { "A.DEFAULT.html": showing("<p></p>") });
  const { problems } = await save({ "A.DEFAULT.html": showing(`<b ui-event-keypress-hyperdrive="go()"></b>`) });
  t.match(problems, [{ severity: "warning", file: "viewdefs/A.DEFAULT.html" }]);
  t.equal(html("A.DEFAULT"), "<b></b>");
});

t.test("a file that was wrong from the start may be wrong in another way, and counts once it is right", async (t) => {
  const { store, save, html } = await setup(t, {
    "A.DEFAULT.html": "<p></p>",
    "B.DEFAULT.html": showing("<i ui-no></i>"),
  });
  t.equal(html("A.DEFAULT"), undefined);
  t.equal(html("B.DEFAULT"), "<i></i>", "shown as far as it can be");
  await save({ "A.DEFAULT.html": "", "B.DEFAULT.html": showing("<u ui-no></u>") });
  t.equal(html("B.DEFAULT"), "<u></u>");
  const { keys } = await save({ "A.DEFAULT.html": showing("<p></p>") });
  t.same(keys, ["A.DEFAULT"]);
  t.equal(html("A.DEFAULT"), "<p></p>");
  t.match(store.problems, [{ file: "viewdefs/B.DEFAULT.html" }]);
});

t.test("files that appear are known at once, also in new folders", async (t) => {
  const { save, html } = await setup(t, {});
  const { keys } = await save({ "New.DEFAULT.html": showing("<p></p>"), "deep/er/New.edit.html": showing("<i></i>") });
  t.same(keys.sort(), ["New.DEFAULT", "New.edit"]);
  t.equal(html("New.edit"), "<i></i>");
});

t.test("a deleted file takes its key and its problems along; one that never was changes nothing", async (t) => {
  const { store, save, html } = await setup(t, { "A.DEFAULT.html": showing("<p></p>"), "Nameless.html": "" });
  const { keys, files } = await save({ "A.DEFAULT.html": null, "Nameless.html": null });
  t.same(keys, ["A.DEFAULT"]);
  t.same(files, ["viewdefs/A.DEFAULT.html", "viewdefs/Nameless.html"]);
  t.equal(html("A.DEFAULT"), undefined);
  t.notOk(store.plans().has("A.DEFAULT"));
  t.same(store.problems, []);
  t.same(await store.reload(["viewdefs/None.DEFAULT.html"]), { keys: [], files: [], problems: [] });
});

t.test("a built-in viewdef is back when the site's own is deleted", async (t) => {
  const { save, html } = await setup(t, { "lua.ViewList.DEFAULT.html": showing(`<ol ui-viewlist="items"></ol>`) });
  t.equal(html("lua.ViewList.DEFAULT"), "<ol></ol>");
  t.same((await save({ "lua.ViewList.DEFAULT.html": null })).keys, ["lua.ViewList.DEFAULT"]);
  t.equal(html("lua.ViewList.DEFAULT"), "<div></div>");
});

t.test("of two files with one key the first by name counts, in whatever order they come and go", async (t) => {
  const { store, dir, save, html } = await setup(t, {});
  await save({ "b/A.DEFAULT.html": showing("<b></b>") });
  const duplicate = (file: string): object[] => [{ code: "VIEWDEF_DUPLICATE", file: `viewdefs/${file}` }];
  t.match((await save({ "a/A.DEFAULT.html": showing("<i></i>") })).problems, duplicate("b/A.DEFAULT.html"));
  t.equal(html("A.DEFAULT"), "<i></i>");
  await save({ "A.DEFAULT.html": showing("<u></u>") });
  t.equal(html("A.DEFAULT"), "<u></u>", "a folder's files come before its folders");
  t.equal(store.problems.length, 2);
  await save({ "A.DEFAULT.html": null });
  t.same((await save({ "a/A.DEFAULT.html": null })).keys, ["A.DEFAULT"]);
  t.equal(html("A.DEFAULT"), "<b></b>", "the other one takes over");
  t.same(store.problems, []);
  const fresh = await ViewdefStore.load(dir);
  t.same(fresh.plans(), store.plans(), "as if it had been read anew");
});

t.test(
  "versions from before can be asked for by their hash, the last eight of each key, also of deleted files",
  async (t) => {
    const { store, save } = await setup(t, { "A.DEFAULT.html": showing("<p>0</p>") });
    const hashes = [store.get("A.DEFAULT")?.hash ?? ""];
    for (let version = 1; version <= 9; version++) {
      await save({ "A.DEFAULT.html": showing(`<p>${version}</p>`) });
      hashes.push(store.get("A.DEFAULT")?.hash ?? "");
    }
    const found = (): (string | undefined)[] => hashes.map((hash) => store.get("A.DEFAULT", hash)?.viewdef.html);
    t.same(found(), [undefined, ...[1, 2, 3, 4, 5, 6, 7, 8, 9].map((version) => `<p>${version}</p>`)]);
    await save({ "A.DEFAULT.html": null });
    t.equal(found()[9], "<p>9</p>");
    t.equal(store.get("A.DEFAULT"), undefined);
    await save({ "A.DEFAULT.html": showing("<p>9</p>") });
    t.equal(found()[2], "<p>2</p>", "coming back is no new version");
  },
);

t.test("a link that leads nowhere any more keeps what it gave; one that is gone does not", async (t) => {
  const dir = t.testdir({
    "real.html": showing("<p></p>"),
    viewdefs: { "A.DEFAULT.html": t.fixture("symlink", "../real.html") },
  });
  const store = await ViewdefStore.load(dir);
  const file = "viewdefs/A.DEFAULT.html";
  fs.rmSync(path.join(dir, "real.html"));
  t.match(await store.reload([file]), { keys: [], problems: [{ code: "VIEWDEF_UNREADABLE", file }] });
  t.ok(store.get("A.DEFAULT"));
  t.ok(store.keepsOlder(file));
  fs.rmSync(path.join(dir, file));
  t.same(await store.reload([file]), { keys: ["A.DEFAULT"], files: [file], problems: [] });
  t.equal(store.get("A.DEFAULT"), undefined);
});

t.test("after any run of saves the store is as if it had been read anew, as long as nothing is refused", async (t) => {
  const { store, dir, save } = await setup(t, {});
  const names = ["A.DEFAULT.html", "b/A.DEFAULT.html", "a/A.DEFAULT.html", "a-b/A.DEFAULT.html", "a/b/B.DEFAULT.html"];
  let seed = 7;
  const random = (below: number): number => (seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31) % below;
  const present = new Set<string>();
  for (let turn = 0; turn < 60; turn++) {
    const name = names[random(names.length)] ?? "";
    const isDeleted = present.has(name) && random(3) === 0;
    await save({ [name]: isDeleted ? null : showing(`<p>${random(3)}</p>`) });
    if (isDeleted) present.delete(name);
    else present.add(name);
    const fresh = await ViewdefStore.load(dir);
    t.strictSame(
      [Object.fromEntries(store.plans()), store.problems],
      [Object.fromEntries(fresh.plans()), fresh.problems],
      `turn ${turn}`,
    );
  }
});
