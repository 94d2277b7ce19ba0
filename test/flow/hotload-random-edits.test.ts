import t from "tap";
import type { Page } from "playwright-core";
import { DemoEditor, editableDemo } from "../support/demo-edits.ts";
import { DemoUser } from "../support/demo-user.ts";
import { loadOf, startHotSite } from "../support/hot-site.ts";
import { normalDom } from "../support/normal-dom.ts";
import { randomOf } from "../support/random-template.ts";
import type { Bridged } from "../support/scene.ts";

/** EDITS=1000 is the whole of it; without it as many as fit into the time. */
const EDITS = Number(process.env["EDITS"] ?? 120);
const SECONDS = process.env["EDITS"] === undefined ? 45 : Infinity;
/** ms: what 1,000 edits take on a slow machine, twice. */
const PATIENCE = EDITS * 2_000 + 180_000;
const SEED = Number(process.env["SEED"] ?? 20_261_121);
/** Things that somebody does during each edit. */
const ACTS = 2;

const site = await startHotSite(t, editableDemo(), { rate: { perSecond: 1e6, burst: 1e6 } });
t.setTimeout(PATIENCE);

/** How much there is of everything, but for what depends on how it came about. */
async function amounts(page: Page): Promise<object> {
  const { variables, watchers, errors, fields } = await page.evaluate(() =>
    (window as never as Bridged).moonpool.statistics(),
  );
  return { variables, watchers, errors, fields };
}

t.test(
  "random edits while somebody types, clicks and scrolls: nothing is lost, nothing old is seen, the end is that of a fresh load",
  async (t) => {
    t.setTimeout(PATIENCE);
    const page = await site.open(t);
    await page.locator(".contact-row").first().waitFor();
    const isSameLoad = await loadOf(page);
    const names = await page.locator(".contact-row .person-name").allTextContents();
    const [editor, user] = [new DemoEditor(site, page, randomOf(SEED)), new DemoUser(page, names)];
    const chance = randomOf(SEED + 1);
    const end = performance.now() + SECONDS * 1_000;
    let edits = 0;
    for (; edits < EDITS && performance.now() < end; edits++) {
      const acting = async (): Promise<void> => {
        for (let acts = 0; acts < ACTS; acts++) await user.act(chance);
      };
      await Promise.all([editor.edit(), acting()]);
    }
    t.ok(await isSameLoad(), "the page was never loaded again");
    t.comment(`${edits} edits, ${user.acts.length} acts, ${user.typed} characters, seed ${SEED}`);

    const fresh = await site.open(t);
    await fresh.locator(".contact-row").first().waitFor();
    const again = new DemoUser(fresh, names);
    for (const act of user.acts) await again.do(act);
    for (const one of [page, fresh]) await one.locator(".brand-name").click();
    t.equal(await normalDom(page, "none"), await normalDom(fresh, "none"), "as in a new session after the same acts");
    t.strictSame(await amounts(page), await amounts(fresh), "and there is as much of everything");
  },
);
