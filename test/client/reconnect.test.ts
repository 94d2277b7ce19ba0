import t from "tap";
import { Chromium } from "../support/chromium.ts";
import { scene, settled } from "../support/scene.ts";
import { deliver, view, viewdef, welcome } from "../support/scripted-host.ts";

const chromium = await Chromium.launch(t);

/** Pauses of half a second and more that the page has made, none of which it has waited for. */
interface Waiting {
  pauses: number[];
}

t.test(
  "a page without its host tries again after pauses that double up to half a minute, until it is back",
  async (t) => {
    const app = viewdef("<p>here</p>");
    const { page, connection, host } = await scene(t, chromium, app, { allow: /WebSocket|503/ });
    await page.evaluate(() => {
      const pauses: number[] = [];
      Object.assign(window, { pauses });
      const setTimeout = window.setTimeout.bind(window);
      window.setTimeout = ((task: () => void, pause = 0) => {
        if (pause >= 500) pauses.push(pause);
        return setTimeout(task, pause >= 500 ? 0 : pause);
      }) as typeof window.setTimeout;
    });
    host.refuse = 503;
    connection.socket.terminate();
    await page.waitForFunction(() => (window as never as Waiting).pauses.length >= 8);
    host.refuse = undefined;
    await settled(
      page,
      await host.connection(),
      welcome(),
      deliver({ "App.DEFAULT": app }),
      view(1, "App.DEFAULT", 2, []),
    );
    const pauses = await page.evaluate(() => (window as never as Waiting).pauses);
    for (const [failures, pause] of pauses.slice(0, 8).entries()) {
      const longest = Math.min(1000 * 2 ** failures, 30_000);
      t.ok(pause >= longest / 2 && pause <= longest, `${pause} ms after ${failures} failures`);
    }
    t.equal(await page.evaluate("moonpool.state"), "connected");
  },
);
