// How many sessions can be made in a second? From the request for the page to a session that has started.
import { startRoute } from "../floors/servers.ts";
import type { Benchmark, Progress } from "../support/benchmark.ts";
import { against, type Finding, found, judged } from "../support/measure.ts";
import { startMoonpool } from "../support/moonpool.ts";
import type { Memory } from "../support/probe.ts";
import { startProgram } from "../support/processes.ts";
import { alternate } from "../support/rounds.ts";
import { repository } from "../support/site.ts";

const CLIENTS = 32;
const ROUNDS = 5;
const MS = 1_500;
const MOST_SESSIONS = 200_000;
const PER_SECOND = 2_000;

type Answer = { rate: number } | { problem: string };

/** Headers that every answer has anyway. */
const own = new Set(["connection", "date", "keep-alive", "content-length"]);

async function run(progress: Progress): Promise<Finding[]> {
  const moonpool = await startMoonpool({ dir: repository, maxSessions: MOST_SESSIONS });
  const { port } = moonpool.started;
  const answer = await fetch(`http://127.0.0.1:${port}/`, { redirect: "manual" });
  const headers = Object.fromEntries([...answer.headers].filter(([name]) => !own.has(name)));
  const fastify = await startRoute({ status: answer.status, headers });
  const clients = await startProgram<object>(new URL("../load/requests.js", import.meta.url), {});
  const rate = async (port: number): Promise<number> => {
    const answer = await clients.ask<Answer>({ port, clients: CLIENTS, ms: MS });
    if ("problem" in answer) throw new Error(answer.problem);
    return answer.rate;
  };
  try {
    await rate(port);
    const before = await moonpool.ask<Memory>("memory");
    const turns = {
      route: () => fastify.during(() => rate(fastify.started.port)),
      host: () => moonpool.during(() => rate(port)),
    };
    const rounds = await alternate(ROUNDS, turns, progress);
    const after = await moonpool.ask<Memory>("memory");
    const of = (name: keyof typeof turns): number[] => rounds[name].map(({ result }) => result);
    const cpu = (name: keyof typeof turns): number[] =>
      rounds[name].map(({ result, usage }) => (usage.cpu * 1e6) / (result * usage.wall));
    const made = rounds.host.reduce((sum, { result, usage }) => sum + result * usage.wall, 0);
    const route = `bare Fastify route, ${CLIENTS} clients`;
    return [
      found(route, of("route"), "/s"),
      judged(
        "page request → demo session started",
        of("host"),
        "/s",
        ">=",
        PER_SECOND,
        against(route, of("host"), of("route")),
      ),
      found("bare Fastify route, CPU per request", cpu("route"), "µs"),
      found("page request → demo session started, CPU", cpu("host"), "µs"),
      found("memory per session whose page never connects", (after.rss - before.rss) / 1024 / made, "KB"),
    ];
  } finally {
    await Promise.all([moonpool.stop(), fastify.stop(), clients.stop()]);
  }
}

export const creation: Benchmark = {
  name: "creation",
  question: "How many sessions can be made in a second, through HTTP, against a bare Fastify route?",
  seconds: 22,
  run,
};
