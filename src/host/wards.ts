import { LONGEST_BEAT } from "../protocol/thread-status.ts";
import type { HogPolicy } from "./hog-policy.ts";
import type { FromThread, OpenTask, TaskPort, ThreadPort, Ward } from "./task-port.ts";
import type { WorkerPool } from "./worker-pool.ts";

/** ms between two looks at the threads, and how many without anything new are enough. */
const INTERVAL = 25;
const ENOUGH = 40;
/** ms in a call of a C function, in which there are no signs of life, as a multiple of the patience. */
const SILENT_FACTOR = 3;

/** Who has so many events waiting may be another hog, and waits for longer before it goes elsewhere: a multiple of the patience. */
const MANY = 3;
const MANY_FACTOR = 100;

/** A session, as far as it can be somewhere else. */
export interface Resident {
  /** How much waits for its thread. */
  readonly waiting: number;
  /** Goes on elsewhere after the event under way. */
  move(): void;
  /** Goes on elsewhere at once. */
  evacuate(): void;
}

interface Stay {
  id: string;
  ward: Ward;
  resident: () => Resident;
  port: ThreadPort;
  /** The session has left; its task may take a moment longer. */
  isOver: boolean;
}

/** What a thread is busy with: an event of a session (0: none), and since when. */
interface Seen {
  session: number;
  turn: number;
  since: number;
  /** Signs of life until then. */
  beats: number;
}

/**
 * Which threads sessions are on: carries out what the HogPolicy decides. Opens their tasks where they belong, hears what their events
 * took, and looks what the threads are busy with while there is anything to wait for.
 */
export class Wards {
  readonly #pool: WorkerPool;
  readonly #policy: HogPolicy;
  /** Tasks, by their number. */
  readonly #stays = new Map<number, Stay>();
  /** Threads as they were seen last. */
  #seen = new Map<number, Seen>();
  /** Since when sessions of threads that are held have been waiting. */
  readonly #waitingSince = new Map<Stay, number>();
  #timer: NodeJS.Timeout | undefined;
  #moveTimer: NodeJS.Timeout | undefined;
  /** Looks since something was sent. */
  #looks = 0;
  /** Some are not where they belong. */
  #hasMoves = false;
  #lastHeld = -Infinity;
  #isClosed = false;

  constructor(pool: WorkerPool, policy: HogPolicy) {
    this.#pool = pool;
    this.#policy = policy;
  }

  /** How the tasks of a session are opened; `resident` is only asked for after that. */
  place(id: string, isolation: "shared" | "dedicated", resident: () => Resident): OpenTask {
    return (onMessage, onEnd) => {
      const ward = this.#wardOf(id, isolation);
      const port = this.#pool.openTask(
        ward,
        (message) => {
          if (typeof message === "string" || message.kind !== "used") onMessage(message);
          else if (isolation === "shared" && !stay.isOver) this.#note(id, message);
        },
        (end) => {
          this.#stays.delete(port.number);
          if (end.isStuck && isolation === "shared" && !stay.isOver) this.#note(id, { ms: 0, longest: Infinity });
          onEnd(end);
        },
      );
      const stay: Stay = { id, ward, resident, port, isOver: false };
      this.#stays.set(port.number, stay);
      return this.#portOf(stay);
    };
  }

  /** The session has ended. */
  forget(id: string): void {
    this.#policy.forget(id);
  }

  /** Nothing is moved any more. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#moveTimer);
  }

  #portOf(stay: Stay): TaskPort {
    const { port } = stay;
    const isMisplaced = (): boolean => this.#isMisplaced(stay);
    return {
      send: (text) => {
        this.#stir();
        port.send(text);
      },
      resume: (state) => {
        this.#stir();
        port.resume(state);
      },
      rest: (options) => port.rest(options),
      close: () => {
        stay.isOver = true;
        port.close();
      },
      get isMisplaced() {
        return isMisplaced();
      },
    };
  }

  #wardOf(id: string, isolation: "shared" | "dedicated"): Ward {
    return isolation === "shared" && this.#policy.isHog(id) ? "penalty" : isolation;
  }

  #isMisplaced({ id, ward, port }: Stay): boolean {
    if (ward === "dedicated") return false;
    if (ward !== this.#wardOf(id, "shared")) return true;
    const { placement } = this.#pool;
    return ward === "shared" && port.thread !== undefined && placement.retiring === port.thread;
  }

  #note(id: string, { ms, longest }: Pick<Extract<FromThread, { kind: "used" }>, "ms" | "longest">): void {
    this.#policy.report(id, ms, performance.now(), longest);
    this.#decide();
    this.#stir();
  }

  /** Asks the policy what is due, and again when something will be. */
  #decide(): void {
    const now = performance.now();
    if (this.#policy.moves(now).length > 0) this.#hasMoves = true;
    clearTimeout(this.#moveTimer);
    const next = this.#policy.nextMove;
    if (next === undefined || this.#isClosed) return;
    this.#moveTimer = setTimeout(
      () => {
        this.#decide();
        this.#stir();
      },
      Math.max(1, next - now),
    ).unref();
  }

  /** Something goes on that is worth looking at. */
  #stir(): void {
    this.#looks = 0;
    if (this.#timer !== undefined || this.#isClosed) return;
    this.#timer = setInterval(() => this.#look(), INTERVAL).unref();
  }

  #look(): void {
    const now = performance.now();
    const isBusy = this.#seeThreads(now);
    this.#evacuate(now);
    this.#retire(now);
    if (this.#hasMoves) this.#move();
    const isSettled = !isBusy && !this.#hasMoves && this.#seen.size <= this.#pool.placement.usual;
    if (!isSettled || ++this.#looks < ENOUGH) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Takes down which threads are held by one event. True if any is busy. */
  #seeThreads(now: number): boolean {
    const seen = new Map<number, Seen>();
    const held = new Set<number>();
    let isBusy = false;
    for (const [thread, busy] of this.#pool.threads()) {
      const { session = 0, turn = 0, beats = 0 } = busy ?? {};
      const last = this.#seen.get(thread);
      const first = last !== undefined && last.turn === turn ? last : { session, turn, since: now, beats };
      seen.set(thread, first);
      isBusy ||= busy !== undefined;
      if (busy !== undefined && this.#isHeld(now - first.since, beats - first.beats)) held.add(thread);
    }
    this.#seen = seen;
    this.#pool.placement.held = held;
    if (held.size > 0) this.#lastHeld = now;
    return isBusy;
  }

  /** By an event that has been under way for `time` ms: a thread that only waits for a core is left alone. */
  #isHeld(time: number, beats: number): boolean {
    const { patience } = this.#policy.settings;
    return time >= SILENT_FACTOR * patience || (time >= patience && beats * LONGEST_BEAT >= patience);
  }

  /** Whoever waits for a held thread goes elsewhere, if there is anywhere to go. */
  #evacuate(now: number): void {
    const { held, most } = this.#pool.placement;
    if (held.size === 0) return this.#waitingSince.clear();
    const isFull = this.#seen.size - (this.#pool.isMakingSpare ? 1 : 0) <= held.size;
    for (const thread of held) {
      const { session = 0, since = now } = this.#seen.get(thread) ?? {};
      const residents = this.#waitingFor(thread, now);
      const beat = { session: this.#stays.get(session)?.id, since, waiting: [...residents.keys()] };
      const evacuees = this.#policy.evacuees(beat, now);
      if (!isFull) for (const id of evacuees) residents.get(id)?.evacuate();
      else if (evacuees.length > 0 && this.#seen.size < most && !this.#pool.isMakingSpare) void this.#pool.makeSpare();
    }
  }

  /** Gives one spare thread up when all has been calm for a while: its sessions move, and piscina ends it. */
  #retire(now: number): void {
    const { placement } = this.#pool;
    if (this.#seen.size <= placement.usual) placement.retiring = undefined;
    else if (now - this.#lastHeld >= this.#policy.settings.calm && !this.#seen.has(placement.retiring ?? 0)) {
      placement.retiring = this.#emptiest();
      this.#hasMoves = true;
    }
  }

  /** Those of whom least waits come first: another hog is hardly among them. */
  #waitingFor(thread: number, now: number): Map<string, Resident> {
    const residents: [id: string, resident: Resident, waiting: number][] = [];
    const longest = MANY_FACTOR * this.#policy.settings.patience;
    for (const stay of this.#stays.values()) {
      if (stay.isOver || stay.ward !== "shared" || stay.port.thread !== thread) continue;
      const resident = stay.resident();
      const { waiting } = resident;
      const since = this.#waitingSince.get(stay) ?? now;
      if (waiting === 0) this.#waitingSince.delete(stay);
      else this.#waitingSince.set(stay, since);
      const isPatient = waiting >= MANY && now - since < longest;
      if (waiting > 0 && !isPatient) residents.push([stay.id, resident, waiting]);
    }
    residents.sort(([, , one], [, , other]) => one - other);
    return new Map(residents.map(([id, resident]) => [id, resident]));
  }

  #emptiest(): number | undefined {
    const sessions = new Map(Array.from(this.#seen.keys(), (thread) => [thread, 0]));
    for (const { port, ward } of this.#stays.values()) {
      const { thread = 0 } = port;
      if (ward === "shared") sessions.set(thread, (sessions.get(thread) ?? 0) + 1);
    }
    sessions.delete(0);
    return [...sessions].sort(([, one], [, other]) => one - other)[0]?.[0];
  }

  #move(): void {
    this.#hasMoves = false;
    for (const stay of this.#stays.values()) {
      if (stay.isOver || !this.#isMisplaced(stay)) continue;
      const resident = stay.resident();
      // What a hog has waiting may be the next loop: it comes back when that is over.
      if (stay.ward !== "penalty" || resident.waiting === 0) resident.move();
      // It may have to be told again: it goes on where it is if its event is refused at the same time.
      this.#hasMoves = true;
    }
  }
}
