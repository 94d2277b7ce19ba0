import type { Connection } from "./dialect.ts";
import { LeanSocket } from "./lean-socket.ts";

/** ms. */
const PATIENCE = 300_000;

/** Opens a socket and waits for the message that `isLast`. */
export async function openingOf(
  port: number,
  path: string,
  headers: Record<string, string>,
  isLast: (data: Buffer, start: number, end: number) => boolean,
  prepare: (socket: LeanSocket) => void = () => {},
): Promise<{ socket: LeanSocket; opening: Connection["opening"] }> {
  const opening = { frames: 0, bytes: 0, ms: 0 };
  let complete = (): void => {};
  let fail: (error: Error) => void = () => {};
  const done = new Promise<void>((resolve, reject) => ([complete, fail] = [resolve, reject]));
  let opened = performance.now();
  const socket = await LeanSocket.open(port, path, headers, (socket) => {
    socket.onEnd = () => fail(new Error("the connection ended before there was a page"));
    socket.onMessage = (data, start, end) => {
      opening.frames++;
      opening.bytes += end - start;
      if (isLast(data, start, end)) complete();
    };
  });
  opened = performance.now();
  prepare(socket);
  const timer = setTimeout(() => fail(new Error(`no page after ${PATIENCE} ms`)), PATIENCE);
  try {
    await done;
  } finally {
    clearTimeout(timer);
  }
  opening.ms = performance.now() - opened;
  socket.onMessage = () => {};
  return { socket, opening };
}
