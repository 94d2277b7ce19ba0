// The yardstick without a framework: what somebody writes by hand who needs a page that shows a server's state. The state is
// JavaScript objects in this process, messages are as small as they can be, and the page (page.html) knows what to do with each.
import fs from "node:fs";
import { randomBytes } from "node:crypto";
import websocket from "@fastify/websocket";
import Fastify from "fastify";
import { answerProbe } from "../../support/probe.ts";

interface Row {
  name: string;
  n: number;
  done: boolean;
}

/** A session: a counter, a text, a list. */
class Session {
  n = 0;
  text = "";
  readonly rows: Row[];

  constructor(rows: number) {
    this.rows = Array.from({ length: rows }, (_, i) => ({ name: `row ${i + 1}`, n: i + 1, done: false }));
  }

  /** Does what a page asks for; the answer is what has changed. */
  act(message: { do: string; text?: unknown }): object {
    if (message.do === "step") return { n: ++this.n };
    if (message.do === "type") return { text: (this.text = String(message.text)) };
    const at = Math.floor(this.rows.length / 2);
    const row = this.rows[at];
    if (message.do !== "change" || row === undefined) return { error: "unknown" };
    return { row: at, n: ++row.n };
  }
}

const page = fs.readFileSync("benchmarks/peers/plain/page.html", "utf8");
const sessions = new Map<string, Session>();
const app = Fastify();
await app.register(websocket);
app.get<{ Params: { rows: string } }>("/:rows", (request, reply) => {
  const id = randomBytes(16).toString("hex");
  sessions.set(id, new Session(Number(request.params.rows)));
  return reply.header("set-cookie", `session=${id}; HttpOnly; SameSite=Lax`).type("text/html").send(page);
});
app.get("/socket", { websocket: true }, (socket, request) => {
  const session = sessions.get(/session=([0-9a-f]+)/.exec(request.headers.cookie ?? "")?.[1] ?? "");
  if (session === undefined) return socket.close(1008);
  socket.send(JSON.stringify(session));
  socket.on("message", (data: Buffer) => {
    const message = JSON.parse(data.toString()) as Parameters<Session["act"]>[0];
    socket.send(JSON.stringify(session.act(message)));
  });
});
const address = await app.listen({ host: "127.0.0.1", port: 0 });
process.send?.({ port: Number(new URL(address).port) });
answerProbe();
process.on("disconnect", () => void app.close().then(() => process.exit()));
