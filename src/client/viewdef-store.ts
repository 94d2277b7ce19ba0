import type { Binding, BindingKind, Viewdef } from "../protocol/viewdef.ts";
import { trust } from "./trust.ts";

export interface ScriptSource {
  readonly src: string | null;
  readonly text: string;
}

/** A viewdef ready to be shown. */
export interface PreparedViewdef {
  readonly key: string;
  readonly content: DocumentFragment;
  /** In the order in which they have to be applied. */
  readonly bindings: readonly Binding[];
  /** Indexes of the elements that are replaced by what they show. */
  readonly placeholders: readonly number[];
  /** What to give the script elements, in document order, when they are to run. */
  readonly scripts: readonly ScriptSource[];
  readonly hasIds: boolean;
}

/**
 * Attributes first, since `type`, `min` and `max` decide what a value means; views and lists before values, since a
 * select can only take a value that is among its options.
 */
const ORDER: BindingKind[] = [
  "attr",
  "class",
  "style",
  "list",
  "view",
  "html",
  "value",
  "error",
  "guard",
  "key",
  "action",
  "event",
  "code",
];

/** What the page's policy lets run and be used; browsers hide it in the attribute. What viewdefs bring gets it. */
const nonce = document.querySelector<HTMLElement>("[nonce]")?.nonce;

/** A binding that puts something else in the place of its element. */
export function replaces(binding: Binding): boolean {
  return binding.kind === "view" || (binding.kind === "html" && binding.replace === true);
}

/** The viewdefs that this page was sent; each is parsed when it is first shown. */
export class ViewdefStore {
  readonly #texts = new Map<string, Viewdef>();
  readonly #prepared = new Map<string, PreparedViewdef>();

  /** The same viewdef again is no other one: what was prepared of it stays. */
  set(key: string, viewdef: Viewdef): void {
    if (JSON.stringify(this.#texts.get(key)) === JSON.stringify(viewdef)) return;
    this.#texts.set(key, viewdef);
    this.#prepared.delete(key);
  }

  get keys(): string[] {
    return [...this.#texts.keys()];
  }

  get(key: string): PreparedViewdef | undefined {
    const text = this.#texts.get(key);
    let prepared = this.#prepared.get(key);
    if (text && !prepared) this.#prepared.set(key, (prepared = prepare(key, text)));
    return prepared;
  }

  clear(): void {
    this.#texts.clear();
    this.#prepared.clear();
  }
}

function prepare(key: string, { html, bindings }: Viewdef): PreparedViewdef {
  const template = document.createElement("template");
  template.innerHTML = trust.createHTML(html);
  const { content } = template;
  const scripts = Array.from(content.querySelectorAll("script"), disarm);
  // Not as a property: copies would be without it.
  if (nonce) for (const element of content.querySelectorAll("script,style,link")) element.setAttribute("nonce", nonce);
  const placeholders = bindings.filter(replaces).map((binding) => binding.at);
  return {
    key,
    content,
    bindings: bindings.toSorted((one, other) => ORDER.indexOf(one.kind) - ORDER.indexOf(other.kind)),
    placeholders: [...new Set(placeholders)],
    scripts,
    hasIds: content.querySelector("[id]") !== null,
  };
}

/**
 * Scripts that came through innerHTML never run, and their copies neither; fresh ones do. Without text and source they
 * wait in the page until they are given them.
 */
function disarm(script: HTMLScriptElement): ScriptSource {
  const fresh = document.createElement("script");
  for (const { name, value } of script.attributes) if (name !== "src") fresh.setAttribute(name, value);
  script.replaceWith(fresh);
  return { src: script.getAttribute("src"), text: script.text };
}
