import type { ServerFrame } from "../../src/protocol/message.ts";
import type { Connection, Dialect, Place } from "./dialect.ts";
import { LeanSocket } from "./lean-socket.ts";
import { openingOf } from "./opening.ts";

type Speaking = Pick<Connection, "socket" | "act" | "isAnswer">;

/**
 * An answer is `{"seq":12,"ack":7,"messages":…`: where the numbers are, counted from the start and from the comma. A bare
 * acknowledgement begins with `{"ack":`; what was made before the event was carried out has `"applied"` where the messages are.
 */
const SEQ_AT = 7;
const ACK_AT = 7;
const S = "s".charCodeAt(0);
const M = "m".charCodeAt(0);
const ZERO = "0".charCodeAt(0);
const NINE = "9".charCodeAt(0);

/** Asks for a session, as a page request does. */
export async function newSession(port: number): Promise<Place> {
  const origin = `http://127.0.0.1:${port}`;
  const redirect = await fetch(`${origin}/`, { redirect: "manual" });
  await redirect.arrayBuffer();
  const cookies = redirect.headers.getSetCookie().map((text) => text.split(";")[0]);
  const session = redirect.headers.get("location");
  if (session === null) throw new Error(`no session: ${redirect.status}`);
  return { port, session, cookie: cookies.join("; ") };
}

/** A tab of a Moonpool session: of a new one, unless the place names one. An action is a slot of the app's view. */
export const moonpool: Dialect = async (given, until) => {
  const place = given.session === undefined ? await newSession(given.port) : given;
  const { port, session, cookie = "" } = place;
  let first: number | undefined;
  const { socket, opening } = await openingOf(port, `/_moonpool/ws${session}`, { cookie }, (data, start, end) => {
    const text = data.toString("utf8", start, end);
    first ??= firstOf(text);
    return first !== undefined && (until === undefined || text.includes(until));
  });
  return { ...speak(socket, first ?? 0, opening.frames), place, opening };
};

/** The same frames to a server that sends them back. */
export const echo: Dialect = async (place) => {
  const socket = await LeanSocket.open(place.port, "/");
  return { ...speak(socket, 2, 0, true), place, opening: { frames: 0, bytes: 0, ms: 0 } };
};

/** The first slot's variable of the app's view, if it is in this frame. */
function firstOf(text: string): number | undefined {
  const { messages = [] } = JSON.parse(text) as Partial<ServerFrame>;
  const view = messages.find((message) => message.type === "view" && message.id === 1);
  return view?.type === "view" ? view.first : undefined;
}

/** The number whose first digit is at `at`, and where it ends. */
function numberAt(data: Buffer, at: number): [value: number, end: number] {
  let value = 0;
  for (; ; at++) {
    const digit = data[at] ?? 0;
    if (digit < ZERO || digit > NINE) return [value, at];
    value = 10 * value + digit - ZERO;
  }
}

function speak(socket: LeanSocket, first: number, received: number, isEcho = false): Speaking {
  let [seq, ack] = [0, received];
  return {
    socket,
    act: (action, text) => {
      const value = text === undefined ? "null" : `"${text}"`;
      const message = `{"type":"update","id":${first + action},"value":${value}}`;
      socket.send(`{"seq":${++seq},"ack":${ack},"event":true,"messages":[${message}]}`);
    },
    isAnswer: (data, start) => {
      if (data[start + 2] !== S) return false;
      const [number, end] = numberAt(data, start + SEQ_AT);
      ack = number;
      const [acknowledged, behind] = numberAt(data, end + ACK_AT);
      return isEcho || (acknowledged === seq && data[behind + 2] === M);
    },
  };
}
