import type { ClientMessage, ServerMessage, Value } from "../../../protocol/main.ts";
import { codeIn, Failure } from "../failure.ts";
import type { Site } from "../site.ts";
import { type Answered, Connection } from "./connection.ts";
import { PageModel, type Which } from "./page-model.ts";

const MOST_REDIRECTS = 5;
const FIRST_RETRY = 200;
const LAST_RETRY = 15_000;

export interface PageEvents {
  /** Something took so many ms. */
  took(what: "page" | "socket" | "resume", ms: number): void;
  /** The site reports an error, or a connection was lost, and the page goes on by itself. */
  failed(failure: Failure): void;
}

/**
 * A page in a browser of its own, without the browser: has the cookie, requests the page, opens the WebSocket, applies and
 * acknowledges frames, and connects again when the connection is lost, after the same pauses as the browser's client.
 */
export class HeadlessPage {
  readonly model = new PageModel();
  readonly #site: Site;
  readonly #timeout: number;
  readonly #events: PageEvents;
  readonly #chance: () => number;
  readonly #cookies = new Map<string, string>();
  /** The session's page, and where its socket is. */
  #path: string | undefined;
  #socketPath = "";
  #connection: Connection | undefined;
  #retryTimer: NodeJS.Timeout | undefined;
  #failures = 0;
  /** Why the session is over. */
  #end: Failure | undefined;
  /** Of those who wait until something is applied. */
  readonly #waiting = new Set<() => void>();

  /** `timeout`: ms until an answer that does not come is given up. `chance`: from 0 to just below 1, for pauses. */
  constructor(site: Site, timeout: number, events: PageEvents, chance: () => number) {
    this.#site = site;
    this.#timeout = timeout;
    this.#events = events;
    this.#chance = chance;
  }

  /** Why nothing comes of this session any more; undefined while something does. */
  get end(): Failure | undefined {
    return this.#end;
  }

  /**
   * Requests the page, the first time that of a new session, and settles when the app is shown.
   * @throws Failure
   */
  async load(): Promise<void> {
    this.leave();
    const start = performance.now();
    await this.#request();
    const requested = performance.now();
    this.#events.took("page", requested - start);
    const socketPath = this.#socketPath;
    const connection = new Connection((query) => this.#site.socket(socketPath + query, this.#cookie()), {
      messages: (messages) => this.#apply(messages),
      fresh: () => this.model.clear(),
      answered: () => this.#look(),
      lost: (failure, retry) => this.#lost(failure, retry),
    });
    this.#connection = connection;
    await connection.connect(this.#timeout);
    // On a busy machine the welcome may come in a frame of its own.
    await this.until(() => this.model.isShown, this.#timeout);
    this.#events.took("socket", performance.now() - requested);
  }

  /** Closes the page; `load` opens it again in the same session. */
  leave(): void {
    clearTimeout(this.#retryTimer);
    this.#connection?.close();
    this.#connection = undefined;
    this.model.clear();
  }

  /** The network is gone until `resume`. */
  drop(): void {
    clearTimeout(this.#retryTimer);
    this.#connection?.cut();
  }

  /**
   * The network is back: settles when the page goes on where it was, or has begun anew; tries again until then.
   * @throws Failure LOAD_TIMEOUT, or when the session is over
   */
  async resume(): Promise<void> {
    void this.#reconnect();
    await this.until(() => this.#connection?.isOpen === true, this.#timeout);
  }

  /**
   * Sends messages in a frame; settles when they have been carried out and what changed is in the model.
   * @throws Failure
   */
  send(messages: readonly ClientMessage[], event: boolean): Promise<Answered> {
    if (this.#end) throw this.#end;
    if (!this.#connection) throw new Failure("LOAD_LOST", "There is no page.");
    // As a field shows what was typed.
    for (const message of messages)
      if (message.type === "update" && message.value !== null) this.model.setValue(message.id, message.value);
    return this.#connection.send(messages, event);
  }

  /** Settles when the host is not behind with what was sent: for those who do not wait for answers. @throws Failure LOAD_TIMEOUT */
  room(): Promise<void> {
    return this.until(() => this.#connection?.isBusy !== true, this.#timeout);
  }

  /** The variable of an address, as soon as it is on the page. @throws Failure LOAD_TARGET */
  async target(address: string, which: Which, index: (count: number) => number): Promise<number> {
    let id = this.model.find(address, which, index);
    if (id !== undefined) return id;
    const isThere = (): boolean => (id = this.model.find(address, which, index)) !== undefined;
    await this.until(isThere, this.#timeout, () => new Failure("LOAD_TARGET", `${address} is not on the page.`));
    return id ?? 0;
  }

  value(id: number): Value | undefined {
    return this.model.value(id);
  }

  /** Settles when something is so after a frame. @throws Failure `late` after `patience` ms, or why the session is over */
  until(isSo: () => boolean, patience: number, late = () => new Failure("LOAD_TIMEOUT")): Promise<void> {
    if (isSo()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const done = (settle: () => void): void => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        settle();
      };
      const look = (): void => {
        if (this.#end) done(() => reject(this.#end));
        else if (isSo()) done(resolve);
      };
      const timer = setTimeout(() => done(() => reject(late())), patience);
      this.#waiting.add(look);
    });
  }

  async #request(): Promise<void> {
    let path = this.#path ?? this.#site.path;
    for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
      const { status, headers, text } = await this.#site.get(path, this.#cookie());
      for (const cookie of headers["set-cookie"] ?? []) {
        const [, name, value] = /^([^=;]+)=([^;]*)/.exec(cookie) ?? [];
        if (name !== undefined && value !== undefined) this.#cookies.set(name.trim(), value);
      }
      if (status >= 300 && status < 400 && headers.location !== undefined) {
        const base = this.#site.origin + path;
        if (!URL.canParse(headers.location, base))
          throw new Failure("LOAD_REDIRECT", `The site leads to ${headers.location}, which is no address.`, true);
        const to = new URL(headers.location, base);
        if (to.origin !== this.#site.origin)
          throw new Failure("LOAD_REDIRECT", `The site leads to ${to.origin}.`, true);
        path = to.pathname + to.search;
        continue;
      }
      const facts = status === 200 ? factsIn(text) : undefined;
      if (facts === undefined) throw new Failure(codeIn(text) ?? "LOAD_PAGE", `${path}: HTTP ${status}`, status < 500);
      this.#path = path;
      this.#socketPath = `${facts.prefix}/_moonpool/ws/${facts.session}`;
      return;
    }
    throw new Failure("LOAD_PAGE", "The site redirects without an end.", true);
  }

  #cookie(): string {
    return Array.from(this.#cookies, ([name, value]) => `${name}=${value}`).join("; ");
  }

  #apply(messages: ServerMessage[]): void {
    this.model.apply(messages);
    for (const message of messages) {
      if (message.type === "error") this.#events.failed(new Failure(message.code, message.message));
      else if (message.type === "update" && message.error)
        this.#events.failed(new Failure(message.error.code, message.error.message));
    }
    this.#look();
  }

  #look(): void {
    for (const look of this.#waiting) look();
  }

  #lost(failure: Failure, retry?: number): void {
    this.#events.failed(failure);
    if (failure.isOver) return this.#over(failure);
    const pause = retry ?? Math.min(FIRST_RETRY * 2 ** this.#failures++, LAST_RETRY) * (0.5 + this.#chance() / 2);
    clearTimeout(this.#retryTimer);
    this.#retryTimer = setTimeout(() => void this.#reconnect(), pause);
  }

  async #reconnect(): Promise<void> {
    const connection = this.#connection;
    if (!connection) return;
    const start = performance.now();
    try {
      await connection.connect(this.#timeout);
      this.#failures = 0;
      this.#events.took("resume", performance.now() - start);
      this.#look();
    } catch (error) {
      // The page may have been closed meanwhile.
      if (error instanceof Failure && connection === this.#connection) this.#lost(error);
    }
  }

  #over(failure: Failure): void {
    this.#end = failure;
    this.#connection?.close(failure);
    this.#look();
  }
}

/** What the host says of the session in its page; undefined: it is no such page. */
function factsIn(page: string): { prefix: string; session: string } | undefined {
  const [, content] = /<meta name="moonpool" content="([^"]*)"/.exec(page) ?? [];
  if (content === undefined) return undefined;
  const text = content.replaceAll("&#34;", '"').replaceAll("&quot;", '"').replaceAll("&amp;", "&");
  try {
    const { prefix, session } = JSON.parse(text) as { prefix?: unknown; session?: unknown };
    if (typeof prefix !== "string" || typeof session !== "string") return undefined;
    return /^(\/[\w.~%-]+)*$/.test(prefix) && /^[0-9a-f]{32}$/.test(session) ? { prefix, session } : undefined;
  } catch {
    return undefined;
  }
}
