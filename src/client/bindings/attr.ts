import { mergeClasses, mergeStyle } from "../layers.ts";
import type { Context } from "../page.ts";
import type { Unbind } from "../region.ts";
import { textOf } from "../text.ts";

/** Where a `javascript:` address would run. */
const ADDRESS = /^(href|src|action|formaction|xlink:href|data)$/i;
/** Browsers skip blanks and control characters before and within the scheme. */
// oxlint-disable-next-line no-control-regex
const BLANKS = /[\0- ]/g;
/** Elements of SVG that give another element's attribute the values of these, an address among them. */
const ANIMATION = /^(set|animate\w*)$/i;
const ANIMATED = /^(to|from|by|values)$/i;
/** Attributes that only set what a control starts with; the property is what counts from then on. */
const LIVE = /^(checked|selected|muted|indeterminate)$/;

/** ui-attr-NAME: nil and false remove the attribute, true sets it to "", anything else is its text. */
export function bindAttr({ element, binding, watch }: Context): Unbind {
  const name = binding.name ?? "";
  if (name === "class" || name === "style") {
    const merge = name === "class" ? mergeClasses(element) : mergeStyle(element);
    watch(merge);
    return (restore) => void (restore && merge(null));
  }
  const native = !element.localName.includes("-");
  const before = element.getAttribute(name);
  watch((value) => {
    const on = value !== null && value !== false;
    const text = value === true ? "" : textOf(value);
    if (on && !runs(element, name, text)) element.setAttribute(name, text);
    else element.removeAttribute(name);
    if (native && LIVE.test(name) && name in element) Object.assign(element, { [name]: on });
    if (name === "value" && name in element && (native || !on)) Object.assign(element, { value: text });
  });
  return (restore) =>
    void (restore && (before === null ? element.removeAttribute(name) : element.setAttribute(name, before)));
}

/** Whether `text`, or one of its parts where it is a list of values, is an address that would run as a script. */
function runs({ localName }: Element, name: string, text: string): boolean {
  const plain = text.replaceAll(BLANKS, "");
  if (ANIMATED.test(name) && ANIMATION.test(localName)) return /(^|;)(javascript|data):/i.test(plain);
  // Pictures and downloads are data: addresses; those that an SVG <use> would load are documents.
  return ADDRESS.test(name) && (localName === "use" ? /^(javascript|data):/i : /^javascript:/i).test(plain);
}
