// A chunk of its own, loaded with the first error in development mode.
import { errors as catalogue, type WireError } from "../protocol/error-code.ts";
import type { ReloadError } from "../protocol/message.ts";

const sheet = new CSSStyleSheet();
sheet.replaceSync(`
  :host { all: initial; visibility: visible !important; position: fixed; inset: auto 12px 44px auto; z-index: 2147483647; max-width: min(560px, 94vw); }
  div { font: 13px/1.45 system-ui, sans-serif; color: #f4f4f5; background: #27272af2; border-radius: 8px;
    border-left: 4px solid #f87171; box-shadow: 0 4px 24px #0006; max-height: 45vh; overflow: auto; }
  header { display: flex; gap: 8px; padding: 8px 12px; font-weight: 600; position: sticky; top: 0; background: #27272a; }
  header span { flex: 1 } ul { list-style: none; margin: 0; padding: 0 12px 10px } li { padding: 6px 0; overflow-wrap: anywhere }
  code { color: #fca5a5 } small { color: #a1a1aa; display: block } summary { color: #a1a1aa; cursor: pointer }
  pre { margin: 4px 0 0; font-size: 12px; white-space: pre-wrap; color: #d4d4d8 }
  a { color: #93c5fd } .warning code { color: #fcd34d } .source { overflow-x: auto; white-space: pre; padding: 6px 8px; background: #18181b; border-radius: 4px }
  .source mark { background: #7f1d1d; color: inherit; display: inline-block; min-width: 100% } .source span { color: #71717a }
  button { all: unset; cursor: pointer; padding: 0 4px } button:focus-visible { outline: 2px solid #fca5a5 }`);

let host: HTMLElement | undefined;

/** Lists the present errors in a corner of the page; no errors: goes away. `dismiss` is called by its button. */
export function showOverlay(errors: readonly (WireError | ReloadError)[], dismiss: () => void): void {
  if (errors.length === 0) {
    host?.remove();
    host = undefined;
    return;
  }
  if (!host) {
    host = document.createElement("moonpool-errors");
    host.attachShadow({ mode: "open" }).adoptedStyleSheets = [sheet];
    document.documentElement.append(host);
  }
  const title = make("span", titleOf(errors));
  const button = make("button", "✕");
  button.title = "Hide until something changes";
  button.addEventListener("click", dismiss);
  const panel = make("div");
  panel.setAttribute("role", "status");
  const header = make("header");
  header.append(title, button);
  const list = make("ul");
  list.append(...errors.map(item));
  panel.append(header, list);
  host.shadowRoot?.replaceChildren(panel);
}

function item(error: WireError | ReloadError): HTMLElement {
  const { code, message, file, line, stack, where } = error;
  const element = make("li");
  element.append(make("code", code), ` ${message}`);
  if (where) element.append(make("small", where));
  const place = file && (line === undefined ? file : `${file}:${line}`);
  if ("severity" in error) {
    element.className = error.severity;
    if (place) element.append(placeOf(place, error.link));
    if (error.source) element.append(sourceOf(error.source));
    if (error.running) element.append(make("small", `Still running: ${error.running}.`));
    element.append(make("small", catalogue[code].advice));
  } else if (place) element.append(make("small", place));
  if (stack) {
    const details = make("details");
    details.append(make("summary", "stack"), make("pre", stack));
    element.append(details);
  }
  return element;
}

function titleOf(errors: readonly (WireError | ReloadError)[]): string {
  const warnings = errors.filter((error) => "severity" in error && error.severity === "warning").length;
  const count = (number: number, word: string) => (number === 0 ? [] : [`${number} ${word}${number === 1 ? "" : "s"}`]);
  return [...count(errors.length - warnings, "error"), ...count(warnings, "warning")].join(", ");
}

/** Where it is, and the way there. */
function placeOf(place: string, href: string | undefined): HTMLElement {
  const element = make("small", href ? "" : place);
  if (!href) return element;
  const link = document.createElement("a");
  link.href = href;
  link.textContent = place;
  element.append(link);
  return element;
}

function sourceOf(lines: NonNullable<ReloadError["source"]>): HTMLElement {
  const element = make("pre");
  element.className = "source";
  for (const { number, text, marked } of lines) {
    const row = make(marked ? "mark" : "b");
    if (!marked) row.style.fontWeight = "normal";
    row.append(make("span", `${String(number).padStart(4)}  `), text);
    element.append(row, "\n");
  }
  return element;
}

function make(name: string, text = ""): HTMLElement {
  const element = document.createElement(name);
  element.textContent = text;
  return element;
}
