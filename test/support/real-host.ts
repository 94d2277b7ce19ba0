import type { FastifyInstance } from "fastify";
import type { Test } from "tap";
import { createServer, type ServerOptions } from "../../src/host/main.ts";
import { Browser, type Tab } from "./browser.ts";
import { listen } from "./host.ts";
import { PageModel } from "./page-model.ts";
import { makeSite, removeSite } from "./site.ts";

/** A counter: slot 0 is `count`, 1 is `name` (writable), 2 is `press()`, 3 is `loop()`, 4 is `eat()`, 5 is `fail()`. */
export const counter: Record<string, string> = {
  "lua/main.lua": `
local App = session:prototype("App", { count = 0, name = "" })
function App:press() self.count = self.count + 1 end
function App:loop() while true do end end
function App:eat() local s = "x" while true do s = s .. s end end
function App:fail() error("on purpose") end
session:createAppVariable(App:new())
`,
  "viewdefs/App.DEFAULT.html": `<template><div>
<b ui-value="count"></b><input ui-value="name"><button ui-action="press()"></button>
<i ui-action="loop()"></i><i ui-action="eat()"></i><i ui-action="fail()"></i>
</div></template>`,
};

export const slots = { count: 0, name: 1, press: 2, loop: 3, eat: 4, fail: 5 };

export interface RealHost {
  app: FastifyInstance;
  origin: string;
  dir: string;
  browser(): Browser;
  /** A new session in a new browser, with its first frame applied. */
  open(): Promise<{ browser: Browser; path: string; page: PageModel }>;
}

/** The standalone server with real threads on one thread, closed and removed after the test. */
export async function startRealHost(
  t: Test,
  files: Record<string, string> = counter,
  options: Partial<ServerOptions> = {},
): Promise<RealHost> {
  const dir = makeSite(files);
  const app = await createServer({ dir, threads: 1, logger: false, development: true, hotload: false, ...options });
  t.teardown(async () => {
    await app.close();
    removeSite(dir);
  });
  const origin = await listen(app);
  return {
    app,
    origin,
    dir,
    browser: () => new Browser(origin),
    open: async () => {
      const browser = new Browser(origin);
      const path = await browser.start();
      return { browser, path, page: await firstPage(await browser.connect(path)) };
    },
  };
}

/** The page of a fresh connection, with its first frame applied. */
export async function firstPage(tab: Tab): Promise<PageModel> {
  const page = new PageModel(tab);
  await page.step();
  return page;
}
