// Viewdefs that are edited while they are shown (seed rows S0-08 … S0-16, D2-09 … D2-12).
import t from "tap";
import { Chromium } from "../support/chromium.ts";
import type { Bridged } from "../support/scene.ts";
import { update, view } from "../support/scripted-host.ts";
import { Stage } from "../support/stage.ts";

const chromium = await Chromium.launch(t);
/** What is in an element, with the attributes of each in alphabetical order. */
const html = (stage: Stage, selector: string) =>
  stage.page.locator(selector).evaluate((element) => {
    const copy = element.cloneNode(true) as Element;
    for (const inner of copy.querySelectorAll("*")) {
      const attributes = [...inner.attributes].sort((one, other) => (one.name < other.name ? -1 : 1));
      for (const { name } of attributes) inner.removeAttribute(name);
      for (const { name, value } of attributes) if (name !== "class" || value) inner.setAttribute(name, value);
    }
    return copy.innerHTML.replaceAll("<!---->", "");
  });
/** Whether everything that `mark` found is still in the page. */
const mark = (stage: Stage, selector: string) =>
  stage.page.evaluate(`window.marked = [...document.querySelectorAll(${JSON.stringify(selector)})]`);
const stayed = (stage: Stage) =>
  stage.page.evaluate("marked.length > 0 && marked.every((element) => element.isConnected)");

t.test("an edited viewdef changes what it says; its elements and variables stay (S0-08, S0-11)", async (t) => {
  const stage = await Stage.open(
    t,
    chromium,
    { App: `<main class="a"><h1 ui-value="title">x</h1><p>one</p><input ui-value="name"></main>` },
    { title: "Hello", name: "Anna" },
  );
  const { page, connection } = stage;
  await mark(stage, "main, h1, p, input");
  await stage.edit({
    App: `<main class="b" title="t"><nav>new</nav><h1 ui-value="title">x</h1><p>two</p><div><input ui-value="name"></div></main>`,
  });
  t.equal(
    await html(stage, "body"),
    `<main class="b" data-ui-viewdef="App.DEFAULT" title="t"><nav>new</nav><h1 ui-value="title">Hello</h1><p>two</p><div><input ui-value="name"></div></main>`,
  );
  t.equal(await stayed(stage), true);
  connection.send(update(stage.id("title"), "Bye"));
  await page.locator("h1", { hasText: "Bye" }).waitFor();
  await page.locator("input").fill("Bob");
  await page.locator("input").blur();
  t.strictSame(await connection.messages(), [{ type: "update", id: stage.id("name"), value: "Bob" }]);
});

t.test("every view of the viewdef changes, wherever it is (S0-09, S0-10, S0-15, D2-12)", async (t) => {
  const item = (name: string) => ({ type: "Item", item: { type: "Contact", name } });
  const stage = await Stage.open(
    t,
    chromium,
    {
      App: `<div ui-view="shell"></div>`,
      Shell: `<div ui-viewlist="items" class="list"><section class="row"></section></div><div ui-view="one"></div><div ui-view="both"></div>`,
      Item: `<div ui-view="item" class="item"></div>`,
      Contact: `<article ui-value="name"></article>`,
    },
    {
      shell: {
        type: "Shell",
        items: [item("a"), item("b")],
        one: { type: "Contact", name: "c" },
        both: item("d"),
      },
    },
  );
  await mark(stage, "article");
  // The innermost of views that share an element, then the one around it, then a list that is a root.
  await stage.edit({ Contact: `<article ui-value="name" title="t"></article>` });
  t.equal(await stage.page.locator("article[title=t]").count(), 4);
  await stage.edit({ Item: `<div ui-view="item" class="item new"></div><hr>` });
  t.same(await stage.page.locator("article").evaluateAll((all) => all.map(({ className }) => className)), [
    "item new row",
    "item new row",
    "",
    "item new",
  ]);
  t.equal(await stage.page.locator("hr").count(), 3);
  await stage.edit({
    Shell: `<div ui-viewlist="items" class="rows"><section class="line"></section></div><p>end</p><div ui-view="one"></div><div ui-view="both"></div>`,
  });
  t.same(await stage.page.locator(".rows > article").evaluateAll((all) => all.map(({ className }) => className)), [
    "item new line",
    "item new line",
  ]);
  t.equal(await stayed(stage), true, "no view within was rendered again");
  t.equal(await stage.page.locator("article").first().getAttribute("data-ui-viewdef"), "Item.DEFAULT Contact.DEFAULT");
  await stage.edit({ Item: `<section class="box"><div ui-view="item"></div></section>` });
  t.equal(
    await html(stage, ".rows"),
    ["a", "b"]
      .map(
        (name) =>
          `<section class="box line" data-ui-viewdef="Item.DEFAULT"><article data-ui-viewdef="Contact.DEFAULT" title="t" ui-value="name">${name}</article></section>`,
      )
      .join(""),
    "what the row gives goes to the new root",
  );
  t.equal(await stayed(stage), true);
});

t.test("views and rows move with their nodes to wherever the new version has them", async (t) => {
  const stage = await Stage.open(
    t,
    chromium,
    {
      App: `<div ui-view="boss"></div><ul ui-viewlist="people"><li class="p"></li></ul><ul ui-viewlist="tags"></ul>`,
      Person: `<p><input ui-value="name"></p>`,
    },
    {
      boss: { type: "Person", name: "Eve" },
      people: [
        { type: "Person", name: "Ann" },
        { type: "Person", name: "Bob" },
      ],
      tags: ["x", "y"],
    },
  );
  await stage.page.locator("input").nth(1).press("End");
  await stage.page.keyboard.type("!");
  await mark(stage, "p, input, ul:first-of-type");
  await stage.edit({
    App: `<section><ol ui-viewlist="people"><li class="q"></li></ol></section><aside><div ui-view="boss" class="b"></div></aside><b ui-viewlist="tags"><i title="t"></i></b>`,
  });
  t.equal(
    await html(stage, "body"),
    `<section data-ui-viewdef="App.DEFAULT"><ol ui-viewlist="people"><p class="q" data-ui-viewdef="Person.DEFAULT"><input ui-value="name"></p><p class="q" data-ui-viewdef="Person.DEFAULT"><input ui-value="name"></p></ol></section><aside><p class="b" data-ui-viewdef="Person.DEFAULT"><input ui-value="name"></p></aside><b ui-viewlist="tags"><i title="t">x</i><i title="t">y</i></b>`,
  );
  t.equal(await stage.page.evaluate("marked.filter((element) => !element.isConnected).length"), 1, "only the <ul>");
  t.equal(await stage.page.evaluate("document.activeElement === marked[4]"), true);
  t.equal(await stage.page.locator("input").first().inputValue(), "Ann!");
});

t.test(
  "bindings that went end, those that came begin, and variables below go with their view (S0-12 … S0-14)",
  async (t) => {
    const stage = await Stage.open(
      t,
      chromium,
      {
        App: `<button ui-action="old()" ui-class-on="flag">go</button><div ui-view="boss"></div>`,
        Person: `<p ui-value="name"></p>`,
      },
      { flag: true, boss: { type: "Person", name: "Eve" } },
    );
    const { page, connection } = stage;
    const flag = stage.id("flag");
    await mark(stage, "button");
    await stage.edit({ App: `<button ui-action="fresh()" ui-attr-title="tip">go</button><i ui-value="name"></i>` });
    t.equal(
      await html(stage, "body"),
      `<button data-ui-viewdef="App.DEFAULT" ui-action="fresh()" ui-attr-title="tip">go</button><i ui-value="name"></i>`,
    );
    t.same(await page.evaluate(`[moonpool.variable(${flag}), moonpool.statistics().variables]`), [undefined, 4]);
    await page.locator("button").click();
    t.strictSame(await connection.messages(), [{ type: "update", id: stage.id("fresh()"), value: null }]);
    connection.send(update(stage.id("tip"), "t"), update(stage.id("name"), "n"));
    await page.locator("button[title=t] + i", { hasText: "n" }).waitFor();
    t.equal(await stayed(stage), true);
  },
);

t.test("a viewdef that is delivered again as it was changes nothing (D2-11)", async (t) => {
  const template = { App: `<p ui-value="name">x</p><script>window.runs = (window.runs ?? 0) + 1</script>` };
  const stage = await Stage.open(t, chromium, template, { name: "n" });
  await stage.page.evaluate(`window.changes = 0;
    new MutationObserver((records) => (changes += records.length)).observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true })`);
  await stage.edit(template);
  t.same(await stage.page.evaluate("[changes, runs, moonpool.statistics().variables]"), [0, 1, 2]);
  stage.connection.send(update(stage.id("name"), "other"));
  await stage.page.locator("p", { hasText: "other" }).waitFor();
});

t.test("what differs between the versions of the template changes, and nothing else (S4-53)", async (t) => {
  const stage = await Stage.open(
    t,
    chromium,
    { App: `<p class="a b" style="color: red; top: 1px" title="x" ui-class-on="flag">text</p><div>own</div>` },
    { flag: true },
  );
  const { page } = stage;
  await page.evaluate(`{
    const p = document.querySelector("p");
    p.classList.add("script"); p.classList.remove("b"); p.style.left = "2px"; p.dataset.x = "y"; p.title = "changed";
    p.append(document.createElement("hr"));
    document.querySelector("div").textContent = "of a script";
  }`);
  await stage.edit({
    App: `<p class="a c" style="color: blue; top: 1px" title="x" ui-class-on="flag">text and more</p><div>other</div>`,
  });
  const p = page.locator("p");
  t.same((await p.getAttribute("class"))?.split(" ").sort(), ["a", "c", "on", "script"]);
  t.equal(await p.evaluate((element) => element.style.cssText), "color: blue; top: 1px; left: 2px;");
  t.equal(await p.getAttribute("title"), "changed");
  t.equal(await p.getAttribute("data-x"), "y");
  t.equal(await html(stage, "p"), "text and more<hr>");
  t.equal(await html(stage, "div"), "of a script");
});

t.test("scripts run again only if they changed; styles change in place", async (t) => {
  const app = (script: string, style: string, more = "") =>
    `<style>${style}</style><p>x</p>${more}<script data-n="1">log.push(${script})</script><script type="module">log.push("module")</script>`;
  const stage = await Stage.open(
    t,
    chromium,
    { App: app("1", "p { color: rgb(1, 2, 3) }") },
    {},
    { head: "<script>window.log = []</script>" },
  );
  const { page } = stage;
  await page.waitForFunction("log.length === 2");
  await mark(stage, "style");
  await stage.edit({ App: app("1", "p { color: rgb(4, 5, 6) }", "<hr>") });
  t.equal(await page.evaluate("getComputedStyle(document.querySelector('p')).color"), "rgb(4, 5, 6)");
  t.equal(await stayed(stage), true);
  await stage.edit({ App: app("2", "p { color: rgb(4, 5, 6) }") });
  await page.waitForFunction("log.includes(2)");
  t.same(await page.evaluate("log"), [1, "module", 2]);
});

t.test("a view without a counterpart of the old version is a new one", async (t) => {
  const stage = await Stage.open(t, chromium, { App: `<p ui-value="name"></p>`, Other: `<p>other</p>` }, { name: "n" });
  await mark(stage, "p");
  stage.connection.send(view(1, "Other.DEFAULT", 1000, []));
  await stage.page.locator("p", { hasText: "other" }).waitFor();
  t.equal(await stayed(stage), false);
});

t.test("errors, properties and paths that scripts watch go on with their variables", async (t) => {
  const stage = await Stage.open(t, chromium, { App: `<p ui-value="name"></p>` }, { name: "n" });
  const { page, connection } = stage;
  const error = { code: "PATH_NIL" as const, message: "no" };
  await stage.edit({}, { type: "update", id: stage.id("name"), error, properties: { unit: "kg" } });
  await page.evaluate(`window.seen = []; const p = document.querySelector("p");
    moonpool.watch(p, ({ value, error }) => seen.push(error?.code ?? value));
    moonpool.create(p, "more", ({ value }) => seen.push(value))`);
  t.match(await connection.messages(), [{ type: "create", id: -1, parent: 1, path: "more" }]);
  await stage.edit({ App: `<p ui-value="name" title="t"></p><hr>` });
  t.match(await page.evaluate("moonpool.variable(document.querySelector('p'))"), { error, properties: { unit: "kg" } });
  t.equal(await page.locator("p.ui-error[title=t]").count(), 1);
  await stage.edit({}, { type: "update", id: stage.id("name"), value: "m", error: null }, update(-1, "made"));
  t.same(await page.evaluate("seen"), ["m", "made"]);
  t.equal(await page.locator(".ui-error").count(), 0);
});

t.test("ids stay unique, and references right, when the ids of rows are edited (D2-37)", async (t) => {
  const rows = { rows: ["a", "b", "c"].map((text) => ({ type: "Row", text })) };
  const row = (id: string, label: string) =>
    `<li><label for="${id}">${label}</label><input id="${id}" ui-value="text"></li>`;
  const stage = await Stage.open(t, chromium, { App: `<ul ui-viewlist="rows"></ul>`, Row: row("one", "x") }, rows);
  const { page } = stage;
  const state = () =>
    page.evaluate(() =>
      [...document.querySelectorAll("li")].map((row) => {
        const input = row.querySelector("input")!;
        return [input.id, row.querySelector("label")!.control === input, row.querySelector("label")!.textContent];
      }),
    );
  const expected = (id: string, label: string) => [
    [id, true, label],
    [`${id}-2`, true, label],
    [`${id}-3`, true, label],
  ];
  t.same(await state(), expected("one", "x"));
  await mark(stage, "li, input");
  await stage.edit({ Row: row("one", "y") });
  t.same(await state(), expected("one", "y"));
  await stage.edit({ Row: row("two", "z") });
  t.same(await state(), expected("two", "z"));
  t.ok(await stayed(stage));
});

t.test(
  "after 1,000 edits there are as many nodes, listeners, watchers and variables as before (S0-16, D2-10)",
  async (t) => {
    const person = (name: string) => ({ type: "Person", name });
    const app = (more: string, tag: string) =>
      `<main>${more}<${tag} ui-class-on="flag" ui-action="go()"><input ui-value="name" placeholder="${tag}"></${tag}>
     <${tag} ui-viewlist="people"></${tag}><div ui-view="boss" class="${tag}" ui-attr-title="name"></div>
     <p ui-html="html?replace"></p><i ui-value="name?scrollOnOutput"></i><b ui-value="other"></b></main>`;
    const one = `<p><input ui-value="name"><button ui-action="hi()"></button></p>`;
    const versions = [
      { App: app("", "div"), Person: one },
      {
        App: app(`<i ui-value="more" ui-event-click="go()"></i>`, "section"),
        Person: `<div ui-viewlist="none">${one}</div>`,
      },
      { App: app(`<ul ui-viewlist="people"></ul><em ui-view="boss"></em>`, "div"), Person: `<p ui-value="name"></p>` },
    ];
    const things = { people: [person("a"), person("b")], boss: person("c"), name: "n", flag: true, html: "<u>u</u>" };
    const stage = await Stage.open(t, chromium, versions[0] as Record<string, string>, things);
    const { page, connection } = stage;
    const measure = (): Promise<Record<string, number>> =>
      page.evaluate(() => {
        const { frames: _, ...counts }: Record<string, number> = (window as never as Bridged).moonpool.statistics();
        const nodes = document.createNodeIterator(document.documentElement);
        let count = 0;
        while (nodes.nextNode()) count++;
        return { ...counts, nodes: count };
      });
    for (const version of [...versions.slice(1), versions[0]]) await stage.edit(version as Record<string, string>);
    const before = await measure();
    for (let index = 1; index <= 999; index++) {
      const messages = stage.save(versions[index % versions.length] as Record<string, string>);
      if (index % 111) connection.send(...messages);
      else await stage.edit({}, ...messages);
    }
    t.strictSame(await measure(), before);
    t.same(stage.reports, []);
  },
);

/** Makes a method of the page throw, so that an exchange cannot be carried out. */
const breakPage = (stage: Stage, method: string) =>
  stage.page.evaluate(`{
    const broken = ${method};
    ${method} = function (...given) { ${method} = broken; throw new Error("planned"); };
  }`);

t.test("a view that cannot be exchanged is made anew, with the variables that go on", async (t) => {
  const stage = await Stage.open(
    t,
    chromium,
    {
      App: `<main title="a"><p ui-value="name"></p><div ui-view="boss"></div><ul ui-viewlist="tags"></ul></main>`,
      Person: `<i ui-value="name"></i>`,
    },
    { name: "n", boss: { type: "Person", name: "Eve" }, tags: ["x"] },
  );
  const { page, connection } = stage;
  const counts = () => page.evaluate(() => (window as never as Bridged).moonpool.statistics());
  const { frames: _, ...before } = await counts();
  await breakPage(stage, "CharacterData.prototype.replaceData");
  await stage.edit({
    App: `<main title="b">text<p ui-value="name"></p><div ui-view="boss"></div><ul ui-viewlist="tags"></ul></main>`,
  });
  await breakPage(stage, "Element.prototype.setAttributeNode");
  await stage.edit({
    App: `<main title="c">text<p ui-value="name"></p><div ui-view="boss"></div><ul ui-viewlist="tags"></ul></main>`,
  });
  t.equal(
    await html(stage, "body"),
    `<main data-ui-viewdef="App.DEFAULT" title="c">text<p ui-value="name">n</p><i data-ui-viewdef="Person.DEFAULT" ui-value="name">Eve</i><ul ui-viewlist="tags"><li>x</li></ul></main>`,
  );
  const { frames: _frames, ...after } = await counts();
  t.strictSame(after, before);
  t.match(stage.reports, [/planned/]);
  connection.send(update(stage.id("boss", "name"), "Mallory"));
  await page.locator("i", { hasText: "Mallory" }).waitFor();
});
