import type { Undo } from "../model.ts";
import type { Context } from "../page.ts";
import { mountView } from "../view.ts";

/** ui-view: the view of an object takes the place of the element. */
export function bindView({ page, variable, region }: Context): Undo | void {
  if (region) return mountView(page, variable, region);
}
