import { mountList } from "../list.ts";
import type { Context } from "../page.ts";
import type { Unbind } from "../region.ts";

/** ui-viewlist: one row per element of an array. */
export function bindList({ page, variable, element, binding }: Context): Unbind {
  return mountList(page, variable, element, binding.window);
}
