import { randomBytes } from "node:crypto";
import { closeCodes, MoonpoolError, type ErrorCode, type Reload, type WireError } from "../protocol/main.ts";
import { parseOutcome } from "../protocol/outcome.ts";
import { reloadBody, type ReloadReport, type SiteChanges } from "../protocol/reload.ts";
import { knownError } from "../protocol/wire-error.ts";
import {
  sessionEvent,
  type FromWorker,
  type LuaLimits,
  type SessionEventKind,
  type StartOptions,
} from "../protocol/worker-message.ts";
import { Connection, type ConnectionSettings, type Wire } from "./connection.ts";
import { InFlight } from "./in-flight.ts";
import { logFromWorker, logWireError, shortId, type Log } from "./log.ts";

/** The host's handle on a session's VM, wherever it runs. */
export interface SessionPort {
  send(text: string): void;
  close(): void;
}

/** Where VMs come from (WorkerPool). `open` throws MoonpoolError SESSION_LIMIT when there is no room. */
export interface SessionPool {
  open(
    options: { sessionId: string; isolation: "shared" | "dedicated" },
    onMessage: (message: FromWorker) => void,
    onEnd: (error?: WireError) => void,
  ): SessionPort;
}

export interface SessionSettings extends ConnectionSettings {
  /** The site's files are watched: Lua code is told, and keeps what it needs to be exchanged. */
  hotload: boolean;
  /** What a page of this session that connects is to be told about the site's files, if anything. */
  notice?: ((session: Session) => Reload | undefined) | undefined;
  /** An ordinary Lua error, too, takes back what its event did. */
  rollbackOnError: boolean;
  luaLimits: LuaLimits;
  isolation: "shared" | "dedicated";
  /** Browser tabs at a time. */
  maxConnections: number;
}

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
  /** The browser that the session belongs to. */
  readonly browser: string;
  /** Settles when main.lua ran; rejects with the MoonpoolError that stopped it. */
  readonly started: Promise<void>;
  readonly #settings: SessionSettings;
  readonly #connections = new Map<number, Connection>();
  readonly #inFlight = new InFlight();
  /** Reloads that have not been answered, oldest first. */
  readonly #reloads: { settle: (result: ReloadReport | undefined) => void; log: Log }[] = [];
  readonly #resolveStart: () => void;
  readonly #rejectStart: (error: MoonpoolError) => void;
  #state: SessionState = "starting";
  #port: SessionPort | undefined;
  #connectionCount = 0;
  #eventTime = 0;
  #lastActivity: number;
  #error: MoonpoolError | undefined;

  constructor(id: string, browser: string, pool: SessionPool, settings: SessionSettings) {
    this.id = id;
    this.browser = browser;
    this.#settings = settings;
    this.#lastActivity = settings.clock.now();
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
      const options = { sessionId: id, isolation: settings.isolation };
      this.#port = pool.open(
        options,
        (message) => this.guard(() => this.#onMessage(message)),
        (error) => this.#onEnd(error),
      );
    } catch (error) {
      this.#fail(error instanceof MoonpoolError ? error : new MoonpoolError("INTERNAL", undefined, {}, error));
      return;
    }
    const { development, hotload, rollbackOnError, luaLimits: limits } = settings;
    const seed = randomBytes(16).toString("hex");
    const start = { seed, development, hotload, rollbackOnError, limits } satisfies StartOptions;
    this.#record("start", 0, JSON.stringify(start));
  }

  get state(): SessionState {
    return this.#state;
  }

  /** Why the session failed. */
  get error(): MoonpoolError | undefined {
    return this.#error;
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  /** Connections that there have been so far. */
  get connectionsEver(): number {
    return this.#connectionCount;
  }

  /** Time of the last frame, connect or disconnect, in the clock's ms. */
  get lastActivity(): number {
    return this.#lastActivity;
  }

  /**
   * Adds a browser tab. `detach` is to be called when its wire is gone, for whatever reason. Throws MoonpoolError
   * SESSION_ENDED or CONNECTION_LIMIT.
   */
  attach(wire: Wire): { connection: Connection; detach: () => void } {
    if (this.#state !== "running") throw new MoonpoolError("SESSION_ENDED");
    if (this.#connections.size >= this.#settings.maxConnections) throw new MoonpoolError("CONNECTION_LIMIT");
    const number = ++this.#connectionCount;
    const connection: Connection = new Connection(number, this.id, wire, this.#settings, {
      mayForward: () => !this.#inFlight.isFull,
      frame: (body) => this.#record("frame", number, body, () => connection.carriedOut()),
      pause: () => this.#record("pause", number),
      resume: () => this.#record("resume", number),
      activity: () => this.#touch(),
    });
    this.#connections.set(number, connection);
    this.#touch();
    const notice = this.#settings.notice?.(this);
    if (notice !== undefined) connection.tell(notice);
    this.#record("connect", number, "{}");
    return { connection, detach: () => this.#detach(connection) };
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
      this.#record("reload", round, reloadBody(changes));
    });
  }

  /** Tells all its pages that files of the site have changed. */
  tell(message: Reload): void {
    for (const connection of this.#connections.values()) connection.tell(message);
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
  close(code: ErrorCode = "SESSION_ENDED", closeCode: number = closeCodes.sessionEnded): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#rejectStart(new MoonpoolError(code));
    this.#closeConnections(closeCode, code);
    this.#closePort();
  }

  /** The one place through which everything passes that happens to the VM. */
  #record(kind: SessionEventKind, number: number, body = "", onAnswer?: () => void): void {
    if (this.#port === undefined) return;
    // The VM's clock never runs backwards, whatever is done to the machine's.
    this.#eventTime = Math.max(this.#eventTime, this.#settings.clock.now());
    const text = sessionEvent(kind, number, this.#eventTime, body);
    this.#inFlight.add(text, onAnswer);
    this.#port.send(text);
  }

  #detach(connection: Connection): void {
    connection.detach();
    if (!this.#connections.delete(connection.number)) return;
    this.#touch();
    this.#record("disconnect", connection.number);
  }

  #touch(): void {
    this.#lastActivity = this.#settings.clock.now();
  }

  #onMessage(message: FromWorker): void {
    if (typeof message === "string") {
      // First, so that the changes are known to come after the frame that led to them.
      this.#inFlight.answer();
      this.#deliver(message);
      return;
    }
    switch (message.kind) {
      case "done":
        return this.#inFlight.answer();
      case "timer":
        this.#deliver(message.outcome);
        return;
      case "refused":
        if (!message.timer) this.#inFlight.answer();
        this.#refuse(message.error);
        return;
      case "started":
        this.#inFlight.answer();
        if (this.#state !== "starting") return;
        this.#state = "running";
        this.#resolveStart();
        return;
      case "reloaded":
        this.#inFlight.answer();
        this.#deliver(message.outcome, true);
        this.#reloads.shift()?.settle(message.report);
        return;
      case "log":
        logFromWorker(this.#reloads[0]?.log ?? this.#settings.log, this.id, message);
        return;
      case "failed":
        this.#fail(errorOf(message.error));
        return;
    }
  }

  /** `isAwaited`: somebody waits for it, whatever the outcome says. */
  #deliver(outcome: string, isAwaited = false): void {
    const { urgent, connections } = parseOutcome(outcome);
    const isUrgent = urgent || isAwaited;
    for (const changes of connections) this.#connections.get(changes.connection)?.deliver(changes, isUrgent);
  }

  /** An event ran into a limit. */
  #refuse(error: WireError): void {
    const { log, development } = this.#settings;
    const { code, message, file, line, stack } = knownError(error);
    logWireError(log, this.id, error, `${error.where ?? "event"}: taken back`);
    const at = development ? { ...(file && { file }), ...(line && { line }), ...(stack && { stack }) } : {};
    for (const connection of this.#connections.values()) connection.fault(code, message, at);
  }

  /** The VM's task is over: asked for, after `failed`, or because its thread died. */
  #onEnd(error: WireError | undefined): void {
    this.#port = undefined;
    this.#fail(error === undefined ? new MoonpoolError("SESSION_ENDED") : errorOf(error));
  }

  #fail(error: MoonpoolError): void {
    if (this.#state === "failed" || this.#state === "closed") return;
    const { log, development } = this.#settings;
    const what = this.#state === "starting" ? "session did not start" : "session ended";
    if (error.code === "SESSION_LIMIT") log.warn({ session: shortId(this.id) }, error.message);
    else logWireError(log, this.id, error.toWire(), what);
    this.#state = "failed";
    this.#error = error;
    this.#rejectStart(error);
    const message = development ? `${new MoonpoolError("SESSION_ENDED").message} ${error.message}` : undefined;
    for (const connection of this.#connections.values()) connection.fault("SESSION_ENDED", message);
    this.#closeConnections(closeCodes.sessionEnded, "SESSION_ENDED");
    this.#closePort();
  }

  #closePort(): void {
    this.#port?.close();
    this.#port = undefined;
    for (const { settle } of this.#reloads.splice(0)) settle(undefined);
  }

  #closeConnections(closeCode: number, reason: string): void {
    for (const connection of this.#connections.values()) connection.close(closeCode, reason);
    this.#connections.clear();
  }
}

function errorOf(error: WireError): MoonpoolError {
  const { code, message, ...at } = knownError(error);
  return new MoonpoolError(code, message, at);
}
