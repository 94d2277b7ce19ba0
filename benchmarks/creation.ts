// How many sessions can be made in a second? From the request for the page to a session that has started.
import { type Finding, judged } from "./support/measure.ts";
import { startProgram } from "./support/processes.ts";
import { repository } from "./support/site.ts";

const CLIENTS = 32;
const ROUNDS = 4;
const MS = 2_000;
const MOST_SESSIONS = 200_000;
const PER_SECOND = 2_000;
const OF_FASTIFY = 0.3;

type Answer = { rate: number } | { problem: string };

/** Headers that every answer has anyway. */
const own = new Set(["connection", "date", "keep-alive", "content-length"]);

/** Runs the benchmark. Takes about 20 seconds. */
export async function creation(): Promise<Finding[]> {
  const options = { dir: repository, maxSessions: MOST_SESSIONS };
  const moonpool = await startProgram<{ port: number }>("moonpool-server", options, ["--expose-gc"]);
  const { port } = moonpool.started;
  const answer = await fetch(`http://127.0.0.1:${port}/`, { redirect: "manual" });
  const headers = Object.fromEntries([...answer.headers].filter(([name]) => !own.has(name)));
  const fastify = await startProgram<{ port: number }>("bare-server", { status: answer.status, headers });
  const clients = await startProgram<object>("requests", {});
  const rate = async (port: number): Promise<number> => {
    const answer = await clients.ask<Answer>({ port, clients: CLIENTS, ms: MS });
    if ("problem" in answer) throw new Error(answer.problem);
    return answer.rate;
  };
  try {
    await rate(port);
    const before = await moonpool.ask<{ rss: number }>("memory");
    let made = 0;
    let [sessions, routes] = [0, 0];
    for (let round = 0; round < ROUNDS; round++) {
      routes = Math.max(routes, await rate(fastify.started.port));
      const found = await rate(port);
      made += (found * MS) / 1000;
      sessions = Math.max(sessions, found);
    }
    const after = await moonpool.ask<{ rss: number }>("memory");
    return [
      { what: `bare Fastify route, ${CLIENTS} clients`, value: routes, unit: "/s" },
      judged("page request → demo session started", sessions, "/s", ">=", Math.min(PER_SECOND, OF_FASTIFY * routes)),
      { what: "sessions / bare route", value: sessions / routes, unit: "×" },
      {
        what: "memory per session whose page never connects",
        value: (after.rss - before.rss) / 1024 / made,
        unit: "KB",
      },
    ];
  } finally {
    await Promise.all([moonpool.stop(), fastify.stop(), clients.stop()]);
  }
}
