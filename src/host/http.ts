import { randomBytes } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import fastifyStatic from "@fastify/static";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { MoonpoolError } from "../protocol/main.ts";
import { sessionFor } from "./access.ts";
import type { BrowserCookie } from "./browser-cookie.ts";
import { NONCE, OWN_POLICY } from "./content-security-policy.ts";
import { isInside } from "./inside.ts";
import type { Meter } from "./meter.ts";
import type { Settings } from "./options.ts";
import { problemPage } from "./problem-page.ts";
import type { SessionHost } from "./session-host.ts";
import type { SitePage } from "./site-page.ts";

/** The bundled browser client: dist/public, seen from dist/src/host. */
const CLIENT = fileURLToPath(new URL("../../public", import.meta.url));
/** A session's id in a route: 32 hex digits. */
export const SESSION_PARAMETER = ":session(^[0-9a-f]{32}$)";

/** Adds the pages and static files to `scope`, whose prefix is the instance's. */
export async function addPages(
  scope: FastifyInstance,
  settings: Settings,
  sessions: SessionHost,
  cookie: BrowserCookie,
  sitePage: SitePage,
  meter: Meter,
): Promise<void> {
  const prefix = scope.prefix;
  const html = path.join(settings.dir, "html");

  const sendPage = (reply: FastifyReply, status: number, page: string, nonce?: string): FastifyReply =>
    reply.code(status).headers(pageHeaders(settings, nonce)).type("text/html; charset=utf-8").send(page);

  const sendProblem = async (reply: FastifyReply, cause: unknown, again: string): Promise<FastifyReply> => {
    if (!(cause instanceof MoonpoolError)) reply.log.error({ err: cause }, "page failed");
    const problem = cause instanceof MoonpoolError ? cause : new MoonpoolError("INTERNAL");
    meter.error(problem);
    const { status, headers, html } = await problemPage(problem, settings, `${prefix}/`, again);
    return sendPage(reply.headers(headers), status, html);
  };

  // HEAD must not make a session.
  scope.head("/", (_, reply) => sendPage(reply, 200, ""));
  scope.get("/", { exposeHeadRoute: false }, async (request, reply) => {
    const browser = cookie.give(request, reply);
    try {
      const session = await sessions.create(browser);
      return await reply.headers(pageHeaders(settings)).redirect(`${prefix}/${session.id}${queryOf(request)}`, 303);
    } catch (problem) {
      return sendProblem(reply, problem, `${prefix}/`);
    }
  });

  const sendSession = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const { "*": rest, session: id } = request.params as { "*"?: string; session: string };
    try {
      await sessionFor(request, sessions, cookie, settings.share, () => cookie.give(request, reply));
      const nonce = randomBytes(16).toString("base64url");
      const page = await sitePage.render({ prefix, session: id, isSubPath: rest !== undefined, nonce });
      return sendPage(reply, 200, page, nonce);
    } catch (problem) {
      return sendProblem(reply, problem, `${prefix}/${id}`);
    }
  };
  scope.get(`/${SESSION_PARAMETER}`, sendSession);
  scope.get(`/${SESSION_PARAMETER}/*`, sendSession);
  // The raw file lacks what a session's page has.
  scope.get("/index.html", async (_, reply) => reply.redirect(`${prefix}/`, 303));

  await addFolder(scope, "/_moonpool/", CLIENT, CLIENT);
  for (const [url, folder] of Object.entries(settings.mounts)) await addFolder(scope, `${url}/`, folder, folder);
  // Symlinks to elsewhere in the site are the author's wish; symlinks out of it are not followed.
  // While the site is being worked on, the folder may come later.
  if (settings.hotload !== undefined || fs.existsSync(html)) await addFolder(scope, "/", html, settings.dir);
}

/** Serves `folder` at `url`: no dotfiles, no listing, nothing whose real place is outside `bounds`. */
async function addFolder(scope: FastifyInstance, url: string, folder: string, bounds: string): Promise<void> {
  await scope.register(fastifyStatic, {
    root: folder,
    prefix: url,
    index: false,
    dotfiles: "ignore",
    decorateReply: false,
    suppressWarning: true,
    cacheControl: false,
    allowedPath: (pathName) => isInside(bounds, path.join(folder, pathName)),
    setHeaders: (reply, file) => {
      reply.header("x-content-type-options", "nosniff");
      // A name with a content hash (client-name-HASH.js) never means anything else; all others are asked for by ETag.
      const isHashed = /-[A-Z0-9]{8}\.(js|js\.map)$/.test(file);
      reply.header("cache-control", isHashed ? "public, max-age=31536000, immutable" : "no-cache");
    },
  });
}

/**
 * Headers of pages. The session's id is in the URL, which is not to be passed on to other sites or kept anywhere; nor is a page
 * kept, whose nonce must be no other one's. Without a nonce it is one of Moonpool's own pages, which need nothing but their
 * inline style.
 */
function pageHeaders({ frameAncestors, contentSecurityPolicy }: Settings, nonce?: string): Record<string, string> {
  return {
    "cache-control": "no-store",
    "content-security-policy":
      nonce === undefined
        ? `${OWN_POLICY}; frame-ancestors ${frameAncestors}`
        : contentSecurityPolicy.replaceAll(NONCE, nonce),
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
  };
}

function queryOf(request: FastifyRequest): string {
  const at = request.url.indexOf("?");
  return at === -1 ? "" : request.url.slice(at);
}
