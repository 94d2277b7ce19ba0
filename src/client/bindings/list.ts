import type { Undo } from "../model.ts";
import { mountList } from "../list.ts";
import type { Context } from "../page.ts";

/** ui-viewlist: one row per element of an array. */
export function bindList({ page, variable, element }: Context): Undo {
  return mountList(page, variable, element);
}
