import type { LookupAddress } from "node:dns";
import dns from "node:dns/promises";
import http from "node:http";
import https from "node:https";
import net from "node:net";
import { WebSocket } from "ws";
import { MoonpoolError } from "../../protocol/main.ts";
import { Failure } from "./failure.ts";

const LARGEST_ANSWER = 8 * 2 ** 20;
const LARGEST_FRAME = 16 * 2 ** 20;

const loopback = new net.BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

export interface Answer {
  status: number;
  headers: http.IncomingHttpHeaders;
  /** The whole body. */
  text: string;
}

/**
 * The one site that a load test speaks to. Its name is looked up once, and every connection goes to what was found then, so nobody
 * can lead the load elsewhere meanwhile; nothing is sent to another origin.
 */
export class Site {
  /** Such as `http://127.0.0.1:8040`. */
  readonly origin: string;
  /** Path of the start page, with a `/` at its end. */
  readonly path: string;
  readonly #lookup: net.LookupFunction;
  readonly #agent: http.Agent;
  readonly #client: typeof http | typeof https;
  readonly #timeout: number;

  private constructor(url: URL, addresses: LookupAddress[], timeout: number) {
    this.origin = url.origin;
    this.path = url.pathname.endsWith("/") ? url.pathname : `${url.pathname}/`;
    this.#timeout = timeout;
    this.#lookup = (_host, options, found) => {
      const [first] = addresses;
      if (options.all) found(null, addresses);
      else found(null, first?.address ?? "", first?.family);
    };
    this.#client = url.protocol === "https:" ? https : http;
    this.#agent = new this.#client.Agent({ keepAlive: true, lookup: this.#lookup });
  }

  /**
   * The site at an address. `timeout`: ms until an answer that does not come is given up.
   * @throws MoonpoolError LOAD_ADDRESS: it is none, or not of this machine and `allowRemote` is false; LOAD_UNREACHABLE
   */
  static async at(
    address: string,
    { allowRemote = false, timeout = 10_000 }: { allowRemote?: boolean; timeout?: number } = {},
  ): Promise<Site> {
    const url = URL.canParse(address) ? new URL(address) : undefined;
    if (url?.protocol !== "http:" && url?.protocol !== "https:")
      throw new MoonpoolError("LOAD_ADDRESS", `"${address}" is no address such as http://127.0.0.1:8040/.`);
    if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "")
      throw new MoonpoolError("LOAD_ADDRESS", "The address of a site has no name, password, query or fragment.");
    const addresses = await addressesOf(url);
    const foreign = addresses.find(({ address, family }) => !loopback.check(address, family === 6 ? "ipv6" : "ipv4"));
    if (foreign && !allowRemote)
      throw new MoonpoolError("LOAD_ADDRESS", `${url.host} is ${foreign.address}, which is not this machine.`);
    return new Site(url, addresses, timeout);
  }

  /** The path of the site's own `name`, such as `_moonpool/statistics`. */
  pathOf(name: string): string {
    return this.path + name;
  }

  /**
   * Requests a path. Redirects are not followed.
   * @throws Failure LOAD_UNREACHABLE, LOAD_TIMEOUT, LOAD_PROTOCOL
   */
  get(path: string, cookie = ""): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const headers = cookie === "" ? {} : { cookie };
      const request = this.#client.get(this.origin + path, { agent: this.#agent, headers });
      const fail = (failure: Failure): void => {
        clearTimeout(timer);
        request.destroy();
        reject(failure);
      };
      const timer = setTimeout(() => fail(new Failure("LOAD_TIMEOUT")), this.#timeout);
      request.on("error", (error) => fail(new Failure("LOAD_UNREACHABLE", error.message)));
      request.on("response", (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (part: string) => {
          text += part;
          if (text.length > LARGEST_ANSWER) fail(new Failure("LOAD_PROTOCOL", "A page is too large."));
        });
        response.on("error", (error) => fail(new Failure("LOAD_UNREACHABLE", error.message)));
        response.on("end", () => {
          clearTimeout(timer);
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
        });
      });
    });
  }

  /** Begins any request; for a proxy, which passes bodies on as they are. */
  request(method: string, path: string, headers: http.OutgoingHttpHeaders): http.ClientRequest {
    return this.#client.request(this.origin + path, { method, headers, agent: this.#agent });
  }

  /** Begins to open a WebSocket at a path. */
  socket(path: string, cookie: string): WebSocket {
    return new WebSocket(this.origin.replace(/^http/, "ws") + path, {
      headers: { cookie },
      origin: this.origin,
      lookup: this.#lookup,
      perMessageDeflate: false,
      maxPayload: LARGEST_FRAME,
      handshakeTimeout: this.#timeout,
    });
  }

  /**
   * Whether there is anybody: any answer counts.
   * @throws MoonpoolError LOAD_UNREACHABLE
   */
  async reach(): Promise<void> {
    try {
      // Not the start page: each request for that makes a session.
      await this.get(this.pathOf("_moonpool/statistics"));
    } catch (error) {
      throw new MoonpoolError("LOAD_UNREACHABLE", `${this.origin}: ${(error as Error).message}`, {}, error);
    }
  }

  close(): void {
    this.#agent.destroy();
  }
}

async function addressesOf(url: URL): Promise<LookupAddress[]> {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const family = net.isIP(host);
  if (family !== 0) return [{ address: host, family }];
  try {
    return await dns.lookup(host, { all: true });
  } catch (error) {
    throw new MoonpoolError("LOAD_UNREACHABLE", `Nothing is known of ${host}.`, {}, error);
  }
}
