import { type DefaultTreeAdapterTypes, parseFragment } from "parse5";
import type { Binding, BindingKind, Viewdef } from "../../../protocol/main.ts";

type Element = DefaultTreeAdapterTypes.Element;

/** The attribute that a kind of binding stands in; of those with a name, its beginning. */
const ATTRIBUTES: Record<BindingKind, string> = {
  value: "ui-value",
  attr: "ui-attr-",
  class: "ui-class-",
  style: "ui-style-",
  event: "ui-event-",
  key: "ui-event-keypress-",
  action: "ui-action",
  html: "ui-html",
  code: "ui-code",
  view: "ui-view",
  list: "ui-viewlist",
  error: "ui-error",
  guard: "ui-guard",
};

/** What a script can name of a viewdef: its paths, as they are written, without their options. */
export interface ShownViewdef {
  /** Path → slot. Where several slots have a path, the first that the page can write to or run, else the first. */
  slots: ReadonlyMap<string, number>;
  /** Slot → path. */
  paths: readonly (string | undefined)[];
}

/** Viewdefs are the same for all sessions, and parsing one costs more than hundreds of events. */
const known = new Map<string, ShownViewdef>();
const MOST_KNOWN = 10_000;

/** Reads the paths of a viewdef that a page was sent. */
export function readViewdef(viewdef: Viewdef): ShownViewdef {
  const text = JSON.stringify(viewdef);
  const before = known.get(text);
  if (before) return before;
  const read = slotsOf(viewdef);
  // Hot reload makes ever new ones.
  if (known.size >= MOST_KNOWN) known.clear();
  known.set(text, read);
  return read;
}

function slotsOf({ html, bindings }: Viewdef): ShownViewdef {
  const elements = elementsOf(html);
  const slots = new Map<string, number>();
  const active = new Set<string>();
  const paths: (string | undefined)[] = [];
  for (const binding of bindings) {
    const path = pathOf(binding, elements[binding.at]);
    if (path === undefined) continue;
    paths[binding.slot] ??= path;
    if (slots.has(path) && (active.has(path) || !isActive(binding))) continue;
    slots.set(path, binding.slot);
    if (isActive(binding)) active.add(path);
  }
  return { slots, paths };
}

function isActive({ kind, write }: Binding): boolean {
  return write === true || kind === "action" || kind === "event" || kind === "key" || kind === "list";
}

function pathOf({ kind, name }: Binding, element: Element | undefined): string | undefined {
  const attribute = (ATTRIBUTES[kind] + (name ?? "")).toLowerCase();
  // Of elements of SVG the parser gives some names their capitals back.
  const value = element?.attrs.find((each) => each.name.toLowerCase() === attribute)?.value;
  return value === undefined ? undefined : withoutOptions(value);
}

/** A path without what follows its `?`, which may also stand in a text of its arguments. */
export function withoutOptions(path: string): string {
  const [, before] = /^((?:[^?"']|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')*)/.exec(path) ?? [];
  return (before ?? path).trim();
}

/** All elements in document order, those in nested templates left out. */
function elementsOf(html: string): Element[] {
  const found: Element[] = [];
  const left: DefaultTreeAdapterTypes.ChildNode[] = parseFragment(html).childNodes.toReversed();
  for (let node = left.pop(); node !== undefined; node = left.pop()) {
    if (!("tagName" in node)) continue;
    found.push(node);
    left.push(...node.childNodes.toReversed());
  }
  return found;
}
