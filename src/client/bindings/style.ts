import type { Context } from "../page.ts";
import { textOf } from "../text.ts";

/** ui-style-PROPERTY, custom properties (`--x`) included; nil and false take it away. */
export function bindStyle({ element, binding, watch }: Context): void {
  watch((value) => {
    const [, text = "", important] = /^(.*?)\s*(!important)?$/s.exec(value === false ? "" : textOf(value)) ?? [];
    element.style.setProperty(binding.name ?? "", text, important ? "important" : "");
  });
}
