import fs from "node:fs";
import t from "tap";
import { parsePath } from "../../../src/protocol/main.ts";
import { compileViewdef } from "../../../src/host/viewdefs/compile.ts";

const reference = fs.readFileSync("docs/viewdefs.md", "utf8");

t.test("the examples of docs/viewdefs.md compile without a problem", async (t) => {
  const templates = Array.from(reference.matchAll(/<template>\s*<[^]*?<\/template>/g), ([text]) => text);
  t.ok(templates.length >= 3);
  for (const text of templates)
    t.same(compileViewdef("A.B", text, { file: "docs/viewdefs.md", uiCode: true }).problems, [], text);
});

t.test("the paths that docs/viewdefs.md lists are understood", async (t) => {
  const [, table = ""] = /\| write \| for \|\n[^\n]*\n([^]*?)\n\n/.exec(reference) ?? [];
  const paths = table
    .split("\n")
    .flatMap((row) => Array.from((row.split("|")[1] ?? "").matchAll(/`([^`]+)`/g), ([, path = ""]) => path));
  t.ok(paths.length >= 10);
  for (const path of paths) t.doesNotThrow(() => parsePath(path), path);
});
