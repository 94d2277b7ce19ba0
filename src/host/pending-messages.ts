import { MoonpoolError, type List, type Reload, type ServerMessage, type Update } from "../protocol/main.ts";

/** 0 is the highest. */
export type PriorityRank = 0 | 1 | 2;

/** What goes into one frame. */
export interface PendingFrame {
  /** The browser's frames that had been carried out when the messages were made. */
  applied: number;
  /** JSON texts joined by commas, highest priority first. */
  messages: string;
}

interface Entry {
  rank: PriorityRank;
  applied: number;
  message: ServerMessage;
}

/** So many of the newest notices are kept; a page shows fewer. */
const MAX_NOTICES = 20;
/** Faults are kept up to this number; a connection that reads nothing needs no more to know that it is in trouble. */
const MAX_FAULTS = 32;

/**
 * What a connection that cannot take more is still to be sent: the latest value per variable and property, the latest
 * view per variable, all list messages in order, one notice of reloads, the newest of the app's notices. Messages are parsed here, so this is not the usual path.
 *
 *     entries   "update 0 1 7" → …   "view 5" → …   "list 1" → …      oldest first
 *     keys      7 → {"update 0 1 7"}   5 → {"view 5"}   …               what there is of a variable
 *
 * A message that supersedes another takes its place at the end: an `update` may follow the `view` on the same id. What
 * stood below a superseded view or a removed row was never shown and goes too, as far as the pending messages tell:
 * ids are never reused, so nothing can be meant for them later.
 *
 * Values that were made before one of the browser's frames and after it are not merged: they go in frames of their own,
 * or the browser would take the older ones for news.
 */
export class PendingMessages {
  readonly #entries = new Map<string, Entry>();
  readonly #keys = new Map<number, Set<string>>();
  #serial = 0;
  #faults = 0;
  #notices = 0;

  get isEmpty(): boolean {
    return this.#entries.size === 0;
  }

  /**
   * Adds messages: JSON texts joined by commas, as they come from a worker. `applied` is how many of the browser's frames
   * had been carried out then; it never falls.
   */
  add(fragments: string, rank: PriorityRank, applied: number): void {
    let messages: ServerMessage[];
    try {
      messages = JSON.parse(`[${fragments}]`) as ServerMessage[];
    } catch {
      // Only a mistake in the runtime leads here; it must not end the host.
      const text = "The session made a message that is not JSON.";
      messages = [{ type: "error", ...new MoonpoolError("INTERNAL", text).toWire() }];
    }
    for (const message of messages) this.#add({ rank, applied, message });
  }

  /** The messages as frames, oldest first. Leaves nothing behind. */
  take(): PendingFrame[] {
    const frames = new Map<number, [string[], string[], string[]]>();
    for (const { rank, applied, message } of this.#entries.values()) {
      const ranked = frames.get(applied) ?? [[], [], []];
      frames.set(applied, ranked);
      ranked[rank].push(JSON.stringify(message));
    }
    this.#entries.clear();
    this.#keys.clear();
    this.#faults = 0;
    return Array.from(frames, ([applied, ranked]) => ({ applied, messages: ranked.flat().join(",") }));
  }

  #add(entry: Entry): void {
    const { message } = entry;
    switch (message.type) {
      case "update":
        return this.#addUpdate(message, entry);
      case "view":
        this.#dropView(message.id);
        return this.#put(message.id, viewKey(message.id), entry);
      case "list":
        for (const row of message.remove ?? []) this.#dropVariable(row);
        return this.#put(message.id, `list ${this.#serial++}`, entry);
      case "error":
        if (this.#faults++ < MAX_FAULTS) this.#entries.set(`error ${this.#serial++}`, entry);
        return undefined;
      case "welcome":
        this.#entries.set("welcome", entry);
        return undefined;
      case "refresh":
        // What variables hold comes once more after it.
        for (const [key, { message: former }] of this.#entries) if ("id" in former) this.#entries.delete(key);
        this.#keys.clear();
        this.#entries.set("refresh", entry);
        return undefined;
      case "notify":
        this.#entries.delete(`notify ${this.#notices - MAX_NOTICES}`);
        this.#entries.set(`notify ${this.#notices++}`, entry);
        return undefined;
      case "reload":
        return this.#addReload(message, entry);
    }
  }

  #addUpdate(message: Update, { rank, applied }: Entry): void {
    const { id } = message;
    const key = `update ${applied} ${rank} ${id}`;
    for (const other of this.#keys.get(id) ?? []) {
      const older = this.#entries.get(other);
      if (other === key || older?.message.type !== "update" || older.rank !== rank) continue;
      const rest = without(older.message, message);
      if (rest === undefined) this.#delete(id, other);
      else older.message = rest;
    }
    const former = this.#entries.get(key)?.message as Update | undefined;
    const merged: Update = { ...former, ...message };
    if (former?.properties !== undefined && message.properties !== undefined) {
      merged.properties = { ...former.properties, ...message.properties };
    }
    this.#put(id, key, { rank, applied, message: merged });
  }

  /** The latest notice and the latest errors are enough; of files that changed none may be missed. */
  #addReload(message: Reload, entry: Entry): void {
    const former = this.#entries.get("reload")?.message as Reload | undefined;
    const assets = new Set([...(former?.assets ?? []), ...(message.assets ?? [])]);
    const merged: Reload = { ...former, ...message, ...(assets.size > 0 && { assets: [...assets] }) };
    this.#entries.delete("reload");
    this.#entries.set("reload", { ...entry, message: merged });
  }

  #put(id: number, key: string, entry: Entry): void {
    const keys = this.#keys.get(id);
    if (keys === undefined) this.#keys.set(id, new Set([key]));
    else keys.add(key);
    this.#entries.delete(key);
    this.#entries.set(key, entry);
  }

  #delete(id: number, key: string): void {
    const keys = this.#keys.get(id);
    keys?.delete(key);
    if (keys?.size === 0) this.#keys.delete(id);
    this.#entries.delete(key);
  }

  /** Forgets everything about variable `id` and what is below it. */
  #dropVariable(id: number): void {
    this.#dropView(id);
    for (const key of this.#keys.get(id) ?? []) {
      const { message } = this.#entries.get(key) ?? {};
      this.#delete(id, key);
      if (message?.type === "list") this.#dropRows(message);
    }
  }

  #dropRows({ place = [] }: List): void {
    for (const { row, count = 1 } of place) {
      for (let offset = 0; offset < count; offset++) this.#dropVariable(row + offset);
    }
  }

  #dropView(id: number): void {
    const { message } = this.#entries.get(viewKey(id)) ?? {};
    if (message?.type !== "view") return;
    this.#delete(id, viewKey(id));
    const { first, values = [] } = message;
    if (first === undefined) return;
    for (let offset = 0; offset < values.length; offset++) this.#dropVariable(first + offset);
  }
}

/** What of `older` is still news after `newer`; nothing if there is none. */
function without(older: Update, newer: Update): Update | undefined {
  const { value, error, properties, ...rest } = older;
  const left = Object.entries(properties ?? {}).filter(([name]) => !Object.hasOwn(newer.properties ?? {}, name));
  const remaining: Update = {
    ...rest,
    ...(value !== undefined && newer.value === undefined && { value }),
    ...(left.length > 0 && { properties: Object.fromEntries(left) as NonNullable<Update["properties"]> }),
    ...(error !== undefined && newer.error === undefined && { error }),
  };
  return Object.keys(remaining).length > Object.keys(rest).length ? remaining : undefined;
}

function viewKey(id: number): string {
  return `view ${id}`;
}
