import { MAX_WINDOW, type Access, type Priority, type Slot } from "../../protocol/viewdef.ts";
import type { Severity } from "./problem.ts";
import { nearest } from "./suggest.ts";

/** The options of one path (the part after `?`), sorted by what they concern. */
export interface PathOptions {
  access?: Access;
  /** For the binding in the browser. */
  keypress: boolean;
  overwrite: boolean;
  repeat: boolean;
  scroll: boolean;
  replace: boolean;
  window: boolean;
  /** In ms. */
  debounce?: number;
  throttle?: number;
  /** For the variable. */
  slot: Pick<
    Slot,
    | "wrapper"
    | "itemWrapper"
    | "create"
    | "window"
    | "first"
    | "last"
    | "namespace"
    | "fallbackNamespace"
    | "properties"
  > & {
    priority?: Priority;
  };
}

const ACCESSES: readonly string[] = ["r", "w", "rw", "action"] satisfies Access[];
const PRIORITIES: readonly string[] = ["high", "medium", "low"] satisfies Priority[];
const FLAGS = {
  keypress: "keypress",
  overwrite: "overwrite",
  repeat: "repeat",
  scrollOnOutput: "scroll",
  replace: "replace",
} as const;
const PAUSES = ["debounce", "throttle"] as const;
const GLOBALS = ["wrapper", "itemWrapper", "create"] as const;
const NAMESPACES = ["namespace", "fallbackNamespace"] as const;
const PARTS = ["window", "first", "last"] as const;
/** Rows of a list with `?window` before the page has said which ones it has room for. */
const WINDOW = 50;
const LARGEST = { window: MAX_WINDOW, first: 100_000, last: 100_000 };
const KNOWN = ["access", "priority", ...PARTS, ...Object.keys(FLAGS), ...PAUSES, ...GLOBALS, ...NAMESPACES];

/** What may stand in `wrapper`, `itemWrapper` and `create`: the name of a Lua global, or `lua.ViewList`. */
const GLOBAL_NAME = /^[\p{L}_][\p{L}\p{N}_]*(\.[\p{L}_][\p{L}\p{N}_]*)*$/u;
const NAMESPACE = /^[^\s.]+$/;
/** Longer than a quarter of an hour nobody means. */
const MILLISECONDS = /^[1-9]\d{0,5}$/;

export type OptionProblem = (severity: Severity, code: "ACCESS_INVALID" | "ATTRIBUTE_INVALID", message: string) => void;

/** True when `name` can name a Lua global for `wrapper`, `itemWrapper` or `create`. */
export function isGlobalName(name: string): boolean {
  return GLOBAL_NAME.test(name) && name !== "true";
}

/** True when `name` can be the namespace part of a viewdef's key. */
export function isNamespace(name: string): boolean {
  return NAMESPACE.test(name);
}

/**
 * Sorts and checks the options of a path. Returns undefined, after an error was reported, when the binding cannot be
 * used; words that have no meaning here become properties of the variable.
 */
export function readOptions(options: Record<string, string>, problem: OptionProblem): PathOptions | undefined {
  const result: PathOptions = {
    keypress: false,
    overwrite: false,
    repeat: false,
    scroll: false,
    replace: false,
    window: false,
    slot: {},
  };
  const properties: Record<string, string> = {};
  let usable = true;
  for (const [name, value] of Object.entries(options)) {
    if (name === "access") {
      if (ACCESSES.includes(value)) result.access = value as Access;
      else usable = refuse(problem, "ACCESS_INVALID", `access=${value}: it is one of r, w, rw, action.`);
    } else if (name === "priority") {
      if (PRIORITIES.includes(value)) result.slot.priority = value as Priority;
      else problem("warning", "ATTRIBUTE_INVALID", `priority=${value}: it is one of high, medium, low.`);
    } else if (name in FLAGS) {
      if (value !== "true" && value !== "false")
        problem("warning", "ATTRIBUTE_INVALID", `${name}=${value}: ${name} takes no value.`);
      result[FLAGS[name as keyof typeof FLAGS]] = value !== "false";
    } else if (isOneOf(name, PARTS)) {
      const rows = name === "window" && value === "true" ? WINDOW : Number(value);
      if (name === "window" && value === "false") continue;
      if (/^(true|[1-9][0-9]*)$/.test(value) && rows <= LARGEST[name]) result.slot[name] = rows;
      else {
        const message = `${name}=${value}: ${name} takes a number of rows, at most ${LARGEST[name]}.`;
        usable = refuse(problem, "ATTRIBUTE_INVALID", message);
      }
      result.window ||= name === "window";
    } else if (name === "limit") {
      problem("warning", "ATTRIBUTE_INVALID", "The option limit has no meaning here; write first=… or last=….");
    } else if (isOneOf(name, PAUSES)) {
      if (MILLISECONDS.test(value)) result[name] = Number(value);
      else usable = refuse(problem, "ATTRIBUTE_INVALID", `${name} needs a time in ms: ?${name}=200.`);
    } else if (isOneOf(name, GLOBALS)) {
      if (isGlobalName(value)) result.slot[name] = value;
      else usable = refuse(problem, "ATTRIBUTE_INVALID", `${name} needs the name of a Lua global: ?${name}=Name.`);
    } else if (isOneOf(name, NAMESPACES)) {
      if (isNamespace(value)) result.slot[name] = value;
      else
        usable = refuse(problem, "ATTRIBUTE_INVALID", `${name}=${value} is not a namespace: it has no dots or spaces.`);
    } else {
      const near = nearest(name, KNOWN) ?? KNOWN.find((known) => known.toLowerCase() === name.toLowerCase());
      if (near)
        problem("warning", "ATTRIBUTE_INVALID", `The option ${name} has no meaning here; did you mean ${near}?`);
      Object.defineProperty(properties, name, { value, enumerable: true, configurable: true, writable: true });
    }
  }
  if (result.slot.first !== undefined && result.slot.last !== undefined)
    usable = refuse(problem, "ATTRIBUTE_INVALID", "A list shows its first or its last elements, not both.");
  if (Object.keys(properties).length > 0) result.slot.properties = properties;
  return usable ? result : undefined;
}

function refuse(problem: OptionProblem, code: "ACCESS_INVALID" | "ATTRIBUTE_INVALID", message: string): false {
  problem("error", code, message);
  return false;
}

function isOneOf<Name extends string>(name: string, names: readonly Name[]): name is Name {
  return (names as readonly string[]).includes(name);
}
