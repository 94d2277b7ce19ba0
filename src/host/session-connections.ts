import { closeCodes, MoonpoolError, type ErrorCode, type WireError } from "../protocol/main.ts";
import type { SessionEventKind } from "../protocol/worker-message.ts";
import { Connection, type ConnectionSettings, type Resumption, type Wire } from "./connection.ts";
import type { OnAnswer } from "./in-flight.ts";

const NOTHING: readonly [] = [];
/** How a page's socket ends when it is only put aside: the network is gone, or the browser keeps the page for later. */
const LOST = new Set<number>([1006, closeCodes.aside]);

export interface SessionConnectionsSettings extends ConnectionSettings {
  /** Browser tabs at a time. */
  maxConnections: number;
  /** ms that a page whose socket is lost has to come back and go on where it was. */
  reconnectWindow: number;
}

/** What tabs need of their session. */
export interface SessionConnectionsPorts {
  /** See `Session`. */
  record: (kind: SessionEventKind, number: number, body?: string, onAnswer?: OnAnswer) => Promise<void> | undefined;
  refusal: () => ErrorCode | undefined;
  resync: (error: WireError, number: number, body: string) => void;
  touch: () => void;
  isAsleep: () => boolean;
  /** A page has it from now on. */
  attached: (connection: Connection) => void;
}

/** A tab that has just connected. */
export interface Attached {
  connection: Connection;
  /** To be called when its wire is gone; `code`: the socket's close code. By default the page is gone, too. */
  detach: (code?: number) => void;
}

/**
 * The browser tabs of a session: those that are connected, and those whose socket is lost and that may come back. The latter
 * keep their place in the session, and cost it nothing but memory until something changes that they show.
 *
 *     attach ─▶ present ── its socket is lost ──▶ absent ── reconnectWindow ──▶ left
 *                  ▲───── attach, with `resumption` ─────┘
 */
export class SessionConnections {
  readonly #session: string;
  readonly #settings: SessionConnectionsSettings;
  readonly #ports: SessionConnectionsPorts;
  readonly #connections = new Map<number, Connection>();
  /** Those that are absent: since when, and what ends the wait. */
  readonly #waits = new Map<number, { since: number; cancel: () => void }>();
  /** What the session, which slept, is to be told when it wakes: who has left, and who is away. */
  readonly #owed = new Map<number, "disconnect" | "pause">();
  #ever = 0;

  constructor(session: string, settings: SessionConnectionsSettings, ports: SessionConnectionsPorts) {
    this.#session = session;
    this.#settings = settings;
    this.#ports = ports;
  }

  /** How many are connected. */
  get present(): number {
    return this.#connections.size - this.#waits.size;
  }

  /** There is one that may come back. */
  get isAwaited(): boolean {
    return this.#waits.size > 0;
  }

  /** How many there have been so far. */
  get ever(): number {
    return this.#ever;
  }

  get(number: number): Connection | undefined {
    return this.#connections.get(number);
  }

  [Symbol.iterator](): Iterator<Connection> {
    return this.#connections.values();
  }

  /**
   * Those that the session was left with: number → the last frame that it was given. `away`: see the getter; of the others nobody
   * has seen that their sockets were lost.
   */
  inherit(connections: ReadonlyMap<number, number>, ever: number, away: [number, number][] = []): void {
    const { clock, reconnectWindow } = this.#settings;
    const since = new Map(away);
    this.#ever = ever;
    for (const [number, seq] of connections) {
      const lost = since.get(number) ?? clock.now();
      const isLate = lost + reconnectWindow <= clock.now();
      this.#owed.set(number, isLate ? "disconnect" : "pause");
      if (isLate) continue;
      this.#connections.set(number, this.#make(number, seq));
      this.#await(number, lost);
    }
  }

  /** Numbers of the tabs whose socket was lost, and since when; 0: they have left. */
  get away(): [number, number][] {
    const waiting = Array.from(this.#waits, ([number, { since }]): [number, number] => [number, since]);
    const left = [...this.#owed].filter(([, kind]) => kind === "disconnect");
    return [...waiting, ...left.map(([number]): [number, number] => [number, 0])];
  }

  /** A tab connects, or comes back. Throws MoonpoolError CONNECTION_LIMIT. */
  attach(wire: Wire, resumption?: Resumption): Attached {
    const former = resumption && this.#connections.get(resumption.connection);
    const connection = former && this.#resume(former, wire, resumption) ? former : this.#open(wire);
    this.#ports.attached(connection);
    return { connection, detach: (code) => this.#detach(connection, wire, code) };
  }

  /** The events that the session is to be told before any other, each once. */
  takeOwed(): readonly [number: number, kind: "disconnect" | "pause"][] {
    if (this.#owed.size === 0) return NOTHING;
    const owed = [...this.#owed];
    this.#owed.clear();
    return owed;
  }

  /** Ends all. */
  close(code: number, reason: () => string): void {
    for (const { cancel } of this.#waits.values()) cancel();
    this.#waits.clear();
    const connections = [...this.#connections.values()];
    this.#connections.clear();
    this.#owed.clear();
    for (const connection of connections) connection.close(code, reason());
  }

  #resume(connection: Connection, wire: Wire, resumption: Resumption): boolean {
    if (!connection.resume(wire, resumption)) return false;
    this.#waits.get(connection.number)?.cancel();
    this.#waits.delete(connection.number);
    return true;
  }

  #open(wire: Wire): Connection {
    const [absent] = this.#waits.keys();
    if (this.#connections.size >= this.#settings.maxConnections) {
      if (absent === undefined) throw new MoonpoolError("CONNECTION_LIMIT");
      this.#leave(absent);
    }
    const connection = this.#make(++this.#ever, wire);
    this.#connections.set(connection.number, connection);
    void this.#ports.record("connect", connection.number, "{}", renewed(connection));
    return connection;
  }

  #make(number: number, from: Wire | number): Connection {
    const { record, refusal, resync, touch } = this.#ports;
    const connection: Connection = new Connection(number, this.#session, from, this.#settings, {
      refusal,
      frame: (body, isAwaited) => record("frame", number, body, () => connection.carriedOut(isAwaited)),
      resync: (code, body) => resync(new MoonpoolError(code).toWire(), number, body),
      pause: () => this.#tell("pause", number),
      resume: () => void record("resume", number, "", renewed(connection)),
      refresh: () => void record("refresh", number, "", renewed(connection)),
      gone: () => this.#leave(number),
      activity: touch,
    });
    return connection;
  }

  #detach(connection: Connection, wire: Wire, code = 1000): void {
    // The page has come back with another one.
    if (!connection.isOn(wire) || this.#connections.get(connection.number) !== connection) return;
    this.#ports.touch();
    if (!LOST.has(code) || connection.isClosed) return this.#leave(connection.number);
    connection.lose();
    this.#await(connection.number, this.#settings.clock.now());
  }

  /** A page may come back whose socket was lost at `since`. */
  #await(number: number, since: number): void {
    const { clock, reconnectWindow } = this.#settings;
    const cancel = clock.after(since + reconnectWindow - clock.now(), () => this.#leave(number));
    this.#waits.set(number, { since, cancel });
  }

  #leave(number: number): void {
    this.#waits.get(number)?.cancel();
    this.#waits.delete(number);
    this.#connections.get(number)?.detach();
    if (!this.#connections.delete(number)) return;
    this.#tell("disconnect", number);
  }

  /** Nobody sees whether a session that sleeps shows something, so it need not wake for this. */
  #tell(kind: "disconnect" | "pause", number: number): void {
    if (this.#ports.isAsleep()) this.#owed.set(number, kind);
    else void this.#ports.record(kind, number);
  }
}

/** Its tree is not there, or stands still: its page has to get everything anew. */
function renewed(connection: Connection): OnAnswer {
  return (isRefused) => {
    if (isRefused) connection.close(closeCodes.goingAway, "REFUSED");
  };
}
