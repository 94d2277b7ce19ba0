import t from "tap";
import { Chromium } from "../support/chromium.ts";
import { scene, settled } from "../support/scene.ts";
import { bind, update, view, viewdef } from "../support/scripted-host.ts";

const chromium = await Chromium.launch(t);

t.test("the browser asks before a page is left while ui-guard is true, and never else", async (t) => {
  const app = viewdef(`<div></div><input>`, bind(0, "view", 0));
  const row = viewdef(`<b>x</b>`, bind(0, "guard", 0));
  const { page, connection, host } = await scene(t, chromium, app, {
    values: [null],
    viewdefs: { "Row.DEFAULT": row },
    more: [view(2, "Row.DEFAULT", 10, [false])],
  });
  const asked: string[] = [];
  page.on("dialog", (dialog) => {
    asked.push(dialog.type());
    void dialog.dismiss();
  });
  // Browsers ask only where somebody has done something.
  await page.locator("input").click();
  const leave = () => page.evaluate("location.href += '?away'");
  await settled(page, connection, update(10, true));
  const dialog = page.waitForEvent("dialog");
  await leave();
  await dialog;
  t.same(asked, ["beforeunload"]);
  t.equal(page.url(), host.url);
  await settled(page, connection, update(10, false), update(10, true), view(2, null));
  await leave();
  await page.waitForURL(/away/);
  t.same(asked, ["beforeunload"]);
});
