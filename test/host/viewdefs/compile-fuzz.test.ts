import * as fc from "fast-check";
import { parseFragment } from "parse5";
import t from "tap";
import { errors } from "../../../src/protocol/main.ts";
import { compileViewdef } from "../../../src/host/viewdefs/compile.ts";
import { children } from "../../../src/host/viewdefs/tree.ts";

const tags = (
  "div p span a b form table tbody tr td th select option optgroup input br img ul li svg circle foreignObject title math mi " +
  "template script style textarea pre button noscript h1 sl-input details summary dl dt iframe frameset body html object video"
).split(" ");
const names = [
  "value",
  "view",
  "viewlist",
  "html",
  "action",
  "attr-x",
  "class-On",
  "event-click",
  "event-keypress-enter",
  "error",
  "guard",
  "pending",
  "vlaue",
  "namespace",
];
const paths = [
  "a",
  "a.b()",
  "f(_)",
  "!x",
  "..",
  "f('&quot;', 1)",
  "a[0]",
  "x?access=rw",
  "x?access=action",
  "",
  "?",
  "y?wrapper=W&keypress",
  "y?debounce=200&overwrite&throttle=x",
  "f()?repeat",
];

const attribute = fc
  .tuple(fc.constantFrom(...names), fc.constantFrom(...paths))
  .map(([name, path]) => ` ui-${name}="${path}"`);
const open = fc
  .tuple(fc.constantFrom(...tags), fc.array(attribute, { maxLength: 3 }))
  .map(([tag, all]) => `<${tag}${all.join("")}>`);
const close = fc.constantFrom(...tags).map((tag) => `</${tag}>`);
const soup = fc.array(
  fc.oneof(open, open, close, fc.constantFrom("text", "<!-- c -->", "&amp;", "\n", "<", "'", "]]>")),
  { maxLength: 25 },
);
const content = soup.map((parts) => parts.join(""));

t.test(
  "no file makes the compiler throw, and every problem has a code of the catalogue and a place in the file",
  async () => {
    fc.assert(
      fc.property(
        fc.oneof(
          content,
          content.map((text) => `<template>${text}</template>`),
          fc.string(),
        ),
        (source) => {
          const lines = source.split("\n").length;
          const { problems } = compileViewdef("A.B", source, { file: "f.html", uiCode: true });
          return problems.every(
            ({ code, line, column, message }) =>
              code in errors && line >= 1 && line <= lines && column >= 1 && message !== "",
          );
        },
      ),
      { numRuns: 2_000 },
    );
  },
);

t.test("every binding names an element and a slot that exist, and every slot is used", async () => {
  fc.assert(
    fc.property(content, (text) => {
      const { compiled } = compileViewdef("A.B", `<template>${text}</template>`, { file: "f.html", uiCode: true });
      if (compiled === undefined) return true;
      const { viewdef, plan } = compiled;
      const count = countElements(parseFragment(viewdef.html, { scriptingEnabled: false }));
      const used = new Set(viewdef.bindings.map(({ slot }) => slot));
      return (
        used.size === plan.slots.length &&
        viewdef.bindings.every(({ at, slot }) => at >= 0 && at < count && slot >= 0 && slot < plan.slots.length) &&
        viewdef.bindings.every(({ at }, index) => at >= (viewdef.bindings[index - 1]?.at ?? 0))
      );
    }),
    { numRuns: 1_000 },
  );
});

function countElements(parent: Parameters<typeof children>[0]): number {
  return children(parent).reduce((sum, element) => sum + 1 + countElements(element), 0);
}
