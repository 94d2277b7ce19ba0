import type { Value } from "../protocol/message.ts";
import type { Binding } from "../protocol/viewdef.ts";
import { carry } from "./placeholder.ts";
import { showError } from "./error-mark.ts";
import { CHANGED, type Undo, type Variable } from "./model.ts";
import type { Context, Page } from "./page.ts";
import { Region } from "./region.ts";
import { replaces, type PreparedViewdef } from "./viewdef-store.ts";

/**
 * Shows the view on `variable` in `region`, from now until it is undone. Rendering happens outside the document, views
 * within views included, so the page gets it whole. The undo leaves the nodes to the region's owner.
 */
export function mountView(page: Page, variable: Variable, region: Region, whileUnknown: "empty" | "keep"): Undo {
  let undoContent: Undo | undefined;
  const render = () => {
    const { content } = variable;
    if (!content && whileUnknown === "keep") return;
    undoContent?.();
    undoContent = undefined;
    const viewdef = content?.key ? page.viewdefs.get(content.key) : undefined;
    if (content && viewdef) undoContent = fill(page, viewdef, content.first, region);
    else region.fill([], document.createDocumentFragment(), "");
    if (content?.key && !viewdef) page.report("VIEWDEF_MISSING", `The page was not sent ${content.key}`, variable.id);
  };
  page.counts.views++;
  const stop = page.model.watch(variable, (changes) => {
    if (changes & CHANGED.content) render();
  });
  render();
  return () => {
    page.counts.views--;
    stop();
    undoContent?.();
  };
}

function fill(page: Page, viewdef: PreparedViewdef, first: number, region: Region): Undo {
  const fragment = document.importNode(viewdef.content, true);
  page.scripts.collect(fragment, viewdef);
  const elements = fragment.querySelectorAll<HTMLElement>("*");
  const roots = [...fragment.childNodes];
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
    if (!inner) undo.push(bind(page, binding, variable, element));
    else if (replaces(binding)) undo.push(bind(page, binding, variable, element, inner));
    else inner.attach((host) => bind(page, binding, variable, host));
  }
  region.fill(
    roots.map((node) => regions.get(node) ?? node),
    fragment,
    viewdef.key,
  );
  return () => {
    for (const call of undo.reverse()) call();
  };
}

/** Sets one binding to work, and shows its variable's errors on its element. */
function bind(page: Page, binding: Binding, variable: Variable, element: HTMLElement, region?: Region): Undo {
  let apply: ((value: Value) => void) | undefined;
  const context: Context = {
    page,
    binding,
    variable,
    element,
    region,
    watch(call) {
      apply = call;
      call(variable.value);
    },
  };
  const undoMark = showError(page, context);
  const stop = page.model.watch(variable, (changes) => {
    if (changes & CHANGED.error) undoMark.update();
    if (changes & CHANGED.value) apply?.(variable.value);
  });
  const undo = page.bindings[binding.kind](context);
  return () => {
    stop();
    undo?.();
    undoMark.undo();
  };
}
