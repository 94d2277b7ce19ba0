import { chromium, type Browser, type Page } from "playwright-core";
import type { Test } from "tap";

// Plain JavaScript, because `npm test` uses it before anything is compiled.
const finder = new URL("../../../scripts/browser.mjs", import.meta.url).href;

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export interface OpenOptions {
  /** What the page may say on its console as an error, or throw; anything else fails the test. */
  allow?: RegExp;
  viewport?: { width: number; height: number };
  /** What the browser says its language is. */
  language?: string;
}

/** One real browser for a test file. Every page is in a context of its own: no cookies from elsewhere. */
export class Chromium {
  readonly #browser: Browser;

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  /** Starts the browser of BROWSER_PATH, else the one that is found; closed when `t` is over. */
  static async launch(t: Test): Promise<Chromium> {
    const { findBrowser } = (await import(finder)) as { findBrowser: () => Promise<string> };
    const executablePath = await findBrowser();
    const browser = await chromium.launch({ executablePath, args: FLAGS });
    t.teardown(() => browser.close());
    // A page takes a quarter of a second, and several seconds where many tests share few cores.
    t.setTimeout(180_000);
    return new Chromium(browser);
  }

  /** Opens a page, closed when `t` is over. Whatever it throws or logs as an error fails `t`. */
  async open(t: Test, url: string, { allow, viewport, language }: OpenOptions = {}): Promise<Page> {
    // A browser on a machine without locales has a language of which Intl knows nothing.
    const context = await this.#browser.newContext({ locale: "en-US", ...(viewport && { viewport }) });
    if (language !== undefined)
      await context.addInitScript((value) => {
        Object.defineProperty(Navigator.prototype, "language", { get: () => value });
      }, language);
    const page = await context.newPage();
    page.setDefaultTimeout(10_000);
    // A text would be evaluated anew at each turn, which pages that require Trusted Types refuse; a function is taken along once.
    const waitForFunction = page.waitForFunction.bind(page) as (condition: unknown, ...rest: unknown[]) => unknown;
    page.waitForFunction = ((condition: unknown, ...rest: unknown[]) =>
      waitForFunction(typeof condition === "string" ? functionOf(condition) : condition, ...rest)) as never;
    const complain = (text: string) => {
      if (!allow?.test(text)) t.fail(`the page reports an error: ${text}`);
    };
    page.on("pageerror", (error) => complain(String(error)));
    page.on("console", (message) => message.type() === "error" && complain(message.text()));
    t.teardown(() => context.close());
    await page.goto(url);
    return page;
  }
}

function functionOf(expression: string): unknown {
  // oxlint-disable-next-line no-new-func, typescript/no-implied-eval
  return new Function(`return (${expression})`);
}
