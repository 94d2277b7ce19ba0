import type { Value } from "../protocol/message.ts";
import type { Binding } from "../protocol/viewdef.ts";
import { CHANGED, type Undo, type Variable } from "./model.ts";
import type { Page } from "./page.ts";
import { carry } from "./placeholder.ts";
import { Region } from "./region.ts";
import { keepScrolled } from "./scroll.ts";
import { replaces, type PreparedViewdef } from "./viewdef-store.ts";

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
  let undoContent: Undo | undefined;
  let isPlain = false;
  const render = () => {
    const { content } = variable;
    if (keep && !content) return;
    undoContent?.();
    undoContent = undefined;
    const viewdef = content?.key ? page.viewdefs.get(content.key) : undefined;
    if (content && viewdef) {
      isPlain = false;
      undoContent = fill(page, viewdef, variable, content.first, region);
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
    undoContent?.();
    undoTie();
  };
}

function fill(page: Page, viewdef: PreparedViewdef, owner: Variable, first: number, region: Region): Undo {
  const fragment = document.importNode(viewdef.content, true);
  page.scripts.collect(fragment, viewdef);
  const elements = fragment.querySelectorAll<HTMLElement>("*");
  const roots = [...fragment.childNodes];
  for (const root of roots) page.owners.set(root, owner);
  const undo: Undo[] = [];
  const regions = new Map<Node, Region>();
  for (const at of viewdef.placeholders) {
    const placeholder = elements[at];
    if (!placeholder) continue;
    const inner = new Region(placeholder);
    inner.attach(carry(placeholder));
    regions.set(placeholder, inner);
    undo.push(() => inner.release());
  }
  for (const binding of viewdef.bindings) {
    const element = elements[binding.at];
    const variable = page.model.get(first + binding.slot);
    if (!element || !variable) continue;
    const inner = regions.get(element);
    if (!inner || replaces(binding)) undo.push(bind(page, binding, variable, element, inner));
    else inner.attach((host) => bind(page, binding, variable, host));
  }
  region.put(
    roots.map((root) => regions.get(root) ?? root),
    viewdef.key,
  );
  return () => {
    for (const call of undo.toReversed()) call();
  };
}

/** Sets one binding to work, and shows its variable's errors on its element. */
function bind(page: Page, binding: Binding, variable: Variable, element: HTMLElement, region?: Region): Undo {
  let apply: ((value: Value) => void) | undefined;
  const undoTie = region ? undefined : page.ties.add(element, { variable, binding });
  const stop = page.model.watch(variable, (changes) => {
    if (changes & CHANGED.error && !region) page.ties.mark(element);
    if (changes & CHANGED.value) apply?.(variable.value);
  });
  const keep = (target: HTMLElement) => keepScrolled(page, target);
  const undoScroll = binding.scroll ? (region?.attach(keep) ?? keep(element)) : undefined;
  const watch = (call: (value: Value) => void) => {
    apply = call;
    call(variable.value);
  };
  let undo: Undo | void;
  try {
    undo = page.bindings[binding.kind]({ page, binding, variable, element, region, watch });
  } catch (error) {
    page.failed(error, variable);
  }
  return () => {
    stop();
    undo?.();
    undoScroll?.();
    undoTie?.();
  };
}
