import {
  closeCodes,
  MoonpoolError,
  retryReason,
  type ErrorCode,
  type Reload,
  type WireError,
} from "../protocol/main.ts";
import type { ImportReport } from "../protocol/portable.ts";
import { parseOutcome, type RefusedEvent } from "../protocol/outcome.ts";
import { reloadBody, type ReloadReport, type SiteChanges } from "../protocol/reload.ts";
import { errorOf, knownError } from "../protocol/wire-error.ts";
import {
  resyncBody,
  sessionEvent,
  type FromSession,
  type LuaLimits,
  type SessionEventKind,
  type StartOptions,
} from "../protocol/worker-message.ts";
import { Alarm } from "./alarm.ts";
import { Circuit, type CircuitState } from "./circuit.ts";
import type { Resumption, Wire } from "./connection.ts";
import { InFlight, type OnAnswer } from "./in-flight.ts";
import type { Decide } from "./kept-session.ts";
import type { KeptState } from "./kept-state.ts";
import { logFromWorker, logWireError, shortId, type Log } from "./log.ts";
import { randomId } from "./random-id.ts";
import { describeSession, readDescription } from "./store/session-description.ts";
import { decide, type RecoverySettings } from "./recovery.ts";
import { SessionConnections, type Attached, type SessionConnectionsSettings } from "./session-connections.ts";

/** The host's handle on a session's VM, wherever it runs. */
export interface SessionPort {
  /** It is on no thread, and nothing of it is under way. */
  readonly isAsleep: boolean;
  /** Every event has been answered. */
  readonly isQuiet: boolean;
  /** A session event. Undefined when it is safe already; else settles when it is. */
  send(text: string): Promise<void> | undefined;
  /** Its portable state, as JSON. Rejects with MoonpoolError. */
  exportState(): Promise<string>;
  /** Frees what the session takes on its thread; the next event wakes it. */
  sleep(): void;
  /** What `list` tells about it from now on. */
  describe(description: string): void;
  /** Leaves its thread, but can be opened again. Settles when what has been answered is safe. */
  leave(): Promise<void>;
  /** Leaves its thread at once, and can be opened again: what has not been answered happens then. */
  abandon(): void;
  /** Ends it; nothing is kept. */
  close(): void;
}

export interface OpenSession {
  sessionId: string;
  isolation: "shared" | "dedicated";
  /** See `SessionPort.describe`. */
  description: string;
  /** Of events that cannot be carried out. */
  decide: Decide;
  /** It goes on from there; else it is a new one. */
  kept?: KeptState | undefined;
}

/** Where VMs come from (SessionKeeper). `open` throws MoonpoolError SESSION_LIMIT when there is no room. */
export interface SessionPool {
  open(
    options: OpenSession,
    onMessage: (message: FromSession) => void,
    onEnd: (error?: WireError) => void,
  ): SessionPort;
  /** What is kept of a session; undefined: nothing. Rejects with MoonpoolError STORE_CORRUPT. */
  find(sessionId: string): Promise<KeptState | undefined>;
  /** All sessions that are kept. */
  list(): Promise<{ id: string; description: string }[]>;
  /** What is kept outlives the process. */
  readonly isLasting: boolean;
  /** Ends a session that is not open. */
  forget(sessionId: string): void;
  /** A text that lasts as long as the sessions do: what it was before, or else `fresh`. */
  lasting(name: string, fresh: string): Promise<string>;
}

export interface SessionSettings extends SessionConnectionsSettings {
  /** Lua code keeps what it needs to be exchanged for newer versions. */
  hotload: boolean;
  /** What a page of this session that connects is to be told about the site's files, if anything. */
  notice?: ((session: Session) => Reload | undefined) | undefined;
  /** An ordinary Lua error, too, takes back what its event did. */
  rollbackOnError: boolean;
  luaLimits: LuaLimits;
  isolation: "shared" | "dedicated";
  recovery: RecoverySettings;
  /** Which version of the site's files there is now. */
  site: () => string;
  /** A number for a reload of what has not been told to others: no two are the same. */
  round: () => number;
}

/** ms until the first page comes back to a host that goes away. */
const FIRST_RETRY = 250;
/** ms until a timer rings again whose time came while a session that has failed tried something else. */
const RING_AGAIN = 1_000;
/** ms after which activity is told to the store again. */
const DESCRIBE = 60_000;

/**
 * `starting`: main.lua has not run yet. `running`. `failed`: there is no VM, its URL may try again with a new one.
 * `closed`: gone for good.
 */
export type SessionState = "starting" | "running" | "failed" | "closed";

/**
 * One Lua VM and the browser tabs that show it. Every event of the session, from `start` to the last `disconnect`,
 * passes through `#record` in the order in which the VM processes them.
 */
export class Session {
  readonly id: string;
  #browser: string;
  /** Settles when main.lua ran; rejects with the MoonpoolError that stopped it. */
  readonly started: Promise<void>;
  readonly #settings: SessionSettings;
  readonly #connections: SessionConnections;
  readonly #inFlight = new InFlight((time) => this.#settings.meter?.answered(time));
  /** Reloads that have not been answered, oldest first. */
  readonly #reloads: { settle: (result: ReloadReport | undefined) => void; log: Log }[] = [];
  readonly #resolveStart: () => void;
  readonly #rejectStart: (error: MoonpoolError) => void;
  readonly #alarm: Alarm;
  readonly #circuit: Circuit;
  readonly #decide: Decide = async (text, error, attempts) => {
    const [event = ""] = text.split(" ", 1);
    const { recovery, log, meter } = this.#settings;
    const step = await decide(recovery, { sessionId: this.id, event, error, attempts }, (cause) =>
      log.error({ session: shortId(this.id), err: cause }, "the recovery strategy failed"),
    );
    meter?.recovered(step);
    return step;
  };
  /** Handle of the Lua timer for whose sake the last `timer` event was refused: it is due again, and must not run again. */
  #skipped: number | undefined;
  /** A `timer` event is under way. */
  #isRinging = false;
  #state: SessionState = "starting";
  #port: SessionPort | undefined;
  #eventTime = 0;
  #lastActivity: number;
  #lastEvent: number;
  #described = 0;
  #error: MoonpoolError | undefined;
  /** See `SessionDescription.site`. */
  #site: string;

  /** `kept`: the session is there already. */
  constructor(id: string, browser: string, pool: SessionPool, settings: SessionSettings, kept?: KeptState) {
    this.id = id;
    this.#browser = browser;
    this.#settings = settings;
    this.#site = settings.site();
    this.#lastActivity = this.#lastEvent = settings.clock.now();
    this.#alarm = new Alarm(settings.clock, () => this.#ring());
    this.#circuit = new Circuit(settings.recovery.circuit, settings.clock);
    this.#connections = new SessionConnections(id, settings, {
      record: (...event) => this.#record(...event),
      refusal: () => this.#refusal(),
      resync: (...refused) => this.#resync(...refused),
      touch: () => this.#touch(),
      isAsleep: () => this.isAsleep,
      attached: (connection) => {
        this.#touch();
        const notice = settings.notice?.(this);
        if (notice !== undefined) connection.tell(notice);
      },
    });
    let resolveStart = (): void => {};
    let rejectStart: (error: MoonpoolError) => void = () => {};
    this.started = new Promise<void>((resolve, reject) => {
      resolveStart = resolve;
      rejectStart = reject;
    });
    this.#resolveStart = resolveStart;
    this.#rejectStart = rejectStart;
    // Whoever waits sees the error; without anybody waiting it is not an unhandled rejection.
    this.started.catch(() => {});
    try {
      const { isolation } = settings;
      this.#port = pool.open(
        { sessionId: id, isolation, description: this.#description(), decide: this.#decide, kept },
        (message) => this.guard(() => this.#onMessage(message)),
        (error) => this.#onEnd(error),
      );
    } catch (error) {
      this.#fail(error instanceof MoonpoolError ? error : new MoonpoolError("INTERNAL", undefined, {}, error));
      return;
    }
    if (kept === undefined) this.#start();
    else this.#goOn(kept);
  }

  /** The browser that the session belongs to; "": the first one that opens it. */
  get browser(): string {
    return this.#browser;
  }

  /** It belongs to this browser from now on. */
  adopt(browser: string): void {
    this.#browser = browser;
    this.#describe();
  }

  get state(): SessionState {
    return this.#state;
  }

  /** Why the session failed. */
  get error(): MoonpoolError | undefined {
    return this.#error;
  }

  get connectionCount(): number {
    return this.#connections.present;
  }

  /** A page that has lost its connection may come back, and something may be kept for it. */
  get isAwaited(): boolean {
    return this.#connections.isAwaited;
  }

  /** Connections that there have been so far. */
  get connectionsEver(): number {
    return this.#connections.ever;
  }

  /** Time of the last frame, connect or disconnect, in the clock's ms. */
  get lastActivity(): number {
    return this.#lastActivity;
  }

  /** Time of the last event, timers included, in the clock's ms. */
  get lastEvent(): number {
    return this.#lastEvent;
  }

  /** When the next Lua timer is due, in ms since 1970. */
  get nextTimer(): number | undefined {
    return this.#alarm.due;
  }

  get isAsleep(): boolean {
    return this.#port?.isAsleep ?? false;
  }

  get circuitState(): CircuitState {
    return this.#circuit.state;
  }

  /**
   * Adds a browser tab, or lets one go on that was connected before. `detach` is to be called when its wire is gone, for whatever
   * reason. Throws MoonpoolError SESSION_ENDED or CONNECTION_LIMIT.
   */
  attach(wire: Wire, resumption?: Resumption): Attached {
    if (this.#state !== "running") throw new MoonpoolError("SESSION_ENDED");
    return this.#connections.attach(wire, resumption);
  }

  /**
   * Has the session take over files of its site that have changed; whoever shows it is sent what changes. Settles when it
   * is done, whatever became of it; with undefined when the session ends first. Can be called while it starts. Sessions that
   * are told of the same `round` find the same text in files. `log` gets what Lua code says meanwhile.
   */
  reload(changes: SiteChanges, round: number, log: Log = this.#settings.log): Promise<ReloadReport | undefined> {
    if (this.#port === undefined) return Promise.resolve(undefined);
    return new Promise((settle) => {
      this.#reloads.push({ settle, log });
      void this.#record("reload", round, reloadBody(changes));
    });
  }

  /** Frees what it takes on its thread, if nothing is under way; the next event wakes it. */
  sleep(): void {
    if (this.#state !== "running" || this.#port?.isQuiet !== true) return;
    this.#describe();
    this.#port.sleep();
  }

  /** Tells all its pages that files of the site have changed. */
  tell(message: Reload): void {
    for (const connection of this.#connections) connection.tell(message);
  }

  /** Does something for this session. If Moonpool itself fails at it, that ends this session and no other. */
  guard(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#settings.log.error({ session: shortId(this.id), err: error }, "Moonpool failed");
      this.#fail(new MoonpoolError("INTERNAL", undefined, {}, error));
    }
  }

  /** Ends the session and all its connections, for good. */
  close(code: ErrorCode = "SESSION_ENDED"): void {
    if (this.#state === "closed") return;
    const port = this.#port;
    this.#end(code);
    port?.close();
  }

  /**
   * Leaves this process, but not the store. Its pages are told to come back, within `spread` ms. Settles when all that was
   * answered is safe.
   */
  async leave(spread = 0): Promise<void> {
    if (this.#state === "closed") return;
    const port = this.#port;
    if (this.#state === "running") this.#describe();
    this.#connections.close(closeCodes.goingAway, () => retryReason(FIRST_RETRY + Math.random() * spread));
    this.#end("SESSION_ENDED");
    await port?.leave();
  }

  /** The one place through which everything passes that happens to the VM. Returns what `SessionPort.send` does. */
  #record(kind: SessionEventKind, number: number, body = "", onAnswer?: OnAnswer): Promise<void> | undefined {
    if (this.#port === undefined) return undefined;
    for (const [owed, what] of this.#connections.takeOwed()) void this.#record(what, owed);
    const now = this.#settings.clock.now();
    this.#lastEvent = now;
    // The VM's clock never runs backwards, whatever is done to the machine's.
    this.#eventTime = Math.max(this.#eventTime, now);
    const text = sessionEvent(kind, number, this.#eventTime, body);
    this.#settings.meter?.event(kind);
    this.#inFlight.add(text, onAnswer);
    return this.#port.send(text);
  }

  #start(): void {
    const { development, hotload, rollbackOnError, luaLimits: limits } = this.#settings;
    const start = { seed: randomId(), development, hotload, rollbackOnError, limits } satisfies StartOptions;
    void this.#record("start", 0, JSON.stringify(start));
  }

  #goOn({ connections, connectionsEver, time, nextTimer, description }: KeptState): void {
    const described = readDescription(description);
    this.#connections.inherit(connections, connectionsEver, described?.away);
    this.#eventTime = time;
    this.#state = "running";
    this.#resolveStart();
    this.#setTimer(nextTimer);
    if (described?.site === this.#site) return;
    this.#site = "";
    void this.reload({ lua: [], gone: [], viewdefs: [], all: true }, this.#settings.round());
  }

  #refusal(): ErrorCode | undefined {
    if (this.#inFlight.isFull) return "RATE_LIMIT";
    return this.#circuit.take() ? undefined : "CIRCUIT_OPEN";
  }

  #ring(): void {
    if (!this.#circuit.take()) return this.#alarm.set(this.#circuit.until ?? this.#settings.clock.now() + RING_AGAIN);
    this.#isRinging = true;
    const body = this.#skipped === undefined ? "" : `skip ${this.#skipped}`;
    void this.#record("timer", 0, body, (isRefused) => {
      this.#isRinging = false;
      if (!isRefused) this.#skipped = undefined;
    });
  }

  #setTimer(due: number | undefined): void {
    if (!this.#isRinging) this.#alarm.set(due);
  }

  #description(): string {
    const nextTimer = this.#alarm.due;
    const { browser } = this;
    const { away } = this.#connections;
    const description = { browser, lastActivity: this.#lastActivity, site: this.#site, nextTimer };
    return describeSession(away.length === 0 ? description : { ...description, away });
  }

  #describe(): void {
    this.#described = this.#lastActivity;
    this.#port?.describe(this.#description());
  }

  #touch(): void {
    this.#lastActivity = this.#settings.clock.now();
    if (this.#lastActivity - this.#described > DESCRIBE) this.#describe();
  }

  #onMessage(message: FromSession): void {
    if (typeof message === "string") {
      // First, so that the changes are known to come after the frame that led to them.
      this.#answered();
      this.#deliver(message);
      return;
    }
    switch (message.kind) {
      case "done":
        this.#answered();
        return this.#setTimer(message.nextTimer);
      case "resumed":
        return this.#setTimer(message.nextTimer);
      case "refused":
        return this.#refused(message.error, this.#inFlight.answer(true));
      case "restarting":
        return this.#restart(message.state);
      case "imported":
        this.#inFlight.answer();
        this.#deliver(message.outcome, true);
        return this.#imported(message.report);
      case "started":
        this.#inFlight.answer();
        this.#setTimer(message.nextTimer);
        if (this.#state !== "starting") return;
        this.#state = "running";
        this.#settings.meter?.sessionStarted();
        this.#resolveStart();
        return;
      case "reloaded":
        this.#inFlight.answer();
        this.#deliver(message.outcome, true);
        this.#site = message.report.error === undefined ? this.#settings.site() : "";
        if (message.report.error !== undefined) this.#settings.meter?.error(message.report.error, this.id);
        this.#reloads.shift()?.settle(message.report);
        return;
      case "log":
        if (message.error !== undefined) this.#settings.meter?.error(message.error, this.id);
        logFromWorker(this.#reloads[0]?.log ?? this.#settings.log, this.id, message);
        return;
      case "failed":
        this.#fail(errorOf(message.error));
        return;
    }
  }

  /** An event was carried out. */
  #answered(): void {
    const text = this.#inFlight.answer();
    // Of what the circuit keeps from being tried.
    if (text?.startsWith("frame ") || text?.startsWith("timer ")) this.#circuit.succeeded();
  }

  #imported({ error, notes }: ImportReport): void {
    const { log } = this.#settings;
    for (const problem of error ? [error] : notes) logWireError(log, this.id, knownError(problem), "portable state");
  }

  /** An event was not carried out. */
  #refused(error: RefusedEvent | undefined, text = ""): void {
    if (error === undefined) return this.#circuit.abandoned();
    if (text.startsWith("timer ")) this.#skipped = error.timer;
    const { log, meter } = this.#settings;
    const known = knownError(error);
    meter?.error(known, this.id);
    logWireError(log, this.id, known, `${error.where ?? "event"}: taken back`);
    this.#fault(known);
    const [, number] = /^frame (\d+) /.exec(text) ?? [];
    if (number !== undefined) this.#resync(known, Number(number), text.slice(text.indexOf("\n") + 1));
    if (!this.#circuit.failed()) return;
    const open = new MoonpoolError("CIRCUIT_OPEN");
    meter?.circuitOpened();
    meter?.error(open, this.id);
    log.warn({ session: shortId(this.id), code: open.code }, open.message);
    this.#fault(open.toWire());
  }

  /** A page that sent a frame in vain shows what it wrote in it until it is told otherwise. */
  #resync(error: WireError, number: number, body: string): void {
    if (!this.#connections.get(number)) return;
    const told = this.#settings.development ? error : new MoonpoolError(error.code).toWire();
    void this.#record("resync", number, resyncBody(body, told));
  }

  /** Tells all pages; what is wrong with the code is for its author only. */
  #fault({ code, message, ...at }: WireError): void {
    const { development } = this.#settings;
    for (const connection of this.#connections)
      if (development) connection.fault(code, message, at);
      else connection.fault(code);
  }

  /** Begins anew, or with a portable state. So do the pages: what they say is meant for variables that are not there any more. */
  #restart(state: string | undefined): void {
    this.#connections.close(closeCodes.goingAway, () => "RESTARTED");
    this.#isRinging = false;
    this.#alarm.set(undefined);
    this.#start();
    if (state !== undefined) void this.#record("import", 0, state);
  }

  /** `isAwaited`: somebody waits for it, whatever the outcome says. */
  #deliver(outcome: string, isAwaited = false): void {
    const { urgent, connections, nextTimer } = parseOutcome(outcome);
    this.#setTimer(nextTimer);
    const isUrgent = urgent || isAwaited;
    for (const changes of connections) this.#connections.get(changes.connection)?.deliver(changes, isUrgent);
  }

  /** The VM's task is over: asked for, after `failed`, or because its thread died. */
  #onEnd(error: WireError | undefined): void {
    this.#port = undefined;
    this.#fail(error === undefined ? new MoonpoolError("SESSION_ENDED") : errorOf(error));
  }

  #fail(error: MoonpoolError): void {
    if (this.#state === "failed" || this.#state === "closed") return;
    const { log, development, meter } = this.#settings;
    const isStarting = this.#state === "starting";
    meter?.error(error, this.id);
    if (!isStarting) meter?.sessionEnded("failed");
    const what = isStarting ? "session did not start" : "session ended";
    if (error.code === "SESSION_LIMIT") log.warn({ session: shortId(this.id) }, error.message);
    else logWireError(log, this.id, error.toWire(), what);
    this.#state = "failed";
    this.#error = error;
    this.#rejectStart(error);
    const message = development ? `${new MoonpoolError("SESSION_ENDED").message} ${error.message}` : undefined;
    for (const connection of this.#connections) connection.fault("SESSION_ENDED", message);
    this.#connections.close(closeCodes.sessionEnded, () => "SESSION_ENDED");
    const port = this.#port;
    this.#dropPort();
    // What there was before it failed can be had again.
    if (isStarting) port?.close();
    else port?.abandon();
  }

  #end(code: ErrorCode): void {
    this.#state = "closed";
    this.#rejectStart(new MoonpoolError(code));
    this.#connections.close(closeCodes.sessionEnded, () => code);
    this.#dropPort();
  }

  #dropPort(): void {
    this.#port = undefined;
    this.#alarm.set(undefined);
    for (const { settle } of this.#reloads.splice(0)) settle(undefined);
  }
}
