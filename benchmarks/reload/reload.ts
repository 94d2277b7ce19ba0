// How long does it take from saving a file until running sessions have it?
import type { Benchmark, Progress } from "../support/benchmark.ts";
import { type Finding, judged } from "../support/measure.ts";
import { Crowd } from "./crowd.ts";
import { oneSession } from "./one-session.ts";
import { startServer } from "./server.ts";
import { smallSite } from "./sites.ts";
import { lengths, spans } from "./spans.ts";

const SESSIONS = 500;
const SAVES = 8;

async function manySessions(progress: Progress): Promise<Finding[]> {
  progress(`${SESSIONS} sessions`);
  const { dir, lua, viewdef, remove } = smallSite();
  const server = await startServer(dir);
  try {
    const crowd = await Crowd.open(server.started.origin, SESSIONS);
    const what = (kind: string): string => `last of ${SESSIONS} sessions, ${kind}: save → frame, p50`;
    const result = [
      judged(what("Lua file"), lengths(await spans(dir, lua, crowd, SAVES)), "ms", "<=", 120),
      judged(what("viewdef"), lengths(await spans(dir, viewdef, crowd, SAVES)), "ms", "<=", 120),
    ];
    crowd.close();
    return result;
  } finally {
    await server.stop();
    remove();
  }
}

export const reload: Benchmark = {
  name: "reload",
  question: "How long from saving a file until one session, and the last of 500, have it?",
  seconds: 55,
  run: async (progress) => [...(await oneSession(progress)), ...(await manySessions(progress))],
};
