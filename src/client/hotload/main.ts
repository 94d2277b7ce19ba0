// A chunk of its own, loaded when the welcome says that files of the site are watched.
import type { HotloadUi } from "../../protocol/message.ts";
import type { Fill } from "../fill.ts";
import type { Undo } from "../model.ts";
import type { Page } from "../page.ts";
import type { PreparedViewdef } from "../viewdef-store.ts";
import { Exchange } from "./exchange.ts";
import type { Tools } from "./tools.ts";

/** What the rest of the client has to do with hot reload. */
export interface Hotload {
  /** A view is about to be shown; `fragment` is the copy of its template. */
  record(fill: Fill, fragment: DocumentFragment): void;
  /** A view goes on with a newer version of its viewdef: see Exchange. */
  exchange(fill: Fill, viewdef: PreparedViewdef, first: number, renew: Undo, retry: Undo): void;
}

export function startHotload(page: Page, ui: HotloadUi, tools: Tools): Hotload {
  const exchange = new Exchange(page, tools, () => location.reload());
  exchange.preserve = ui.preserve;
  return {
    record: (fill, fragment) => exchange.record(fill, fragment),
    exchange: (...change) => exchange.run(...change),
  };
}
