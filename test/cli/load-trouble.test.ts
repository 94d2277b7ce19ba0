import t, { type Test } from "tap";
import type { Watcher } from "../../src/cli/load/run.ts";
import { readThreshold } from "../../src/cli/load/thresholds.ts";
import { startRealHost } from "../support/real-host.ts";
import { ServedProcess } from "../support/served-process.ts";
import { makeSite, removeSite } from "../support/site.ts";
import { load, play, rowsSite } from "./run-load.ts";

t.test("a step that names what is not there is an error that says so", async (t) => {
  const { origin } = await startRealHost(t, rowsSite);
  const script = { steps: [{ press: "App.ad()" }], end: [{ expect: "App.count", value: 1 }] };
  const { result } = await load(t, origin, script, ["-n", "1", "--rounds", "1", "--timeout", "3s"]);
  const errorOf = (code: string) => result.errors.byCode.find((error) => error.code === code);
  t.match(errorOf("LOAD_TARGET"), { count: 1, message: "App.ad() is not on the page." });
  t.match(errorOf("LOAD_EXPECTED"), { count: 1, message: "App.count is 0, not 1." });
});

/** A `moonpool serve` with rowsSite in a process of its own. */
async function serveRows(t: Test): Promise<ServedProcess> {
  const dir = makeSite(rowsSite);
  t.teardown(() => removeSite(dir));
  return ServedProcess.start(t, ["--dir", dir, "--durability", "disk", "--metrics"]);
}

/** Settles when the host has had so many events from pages. */
async function events(origin: string, count: number): Promise<void> {
  for (let frame = 0; frame < count;) {
    const response = await fetch(`${origin}/_moonpool/statistics`);
    ({ frame } = ((await response.json()) as { events: { frame: number } }).events);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

t.test("a site that dies is reported, and one that comes back goes on with its sessions", async (t) => {
  const served = await serveRows(t);
  const script = { think: "5..20", steps: [{ press: "App.add()" }], end: [{ read: "App.count" }] };
  const stop = new AbortController();
  const running = play(served.origin, script, { sessions: 4 }, {}, stop.signal);
  await events(served.origin, 40);
  await served.kill("SIGKILL");
  await served.start();
  await events(served.origin, 40);
  stop.abort();
  const result = await running;
  const lost = result.errors.byCode.find(({ code }) => code === "LOAD_LOST");
  t.ok((lost?.count ?? 0) >= 4, "each user lost the connection");
  t.equal(result.readings["App.count"]?.sum, result.events.answered, "what was answered had happened, once");
  t.equal(result.events.answered, result.events.sent, "and what was on its way when the site died, too");
});

t.test("a site that stays away ends a user's waiting in time, and all is reported", async (t) => {
  const served = await serveRows(t);
  const script = { think: 5, steps: [{ press: "App.add()" }] };
  const stop = new AbortController();
  const second: Watcher["second"] = (_second, { errors }) => {
    if (errors.some(({ code }) => code === "LOAD_TIMEOUT") && errors.some(({ code }) => code === "LOAD_LOST"))
      stop.abort();
  };
  const thresholds = ["errors>0", "events<1"].map(readThreshold);
  const running = play(served.origin, script, { sessions: 3, timeout: 5_000, thresholds }, { second }, stop.signal);
  await events(served.origin, 10);
  await served.kill("SIGKILL");
  const result = await running;
  t.equal(result.ended, "stopped", "the waiting had an end before the test had");
  t.same(
    result.thresholds.map(({ isMissed }) => isMissed),
    [true, false],
  );
  t.ok(result.events.answered < result.events.sent);
});
