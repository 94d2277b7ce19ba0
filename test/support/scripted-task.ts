import zlib from "node:zlib";
import type { SessionState } from "../../src/protocol/worker-message.ts";
import type { FromTask, OpenTask, TaskEnd, TaskPort } from "../../src/host/task-port.ts";
import type { WireError } from "../../src/protocol/main.ts";
import { decodeImage, encodeImage } from "../../src/protocol/session-image.ts";

/** An image of nothing; its data is only looked at by ScriptedTask. */
const BLANK = { fingerprint: "0".repeat(64), base: null, size: 65_536, runs: new Uint32Array(), packed: true };

/** What is done with the event: see `ScriptedTask.step`. */
type Fate = "ok" | "ask" | "refuse" | "kill" | "stuck";

/**
 * Stands in for a session on a thread. Its state is the texts of the events that it has carried out, so that it shows which
 * were lost or doubled; it does nothing before it is told to `step`.
 */
export class ScriptedTask implements TaskPort {
  /** What it was given, by kind. */
  readonly given: string[] = [];
  history: string[] = [];
  isOver = false;
  isMisplaced = false;
  /** What was carried out before is refused. */
  cannotRepeat = false;
  /** A digit. With the first event after it was given an image of another version, it fails. */
  version = "0";
  /** Why it has no portable state. */
  stateError: WireError | undefined;
  #hasForeign = false;
  #isLost = false;
  #dispatched = 0;
  /** Texts of events, `rest`, `close`, and where to go on from. */
  #queue: (string | SessionState)[] = [];
  #replay: string[] | undefined;
  readonly #onMessage: (message: FromTask) => void;
  readonly #onEnd: (end: TaskEnd) => void;

  constructor(...[onMessage, onEnd]: Parameters<OpenTask>) {
    this.#onMessage = onMessage;
    this.#onEnd = onEnd;
  }

  send(text: string): void {
    this.#take(`event ${text.split("\n")[1]}`, text);
  }

  resume(state: SessionState): void {
    this.#isLost = false;
    this.#take("resume", state);
  }

  rest({ exportEvent, atOnce = false }: { exportEvent?: string | undefined; atOnce?: boolean } = {}): void {
    if (atOnce) this.#queue = this.#queue.filter((message) => message === "close" || typeof message !== "string");
    const message = exportEvent === undefined ? "rest" : `rest ${exportEvent}`;
    this.#take(atOnce ? "rest at once" : "rest", message);
  }

  close(): void {
    this.#take("close", "close");
  }

  #take(name: string, message: string | SessionState): void {
    this.given.push(name);
    if (!this.isOver && (!this.#isLost || message === "close")) this.#queue.push(message);
  }

  /**
   * Carries out the next thing that it was given; false if there is none. The last line of an event says what becomes of it:
   * `ask`: its answer comes with an image; `refuse`: it is refused; `kill`, `stuck`: its thread dies.
   */
  step(): boolean {
    if (this.isOver) return false;
    const replayed = this.#replay?.[0];
    if (this.#queue[0] !== "close" && replayed !== undefined) {
      if (this.#dispatch(replayed)) this.#replay?.shift();
      this.#endReplay();
      return true;
    }
    const next = this.#queue.shift();
    if (next === undefined) return false;
    if (next === "close") this.#end({});
    else if (typeof next === "string" && /^rest( |$)/.test(next)) this.#rest(next);
    else if (typeof next === "string") this.#answer(next);
    else this.#resume(next);
    return true;
  }

  /** Its state as it is now, as an image. */
  image(answer?: string): void {
    const isBefore = this.#queue.some((message) => typeof message !== "string");
    if (this.isOver || this.#isLost || this.#replay || isBefore) return;
    const data = Buffer.from(JSON.stringify(this.history));
    const image = encodeImage({ ...BLANK, fingerprint: this.version.repeat(64), data });
    this.#onMessage({ kind: "image", base: null, image, events: this.#dispatched, nextTimer: undefined, answer });
  }

  /** Its thread dies of something else, whatever it does, or after `during` events, while it is busy. */
  die(during?: number): void {
    this.#end({ error: { code: "SESSION_ENDED", message: "died" }, isLost: true, during });
  }

  /** It says so and ends. */
  fail(): void {
    this.#onMessage({ kind: "failed", error: { code: "IMAGE_FOREIGN", message: "foreign" } });
    this.#end({});
  }

  #resume({ image, events }: SessionState): void {
    this.#hasForeign = image !== null && decodeImage(image).fingerprint !== this.version.repeat(64);
    this.history = image ? historyOf(image) : [];
    this.#dispatched = 0;
    this.#replay = [...events];
    this.#endReplay();
  }

  #endReplay(): void {
    if (this.#replay?.length !== 0 || this.isOver) return;
    this.#replay = undefined;
    this.#onMessage({ kind: "resumed", nextTimer: undefined });
  }

  #rest(message: string): void {
    if (message !== "rest") {
      const state = this.stateError ?? Uint8Array.from(zlib.deflateRawSync(JSON.stringify(this.history)));
      this.#onMessage({ kind: "state", state, events: this.#dispatched });
    }
    if (this.#dispatched > 0) this.image();
    this.#end({});
  }

  #answer(text: string): void {
    if (!this.#dispatch(text)) return;
    if (fateOf(text) === "ask") this.image(text);
    else this.#onMessage(text.startsWith("start ") ? { kind: "started" } : text);
  }

  /** False if it was not carried out. */
  #dispatch(text: string): boolean {
    if (this.#hasForeign) {
      this.fail();
      return false;
    }
    const fate = this.#replay && this.cannotRepeat ? "refuse" : fateOf(text);
    if (fate === "refuse") {
      this.#isLost = true;
      this.#queue = this.#queue.filter((message) => message === "close");
      this.#replay = undefined;
      this.#onMessage({ kind: "refused", error: { code: "LIMIT_TIME", message: text }, events: this.#dispatched });
      return false;
    }
    if (fate === "kill" || fate === "stuck") {
      const error = { code: "LIMIT_TIME", message: text } as const;
      this.#end({ error, isLost: true, during: this.#dispatched, isStuck: fate === "stuck" });
      return false;
    }
    this.history.push(text);
    this.#dispatched++;
    return true;
  }

  #end(end: TaskEnd): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#queue = [];
    this.#onEnd(end);
  }
}

/** What had happened to a ScriptedTask when it made an image. */
export function historyOf(image: Uint8Array): string[] {
  return JSON.parse(Buffer.from(decodeImage(image).data).toString()) as string[];
}

/** The image of a ScriptedTask that nothing has happened to. */
export function blankImage(): Uint8Array {
  return encodeImage({ ...BLANK, data: Buffer.from("[]") });
}

function fateOf(text: string): Fate {
  return (text.split("\n")[2] ?? "ok") as Fate;
}
