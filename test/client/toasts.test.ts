import t, { type Test } from "tap";
import type { Notify } from "../../src/protocol/main.ts";
import { Chromium } from "../support/chromium.ts";
import { scene, settled } from "../support/scene.ts";
import { bind, viewdef } from "../support/scripted-host.ts";

const chromium = await Chromium.launch(t);
const notify = (text: string, more: Partial<Notify> = {}): Notify => ({ type: "notify", text, ...more });
const app = viewdef(`<input><button id="go">Go</button>`, bind(1, "action", 0));
const open = (t: Test, options = {}) => scene(t, chromium, app, { values: [null], ...options });

t.test("a notice is shown as text, at once and only for a while, and takes nothing from who is at work", async (t) => {
  const { page, connection } = await open(t);
  t.equal(await page.locator("moonpool-toasts").count(), 0, "nothing is there before");
  await page.locator("input").focus();
  await settled(page, connection, notify("Saved <b>x</b>\nnow", { kind: "success", duration: 300 }));
  const toast = page.locator("moonpool-toasts [part=toast]");
  await toast.waitFor();
  t.equal(await toast.locator("[part=text]").textContent(), "Saved <b>x</b>\nnow");
  t.equal(await toast.getAttribute("class"), "success");
  t.equal(await page.evaluate("document.activeElement.localName"), "input");
  await toast.waitFor({ state: "detached" });
});

t.test("it is read aloud: errors at once, others when there is time, in regions that were there before", async (t) => {
  const { page, connection } = await open(t);
  await settled(page, connection, notify("calm", { duration: 0 }), notify("bad", { kind: "error" }));
  await page.getByRole("status").filter({ hasText: "calm" }).waitFor();
  await page.getByRole("alert").filter({ hasText: "bad" }).waitFor();
  t.same(
    await page.evaluate(() =>
      [...document.querySelector("moonpool-toasts")!.shadowRoot!.children].map((region) => [
        region.getAttribute("role"),
        region.getAttribute("aria-live"),
        region.textContent,
      ]),
    ),
    [
      ["alert", "assertive", "✕bad✕"],
      ["status", "polite", "ℹcalm✕"],
    ],
  );
  t.equal(await page.getByRole("button", { name: "Close" }).count(), 2);
});

t.test("by keyboard: Tab leads to it, Enter closes it and the focus goes on, Escape closes the newest", async (t) => {
  const { page, connection } = await open(t);
  const texts = () => page.locator("moonpool-toasts [part=text]").allTextContents();
  const focused = () =>
    page.evaluate(() => (document.activeElement?.shadowRoot?.activeElement ?? document.activeElement)?.localName);
  await settled(page, connection, ...["one", "two", "three"].map((text) => notify(text, { duration: 0 })));
  await page.locator("moonpool-toasts [part=toast]").nth(2).waitFor();
  await page.locator("#go").focus();
  await page.keyboard.press("Tab");
  t.equal(await focused(), "button");
  await page.keyboard.press("Enter");
  t.same(await texts(), ["two", "three"]);
  t.equal(await focused(), "button", "the next toast");
  await page.keyboard.press("Escape");
  t.same(await texts(), ["two"], "that with the focus");
  await page.keyboard.press("Space");
  t.same(await texts(), []);
  t.equal(await page.evaluate("document.activeElement.id"), "go", "back where it came from");
  await settled(page, connection, notify("four", { duration: 0 }), notify("five", { duration: 0 }));
  await page.locator("moonpool-toasts [part=toast]").nth(1).waitFor();
  await page.keyboard.press("Escape");
  t.same(await texts(), ["four"]);
  t.equal(await page.evaluate("document.activeElement.id"), "go");
  await page.evaluate(`document.querySelector("#go").addEventListener("keydown", (event) => event.preventDefault())`);
  await page.keyboard.press("Escape");
  t.same(await texts(), ["four"], "the key is not taken from who uses it");
});

t.test("it waits while it is looked at: under the pointer, or with the focus", async (t) => {
  const { page, connection } = await open(t);
  await settled(page, connection, notify("hover", { duration: 2_000 }), notify("focus", { duration: 2_000 }));
  const toast = (text: string) => page.locator("moonpool-toasts [part=toast]", { hasText: text });
  await toast("hover").hover();
  await toast("focus").locator("button").focus();
  await settled(page, connection, notify("measure", { duration: 2_500 }));
  await toast("measure").waitFor();
  await toast("measure").waitFor({ state: "detached" });
  t.equal(await page.locator("moonpool-toasts [part=toast]").count(), 2);
  await page.mouse.move(0, 500);
  await page.locator("input").focus();
  await toast("hover").waitFor({ state: "detached" });
  await toast("focus").waitFor({ state: "detached" });
});

t.test("five at once: a further one takes the place of the oldest, of errors last", async (t) => {
  const { page, connection } = await open(t);
  const many = Array.from({ length: 30 }, (_, index) => notify(`n${index}`, { duration: 0 }));
  await settled(page, connection, notify("bad", { kind: "error" }), ...many);
  await page.locator("moonpool-toasts [part=text]", { hasText: "n29" }).waitFor();
  t.same(await page.locator("moonpool-toasts [part=text]").allTextContents(), ["bad", "n26", "n27", "n28", "n29"]);
});

t.test("a page can show notices itself: the event has them all, and what it prevents is not shown", async (t) => {
  const { page, connection } = await open(t, {
    head: `<script>window.got = []; addEventListener("moonpool-notify", (event) => {
      got.push(event.detail);
      if (event.detail.kind === "success") event.preventDefault();
    })</script>`,
  });
  await settled(page, connection, notify("mine", { kind: "success", duration: 7 }), notify("yours"));
  await page.locator("moonpool-toasts [part=text]").waitFor();
  t.same(await page.evaluate("got"), [{ text: "mine", kind: "success", duration: 7 }, { text: "yours" }]);
  t.same(await page.locator("moonpool-toasts [part=text]").allTextContents(), ["yours"]);
  const loaded = await page.evaluate(() => performance.getEntriesByType("resource").map(({ name }) => name));
  t.equal(loaded.filter((name) => name.includes("client-toasts")).length, 1);
});

t.test("nothing is loaded for notices that a page shows itself", async (t) => {
  const { page, connection } = await open(t, {
    head: `<script>addEventListener("moonpool-notify", (event) => event.preventDefault())</script>`,
  });
  await settled(page, connection, notify("mine"));
  const loaded = await page.evaluate(() => performance.getEntriesByType("resource").map(({ name }) => name));
  t.notMatch(loaded.join(), "toasts");
});

t.test("a page's style sheet decides how toasts look; they only move for who wants that", async (t) => {
  const { page, connection } = await open(t, {
    head: `<style>moonpool-toasts { --moonpool-toast-background: rgb(1, 2, 3) } moonpool-toasts::part(text) { color: rgb(4, 5, 6) }</style>`,
  });
  await page.emulateMedia({ reducedMotion: "reduce" });
  await settled(page, connection, notify("x", { duration: 0 }));
  const toast = page.locator("moonpool-toasts [part=toast]");
  const look = () =>
    toast
      .first()
      .evaluate((toast) => [
        getComputedStyle(toast).backgroundColor,
        getComputedStyle(toast.children[1]!).color,
        getComputedStyle(toast).animationName,
      ]);
  await toast.waitFor();
  t.same(await look(), ["rgb(1, 2, 3)", "rgb(4, 5, 6)", "none"]);
  await page.emulateMedia({ reducedMotion: "no-preference" });
  t.equal((await look())[2], "come");
});
