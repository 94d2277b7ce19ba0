import * as fc from "fast-check";
import { parseFragment } from "parse5";
import { chromium } from "playwright-core";
import t from "tap";
import { compileViewdef } from "../../../src/host/viewdefs/compile.ts";
import { children } from "../../../src/host/viewdefs/tree.ts";

const written = [
  "<div><p>a</p></div>",
  "<tr><td>a</td><td>b</td></tr>",
  "<td>a</td>",
  "<table><tr><td>x</td></tr></table>",
  "<table><caption>c</caption><colgroup><col><col></colgroup><thead><tr><th>h</th></tr></thead><tr><td>x</td></tr></table>",
  "<table><div>moved</div><tr><td>x</td></tr></table>",
  "<li>a<li>b",
  "<p>a<div>b</div>c</p>",
  "<p>a<table><tr><td>x</table>",
  "<select><option>a<option selected>b<optgroup label=g><option>c</select>",
  "<select><hr><option>a</option></select>",
  "<select><div>lost</div><button>b</button><option><b>x</b></option></select>",
  "<option>a</option><option>b</option>",
  "<input><br><img src=x><hr><wbr>",
  "<svg viewBox='0 0 1 1'><g><circle r=1 /><linearGradient><stop/></linearGradient></g></svg>",
  "<svg><foreignObject><div><p>x<p>y</div></foreignObject></svg>",
  "<svg><title><b>x</b></title><desc><i>y</i></desc><style>a{}</style></svg>",
  "<svg><p>breaks out</p></svg>",
  "<svg><template><p>x</p></template></svg>",
  "<math><mi>x</mi><mo>+</mo><annotation-xml encoding='text/html'><p>x</p></annotation-xml></math>",
  "<div><template><p>in</p><template><i>deeper</i></template></template><p>after</p></div>",
  "<template><tr><td>x</td></tr></template><p>x</p>",
  "<template shadowrootmode=open><p>x</p></template><p>y</p>",
  "<noscript><p>x</p></noscript><p>y</p>",
  "<script>if (a < b) document.write('<p>')</script><p>x</p>",
  "<style>p > a {}</style><p>x</p>",
  "<textarea>\n\n<p>text</p></textarea><p>x</p>",
  "<pre>\n\nx</pre><listing>\ny</listing>",
  "<b><i>x</b>y</i>",
  "<b><p>x</b>y</p>",
  "<a href=1>x<a href=2>y</a></a>",
  "<a><table><a>x</a></table></a>",
  "<form><form><input></form></form>",
  "<button>a<button>b</button></button>",
  "<h1>a<h2>b</h2></h1>",
  "<dl><dt>a<dd>b<dt>c</dl>",
  "<ruby>a<rt>b<rp>c</ruby>",
  "<iframe><p>text</p></iframe><p>x</p>",
  "<noembed><p></noembed><xmp><p></xmp><p>x</p>",
  "<object><param name=a><p>x</p></object>",
  "<video><source src=x><track></video>",
  "<sl-select><sl-option value=1>a</sl-option></sl-select>",
  "<sl-icon/><p>inside</p>",
  "<details><summary>s</summary>x</details>",
  "<body><p>x</p></body>",
  "<html><head><title>t</title></head><body class=a><p>x</p></body></html>",
  "<frameset><frame></frameset><p>x</p>",
  "<plaintext><p>x</p>",
  "<image src=x><nobr>a<nobr>b</nobr>",
  "<marquee>a</marquee><center>b</center><font color=red>c</font>",
  "&lt;p&gt;<p title='&quot;&lt;&amp;\u00a0'>&nbsp;</p>",
  "<p a=1 a=2 B=3 xlink:href=x>x</p>",
];

const tags =
  "div p span a b form table tbody tr td th select option optgroup input br ul li svg circle foreignObject title desc math mi mo template script style textarea pre button noscript h1 sl-input details dl dt iframe object nobr applet marquee caption col font ruby rt".split(
    " ",
  );
const piece = fc.oneof(
  fc.constantFrom(...tags).map((tag) => `<${tag}>`),
  fc.constantFrom(...tags).map((tag) => `</${tag}>`),
  fc.constantFrom("text", "<!-- c -->", "&amp;", "\n", " "),
);
const soup = fc.array(piece, { minLength: 3, maxLength: 30 }).map((pieces) => pieces.join(""));

/** Local names of the elements below `parent`, in document order, nested templates not entered. */
function names(parent: Parameters<typeof children>[0]): string[] {
  return children(parent).flatMap((element) => [element.tagName, ...names(element)]);
}

t.test("Chromium finds the elements of a compiled viewdef at the indexes that its bindings name", async (t) => {
  const sources = [...written, ...fc.sample(soup, { numRuns: 400, seed: 20 })];
  const compiled = sources.flatMap((source) => {
    // Whatever the closing tags do to the template, what is left of it is the viewdef.
    const { compiled } = compileViewdef("A.B", `<template>${source}</template>`, { file: "f.html", uiCode: false });
    return compiled === undefined ? [] : [{ source, html: compiled.viewdef.html }];
  });
  t.ok(compiled.length > 200, `${compiled.length} viewdefs to compare`);

  const browser = await chromium.launch({
    executablePath: process.env["BROWSER_PATH"] ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"],
  });
  t.teardown(() => browser.close());
  const page = await browser.newPage();
  await page.setContent("<!doctype html>");
  const found = await page.evaluate(
    (all) =>
      all.map((html) => {
        const template = document.createElement("template");
        template.innerHTML = html;
        return Array.from(template.content.querySelectorAll("*"), ({ localName }) => localName);
      }),
    compiled.map(({ html }) => html),
  );
  for (const [index, { source, html }] of compiled.entries()) {
    const wanted = names(parseFragment(html, { scriptingEnabled: false }));
    if (JSON.stringify(found[index]) !== JSON.stringify(wanted)) t.same(found[index], wanted, `${source} → ${html}`);
  }
});
