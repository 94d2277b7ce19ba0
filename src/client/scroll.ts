import type { Undo } from "./model.ts";
import type { Page } from "./page.ts";

/** How far from its end, in pixels, an element counts as scrolled to it. */
const NEAR = 4;

/** Keeps `element` scrolled to its end while it grows, unless somebody has scrolled up; back at the end it goes on. */
export function keepScrolled(page: Page, element: HTMLElement): Undo {
  let follows = true;
  const follow = () => {
    if (follows) element.scrollTop = element.scrollHeight;
  };
  const undo = [
    page.listen(
      element,
      "scroll",
      () => (follows = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR),
      { passive: true },
    ),
    page.afterEachFrame(() => {
      follow();
      // Components lay their content out a little later.
      requestAnimationFrame(follow);
    }),
  ];
  return () => {
    for (const call of undo) call();
  };
}
