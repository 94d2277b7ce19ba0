import t from "tap";
import { Chromium } from "../support/chromium.ts";
import { update } from "../support/scripted-host.ts";
import { Stage } from "../support/stage.ts";

const chromium = await Chromium.launch(t);

t.test("an edited viewdef changes what it says, and its elements stay", async (t) => {
  const stage = await Stage.open(
    t,
    chromium,
    { App: `<main class="a"><h1 ui-value="title">x</h1><p>one</p><input ui-value="name"></main>` },
    { title: "Hello", name: "Anna" },
  );
  const { page, connection } = stage;
  await page.evaluate(`window.before = [...document.querySelectorAll("main, h1, p, input")]`);
  await stage.edit({
    App: `<main class="b" title="t"><nav>new</nav><h1 ui-value="title">x</h1><p>two</p><div><input ui-value="name"></div></main>`,
  });
  t.equal(
    await page.evaluate("document.body.innerHTML.trim()"),
    `<main class="b" data-ui-viewdef="App.DEFAULT" title="t"><nav>new</nav><h1 ui-value="title">Hello</h1><p>two</p><div><input ui-value="name"></div></main>`,
  );
  t.equal(await page.evaluate(`before.every((element) => element.isConnected)`), true);
  connection.send(update(stage.id("title"), "Bye"));
  await page.locator("h1", { hasText: "Bye" }).waitFor();
});
