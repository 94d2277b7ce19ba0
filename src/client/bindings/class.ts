import type { Context } from "../page.ts";
import type { Unbind } from "../region.ts";

/** ui-class-NAME: the class is there while the value is true: not nil, false, 0 or "". */
export function bindClass({ element, binding, watch }: Context): Unbind {
  const name = binding.name ?? "";
  const before = element.classList.contains(name);
  watch((value) => element.classList.toggle(name, Boolean(value)));
  return (restore) => void (restore && element.classList.toggle(name, before));
}
