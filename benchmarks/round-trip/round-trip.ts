// What does an event through Lua cost, beside the same frame through a bare echo and through one thread and one Lua call?
import { startEcho, startWorkerEcho } from "../floors/servers.ts";
import type { DialectName } from "../load/dialects.ts";
import type { Looped } from "../load/generator.ts";
import { Load } from "../load/load.ts";
import type { Benchmark, Progress } from "../support/benchmark.ts";
import { against, type Finding, found, judged, ratios } from "../support/measure.ts";
import type { Usage } from "../support/probe.ts";
import type { Program } from "../support/processes.ts";
import { alternate } from "../support/rounds.ts";
import { busy, startMoonpool } from "../support/moonpool.ts";
import { counterSite, makeSite, withViewdefs } from "../support/site.ts";

const ROUNDS = 5;
/** Until code is compiled as well as it gets, for each contender: ms of many sessions, events of one. */
const WARM_UP = 2_500;
const WARM_EVENTS = 6_000;
/** So many are measured before, of a server that has just started. */
const COLD_EVENTS = 200;
const EVENTS = 1_000;
const SESSIONS = 100;
const MS = 1_000;
const STEP = 1;
const VIEWDEFS = 1_000;

/** A server and how it is spoken to. */
interface Contender {
  program: Program<{ port: number }>;
  dialect: DialectName;
}

type Name = "echo" | "worker" | "host" | "files";
type Results = Record<Name, { result: Looped; usage: Usage }[]>;

const names: Record<Name, string> = {
  echo: "bare echo",
  worker: "echo through a thread and a Lua call",
  host: "event",
  files: `event, ${VIEWDEFS} viewdef files`,
};

/** Rounds in which a group of `count` connections loops at each server in turn. */
async function measure(
  load: Load,
  contenders: Record<Name, Contender>,
  count: number,
  until: { events?: number; ms?: number },
  progress: Progress,
): Promise<Results> {
  for (const [name, { program, dialect }] of Object.entries(contenders)) {
    await load.open(`${name} ${count}`, dialect, { port: program.started.port }, count);
    await load.loop(`${name} ${count}`, STEP, count === 1 ? { events: WARM_EVENTS } : { ms: WARM_UP });
  }
  const turn = (name: Name) => () => contenders[name].program.during(() => load.loop(`${name} ${count}`, STEP, until));
  const turns = { echo: turn("echo"), worker: turn("worker"), host: turn("host"), files: turn("files") };
  const results = await alternate(ROUNDS, turns, (what) => progress(`${count} sessions, ${what}`));
  for (const name of Object.keys(contenders)) await load.close(`${name} ${count}`);
  return results;
}

/** The first events of servers that have just started, before any code is compiled. */
async function ofNew(load: Load, contenders: Record<Name, Contender>): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const name of ["worker", "host"] as const) {
    const { program, dialect } = contenders[name];
    await load.open(name, dialect, { port: program.started.port });
    const { p50 } = await load.loop(name, STEP, { events: COLD_EVENTS });
    findings.push(found(`one session, ${names[name]}, p50 of the first ${COLD_EVENTS}`, [p50], "µs"));
    await load.close(name);
  }
  return findings;
}

/** µs of the main thread for an event. */
const mainOf = ({ result, usage }: Results[Name][number]): number => (usage.main * 1e6) / result.events;
const cpuOf = ({ result, usage }: Results[Name][number]): number => (usage.cpu * 1e6) / result.events;

function ofOne(results: Results): Finding[] {
  const of = (name: Name, which: "p50" | "p99"): number[] => results[name].map(({ result }) => result[which]);
  const floor = names.worker;
  const findings = (["echo", "worker", "host"] as const).flatMap((name) => [
    found(
      `one session, ${names[name]}, p50`,
      of(name, "p50"),
      "µs",
      against(floor, of(name, "p50"), of("worker", "p50")),
    ),
    found(
      `one session, ${names[name]}, p99`,
      of(name, "p99"),
      "µs",
      against(floor, of(name, "p99"), of("worker", "p99")),
    ),
    found(`one session, ${names[name]}, CPU of the server`, results[name].map(cpuOf), "µs"),
  ]);
  const ratio = (which: "p50" | "p99"): number[] => ratios(of("host", which), of("worker", which));
  return [
    ...findings,
    judged(`one session, event / ${floor}, p50`, ratio("p50"), "×", "<=", 1.3),
    judged(`one session, event / ${floor}, p99`, ratio("p99"), "×", "<=", 2),
  ];
}

function ofMany(results: Results): Finding[] {
  const rates = (name: Name): number[] => results[name].map(({ result }) => result.rate);
  const cpu = (name: Name): number[] => results[name].map(cpuOf);
  const floor = names.worker;
  const what = `${SESSIONS} sessions in closed loop`;
  const findings = (Object.keys(names) as Name[]).flatMap((name) => [
    found(`${what}, ${names[name]}`, rates(name), "/s", against(floor, rates(name), rates("worker"))),
    found(`${what}, ${names[name]}, CPU of the server per event`, cpu(name), "µs"),
    found(
      `${what}, ${names[name]}, CPU of the load generator per event`,
      results[name].map(({ result }) => result.clientCpu),
      "µs",
    ),
    found(
      `${what}, ${names[name]}, event loop late, p99`,
      results[name].map(({ usage }) => usage.delay.p99),
      "ms",
    ),
    found(
      `${what}, ${names[name]}, memory of the server`,
      results[name].map(({ usage }) => usage.rss / 2 ** 20),
      "MB",
    ),
  ]);
  findings.push(found(`${what}, ${names.host}, main thread per event`, results.host.map(mainOf), "µs"));
  const files = ratios(rates("files"), rates("host"));
  return [
    ...findings,
    judged(`${what}, events / ${floor}`, ratios(rates("host"), rates("worker")), "×", ">=", 0.8),
    judged(`${what}, CPU per event / ${floor}`, ratios(cpu("host"), cpu("worker")), "×", "<=", 1.5),
    judged(`${what}, ${VIEWDEFS} viewdef files / 1 file`, files, "×", ">=", 0.95),
  ];
}

async function run(progress: Progress): Promise<Finding[]> {
  const one = makeSite(counterSite);
  const many = makeSite(withViewdefs(counterSite, VIEWDEFS));
  const [load, echo, worker, host, files] = await Promise.all([
    Load.start(),
    startEcho(),
    startWorkerEcho(),
    startMoonpool({ dir: one.dir, ...busy }),
    startMoonpool({ dir: many.dir, ...busy }),
  ]);
  try {
    const contenders: Record<Name, Contender> = {
      echo: { program: echo, dialect: "echo" },
      worker: { program: worker, dialect: "echo" },
      host: { program: host, dialect: "moonpool" },
      files: { program: files, dialect: "moonpool" },
    };
    return [
      ...(await ofNew(load, contenders)),
      ...ofOne(await measure(load, contenders, 1, { events: EVENTS }, progress)),
      ...ofMany(await measure(load, contenders, SESSIONS, { ms: MS }, progress)),
    ];
  } finally {
    await Promise.all([load, echo, worker, host, files].map((program) => program.stop()));
    one.remove();
    many.remove();
  }
}

export const roundTrip: Benchmark = {
  name: "round-trip",
  question: "What does an event through Lua cost, beside a bare echo and one through a thread and a Lua call?",
  seconds: 55,
  run,
};
