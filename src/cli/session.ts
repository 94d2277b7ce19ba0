import fs from "node:fs";
import path from "node:path";
import { randomId } from "../host/random-id.ts";
import { decodeState, encodeState, type StateForm } from "../host/state/portable-state.ts";
import { exportSession, journalOf, type ResumeSession, tryJournal } from "../host/state/stored-sessions.ts";
import { findPortable, forgetPortable } from "../host/kept-portable.ts";
import { keptState, refusedBy } from "../host/kept-state.ts";
import { describeSession, readDescription } from "../host/store/session-description.ts";
import type { SessionStore, StoredSession } from "../host/store/session-store.ts";
import { MoonpoolError } from "../protocol/main.ts";
import { errorOf } from "../protocol/wire-error.ts";
import { table } from "./table.ts";

/** A session as `moonpool session list` tells it. */
interface Listed {
  id: string;
  /** Browser tabs that there have been; undefined: the records do not say it. */
  tabs?: number | undefined;
  /** ISO 8601. */
  lastActivity?: string | undefined;
  /** Bytes of its newest snapshot and the records after it. */
  size: number;
  records: number;
  state: "kept" | "damaged";
}

/** All sessions of a store, those that were active last first; damaged ones at the end. As a table, or as JSON. */
export async function listSessions(store: SessionStore, { json }: { json: boolean }): Promise<string> {
  const listed: Listed[] = [];
  // One at a time: all together they may be more than the memory holds.
  for (const { id, description } of await store.list()) listed.push(await look(store, id, description));
  listed.sort((a, b) => (b.lastActivity ?? "").localeCompare(a.lastActivity ?? "") || a.id.localeCompare(b.id));
  if (json) return JSON.stringify(listed, null, 2);
  if (listed.length === 0) return "There are no sessions.";
  return table(
    ["ID", "TABS", "LAST ACTIVITY", "BYTES", "RECORDS", "STATE"],
    listed.map(({ id, tabs, lastActivity, size, records, state }) => [
      id,
      String(tabs ?? "?"),
      lastActivity ?? "?",
      String(size),
      String(records),
      state,
    ]),
  );
}

async function look(store: SessionStore, id: string, text: string): Promise<Listed> {
  const description = readDescription(text);
  let stored: StoredSession | undefined;
  try {
    stored = await store.load(id);
  } catch (error) {
    if (!(error instanceof MoonpoolError) || error.code !== "STORE_CORRUPT") throw error;
  } finally {
    store.release(id);
  }
  const texts = (stored?.records ?? []).reduce((sum, record) => sum + Buffer.byteLength(record), 0);
  return {
    id,
    tabs: stored && tabsOf(stored),
    lastActivity: isoTime(description?.lastActivity),
    size: texts + (stored?.snapshot?.bytes.length ?? 0),
    records: stored?.records.length ?? 0,
    state: stored ? "kept" : "damaged",
  };
}

/** Undefined when its snapshot cannot be read. */
function tabsOf(stored: StoredSession): number | undefined {
  try {
    return keptState(stored).connectionsEver;
  } catch {
    return undefined;
  }
}

function isoTime(time: number | undefined): string | undefined {
  return time === undefined || Math.abs(time) > 8.64e15 ? undefined : new Date(time).toISOString();
}

/** The session whose id is, or begins with, `given`. Rejects with SESSION_MISSING. */
async function find(store: SessionStore, given: string): Promise<{ id: string; description: string }> {
  const all = await store.list();
  const exact = all.find(({ id }) => id === given);
  if (exact) return exact;
  const alike = given === "" ? [] : all.filter(({ id }) => id.startsWith(given));
  const [only] = alike;
  if (only && alike.length === 1) return only;
  throw new MoonpoolError(
    "SESSION_MISSING",
    alike.length > 1
      ? `${alike.length} sessions have an id that begins with ${given}.`
      : `There is no session ${JSON.stringify(given)} in the store.`,
  );
}

export interface Exported {
  file: Buffer;
  id: string;
  /** What is not in it: "app.handler (function)". */
  left: string[];
}

/** A session as a file that another Moonpool can import. The store is not changed. */
export async function exportToFile(
  store: SessionStore,
  given: string,
  options: StateForm & { site: string; version: string; resume: ResumeSession },
): Promise<Exported> {
  const { id } = await find(store, given);
  const stored = await store.load(id);
  if (!stored || (!stored.snapshot && stored.records.length === 0))
    throw new MoonpoolError("SESSION_MISSING", `Nothing is kept of session ${id} but its description.`);
  const { site, version, resume, format, compression } = options;
  const state = await exportSession(id, stored, resume);
  const { left } = JSON.parse(state) as { left: { path: string; what: string }[] };
  const exportedAt = new Date().toISOString();
  const file = encodeState({ state, version, site, session: id, exportedAt }, { format, compression });
  return { file, id, left: left.map(({ path, what }) => `${path} (${what})`) };
}

export interface Imported {
  id: string;
  objects: number;
  /** What could not be restored. */
  notes: string[];
}

/**
 * A new session in the store, from such a file. It is tried first: what the site's code refuses does not get into the store. It
 * comes to life when somebody opens its URL, and belongs to that browser.
 */
export async function importFromFile(
  store: SessionStore,
  bytes: Uint8Array,
  options: { id?: string | undefined; development: boolean; hotload: boolean; resume: ResumeSession },
): Promise<Imported> {
  const { development, hotload, resume } = options;
  const id = options.id ?? randomId();
  if (!/^[0-9a-f]{32}$/.test(id))
    throw new MoonpoolError("CONFIG_INVALID", `--id: ${JSON.stringify(id)} is not an id of 32 digits 0-9 and a-f.`);
  if ((await store.list()).some((session) => session.id === id))
    throw new MoonpoolError("SESSION_EXISTS", `There is a session ${id} in the store already.`);
  const { state } = decodeState(bytes);
  const now = Date.now();
  const records = journalOf(state, { development, hotload }, now);
  const { error, objects, notes } = await tryJournal(id, records, resume);
  if (error) throw errorOf(error);
  for (const record of records) store.append(id, record);
  store.describe(id, describeSession({ browser: "", lastActivity: now, site: "" }));
  await store.flushed();
  return { id, objects, notes: notes.map(({ message }) => message) };
}

/** Where a session is to go back to: a position of its journal, or so many records less than there are. */
export type RewindTarget = { to: number } | { events: number };

/** Takes the last records of a session back. Returns what they were, one line for each, the newest first. */
export async function rewind(
  store: SessionStore,
  given: string,
  target: RewindTarget,
): Promise<{ id: string; position: number; undone: string[] }> {
  const { id } = await find(store, given);
  const history = await store.history(id);
  const last = history.at(-1)?.position ?? 0;
  const position = "to" in target ? target.to : last - target.events;
  if (position >= last)
    throw new MoonpoolError("STORE_POSITION", `The session is at position ${last}, and ${position} is not before it.`);
  // Without its start there is no session.
  if (position < 1)
    throw new MoonpoolError("STORE_POSITION", `The session begins at position 1, and ${position} is before it.`);
  const portable = await findPortable(store, id).catch(() => undefined);
  await store.truncate(id, position);
  if ((portable?.position ?? Infinity) > position) forgetPortable(store, id);
  // What was refused did not happen, also when the record that says so is taken back.
  for (const { position: at, record } of history)
    if (at > position && refusedBy(record) <= position) store.append(id, record);
  await store.flushed();
  const undone = history.filter((entry) => entry.position > position);
  return { id, position, undone: undone.map(lineOf).toReversed() };
}

const LONGEST_LINE = 100;

/** "17 2026-01-01T00:00:00.000Z frame 3: update 12 \"Ada\"". */
function lineOf({ position, record }: { position: number; record: string }): string {
  const [head = "", ...lines] = record.split("\n");
  const [kind = "", number = "", time = ""] = head.split(" ");
  const who = number === "0" ? "" : ` ${number}`;
  const body = (kind === "frame" ? lines.slice(1) : lines).join("; ");
  const line = `${position} ${isoTime(Number(time)) ?? "?"} ${kind}${who}${body === "" ? "" : `: ${body}`}`;
  return line.length > LONGEST_LINE ? `${line.slice(0, LONGEST_LINE - 1)}…` : line;
}

/** Reads a file that was exported. */
export function readStateFile(file: string): Buffer {
  try {
    return fs.readFileSync(file);
  } catch (error) {
    throw new MoonpoolError("CONFIG_INVALID", `${file} cannot be read: ${(error as Error).message}`, {}, error);
  }
}

/** Writes a file, which nobody else on the machine has to see. */
export function writeStateFile(file: string, bytes: Uint8Array): void {
  try {
    fs.mkdirSync(path.dirname(path.resolve(file)), { recursive: true });
    fs.writeFileSync(file, bytes, { mode: 0o600 });
  } catch (error) {
    throw new MoonpoolError("CONFIG_INVALID", `${file} cannot be written: ${(error as Error).message}`, {}, error);
  }
}
