import type { Site } from "./site.ts";

/** What the host says of itself at one moment. */
export interface ServerSample {
  /** Since the start of the test. */
  second: number;
  sessions: Record<string, number>;
  connections: number;
}

/** What the host counted while the load test ran. */
export interface ServerReport {
  samples: ServerSample[];
  /** By how much its counters grew, by dotted names such as "events.frame". */
  grown: Record<string, number>;
}

type Statistics = Record<string, unknown>;

const MOST_SAMPLES = 3_600;

/** Asks the host for its statistics (docs/metrics.md), if it tells them. */
export class ServerStatistics {
  readonly #site: Site;
  readonly #before: Statistics;
  readonly #samples: ServerSample[] = [];

  private constructor(site: Site, before: Statistics) {
    this.#site = site;
    this.#before = before;
  }

  /** Undefined: the host does not tell. */
  static async of(site: Site): Promise<ServerStatistics | undefined> {
    const before = await ask(site);
    return before && new ServerStatistics(site, before);
  }

  async sample(second: number): Promise<void> {
    const now = this.#samples.length < MOST_SAMPLES ? await ask(this.#site) : undefined;
    if (!now) return;
    const { sessions = {}, connections = 0 } = now as { sessions?: Record<string, number>; connections?: number };
    this.#samples.push({ second, sessions, connections });
  }

  async report(): Promise<ServerReport | undefined> {
    const after = await ask(this.#site);
    if (!after) return undefined;
    const [before, now] = [numbersIn(this.#before), numbersIn(after)];
    const grown = new Map<string, number>();
    for (const [name, value] of now) {
      // The state of things, and what cannot be subtracted.
      if (/^(since|sessions\.|connections)|longest/.test(name)) continue;
      const growth = value - (before.get(name) ?? 0);
      if (growth !== 0) grown.set(name, growth);
    }
    return { samples: this.#samples, grown: Object.fromEntries(grown) };
  }
}

async function ask(site: Site): Promise<Statistics | undefined> {
  try {
    const { status, text } = await site.get(site.pathOf("_moonpool/statistics"));
    const statistics: unknown = status === 200 ? JSON.parse(text) : undefined;
    return typeof statistics === "object" && statistics !== null ? (statistics as Statistics) : undefined;
  } catch {
    return undefined;
  }
}

function numbersIn(value: Statistics): Map<string, number> {
  const found = new Map<string, number>();
  const look = (value: unknown, name: string): void => {
    if (typeof value === "number") found.set(name, value);
    else if (typeof value === "object" && value !== null && !Array.isArray(value))
      for (const [key, inner] of Object.entries(value)) look(inner, name === "" ? key : `${name}.${key}`);
  };
  look(value, "");
  return found;
}
