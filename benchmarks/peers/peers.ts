// The same small apps by hand and with LiveViewJS: what does a framework cost, and what does this one?
import { execFile } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import type { DialectName } from "../load/dialects.ts";
import { Load } from "../load/load.ts";
import type { Benchmark, Progress } from "../support/benchmark.ts";
import { against, type Finding, found } from "../support/measure.ts";
import { alone, busy, type Server, startMoonpool } from "../support/moonpool.ts";
import type { Memory } from "../support/probe.ts";
import { startProgram } from "../support/processes.ts";
import { alternate } from "../support/rounds.ts";
import { counterSite, listSite, makeSite, repository } from "../support/site.ts";

const ROUNDS = 5;
const SESSIONS = 100;
const IDLE = 300;
const MS = 800;
/** ms. */
const INSTALLING = 120_000;
const PATIENCE = 60_000;
const FOLDER = path.join(repository, "benchmarks/peers/liveviewjs");

/** A field whose text comes back in another place: slot 0 is the field. */
const formSite = {
  "lua/main.lua": `local App = session:prototype("App", { text = "" })
function App:echo() return self.text end
session:createAppVariable(App:new())`,
  "viewdefs/App.DEFAULT.html": `<template><form><input ui-value="text?keypress"><b ui-value="echo()"></b></form></template>`,
};

/** What all do, and where each contender has it. */
interface App {
  what: string;
  site: Record<string, string>;
  action: number;
  isTyping?: boolean;
  /** Paths. */
  plain: string;
  liveview: string;
  count: number;
  until: { events?: number; ms?: number };
}

const one = { count: 1, until: { events: 300 } };
const counter = { site: counterSite, action: 1, plain: "/0", liveview: "/counter" };
const apps: App[] = [
  { what: "counter, one session", ...counter, ...one },
  { what: `counter, ${SESSIONS} sessions in closed loop`, ...counter, count: SESSIONS, until: { ms: MS } },
  {
    what: "form echo, one session",
    site: formSite,
    action: 0,
    isTyping: true,
    plain: "/0",
    liveview: "/form",
    ...one,
  },
  {
    what: "list of 1,000 rows, one changes",
    site: listSite(1_000),
    action: 1,
    plain: "/1000",
    liveview: "/list/1000",
    ...one,
  },
  {
    what: "list of 10,000 rows, one changes",
    site: listSite(10_000),
    action: 1,
    plain: "/10000",
    liveview: "/list/10000",
    count: 1,
    until: { events: 20 },
  },
];

type Name = "Moonpool" | "by hand" | "LiveViewJS";
const dialects: Record<Name, DialectName> = { Moonpool: "moonpool", "by hand": "plain", LiveViewJS: "liveview" };

type Which = "time" | "rate" | "cpu" | "bytes";

/** LiveViewJS is no package of this project: it is installed here, where it is used. Undefined: it could not be. */
async function startLiveView(progress: Progress): Promise<Server | undefined> {
  if (!fs.existsSync(path.join(FOLDER, "node_modules/liveviewjs"))) {
    progress("installs LiveViewJS");
    const flags = ["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"];
    const options = { cwd: FOLDER, timeout: INSTALLING, shell: process.platform === "win32" };
    try {
      await promisify(execFile)("npm", flags, options);
    } catch (error) {
      progress(`LiveViewJS is left out, it could not be installed: ${String(error).split("\n")[0]}`);
      return undefined;
    }
  }
  return startProgram(pathToFileURL(path.join(FOLDER, "server.mjs")), {}, ["--expose-gc"]);
}

/** One app on all servers, in turn. */
async function compare(app: App, load: Load, servers: Map<Name, Server>, progress: Progress): Promise<Finding[]> {
  const { what, action, isTyping = false, count, until } = app;
  const { dir, remove } = makeSite(app.site);
  const host = await startMoonpool({ dir, ...(count === 1 ? alone : busy) });
  const all = new Map<Name, Server>([["Moonpool", host], ...servers]);
  try {
    const turns: Record<string, () => Promise<Record<Which, number>>> = {};
    for (const [name, server] of all) {
      const { port } = server.started;
      const session = name === "by hand" ? app.plain : app.liveview;
      await load.open(name, dialects[name], name === "Moonpool" ? { port } : { port, session }, count);
      await load.loop(name, action, { ...until, isTyping });
      turns[name] = async () => {
        const { result, usage } = await server.during(() => load.loop(name, action, { ...until, isTyping }));
        return {
          time: result.p50,
          rate: result.rate,
          cpu: (usage.cpu * 1e6) / result.events,
          bytes: result.answerBytes,
        };
      };
    }
    const rounds = await alternate(ROUNDS, turns, (round) => progress(`${what}, ${round}`));
    const of = (name: Name, which: Which): number[] => (rounds[name] ?? []).map((round) => round[which]);
    return [...all.keys()].flatMap((name) => {
      const which = count === 1 ? "time" : "rate";
      const hand = against(`${what}: by hand`, of(name, which), of("by hand", which));
      return [
        found(`${what}: ${name}`, of(name, which), count === 1 ? "µs" : "/s", name === "by hand" ? {} : hand),
        found(`${what}: ${name}, CPU of the server`, of(name, "cpu"), "µs"),
        found(`${what}: ${name}, answer`, of(name, "bytes"), "bytes"),
      ];
    });
  } finally {
    for (const name of all.keys()) await load.close(name);
    await host.stop();
    remove();
  }
}

/** What a connected session of the counter keeps in memory that nobody uses. */
async function memory(load: Load, servers: Map<Name, Server>, progress: Progress): Promise<Finding[]> {
  progress(`memory of ${IDLE} idle sessions`);
  const { dir, remove } = makeSite(counterSite);
  const host = await startMoonpool({ dir, sleepAfter: 1_000 });
  const findings: Finding[] = [];
  try {
    for (const [name, server] of new Map<Name, Server>([["Moonpool", host], ...servers])) {
      const open = async (group: string, count: number): Promise<void> => {
        await load.open(group, dialects[name], { port: server.started.port }, count);
      };
      await open(`${name} first`, 50);
      const before = await server.ask<Memory>("memory");
      await open(name, IDLE);
      const end = performance.now() + PATIENCE;
      let after = await server.ask<Memory & { awake?: number }>("memory");
      while ((after.awake ?? 0) > 0 && performance.now() < end) {
        await wait(500);
        after = await server.ask("memory");
      }
      for (const group of [name, `${name} first`]) await load.close(group);
      findings.push(
        found(`memory per idle session: ${name}`, (after.anonymous - before.anonymous) / 1024 / IDLE, "KB"),
      );
    }
  } finally {
    await host.stop();
    remove();
  }
  return findings;
}

async function run(progress: Progress): Promise<Finding[]> {
  const servers = new Map<Name, Server>();
  const load = await Load.start();
  try {
    servers.set("by hand", await startProgram(new URL("./plain/server.js", import.meta.url), {}, ["--expose-gc"]));
    const liveView = await startLiveView(progress);
    if (liveView) servers.set("LiveViewJS", liveView);
    const findings: Finding[] = [];
    for (const app of apps) findings.push(...(await compare(app, load, servers, progress)));
    return [...findings, ...(await memory(load, servers, progress))];
  } finally {
    await Promise.all([load, ...servers.values()].map((program) => program.stop()));
  }
}

export const peers: Benchmark = {
  name: "peers",
  question: "What do the same small apps cost by hand (Fastify, ws, no framework) and with LiveViewJS?",
  seconds: 40,
  run,
};
