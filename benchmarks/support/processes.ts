import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** A program of this folder in a process of its own: what it says first, and its end. */
export interface Program<Started> {
  started: Started;
  /** Sends a request and resolves with the answer. */
  ask: <Answer>(request: unknown) => Promise<Answer>;
  stop: () => Promise<void>;
}

/** Starts `name` (a file of this folder, without ending) with JSON arguments, and waits for its first message. */
export async function startProgram<Started>(
  name: string,
  options: unknown,
  execArgv: string[] = [],
): Promise<Program<Started>> {
  const child = fork(fileURLToPath(new URL(`./${name}.js`, import.meta.url)), [JSON.stringify(options)], { execArgv });
  return programOf(child, await answerOf<Started>(child));
}

/** A process that was forked, and that ends when it is disconnected. */
export function programOf<Started>(child: ChildProcess, started: Started): Program<Started> {
  return {
    started,
    ask: (request) => {
      const answer = answerOf(child);
      child.send(request as object);
      return answer as Promise<never>;
    },
    stop: async () => {
      if (child.exitCode !== null) return;
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
