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
 * root that is not style or script; it gets the placeholder's attributes and bindings, and those of the owners whose
 * host it is too. The first root also bears the keys of all views that begin with it.
 */
export class Region {
  host: HTMLElement | undefined;
  #parts: Part[];
  #owner: Region | undefined;
  #key = "";
  #marked: Element | undefined;
  #attachments: Attachment[] = [];
  #undo: Undo[] = [];

  constructor(placeholder: ChildNode) {
    this.#parts = [placeholder];
  }

  /** All nodes, in order; never none. */
  nodes(): ChildNode[] {
    return this.#parts.flatMap((part) => (part instanceof Region ? part.nodes() : [part]));
  }

  /** Puts `parts`, whose nodes are `fragment`, in the place of the present content. No parts: the region is empty. */
  fill(parts: Part[], fragment: DocumentFragment, key: string): void {
    const old = this.nodes();
    if (parts.length === 0) {
      const anchor = document.createComment("");
      fragment.append(anchor);
      parts = [anchor];
    }
    old[0]?.before(fragment);
    for (const node of old) node.remove();
    this.#parts = parts;
    this.#key = key;
    for (const part of parts) if (part instanceof Region) part.#owner = this;
    this.#settle();
  }

  /** Does `attachment` to the host, now and whenever there is a new one. */
  attach(attachment: Attachment): void {
    this.#attachments.push(attachment);
    if (this.host) this.#apply(attachment, this.host);
  }

  /** Undoes the attachments; the nodes stay. */
  release(): void {
    for (const undo of this.#undo.splice(0)) undo();
    this.#attachments = [];
    this.#owner = undefined;
  }

  #apply(attachment: Attachment, host: HTMLElement): void {
    const undo = attachment(host);
    if (undo) this.#undo.push(undo);
  }

  #settle(): void {
    const host = this.#find((element) => !/^(style|script)$/i.test(element.tagName), (region) => region.host);
    if (host !== this.host) {
      for (const undo of this.#undo.splice(0)) undo();
      this.host = host as HTMLElement | undefined;
      if (this.host) for (const attachment of this.#attachments) this.#apply(attachment, this.host);
    }
    const first = this.#find(() => true, (region) => region.#marked);
    if (this.#key && first && first !== this.#marked) {
      const others = first.getAttribute(MARKER);
      first.setAttribute(MARKER, others ? `${this.#key} ${others}` : this.#key);
    }
    this.#marked = first;
    this.#owner?.#settle();
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
