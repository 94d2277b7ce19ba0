// A chunk of its own, loaded with the first error in development mode.
import type { WireError } from "../protocol/error-code.ts";

const STYLE = `
  :host { all: initial; position: fixed; inset: auto 12px 12px auto; z-index: 2147483647; max-width: min(560px, 94vw); }
  div { font: 13px/1.45 system-ui, sans-serif; color: #f4f4f5; background: #27272af2; border-radius: 8px;
    border-left: 4px solid #f87171; box-shadow: 0 4px 24px #0006; max-height: 45vh; overflow: auto; }
  header { display: flex; gap: 8px; padding: 8px 12px; font-weight: 600; position: sticky; top: 0; background: #27272a; }
  header span { flex: 1 } ul { list-style: none; margin: 0; padding: 0 12px 10px } li { padding: 6px 0; overflow-wrap: anywhere }
  code { color: #fca5a5 } small { color: #a1a1aa; display: block } summary { color: #a1a1aa; cursor: pointer }
  pre { margin: 4px 0 0; font-size: 12px; white-space: pre-wrap; color: #d4d4d8 }
  button { all: unset; cursor: pointer; padding: 0 4px } button:focus-visible { outline: 2px solid #fca5a5 }`;

let host: HTMLElement | undefined;

/** Lists the present errors in a corner of the page; no errors: goes away. `dismiss` is called by its button. */
export function showOverlay(errors: readonly WireError[], dismiss: () => void): void {
  if (errors.length === 0) {
    host?.remove();
    host = undefined;
    return;
  }
  if (!host) {
    host = document.createElement("moonpool-errors");
    host.attachShadow({ mode: "open" });
    document.documentElement.append(host);
  }
  const title = make("span", errors.length === 1 ? "1 error" : `${errors.length} errors`);
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
  host.shadowRoot?.replaceChildren(make("style", STYLE), panel);
}

function item({ code, message, file, line, stack }: WireError): HTMLElement {
  const element = make("li");
  element.append(make("code", code), ` ${message}`);
  if (file) element.append(make("small", line === undefined ? file : `${file}:${line}`));
  if (stack) {
    const details = make("details");
    details.append(make("summary", "stack"), make("pre", stack));
    element.append(details);
  }
  return element;
}

function make(name: string, text = ""): HTMLElement {
  const element = document.createElement(name);
  element.textContent = text;
  return element;
}
