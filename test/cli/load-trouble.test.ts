import http from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import t, { type Test } from "tap";
import { hostile } from "../support/hostile-site.ts";
import { startRealHost } from "../support/real-host.ts";
import { ServedProcess } from "../support/served-process.ts";
import { makeSite, removeSite } from "../support/site.ts";
import { run } from "./command.ts";
import { load, rowsSite } from "./run-load.ts";

t.setTimeout(170_000);

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
  const running = load(t, served.origin, script, ["-n", "4", "--duration", "10s", "--timeout", "30s"]);
  await events(served.origin, 40);
  await served.kill("SIGKILL");
  await served.start();
  const { code, result } = await running;
  t.equal(code, 0);
  const lost = result.errors.byCode.find(({ code }) => code === "LOAD_LOST");
  t.ok((lost?.count ?? 0) >= 4, "each user lost the connection");
  t.equal(result.readings["App.count"]?.sum, result.events.answered, "what was answered had happened, once");
  t.equal(result.events.answered, result.events.sent, "and what was on its way when the site died, too");
});

t.test("a site that stays away ends a user's waiting in time, and the report is written", async (t) => {
  const served = await serveRows(t);
  const script = { think: 5, steps: [{ press: "App.add()" }] };
  const held = ["--fail-if", "errors>0", "--fail-if", "events<1"];
  const running = load(t, served.origin, script, ["-n", "3", "--duration", "10s", "--timeout", "4s", ...held]);
  await events(served.origin, 10);
  await served.kill("SIGKILL");
  const { code, result } = await running;
  t.equal(code, 1);
  t.same(
    result.thresholds.map(({ isMissed }) => isMissed),
    [true, false],
  );
  const codes = result.errors.byCode.map(({ code }) => code);
  t.ok(codes.includes("LOAD_LOST"), codes.join());
  t.ok(codes.includes("LOAD_TIMEOUT"), codes.join());
  t.ok(result.events.answered < result.events.sent);
});

t.test("nothing is sent to another machine, to another origin, or to what is no site", async (t) => {
  let hits = 0;
  const other = http.createServer((_request, response) => response.end(String(++hits)));
  const leading = http.createServer((request, response) => {
    if (request.url?.includes("_moonpool")) return response.writeHead(404).end();
    return response.writeHead(303, { location: `http://127.0.0.1:${(other.address() as AddressInfo).port}/x` }).end();
  });
  const plain = http.createServer((_request, response) => response.end("<p>hello"));
  const urls: string[] = [];
  for (const server of [other, leading, plain]) {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    t.teardown(() => server.close());
    urls.push(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  }
  const ask = (url: string, ...args: string[]) => run(["load", url, "--duration", "1s", "-n", "2", ...args]);
  const redirected = await ask(urls[1] ?? "");
  t.match(redirected, { code: 2, err: /LOAD_UNREACHABLE: .*\(LOAD_REDIRECT: The site leads to http:\/\/127/ });
  t.equal(hits, 0);
  t.match(await ask(urls[2] ?? ""), { code: 2, err: /LOAD_PAGE: \/: HTTP 200/ });
  t.match(await ask("http://192.0.2.1/"), {
    code: 2,
    err: /^LOAD_ADDRESS: 192\.0\.2\.1 is 192\.0\.2\.1, which is not this machine/,
  });
  t.match(await ask("http://[2001:db8::1]:80/"), { code: 2, err: /^LOAD_ADDRESS/ });
  t.match(await ask("ftp://127.0.0.1/"), { code: 2, err: /^LOAD_ADDRESS/ });
  t.match(await ask("http://me:secret@127.0.0.1/"), { code: 2, err: /^LOAD_ADDRESS/ });
  t.match(await ask("http://127.0.0.1:1/"), { code: 2, err: /^LOAD_UNREACHABLE: .*ECONNREFUSED/ });
});

t.test("what cannot be run is refused with code 2 before anything is sent", async (t) => {
  const dir = t.testdir({ "bad.json": '{ "moonpool-load": 1,\n  "steps": [{ "pres": "App.add()" }] }' });
  const bad: [string[], RegExp][] = [
    [["--script", path.join(dir, "bad.json")], /^LOAD_SCRIPT: .*bad\.json:2:13: a step has one of /],
    [["--script", path.join(dir, "none.json")], /^LOAD_SCRIPT: .*none\.json cannot be read/],
    [["-n", "0"], /^LOAD_OPTION: --sessions is a whole number up to 20000, not 0/],
    [["-n", "1000000"], /^LOAD_OPTION: --sessions/],
    [["--duration", "25h"], /^LOAD_OPTION: --duration/],
    [["--rate", "-1"], /^LOAD_OPTION: --rate/],
    [["--events", "1e9"], /^LOAD_OPTION: --events/],
    [["--think", "5..1"], /^LOAD_OPTION: --think/],
    [["--fail-if", "p99"], /^LOAD_OPTION: "p99" is no condition/],
    [["--json", path.join(dir, "none/r.json")], /^LOAD_OPTION: .*r\.json cannot be written/],
  ];
  for (const [args, err] of bad)
    t.match(await run(["load", "http://127.0.0.1:1/", ...args]), { code: 2, out: "", err });
});

t.test("a host that breaks the protocol, or never answers, is an error and not the end of the tester", async (t) => {
  for (const [kind, codes] of Object.entries({
    "not-json": ["LOAD_PROTOCOL"],
    "no-welcome": ["LOAD_PROTOCOL"],
    gap: ["LOAD_PROTOCOL"],
    "many-rows": ["LOAD_PROTOCOL"],
    "own-row": ["LOAD_TARGET"],
    silent: ["LOAD_TIMEOUT"],
  })) {
    const url = await hostile(t, kind as Parameters<typeof hostile>[1]);
    const script = { steps: [{ press: "Row.hit()", row: 2 }] };
    const { err, result } = await load(t, url, script, ["-n", "2", "--duration", "2s", "--timeout", "500ms"]);
    const told = result.errors?.byCode.map(({ code }) => code) ?? [];
    for (const code of codes) t.ok(told.includes(code) || err.includes(code), `${kind}: ${told.join()} ${err}`);
  }
});
