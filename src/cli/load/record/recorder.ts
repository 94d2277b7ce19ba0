import type { AckFrame, ClientFrame, ClientMessage, ServerFrame, Value } from "../../../protocol/main.ts";
import { PageModel, type Target } from "../page/page-model.ts";
import { SCRIPT_VERSION } from "../script/read-script.ts";
import type { Listener } from "./proxy.ts";

/** A step as it stands in a script. */
export type RecordedStep = Record<string, Value>;

/** A socket that is closed for longer was not closed by a reload. */
const RELOAD_MS = 3_000;
/** Shorter pauses are nobody's. */
const LEAST_PAUSE = 20;
const MOST_STEPS = 20_000;

/**
 * Makes steps of what a page sends. Follows the page that was opened first; what other sessions and other pages of the same session do
 * is told to `note` and left out. `clock`: the time in ms.
 */
export class Recorder {
  readonly #steps: RecordedStep[] = [];
  readonly #model = new PageModel();
  readonly #note: (text: string) => void;
  readonly #clock: () => number;
  #session: string | undefined;
  #isOpen = false;
  /** When the page was closed; when something was last done, or answered. */
  #closedAt = 0;
  #lastAt: number | undefined;
  #received = 0;

  constructor(note: (text: string) => void, clock = () => performance.now()) {
    this.#note = note;
    this.#clock = clock;
  }

  /** Steps of the script so far. */
  get count(): number {
    return withTyping(this.#steps).length;
  }

  /** A WebSocket was opened at a path. What is told to the listener never throws. */
  open(path: string): Listener {
    const { pathname, searchParams } = new URL(`http://site${path}`);
    if (this.#isOpen || (this.#session !== undefined && this.#session !== pathname)) {
      this.#note("another page was opened; what is done there is not recorded");
      return { fromPage() {}, fromHost() {}, closed() {} };
    }
    const isReturn = this.#session !== undefined;
    const isResumed = searchParams.has("connection");
    const away = Math.round(this.#clock() - this.#closedAt);
    this.#isOpen = true;
    this.#session = pathname;
    if (isReturn && isResumed) this.#add({ drop: away });
    else if (isReturn) this.#add(away < RELOAD_MS ? { reload: true } : { leave: away });
    if (!isResumed) this.#received = 0;
    this.#lastAt = undefined;
    return {
      fromHost: (text) => this.#guarded(() => this.#fromHost(JSON.parse(text) as ServerFrame | AckFrame)),
      fromPage: (text) => this.#guarded(() => this.#fromPage(JSON.parse(text) as Partial<ClientFrame>)),
      closed: () => {
        this.#isOpen = false;
        this.#closedAt = this.#clock();
      },
    };
  }

  /** The script so far. */
  get script(): string {
    return scriptText(withTyping(this.#steps));
  }

  #fromHost(frame: ServerFrame | AckFrame): void {
    this.#lastAt = this.#clock();
    if (!("messages" in frame) || frame.seq <= this.#received) return;
    this.#received = frame.seq;
    if (frame.messages.some(({ type }) => type === "welcome")) this.#model.clear();
    this.#model.apply(frame.messages);
  }

  /** A frame that nobody can read is the page's and the site's affair; what was recorded must not be lost for it. */
  #guarded(read: () => void): void {
    try {
      read();
    } catch {
      this.#note("a frame was not understood; steps after it may be missing");
    }
  }

  #fromPage(frame: Partial<ClientFrame>): void {
    const deeds = (frame.messages ?? []).map((message) => this.#stepOf(message)).filter((step) => step !== undefined);
    const [only] = deeds;
    if (only === undefined) return;
    const now = this.#clock();
    const pause = this.#lastAt === undefined ? 0 : Math.round(now - this.#lastAt);
    if (pause >= LEAST_PAUSE) this.#add({ wait: pause });
    this.#lastAt = now;
    const step: RecordedStep = deeds.length === 1 ? only : { together: deeds };
    this.#add(frame.event ? step : { ...step, event: false });
  }

  #stepOf(message: ClientMessage): RecordedStep | undefined {
    if (message.type !== "update" && message.type !== "window") return undefined;
    const target = this.#model.nameOf(message.id);
    if (target === undefined) {
      this.#note("something was done that no address leads to; it is not recorded");
      return undefined;
    }
    const at = this.#addressOf(target);
    const row = this.#model.isRepeated(target.viewdef) ? { row: target.row } : {};
    if (message.type === "window") return { scroll: at, ...row, start: message.start, count: message.count };
    if (!target.path.endsWith(")")) return { write: at, ...row, value: message.value };
    return { press: at, ...row, ...(message.value === null ? {} : { value: message.value }) };
  }

  #addressOf({ viewdef, path }: Target): string {
    return `${viewdef.replace(/\.DEFAULT$/, "")}.${path}`;
  }

  #add(step: RecordedStep): void {
    if (this.#steps.length < MOST_STEPS) this.#steps.push(step);
    else if (this.#steps.length === MOST_STEPS) this.#note(`the script has ${MOST_STEPS} steps; there will be no more`);
  }
}

/** The same steps, with `type` where a text grew letter by letter. */
function withTyping(steps: readonly RecordedStep[]): RecordedStep[] {
  const result: RecordedStep[] = [];
  for (let index = 0; index < steps.length;) {
    const typing = typingAt(steps, index);
    if (typing.text.length < 2) result.push(steps[index++] ?? {});
    else {
      const { write = "", row } = steps[index] ?? {};
      const pause = `${Math.min(...typing.pauses)}..${Math.max(...typing.pauses)}`;
      result.push({ type: write, ...(row === undefined ? {} : { row }), text: typing.text, pause });
      index = typing.next;
    }
  }
  return result;
}

/** The letters that are typed from step `start` on. */
function typingAt(steps: readonly RecordedStep[], start: number): { text: string; pauses: number[]; next: number } {
  const first = steps[start] ?? {};
  let text = "";
  let next = start;
  const pauses: number[] = [];
  for (let index = start; index < steps.length;) {
    const pause = text === "" ? undefined : steps[index]?.["wait"];
    const step = steps[index + (pause === undefined ? 0 : 1)] ?? {};
    const { write, row, value, event } = step;
    const isNext = write !== undefined && write === first["write"] && row === first["row"] && event === undefined;
    if (
      !isNext ||
      typeof value !== "string" ||
      !value.startsWith(text) ||
      Array.from(value.slice(text.length)).length !== 1
    )
      break;
    if (text !== "") pauses.push(typeof pause === "number" ? pause : 0);
    text = value;
    index += pause === undefined ? 1 : 2;
    next = index;
  }
  return { text, pauses, next };
}

/** A script with one step on each line. */
function scriptText(steps: readonly RecordedStep[]): string {
  const lines = steps.map((step) => `    ${JSON.stringify(step)}`).join(",\n");
  return `{\n  "moonpool-load": ${SCRIPT_VERSION},\n  "steps": [\n${lines}\n  ]\n}\n`;
}
