import type { Server } from "node:http";
import os from "node:os";
import fastifyCookie from "@fastify/cookie";
import fastifyWebsocket from "@fastify/websocket";
import type { FastifyInstance, FastifyPluginAsync } from "fastify";
import fastifyPlugin from "fastify-plugin";
import { MoonpoolError } from "../protocol/main.ts";
import { BrowserCookie } from "./browser-cookie.ts";
import { systemClock } from "./clock.ts";
import { isInlineAllowed } from "./content-security-policy.ts";
import { HotLoader } from "./hotload/hot-loader.ts";
import { addPages } from "./http.ts";
import { logProblem, type Log } from "./log.ts";
import type { Meter } from "./meter.ts";
import { HostMetrics } from "./metrics.ts";
import { addMetrics } from "./metrics-pages.ts";
import type { Moonpool } from "./moonpool.ts";
import { settingsOf, type MoonpoolOptions, type Settings } from "./options.ts";
import { RefusedUpgrades } from "./refused-upgrades.ts";
import type { SessionPool } from "./session.ts";
import { SessionHost } from "./session-host.ts";
import { SitePage } from "./site-page.ts";
import { siteVersion } from "./site-version.ts";
import { addSocket } from "./socket.ts";
import type { Problem } from "./viewdefs/problem.ts";
import { ViewdefStore } from "./viewdefs/viewdef-store.ts";

/** Frames up to this size are answered with an error; larger ones end the connection (code 1009). */
const SOCKET_LIMIT = 16 * 1024 * 1024;

/** Instances by server and prefix, and who listens for upgrades there. */
const instances = new WeakMap<Server, Map<string, Moonpool>>();
const upgraders = new WeakSet<Server>();

/** Where sessions live: the worker threads, or a stand-in for them. */
export interface Pool extends SessionPool {
  /** Replaces the compiled viewdefs: key → plan, as JSON text. Events sent after this see the new ones. */
  replacePlans(plans: ReadonlyMap<string, string>): void;
  /** Ends all VMs and whatever they ran on. */
  close(): Promise<void>;
}

export type OpenPool = (settings: Settings, store: ViewdefStore, meter: Meter) => Promise<Pool>;

/** The Fastify plugin, with sessions on the pool that `openPool` gives for each instance. */
export function moonpoolOn(openPool: OpenPool): FastifyPluginAsync<MoonpoolOptions> {
  const plugin: FastifyPluginAsync<MoonpoolOptions> = (app, options) => register(app, options, openPool);
  return fastifyPlugin(plugin, { fastify: "5.x", name: "moonpool" });
}

async function register(app: FastifyInstance, options: MoonpoolOptions, openPool: OpenPool): Promise<void> {
  const settings = settingsOf(options);
  checkPrefix(app, app.prefix + settings.prefix);
  const log = app.log.child({ name: "moonpool" }, settings.logLevel === undefined ? {} : { level: settings.logLevel });
  const metrics = new HostMetrics(systemClock);
  const loader = await watch(settings, log, metrics);
  try {
    await serve(app, settings, openPool, loader, log, metrics);
  } catch (error) {
    await loader?.close();
    throw error;
  }
}

async function serve(
  app: FastifyInstance,
  settings: Settings,
  openPool: OpenPool,
  loader: HotLoader | undefined,
  log: Log,
  metrics: HostMetrics,
): Promise<void> {
  const allowsInline = isInlineAllowed(settings.contentSecurityPolicy);
  const store = await ViewdefStore.load(settings.dir, { uiCode: settings.uiCode, allowsInline });
  for (const problem of store.problems) logProblem(log, problem, metrics);
  const pool = await openPool(settings, store, metrics);
  const sessions = await SessionHost.open(pool, {
    limits: { maxBytes: settings.maxFrameBytes, maxMessages: settings.maxFrameMessages },
    rate: settings.rate,
    development: settings.development,
    clock: systemClock,
    log,
    meter: metrics,
    viewdef: (key, hash) => store.get(key, hash)?.viewdefText,
    hotload: loader !== undefined || settings.durability === "disk",
    hotloadUi: settings.development ? settings.hotload?.ui : undefined,
    notice: (session) => loader?.greeting(session),
    rollbackOnError: settings.rollbackOnError,
    luaLimits: { timers: settings.maxTimers, variables: settings.maxVariables, output: settings.maxOutput },
    isolation: settings.isolation,
    maxSessions: settings.maxSessions,
    maxConnections: settings.maxConnections,
    sessionTimeout: settings.sessionTimeout,
    sleepAfter: settings.sleepAfter,
    reconnectWindow: settings.reconnectWindow,
    recovery: settings.recovery,
    siteVersion: pool.isLasting ? await siteVersion(settings.dir) : "",
    isWatched: loader !== undefined,
  });
  metrics.count(() => sessions.census());
  let refusedUpgrades: RefusedUpgrades | undefined;
  // Before @fastify/websocket's own hook, so that browsers learn that the host goes away and come back later.
  app.addHook("preClose", async () => {
    refusedUpgrades?.close();
    await loader?.close();
    await sessions.close();
  });
  app.addHook("onClose", () => pool.close());
  const secret = settings.secretGiven ? settings.secret : await pool.lasting("secret", settings.secret);
  const report = (problems: readonly Problem[]): void =>
    problems.forEach((problem) => logProblem(log, problem, metrics));
  const page = new SitePage(settings.dir, { allowsInline, report });
  await page.refresh();
  await loader?.serve({ store, sessions, page, replacePlans: (plans) => pool.replacePlans(plans) });
  await acceptUpgrades(app, settings);
  refusedUpgrades = RefusedUpgrades.of(app);
  await app.register(
    async (scope) => {
      if (!scope.hasDecorator("parseCookie")) await scope.register(fastifyCookie, { hook: false });
      const cookie = new BrowserCookie(scope, scope.prefix, secret, settings.secretGiven);
      addMetrics(scope, settings, metrics);
      addSocket(scope, settings, sessions, cookie, log, metrics);
      await addPages(scope, settings, sessions, cookie, page, metrics);
    },
    { prefix: settings.prefix },
  );
  decorate(app, settings, store, sessions, loader, metrics);
}

/** Begins to watch the site, if that is wanted. */
async function watch(settings: Settings, log: Log, meter: Meter): Promise<HotLoader | undefined> {
  const { dir, hotload, development, threads = os.availableParallelism() } = settings;
  if (hotload === undefined) return undefined;
  return HotLoader.watch({ dir, hotload, tellPages: development, threads, clock: systemClock, log, meter });
}

function checkPrefix(app: FastifyInstance, prefix: string): void {
  if (!instances.get(app.server)?.has(prefix)) return;
  const where = prefix === "" ? "without a prefix" : `with the prefix ${prefix}`;
  throw new MoonpoolError(
    "CONFIG_INVALID",
    `There is a Moonpool instance ${where} already. Give each its own \`prefix\`.`,
  );
}

/**
 * One listener per server may take upgrades, or a request would be answered twice. So instances share the app's
 * @fastify/websocket, whoever registered it.
 */
async function acceptUpgrades(app: FastifyInstance, settings: Settings): Promise<void> {
  const limit = Math.max(SOCKET_LIMIT, 16 * settings.maxFrameBytes);
  if (!app.hasDecorator("websocketServer")) {
    if (upgraders.has(app.server)) {
      throw new MoonpoolError(
        "CONFIG_INVALID",
        "Another part of this app has a Moonpool instance. Register @fastify/websocket on the app itself, before both.",
      );
    }
    upgraders.add(app.server);
    await app.register(fastifyWebsocket, {
      options: { maxPayload: limit },
      // A browser that goes away in the middle of something is not an error.
      errorHandler: (error, socket, request) => {
        request.log.debug({ err: error }, "socket failed");
        socket.terminate();
      },
    });
  } else if (upgraders.has(app.server)) {
    const { options } = app.websocketServer;
    options.maxPayload = Math.max(options.maxPayload ?? 0, limit);
  }
}

function decorate(
  app: FastifyInstance,
  settings: Settings,
  store: ViewdefStore,
  sessions: SessionHost,
  loader: HotLoader | undefined,
  metrics: HostMetrics,
): void {
  const siblings = instances.get(app.server) ?? new Map<string, Moonpool>();
  instances.set(app.server, siblings);
  const instance: Moonpool = {
    prefix: app.prefix + settings.prefix,
    dir: settings.dir,
    get sessionCount() {
      return sessions.size;
    },
    get awakeCount() {
      return sessions.living().filter(({ isAsleep }) => !isAsleep).length;
    },
    get connectionCount() {
      return sessions.connectionCount;
    },
    get problems() {
      return store.problems;
    },
    get reloads() {
      return loader?.reloads;
    },
    statistics: () => metrics.statistics(),
    errors: () => metrics.errors(),
    endSession: (id) => sessions.end(id),
    at: (prefix) => siblings.get(prefix),
  };
  siblings.set(instance.prefix, instance);
  if (!app.hasDecorator("moonpool")) app.decorate("moonpool", instance);
}
