import type { Wire } from "../../src/host/connection.ts";
import type { ServerFrame } from "../../src/protocol/main.ts";

/** The browser's end of a connection that is no socket: keeps what was sent. */
export class MemoryWire implements Wire {
  readonly frames: (ServerFrame & { ack: number })[] = [];
  backlog = 0;
  closed: { code: number; reason: string } | undefined;

  send(text: string, sent: () => void): void {
    this.frames.push(JSON.parse(text) as ServerFrame);
    sent();
  }

  close(code: number, reason: string): void {
    this.closed = { code, reason };
  }

  /** All messages so far. */
  get messages(): ServerFrame["messages"] {
    return this.frames.flatMap(({ messages }) => messages ?? []);
  }
}

/** Lets everything run that waits in microtasks. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
