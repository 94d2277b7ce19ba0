import { Signer } from "@fastify/cookie";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { randomId } from "./random-id.ts";

const MAX_AGE_SECONDS = 30 * 24 * 60 * 60;

/**
 * The signed cookie that tells browsers apart. It holds a random id and nothing about a session: sessions remember the
 * browser that they belong to. Scripts cannot read it, other sites' requests do not carry it.
 */
export class BrowserCookie {
  readonly #app: FastifyInstance;
  readonly #signer: Signer;
  readonly #prefix: string;
  readonly #secretGiven: boolean;

  /** `app` has @fastify/cookie. `prefix` is the whole URL prefix of the instance, "" for the root. */
  constructor(app: FastifyInstance, prefix: string, secret: string, secretGiven: boolean) {
    this.#app = app;
    this.#signer = new Signer(secret);
    this.#prefix = prefix;
    this.#secretGiven = secretGiven;
  }

  /** The browser's id; undefined without a cookie of this host. */
  read(request: FastifyRequest): string | undefined {
    const header = request.headers.cookie;
    if (header === undefined) return undefined;
    const signed = this.#app.parseCookie(header)[this.#name(request)];
    if (signed === undefined) return undefined;
    const { valid, value } = this.#signer.unsign(signed);
    return valid && value !== null ? value : undefined;
  }

  /** The browser's id; makes one for a browser that has none. The cookie is sent again, so that it lives on. */
  give(request: FastifyRequest, reply: FastifyReply): string {
    const browser = this.read(request) ?? randomId();
    const cookie = this.#app.serializeCookie(this.#name(request), this.#signer.sign(browser), {
      httpOnly: true,
      sameSite: "lax",
      path: this.#prefix === "" ? "/" : this.#prefix,
      secure: request.protocol === "https",
      maxAge: MAX_AGE_SECONDS,
    });
    reply.header("set-cookie", cookie);
    return browser;
  }

  /**
   * Browsers send cookies to every port of a host, and a host's instances see those of the prefixes above them. So the
   * name tells instances apart, and hosts too where each has a secret of its own.
   */
  #name(request: FastifyRequest): string {
    const port = this.#secretGiven ? "" : `-${request.socket.localPort ?? 0}`;
    return `moonpool${this.#prefix.replace(/[^A-Za-z0-9]+/g, "-")}${port}`;
  }
}
