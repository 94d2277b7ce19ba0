import type { Page } from "playwright-core";
import type { Test } from "tap";
import { compileViewdef, type CompiledViewdef } from "../../src/host/viewdefs/compile.ts";
import type { HotloadUi, ServerMessage, Value } from "../../src/protocol/main.ts";
import type { Chromium } from "./chromium.ts";
import { settled, type SceneOptions } from "./scene.ts";
import { deliver, ScriptedHost, update, welcome, type Connection } from "./scripted-host.ts";

/** What a view shows: `type` names the viewdef. Fields hold values, other things, or arrays of either. */
export interface Thing {
  type: string;
  [field: string]: Field;
}
export type Field = null | boolean | number | string | Thing | readonly Field[];

interface View {
  id: number;
  thing: Thing;
  slots: Slot[];
}

/** A variable of a view, and what it shows. */
interface Slot {
  id: number;
  text: string;
  view?: View;
  rows?: { id: number; view?: View }[];
}

/** Type → what is inside the `<template>` of its viewdef. */
export type Templates = Record<string, string>;

export interface StageOptions extends SceneOptions {
  /** false: no files are watched. */
  hotload?: Partial<HotloadUi> | false;
}

const UI: HotloadUi = {
  toasts: true,
  indicator: true,
  shortcuts: true,
  preserve: { form: true, scroll: true, focus: true },
};

/**
 * A page whose viewdefs can be edited: compiles templates, shows things by them, and says what a host says when a file
 * is saved, with variables that get other ids as they do there.
 */
export class Stage {
  readonly host: ScriptedHost;
  readonly page: Page;
  readonly connection: Connection;
  readonly #compiled: Map<string, CompiledViewdef>;
  readonly #root: View;
  #next = 2;

  private constructor(
    host: ScriptedHost,
    page: Page,
    connection: Connection,
    compiled: Map<string, CompiledViewdef>,
    app: Thing,
  ) {
    this.host = host;
    this.page = page;
    this.connection = connection;
    this.#compiled = compiled;
    this.#root = { id: 1, thing: app, slots: [] };
  }

  /** Shows `app`, a thing of type App, in a new page. */
  static async open(
    t: Test,
    chromium: Chromium,
    templates: Templates,
    app: Omit<Thing, "type">,
    options: StageOptions = {},
  ): Promise<Stage> {
    const host = await ScriptedHost.start(t, options.prefix === undefined ? {} : { prefix: options.prefix });
    if (options.head !== undefined) host.head = options.head;
    if (options.body !== undefined) host.body = options.body;
    for (const [name, text] of Object.entries(options.files ?? {})) host.files.set(name, text);
    const page = await chromium.open(t, host.url, options);
    const stage = new Stage(host, page, await host.connection(), new Map(), { ...app, type: "App" });
    stage.#compile(templates);
    await settled(page, stage.connection, ...stage.#greeting(options));
    return stage;
  }

  /** The same in another page, or in this one after it was loaded anew. */
  async again(page = this.page, options: StageOptions = {}): Promise<Stage> {
    const stage = new Stage(this.host, page, await this.host.connection(), this.#compiled, this.#root.thing);
    await page.waitForFunction("window.moonpool !== undefined");
    await settled(page, stage.connection, ...stage.#greeting(options));
    return stage;
  }

  /** Saves templates, and resolves when the page has them. `more`: further messages of the frame. */
  async edit(templates: Templates, ...more: ServerMessage[]): Promise<void> {
    await settled(this.page, this.connection, ...this.save(templates), ...more);
  }

  /** Gives a field of the app another value. */
  async set(field: string, value: Value): Promise<void> {
    this.#root.thing[field] = value as Field;
    const slots = this.#root.slots.filter(({ text }) => pathOf(text) === field);
    await settled(this.page, this.connection, ...slots.map(({ id }) => update(id, value)));
  }

  /** Saves templates, and shows everything from the beginning, as if nothing had been there. */
  async renew(templates: Templates): Promise<void> {
    const messages: ServerMessage[] = [deliver(this.#compile(templates))];
    this.#show(this.#root, messages);
    await settled(this.page, this.connection, ...messages);
  }

  /** The messages that saving these templates leads to. */
  save(templates: Templates): ServerMessage[] {
    const changed = this.#compile(templates);
    const messages: ServerMessage[] = [deliver(changed)];
    this.#exchange(this.#root, new Set(Object.keys(changed)), messages);
    return messages;
  }

  /** What the app shows. */
  get thing(): Thing {
    return this.#root.thing;
  }

  /** The variable of a path of the app, or further below: `id("contacts", 2, "name")`. */
  id(...path: (string | number)[]): number {
    let at: { id: number; view?: View; rows?: { id: number; view?: View }[] } = { id: 1, view: this.#root };
    for (const step of path) {
      const next = typeof step === "number" ? at.rows?.[step] : at.view?.slots.find(({ text }) => text === step);
      if (!next) throw new Error(`nothing is shown of ${path.join(".")}`);
      at = next;
    }
    return at.id;
  }

  /** What the page has told the host's log. */
  get reports(): string[] {
    const messages = this.connection.frames.flatMap((frame) => ("messages" in frame ? frame.messages : []));
    return messages.flatMap((message) => (message.type === "error" ? [message.message] : []));
  }

  #greeting({ hotload, more = [] }: StageOptions): ServerMessage[] {
    const all = Object.fromEntries(Array.from(this.#compiled, ([key, { viewdef }]) => [key, viewdef]));
    const ui = hotload === false ? undefined : { ...UI, ...hotload };
    const messages: ServerMessage[] = [welcome(true, ui), deliver(all)];
    this.#show(this.#root, messages);
    return [...messages, ...more];
  }

  #compile(templates: Templates): Record<string, CompiledViewdef["viewdef"]> {
    const entries = Object.entries(templates).map(([type, html]) => {
      const key = `${type}.DEFAULT`;
      const { compiled, problems } = compileViewdef(key, `<template>${html}</template>`, { file: key, uiCode: true });
      if (!compiled) throw new Error(JSON.stringify(problems));
      this.#compiled.set(key, compiled);
      return [key, compiled.viewdef] as const;
    });
    return Object.fromEntries(entries);
  }

  /** Shows a view anew. With `from`: with what that had of the same slots. */
  #show(view: View, messages: ServerMessage[], from?: readonly Slot[]): void {
    const key = `${view.thing.type}.DEFAULT`;
    const plan = this.#compiled.get(key)?.plan;
    const first = this.#next;
    this.#next += plan?.slots.length ?? 0;
    const free = [...(from ?? [])];
    const ids: number[] = [];
    const fresh: Slot[] = [];
    const values: Value[] = [];
    view.slots = (plan?.slots ?? []).map(({ text, use }, index) => {
      const at = free.findIndex((slot) => slot.text === text);
      const before = at < 0 ? undefined : free.splice(at, 1)[0];
      const slot: Slot = { ...before, id: first + index, text };
      if (slot.view) slot.view.id = slot.id;
      ids.push(before?.id ?? 0);
      const value = valueOf(view.thing, text);
      values.push(use === "value" ? (value as Value) : null);
      if (!before) fresh.push(slot);
      return slot;
    });
    messages.push({
      type: "view",
      id: view.id,
      viewdef: key,
      first,
      values,
      ...(from && { from: ids }),
    });
    for (const slot of fresh) this.#fill(slot, valueOf(view.thing, slot.text), plan, messages);
  }

  #fill(slot: Slot, value: Field, plan: CompiledViewdef["plan"] | undefined, messages: ServerMessage[]): void {
    const use = plan?.slots.find(({ text }) => text === slot.text)?.use;
    if (use === "view" && isThing(value)) {
      slot.view = { id: slot.id, thing: value, slots: [] };
      this.#show(slot.view, messages);
    }
    if (use !== "list" || !Array.isArray(value)) return;
    slot.rows = value.map((member: Field) => {
      const id = this.#next++;
      return isThing(member) ? { id, view: { id, thing: member, slots: [] } } : { id };
    });
    const row = slot.rows[0]?.id ?? 0;
    messages.push({ type: "list", id: slot.id, place: [{ row, count: slot.rows.length, before: 0 }] });
    slot.rows.forEach(({ id, view }, index) => {
      if (view) this.#show(view, messages);
      else messages.push({ type: "update", id, value: value[index] as Value });
    });
  }

  #exchange(view: View, changed: ReadonlySet<string>, messages: ServerMessage[]): void {
    if (changed.has(`${view.thing.type}.DEFAULT`)) this.#show(view, messages, view.slots);
    for (const { view: inner, rows = [] } of view.slots) {
      if (inner) this.#exchange(inner, changed, messages);
      for (const row of rows) if (row.view) this.#exchange(row.view, changed, messages);
    }
  }
}

function isThing(field: Field): field is Thing {
  return typeof field === "object" && field !== null && !Array.isArray(field);
}

/** Paths are names; options and calls do not count. */
function pathOf(text: string): string {
  return text.replace(/[?(].*$/s, "");
}

function valueOf(thing: Thing, text: string): Field {
  return thing[pathOf(text)] ?? null;
}
