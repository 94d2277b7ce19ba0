import { once } from "node:events";
import fastifyCookie from "@fastify/cookie";
import fastifyWebsocket from "@fastify/websocket";
import fastify, { type FastifyInstance } from "fastify";
import t, { type Test } from "tap";
import { WebSocket } from "ws";
import { moonpoolOn } from "../../src/host/plugin.ts";
import type { MoonpoolOptions } from "../../src/host/options.ts";
import { Browser } from "../support/browser.ts";
import { FakePool } from "../support/fake-pool.ts";
import { listen } from "../support/host.ts";
import { settled } from "../support/memory-wire.ts";
import { refusedUpgrade } from "../support/refused-upgrade.ts";
import { makeSite, removeSite, writeSiteFile } from "../support/site.ts";

function site(t: Test, files: Record<string, string> = {}): string {
  const dir = makeSite({ "lua/main.lua": "", ...files });
  t.teardown(() => removeSite(dir));
  return dir;
}

function emptyApp(t: Test): FastifyInstance {
  const app = fastify();
  t.teardown(() => app.close());
  return app;
}

t.test("two instances side by side: own pages, own cookies, own sessions, one set of upgrades", async (t) => {
  const app = emptyApp(t);
  const pools = [new FakePool(), new FakePool()];
  const [first, second] = pools.map((pool) => moonpoolOn(async () => pool));
  await app.register(first!, { dir: site(t, { "html/index.html": "<p>first</p>" }), prefix: "/first" });
  await app.register(second!, { dir: site(t, { "html/index.html": "<p>second</p>" }), prefix: "/second/" });
  app.get("/", async () => "the app's own page");
  const browser = new Browser(await listen(app));
  t.equal(await (await browser.get("/")).text(), "the app's own page");
  const paths = [await browser.start("/first"), await browser.start("/second")];
  t.match(paths[0], /^\/first\/[0-9a-f]{32}$/);
  t.equal((await browser.get("/first")).status, 303, "the slash may be left out");
  t.match(paths[1], /^\/second\/[0-9a-f]{32}$/);
  t.match(await (await browser.get(paths[0]!)).text(), /<p>first<\/p>.*src="\/first\/_moonpool\/client.js"/s);
  t.match(await (await browser.get(paths[1]!)).text(), "{&#34;prefix&#34;:&#34;/second&#34;");
  t.equal((await browser.get(paths[0]!.replace("first", "second"))).status, 404, "a session is of one instance");
  t.equal((await browser.get("/second/_moonpool/client.js")).status, 200);
  for (const path of paths) {
    const tab = await browser.connect(path);
    t.match(await tab.next(), { seq: 1, messages: [{ type: "welcome", connection: 1 }, { value: "hello" }] });
  }
  t.equal(browser.cookies.size, 2);
  t.equal(app.moonpool.prefix, "/first");
  t.equal(app.moonpool.at("/second")?.sessionCount, 1);
  t.equal(app.moonpool.at("/third"), undefined);
  await app.close();
  t.ok(pools.every(({ isClosed }) => isClosed));
});

for (const [title, hasOwn, code] of [
  ["an app closes although pages come back meanwhile; its own sockets are not touched", false, 4321],
  ["the same if the app registered @fastify/websocket: its own sockets get a close frame", true, 1005],
] as const) {
  t.test(title, async (t) => {
    const app = emptyApp(t);
    if (hasOwn) await app.register(fastifyWebsocket);
    const pools = [new FakePool(), new FakePool()];
    for (const [index, pool] of pools.entries()) {
      const plugin = moonpoolOn(async () => pool);
      await app.register(plugin, { dir: site(t), prefix: `/${index}` });
    }
    app.get("/own", { websocket: true }, (socket) => void socket.on("message", () => socket.close(4321)));
    const browser = new Browser(await listen(app));
    const paths = [await browser.start("/0"), await browser.start("/1")];
    const own = new WebSocket(`${browser.origin.replace("http", "ws")}/own`);
    const ownClosed = once(own, "close");
    await once(own, "open");
    let saved = (): void => {};
    const saving = new Promise<void>((resolve) => (saved = resolve));
    const leaving = new Promise<void>((resolve) => {
      pools[0]!.only.leave = () => {
        resolve();
        return saving;
      };
    });
    const closed = app.close();
    await leaving;
    for (const path of paths) {
      const late = await refusedUpgrade(t, browser.origin, path.replace(/^\/./, "$&/_moonpool/ws"));
      await late.ended;
    }
    own.send("still there");
    t.equal((await ownClosed)[0], code);
    saved();
    await closed;
    t.ok(pools.every(({ isClosed }) => isClosed));
  });
}

t.test("the cookie's path is the instance's prefix", async (t) => {
  const app = emptyApp(t);
  await app.register(
    moonpoolOn(async () => new FakePool()),
    { dir: site(t), prefix: "/a" },
  );
  const response = await app.inject("/a/");
  t.match(response.headers["set-cookie"], /; Path=\/a;/);
});

t.test("an app that uses cookies and WebSockets itself keeps both", async (t) => {
  const app = emptyApp(t);
  await app.register(fastifyCookie, { secret: "the app's own secret" });
  await app.register(fastifyWebsocket, { options: { maxPayload: 1_000_000 } });
  app.get("/echo", { websocket: true }, (socket) => {
    socket.on("message", (data) => socket.send(data, { binary: false }));
  });
  await app.register(
    moonpoolOn(async () => new FakePool()),
    { dir: site(t), prefix: "/app" },
  );
  app.get("/cookie", async (_, reply) => reply.setCookie("own", "1", { signed: true }).send("x"));
  const browser = new Browser(await listen(app));
  t.match((await browser.get("/cookie")).headers.get("set-cookie"), /^own=1/);
  const path = await browser.start("/app");
  const tab = await browser.connect(path);
  t.match(await tab.next(), { seq: 1 });
  const own = await app.injectWS("/echo");
  const answer = new Promise((resolve) => own.once("message", (data) => resolve((data as Buffer).toString())));
  own.send("hello");
  t.equal(await answer, "hello");
  own.terminate();
});

t.test("the app's hooks apply to pages and sockets alike", async (t) => {
  const app = emptyApp(t);
  app.addHook("onRequest", async (request, reply) => {
    if (request.headers["x-pass"] !== "yes") return reply.code(401).send({ code: "NO_PASS" });
    return undefined;
  });
  await app.register(
    moonpoolOn(async () => new FakePool()),
    { dir: site(t) },
  );
  const origin = await listen(app);
  const browser = new Browser(origin);
  t.equal((await browser.get("/")).status, 401);
  const path = (await browser.get("/", { "x-pass": "yes" })).headers.get("location") ?? "";
  t.match(await browser.connect(path).catch((refusal: unknown) => refusal), { status: 401 });
  t.ok(await browser.connect(path, { "x-pass": "yes" }));
});

t.test("an instance in a part of an app has that part's prefix", async (t) => {
  const app = emptyApp(t);
  await app.register(
    async (part) => {
      await part.register(
        moonpoolOn(async () => new FakePool()),
        { dir: site(t), prefix: "/inner" },
      );
    },
    { prefix: "/outer" },
  );
  const browser = new Browser(await listen(app));
  const path = await browser.start("/outer/inner");
  t.match(path, /^\/outer\/inner\/[0-9a-f]{32}$/);
  t.ok(await browser.connect(path));
});

t.test("a second instance under the same prefix is refused, and opens no pool", async (t) => {
  const app = emptyApp(t);
  let pools = 0;
  const plugin = moonpoolOn(async () => {
    pools++;
    return new FakePool();
  });
  await app.register(plugin, { dir: site(t), prefix: "/app" });
  await t.rejects(async () => app.register(plugin, { dir: site(t), prefix: "app/" }), {
    code: "CONFIG_INVALID",
    message: "There is a Moonpool instance with the prefix /app already. Give each its own `prefix`.",
  });
  t.equal(pools, 1);
});

t.test("instances in two parts of an app need one @fastify/websocket above both, and say so", async (t) => {
  const parts = async (app: FastifyInstance): Promise<void> => {
    for (const prefix of ["/one", "/two"]) {
      app.register(
        async (part) => {
          await part.register(
            moonpoolOn(async () => new FakePool()),
            { dir: site(t) },
          );
        },
        { prefix },
      );
    }
    await app.ready();
  };
  await t.rejects(parts(fastify()), {
    code: "CONFIG_INVALID",
    message: /Register @fastify\/websocket on the app itself/,
  });
  const app = emptyApp(t);
  await app.register(fastifyWebsocket);
  await parts(app);
  const browser = new Browser(await listen(app));
  for (const prefix of ["/one", "/two"]) t.ok(await browser.connect(await browser.start(prefix)));
});

t.test("options that cannot be meant are refused with their name", async (t) => {
  const dir = site(t);
  const wrong: [Partial<MoonpoolOptions>, string, RegExp][] = [
    [{ dir: `${dir}/nothing` }, "SITE_MISSING", /There is no folder .*nothing/],
    [{ dir: "" }, "CONFIG_INVALID", /`dir`/],
    [{ prefix: "/a/:id" }, "CONFIG_INVALID", /`prefix`/],
    [{ threads: 0 }, "CONFIG_INVALID", /`threads`/],
    [{ timeLimit: Number.NaN }, "CONFIG_INVALID", /`timeLimit`/],
    [{ isolation: "none" as "shared" }, "CONFIG_INVALID", /`isolation` must be one of shared, dedicated/],
    [{ share: "all" as "link" }, "CONFIG_INVALID", /`share`/],
    [{ secret: "short" }, "CONFIG_INVALID", /`secret`/],
    [{ origins: ["example.org"] }, "CONFIG_INVALID", /`origins`.*example.org/],
    [{ origins: ["*"] }, "CONFIG_INVALID", /`origins`/],
    [{ mounts: { "/x": `${dir}/nothing` } }, "CONFIG_INVALID", /`mounts`/],
    [{ mounts: { "/": dir } }, "CONFIG_INVALID", /`mounts`/],
    [{ sessionTimeout: -1 }, "CONFIG_INVALID", /`sessionTimeout`/],
    [{ rate: { perSecond: 0, burst: 1 } }, "CONFIG_INVALID", /`rate.perSecond`/],
    [{ cpu: { perSecond: 1, burst: -1 } }, "CONFIG_INVALID", /`cpu.burst`/],
    [{ maxTimers: 0 }, "CONFIG_INVALID", /`maxTimers`/],
    [{ maxVariables: -1 }, "CONFIG_INVALID", /`maxVariables`/],
    [{ maxOutput: 0 }, "CONFIG_INVALID", /`maxOutput`/],
    [{ logLevel: "loud" as "info" }, "CONFIG_INVALID", /`logLevel`/],
    [{ hotload: { toast: true } as object }, "CONFIG_INVALID", /`hotload` has no `toast`; did you mean toasts\?/],
  ];
  for (const [options, code, message] of wrong) {
    const app = fastify();
    await t.rejects(
      async () => {
        await app.register(
          moonpoolOn(async () => new FakePool()),
          { dir, ...options },
        );
      },
      { code, message },
    );
    await app.close();
  }
});

t.test("problems of viewdefs are logged with file and line, and listed", async (t) => {
  const lines: string[] = [];
  const app = fastify({ logger: { level: "warn", stream: { write: (line: string) => void lines.push(line) } } });
  t.teardown(() => app.close());
  const dir = site(t, { "viewdefs/Page.DEFAULT.html": "<template>\n<p ui-vlaue='name'></p></template>" });
  await app.register(
    moonpoolOn(async () => new FakePool()),
    { dir },
  );
  t.match(app.moonpool.problems[0], { code: "ATTRIBUTE_UNKNOWN", file: "viewdefs/Page.DEFAULT.html", line: 2 });
  t.match(lines[0], /viewdefs\/Page\.DEFAULT\.html:2: .*ui-vlaue/);
});

t.test(
  "each instance watches its own site: a save gets into its sessions, its pages and its numbers only",
  async (t) => {
    const app = emptyApp(t);
    const dirs = [site(t), site(t)];
    const pools = [new FakePool(), new FakePool()];
    for (const [index, pool] of pools.entries()) {
      const plugin = moonpoolOn(async () => pool);
      await app.register(plugin, { dir: dirs[index]!, prefix: `/${index}`, development: true });
    }
    const browser = new Browser(await listen(app));
    const tabs = [await browser.connect(await browser.start("/0")), await browser.connect(await browser.start("/1"))];
    t.match(await tabs[0]?.next(), { messages: [{ type: "welcome", hotload: { toasts: true } }, { value: "hello" }] });
    const viewdef = "viewdefs/New.DEFAULT.html";
    writeSiteFile(dirs[0]!, viewdef, "<template>\n<p ui-vlaue='x'></p></template>");
    const { errors } = await tabs[0]!.find("reload");
    t.match(errors, [{ code: "ATTRIBUTE_UNKNOWN", file: viewdef, line: 2, source: [{}, { marked: true }] }]);
    t.match(app.moonpool.problems, [{ code: "ATTRIBUTE_UNKNOWN", file: viewdef }]);
    writeSiteFile(dirs[0]!, viewdef, "<template><p></p></template>");
    t.match(await tabs[0]!.find("reload"), { errors: [] });
    t.strictSame(app.moonpool.problems, [], "those of now");
    t.ok(pools[0]?.plans?.has("New.DEFAULT"));
    t.match(pools[0]?.only.events.at(-1), { kind: "reload", body: "viewdef New.DEFAULT" });
    t.equal(app.moonpool.reloads?.count, 2);
    t.equal(pools[1]?.plans, undefined);
    t.equal(app.moonpool.at("/1")?.reloads?.count, 0);
    await app.close();
    writeSiteFile(dirs[0]!, viewdef, "");
    t.equal(app.moonpool.reloads?.count, 2);
  },
);

t.test("an instance that cannot be made leaves nothing watched, which would keep the process alive", async (t) => {
  const watches = (): number => process.getActiveResourcesInfo().filter((name) => name.startsWith("FSEvent")).length;
  const before = watches();
  let during = 0;
  const plugin = moonpoolOn(async () => {
    during = watches();
    throw new Error("no threads");
  });
  const app = emptyApp(t);
  await t.rejects(async () => app.register(plugin, { dir: site(t), hotload: true }), { message: "no threads" });
  t.ok(during > before);
  // The system's handles are gone a turn later.
  while (watches() > before) await settled();
});

t.test("nothing is watched outside development mode unless it is asked for", async (t) => {
  for (const [options, isWatched] of [
    [{}, false],
    [{ development: true }, true],
    [{ development: true, hotload: false }, false],
    [{ hotload: { toasts: false } }, false],
    [{ hotload: true }, true],
    [{ hotload: { enabled: true } }, true],
  ] as const) {
    const app = emptyApp(t);
    await app.register(
      moonpoolOn(async () => new FakePool()),
      { dir: site(t), ...options },
    );
    t.equal(app.moonpool.reloads !== undefined, isWatched, JSON.stringify(options));
  }
});
