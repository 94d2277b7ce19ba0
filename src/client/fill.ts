import type { Value } from "../protocol/message.ts";
import type { Binding } from "../protocol/viewdef.ts";
import { ForbiddenAddress } from "./forbidden-address.ts";
import { claimIds } from "./ids.ts";
import { CHANGED, type Content, type Undo, type Variable, type Watcher } from "./model.ts";
import type { Context, Page } from "./page.ts";
import { carry } from "./placeholder.ts";
import { Region, type Unbind } from "./region.ts";
import { keepScrolled } from "./scroll.ts";
import type { Tie } from "./ties.ts";
import { replaces, type PreparedViewdef } from "./viewdef-store.ts";

/** A binding at work. */
export interface Bound {
  /** Another one of the same kind when the viewdef is edited. */
  binding: Binding;
  readonly variable: Variable;
  undo(restore?: boolean): void;
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

/** Most views have no placeholders. */
const NOWHERE = new Map<number, Placed>();

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
  placed: Map<number, Placed> = NOWHERE;
  ended = false;
  #releaseIds: Undo | undefined;

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
    page.scripts.collect(fragment, this);
    const elements = fragment.querySelectorAll<HTMLElement>("*");
    if (viewdef.hasIds) this.claimIds(elements);
    const roots = [...fragment.childNodes];
    for (const root of roots) page.owners.set(root, owner);
    const regions = viewdef.placeholders.length > 0 ? new Map<Node, Region>() : undefined;
    for (const at of viewdef.placeholders) {
      const placeholder = elements[at];
      if (placeholder) regions?.set(placeholder, this.place(at, placeholder).region);
    }
    for (const binding of viewdef.bindings) {
      const element = elements[binding.at];
      if (element) this.bind(binding, element);
    }
    region.put(regions ? roots.map((root) => regions.get(root) ?? root) : roots, viewdef.key);
  }

  /** Makes the ids of the view's elements unique in the page, in the place of those that it had. */
  claimIds(elements: Iterable<Element>): void {
    this.#releaseIds?.();
    this.#releaseIds = claimIds(elements);
  }

  /** Lets `region` stand for the placeholder with index `at`. */
  place(at: number, placeholder: HTMLElement, region = new Region(placeholder)): Placed {
    const placed = { region, uncarry: region.attach(carry(placeholder), true) };
    if (this.placed === NOWHERE) this.placed = new Map();
    this.placed.set(at, placed);
    return placed;
  }

  /** Sets a binding of the viewdef to work on `element`, or on what stands for it. */
  bind(binding: Binding, element: HTMLElement): void {
    const variable = this.page.model.get(this.first + binding.slot);
    if (!variable) return;
    const region = this.placed.get(binding.at)?.region;
    if (!region || replaces(binding)) this.bound.push(new Work(this, binding, variable, element, region));
    else {
      const attach = (host: HTMLElement): Unbind => {
        const work = new Work(this, bound.binding, variable, host);
        return (restore) => work.undo(restore);
      };
      const bound: Bound = { binding, variable, undo: () => {} };
      this.bound.push(bound);
      bound.undo = region.attach(attach, LAYER.test(binding.kind));
    }
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
    this.#releaseIds?.();
    this.page.model.succeed(this.owner, this);
    for (const bound of this.bound.toReversed()) bound.undo();
    for (const { region } of this.placed.values()) region.release();
  }
}

/**
 * One binding at work on one element: shows the variable's value, and its errors. What it tells bindings, the model and ties
 * is itself, because pages have a great many of them.
 */
class Work implements Bound, Context, Tie, Watcher {
  binding: Binding;
  readonly fill: Fill;
  readonly variable: Variable;
  readonly element: HTMLElement;
  readonly region: Region | undefined;
  since = 0;
  #apply: ((value: Value) => void) | undefined;
  #unbind: Unbind | void = undefined;
  /** Present when the binding could not begin. */
  #fault: object | undefined;

  constructor(fill: Fill, binding: Binding, variable: Variable, element: HTMLElement, region?: Region) {
    this.fill = fill;
    this.binding = binding;
    this.variable = variable;
    this.element = element;
    this.region = region;
    const { page } = fill;
    if (!region) page.ties.add(element, this);
    page.model.addWatcher(variable, this);
    try {
      this.#unbind = page.bindings[binding.kind](this);
    } catch (error) {
      this.#fault = {};
      this.#failed(error, this.#fault);
    }
  }

  get page(): Page {
    return this.fill.page;
  }

  get watch(): Context["watch"] {
    return (apply) => {
      this.#apply = apply;
      this.#show();
    };
  }

  changed(changes: number): void {
    if (changes & CHANGED.error && !this.region) this.page.ties.mark(this.element);
    if (changes & CHANGED.value) this.#show();
  }

  undo(restore?: boolean): void {
    const { model, ties } = this.page;
    model.removeWatcher(this.variable, this);
    this.#unbind?.(restore);
    model.succeed(this.variable, this);
    if (this.#fault) model.succeed(this.variable, this.#fault);
    if (!this.region) ties.remove(this.element, this);
  }

  /** Whatever fails here is told, shown here, and stops nothing else. */
  #show(): void {
    if (!this.#apply) return;
    try {
      this.#apply(this.variable.value);
      this.page.model.succeed(this.variable, this);
    } catch (error) {
      this.#failed(error, this);
    }
  }

  #failed(error: unknown, source: object): void {
    const { kind } = this.binding;
    const code = kind === "code" ? "CODE_FAILED" : error instanceof ForbiddenAddress ? "URL_FORBIDDEN" : "VIEW_FAILED";
    this.page.failedAt(`${this.fill.viewdef.key} ui-${kind}`, error, this.variable, source, code);
  }
}
