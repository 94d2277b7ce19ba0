import { spawn } from "node:child_process";
import { once } from "node:events";
import t from "tap";
import { init } from "../../src/cli/init.ts";
import { openPage } from "./command.ts";

t.test("npm start serves in development mode; flags given by the user win; a signal ends both processes", async (t) => {
  const dir = t.testdir({});
  init(dir, { force: true });
  const child = spawn(process.execPath, ["scripts/start.mjs", "--port", "0", "--threads", "1", "--dir", dir]);
  const ended = once(child, "close");
  t.teardown(async () => {
    child.kill("SIGTERM");
    await ended;
  });
  let out = "";
  let err = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
  child.stdout.setEncoding("utf8");
  await new Promise<void>((resolve, reject) => {
    child.stdout.on("data", (text: string) => {
      out += text;
      if (out.includes("http:")) resolve();
    });
    void ended.then(() => reject(new Error(`npm start ended: ${err}`)));
  });
  t.match(out, `Moonpool serves ${dir} at http://127.0.0.1:`);
  t.notMatch(out, ":8040");
  const url = /http:\S+/.exec(out)?.[0] ?? "";
  t.match(await (await openPage(url)).text(), /<title>Notebook<\/title>/);
  child.kill("SIGTERM");
  t.same(await ended, [0, null]);
  await t.rejects(fetch(url), "the server is gone, too");
});
