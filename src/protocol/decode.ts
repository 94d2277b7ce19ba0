import { MoonpoolError, type ErrorCode } from "./error-code.ts";
import type { AckFrame, ClientFrame, ClientMessage, Value } from "./message.ts";
import { MAX_WINDOW } from "./viewdef.ts";

/**
 * Untrusted text becomes a frame here and nowhere else. Rules:
 *
 * - Types are exact; nothing is converted. Ids are safe integers, numbers are finite.
 * - Fields that docs/protocol.md does not name are dropped, so that a newer client may talk to an older host; what is
 *   returned holds known fields only. A message type that is not known is refused: it would change something.
 * - One bad message refuses the whole frame. Its `seq`, if it can be read, comes with the error, because a refused
 *   frame uses up its number: the client goes on with the next one.
 */

/** What a host accepts in one frame. */
export interface FrameLimits {
  /** UTF-8 bytes; the text's length is compared, so multi-byte text must be measured by the caller before. */
  maxBytes: number;
  maxMessages: number;
}

/** Arrays and objects inside one another in a `value`; as deep as the arrays that a session sends. */
export const MAX_VALUE_DEPTH = 32;
/** Values in all the `value`s of a frame: every number, text, element and field is one, every array and object too. */
export const MAX_VALUES = 10_000;
/** Characters of a path, and of an error report's code and message. */
const MAX_PATH = 1_000;
const MAX_REPORT = 10_000;

/** Why a frame is refused, with its `seq` as far as that could be read. */
export class FrameError extends MoonpoolError {
  readonly seq: number | undefined;

  constructor(code: ErrorCode, message: string | undefined, seq: number | undefined) {
    super(code, message);
    this.seq = seq;
  }
}

/**
 * The frame in `text`. Throws FrameError: FRAME_TOO_LARGE, FRAME_NOT_JSON, FRAME_TOO_MANY or FRAME_INVALID, the last
 * with a message that names the place, such as `messages[2].id`. Cost: one JSON.parse and one walk over the values.
 */
export function decodeFrame(text: string, limits: FrameLimits): ClientFrame | AckFrame {
  if (text.length > limits.maxBytes) throw tooLarge(text, limits.maxBytes);
  let frame: unknown;
  try {
    frame = JSON.parse(text);
  } catch {
    throw new FrameError("FRAME_NOT_JSON", undefined, peekSeq(text));
  }
  if (!isRecord(frame)) throw new FrameError("FRAME_INVALID", "The frame is not an object.", undefined);
  if (!Object.hasOwn(frame, "seq")) return ackFrame(frame);
  const seq = frame["seq"];
  if (!isNatural(seq) || seq === 0) throw invalid("seq", "is not a whole number from 1", undefined);
  return { seq, ...clientFrame(frame, seq, limits.maxMessages) };
}

/** The error for a frame of more than `maxBytes`; `head` is the frame's beginning. */
export function tooLarge(head: string, maxBytes: number): FrameError {
  return new FrameError("FRAME_TOO_LARGE", `The frame is larger than ${maxBytes} bytes.`, peekSeq(head));
}

/**
 * The `seq` of a frame that is not going to be parsed, if it is the frame's first field (docs/protocol.md asks for
 * that). Looks at the first 64 characters only.
 */
export function peekSeq(head: string): number | undefined {
  const digits = /^\s*\{\s*"seq"\s*:\s*([1-9]\d{0,15})\s*[,}]/.exec(head.slice(0, 64))?.[1];
  const seq = Number(digits);
  return Number.isSafeInteger(seq) ? seq : undefined;
}

function ackFrame(frame: Record<string, unknown>): AckFrame {
  if (Object.hasOwn(frame, "messages")) throw invalid("seq", "is missing", undefined);
  const ack = field(frame, "ack");
  if (!isNatural(ack)) throw invalid("ack", "is not a whole number from 0", undefined);
  return frame["ping"] === true ? { ack, ping: true } : { ack };
}

function clientFrame(frame: Record<string, unknown>, seq: number, maxMessages: number): Omit<ClientFrame, "seq"> {
  const ack = field(frame, "ack");
  if (!isNatural(ack)) throw invalid("ack", "is not a whole number from 0", seq);
  const event = field(frame, "event");
  if (typeof event !== "boolean") throw invalid("event", "is not true or false", seq);
  const messages = field(frame, "messages");
  if (!Array.isArray(messages)) throw invalid("messages", "is not an array", seq);
  if (messages.length > maxMessages) {
    throw new FrameError(
      "FRAME_TOO_MANY",
      `The frame holds ${messages.length} messages; ${maxMessages} are allowed.`,
      seq,
    );
  }
  const budget = { left: MAX_VALUES };
  return {
    ack,
    event,
    messages: messages.map((message, index) => clientMessage(message, `messages[${index}]`, seq, budget)),
  };
}

/** How many more values a frame may hold. */
interface Budget {
  left: number;
}

function clientMessage(message: unknown, where: string, seq: number, budget: Budget): ClientMessage {
  if (!isRecord(message)) throw invalid(where, "is not an object", seq);
  const type = field(message, "type");
  switch (type) {
    case "update": {
      const id = field(message, "id");
      if (!isId(id)) throw invalid(`${where}.id`, "is not a whole number other than 0", seq);
      if (!Object.hasOwn(message, "value")) throw invalid(`${where}.value`, "is missing", seq);
      const value = message["value"];
      const problem = valueProblem(value, 1, budget);
      if (problem !== undefined) throw invalid(`${where}.value${problem.at}`, problem.text, seq);
      return { type, id, value: value as Value };
    }
    case "create": {
      const id = field(message, "id");
      if (!isId(id) || id > 0) throw invalid(`${where}.id`, "is not a negative whole number", seq);
      const parent = field(message, "parent");
      if (!isId(parent)) throw invalid(`${where}.parent`, "is not a whole number other than 0", seq);
      return { type, id, parent, path: text(message, "path", MAX_PATH, where, seq) };
    }
    case "destroy": {
      const id = field(message, "id");
      if (!isId(id) || id > 0) throw invalid(`${where}.id`, "is not a negative whole number", seq);
      return { type, id };
    }
    case "window": {
      const id = field(message, "id");
      if (!isId(id)) throw invalid(`${where}.id`, "is not a whole number other than 0", seq);
      const start = field(message, "start");
      if (!isNatural(start)) throw invalid(`${where}.start`, "is not a whole number from 0", seq);
      const count = field(message, "count");
      if (!isNatural(count) || count === 0 || count > MAX_WINDOW)
        throw invalid(`${where}.count`, `is not a whole number from 1 to ${MAX_WINDOW}`, seq);
      const keep = field(message, "keep");
      if (keep === undefined) return { type, id, start, count };
      if (!isId(keep)) throw invalid(`${where}.keep`, "is not a whole number other than 0", seq);
      return { type, id, start, count, keep };
    }
    case "error": {
      const code = text(message, "code", MAX_PATH, where, seq);
      const report = { type, code, message: text(message, "message", MAX_REPORT, where, seq) } as const;
      const id = field(message, "id");
      if (id === undefined) return report;
      if (!isId(id)) throw invalid(`${where}.id`, "is not a whole number other than 0", seq);
      return { ...report, id };
    }
    default:
      throw invalid(`${where}.type`, `is none of update, create, destroy, window, error: ${excerpt(type)}`, seq);
  }
}

interface Problem {
  at: string;
  text: string;
}

/** What is wrong with a parsed JSON value, and where in it. Only depth, number of parts and infinite numbers can be. */
function valueProblem(value: unknown, depth: number, budget: Budget): Problem | undefined {
  if (--budget.left < 0) return { at: "", text: `is one more than the ${MAX_VALUES} values that a frame may hold` };
  if (typeof value === "number") return Number.isFinite(value) ? undefined : { at: "", text: "is not a finite number" };
  if (typeof value !== "object" || value === null) return undefined;
  if (depth > MAX_VALUE_DEPTH) return { at: "", text: `is nested deeper than ${MAX_VALUE_DEPTH}` };
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      const problem = valueProblem(value[index], depth + 1, budget);
      if (problem !== undefined) return inside(`[${index}]`, problem);
    }
    return undefined;
  }
  for (const name of Object.keys(value)) {
    const problem = valueProblem((value as Record<string, unknown>)[name], depth + 1, budget);
    if (problem !== undefined) return inside(`.${name.slice(0, 40)}`, problem);
  }
  return undefined;
}

/** Paths of values nested too deeply would be long and say little, so they end early. */
function inside(step: string, problem: Problem): Problem {
  return { at: problem.at.length > 60 ? `${step}…` : step + problem.at, text: problem.text };
}

function text(message: Record<string, unknown>, name: string, max: number, where: string, seq: number): string {
  const value = field(message, name);
  if (typeof value !== "string" || value === "") throw invalid(`${where}.${name}`, "is not a text", seq);
  if (value.length > max) throw invalid(`${where}.${name}`, `is longer than ${max} characters`, seq);
  return value;
}

function invalid(where: string, problem: string, seq: number | undefined): FrameError {
  return new FrameError("FRAME_INVALID", `${where} ${problem}.`, seq);
}

/** Never the value itself when it is an object: one nested deeply enough breaks JSON.stringify. */
function excerpt(value: unknown): string {
  if (typeof value !== "string") return value === undefined ? "missing" : typeof value;
  return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
}

/** Own fields only: `{"__proto__": {"seq": 1}}` must not look like a frame with a seq. */
function field(record: Record<string, unknown>, name: string): unknown {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isNatural(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isId(value: unknown): value is number {
  return Number.isSafeInteger(value) && value !== 0;
}
