import type { ErrorCode } from "../protocol/error-code.ts";
import type { Value } from "../protocol/message.ts";
import type { Binding, BindingKind } from "../protocol/viewdef.ts";
import type { Feedback } from "./feedback.ts";
import type { Hotload } from "./hotload/main.ts";
import type { Rows } from "./list.ts";
import type { Model, Undo, Variable } from "./model.ts";
import type { Outbox } from "./outbox.ts";
import type { Pending } from "./pending.ts";
import type { Region, Unbind } from "./region.ts";
import type { ScriptRunner } from "./scripts.ts";
import type { Ties } from "./ties.ts";
import type { ViewdefStore } from "./viewdef-store.ts";
import type { showWindow } from "./windowed.ts";

/** What views and bindings work with. `main.ts` makes the one there is. */
export interface Page {
  readonly model: Model;
  readonly outbox: Outbox;
  readonly viewdefs: ViewdefStore;
  readonly bindings: Record<BindingKind, Bind>;
  readonly ties: Ties;
  readonly scripts: ScriptRunner;
  /** The variable of the view that a root node belongs to. */
  readonly owners: WeakMap<Node, Variable>;
  /** The rows within elements that are lists. */
  readonly lists: WeakMap<Element, Rows>;
  /** Present when a viewdef has come with a list that shows a part of its array. */
  readonly showWindow: typeof showWindow | undefined;
  /** Present when files of the site are watched and changes reach this page. */
  readonly hotload: Hotload | undefined;
  /** The fields that people can change. */
  readonly fields: Map<Element, BoundField>;
  readonly pending: Pending;
  /** Present when there are bindings that tell errors. */
  readonly feedback: Feedback | undefined;
  /** What waits for the end of a pause (see makePace): lets it happen now. */
  readonly paced: Set<() => void>;
  /** What there is now, and how many frames there were. */
  readonly counts: { views: number; lists: number; listeners: number; frames: number };
  /** The field in which an input method is composing a character. */
  readonly composing: Element | null;
  /** Writes a value that a person chose, in `element`: it counts here at once, and is sent. */
  write(variable: Variable, value: Value, element?: HTMLElement): void;
  /**
   * Sends unsent input of `element` and of the field with the focus, and events that wait for a pause, so that they arrive
   * before an event does. `isOver`: whoever typed is done, and wants to see what the server makes of it.
   */
  commitInput(element: Element, isOver?: boolean): void;
  /** What ui-code gets as `store`. */
  readonly store: object;
  /** Sanitises HTML. Whoever shows HTML has seen to it that the sanitiser is loaded; without it this yields text. */
  sanitize(html: string): DocumentFragment;
  /** addEventListener, with an undo. */
  listen(target: EventTarget, type: string, call: (event: Event) => void, options?: AddEventListenerOptions): Undo;
  /** Calls back whenever a frame is in the page. */
  afterEachFrame(task: () => void): Undo;
  /** Takes note of an exception in one part, so that the others can go on. */
  failed(error: unknown, variable?: Variable): void;
  /**
   * The same for a part of a view on `variable`: it shows there too. `where` names it (`Contact.DEFAULT ui-value`). Ends when
   * `source` succeeds: see Model.succeed.
   */
  failedAt(where: string, error: unknown, variable: Variable, source: object, code?: ErrorCode): void;
  /** Tells the host's log of a mistake in the page. */
  report(code: string, message: string, id?: number): void;
}

/** A field in which somebody may be at work. */
export interface BoundField {
  /** Sends what has been changed and not been sent yet. `isOver`: see Page.commitInput. */
  commit(isOver?: boolean): void;
  /** What a person has made of it, unless the server has changed it since. */
  edit(): Edit | undefined;
}

export interface Edit {
  value: Value;
  /** What the server had before. */
  base: Value;
  isSent: boolean;
  /** The session has it. */
  isSafe: boolean;
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
  watch: (apply: (value: Value) => void) => void;
}

/** A kind of binding: does its work, and may return what else has to be undone. */
export type Bind = (context: Context) => Unbind | void;
