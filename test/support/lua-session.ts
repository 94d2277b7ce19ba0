import { compileViewdef } from "../../src/host/viewdefs/compile.ts";
import { MoonpoolError, type WireError } from "../../src/protocol/error-code.ts";
import { APP_VARIABLE, type List, type ServerMessage, type Value } from "../../src/protocol/message.ts";
import {
  frameBody,
  type SessionEventKind,
  type SessionRequest,
  sessionEvent,
} from "../../src/protocol/worker-message.ts";
import type { ViewPlan } from "../../src/protocol/viewdef.ts";
import { LuaVm } from "../../src/workers/lua-vm.ts";
import { type ConnectionChanges, parseOutcome } from "../../src/protocol/outcome.ts";
import { loadLuaWasm } from "../../src/workers/lua-wasm.ts";
import { readRuntime } from "../../src/workers/runtime-files.ts";

/** A site as texts: modules by name (`contacts.row`), viewdefs by key, without the `<template>` around. */
export interface TestSite {
  lua: Record<string, string>;
  viewdefs?: Record<string, string>;
}

/**
 * A session in a real VM with the real runtime, without threads and sockets: session events in, their outcome out, and a
 * model of every connected page that applies messages as a browser would. Time stands still until `advance`.
 */
export class LuaSession {
  readonly logs: { level: string; message: string; error: string }[] = [];
  /** Number of times that the VM asked for each viewdef. */
  readonly asked = new Map<string, number>();
  readonly vm: LuaVm;
  now = 1_700_000_000_000;
  nextTimer: number | undefined;
  readonly pages = new Map<number, TestPage>();
  readonly plans = new Map<string, ViewPlan>();
  private readonly site: TestSite;

  private constructor(vm: LuaVm, site: TestSite) {
    this.vm = vm;
    this.site = site;
    for (const [key, html] of Object.entries({
      "lua.ViewList.DEFAULT": `<div ui-viewlist="items"></div>`,
      "lua.ViewListItem.DEFAULT": `<div ui-view="item"></div>`,
      ...site.viewdefs,
    })) {
      const { compiled, problems } = compileViewdef(key, `<template>${html}</template>`, { file: key, uiCode: true });
      const errors = problems.filter(({ severity }) => severity === "error");
      if (compiled === undefined || errors.length > 0) throw new Error(`${key}: ${JSON.stringify(problems)}`);
      this.plans.set(key, compiled.plan);
    }
    vm.host = (name, argument) => this.answer(name, argument);
  }

  /** Starts a session; `main.lua` has run when it resolves. @throws Error with the WireError as cause when it failed. */
  static async start(site: TestSite, { development = true, timeLimit = 1000 } = {}): Promise<LuaSession> {
    const vm = await LuaVm.bear({ wasm: await loadLuaWasm(64 * 2 ** 20), runtime: await readRuntime(), seed: 1 });
    const session = new LuaSession(vm, site);
    session.timeLimit = timeLimit;
    const { failure } = session.dispatch(
      "start",
      0,
      JSON.stringify({ seed: "0123456789abcdef".repeat(2), development }),
    );
    if (failure) throw new Error(failure.message, { cause: failure });
    return session;
  }

  timeLimit = 1000;

  private answer(name: string, argument: string): string {
    if (name === "viewdef") {
      this.asked.set(argument, (this.asked.get(argument) ?? 0) + 1);
      const plan = this.plans.get(argument);
      return plan === undefined ? "" : JSON.stringify(plan);
    }
    if (name === "log") {
      const lines = argument.split("\n");
      this.logs.push({ level: lines[0] ?? "", message: lines.slice(1, -1).join("\n"), error: lines.at(-1) ?? "" });
      return "";
    }
    const source = this.site.lua[argument];
    if (source === undefined) throw new MoonpoolError("REQUIRE_MISSING", `There is no module ${argument}.`);
    const file = `${argument.replaceAll(".", "/")}.lua`;
    return `lua/${file}\n${file}\n${source}`;
  }

  /** Carries out one session event and applies its outcome to the pages. */
  dispatch(
    kind: SessionEventKind,
    connection: number,
    body = "",
  ): { failure?: WireError; changes: ConnectionChanges[] } {
    const outcome = parseOutcome(
      this.vm.dispatch(sessionEvent(kind, connection, this.now, body), { timeLimit: this.timeLimit }),
    );
    this.nextTimer = outcome.nextTimer;
    for (const changes of outcome.connections) this.pages.get(changes.connection)?.apply(changes);
    return outcome.failure === undefined
      ? { changes: outcome.connections }
      : { failure: outcome.failure, changes: outcome.connections };
  }

  /** Opens a tab. */
  connect(): TestPage {
    const number = this.pages.size + 1;
    const page = new TestPage(this, number);
    this.pages.set(number, page);
    this.dispatch("connect", number, "{}");
    return page;
  }

  /** Lets time pass, running timers when they are due. */
  advance(milliseconds: number): void {
    const end = this.now + milliseconds;
    for (let fired = 0; this.nextTimer !== undefined && this.nextTimer <= end; fired++) {
      if (fired > 10_000) throw new Error("a timer never stops");
      this.now = Math.max(this.now, this.nextTimer);
      this.dispatch("timer", 0);
    }
    this.now = end;
  }

  close(): void {
    this.vm.close();
  }
}

/** What a browser tab knows, by applying messages as docs/protocol.md says. */
export class TestPage {
  readonly session: LuaSession;
  readonly number: number;
  /** The changes of the last event that had some for this tab. */
  last: ConnectionChanges | undefined;
  readonly values = new Map<number, Value>();
  readonly errors = new Map<number, WireError>();
  readonly properties = new Map<number, Record<string, Value>>();
  readonly views = new Map<number, { viewdef: string; first: number; count: number }>();
  readonly lists = new Map<number, number[]>();
  readonly faults: WireError[] = [];
  readonly viewdefs: string[] = [];

  constructor(session: LuaSession, number: number) {
    this.session = session;
    this.number = number;
  }

  /** Messages of a change set in the order in which they are sent. */
  static messages(changes: ConnectionChanges): ServerMessage[] {
    const fragments = [changes.high, changes.medium, changes.low].filter((text) => text !== "");
    return JSON.parse(`[${fragments.join(",")}]`) as ServerMessage[];
  }

  /** Messages of the last event. */
  get messages(): ServerMessage[] {
    return this.last === undefined ? [] : TestPage.messages(this.last);
  }

  apply(changes: ConnectionChanges): void {
    this.last = changes;
    this.viewdefs.push(...changes.viewdefs);
    for (const message of TestPage.messages(changes)) this.applyMessage(message);
  }

  private applyMessage(message: ServerMessage): void {
    switch (message.type) {
      case "update":
        if (message.value !== undefined) this.values.set(message.id, message.value);
        if (message.properties)
          this.properties.set(message.id, { ...this.properties.get(message.id), ...message.properties });
        if (message.error) this.errors.set(message.id, message.error);
        if (message.error === null) this.errors.delete(message.id);
        break;
      case "view":
        this.clear(message.id);
        if (message.viewdef === null) break;
        for (const [slot, value] of (message.values ?? []).entries())
          this.values.set((message.first ?? 0) + slot, value);
        this.views.set(message.id, {
          viewdef: message.viewdef,
          first: message.first ?? 0,
          count: message.values?.length ?? 0,
        });
        break;
      case "list":
        this.applyList(message);
        break;
      case "error":
        this.faults.push(message);
        break;
      case "welcome":
        break;
    }
  }

  private applyList({ id, remove = [], place = [] }: List): void {
    let rows = this.lists.get(id) ?? [];
    for (const row of remove) {
      if (!rows.includes(row)) throw new Error(`row ${row} is removed but not there`);
      this.clear(row);
      this.values.delete(row);
    }
    rows = rows.filter((row) => !remove.includes(row));
    for (const { row, count = 1, before } of place) {
      const moved = Array.from({ length: count }, (_, index) => row + index);
      rows = rows.filter((other) => !moved.includes(other));
      const position = before === 0 ? rows.length : rows.indexOf(before);
      if (position < 0) throw new Error(`row ${before} is not there`);
      rows.splice(position, 0, ...moved);
    }
    this.lists.set(id, rows);
  }

  private clear(id: number): void {
    const view = this.views.get(id);
    if (view === undefined) return;
    this.views.delete(id);
    for (let variable = view.first; variable < view.first + view.count; variable++) {
      this.values.delete(variable);
      this.errors.delete(variable);
      this.clear(variable);
      for (const row of this.lists.get(variable) ?? []) this.clear(row);
      this.lists.delete(variable);
    }
  }

  /** The view on variable 1. */
  get root(): TestView {
    return this.view(APP_VARIABLE);
  }

  view(id: number): TestView {
    return new TestView(this, id);
  }

  /** Sends one frame. */
  send(messages: SessionRequest[], event = true): void {
    this.last = undefined;
    this.session.dispatch("frame", this.number, frameBody(event, messages));
  }

  close(): void {
    this.session.dispatch("disconnect", this.number);
    this.session.pages.delete(this.number);
  }
}

/** A view of a page: its variables by the text of their paths. */
export class TestView {
  readonly page: TestPage;
  readonly id: number;

  constructor(page: TestPage, id: number) {
    this.page = page;
    this.id = id;
  }

  get viewdef(): string | undefined {
    return this.page.views.get(this.id)?.viewdef;
  }

  /** The variable of the slot with this path, as written in the viewdef. */
  variable(text: string): number {
    const view = this.page.views.get(this.id);
    const slot =
      view === undefined
        ? -1
        : (this.page.session.plans.get(view.viewdef)?.slots ?? []).findIndex((s) => s.text === text);
    if (view === undefined || slot < 0)
      throw new Error(`variable ${this.id} shows ${view?.viewdef}, which has no ${text}`);
    return view.first + slot;
  }

  value(text: string): Value | undefined {
    return this.page.values.get(this.variable(text));
  }

  error(text: string): WireError | undefined {
    return this.page.errors.get(this.variable(text));
  }

  /** The view that the slot shows. */
  child(text: string): TestView {
    return this.page.view(this.variable(text));
  }

  /** The rows of the list that the slot shows. */
  rows(text: string): TestView[] {
    return (this.page.lists.get(this.variable(text)) ?? []).map((row) => this.page.view(row));
  }

  /** Writes a value, or runs an action, as one user event. */
  set(text: string, value: Value = null): void {
    this.page.send([{ type: "update", id: this.variable(text), value }]);
  }
}
