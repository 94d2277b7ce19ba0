import fs from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import type { Browser, CDPSession, Page } from "playwright-core";
import { bundled } from "../support/chromium.ts";
import { startMoonpool } from "../support/moonpool.ts";

/** Lua, viewdefs and the HTML page, of which the other page has the HTML and the style sheet too. */
export const SITE = "benchmarks/client/site";

/** A page with the table, in a process of its own. */
export class TablePage {
  readonly page: Page;
  readonly tools: CDPSession;
  readonly #stop: () => Promise<void>;

  private constructor(page: Page, tools: CDPSession, stop: () => Promise<void>) {
    this.page = page;
    this.tools = tools;
    this.#stop = stop;
  }

  /** A session of a Moonpool host. */
  static async moonpool(browser: Browser): Promise<TablePage> {
    const host = await startMoonpool({ dir: path.resolve(SITE) });
    return TablePage.#open(browser, host.started.port, () => host.stop());
  }

  /** The page that needs no server. */
  static async keyed(browser: Browser): Promise<TablePage> {
    const html = fs
      .readFileSync(`${SITE}/html/index.html`, "utf8")
      .replace("</body>", '<script type="module" src="page.js"></script></body>');
    const files: Record<string, [type: string, text: string]> = {
      "/": ["text/html", html],
      "/rows.css": ["text/css", fs.readFileSync(`${SITE}/html/rows.css`, "utf8")],
      "/page.js": ["text/javascript", await bundled(new URL("./keyed-page.js", import.meta.url))],
    };
    const server = createServer(({ url = "" }, response) => {
      const [type, text] = files[url] ?? [];
      if (type === undefined) response.writeHead(404).end();
      else response.writeHead(200, { "content-type": `${type}; charset=utf-8` }).end(text);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return TablePage.#open(browser, (server.address() as AddressInfo).port, async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
  }

  static async #open(browser: Browser, port: number, stop: () => Promise<void>): Promise<TablePage> {
    const context = await browser.newContext({ locale: "en-US", viewport: { width: 1200, height: 800 } });
    const page = await context.newPage();
    page.on("pageerror", (error) => console.error(error));
    await page.addInitScript({ content: await bundled(new URL("./probe.js", import.meta.url)) });
    await page.goto(`http://127.0.0.1:${port}/`);
    await page.locator("#rows").waitFor({ state: "attached" });
    return new TablePage(page, await context.newCDPSession(page), async () => {
      await context.close();
      await stop();
    });
  }

  /** Does a step of `probe.ts`; resolves with its ms. */
  async perform(name: string): Promise<number> {
    return this.page.evaluate((name) => (window as never as { perform: (name: string) => number }).perform(name), name);
  }

  async collectGarbage(): Promise<void> {
    await this.tools.send("HeapProfiler.collectGarbage");
  }

  /** Bytes of the page's JavaScript heap, all garbage collected. */
  async heap(): Promise<number> {
    for (let round = 0; round < 3; round++) await this.collectGarbage();
    return (await this.tools.send("Runtime.getHeapUsage")).usedSize;
  }

  async close(): Promise<void> {
    await this.#stop();
  }
}
