const PARAMETER = "moonpool";
/** What has attributes that are URLs of something to look at. */
const USERS = {
  src: "img,source,input,video,audio",
  srcset: "img,source",
  poster: "video",
  href: "image,use",
};
/** How long an imported style sheet may take to come. */
const PATIENCE_MS = 5_000;

/** The newest version of a URL's file; undefined if the file has not changed. */
type Newer = (url: string, base?: string) => string | undefined;

/** One after the other, so that each finds the addresses which the one before has set. */
let last = 0;

/**
 * Lets the page use the newest version of static files without loading it anew: style sheets (also those that another one
 * imports), images, posters, icons, and `url()` in styles. `paths` are URL paths. Who uses other files finds them anew
 * when they are asked for again.
 */
export function swapAssets(paths: readonly string[]): void {
  last = Math.max(Date.now(), last + 1);
  const version = String(last);
  const changed = new Set(paths.map(plain));
  const newer: Newer = (url, base = document.baseURI) => {
    if (!URL.canParse(url, base)) return undefined;
    const parsed = new URL(url, base);
    if (parsed.origin !== location.origin || !changed.has(plain(parsed.pathname))) return undefined;
    parsed.searchParams.set(PARAMETER, version);
    return parsed.href;
  };
  for (const root of roots(document)) {
    for (const link of root.querySelectorAll<HTMLLinkElement>("link[href]")) swapLink(link, newer);
    for (const [name, users] of Object.entries(USERS))
      for (const element of root.querySelectorAll(users)) swapAttribute(element, name, newer);
    for (const element of root.querySelectorAll<HTMLElement>("[style*='url(']")) swapStyle(element.style, newer);
    for (const sheet of [...root.styleSheets, ...root.adoptedStyleSheets]) swapSheet(sheet, newer);
  }
}

/** Without %-signs where they are not needed. */
function plain(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** The document and all open shadow roots in it. */
function* roots(root: Document | ShadowRoot): Generator<Document | ShadowRoot> {
  yield root;
  for (const { shadowRoot } of root.querySelectorAll("*")) if (shadowRoot) yield* roots(shadowRoot);
}

/**
 * A link loses its style sheet while it loads another one, so a second link stands in for it; the first one stays, because
 * scripts and views know it.
 */
function swapLink(link: HTMLLinkElement, newer: Newer): void {
  const href = newer(link.href);
  if (!href || !/\b(stylesheet|icon)\b/i.test(link.rel)) return;
  if (!/\bstylesheet\b/i.test(link.rel)) {
    link.href = href;
    return;
  }
  const stand = link.cloneNode() as HTMLLinkElement;
  stand.removeAttribute("id");
  const leave = () => stand.remove();
  stand.addEventListener("error", leave, { once: true });
  stand.addEventListener(
    "load",
    () => {
      for (const type of ["load", "error"]) link.addEventListener(type, leave, { once: true });
      link.href = href;
      // Nothing is loaded of a link that is no longer in the page.
      if (!link.isConnected) leave();
    },
    { once: true },
  );
  stand.href = href;
  link.after(stand);
}

function swapAttribute(element: Element, name: string, newer: Newer): void {
  const value = element.getAttribute(name);
  if (!value) return;
  const next =
    name === "srcset"
      ? value.replace(/(^|,\s*)(\S+)/g, (_, before: string, url: string) => before + (newer(url) ?? url))
      : newer(value);
  if (next !== undefined && next !== value) element.setAttribute(name, next);
}

function swapSheet(sheet: CSSStyleSheet, newer: Newer, base = document.baseURI): void {
  const own = sheet.href ?? base;
  for (const rule of rulesOf(sheet)) {
    const href = rule instanceof CSSImportRule ? newer(rule.href, own) : undefined;
    if (href) void swapImport(sheet, rule as CSSImportRule, href);
    else swapRule(rule, newer, own);
  }
}

function swapRule(rule: CSSRule, newer: Newer, base: string): void {
  if (rule instanceof CSSImportRule) {
    if (rule.styleSheet) swapSheet(rule.styleSheet, newer, base);
    return;
  }
  const { style } = rule as CSSStyleRule;
  if (style) swapStyle(style, newer, base);
  for (const inner of rulesOf(rule as CSSGroupingRule)) swapRule(inner, newer, base);
}

/** The newer sheet stands behind the old one until it is there. */
async function swapImport(sheet: CSSStyleSheet, rule: CSSImportRule, href: string): Promise<void> {
  const index = rulesOf(sheet).indexOf(rule) + 1;
  const { layerName, supportsText, media } = rule;
  const layer = layerName === null ? "" : layerName === "" ? "layer" : `layer(${layerName})`;
  const supports = supportsText ? `supports(${supportsText})` : "";
  const text = `@import url(${JSON.stringify(href)}) ${layer} ${supports} ${media.mediaText};`;
  sheet.insertRule(text, index);
  const next = sheet.cssRules[index] as CSSImportRule;
  const end = performance.now() + PATIENCE_MS;
  while (!next.styleSheet && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 20));
  const gone = rulesOf(sheet).indexOf(next.styleSheet ? rule : next);
  if (gone >= 0) sheet.deleteRule(gone);
}

function swapStyle(style: CSSStyleDeclaration, newer: Newer, base?: string): void {
  for (const name of style) {
    const value = style.getPropertyValue(name);
    if (!value.includes("url(")) continue;
    const next = value.replace(/url\((["']?)(.*?)\1\)/g, (all, _: string, url: string) => {
      const found = newer(url, base);
      return found === undefined ? all : `url(${JSON.stringify(found)})`;
    });
    if (next !== value) style.setProperty(name, next, style.getPropertyPriority(name));
  }
}

/** Sheets of other origins do not tell, nor those that are being loaded. */
function rulesOf(holder: { readonly cssRules?: CSSRuleList } | null): CSSRule[] {
  try {
    return [...(holder?.cssRules ?? [])];
  } catch {
    return [];
  }
}
