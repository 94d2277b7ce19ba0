import type { Finding } from "../support/measure.ts";
import { capacityOf, capacityText } from "./capacity.ts";
import { find } from "./lookup.ts";
import type { Plot } from "./plots.ts";
import type { Result } from "./results.ts";
import { amount, middleHalf, originOf, verdict } from "./text.ts";

/** A row of the table: a piece of work, what the Go program of which Moonpool is the successor takes, and where it is measured. */
interface Row {
  work: string;
  original: string;
  found: [benchmark: string, what: string][];
}

const many = "100 sessions in closed loop";
const echo = "echo through a thread and a Lua call";
const rows: Row[] = [
  {
    work: "event round trip, 1 session, p50 and p99, as multiples of the echo through a thread and a Lua call",
    original: "0.107 ms",
    found: [
      ["round-trip", `one session, event / ${echo}, p50`],
      ["round-trip", `one session, event / ${echo}, p99`],
    ],
  },
  {
    work: "100 sessions in closed loop: throughput and CPU per event, as multiples of the same echo",
    original: "49,600/s, 24 µs",
    found: [
      ["round-trip", `${many}, events / ${echo}`],
      ["round-trip", `${many}, CPU per event / ${echo}`],
    ],
  },
  {
    work: "the same with 1,000 viewdef files, as a multiple of one file",
    original: "511/s",
    found: [["round-trip", `${many}, 1000 viewdef files / 1 file`]],
  },
  {
    work: "one change among 10,000 watched fields, without the round trip of the same echo",
    original: "4.5 ms",
    found: [["watched", "one change among 10,000 watched fields, above the echo"]],
  },
  {
    work: "one change in a list of 10,000 rows: all live, windowed; without the round trip of the same echo",
    original: "37 ms",
    found: [
      ["watched", "10,000 rows, all live: a field changes, above the echo"],
      ["watched", "10,000 rows, windowed: a field in sight changes, above the echo"],
    ],
  },
  {
    work: "page refresh with 10,000 rows",
    original: "221 s",
    found: [["watched", "refresh of a page with 10,000 rows, all live: socket → all rows"]],
  },
  {
    work: "open socket → complete demo page, and its frames",
    original: "209 ms, 6 frames",
    found: [
      ["sessions", "Contacts demo: open socket → complete page"],
      ["sessions", "Contacts demo: frames until the page is complete"],
    ],
  },
  {
    work: "sessions created per second over HTTP",
    original: "1,020/s",
    found: [["creation", "page request → demo session started"]],
  },
  {
    work: "memory per connected session, idle: the smallest site, the demo",
    original: "222 KB, kept for ever",
    found: [
      ["sessions", "memory per session, 1000 connected, idle"],
      ["sleep-many", "memory per idle connected demo session"],
    ],
  },
  { work: "memory per session asleep", original: "", found: [["sleep-many", "memory per sleeping demo session"]] },
  {
    work: "save → last of 500 sessions: a Lua file, a viewdef",
    original: "227 ms",
    found: [
      ["reload", "last of 500 sessions, Lua file: save → frame, p50"],
      ["reload", "last of 500 sessions, viewdef: save → frame, p50"],
    ],
  },
  {
    work: "8 endless loops: p50 of others, as a multiple of rest",
    original: "× 170",
    found: [["hogs", "beside 8 endless loops / at rest, p50"]],
  },
];

/** Fills the parts of docs/performance.md that are made of results, which stand between `<!-- NAME -->` and `<!-- end -->`. */
export function fillPerformance(text: string, results: readonly Result[], plots: readonly Plot[]): string {
  const parts: Record<string, string> = {
    table: table(results),
    pictures: plots.map(pictureOf).join("\n\n"),
    capacity: capacityText(capacityOf(results)),
  };
  return Object.entries(parts).reduce((text, [name, part]) => {
    const begin = `<!-- ${name} -->`;
    const from = text.indexOf(begin);
    const to = text.indexOf("<!-- end -->", from);
    if (from < 0 || to < 0) throw new Error(`docs/performance.md has no place for its ${name}`);
    return `${text.slice(0, from + begin.length)}\n\n${part}\n\n${text.slice(to)}`;
  }, text);
}

function pictureOf({ name, caption }: Plot): string {
  return `![${caption}](pictures/performance/${name}.svg)`;
}

function table(results: readonly Result[]): string {
  const lines = rows.map(({ work, original, found }) => {
    const findings = found.map(([benchmark, what]) => find(results, benchmark, what));
    const cell = (of: (finding: Finding) => string, missing = ""): string =>
      findings.map((finding) => (finding === undefined ? missing : of(finding))).join("<br>");
    const here = cell(amount, "not measured");
    return `| ${work} | ${original} | ${here} | ${cell(middleHalf)} | ${cell(verdict)} |`;
  });
  const [first] = results;
  // The machine is the same, the load is not: RESULTS.md has that of each.
  const where = first ? `${originOf(first)} The load generator shares these cores.` : "Nothing has been measured.";
  return [
    where,
    "",
    "| work | Go original | here, median | middle half | target |",
    "| --- | --: | --: | --: | --: |",
    ...lines,
  ].join("\n");
}
