import { chromium, type Browser, type Page } from "playwright-core";

// Plain JavaScript, because `npm test` uses it before anything is compiled.
const finder = new URL("../../../scripts/browser.mjs", import.meta.url).href;

/** How much there is of everything in a page and in its session, with all garbage collected. */
export interface Amounts {
  variables: number;
  nodes: number;
  listeners: number;
  /** KB */
  heap: number;
  /** KB */
  lua: number;
}

/** A Chromium page that shows a session. */
export class RealPage {
  readonly #browser: Browser;
  readonly #page: Page;

  private constructor(browser: Browser, page: Page) {
    this.#browser = browser;
    this.#page = page;
  }

  /** Opens a new session in a browser of its own; resolves when it shows `text`. */
  static async open(origin: string, text: string): Promise<RealPage> {
    const { findBrowser } = (await import(finder)) as { findBrowser: () => Promise<string> };
    const browser = await chromium.launch({
      executablePath: await findBrowser(),
      args: ["--no-sandbox", "--disable-gpu"],
    });
    const page = await browser.newPage();
    await page.goto(`${origin}/`);
    await page.getByText(text).first().waitFor({ state: "attached" });
    return new RealPage(browser, page);
  }

  /**
   * Makes the page look out for a mark. What is returned resolves with performance.now() of the moment at which the page
   * has said that its DOM has it.
   */
  async expect(mark: string): Promise<() => Promise<number>> {
    const seen = await this.#page.evaluateHandle((mark) => {
      const has = (): boolean => document.body.innerHTML.includes(mark);
      const promise = new Promise<void>((resolve) => {
        const observer = new MutationObserver(() => {
          if (!has()) return;
          observer.disconnect();
          resolve();
        });
        observer.observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
      });
      return { promise };
    }, mark);
    return async () => {
      await seen.evaluate(({ promise }) => promise);
      const now = performance.now();
      await seen.dispose();
      return now;
    };
  }

  /** Of a page of `smallSite`. */
  async measure(): Promise<Amounts> {
    const page = this.#page;
    const kilobytes = page.locator("#kilobytes");
    const before = await kilobytes.getAttribute("title");
    await page.locator("#measure").dispatchEvent("click");
    await page.waitForFunction(
      (before) => document.querySelector("#kilobytes")?.getAttribute("title") !== before,
      before,
    );
    const tools = await page.context().newCDPSession(page);
    for (let round = 0; round < 3; round++) await tools.send("HeapProfiler.collectGarbage");
    await tools.send("Performance.enable");
    const { metrics } = await tools.send("Performance.getMetrics");
    const metric = (name: string): number => metrics.find((metric) => metric.name === name)?.value ?? Number.NaN;
    const { variables } = await page.evaluate(() =>
      (window as never as { moonpool: { statistics: () => { variables: number } } }).moonpool.statistics(),
    );
    await tools.detach();
    return {
      variables,
      nodes: metric("Nodes"),
      listeners: metric("JSEventListeners"),
      heap: metric("JSHeapUsedSize") / 1024,
      lua: Number(await kilobytes.textContent()),
    };
  }

  async close(): Promise<void> {
    await this.#browser.close();
  }
}
