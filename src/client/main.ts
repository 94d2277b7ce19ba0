import { APP_VARIABLE, type Value } from "../protocol/message.ts";
import { bindAction } from "./bindings/action.ts";
import { bindAttr } from "./bindings/attr.ts";
import { bindClass } from "./bindings/class.ts";
import { bindCode } from "./bindings/code.ts";
import { bindEvent } from "./bindings/event.ts";
import { bindGuard } from "./bindings/guard.ts";
import { bindHtml } from "./bindings/html.ts";
import { bindKey } from "./bindings/key.ts";
import { bindList } from "./bindings/list.ts";
import { bindStyle } from "./bindings/style.ts";
import { bindValue } from "./bindings/value.ts";
import { bindView } from "./bindings/view.ts";
import { makeBridge } from "./bridge.ts";
import { ConnectionReports } from "./connection-reports.ts";
import { ErrorDisplay } from "./error-display.ts";
import type { Feedback } from "./feedback.ts";
import { fieldOf } from "./fields.ts";
import { FrameReader } from "./frame-reader.ts";
import type { Hotload } from "./hotload/main.ts";
import type { Keepsake } from "./keepsake/keepsake.ts";
import { matchesKeys, parseKeys } from "./keys.ts";
import { findExemplar } from "./list.ts";
import { type Content, Model, type Undo } from "./model.ts";
import { Outbox } from "./outbox.ts";
import type { Page } from "./page.ts";
import { formOf, Pending } from "./pending.ts";
import { carry } from "./placeholder.ts";
import { Region } from "./region.ts";
import { ScriptRunner } from "./scripts.ts";
import { sessionAddress } from "./session-address.ts";
import { Socket } from "./socket.ts";
import { staying } from "./stay.ts";
import { equal, textOf } from "./text.ts";
import { Ties } from "./ties.ts";
import { mountView } from "./view.ts";
import { ViewdefStore } from "./viewdef-store.ts";

/** Mistakes of scripts that are passed on to the host's log, per page. */
const REPORTS = 20;

/** Characters. */
const LONGEST_MESSAGE = 500;

/** What the page's own address answers when its session does not exist any more, or is not for this browser. */
const GONE = new Set([403, 404, 410]);

const tools = { equal, fieldOf };
const root = document.documentElement;
const model = new Model((error, variable) => page.failed(error, variable));
const viewdefs = new ViewdefStore();
const scripts = new ScriptRunner();
const pending = new Pending();
const errorDisplay = new ErrorDisplay(model);
const frameTasks = new Set<() => void>();
let reported = 0;
let composing: Element | null = null;
let hotload: Hotload | undefined;
let toasts: Promise<typeof import("./toasts.ts")> | undefined;
let showWindow: Page["showWindow"];
let feedback: Feedback | undefined;
let keepsakes: typeof import("./keepsake/keepsake.ts") | undefined;
/** For when the page shows something again. */
let kept: Keepsake | undefined;
let keptContent: Content | undefined;

const address = sessionAddress(location, document.querySelector<HTMLMetaElement>('meta[name="moonpool"]')?.content);
const reports = new ConnectionReports();
const socket = new Socket(address.url, {
  state(state, reason) {
    root.setAttribute("data-moonpool-state", state);
    bridge.entered(state);
    hotload?.entered(state);
    if (state === "connected") outbox.flush();
    reports.tell({ state, waiting: outbox.changes, reason });
    if (state !== "connecting") void reports.prepare(address.prefix);
  },
  slow(isSlow) {
    root.toggleAttribute("data-moonpool-slow", isSlow);
    reports.tell({ slow: isSlow });
  },
  fresh(unanswered) {
    hotload?.fresh();
    keepAll();
    const lost = outbox.clear() + unanswered;
    if (lost > 0) reports.tell({ lost });
    pending.clear();
    frames.clear();
    errorDisplay.clear();
    viewdefs.clear();
    model.reset();
    showApp();
  },
  frame: (frame) => frames.take(frame),
  carriedOut: (seq) => pending.carriedOut(seq),
  async isSessionGone() {
    const answer = await fetch(location.href, { method: "HEAD" }).catch(() => undefined);
    return answer !== undefined && GONE.has(answer.status);
  },
});
const outbox = new Outbox(
  socket,
  (seq) => pending.sent(seq),
  () => reports.tell({ waiting: outbox.changes }),
  () => reports.tell({ lost: 1 }),
);

const page: Page = {
  model,
  outbox,
  viewdefs,
  scripts,
  ties: new Ties(),
  owners: new WeakMap(),
  lists: new WeakMap(),
  fields: new Map(),
  pending,
  paced: new Set(),
  counts: { views: 0, lists: 0, listeners: 0, frames: 0 },
  bindings: {
    action: bindAction,
    attr: bindAttr,
    class: bindClass,
    code: bindCode,
    // Until the binding is there that knows when to show it.
    error: bindValue,
    event: bindEvent,
    guard: bindGuard,
    html: bindHtml,
    key: bindKey,
    list: bindList,
    style: bindStyle,
    value: bindValue,
    view: bindView,
  },
  get composing() {
    return composing;
  },
  get feedback() {
    return feedback;
  },
  get hotload() {
    return hotload;
  },
  get showWindow() {
    return showWindow;
  },
  get store() {
    return bridge.uiStore;
  },
  write(variable, value, element) {
    model.write(variable, value);
    outbox.write(variable, value, true);
    if (element) pending.add(element);
  },
  commitInput(element, isOver) {
    page.fields.get(element)?.commit(isOver);
    for (let active = document.activeElement; active; active = active.parentElement)
      page.fields.get(active)?.commit(isOver);
    for (const flush of page.paced) flush();
  },
  sanitize(html) {
    const fragment = document.createDocumentFragment();
    fragment.append(html);
    return fragment;
  },
  listen(target, type, call, options) {
    page.counts.listeners++;
    target.addEventListener(type, call, options);
    return () => {
      page.counts.listeners--;
      target.removeEventListener(type, call, options);
    };
  },
  afterEachFrame(task) {
    frameTasks.add(task);
    return () => void frameTasks.delete(task);
  },
  failed(error, variable) {
    console.error(error);
    page.report("INTERNAL", String(error), variable?.id);
  },
  failedAt(where, error, variable, source, code = "VIEW_FAILED") {
    console.error(error);
    const message = String(error).slice(0, LONGEST_MESSAGE);
    page.report(code, `${where}: ${message}`, variable.id);
    model.fail(variable, { code, message, where }, source);
  },
  report(code, message, id) {
    if (reported++ >= REPORTS) return;
    outbox.send(() => ({ type: "error", code, message: message.slice(0, 2000), ...(id !== undefined && { id }) }));
  },
};

/** Tells the author what it means that a part of the client cannot be loaded. */
const missing = (consequence: string) => (error: unknown) =>
  page.report("INTERNAL", `${consequence}: ${String(error)}`);

const frames = new FrameReader({
  model,
  viewdefs,
  async prepare(kind) {
    try {
      if (kind === "html") page.sanitize = (await import("./sanitize.ts")).sanitize;
      else if (kind === "window") showWindow = (await import("./windowed.ts")).showWindow;
      else {
        const { startErrors } = await import("./bindings/error.ts");
        ({ feedback, bindError: page.bindings.error } = startErrors(page, { formOf, textOf }));
      }
    } catch (error) {
      missing(`"${kind}" does not work`)(error);
    }
  },
  async prepareHotload() {
    try {
      const [{ startHotload }, { giveBack, keep }] = await Promise.all([
        import("./hotload/main.ts"),
        import("./keepsake/keepsake.ts"),
      ]);
      hotload = startHotload(
        page,
        { ...tools, findExemplar, giveBack, keep, matchesKeys, parseKeys, staying },
        {
          prefix: address.prefix,
          state: () => socket.state,
          statistics: () => moonpool.statistics(),
          reconnect() {
            outbox.flush();
            socket.reconnect();
          },
          showErrors: (errors) => errorDisplay.setSite(errors),
        },
      );
    } catch (error) {
      missing("Views are made anew when their files change")(error);
    }
  },
  welcome({ development, hotload: ui }) {
    if (development && !errorDisplay.development)
      void import("./violations.ts").then(({ watchViolations }) => watchViolations(page, errorDisplay));
    errorDisplay.development = development;
    hotload?.welcome(ui);
  },
  reload: (message) => hotload?.reload(message),
  notify({ type, ...detail }) {
    const event = new CustomEvent(`moonpool-${type}`, { detail, cancelable: true, bubbles: true });
    if (!root.dispatchEvent(event)) return;
    // One promise for all: of several imports the last may come first.
    toasts ??= import("./toasts.ts");
    toasts.then(({ showToast }) => showToast(detail), missing("A notice is not shown"));
  },
  failed: (error) => page.failed(error),
  fault(error) {
    if (error.code === "FRAME_SEQ") return socket.retry();
    if (error.code === "FRAME_TOO_LARGE" || error.code === "RATE_LIMIT") reports.tell({ lost: 1 });
    errorDisplay.add(error);
  },
  refresh() {
    keepAll();
    model.refresh();
  },
  applied(seq, seen) {
    pending.carriedOut(seen);
    for (const task of frameTasks) task();
    void scripts.run();
    const { content } = model.claim(APP_VARIABLE);
    if (kept && content) {
      // Unless it is shown as it was.
      if (content !== keptContent) void keepsakes?.giveBack(page, tools, kept);
      kept = undefined;
    }
    errorDisplay.update();
    hotload?.applied();
    socket.applied(seq);
    page.counts.frames++;
  },
});

/** What people have in hand is given back when the page has been shown anew; hot reload does that by itself. */
function keepAll(): void {
  if (hotload) return;
  keptContent = model.claim(APP_VARIABLE).content;
  if (keptContent) kept = keepsakes?.keep(page, tools, undefined, true);
}

const placeholder = document.querySelector("[ui-app]") ?? document.body.appendChild(document.createElement("div"));
const appRegion = new Region(placeholder);
appRegion.attach(carry(placeholder));
let undoApp: Undo | undefined;
/** Shows the app variable of the present connection where the one before left its view. */
function showApp(): void {
  undoApp?.();
  undoApp = mountView(page, model.claim(APP_VARIABLE), appRegion, { keep: true });
}

const bridge = makeBridge(page, socket, () => appRegion.host);
const { moonpool, uiApp, uiStore } = bridge;
Object.assign(window, { moonpool, uiApp, uiStore });
addEventListener(
  "error",
  ({ target, message, filename, lineno, error }) => {
    const fill = scripts.fillOf(target === window ? document.currentScript : (target as Element), filename);
    if (fill && !fill.ended) {
      const what: unknown = error ?? message ?? (target as HTMLScriptElement).src;
      page.failedAt(`${fill.viewdef.key} <script>`, what, fill.owner, fill, "SCRIPT_FAILED");
      // A browser's way of saying that it will lay out once more; nobody can act on it.
    } else if (message && !message.startsWith("ResizeObserver loop"))
      page.report("SCRIPT_FAILED", `${message} (${filename}:${lineno})`);
  },
  // Scripts that cannot be loaded say so, but not to the window.
  true,
);
addEventListener("unhandledrejection", ({ reason }) => page.report("SCRIPT_FAILED", String(reason)));
addEventListener("compositionstart", ({ target }) => (composing = target as Element), true);
addEventListener("compositionend", () => (composing = null), true);
// Any element can report a value of its own making.
addEventListener(
  "ui-value-change",
  ({ target, detail }: Event & { detail?: { value?: Value } }) => {
    const tie = page.ties.of(target as Element).find(({ binding }) => binding?.kind === "value" && binding.write);
    if (tie) page.write(tie.variable, detail?.value ?? null, target as HTMLElement);
  },
  true,
);
// A form is reset without a word to its fields, and only after this event.
addEventListener("reset", ({ target }) =>
  setTimeout(() => {
    for (const [element, field] of page.fields) if (formOf(element) === target) field.commit();
  }),
);
addEventListener("pagehide", ({ persisted }) => {
  if (!hotload?.isLeaving) page.commitInput(root);
  outbox.flush();
  if (persisted) socket.putAside();
});
for (const type of ["online", "pageshow"]) addEventListener(type, () => socket.wake());
document.addEventListener("visibilitychange", () => document.hidden || socket.wake());
// Whoever has something in hand does not lose it when the page has to be shown anew. Then it would be too late to load this.
for (const type of ["focusin", "input", "scroll"])
  addEventListener(
    type,
    () => {
      import("./keepsake/keepsake.ts").then(
        (loaded) => (keepsakes = loaded),
        missing("What is typed does not survive"),
      );
    },
    { once: true, capture: true },
  );
socket.connect();
