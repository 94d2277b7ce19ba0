import { errors, type MoonpoolError } from "../protocol/main.ts";
import type { Excerpt } from "./source-excerpt.ts";

/** The pages that Moonpool itself shows: no scripts, nothing loaded from elsewhere, everything escaped. */

/** A page that says what happened and where to go on. */
export function messagePage(title: string, text: string, link?: { href: string; text: string }): string {
  const way = link === undefined ? "" : `<p><a href="${escapeHtml(link.href)}">${escapeHtml(link.text)}</a></p>`;
  return page(title, `<h1>${escapeHtml(title)}</h1><p>${escapeHtml(text)}</p>${way}`);
}

/**
 * Why a session did not start, for its author: message, place, source and traceback. Development mode only. With
 * `refresh` it is loaded again every so many seconds.
 */
export function failurePage(
  error: MoonpoolError,
  excerpt: Excerpt | undefined,
  again: string,
  refresh?: number,
): string {
  const { file, line, stack } = error.at;
  const at = file === undefined ? "" : line === undefined ? file : `${file}:${line}`;
  const place = at === "" || error.message.includes(at) ? "" : `<p class="place">${escapeHtml(at)}</p>`;
  const trace =
    stack === undefined ? "" : `<details><summary>Traceback</summary><pre>${escapeHtml(stack)}</pre></details>`;
  return page(
    "The session could not start",
    `<h1>The session could not start</h1>
<p class="message">${escapeHtml(error.message)}</p>
${place}${excerpt === undefined ? "" : source(excerpt)}${trace}
<p>${escapeHtml(error.advice)} <a href="${escapeHtml(again)}">Try again</a></p>
<p class="code">${error.code}</p>`,
    refresh === undefined ? "" : `<meta http-equiv="refresh" content="${refresh}">\n`,
  );
}

/** The page of a site without `html/index.html`. */
export const defaultPage = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Moonpool</title>
<link rel="icon" href="data:,">
<style>
:root { color-scheme: light dark }
body { margin: 0; font: 16px/1.5 system-ui, sans-serif }
</style>
</head>
<body>
<div ui-app></div>
<noscript>This page needs JavaScript.</noscript>
</body>
</html>
`;

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** What a page outside development mode says about an error of the site. */
export const failureText = errors.SESSION_FAILED.text;

function source({ lines }: Excerpt): string {
  const rows = lines.map(({ number, text, marked }) => {
    const row = `<span class="number">${String(number).padStart(5)}</span>  ${escapeHtml(text)}`;
    return marked ? `<mark>${row}</mark>` : `<span>${row}</span>`;
  });
  return `<pre class="source">${rows.join("\n")}</pre>`;
}

function page(title: string, body: string, head = ""): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
${head}<title>${escapeHtml(title)}</title>
<style>
:root { color-scheme: light dark; --soft: color-mix(in srgb, currentColor 60%, transparent) }
body { margin: 0; font: 16px/1.6 system-ui, sans-serif; background: light-dark(#fafafa, #16181d); color: light-dark(#22252b, #e4e6ea) }
main { max-width: 46rem; margin: 12vh auto 4rem; padding: 0 1.5rem }
h1 { font-size: 1.5rem; font-weight: 600; margin: 0 0 1rem }
a { color: light-dark(#1d5fc4, #8ab4ff) }
pre, .place, .code { font: 13px/1.6 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace }
.message { white-space: pre-wrap; overflow-wrap: anywhere }
.place { margin: 0 0 .5rem; color: var(--soft) }
.code { color: var(--soft) }
pre { overflow-x: auto; padding: .75rem 0; border-radius: 8px; background: light-dark(#fff, #1e2128); border: 1px solid light-dark(#e3e5e9, #2c3038) }
pre.source > * { padding: 0 1rem; min-width: calc(100% - 2rem); display: inline-block }
details pre { padding: .75rem 1rem }
mark { background: light-dark(#ffe5e0, #54231d); color: inherit }
.number { color: var(--soft) }
</style>
</head>
<body><main>
${body}
</main></body>
</html>
`;
}
