import type { Indicator } from "./indicator.ts";
import type { ConnectionState } from "./socket.ts";

/** What `moonpool-connection`, an event on the document, tells; a page that shows it itself prevents its default. */
export interface ConnectionReport {
  state: ConnectionState;
  /** The host lets a person wait. */
  slow: boolean;
  /** Changes that wait for the connection. */
  waiting: number;
  /** Changes of which it has just come out that they will never be delivered. */
  lost: number;
  /** Why the host has ended it. */
  reason?: string | undefined;
}

/** Tells the page how its connection is, and shows it unless the page does. */
export class ConnectionReports {
  readonly #report: ConnectionReport = { state: "connecting", slow: false, waiting: 0, lost: 0 };
  #indicator: Indicator | undefined;

  /** Loads what shows it, while there is somebody to load it from. `prefix` of the site: where a new session begins. */
  async prepare(prefix: string): Promise<void> {
    if (this.#indicator) return;
    // Without a network there is none; the next time that the connection is lost is another chance.
    const loaded = await import("./indicator.ts").catch(() => undefined);
    if (!loaded || this.#indicator) return;
    this.#indicator = new loaded.Indicator(prefix);
    this.tell({});
  }

  tell(news: Partial<ConnectionReport>): void {
    const report = Object.assign(this.#report, news);
    const event = new CustomEvent("moonpool-connection", { cancelable: true, detail: { ...report } });
    this.#indicator?.show(document.dispatchEvent(event) ? event.detail : undefined);
    report.lost = 0;
  }
}
