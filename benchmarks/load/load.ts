import { type Program, startProgram } from "../support/processes.ts";
import type { Place } from "./dialect.ts";
import type { DialectName } from "./dialects.ts";
import type { LoadRequest, Looped, LoopRequest, Opened } from "./generator.ts";

/** The load generator's process, seen from the benchmark. */
export class Load {
  readonly #program: Program<object>;

  private constructor(program: Program<object>) {
    this.#program = program;
  }

  static async start(): Promise<Load> {
    return new Load(await startProgram(new URL("./generator.js", import.meta.url), {}));
  }

  /** Opens `count` connections and puts them in a group; each is of a session of its own unless the place names one. */
  open(group: string, dialect: DialectName, place: Place, count = 1, until?: string): Promise<Opened> {
    return this.#ask({ kind: "open", group, dialect, place, count, ...(until === undefined ? {} : { until }) });
  }

  /** Has the group's connections do an action again and again, each when the last was answered. */
  loop(group: string, action: number, until: Omit<LoopRequest, "kind" | "group" | "action">): Promise<Looped> {
    return this.#ask({ kind: "loop", group, action, ...until });
  }

  async close(group: string): Promise<void> {
    await this.#ask({ kind: "close", group });
  }

  stop(): Promise<void> {
    return this.#program.stop();
  }

  async #ask<Answer>(request: LoadRequest): Promise<Answer> {
    const answer = await this.#program.ask<Answer & { problem?: string }>(request);
    if (answer.problem !== undefined) throw new Error(answer.problem);
    return answer;
  }
}
