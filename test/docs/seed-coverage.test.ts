import fs from "node:fs";
import path from "node:path";
import t from "tap";

const root = path.resolve(import.meta.dirname, "../../..");
const page = fs.readFileSync(path.join(root, "docs/seed-coverage.md"), "utf8");
const rows = Array.from(page.matchAll(/^\| (S\d-\d\d) \| ([^|]+) \| ([^|]+) \|$/gm), ([, id, , proof]) => ({
  id: id ?? "",
  proof: proof ?? "",
}));

/** The ids `S<seed>-01` … */
const ids = (seed: number, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `S${seed}-${String(index + 1).padStart(2, "0")}`);

/** Files and titles that a row names. */
function proofs(text: string): { file: string; title: string }[] {
  return Array.from(text.matchAll(/`([\w-]+(?:\/[\w-]+)+)`: (.+?)(?=<br>|$)/g), ([, file = "", title = ""]) => ({
    file: `test/${file}.test.ts`,
    title: title.trim(),
  }));
}

t.test("docs/seed-coverage.md has every row of the two seeds once, with a proof or what it waits for", async (t) => {
  t.strictSame(rows.map(({ id }) => id).sort(), [...ids(0, 20), ...ids(1, 12)]);
  for (const { id, proof } of rows) {
    const waits = proof.startsWith("next: hot reload");
    t.ok(proofs(proof).length > 0 || waits, id);
    if (id.startsWith("S1")) t.notOk(waits, `${id} is not about reloading`);
  }
});

t.test("every test that docs/seed-coverage.md names exists", async (t) => {
  for (const { id, proof } of rows) {
    for (const { file, title } of proofs(proof)) {
      const source = fs.readFileSync(path.join(root, file), "utf8");
      const quoted = title.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
      t.match(source, new RegExp(`t\\.test\\(\\s*["'\`]${quoted}["'\`]`), `${id}: ${file}: ${title}`);
    }
  }
});
