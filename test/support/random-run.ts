import { createHash } from "node:crypto";
import type { MemoryImage } from "../../src/protocol/session-image.ts";
import { frameBody, type SessionRequest, sessionEvent } from "../../src/protocol/worker-message.ts";
import type { LuaVm } from "../../src/workers/lua-vm.ts";
import { operations, type ReplaySite } from "./replay-site.ts";

/** Random numbers that the same seed gives again (mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** From 0 to `limit - 1`. */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)]!;
  }
}

const VALUES = [null, true, 7, 0.1, "fail", "text ü", [1, 2], { a: 1 }, "x".repeat(9000)];
/** The first variable of the app's view, and where the page writes what is to be done. */
const FIRST = 2;
const START = 1_700_000_000_000;
const TIME_LIMIT = 60_000;

/** A session's journal: texts of events, most of which make the app do something. Event 0 starts it. */
export function randomJournal(seed: number, length: number): string[] {
  const random = new Random(seed);
  let now = START;
  const hex = (seed >>> 0).toString(16).padStart(8, "0");
  const start = JSON.stringify({
    seed: hex.repeat(4),
    development: random.below(2) === 0,
    hotload: random.below(2) === 0,
  });
  const texts = [sessionEvent("start", 0, now, start), sessionEvent("connect", 1, now, "{}")];
  let connections = 1;
  while (texts.length < length) {
    now += random.pick([0, 1, 7, 50]);
    const number = 1 + random.below(connections);
    const kind = random.below(20);
    if (kind < 3) texts.push(sessionEvent("timer", 0, now));
    else if (kind === 3 && connections < 3) texts.push(sessionEvent("connect", ++connections, now, "{}"));
    else if (kind === 4 && number > 1)
      texts.push(sessionEvent(random.pick(["pause", "resume", "disconnect"]), number, now));
    else texts.push(sessionEvent("frame", number, now, randomFrame(random)));
  }
  return texts;
}

function randomFrame(random: Random): string {
  const messages: SessionRequest[] = [];
  for (let count = 1 + random.below(3); count > 0; count--) {
    const kind = random.below(10);
    if (kind < 7) messages.push({ type: "update", id: FIRST, value: [randomOperation(random), 1 + random.below(60)] });
    else if (kind < 9) messages.push({ type: "update", id: random.below(60), value: random.pick(VALUES) });
    else if (random.below(2) === 0)
      messages.push({ type: "create", id: -1 - random.below(3), parent: 1, path: "address()" });
    else messages.push({ type: "destroy", id: -1 - random.below(3) });
  }
  return frameBody(random.below(2) === 0, messages);
}

function randomOperation(random: Random): number {
  const operation = random.below(operations.count);
  return operation === operations.hunger && random.below(25) > 0 ? 0 : operation;
}

/** Dispatches events in a VM; gives what came of each: the text of its outcome, what it logged, or why it failed. */
export function dispatchAll(vm: LuaVm, site: ReplaySite, texts: readonly string[]): string[] {
  vm.host = (name, argument) => site.answer(name, argument);
  return texts.map((text) => {
    let outcome: string;
    try {
      outcome = vm.dispatch(text, { timeLimit: TIME_LIMIT });
    } catch (error) {
      outcome = String(error);
    }
    return [outcome, ...site.logs.splice(0)].join("\n");
  });
}

/** Where two images differ, as addresses and the bytes there; undefined when they are the same. How large the VM was is not compared. */
export function imageDifference(one: MemoryImage, other: MemoryImage): string | undefined {
  if (digestOf(one) === digestOf(other)) return undefined;
  const [a, b] = [bytesOf(one), bytesOf(other)];
  const addresses = [...new Set([...a.keys(), ...b.keys()])].filter((address) => a.get(address) !== b.get(address));
  const shown = addresses.slice(0, 20).map((at) => `${at.toString(16)}: ${a.get(at)} and ${b.get(at)}`);
  return `images differ in ${addresses.length} bytes: ${shown.join(", ")}`;
}

/** The same for images that are the same. */
export function digestOf({ runs, data }: MemoryImage): string {
  return createHash("sha256").update(runs).update(data).digest("hex");
}

function bytesOf({ runs, data }: MemoryImage): Map<number, number> {
  const bytes = new Map<number, number>();
  let from = 0;
  for (let index = 0; index < runs.length; index += 2)
    for (let offset = 0; offset < runs[index + 1]!; offset++) bytes.set(runs[index]! + offset, data[from++]!);
  return bytes;
}
