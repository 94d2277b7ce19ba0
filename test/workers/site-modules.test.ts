import fs from "node:fs";
import path from "node:path";
import t, { type Test } from "tap";
import { SiteModules } from "../../src/workers/site-modules.ts";

/** A site with a folder next to it, and a link to the site. */
function makeSite(t: Test): { site: string; outside: string; modules: SiteModules } {
  const folder = t.testdir({
    outside: {
      "shared.lua": "return 'shared'",
      "secret.lua": "return 'secret'",
      apps: { "tasks.lua": "return 'tasks'" },
    },
    site: {
      "main.lua": "return 'not in lua'",
      lua: {
        "main.lua": "return 'main'",
        contacts: { "app.lua": "return 'contacts'", "init.lua": "return 'init'", "a-b_C9.lua": "return 'named'" },
        "contacts.lua": "return 'file before folder'",
        folder: { "init.lua": "return 'folder'" },
        "folder.lua": {},
        "marked.lua": "\uFEFF#!/usr/bin/lua\nreturn 'marked'",
      },
      apps: { "board.lua": "return 'board'" },
    },
  });
  const site = path.join(folder, "site");
  fs.symlinkSync("../../outside/shared.lua", path.join(site, "lua", "linked.lua"));
  fs.symlinkSync("../../outside/apps", path.join(site, "lua", "apps"));
  fs.symlinkSync("../apps/board.lua", path.join(site, "lua", "board.lua"));
  fs.symlinkSync("nowhere.lua", path.join(site, "lua", "dangling.lua"));
  fs.symlinkSync("circle.lua", path.join(site, "lua", "circle.lua"));
  return { site, outside: path.join(folder, "outside"), modules: new SiteModules(site) };
}

t.test("a name leads to a file, or to init.lua of a folder, below lua/", async (t) => {
  const { modules } = makeSite(t);
  t.same(modules.read("main"), { key: "lua/main.lua", chunk: "main.lua", source: "return 'main'" });
  t.same(modules.read("contacts.app"), {
    key: "lua/contacts/app.lua",
    chunk: "contacts/app.lua",
    source: "return 'contacts'",
  });
  t.equal(modules.read("contacts").source, "return 'file before folder'");
  t.equal(modules.read("contacts.a-b_C9").source, "return 'named'");
  t.same(modules.read("folder").chunk, "folder/init.lua", "a folder with a file's name is passed over");
});

t.test(
  "a symlink leads wherever it points; the key is the real file, the chunk the name that the author knows",
  async (t) => {
    const { modules } = makeSite(t);
    t.same(modules.read("linked"), { key: "../outside/shared.lua", chunk: "linked.lua", source: "return 'shared'" });
    t.same(modules.read("apps.tasks"), {
      key: "../outside/apps/tasks.lua",
      chunk: "apps/tasks.lua",
      source: "return 'tasks'",
    });
    t.same(modules.read("board"), { key: "apps/board.lua", chunk: "board.lua", source: "return 'board'" });
  },
);

t.test("the key does not depend on whether the site itself is reached through a symlink", async (t) => {
  const { site } = makeSite(t);
  fs.symlinkSync(site, `${site}-link`);
  t.equal(new SiteModules(`${site}-link`).read("contacts.app").key, "lua/contacts/app.lua");
});

t.test("no name leads out of lua/", async (t) => {
  const { modules, outside } = makeSite(t);
  const names = ["", ".", "..", "../main", "..main", "main.", ".main", "a..b", "/etc/passwd", "../../outside/secret"];
  names.push(
    `${outside}/secret`,
    "a/b",
    "a\\b",
    "main.lua\0",
    "main\n",
    "mäin",
    "contacts/app",
    "~",
    "C:main",
    "%2e%2e",
  );
  for (const name of names) t.throws(() => modules.read(name), { code: "REQUIRE_NAME" }, JSON.stringify(name));
});

t.test("a module that is not there is an error with both places, relative to the site", async (t) => {
  const { modules } = makeSite(t);
  t.throws(() => modules.read("no.such"), {
    code: "REQUIRE_MISSING",
    message: 'There is no module "no.such". Tried lua/no/such.lua and lua/no/such/init.lua.',
  });
  t.throws(() => modules.read("dangling"), { code: "REQUIRE_MISSING" });
  t.throws(() => modules.read("circle"), { code: "REQUIRE_MISSING", message: /lua\/circle\.lua \(ELOOP\)/ });
  t.throws(() => modules.read("x".repeat(5000)), { code: "REQUIRE_NAME" });
  t.throws(() => modules.read("main.lua"), { code: "REQUIRE_MISSING" }, "a file is not a folder");
});

t.test("a byte order mark and a #! line are not code, and lines keep their numbers", async (t) => {
  t.equal(makeSite(t).modules.read("marked").source, "\nreturn 'marked'");
});
