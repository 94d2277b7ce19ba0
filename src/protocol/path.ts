import { MoonpoolError } from "./error-code.ts";

/** One step of a path: a field, a 0-based index, or a method call. */
export type Segment =
  | { field: string }
  | { index: number }
  | { call: string; arguments: Literal[] }
  /** `method(_)`: the argument is the value that the client sends. */
  | { call: string; value: true };

export type Literal = string | number | boolean | null;

/** A path as written in an attribute, taken apart. */
export interface Path {
  not: boolean;
  up: number;
  segments: Segment[];
  /** Text after `?`, decoded; a key without a value is "true". */
  options: Record<string, string>;
}

/**
 * Takes a path apart: `!../contacts.0.label("short", 2)?priority=high&keypress`.
 *
 *     path     = [ "!" ] { ".." [ "/" | "." ] } [ segment { "." segment } ] [ "?" options ]
 *     segment  = field | index | name "(" ")" | name "(_)" (at the end only) | name "(" literal { "," literal } ")"
 *     literal  = "text" | 'text' | number | true | false | nil
 *     options  = key [ "=" value ] { "&" key [ "=" value ] }      URL-decoded, "+" is a space
 *
 * Only a path that goes up (`..`) may have no segment. Linear in the length of `text`.
 * @throws MoonpoolError PATH_SYNTAX with the path and the position (from 1) in its message; nothing else.
 */
export function parsePath(text: string): Path {
  return new PathReader(text).path();
}

const FIELD = /[\p{L}_][\p{L}\p{M}\p{N}_-]*/uy;
const DIGITS = /[0-9]+/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![\p{L}\p{N}_.])/uy;
const SPACE = /[ \t\r\n\f]*/y;
const WORDS = new Map<string, Literal>([
  ["true", true],
  ["false", false],
  ["nil", null],
]);
const ESCAPES: Record<string, string> = { n: "\n", r: "\r", t: "\t", "\\": "\\", '"': '"', "'": "'" };
const ARGUMENTS_ARE = `arguments are literals ("text", 'text', 1.5, true, false, nil), or a single _ for the value that the page sends`;

/** A cursor over the text of one path. */
class PathReader {
  readonly text: string;
  at = 0;

  constructor(text: string) {
    this.text = text;
  }

  path(): Path {
    if (this.text === "") this.fail("the path is empty");
    const not = this.take("!");
    let up = 0;
    while (this.text.startsWith("..", this.at)) {
      this.at += 2;
      up++;
      // One separator belongs to the step up; `....` is two steps, `...name` one step and a field.
      if (!this.take("/") && !this.text.startsWith("..", this.at)) this.take(".");
    }
    const segments = up > 0 && this.atEnd() ? [] : this.segments();
    return { not, up, segments, options: this.options() };
  }

  private segments(): Segment[] {
    const segments = [this.segment()];
    while (this.take(".")) {
      if (this.last(segments)) this.fail("name(_) can only stand at the end", this.at - 1);
      segments.push(this.segment());
    }
    if (!this.atEnd()) this.fail(this.surprise());
    return segments;
  }

  private last(segments: Segment[]): boolean {
    const segment = segments.at(-1);
    return segment !== undefined && "value" in segment;
  }

  private segment(): Segment {
    const digits = this.match(DIGITS);
    if (digits !== "") return this.index(digits);
    const name = this.match(FIELD);
    if (name === "") this.fail(this.surprise());
    return this.take("(") ? this.call(name) : { field: name };
  }

  private index(digits: string): Segment {
    const start = this.at - digits.length;
    if (this.match(FIELD) !== "") this.fail("a name does not begin with a digit", start);
    const index = Number(digits);
    if (String(index) !== digits || !Number.isSafeInteger(index))
      this.fail("an index is a whole number without leading zeros", start);
    return { index };
  }

  private call(name: string): Segment {
    this.match(SPACE);
    if (this.take(")")) return { call: name, arguments: [] };
    const start = this.at;
    const word = this.match(FIELD);
    this.match(SPACE);
    if (word === "_") {
      if (!this.take(")")) this.fail("_ must be the only argument", start);
      return { call: name, value: true };
    }
    this.at = start;
    const values: Literal[] = [];
    do {
      this.match(SPACE);
      values.push(this.literal());
      this.match(SPACE);
    } while (this.take(","));
    if (!this.take(")"))
      this.fail(this.at >= this.text.length ? "a ) is missing" : `expected , or ); ${ARGUMENTS_ARE}`);
    return { call: name, arguments: values };
  }

  private literal(): Literal {
    const start = this.at;
    const quote = this.text[start];
    if (quote === '"' || quote === "'") return this.string(quote);
    const number = this.match(NUMBER);
    if (number !== "") {
      const value = Number(number);
      if (!Number.isFinite(value)) this.fail("the number is too large", start);
      return value;
    }
    const word = this.match(FIELD);
    const value = WORDS.get(word);
    if (value === undefined) {
      this.at = start;
      if (word === "_") this.fail("_ must be the only argument");
      if (start >= this.text.length) this.fail("a ) is missing");
      this.fail(word === "" ? ARGUMENTS_ARE : `${word} is not a literal; ${ARGUMENTS_ARE}`);
    }
    return value;
  }

  private string(quote: string): string {
    const start = this.at++;
    let value = "";
    for (;;) {
      const character = this.text[this.at++];
      if (character === undefined) this.fail(`the string has no closing ${quote}`, start);
      if (character === quote) return value;
      if (character !== "\\") {
        value += character;
        continue;
      }
      const escaped = ESCAPES[this.text[this.at++] ?? ""];
      if (escaped === undefined) this.fail(String.raw`the escapes are \n \r \t \" \' \\`, this.at - 2);
      value += escaped;
    }
  }

  private options(): Record<string, string> {
    if (!this.take("?")) return {};
    const options = new Map<string, string>();
    for (const part of this.text.slice(this.at).split("&")) {
      const start = this.at;
      this.at += part.length + 1;
      if (part === "") continue;
      if (part.includes("?")) this.fail("options are separated by &; a ? in a value is %3F", start + part.indexOf("?"));
      const equals = part.indexOf("=");
      const key = this.decode(equals < 0 ? part : part.slice(0, equals), start);
      if (key === "") this.fail("the option has no name", start);
      if (options.has(key)) this.fail(`the option ${key} is given twice`, start);
      const value = equals < 0 ? "" : this.decode(part.slice(equals + 1), start + equals + 1);
      options.set(key, value === "" ? "true" : value);
    }
    return Object.fromEntries(options);
  }

  private decode(text: string, start: number): string {
    try {
      return decodeURIComponent(text.replaceAll("+", " "));
    } catch {
      return this.fail("a % is followed by two hexadecimal digits (a plain % is %25)", start);
    }
  }

  /** What to say about the character at the cursor, which cannot stand there. */
  private surprise(): string {
    const character = String.fromCodePoint(this.text.codePointAt(this.at) ?? 0);
    const before = this.text.slice(0, this.at);
    const after = this.text[this.at - 1];
    if (this.atEnd()) return after === "." ? "a name is missing after the dot" : "a name is missing";
    if (character === ".") {
      if (before === "") return "a path does not begin with a dot; to go up write ../name";
      return "a name is missing between two dots; going up (..) is possible at the start only";
    }
    if (character === "[") {
      const index = /^\[\s*([0-9]+)\s*\]/.exec(this.text.slice(this.at))?.[1];
      return `there are no brackets in paths; write ${before}.${index ?? "0"} (indexes count from 0)`;
    }
    if (/\s/.test(character)) return "there are no spaces in paths";
    if (character === ":") return "methods are called with a dot: object.method()";
    if (character === "!") return "! can only stand once, at the start";
    if (character === "/") return "a / can only follow ..; segments are separated by dots";
    if (character === "@") return "there are no @names; write the name of a field or of a method()";
    if (character === "(") return "a name must stand before (";
    if (after === ")") return "a dot must stand between ) and what follows";
    if (/[-+*=<>&|~^%#]/.test(character))
      return `${character} cannot stand here: a path is not an expression; write a method in Lua and bind name()`;
    return `${character} cannot stand in a path; names have letters, digits, _ and -`;
  }

  private atEnd(): boolean {
    return this.at >= this.text.length || this.text[this.at] === "?";
  }

  /** Goes past `word` if it stands at the cursor. */
  private take(word: string): boolean {
    if (!this.text.startsWith(word, this.at)) return false;
    this.at += word.length;
    return true;
  }

  /** Goes past what the sticky `pattern` matches at the cursor, and returns it; "" when it does not match. */
  private match(pattern: RegExp): string {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0] ?? "";
    this.at += found.length;
    return found;
  }

  private fail(reason: string, position = this.at): never {
    throw new MoonpoolError(
      "PATH_SYNTAX",
      `The path "${this.text}" is not understood at position ${position + 1}: ${reason}.`,
    );
  }
}
