import t from "tap";
import { Chromium } from "../support/chromium.ts";
import { scene, settled } from "../support/scene.ts";
import { bind, update, view, viewdef } from "../support/scripted-host.ts";

const chromium = await Chromium.launch(t);
const app = viewdef(
  `<input id="name"><p id="text"></p><div id="ro"></div><section></section><i id="free" hidden></i>`,
  bind(0, "value", 0, { write: true }),
  bind(1, "attr", 1, { name: "title" }),
  bind(1, "value", 1),
  bind(3, "view", 2),
  bind(4, "value", 3, { write: true }),
);
const start = (t: Parameters<typeof scene>[0]) =>
  scene(t, chromium, app, {
    values: ["Anna", "tip", null, 5],
    viewdefs: { "V.DEFAULT": viewdef(`text<b>b</b><u id="inner"></u>`) },
    more: [view(4, "V.DEFAULT", 10, [])],
  });

t.test("updateValue sends a given value, or what the element holds now; else it does nothing", async (t) => {
  const { page, connection } = await start(t);
  await page.evaluate(
    `uiApp.updateValue("nobody", 1); uiApp.updateValue("text", 1); uiApp.updateValue("ro", 1); uiApp.updateValue("name")`,
  );
  await page.evaluate(`document.getElementById("name").value = "Bob"; uiApp.updateValue("name")`);
  t.strictSame(await connection.messages(), [{ type: "update", id: 2, value: "Bob" }]);
  await page.evaluate(`moonpool.updateValue("name", "Cid"); moonpool.updateValue("free", { a: 1 })`);
  t.strictSame(await connection.messages(), [
    { type: "update", id: 2, value: "Cid" },
    { type: "update", id: 5, value: { a: 1 } },
  ]);
  t.equal(await page.locator("#name").inputValue(), "Cid");
});

t.test("variable and watch tell value, error and properties by element, id or number", async (t) => {
  const { page, connection } = await start(t);
  t.same(await page.evaluate(`moonpool.variable("name")`), { id: 2, value: "Anna", error: null, properties: {} });
  t.equal(await page.evaluate(`moonpool.variable(document.getElementById("text")).id`), 3);
  t.equal(await page.evaluate(`moonpool.variable(document.querySelector("b")).id`), 4, "the view of a root element");
  t.equal(await page.evaluate(`moonpool.variable("nobody")`), undefined);
  await page.evaluate(
    `window.seen = []; window.undo = moonpool.watch("name", ({ value, error }) => seen.push(error?.code ?? value))`,
  );
  await settled(page, connection, update(2, "x"));
  await settled(page, connection, { type: "update", id: 2, error: { code: "PATH_NIL", message: "m" } });
  await page.evaluate("undo()");
  await settled(page, connection, update(2, "y"));
  t.same(await page.evaluate("seen"), ["x", "PATH_NIL"]);
});

t.test("create watches one more path of the view around an element, until it is undone or the view goes", async (t) => {
  const { page, connection } = await start(t);
  const before = await page.evaluate("moonpool.statistics()");
  await page.evaluate(`window.seen = [];
    window.undo = [["inner", "a.b"], ["name", "c()"]].map(([id, path]) =>
      moonpool.create(document.getElementById(id), path, ({ value }) => seen.push([path, value])))`);
  t.strictSame(await connection.messages(), [
    { type: "create", id: -1, parent: 4, path: "a.b" },
    { type: "create", id: -2, parent: 1, path: "c()" },
  ]);
  await settled(page, connection, update(-1, "one"), update(-2, 2));
  t.same(await page.evaluate("seen"), [
    ["a.b", "one"],
    ["c()", 2],
  ]);
  await page.evaluate("undo[1]()");
  t.strictSame(await connection.messages(), [{ type: "destroy", id: -2 }]);
  await settled(page, connection, view(4, null));
  await page.evaluate(`undo[0](); dispatchEvent(new ErrorEvent("error", { message: "marker" }))`);
  t.match(await connection.messages(), [{ type: "error" }], "the server has dropped it with its view");
  t.match(await page.evaluate("moonpool.statistics()"), { variables: (before as { variables: number }).variables });
});

t.test("uiApp is one object for the whole life of the page, to which authors may add", async (t) => {
  const { page, connection } = await start(t);
  await page.evaluate("uiApp.mine = 1");
  await settled(page, connection, update(2, "x"));
  t.equal(await page.evaluate("uiApp.mine"), 1);
  t.same(
    await page.evaluate(`[uiApp.getStore() === uiStore, uiStore.get(2).value, uiApp.getConnection().isConnected(),
      uiApp.getViewdefStore().keys(), uiApp.getAppView().element.id, uiApp.getAppView().variable.id, uiApp.getBinding().variable("text").value]`),
    [true, "x", true, ["App.DEFAULT", "V.DEFAULT"], "name", 1, "tip"],
  );
  await page.evaluate(`uiStore.watch(2, ({ value }) => window.last = value); uiStore.update(2, "from the store")`);
  t.strictSame(await connection.messages(), [{ type: "update", id: 2, value: "from the store" }]);
  t.equal(await page.evaluate("last"), "from the store");
});
