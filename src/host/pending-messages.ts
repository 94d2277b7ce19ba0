import { MoonpoolError, type List, type ServerMessage, type Update, type View } from "../protocol/main.ts";

/** 0 is the highest. */
export type PriorityRank = 0 | 1 | 2;

interface Entry {
  rank: PriorityRank;
  message: ServerMessage;
}

/** Faults are kept up to this number; a connection that reads nothing needs no more to know that it is in trouble. */
const MAX_FAULTS = 32;

/**
 * What a connection that cannot take more is still to be sent: the latest value per variable and property, the latest
 * view per variable, all list messages in order. Messages are parsed here, so this is not the usual path.
 *
 *     entries   "update 7" → …   "view 5" → …   "list 1" → …      in the order they will be sent within a priority
 *
 * A message that supersedes another takes its place at the end: an `update` may follow the `view` on the same id. What
 * stood below a superseded view or a removed row was never shown and goes too, as far as the pending messages tell:
 * ids are never reused, so nothing can be meant for them later.
 */
export class PendingMessages {
  readonly #entries = new Map<string, Entry>();
  readonly #lists = new Map<number, string[]>();
  #serial = 0;
  #faults = 0;

  get isEmpty(): boolean {
    return this.#entries.size === 0;
  }

  /** Adds messages: JSON texts joined by commas, as they come from a worker. */
  add(fragments: string, rank: PriorityRank): void {
    let messages: ServerMessage[];
    try {
      messages = JSON.parse(`[${fragments}]`) as ServerMessage[];
    } catch {
      // Only a mistake in the runtime leads here; it must not end the host.
      const text = "The session made a message that is not JSON.";
      messages = [{ type: "error", ...new MoonpoolError("INTERNAL", text).toWire() }];
    }
    for (const message of messages) this.#add(message, rank);
  }

  /** The messages in the form of `add`, highest priority first. Leaves nothing behind. */
  take(): string {
    const ranked: string[][] = [[], [], []];
    for (const { rank, message } of this.#entries.values()) ranked[rank]?.push(JSON.stringify(message));
    this.#entries.clear();
    this.#lists.clear();
    this.#faults = 0;
    return ranked.flat().join(",");
  }

  #add(message: ServerMessage, rank: PriorityRank): void {
    switch (message.type) {
      case "update":
        return this.#addUpdate(message, rank);
      case "view":
        this.#dropBelow(message.id);
        return this.#put(viewKey(message.id), { rank, message });
      case "list":
        return this.#addList(message, rank);
      case "error":
        if (this.#faults++ >= MAX_FAULTS) return undefined;
        return this.#put(`error ${this.#serial++}`, { rank, message });
      case "welcome":
        return this.#put("welcome", { rank, message });
    }
  }

  #addUpdate(message: Update, rank: PriorityRank): void {
    const key = updateKey(message.id, rank);
    const former = this.#entries.get(key)?.message as Update | undefined;
    const merged: Update = { ...former, ...message };
    if (former?.properties !== undefined && message.properties !== undefined) {
      merged.properties = { ...former.properties, ...message.properties };
    }
    this.#put(key, { rank, message: merged });
  }

  #addList(message: List, rank: PriorityRank): void {
    for (const row of message.remove ?? []) this.#dropVariable(row);
    const key = `list ${this.#serial++}`;
    const keys = this.#lists.get(message.id);
    if (keys === undefined) this.#lists.set(message.id, [key]);
    else keys.push(key);
    this.#put(key, { rank, message });
  }

  #put(key: string, entry: Entry): void {
    this.#entries.delete(key);
    this.#entries.set(key, entry);
  }

  /** Forgets everything about variable `id` and what is below it. */
  #dropVariable(id: number): void {
    this.#dropBelow(id);
    this.#entries.delete(viewKey(id));
    for (const rank of [0, 1, 2] as const) this.#entries.delete(updateKey(id, rank));
    for (const key of this.#lists.get(id) ?? []) {
      const list = this.#entries.get(key)?.message as List | undefined;
      this.#entries.delete(key);
      for (const { row, count = 1 } of list?.place ?? []) {
        for (let offset = 0; offset < count; offset++) this.#dropVariable(row + offset);
      }
    }
    this.#lists.delete(id);
  }

  #dropBelow(id: number): void {
    const view = this.#entries.get(viewKey(id))?.message as View | undefined;
    if (view?.first === undefined) return;
    for (let offset = 0; offset < (view.values?.length ?? 0); offset++) this.#dropVariable(view.first + offset);
  }
}

function updateKey(id: number, rank: PriorityRank): string {
  return `update ${rank} ${id}`;
}

function viewKey(id: number): string {
  return `view ${id}`;
}
