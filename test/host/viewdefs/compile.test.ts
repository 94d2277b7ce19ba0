import t from "tap";
import type { Binding, Slot } from "../../../src/protocol/main.ts";
import { compileViewdef } from "../../../src/host/viewdefs/compile.ts";

/** Compiles `content` in a template on line 2. */
function compile(content: string, uiCode = false) {
  const file = "viewdefs/Contact.DEFAULT.html";
  const { compiled, problems } = compileViewdef("Contact.DEFAULT", `<template>\n${content}\n</template>`, {
    file,
    uiCode,
  });
  return {
    html: compiled?.viewdef.html,
    bindings: compiled?.viewdef.bindings ?? [],
    slots: compiled?.plan.slots ?? [],
    problems,
    /** `line:column CODE`, errors in capitals, warnings with a ? in front. */
    short: problems.map(
      ({ severity, code, line, column }) => `${severity === "warning" ? "?" : ""}${code} ${line}:${column}`,
    ),
    messages: problems.map(({ message }) => message).join("\n"),
  };
}

function slot(text: string, rest: Partial<Slot> = {}): Slot {
  const field = text.split("?")[0] ?? "";
  return { text, up: 0, segments: [{ field }], not: false, access: "r", priority: "medium", use: "value", ...rest };
}

t.test(
  "a viewdef becomes html for the browser, bindings by element index, and slots for the Lua runtime",
  async (t) => {
    const { html, bindings, slots, problems } = compile('<p>Hi <b ui-value="name"></b></p><input ui-value="mail">');
    t.equal(html, '<p>Hi <b ui-value="name"></b></p><input ui-value="mail">', "space around the content is dropped");
    t.same(bindings, [
      { at: 1, kind: "value", slot: 0 },
      { at: 2, kind: "value", slot: 1, write: true },
    ] satisfies Binding[]);
    t.same(slots, [slot("name"), slot("mail", { access: "rw" })]);
    t.same(problems, []);
  },
);

t.test(
  "bindings of one element come in the order value, attr, class, style, event, key, action, code, html",
  async (t) => {
    const { bindings } = compile(
      `<input ui-code="c" ui-action="a()" ui-event-keypress-enter="k()" ui-event-focus="e()" ui-style-color="s"
      ui-class-on="l" ui-attr-title="t" ui-value="v"><p ui-html="h" ui-action="b()"></p>`,
      true,
    );
    t.same(
      bindings.map(({ at, kind }) => `${at} ${kind}`),
      ["0 value", "0 attr", "0 class", "0 style", "0 event", "0 key", "0 action", "0 code", "1 action", "1 html"],
    );
  },
);

t.test("a view comes after the bindings of its own placeholder, so that they find its root", async (t) => {
  const { bindings } = compile('<div ui-view="person" ui-class-active="active" ui-attr-title="title"></div>');
  t.same(
    bindings.map(({ kind }) => kind),
    ["attr", "class", "view"],
  );
});

t.test("elements of a nested template are neither counted nor bound, the template itself is counted", async (t) => {
  const { bindings, short } = compile('<template><p ui-value="no"></p></template><p ui-value="yes"></p>');
  t.same(bindings, [{ at: 1, kind: "value", slot: 0 }]);
  t.same(short, ["?BINDING_LOST 2:14"]);
});

t.test("a read and a two-way binding of one path share a slot, which is rw", async (t) => {
  const { bindings, slots } = compile(
    '<b ui-value="name"></b><input ui-value="name?keypress"><i ui-attr-title="name"></i>',
  );
  t.same(
    bindings.map(({ slot }) => slot),
    [0, 0, 0],
  );
  t.same(slots, [slot("name", { access: "rw" })]);
  t.equal(bindings[1]?.keypress, true);
});

t.test("pauses, ?overwrite and ?repeat are for the browser: such paths share a slot with others", async (t) => {
  const { bindings, slots, problems } = compile(
    `<input ui-value="name?debounce=200&overwrite" ui-event-input="seen(_)?throttle=50&debounce=10"><b ui-value="name"></b>
     <button ui-action="save()?repeat" ui-event-click="name?repeat"></button><input ui-value="name?keypress&throttle=5">`,
  );
  t.same(problems, []);
  t.strictSame(bindings, [
    { at: 0, kind: "value", slot: 0, write: true, keypress: true, overwrite: true, debounce: 200 },
    { at: 0, kind: "event", slot: 1, name: "input", argument: true, debounce: 10, throttle: 50 },
    { at: 1, kind: "value", slot: 0 },
    { at: 2, kind: "event", slot: 2, name: "click", write: true, repeat: true },
    { at: 2, kind: "action", slot: 3, repeat: true },
    { at: 3, kind: "value", slot: 0, write: true, keypress: true, throttle: 5 },
  ]);
  t.equal(slots.length, 4);
});

t.test("a pause that is no time is refused; options where they do nothing are told", async (t) => {
  for (const pause of [
    "debounce",
    "debounce=",
    "throttle=0",
    "throttle=1e3",
    "debounce=-5",
    "debounce=0.5",
    "throttle=1000000",
  ]) {
    const { bindings, short, messages } = compile(`<input ui-value="name?${pause}">`);
    t.same([bindings, short], [[], ["ATTRIBUTE_INVALID 2:8"]], pause);
    t.match(messages, /needs a time in ms/);
  }
  for (const html of [
    `<b ui-value="name?debounce=5"></b>`,
    `<b ui-action="save()?throttle=5"></b>`,
    `<b ui-class-x="name?overwrite"></b>`,
    `<b ui-event-click="name?overwrite"></b>`,
    `<input ui-value="name?repeat">`,
  ]) {
    const { bindings, problems } = compile(html);
    t.equal(bindings.length, 1);
    t.match(problems, [{ severity: "warning", code: "ATTRIBUTE_INVALID", message: /only has an effect on/ }], html);
  }
  t.match(compile(`<input ui-value="name?debouce=5">`).messages, /did you mean debounce/);
});

t.test("ui-error fills its element, ui-guard does not, ui-pending binds nothing and stays in the page", async (t) => {
  const { html, bindings, problems, slots } = compile(
    `<form ui-pending><p ui-error="message()"></p><b ui-guard="dirty" ui-value="name"></b></form>`,
  );
  t.same(problems, []);
  t.match(html, /<form ui-pending="">/);
  t.same(
    bindings.map(({ at, kind }) => `${at} ${kind}`),
    ["1 error", "2 value", "2 guard"],
  );
  t.same(
    slots.map(({ access }) => access),
    ["r", "r", "r"],
  );
  t.same(compile(`<p ui-error="e"><b ui-value="x"></b></p>`).short, ["?BINDING_LOST 2:20"]);
  t.same(compile(`<p ui-error="e" ui-value="x"></p>`).short, ["ATTRIBUTE_INVALID 2:17"]);
  t.same(compile(`<script ui-error="e"></script>`).short, ["CODE_FORBIDDEN 2:9"]);
  t.same(compile(`<p ui-error="e(_)"></p>`).short, ["ACCESS_INVALID 2:4"]);
});

t.test("actions on one method share a slot, whatever triggers them", async (t) => {
  const { bindings, slots } = compile(
    '<b ui-action="save()"></b><input ui-event-keypress-enter="save()"><i ui-event-dblclick="save()"></i>',
  );
  t.same(
    bindings.map(({ slot }) => slot),
    [0, 0, 0],
  );
  t.equal(slots.length, 1);
});

t.test("paths with different options or literals have slots of their own", async (t) => {
  const { slots } = compile(
    `<b ui-value="a"></b><b ui-value="a?priority=high"></b><b ui-value="a?wrapper=W"></b><b ui-value="a?x=1"></b>
     <b ui-value="!a"></b><b ui-value="../a"></b><b ui-value="f(1)"></b><b ui-value="f('1')"></b>`,
  );
  t.equal(slots.length, 8);
});

t.test("views and lists never share a slot: every placeholder shows its own variable", async (t) => {
  const { slots } = compile('<div ui-view="a"></div><div ui-view="a"></div><div ui-viewlist="a"></div>');
  t.same(
    slots.map(({ use }) => use),
    ["view", "view", "list"],
  );
});

t.test("path options go to the slot or to the binding; unknown ones become properties of the variable", async (t) => {
  const { bindings, slots, problems } = compile(
    `<div ui-view="a?wrapper=lua.ViewList&itemWrapper=Row&create=Contact&priority=low&fallbackNamespace=f&color=red&scrollOnOutput"></div>
     <p ui-html="h?replace"></p>`,
  );
  const { text: _text, segments: _segments, ...first } = slots[0] as Slot;
  t.same(first, {
    up: 0,
    not: false,
    access: "r",
    use: "view",
    wrapper: "lua.ViewList",
    itemWrapper: "Row",
    create: "Contact",
    priority: "low",
    fallbackNamespace: "f",
    properties: { color: "red" },
  });
  t.same(bindings, [
    { at: 0, kind: "view", slot: 0, scroll: true },
    { at: 1, kind: "html", slot: 1, replace: true },
  ]);
  t.same(problems, []);
});

t.test("a list says how many rows it has at first, and which elements it shows at most", async (t) => {
  const part = (options: string, tag = "ul") => {
    const { bindings, slots, short } = compile(`<${tag} ui-viewlist="a?${options}"></${tag}>`);
    const { window, first, last } = slots[0] ?? {};
    return [window, first, last, bindings[0]?.window, ...short];
  };
  t.same(part("window"), [50, undefined, undefined, true]);
  t.same(part("window=20&last=1000"), [20, undefined, 1000, true]);
  t.same(part("first=5"), [undefined, 5, undefined, undefined]);
  t.same(part("window=false"), [undefined, undefined, undefined, undefined]);
  for (const wrong of ["window=0", "window=1001", "window=x", "first", "last=-5", "last=100001", "first=1&last=1"])
    t.equal(part(wrong).at(-1), "ATTRIBUTE_INVALID 2:5", wrong);
  t.same(part("window", "select"), [undefined, undefined, undefined, undefined, "?ATTRIBUTE_INVALID 2:9"]);
  t.match(compile('<ul ui-viewlist="a?limit=5"></ul>').messages, /first=… or last=…/);
  t.match(compile('<p ui-value="a?window"></p>').messages, /only has an effect on ui-viewlist/);
  t.equal(compile('<p ui-value="a?last=3"></p>').slots[0]?.last, undefined);
});

t.test("the namespace of a view is that of the nearest element that has one; the path's own wins", async (t) => {
  const { slots } = compile(
    `<section ui-namespace="outer"><div ui-view="a"></div><div ui-view="b" ui-namespace="own"></div>
      <div ui-viewlist="c"></div><div ui-view="d?namespace=path"></div></section><div ui-view="e"></div>`,
  );
  t.same(
    slots.map(({ namespace }) => namespace),
    ["outer", "own", "outer", "path", undefined],
  );
});

t.test("ui-namespace on the template holds for the whole viewdef", async (t) => {
  const source = '<template ui-namespace="row"><div ui-view="a"></div></template>';
  const { compiled } = compileViewdef("A.B", source, { file: "x", uiCode: false });
  t.equal(compiled?.plan.slots[0]?.namespace, "row");
});

t.test("ui-item-wrapper names the itemWrapper of its list", async (t) => {
  t.equal(compile('<ul ui-viewlist="a" ui-item-wrapper="Row"></ul>').slots[0]?.itemWrapper, "Row");
  t.same(compile('<ul ui-item-wrapper="Row"></ul>').short, ["?ATTRIBUTE_INVALID 2:5"]);
});

t.test("an event on a plain field writes the event's data; calls pass it only for (_)", async (t) => {
  const { bindings, slots } = compile(
    '<p ui-event-click="chosen" ui-event-focus="seen()" ui-event-blur="left(_)" ui-event-input="set(1)" ui-event-keypress-a="key"></p>',
  );
  t.same(bindings, [
    { at: 0, kind: "event", slot: 0, name: "click", write: true },
    { at: 0, kind: "event", slot: 1, name: "focus" },
    { at: 0, kind: "event", slot: 2, name: "blur", argument: true },
    { at: 0, kind: "event", slot: 3, name: "input" },
    { at: 0, kind: "key", slot: 4, name: "a", write: true },
  ]);
  t.same(new Set(slots.map(({ access, priority }) => `${access} ${priority}`)), new Set(["action low"]));
});

t.test("names of classes, events and SVG attributes keep their capitals", async (t) => {
  const { bindings } = compile(
    '<p ui-class-isActive="a" ui-event-valueChange="b()" ui-style---Gap="c" ui-attr-ariaLabel="d"></p><svg ui-attr-viewBox="e"></svg>',
  );
  t.same(bindings.map(({ name }) => name ?? "").sort(), ["--Gap", "arialabel", "isActive", "valueChange", "viewBox"]);
});

t.test("a typo is reported with file, line, column, key and what was meant; the rest still works", async (t) => {
  const { bindings, problems } = compile('<p ui-value="a">\n  <b ui-vlaue="b"></b></p>\n<i ui-value="c"></i>');
  t.same(
    bindings.map(({ at }) => at),
    [0, 2],
  );
  t.same(
    problems.filter(({ severity }) => severity === "error"),
    [],
  );
  t.same(compile('<p>\n  <b ui-vlaue="b"></b></p>').problems, [
    {
      code: "ATTRIBUTE_UNKNOWN",
      severity: "error",
      message: "There is no attribute ui-vlaue; did you mean ui-value?",
      file: "viewdefs/Contact.DEFAULT.html",
      line: 3,
      column: 6,
      key: "Contact.DEFAULT",
    },
  ]);
});

t.test("unknown attributes get the advice that fits them", async (t) => {
  const advice: [string, string][] = [
    ["ui-repeat", "ui-viewlist"],
    ["ui-for", "ui-viewlist"],
    ["ui-if", 'ui-attr-hidden="!path"'],
    ["ui-model", "ui-value"],
    ["ui-atr-title", "ui-attr-title"],
    ["ui-calss-on", "ui-class-on"],
    ["ui-on-click", "ui-event-click"],
    ["ui-onclick", "ui-event-click"],
    ["ui-input", "ui-event-input"],
    ["ui-key-enter", "ui-event-keypress-enter"],
    ["ui-href", "ui-attr-href"],
    ["ui-viewlst", "ui-viewlist"],
    ["ui_value", "ui-value"],
    ["uiaction", "ui-action"],
    ["ui-app", "html/index.html"],
    ["ui-constructor", "ui-attr-constructor"],
  ];
  for (const [name, wanted] of advice) {
    const { short, messages } = compile(`<p ${name}="x"></p>`);
    t.same(short, ["ATTRIBUTE_UNKNOWN 2:4"], name);
    t.ok(messages.includes(wanted), messages);
  }
  t.same(compile('<p uid="x" ui="y" data-ui-theme="z"></p>').problems, [], "other names are none of our business");
});

t.test("attributes that would run data as code are forbidden, with the reason", async (t) => {
  for (const name of ["onclick", "onerror", "srcdoc"]) {
    const { short, messages, bindings } = compile(`<p ui-attr-${name}="x"></p>`);
    t.same(short, ["ATTRIBUTE_INVALID 2:4"]);
    t.match(messages, /would run data/);
    t.same(bindings, []);
  }
});

t.test("names that cannot work are refused", async (t) => {
  for (const name of [
    "attr",
    "attr-",
    "class",
    "style-backgroundColor",
    "style-a_b",
    "event",
    "event-onclick",
    "event-keypress",
    "attr-ui-value",
  ])
    t.match(compile(`<p ui-${name}="x()"></p>`).short, [/^ATTRIBUTE_INVALID/], name);
  t.match(compile('<p ui-style-backgroundColor="x"></p>').messages, /ui-style-background-color/);
});

t.test("a key is any key's name after exact modifiers", async (t) => {
  for (const keys of ["enter", "a", "ctrl-s", "ctrl-shift-f5", "-", "ctrl--", "alt-ü", "pagedown", "escape"]) {
    const { bindings, problems } = compile(`<p ui-event-keypress-${keys}="x()"></p>`);
    t.equal(bindings[0]?.name, keys);
    t.same(problems, []);
  }
  t.match(compile('<p ui-event-keypress-ctrl-entr="x()"></p>').messages, /did you mean enter/);
  for (const keys of ["ctrl", "ctrl-", "ctrl-ctrl-a", "a-b"])
    t.match(compile(`<p ui-event-keypress-${keys}="x()"></p>`).short, [/^ATTRIBUTE_INVALID/], keys);
});

t.test("a path that is not understood names itself and leaves out only its own binding", async (t) => {
  const { short, messages, bindings } = compile('<p ui-attr-title="items[0]" ui-value="a"></p>');
  t.same(short, ["PATH_SYNTAX 2:4"]);
  t.match(messages, /"items\[0\]".*write items\.0/);
  t.equal(bindings.length, 1);
});

t.test("an empty attribute binds nothing", async (t) => {
  const { bindings, problems } = compile('<p ui-value="" ui-view ui-action=""></p>');
  t.same([bindings, problems], [[], []]);
});

t.test("options with wrong values are reported", async (t) => {
  t.same(compile('<p ui-value="a?access=x"></p>').short, ["ACCESS_INVALID 2:4"]);
  t.same(compile('<p ui-value="a?priority=med"></p>').short, ["?ATTRIBUTE_INVALID 2:4"]);
  t.same(compile('<p ui-view="a?wrapper"></p>').short, ["ATTRIBUTE_INVALID 2:4"]);
  t.same(compile('<p ui-view="a?create=a+b"></p>').short, ["ATTRIBUTE_INVALID 2:4"]);
  t.same(compile('<p ui-view="a" ui-namespace="a.b"></p>').short, ["ATTRIBUTE_INVALID 2:16"]);
  t.match(compile('<p ui-view="a?itemwrapper=X"></p>').messages, /did you mean itemWrapper/);
  t.same(
    compile('<p ui-value="a?keypress"></p>').short,
    ["?ATTRIBUTE_INVALID 2:4"],
    "keypress on what nobody types into",
  );
  t.same(compile('<p ui-value="a?replace"></p>').short, ["?ATTRIBUTE_INVALID 2:4"]);
});

t.test("bindings inside an element whose content is replaced are warned about and left out", async (t) => {
  for (const outer of ["ui-view", "ui-viewlist", "ui-html", "ui-value"]) {
    const { bindings, short } = compile(`<div ${outer}="a"><b ui-value="b" ui-namespace="n"></b></div>`);
    t.same(
      bindings.map(({ at }) => at),
      [0],
    );
    t.match(short, [/^\?BINDING_LOST 2:/], outer);
  }
  t.equal(compile('<select ui-value="a"><option ui-attr-title="b"></option></select>').bindings.length, 2);
  t.equal(compile('<sl-select ui-value="a"><sl-option ui-value="b"></sl-option></sl-select>').bindings.length, 2);
});

t.test("the exemplar of a list stays in the html", async (t) => {
  t.equal(
    compile('<ul ui-viewlist="a"><li class="row"></li></ul>').html,
    '<ul ui-viewlist="a"><li class="row"></li></ul>',
  );
});

t.test("only one binding can fill an element", async (t) => {
  const { bindings, short } = compile('<div ui-value="a" ui-view="b"></div>');
  t.same(
    bindings.map(({ kind }) => kind),
    ["view"],
  );
  t.same(short, ["ATTRIBUTE_INVALID 2:6"]);
  t.equal(
    compile('<select ui-value="a" ui-viewlist="b"></select>').bindings.length,
    2,
    "a select has a value and rows",
  );
});

t.test("ui-code binds only where the host allows it", async (t) => {
  t.same(compile('<p ui-code="js"></p>').short, ["CODE_FORBIDDEN 2:4"]);
  t.equal(compile('<p ui-code="js"></p>', true).bindings[0]?.kind, "code");
});

t.test("data cannot run as code, or decide which code runs, unless the host allows it", async (t) => {
  const forbidden = [
    '<script ui-value="a"></script>',
    '<script ui-html="a"></script>',
    '<script ui-viewlist="a"></script>',
    '<script ui-attr-src="a"></script>',
    '<script ui-attr-TYPE="a"></script>',
    '<script ui-attr-text="a"></script>',
    '<svg><script ui-attr-href="a"></script></svg>',
    '<svg><script ui-attr-xlink:href="a"></script></svg>',
    '<svg><script ui-value="a"></script></svg>',
    '<base ui-attr-href="a">',
    '<base ui-class-x="a">',
    '<meta ui-attr-content="a">',
    '<meta ui-attr-http-equiv="a">',
    '<div ui-viewlist="a"><script></script></div>',
    '<table ui-viewlist="a"><tbody><script></script></tbody></table>',
  ];
  for (const content of forbidden) {
    const { short, bindings, html } = compile(content);
    t.match(short, [/^CODE_FORBIDDEN 2:\d+$/], content);
    t.same(bindings, [], content);
    t.ok(html, "the rest of the file works");
    const allowed = compile(content, true);
    t.same([allowed.short, allowed.bindings.length], [[], 1], content);
  }
  t.same(
    compile('<script ui-attr-data-x="a"></script><meta ui-attr-name="b"><ul ui-viewlist="c"><li></li></ul>').short,
    [],
    "what cannot do it is allowed",
  );
});

t.test("an address that would run as a script is left out of the file's elements, wherever it stands", async (t) => {
  for (const [content, left] of [
    ['<a href="javascript:x()">x</a>', "<a>x</a>"],
    ['<a href=" jAva&Tab;scr&#10;ipt:x()">x</a>', "<a>x</a>"],
    ['<a href="&#1;javascript:x()" title="t">x</a>', '<a title="t">x</a>'],
    ['<form action="javascript:x()"></form>', "<form></form>"],
    ['<button formaction="javascript:x()"></button>', "<button></button>"],
    ['<iframe src="data:text/html,x"></iframe>', "<iframe></iframe>"],
    ['<svg><a xlink:href="javascript:x()"></a></svg>', "<svg><a></a></svg>"],
    ['<svg><set attributeName="href" to="javascript:x()"></set></svg>', '<svg><set attributeName="href"></set></svg>'],
    ['<svg><use href="data:image/svg+xml,x"></use></svg>', "<svg><use></use></svg>"],
    ['<template><a href="javascript:x()"></a></template>', "<template><a></a></template>"],
  ] as const) {
    const { short, html, problems } = compile(content);
    t.match(short, [/^URL_FORBIDDEN 2:\d+$/], content);
    t.equal(html, left);
    t.equal(problems[0]?.severity, "error");
  }
  for (const content of [
    '<a href="https://example.org/?javascript:">x</a>',
    '<a download="" href="data:text/plain,x">x</a>',
    '<img src="data:image/png;base64,AA==" alt="">',
    '<p title="javascript:x()"></p>',
    "<script>location = 'javascript:x()'</script>",
  ]) {
    const { short, html } = compile(content);
    t.same(short, [], content);
    t.equal(html, content);
  }
});

t.test("a handler in an attribute is doubtful, as pages do not run it, and it is said what does", async (t) => {
  const { short, messages, html } = compile('<p onclick="x()"></p><p ONpointermove="x()"></p>');
  t.same(short, ["?PAGE_BLOCKED 2:4", "?PAGE_BLOCKED 2:25"]);
  t.match(messages, 'write ui-action="method()"');
  t.match(messages, 'write ui-event-pointermove="method()"');
  t.match(html, 'onclick="x()"');
  const file = "viewdefs/P.DEFAULT.html";
  const source = '<template><p onclick="x()"></p></template>';
  t.same(compileViewdef("P.DEFAULT", source, { file, uiCode: false, allowsInline: true }).problems, []);
});

t.test("data in a style sheet is doubtful: it works for the whole page", async (t) => {
  for (const uiCode of [false, true]) {
    const { short, bindings } = compile('<style ui-value="a"></style>', uiCode);
    t.same(short, ["?ATTRIBUTE_INVALID 2:8"]);
    t.equal(bindings.length, 1);
  }
});

t.test("elements nested too deeply are a problem of their file, with the place", async (t) => {
  const nested = (tag: string, depth: number) => `<${tag}>`.repeat(depth) + `</${tag}>`.repeat(depth);
  t.same(compile(nested("div", 256)).short, []);
  for (const content of [nested("div", 257), nested("div", 3000), nested("g", 3000), nested("template", 3000)]) {
    const { html, short, messages } = compile(content);
    t.equal(html, undefined);
    t.match(short, [/^VIEWDEF_HTML 2:\d+$/]);
    t.match(messages, /More than 256 elements/);
  }
});

t.test("a file without exactly one template and an element in it cannot be used", async (t) => {
  const files: [string, string][] = [
    ["", "VIEWDEF_TEMPLATE"],
    ["<div></div>", "VIEWDEF_TEMPLATE"],
    ["<template><p></p></template><template></template>", "VIEWDEF_TEMPLATE"],
    ["<template><p></p></template><p></p>", "VIEWDEF_TEMPLATE"],
    ["<div><template><p></p></template></div>", "VIEWDEF_TEMPLATE"],
    ["<template></template>", "VIEWDEF_EMPTY"],
    ["<template>text <!-- comment --></template>", "VIEWDEF_EMPTY"],
  ];
  for (const [source, code] of files) {
    const { compiled, problems } = compileViewdef("A.B", source, { file: "x", uiCode: false });
    t.equal(compiled, undefined, source);
    t.same(
      problems.map((problem) => problem.code),
      [code],
    );
  }
});

t.test("text and comments around the template do no harm", async (t) => {
  const source = "<!doctype html>\n<!-- for contacts -->\n<template><p></p></template>\ntext";
  const { compiled, problems } = compileViewdef("A.B", source, { file: "x", uiCode: false });
  t.equal(compiled?.viewdef.html, "<p></p>");
  t.same(problems, []);
});

t.test("a file that ends in the middle of its template is refused: something may be missing", async (t) => {
  for (const source of ["<template><p>half", "<template><p></p>", '<template><p ui-value="a"']) {
    const { compiled, problems } = compileViewdef("A.B", source, { file: "x", uiCode: false });
    t.equal(compiled, undefined, source);
    t.ok(
      problems.some(({ code, severity }) => code === "VIEWDEF_TEMPLATE" && severity === "error"),
      source,
    );
  }
});

t.test("markup that the browser would read differently from its author is warned about", async (t) => {
  const faults: [string, RegExp][] = [
    ["<div/><p></p>", /HTML does not know <div\/>/],
    ["<sl-icon name=x><p></p>", /<sl-icon> is not closed/],
    ['<p ui-value="a" ui-value="b"></p>', /twice/],
    ["<form><div><form></form></div></form>", /rearranges/],
    ["<div><tr><td></td></tr></div>", /does not allow <tr> here/],
    ["<select><div></div><option>a</option></select>", /does not allow <div> here/],
    ["<table><p></p><tr><td></td></tr></table>", /moves <p> out of <table>/],
    ["<a><table><a></a></table></a>", /rearranges/],
  ];
  for (const [content, wanted] of faults) {
    const { problems, messages, html } = compile(content);
    t.ok(
      problems.every(({ code, severity }) => code === "VIEWDEF_HTML" && severity === "warning"),
      content,
    );
    t.match(messages, wanted);
    t.ok(html);
  }
  t.same(
    compile('<select><b ui-view="a"></b></select>').short,
    ["VIEWDEF_HTML 2:9"],
    "a binding that is dropped is an error",
  );
  t.same(compile("<ul><li>a<li>b</ul><p>c<p>d<br/><img><svg><path d=''/></svg>").problems, []);
});
