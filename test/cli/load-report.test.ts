import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import t from "tap";
import { Chromium } from "../support/chromium.ts";
import { startRealHost } from "../support/real-host.ts";
import { run } from "./command.ts";
import { load, play, rowsSite } from "./run-load.ts";

t.test("the HTML report is one file that shows its plots and tables, and runs nothing that a site said", async (t) => {
  const hostile = rowsSite["lua/main.lua"]?.replace(
    "on purpose",
    "<img src=x onerror=alert(1)></script><script>alert(2)</script>",
  );
  const host = await startRealHost(t, { ...rowsSite, "lua/main.lua": hostile ?? "" }, { metrics: true });
  const html = path.join(t.testdir({}), "report.html");
  const script = {
    think: "5..30",
    steps: [{ press: "App.add()" }, { press: "App.fail()" }],
    end: [{ read: "App.count" }],
  };
  const held = ["--quiet", "--fail-if", "errors>1000", "--fail-if", "p50>0"];
  const { code, result } = await load(t, host.origin, script, ["-n", "3", "--duration", "4s", "--html", html, ...held]);
  t.equal(code, 1);
  t.ok(result.timeline.length >= 4, "a second each, also if nobody watches");
  const text = fs.readFileSync(html, "utf8");
  t.notMatch(text, /(src|href)="(?!data:)/, "nothing is loaded from elsewhere");
  const chromium = await Chromium.launch(t);
  const page = await chromium.open(t, pathToFileURL(html).href, {
    viewport: { width: 1000, height: 900 },
    language: "en-US@posix",
  });
  page.on("dialog", () => t.fail("something of the site was run"));
  for (const id of ["latency", "throughput", "users", "distribution"]) {
    const drawn = await page.locator(`#${id} canvas`).evaluate((element) => {
      const canvas = element as HTMLCanvasElement;
      const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
      const colors = new Set<number>();
      // Of lines, not of axes, which are grey.
      for (let at = 0; at < data.length; at += 4)
        if (
          data[at + 3]! > 200 &&
          Math.max(data[at]!, data[at + 1]!, data[at + 2]!) - Math.min(data[at]!, data[at + 1]!, data[at + 2]!) > 80
        )
          colors.add((data[at]! << 16) | (data[at + 1]! << 8) | data[at + 2]!);
      return colors.size;
    });
    t.ok(drawn > 0, `${id} has lines`);
  }
  const told = await page.locator("body").innerText();
  t.match(told, String(result.events.answered));
  t.match(told, "LUA_ERROR");
  t.match(told, "<img src=x onerror=alert(1)>");
  t.match(told, /p50>0\s+[\d.]+\s+failed/);
  t.equal(await page.locator("img").count(), 0);
});

t.test("a report that cannot be written is said after the summary, and the other is written", async (t) => {
  const { origin } = await startRealHost(t, rowsSite);
  const html = path.join(t.testdir({}), "report.html");
  const full = ["--json", "/dev/full", "--html", html];
  const ran = await run(["load", origin, "-n", "1", "--rounds", "1", "--duration", "60s", "--quiet", ...full]);
  t.match(ran, {
    code: 2,
    out: /^1 users .* played 1 rounds/,
    err: /^LOAD_FILE: \/dev\/full cannot be written: ENOSPC/,
  });
  t.ok(fs.existsSync(html));
});

t.test("no more than all went wrong, however many errors the site reports of an event", async (t) => {
  const { origin } = await startRealHost(t, rowsSite);
  const press = { press: "App.fail()" };
  const { errors } = await play(origin, { steps: [{ together: [press, press, press, press, press] }] }, { rounds: 3 });
  t.ok(errors.count > 4);
  t.equal(errors.share, 1);
});
