// What does a change cost beside so many fields and rows that have not changed, and what does showing them all?
import { startWorkerEcho } from "../floors/servers.ts";
import { Load } from "../load/load.ts";
import type { Benchmark, Progress } from "../support/benchmark.ts";
import { against, type Finding, found, judged } from "../support/measure.ts";
import { alone, type Server, startMoonpool } from "../support/moonpool.ts";
import { alternate } from "../support/rounds.ts";
import { lastRow, listSite, makeSite, watchedSite, withViewdefs } from "../support/site.ts";

const ROUNDS = 5;
/** Events until code is compiled as well as it gets: of each server, then of each case. */
const WARM_UP = 3_000;
const WARM_UP_CASE = 100;
const EVENTS = 600;
const ROWS = 10_000;
const REFRESHES = 7;
const ECHO = "worker echo";

/** A site with an action in slot `slot` of its app, and what an event of it may cost: µs above the echo. */
interface Case {
  what: string;
  site: string;
  slot: number;
  most?: number;
  /** For changes that take a host long. */
  events?: number;
}

const sites: Record<string, Record<string, string>> = {
  "100 fields": watchedSite(100),
  "1,000 fields": watchedSite(1_000),
  "10,000 fields": watchedSite(10_000),
  "100 fields, 1,000 viewdef files": withViewdefs(watchedSite(100), 1_000),
  "10,000 rows": listSite(ROWS),
  "10,000 rows, windowed": listSite(ROWS, "?window"),
};

const cases: Case[] = [
  { what: "one change among 100 watched fields", site: "100 fields", slot: 1 },
  { what: "one change among 1,000 watched fields", site: "1,000 fields", slot: 1 },
  { what: "one change among 10,000 watched fields", site: "10,000 fields", slot: 1, most: 300 },
  { what: "one change among 100, 1,000 viewdef files", site: "100 fields, 1,000 viewdef files", slot: 1 },
  { what: "10,000 rows, all live: a field changes", site: "10,000 rows", slot: 1, most: 1_000 },
  { what: "10,000 rows, all live: a row moves", site: "10,000 rows", slot: 2, events: 30 },
  { what: "10,000 rows, all live: a row is inserted", site: "10,000 rows", slot: 3, events: 30 },
  { what: "10,000 rows, windowed: a field in sight changes", site: "10,000 rows, windowed", slot: 4, most: 200 },
  { what: "10,000 rows, windowed: a row is inserted", site: "10,000 rows, windowed", slot: 3, events: 30 },
];

/** One change each time, at all servers in turn. */
async function changes(load: Load, hosts: Map<string, Server>, echo: Server, progress: Progress): Promise<Finding[]> {
  await load.open(ECHO, "echo", { port: echo.started.port });
  for (const [site, host] of hosts) await load.open(site, "moonpool", { port: host.started.port });
  for (const group of [ECHO, ...hosts.keys()]) {
    progress(`warms up ${group}`);
    await load.loop(group, cases.find(({ site }) => site === group)?.slot ?? 1, { events: WARM_UP });
  }
  const turns: Record<string, () => Promise<{ time: number; cpu: number }>> = {};
  const add = async (what: string, server: Server, group: string, slot: number, events: number): Promise<void> => {
    await load.loop(group, slot, { events: Math.min(WARM_UP_CASE, events) });
    turns[what] = async () => {
      const { result, usage } = await server.during(() => load.loop(group, slot, { events }));
      return { time: result.p50, cpu: (usage.cpu * 1e6) / result.events };
    };
  };
  await add(ECHO, echo, ECHO, 1, EVENTS);
  for (const { what, site, slot, events = EVENTS } of cases) {
    const host = hosts.get(site);
    if (host !== undefined) await add(what, host, site, slot, events);
  }
  const results = await alternate(ROUNDS, turns, progress);
  const floor = (results[ECHO] ?? []).map(({ time }) => time);
  return [
    found(`${ECHO}, round trip`, floor, "µs"),
    ...cases.flatMap(({ what, most }) => {
      const rounds = results[what] ?? [];
      const times = rounds.map(({ time }) => time);
      const above = times.map((time, round) => Math.max(0, time - (floor[round] ?? Number.NaN)));
      const name = `${what}, above the echo`;
      return [
        found(`${what}, round trip`, times, "µs", against(ECHO, times, floor)),
        most === undefined ? found(name, above, "µs") : judged(name, above, "µs", "<=", most),
        found(
          `${what}, CPU of the server`,
          rounds.map(({ cpu }) => cpu),
          "µs",
        ),
      ];
    }),
  ];
}

/** A page is loaded anew: a new connection to a session that is there, until all of the page has come. */
async function refreshes(load: Load, host: Server, until?: string): Promise<number[]> {
  const { place } = await load.open("page", "moonpool", { port: host.started.port }, 1, until);
  const times: number[] = [];
  for (let i = 0; i < REFRESHES; i++) {
    await load.close("page");
    times.push((await load.open("page", "moonpool", place, 1, until)).opening.ms);
  }
  await load.close("page");
  return times;
}

async function run(progress: Progress): Promise<Finding[]> {
  const hosts = new Map<string, Server>();
  const undo: (() => void)[] = [];
  const [load, echo] = await Promise.all([Load.start(), startWorkerEcho()]);
  try {
    for (const [name, files] of Object.entries(sites)) {
      const { dir, remove } = makeSite(files);
      undo.push(remove);
      progress(`starts with ${name}`);
      hosts.set(name, await startMoonpool({ dir, ...alone }));
    }
    progress("refreshes");
    const [all, windowed] = [hosts.get("10,000 rows"), hosts.get("10,000 rows, windowed")];
    const live = all ? await refreshes(load, all, lastRow(ROWS)) : [];
    const near = windowed ? await refreshes(load, windowed) : [];
    return [
      ...(await changes(load, hosts, echo, progress)),
      judged("refresh of a page with 10,000 rows, all live: socket → all rows", live, "ms", "<=", 500),
      found("refresh of a page with 10,000 rows, windowed: socket → page", near, "ms"),
    ];
  } finally {
    await Promise.all([load, echo, ...hosts.values()].map((program) => program.stop()));
    for (const remove of undo) remove();
  }
}

export const watched: Benchmark = {
  name: "watched",
  question:
    "What does one change cost beside 10,000 fields, 10,000 rows, 1,000 viewdef files, and a page that is loaded anew?",
  seconds: 50,
  run,
};
