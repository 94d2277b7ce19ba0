import t from "tap";
import { Chromium } from "../support/chromium.ts";
import { scene, settled } from "../support/scene.ts";
import { bind, deliver, update, view, viewdef } from "../support/scripted-host.ts";
import type { ServerMessage, WireError } from "../../src/protocol/main.ts";

const chromium = await Chromium.launch(t);
const fail = (id: number, error: WireError | null): ServerMessage => ({ type: "update", id, error });
const broken: WireError = {
  code: "LUA_ERROR",
  message: "attempt to index nil",
  file: "lua/main.lua",
  line: 12,
  stack: "stack traceback: main",
};
const app = viewdef(
  `<p></p><button>go</button><div></div><ul></ul>`,
  bind(0, "value", 0),
  bind(0, "class", 1, { name: "c" }),
  bind(1, "action", 2),
  bind(2, "view", 3),
  bind(3, "list", 4),
);
const values = ["x", true, null, null, []];

t.test("an error of a variable shows on every element bound to it, until it is cleared", async (t) => {
  const { page, connection } = await scene(t, chromium, app, {
    values,
    viewdefs: { "V.DEFAULT": viewdef(`<b></b>`) },
    more: [view(5, "V.DEFAULT", 10, [])],
  });
  const marks = () =>
    page.evaluate(
      `[...document.querySelectorAll(".ui-error")].map((element) => [element.localName, element.getAttribute("ui-error-code"), element.getAttribute("ui-error-description")])`,
    );
  await settled(
    page,
    connection,
    fail(2, broken),
    fail(4, broken),
    fail(5, broken),
    fail(6, { code: "LIST_EXPECTED", message: "no list" }),
  );
  t.same(await marks(), [
    ["p", "LUA_ERROR", "attempt to index nil"],
    ["button", "LUA_ERROR", "attempt to index nil"],
    ["b", "LUA_ERROR", "attempt to index nil"],
    ["ul", "LIST_EXPECTED", "no list"],
  ]);
  await settled(
    page,
    connection,
    fail(3, { code: "PATH_NIL", message: "nil" }),
    fail(2, null),
    fail(4, null),
    fail(5, null),
    fail(6, null),
  );
  t.same(await marks(), [["p", "PATH_NIL", "nil"]], "one of two bindings of an element still has an error");
  await settled(page, connection, fail(3, null));
  t.same(await marks(), []);
  t.equal(await page.locator("[ui-error-code]").count(), 0);
});

t.test("an error that came before its view shows once the view is there, and follows its root", async (t) => {
  const { page, connection } = await scene(t, chromium, app, {
    values,
    viewdefs: { "V.DEFAULT": viewdef(`<b></b>`), "W.DEFAULT": viewdef(`<i></i>`) },
    more: [fail(5, broken), fail(2, broken)],
  });
  t.equal(await page.locator("p.ui-error").count(), 1);
  await settled(page, connection, view(5, "V.DEFAULT", 10, []));
  t.equal(await page.locator("b.ui-error").count(), 1);
  await settled(page, connection, view(5, "W.DEFAULT", 11, []));
  t.equal(await page.locator("i.ui-error").count(), 1);
});

t.test("outside development nothing but the attributes shows", async (t) => {
  const { page, connection } = await scene(t, chromium, app, { values });
  await settled(page, connection, fail(2, broken), { type: "error", ...broken });
  t.equal(await page.locator("moonpool-errors").count(), 0);
});

t.test("in development the present errors are listed with file, line and stack", async (t) => {
  const { page, connection } = await scene(t, chromium, app, { values, development: true });
  t.equal(await page.locator("moonpool-errors").count(), 0);
  await settled(page, connection, fail(2, broken), { type: "error", code: "LIMIT_TIME", message: "too long" });
  const overlay = page.locator("moonpool-errors");
  await overlay.locator("li").first().waitFor();
  t.same(await overlay.locator("li code").allTextContents(), ["LUA_ERROR", "LIMIT_TIME"]);
  t.equal(await overlay.locator("small").textContent(), "lua/main.lua:12");
  await overlay.locator("summary").click();
  t.equal(await overlay.locator("pre").textContent(), "stack traceback: main");
  await settled(page, connection, fail(2, null));
  await overlay.locator("li").nth(1).waitFor({ state: "detached" });
  t.same(await overlay.locator("li code").allTextContents(), ["LIMIT_TIME"]);
  await overlay.locator("button").click();
  t.equal(await overlay.count(), 0);
  await settled(page, connection, fail(4, broken));
  await overlay.locator("li").waitFor();
  t.same(await overlay.locator("li code").allTextContents(), ["LUA_ERROR"], "what was dismissed stays away");
});

t.test("errors of a view that is gone are gone", async (t) => {
  const { page, connection } = await scene(t, chromium, app, {
    values,
    development: true,
    viewdefs: { "V.DEFAULT": viewdef(`<b></b>`, bind(0, "value", 0)) },
    more: [view(5, "V.DEFAULT", 10, [null]), fail(10, broken)],
  });
  await page.locator("moonpool-errors li").waitFor();
  await settled(page, connection, view(5, null));
  await page.locator("moonpool-errors").waitFor({ state: "detached" });
});

t.test("mistakes of scripts and bindings in the page are reported to the host, and the rest goes on", async (t) => {
  const { page, connection } = await scene(
    t,
    chromium,
    viewdef(`<p></p><input type="date"><b></b>`, bind(0, "style", 0, { name: "color" }), bind(2, "value", 1)),
    {
      values: ["red", "a"],
      allow: /planned|no such/,
    },
  );
  await page.evaluate(`setTimeout(() => { throw new Error("planned") })`);
  t.match(await connection.messages(), [{ type: "error", code: "SCRIPT_FAILED", message: /planned/ }]);
  await page.evaluate(`document.querySelector("p").style.setProperty = () => { throw new Error("no such") }`);
  await settled(page, connection, update(2, "blue"), update(3, "b"));
  t.equal(await page.locator("b").textContent(), "b");
  t.match(await connection.messages(), [
    { type: "error", code: "VIEW_FAILED", message: /App.DEFAULT ui-style: .*no such/, id: 2 },
  ]);
  await settled(
    page,
    connection,
    deliver({ "Bad.DEFAULT": viewdef(`<i></i><b></b>`, bind(0, "attr", 0, { name: "no such" }), bind(1, "value", 0)) }),
    view(1, "Bad.DEFAULT", 10, ["c"]),
  );
  t.equal(await page.locator("b").textContent(), "c");
  t.match(await connection.messages(), [
    { type: "error", code: "VIEW_FAILED", message: /Bad.DEFAULT ui-attr: .*no such/, id: 10 },
  ]);
  await settled(page, connection, view(1, "Nowhere.DEFAULT", 20, []));
  t.match(await connection.messages(), [{ type: "error", code: "VIEWDEF_MISSING", message: /Nowhere.DEFAULT/, id: 1 }]);
});
