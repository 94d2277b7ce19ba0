import type { Context } from "../page.ts";
import { textOf } from "../text.ts";

/** Where a `javascript:` address would run. */
const ADDRESS = /^(href|src|action|formaction|xlink:href|data)$/i;
/** Browsers skip blanks and control characters before and within the scheme. */
// oxlint-disable-next-line no-control-regex
const BLANKS = /[\0- ]/g;
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
    const runs = ADDRESS.test(name) && /^javascript:/i.test(text.replaceAll(BLANKS, ""));
    if (on && !runs) element.setAttribute(name, text);
    else element.removeAttribute(name);
    if (native && LIVE.test(name) && name in element) Object.assign(element, { [name]: on });
    if (name === "value" && name in element && (native || !on)) Object.assign(element, { value: text });
  });
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
