import { nearest } from "./suggest.ts";
import type { Severity } from "./problem.ts";

const MODIFIERS = ["ctrl", "shift", "alt", "meta"];

/** Names of KeyboardEvent.key in lower case, and the short names for some of them. */
const NAMES = new Set(
  (
    "enter return escape esc tab space spacebar backspace delete del insert ins home end pageup pagedown " +
    "left right up down arrowleft arrowright arrowup arrowdown minus plus slash equal comma period " +
    "capslock numlock scrolllock contextmenu printscreen pause help clear undo redo copy cut paste find select execute " +
    "accept cancel again props play zoomin zoomout mediaplaypause mediatracknext mediatrackprevious mediastop " +
    "audiovolumeup audiovolumedown audiovolumemute browserback browserforward browserrefresh"
  ).split(" "),
);

/**
 * What is wrong with the part of `ui-event-keypress-…` that names a key (`ctrl-shift-enter`, `a`, `-`); undefined when
 * nothing is. A key that is not known to us is a warning only: keyboards have others.
 */
export function keyProblem(keys: string): { severity: Severity; message: string } | undefined {
  const seen = new Set<string>();
  let key = keys;
  for (;;) {
    const modifier = MODIFIERS.find((name) => key.startsWith(`${name}-`));
    if (modifier === undefined) break;
    if (seen.has(modifier)) return error(`The modifier ${modifier} stands twice`);
    seen.add(modifier);
    key = key.slice(modifier.length + 1);
  }
  const name = `ui-event-keypress-${keys}`;
  if (key === "" || MODIFIERS.includes(key))
    return error(`${name} names modifiers only; a key must follow, as in ctrl-s`);
  if (Array.from(key).length === 1 || NAMES.has(key) || /^f([1-9]|1[0-9]|2[0-4])$/.test(key)) return undefined;
  if (!/^[\p{L}\p{N}]+$/u.test(key))
    return error(`${key} is not a key; write modifiers first: ctrl, shift, alt, meta, then one key`);
  const near = nearest(key, NAMES);
  return { severity: "warning", message: `${key} is not a key that we know${near ? `; did you mean ${near}?` : "."}` };
}

function error(message: string): { severity: Severity; message: string } {
  return { severity: "error", message };
}
