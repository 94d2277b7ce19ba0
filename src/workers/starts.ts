import { MoonpoolError, type WireError } from "../protocol/error-code.ts";
import { readOutcomeHead } from "../protocol/outcome.ts";
import type { BaseImage, MemoryImage } from "../protocol/session-image.ts";
import { imageOfBase } from "./image.ts";
import type { LuaVm } from "./lua-vm.ts";
import type { Sighting, SiteModules } from "./site-modules.ts";

/** Beyond this the log entries of a start are not kept to be repeated. */
const MOST_ENTRIES = 1_000;
const MOST_TEXT = 100_000;
/** Of a session's memory limit: how much text of viewdef plans is in a base. A plan takes about five times its text. */
const PLANS_SHARE = 1 / 64;
/** Ways to start of a site that are remembered: one for each set of options. */
const MOST_KNOWN = 4;

/** A `start` event in two parts: what all sessions of a site have in common, and what each has for itself. */
export interface StartParts {
  /** The event that runs lua/main.lua, the same for all. */
  load: string;
  /** The event with which a session begins. */
  begin: string;
  time: number;
}

/** What running lua/main.lua led to, for all sessions that start with the same files. */
export interface CommonStart {
  base: BaseImage;
  /** A new session is this, and then begins; `undefined`: it has to run lua/main.lua for itself, as its own time or luck matter. */
  image: MemoryImage | undefined;
  /** ms from the beginning to the first Lua timer. */
  due: number | undefined;
  /** What it logged. */
  log: string[];
}

/** Running lua/main.lua failed, as it would for any session. */
export interface FailedStart {
  failure: WireError;
  log: string[];
}

/** Dispatches an event in the VM that the session has; `log` gets what it logs. */
export type Dispatch = (text: string, log: (entry: string) => void) => string;

/**
 * The starts of a thread's sessions. The first session of a site runs lua/main.lua without a time or a seed of its own. If
 * that asked for neither, what came of it is what every session would have come to, and those after it take it over.
 *
 *     birth ── load ── warm ──▶ base ── begin ──▶ session     the first
 *                               base ── begin ──▶ session     all others
 *     birth ── start ──▶ session                              when main.lua asks for the time or for random numbers; its
 *                                                             images are a difference to the base all the same
 *
 * In the base there are also the plans of the site's viewdefs, which sessions would each have in another place of their memory.
 * Bases are the same on all threads. Every start looks whether a file that main.lua led to is another one than before, or there
 * now, and whether viewdefs have changed; then the next is the first.
 */
export class Starts {
  readonly #modules: SiteModules;
  readonly #mostPlans: number;
  /** By the event that loads. */
  readonly #known = new Map<string, { start: CommonStart; sighting: Sighting }>();
  /** The event that has the plans made which all sessions will need. */
  #warm: string | undefined;

  constructor(modules: SiteModules, memoryLimit: number) {
    this.#modules = modules;
    this.#mostPlans = memoryLimit * PLANS_SHARE;
  }

  /** The viewdefs are these from now on: key → plan, as text. */
  replacePlans(plans: ReadonlyMap<string, string>): void {
    this.#known.clear();
    const keys: string[] = [];
    let length = 0;
    for (const key of [...plans.keys()].sort()) {
      length += plans.get(key)?.length ?? 0;
      if (length <= this.#mostPlans) keys.push(key);
    }
    this.#warm = keys.length > 0 ? `warm 0 0\n${keys.join("\n")}` : undefined;
  }

  /** What is known already. 5 µs for each file of the site that is loaded at once. */
  find({ load }: StartParts): CommonStart | undefined {
    const known = this.#known.get(load);
    if (known && this.#modules.isSame(known.sighting)) return known.start;
    this.#known.delete(load);
    return undefined;
  }

  /**
   * Finds it out, in a VM with a newborn session in it, which then holds what came of it. Undefined when main.lua fails like
   * this and may not if it knows the time. Throws when the VM does.
   */
  make(vm: LuaVm, { load }: StartParts, dispatch: Dispatch): CommonStart | FailedStart | undefined {
    const log: string[] = [];
    let length = 0;
    let outcome = "";
    const sighting = this.#modules.watch(() => {
      try {
        outcome = dispatch(load, (entry) => {
          length += entry.length;
          if (log.length <= MOST_ENTRIES && length <= MOST_TEXT) log.push(entry);
        });
      } catch (error) {
        if (vm.broken || !(error instanceof MoonpoolError)) throw error;
      }
    });
    const [whose, rest] = splitLine(outcome);
    const { failure, nextTimer } = readOutcomeHead(rest);
    if (failure && (whose === "same" || failure.code === "LIMIT_TIME")) return { failure, log };
    if (failure || outcome === "") return undefined;
    if (this.#warm !== undefined) dispatch(this.#warm, () => {});
    const base = vm.saveBase();
    const isCommon = whose === "same" && log.length <= MOST_ENTRIES && length <= MOST_TEXT;
    const start = { base, image: isCommon ? imageOfBase(base) : undefined, due: nextTimer, log };
    this.#known.set(load, { start, sighting });
    for (const [first] of this.#known) if (this.#known.size > MOST_KNOWN) this.#known.delete(first);
    return start;
  }
}

/** Takes a `start` event apart; undefined when it is none, or not one of the host's. */
export function startParts(text: string): StartParts | undefined {
  const match = /^start 0 (\d+)\n\{"seed":"([0-9a-f]{32})",/.exec(text);
  if (!match) return undefined;
  const [head, time = "", seed = ""] = match;
  return {
    load: `load 0 0\n{${text.slice(head.length)}`,
    begin: `begin 0 ${time}\n${seed}`,
    time: Number(time),
  };
}

function splitLine(text: string): [string, string] {
  const end = text.indexOf("\n");
  return [text.slice(0, end), text.slice(end + 1)];
}
