import type { ServerMessage, Update, Value, View, Viewdef } from "../../src/protocol/main.ts";
import type { Tab } from "./browser.ts";

/** What one tab's page would show, without a page: values by variable, and which viewdef is where. */
export class PageModel {
  readonly tab: Tab;
  readonly values = new Map<number, Value>();
  readonly views = new Map<number, View>();
  readonly viewdefs = new Map<string, Viewdef>();
  readonly faults: string[] = [];
  readonly errors = new Map<number, string>();

  constructor(tab: Tab) {
    this.tab = tab;
  }

  /** Applies the next frame; gives its messages. */
  async step(): Promise<ServerMessage[]> {
    const messages = await this.tab.messages();
    for (const message of messages) this.#apply(message);
    return messages;
  }

  /** Applies frames until `isSo`. */
  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await this.step();
  }

  /** The variable of slot `slot` of the view on the app. */
  slot(slot: number): number {
    return (this.views.get(1)?.first ?? 0) + slot;
  }

  /** Writes a value to a slot of the app's view, or runs it. */
  write(slot: number, value: Value): void {
    this.tab.send([{ type: "update", id: this.slot(slot), value }]);
  }

  #apply(message: ServerMessage): void {
    if (message.type === "update") this.#update(message);
    else if (message.type === "error") this.faults.push(message.code);
    else if (message.type === "view") {
      this.views.set(message.id, message);
      message.values?.forEach((value, index) => this.values.set((message.first ?? 0) + index, value));
    }
  }

  #update({ id, value, properties, error }: Update): void {
    if (value !== undefined) this.values.set(id, value);
    if (error !== undefined && error !== null) this.errors.set(id, error.code);
    if (error === null) this.errors.delete(id);
    for (const [key, viewdef] of Object.entries(properties?.viewdefs ?? {})) this.viewdefs.set(key, viewdef);
  }
}
