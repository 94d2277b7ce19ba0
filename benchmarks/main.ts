// npm run bench [-- NAME … [--minutes N]]: runs the benchmarks one after the other, prints what they found and writes it to benchmarks/RESULTS.md.
import fs from "node:fs";
import os from "node:os";
import { parseArgs } from "node:util";
import { client } from "./client/client.ts";
import { creation } from "./creation.ts";
import { hogs } from "./hogs.ts";
import { images } from "./images.ts";
import { reload } from "./reload/reload.ts";
import { roundTrip } from "./round-trip.ts";
import { sessions } from "./sessions.ts";
import { sleep } from "./sleep.ts";
import { soak } from "./soak/soak.ts";
import type { Finding } from "./support/measure.ts";
import { store } from "./store.ts";
import { watched } from "./watched.ts";
import { wire } from "./wire/wire.ts";

const { values, positionals: wanted } = parseArgs({ allowPositionals: true, options: { minutes: { type: "string" } } });
const minutes = Number(values.minutes ?? 10);
if (!(minutes >= 2 && minutes <= 1_440)) throw new Error("--minutes is a number from 2 to 1440.");

const benchmarks: Record<string, () => Promise<Finding[]>> = {
  "round-trip": roundTrip,
  watched,
  sessions,
  hogs,
  images,
  creation,
  reload,
  store,
  sleep,
  client,
  wire,
  soak: () => soak({ minutes }),
};
/** They take long, and are run when they are named. */
const onlyNamed = new Set(["soak"]);
for (const name of wanted)
  if (!(name in benchmarks))
    throw new Error(`There is no benchmark ${name}; there are ${Object.keys(benchmarks).join(", ")}.`);

const FILE = "benchmarks/RESULTS.md";
const number = (value: number): string => (value >= 100 ? Math.round(value).toLocaleString("en") : value.toFixed(2));
/** Ratios hold on a busy machine too, if less exactly; times do not. */
const load = (): string => os.loadavg()[0]?.toFixed(1) ?? "unknown";
const machine = `${new Date().toISOString().slice(0, 10)}, Node ${process.version}, ${os.availableParallelism()} cores (${os.cpus()[0]?.model ?? "unknown"})`;
/** What benchmarks found when they were last run, by their names. */
const results = new Map(
  fs
    .readFileSync(FILE, "utf8")
    .split(/^## /m)
    .slice(1)
    .map((section) => [section.slice(0, section.indexOf("\n")), section.slice(section.indexOf("\n")).trim()]),
);
let missed = 0;
for (const [name, run] of Object.entries(benchmarks)) {
  if (wanted.length > 0 ? !wanted.includes(name) : onlyNamed.has(name)) continue;
  console.log(`\n${name}`);
  const lines = [`${machine}, load before: ${load()}.`, "", "| what | result | target |", "| --- | --: | --- |"];
  for (const { what, value, unit, target, ok } of await run()) {
    const verdict = target === undefined ? "" : `${target} ${ok ? "✓" : "missed"}`;
    console.log(`  ${what.padEnd(64)} ${number(value).padStart(10)} ${unit.padEnd(6)} ${verdict}`);
    lines.push(`| ${what} | ${number(value)} ${unit} | ${verdict} |`);
    if (ok === false) missed++;
  }
  results.set(name, lines.join("\n"));
}
const head = `# Results

Made by \`npm run bench\`. Times are at a client in another process on the same machine, so ratios say more than numbers.`;
const sections = Object.keys(benchmarks).flatMap((name) => {
  const result = results.get(name);
  return result === undefined ? [] : [`## ${name}\n\n${result}`];
});
fs.writeFileSync(FILE, `${[head, ...sections].join("\n\n")}\n`);
process.exitCode = missed > 0 ? 1 : 0;
