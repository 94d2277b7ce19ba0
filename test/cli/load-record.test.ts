import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import type { AddressInfo, Socket } from "node:net";
import t from "tap";
import { WebSocket } from "ws";
import { startProxy } from "../../src/cli/load/record/proxy.ts";
import { Recorder } from "../../src/cli/load/record/recorder.ts";
import { parseScript } from "../../src/cli/load/script/read-script.ts";
import { Site } from "../../src/cli/load/site.ts";
import { Chromium } from "../support/chromium.ts";
import { startRealHost } from "../support/real-host.ts";
import { plainPage } from "../support/site.ts";
import { run, start } from "./command.ts";
import { load, rowsSite } from "./run-load.ts";

/** The steps of a script without the pauses, whose length is chance. */
function stepsIn(text: string): Record<string, unknown>[] {
  const { steps } = JSON.parse(text) as { steps: Record<string, unknown>[] };
  return steps.filter((step) => !("wait" in step));
}

t.test("what is done in a browser becomes a script, with which a load test does the same", async (t) => {
  const host = await startRealHost(t, { ...rowsSite, "html/index.html": plainPage });
  const chromium = await Chromium.launch(t);
  const out = path.join(t.testdir({}), "script.json");
  const child = start(["load", "record", host.origin, "--out", out]);
  t.teardown(() => child.kill("SIGKILL"));
  const ended = new Promise((resolve) => child.once("close", resolve));
  const line = await new Promise<string>((resolve) => child.stdout.setEncoding("utf8").once("data", resolve));
  const [url = ""] = /http:\/\/127\.0\.0\.1:\d+\//.exec(line) ?? [];
  t.not(url, `${host.origin}/`);
  const page = await chromium.open(t, url);
  const count = page.locator("b").first();
  const add = page.locator("button").first();
  for (const expected of ["1", "2", "3"]) {
    await add.click();
    await page.waitForFunction((expected) => document.querySelector("b")?.textContent === expected, expected);
  }
  await page.locator("input").fill("Ann");
  await add.click();
  await page.waitForFunction(() => document.querySelector("b")?.textContent === "4");
  await page.locator("li button").nth(2).click();
  await page.waitForFunction(() => document.querySelector("b:nth-of-type(2)")?.textContent === "1");
  await page.reload();
  await count.waitFor();
  await page.waitForFunction(() => document.querySelectorAll("li").length === 4);
  await page.locator("li button").last().click();
  await page.waitForFunction(() => document.querySelectorAll("li").length === 3);
  await page.close();
  child.kill("SIGINT");
  t.equal(await ended, 0);
  const text = fs.readFileSync(out, "utf8");
  t.same(stepsIn(text), [
    { press: "App.add()" },
    { press: "App.add()" },
    { press: "App.add()" },
    { together: [{ write: "App.name", value: "Ann" }, { press: "App.add()" }] },
    { press: "Row.list-item.hit()", row: 2 },
    { reload: true },
    { press: "Row.list-item.remove()", row: 4 },
  ]);
  t.ok(parseScript(text, out).steps.length >= 7);
  const { steps } = JSON.parse(text) as { steps: object[] };
  const end = [{ read: "App.count" }, { read: "App.hits" }, { expect: "App.name", value: "Ann" }];
  const { result } = await load(t, host.origin, { steps, end }, ["-n", "3", "--rounds", "2"]);
  t.same(result.errors.byCode, []);
  t.equal(result.readings["App.count"]?.sum, 3 * 2 * 4);
  t.equal(result.readings["App.hits"]?.sum, 3 * 2);
});

t.test("only pages that the recorder has delivered may speak to it", async (t) => {
  const host = await startRealHost(t, rowsSite);
  const child = start(["load", "record", host.origin, "--out", path.join(t.testdir({}), "s.json")]);
  const ended = new Promise((resolve) => child.once("close", resolve));
  t.teardown(() => child.kill("SIGKILL"));
  const line = await new Promise<string>((resolve) => child.stdout.setEncoding("utf8").once("data", resolve));
  const url = new URL(/http:\S+/.exec(line)?.[0] ?? "");
  const status = (headers: Record<string, string>, path = "/"): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      http
        .get(url, { headers, path }, (response) => {
          response.resume();
          resolve(response.statusCode);
        })
        .on("error", reject);
    });
  t.equal(await status({}), 303);
  t.equal(await status({ host: "evil.example" }), 403);
  t.equal(await status({ origin: "http://evil.example" }), 403);
  const upgrade = { connection: "Upgrade", upgrade: "websocket" };
  for (const path of ["http://x/", "//", "/#x", "*"]) {
    t.equal(await status({}, path), 400, path);
    t.equal(await status(upgrade, path), 400, path);
  }
  t.equal(await status({ host: url.host, origin: url.origin }), 303);
  child.kill("SIGINT");
  t.equal(await ended, 2, "and a recording of nothing is no script");
});

t.test("a site that never answers keeps neither a page that has gone nor the end of the recorder", async (t) => {
  const server = http.createServer();
  const asked: ((socket: Socket) => void)[] = [];
  server.on("upgrade", (_request, socket: Socket) => asked.shift()?.(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.teardown(() => server.close());
  const site = await Site.at(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, { timeout: 600_000 });
  const proxy = await startProxy(site, 0, () => t.fail("nothing was opened") as never);
  const open = async (): Promise<{ page: WebSocket; closed: Promise<unknown> }> => {
    const reached = new Promise<Socket>((resolve) => asked.push(resolve));
    const page = new WebSocket(proxy.origin.replace("http", "ws"), { origin: proxy.origin });
    page.on("error", () => {});
    const socket = await reached;
    return { page, closed: new Promise((resolve) => socket.resume().once("end", resolve)) };
  };
  const gone = await open();
  gone.page.terminate();
  await gone.closed;
  const waiting = await open();
  await proxy.close();
  await waiting.closed;
  site.close();
});

t.test("a script that is there is not overwritten, and an address that is none is refused", async (t) => {
  const out = path.join(t.testdir({ "s.json": "mine" }), "s.json");
  t.match(await run(["load", "record", "http://127.0.0.1:1/", "-o", out]), { code: 2, err: /^LOAD_OPTION: .*--force/ });
  t.equal(fs.readFileSync(out, "utf8"), "mine");
  t.match(await run(["load", "record", "http://192.0.2.1/", "-o", out, "--force"]), { code: 2, err: /^LOAD_ADDRESS/ });
  t.match(await run(["load", "record", "http://127.0.0.1:1/", "-o", out, "--force", "--port", "x"]), {
    code: 2,
    err: /--port/,
  });
});

t.test(
  "letters that are typed one after the other become one step, pauses, lost sockets and pages left their own",
  async (t) => {
    let now = 0;
    const notes: string[] = [];
    const recorder = new Recorder(
      (note) => notes.push(note),
      () => now,
    );
    const path = "/_moonpool/ws/0123456789abcdef0123456789abcdef";
    const viewdef = {
      html: '<input ui-value="name?keypress"><i ui-event-x="moved(_)">',
      bindings: [
        { at: 0, kind: "value", slot: 0, write: true },
        { at: 1, kind: "event", slot: 1, name: "x" },
      ],
    };
    const shown = JSON.stringify({
      seq: 1,
      ack: 0,
      messages: [
        { type: "welcome", protocol: 1, connection: 1, development: false },
        { type: "update", id: 1, properties: { viewdefs: { "App.DEFAULT": viewdef } } },
        { type: "view", id: 1, viewdef: "App.DEFAULT", first: 2, values: ["", null] },
      ],
    });
    let page = recorder.open(path);
    let seq = 0;
    page.fromHost(shown);
    const send = (id: number, value: unknown, event = true): void => {
      page.fromPage(JSON.stringify({ seq: ++seq, ack: 1, event, messages: [{ type: "update", id, value }] }));
      now += 5;
      page.fromHost(JSON.stringify({ ack: seq }));
    };
    for (const [pause, value] of [
      [500, "A"],
      [80, "An"],
      [120, "Ann"],
    ] as const) {
      now += pause;
      send(2, value);
    }
    send(3, { x: 1 }, false);
    send(99, "x");
    page.fromPage("{");
    page.closed();
    now += 700;
    page = recorder.open(`${path}?connection=1&applied=1&acknowledged=4`);
    page.fromHost(JSON.stringify({ ack: seq, resumed: true }));
    send(2, "Bob");
    const other = recorder.open("/_moonpool/ws/ffffffffffffffffffffffffffffffff");
    other.fromPage(JSON.stringify({ seq: 1, ack: 0, event: true, messages: [{ type: "update", id: 2, value: "no" }] }));
    page.closed();
    now += 10_000;
    page = recorder.open(path);
    page.fromHost(shown);
    page.closed();
    t.same(JSON.parse(recorder.script), {
      "moonpool-load": 1,
      steps: [
        { wait: 500 },
        { type: "App.name", text: "Ann", pause: "80..120" },
        { press: "App.moved(_)", value: { x: 1 }, event: false },
        { drop: 700 },
        { write: "App.name", value: "Bob" },
        { leave: 10_000 },
      ],
    });
    t.equal(parseScript(recorder.script, "s.json").steps.length, 6);
    t.equal(recorder.count, 6);
    t.match(notes, [/no address leads to/, /not understood/, /another page/]);
    page = recorder.open(path);
    const broken = ["{", "null", '{"seq":2,"ack":0,"messages":[{"type":"list","id":3,"place":1}]}'];
    for (const text of [...broken, '{"messages":[null]}']) {
      page.fromHost(text);
      page.fromPage(text);
    }
    t.equal(notes.filter((note) => note.includes("not understood")).length, 1 + 7);
    t.equal(recorder.count, 7, "what was recorded is still there, and the reload");
  },
);
