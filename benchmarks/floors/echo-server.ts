// What every event is compared with: a bare ws server that sends every frame back.
import { WebSocketServer } from "ws";
import { answerProbe } from "../support/probe.ts";

const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
server.on("connection", (socket) => socket.on("message", (data) => socket.send(data as Buffer, { binary: false })));
server.on("listening", () => process.send?.({ port: (server.address() as { port: number }).port }));
answerProbe();
process.on("disconnect", () => process.exit());
