import type { Page } from "playwright-core";
import type { Test } from "tap";
import type { ContentSecurityPolicy } from "../../src/host/content-security-policy.ts";
import type { ServerMessage, Value, Viewdef } from "../../src/protocol/main.ts";
import type { Chromium, OpenOptions } from "./chromium.ts";
import { deliver, ScriptedHost, view, welcome, type Connection } from "./scripted-host.ts";

export interface SceneOptions extends OpenOptions {
  /** First values of the app's slots, which are the variables from 2 on. */
  values?: Value[];
  /** Other viewdefs than the app's. */
  viewdefs?: Record<string, Viewdef>;
  /** More messages of the first frame. */
  more?: ServerMessage[];
  development?: boolean;
  head?: string;
  body?: string;
  files?: Record<string, string>;
  prefix?: string;
  policy?: ContentSecurityPolicy;
}

export interface Scene {
  page: Page;
  connection: Connection;
  host: ScriptedHost;
}

/** A page that shows `app` as the view on variable 1, complete: its first frame has been applied. */
export async function scene(t: Test, chromium: Chromium, app: Viewdef, options: SceneOptions = {}): Promise<Scene> {
  const {
    values = [],
    viewdefs = {},
    more = [],
    development = false,
    head,
    body,
    files = {},
    prefix,
    policy,
  } = options;
  const host = await ScriptedHost.start(t, prefix === undefined ? {} : { prefix });
  if (head !== undefined) host.head = head;
  if (body !== undefined) host.body = body;
  if (policy !== undefined) host.policy = policy;
  for (const [name, text] of Object.entries(files)) host.files.set(name, text);
  const page = await chromium.open(t, host.url, options);
  const connection = await host.connection();
  const first = [
    welcome(development),
    deliver({ "App.DEFAULT": app, ...viewdefs }),
    view(1, "App.DEFAULT", 2, values),
    ...more,
  ];
  await settled(page, connection, ...first);
  return { page, connection, host };
}

/** Sends a frame and resolves when it is in the page, with whatever that set off in the same task. */
export async function settled(page: Page, connection: Connection, ...messages: ServerMessage[]): Promise<void> {
  const before = await page.evaluate("window.moonpool.statistics().frames");
  connection.send(...messages);
  await page.waitForFunction(
    (count) => ((window as never as Bridged).moonpool.statistics()["frames"] ?? 0) > count,
    before as number,
  );
}

/** The page's global object, as far as tests look at it. */
export interface Bridged {
  moonpool: { state: string; statistics(): Record<string, number> };
}
