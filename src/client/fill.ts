import type { Value } from "../protocol/message.ts";
import type { Binding } from "../protocol/viewdef.ts";
import { ownIds } from "./ids.ts";
import { CHANGED, type Content, type Undo, type Variable } from "./model.ts";
import type { Page } from "./page.ts";
import { carry } from "./placeholder.ts";
import { Region, type Unbind } from "./region.ts";
import { keepScrolled } from "./scroll.ts";
import { replaces, type PreparedViewdef } from "./viewdef-store.ts";

/** A binding at work. */
export interface Bound {
  readonly binding: Binding;
  readonly variable: Variable;
  readonly undo: Unbind;
  /** It is that part of the binding which keeps the element scrolled to its end. */
  readonly scroll?: true;
}

/** What stands for a placeholder. */
export interface Placed {
  readonly region: Region;
  /** Takes back what the placeholder gave to the region's host. */
  readonly uncarry: Unbind;
}

/** Bindings that change attributes which an element can have of its own. */
const LAYER = /^(attr|class|style)$/;

/** What a viewdef has put into a region, and all that has to be undone when it goes. */
export class Fill {
  readonly page: Page;
  readonly owner: Variable;
  readonly region: Region;
  /** That of the content which it shows. */
  readonly lineage: number;
  viewdef: PreparedViewdef;
  /** The variable of slot 0. */
  first: number;
  bound: Bound[] = [];
  /** By the index of the placeholder. */
  placed = new Map<number, Placed>();
  ended = false;
  #freeIds: Undo | undefined;

  constructor(page: Page, viewdef: PreparedViewdef, owner: Variable, { first, lineage }: Content, region: Region) {
    this.page = page;
    this.viewdef = viewdef;
    this.owner = owner;
    this.first = first;
    this.lineage = lineage;
    this.region = region;
    try {
      this.#show();
    } catch (error) {
      this.undo();
      throw error;
    }
  }

  #show(): void {
    const { page, viewdef, owner, region } = this;
    const fragment = document.importNode(viewdef.content, true);
    page.hotload?.record(this, fragment);
    if (viewdef.hasIds) this.#freeIds = ownIds(viewdef.key, fragment, `-${owner.id}`);
    page.scripts.collect(fragment, viewdef);
    const elements = fragment.querySelectorAll<HTMLElement>("*");
    const roots = [...fragment.childNodes];
    for (const root of roots) page.owners.set(root, owner);
    const regions = new Map<Node, Region>();
    for (const at of viewdef.placeholders) {
      const placeholder = elements[at];
      if (placeholder) regions.set(placeholder, this.place(at, placeholder).region);
    }
    for (const binding of viewdef.bindings) {
      const element = elements[binding.at];
      if (element) this.bind(binding, element);
    }
    region.put(
      roots.map((root) => regions.get(root) ?? root),
      viewdef.key,
    );
  }

  /** Lets `region` stand for the placeholder with index `at`. */
  place(at: number, placeholder: HTMLElement, region = new Region(placeholder)): Placed {
    const placed = { region, uncarry: region.attach(carry(placeholder), true) };
    this.placed.set(at, placed);
    return placed;
  }

  /** Sets a binding of the viewdef to work on `element`, or on what stands for it. */
  bind(binding: Binding, element: HTMLElement): void {
    const { page, viewdef } = this;
    const variable = page.model.get(this.first + binding.slot);
    if (!variable) return;
    const region = this.placed.get(binding.at)?.region;
    const undo =
      !region || replaces(binding)
        ? bind(page, viewdef.key, binding, variable, element, region)
        : region.attach((host) => bind(page, viewdef.key, binding, variable, host), LAYER.test(binding.kind));
    this.bound.push({ binding, variable, undo });
    if (binding.scroll) this.follow(binding, variable, element);
  }

  /** Keeps `element`, or what stands for it, scrolled to its end. */
  follow(binding: Binding, variable: Variable, element: HTMLElement): void {
    const keep = (target: HTMLElement) => keepScrolled(this.page, target);
    const undo = this.placed.get(binding.at)?.region.attach(keep) ?? keep(element);
    this.bound.push({ binding, variable, scroll: true, undo });
  }

  undo(): void {
    this.ended = true;
    this.#freeIds?.();
    for (const { undo } of this.bound.toReversed()) undo();
    for (const { region } of this.placed.values()) region.release();
  }
}

/** Sets one binding to work, and shows its variable's errors on its element. */
function bind(
  page: Page,
  key: string,
  binding: Binding,
  variable: Variable,
  element: HTMLElement,
  region?: Region,
): Unbind {
  /** Whatever fails here is told, shown here, and stops nothing else. */
  const attempt = (source: object, action: () => void): void => {
    try {
      action();
      page.model.succeed(variable, source);
    } catch (error) {
      const code = binding.kind === "code" ? "CODE_FAILED" : "VIEW_FAILED";
      page.failedAt(`${key} ui-${binding.kind}`, error, variable, source, code);
    }
  };
  let apply: ((value: Value) => void) | undefined;
  const undoTie: Undo | undefined = region ? undefined : page.ties.add(element, { variable, binding });
  const stop = page.model.watch(variable, (changes) => {
    if (changes & CHANGED.error && !region) page.ties.mark(element);
    if (changes & CHANGED.value && apply) attempt(watch, () => apply?.(variable.value));
  });
  const watch = (call: (value: Value) => void) => {
    apply = call;
    attempt(watch, () => call(variable.value));
  };
  let undo: Unbind | void;
  attempt(attempt, () => {
    undo = page.bindings[binding.kind]({ page, binding, variable, element, region, watch });
  });
  return (restore) => {
    stop();
    undo?.(restore);
    for (const source of [watch, attempt]) page.model.succeed(variable, source);
    undoTie?.();
  };
}
