import http from "node:http";
import type { AddressInfo } from "node:net";
import type { Test } from "tap";
import { WebSocketServer } from "ws";

const SESSION = "0123456789abcdef0123456789abcdef";
const welcome = { type: "welcome", protocol: 1, connection: 1, development: false };
const viewdefs = {
  "App.DEFAULT": {
    html: `<div><ul ui-viewlist="rows"></ul></div>`,
    bindings: [{ at: 1, kind: "list", slot: 0 }],
  },
  "Row.list-item": { html: `<li ui-action="hit()"></li>`, bindings: [{ at: 0, kind: "action", slot: 0 }] },
};
const shown = [
  welcome,
  { type: "update", id: 1, properties: { viewdefs } },
  { type: "view", id: 1, viewdef: "App.DEFAULT", first: 2, values: [null] },
];
const frame = (seq: number, messages: unknown[]): string => JSON.stringify({ seq, ack: 0, messages });

/** What a site says first on each socket, instead of what it should. */
const said = {
  "not-json": ["{"],
  "no-welcome": [frame(1, [])],
  gap: [frame(1, shown), frame(3, [])],
  "many-rows": [frame(1, [...shown, { type: "list", id: 2, place: [{ row: 3, count: 4_000_000_000, before: 0 }] }])],
  // A list that stands in itself, whose rows show the list again.
  "own-row": [
    frame(1, [
      ...shown,
      { type: "list", id: 2, place: [{ row: 2, before: 0 }] },
      { type: "view", id: 2, viewdef: "Row.list-item", first: 2, values: [null] },
    ]),
    frame(2, [{ type: "list", id: 2, remove: [2] }]),
  ],
  silent: [],
} satisfies Record<string, string[]>;

export type Hostility = keyof typeof said;

/** A site that is none of ours and means no good; closed after the test. Gives its address. */
export async function hostile(t: Test, kind: Hostility): Promise<string> {
  const server = http.createServer((request, response) => {
    if (request.url === "/") return response.writeHead(303, { location: `/${SESSION}` }).end();
    const facts = JSON.stringify({ prefix: "", session: SESSION }).replaceAll('"', "&#34;");
    return response.end(`<meta name="moonpool" content="${facts}">`);
  });
  const sockets = new WebSocketServer({ server });
  sockets.on("connection", (socket) => {
    for (const text of said[kind]) socket.send(text);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.teardown(() => {
    for (const socket of sockets.clients) socket.terminate();
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}
