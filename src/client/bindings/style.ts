import type { Context } from "../page.ts";
import type { Unbind } from "../region.ts";
import { textOf } from "../text.ts";

/** ui-style-PROPERTY, custom properties (`--x`) included; nil and false take it away. */
export function bindStyle({ element, binding, watch }: Context): Unbind {
  const name = binding.name ?? "";
  const { style } = element;
  const before = [style.getPropertyValue(name), style.getPropertyPriority(name)] as const;
  watch((value) => {
    const [, text = "", important] = /^(.*?)\s*(!important)?$/s.exec(value === false ? "" : textOf(value)) ?? [];
    style.setProperty(name, text, important ? "important" : "");
  });
  return (restore) => void (restore && style.setProperty(name, ...before));
}
