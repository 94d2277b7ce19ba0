import type { HotloadUi, Reload } from "../../protocol/message.ts";

const SHOWN_MS = 3_000;
const OFF = "moonpool-notices-off";

/** The error overlay stands above it, so a notice never covers its buttons. Nothing here moves. */
const sheet = new CSSStyleSheet();
sheet.replaceSync(`
  :host { all: initial; visibility: visible !important; position: fixed; inset: auto 12px 12px auto; z-index: 2147483646; pointer-events: none;
    display: flex; align-items: center; gap: 8px; font: 12px/1.4 system-ui, sans-serif; }
  .toast { padding: 4px 10px; border-radius: 6px; color: #f4f4f5; background: #27272ae6; max-width: 70vw; overflow: hidden;
    white-space: nowrap; text-overflow: ellipsis }
  .toast:empty { display: none }
  .sign { width: 10px; height: 10px; border-radius: 50%; background: #a1a1aa; border: 1px solid #fff8; pointer-events: auto }
  .sign[hidden] { display: none }
  .sign[data-state=connected] { background: #22c55e } .sign[data-state=connecting] { background: #eab308 }
  .sign[data-state=disconnected], .sign[data-state=ended] { background: #ef4444 }
  .hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }`);

/** What a page shows of hot reload at its bottom right: a notice for each reload, and the state of the connection. */
export class Signs {
  readonly #host = document.createElement("moonpool-hotload");
  readonly #toast = make("toast");
  readonly #sign = make("sign");
  readonly #text = make("hidden");
  #ui: HotloadUi | undefined;
  #state = "connecting";
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    for (const element of [this.#toast, this.#text]) element.setAttribute("role", "status");
    this.#toast.setAttribute("aria-live", "polite");
    this.#sign.append(this.#text);
    const shadow = this.#host.attachShadow({ mode: "open" });
    shadow.adoptedStyleSheets = [sheet];
    shadow.append(this.#toast);
  }

  /** What is to be shown from now on. Undefined: nothing, because no files are watched any more. */
  configure(ui: HotloadUi | undefined): void {
    this.#ui = ui;
    if (ui) document.documentElement.append(this.#host);
    else this.#host.remove();
    if (ui?.indicator) this.#host.shadowRoot?.append(this.#sign);
    else this.#sign.remove();
    this.entered(this.#state);
  }

  /** The connection has come into `state`. */
  entered(state: string): void {
    this.#state = state;
    const text = `Moonpool: ${state}, hot reload on`;
    this.#sign.dataset["state"] = state;
    this.#sign.title = text;
    this.#text.textContent = text;
  }

  /** "app.lua +2 · 3 sessions · 18 ms" */
  reloaded({ files, sessions, time }: NonNullable<Reload["done"]>): void {
    const [first, ...others] = files.map((file) => file.slice(file.lastIndexOf("/") + 1));
    if (first === undefined) return;
    const more = others.length > 0 ? ` +${others.length}` : "";
    this.say(`${first}${more} · ${sessions} ${sessions === 1 ? "session" : "sessions"} · ${Math.round(time)} ms`);
  }

  /** Shows a notice for a while, if notices are wanted. */
  say(text: string): void {
    if (this.#ui?.toasts && sessionStorage.getItem(OFF) === null) this.#show(text);
  }

  /** Notices from now on, or no more; the choice holds for this tab. */
  toggleNotices(): void {
    const wereOff = sessionStorage.getItem(OFF) !== null;
    if (wereOff) sessionStorage.removeItem(OFF);
    else sessionStorage.setItem(OFF, "1");
    this.#show(wereOff ? "Notices on" : "Notices off");
  }

  #show(text: string): void {
    this.#toast.textContent = text;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => (this.#toast.textContent = ""), SHOWN_MS);
  }
}

function make(name: string): HTMLElement {
  const element = document.createElement("span");
  element.className = name;
  return element;
}
