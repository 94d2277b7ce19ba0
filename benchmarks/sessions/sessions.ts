// What does a session cost: to open its page, to keep?
import { setTimeout as wait } from "node:timers/promises";
import { Load } from "../load/load.ts";
import type { Benchmark, Progress } from "../support/benchmark.ts";
import { type Client, openClient } from "../support/client.ts";
import { type Finding, found, judged } from "../support/measure.ts";
import { type Server, startMoonpool } from "../support/moonpool.ts";
import type { Memory } from "../support/probe.ts";
import { counterSite, makeSite, repository } from "../support/site.ts";

const WARM_UP = 10;
const PAGES = 30;
const IDLE_SESSIONS = 1_000;
const KB = 1024;
/** ms without an event until a session sleeps: sooner than by default, so that nobody has to wait for it. */
const SLEEP_AFTER = 15_000;
/** ms. */
const PATIENCE = 120_000;

/** Opens the demo a few times: ms and bytes from the request, and from the open socket, to the complete page. */
async function demoPage(progress: Progress): Promise<Finding[]> {
  progress("the demo's page");
  const [load, host] = await Promise.all([Load.start(), startMoonpool({ dir: repository })]);
  const { port } = host.started;
  try {
    const openings: Client["opening"][] = [];
    const sockets: { frames: number; ms: number }[] = [];
    for (let i = 0; i < WARM_UP + PAGES; i++) {
      const client = await openClient(port);
      client.close();
      const { opening } = await load.open("page", "moonpool", { port });
      await load.close("page");
      if (i < WARM_UP) continue;
      openings.push(client.opening);
      sockets.push(opening);
    }
    const of = (name: keyof Client["opening"]): number[] => openings.map((opening) => opening[name]);
    const frames = sockets.map(({ frames }) => frames);
    const times = sockets.map(({ ms }) => ms);
    return [
      found("Contacts demo: request → page text", of("pageMs"), "ms"),
      found("Contacts demo: request → complete page (first frame)", of("frameMs"), "ms"),
      judged("Contacts demo: open socket → complete page", times, "ms", "<=", 15),
      judged("Contacts demo: frames until the page is complete", frames, "frames", "<=", 1),
      found("Contacts demo: page text", of("pageBytes"), "bytes"),
      found("Contacts demo: first frame", of("frameBytes"), "bytes"),
    ];
  } finally {
    await Promise.all([load.stop(), host.stop()]);
  }
}

/** The host's memory when no session is on a thread any more. */
async function allAsleep(host: Server): Promise<Memory> {
  const end = performance.now() + PATIENCE;
  for (;;) {
    const memory = await host.ask<Memory & { awake: number }>("memory");
    if (memory.awake === 0) return memory;
    if (performance.now() > end) throw new Error(`${memory.awake} sessions are still awake`);
    await wait(500);
  }
}

async function idleSessions(progress: Progress): Promise<Finding[]> {
  const { dir, remove } = makeSite(counterSite);
  const [load, host] = await Promise.all([
    Load.start(),
    startMoonpool({ dir, durability: "disk", sleepAfter: SLEEP_AFTER }),
  ]);
  const { port } = host.started;
  try {
    await load.open("first", "moonpool", { port }, 20);
    await load.close("first");
    const before = await host.ask<Memory>("memory");
    progress(`${IDLE_SESSIONS} sessions are opened`);
    const { usage } = await host.during(() => load.open("idle", "moonpool", { port }, IDLE_SESSIONS));
    const busy = await host.ask<Memory>("memory");
    progress(`${IDLE_SESSIONS} sessions are left alone`);
    const after = await allAsleep(host);
    const each = (memory: Memory): number => (memory.anonymous - before.anonymous) / KB / IDLE_SESSIONS;
    const what = `memory per session, ${IDLE_SESSIONS} connected`;
    return [
      found("page request → first frame, CPU of the server per session", (usage.cpu * 1e3) / IDLE_SESSIONS, "ms"),
      found("memory of a server without sessions", before.anonymous / 2 ** 20, "MB"),
      found(`${what}, just opened`, each(busy), "KB"),
      judged(`${what}, idle`, each(after), "KB", "<=", 60),
    ];
  } finally {
    await Promise.all([load.stop(), host.stop()]);
    remove();
  }
}

export const sessions: Benchmark = {
  name: "sessions",
  question: "What does a session cost: open socket to complete page, memory of 1,000 idle ones?",
  seconds: 50,
  run: async (progress) => [...(await demoPage(progress)), ...(await idleSessions(progress))],
};
