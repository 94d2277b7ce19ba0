import t from "tap";
import { Chromium } from "../support/chromium.ts";
import { scene, settled } from "../support/scene.ts";
import { bind, deliver, ScriptedHost, update, view, viewdef, welcome } from "../support/scripted-host.ts";

const chromium = await Chromium.launch(t);

const hostile = `<b onclick="window.hacked=1">ok</b><script>window.hacked=1</script><img src="data:," onerror="window.hacked=1"><a href="javascript:window.hacked=1">a</a><svg onload="window.hacked=1"></svg><iframe srcdoc="<script>parent.hacked=1</script>"></iframe>`;

t.test("ui-html shows sanitised markup", async (t) => {
  const { page, connection } = await scene(t, chromium, viewdef(`<div></div>`, bind(0, "html", 0)), {
    values: [`<i class="c">x</i> y`],
  });
  t.equal(await page.locator("div").innerHTML(), `<i class="c">x</i> y`);
  await settled(page, connection, update(2, hostile));
  t.equal(await page.locator("div b").textContent(), "ok");
  t.equal(await page.locator("script:not([type]), iframe, [onclick], [onerror], [onload]").count(), 0);
  t.equal(await page.locator("a").getAttribute("href"), null);
  t.equal(await page.evaluate("window.hacked"), undefined);
  await settled(page, connection, update(2, null));
  t.equal(await page.locator("div").innerHTML(), "");
});

t.test("ui-html has no style sheets, which would hold for the whole page", async (t) => {
  const { page } = await scene(t, chromium, viewdef(`<h1>x</h1><div></div>`, bind(1, "html", 0)), {
    values: [
      `<style>h1 { display: none }</style><svg><style>h1 { display: none }</style></svg><b style="color: red">ok</b>`,
    ],
    // Chromium says so of documents that nobody sees, too.
    allow: /Applying inline style violates/,
  });
  t.equal(await page.locator("div style").count(), 0);
  t.ok(await page.locator("h1").isVisible());
  t.equal(await page.locator("div b").getAttribute("style"), "color: red", "the style of an element stays");
});

t.test("a frame with the first ui-html waits for the sanitiser, and so do the frames behind it", async (t) => {
  const host = await ScriptedHost.start(t);
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  const page = await chromium.open(t, "about:blank");
  await page.route(/client-sanitize/, async (route) => {
    await released;
    await route.continue();
  });
  await page.goto(host.url);
  const connection = await host.connection();
  const requested = page.waitForRequest(/client-sanitize/);
  connection.send(welcome(), deliver({ "Plain.DEFAULT": viewdef(`<p>plain</p>`) }), view(1, "Plain.DEFAULT", 2, []));
  await page.locator("p").waitFor();
  connection.send(
    deliver({ "App.DEFAULT": viewdef(`<h1></h1><div></div>`, bind(0, "value", 0), bind(1, "html", 1)) }),
    view(1, "App.DEFAULT", 3, ["title", "<i>x</i>"]),
  );
  connection.send(update(3, "newer"));
  await requested;
  t.equal(await page.locator("body").textContent(), "plain", "nothing half done is seen");
  release();
  await page.locator("h1").waitFor();
  t.equal(await page.locator("h1").textContent(), "newer");
  t.equal(await page.locator("i").textContent(), "x");
});

t.test("ui-html?replace puts any number of nodes in the element's place, again and again", async (t) => {
  const app = viewdef(
    `<main>[<div id="mine" class="c" title=""></div>]</main>`,
    bind(1, "html", 0, { replace: true }),
    bind(1, "attr", 1, { name: "title" }),
  );
  const { page, connection } = await scene(t, chromium, app, { values: ["text <b>1</b><i>2</i> end", "tip"] });
  const html = () => page.locator("main").innerHTML();
  t.equal(await html(), `[text <b class="c" id="mine" title="tip">1</b><i>2</i> end]`);
  await settled(page, connection, update(2, "only text"));
  t.equal(await html(), "[only text]");
  await settled(page, connection, update(2, ""));
  t.equal(await html(), "[<!---->]");
  await settled(page, connection, update(2, `<u>3</u>`), update(3, "top"));
  t.equal(await html(), `[<u class="c" id="mine" title="top">3</u>]`);
});

t.test("ui-html?replace as the root of a view moves and goes with it", async (t) => {
  const app = viewdef(`<main><div></div></main>`, bind(1, "view", 0));
  const { page, connection } = await scene(t, chromium, app, {
    values: [null],
    viewdefs: { "H.DEFAULT": viewdef(`<div></div>`, bind(0, "html", 0, { replace: true })) },
    more: [view(2, "H.DEFAULT", 3, ["a <b>b</b> c"])],
  });
  t.equal(await page.locator("main").innerHTML(), `a <b data-ui-viewdef="H.DEFAULT">b</b> c`);
  await settled(page, connection, view(2, null));
  t.equal(await page.locator("main").textContent(), "");
});

t.test(
  "ui-code runs with element, value, variable and store whenever its text changes, and reports its errors",
  async (t) => {
    const { page, connection } = await scene(t, chromium, viewdef(`<p></p>`, bind(0, "code", 0)), {
      values: [`element.textContent = [element.localName, value.length > 9, variable.id, store.get(2).id].join()`],
      allow: /nothing is not defined|Unexpected identifier/,
    });
    t.equal(await page.locator("p").textContent(), "p,true,2,2");
    await settled(page, connection, update(2, "window.runs = (window.runs ?? 0) + 1 // 1"));
    await settled(page, connection, update(2, "window.runs = (window.runs ?? 0) + 1 // 2"));
    await settled(page, connection, { type: "update", id: 2, error: null });
    t.equal(await page.evaluate("runs"), 2);
    await settled(page, connection, update(2, "nothing.here()"), update(2, "nothing.here()"));
    t.strictSame(await connection.messages(), [
      {
        type: "error",
        code: "CODE_FAILED",
        message: "App.DEFAULT ui-code: ReferenceError: nothing is not defined",
        id: 2,
      },
    ]);
    await settled(page, connection, update(2, "syntax error"));
    t.match(await connection.messages(), [{ code: "CODE_FAILED", message: /^App.DEFAULT ui-code: SyntaxError/ }]);
    t.equal(await page.locator("p.ui-error").getAttribute("ui-error-code"), "CODE_FAILED");
    await settled(page, connection, update(2, "window.runs = 0"));
    t.equal(await page.locator("p.ui-error").count(), 0);
  },
);

t.test(
  "scrollOnOutput keeps to the end, unless somebody has scrolled up, and goes on once they are back",
  async (t) => {
    const app = viewdef(
      `<div style="height: 60px; overflow: auto; white-space: pre"></div>`,
      bind(0, "value", 0, { scroll: true }),
    );
    const { page, connection } = await scene(t, chromium, app, { values: [""] });
    const lines = (count: number) => update(2, "line\n".repeat(count));
    const toEnd = () => page.locator("div").evaluate((div) => div.scrollHeight - div.scrollTop - div.clientHeight);
    await settled(page, connection, lines(50));
    t.equal(await toEnd(), 0);
    await page.locator("div").evaluate((div) => {
      const scrolled = new Promise((resolve) => div.addEventListener("scroll", resolve, { once: true }));
      div.scrollTop = 10;
      return scrolled.then(() => undefined);
    });
    await settled(page, connection, lines(60));
    t.equal(await page.locator("div").evaluate((div) => div.scrollTop), 10);
    await page.locator("div").evaluate((div) => {
      const scrolled = new Promise((resolve) => div.addEventListener("scroll", resolve, { once: true }));
      div.scrollTop = div.scrollHeight;
      return scrolled.then(() => undefined);
    });
    await settled(page, connection, lines(70));
    t.equal(await toEnd(), 0);
  },
);

t.test("scrollOnOutput works for a list and for what replaces a view", async (t) => {
  const app = viewdef(
    `<ul style="height: 40px; overflow: auto"><li></li></ul><div style="height: 40px; overflow: auto"></div>`,
    bind(0, "list", 0, { scroll: true }),
    bind(2, "view", 1, { scroll: true }),
  );
  const { page, connection } = await scene(t, chromium, app, {
    values: [[], null],
    viewdefs: { "Log.DEFAULT": viewdef(`<pre></pre>`, bind(0, "value", 0)) },
    more: [view(3, "Log.DEFAULT", 10, [""])],
  });
  await settled(
    page,
    connection,
    { type: "list", id: 2, place: [{ row: 20, count: 30, before: 0 }] },
    ...Array.from({ length: 30 }, (_, index) => update(20 + index, index)),
    update(10, "x\n".repeat(30)),
  );
  for (const selector of ["ul", "pre"])
    t.ok(
      await page
        .locator(selector)
        .evaluate(
          (element) => element.scrollTop > 100 && element.scrollHeight - element.scrollTop - element.clientHeight < 2,
        ),
    );
});
