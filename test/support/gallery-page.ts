import type { Locator, Page } from "playwright-core";
import type { Test } from "tap";
import type { Demo } from "./demo.ts";

/** The demo's gallery, on one of its sections. */
export async function openSection(t: Test, demo: Demo, title: string): Promise<Page> {
  const page = await demo.open(t, "Gallery");
  await page.locator(".tab", { hasText: title }).click();
  await page.locator(".tab.active", { hasText: title }).waitFor();
  return page;
}

/** The card with this title. */
export function card(page: Page, title: string): Locator {
  const heading = page.getByRole("heading", { level: 3, name: title, exact: true });
  return page.locator(".card").filter({ has: heading });
}

/** What the card says that the Lua fields of its example hold. */
export function watched(page: Page, title: string): Locator {
  return card(page, title).locator(".watch");
}
