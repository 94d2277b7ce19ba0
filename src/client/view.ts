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
  /** The element that bears the error of what cannot be shown. Default: a `<div>`. */
  stand?: () => HTMLElement;
}

/**
 * Shows the view on `variable` in `region`, from now until it is undone. Rendering happens outside the document, views
 * within views included, so the page gets it whole. The undo leaves the nodes to the region's owner.
 *
 * What fails while it is shown stays in here: an empty element with the error stands for the view, until it gets another
 * content. So does one for a view that there is not because of an error of the session.
 */
export function mountView(page: Page, variable: Variable, region: Region, options: ViewOptions = {}): Undo {
  const { keep, plain, stand = () => document.createElement("div") } = options;
  let fill: Fill | undefined;
  let isPlain = false;
  let isStanding = false;
  let isRendering = false;
  const render = () => {
    isRendering = true;
    try {
      change();
    } catch (error) {
      const key = variable.content?.key ?? "";
      page.failedAt(key, error, variable, renew);
      if (!fill) showWithout(key);
    } finally {
      isRendering = false;
    }
  };
  const change = () => {
    const { content } = variable;
    if (keep && !content) return;
    const viewdef = content?.key ? page.viewdefs.get(content.key) : undefined;
    if (content && viewdef && fill?.lineage === content.lineage && page.hotload) {
      page.model.succeed(variable, renew);
      page.hotload.exchange(fill, viewdef, content.first, renew, render);
    } else renew();
  };
  const renew = () => {
    const { content } = variable;
    fill?.undo();
    fill = undefined;
    page.model.succeed(variable, renew);
    const key = content?.key ?? "";
    const viewdef = key ? page.viewdefs.get(key) : undefined;
    if (content && viewdef) {
      fill = new Fill(page, viewdef, variable, content, region);
      isPlain = isStanding = false;
      return;
    }
    if (key) {
      const message = `The page was not sent ${key}.`;
      page.report("VIEWDEF_MISSING", message, variable.id);
      page.model.fail(variable, { code: "VIEWDEF_MISSING", message, where: key }, renew);
    }
    showWithout(key);
  };
  /** There is no view. */
  const showWithout = (key: string) => {
    const present = isPlain ? region.host : undefined;
    const element = variable.error ? undefined : plain?.(variable.value, present);
    isPlain = Boolean(element);
    if (element && element === present) return;
    isStanding = !element && variable.error !== null;
    if (isStanding) region.put([stand()], key);
    else region.put(element ? [element] : [], "");
  };
  page.counts.views++;
  const undoTie = region.attach((host) => page.ties.add(host, { variable }));
  const stop = page.model.watch(variable, (changes) => {
    if (changes & CHANGED.content || (plain && !variable.content?.key && changes & CHANGED.value)) render();
    if (!(changes & CHANGED.error)) return;
    const mayChange = !fill && !isRendering && !(keep && !variable.content);
    if (mayChange && isStanding !== (variable.error !== null)) showWithout(variable.content?.key ?? "");
    if (region.host) page.ties.mark(region.host);
  });
  render();
  return () => {
    page.counts.views--;
    stop();
    fill?.undo();
    undoTie();
  };
}
