import { readOutcomeHead } from "../protocol/outcome.ts";
import type { BaseImage, MemoryImage } from "../protocol/session-image.ts";
import { imageOfBase } from "./image.ts";
import type { LuaVm } from "./lua-vm.ts";
import type { Sighting, SiteModules } from "./site-modules.ts";

/** Beyond this the log entries of a start are not kept to be repeated. */
const MOST_ENTRIES = 1_000;
const MOST_TEXT = 100_000;
/**
 * Of a session's memory limit: how much text of viewdef plans is in a base. A plan takes about five times its text, and each VM
 * has it, whether its session shows such things or not: 640 KB with a limit of 64 MiB.
 */
const PLANS_SHARE = 1 / 512;
/** Ways to start of a site that are remembered: one for each set of options. */
const MOST_KNOWN = 4;

/** What comes of a `start` event: the events that are dispatched in the VM. */
export interface StartParts {
  /** Runs lua/main.lua. */
  load: string;
  /** The session begins with what is its own, after others have shown that main.lua does not ask for it. */
  begin: string;
  /** What all sessions of a site have in common, as JSON. */
  options: string;
  time: number;
}

/** What running lua/main.lua led to. */
export interface KnownStart {
  base: BaseImage;
  /** A new session is this, and then begins; undefined: it has to run lua/main.lua for itself, as its own time or luck matter. */
  image: MemoryImage | undefined;
  /** ms from the beginning to the first Lua timer. */
  due: number | undefined;
  /** What it logged. */
  log: string[];
}

/** Dispatches an event in the VM that the session has; `log` is told what it logs. */
export type Dispatch = (text: string, log?: (entry: string) => void) => string;

/**
 * The starts of a thread's sessions. If lua/main.lua asks neither for the time nor for random numbers when the first session of
 * a site runs it, what comes of it is what every session would come to, and those after it take it over.
 *
 *     birth ── load ── warm ──▶ base ── begin ──▶ session     the first
 *                               base ── begin ──▶ session     all others
 *     birth ── load ──▶ session                               when main.lua asks; images of these sessions are a difference to
 *                                                             what the first of them came to
 *
 * In the base there are also the plans of the site's viewdefs, which sessions would each have in another place of their memory.
 * Every start looks whether a file that main.lua led to is another one than before, or there now, and whether viewdefs have
 * changed; then the next is the first.
 */
export class Starts {
  readonly #modules: SiteModules;
  readonly #mostPlans: number;
  /** By their options. */
  readonly #known = new Map<string, { start: KnownStart; sighting: Sighting }>();
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
  find({ options }: StartParts): KnownStart | undefined {
    const known = this.#known.get(options);
    if (known && this.#modules.isSame(known.sighting)) return known.start;
    this.#known.delete(options);
    return undefined;
  }

  /**
   * Starts the first session, in a newborn VM. Returns what `load` answered, and what can be known from it; if that has an image,
   * it is what the VM holds, and the session has still to begin. Throws when `dispatch` does.
   */
  make(vm: LuaVm, { load, options }: StartParts, dispatch: Dispatch): { outcome: string; start?: KnownStart } {
    const log: string[] = [];
    let length = 0;
    const hasRoom = (): boolean => log.length < MOST_ENTRIES && length <= MOST_TEXT;
    let answer = "";
    const sighting = this.#modules.watch(() => {
      answer = dispatch(load, (entry) => {
        length += entry.length;
        if (hasRoom()) log.push(entry);
      });
    });
    const { whose, outcome } = readLoaded(answer);
    const { failure, refused, nextTimer: due } = readOutcomeHead(outcome);
    if (failure ?? refused) return { outcome };
    const isOwn = whose !== "same";
    const image = isOwn ? vm.saveImage() : undefined;
    if (this.#warm !== undefined) dispatch(this.#warm);
    const base = vm.saveBase();
    // A session that is what it is by itself is so to the last byte, whether it was the first or not.
    if (image) vm.loadImage(image);
    vm.rebase(base);
    const start = { base, image: isOwn ? undefined : imageOfBase(base), due, log };
    // What it logs has to be logged for each session.
    if (isOwn || hasRoom()) this.#known.set(options, { start, sighting });
    for (const [first] of this.#known) if (this.#known.size > MOST_KNOWN) this.#known.delete(first);
    return { outcome, start };
  }
}

/** Takes a `start` event apart; undefined when it is none, or not one of the host's. */
export function startParts(text: string): StartParts | undefined {
  const match = /^start 0 (\d+)\n\{"seed":"([0-9a-f]{32})",/.exec(text);
  if (!match) return undefined;
  const [head, time = "", seed = ""] = match;
  const options = `{${text.slice(head.length)}`;
  return {
    load: `load 0 ${time}\n${seed}\n${options}`,
    begin: `begin 0 ${time}\n${seed}`,
    options,
    time: Number(time),
  };
}

/** Takes the answer to `load` apart: see runtime/main.lua. */
export function readLoaded(answer: string): { whose: "own" | "same" | undefined; outcome: string } {
  const end = answer.indexOf("\n");
  const whose = answer.slice(0, end);
  if (whose !== "own" && whose !== "same") return { whose: undefined, outcome: answer };
  return { whose, outcome: answer.slice(end + 1) };
}
