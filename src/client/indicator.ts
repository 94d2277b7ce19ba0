import type { ConnectionReport } from "./connection-reports.ts";
import type { ConnectionState } from "./socket.ts";

/** A connection that is back before that is not worth a word. */
const PATIENCE_MS = 500;
const LOST_MS = 10_000;

const STYLE = `
  :host { all: initial; visibility: visible !important; position: fixed; inset: auto 0 16px; z-index: 2147483645; display: flex; justify-content: center; pointer-events: none }
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
  #report: ConnectionReport | undefined;
  /** Changes of the last seconds that will never be delivered. */
  #lost = 0;
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

  /** Undefined: the page shows it itself. */
  show(report: ConnectionReport | undefined): void {
    const [isNow, wasOut] = [isOut(report?.state), isOut(this.#report?.state)];
    this.#report = report;
    if (!isNow || !wasOut) {
      this.#isLasting = false;
      clearTimeout(this.#timer);
      if (isNow) this.#timer = this.#after(PATIENCE_MS, () => (this.#isLasting = true));
    }
    if (report && report.lost > 0) {
      this.#lost += report.lost;
      clearTimeout(this.#lostTimer);
      this.#lostTimer = this.#after(LOST_MS, () => (this.#lost = 0));
    }
    this.#write();
  }

  #after(wait: number, action: () => void): ReturnType<typeof setTimeout> {
    return setTimeout(() => {
      action();
      this.#write();
    }, wait);
  }

  #write(): void {
    const text = this.#text();
    if (text && !this.#host.isConnected) document.documentElement.append(this.#host);
    if (text === (this.#message.firstChild?.nodeValue ?? "")) return;
    this.#message.replaceChildren(...(text ? [text] : []));
    if (!text || this.#report?.state !== "ended" || this.#report.reason === "CONNECTION_LIMIT") return;
    const link = document.createElement("a");
    link.href = `${this.#prefix}/`;
    link.textContent = "Start again";
    this.#message.append(link);
  }

  #text(): string {
    if (!this.#report) return "";
    const { state, slow, waiting, reason } = this.#report;
    if (reason === "CONNECTION_LIMIT") return "This is open in too many tabs.";
    if (state === "ended") return "This session has ended.";
    if (this.#lost > 0) return `${counted(this.#lost)} could not be sent.`;
    if (isOut(state)) {
      if (!this.#isLasting) return "";
      const what = navigator.onLine ? "Connecting …" : "You are offline.";
      return waiting > 0 ? `${what} ${counted(waiting)} will be sent.` : what;
    }
    return slow ? "The server is slow to answer …" : "";
  }
}

function isOut(state: ConnectionState | undefined): boolean {
  return state === "connecting" || state === "disconnected";
}

function counted(changes: number): string {
  return changes === 1 ? "1 change" : `${changes} changes`;
}
