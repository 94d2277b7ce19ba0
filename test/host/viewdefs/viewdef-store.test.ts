import fs from "node:fs";
import path from "node:path";
import t from "tap";
import { ViewdefStore } from "../../../src/host/viewdefs/viewdef-store.ts";

const ok = "<template><p></p></template>";

t.test("every html file below viewdefs is a viewdef; its key is its name, folders do not matter", async (t) => {
  const dir = t.testdir({
    viewdefs: {
      "Contact.DEFAULT.html": '<template><p ui-value="name"></p></template>',
      deep: { er: { "job.Application.list-item.html": ok } },
      "notes.txt": "",
      ".Contact.DEFAULT.html": "an editor's copy",
    },
  });
  const store = await ViewdefStore.load(dir);
  t.same([...store.keys()].sort(), [
    "Contact.DEFAULT",
    "job.Application.list-item",
    "lua.ViewList.DEFAULT",
    "lua.ViewListItem.DEFAULT",
  ]);
  t.same(store.problems, []);
  const contact = store.get("Contact.DEFAULT");
  t.same(JSON.parse(contact?.viewdefText ?? ""), contact?.viewdef, "the texts that are sent say the same");
  t.same(JSON.parse(store.plans().get("Contact.DEFAULT") ?? ""), contact?.plan);
  t.equal(store.get("Contact.edit"), undefined);
});

t.test("a site's own viewdef takes the place of a built-in one", async (t) => {
  const dir = t.testdir({
    viewdefs: { "lua.ViewList.DEFAULT.html": '<template><ol ui-viewlist="items"></ol></template>' },
  });
  t.match((await ViewdefStore.load(dir)).get("lua.ViewList.DEFAULT")?.viewdef.html, /^<ol/);
  t.match((await ViewdefStore.load(t.testdir({}))).get("lua.ViewList.DEFAULT")?.viewdef.html, /^<div ui-viewlist/);
});

t.test("problems carry the file's name in the site and the line; other viewdefs are not touched by them", async (t) => {
  const dir = t.testdir({
    viewdefs: {
      "A.DEFAULT.html": ok,
      "Nameless.html": ok,
      "Two..html": ok,
      sub: { "B.DEFAULT.html": '<template>\n<p ui-vlaue="x"></p></template>', "C.DEFAULT.html": "<p></p>" },
    },
  });
  const store = await ViewdefStore.load(dir);
  t.same(
    store.problems.map(({ code, file, line }) => `${file}:${line} ${code}`),
    [
      "viewdefs/Nameless.html:1 VIEWDEF_KEY",
      "viewdefs/Two..html:1 VIEWDEF_KEY",
      "viewdefs/sub/B.DEFAULT.html:2 ATTRIBUTE_UNKNOWN",
      "viewdefs/sub/C.DEFAULT.html:1 VIEWDEF_TEMPLATE",
    ],
  );
  t.ok(store.get("A.DEFAULT"));
  t.ok(store.get("B.DEFAULT"), "a wrong attribute does not cost the viewdef");
  t.equal(store.get("C.DEFAULT"), undefined);
});

t.test("a file that is nested too deeply to be shown costs no other file", async (t) => {
  const dir = t.testdir({
    viewdefs: {
      "A.DEFAULT.html": `<template>${"<div>".repeat(3000)}${"</div>".repeat(3000)}</template>`,
      "B.DEFAULT.html": ok,
    },
  });
  const store = await ViewdefStore.load(dir);
  t.match(store.problems, [{ code: "VIEWDEF_HTML", severity: "error", file: "viewdefs/A.DEFAULT.html" }]);
  t.equal(store.get("A.DEFAULT"), undefined);
  t.ok(store.get("B.DEFAULT"));
});

t.test("of two files with one key the first by name wins, and the other is reported", async (t) => {
  const dir = t.testdir({
    viewdefs: {
      b: { "A.DEFAULT.html": "<template><b></b></template>" },
      a: { "A.DEFAULT.html": "<template><i></i></template>" },
    },
  });
  const store = await ViewdefStore.load(dir);
  t.equal(store.get("A.DEFAULT")?.viewdef.html, "<i></i>");
  t.match(store.problems, [{ code: "VIEWDEF_DUPLICATE", file: "viewdefs/b/A.DEFAULT.html", key: "A.DEFAULT" }]);
  t.match(store.problems[0]?.message, /viewdefs\/a\/A\.DEFAULT\.html/);
});

t.test("links to files and folders are followed, each folder once, cycles included", async (t) => {
  const dir = t.testdir({
    apps: { tasks: { viewdefs: { "Task.DEFAULT.html": ok, "Task.edit.html": ok } } },
    viewdefs: {
      "Linked.DEFAULT.html": t.fixture("symlink", "../apps/tasks/viewdefs/Task.edit.html"),
      tasks: t.fixture("symlink", "../apps/tasks/viewdefs"),
      again: t.fixture("symlink", "../apps/tasks/viewdefs"),
      loop: t.fixture("symlink", "."),
    },
  });
  fs.symlinkSync("../../../viewdefs", path.join(dir, "apps/tasks/viewdefs/back"));
  const store = await ViewdefStore.load(dir);
  t.same([...store.keys()].filter((key) => !key.startsWith("lua.")).sort(), [
    "Linked.DEFAULT",
    "Task.DEFAULT",
    "Task.edit",
  ]);
  t.same(store.problems, []);
});

t.test("a link that leads nowhere is a problem with the link's name", async (t) => {
  const dir = t.testdir({ viewdefs: { "A.DEFAULT.html": t.fixture("symlink", "gone.html") } });
  t.match((await ViewdefStore.load(dir)).problems, [{ code: "VIEWDEF_UNREADABLE", file: "viewdefs/A.DEFAULT.html" }]);
});

t.test("a file that is too large to be compiled in passing is a problem, and the others are there", async (t) => {
  const large = `<template>${"<p>x</p>".repeat(70_000)}</template>`;
  const dir = t.testdir({ viewdefs: { "A.DEFAULT.html": large, "B.DEFAULT.html": ok } });
  const store = await ViewdefStore.load(dir);
  t.match(store.problems, [{ code: "VIEWDEF_TOO_LARGE", file: "viewdefs/A.DEFAULT.html", message: /547 KB.*512 KB/ }]);
  t.ok(store.get("B.DEFAULT"));
});

t.test("when viewdefs is no folder that can be listed, that is a problem and no end", async (t) => {
  const dir = t.testdir({ viewdefs: "a file" });
  t.match((await ViewdefStore.load(dir)).problems, [
    { code: "VIEWDEF_UNREADABLE", file: "viewdefs", message: /folder cannot be read: ENOTDIR/ },
  ]);
});

t.test("equal texts have equal hashes, so that a save without a change is no change", async (t) => {
  const dir = t.testdir({
    viewdefs: { "A.DEFAULT.html": ok, "B.DEFAULT.html": `\uFEFF${ok}`, "C.DEFAULT.html": `${ok} ` },
  });
  const store = await ViewdefStore.load(dir);
  t.equal(store.get("A.DEFAULT")?.hash, store.get("B.DEFAULT")?.hash, "a byte order mark is not text");
  t.not(store.get("A.DEFAULT")?.hash, store.get("C.DEFAULT")?.hash);
});

t.test("ui-code is allowed by the host's option only", async (t) => {
  const dir = t.testdir({ viewdefs: { "A.DEFAULT.html": '<template><p ui-code="x"></p></template>' } });
  t.match((await ViewdefStore.load(dir)).problems, [{ code: "CODE_FORBIDDEN" }]);
  t.same((await ViewdefStore.load(dir, { uiCode: true })).problems, []);
});
