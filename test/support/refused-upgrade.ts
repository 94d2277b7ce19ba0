import { once } from "node:events";
import { connect } from "node:net";
import type { Test } from "tap";

/**
 * Asks for a WebSocket as a page does, and never ends its side of the connection. Settles when the server has answered, or
 * ended the connection without an answer (status 0).
 */
export async function refusedUpgrade(
  t: Test,
  origin: string,
  path: string,
): Promise<{ status: number; ended: Promise<unknown> }> {
  const { hostname, port } = new URL(origin);
  const socket = connect({ port: Number(port), host: hostname, allowHalfOpen: true });
  t.teardown(() => socket.destroy());
  const ended = once(socket, "end");
  let answer = "";
  socket.setEncoding("latin1").on("data", (text: string) => (answer += text));
  const headers = [
    `Host: ${hostname}:${port}`,
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
  ];
  socket.write(`GET ${path} HTTP/1.1\r\n${headers.join("\r\n")}\r\n\r\n`);
  await Promise.race([once(socket, "data"), ended]);
  return { status: Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? 0), ended };
}
