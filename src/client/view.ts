import type { Value } from "../protocol/message.ts";
import { Fill } from "./fill.ts";
import { CHANGED, type Undo, type Variable } from "./model.ts";
import type { Page } from "./page.ts";
import type { Region } from "./region.ts";

export interface ViewOptions {
  /** Leave what is there until the server has said what to show. */
  keep?: boolean;
  /** The element for a value that has no view, if it can be shown without; `present` is the one that showed the last. */
  plain?: (value: Value, present: HTMLElement | undefined) => HTMLElement | undefined;
}

/**
 * Shows the view on `variable` in `region`, from now until it is undone. Rendering happens outside the document, views
 * within views included, so the page gets it whole. The undo leaves the nodes to the region's owner.
 */
export function mountView(page: Page, variable: Variable, region: Region, { keep, plain }: ViewOptions = {}): Undo {
  let fill: Fill | undefined;
  let isPlain = false;
  const render = () => {
    const { content } = variable;
    if (keep && !content) return;
    const viewdef = content?.key ? page.viewdefs.get(content.key) : undefined;
    if (content && viewdef && fill?.lineage === content.lineage && page.hotload)
      page.hotload.exchange(fill, viewdef, content.first, renew, render);
    else renew();
  };
  const renew = () => {
    const { content } = variable;
    fill?.undo();
    fill = undefined;
    const viewdef = content?.key ? page.viewdefs.get(content.key) : undefined;
    if (content && viewdef) {
      isPlain = false;
      fill = new Fill(page, viewdef, variable, content, region);
      return;
    }
    if (content?.key) page.report("VIEWDEF_MISSING", `The page was not sent ${content.key}.`, variable.id);
    const present = isPlain ? region.host : undefined;
    const element = plain?.(variable.value, present);
    isPlain = Boolean(element);
    if (!element || element !== present) region.put(element ? [element] : [], "");
  };
  page.counts.views++;
  const undoTie = region.attach((host) => page.ties.add(host, { variable }));
  const stop = page.model.watch(variable, (changes) => {
    if (changes & CHANGED.content || (plain && !variable.content?.key && changes & CHANGED.value)) render();
    if (changes & CHANGED.error && region.host) page.ties.mark(region.host);
  });
  render();
  return () => {
    page.counts.views--;
    stop();
    fill?.undo();
    undoTie();
  };
}
