import fs from "node:fs";
import path from "node:path";
import t from "tap";
import { errors } from "../../src/protocol/error-code.ts";

const root = path.resolve(import.meta.dirname, "../../..");
const codes = Object.keys(errors);

t.test("docs/errors.md lists every code with who must act, what it means and what to do, and no other", async (t) => {
  const page = fs.readFileSync(path.join(root, "docs/errors.md"), "utf8");
  for (const [code, { who, text, advice }] of Object.entries(errors))
    t.ok(page.includes(`| \`${code}\` | ${who} | ${text} | ${advice} |`), code);
  const documented = [...page.matchAll(/^\| `([A-Z_]+)` \|/gm)].map(([, code]) => code);
  t.same(new Set(documented), new Set(codes));
});

t.test(
  "every code that Lua raises is in the catalogue, and every code of the catalogue is raised somewhere",
  async (t) => {
    const sources = fs
      .readdirSync(path.join(root, "src"), { recursive: true, encoding: "utf8" })
      .filter((name) => /\.(ts|lua)$/.test(name) && !name.endsWith("error-code.ts"))
      .map((name) => fs.readFileSync(path.join(root, "src", name), "utf8"))
      .join("\n");
    for (const [, code] of sources.matchAll(/raise\("([A-Z_]+)"|raise, "([A-Z_]+)"/g))
      if (code) t.ok(codes.includes(code), code);
    for (const code of codes) t.ok(sources.includes(`"${code}"`) || sources.includes(`${code}: `), code);
  },
);
