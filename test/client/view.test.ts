import t from "tap";
import type { Binding } from "../../src/protocol/main.ts";
import { Chromium } from "../support/chromium.ts";
import { scene, settled, type Bridged } from "../support/scene.ts";
import { bind, deliver, update, view, viewdef } from "../support/scripted-host.ts";

const chromium = await Chromium.launch(t);
const body = "document.body.innerHTML.trim()";

t.test("the first frame is the whole page: text, input, action", async (t) => {
  const app = viewdef(
    `<main><h1>title</h1><input><button>Go</button></main>`,
    bind(1, "value", 0),
    bind(2, "value", 1, { write: true }),
    bind(3, "action", 2),
  );
  const { page, connection } = await scene(t, chromium, app, { values: ["Hello", "Anna", null] });
  t.equal(await page.locator("h1").textContent(), "Hello");
  t.equal(await page.locator("input").inputValue(), "Anna");
  await page.evaluate(() => {
    const input = document.querySelector("input")!;
    input.focus();
    input.value = "Bob";
    document.querySelector("button")!.click();
  });
  t.strictSame(await connection.frame(), {
    seq: 1,
    ack: 1,
    event: true,
    messages: [
      { type: "update", id: 3, value: "Bob" },
      { type: "update", id: 4, value: null },
    ],
  });
  connection.send(update(2, "Bye"));
  await page.locator("h1", { hasText: "Bye" }).waitFor();
});

t.test("messages may come in any order within a frame, because it is stored before it is shown", async (t) => {
  const app = viewdef(`<p></p><div></div>`, bind(0, "value", 0), bind(1, "view", 1));
  const { page } = await scene(t, chromium, viewdef(`<hr>`), {
    viewdefs: { "Late.DEFAULT": app, "Inner.DEFAULT": viewdef("<i></i>", bind(0, "value", 0)) },
    more: [
      update(20, "newer than the view's"),
      view(11, "Inner.DEFAULT", 20, ["older"]),
      update(10, "text"),
      view(1, "Late.DEFAULT", 10, ["older", null]),
    ],
  });
  t.equal(
    await page.evaluate(body),
    `<p data-ui-viewdef="Late.DEFAULT">text</p><i data-ui-viewdef="Inner.DEFAULT">newer than the view's</i>`,
  );
});

t.test(
  "a view replaces its placeholder, whose class and style go to the first root that is no style or script",
  async (t) => {
    const app = viewdef(
      `<section><div id="given" class="wide big" style="color: red" ui-view="x" slot="footer">loading</div></section>`,
      bind(1, "view", 0),
    );
    const inner = `<style>.x{top:0}</style><article class="own big" style="margin: 1px">A</article><p id="mine">B</p>`;
    const { page } = await scene(t, chromium, app, {
      values: [null],
      viewdefs: { "X.DEFAULT": viewdef(inner) },
      more: [view(2, "X.DEFAULT", 3, [])],
    });
    t.equal(await page.locator("section > *").count(), 3);
    const article = page.locator("article");
    t.equal(await article.getAttribute("class"), "own big wide");
    t.equal(await article.evaluate((element) => element.style.cssText), "margin: 1px; color: red;");
    t.equal(await article.getAttribute("id"), "given");
    t.equal(await article.getAttribute("slot"), "footer");
    t.equal(await page.locator("p").getAttribute("id"), "mine", "an id of the author is kept");
    t.equal(await page.locator("style").getAttribute("data-ui-viewdef"), "X.DEFAULT", "the first root bears the key");
  },
);

t.test(
  "text and comments at the top of a viewdef belong to the view: they go with it and do not pile up",
  async (t) => {
    const app = viewdef(`<main>[<div></div>]</main>`, bind(1, "view", 0));
    const { page, connection } = await scene(t, chromium, app, {
      values: [null],
      viewdefs: { "X.DEFAULT": viewdef(`before <b>x</b> between <!-- c --> <i>y</i> after`) },
      more: [view(2, "X.DEFAULT", 3, [])],
    });
    const text = () => page.locator("main").textContent();
    t.equal(await text(), "[before x between  y after]");
    await settled(page, connection, view(2, "X.DEFAULT", 4, []));
    t.equal(await text(), "[before x between  y after]");
    await settled(page, connection, view(2, null));
    t.equal(await text(), "[]");
    t.equal(await page.locator("main").innerHTML(), "[<!---->]", "a comment keeps the place of an empty view");
    await settled(page, connection, view(2, "X.DEFAULT", 5, []));
    t.equal(await text(), "[before x between  y after]");
  },
);

t.test("an empty view leaves nothing that is invalid in a table or a select", async (t) => {
  const app = viewdef(
    `<table><tbody><tr><td>1</td></tr><tr ui-view="x"></tr></tbody></table><select><option>a</option><option ui-view="y"></option></select>`,
    bind(4, "view", 0),
    bind(7, "view", 1),
  );
  const { page, connection } = await scene(t, chromium, app, {
    values: [null, null],
    viewdefs: { "Row.DEFAULT": viewdef(`<tr><td>2</td></tr>`), "Option.DEFAULT": viewdef(`<option>b</option>`) },
  });
  t.equal(await page.locator("tbody > *").count(), 1);
  t.equal(await page.locator("select > *").count(), 1);
  await settled(page, connection, view(2, "Row.DEFAULT", 4, []), view(3, "Option.DEFAULT", 4, []));
  t.equal(await page.locator("tbody > tr").count(), 2);
  t.same(await page.locator("option").allTextContents(), ["a", "b"]);
  await settled(page, connection, view(2, null), view(3, null));
  t.equal(await page.locator("tbody > *").count(), 1);
  t.equal(await page.locator("div").count(), 0);
});

t.test(
  "views that share one element all have their keys on it, outer first, and each can be replaced on its own",
  async (t) => {
    const app = viewdef(`<main><div class="a" style="color: red"></div></main>`, bind(1, "view", 0));
    const outer = viewdef(`<div class="b"></div><hr>`, bind(0, "view", 0));
    const { page, connection } = await scene(t, chromium, app, {
      values: [null],
      viewdefs: {
        "Item.DEFAULT": outer,
        "Contact.DEFAULT": viewdef(`<p class="c">one</p>`),
        "Contact.other": viewdef(`<b>two</b>`),
      },
      more: [view(2, "Item.DEFAULT", 3, [null]), view(3, "Contact.DEFAULT", 4, [])],
    });
    const keys = (selector: string) => page.locator(selector).getAttribute("data-ui-viewdef");
    t.equal(await keys("p"), "Item.DEFAULT Contact.DEFAULT");
    t.equal(await page.locator("p").getAttribute("class"), "c b a");
    await settled(page, connection, view(3, "Contact.other", 5, []));
    t.equal(await keys("b"), "Item.DEFAULT Contact.other");
    t.equal(await page.locator("b").getAttribute("class"), "b a");
    t.equal(await page.locator("b").evaluate((element) => element.style.color), "red");
    await settled(page, connection, view(3, null));
    t.equal(await page.locator("main").innerHTML(), `<!----><hr data-ui-viewdef="Item.DEFAULT">`);
    await settled(page, connection, view(2, "Contact.DEFAULT", 6, []));
    t.equal(await keys("p"), "Contact.DEFAULT");
    t.equal(await page.locator("main > *").count(), 1);
  },
);

t.test(
  "classes, attributes and events on a placeholder work on what replaces it, from before its first render on",
  async (t) => {
    const app = viewdef(
      `<main><div></div></main>`,
      bind(1, "class", 0, { name: "active" }),
      bind(1, "attr", 1, { name: "title" }),
      bind(1, "action", 2),
      bind(1, "view", 3),
    );
    const { page, connection } = await scene(t, chromium, app, {
      values: [true, "tip", null, null],
      viewdefs: { "X.DEFAULT": viewdef(`<p>x</p>`), "Y.DEFAULT": viewdef(`<b>y</b>`) },
    });
    await settled(page, connection, view(5, "X.DEFAULT", 6, []));
    t.equal(await page.locator("p.active").getAttribute("title"), "tip");
    await settled(page, connection, update(2, false), update(3, null));
    t.equal(await page.locator("main").innerHTML(), `<p class="" data-ui-viewdef="X.DEFAULT">x</p>`);
    await settled(page, connection, update(2, true), view(5, "Y.DEFAULT", 7, []));
    await page.locator("b.active").click();
    t.strictSame(await connection.messages(), [{ type: "update", id: 4, value: null }]);
  },
);

t.test("one slot shown in two places is shown in both, and both follow", async (t) => {
  const app = viewdef(`<div></div><div></div>`, bind(0, "view", 0), bind(1, "view", 0));
  const { page, connection } = await scene(t, chromium, app, {
    values: [null],
    viewdefs: { "X.DEFAULT": viewdef(`<p></p>`, bind(0, "value", 0)) },
    more: [view(2, "X.DEFAULT", 3, ["twice"])],
  });
  t.same(await page.locator("p").allTextContents(), ["twice", "twice"]);
  await settled(page, connection, update(3, "both"));
  t.same(await page.locator("p").allTextContents(), ["both", "both"]);
});

t.test("scripts run once per render, in document order, nested views too, with all their attributes", async (t) => {
  const app = viewdef(
    `<main><script data-name="n">log.push("first " + document.currentScript.dataset.name)</script>
     <script data-name="x" src="/one.js"></script>
     <div></div><script type="module" src="/module.js"></script><script>log.push("last")</script>
     <script type="application/json" id="data">{"a":1}</script></main>`,
    bind(3, "view", 0),
  );
  const { page, connection } = await scene(t, chromium, app, {
    head: "<script>window.log = []</script>",
    files: {
      "/one.js": `log.push("one " + document.currentScript.dataset.name)`,
      "/module.js": `log.push("module " + import.meta.url.slice(-10))`,
    },
    values: [null],
    viewdefs: {
      "X.DEFAULT": viewdef(`<script>log.push("nested " + !!document.querySelector("#data"))</script><p></p>`),
    },
    more: [view(2, "X.DEFAULT", 3, [])],
  });
  await page.waitForFunction("log.includes('last')");
  t.same(await page.evaluate("log"), ["first n", "one x", "nested true", "module /module.js", "last"]);
  t.equal(await page.locator("#data").textContent(), `{"a":1}`);
  await settled(page, connection, view(2, "X.DEFAULT", 4, []));
  t.equal(await page.evaluate("log.length"), 6, "only the view that was rendered again runs its script again");
  await settled(page, connection, view(2, "X.DEFAULT", 5, []), view(2, "X.DEFAULT", 6, []));
  t.equal(await page.evaluate("log.length"), 7, "two renders in one frame are one");
});

t.test(
  "ids are unique in the page: in rows, in views that are shown twice, and wherever they are referred to (D2-37)",
  async (t) => {
    const app = viewdef(`<ul></ul><div></div><div></div>`, bind(0, "list", 0), bind(1, "view", 1), bind(2, "view", 1));
    const row = viewdef(
      `<li><label for="name">Name</label><input id="name" aria-describedby="help other" aria-label="name"><i id="help">?</i>
     <a href="#name">a</a><a href="name">b</a><svg><linearGradient id="shade"></linearGradient><rect fill="url(#shade)"></rect></svg></li>`,
    );
    const { page, connection } = await scene(t, chromium, app, {
      values: [[], null],
      viewdefs: { "Row.DEFAULT": row, "Twice.DEFAULT": viewdef(`<p id="twice"></p>`) },
    });
    const rows = (first: number, count: number) => [
      { type: "list" as const, id: 2, place: [{ row: first, count, before: 0 }] },
      ...Array.from({ length: count }, (_, index) =>
        view(first + index, "Row.DEFAULT", 1000 + 10 * (first + index), []),
      ),
    ];
    await settled(page, connection, ...rows(10, 3), view(3, "Twice.DEFAULT", 9, []));
    const wrong = () =>
      page.evaluate(() => {
        const ids = [...document.querySelectorAll("[id]")].map(({ id }) => id);
        const rows = [...document.querySelectorAll("li")].map((row) => {
          const [input, help] = [row.querySelector("input")!, row.querySelector("i")!];
          const { id } = row.querySelector("linearGradient")!;
          return (
            row.querySelector("label")!.control === input &&
            input.getAttribute("aria-describedby") === `${help.id} other` &&
            input.ariaLabel === "name" &&
            [...row.querySelectorAll("a")].map((a) => a.getAttribute("href")).join() === `#${input.id},name` &&
            row.querySelector("rect")!.getAttribute("fill") === `url(#${id})`
          );
        });
        return {
          twice: ids.length - new Set(ids).size,
          rows: rows.filter((isRight) => !isRight).length,
          ids: ids.length,
        };
      });
    t.strictSame(await wrong(), { twice: 0, rows: 0, ids: 11 });
    t.equal(
      await page.locator("li").first().locator("input").getAttribute("id"),
      "name",
      "the first keeps what is written",
    );
    await page.locator("label").nth(2).click();
    t.ok(
      await page
        .locator("input")
        .nth(2)
        .evaluate((input) => input === document.activeElement),
    );
    await settled(page, connection, { type: "list", id: 2, remove: [10] }, ...rows(20, 2));
    t.strictSame(await wrong(), { twice: 0, rows: 0, ids: 14 });
    t.equal(await page.locator("#name").count(), 1, "what is free is given again");
    for (let round = 0; round < 20; round++) await settled(page, connection, view(3, "Twice.DEFAULT", 30 + round, []));
    t.strictSame(await wrong(), { twice: 0, rows: 0, ids: 14 });
  },
);

t.test(
  "a script that fails, or cannot be loaded, is an error of its view, until the view is another one",
  async (t) => {
    const app = viewdef(`<main><b></b><div></div></main>`, bind(1, "value", 0), bind(2, "view", 1));
    const { page, connection } = await scene(t, chromium, app, {
      values: ["fine", null],
      files: {
        "/late.js": `window.later = () => { throw new Error("planned later") }`,
        "/bad.js": `throw new Error("planned file")`,
      },
      viewdefs: {
        "Inline.DEFAULT": viewdef(`<p>x</p><script>throw new Error("planned inline")</script>`),
        "Syntax.DEFAULT": viewdef(`<p>x</p><script>planned syntax</script>`),
        "File.DEFAULT": viewdef(`<p>x</p><script src="/bad.js"></script>`),
        "Module.DEFAULT": viewdef(`<p>x</p><script type="module" src="/bad.js"></script>`),
        "Missing.DEFAULT": viewdef(
          `<p>x</p><script src="/planned-404.js"></script><script>window.after = true</script>`,
        ),
        "Late.DEFAULT": viewdef(`<p>x</p><script src="/late.js"></script>`),
        "Good.DEFAULT": viewdef(`<p>x</p><script>window.good = true</script>`),
      },
      allow: /planned|Unexpected identifier|404/,
    });
    let first = 10;
    const show = (name: string) => settled(page, connection, view(3, `${name}.DEFAULT`, first++, []));
    for (const [name, message] of [
      ["Inline", "planned inline"],
      ["Syntax", "SyntaxError"],
      ["File", "planned file"],
      ["Module", "planned file"],
      ["Missing", "planned-404.js"],
    ] as const) {
      await show(name);
      await page.locator("p.ui-error[ui-error-code=SCRIPT_FAILED]").waitFor();
      t.match(await page.locator("p").getAttribute("ui-error-description"), message, name);
      t.match(await connection.messages(), [
        { type: "error", code: "SCRIPT_FAILED", message: new RegExp(`^${name}.DEFAULT <script>: .*${message}`), id: 3 },
      ]);
      await settled(page, connection, update(2, `fine ${name}`));
      t.equal(await page.locator("b").textContent(), `fine ${name}`, "the rest of the page works");
      await show("Good");
      t.equal(await page.locator(".ui-error").count(), 0);
      t.equal(await page.evaluate("window.good"), true);
    }
    t.equal(await page.evaluate("window.after"), true, "scripts behind one that cannot be loaded run");
    await show("Late");
    await page.waitForFunction("window.later !== undefined");
    await page.evaluate("void setTimeout(later)");
    await page.locator("p.ui-error[ui-error-code=SCRIPT_FAILED]").waitFor();
  },
);

t.test("after 1,000 renders there are as many nodes, listeners, watchers and variables as before", async (t) => {
  const app = viewdef(`<main><div></div></main>`, bind(1, "view", 0), bind(1, "class", 1, { name: "c" }));
  const html = `text<form><input><select><option>a</option></select><ul><li></li></ul><div></div><p></p><i></i></form><div></div>`;
  const bindings: Binding[] = [
    bind(1, "value", 0, { write: true }),
    bind(2, "value", 0, { write: true }),
    bind(4, "list", 1),
    bind(6, "view", 2),
    bind(7, "key", 3, { name: "enter" }),
    bind(7, "event", 3, { name: "click" }),
    bind(8, "html", 4, { replace: true }),
    bind(9, "view", 2, { scroll: true }),
  ];
  const { page, connection } = await scene(t, chromium, app, {
    values: [null, true],
    viewdefs: {
      "Big.DEFAULT": viewdef(html, ...bindings),
      "Leaf.DEFAULT": viewdef(`<b></b>`, bind(0, "value", 0), bind(0, "action", 1)),
    },
  });
  let next = 10;
  const render = () => {
    const first = next;
    next += 20;
    return [
      view(2, "Big.DEFAULT", first, ["a", [], null, null, "<em>e</em>"]),
      view(first + 2, "Leaf.DEFAULT", first + 5, ["leaf", null]),
      { type: "list" as const, id: first + 1, place: [{ row: first + 7, count: 2, before: 0 }] },
      view(first + 7, "Leaf.DEFAULT", first + 9, ["row", null]),
      update(first + 8, "plain"),
      { type: "update" as const, id: first, error: { code: "LUA_ERROR" as const, message: "no" } },
    ];
  };
  const measure = (): Promise<Record<string, number>> =>
    page.evaluate(() => {
      const { frames: _, ...counts }: Record<string, number> = (window as never as Bridged).moonpool.statistics();
      const nodes = document.createNodeIterator(document.documentElement);
      let count = 0;
      while (nodes.nextNode()) count++;
      return { ...counts, nodes: count };
    });
  await settled(page, connection, ...render());
  const before = await measure();
  for (let round = 0; round < 10; round++) {
    for (let index = 0; index < 99; index++) connection.send(...render());
    await settled(page, connection, ...render());
  }
  t.strictSame(await measure(), before);
  t.ok((before["listeners"] ?? 0) > 5);
});

t.test("bindings inside a placeholder end with the view that they stand in", async (t) => {
  const app = viewdef(`<main><div></div></main>`, bind(1, "view", 0));
  const outer = viewdef(
    `<section><div><input></div></section>`,
    bind(1, "view", 0),
    bind(2, "value", 1, { write: true }),
  );
  const { page, connection } = await scene(t, chromium, app, { values: [null], viewdefs: { "O.DEFAULT": outer } });
  const count = () => page.evaluate(() => (window as never as Bridged).moonpool.statistics());
  const before = await count();
  await settled(page, connection, view(2, "O.DEFAULT", 5, [null, "x"]));
  await settled(page, connection, view(2, null));
  t.strictSame({ ...(await count()), frames: 0 }, { ...before, frames: 0 });
});

t.test("a viewdef that is delivered again is used from the next render on", async (t) => {
  const { page, connection } = await scene(t, chromium, viewdef(`<p>old</p>`));
  await settled(page, connection, deliver({ "App.DEFAULT": viewdef(`<p>new</p>`) }), view(1, "App.DEFAULT", 3, []));
  t.equal(await page.locator("p").textContent(), "new");
});
