// How long until what is typed in one page is on the screen of another page of the session, compared with a bare echo?
import type { Page } from "playwright-core";
import { startEcho } from "../floors/servers.ts";
import type { Progress } from "../support/benchmark.ts";
import { bundled, openBrowser } from "../support/chromium.ts";
import { against, type Finding, found, judged, median } from "../support/measure.ts";
import { startMoonpool } from "../support/moonpool.ts";
import { makeSite, typingSite } from "../support/site.ts";

const ROUNDS = 100;
const WARM_UP = 20;
/** Of a screen with 60 pictures a second. */
const FRAME = 1000 / 60;
/** What a WebSocket frame of a browser has around a text of less than 126 bytes. */
const MASKED = 6;

interface Probe {
  typeOne: (character: string) => number;
  whenShown: (character: string) => { shown: Promise<number> };
  echo: (url: string) => Promise<number>;
}

/** Ms from the keystroke in `from` until `to` has painted it. */
async function typed(from: Page, to: Page, character: string): Promise<number> {
  const waiting = await to.evaluateHandle((character) => (window as never as Probe).whenShown(character), character);
  const start = await from.evaluate((character) => (window as never as Probe).typeOne(character), character);
  const end = await waiting.evaluate(({ shown }) => shown);
  await waiting.dispose();
  return end - start;
}

/** Measures; takes about 20 seconds. */
export async function typing(progress: Progress): Promise<Finding[]> {
  const { dir, remove } = makeSite(typingSite);
  const echo = await startEcho();
  const host = await startMoonpool({ dir });
  const browser = await openBrowser();
  try {
    const context = await browser.newContext({ locale: "en-US", bypassCSP: true });
    await context.addInitScript({ content: await bundled(new URL("./typing-probe.js", import.meta.url)) });
    const from = await context.newPage();
    const sent: number[] = [];
    from.on("websocket", (socket) =>
      // Acknowledgements alone have no messages.
      socket.on("framesent", ({ payload }) => {
        if (payload.includes('"messages"')) sent.push(Buffer.byteLength(payload) + MASKED);
      }),
    );
    await from.goto(`http://127.0.0.1:${host.started.port}/`);
    const to = await context.newPage();
    await to.goto(from.url());
    for (const page of [from, to]) await page.locator("#text").waitFor({ state: "attached" });
    progress("typing in two pages");
    const url = `ws://127.0.0.1:${echo.started.port}`;
    const echoes: number[] = [];
    const times: number[] = [];
    for (let round = -WARM_UP; round < ROUNDS; round++) {
      const bare = await from.evaluate((url) => (window as never as Probe).echo(url), url);
      const time = await typed(from, to, String.fromCodePoint(97 + ((round + WARM_UP) % 26)));
      if (round < 0) continue;
      echoes.push(bare);
      times.push(time);
    }
    return [
      judged("a character is typed: bytes to the host", sent[0] ?? Number.NaN, "bytes", "<=", 100),
      found("bare echo in the page", echoes, "ms"),
      found("typed in one page until painted in another", times, "ms", against("bare echo in the page", times, echoes)),
      judged("the same / (1.5 echoes + a frame)", median(times) / (1.5 * median(echoes) + FRAME), "×", "<=", 1),
    ];
  } finally {
    await browser.close();
    await Promise.all([echo.stop(), host.stop()]);
    remove();
  }
}
