import { MessageChannel, receiveMessageOnPort, type MessagePort } from "node:worker_threads";
import type { TrunkBatch, TrunkNotice } from "../protocol/trunk-message.ts";
import type { FromWorker, ToWorker } from "../protocol/worker-message.ts";

/** The ports that the sessions of a thread share: see trunk-message.ts. */
export class Trunks {
  /** Of all sessions, by number. */
  readonly #lines = new Map<number, SessionLine>();
  /** By the number of the session that brought the port: those of threads, and of sessions that have none yet. */
  readonly #trunks = new Map<number, Trunk>();
  #last = 0;

  /** A line for a session that starts. What is posted waits until it is known which thread the session has. */
  open(onMessage: (message: FromWorker) => void): SessionLine {
    const number = ++this.#last;
    const { port1, port2 } = new MessageChannel();
    const own = new Trunk(port1, (message) => this.#take(number, message));
    const line = new SessionLine(number, port2, onMessage, own, () => this.#lines.delete(number));
    this.#lines.set(number, line);
    this.#trunks.set(number, own);
    port1.on("close", () => this.#trunks.delete(number));
    return line;
  }

  /** Something has come over the port of session `number`. */
  #take(number: number, message: TrunkNotice | TrunkBatch): void {
    if (!Array.isArray(message)) return this.#join(number, message.trunk);
    for (let index = 0; index < message.length; index += 2)
      this.#lines.get(message[index] as number)?.receive(message[index + 1] as FromWorker);
  }

  /** Session `number` has a thread, whose trunk is the port of session `first`. */
  #join(number: number, first: number): void {
    const trunk = this.#trunks.get(first);
    // Without one the thread is gone again, and with it the session's task.
    if (trunk !== undefined) this.#lines.get(number)?.join(trunk);
    if (first !== number) this.#trunks.get(number)?.close();
  }
}

/** A session's way to its thread. */
export class SessionLine {
  /** With `port` to be given to the session's task. */
  readonly number: number;
  readonly port: MessagePort;
  readonly receive: (message: FromWorker) => void;
  readonly #onClose: () => void;
  #trunk: Trunk;
  /** What waits until the session has a thread; undefined then. */
  #waiting: ToWorker[] | undefined = [];

  constructor(
    number: number,
    port: MessagePort,
    onMessage: (message: FromWorker) => void,
    own: Trunk,
    onClose: () => void,
  ) {
    this.number = number;
    this.port = port;
    this.receive = onMessage;
    this.#trunk = own;
    this.#onClose = onClose;
  }

  /** What is posted goes over that port from now on. */
  join(trunk: Trunk): void {
    this.#trunk = trunk;
    trunk.enter();
    for (const message of this.#waiting ?? []) trunk.post(this.number, message);
    this.#waiting = undefined;
  }

  post(message: ToWorker): void {
    if (this.#waiting === undefined) this.#trunk.post(this.number, message);
    else this.#waiting.push(message);
  }

  /** Has the session, and others of its thread, receive at once what was sent to them so far. */
  drain(): void {
    this.#trunk.drain();
    // It may have told where to look on.
    this.#trunk.drain();
  }

  close(): void {
    this.#onClose();
    if (this.#waiting === undefined) this.#trunk.leave();
    else this.#trunk.close();
  }
}

/** The host's end of a port. */
class Trunk {
  readonly #port: MessagePort;
  readonly #take: (message: TrunkNotice | TrunkBatch) => void;
  #batch: TrunkBatch = [];
  #members = 0;

  constructor(port: MessagePort, take: (message: TrunkNotice | TrunkBatch) => void) {
    this.#port = port;
    this.#take = take;
    port.on("message", take);
  }

  /** A session more goes by this port. */
  enter(): void {
    if (++this.#members === 1) this.#port.ref();
  }

  /** One less: without any, it does not keep the process alive. */
  leave(): void {
    if (--this.#members === 0) this.#port.unref();
  }

  /** What is posted in one turn goes together: all that the sockets brought which were ready. */
  post(number: number, message: ToWorker): void {
    if (this.#batch.length === 0) setImmediate(this.#flush);
    this.#batch.push(number, message);
  }

  drain(): void {
    for (let next = receiveMessageOnPort(this.#port); next; next = receiveMessageOnPort(this.#port))
      this.#take(next.message as TrunkNotice | TrunkBatch);
  }

  close(): void {
    this.#port.close();
  }

  readonly #flush = (): void => {
    const batch = this.#batch;
    this.#batch = [];
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port of threads, not a window
    this.#port.postMessage(batch);
  };
}
