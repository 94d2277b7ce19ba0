import type { Undo } from "./model.ts";
import type { Context } from "./page.ts";

/** Lets something happen not quite as often as it is asked for. */
export interface Pace {
  run: () => void;
  end: Undo;
}

/**
 * As the binding wants it: `debounce`, when nobody has asked for so many ms; `throttle`, at once, but no more often than
 * every so many ms, and the last of those who asked is never left out; both: `throttle` is how long `debounce` waits at
 * most. What waits does not wait for longer than the focus stays in the element, or than until something else is sent:
 * see Page.commitInput.
 */
export function makePace({ page, element, binding: { debounce = 0, throttle = 0 } }: Context, call: () => void): Pace {
  if (!debounce && !throttle) return { run: call, end: () => {} };
  let timer: ReturnType<typeof setTimeout> | undefined;
  /** When it happened last, or, with `debounce`, when it was asked for first. */
  let since = -Infinity;
  const stop = () => {
    clearTimeout(timer);
    timer = undefined;
    page.paced.delete(flush);
  };
  const flush = () => {
    stop();
    since = performance.now();
    call();
  };
  const unlisten = page.listen(element, "focusout", () => timer !== undefined && flush());
  return {
    run() {
      const now = performance.now();
      if (debounce && timer === undefined) since = now;
      const rest = throttle ? Math.max(0, since + throttle - now) : Infinity;
      if (!debounce && rest === 0) return flush();
      if (!debounce && timer !== undefined) return;
      clearTimeout(timer);
      timer = setTimeout(flush, Math.min(debounce || Infinity, rest));
      page.paced.add(flush);
    },
    end() {
      stop();
      unlisten();
    },
  };
}
