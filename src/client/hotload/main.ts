// A chunk of its own, loaded when the welcome says that files of the site are watched.
import type { HotloadUi, Reload, ReloadError } from "../../protocol/message.ts";
import type { Fill } from "../fill.ts";
import type { Undo } from "../model.ts";
import type { Page } from "../page.ts";
import type { ConnectionState } from "../socket.ts";
import type { PreparedViewdef } from "../viewdef-store.ts";
import { swapAssets } from "./assets.ts";
import { Exchange } from "./exchange.ts";
import type { Keepsake } from "../keepsake/keepsake.ts";
import { loadAnew, takeKept } from "./new-page.ts";
import { Signs } from "./signs.ts";
import type { Tools } from "./tools.ts";

/** What the rest of the client has to do with hot reload. */
export interface Hotload {
  /** The page is about to be loaded anew, and what people have in hand comes with it. */
  readonly isLeaving: boolean;
  /** A connection begins: what the page shows, and whether its files are still watched. */
  welcome(ui: HotloadUi | undefined): void;
  entered(state: ConnectionState): void;
  /** Everything is going to be shown anew, because the connection is another one. */
  fresh(): void;
  /** A view is about to be shown; `fragment` is the copy of its template. */
  record(fill: Fill, fragment: DocumentFragment): void;
  /** A view goes on with a newer version of its viewdef: see Exchange. */
  exchange(fill: Fill, viewdef: PreparedViewdef, first: number, renew: Undo, retry: Undo): void;
  /** What changed besides variables and views. */
  reload(message: Reload): void;
  /** A frame is in the page. */
  applied(): void;
}

/** Where the page is, and how it tells about itself. */
export interface Surroundings {
  /** URL prefix of the instance. */
  readonly prefix: string;
  readonly state: () => ConnectionState;
  readonly statistics: () => object;
  /** Drops the connection and makes a new one. */
  readonly reconnect: () => void;
  /** Shows what is wrong with the site's files, instead of what was shown before. */
  readonly showErrors: (errors: readonly ReloadError[]) => void;
}

export function startHotload(page: Page, tools: Tools, around: Surroundings): Hotload {
  const exchange = new Exchange(page, tools, {
    keep: () => tools.keep(page, tools, exchange.preserve),
    giveBack: (kept) => void tools.giveBack(page, tools, kept),
    giveUp: (kept) => leave(kept),
  });
  const signs = new Signs();
  const counts = { reloads: 0, reloadMs: 0, failures: 0 };
  const actions = [
    ["r", around.reconnect],
    ["h", () => console.info("moonpool", statistics())],
    ["t", () => signs.toggleNotices()],
  ] as const;
  let ui: HotloadUi | undefined;
  let isLeaving = false;
  let isOutdated = false;
  /** For when the page shows something again. */
  let kept: Keepsake | undefined = takeKept();

  const statistics = () => ({
    state: around.state(),
    ...counts,
    exchanged: exchange.counts.views,
    exchangeMs: Math.round(exchange.counts.time),
    ...around.statistics(),
  });
  const leave = (kept = tools.keep(page, tools, exchange.preserve)) => {
    isLeaving = true;
    loadAnew(kept);
  };

  signs.entered(around.state());
  addEventListener(
    "keydown",
    (event) => {
      const action = actions.find(([key]) => tools.matchesKeys(tools.parseKeys(`ctrl-shift-${key}`), event))?.[1];
      if (!action || !ui?.shortcuts) return;
      event.preventDefault();
      if (!event.repeat) action();
    },
    true,
  );

  return {
    get isLeaving() {
      return isLeaving;
    },
    welcome(present) {
      ui = present;
      if (ui) exchange.preserve = ui.preserve;
      signs.configure(ui);
    },
    entered: (state) => signs.entered(state),
    fresh() {
      if (page.counts.frames > 0) kept = tools.keep(page, tools, exchange.preserve);
    },
    record: (fill, fragment) => exchange.record(fill, fragment),
    exchange: (...change) => exchange.run(...change),
    reload({ done, errors, assets, page: isNewPage }) {
      if (errors) {
        around.showErrors(errors);
        if (errors.some(({ severity }) => severity === "error")) counts.failures++;
      }
      if (assets) {
        swapAssets(assets.map((path) => around.prefix + path));
        if (!done) signs.say(assets.map((path) => path.slice(path.lastIndexOf("/") + 1)).join(", "));
      }
      if (done) {
        counts.reloads++;
        counts.reloadMs += done.time;
        signs.reloaded(done);
      }
      if (!isNewPage || isOutdated) return;
      isOutdated = true;
      if (page.composing) addEventListener("compositionend", () => setTimeout(leave), { once: true });
      else leave();
    },
    applied() {
      if (!kept) return;
      void tools.giveBack(page, tools, kept);
      kept = undefined;
    },
  };
}
