import fastify, {
  LogController,
  type FastifyInstance,
  type FastifyPluginAsync,
  type FastifyServerOptions,
} from "fastify";
import { OWN_POLICY } from "./content-security-policy.ts";
import { messagePage } from "./pages.ts";
import type { MoonpoolOptions } from "./options.ts";

export interface ServerOptions extends MoonpoolOptions {
  /** As Fastify's `logger`: true, false, or pino's options. Default: true, at `logLevel`. */
  logger?: FastifyServerOptions["logger"];
  /** As Fastify's `trustProxy`: needed behind a proxy that ends TLS, for the cookie's `Secure`. Default: false. */
  trustProxy?: FastifyServerOptions["trustProxy"];
}

/** Requests that are still being answered when the server closes get this long, in ms. */
const CLOSE_WAIT = 2_000;
/** What connects later is ended so often, in ms: sessions may take longer to be saved, and the server accepts until then. */
const CLOSE_AGAIN = 250;
/** Making the first VM takes a fifth of a second, but on a machine that is busy with other things ten seconds are not enough. */
const START_WAIT = 60_000;

/** A server with one instance of `moonpool` and nothing else, ready to `listen`. Fails as the plugin does. */
export async function serverOf(
  moonpool: FastifyPluginAsync<MoonpoolOptions>,
  options: ServerOptions,
): Promise<FastifyInstance> {
  const { logger, trustProxy, ...own } = options;
  const app = fastify({
    logger: logger ?? (own.logLevel === undefined ? true : { level: own.logLevel }),
    trustProxy: trustProxy ?? false,
    pluginTimeout: START_WAIT,
    // One line per file of a page says little; Moonpool logs what matters.
    logController: new LogController({
      disableRequestLogging: own.logLevel !== "debug" && own.logLevel !== "trace",
    }),
  });
  let closing: NodeJS.Timeout | undefined;
  app.addHook("preClose", async () => {
    closing = setTimeout(() => {
      app.server.closeAllConnections();
      closing = setInterval(() => app.server.closeAllConnections(), CLOSE_AGAIN).unref();
    }, CLOSE_WAIT).unref();
  });
  // The server is closed by then.
  app.addHook("onClose", async () => clearTimeout(closing));
  app.setNotFoundHandler((_, reply) =>
    reply
      .code(404)
      .headers({
        "x-content-type-options": "nosniff",
        "content-security-policy": `${OWN_POLICY}; frame-ancestors 'none'`,
      })
      .type("text/html; charset=utf-8")
      .send(
        messagePage("There is no such page", "Check the address.", {
          href: `${app.moonpool.prefix}/`,
          text: "Start page",
        }),
      ),
  );
  await app.register(moonpool, own);
  return app;
}
