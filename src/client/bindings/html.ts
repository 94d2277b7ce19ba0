import type { Undo } from "../model.ts";
import type { Context } from "../page.ts";
import { textOf } from "../text.ts";

/** ui-html: sanitised markup inside the element or, with `?replace`, in its place. */
export function bindHtml({ page, binding, variable, element, region, watch }: Context): Undo | void {
  if (!region) return watch((value) => element.replaceChildren(page.sanitize(textOf(value))));
  const tie = { variable, binding };
  const undoTie = region.attach((host) => {
    page.ties.add(host, tie);
    return () => page.ties.remove(host, tie);
  });
  watch((value) => {
    region.put([...page.sanitize(textOf(value)).childNodes], "");
  });
  return undoTie;
}
