// The same counter, text and list as LiveViews of LiveViewJS, on its own Express server.
import { createServer } from "node:http";
import express from "express";
import session from "express-session";
import { WebSocketServer } from "ws";
import { answerProbe } from "../../../dist/benchmarks/support/probe.js";

// As soon as it is loaded LiveViewJS asks a CDN for the types of files that people upload. Nobody does here, and nothing in a
// benchmark leaves the machine.
globalThis.fetch = async () => Response.json({});
const { NodeExpressLiveViewServer } = await import("@liveviewjs/express");
const { createLiveView, html, safe } = await import("liveviewjs");

const counter = createLiveView({
  mount: (socket) => socket.assign({ n: 0 }),
  handleEvent: (_, socket) => socket.assign({ n: socket.context.n + 1 }),
  render: ({ n }) => html`<div><b>${n}</b><button phx-click="step">+1</button></div>`,
});

const form = createLiveView({
  mount: (socket) => socket.assign({ text: "" }),
  handleEvent: ({ text }, socket) => socket.assign({ text }),
  render: ({ text }, { csrfToken }) =>
    html`<form phx-change="type">
      <input type="hidden" name="_csrf_token" value="${csrfToken}" /><input name="text" value="${text}" /><b>${text}</b>
    </form>`,
});

const list = (count) =>
  createLiveView({
    mount: (socket) =>
      socket.assign({
        rows: Array.from({ length: count }, (_, i) => ({ name: `row ${i + 1}`, n: i + 1, done: false })),
      }),
    handleEvent: (_, socket) => {
      const { rows } = socket.context;
      const at = Math.floor(count / 2);
      socket.assign({ rows: rows.with(at, { ...rows[at], n: rows[at].n + 1 }) });
    },
    render: ({ rows }) =>
      html`<div>
        <button phx-click="change">change</button
        >${rows.map(({ name, n, done }) => html`<div><b>${name}</b><b>${n}</b><input type="checkbox" ${done ? safe("checked") : ""} /></div>`)}
      </div>`,
  });

const router = { "/counter": counter, "/form": form, "/list/1000": list(1_000), "/list/10000": list(10_000) };
const page = (_, csrf, content) =>
  html`<!doctype html>
    <html>
      <head>
        <meta charset="utf-8" />
        <meta name="csrf-token" content="${csrf}" />
      </head>
      <body>
        ${safe(content)}
      </body>
    </html>`;

const secret = "a secret that only this benchmark has";
const liveView = new NodeExpressLiveViewServer(router, page, { title: "" }, { serDeSigningSecret: secret });
const app = express();
app.use(session({ secret, resave: false, saveUninitialized: true }));
app.use(liveView.httpMiddleware());
const server = createServer(app);
await liveView.wsMiddleware()(new WebSocketServer({ server }));
server.listen(0, "127.0.0.1", () => process.send?.({ port: server.address().port }));
answerProbe();
process.on("disconnect", () => process.exit());
