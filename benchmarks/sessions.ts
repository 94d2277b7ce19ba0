// What does a session cost: to create, to open its page, to keep?
import { once } from "node:events";
import { type Client, openClient } from "./support/client.ts";
import { type Finding, judged, median } from "./support/measure.ts";
import { startProgram } from "./support/processes.ts";
import { counterSite, makeSite, repository } from "./support/site.ts";

const IDLE_SESSIONS = 1_000;

/** Opens the demo a few times: ms and bytes from the request to the complete page. */
async function demoPage(): Promise<Finding[]> {
  const host = await startProgram<{ port: number }>("moonpool-server", { dir: repository });
  try {
    const openings: Client["opening"][] = [];
    for (let i = 0; i < 20; i++) {
      const client = await openClient(host.started.port);
      openings.push(client.opening);
      client.close();
    }
    const of = (name: keyof Client["opening"]): number => median(openings.slice(5).map((opening) => opening[name]));
    return [
      { what: "Contacts demo: request → page text", value: of("pageMs"), unit: "ms" },
      { what: "Contacts demo: request → complete page (first frame)", value: of("frameMs"), unit: "ms" },
      { what: "Contacts demo: page text", value: of("pageBytes"), unit: "bytes" },
      { what: "Contacts demo: first frame", value: of("frameBytes"), unit: "bytes" },
    ];
  } finally {
    await host.stop();
  }
}

async function idleSessions(): Promise<Finding[]> {
  const { dir, remove } = makeSite(counterSite);
  const host = await startProgram<{ port: number }>("moonpool-server", { dir }, ["--expose-gc"]);
  const clients: Client[] = [];
  try {
    for (let i = 0; i < 20; i++) (await openClient(host.started.port)).close();
    const before = await host.ask<{ rss: number }>("memory");
    const start = performance.now();
    for (let i = 0; i < IDLE_SESSIONS; i++) clients.push(await openClient(host.started.port));
    const created = (performance.now() - start) / IDLE_SESSIONS;
    // Sessions that nobody uses give their slot up after 30 s, a few at a time; the memory goes when the thread collects garbage.
    const idle = once(AbortSignal.timeout(60_000), "abort");
    const busy = await host.ask<{ rss: number }>("memory");
    await idle;
    const after = await host.ask<{ rss: number }>("memory");
    const each = (rss: number): number => (rss - before.rss) / 1024 / IDLE_SESSIONS;
    return [
      { what: "page request → first frame, one after the other, per session", value: created, unit: "ms" },
      { what: `memory per session, ${IDLE_SESSIONS} connected, just opened`, value: each(busy.rss), unit: "KB" },
      judged(`memory per session, ${IDLE_SESSIONS} connected, idle`, each(after.rss), "KB", "<=", 60),
    ];
  } finally {
    for (const client of clients) client.close();
    await host.stop();
    remove();
  }
}

/** Runs the benchmark. Takes a minute and a half. */
export async function sessions(): Promise<Finding[]> {
  return [...(await demoPage()), ...(await idleSessions())];
}
