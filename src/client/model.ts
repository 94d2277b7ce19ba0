import { APP_VARIABLE, type List, type Update, type Value, type View } from "../protocol/message.ts";
import type { WireError } from "../protocol/error-code.ts";

export type Undo = () => void;

/** What can change about a variable; a watcher gets the sum of those that did. */
export const CHANGED = { value: 1, error: 2, content: 4, rows: 8, properties: 16 } as const;

/** What the view on a variable shows: viewdef `key` over the variables `first` … `first + count - 1`. */
export interface Content {
  readonly key: string | null;
  readonly first: number;
  readonly count: number;
}

interface Watcher {
  call: ((changes: number) => void) | undefined;
  /** The pass of notifications during which it was added: it has seen everything of that pass. */
  readonly since: number;
}

/** One variable of this connection. Only the model writes to it. */
export class Variable {
  readonly id: number;
  value: Value = null;
  error: WireError | null = null;
  /** Whatever else Lua said about the variable. Few have any. */
  properties: Record<string, Value> | undefined;
  /** Undefined until the server has said what the view shows. */
  content: Content | undefined;
  rows: number[] = [];
  /** `seq` of the client frame with our last write; Infinity while that waits to be sent; 0 when there was none. */
  written = 0;
  /** The view or list that it belonged to is gone. */
  gone = false;
  /** Something says where it belongs; what stays homeless at the end of a frame is dropped. */
  claimed = false;
  changes = 0;
  readonly watchers: Watcher[] = [];
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
  #dirty = new Set<Variable>();
  #valued = new Set<number>();
  readonly #failed: (error: unknown, variable: Variable) => void;

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
    this.claim(APP_VARIABLE);
  }

  get(id: number): Variable | undefined {
    return this.variables.get(id);
  }

  /** The variable, which is made if need be, and which somebody answers for from now on. */
  claim(id: number): Variable {
    const variable = this.#ensure(id);
    variable.claimed = true;
    return variable;
  }

  /** Phase one for `update`, of whose properties `properties` are meant for the variable. `seen`: the last of our frames that the session knew when it made the message. */
  update(message: Update, properties: Record<string, Value>, seen: number): void {
    const variable = this.#ensure(message.id);
    // The sender did not know our newer write yet; the write is going to prevail there too.
    if (message.value !== undefined && variable.written <= seen) {
      this.#valued.add(message.id);
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
    variable.error = message.error;
    if (message.error) this.errors.set(message.id, message.error);
    else this.errors.delete(message.id);
    this.#mark(variable, CHANGED.error);
  }

  /** Phase one for `view`. An `update` of the same frame is newer than a value that comes here. */
  view({ id, viewdef, first = 0, values = [] }: View): void {
    const variable = this.#ensure(id);
    this.#forgetBelow(variable);
    variable.content = { key: viewdef, first, count: values.length };
    values.forEach((value, index) => {
      const child = this.claim(first + index);
      if (!this.#valued.has(child.id)) child.value = value;
    });
    this.#mark(variable, CHANGED.content);
  }

  /** Phase one for `list`. */
  list({ id, remove = [], place = [] }: List): void {
    const variable = this.#ensure(id);
    if (remove.length > 0) {
      const removed = new Set(remove);
      variable.rows = variable.rows.filter((row) => !removed.has(row));
      for (const row of remove) this.forget(row);
    }
    const { rows } = variable;
    const present = new Set(rows);
    for (const { row, count = 1, before } of place) {
      const run = Array.from({ length: count }, (_, index) => row + index);
      for (const id of run) {
        if (present.has(id)) rows.splice(rows.indexOf(id), 1);
        present.add(id);
        this.claim(id);
      }
      const at = before === 0 ? -1 : rows.indexOf(before);
      rows.splice(at < 0 ? rows.length : at, 0, ...run);
    }
    this.#mark(variable, CHANGED.rows);
  }

  /** Phase two: tells the watchers of everything that was stored, in the order in which it came. */
  notify(): void {
    this.#pass++;
    this.#valued.clear();
    const dirty = [...this.#dirty];
    this.#dirty.clear();
    for (const variable of dirty) {
      const { changes } = variable;
      variable.changes = 0;
      if (!variable.claimed) this.forget(variable.id);
      else if (!variable.gone) this.#tell(variable, changes, this.#pass);
    }
  }

  /** Calls back with the sum of CHANGED after each frame that changed the variable; not for the present state. */
  watch(variable: Variable, call: (changes: number) => void): Undo {
    const watcher: Watcher = { call, since: this.#pass };
    variable.watchers.push(watcher);
    this.watching++;
    return () => {
      if (!watcher.call) return;
      watcher.call = undefined;
      this.watching--;
      variable.watchers.splice(variable.watchers.indexOf(watcher), 1);
    };
  }

  /** Our own write: the new value counts at once, for everybody who shows the variable. */
  write(variable: Variable, value: Value): void {
    variable.value = value;
    variable.written = Infinity;
    this.#tell(variable, CHANGED.value, -1);
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

  #forgetBelow(variable: Variable): void {
    const { content, rows, created } = variable;
    if (content) for (let index = 0; index < content.count; index++) this.forget(content.first + index);
    for (const id of rows) this.forget(id);
    for (const id of created ?? []) this.forget(id);
    variable.rows = [];
    variable.created = undefined;
  }

  #ensure(id: number): Variable {
    let variable = this.variables.get(id);
    if (!variable) this.variables.set(id, (variable = new Variable(id)));
    return variable;
  }

  #mark(variable: Variable, change: number): void {
    variable.changes |= change;
    this.#dirty.add(variable);
  }

  #tell(variable: Variable, changes: number, pass: number): void {
    // A copy, because watchers come and go while they are told.
    for (const watcher of variable.watchers.slice()) {
      if (watcher.since === pass) continue;
      try {
        watcher.call?.(changes);
      } catch (error) {
        this.#failed(error, variable);
      }
    }
  }
}
