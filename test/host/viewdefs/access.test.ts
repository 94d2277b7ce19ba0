import t from "tap";
import { parsePath, type Access } from "../../../src/protocol/main.ts";
import { decideAccess } from "../../../src/host/viewdefs/access.ts";
import { compileViewdef } from "../../../src/host/viewdefs/compile.ts";

type Kind = Parameters<typeof decideAccess>[0];

/** The access of `<p ui-KIND="text">`, "-" when it is refused. */
function access(kind: Kind, text: string, editable = false): string {
  const path = parsePath(text);
  const decision = decideAccess(kind, path, path.options["access"] as Access | undefined, editable);
  return "refused" in decision ? "-" : decision.access;
}

/** The access that `ui-value="x"` has on an element. */
function valueOn(tag: string): string | undefined {
  const source = `<template>${tag.replace(/^<([\w-]+)/, '<$1 ui-value="x"')}</template>`;
  return compileViewdef("A.B", source, { file: "x", uiCode: false }).compiled?.plan.slots[0]?.access;
}

t.test("ui-value is two-way where people can edit, and read-only elsewhere", async (t) => {
  for (const tag of [
    "<input>",
    "<input type=checkbox>",
    "<textarea></textarea>",
    "<select></select>",
    "<div contenteditable></div>",
    "<div contenteditable=plaintext-only></div>",
    "<sl-input></sl-input>",
    "<sl-switch></sl-switch>",
    "<sl-range></sl-range>",
    "<wa-slider></wa-slider>",
    "<wa-radio-group></wa-radio-group>",
  ])
    t.equal(valueOn(tag), "rw", tag);
  for (const tag of [
    "<p></p>",
    "<button></button>",
    "<input type=submit>",
    "<div contenteditable=false></div>",
    "<progress></progress>",
    "<output></output>",
    "<option></option>",
    "<sl-option></sl-option>",
    "<sl-progress-bar></sl-progress-bar>",
    "<sl-copy-button></sl-copy-button>",
    "<sl-qr-code></sl-qr-code>",
    "<sl-details></sl-details>",
    "<my-editor></my-editor>",
  ])
    t.equal(valueOn(tag), "r", tag);
});

t.test("what ui-value may do with a path", async (t) => {
  const table: [string, string, string][] = [
    // path, on an input, on a <p>
    ["a", "rw", "r"],
    ["a.0", "rw", "r"],
    ["!a", "r", "r"],
    ["..", "r", "r"],
    ["f()", "r", "r"],
    ["f(1)", "r", "r"],
    ["f(_)", "w", "-"],
    ["a?access=r", "r", "r"],
    ["a?access=rw", "rw", "rw"],
    ["a?access=w", "w", "w"],
    ["f()?access=rw", "rw", "rw"],
    ["f()?access=action", "action", "action"],
    ["f()?access=w", "-", "-"],
    ["f(1)?access=rw", "-", "-"],
    ["f(1)?access=action", "action", "action"],
    ["f(_)?access=w", "w", "w"],
    ["f(_)?access=action", "action", "action"],
    ["f(_)?access=r", "-", "-"],
    ["f(_)?access=rw", "-", "-"],
    ["!a?access=rw", "-", "-"],
    ["!f(_)", "-", "-"],
    ["..?access=rw", "-", "-"],
  ];
  for (const [text, onInput, onParagraph] of table)
    t.same([access("value", text, true), access("value", text)], [onInput, onParagraph], text);
});

t.test("bindings that only show can only read", async (t) => {
  for (const kind of ["attr", "class", "style", "html", "code", "view", "list"] as const) {
    t.equal(access(kind, "a"), "r");
    t.equal(access(kind, "f(1)"), "r");
    t.equal(access(kind, "a?access=rw"), "r");
    t.equal(access(kind, "a?access=w"), "-");
    t.equal(access(kind, "f()?access=action"), "-");
    t.equal(access(kind, "f(_)"), "-");
  }
});

t.test("events call methods or write fields, and ui-action calls methods only", async (t) => {
  for (const kind of ["event", "key"] as const) {
    t.equal(access(kind, "f()"), "action");
    t.equal(access(kind, "f(_)"), "action");
    t.equal(access(kind, "../f('x', 2)"), "action");
    t.equal(access(kind, "a"), "action");
    t.equal(access(kind, "a?access=w"), "w");
    t.equal(access(kind, "a?access=rw"), "rw");
    t.equal(access(kind, "a?access=r"), "-");
    t.equal(access(kind, "!a"), "-");
    t.equal(access(kind, ".."), "-");
  }
  t.equal(access("event", "f()?access=w"), "-");
  t.equal(access("key", "f()?access=w"), "action", "the access of a key's call is forced");
  t.equal(access("action", "f()"), "action");
  t.equal(access("action", "f(_)?access=w"), "w");
  t.equal(access("action", "a"), "-");
});
