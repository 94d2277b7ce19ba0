import type { Dialect } from "./dialect.ts";
import { openingOf } from "./opening.ts";

/** ms; without it LiveViewJS ends a view after a minute. */
const HEARTBEAT = 25_000;
/** What comes for a view begins `["1",`, the answer to a heartbeat `[null,`. */
const QUOTE = '"'.charCodeAt(0);

interface Page {
  text: string;
  cookie: string;
}

async function pageOf(port: number, path: string): Promise<Page> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`);
  const cookies = answer.headers.getSetCookie().map((text) => text.split(";")[0]);
  return { text: await answer.text(), cookie: cookies.join("; ") };
}

/** The page written by hand; `session` is `/` and how many rows it has. */
export const plain: Dialect = async (place) => {
  const { port, session = "/0" } = place;
  const { cookie } = await pageOf(port, session);
  const { socket, opening } = await openingOf(port, "/socket", { cookie }, () => true);
  const what = session === "/0" ? "step" : "change";
  return {
    socket,
    place,
    opening,
    act: (_, text) => socket.send(text === undefined ? `{"do":"${what}"}` : `{"do":"type","text":"${text}"}`),
    isAnswer: () => true,
  };
};

/** A LiveView of LiveViewJS, spoken to as Phoenix's client does; `session` is its path. */
export const liveview: Dialect = async (place) => {
  const { port, session = "/counter" } = place;
  const { text, cookie } = await pageOf(port, session);
  const attribute = (pattern: RegExp): string => {
    const value = pattern.exec(text)?.[1];
    if (value === undefined) throw new Error(`no ${pattern.source} in the page of LiveViewJS`);
    return value;
  };
  const token = attribute(/name="csrf-token" content="([^"]+)"/);
  const topic = `lv:${attribute(/id="(phx-[^"]+)"/)}`;
  const join = {
    url: `http://127.0.0.1:${port}${session}`,
    params: { _csrf_token: token, _mounts: 0 },
    session: attribute(/data-phx-session="([^"]+)"/),
    static: "",
  };
  const path = "/live/websocket?vsn=2.0.0";
  const { socket, opening } = await openingOf(
    port,
    path,
    { cookie },
    () => true,
    (socket) => socket.send(JSON.stringify(["1", "1", topic, "phx_join", join])),
  );
  let reference = 1;
  const timer = setInterval(() => {
    if (socket.isOpen) socket.send(`[null,"${++reference}","phoenix","heartbeat",{}]`);
    else clearInterval(timer);
  }, HEARTBEAT);
  return {
    socket,
    place,
    opening,
    act: (_, text) => {
      const head = `["1","${++reference}","${topic}","event"`;
      const value = `text=${encodeURIComponent(text ?? "")}&_csrf_token=${token}`;
      if (text === undefined) socket.send(`${head},{"type":"click","event":"step","value":{}}]`);
      else socket.send(`${head},{"type":"form","event":"type","value":"${value}"}]`);
    },
    isAnswer: (data, start) => data[start + 1] === QUOTE,
  };
};
