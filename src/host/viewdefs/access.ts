import type { Path } from "../../protocol/path.ts";
import type { Access, BindingKind } from "../../protocol/viewdef.ts";

/** How a path ends: that decides whether it can be read and written. */
export type PathEnd = "self" | "field" | "getter" | "call" | "argument";

/** `self`: `..`; `field`: a name or an index; `getter`: `name()`; `call`: literal arguments; `argument`: `name(_)`. */
export function pathEnd(path: Path): PathEnd {
  const last = path.segments.at(-1);
  if (last === undefined) return "self";
  if (!("call" in last)) return "field";
  if ("value" in last) return "argument";
  return last.arguments.length === 0 ? "getter" : "call";
}

/** The access of a binding, with a doubt to report; or why there is none. */
export type Decision = { access: Access; doubt?: string } | { refused: string };

/**
 * Which access a binding of `kind` has to its path. `wanted` is the path's `?access=`; `editable` says that people can
 * change the element's value.
 */
export function decideAccess(kind: BindingKind, path: Path, wanted: Access | undefined, editable: boolean): Decision {
  if (kind === "value") return valueAccess(path, wanted, editable);
  if (kind === "event" || kind === "key" || kind === "action") return eventAccess(kind, path, wanted);
  return readAccess(path, wanted);
}

function readAccess(path: Path, wanted: Access | undefined): Decision {
  if (pathEnd(path) === "argument")
    return {
      refused: "(_) takes a value from the page, and this binding only reads; write name() or literal arguments",
    };
  if (wanted === "w" || wanted === "action")
    return { refused: `this binding only reads; access=${wanted} is not possible` };
  if (wanted === "rw") return { access: "r", doubt: "this binding only reads; access=rw means r here" };
  return { access: "r" };
}

function valueAccess(path: Path, wanted: Access | undefined, editable: boolean): Decision {
  const end = pathEnd(path);
  if (end === "argument") {
    if (wanted === "w" || wanted === "action") return { access: wanted };
    if (wanted === undefined && editable && !path.not) return { access: "w" };
    return { refused: "name(_) can be written only: put it on an input, or give it ?access=w" };
  }
  const access = wanted ?? (editable && end === "field" && !path.not ? "rw" : "r");
  if (access === "r") return { access };
  if (path.not) return { refused: "a path with ! can only be read" };
  if (end === "self") return { refused: "an object itself (..) can only be read" };
  if (end === "getter" && access === "w") return { refused: "name() cannot have access=w; write name(_), or use rw" };
  if (end === "call" && access !== "action")
    return { refused: `a call with literal arguments cannot have access=${access}; use r or action` };
  return { access };
}

function eventAccess(kind: "event" | "key" | "action", path: Path, wanted: Access | undefined): Decision {
  const end = pathEnd(path);
  if (path.not) return { refused: "an action cannot be negated; put the ! into the Lua code" };
  if (end === "self") return { refused: "an action needs a method to call: ../name()" };
  if (kind === "action" && end === "field")
    return { refused: "ui-action calls a method; write name(), or name(_) to pass the element's value" };
  const calls = end !== "field";
  if (wanted === undefined || wanted === "action" || (kind === "key" && calls)) return { access: "action" };
  if (wanted === "w" && (end === "field" || end === "argument")) return { access: "w" };
  if (wanted === "rw" && end === "field") return { access: "rw" };
  return { refused: `an action that ${calls ? "calls a method" : "writes a field"} cannot have access=${wanted}` };
}
