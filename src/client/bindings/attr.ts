import type { Context } from "../page.ts";
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
export function bindAttr({ element, binding, watch }: Context): void {
  const name = binding.name ?? "";
  if (name === "class") return watch(mergeClasses(element));
  if (name === "style") return watch(mergeStyle(element));
  const native = !element.localName.includes("-");
  watch((value) => {
    const on = value !== null && value !== false;
    const text = value === true ? "" : textOf(value);
    if (on && !runs(element, name, text)) element.setAttribute(name, text);
    else element.removeAttribute(name);
    if (native && LIVE.test(name) && name in element) Object.assign(element, { [name]: on });
    if (name === "value" && name in element && (native || !on)) Object.assign(element, { value: text });
  });
}

/** Whether `text`, or one of its parts where it is a list of values, is an address that would run as a script. */
function runs({ localName }: Element, name: string, text: string): boolean {
  const plain = text.replaceAll(BLANKS, "");
  if (ANIMATED.test(name) && ANIMATION.test(localName)) return /(^|;)(javascript|data):/i.test(plain);
  // Pictures and downloads are data: addresses; those that an SVG <use> would load are documents.
  return ADDRESS.test(name) && (localName === "use" ? /^(javascript|data):/i : /^javascript:/i).test(plain);
}

/** Adds and takes away its own words only; those of the template and of ui-class-* stay. */
function mergeClasses(element: Element): (value: unknown) => void {
  let added: string[] = [];
  return (value) => {
    element.classList.remove(...added);
    const words = typeof value === "string" ? value.split(/\s+/) : [];
    added = words.filter((word) => word && !element.classList.contains(word));
    element.classList.add(...added);
  };
}

/** Its own properties on top of those of the template, which come back when it has none. */
function mergeStyle(element: HTMLElement): (value: unknown) => void {
  const before = new Map<string, [value: string, priority: string]>();
  return (value) => {
    const { style } = element;
    for (const [name, [text, priority]] of before) style.setProperty(name, text, priority);
    before.clear();
    const parsed = document.createElement("i").style;
    parsed.cssText = typeof value === "string" ? value : "";
    for (const name of parsed) {
      before.set(name, [style.getPropertyValue(name), style.getPropertyPriority(name)]);
      style.setProperty(name, parsed.getPropertyValue(name), parsed.getPropertyPriority(name));
    }
  };
}
