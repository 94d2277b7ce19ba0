import { APP_VARIABLE, type Value } from "../protocol/message.ts";
import { CHANGED, type Undo, type Variable } from "./model.ts";
import type { Page } from "./page.ts";
import type { ConnectionState, Socket } from "./socket.ts";

type Target = Element | string | number;

/** What the author of a page can know about a variable. */
export interface VariableView {
  readonly id: number;
  readonly value: Value;
  readonly error: { code: string; message: string } | null;
  readonly properties: Readonly<Record<string, Value>>;
}

/** `window.moonpool`, and the objects `uiApp` and `uiStore` that pages of ui-engine use. */
export function makeBridge(page: Page, socket: Socket, rootElement: () => Element | undefined) {
  const listeners = new Map<ConnectionState, Set<() => void>>();
  let lastCreated = 0;

  /** The variable of an element's ui-value, else of its first binding or view. */
  const find = (target: Target): Variable | undefined => {
    if (typeof target === "number") return page.model.get(target);
    const ties = tiesOf(target);
    return (ties.find((tie) => tie.binding?.kind === "value") ?? ties[0])?.variable;
  };
  const tiesOf = (target: Element | string) => {
    const element = typeof target === "string" ? document.getElementById(target) : target;
    return element ? page.ties.of(element) : [];
  };
  /** The variable of the view that the element is in. */
  const viewOf = (element: Element): Variable => {
    for (let node: Node | null = element; node; node = node.parentNode) {
      const owner = page.owners.get(node);
      if (owner && !owner.gone) return owner;
    }
    return page.model.claim(APP_VARIABLE);
  };
  const show = ({ id, value, error, properties = {} }: Variable): VariableView => ({ id, value, error, properties });

  const moonpool = {
    /** "connecting", "connected", "disconnected" or "ended". */
    get state(): ConnectionState {
      return socket.state;
    },
    /** Calls back whenever the connection comes into `state`. */
    on(state: ConnectionState, callback: () => void): Undo {
      const set = listeners.get(state) ?? new Set();
      listeners.set(state, set.add(callback));
      return () => void set.delete(callback);
    },
    /** Connects at once if it is waiting for the next attempt, or looks whether the host is still there. */
    reconnect: () => socket.wake(),
    /** Makes whatever passes take so many ms longer, there and back: how the page is with a slow network. */
    latency(milliseconds: number): void {
      socket.latency = milliseconds;
    },
    /**
     * Writes a value to the ui-value of the element with this id; without a value, what the element holds now. Does
     * nothing if there is no such element or it is read-only.
     */
    updateValue: (elementId: string, value?: Value): void => {
      const element = document.getElementById(elementId);
      const tie = element && page.ties.of(element).find(({ binding }) => binding?.kind === "value" && binding.write);
      if (!tie) return;
      if (value === undefined) page.fields.get(element)?.commit();
      else page.write(tie.variable, value, element);
    },
    /** The variable of an element, of the element with an id, or with a number. */
    variable: (target: Target): VariableView | undefined => {
      const variable = find(target);
      return variable && show(variable);
    },
    /** Calls back with each new value or error. */
    watch: (target: Target, callback: (variable: VariableView) => void): Undo => {
      const variable = find(target);
      if (!variable) return () => {};
      return page.model.watch(variable, (changes) => {
        if (changes & (CHANGED.value | CHANGED.error | CHANGED.properties)) callback(show(variable));
      });
    },
    /**
     * Watches one more path of the view that `element` is in; some viewdef of this page must contain the path. The
     * callback gets the first value too. Ends with the view, or by the undo.
     */
    create(element: Element, path: string, callback: (variable: VariableView) => void): Undo {
      const parent = viewOf(element);
      const id = --lastCreated;
      const variable = page.model.claim(id);
      (parent.created ??= new Set()).add(id);
      page.outbox.send(() => ({ type: "create", id, parent: parent.id, path }));
      const stop = page.model.watch(variable, () => callback(show(variable)));
      return () => {
        stop();
        if (variable.gone) return;
        parent.created?.delete(id);
        page.model.forget(id);
        page.outbox.send(() => ({ type: "destroy", id }));
      };
    },
    /** How much there is of everything that has to go away again. */
    statistics() {
      const { model, viewdefs, outbox, fields, counts } = page;
      return {
        variables: model.variables.size,
        watchers: model.watching,
        errors: model.errors.size,
        fields: fields.size,
        viewdefs: viewdefs.keys.length,
        waiting: outbox.waiting,
        ...counts,
      };
    },
  };

  const uiStore = {
    get: (id: number) => moonpool.variable(id),
    watch: (id: number, callback: (variable: VariableView) => void) => moonpool.watch(id, callback),
    update(id: number, value: Value): void {
      const variable = page.model.get(id);
      if (variable) page.write(variable, value);
    },
  };
  const uiApp = {
    updateValue: moonpool.updateValue,
    getStore: () => uiStore,
    getBinding: () => ({ variable: moonpool.variable, watch: moonpool.watch }),
    getConnection: () => ({ isConnected: () => socket.open, state: socket.state }),
    getViewdefStore: () => ({ keys: () => page.viewdefs.keys, has: (key: string) => page.viewdefs.keys.includes(key) }),
    getAppView: () => ({ element: rootElement(), variable: moonpool.variable(APP_VARIABLE) }),
  };

  return {
    moonpool,
    uiApp,
    uiStore,
    entered(state: ConnectionState): void {
      for (const callback of listeners.get(state) ?? []) callback();
    },
  };
}
