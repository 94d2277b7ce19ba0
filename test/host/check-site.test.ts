import t from "tap";
import { checkSite } from "../../src/host/check-site.ts";

t.test("errors and warnings come with the place in the file, in the order of files and lines", async (t) => {
  const dir = t.testdir({
    lua: {
      "main.lua": 'local text = require("text")\nlocal maximum, x = max, 1\nreturn text, x, maximum\n',
      "text.lua": 'return require("main")',
      "unused.lua": "",
    },
    html: { "index.html": '<body>\n <p onclick="x()">' },
    viewdefs: { "A.DEFAULT.html": '<template><p ui-vlaue="name"></p></template>' },
  });
  const { problems, luaFiles } = await checkSite(dir, { uiCode: false });
  t.equal(luaFiles, 3);
  t.same(
    problems.map(({ file, line, column, severity, code }) => `${file}:${line}:${column} ${severity} ${code}`),
    [
      "html/index.html:2:5 warning PAGE_BLOCKED",
      "lua/main.lua:1:14 warning LINT_CYCLE",
      "lua/main.lua:2:20 warning LINT_GLOBAL",
      "lua/unused.lua:1:1 warning LINT_UNUSED",
      "viewdefs/A.DEFAULT.html:1:14 error ATTRIBUTE_UNKNOWN",
    ],
  );
  t.ok(problems.every(({ message }) => message.endsWith(".") || message.endsWith("?")));
});

t.test(
  "a file that cannot be compiled or read is an error at its place, and the others are still checked",
  async (t) => {
    const dir = t.testdir({
      lua: {
        "main.lua": "session:createAppVariable(make())\nfunction make() return {} end\n",
        "bad.lua": "local a = 1\nlocal b = = 2\n",
        "compiled.lua": "\x1bLua",
        "gone.lua": t.fixture("symlink", "nowhere.lua"),
      },
    });
    const { problems } = await checkSite(dir, { uiCode: false });
    t.match(problems, [
      { file: "lua/bad.lua", line: 2, column: 9, code: "LUA_SYNTAX", message: "unexpected symbol near '='." },
      { file: "lua/compiled.lua", line: 1, code: "LUA_SYNTAX", message: /compiled Lua/ },
      { file: "lua/gone.lua", line: 1, code: "LUA_SYNTAX", message: /ENOENT/ },
      { file: "lua/main.lua", line: 1, column: 9, code: "LINT_APP", severity: "warning" },
    ]);
  },
);
