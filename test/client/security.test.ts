// Nothing that data brings runs in the page, and what the page's policy blocks is told (D2-29).
import t from "tap";
import { Chromium } from "../support/chromium.ts";
import { scene, settled } from "../support/scene.ts";
import { bind, ScriptedHost, update, view, viewdef, welcome, deliver } from "../support/scripted-host.ts";

const chromium = await Chromium.launch(t);

/** Ways in which markup is known to have run code; each would set `hacked`, on its own or once somebody clicks. */
const payloads = [
  `<script>hacked=1</script>`,
  `<SCRIPT SRC=/evil.js></SCRIPT>`,
  `<scr<script>ipt>hacked=1</scr</script>ipt>`,
  `<img src=x onerror=hacked=1>`,
  `<IMG """><SCRIPT>hacked=1</SCRIPT>">`,
  `<img src=x:x onerror\n=\nhacked=1 //`,
  `<img src="x"/onerror="hacked=1">`,
  `<body onload=hacked=1>`,
  `<input autofocus onfocus=hacked=1>`,
  `<select autofocus onfocus=hacked=1>`,
  `<details open ontoggle=hacked=1>x</details>`,
  `<video><source onerror=hacked=1></video>`,
  `<audio src=x onerror=hacked=1></audio>`,
  `<marquee onstart=hacked=1>x</marquee>`,
  `<div style="animation: a 1s" onanimationstart=hacked=1>x</div>`,
  `<iframe src="javascript:parent.hacked=1"></iframe>`,
  `<iframe srcdoc="<script>parent.hacked=1</script>"></iframe>`,
  `<object data="javascript:hacked=1"></object>`,
  `<object data="data:text/html,<script>parent.hacked=1</script>"></object>`,
  `<embed src="javascript:hacked=1">`,
  `<a href="javascript:hacked=1">click</a>`,
  `<a href=" jAvA&Tab;scr&NewLine;ipt:hacked=1">click</a>`,
  `<a href="&#x6A;avascript:hacked=1">click</a>`,
  `<a href="\u0001javascript:hacked=1">click</a>`,
  `<form action="javascript:hacked=1"><button>click</button></form>`,
  `<form id=f></form><button form=f formaction="javascript:hacked=1">click</button>`,
  `<form><input type=image src=x onerror=hacked=1></form>`,
  `<meta http-equiv="refresh" content="0;url=javascript:hacked=1">`,
  `<base href="javascript:hacked=1//"><a href="x">click</a>`,
  `<link rel="stylesheet" href="javascript:hacked=1">`,
  `<svg onload=hacked=1></svg>`,
  `<svg><script>hacked=1</script></svg>`,
  `<svg><script href="data:,hacked=1"/></svg>`,
  `<svg><a xlink:href="javascript:hacked=1"><text y=20>click</text></a></svg>`,
  `<svg><a><animate attributeName="href" values="javascript:hacked=1"/><text y=20>click</text></a></svg>`,
  `<svg><a><set attributeName=href to=javascript:hacked=1></set><text y=20>click</text></a></svg>`,
  `<svg><animate onbegin=hacked=1 attributeName=x dur=1s></svg>`,
  `<svg><use href="data:image/svg+xml,<svg id='x' xmlns='http://www.w3.org/2000/svg'><image href='1' onerror='hacked=1'/></svg>#x"/></svg>`,
  `<svg><foreignObject><iframe src="javascript:parent.hacked=1"></iframe></foreignObject></svg>`,
  `<svg></p><style><a id="</style><img src=1 onerror=hacked=1>">`,
  `<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=hacked=1&gt;">`,
  `<math href="javascript:hacked=1">click</math>`,
  `<math><maction actiontype="statusline#x" xlink:href="javascript:hacked=1">click</maction></math>`,
  `<form><math><mtext></form><form><mglyph><style></math><img src onerror=hacked=1>`,
  `<noscript><p title="</noscript><img src=x onerror=hacked=1>">`,
  `<template><img src=x onerror=hacked=1></template>`,
  `<textarea></textarea><img src=x onerror=hacked=1>`,
  `<xmp><p title="</xmp><img src=x onerror=hacked=1>"></xmp>`,
  `<!--><img src=x onerror=hacked=1>-->`,
  `<![CDATA[<img src=x onerror=hacked=1>]]>`,
  `<?xml-stylesheet ><img src=x onerror=hacked=1> ?>`,
  `<isindex type=image src=1 onerror=hacked=1>`,
  `<x onclick=hacked=1 tabindex=1>click</x>`,
  `<img name=getElementById src=x><img id=moonpool src=x>`,
];

t.test(
  `none of ${payloads.length} payloads of ui-html runs, in the page or by a click, and the page goes on`,
  async (t) => {
    const app = viewdef(
      `<p></p><div></div><section><i></i></section>`,
      bind(0, "value", 0),
      bind(1, "html", 1),
      bind(3, "html", 1, { replace: true }),
    );
    const { page, connection } = await scene(t, chromium, app, {
      values: ["", ""],
      // Whatever leads somewhere else than into a script would leave the page.
      head: `<script>
        addEventListener("submit", (event) => event.preventDefault());
        addEventListener("click", (event) => event.target.closest("a")?.protocol === "javascript:" || event.preventDefault());
      </script>`,
      files: { "/evil.js": "hacked=1", "/x": "", "/1": "" },
      // The sanitiser has to do without the policy's help.
      policy: false,
      allow: /Failed to load resource/,
    });
    for (const [index, payload] of payloads.entries()) {
      await settled(page, connection, update(2, index), update(3, payload));
      const left = await page.evaluate(async () => {
        for (const element of document.querySelectorAll<HTMLElement>("div *, section *")) {
          element.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true }));
          element.focus?.();
        }
        await new Promise((resolve) => setTimeout(resolve));
        const { hacked, moonpool } = window as never as { hacked?: unknown; moonpool: { state: string } };
        const risks = Array.from(document.querySelectorAll("div, section, div *, section *"), (element) =>
          /^(script|iframe|object|embed|base|meta|link|use|set|animate|foreignobject|style)$/i.test(element.localName)
            ? element.localName
            : element
                .getAttributeNames()
                .filter(
                  (name) => /^(on|srcdoc)/i.test(name) || /^\W*javascript/i.test(element.getAttribute(name) ?? ""),
                ),
        );
        return { hacked, state: moonpool.state, risks: risks.flat() };
      });
      t.strictSame(left, { hacked: undefined, state: "connected", risks: [] }, payload);
    }
    t.equal(await page.locator("p").textContent(), String(payloads.length - 1));
  },
);

t.test("none of them runs as text of a value, an attribute, a class or a style either", async (t) => {
  const app = viewdef(
    `<p></p><a>x</a><img alt=""><form><button>x</button></form>`,
    bind(0, "value", 0),
    bind(0, "attr", 0, { name: "title" }),
    bind(0, "attr", 0, { name: "style" }),
    bind(0, "attr", 0, { name: "class" }),
    bind(0, "style", 0, { name: "background" }),
  );
  const { page, connection } = await scene(t, chromium, app, { values: [""] });
  for (const payload of payloads) {
    await settled(page, connection, update(2, payload));
    t.equal(await page.locator("p").textContent(), payload);
    t.equal(await page.locator("p *").count(), 0);
  }
  t.equal(await page.evaluate("window.hacked"), undefined);
});

t.test("addresses that would run are set on no element, in whatever spelling; others are", async (t) => {
  const places: [html: string, name: string][] = [
    ["<a>x</a>", "href"],
    ["<area>", "href"],
    ["<iframe></iframe>", "src"],
    ["<frame-like></frame-like>", "src"],
    ["<form></form>", "action"],
    ["<button>x</button>", "formaction"],
    [`<input type="image" alt="">`, "formaction"],
    ["<svg><a></a></svg>", "xlink:href"],
    ["<math></math>", "href"],
  ];
  const html = places.map(([text]) => text).join("");
  // Elements of SVG hold another.
  let at = 0;
  const bindings = places.map(([text, name], slot) => {
    const binding = bind(text.startsWith("<svg") ? at + 1 : at, "attr", slot, { name });
    at += text.startsWith("<svg") ? 2 : 1;
    return binding;
  });
  const { page, connection } = await scene(t, chromium, viewdef(html, ...bindings), {
    values: places.map(() => ""),
    allow: / of <|violates|404/,
  });
  const bindAll = (text: string) => settled(page, connection, ...places.map((_, slot) => update(2 + slot, text)));
  /** How many elements have an address, or whatever else was bound to it. */
  const set = () =>
    page.evaluate(
      (names) =>
        [...document.querySelectorAll("body *")].filter((element) => names.some((name) => element.getAttribute(name)))
          .length,
      places.map(([, name]) => name),
    );
  for (const address of [
    "javascript:hacked=1",
    "JAVASCRIPT:hacked=1",
    " \n\tjava\tscr\nipt\r:hacked=1",
    "\u0001\u001fjavascript:hacked=1",
    "\0javascript:hacked=1",
  ]) {
    await bindAll(address);
    t.equal(await set(), 0, JSON.stringify(address));
    t.equal(await page.locator(".ui-error[ui-error-code=URL_FORBIDDEN]").count(), places.length);
  }
  await bindAll("/x?javascript:");
  t.equal(await set(), places.length);
  t.equal(await page.locator(".ui-error").count(), 0);
  await bindAll("data:text/html,<script>parent.hacked=1</script>");
  t.same(
    await page.evaluate(() => [...document.querySelectorAll(".ui-error")].map(({ localName }) => localName)),
    ["iframe"],
    "data: is a document there, elsewhere a picture or a download",
  );
  t.equal(await page.evaluate("window.hacked"), undefined);
});

t.test(
  "scripts, styles and links of viewdefs run and hold under the page's policy, wherever they come from",
  async (t) => {
    const app = viewdef(
      `<main><style>p { color: rgb(1, 2, 3) }</style><p style="margin-top: 7px">x</p><script>log.push("inline")</script>
     <script src="data:text/javascript,log.push('data')"></script><script type="module">log.push("module")</script><div></div></main>`,
      bind(6, "view", 0),
    );
    const { page, connection } = await scene(t, chromium, app, {
      head: "<script>window.log = []</script>",
      values: [null],
      viewdefs: { "X.DEFAULT": viewdef(`<script>log.push("nested")</script><b></b>`) },
    });
    await page.waitForFunction("log.length === 3");
    t.same(await page.evaluate("log"), ["inline", "data", "module"]);
    t.same(await page.locator("p").evaluate((p) => [getComputedStyle(p).color, getComputedStyle(p).marginTop]), [
      "rgb(1, 2, 3)",
      "7px",
    ]);
    await settled(page, connection, view(2, "X.DEFAULT", 3, []));
    await page.waitForFunction("log.includes('nested')");
    t.equal(
      await page.evaluate("document.documentElement.outerHTML.includes('nonce=\"N')"),
      false,
      "nobody can read the nonce off the page",
    );
  },
);

t.test(
  "in development what the policy blocks is in the page and the host's log; what came before the client too",
  async (t) => {
    const host = await ScriptedHost.start(t);
    host.body = `<div ui-app></div><img src="https://example.org/early.png" alt="">`;
    const page = await chromium.open(t, host.url, { allow: /violates|TrustedHTML|blocked/ });
    const connection = await host.connection();
    connection.send(
      welcome(true),
      deliver({ "App.DEFAULT": viewdef(`<p onclick="hacked=1">x</p>`) }),
      view(1, "App.DEFAULT", 2, []),
    );
    const reports: string[] = [];
    const reported = async (what: RegExp) => {
      while (!reports.some((text) => what.test(text)))
        for (const message of await connection.messages())
          if (message.type === "error") reports.push(`${message.code} ${message.message}`);
    };
    await reported(/^PAGE_BLOCKED img-src .*early\.png/);
    await page.locator("p").click();
    await reported(/^PAGE_BLOCKED script-src-attr .*stands in the page/);
    await page.evaluate(() => {
      try {
        document.querySelector("p")!.innerHTML = "<b>x</b>";
      } catch {
        // That is what is to be told.
      }
    });
    await reported(/^PAGE_BLOCKED require-trusted-types-for .*innerHTML/);
    await page.locator("moonpool-errors li", { hasText: "PAGE_BLOCKED" }).nth(2).waitFor();
    t.equal(await page.evaluate("window.hacked"), undefined);
  },
);
