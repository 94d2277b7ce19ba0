import t from "tap";
import type { Locator, Page } from "playwright-core";
import { comes, goTo, shows, startDemo, texts } from "../support/demo.ts";

const demo = await startDemo(t);

const ticks = (page: Page): Locator => page.locator(".ticks");
const metric = (page: Page, name: string): Locator => page.locator(".metric", { hasText: name });
const points = (page: Page): Promise<string | null> => page.locator(".chart .line").getAttribute("points");

/** Resolves when the text of `locator` is another one. */
async function changed(locator: Locator): Promise<void> {
  const [before = ""] = await texts(locator);
  await locator.evaluate((element, before) => {
    const differs = (): boolean => (element.textContent ?? "").replace(/\s+/g, " ").trim() !== before;
    if (differs()) return Promise.resolve();
    return new Promise<void>((resolve) => {
      new MutationObserver(() => differs() && resolve()).observe(element, {
        childList: true,
        subtree: true,
        characterData: true,
      });
    });
  }, before);
}

t.test("the metrics and the line move although nobody does anything", async (t) => {
  const page = await demo.open(t, "Live board");
  const before = { values: await texts(page.locator(".metric-value")), points: await points(page) };
  t.match(before.points, /^0\.0,[\d.]+ (\d+\.\d,\d+\.\d ){58}600\.0,[\d.]+$/, "sixty points across the chart");
  await changed(ticks(page));
  t.not(await points(page), before.points);
  t.notSame(await texts(page.locator(".metric-value")), before.values);
  t.equal((await texts(page.locator(".metric"))).length, 6);
});

t.test("stop holds everything still until start", async (t) => {
  const page = await demo.open(t, "Live board");
  await page.locator(".segments button", { hasText: "8×" }).click();
  await changed(ticks(page));
  await page.locator(".toggle").click();
  await shows(t, page.locator(".toggle"), "Start");
  const before = [await texts(ticks(page)), await points(page)];
  await goTo(page, "Gallery");
  await goTo(page, "Live board");
  t.same([await texts(ticks(page)), await points(page)], before, "still the same after a while elsewhere");
  await page.locator(".toggle").click();
  await shows(t, page.locator(".toggle"), "Stop");
  await changed(ticks(page));
});

t.test("the board rests while another page is shown, and goes on when one comes back", async (t) => {
  const page = await demo.open(t, "Live board");
  await page.locator(".segments button", { hasText: "8×" }).click();
  await changed(ticks(page));
  const frames: string[] = [];
  await goTo(page, "Tasks");
  const [, socket] = await Promise.all([page.reload(), page.waitForEvent("websocket")]);
  socket.on("framereceived", ({ payload }) => frames.push(String(payload)));
  await page.locator(".task").first().waitFor();
  await page.locator(".segments button", { hasText: "Done" }).click();
  await page.locator(".task").nth(2).waitFor({ state: "detached" });
  t.notMatch(frames.join("\n"), /points|metric/i);
  await goTo(page, "Live board");
  await changed(ticks(page));
});

t.test("speed can be chosen and shows which one is on", async (t) => {
  const page = await demo.open(t, "Live board");
  await page.locator(".segments button", { hasText: "4×" }).click();
  await shows(t, page.locator(".segments button.active"), "4×");
  await shows(t, page.locator(".log-entry span", { hasText: "Speed" }), "Speed × 4.");
  await changed(ticks(page));
});

t.test("a click on a metric shows its own chart", async (t) => {
  const page = await demo.open(t, "Live board");
  await page.locator(".toggle").click();
  await shows(t, page.locator(".chart-name"), "Requests");
  await metric(page, "Memory").click();
  await shows(t, page.locator(".chart-name"), "Memory");
  await shows(t, page.locator(".scale span"), ["8.00", "4.00", "0.00"]);
  await shows(t, page.locator(".metric.selected .metric-name"), "Memory");
  t.equal(await points(page), await metric(page, "Memory").locator(".line").getAttribute("points"));
  await shows(t, page.locator(".chart-now"), await texts(metric(page, "Memory").locator(".metric-value")));
});

t.test("the log stays at its end while lines come, until somebody scrolls up to read", async (t) => {
  const page = await demo.open(t, "Live board");
  const log = page.locator(".log");
  const toEnd = (): Promise<number> =>
    log.evaluate((element) => element.scrollHeight - element.scrollTop - element.clientHeight);
  const fill = async (): Promise<void> => {
    const count = await page.locator(".log-entry").count();
    await page.locator(".segments button", { hasText: "2×" }).click();
    await page.locator(".segments button", { hasText: "1×" }).click();
    await page
      .locator(".log-entry")
      .nth(count + 1)
      .waitFor();
  };
  for (let round = 0; round < 8; round++) await fill();
  t.ok(await log.evaluate((element) => element.scrollHeight > element.clientHeight + 40), "more lines than fit");
  await comes(t, async () => (await toEnd()) < 4, true, "it is at its end");
  await log.hover();
  await page.mouse.wheel(0, -2000);
  await comes(t, () => log.evaluate((element) => element.scrollTop), 0, "scrolled up");
  await fill();
  t.equal(await log.evaluate((element) => element.scrollTop), 0, "and left there");
  await log.hover();
  await page.mouse.wheel(0, 4000);
  await comes(t, async () => (await toEnd()) < 4, true, "back at its end");
  await fill();
  await comes(t, async () => (await toEnd()) < 4, true, "it follows again");
});

t.test("the log can be cleared", async (t) => {
  const page = await demo.open(t, "Live board");
  await page.locator(".toggle").click();
  await shows(t, page.locator(".log-entry span"), ["The board is open.", "Stopped."]);
  await page.locator(".log-head sl-button").click();
  await shows(t, page.locator(".log-entry"), []);
});
