import t from "tap";
import { Chromium } from "../support/chromium.ts";
import { counter, startRealHost } from "../support/real-host.ts";

const chromium = await Chromium.launch(t);

t.test("who uses an app that works reads nothing in the host's log, nor in the browser's console", async (t) => {
  const lines: string[] = [];
  const stream = { write: (line: string) => void lines.push(line) };
  const host = await startRealHost(t, counter, { logger: { level: "info", stream } as never });
  const page = await chromium.open(t, "about:blank");
  const said: string[] = [];
  page.on("console", (message) => said.push(message.text()));
  const before = lines.length;
  await page.goto(host.origin);
  for (let count = 1; count <= 3; count++) {
    await page.locator("button").click();
    await page.locator("b", { hasText: String(count) }).waitFor();
  }
  await page.locator("input").fill("Ada");
  await page.reload();
  await page.locator("b", { hasText: "3" }).waitFor();
  t.same(said, []);
  t.same(lines.slice(before), []);
  await page.locator("i").last().dispatchEvent("click");
  await page.locator("i.ui-error").waitFor({ state: "attached" });
  t.match(lines.slice(before), [/on purpose/], "an error is one line");
});
