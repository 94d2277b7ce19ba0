const MODIFIERS = ["ctrl", "shift", "alt", "meta"] as const;

/** A key with its modifiers, as written in `ui-event-keypress-ctrl-shift-enter`. */
export interface KeyCombination {
  /** In lower case; the short name where there are two. */
  key: string;
  modifiers: Set<string>;
}

/** What of a keyboard event decides. */
export type KeyPress = Pick<
  KeyboardEvent,
  "key" | "code" | "ctrlKey" | "shiftKey" | "altKey" | "metaKey" | "getModifierState"
>;

/** Names that are not those of KeyboardEvent.key in lower case. */
const ALIASES: Record<string, string> = {
  " ": "space",
  spacebar: "space",
  esc: "escape",
  return: "enter",
  del: "delete",
  ins: "insert",
  arrowleft: "left",
  arrowright: "right",
  arrowup: "up",
  arrowdown: "down",
  minus: "-",
  plus: "+",
  slash: "/",
  equal: "=",
  comma: ",",
  period: ".",
};

function keyName(key: string): string {
  const lower = key.toLowerCase();
  return ALIASES[lower] ?? lower;
}

/** Takes the part of the attribute's name after `keypress-` apart: modifiers first, then one key, which may be `-`. */
export function parseKeys(text: string): KeyCombination {
  const modifiers = new Set<string>();
  let key = text.toLowerCase();
  for (;;) {
    const modifier = MODIFIERS.find((name) => key.startsWith(`${name}-`));
    if (!modifier) return { key: keyName(key), modifiers };
    modifiers.add(modifier);
    key = key.slice(modifier.length + 1);
  }
}

/**
 * Whether exactly this combination was pressed. Where a sign like `?` or `+` needs shift or AltGr depends on the
 * keyboard, so for signs these only count if they are named.
 */
export function matchesKeys({ key, modifiers }: KeyCombination, press: KeyPress): boolean {
  const sign = key.length === 1 && key.toLowerCase() === key.toUpperCase();
  const altGraph = sign && press.getModifierState("AltGraph");
  for (const name of MODIFIERS) {
    if (sign && name === "shift" && !modifiers.has(name)) continue;
    if (altGraph && name !== "meta") continue;
    if (press[`${name}Key`] !== modifiers.has(name)) return false;
  }
  if (keyName(press.key) === key) return true;
  // With ctrl or alt held, `key` may be a letter of another alphabet or a special sign; `code` is the place of the key.
  const place = /^(?:Key|Digit)(.)$/.exec(press.code)?.[1]?.toLowerCase();
  return (press.ctrlKey || press.altKey || press.metaKey) && press.shiftKey === modifiers.has("shift") && place === key;
}
