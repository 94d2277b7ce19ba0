import { runsAsScript } from "../../protocol/address.ts";
import { ForbiddenAddress } from "../forbidden-address.ts";
import { mergeClasses, mergeStyle } from "../layers.ts";
import type { Context } from "../page.ts";
import type { Unbind } from "../region.ts";
import { textOf } from "../text.ts";

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
    const isForbidden = on && runsAsScript(element.localName, name, text);
    if (on && !isForbidden) element.setAttribute(name, text);
    else element.removeAttribute(name);
    if (isForbidden) throw new ForbiddenAddress(`${name} of <${element.localName}>`);
    if (native && LIVE.test(name) && name in element) Object.assign(element, { [name]: on });
    if (name === "value" && name in element && (native || !on)) Object.assign(element, { value: text });
  });
  return (restore) =>
    void (restore && (before === null ? element.removeAttribute(name) : element.setAttribute(name, before)));
}
