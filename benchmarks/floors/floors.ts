// What nothing can undercut that is built of these parts: each of them alone, in turn.
import { Worker } from "node:worker_threads";
import { once } from "node:events";
import { Load } from "../load/load.ts";
import type { Benchmark, Progress } from "../support/benchmark.ts";
import { type Finding, found } from "../support/measure.ts";
import { startProgram } from "../support/processes.ts";
import { alternate } from "../support/rounds.ts";
import { openEcho } from "./lua-echo.ts";
import { startEcho, startRoute, startWorkerEcho } from "./servers.ts";

const ROUNDS = 7;
const CALLS = 20_000;
const HOPS = 2_000;
const COPIES = 200;
const EVENTS = 1_000;
const SESSIONS = 100;
const CLIENTS = 32;
const MS = 500;
const MB = 2 ** 20;
/** As long as an event. */
const TEXT = '{"seq":12345,"ack":12344,"event":true,"messages":[{"type":"update","id":12,"value":null}]}';

/** µs for each of `count` steps. */
async function each(count: number, step: () => unknown): Promise<number> {
  const start = performance.now();
  for (let i = 0; i < count; i++) {
    const result = step();
    if (result instanceof Promise) await result;
  }
  return ((performance.now() - start) * 1000) / count;
}

/** Parts that need no socket. */
async function parts(progress: Progress): Promise<Finding[]> {
  const { get, api, raw } = await openEcho();
  const worker = new Worker(new URL("./post-thread.js", import.meta.url));
  await once(worker, "online");
  const post = (): Promise<void> =>
    new Promise((resolve) => {
      worker.once("message", () => resolve());
      worker.postMessage(TEXT);
    });
  const [from, to] = [Buffer.alloc(MB, 1), Buffer.alloc(MB)];
  const lua = (echo: (text: string) => string) => () =>
    each(CALLS, () => {
      if (echo(TEXT) !== TEXT) throw new Error("the echo is wrong");
    });
  const steps = {
    raw: lua(raw),
    api: lua(api),
    get: lua(get),
    post: () => each(HOPS, post),
    copy: () => each(COPIES, () => from.copy(to)),
  };
  await alternate(1, steps);
  const times = await alternate(ROUNDS, steps, (what) => progress(`parts, ${what}`));
  await worker.terminate();
  return [
    found(`wasmoon call, ${TEXT.length} bytes in and out, functions of the wasm`, times.raw, "µs"),
    found(`wasmoon call, ${TEXT.length} bytes in and out, its C API`, times.api, "µs"),
    found(`wasmoon call, ${TEXT.length} bytes in and out, lua.global.get`, times.get, "µs"),
    found(`postMessage to a thread and back, ${TEXT.length} bytes, one after the other`, times.post, "µs"),
    found("memcpy of 1 MB", times.copy, "µs"),
  ];
}

async function servers(progress: Progress): Promise<Finding[]> {
  const [load, echo, worker, batched, route, requests] = await Promise.all([
    Load.start(),
    startEcho(),
    startWorkerEcho(),
    startWorkerEcho({ isBatched: true }),
    startRoute({ status: 303, headers: { location: "/0123456789abcdef0123456789abcdef" } }),
    startProgram(new URL("../load/requests.js", import.meta.url), {}),
  ]);
  const programs = { "bare echo": echo, "worker echo": worker, "worker echo, batched": batched };
  try {
    const findings: Finding[] = [];
    for (const [count, until] of [
      [1, { events: EVENTS }],
      [SESSIONS, { ms: MS }],
    ] as const) {
      const turns = Object.fromEntries(
        Object.entries(programs).map(([name, program]) => [
          name,
          () => program.during(() => load.loop(`${name} ${count}`, 1, until)),
        ]),
      );
      for (const [name, program] of Object.entries(programs)) {
        await load.open(`${name} ${count}`, "echo", { port: program.started.port }, count);
        await load.loop(`${name} ${count}`, 1, { events: 2_000 });
      }
      const rounds = await alternate(ROUNDS, turns, (what) => progress(`${count} sockets, ${what}`));
      for (const [name, results] of Object.entries(rounds)) {
        await load.close(`${name} ${count}`);
        const cpu = results.map(({ result, usage }) => (usage.cpu * 1e6) / result.events);
        const what = `${name}, ${count === 1 ? "one socket" : `${count} sockets in closed loop`}`;
        findings.push(
          found(
            `${what}, p50`,
            results.map(({ result }) => result.p50),
            "µs",
          ),
          found(
            `${what}, p99`,
            results.map(({ result }) => result.p99),
            "µs",
          ),
          ...(count === 1
            ? []
            : [
                found(
                  what,
                  results.map(({ result }) => result.rate),
                  "/s",
                ),
              ]),
          found(`${what}, CPU of the server per event`, cpu, "µs"),
        );
      }
    }
    const { port } = route.started;
    const ask = async (): Promise<number> =>
      (await requests.ask<{ rate: number }>({ port, clients: CLIENTS, ms: MS })).rate;
    await ask();
    const { route: rates } = await alternate(ROUNDS, { route: () => route.during(ask) }, (what) =>
      progress(`route, ${what}`),
    );
    const cpu = rates.map(({ result, usage }) => (usage.cpu * 1e6) / (result * usage.wall));
    return [
      ...findings,
      found(
        `bare Fastify route, ${CLIENTS} clients`,
        rates.map(({ result }) => result),
        "/s",
      ),
      found("bare Fastify route, CPU of the server per request", cpu, "µs"),
    ];
  } finally {
    await Promise.all([load, echo, worker, batched, route, requests].map((program) => program.stop()));
  }
}

export const floors: Benchmark = {
  name: "floors",
  question:
    "What do the parts cost that nothing here can do without: a socket, a thread, a call into Lua, a route, a copy?",
  seconds: 30,
  run: async (progress) => [...(await parts(progress)), ...(await servers(progress))],
};
