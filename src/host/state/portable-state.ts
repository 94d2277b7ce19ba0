import { createHash } from "node:crypto";
import zlib from "node:zlib";
import { Packr } from "msgpackr";
import { MoonpoolError } from "../../protocol/error-code.ts";
import { checkMessagePack } from "./message-pack.ts";

/** A session's portable state, with where it comes from. */
export interface PortableState {
  /** JSON as the session's runtime gave it. */
  state: string;
  /** Of Moonpool, when it was exported. */
  version: string;
  /** Name of the site. */
  site: string;
  session: string;
  /** ISO 8601. */
  exportedAt: string;
}

/** How the state stands in the file. */
export interface StateForm {
  format: "json" | "msgpack";
  compression: "brotli" | "none";
}

const MAGIC = "moonpool-state";
const FORMAT = 1;
const FIRST_LINE = new RegExp(`^${MAGIC} ([0-9]{1,9}) ([0-9a-f]{64})\n$`);
const FIRST_LINE_MOST = 100;
const HEADER_MOST = 10_000;
const NEWLINE = 10;
/** Bytes of a state, unpacked: as much as a session may have by default. */
const STATE_MOST = 64 * 2 ** 20;

/** The default is the highest quality, which takes ten times as long for nothing worth it. */
const BROTLI = { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 5 } };

const packr = new Packr({ useRecords: false });

/**
 * The portable state as a file:
 *
 *     moonpool-state 1 <SHA-256 of all after this line>
 *     {"format":"json","compression":"brotli","size":1234,"version":…,"site":…,"session":…,"exportedAt":…}
 *     <the state: JSON or MessagePack, as it is or compressed>
 */
export function encodeState(portable: PortableState, { format, compression }: StateForm): Buffer {
  const { state, ...origin } = portable;
  const plain = format === "json" ? Buffer.from(state) : packr.pack(JSON.parse(state));
  const header = { format, compression, size: plain.length, ...origin };
  const body = Buffer.concat([
    Buffer.from(`${JSON.stringify(header)}\n`),
    compression === "none" ? plain : zlib.brotliCompressSync(plain, BROTLI),
  ]);
  return Buffer.concat([Buffer.from(`${MAGIC} ${FORMAT} ${checksum(body)}\n`), body]);
}

/**
 * Takes such a file apart, which may be anything. Nothing is unpacked before the checksum is found right, and never more than
 * `most` bytes.
 * @throws MoonpoolError STATE_INVALID, STATE_VERSION, STATE_TOO_LARGE
 */
export function decodeState(bytes: Uint8Array, { most = STATE_MOST } = {}): PortableState & StateForm {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [first, body] = cut(file, FIRST_LINE_MOST);
  const [, format, sum] = FIRST_LINE.exec(first) ?? [];
  if (format === undefined) throw invalid("The file is no portable state of Moonpool.");
  if (Number(format) !== FORMAT)
    throw new MoonpoolError(
      "STATE_VERSION",
      `The file has format ${format}, and this version of Moonpool reads format ${FORMAT}.`,
    );
  if (checksum(body) !== sum) throw invalid("The file was damaged: its checksum is not right.");
  const [line, payload] = cut(body, HEADER_MOST);
  const { size, ...header } = readHeader(line);
  if (size > most)
    throw new MoonpoolError("STATE_TOO_LARGE", `The state has ${size} bytes; ${most} are the most that is allowed.`);
  const plain = header.compression === "none" ? payload : unpack(payload, size);
  if (plain.length !== size) throw invalid("The state has another size than the file says.");
  return { ...header, state: header.format === "json" ? jsonText(plain) : messagePackText(plain) };
}

/** The first line, and what comes after it. */
function cut(bytes: Buffer, most: number): [line: string, rest: Buffer] {
  const end = bytes.subarray(0, most).indexOf(NEWLINE) + 1;
  return [bytes.toString("utf8", 0, end), bytes.subarray(end)];
}

function readHeader(line: string): StateForm & Omit<PortableState, "state"> & { size: number } {
  const header = parse(line);
  if (typeof header !== "object" || header === null) throw invalid("The file's second line is no JSON object.");
  const { format, compression, size, version, site, session, exportedAt } = header as Record<string, unknown>;
  if (format !== "json" && format !== "msgpack") throw invalid("The state is neither JSON nor MessagePack.");
  if (compression !== "brotli" && compression !== "none") throw invalid("The state is compressed in an unknown way.");
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) throw invalid("The file has no size.");
  if (
    typeof version !== "string" ||
    typeof site !== "string" ||
    typeof session !== "string" ||
    typeof exportedAt !== "string"
  )
    throw invalid("The file does not say where it comes from.");
  return { format, compression, size, version, site, session, exportedAt };
}

function unpack(payload: Buffer, size: number): Buffer {
  try {
    return zlib.brotliDecompressSync(payload, { maxOutputLength: Math.max(1, size) });
  } catch (error) {
    throw invalid("The state cannot be unpacked.", error);
  }
}

function jsonText(plain: Buffer): string {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(plain);
  } catch (error) {
    throw invalid("The state is no UTF-8 text.", error);
  }
  parse(text);
  return text;
}

function messagePackText(plain: Buffer): string {
  const problem = checkMessagePack(plain);
  if (problem !== undefined) throw invalid(`The state is no MessagePack with the content of JSON: ${problem}.`);
  return JSON.stringify(packr.unpack(plain));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalid("The state is no JSON.", error);
  }
}

function checksum(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function invalid(message: string, cause?: unknown): MoonpoolError {
  return new MoonpoolError("STATE_INVALID", message, {}, cause);
}
