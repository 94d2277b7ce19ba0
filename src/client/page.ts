import type { Value } from "../protocol/message.ts";
import type { Binding, BindingKind } from "../protocol/viewdef.ts";
import type { Model, Undo, Variable } from "./model.ts";
import type { Outbox } from "./outbox.ts";
import type { Region } from "./region.ts";
import type { ViewdefStore } from "./viewdef-store.ts";

/** What views and bindings work with. `main.ts` makes the one there is. */
export interface Page {
  readonly model: Model;
  readonly outbox: Outbox;
  readonly viewdefs: ViewdefStore;
  readonly bindings: Record<BindingKind, Bind>;
  /** What is bound to an element, in the order of binding. */
  readonly bound: WeakMap<Element, Context[]>;
  /** Sends what has been typed into a field and not been sent yet. */
  readonly commits: Map<Element, () => void>;
  readonly counts: { views: number; lists: number; listeners: number };
  /** Sanitises HTML. Only called in views whose viewdef has a `html` binding, after its chunk was loaded. */
  sanitize(html: string): DocumentFragment;
  /** addEventListener, with an undo. */
  listen(target: EventTarget, type: string, call: (event: Event) => void, options?: AddEventListenerOptions): Undo;
  /** Runs `task` when everything of the present frame is in the page. */
  afterFrame(task: () => void): void;
  /** Tells the host's log of a mistake in the page. */
  report(code: string, message: string, id?: number): void;
}

/** One binding at work on one element. */
export interface Context {
  readonly page: Page;
  readonly binding: Binding;
  readonly variable: Variable;
  readonly element: HTMLElement;
  /** For bindings whose element is replaced: what takes its place. */
  readonly region: Region | undefined;
  /** Calls `apply` with the present value and with every new one, until the binding is undone. */
  watch(apply: (value: Value) => void): void;
}

/** A kind of binding: does its work, and may return what else has to be undone. */
export type Bind = (context: Context) => Undo | void;
