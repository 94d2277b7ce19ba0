import type { Undo } from "../model.ts";
import type { Context } from "../page.ts";
import { keepScrolled } from "../scroll.ts";
import { mountView } from "../view.ts";

/** ui-view: the view of an object takes the place of the element. */
export function bindView({ page, binding, variable, region }: Context): Undo | void {
  if (!region) return;
  if (binding.scroll) region.attach((host) => keepScrolled(page, host));
  return mountView(page, variable, region);
}
