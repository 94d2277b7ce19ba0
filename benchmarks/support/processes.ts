import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Usage } from "./probe.ts";

/** A program in a process of its own: what it says first, and its end. */
export interface Program<Started> {
  started: Started;
  /** Sends a request and resolves with the answer. */
  ask: <Answer>(request: unknown) => Promise<Answer>;
  /** Does something, and tells what the program took meanwhile; only if it answers as in `probe.ts`. */
  during: <Result>(work: () => Promise<Result>) => Promise<{ result: Result; usage: Usage }>;
  stop: () => Promise<void>;
}

/** Starts a compiled file with JSON arguments, and waits for its first message. */
export async function startProgram<Started>(
  file: URL,
  options: unknown,
  execArgv: string[] = [],
): Promise<Program<Started>> {
  const child = fork(fileURLToPath(file), [JSON.stringify(options)], { execArgv });
  return programOf(child, await answerOf<Started>(child));
}

/** A process that was forked, and that ends when it is disconnected. */
export function programOf<Started>(child: ChildProcess, started: Started): Program<Started> {
  const ask = <Answer>(request: unknown): Promise<Answer> => {
    const answer = answerOf<Answer>(child);
    child.send(request as object);
    return answer;
  };
  return {
    started,
    ask,
    during: async (work) => {
      await ask("begin");
      const result = await work();
      return { result, usage: await ask<Usage>("end") };
    },
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.disconnect();
      await once(child, "exit");
    },
  };
}

async function answerOf<Answer>(child: ChildProcess): Promise<Answer> {
  const ended = new AbortController();
  const exit = once(child, "exit", { signal: ended.signal }).then(([code]) => {
    throw new Error(`the program ended with ${String(code)}`);
  });
  try {
    const [message] = (await Promise.race([once(child, "message", { signal: ended.signal }), exit])) as [Answer];
    return message;
  } finally {
    ended.abort();
    exit.catch(() => undefined);
  }
}
