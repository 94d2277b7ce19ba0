import { APP_VARIABLE, type List, type ListWindow, type Update, type Value, type View } from "../protocol/message.ts";
import type { WireError } from "../protocol/error-code.ts";
import { equal } from "./text.ts";

export type Undo = () => void;

/** What can change about a variable; a watcher gets the sum of those that did. */
export const CHANGED = { value: 1, error: 2, content: 4, rows: 8, properties: 16 } as const;

/** What the view on a variable shows: viewdef `key` over the variables `first` … `first + count - 1`. */
export interface Content {
  readonly key: string | null;
  readonly first: number;
  readonly count: number;
  /** The same as before when the viewdef was edited and the view goes on; any other content has a number of its own. */
  readonly lineage: number;
}

/** Hears of what changes about a variable. There is one for each binding: an object without closures is half as large. */
export interface Watcher {
  /** The pass of notifications during which it was added: it has seen everything of that pass. The model's own. */
  since: number;
  /** `changes`: the sum of CHANGED. */
  changed(changes: number): void;
}

/** What most variables have of anything. */
const NONE: readonly never[] = [];

/** One variable of this connection. Only the model writes to it. */
export class Variable {
  /** Changes when the viewdef in which the variable stands is edited. */
  id: number;
  value: Value = null;
  error: WireError | null = null;
  /** Whatever else Lua said about the variable. Few have any. */
  properties: Record<string, Value> | undefined;
  /** Undefined until the server has said what the view shows. */
  content: Content | undefined;
  rows: readonly number[] = NONE;
  /** Which part of its array a list shows, if it is not all. */
  window: ListWindow | undefined;
  /** `seq` of the client frame with our last write; Infinity while that waits to be sent; 0 when there was none. */
  written = 0;
  /** The view or list that it belonged to is gone. */
  gone = false;
  changes = 0;
  watchers: readonly Watcher[] = NONE;
  /** Variables made by `create` below this one. */
  created: Set<number> | undefined;

  constructor(id: number) {
    this.id = id;
  }
}

/**
 * The variables of the connection. A frame is taken in two phases: `store` every message, then `notify`, so whoever is
 * told of a change sees the whole frame, whatever the order of its messages. Knows nothing of the page.
 */
export class Model {
  readonly variables = new Map<number, Variable>();
  /** Present errors by variable. */
  readonly errors = new Map<number, WireError>();
  watching = 0;
  #pass = 0;
  #lineages = 0;
  #dirty = new Set<Variable>();
  /** What is to be stored in variables of which it has not been said yet where they belong. */
  readonly #waiting = new Map<number, ((variable: Variable) => void)[]>();
  readonly #failed: (error: unknown, variable: Variable) => void;
  /** Errors of the page's own, and what failed. */
  readonly #sources = new WeakMap<WireError, object>();

  /** `failed` hears of exceptions of watchers, so that one cannot stop the others. */
  constructor(failed: (error: unknown, variable: Variable) => void) {
    this.#failed = failed;
    this.reset();
  }

  /** Forgets everything: a new connection starts from variable 1 alone. */
  reset(): void {
    for (const variable of this.variables.values()) variable.gone = true;
    this.variables.clear();
    this.errors.clear();
    this.#dirty.clear();
    this.#waiting.clear();
    this.claim(APP_VARIABLE);
  }

  get(id: number): Variable | undefined {
    return this.variables.get(id);
  }

  /** The variable, which is made if need be. */
  claim(id: number): Variable {
    let variable = this.variables.get(id);
    if (!variable) this.variables.set(id, (variable = new Variable(id)));
    return variable;
  }

  /** Phase one for `update`, of whose properties `properties` are meant for the variable. `seen`: the last of our frames that the session knew when it made the message. */
  update(message: Update, properties: Record<string, Value>, seen: number): void {
    this.#store(message.id, (variable) => {
      // The sender did not know our newer write yet; the write is going to prevail there too.
      if (message.value !== undefined && variable.written <= seen) {
        variable.value = message.value;
        this.#mark(variable, CHANGED.value);
      }
      for (const [name, value] of Object.entries(properties)) {
        variable.properties ??= {};
        if (value === "") delete variable.properties[name];
        else variable.properties[name] = value;
        this.#mark(variable, CHANGED.properties);
      }
      if (message.error === undefined) return;
      this.#setError(variable, message.error);
      this.#mark(variable, CHANGED.error);
    });
  }

  /** Phase one for `view`. `seen` as for `update`. */
  view({ id, viewdef, first = 0, values = [], from }: View, seen = Infinity): void {
    this.#store(id, (variable) => {
      const { content } = variable;
      // Told once more: ids are never used again.
      if (content && !from && content.key === viewdef && content.first === first && content.count === values.length)
        return this.#setValues(first, values, seen);
      const lineage = (from && content?.lineage) ?? ++this.#lineages;
      const kept = from?.map((old) => this.#take(old)) ?? [];
      this.#forgetBelow(variable, from !== undefined);
      variable.content = { key: viewdef, first, count: values.length, lineage };
      values.forEach((value, index) => {
        const before = kept[index];
        if (before) this.#rename(before, first + index);
        const child = this.claim(first + index);
        if (before && (child.written > seen || equal(child.value, value))) return;
        child.value = value;
        if (before) this.#mark(child, CHANGED.value);
      });
      this.#mark(variable, CHANGED.content);
      for (let index = 0; index < values.length; index++) this.#settle(first + index);
    });
  }

  /** Phase one for `refresh`: what is wrong will be told again. */
  refresh(): void {
    for (const id of this.errors.keys()) {
      const variable = this.get(id);
      if (!variable?.error || this.#sources.has(variable.error)) continue;
      this.#setError(variable, null);
      this.#mark(variable, CHANGED.error);
    }
  }

  #setValues(first: number, values: Value[], seen: number): void {
    values.forEach((value, index) => {
      const id = first + index;
      if (!equal(this.get(id)?.value ?? null, value)) this.update({ type: "update", id, value }, {}, seen);
    });
  }

  /** Phase one for `list`. */
  list({ id, all, remove = [], place = [], window }: List): void {
    this.#store(id, (variable) => {
      if (window) variable.window = window;
      if (all) {
        const placed = new Set(
          place.flatMap(({ row, count = 1 }) => Array.from({ length: count }, (_, at) => row + at)),
        );
        remove = variable.rows.filter((row) => !placed.has(row));
      }
      if (remove.length > 0) {
        const removed = new Set(remove);
        variable.rows = variable.rows.filter((row) => !removed.has(row));
        for (const row of remove) this.forget(row);
      }
      const present = new Set(variable.rows);
      // Where each stands is told of all.
      const rows = all ? [] : [...variable.rows];
      variable.rows = rows;
      const fresh: number[] = [];
      for (const { row, count = 1, before } of place) {
        const run = Array.from({ length: count }, (_, index) => row + index);
        for (const id of run) {
          if (!present.has(id)) fresh.push(id);
          else if (!all) rows.splice(rows.indexOf(id), 1);
          present.add(id);
          this.claim(id);
        }
        const at = before === 0 ? -1 : rows.indexOf(before);
        // As arguments of one call a hundred thousand would be too many, and a list begins with all of its rows at the end.
        if (at < 0) for (const id of run) rows.push(id);
        else rows.splice(at, 0, ...run);
      }
      this.#mark(variable, CHANGED.rows);
      for (const id of fresh) this.#settle(id);
    });
  }

  /** Phase two: tells the watchers of everything that was stored, in the order in which it came. */
  notify(): void {
    this.#pass++;
    // Nobody has said where these belong.
    this.#waiting.clear();
    const dirty = [...this.#dirty];
    this.#dirty.clear();
    for (const variable of dirty) {
      const { changes } = variable;
      variable.changes = 0;
      if (!variable.gone) this.#tell(variable, changes, this.#pass);
    }
  }

  /** Calls back with the sum of CHANGED after each frame that changed the variable; not for the present state. */
  watch(variable: Variable, call: (changes: number) => void): Undo {
    const watcher: Watcher = { changed: call, since: 0 };
    this.addWatcher(variable, watcher);
    return () => this.removeWatcher(variable, watcher);
  }

  addWatcher(variable: Variable, watcher: Watcher): void {
    watcher.since = this.#pass;
    // A copy with one more would have room for many more.
    variable.watchers = variable.watchers.length > 0 ? [...variable.watchers, watcher] : [watcher];
    this.watching++;
  }

  removeWatcher(variable: Variable, watcher: Watcher): void {
    const { watchers } = variable;
    if (!watchers.includes(watcher)) return;
    variable.watchers = watchers.length === 1 ? NONE : watchers.filter((other) => other !== watcher);
    this.watching--;
  }

  /** Our own write: the new value counts at once, for everybody who shows the variable. */
  write(variable: Variable, value: Value): void {
    variable.value = value;
    variable.written = Infinity;
    this.#tell(variable, CHANGED.value, -1);
  }

  /**
   * Gives a variable an error that the page itself has made at showing it, unless the session has told one. It stays until the
   * session tells another, or `source`, which failed, says that it has succeeded.
   */
  fail(variable: Variable, error: WireError, source: object): void {
    if (variable.gone || (variable.error && !this.#sources.has(variable.error))) return;
    this.#sources.set(error, source);
    this.#setError(variable, error);
    this.#tell(variable, CHANGED.error, -1);
  }

  /** `source` has succeeded. */
  succeed(variable: Variable, source: object): void {
    const { error } = variable;
    if (!error || this.#sources.get(error) !== source) return;
    this.#setError(variable, null);
    this.#tell(variable, CHANGED.error, -1);
  }

  #setError(variable: Variable, error: WireError | null): void {
    variable.error = error;
    if (error) this.errors.set(variable.id, error);
    else this.errors.delete(variable.id);
  }

  /** Drops a variable and all below it. */
  forget(id: number): void {
    const variable = this.variables.get(id);
    if (!variable) return;
    this.#forgetBelow(variable);
    variable.gone = true;
    this.variables.delete(id);
    this.errors.delete(id);
  }

  /** `isKept`: the view goes on, and with it what scripts made below it. */
  #forgetBelow(variable: Variable, isKept = false): void {
    const { content, rows, created } = variable;
    if (content) for (let index = 0; index < content.count; index++) this.forget(content.first + index);
    for (const id of rows) this.forget(id);
    variable.rows = NONE;
    if (isKept) return;
    for (const id of created ?? []) this.forget(id);
    variable.created = undefined;
  }

  /** Takes a variable out, so that it is not forgotten with its neighbours. */
  #take(id: number): Variable | undefined {
    const variable = this.variables.get(id);
    this.variables.delete(id);
    return variable;
  }

  #rename(variable: Variable, id: number): void {
    const error = this.errors.get(variable.id);
    this.errors.delete(variable.id);
    if (error) this.errors.set(id, error);
    variable.id = id;
    this.variables.set(id, variable);
  }

  /** Within a frame a message may come before the one that says where its variable belongs: then it waits for that. */
  #store(id: number, store: (variable: Variable) => void): void {
    const variable = this.variables.get(id);
    if (variable) return store(variable);
    const waiting = this.#waiting.get(id);
    if (waiting) waiting.push(store);
    else this.#waiting.set(id, [store]);
  }

  /** Stores what waited for variable `id`. */
  #settle(id: number): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    for (const store of waiting ?? []) this.#store(id, store);
  }

  #mark(variable: Variable, change: number): void {
    variable.changes |= change;
    this.#dirty.add(variable);
  }

  #tell(variable: Variable, changes: number, pass: number): void {
    // The array stays as it is, although watchers come and go while they are told.
    for (const watcher of variable.watchers) {
      if (watcher.since === pass || !variable.watchers.includes(watcher)) continue;
      try {
        watcher.changed(changes);
      } catch (error) {
        this.#failed(error, variable);
      }
    }
  }
}
