import http from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import t, { type Test } from "tap";
import type { LoadFlags } from "../../src/cli/load/load-command.ts";
import { load } from "../../src/cli/load/load.ts";
import { type LoadResult, runLoad } from "../../src/cli/load/run.ts";
import { parseScript } from "../../src/cli/load/script/read-script.ts";
import { Site } from "../../src/cli/load/site.ts";
import { hostile, type Hostility } from "../support/hostile-site.ts";
import { run } from "./command.ts";

/** What users of a site come to who press something in its second row. */
function pressing(url: string, duration: number): Promise<LoadResult> {
  const script = parseScript('{ "moonpool-load": 1, "steps": [{ "press": "Row.hit()", "row": 2 }] }', "s.json");
  const options = { url, script, duration, sessions: 2, timeout: 1_000, opening: 2, seed: 1 };
  return runLoad({ ...options, allowRemote: false, thresholds: [] });
}

/** A plain HTTP server on this machine; closed after the test. */
async function serve(t: Test, answer: http.RequestListener): Promise<string> {
  const server = http.createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

t.test("an address that is none, or not of this machine, is refused before anything is sent", async (t) => {
  const refused = (address: string, message: RegExp) =>
    t.rejects(Site.at(address), { code: "LOAD_ADDRESS", message }, address);
  await refused("http://192.0.2.1/", /192\.0\.2\.1, which is not this machine/);
  await refused("http://[2001:db8::1]:80/", /which is not this machine/);
  await refused("http://0.0.0.0/", /which is not this machine/);
  await refused("http://[::ffff:192.0.2.1]/", /which is not this machine/);
  await refused("ftp://127.0.0.1/", /is no address/);
  await refused("127.0.0.1:8040", /is no address/);
  await refused("http://me:secret@127.0.0.1/", /no name, password/);
  await refused("http://127.0.0.1/?x=1", /no name, password, query/);
  for (const own of ["http://127.0.0.1:1/", "http://127.1.2.3/", "http://[::1]/", "http://localhost:8040/ui"])
    (await Site.at(own)).close();
  const allowed = await Site.at("http://192.0.2.1/ui", { allowRemote: true });
  t.equal(allowed.pathOf("_moonpool/x"), "/ui/_moonpool/x");
  allowed.close();
});

t.test("nothing is sent to another origin, and what is no site is told from one", async (t) => {
  let hits = 0;
  const other = await serve(t, (_request, response) => response.end(String(++hits)));
  const leading = await serve(t, (request, response) => {
    if (request.url?.includes("_moonpool")) return response.writeHead(404).end();
    return response.writeHead(303, { location: `${other}x` }).end();
  });
  const plain = await serve(t, (_request, response) => response.end("<p>hello"));
  const circular = await serve(t, (_request, response) => response.writeHead(302, { location: "/" }).end());
  const nowhere = await serve(t, (_request, response) => response.writeHead(302, { location: "http://[bad" }).end());
  await t.rejects(pressing(nowhere, 500), { message: /\(LOAD_REDIRECT: .*no address/ });
  await t.rejects(pressing(leading, 500), {
    code: "LOAD_UNREACHABLE",
    message: /\(LOAD_REDIRECT: The site leads to http:/,
  });
  t.equal(hits, 0);
  await t.rejects(pressing(plain, 500), { code: "LOAD_UNREACHABLE", message: /\(LOAD_PAGE: \/: HTTP 200/ });
  await t.rejects(pressing(circular, 500), { code: "LOAD_UNREACHABLE", message: /without an end/ });
  await t.rejects(pressing("http://127.0.0.1:1/", 500), { code: "LOAD_UNREACHABLE", message: /ECONNREFUSED/ });
});

t.test("options that cannot be are refused with what they have to be", async (t) => {
  const dir = t.testdir({ "bad.json": '{ "moonpool-load": 1,\n  "steps": [{ "pres": "App.add()" }] }' });
  const usual: LoadFlags = { sessions: "1", duration: "1s", timeout: "1s", opening: "1" };
  const bad: [Partial<LoadFlags>, RegExp][] = [
    [{ sessions: "0" }, /^--sessions is a whole number up to 20000, not 0/],
    [{ sessions: "1000000" }, /^--sessions/],
    [{ sessions: "1.5" }, /^--sessions/],
    [{ duration: "25h" }, /^--duration/],
    [{ duration: "soon" }, /^--duration/],
    [{ rate: "-1" }, /^--rate/],
    [{ events: "1e9" }, /^--events/],
    [{ opening: "257" }, /^--opening/],
    [{ think: "5..1" }, /^--think/],
    [{ failIf: ["p99"] }, /^"p99" is no condition/],
    [{ json: path.join(dir, "none/r.json") }, /r\.json cannot be written/],
    [{ html: dir }, /cannot be written: EISDIR/],
  ];
  for (const [flags, message] of bad)
    await t.rejects(
      load("http://127.0.0.1:1/", { ...usual, ...flags }),
      { code: "LOAD_OPTION", message },
      String(message),
    );
  const script = path.join(dir, "bad.json");
  const ran = await run(["load", "http://127.0.0.1:1/", "--script", script]);
  t.match(ran, { code: 2, out: "", err: /^LOAD_SCRIPT: .*bad\.json:2:13: a step has one of .*\nCompare it with docs/ });
});

t.test("a host that breaks the protocol, or never answers, is an error and not the end of the tester", async (t) => {
  const expected: Record<Hostility, string> = {
    "not-json": "LOAD_PROTOCOL",
    "no-welcome": "LOAD_PROTOCOL",
    gap: "LOAD_PROTOCOL",
    "many-rows": "LOAD_PROTOCOL",
    "own-row": "LOAD_TARGET",
    silent: "LOAD_TIMEOUT",
  };
  for (const [kind, code] of Object.entries(expected)) {
    const url = await hostile(t, kind as Hostility);
    const told = await pressing(url, 2_500).then(
      ({ errors }) => errors.byCode.map(({ code }) => code).join(),
      (error: Error) => error.message,
    );
    t.match(told, code, kind);
  }
});
