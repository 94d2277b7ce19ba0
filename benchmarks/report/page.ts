import type { Finding } from "../support/measure.ts";
import { capacityOf, capacityText } from "./capacity.ts";
import { htmlOf } from "./markup.ts";
import type { Plot } from "./plots.ts";
import type { Result } from "./results.ts";
import { amount, middleHalf, number, originOf, verdict } from "./text.ts";

/** The page of results: one file, with its pictures, that needs nothing else. */
export function pageOf(results: readonly Result[], plots: readonly Plot[]): string {
  const judged = results.flatMap(({ findings }) => findings).filter(({ ok }) => ok !== undefined);
  const met = judged.filter(({ ok }) => ok).length;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Moonpool: results</title>
<style>${STYLE}</style>
<header>
<h1>Moonpool: results</h1>
<p>Made by <code>npm run bench</code>. Times are at a client in another process on the same machine, so ratios say more than
numbers. <b>${met} of ${judged.length}</b> targets are met. Bars beside the numbers are the middle half of the samples, lines all of them.</p>
<nav>${results.map(({ benchmark }) => `<a href="#${benchmark}">${benchmark}</a>`).join(" ")} <a href="#capacity">capacity</a></nav>
</header>
<main>
<section class="plots">${plots.map(figureOf).join("\n")}</section>
${results.map(sectionOf).join("\n")}
<section id="capacity"><h2>Capacity</h2>${htmlOf(capacityText(capacityOf(results)))}</section>
</main>
</html>
`;
}

const STYLE = `
:root { color-scheme: light; --ink: #22272e; --soft: #68707a; --line: #dfe3e8; --blue: #2f5fd0; }
body { margin: 0 auto; max-width: 76rem; padding: 1rem 1.5rem 4rem; font: 15px/1.5 system-ui, sans-serif; color: var(--ink); }
h1 { margin: 1rem 0 .25rem; } h2 { margin: 3rem 0 .25rem; }
nav a { margin-right: .75rem; } a { color: var(--blue); }
.where { color: var(--soft); margin: 0 0 .75rem; }
.plots { columns: 2 30rem; column-gap: 1.5rem; margin-top: 1.5rem; }
figure { margin: 0 0 1.5rem; break-inside: avoid; border: 1px solid var(--line); border-radius: 6px; overflow: hidden; }
figure svg { display: block; width: 100%; height: auto; } figcaption { padding: .5rem .75rem; color: var(--soft); border-top: 1px solid var(--line); }
section > div { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; } th { text-align: left; color: var(--soft); font-weight: 500; }
th, td { padding: .2rem .75rem .2rem 0; border-bottom: 1px solid var(--line); vertical-align: middle; }
.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; } .met, .missed { white-space: nowrap; } .met { color: #1b7a3d; } .missed { color: #c92a2a; font-weight: 600; }
pre { background: #f5f6f8; padding: .75rem; overflow-x: auto; }
`;

function figureOf({ caption, svg }: Plot): string {
  return `<figure>${svg.trim()}<figcaption>${escape(caption)}</figcaption></figure>`;
}

function sectionOf(result: Result): string {
  const { benchmark, question, findings } = result;
  return `<section id="${benchmark}"><h2>${benchmark}</h2><p>${escape(question)}</p><p class="where">${escape(originOf(result))}</p>
<div><table><tr><th>what<th class="n">median<th><th class="n">middle half<th class="n">samples<th class="n">of the baseline<th>target
${findings.map(rowOf).join("\n")}
</table></div></section>`;
}

function rowOf(finding: Finding): string {
  const { what, samples, ok, baseline } = finding;
  const kind = ok === undefined ? "" : ok ? "met" : "missed";
  const ratio =
    baseline === undefined ? "" : `<span title="${escape(baseline.what)}">× ${number(baseline.ratio)}</span>`;
  const numbers = [middleHalf(finding), samples, ratio].map((text) => `<td class="n">${text}`).join("");
  return `<tr><td>${escape(what)}<td class="n">${amount(finding)}<td>${spreadOf(finding)}${numbers}<td class="${kind}">${verdict(finding)}`;
}

/** From 0 to the greatest sample: a line for all, a bar for the middle half, a stroke for the median. */
function spreadOf({ median, spread }: Finding): string {
  if (spread === undefined || !(spread.max > 0)) return "";
  const x = (value: number): string => ((100 * Math.max(0, value)) / spread.max).toFixed(1);
  const width = (from: number, to: number): string => Math.max(1, Number(x(to)) - Number(x(from))).toFixed(1);
  return `<svg width="104" height="12" viewBox="-2 0 104 12" aria-hidden="true"><path d="M0 6H100" stroke="#eceff2"/><path d="M${x(spread.min)} 6H${x(spread.max)}" stroke="#68707a"/><rect x="${x(spread.q1)}" y="2" width="${width(spread.q1, spread.q3)}" height="8" fill="#9db8f2"/><path d="M${x(median)} 1V11" stroke="#22272e" stroke-width="1.5"/></svg>`;
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
