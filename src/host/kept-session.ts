import { MoonpoolError, wireError, type WireError } from "../protocol/main.ts";
import { type BaseImage, baseNameOf } from "../protocol/session-image.ts";
import { errorOf } from "../protocol/wire-error.ts";
import { type Answer, type FromSession, sessionEvent } from "../protocol/worker-message.ts";
import type { Bases } from "./bases.ts";
import { Blame } from "./blame.ts";
import { GivenEvents } from "./given-events.ts";
import { HeldBack, type Risk } from "./held-back.ts";
import { findPortable, forgetPortable, keepPortable, PortableAtRest, removeSession } from "./kept-portable.ts";
import { encodeSnapshot, type KeptState, loadKept, noteEvent, RESTART, voidRecord } from "./kept-state.ts";
import type { Meter } from "./meter.ts";
import type { RecoveryStep } from "./recovery.ts";
import type { SessionPort } from "./session.ts";
import type { SessionStore } from "./store/session-store.ts";
import type { FromTask, OpenTask, TaskEnd, TaskPort } from "./task-port.ts";

/** Says what is to become of an event (its text) that could not be carried out, after so many attempts. Never rejects. */
export type Decide = (text: string, error: WireError, attempts: number) => Promise<RecoveryStep>;

interface SentEvent extends Risk {
  text: string;
  position: number;
  attempts: number;
}

type Image = Extract<FromTask, { kind: "image" }>;

/** Threads in a row that died before they had said anything. */
const MOST_SILENT = 50;

/**
 *     asleep ── an event ──▶ waking ── image and events are with a thread ──▶ awake ── rest() or move() ──▶ resting ──▶ asleep
 *                              ▲── the thread died, or an event was refused ─────┘
 */
type Phase = "asleep" | "waking" | "awake" | "resting" | "over";

/**
 * A session that outlives its thread, and needs none while nothing happens. It is its newest image and the events after it, which
 * are in a store: whenever it has to be somewhere else, or go back to where it was before an event, it goes on from these.
 * Events that have been answered are dispatched again then, and nobody hears of it; those that have not are sent again.
 * What comes of an event is passed on when the event is safe. When no image of it can be loaded, because it is of another
 * version of Moonpool, it begins anew with the portable state that was made when it went to rest.
 */
export class KeptSession implements SessionPort {
  readonly #id: string;
  readonly #store: SessionStore;
  readonly #bases: Bases;
  readonly #open: OpenTask;
  readonly #decide: Decide;
  readonly #meter: Meter | undefined;
  readonly #onOver: (() => void) | undefined;
  readonly #onMessage: (message: FromSession) => void;
  readonly #onEnd: (error?: WireError) => void;
  /** What the store had of it when this object was made, until it wakes: nothing but new events can have come since. */
  #found: KeptState | undefined;
  /** After the events that have been answered. */
  readonly #state: Pick<KeptState, "connections" | "connectionsEver" | "time">;
  #phase: Phase;
  #task: TaskPort | undefined;
  /** Stands for it: what still comes from one that was left is not heard. */
  #line: object | undefined;
  /** Not answered, oldest first. */
  #sent: SentEvent[] = [];
  /** Position of the last event that is over: answered, or given to the store before this object was made. */
  #answered: number;
  /** The last of the latter. Nobody knows whether they were ever carried out. */
  readonly #inherited: number;
  readonly #given = new GivenEvents();
  readonly #portable: PortableAtRest;
  /** An event was carried out since it was given to its task: the image could be loaded. */
  #isLoaded = true;
  /** Why its image cannot be loaded. */
  #unloadable: WireError | undefined;
  #hasFallenBack = false;
  /** The base of that image. */
  #base: string | undefined;
  /** What waits for events to be safe. */
  readonly #heldBack: HeldBack<FromSession>;
  readonly #blame = new Blame();
  #silent = 0;
  #settleRest: (() => void)[] = [];
  readonly #exports: { resolve: (state: string) => void; reject: (error: MoonpoolError) => void }[] = [];
  /** Since when it is waking from sleep, as of performance.now(). */
  #wakingSince: number | undefined;

  /**
   * `kept`: what the store has of it; it is asleep. Else it is a new one. Throws what `open` throws. `onEnd` is called when its
   * task is over and no other follows.
   */
  constructor(
    id: string,
    around: {
      store: SessionStore;
      bases: Bases;
      open: OpenTask;
      decide: Decide;
      kept?: KeptState | undefined;
      meter?: Meter | undefined;
      /** Called when it is over: it will not ask for a thread any more. */
      onOver?: (() => void) | undefined;
    },
    onMessage: (message: FromSession) => void,
    onEnd: (error?: WireError) => void,
  ) {
    this.#id = id;
    const { kept } = around;
    this.#store = around.store;
    this.#bases = around.bases;
    this.#open = around.open;
    this.#decide = around.decide;
    this.#meter = around.meter;
    this.#onOver = around.onOver;
    this.#onMessage = onMessage;
    this.#onEnd = onEnd;
    this.#portable = new PortableAtRest(around.store, id);
    this.#heldBack = new HeldBack(around, onMessage, (error) => this.#fail(error));
    const { connections = new Map(), connectionsEver = 0, time = 0 } = kept ?? {};
    this.#state = { connections: new Map(connections), connectionsEver, time };
    this.#found = kept;
    this.#inherited = this.#answered = kept?.position ?? 0;
    this.#phase = kept ? "asleep" : "awake";
    if (!kept) this.#task = this.#openTask();
    // Only they know when the next timer is due.
    else if (kept.events.length > 0) this.#wake();
  }

  get #isOver(): boolean {
    return this.#phase === "over";
  }

  get isAsleep(): boolean {
    return this.#phase === "asleep";
  }

  /** No event is under way, and nothing that came of one is held back. */
  get isQuiet(): boolean {
    return this.#sent.length === 0 && this.#heldBack.isEmpty;
  }

  describe(description: string): void {
    if (!this.#isOver) this.#guard(() => this.#store.describe(this.#id, description));
  }

  send(text: string): Promise<void> | undefined {
    if (this.#isOver) return undefined;
    return this.#guard(() => {
      // First: what wakes it need not be in the store for that, and loading would wait until it is.
      if (this.#phase === "asleep") this.#wake();
      const event: SentEvent = { text, position: this.#store.append(this.#id, text), attempts: 0, safe: undefined };
      this.#sent.push(event);
      const safe = this.#heldBack.hold(event);
      if (this.#phase === "awake") this.#give(event);
      return safe;
    });
  }

  /** Its portable state now, as JSON. Rejects with MoonpoolError. What it costs is not in the journal. */
  exportState(): Promise<string> {
    if (this.#isOver) return Promise.reject(new MoonpoolError("SESSION_ENDED"));
    return new Promise((resolve, reject) => {
      this.#exports.push({ resolve, reject });
      if (this.#phase === "awake") this.#askForState();
      else if (this.#phase === "asleep") this.#wake();
    });
  }

  #askForState(): void {
    this.#task?.send(sessionEvent("export", 0, this.#now()));
  }

  #now(): number {
    return Math.max(Date.now(), this.#state.time);
  }

  /** Leaves its thread, after what is under way; the next event wakes it. */
  sleep(): void {
    if (this.#phase !== "awake") return;
    this.#phase = "resting";
    const position = this.#sent.at(-1)?.position ?? this.#answered;
    this.#task?.rest({ exportEvent: this.#portable.eventFor(position, this.#now()) });
  }

  /** Goes on elsewhere, after the event under way; when it has nothing to do, with its next event. */
  move(): void {
    if (this.#phase !== "awake") return;
    this.#phase = "resting";
    this.#task?.rest({ atOnce: true });
  }

  /** How much waits for its thread. */
  get waiting(): number {
    return this.#sent.length + this.#exports.length + this.#settleRest.length;
  }

  /** Goes on elsewhere at once, with what has not been answered, if there is anything: its thread is busy with others. */
  evacuate(): void {
    // A task that cannot load its image ends by itself.
    if (this.#task === undefined || this.#unloadable || this.waiting === 0) return;
    this.#abandonTask();
    if (this.#phase !== "waking") this.#asleep();
  }

  /** Leaves its thread for good, but not the store. Settles when all of it is there. Never rejects. */
  async leave(): Promise<void> {
    if (this.#isOver) return;
    if (this.#store.durability === "memory") return this.#end();
    if (this.#phase !== "asleep") {
      const rested = new Promise<void>((resolve) => this.#settleRest.push(resolve));
      this.sleep();
      await rested;
    }
    await this.#store.flushed()?.catch(() => {});
    if (this.#isOver) return;
    this.#end();
    this.#store.release(this.#id);
  }

  abandon(): void {
    if (!this.#isOver) this.#end();
  }

  close(): void {
    if (this.#isOver) return;
    this.#end(false);
    removeSession(this.#store, this.#id);
  }

  /** `isKept`: what the store has of it stays. */
  #end(isKept = true): void {
    this.#phase = "over";
    this.#found = undefined;
    this.#task?.close();
    this.#task = undefined;
    this.#useBase(null, isKept);
    this.#heldBack.clear();
    for (const { reject } of this.#exports.splice(0)) reject(new MoonpoolError("SESSION_ENDED"));
    this.#rested();
    this.#onOver?.();
  }

  #rested(): void {
    for (const settle of this.#settleRest.splice(0)) settle();
  }

  /** What the store cannot do ends the session, and nothing else. */
  #guard<T>(action: () => T): T | undefined {
    try {
      return action();
    } catch (error) {
      this.#fail(error);
      return undefined;
    }
  }

  #give(event: SentEvent): void {
    this.#given.add(event.position);
    this.#task?.send(event.text);
  }

  #openTask(): TaskPort {
    const line = {};
    this.#line = line;
    return this.#open(
      (message) => {
        if (this.#line === line) this.#take(message);
      },
      (end) => {
        if (this.#line === line) this.#ended(end);
      },
    );
  }

  #abandonTask(): void {
    this.#line = undefined;
    this.#task?.close();
    this.#task = undefined;
  }

  /** Goes on from the newest image and the events after it, with the thread that it has or another one. */
  #wake(): void {
    if (this.#phase === "asleep") this.#wakingSince = performance.now();
    this.#phase = "waking";
    void this.#load();
  }

  async #load(): Promise<void> {
    const found = this.#found;
    this.#found = undefined;
    try {
      const kept = await (found ?? loadKept(this.#store, this.#id));
      if (this.#phase !== "waking") return;
      if (kept === undefined) throw new MoonpoolError("SESSION_UNKNOWN");
      const base = await this.#baseOf(kept);
      if (this.#phase === "waking") this.#resume(kept, base);
    } catch (error) {
      if (!(error instanceof MoonpoolError) || !isUnloadable(error)) return this.#fail(error);
      await this.#fallBack(error.toWire());
    }
  }

  /** There is no image that can be loaded. */
  async #fallBack(error: WireError): Promise<void> {
    try {
      const found = await findPortable(this.#store, this.#id);
      const kept = await loadKept(this.#store, this.#id);
      if (this.#phase !== "waking") return;
      // Nobody would begin anew what is just being left.
      if (this.#settleRest.length > 0 || kept === undefined) return this.#failWith(error);
      // Of what has not begun when its image was made, nothing is in the image. The store has that one until there is another.
      if (kept.events[0]?.text.startsWith("start "))
        return this.#resume({ ...kept, image: null, nextTimer: undefined }, null);
      if (this.#hasFallenBack || found === undefined) return this.#failWith(error);
      this.#hasFallenBack = true;
      const lost = Math.max(0, this.#answered - found.position);
      this.#restart(error, found.state);
      if (this.#isOver) return;
      this.#tellRestored(error, lost);
      // It is of the new session, too, as soon as that has taken it in.
      const position = this.#sent.at(-1)?.position ?? this.#answered;
      keepPortable(this.#store, this.#id, position, found.deflated);
      void this.#load();
    } catch (failure) {
      this.#fail(failure);
    }
  }

  #tellRestored(reason: WireError, lost: number): void {
    const what = lost === 0 ? "Nothing is lost by that." : `The last ${lost} events before that are lost.`;
    const restored = new MoonpoolError("STATE_RESTORED");
    const message = `${reason.code}: ${restored.message} ${what}`;
    this.#onMessage({ kind: "log", level: "warn", message, error: { ...restored.toWire(), message } });
  }

  async #baseOf({ image }: KeptState): Promise<BaseImage | null> {
    const name = image === null ? undefined : baseNameOf(image);
    if (name === undefined) return null;
    const base = await this.#bases.find(name);
    if (base === undefined) throw new MoonpoolError("IMAGE_CORRUPT", "The base of the saved session is gone.");
    return base;
  }

  #resume(kept: KeptState, base: BaseImage | null): void {
    const events = kept.events.filter(({ position }) => position <= this.#answered);
    if (this.#task?.isMisplaced) this.#abandonTask();
    this.#task ??= this.#openTask();
    this.#given.resume(
      kept.start,
      events.map(({ position }) => position),
    );
    this.#useBase(base);
    this.#isLoaded = kept.image === null;
    this.#phase = "awake";
    const { image, nextTimer } = kept;
    this.#task.resume({ image, base, nextTimer, events: events.map(({ text }) => text) });
    for (const event of this.#sent) this.#give(event);
    for (let asked = 0; asked < this.#exports.length; asked++) this.#askForState();
    if (this.#settleRest.length > 0) this.sleep();
  }

  #take(message: FromTask): void {
    this.#silent = 0;
    if (this.#isOver) return;
    this.#guard(() => {
      if (typeof message === "string") return this.#answer(message);
      switch (message.kind) {
        case "image":
          return message.answer === undefined ? this.#keepImage(message) : this.#answer(message.answer, message);
        case "resumed":
          this.#noteAwake();
          return this.#heldBack.add(message);
        case "log":
          return this.#onMessage(message);
        case "failed":
          return this.#taskFailed(message.error);
        case "state":
          return this.#portable.keep(message.state, this.#given.at(message.events), this.#onMessage);
        case "refused":
          return void this.#recover(this.#given.after(message.events), message.error);
        case "exported":
          return this.#exported(message.state);
        case "started":
        case "done":
        case "reloaded":
        case "imported":
          return this.#answer(message);
      }
    });
  }

  #taskFailed(error: WireError): void {
    if (this.#isLoaded || !isUnloadable(error)) return this.#failWith(error);
    // What comes next needs another task; this one ends in a moment.
    this.#phase = "waking";
    this.#unloadable = error;
  }

  #noteAwake(): void {
    if (this.#wakingSince !== undefined) this.#meter?.woke(performance.now() - this.#wakingSince);
    this.#wakingSince = undefined;
  }

  #keepImage({ image, base, events, nextTimer }: Image): void {
    const position = this.#given.cover(events);
    if (position === undefined) return;
    this.#useBase(base);
    const { connections, connectionsEver, time } = this.#state;
    const head = { nextTimer, connections: [...connections], connectionsEver, time };
    this.#store.snapshot(this.#id, position, encodeSnapshot(head, image));
  }

  #useBase(base: BaseImage | null, isKept = false): void {
    if (base?.name === this.#base) return;
    if (base) this.#bases.take(base);
    if (this.#base !== undefined) this.#bases.give(this.#base, isKept);
    this.#base = base?.name;
  }

  #exported(state: string | WireError): void {
    const waiting = this.#exports.shift();
    if (typeof state === "string") waiting?.resolve(state);
    else waiting?.reject(errorOf(state));
  }

  #answer(message: Answer, image?: Image): void {
    const event = this.#shift();
    if (event === undefined) return;
    this.#isLoaded = true;
    noteEvent(this.#state, event.text);
    if (image !== undefined) {
      this.#keepImage(image);
      void this.#heldBack.hold(event);
    }
    this.#heldBack.add(message, event);
  }

  /** The oldest event is over. */
  #shift(): SentEvent | undefined {
    const event = this.#sent.shift();
    if (event !== undefined) this.#answered = event.position;
    return event;
  }

  /** The event at `position` has not happened. Until it is known what to do, nothing else does. */
  async #recover(position: number | undefined, error: WireError): Promise<void> {
    this.#phase = "waking";
    const [event] = this.#sent;
    if (event === undefined || event.position !== position) return this.#skip(position, error);
    event.attempts++;
    const step = await this.#decide(event.text, error, event.attempts);
    if (this.#phase !== "waking") return;
    this.#guard(() => {
      if (step !== "retry") this.#refuse(event.text, error);
      if (step === "end" || (event.text.startsWith("start ") && step !== "retry")) return this.#failWith(error);
      // Nobody would begin anew what is just being left.
      if (step === "restart" && this.#settleRest.length === 0) this.#restart(error);
      return void this.#load();
    });
  }

  /** An event could not be repeated. */
  #skip(position: number | undefined, error: WireError): void {
    // What was answered here has worked once, so the state that everybody has seen cannot be had again.
    if (position === undefined || position > this.#inherited) return this.#failWith(error);
    this.#guard(() => {
      this.#store.append(this.#id, voidRecord(position));
      const message = "an event from before could not be carried out";
      this.#onMessage({ kind: "log", level: "warn", message, error });
      void this.#load();
    });
  }

  /** The oldest event, whose text it is, is not tried again. `error`: unless another one was the reason. */
  #refuse(text: string, error: WireError, isReason = true): void {
    const event = this.#shift();
    if (event === undefined) return;
    this.#store.append(this.#id, voidRecord(event.position));
    void this.#heldBack.hold(event);
    const report = { files: [], views: 0, notes: [], error, time: 0 };
    if (text.startsWith("reload ")) this.#heldBack.add({ kind: "reloaded", outcome: "-", report }, event);
    else this.#heldBack.add({ kind: "refused", error: isReason ? error : undefined }, event);
  }

  /** What was sent was for the session that there was. `state`: what the next one begins with. */
  #restart(error: WireError, state?: string): void {
    for (let event = this.#sent[0]; event; event = this.#sent[0]) this.#refuse(event.text, error, false);
    this.#answered = this.#store.append(this.#id, RESTART);
    this.#state.connections.clear();
    if (state === undefined) forgetPortable(this.#store, this.#id);
    this.#onMessage({ kind: "restarting", state });
  }

  #ended(end: TaskEnd): void {
    if (this.#isOver) return this.#onEnd();
    this.#task = undefined;
    const unloadable = this.#unloadable;
    this.#unloadable = undefined;
    if (unloadable) return void this.#fallBack(unloadable);
    // It died of nothing that it was sent, so of its portable state.
    if (this.#phase === "resting" && end.during !== undefined && this.#given.after(end.during) === undefined)
      this.#portable.giveUp();
    if (end.isLost && ++this.#silent <= MOST_SILENT) return this.#goElsewhere(end);
    if (end.error !== undefined || this.#phase !== "resting") {
      this.#end();
      return this.#onEnd(end.error);
    }
    if (this.#settleRest.length === 0) this.#meter?.slept();
    this.#asleep();
  }

  #goElsewhere({ error, during, isStuck = false }: TaskEnd): void {
    // What is under way goes on with another thread.
    if (this.#phase === "waking") return;
    const position = during === undefined ? undefined : this.#given.after(during);
    const hasWorked = position !== undefined && position > this.#inherited && position <= this.#answered;
    const isReason = this.#blame.died(position, { isStuck, hasWorked });
    if (this.#blame.isHopeless) {
      this.#end();
      return this.#onEnd(error);
    }
    if (isReason && error !== undefined) return void this.#recover(position, error);
    if (position !== undefined) return this.#wake();
    this.#asleep();
  }

  /** It is on no thread any more. */
  #asleep(): void {
    this.#phase = "asleep";
    if (this.#sent.length + this.#exports.length > 0) this.#wake();
    else this.#rested();
  }

  #fail(error: unknown): void {
    this.#failWith(wireError(error));
  }

  /** The session cannot go on here; what the store has of it stays. */
  #failWith(error: WireError): void {
    if (this.#isOver) return;
    this.#end();
    this.#onMessage({ kind: "failed", error });
  }
}

/** The image is of another version of Moonpool, or damaged, or its base is gone. */
function isUnloadable({ code }: { code: string }): boolean {
  return code === "IMAGE_FOREIGN" || code === "IMAGE_CORRUPT";
}
