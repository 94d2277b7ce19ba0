import type { Undo } from "./model.ts";

export type Part = ChildNode | Region;
/** Something that a placeholder brings along: done to each element that comes to stand for it. */
export type Attachment = (host: HTMLElement) => Undo | void;

const MARKER = "data-ui-viewdef";

/**
 * The place in the page that a view took from its placeholder. Its content is any number of nodes, and a part of it may
 * be a region again (the root of a viewdef is itself a ui-view), which then changes on its own:
 *
 *     <div ui-view="contact">  →  Region[ Text, Region[ <article> ], <hr> ]
 *
 * An empty region keeps a comment as its anchor. The `host` is the element that stands for the placeholder: the first
 * root that is not style, script, base or meta; it gets the placeholder's attributes and bindings, and those of the owners whose
 * host it is too. The first root also bears the keys of all views that begin with it.
 */
export class Region {
  host: HTMLElement | undefined;
  #parts: Part[];
  #owner: Region | undefined;
  #key = "";
  #marked: Element | undefined;
  readonly #attachments = new Map<Attachment, Undo | void>();

  constructor(placeholder: ChildNode) {
    this.#parts = [placeholder];
  }

  /** All nodes, in order; never none. */
  nodes(): ChildNode[] {
    return this.#parts.flatMap((part) => (part instanceof Region ? part.nodes() : [part]));
  }

  /** Puts `parts` in the place of the present content. No parts: the region is empty. */
  put(parts: Part[], key: string): void {
    const old = this.nodes();
    this.#parts = parts.length > 0 ? parts : [document.createComment("")];
    this.#key = key;
    for (const part of parts) if (part instanceof Region) part.#owner = this;
    const fragment = document.createDocumentFragment();
    fragment.append(...this.nodes());
    old[0]?.before(fragment);
    for (const node of old) node.remove();
    this.#settle();
  }

  /** Does `attachment` to the host, now and whenever there is a new one. */
  attach(attachment: Attachment): Undo {
    this.#attachments.set(attachment, this.host && attachment(this.host));
    return () => {
      this.#attachments.get(attachment)?.();
      this.#attachments.delete(attachment);
    };
  }

  /** Undoes the attachments; the nodes stay. */
  release(): void {
    for (const undo of this.#attachments.values()) undo?.();
    this.#attachments.clear();
    this.#owner = undefined;
  }

  #settle(): void {
    const host = this.#find(
      (element) => !/^(style|script|base|meta)$/i.test(element.tagName),
      (region) => region.host,
    );
    if (host !== this.host) {
      this.host = host as HTMLElement | undefined;
      for (const [attachment, undo] of this.#attachments) {
        undo?.();
        this.#attachments.set(attachment, this.host && attachment(this.host));
      }
    }
    const first = this.#find(
      () => true,
      (region) => region.#marked,
    );
    if (this.#key && first && first !== this.#marked) {
      const others = first.getAttribute(MARKER);
      first.setAttribute(MARKER, others ? `${this.#key} ${others}` : this.#key);
    }
    this.#marked = first;
    const owner = this.#owner;
    if (owner) owner.#settle();
  }

  /** The first root element that counts; what a region at that place says if one comes first. */
  #find(counts: (element: Element) => boolean, within: (region: Region) => Element | undefined): Element | undefined {
    for (const part of this.#parts) {
      if (part instanceof Region) return within(part);
      if (part instanceof Element && counts(part)) return part;
    }
    return undefined;
  }
}
