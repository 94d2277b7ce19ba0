// A chunk of its own, loaded with the first notice of the app.
import type { NoticeKind } from "../protocol/message.ts";

export interface Notice {
  readonly text: string;
  readonly kind?: NoticeKind;
  /** ms; 0: until somebody closes it. */
  readonly duration?: number;
}

interface Toast {
  readonly element: HTMLElement;
  readonly close: () => void;
  readonly isError: boolean;
}

/** At once. A further one takes the place of the oldest, of errors last. */
const MOST = 5;
/** An error stays: who was not looking is not to miss it. */
const DURATION: Record<NoticeKind, number> = { info: 5_000, success: 5_000, warning: 8_000, error: 0 };
/** A live region that is filled as it comes into the page is not read aloud. */
const REGION_WAIT = 100;
const SIGNS: Record<NoticeKind, string> = { info: "ℹ", success: "✓", warning: "!", error: "✕" };

const sheet = new CSSStyleSheet();
sheet.replaceSync(`
  :host { all: initial; visibility: visible !important; position: fixed; z-index: var(--moonpool-toasts-layer, 2147483640);
    inset: var(--moonpool-toasts-inset, 12px 12px auto auto); width: min(360px, calc(100vw - 24px)); pointer-events: none;
    font: var(--moonpool-toast-font, 14px/1.45 system-ui, sans-serif) }
  [part=toast] { --edge: #60a5fa; display: flex; gap: 10px; align-items: flex-start; margin: 0 0 8px; padding: 10px 8px 10px 12px; pointer-events: auto;
    color: var(--moonpool-toast-color, #f4f4f5); background: var(--moonpool-toast-background, #27272a);
    border-radius: var(--moonpool-toast-radius, 8px); border-left: 4px solid var(--moonpool-toast-edge, var(--edge));
    box-shadow: var(--moonpool-toast-shadow, 0 4px 24px #0006) }
  .success { --edge: #4ade80 } .warning { --edge: #fbbf24 } .error { --edge: #f87171 }
  [part=sign] { color: var(--moonpool-toast-edge, var(--edge)); font-weight: 700; min-width: 1em; text-align: center }
  [part=text] { flex: 1; white-space: pre-line; overflow-wrap: anywhere; max-height: 40vh; overflow: auto }
  button { all: unset; cursor: pointer; min-width: 24px; min-height: 24px; text-align: center; border-radius: 4px; color: inherit; opacity: .75 }
  button:hover { opacity: 1 } button:focus-visible { opacity: 1; outline: 2px solid currentColor }
  @media (prefers-reduced-motion: no-preference) {
    [part=toast] { animation: come 160ms ease-out } @keyframes come { from { opacity: 0; translate: 0 -8px } }
  }
  @media (forced-colors: active) { [part=toast] { border: 1px solid } }`);

const host = document.createElement("moonpool-toasts");
/** What is read aloud when there is time for it, and what at once. */
const polite = region("status");
const urgent = region("alert");
let toasts: Toast[] = [];
let isReady: Promise<void> | undefined;
/** What had the focus before a toast got it. */
let before: Element | null = null;

/** Shows `notice` for a while at the edge of the page; where the focus is does not change. */
export async function showToast(notice: Notice): Promise<void> {
  isReady ??= start();
  await isReady;
  while (toasts.length >= MOST) (toasts.find(({ isError }) => !isError) ?? toasts[0])?.close();
  add(notice);
}

function start(): Promise<void> {
  const shadow = host.attachShadow({ mode: "open" });
  shadow.adoptedStyleSheets = [sheet];
  shadow.append(urgent, polite);
  shadow.addEventListener("focusin", (event) => {
    const from = (event as FocusEvent).relatedTarget;
    if (from instanceof Element && !shadow.contains(from)) before = from;
  });
  document.documentElement.append(host);
  // Whoever has a use for the key of their own says so.
  addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.defaultPrevented || event.isComposing) return;
    const focused = shadow.activeElement;
    (toasts.find(({ element }) => element.contains(focused)) ?? toasts.at(-1))?.close();
  });
  return new Promise((resolve) => setTimeout(resolve, REGION_WAIT));
}

function add({ text, kind = "info", duration = DURATION[kind] }: Notice): void {
  const element = part("div", "toast");
  element.classList.add(kind);
  const sign = part("span", "sign", SIGNS[kind]);
  sign.ariaHidden = "true";
  const button = part("button", "close", "✕");
  button.ariaLabel = "Close";
  element.append(sign, part("span", "text", text), button);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const pause = () => clearTimeout(timer);
  const go = () => {
    pause();
    const isWatched = element.matches(":hover") || element.matches(":focus-within");
    if (duration > 0 && !isWatched) timer = setTimeout(toast.close, duration);
  };
  const toast: Toast = {
    element,
    isError: kind === "error",
    close() {
      pause();
      const hadFocus = element.matches(":focus-within");
      toasts = toasts.filter((other) => other !== toast);
      element.remove();
      if (hadFocus) moveFocus();
    },
  };
  button.addEventListener("click", toast.close);
  for (const type of ["mouseenter", "focusin"]) element.addEventListener(type, pause);
  for (const type of ["mouseleave", "focusout"]) element.addEventListener(type, () => setTimeout(go));
  toasts.push(toast);
  (kind === "error" ? urgent : polite).append(element);
  go();
}

/** The toast with the focus is gone: to the next one, else back to where it came from. */
function moveFocus(): void {
  const next = toasts.at(-1)?.element.querySelector("button") ?? before;
  if (next instanceof HTMLElement && next.isConnected) next.focus();
}

function region(role: string): HTMLElement {
  const element = part("div", role);
  element.setAttribute("role", role);
  element.ariaLive = role === "alert" ? "assertive" : "polite";
  // Each toast is read by itself.
  element.ariaAtomic = "false";
  element.ariaRelevant = "additions";
  return element;
}

function part(tag: string, name: string, text = ""): HTMLElement {
  const element = document.createElement(tag);
  element.setAttribute("part", name);
  element.textContent = text;
  return element;
}
