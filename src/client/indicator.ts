import type { ConnectionState } from "./socket.ts";

/** What `moonpool-connection`, an event on the document, tells; a page that shows it itself prevents its default. */
export interface ConnectionReport {
  state: ConnectionState;
  /** The host lets a person wait. */
  slow: boolean;
  /** Changes that wait for the connection. */
  waiting: number;
  /** Changes that will never be delivered. */
  lost: number;
}

/** A connection that is back before that is not worth a word. */
const PATIENCE_MS = 500;
const LOST_MS = 10_000;

const STYLE = `
  :host { all: initial; position: fixed; inset: auto 0 16px; z-index: 2147483645; display: flex; justify-content: center; pointer-events: none }
  output { padding: 8px 16px; border-radius: 8px; font: 14px/1.4 system-ui, sans-serif; pointer-events: auto;
    color: var(--moonpool-connection-color, #fff); background: var(--moonpool-connection-background, #27272a); box-shadow: 0 2px 8px #0006 }
  output:empty { display: none }
  a { color: inherit; margin-inline-start: 12px; font-weight: 600 }
  @media (prefers-reduced-motion: no-preference) { output { animation: come .2s } @keyframes come { from { opacity: 0 } } }`;

/**
 * Says at the bottom of the page what keeps it from working, and nothing while it works: `<moonpool-connection>`, whose part
 * `message` can be styled.
 */
export class Indicator {
  readonly #prefix: string;
  readonly #host = document.createElement("moonpool-connection");
  readonly #message = document.createElement("output");
  #report: ConnectionReport = { state: "connecting", slow: false, waiting: 0, lost: 0 };
  /** It has been like that for a while. */
  #isLasting = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #lostTimer: ReturnType<typeof setTimeout> | undefined;

  /** `prefix` of the site: where a new session begins. */
  constructor(prefix: string) {
    this.#prefix = prefix;
    this.#message.part = "message";
    const style = new CSSStyleSheet();
    style.replaceSync(STYLE);
    const shadow = this.#host.attachShadow({ mode: "open" });
    shadow.adoptedStyleSheets = [style];
    shadow.append(this.#message);
  }

  entered(state: ConnectionState): void {
    const wasOut = isOut(this.#report.state);
    this.#report.state = state;
    if (state === "connected") this.#report.waiting = 0;
    if (!isOut(state) || !wasOut) {
      this.#isLasting = false;
      clearTimeout(this.#timer);
      if (isOut(state))
        this.#timer = setTimeout(() => {
          this.#isLasting = true;
          this.#show();
        }, PATIENCE_MS);
    }
    this.#show();
  }

  slow(isSlow: boolean): void {
    this.#report.slow = isSlow;
    this.#show();
  }

  /** So many changes wait for the connection. */
  waiting(count: number): void {
    this.#report.waiting = count;
    this.#show();
  }

  /** So many changes will never be delivered. */
  lost(count: number): void {
    if (count === 0) return;
    this.#report.lost += count;
    clearTimeout(this.#lostTimer);
    this.#lostTimer = setTimeout(() => {
      this.#report.lost = 0;
      this.#show();
    }, LOST_MS);
    this.#show();
  }

  #show(): void {
    const event = new CustomEvent("moonpool-connection", { cancelable: true, detail: { ...this.#report } });
    const text = document.dispatchEvent(event) ? this.#text() : "";
    if (text && !this.#host.isConnected) document.documentElement.append(this.#host);
    if (text === this.#message.firstChild?.nodeValue) return;
    this.#message.replaceChildren(...(text ? [text] : []));
    if (!text || this.#report.state !== "ended") return;
    const link = document.createElement("a");
    link.href = `${this.#prefix}/`;
    link.textContent = "Start again";
    this.#message.append(link);
  }

  #text(): string {
    const { state, slow, waiting, lost } = this.#report;
    if (state === "ended") return "This session has ended.";
    if (lost > 0) return `${counted(lost)} could not be sent.`;
    if (isOut(state)) {
      if (!this.#isLasting) return "";
      const what = navigator.onLine ? "Connecting …" : "You are offline.";
      return waiting > 0 ? `${what} ${counted(waiting)} will be sent.` : what;
    }
    return slow ? "The server is slow to answer …" : "";
  }
}

function isOut(state: ConnectionState): boolean {
  return state === "connecting" || state === "disconnected";
}

function counted(changes: number): string {
  return changes === 1 ? "1 change" : `${changes} changes`;
}
