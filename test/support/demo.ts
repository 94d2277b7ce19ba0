import fs from "node:fs";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Locator, Page } from "playwright-core";
import type { Test } from "tap";
import { createServer } from "../../src/host/main.ts";
import { Chromium, type OpenOptions } from "./chromium.ts";

/** The repository, seen from dist/test/support. */
export const root = fileURLToPath(new URL("../../../", import.meta.url));

export interface Demo {
  origin: string;
  /** A new session, on the demo page with this title. The page is closed when `t` is over. */
  open(t: Test, title?: string, options?: OpenOptions): Promise<Page>;
}

/** The demo as `npm start` serves it, real threads and a real browser; all closed when `t` is over. */
export async function startDemo(t: Test): Promise<Demo> {
  const config = JSON.parse(fs.readFileSync(path.join(root, "moonpool.config.json"), "utf8")) as {
    mounts: Record<string, string>;
  };
  const mounts = Object.fromEntries(
    Object.entries(config.mounts).map(([url, folder]) => [url, path.join(root, folder)]),
  );
  const app = await createServer({ dir: root, development: true, hotload: false, logger: false, threads: 1, mounts });
  t.teardown(() => app.close());
  const origin = await app.listen({ host: "127.0.0.1", port: 0 });
  const chromium = await Chromium.launch(t);
  return {
    origin,
    async open(t, title = "Contacts", options = {}) {
      const page = await chromium.open(t, `${origin}/`, options);
      await goTo(page, title);
      return page;
    },
  };
}

/** Chooses a page of the demo by its title. */
export async function goTo(page: Page, title: string): Promise<void> {
  await page.locator(".nav-item", { hasText: title }).click();
  await page.locator(".nav-item.current", { hasText: title }).waitFor();
  await page.locator("h1", { hasText: title }).waitFor();
}

/** The text that people see of each visible element, in one line. */
export function texts(locator: Locator): Promise<string[]> {
  return locator.evaluateAll((elements) =>
    elements
      .filter((element) => element.checkVisibility())
      .map((element) => (element as HTMLElement).innerText.replace(/\s+/g, " ").trim()),
  );
}

/** Asserts that the visible elements come to have these texts; when they do not, says what they have. */
export async function shows(t: Test, locator: Locator, expected: string | string[], message?: string): Promise<void> {
  const wanted = [expected].flat();
  await comes(t, () => texts(locator), wanted, message ?? String(locator));
}

/** Asserts that `read` comes to give `expected` within a few seconds. */
export async function comes<T>(t: Test, read: () => Promise<T>, expected: T, message: string): Promise<void> {
  const end = Date.now() + 8_000;
  let actual = await read();
  while (JSON.stringify(actual) !== JSON.stringify(expected) && Date.now() < end) {
    await pause(15);
    actual = await read();
  }
  t.strictSame(actual, expected, message);
}
