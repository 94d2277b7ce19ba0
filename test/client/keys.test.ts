import t from "tap";
import { matchesKeys, parseKeys, type KeyPress } from "../../src/client/keys.ts";

const press = (key: string, held = "", code = ""): KeyPress => ({
  key,
  code,
  ctrlKey: held.includes("c"),
  shiftKey: held.includes("s"),
  altKey: held.includes("a"),
  metaKey: held.includes("m"),
  getModifierState: (name: string) => name === "AltGraph" && held.includes("g"),
});
const matches = (keys: string, ...of: Parameters<typeof press>) => matchesKeys(parseKeys(keys), press(...of));

t.test("modifiers stand first, and the key may be a minus", async (t) => {
  t.same(parseKeys("ctrl-shift-enter"), { key: "enter", modifiers: new Set(["ctrl", "shift"]) });
  t.same(parseKeys("ctrl--"), { key: "-", modifiers: new Set(["ctrl"]) });
  t.same(parseKeys("-"), { key: "-", modifiers: new Set() });
  t.same(parseKeys("Alt-Minus"), { key: "-", modifiers: new Set(["alt"]) });
  t.same(parseKeys("arrowleft").key, "left");
});

t.test("modifiers match exactly", async (t) => {
  t.ok(matches("a", "a"));
  t.notOk(matches("a", "A", "s"));
  t.ok(matches("shift-a", "A", "s"));
  t.notOk(matches("ctrl-a", "a", "cs"));
  t.notOk(matches("enter", "Enter", "s"));
  t.notOk(matches("space", " ", "s"));
});

t.test("signs may need shift or AltGr, depending on the keyboard", async (t) => {
  t.ok(matches("?", "?", "s"));
  t.ok(matches("?", "?"));
  t.ok(matches("@", "@", "cag"));
  t.notOk(matches("?", "?", "c"));
  t.ok(matches("1", "1", "s"), "digits on a French keyboard");
});

t.test("with ctrl or alt held, the place of the key decides where its sign is another", async (t) => {
  t.ok(matches("ctrl-s", "ы", "c", "KeyS"));
  t.ok(matches("alt-a", "å", "a", "KeyA"));
  t.ok(matches("ctrl-1", "&", "c", "Digit1"));
  t.notOk(matches("ctrl-1", "!", "cs", "Digit1"));
  t.notOk(matches("s", "ы", "", "KeyS"));
});
