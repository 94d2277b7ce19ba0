import t from "tap";
import { editorLink } from "../../../src/host/hotload/editor-link.ts";
import { hotloadOf, type HotloadOptions } from "../../../src/host/hotload/hotload-options.ts";
import { ignorePattern } from "../../../src/host/hotload/ignore-pattern.ts";
import { staticChanges } from "../../../src/host/hotload/static-changes.ts";

t.test("on in development mode, off otherwise, and as it is asked for; all is shown and kept by default", async (t) => {
  t.equal(hotloadOf(undefined, false), undefined);
  t.equal(hotloadOf(false, true), undefined);
  t.equal(hotloadOf({ editor: false }, false), undefined, "details turn nothing on");
  const ui = {
    toasts: true,
    indicator: true,
    shortcuts: true,
    preserve: { form: true, scroll: true, focus: true },
  };
  const settings = { ui, editor: "vscode://file/{file}:{line}", ignored: [], poll: undefined };
  t.strictSame(hotloadOf(undefined, true), settings);
  t.strictSame(hotloadOf(true, false), settings);
  const given = { toasts: false, preserve: { scroll: false }, editor: false, poll: 500 } as const;
  t.match(hotloadOf(given, true), {
    ui: { ...ui, toasts: false, preserve: { form: true, scroll: false, focus: true } },
    editor: false,
    poll: 500,
  });
});

t.test("options that cannot be meant are refused with their name, whether it is on or not", async (t) => {
  const wrong: [unknown, RegExp][] = [
    ["yes", /`hotload` must be/],
    [null, /`hotload` must be/],
    [{ toast: true }, /`hotload` has no `toast`; did you mean toasts\?/],
    [{ colour: true }, /`hotload` has no `colour`; it has enabled, toasts/],
    [{ indicator: "on" }, /`hotload.indicator` must be true or false/],
    [{ preserve: true }, /`hotload.preserve`/],
    [{ preserve: { forms: true } }, /`hotload.preserve` has no `forms`; did you mean form\?/],
    [{ preserve: { form: 1 } }, /`hotload.preserve.form`/],
    [{ editor: true }, /`hotload.editor`/],
    [{ editor: "vscode://file/" }, /`hotload.editor` must be a URL with \{file\}/],
    [{ editor: "{file}" }, /`hotload.editor`/],
    [{ editor: "JavaScript:alert('{file}')" }, /`hotload.editor`/],
    [{ ignore: "*.tmp" }, /`hotload.ignore`/],
    [{ ignore: [""] }, /`hotload.ignore`/],
    [{ poll: 0 }, /`hotload.poll`/],
  ];
  for (const [option, message] of wrong)
    for (const development of [true, false])
      t.throws(() => hotloadOf(option as HotloadOptions, development), { code: "CONFIG_INVALID", message });
});

t.test("links to the editor: absolute, one slash, encoded, in whatever form the editor wants", async (t) => {
  t.equal(editorLink("vscode://file/{file}:{line}", "/home/a b/x#1.lua", 3), "vscode://file/home/a%20b/x%231.lua:3");
  t.equal(
    editorLink("vscode://file/{file}:{line}:{column}", "C:\\site\\x.lua", 3, 7),
    "vscode://file/C:/site/x.lua:3:7",
  );
  t.equal(
    editorLink("idea://open?file={file}&line={line}", "/a/b&c$&.lua", 9),
    "idea://open?file=/a/b%26c$%26.lua&line=9",
  );
});

t.test(
  "what is ignored: names anywhere, paths from the site, and all that lies in a folder that matches",
  async (t) => {
    const cases: [string, string[], string[]][] = [
      ["*.tmp", ["lua/a.tmp", "html/deep/b.tmp", "lua/x.tmp/y.lua"], ["lua/a.tmpl", "lua/tmp"]],
      ["build", ["html/build", "lua/build/a.lua"], ["html/building", "html/build.css"]],
      ["html/build/", ["html/build", "html/build/a.css"], ["lua/html/build", "html/builder"]],
      ["./lua/*.gen.lua", ["lua/a.gen.lua"], ["lua/deep/a.gen.lua"]],
      ["lua/**/a.lua", ["lua/x/y/a.lua"], ["lua/x/b.lua"]],
      ["a+(b).lua", ["lua/a+(b).lua"], ["lua/aab.lua"]],
    ];
    for (const [pattern, ignored, watched] of cases) {
      for (const name of ignored) t.ok(ignorePattern(pattern).test(name), `${pattern} ignores ${name}`);
      for (const name of watched) t.notOk(ignorePattern(pattern).test(name), `${pattern} does not ignore ${name}`);
    }
  },
);

t.test("static files are exchanged in the page, but for what made the page", async (t) => {
  t.strictSame(staticChanges(["a.css", "img/x?.png", "font.woff2", "data.json"]), {
    assets: ["/a.css", "/img/x%3F.png", "/font.woff2", "/data.json"],
    needsPage: false,
  });
  for (const file of ["index.html", "deep/part.htm", "app.js", "app.mjs", "app.cjs", "A.JS"])
    t.strictSame(staticChanges([file]), { assets: [], needsPage: true });
});
