import http from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import { MoonpoolError } from "../../../protocol/main.ts";
import type { Site } from "../site.ts";

/** Told what passes on one WebSocket between the browser and the site. */
export interface Listener {
  fromPage(text: string): void;
  fromHost(text: string): void;
  closed(): void;
}

export interface Proxy {
  /** Where the browser finds the site. */
  origin: string;
  close(): Promise<void>;
}

/** Of one connection, not of what is passed on: RFC 9110, 7.6.1. */
const HOP_BY_HOP = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);
const MOST_WAITING = 1_000;

/**
 * Stands between browsers on this machine and a site, and passes on what both say. Only pages that it has delivered itself may speak
 * to it. `listen` is called for each WebSocket, with the path and query that it asked for.
 * @throws MoonpoolError PORT_IN_USE
 */
export async function startProxy(site: Site, port: number, listen: (path: string) => Listener): Promise<Proxy> {
  const server = http.createServer();
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  const isOwn = ({ headers }: http.IncomingMessage): boolean => {
    const { host = "", origin: from } = headers;
    // Names that lead to this machine by somebody else's will are not ours.
    return /^(127\.0\.0\.1|localhost):\d+$/.test(host) && (from === undefined || from === `http://${host}`);
  };
  /** What to answer with instead of the site: the request is not of its own pages (403), or for no path of it (400). */
  const refusalOf = (request: http.IncomingMessage): number | undefined =>
    isOwn(request) ? (/^\/(?!\/)[^#]*$/.test(request.url ?? "") ? undefined : 400) : 403;
  const browsers = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    browsers.add(socket);
    socket.on("close", () => browsers.delete(socket));
  });
  const upstreams = new Set<WebSocket>();
  server.on("request", (request, response) => {
    const refusal = refusalOf(request);
    if (refusal !== undefined) {
      response.writeHead(refusal).end();
      return;
    }
    const onward = site.request(request.method ?? "GET", request.url ?? "/", headersFor(request, site));
    onward.on("response", (answer) => {
      try {
        response.writeHead(answer.statusCode ?? 502, headersFrom(answer, site, `http://${request.headers.host}`));
      } catch {
        // A status such as 000, which one may get but not give.
        onward.destroy();
        response.destroy();
        return;
      }
      answer.pipe(response);
      answer.on("error", () => response.destroy());
    });
    onward.on("error", () => (response.headersSent ? response.destroy() : response.writeHead(502).end()));
    response.on("close", () => onward.destroy());
    request.pipe(onward);
  });
  server.on("upgrade", (request: http.IncomingMessage, socket: Socket, head: Buffer) => {
    socket.on("error", () => socket.destroy());
    const refusal = refusalOf(request);
    if (refusal !== undefined) {
      socket.end(`HTTP/1.1 ${refusal} ${http.STATUS_CODES[refusal]}\r\nConnection: close\r\n\r\n`);
      return;
    }
    const path = request.url ?? "/";
    const upstream = site.socket(path, request.headers.cookie ?? "");
    upstreams.add(upstream);
    upstream.on("close", () => upstreams.delete(upstream));
    // The browser may go before the site has answered, which only a socket that is read finds out. It says nothing until then.
    const abandon = (): void => {
      upstream.terminate();
      socket.destroy();
    };
    socket.on("end", abandon).on("close", abandon).resume();
    const early: Buffer[] = [];
    const keep = (data: Buffer): void => void (early.length < MOST_WAITING && early.push(data));
    upstream.on("message", keep);
    upstream.on("unexpected-response", (_request, answer) => passOnRefusal(answer, socket));
    upstream.on("error", () => socket.destroy());
    upstream.on("open", () => {
      sockets.handleUpgrade(request, socket, head, (downstream) => {
        socket.off("end", abandon).off("close", abandon);
        upstream.off("message", keep);
        connect(downstream, upstream, early, listen(path));
      });
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(new MoonpoolError("PORT_IN_USE", error.message, {}, error)));
    server.listen(port, "127.0.0.1", resolve);
  });
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    origin,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const upstream of upstreams) upstream.terminate();
      // Those of WebSockets are not the server's any more, but it waits for them.
      for (const browser of browsers) browser.destroy();
      await closed;
    },
  };
}

function connect(page: WebSocket, host: WebSocket, early: Buffer[], listener: Listener): void {
  const toPage = (data: Buffer): void => {
    listener.fromHost(data.toString());
    page.send(data.toString());
  };
  for (const data of early) toPage(data);
  host.on("message", toPage);
  page.on("message", (data: Buffer) => {
    listener.fromPage(data.toString());
    host.send(data.toString());
  });
  const passOnClose = (from: WebSocket, to: WebSocket): void => {
    from.on("error", () => to.terminate());
    from.on("close", (code, reason) => {
      // 1005 and 1006 say that there was no code; nobody may send them.
      if (code === 1005) to.close();
      else if (code === 1006) to.terminate();
      else to.close(code, reason);
    });
  };
  passOnClose(host, page);
  passOnClose(page, host);
  page.once("close", () => listener.closed());
}

function passOnRefusal(answer: http.IncomingMessage, socket: Socket): void {
  let text = "";
  answer.setEncoding("utf8").on("data", (part: string) => (text += part.slice(0, 65_536)));
  answer.on("end", () => {
    const head = `HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}`;
    socket.end(`${head}\r\nConnection: close\r\n\r\n${text}`);
  });
  answer.on("error", () => socket.destroy());
}

/** The headers of a browser's request, as if it had come to the site. */
function headersFor({ headers }: http.IncomingMessage, site: Site): http.OutgoingHttpHeaders {
  const passed: http.OutgoingHttpHeaders = { ...withoutHops(headers), host: new URL(site.origin).host };
  if (headers.origin !== undefined) passed["origin"] = site.origin;
  if (headers.referer !== undefined) passed["referer"] = headers.referer.replace(/^http:\/\/[^/]*/, site.origin);
  return passed;
}

/** The headers of the site's answer, as if they had come from `origin`, which has neither TLS nor the site's name. */
function headersFrom({ headers }: http.IncomingMessage, site: Site, origin: string): http.OutgoingHttpHeaders {
  const passed = withoutHops(headers);
  const { location, "set-cookie": cookies } = headers;
  if (location?.startsWith(`${site.origin}/`)) passed["location"] = origin + location.slice(site.origin.length);
  if (cookies)
    passed["set-cookie"] = cookies.map((cookie) => cookie.replaceAll(/;\s*(Secure|Domain=[^;]*)(?=;|$)/gi, ""));
  delete passed["strict-transport-security"];
  return passed;
}

function withoutHops(headers: http.IncomingHttpHeaders): http.OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_BY_HOP.has(name)));
}
