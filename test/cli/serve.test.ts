import { once } from "node:events";
import fs from "node:fs";
import net, { type AddressInfo } from "node:net";
import path from "node:path";
import { stripVTControlCharacters } from "node:util";
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import t, { type Test } from "tap";
import { starterSite } from "../../src/cli/starter-site.ts";
import { init } from "../../src/cli/init.ts";
import { openPage, run, start } from "./command.ts";

interface Served {
  child: ChildProcessWithoutNullStreams;
  /** The address that was printed. */
  url: string;
  out: () => string;
  err: () => string;
  ended: Promise<unknown[]>;
}

function site(t: Test): string {
  const dir = t.testdir({});
  init(dir, { force: true });
  return dir;
}

/** Runs `moonpool serve` on a free port until its address is printed. */
async function serve(t: Test, args: string[], env: Record<string, string> = {}): Promise<Served> {
  const child = start(["serve", "--port", "0", "--threads", "1", ...args], env);
  const ended = once(child, "close");
  t.teardown(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  let out = "";
  let err = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
  child.stdout.setEncoding("utf8");
  await new Promise<void>((resolve, reject) => {
    child.stdout.on("data", (text: string) => {
      out += text;
      if (out.includes("\n")) resolve();
    });
    void ended.then(() => reject(new Error(`serve ended: ${err}`)));
  });
  return { child, url: /http:\S+/.exec(out)?.[0] ?? "", out: () => out, err: () => err, ended };
}

t.test("serve prints the address once, serves there, and SIGTERM ends it with code 0", async (t) => {
  const dir = site(t);
  const { child, url, out, ended } = await serve(t, ["--dir", dir]);
  t.match(out(), new RegExp(`^Moonpool serves ${dir} at http://127\\.0\\.0\\.1:\\d+/\n$`));
  const page = await openPage(url);
  t.equal(page.status, 200);
  t.match(page.url, /[0-9a-f]{32}$/, "a session of its own");
  t.match(await page.text(), /<div ui-app><\/div>/);
  t.equal(await (await fetch(`${url}style.css`)).text(), starterSite["html/style.css"]);
  child.kill("SIGTERM");
  t.same(await ended, [0, null]);
  t.equal(out().split("\n").length, 2, "one line on standard output");
});

t.test("the log is JSON on standard error, with the problems of viewdefs by file and line", async (t) => {
  const dir = t.testdir({
    lua: { "main.lua": "" },
    viewdefs: { "A.DEFAULT.html": '<template>\n<p ui-vlaue="x"></p></template>' },
  });
  const { child, err, ended } = await serve(t, ["--dir", dir, "--dev", "--log-format", "json"]);
  child.kill("SIGINT");
  t.same(await ended, [0, null]);
  const lines = err()
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { code?: string; msg: string });
  const line = lines.find(({ code }) => code === "ATTRIBUTE_UNKNOWN");
  t.match(line?.msg, /^viewdefs\/A\.DEFAULT\.html:2: .*did you mean ui-value/);
});

t.test("in development mode a save is one line on the terminal, and none when hot reload is off", async (t) => {
  const dir = t.testdir({ on: { lua: { "main.lua": "" } }, off: { lua: { "main.lua": "" } } });
  const args = ["--dev", "--log-format", "pretty"];
  const watched = await serve(t, ["--dir", path.join(dir, "on"), ...args]);
  const other = await serve(t, ["--dir", path.join(dir, "off"), ...args, "--no-hotload"]);
  for (const name of ["off", "on"]) fs.writeFileSync(path.join(dir, name, "lua/main.lua"), "x = 1");
  while (!watched.err().includes("reloaded")) await once(watched.child.stderr, "data");
  for (const { child, ended } of [watched, other]) {
    child.kill("SIGTERM");
    await ended;
  }
  const lines = stripVTControlCharacters(watched.err()).trim().split("\n").slice(1);
  t.match(lines, [/INFO: reloaded lua\/main\.lua · 0 sessions · \d+ ms$/]);
  t.equal(lines.length, 1);
  t.notMatch(other.err(), "reload");
});

t.test("the environment and the site's config file count, and the prefix is part of the address", async (t) => {
  const dir = t.testdir({
    lua: { "main.lua": "" },
    extra: { "x.txt": "extra" },
    ".moonpoolrc": "mounts: { /more: extra }",
  });
  const { url } = await serve(t, [], { MOONPOOL_DIR: dir, MOONPOOL_PREFIX: "/app/" });
  t.match(url, /:\d+\/app$/);
  t.equal(await (await fetch(`${url}/more/x.txt`)).text(), "extra");
});

t.test("a second signal ends serve at once, although a request is still being answered", async (t) => {
  const { child, url, ended } = await serve(t, ["--dir", site(t)]);
  const { hostname, port } = new URL(url);
  const socket = net.connect(Number(port), hostname);
  socket.on("error", () => {});
  socket.write("GET / HTTP/1.1\r\nHost: x\r\n");
  await openPage(url);
  child.kill("SIGINT");
  // Once new connections are refused, the first signal has begun to close the server.
  for (let open = true; open;) {
    const probe = net.connect(Number(port), hostname);
    open = await new Promise<boolean>((resolve) => {
      probe.once("connect", () => resolve(true)).once("error", () => resolve(false));
    });
    probe.destroy();
  }
  child.kill("SIGINT");
  t.same(await ended, [130, null]);
  socket.destroy();
});

t.test("a port in use is PORT_IN_USE with what to do", async (t) => {
  const other = net.createServer().listen(0, "127.0.0.1");
  t.teardown(() => other.close());
  await once(other, "listening");
  const { port } = other.address() as AddressInfo;
  const { code, err, out } = await run(["serve", "--port", String(port), "--threads", "1", "--dir", site(t)]);
  t.equal(code, 1);
  t.match(err, new RegExp(`PORT_IN_USE: .*127\\.0\\.0\\.1:${port}\\.\nChoose another --port`));
  t.equal(out, "");
});

t.test("a site that is not there is SITE_MISSING, a setting that is wrong CONFIG_INVALID", async (t) => {
  const missing = await run(["serve", "--port", "0", "--dir", "/nowhere/at/all"]);
  t.equal(missing.code, 1);
  t.match(missing.err, /SITE_MISSING: .*\/nowhere\/at\/all.*\n.*moonpool init/);
  const wrong = await run(["serve", "--port", "0", "--dir", site(t), "--mount", "/x=/nowhere/at/all"]);
  t.equal(wrong.code, 1);
  t.match(wrong.err, /CONFIG_INVALID: .*\/nowhere\/at\/all/);
});
