import type { PreparedViewdef, ScriptSource } from "./viewdef-store.ts";

interface Waiting extends ScriptSource {
  script: HTMLScriptElement;
}

/**
 * Runs the scripts of views after the frame that brought them is in the page: in document order, each after the one
 * before has been loaded (unless it is `async`).
 */
export class ScriptRunner {
  #waiting: Waiting[] = [];
  #running = false;

  collect(fragment: DocumentFragment, viewdef: PreparedViewdef): void {
    if (viewdef.scripts.length === 0) return;
    fragment.querySelectorAll("script").forEach((script, index) => {
      const source = viewdef.scripts[index];
      if (source) this.add(script, source);
    });
  }

  /** `script` is to run, with `source` for its text or address. */
  add(script: HTMLScriptElement, source: ScriptSource): void {
    this.#waiting.push({ script, ...source });
  }

  async run(): Promise<void> {
    // A view's scripts are collected before those of the views within it; the page knows the true order.
    this.#waiting.sort((one, other) =>
      one.script.compareDocumentPosition(other.script) & Node.DOCUMENT_POSITION_FOLLOWING ? -1 : 1,
    );
    if (this.#running) return;
    this.#running = true;
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift())
      if (next.script.isConnected) await start(next);
    this.#running = false;
  }
}

/** Lets the script run; the promise is for the time until an external one has. */
function start({ script, src, text }: Waiting): Promise<void> | undefined {
  const patient = !script.hasAttribute("async");
  // Elements made by scripts are async by default.
  script.async = !patient;
  const runs = /^(|module|(text|application)\/(java|ecma)script)$/i.test(script.type);
  let loaded: Promise<void> | undefined;
  // Of an inline module nobody hears when it has run.
  if (patient && runs && src !== null)
    loaded = new Promise((resolve) => {
      for (const type of ["load", "error"]) script.addEventListener(type, () => resolve(), { once: true });
    });
  if (src === null) script.text = text;
  else script.src = src;
  return loaded;
}
