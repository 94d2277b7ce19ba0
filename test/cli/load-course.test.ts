import fs from "node:fs";
import path from "node:path";
import { PassThrough } from "node:stream";
import { stripVTControlCharacters } from "node:util";
import t from "tap";
import { liveView } from "../../src/cli/load/report/live-view.ts";
import { summaryOf } from "../../src/cli/load/report/summary.ts";
import { type LoadResult, runLoad } from "../../src/cli/load/run.ts";
import { parseScript } from "../../src/cli/load/script/read-script.ts";
import { counter, startRealHost } from "../support/real-host.ts";
import { start } from "./command.ts";
import { load, play, rowsSite } from "./run-load.ts";

t.test("Ctrl-C ends the test early; the report is of what was done until then", async (t) => {
  const { origin } = await startRealHost(t, rowsSite);
  const dir = t.testdir({
    "s.json":
      '{ "moonpool-load": 1, "think": 5, "steps": [{ "press": "App.add()" }], "end": [{ "read": "App.count" }] }',
  });
  const json = path.join(dir, "r.json");
  const child = start([
    "load",
    origin,
    "-n",
    "2",
    "--duration",
    "10m",
    "--script",
    path.join(dir, "s.json"),
    "--json",
    json,
  ]);
  let out = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
  child.stderr.setEncoding("utf8");
  // The first line that tells how it goes.
  await new Promise((resolve) => child.stderr.once("data", resolve));
  child.kill("SIGINT");
  const code = await new Promise((resolve) => child.once("close", resolve));
  t.equal(code, 0);
  const result = JSON.parse(fs.readFileSync(json, "utf8")) as LoadResult;
  t.equal(result.ended, "stopped");
  t.ok(result.events.answered > 0);
  t.equal(result.readings["App.count"]?.sum, result.events.answered);
  t.match(out, /\(stopped\)/);
});

t.test("by a timetable, what waits behind a stall counts from when it was planned", async (t) => {
  const { origin } = await startRealHost(t, counter);
  const script = { steps: [{ press: "App.press()" }], end: [{ read: "App.count" }] };
  const running = load(t, origin, script, ["-n", "1", "--events", "100", "--duration", "5s"]);
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  const stall = 1_000;
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, stall);
  const { result } = await running;
  const { event, response } = result.times;
  t.equal(result.model, "open");
  t.equal(response?.count, event?.count);
  t.equal(result.readings["App.count"]?.sum, result.events.answered);
  // One event at most was on its way in the stall; about a hundred were planned in it and wait for half of it on average, which no
  // haste makes less. Half of that is asked for.
  const [waited = 0, served = 0] = [response, event].map((times) => (times?.mean ?? 0) * (times?.count ?? 0));
  t.ok(waited - served > (stall / 10) * (stall / 2) * 0.5, `${waited} ms from the plan, ${served} ms from the sending`);
});

t.test("on a terminal it shows how it goes, in place, and leaves the result below", async (t) => {
  const { origin } = await startRealHost(t, rowsSite);
  const lines: string[] = [];
  const terminal = Object.assign(new PassThrough(), { isTTY: true, columns: 120, rows: 30 });
  terminal.setEncoding("utf8").on("data", (text: string) => lines.push(text));
  const view = liveView(terminal as unknown as NodeJS.WriteStream, 60_000);
  const script = parseScript('{ "moonpool-load": 1, "think": 30, "steps": [{ "press": "App.add()" }] }', "s.json");
  const options = {
    url: origin,
    script,
    sessions: 2,
    rounds: 50,
    duration: 60_000,
    timeout: 30_000,
    opening: 2,
    seed: 1,
  };
  const result = await runLoad({ ...options, allowRemote: false, thresholds: [] }, view);
  view.close();
  const text = lines.join("");
  t.match(stripVTControlCharacters(text), /[█░]{40} 1 of 60 s, Ctrl-C ends it/);
  t.match(stripVTControlCharacters(text), /2 users {2}\d+ events\/s {2}p50 /);
  t.match(text, "\u001b[", "in place");
  t.match(summaryOf(result), /event → answer applied/);
});

t.test("when the test is over, users who still wait to come do not", async (t) => {
  const { origin, app } = await startRealHost(t, rowsSite);
  const script = parseScript('{ "moonpool-load": 1, "steps": [{ "wait": 50 }] }', "s.json");
  const stop = new AbortController();
  const options = { url: origin, script, sessions: 3_000, duration: 60_000, timeout: 30_000, opening: 1, seed: 1 };
  const running = runLoad(
    { ...options, allowRemote: false, thresholds: [] },
    { second: () => stop.abort() },
    stop.signal,
  );
  const result = await running;
  t.equal(result.ended, "stopped");
  t.ok(result.users.most === 3_000);
  t.equal(app.moonpool.statistics().sessionsStarted, result.times.open?.count);
  t.ok((result.times.open?.count ?? 0) < 3_000);
});

t.test("steps that never wait leave the process its timers: the test is over when its time is", async (t) => {
  const { origin } = await startRealHost(t, rowsSite);
  const stream = { repeat: 1_000_000, steps: [{ write: "App.name", value: "x", event: false }] };
  const nothing = { repeat: 1_000_000, steps: [{ repeat: 1_000_000, steps: [{ choose: [{ steps: [] }] }] }] };
  const told = await play(origin, { steps: [stream], end: [{ expect: "App.name", value: "x" }] }, { duration: 1_500 });
  t.equal(told.ended, "time");
  t.notOk(told.errors.byCode.find(({ code }) => code === "LOAD_EXPECTED"));
  t.equal((await play(origin, { steps: [nothing] }, { duration: 500 })).ended, "time");
});

t.test("what is due in more ms than a timer takes is not done at once", async (t) => {
  const { origin } = await startRealHost(t, rowsSite);
  const result = await play(origin, { steps: [{ press: "App.add()" }] }, { duration: 1_000, events: 1e-9 });
  t.equal(result.events.sent, 0);
  t.equal(result.ended, "time");
});
