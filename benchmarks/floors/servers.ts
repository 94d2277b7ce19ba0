import { type Program, startProgram } from "../support/processes.ts";

type Floor = Program<{ port: number }>;

/** A bare `ws` echo. */
export function startEcho(): Promise<Floor> {
  return startProgram(new URL("./echo-server.js", import.meta.url), {});
}

/** A `ws` echo through one thread and one call of a trivial Lua function. */
export function startWorkerEcho(options: { isBatched?: boolean } = {}): Promise<Floor> {
  return startProgram(new URL("./worker-echo-server.js", import.meta.url), options);
}

/** A bare Fastify route that answers `/` so. */
export function startRoute(answer: { status: number; headers: Record<string, string> }): Promise<Floor> {
  return startProgram(new URL("./route-server.js", import.meta.url), answer);
}
