import fs from "node:fs";
import { createRequire } from "node:module";
import type { LoadResult } from "../run.ts";
import type { Kind } from "../tally.ts";
import { drawPlots } from "./plots.ts";
import { MEANING, milliseconds, warningOf } from "./summary.ts";

const require = createRequire(import.meta.url);

/** The result as a page that needs nothing else: plots, tables, and the result itself as JSON. */
export function htmlReport(result: LoadResult): string {
  const library = fs.readFileSync(require.resolve("uplot/dist/uPlot.iife.min.js"), "utf8");
  const style = fs.readFileSync(require.resolve("uplot/dist/uPlot.min.css"), "utf8");
  const { users, events, errors, times, thresholds, readings, server, generator } = result;
  const facts: [string, string][] = [
    ["site", result.site],
    ["started", result.started],
    ["ran for", `${result.seconds.toFixed(1)} s (${result.ended})`],
    ["model", result.model === "open" ? `open, ${result.options.events} events/s planned` : "closed"],
    ["users", `${users.come}, at most ${users.most} at a time, ${users.rounds} rounds`],
    ["events", `${events.answered} of ${events.sent} answered, ${events.perSecond.toFixed(1)} per second`],
    ["errors", `${errors.count} (${(100 * errors.share).toFixed(2)} %)`],
    ["seed", String(result.options.seed)],
    [
      "load generator",
      `${(100 * generator.cpu).toFixed(0)} % of a processor, timers late by ${milliseconds(generator.delay.p99)} ms (p99)${warningOf(result)}`,
    ],
  ];
  const timeRows = Object.entries(times).map(([kind, { count, mean, p50, p90, p99, p999, max }]) => [
    `${kind}: ${MEANING[kind as Kind]}`,
    String(count),
    ...[mean, p50, p90, p99, p999, max].map(milliseconds),
  ]);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">
<link rel="icon" href="data:,">
<title>Load test of ${escaped(result.site)}</title>
<style>${style}
${STYLE}</style>
</head>
<body>
<h1>Load test of ${escaped(result.site)}</h1>
<table class="facts">${facts.map(([name, value]) => `<tr><th>${escaped(name)}</th><td>${escaped(value)}</td></tr>`).join("")}</table>
${section(
  "Conditions",
  ["condition", "value", ""],
  thresholds.map(({ text, value, isMissed }) => [
    text,
    value === null ? "never measured" : String(Number(value.toPrecision(4))),
    isMissed ? "failed" : "ok",
  ]),
)}
${section("Times in ms", ["what", "count", "mean", "p50", "p90", "p99", "p99.9", "max"], timeRows)}
<h2>Over time</h2>
<p id="trouble"></p>
<figure id="latency"><figcaption>Event to answer, ms</figcaption></figure>
<figure id="throughput"><figcaption>Answered events and errors per second</figcaption></figure>
<figure id="users"><figcaption>Users${server ? ", and what the host says of its sessions" : ""}</figcaption></figure>
<h2>Distribution</h2>
<figure id="distribution"><figcaption>Time below which a share of all lies, ms; to the right the slowest tenth, hundredth, …</figcaption></figure>
${section(
  "Errors",
  ["code", "count", "the first"],
  errors.byCode.map(({ code, count, message }) => [code, String(count), message]),
)}
${section(
  "Read from the page",
  ["what", "count", "sum", "least", "most"],
  Object.entries(readings).map(([name, { count, sum, least, most }]) => [
    name,
    ...[count, sum, least, most].map(String),
  ]),
)}
${section(
  "What the host counted",
  ["counter", "grown by"],
  Object.entries(server?.grown ?? {}).map(([name, value]) => [name, String(Number(value.toFixed(3)))]),
)}
<script type="application/json" id="result">${JSON.stringify(result).replaceAll("<", String.raw`\u003c`)}</script>
<script>${KNOWN_LANGUAGE}</script>
<script>${library}</script>
<script>try { (${drawPlots.toString()})(JSON.parse(document.getElementById("result").textContent), uPlot) }
catch (error) { document.getElementById("trouble").textContent = "The plots could not be drawn: " + error }</script>
</body>
</html>
`;
}

/** A browser on a machine without locales has a language that Intl refuses, and so would the plots. */
const KNOWN_LANGUAGE = `try { new Intl.NumberFormat(navigator.language) }
catch { Object.defineProperty(navigator, "language", { value: "en" }) }`;

const STYLE = `
body { font: 15px/1.5 system-ui, sans-serif; max-width: 980px; margin: 2rem auto; padding: 0 1rem; color: #1c2430; background: #fff; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .2rem .9rem .2rem 0; border-bottom: 1px solid #e3e7ee; vertical-align: top; font-weight: normal; }
thead th, .facts th { color: #5a6675; } tbody:not(.words) td + td { text-align: right; }
figure { margin: 1rem 0; } figcaption { color: #5a6675; margin-bottom: .3rem; }
td:last-child:is(.failed) { color: #b3261e; font-weight: 600; }`;

function section(title: string, head: string[], rows: string[][]): string {
  if (rows.length === 0) return "";
  const cells = (row: string[]): string =>
    row.map((cell) => `<td${cell === "failed" ? ' class="failed"' : ""}>${escaped(cell)}</td>`).join("");
  return `<h2>${title}</h2>
<table><thead><tr>${head.map((name) => `<th>${name}</th>`).join("")}</tr></thead>
<tbody>${rows.map((row) => `<tr>${cells(row)}</tr>`).join("")}</tbody></table>`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
