import t from "tap";
import { nearest } from "../../../src/host/viewdefs/suggest.ts";

t.test("the nearest word is found across a left out, added, exchanged or swapped letter", async (t) => {
  const words = ["ui-value", "ui-view", "ui-viewlist", "ui-action"];
  for (const typo of ["ui-vlue", "ui-valuee", "ui-velue", "ui-vlaue"]) t.equal(nearest(typo, words), "ui-value");
  t.equal(nearest("ui-viewslist", words), "ui-viewlist");
  t.equal(nearest("ui-something", words), undefined);
});

t.test("short words must be nearer, so that advice is not arbitrary", async (t) => {
  t.equal(nearest("on", ["if", "in"]), "in");
  t.equal(nearest("abc", ["axy"]), undefined);
});
