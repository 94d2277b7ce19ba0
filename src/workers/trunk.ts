import type { MessagePort } from "node:worker_threads";
import type { TrunkBatch, TrunkNotice } from "../protocol/trunk-message.ts";
import type { FromWorker, ToWorker } from "../protocol/worker-message.ts";

/** A session's way to the host. A MessagePort is one, too. */
export interface SessionLine {
  on(event: "message", listener: (message: ToWorker) => void): unknown;
  /** The host has gone. */
  on(event: "close", listener: () => void): unknown;
  postMessage(message: FromWorker, transfer?: ArrayBuffer[]): void;
  /** Nothing is received any more. */
  close(): void;
}

/** The port that the sessions of this thread share: see trunk-message.ts. */
export class Trunk {
  readonly #number: number;
  readonly #port: MessagePort;
  readonly #lines = new Map<number, TrunkLine>();
  #batch: TrunkBatch = [];

  /** `port` came with session `number`, the first of the thread. `onClose` is called when the host has gone. */
  constructor(number: number, port: MessagePort, onClose: () => void) {
    this.#number = number;
    this.#port = port;
    port.on("message", (batch: TrunkBatch) => this.#receive(batch));
    port.on("close", () => {
      onClose();
      for (const line of this.#lines.values()) line.lose();
    });
  }

  /** The line of session `number`, which brought `port`. */
  open(number: number, port: MessagePort): SessionLine {
    const line = new TrunkLine(
      (message, transfer) => this.#post(number, message, transfer),
      () => {
        // That the session's task is over goes another way, and must not come first.
        this.#flush();
        this.#lines.delete(number);
      },
    );
    this.#lines.set(number, line);
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port of threads, not a window
    port.postMessage({ trunk: this.#number } satisfies TrunkNotice);
    if (port !== this.#port) port.close();
    return line;
  }

  /** An answer goes at once: the next event in this turn may be another session's, and run into its time limit. */
  #post(number: number, message: FromWorker, transfer?: ArrayBuffer[]): void {
    const isFirst = this.#batch.length === 0;
    this.#batch.push(number, message);
    if (!mayWait(message)) this.#flush(transfer);
    else if (isFirst) process.nextTick(() => this.#flush());
  }

  #flush(transfer: ArrayBuffer[] = []): void {
    if (this.#batch.length === 0) return;
    const batch = this.#batch;
    this.#batch = [];
    this.#port.postMessage(batch, transfer);
  }

  #receive(batch: TrunkBatch): void {
    for (let index = 0; index < batch.length; index += 2)
      this.#lines.get(batch[index] as number)?.receive(batch[index + 1] as ToWorker);
  }
}

/** Reloads come to many sessions in one turn, and nobody waits for one of them. */
function mayWait(message: FromWorker): boolean {
  return typeof message === "object" && message.kind === "reloaded";
}

class TrunkLine implements SessionLine {
  readonly postMessage: (message: FromWorker, transfer?: ArrayBuffer[]) => void;
  readonly close: () => void;
  /** What has come while nobody listened. */
  readonly #early: ToWorker[] = [];
  #onMessage = (message: ToWorker): void => void this.#early.push(message);
  #onClose: () => void = () => {};

  constructor(post: (message: FromWorker, transfer?: ArrayBuffer[]) => void, close: () => void) {
    this.postMessage = post;
    this.close = close;
  }

  on(...[event, listener]: ["message", (message: ToWorker) => void] | ["close", () => void]): void {
    if (event === "close") {
      this.#onClose = listener;
    } else {
      this.#onMessage = listener;
      for (const message of this.#early.splice(0)) listener(message);
    }
  }

  receive(message: ToWorker): void {
    this.#onMessage(message);
  }

  lose(): void {
    this.#onClose();
  }
}
