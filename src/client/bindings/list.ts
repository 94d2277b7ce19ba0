import type { Undo } from "../model.ts";
import { mountList } from "../list.ts";
import type { Context } from "../page.ts";
import { keepScrolled } from "../scroll.ts";

/** ui-viewlist: one row per element of an array. */
export function bindList({ page, binding, variable, element }: Context): Undo {
  const undoScroll = binding.scroll ? keepScrolled(page, element) : undefined;
  const undoList = mountList(page, variable, element);
  return () => {
    undoList();
    undoScroll?.();
  };
}
