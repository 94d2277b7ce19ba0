import type { Undo } from "./model.ts";

/** Ends a binding. `restore`: the element stays, and gets back the attributes that the binding found. */
export type Unbind = (restore?: boolean) => void;
export type Part = ChildNode | Region;
/** Something that a placeholder brings along: done to each element that comes to stand for it. */
export type Attachment = (host: HTMLElement) => Unbind | void;

interface Attached {
  readonly attachment: Attachment;
  /** It changes attributes that the host has of its own. */
  isLayer: boolean;
  host: HTMLElement | undefined;
  undo: Unbind | void;
}

const MARKER = "data-ui-viewdef";
const NONE: readonly never[] = [];
const nothing = (): void => {};

/**
 * The place in the page that a view took from its placeholder. Its content is any number of nodes, and a part of it may
 * be a region again (the root of a viewdef is itself a ui-view), which then changes on its own:
 *
 *     <div ui-view="contact">  →  Region[ Text, Region[ <article> ], <hr> ]
 *
 * An empty region keeps a comment as its anchor; one that was made without a placeholder has no nodes until something is put
 * into it, which its maker then takes into the page. The `host` is the element that stands for the placeholder: the first
 * root that is not style, script, base or meta; it gets the placeholder's attributes and bindings, and those of the owners whose
 * host it is too. The first root also bears the keys of all views that begin with it.
 */
export class Region {
  host: HTMLElement | undefined;
  #parts: readonly Part[];
  #owner: Region | undefined;
  #key = "";
  #marked: Element | undefined;
  /** Few have more than one or two, and there is one for each row of a list: never changed, but exchanged. */
  #attachments: readonly Attached[] = NONE;

  constructor(placeholder?: ChildNode) {
    this.#parts = placeholder ? [placeholder] : NONE;
  }

  /** All nodes, in order. */
  nodes(): ChildNode[] {
    return this.#parts.flatMap((part) => (part instanceof Region ? part.nodes() : [part]));
  }

  /** Puts `parts` in the place of the present content. No parts: the region is empty. */
  put(parts: Part[], key: string): void {
    const old = this.nodes();
    const present = parts.length > 0 ? parts : [document.createComment("")];
    if (old.length > 0) {
      const fragment = document.createDocumentFragment();
      fragment.append(...present.flatMap((part) => (part instanceof Region ? part.nodes() : [part])));
      old.find(({ parentNode }) => parentNode)?.before(fragment);
      for (const node of old) node.remove();
    }
    this.#mark(undefined);
    this.#key = key;
    this.adopt(present);
  }

  /** Takes note that its content is now `parts`, which stand in the page already. */
  adopt(parts: readonly Part[]): void {
    for (const part of this.#parts) if (part instanceof Region && part.#owner === this) part.#owner = undefined;
    this.#parts = parts;
    for (const part of parts) if (part instanceof Region) part.#owner = this;
    this.#settle();
  }

  /** Does `attachment` to the host, now and whenever there is a new one. `isLayer`: `lift` takes it off. */
  attach(attachment: Attachment | undefined, isLayer = false): Unbind {
    if (!attachment) return nothing;
    const attached: Attached = { attachment, isLayer, host: undefined, undo: undefined };
    this.#attachments = this.#attachments.length > 0 ? [...this.#attachments, attached] : [attached];
    this.#apply(attached);
    return (restore) => {
      attached.undo?.(restore);
      this.#attachments = this.#attachments.filter((other) => other !== attached);
    };
  }

  /** Undoes the attachments; the nodes stay. */
  release(): void {
    for (const { undo } of this.#attachments) undo?.();
    this.#attachments = NONE;
    this.#owner = undefined;
  }

  /**
   * Takes off what this placeholder and those whose host is the same have laid over the host's attributes, the last first,
   * so that what is below can change. The undo lays it over what is the host then.
   */
  lift(): Undo {
    const chain: Region[] = [this];
    for (let owner = this.#owner; owner && owner.host === this.host; owner = owner.#owner) chain.push(owner);
    for (const region of chain.toReversed())
      for (const attached of region.#attachments.toReversed()) if (attached.isLayer) takeOff(attached);
    return () => {
      for (const region of chain) for (const attached of region.#attachments) region.#apply(attached);
    };
  }

  #settle(): void {
    const host = this.#find(
      (element) => !/^(style|script|base|meta)$/i.test(element.tagName),
      (region) => region.host,
    );
    if (host !== this.host) {
      for (const attached of this.#attachments.toReversed()) takeOff(attached);
      this.host = host as HTMLElement | undefined;
      for (const attached of this.#attachments) this.#apply(attached);
    }
    this.#mark(this.#first());
    const owner = this.#owner;
    if (owner) owner.#settle();
  }

  #apply(attached: Attached): void {
    if (attached.host || !this.host) return;
    attached.host = this.host;
    attached.undo = attached.attachment(this.host);
  }

  /** The first element of all, those of regions within included. */
  #first(): Element | undefined {
    for (const part of this.#parts) {
      const first = part instanceof Region ? part.#first() : part;
      if (first instanceof Element) return first;
    }
    return undefined;
  }

  #mark(element: Element | undefined): void {
    if (!this.#key || element === this.#marked) return;
    const before = this.#marked?.getAttribute(MARKER)?.split(" ") ?? [];
    before.splice(before.indexOf(this.#key), 1);
    if (before.length > 0) this.#marked?.setAttribute(MARKER, before.join(" "));
    else this.#marked?.removeAttribute(MARKER);
    const others = element?.getAttribute(MARKER);
    element?.setAttribute(MARKER, others ? `${this.#key} ${others}` : this.#key);
    this.#marked = element;
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

/** The host may stay in the page without standing for the placeholder. */
function takeOff(attached: Attached): void {
  attached.undo?.(true);
  attached.undo = attached.host = undefined;
}
