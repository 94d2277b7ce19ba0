/** Numbers below a limit, the same ones for the same seed. */
export type Random = (below: number) => number;

export function randomOf(seed: number): Random {
  let state = seed;
  return (below) => (state = (state * 16_807) % 2_147_483_647) % below;
}

/** An element of a template, or a text. */
export interface Piece {
  tag: string;
  attributes: Record<string, string>;
  children: Piece[];
  text?: string;
  /** It is never removed or renamed. */
  fixed?: boolean;
}

/** What templates can bind, by kind. */
export interface Fields {
  values: string[];
  flags: string[];
  views: string[];
  lists: string[];
}

const TAGS = ["div", "p", "section", "span", "b", "x-box", "em", "article"];
const WORDS = ["red", "big", "round", "new"];
const STYLES = ["color: red", "margin: 1px 2px", "--depth: 3", "display: block", "padding-left: 4px"];

/** Makes and edits templates at random. */
export class RandomTemplates {
  readonly #random: Random;
  readonly #fields: Fields;

  constructor(random: Random, fields: Fields) {
    this.#random = random;
    this.#fields = fields;
  }

  make(size: number, ...fixed: Piece[]): Piece {
    const root: Piece = { tag: "", attributes: {}, children: [this.#element(), ...fixed] };
    for (let index = 0; index < size; index++) this.#insert(root, this.#piece());
    return root;
  }

  /** Another template that differs from this one in a few places. */
  edit(root: Piece): Piece {
    const next = structuredClone(root);
    for (let edits = 1 + this.#random(4); edits > 0; edits--) {
      this.#change(next);
      if (!next.children.some(({ tag }) => tag)) next.children.push(this.#element());
    }
    return next;
  }

  #change(root: Piece): void {
    const { piece, parent } = this.#of(piecesBelow(root));
    if (!isContainer(parent) && !piece.tag) return;
    if (!isContainer(parent)) return this.#decorate(piece, true);
    const at = parent.children.indexOf(piece);
    switch (this.#random(9)) {
      case 0:
        return this.#insert(root, this.#piece());
      case 1:
        if (!holdsFixed(piece)) parent.children.splice(at, 1);
        return;
      case 2: {
        parent.children.splice(at, 1);
        return this.#insert(root, piece);
      }
      case 3:
        parent.children[at] = { ...this.#container(), children: [piece] };
        return;
      case 4:
        if (piece.tag && !piece.fixed) parent.children.splice(at, 1, ...piece.children);
        return;
      case 5:
        if (piece.tag && !piece.fixed && TAGS.includes(piece.tag)) piece.tag = this.#of(TAGS);
        return;
      case 6:
        if (!holdsFixed(piece)) parent.children.splice(at, 0, structuredClone(piece));
        return;
      default:
        if (piece.tag) this.#decorate(piece);
        else piece.text = this.#text();
    }
  }

  #insert(root: Piece, piece: Piece): void {
    const { children } = this.#of(containersIn(root));
    children.splice(this.#random(children.length + 1), 0, piece);
  }

  #piece(): Piece {
    return this.#random(4) === 0 ? { tag: "", attributes: {}, children: [], text: this.#text() } : this.#element();
  }

  #container(): Piece {
    return { tag: this.#of(TAGS), attributes: {}, children: [] };
  }

  #element(): Piece {
    const piece = this.#container();
    const { values, views, lists } = this.#fields;
    switch (this.#random(10)) {
      case 0:
      case 1:
        piece.attributes["ui-value"] = this.#of(values);
        break;
      case 2:
        return { tag: "input", attributes: { "ui-value": this.#of(values) }, children: [] };
      case 3:
        piece.tag = "div";
        piece.attributes["ui-view"] = this.#of(views);
        break;
      case 4: {
        const tag = this.#of(["ul", "div", "section"]);
        const exemplar = { ...this.#container(), tag: this.#of(["li", "div"]) };
        this.#decorate(exemplar, true);
        return { tag, attributes: { "ui-viewlist": this.#of(lists) }, children: this.#random(2) ? [exemplar] : [] };
      }
      case 5:
        return { tag: "button", attributes: { "ui-action": "press()" }, children: [] };
      case 6:
        piece.attributes["ui-html"] = "html" + this.#of(["", "?replace"]);
        break;
      case 7:
        return this.#special();
      default:
    }
    for (let index = this.#random(3); index > 0; index--) this.#decorate(piece);
    return piece;
  }

  /** Elements with rules of their own. */
  #special(): Piece {
    const text = (text: string): Piece => ({ tag: "", attributes: {}, children: [], text });
    const option = (value: string): Piece => ({ tag: "option", attributes: { value }, children: [text(value)] });
    const [value] = this.#fields.values;
    switch (this.#random(7)) {
      case 0:
        return { tag: "select", attributes: { "ui-value": "word" }, children: WORDS.map(option) };
      case 1:
        return {
          tag: "textarea",
          attributes: this.#random(2) ? { "ui-value": value ?? "" } : {},
          children: [text("t")],
        };
      case 2:
        return {
          tag: "input",
          attributes: { type: this.#of(["checkbox", "number", "text"]), "ui-value": "on" },
          children: [],
        };
      case 3:
        return { tag: "style", attributes: {}, children: [text(`x-box { top: ${this.#random(9)}px }`)] };
      case 4:
        return { tag: "progress", attributes: { max: "9", "ui-value": "size" }, children: [] };
      case 5: {
        const row: Piece = { tag: "tr", attributes: {}, children: [] };
        const head: Piece = { tag: "thead", attributes: {}, children: [structuredClone(row)] };
        const body: Piece = { tag: "tbody", attributes: {}, children: this.#random(2) ? [row] : [] };
        return {
          tag: "table",
          attributes: { "ui-viewlist": "cells" },
          children: this.#random(2) ? [head, body] : [body],
        };
      }
      default:
        return {
          tag: "svg",
          attributes: { viewBox: "0 0 9 9" },
          children: [{ tag: "g", attributes: { "ui-attr-class": "words" }, children: [] }],
        };
    }
  }

  /** Changes an attribute. */
  #decorate({ attributes }: Piece, isPlain = false): void {
    const set = (name: string, values: string[]) => {
      const value = this.#of(["", ...values]);
      if (value) attributes[name] = value;
      else delete attributes[name];
    };
    const { flags, values } = this.#fields;
    const two = () => [...new Set([this.#of(WORDS), this.#of(WORDS)])].join(" ");
    switch (this.#random(isPlain ? 3 : 10)) {
      case 0:
        return set("class", [...WORDS, two(), two()]);
      case 1:
        return set("style", [...STYLES, `${this.#of(STYLES)}; ${this.#of(STYLES)}`]);
      case 2:
        return set("title", WORDS);
      case 3:
        return set(`ui-class-${this.#of(WORDS)}`, flags);
      case 4:
        return set("ui-attr-title", values);
      case 5:
        return set("ui-attr-class", ["words"]);
      case 6:
        return set("ui-attr-style", ["css"]);
      case 7:
        return set("ui-style-color", ["color"]);
      case 8:
        return set("ui-event-click", ["press()"]);
      default:
        return set("data-x", WORDS);
    }
  }

  #text(): string {
    return this.#of(["one", "two three", " ", "four\n"]);
  }

  #of<T>(values: readonly T[]): T {
    return values[this.#random(values.length)] as T;
  }
}

/** The template's text. */
export function textOf({ tag, attributes, children, text }: Piece): string {
  if (text !== undefined) return text;
  const inner = children.map(textOf).join("");
  if (!tag) return inner;
  const names = Object.entries(attributes).map(([name, value]) => ` ${name}="${value}"`);
  return `<${tag}${names.join("")}>${tag === "input" ? "" : `${inner}</${tag}>`}`;
}

/** Whether anything can be put into it. */
function isContainer({ tag, text, attributes }: Piece): boolean {
  const isFilled = Object.keys(attributes).some((name) => /^ui-(value|view|viewlist|html)$/.test(name));
  return (
    text === undefined && !isFilled && !/^(p|input|button|select|option|textarea|style|progress|t.*|svg|g)$/.test(tag)
  );
}

function containersIn(piece: Piece): Piece[] {
  return isContainer(piece) ? [piece, ...piece.children.flatMap(containersIn)] : [];
}

function holdsFixed(piece: Piece): boolean {
  return piece.fixed === true || piece.children.some(holdsFixed);
}

function piecesBelow(parent: Piece): { piece: Piece; parent: Piece }[] {
  return parent.children.flatMap((piece) => [{ piece, parent }, ...piecesBelow(piece)]);
}
