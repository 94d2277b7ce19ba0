import fs from "node:fs";
import path from "node:path";
import t from "tap";

const root = path.resolve(import.meta.dirname, "../../..");
const page = fs.readFileSync(path.join(root, "docs/seed-coverage.md"), "utf8");
const rows = Array.from(page.matchAll(/^\| ([SD]\d-\d\d) \| ([^|]+) \| ([^|]+) \|$/gm), ([, id, , proof]) => ({
  id: id ?? "",
  proof: proof ?? "",
}));

/** The ids `PART-NN` from `first` to `last`. */
const ids = (part: string, first: number, last: number): string[] =>
  Array.from({ length: last - first + 1 }, (_, index) => `${part}-${String(first + index).padStart(2, "0")}`);

/** Files and titles that a row names. */
function proofs(text: string): { file: string; title: string }[] {
  return Array.from(text.matchAll(/`([\w-]+(?:\/[\w-]+)+)`: (.+?)(?=<br>|$)/g), ([, file = "", title = ""]) => ({
    file: `test/${file}.test.ts`,
    title: title.trim(),
  }));
}

/** Titles as they stand in a test file, with the `${…}` of those that a loop makes. */
function titlesOf(file: string): string[] {
  const source = fs.readFileSync(path.join(root, file), "utf8");
  const literal = /(["'`])((?:\\.|(?!\1)[^\\])*)\1(\s*\+\s*)?/y;
  return Array.from(source.matchAll(/\b(?:t\.test|scenario)\(\s*(?=["'`])/g), ({ index, 0: call }) => {
    let title = "";
    literal.lastIndex = index + call.length;
    for (let part = literal.exec(source); part; part = part[3] === undefined ? null : literal.exec(source))
      title += part[2];
    return title;
  });
}

t.test("docs/seed-coverage.md has every row that is done once, with a proof", async (t) => {
  const wanted = [
    ...ids("S0", 1, 20),
    ...ids("S1", 1, 12),
    ...ids("S2", 1, 17),
    ...ids("S3", 1, 47),
    ...ids("S4", 1, 25),
    "S4-27",
    ...ids("S4", 31, 57),
    "S4-61",
    ...ids("D2", 1, 17),
    ...ids("D2", 20, 39),
    ...ids("D2", 60, 75),
  ];
  t.strictSame(rows.map(({ id }) => id).sort(), wanted.sort());
  for (const { id, proof } of rows) {
    t.ok(proofs(proof).length > 0, `${id} has a proof`);
    t.notMatch(proof.toLowerCase(), /\b(next|open):/, `${id} waits for nothing`);
  }
});

t.test("every test that docs/seed-coverage.md names exists", async (t) => {
  const titles = new Map<string, string[]>();
  for (const { id, proof } of rows) {
    for (const { file, title } of proofs(proof)) {
      const known = titles.get(file) ?? titlesOf(file);
      titles.set(file, known);
      t.ok(known.includes(title), `${id}: ${file}: ${title}`);
    }
  }
});
