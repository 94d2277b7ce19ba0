import type { Fill } from "./fill.ts";
import { trust } from "./trust.ts";
import type { ScriptSource } from "./viewdef-store.ts";

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
  readonly #fills = new WeakMap<Element, Fill>();

  collect(fragment: DocumentFragment, fill: Fill): void {
    const { scripts } = fill.viewdef;
    if (scripts.length === 0) return;
    fragment.querySelectorAll("script").forEach((script, index) => {
      const source = scripts[index];
      if (source) this.add(script, source, fill);
    });
  }

  /** `script` is to run in the view of `fill`, with `source` for its text or address. */
  add(script: HTMLScriptElement, source: ScriptSource, fill: Fill): void {
    this.#fills.set(script, fill);
    this.#waiting.push({ script, ...source });
  }

  /** The view that `script` belongs to, or else a script in the page with this address. */
  fillOf(script: Element | null, address: string | undefined): Fill | undefined {
    const found = script ?? [...document.scripts].find(({ src }) => src && src === address);
    return found && this.#fills.get(found);
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
  if (src === null) script.text = trust.createScript(text);
  else script.src = trust.createScriptURL(src);
  return loaded;
}
