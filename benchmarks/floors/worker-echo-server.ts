// A ws server whose frames take the way that a server with Lua in threads cannot avoid: from the socket through one
// postMessage to a thread, through one call of a Lua function that does nothing, and back. `isBatched`: all frames of a turn
// of the event loop in one postMessage.
import { Worker } from "node:worker_threads";
import { type WebSocket, WebSocketServer } from "ws";
import { answerProbe } from "../support/probe.ts";

const { isBatched } = JSON.parse(process.argv[2] ?? "{}") as { isBatched?: boolean };
const worker = new Worker(new URL("./worker-echo-thread.js", import.meta.url));
const sockets = new Map<number, WebSocket>();
let opened = 0;
let batch: [number, string][] = [];

function give(id: number, text: string): void {
  if (!isBatched) return worker.postMessage([id, text]);
  if (batch.push([id, text]) > 1) return;
  setImmediate(() => {
    worker.postMessage(batch);
    batch = [];
  });
}

worker.on("message", (answer: [number, string] | [number, string][]) => {
  if (Array.isArray(answer[0])) for (const [id, text] of answer as [number, string][]) sockets.get(id)?.send(text);
  else sockets.get(answer[0])?.send(answer[1] as string);
});
worker.once("online", () => {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  server.on("connection", (socket) => {
    const id = ++opened;
    sockets.set(id, socket);
    socket.on("message", (data: Buffer) => give(id, data.toString()));
    socket.on("close", () => sockets.delete(id));
  });
  server.on("listening", () => process.send?.({ port: (server.address() as { port: number }).port }));
});
answerProbe();
process.on("disconnect", () => process.exit());
