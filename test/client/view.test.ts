import t from "tap";
import { Chromium } from "../support/chromium.ts";
import { bind, deliver, ScriptedHost, update, view, viewdef, welcome } from "../support/scripted-host.ts";

const chromium = await Chromium.launch(t);

t.test("the first frame is the whole page: text, input, action", async (t) => {
  const host = await ScriptedHost.start(t);
  const page = await chromium.open(t, host.url);
  const connection = await host.connection();
  connection.send(
    welcome(),
    deliver({
      "App.DEFAULT": viewdef(
        `<main><h1>title</h1><input><button>Go</button></main>`,
        bind(1, "value", 0),
        bind(2, "value", 1, { write: true }),
        bind(3, "action", 2),
      ),
    }),
    view(1, "App.DEFAULT", 2, ["Hello", "Anna", null]),
  );
  t.equal(await page.locator("h1").textContent(), "Hello");
  t.equal(await page.locator("input").inputValue(), "Anna");
  await page.locator("input").fill("Bob");
  await page.locator("button").click();
  t.strictSame(await connection.frame(), {
    seq: 1,
    ack: 1,
    event: true,
    messages: [{ type: "update", id: 3, value: "Bob" }],
  });
  t.strictSame(await connection.messages(), [{ type: "update", id: 4, value: null }]);
  connection.send(update(2, "Bye"));
  await page.locator("h1", { hasText: "Bye" }).waitFor();
});
