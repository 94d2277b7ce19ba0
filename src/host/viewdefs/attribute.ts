import type { BindingKind } from "../../protocol/viewdef.ts";
import { keyProblem } from "./key-name.ts";
import { nearest } from "./suggest.ts";

/** What the name of a `ui-*` attribute means. */
export type Attribute =
  | { use: "binding"; kind: BindingKind; name?: string; doubt?: string }
  | { use: "namespace" }
  | { use: "itemWrapper" }
  | { use: "pending" }
  | { use: "wrong"; code: "ATTRIBUTE_UNKNOWN" | "ATTRIBUTE_INVALID"; message: string };

const WHOLE = new Map<string, Attribute>([
  ["ui-value", { use: "binding", kind: "value" }],
  ["ui-action", { use: "binding", kind: "action" }],
  ["ui-html", { use: "binding", kind: "html" }],
  ["ui-code", { use: "binding", kind: "code" }],
  ["ui-view", { use: "binding", kind: "view" }],
  ["ui-viewlist", { use: "binding", kind: "list" }],
  ["ui-error", { use: "binding", kind: "error" }],
  ["ui-guard", { use: "binding", kind: "guard" }],
  ["ui-pending", { use: "pending" }],
  ["ui-namespace", { use: "namespace" }],
  ["ui-item-wrapper", { use: "itemWrapper" }],
]);

const FAMILIES = ["attr", "class", "style", "event"] as const;
type Family = (typeof FAMILIES)[number];

/** Words that other frameworks use, and what does the same here. */
const ELSEWHERE: Record<string, string> = {
  repeat: "ui-viewlist",
  for: "ui-viewlist",
  each: "ui-viewlist",
  foreach: "ui-viewlist",
  list: "ui-viewlist",
  items: "ui-viewlist",
  component: "ui-view",
  template: "ui-view",
  include: "ui-view",
  text: "ui-value",
  bind: "ui-value",
  model: "ui-value",
  checked: "ui-value",
  content: "ui-value",
  if: 'ui-attr-hidden="!path"',
  show: 'ui-attr-hidden="!path"',
  unless: "ui-attr-hidden",
  hide: "ui-attr-hidden",
  on: "ui-event-NAME",
  click: "ui-action",
  invalid: "ui-error",
  validate: "ui-error",
  loading: "ui-pending",
  busy: "ui-pending",
  confirm: "ui-guard",
  key: "ui-event-keypress-KEY",
  keypress: "ui-event-keypress-KEY",
  script: "ui-code",
  innerhtml: "ui-html",
  app: "<div ui-app> in html/index.html",
};

const EVENTS = new Set(
  "click input change submit focus blur keydown keyup mouseover mouseenter mouseleave dblclick scroll".split(" "),
);

/**
 * What `name` (lower case, as HTML parsing gives it) means; undefined when it is not one of ours. `written` is the same
 * name as it stands in the file: names of classes, events and custom properties keep their capitals.
 */
export function readAttribute(name: string, written: string, foreign: boolean): Attribute | undefined {
  const whole = WHOLE.get(name);
  if (whole) return whole;
  if (!name.startsWith("ui-")) return nearMiss(name);
  const family = FAMILIES.find((word) => name === `ui-${word}` || name.startsWith(`ui-${word}-`));
  if (family === undefined) return unknown(name);
  const start = `ui-${family}-`.length;
  if (name.length <= start) return invalid(`ui-${family} needs a name: ui-${family}-NAME`);
  return READERS[family](name.slice(start), written.slice(start), foreign);
}

/** Each gets the part of the attribute's name after the family, in lower case and as written. */
const READERS: Record<Family, (name: string, written: string, foreign: boolean) => Attribute> = {
  // The browser's parser gives SVG and MathML attributes capitals (viewBox), HTML attributes none.
  attr: (name, written, foreign) => attr(foreign ? written : name),
  class: (_name, written) => ({ use: "binding", kind: "class", name: written }),
  style,
  event,
};

function attr(name: string): Attribute {
  if (/^on[a-z]+$/i.test(name))
    return invalid(
      `ui-attr-${name} would run data as a script; for an event of the page write ui-event-${name.slice(2).toLowerCase()}="method()"`,
    );
  if (name.toLowerCase() === "srcdoc")
    return invalid("ui-attr-srcdoc would run data as a page; show markup with ui-html, which is sanitised");
  if (name.startsWith("ui-"))
    return invalid(`${name} cannot be set at run time; attributes ui-* are read from the viewdef`);
  if (!/^[a-z_:][\w:.-]*$/i.test(name)) return invalid(`${name} is not the name of an attribute`);
  return { use: "binding", kind: "attr", name };
}

function style(name: string, written: string): Attribute {
  if (name.startsWith("--")) return { use: "binding", kind: "style", name: written };
  if (/[A-Z]/.test(written)) {
    const dashed = written.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    return invalid(`Style properties are written with dashes: ui-style-${dashed}`);
  }
  if (!/^-?[a-z][a-z-]*$/.test(name)) return invalid(`${name} is not the name of a style property`);
  return { use: "binding", kind: "style", name };
}

function event(name: string, written: string): Attribute {
  if (name === "keypress" || name === "keypress-")
    return invalid("A key must be named: ui-event-keypress-enter, ui-event-keypress-ctrl-s");
  if (name.startsWith("keypress-")) {
    const keys = name.slice("keypress-".length);
    const problem = keyProblem(keys);
    if (problem?.severity === "error") return invalid(problem.message);
    return { use: "binding", kind: "key", name: keys, ...(problem && { doubt: problem.message }) };
  }
  if (/^on[a-z]+$/.test(name) && EVENTS.has(name.slice(2)))
    return invalid(`Events are named without "on": ui-event-${name.slice(2)}`);
  if (!/^[a-z][\w.:-]*$/i.test(name)) return invalid(`${name} is not the name of an event`);
  return { use: "binding", kind: "event", name: written };
}

function unknown(name: string): Attribute {
  return { use: "wrong", code: "ATTRIBUTE_UNKNOWN", message: `There is no attribute ${name}; ${advice(name)}` };
}

function invalid(message: string): Attribute {
  return { use: "wrong", code: "ATTRIBUTE_INVALID", message: `${message}.` };
}

function advice(name: string): string {
  const plain = name.slice(3);
  if (Object.hasOwn(ELSEWHERE, plain)) return `the same is done by ${ELSEWHERE[plain]}.`;
  const near = nearest(name, WHOLE.keys());
  if (near) return `did you mean ${near}?`;
  const [word = "", ...others] = plain.split("-");
  const rest = others.join("-");
  if (rest !== "") {
    if (word === "on") return `did you mean ui-event-${rest}?`;
    if (word === "key" || word === "keypress") return `did you mean ui-event-keypress-${rest}?`;
    const family = nearest(word, FAMILIES);
    if (family) return `did you mean ui-${family}-${rest}?`;
  }
  if (EVENTS.has(plain)) return `did you mean ui-event-${plain}?`;
  if (/^on[a-z]+$/.test(plain)) return `did you mean ui-event-${plain.slice(2)}?`;
  return `to set the attribute ${plain} write ui-attr-${plain}.`;
}

/** `ui_value`, `ui:value`, `uivalue`: not ours by its letters, ours by its meaning. */
function nearMiss(name: string): Attribute | undefined {
  const meant = /^ui[_:.]./.test(name)
    ? `ui-${name.slice(3)}`
    : [...WHOLE.keys()].find((key) => key.replaceAll("-", "") === name);
  if (meant === undefined) return undefined;
  return {
    use: "wrong",
    code: "ATTRIBUTE_UNKNOWN",
    message: `There is no attribute ${name}; did you mean ${meant}?`,
  };
}
