import type { Undo } from "../model.ts";
import type { Context } from "../page.ts";

/** ui-guard: while the value is true, the browser asks before the page is left. */
export function bindGuard({ page, watch }: Context): Undo {
  // Nobody listens for nothing: browsers do not keep pages for the way back that could object to being left.
  let stop: Undo | undefined;
  watch((value) => {
    stop?.();
    stop = value
      ? page.listen(window, "beforeunload", (event) => page.hotload?.isLeaving || event.preventDefault())
      : undefined;
  });
  return () => stop?.();
}
