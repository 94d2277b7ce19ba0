import { MoonpoolError, type WireError } from "../../src/protocol/error-code.ts";
import {
  APP_VARIABLE,
  type List,
  type ListWindow,
  type Notify,
  type ServerMessage,
  type Value,
} from "../../src/protocol/message.ts";
import {
  frameBody,
  type SessionEventKind,
  type SessionRequest,
  sessionEvent,
} from "../../src/protocol/worker-message.ts";
import type { ImportReport } from "../../src/protocol/portable.ts";
import type { ViewPlan } from "../../src/protocol/viewdef.ts";
import { LuaVm } from "../../src/workers/lua-vm.ts";
import {
  type ConnectionChanges,
  type Outcome,
  parseOutcome,
  type RefusedEvent,
  type ReloadResult,
  takeImport,
  takeReport,
  takeState,
} from "../../src/protocol/outcome.ts";
import { type LuaCode, LuaCompiler } from "../../src/workers/lua-code/compiler.ts";
import { readLoaded, startParts, type StartParts } from "../../src/workers/starts.ts";
import { heapWalk } from "./heap-walk.ts";
import { compiled } from "./plan-text.ts";
import { probe } from "./probe.ts";
import type { BirthImage } from "../../src/workers/image.ts";
import { loadLuaWasm, type LuaWasm } from "../../src/workers/lua-wasm.ts";
import { readRuntime } from "../../src/workers/runtime-files.ts";

/** A site as texts: modules by name (`contacts.row`), viewdefs by key, without the `<template>` around. */
export interface TestSite {
  lua: Record<string, string>;
  viewdefs?: Record<string, string>;
  /** Modules whose files are symbolic links: name → name of the module whose file they lead to. */
  links?: Record<string, string>;
}

const BUILT_IN = {
  "lua.ViewList.DEFAULT": `<div ui-viewlist="items"></div>`,
  "lua.ViewListItem.DEFAULT": `<div ui-view="item"></div>`,
};

let luaWasm: LuaWasm | undefined;
let firstBirth: BirthImage | undefined;

/** Only the first VM of a test file runs the runtime. */
async function bear(wasm: LuaWasm): Promise<LuaVm> {
  if (firstBirth) return LuaVm.bear({ wasm, birth: firstBirth });
  const vm = await LuaVm.bear({ wasm, runtime: [...(await readRuntime()), heapWalk, probe], seed: 1 });
  firstBirth = vm.birth;
  return vm;
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
  /** Why the last event is to be taken back, if it is. Nobody does that here. */
  refused: RefusedEvent | undefined;
  readonly pages = new Map<number, TestPage>();
  readonly plans = new Map<string, ViewPlan>();
  private readonly site: TestSite;
  private readonly compiler: LuaCompiler;

  private constructor(vm: LuaVm, site: TestSite, compiler: LuaCompiler) {
    this.vm = vm;
    this.site = { lua: { ...site.lua }, viewdefs: {}, links: { ...site.links } };
    this.compiler = compiler;
    for (const [key, html] of Object.entries({ ...BUILT_IN, ...site.viewdefs })) this.setViewdef(key, html);
    vm.host = (name, argument) => this.answer(name, argument);
  }

  /** Starts a session; `main.lua` has run when it resolves. @throws Error with the WireError as cause when it failed. */
  static async start(
    site: TestSite,
    { development = true, timeLimit = 1000, hotload = false, rollbackOnError = false, limits = {} } = {},
  ): Promise<LuaSession> {
    const wasm = (luaWasm ??= await loadLuaWasm(64 * 2 ** 20));
    const vm = await bear(wasm);
    const session = new LuaSession(vm, site, await LuaCompiler.start(wasm));
    session.timeLimit = timeLimit;
    const body = JSON.stringify({ seed: "0123456789abcdef".repeat(2), development, hotload, rollbackOnError, limits });
    const { failure } = session.begin(body);
    if (failure) throw new Error(failure.message, { cause: failure });
    return session;
  }

  /** As threads do it: what main.lua comes to for any session is a base, with which the session begins. */
  private begin(body: string): Outcome {
    const parts = startPartsOf(sessionEvent("start", 0, this.now, body));
    const { whose, outcome } = readLoaded(this.vm.dispatch(parts.load, { timeLimit: this.timeLimit }));
    if (whose !== "same") return this.apply(outcome);
    this.vm.rebase(this.vm.saveBase());
    return this.apply(this.vm.dispatch(parts.begin, { timeLimit: this.timeLimit }));
  }

  timeLimit = 1000;

  private answer(name: string, argument: string): string | Uint8Array {
    const [first = "", second = "", third = ""] = argument.split("\n");
    switch (name) {
      case "viewdef": {
        this.asked.set(argument, (this.asked.get(argument) ?? 0) + 1);
        const plan = this.plans.get(argument);
        return plan === undefined ? "" : this.compiler.data(JSON.stringify(plan));
      }
      case "generated":
        return this.compiler.generated(first, argument.slice(first.length + 1));
      case "log": {
        const lines = argument.split("\n");
        this.logs.push({ level: lines[0] ?? "", message: lines.slice(1, -1).join("\n"), error: lines.at(-1) ?? "" });
        return "";
      }
      case "source": {
        const { hash, code } = this.compiler.compile(second, this.source(second));
        return Buffer.concat([Buffer.from(`${hash}\n`), hash === third ? Buffer.alloc(0) : code]);
      }
      case "resolve": {
        const real = this.real(argument);
        return real in this.site.lua ? `${keyOf(real)}\n${argument.replaceAll(".", "/")}.lua` : "";
      }
      case "variables":
        return this.version(first, second).variables;
      case "correspondence":
        return this.compiler.reloadTable(this.version(first, second), this.version(first, third));
      case "function":
        return this.version(first, second).standalone(Number(third)) ?? "";
      default: {
        const chunk = `${argument.replaceAll(".", "/")}.lua`;
        const { hash, code } = this.compiler.compile(chunk, this.source(chunk));
        return Buffer.concat([Buffer.from(`${keyOf(this.real(argument))}\n${chunk}\n${hash}\n`), code]);
      }
    }
  }

  private version(chunk: string, hash: string): LuaCode {
    const code = this.compiler.find(chunk, hash);
    if (!code) throw new Error(`version ${hash} of ${chunk} is not known`);
    return code;
  }

  private source(chunk: string): string {
    const name = chunk.replace(/\.lua$/, "").replaceAll("/", ".");
    const source = this.site.lua[this.real(name)];
    if (source === undefined) throw new MoonpoolError("REQUIRE_MISSING", `There is no module ${name}.`);
    return source;
  }

  private real(name: string): string {
    return this.site.links?.[name] ?? name;
  }

  private setViewdef(key: string, html: string): void {
    this.plans.set(key, { ...compiled(key, html).plan, hash: `hash-of-${key}-${++this.versions}` });
  }

  private versions = 0;

  /**
   * Saves files, `null` deletes one, and reloads them as a thread does: after an error the session is as before. Needs
   * `hotload`.
   */
  save(files: {
    lua?: Record<string, string | null>;
    viewdefs?: Record<string, string | null>;
  }): ReloadResult["report"] {
    const lines: string[] = [];
    for (const [name, source] of Object.entries(files.lua ?? {})) {
      const key = keyOf(name);
      if (source === null) delete this.site.lua[name];
      else this.site.lua[name] = source;
      lines.push(`${source === null ? "gone" : "lua"} ${key}`);
    }
    const viewdefs = Object.entries(files.viewdefs ?? {});
    for (const [key, html] of viewdefs) {
      if (html === null) this.plans.delete(key);
      else this.setViewdef(key, html);
    }
    const rest = viewdefs.map(([key]) => `viewdef ${key}`);
    const before = this.vm.saveImage();
    const report = this.reload([...lines, ...rest]);
    if (!report.error) return report;
    this.vm.loadImage(before);
    return rest.length === 0 ? report : { ...this.reload(rest), error: report.error };
  }

  private reload(lines: string[]): ReloadResult["report"] {
    const text = sessionEvent("reload", 0, this.now, lines.join("\n"));
    try {
      const { outcome, report } = takeReport(this.vm.dispatch(text, { timeLimit: this.timeLimit }));
      if (!report.error) this.apply(outcome);
      return report;
    } catch (error) {
      if (this.vm.broken || !(error instanceof MoonpoolError)) throw error;
      return { files: [], views: 0, notes: [], error: error.toWire() };
    }
  }

  /** The portable state. */
  export(): string | WireError {
    const { outcome, state } = takeState(this.vm.dispatch(sessionEvent("export", 0, this.now), { timeLimit: 10_000 }));
    this.apply(outcome);
    return state;
  }

  /** Takes a portable state in, as a thread does: after an error the session is as before. */
  import(state: string): ImportReport {
    const before = this.vm.saveImage();
    const text = sessionEvent("import", 0, this.now, state);
    try {
      const { outcome, report } = takeImport(this.vm.dispatch(text, { timeLimit: 10_000 }));
      if (report.error) this.vm.loadImage(before);
      else this.apply(outcome);
      return report;
    } catch (error) {
      if (this.vm.broken || !(error instanceof MoonpoolError)) throw error;
      this.vm.loadImage(before);
      return { objects: 0, notes: [], error: error.toWire() };
    }
  }

  /** What Lua code, run with the globals of the app and outside of any event, returns: texts joined by ", ". */
  evaluate(code: string): string {
    return this.vm.dispatch(`probe ${code}`, { timeLimit: this.timeLimit });
  }

  /** Carries out one session event and applies its outcome to the pages. */
  dispatch(
    kind: SessionEventKind,
    connection: number,
    body = "",
  ): { failure?: WireError; changes: ConnectionChanges[] } {
    const text = sessionEvent(kind, connection, this.now, body);
    const outcome = this.apply(this.vm.dispatch(text, { timeLimit: this.timeLimit }));
    return outcome.failure === undefined
      ? { changes: outcome.connections }
      : { failure: outcome.failure, changes: outcome.connections };
  }

  /** Functions of the site's files that are not of the version saved last, and can be reached from anywhere: "file:line". */
  stale(): string[] {
    const functions = this.vm.dispatch("heap_walk", { timeLimit: 10_000 });
    const current = new Map<string, Set<number>>();
    const found: string[] = [];
    for (const line of functions.split("\n")) {
      const [, source = "", defined = "", id = ""] = /^@(.*\.lua) (\d+) (\d+)$/.exec(line) ?? [];
      if (source === "") continue;
      let ids = current.get(source);
      if (!ids) current.set(source, (ids = this.ids(source)));
      if (!ids.has(Number(id))) found.push(`${source}:${defined}`);
    }
    return found.sort();
  }

  private ids(chunk: string): Set<number> {
    try {
      return new Set(this.compiler.compile(chunk, this.source(chunk)).functions.map(({ id }) => id));
    } catch {
      return new Set();
    }
  }

  private apply(text: string): Outcome {
    const outcome = parseOutcome(text);
    this.nextTimer = outcome.nextTimer;
    this.refused = outcome.refused;
    for (const changes of outcome.connections) this.pages.get(changes.connection)?.apply(changes);
    return outcome;
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

/** The text of an event that starts a session, taken apart. */
export function startPartsOf(text: string): StartParts {
  const parts = startParts(text);
  if (!parts) throw new Error(`not the start of a session: ${text}`);
  return parts;
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
  readonly windows = new Map<number, ListWindow>();
  readonly faults: WireError[] = [];
  readonly notices: Notify[] = [];
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
    this.viewdefs.push(...changes.viewdefs.map(({ key }) => key));
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
      case "refresh":
        this.errors.clear();
        break;
      case "view":
        if (message.from) this.rename(message.id, message.first ?? 0, message.from);
        // The same view, told once more.
        if (this.views.get(message.id)?.first !== message.first) this.clear(message.id);
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
      case "notify":
        this.notices.push(message);
        break;
      case "welcome":
      case "reload":
        break;
    }
  }

  /** The variables `from` have new ids from now on; they leave the view that they were in. */
  private rename(id: number, first: number, from: number[]): void {
    const old = this.views.get(id);
    if (old === undefined) throw new Error(`variable ${id} has no view that goes on`);
    for (const [slot, before] of from.entries()) {
      if (before === 0) continue;
      if (before < old.first || before >= old.first + old.count) throw new Error(`variable ${before} is not of ${id}`);
      for (const map of [this.values, this.errors, this.properties, this.views, this.lists, this.windows] as Map<
        number,
        unknown
      >[]) {
        if (map.has(before)) map.set(first + slot, map.get(before));
        map.delete(before);
      }
    }
  }

  private applyList({ id, all, remove = [], place = [], window }: List): void {
    if (window) this.windows.set(id, window);
    let rows = this.lists.get(id) ?? [];
    if (all) {
      const placed = new Set(place.flatMap(({ row, count = 1 }) => Array.from({ length: count }, (_, at) => row + at)));
      for (const row of rows.filter((row) => !placed.has(row))) {
        this.clear(row);
        this.values.delete(row);
      }
      rows = [];
    }
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
      this.windows.delete(variable);
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

  /** What the list that the slot shows has said about its window. */
  window(text: string): ListWindow | undefined {
    return this.page.windows.get(this.variable(text));
  }

  /** Writes a value, or runs an action, as one user event. */
  set(text: string, value: Value = null): void {
    this.page.send([{ type: "update", id: this.variable(text), value }]);
  }
}

/** The tracking key of a module. */
function keyOf(name: string): string {
  return `lua/${name.replaceAll(".", "/")}.lua`;
}
