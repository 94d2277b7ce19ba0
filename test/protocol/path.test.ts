import * as fc from "fast-check";
import t from "tap";
import { MoonpoolError, parsePath, type Path } from "../../src/protocol/main.ts";

const plain = { not: false, up: 0, options: {} };

function refusal(text: string): string {
  try {
    parsePath(text);
  } catch (error) {
    if (error instanceof MoonpoolError && error.code === "PATH_SYNTAX") return error.message;
    throw error;
  }
  throw new Error(`${text} was understood`);
}

t.test("fields, indexes and calls are segments, indexes counted from 0", async (t) => {
  t.same(parsePath("contacts.0.name"), {
    ...plain,
    segments: [{ field: "contacts" }, { index: 0 }, { field: "name" }],
  });
  t.same(parsePath("_x-1.größe"), { ...plain, segments: [{ field: "_x-1" }, { field: "größe" }] });
  t.same(parsePath("a.b().c"), { ...plain, segments: [{ field: "a" }, { call: "b", arguments: [] }, { field: "c" }] });
});

t.test("name(_) takes the value that the page sends, at the end only", async (t) => {
  t.same(parsePath("list.pick(_)").segments, [{ field: "list" }, { call: "pick", value: true }]);
  t.same(parsePath("pick( _ )").segments, [{ call: "pick", value: true }]);
  t.match(refusal("pick(_).name"), /can only stand at the end/);
  t.match(refusal("pick(_, 1)"), /only argument/);
  t.match(refusal("pick(1, _)"), /only argument/);
});

t.test("literal arguments keep their types, and escapes in strings are undone", async (t) => {
  const { segments, options } = parsePath(String.raw`f("a\"\n?", 'b', -1.5e2, 0, true, false, nil)?x`);
  t.same(segments, [{ call: "f", arguments: ['a"\n?', "b", -150, 0, true, false, null] }]);
  t.same(options, { x: "true" }, "a ? inside a string does not begin the options");
});

t.test("steps up are counted however they are separated, and only they can be a whole path", async (t) => {
  const ups: [string, number, number][] = [
    ["..", 1, 0],
    ["../", 1, 0],
    ["../..", 2, 0],
    ["../name", 1, 1],
    ["../../x", 2, 1],
    ["...name", 1, 1],
    ["....name", 2, 1],
    ["..name", 1, 1],
  ];
  for (const [text, up, segments] of ups) {
    const path = parsePath(text);
    t.equal(path.up, up, text);
    t.equal(path.segments.length, segments, text);
  }
  t.match(refusal("a..b"), /at the start only/);
  t.match(refusal("../.name"), /dot/);
});

t.test("a leading ! negates", async (t) => {
  t.same(parsePath("!../done"), { not: true, up: 1, segments: [{ field: "done" }], options: {} });
  t.match(refusal("!!done"), /only stand once/);
  t.match(refusal("!"), /name is missing/);
});

t.test("options are URL-decoded, + is a space, and a key without a value is true", async (t) => {
  t.same(parsePath("a?keypress&access=rw&title=a+b%26c&empty=&").options, {
    keypress: "true",
    access: "rw",
    title: "a b&c",
    empty: "true",
  });
  t.same(Object.keys(parsePath("a?__proto__=1").options), ["__proto__"], "no option name is special");
  t.match(refusal("a?x=%zz"), /position 5.*hexadecimal/);
  t.match(refusal("a?x?y"), /separated by &/);
  t.match(refusal("a?x=1&x=2"), /twice/);
  t.match(refusal("a?=1"), /no name/);
});

t.test("what is not a path is refused with its position and what to write instead", async (t) => {
  const refusals: [string, number, RegExp][] = [
    ["", 1, /empty/],
    ["a[0]", 2, /write a\.0 /],
    ["list[12].name", 5, /write list\.12 /],
    ["@x", 1, /no @names/],
    ["a.", 3, /name is missing/],
    [".a", 1, /\.\.\/name/],
    ["a b", 2, /no spaces/],
    [" a", 1, /no spaces/],
    ["a/b", 2, /separated by dots/],
    ["a:b()", 2, /object\.method\(\)/],
    ["delete(contact)", 8, /contact is not a literal/],
    ["f(", 3, /\) is missing/],
    ["f(1", 4, /\) is missing/],
    ["f(1,)", 5, /literals/],
    ["f(1 2)", 5, /expected , or \)/],
    ["f(01)", 3, /literals/],
    ["f(1e999)", 3, /too large/],
    ["f('a)", 3, /no closing '/],
    [String.raw`f("\x")`, 4, /escapes/],
    ["f()g", 4, /dot must stand/],
    ["()", 1, /name must stand/],
    ["01", 1, /leading zeros/],
    ["a.1b", 3, /begin with a digit/],
    ["99999999999999999999", 1, /leading zeros|whole number/],
    ["a == 1", 2, /no spaces/],
    ["a+b", 2, /not an expression/],
    ["a{", 2, /cannot stand in a path/],
  ];
  for (const [text, position, reason] of refusals) {
    const message = refusal(text);
    t.ok(message.includes(`"${text}"`), `${text}: names the path`);
    t.ok(message.includes(`position ${position}:`), `${text}: ${message}`);
    t.match(message, reason);
  }
});

const literal = fc.oneof(
  fc.string().map((value) => ({ text: `"${value.replaceAll(/["\\]/g, String.raw`\$&`)}"`, value })),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => ({ text: String(value), value })),
  fc.constantFrom({ text: "true", value: true }, { text: "nil", value: null }),
);

const segment = fc.oneof(
  fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_-]{0,8}$/).map((field) => ({ text: field, segment: { field } })),
  fc.nat().map((index) => ({ text: String(index), segment: { index } })),
  fc
    .tuple(fc.stringMatching(/^[a-z]{1,8}$/), fc.array(literal, { maxLength: 3 }))
    .map(([call, values]) => ({ text: `${call}(${values.map(({ text }) => text).join(", ")})`, segment: { call } })),
);

t.test("every path of the grammar is understood, with as many segments as it has", async () => {
  fc.assert(
    fc.property(fc.boolean(), fc.nat(3), fc.array(segment, { minLength: 1, maxLength: 6 }), (not, up, segments) => {
      const text = `${not ? "!" : ""}${"../".repeat(up)}${segments.map((each) => each.text).join(".")}?k=v`;
      const path: Path = parsePath(text);
      return (
        path.not === not &&
        path.up === up &&
        path.segments.length === segments.length &&
        path.segments.every((each, index) => {
          const wanted = segments[index]?.segment;
          return Object.entries(wanted ?? {}).every(
            ([name, value]) => (each as Record<string, unknown>)[name] === value,
          );
        }) &&
        path.options["k"] === "v"
      );
    }),
  );
});

t.test("no text makes the parser throw anything but PATH_SYNTAX", async () => {
  const pieces = [
    "..",
    ".",
    "/",
    "!",
    "a",
    "é",
    "0",
    "12",
    "(",
    ")",
    "_",
    ",",
    '"',
    "'",
    "\\",
    "?",
    "&",
    "=",
    "%",
    " ",
    "nil",
    "-1",
    "[",
    "😀",
  ];
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(fc.constantFrom(...pieces)).map((parts) => parts.join("")),
  );
  fc.assert(
    fc.property(text, (path) => {
      try {
        parsePath(path);
        return true;
      } catch (error) {
        return error instanceof MoonpoolError && error.code === "PATH_SYNTAX" && error.message.includes(path);
      }
    }),
    { numRuns: 3_000 },
  );
});
