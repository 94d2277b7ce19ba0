import { getNodeValue, type Node, type ParseError, parseTree, printParseErrorCode } from "jsonc-parser";
import { MAX_VALUE_DEPTH, type Value } from "../../../protocol/main.ts";
import type { Which } from "../page/page-model.ts";
import { rangeIn, type Range } from "../randomness.ts";

/** Something of a JSON text that is not as it has to be; lines and columns count from 1. */
export class Misplaced extends Error {
  readonly line: number;
  readonly column: number;

  constructor(message: string, text: string, offset: number) {
    super(message);
    const before = text.slice(0, offset).split("\n");
    this.line = before.length;
    this.column = (before.at(-1) ?? "").length + 1;
  }
}

/** A value of a JSON text (comments are allowed) that knows where it stands. Whatever it is not is `Misplaced`. */
export class Located {
  readonly #node: Node;
  readonly #text: string;

  private constructor(node: Node, text: string) {
    this.#node = node;
    this.#text = text;
  }

  static parse(text: string): Located {
    const errors: ParseError[] = [];
    let node: Node | undefined;
    try {
      node = parseTree(text, errors, { allowTrailingComma: true });
    } catch (error) {
      // The parser calls itself for each level.
      if (error instanceof RangeError) throw new Misplaced("it is nested too deeply", text, 0);
      throw error;
    }
    const [error] = errors;
    if (error) throw new Misplaced(`this is not JSON (${printParseErrorCode(error.error)})`, text, error.offset);
    if (!node) throw new Misplaced("there is nothing in it", text, 0);
    return new Located(node, text);
  }

  fail(message: string): never {
    throw new Misplaced(message, this.#text, this.#node.offset);
  }

  /** Itself, if it is an object with no other keys than these. */
  object(what: string, keys: readonly string[]): this {
    if (this.#node.type !== "object") this.fail(`${what} is an object`);
    const seen = new Set<unknown>();
    for (const { children: [key] = [] } of this.#node.children ?? []) {
      if (!key) continue;
      const name = String(key.value);
      if (!keys.includes(name))
        new Located(key, this.#text).fail(
          `there is no "${name}" in ${what} with ${keys.map((each) => `"${each}"`).join(", ")}`,
        );
      if (seen.has(name)) new Located(key, this.#text).fail(`"${name}" is given twice`);
      seen.add(name);
    }
    return this;
  }

  /** The one of `kinds` that is a key of the object. */
  kindOf<Kind extends string>(kinds: readonly Kind[], what: string): Kind {
    if (this.#node.type !== "object") this.fail(`${what} is an object`);
    const found = kinds.filter((kind) => this.get(kind) !== undefined);
    const [kind] = found;
    if (kind === undefined || found.length > 1)
      this.fail(
        `${what} has one of ${kinds.map((each) => `"${each}"`).join(", ")}${kind === undefined ? "" : `, not ${found.length}`}`,
      );
    return kind;
  }

  get(key: string): Located | undefined {
    if (this.#node.type !== "object") return undefined;
    const found = this.#node.children?.find(({ children: [name] = [] }) => name?.value === key);
    const node = found?.children?.[1];
    return node && new Located(node, this.#text);
  }

  need(key: string): Located {
    return this.get(key) ?? this.fail(`"${key}" is missing`);
  }

  array(what: string, least: number): Located[] {
    const { type, children = [] } = this.#node;
    if (type !== "array") this.fail(`this has to be ${what}`);
    if (children.length < least) this.fail("there is nothing in it");
    return children.map((node) => new Located(node, this.#text));
  }

  integer(what: string, least: number, most = Number.MAX_SAFE_INTEGER): number {
    const value: unknown = this.#node.value;
    if (typeof value === "number" && Number.isSafeInteger(value) && value >= least && value <= most) return value;
    const range = most === Number.MAX_SAFE_INTEGER ? `${least} or more` : `${least} to ${most}`;
    return this.fail(`this has to be ${what}, a whole number, ${range}`);
  }

  text(what: string): string {
    const value: unknown = this.#node.value;
    return typeof value === "string" ? value : this.fail(`this has to be ${what}`);
  }

  boolean(): boolean {
    const value: unknown = this.#node.value;
    return typeof value === "boolean" ? value : this.fail("this has to be true or false");
  }

  /** ms: a number, or a text such as "200..800". */
  range(most: number): Range {
    const value: unknown = this.#node.value;
    const range = typeof value === "number" || typeof value === "string" ? rangeIn(String(value)) : undefined;
    if (range && range.to <= most) return range;
    return this.fail(`this has to be ms, such as 200, or "200..800", at most ${most}`);
  }

  /** Which of several views: 1, 2, …; -1, … from the end; "any"; "last". */
  row(): Which {
    const value: unknown = this.#node.value;
    if (value === "any") return "any";
    if (value === "last") return -1;
    if (typeof value === "number" && Number.isSafeInteger(value) && value !== 0) return value;
    return this.fail('this has to be a row, counted from 1 (from the end: -1, …), or "any"');
  }

  value(): Value {
    if (isDeeper(this.#node, MAX_VALUE_DEPTH)) this.fail(`a value is nested more than ${MAX_VALUE_DEPTH} deep`);
    return getNodeValue(this.#node) as Value;
  }
}

/** Whether there are more than so many arrays and objects inside one another. Calls itself no deeper than that. */
function isDeeper({ type, children }: Node, levels: number): boolean {
  if (children === undefined) return false;
  if (type === "property") return children.some((child) => isDeeper(child, levels));
  return levels === 0 || children.some((child) => isDeeper(child, levels - 1));
}
