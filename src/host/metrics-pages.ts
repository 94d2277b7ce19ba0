import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { HostMetrics } from "./metrics.ts";
import type { Settings } from "./options.ts";

/** What proxies add to the requests that they pass on. */
const PROXY_HEADERS = ["forwarded", "via", "x-forwarded-for", "x-real-ip"];

/**
 * Adds `_moonpool/metrics` for Prometheus, and `_moonpool/statistics`, the same for people and scripts and with the last errors,
 * if the settings want them. What is not public exists only for programs on this machine.
 */
export function addMetrics(scope: FastifyInstance, { metrics: who }: Settings, metrics: HostMetrics): void {
  if (who === false) return;
  const add = (name: string, answer: (reply: FastifyReply) => Promise<FastifyReply>): void => {
    scope.get(`/_moonpool/${name}`, async (request, reply) => {
      if (who !== "public" && !isFromHere(request)) {
        reply.callNotFound();
        return reply;
      }
      return answer(reply.headers({ "cache-control": "no-store", "x-content-type-options": "nosniff" }));
    });
  };
  add("metrics", async (reply) => {
    const { type, text } = await metrics.text();
    return reply.type(type).send(text);
  });
  add("statistics", async (reply) => reply.send({ ...metrics.statistics(), recentErrors: metrics.errors() }));
}

/**
 * Whether a program on this machine asks, for itself. Everything that a proxy on this machine passes on comes from here too, and
 * so does what a page of another site asks for under a name of its own that leads here: the first says so, and the second does
 * not know this machine by its own name.
 */
function isFromHere({ raw, headers }: FastifyRequest): boolean {
  return (
    /^(::1$|(::ffff:)?127\.)/.test(raw.socket.remoteAddress ?? "") &&
    PROXY_HEADERS.every((name) => headers[name] === undefined) &&
    /^(localhost|127(\.\d+){3}|\[::1\])(:\d+)?$/i.test(headers.host ?? "")
  );
}
