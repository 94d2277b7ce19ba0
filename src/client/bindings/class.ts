import type { Context } from "../page.ts";

/** ui-class-NAME: the class is there while the value is true: not nil, false, 0 or "". */
export function bindClass({ element, binding, watch }: Context): void {
  watch((value) => element.classList.toggle(binding.name ?? "", Boolean(value)));
}
