import t from "tap";
import type { ServerFrame, ServerMessage, Update } from "../../src/protocol/main.ts";
import type { Tab } from "../support/browser.ts";
import { firstPage, startRealHost } from "../support/real-host.ts";

/** Slots of App: 0 `contacts`, 1 `other`, 2 `priced`, 3 to 5 values, then the actions. */
const actions = { showCompany: 6, showAnother: 7, add: 8, reprice: 9, touch: 10 };
const site: Record<string, string> = {
  "lua/main.lua": `
local Address = session:prototype("Address", { city = "" })
local Contact = session:prototype("Contact", { name = "", address = EMPTY })
local Company = session:prototype("Company", { name = "" })
session:prototype("Unused", {})
local App = session:prototype("App", { contacts = EMPTY, other = EMPTY, price = 1, low = 0, medium = 0, high = 0 })
Priced = session:prototype("Priced", { text = "" })
function Priced:new(variable)
  variable:setProperty("state:high", "checked " .. variable:getValue())
  return session:create(Priced, { text = variable:getValue() .. " EUR" })
end
function App:showCompany() self.other = Company:new{ name = "One" } end
function App:showAnother()
  self.other = nil
  self.contacts = { self.contacts[1], Company:new{ name = "Two" } }
end
function App:add() self.contacts[#self.contacts + 1] = Contact:new{ name = "C", address = Address:new{ city = "Rom" } } end
function App:reprice() self.price = self.price + 1 end
function App:touch() self.low, self.medium, self.high = self.low + 1, self.medium + 1, self.high + 1 end
session:createAppVariable(App:new{ contacts = { Contact:new{ name = "A", address = Address:new{ city = "Ulm" } } } })
`,
  "viewdefs/App.DEFAULT.html": `<template><main>
<ul ui-viewlist="contacts"></ul><div ui-view="other"></div><div ui-view="price?wrapper=Priced"></div>
<b ui-value="low?priority=low"></b><b ui-value="medium"></b><b ui-value="high?priority=high"></b>
<i ui-action="showCompany()"></i><i ui-action="showAnother()"></i><i ui-action="add()"></i><i ui-action="reprice()"></i>
<i ui-action="touch()"></i></main></template>`,
  "viewdefs/Contact.list-item.html": `<template><li><b ui-value="name"></b><p ui-view="address"></p></li></template>`,
  "viewdefs/Contact.DEFAULT.html": `<template><p ui-value="name"></p></template>`,
  "viewdefs/Address.DEFAULT.html": `<template><i ui-value="city"></i></template>`,
  "viewdefs/Company.DEFAULT.html": `<template><h2 ui-value="name"></h2></template>`,
  "viewdefs/Priced.DEFAULT.html": `<template><em ui-value="text"></em></template>`,
  "viewdefs/Unused.DEFAULT.html": `<template><hr></template>`,
};

const viewdefsOf = (message: ServerMessage | undefined): Record<string, unknown> | undefined =>
  message?.type === "update" ? message.properties?.viewdefs : undefined;

/** Keys of the viewdefs in a frame, in the order of their coming. */
const keysIn = (messages: ServerMessage[]): string[] =>
  messages.flatMap((message) => Object.keys(viewdefsOf(message) ?? {}));

/** What a frame says first, apart from the welcome. */
const begin = (messages: ServerMessage[]): ServerMessage | undefined => messages.find(({ type }) => type !== "welcome");

async function firstFrame(tab: Tab): Promise<ServerFrame> {
  return (await tab.next()) as ServerFrame;
}

const host = await startRealHost(t, site);

t.test("only the viewdefs that a page needs are sent, all in one delivery", async (t) => {
  const browser = host.browser();
  const { messages } = await firstFrame(await browser.connect(await browser.start()));
  t.same(keysIn(messages).sort(), ["Address.DEFAULT", "App.DEFAULT", "Contact.list-item", "Priced.DEFAULT"]);
  t.equal(messages.filter((message) => viewdefsOf(message) !== undefined).length, 1);
});

t.test("viewdefs are property `viewdefs` of variable 1, first in the frame, before all that needs them", async (t) => {
  const { page } = await host.open();
  const browser = host.browser();
  const { messages } = await firstFrame(await browser.connect(await browser.start()));
  t.equal(messages[0]?.type, "welcome");
  t.match(messages[1], {
    type: "update",
    id: 1,
    properties: { viewdefs: { "App.DEFAULT": { html: /<main>/, bindings: Array } } },
  });
  t.notOk("value" in (messages[1] as Update));
  const shown = messages.flatMap((message) => (message.type === "view" ? [message.viewdef] : []));
  t.same(new Set(shown), new Set(keysIn(messages)), "each of them is shown in the same frame, with its values");
  page.write(actions.showCompany, null);
  t.ok(viewdefsOf(begin(await page.step()))?.["Company.DEFAULT"], "later ones too");
});

t.test("a type that is first shown later brings its viewdef and its values in one frame", async (t) => {
  const { page } = await host.open();
  page.write(actions.showCompany, null);
  const messages = await page.step();
  t.same(keysIn(messages), ["Company.DEFAULT"]);
  t.match(messages, [
    { type: "update", id: 1 },
    { type: "view", id: page.slot(1), viewdef: "Company.DEFAULT", values: ["One"] },
  ]);
  t.equal(messages.length, 2);
});

t.test(
  "a viewdef is never sent twice on a connection, not for a second object and not after its view was gone",
  async (t) => {
    const { page } = await host.open();
    page.write(actions.showCompany, null);
    await page.step();
    page.write(actions.showAnother, null);
    const again = await page.step();
    t.ok(
      again.some(
        (message) => message.type === "view" && message.viewdef === "Company.DEFAULT" && message.id !== page.slot(1),
      ),
    );
    t.same(keysIn(again), []);
    page.write(actions.add, null);
    const added = await page.step();
    t.ok(added.some((message) => message.type === "view" && message.viewdef === "Contact.list-item"));
    t.same(keysIn(added), []);
  },
);

t.test("another tab and the page's next connection get each viewdef again, once", async (t) => {
  const { browser, path, page } = await host.open();
  page.write(actions.showCompany, null);
  await page.step();
  const second = await firstPage(await browser.connect(path));
  const all = ["Address.DEFAULT", "App.DEFAULT", "Company.DEFAULT", "Contact.list-item", "Priced.DEFAULT"];
  t.same([...second.viewdefs.keys()].sort(), all);
  page.tab.close();
  await page.tab.closed;
  const next = await firstPage(await browser.connect(path));
  t.same([...next.viewdefs.keys()].sort(), all);
  next.write(actions.add, null);
  t.same(keysIn(await next.step()), []);
  t.same(keysIn(await second.step()), [], "and the tab beside it none that it has");
});

t.test("a frame goes from high over medium to low, whatever the order in the viewdef", async (t) => {
  const { page } = await host.open();
  page.write(actions.touch, null);
  t.strictSame(
    (await page.step()).map((message) => (message.type === "update" ? message.id : message)),
    [5, 4, 3].map((slot) => page.slot(slot)),
  );
});

t.test("a variable comes twice in a frame when its value and a property differ in priority", async (t) => {
  const files = {
    ...site,
    "viewdefs/App.DEFAULT.html": `<template><main><b ui-value="low"></b><b ui-value="price?wrapper=Priced"></b>
<i ui-action="reprice()"></i></main></template>`,
  };
  const host = await startRealHost(t, files);
  const { page } = await host.open();
  page.write(2, null);
  t.match(await page.step(), [
    { type: "update", id: page.slot(1), properties: { state: "checked 2" } },
    { type: "update", id: page.slot(1), value: { obj: Number } },
  ]);
});

t.test("viewdefs and values come alike from a shared thread and from a thread of the session's own", async (t) => {
  const frames = [];
  for (const isolation of ["shared", "dedicated"] as const) {
    const host = await startRealHost(t, site, { isolation });
    const browser = host.browser();
    frames.push(await firstFrame(await browser.connect(await browser.start())));
  }
  t.strictSame(frames[0], frames[1]);
});

t.test("a viewdef with two templates is reported with its file and not shown; the rest of the page is", async (t) => {
  const files = {
    ...site,
    "viewdefs/Company.DEFAULT.html": `<template><b></b></template>\n<template><i></i></template>`,
  };
  const host = await startRealHost(t, files);
  t.match(host.app.moonpool.problems, [{ code: "VIEWDEF_TEMPLATE", file: "viewdefs/Company.DEFAULT.html", line: 2 }]);
  const { page } = await host.open();
  page.write(actions.showCompany, null);
  t.match(await page.step(), [
    { type: "update", id: page.slot(1), error: { code: "VIEWDEF_MISSING", message: /Company/ } },
  ]);
  page.write(actions.touch, null);
  await page.until(() => page.values.get(page.slot(3)) === 1);
});
