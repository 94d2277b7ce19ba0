import type { LeanSocket } from "./lean-socket.ts";

/** Where a connection goes; `session` and `cookie` are those of a session that is there already. */
export interface Place {
  port: number;
  session?: string;
  cookie?: string;
}

/** A connection of a page that does not render, whatever server it is to. */
export interface Connection {
  socket: LeanSocket;
  /** The session's path and cookie, for a second page of it. */
  place: Place;
  /** What the first messages were: their number, their bytes, and ms from the open socket to the last of them. */
  opening: { frames: number; bytes: number; ms: number };
  /** Does the thing number `action`, or types a text, which is ASCII without quotes, in it. */
  act: (action: number, text?: string) => void;
  /** Is a message the answer to it? Called for each message once. */
  isAnswer: (data: Buffer, start: number, end: number) => boolean;
}

/** How a kind of server is spoken to. `until` is a text by which the last message of the opening is known, if not by its form. */
export type Dialect = (place: Place, until?: string) => Promise<Connection>;
