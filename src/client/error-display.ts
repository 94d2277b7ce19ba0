import type { WireError } from "../protocol/error-code.ts";
import type { ReloadError } from "../protocol/message.ts";
import type { Model } from "./model.ts";

const LIMIT = 20;

/** In development mode, a list of the present errors in the page. Loaded when there is one. */
export class ErrorDisplay {
  development = false;
  readonly #model: Model;
  #faults: WireError[] = [];
  #site: readonly ReloadError[] = [];
  #shown = "";

  constructor(model: Model) {
    this.#model = model;
  }

  /** An error that belongs to no variable; it stays until it is dismissed. */
  add(error: WireError): void {
    // Somebody clicked on what was just being replaced.
    if (error.code === "VARIABLE_UNKNOWN") return;
    if (this.#faults.length < LIMIT) this.#faults.push(error);
  }

  /** What is wrong with the files of the site now. */
  setSite(errors: readonly ReloadError[]): void {
    this.#site = errors;
  }

  clear(): void {
    this.#faults = [];
    this.#site = [];
  }

  /** Shows what there is now, if that is something else than before. */
  update(): void {
    if (!this.development) return;
    const errors = [...this.#site, ...this.#model.errors.values(), ...this.#faults];
    const text = JSON.stringify(errors);
    if (text === this.#shown || (errors.length === 0 && this.#shown === "")) return;
    this.#shown = text;
    void this.#show(errors, text);
  }

  async #show(errors: (WireError | ReloadError)[], text: string): Promise<void> {
    const { showOverlay } = await import("./overlay.ts");
    // While the overlay was loaded there may have been other frames.
    if (text !== this.#shown) return;
    showOverlay(errors, () => {
      this.clear();
      showOverlay([], () => {});
    });
  }
}
