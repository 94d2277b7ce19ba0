import fs from "node:fs";
import path from "node:path";
import t from "tap";
import { options } from "../../src/cli/options.ts";
import { starterSite } from "../../src/cli/starter-site.ts";
import { run } from "./command.ts";

t.test("--help of serve lists every setting with its flag, variable, key and default", async (t) => {
  const { out, code } = await run(["serve", "--help"]);
  const text = out.replace(/\s+/g, " ");
  t.equal(code, 0);
  for (const [key, { flag, env, fallback }] of Object.entries(options)) {
    t.ok(text.includes(flag), flag);
    t.ok(text.includes(`(env: ${env}, default: ${fallback})`), env);
    t.match(text, new RegExp(`Its keys:.*\\b${key}\\b`));
  }
});

t.test("--version prints the version of the package", async (t) => {
  const { version } = JSON.parse(fs.readFileSync("package.json", "utf8")) as { version: string };
  t.equal((await run(["--version"])).out.trim(), version);
});

t.test("a mistyped command or flag is answered with the right one", async (t) => {
  const command = await run(["srve"]);
  t.equal(command.code, 1);
  t.match(command.err, /Did you mean serve\?/);
  t.match((await run(["serve", "--prot", "1"])).err, /Did you mean --port\?/);
});

t.test("init makes a site without problems", async (t) => {
  const dir = path.join(t.testdir({}), "new/site");
  const { out, code } = await run(["init", dir]);
  t.equal(code, 0);
  t.match(out, /moonpool serve --dev --dir/);
  for (const [file, text] of Object.entries(starterSite)) t.equal(fs.readFileSync(path.join(dir, file), "utf8"), text);
  const checked = await run(["check", dir]);
  t.equal(checked.code, 0);
  t.equal(checked.out, "2 viewdefs, 2 Lua files: no problems\n");
});

t.test("init writes into a folder with files in it only when forced, and leaves other files alone", async (t) => {
  const dir = t.testdir({ lua: { "main.lua": "mine" }, "other.txt": "mine" });
  const { code, err } = await run(["init", dir]);
  t.equal(code, 1);
  t.match(err, /^CONFIG_INVALID: .* is not empty.*--force/);
  t.equal(fs.readFileSync(path.join(dir, "lua/main.lua"), "utf8"), "mine");
  t.equal((await run(["init", dir, "--force"])).code, 0);
  t.not(fs.readFileSync(path.join(dir, "lua/main.lua"), "utf8"), "mine");
  t.equal(fs.readFileSync(path.join(dir, "other.txt"), "utf8"), "mine");
});

const broken = {
  lua: {
    "main.lua": "print('ok')\n",
    deep: { "bad.lua": "local x = 1\nx = = 2\n" },
    "compiled.lua": "\x1bLua",
  },
  viewdefs: {
    "A.DEFAULT.html": '<template>\n  <p ui-vlaue="name"></p>\n</template>\n',
    "B.DEFAULT.html": "<template><p/></template>",
  },
};

t.test("check prints file:line:column, code, message and advice of each problem, and exits 1 on errors", async (t) => {
  const { code, out } = await run(["check", t.testdir(broken)]);
  t.equal(code, 1);
  t.same(out.trim().split("\n"), [
    "lua/compiled.lua:1:1: LUA_SYNTAX this is compiled Lua; only source text is loaded. (Mend the code at the given place.)",
    "lua/deep/bad.lua:2:3: LUA_SYNTAX unexpected symbol near '='. (Mend the code at the given place.)",
    "viewdefs/A.DEFAULT.html:2:6: ATTRIBUTE_UNKNOWN There is no attribute ui-vlaue; did you mean ui-value? (See docs/viewdefs.md for all attributes.)",
    "viewdefs/B.DEFAULT.html:1:11: warning VIEWDEF_HTML HTML does not know <p/>; write <p></p>. (Close every element, and nest elements as HTML allows.)",
    "2 viewdefs, 3 Lua files: 3 errors, 1 warning",
  ]);
});

t.test("check --json says the same to a program", async (t) => {
  const { code, out } = await run(["check", t.testdir(broken), "--json"]);
  t.equal(code, 1);
  t.match(JSON.parse(out), {
    errors: 3,
    warnings: 1,
    luaFiles: 3,
    viewdefFiles: 2,
    problems: [
      {},
      { file: "lua/deep/bad.lua", line: 2, column: 3, code: "LUA_SYNTAX", severity: "error", advice: /Mend/ },
      { file: "viewdefs/A.DEFAULT.html", key: "A.DEFAULT" },
      { severity: "warning" },
    ],
  });
});

t.test("check exits 0 when there are warnings only, but with --strict 1, as CI wants it", async (t) => {
  const dir = t.testdir({ lua: { "main.lua": "print(cuont)" }, viewdefs: {} });
  const { code, out } = await run(["check", dir]);
  t.equal(code, 0);
  t.match(out, /^lua\/main\.lua:1:7: warning LINT_GLOBAL There is no global cuont, and no file sets it\. \(/);
  const strict = await run(["check", dir, "--strict", "--json"]);
  t.equal(strict.code, 1);
  t.match(JSON.parse(strict.out), { errors: 0, warnings: 1, problems: [{ code: "LINT_GLOBAL", advice: /local/ }] });
  t.equal((await run(["check", t.testdir({ lua: { "main.lua": "" } }), "--strict"])).code, 0);
});

t.test("check allows ui-code where the site's config does", async (t) => {
  const site = { lua: { "main.lua": "" }, viewdefs: { "A.DEFAULT.html": '<template><p ui-code="x"></p></template>' } };
  t.match((await run(["check", t.testdir(site)])).out, /CODE_FORBIDDEN/);
  t.equal((await run(["check", t.testdir({ ...site, ".moonpoolrc": "uiCode: true" })])).code, 0);
  t.equal((await run(["check", t.testdir(site), "--ui-code"])).code, 0);
});

t.test("a folder without a site is SITE_MISSING, with what to do", async (t) => {
  const { code, err } = await run(["check", t.testdir({})]);
  t.equal(code, 1);
  t.match(err, /^SITE_MISSING: .*\n.*moonpool init/);
  t.match((await run(["check", t.testdir({ lua: { "other.lua": "" } })])).out, /lua\/main\.lua:1:1: SITE_MISSING/);
});
