// Input that is not sent yet when a viewdef is edited (seed rows S4-32, S4-50, D2-09).
import t from "tap";
import { Chromium } from "../support/chromium.ts";
import { update } from "../support/scripted-host.ts";
import { Stage } from "../support/stage.ts";

/** Lets a test see the page's WebSockets. */
const SOCKETS = `<script>window.sockets = []; window.WebSocket = class extends WebSocket {
  constructor(url) { super(url); sockets.push(this); }
}</script>`;
const chromium = await Chromium.launch(t);

t.test("a composition goes on while the viewdef around it changes", async (t) => {
  const app = (more: string) => `<div>${more}<input ui-value="name?keypress"></div>`;
  const stage = await Stage.open(t, chromium, { App: app("") }, { name: "" });
  const { page, connection } = stage;
  await page.locator("input").focus();
  const session = await page.context().newCDPSession(page);
  await session.send("Input.imeSetComposition", { text: "に", selectionStart: 1, selectionEnd: 1 });
  await stage.edit({ App: app("<b>new</b>") });
  t.equal(await page.locator("b").count(), 1);
  await session.send("Input.imeSetComposition", { text: "にほ", selectionStart: 2, selectionEnd: 2 });
  t.equal(await page.locator("input").inputValue(), "にほ");
  await session.send("Input.insertText", { text: "日本" });
  t.strictSame(await connection.messages(), [{ type: "update", id: stage.id("name?keypress"), value: "日本" }]);
});

for (const [what, version] of Object.entries({
  "move its field": `<section><input ui-value="name?keypress"></section><script>window.ran = true</script>`,
  "change its field": `<div><input type="search" ui-value="name?keypress"></div><script>window.ran = true</script>`,
}))
  t.test(`an edit that would ${what} waits for the end of a composition`, async (t) => {
    const stage = await Stage.open(t, chromium, { App: `<div><input ui-value="name?keypress"></div>` }, { name: "" });
    const { page, connection } = stage;
    await page.locator("input").focus();
    const session = await page.context().newCDPSession(page);
    await session.send("Input.imeSetComposition", { text: "に", selectionStart: 1, selectionEnd: 1 });
    await stage.edit({ App: version });
    t.equal(await page.locator("section, [type=search]").count(), 0);
    await session.send("Input.imeSetComposition", { text: "にほ", selectionStart: 2, selectionEnd: 2 });
    await session.send("Input.insertText", { text: "日本" });
    await page.locator("section, [type=search]").waitFor();
    await page.waitForFunction("window.ran");
    t.equal(await page.locator("input").inputValue(), "日本");
    t.strictSame(await connection.messages(), [{ type: "update", id: stage.id("name?keypress"), value: "日本" }]);
  });

t.test("half a number stays, and what is selected in a text", async (t) => {
  const stage = await Stage.open(
    t,
    chromium,
    { App: `<p>some text to select</p><input type="number" ui-value="size">` },
    { size: 5 },
  );
  const { page } = stage;
  await page.locator("input").focus();
  await page.keyboard.press("Control+A");
  await page.keyboard.type("-");
  await stage.edit({ App: `<div><input type="number" step="1" ui-value="size"><p>some text to select</p></div>` });
  await page.keyboard.type("3");
  t.equal(await page.locator("input").inputValue(), "-3");
  await page.evaluate(`document.activeElement.blur();
    const text = document.querySelector("p").firstChild; getSelection().setBaseAndExtent(text, 9, text, 5)`);
  await stage.edit({ App: `<p>some text to select from</p><main><input type="number" ui-value="size"></main>` });
  t.equal(await page.evaluate("String(getSelection())"), "text");
});

t.test("a field that becomes another kind of element shows what was typed, which counts as sent", async (t) => {
  const stage = await Stage.open(t, chromium, { App: `<input ui-value="name">` }, { name: "old" });
  const { page, connection } = stage;
  await page.locator("input").focus();
  await page.keyboard.press("End");
  await page.keyboard.type(" and new");
  for (let index = 0; index < 3; index++) await page.keyboard.press("ArrowLeft");
  await stage.edit({ App: `<p><textarea ui-value="name"></textarea></p>` });
  await page.keyboard.type("very ");
  t.equal(await page.locator("textarea").inputValue(), "old and very new");
  t.strictSame(await connection.messages(), [{ type: "update", id: stage.id("name"), value: "old and new" }]);
});

t.test("what was typed for one variable is never sent to another", async (t) => {
  const stage = await Stage.open(t, chromium, { App: `<input ui-value="name">` }, { name: "Ann", email: "a@b" });
  const { page, connection } = stage;
  await page.locator("input").fill("typed for the name");
  await stage.edit({ App: `<input ui-value="email"><button ui-action="send()">x</button>` });
  t.equal(await page.locator("input").inputValue(), "a@b");
  await page.locator("button").click();
  t.strictSame(await connection.messages(), [{ type: "update", id: stage.id("send()"), value: null }]);
});

t.test("a field whose options change goes on where it was", async (t) => {
  const stage = await Stage.open(t, chromium, { App: `<input ui-value="name"><b>x</b>` }, { name: "server" });
  const { page, connection } = stage;
  await page.locator("input").focus();
  await stage.edit({ App: `<input ui-value="name" placeholder="x" maxlength="20"><b>x</b>` });
  await page.locator("b").click();
  connection.send(update(stage.id("name"), "newer"));
  await page.waitForFunction("document.querySelector('input').value === 'newer'");
  t.equal(connection.frames.filter((frame) => "seq" in frame).length, 0, "nothing was sent, because nobody typed");
  await page.locator("input").focus();
  await page.keyboard.press("End");
  await page.keyboard.type("!");
  await stage.edit({ App: `<input ui-value="name" placeholder="y"><b>x</b>` });
  await page.keyboard.type("!");
  await page.locator("b").click();
  t.strictSame(await connection.messages(), [{ type: "update", id: stage.id("name"), value: "newer!!" }]);
});

t.test("a write that waits to be sent while a viewdef changes goes to the variable as it is called then", async (t) => {
  const stage = await Stage.open(
    t,
    chromium,
    { App: `<input ui-value="name?keypress">` },
    { name: "" },
    { head: SOCKETS },
  );
  const { page, connection } = stage;
  // The frame is applied between the input and the moment when that is sent.
  const frame = JSON.stringify({
    seq: 2,
    ack: 0,
    messages: stage.save({ App: `<p><input ui-value="name?keypress"></p>` }),
  });
  await page.evaluate(`{
    const input = document.querySelector("input");
    input.value = "typed";
    input.dispatchEvent(new InputEvent("input", { bubbles: true }));
    sockets[0].dispatchEvent(new MessageEvent("message", { data: ${JSON.stringify(frame)} }));
  }`);
  t.strictSame(await connection.messages(), [{ type: "update", id: stage.id("name?keypress"), value: "typed" }]);
});

for (const [name, kept] of Object.entries({ form: false, scroll: false, focus: false }))
  t.test(`preserve.${name} = false lets go of it in views that change`, async (t) => {
    const app = (more: string) =>
      `<input ui-value="name"><input class="free"><div class="s" style="height: 20px; overflow: auto"><p style="height: 200px"></p></div>${more}`;
    const preserve = { form: true, scroll: true, focus: true, [name]: kept };
    const stage = await Stage.open(t, chromium, { App: app("") }, { name: "server" }, { hotload: { preserve } });
    const { page } = stage;
    await page.evaluate(`document.querySelector(".free").value = "typed"; document.querySelector(".s").scrollTop = 30`);
    await page.locator("input").first().fill("typed");
    await stage.edit({ App: app("<hr>") });
    t.same(
      await page.evaluate(`[...document.querySelectorAll("input")].map(({ value }) => value)`),
      name === "form" ? ["server", ""] : ["typed", "typed"],
    );
    t.equal(await page.evaluate(`document.querySelector(".s").scrollTop`), name === "scroll" ? 0 : 30);
    t.equal(await page.evaluate("document.activeElement.localName"), name === "focus" ? "body" : "input");
  });
