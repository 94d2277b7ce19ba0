const PARAMETER = "moonpool";
/** What has attributes that are URLs of something to look at. */
const USERS = {
  src: "img,source,input,video,audio",
  srcset: "img,source",
  poster: "video",
  href: "image,use",
};
type SheetOwner = HTMLLinkElement | HTMLStyleElement;

/** The newest version of a URL's file; undefined if the file has not changed. */
type Newer = (url: string, base?: string) => string | undefined;

/** Owners that stand in for others. */
const stands = new WeakSet<SheetOwner>();

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
    for (const owner of root.querySelectorAll<SheetOwner>("link[href],style")) swapSheet(owner, newer, version);
    for (const [name, users] of Object.entries(USERS))
      for (const element of root.querySelectorAll(users)) swapAttribute(element, name, newer);
    for (const element of root.querySelectorAll<HTMLElement>("[style*='url(']")) swapStyle(element.style, newer);
    for (const sheet of root.adoptedStyleSheets) swapRules(sheet, newer);
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

/** A sheet is loaded again if itself or one that it imports has changed. */
function swapSheet(owner: SheetOwner, newer: Newer, version: string): void {
  if (stands.has(owner)) return;
  const { sheet } = owner;
  const imports = sheet ? importsOf(sheet, newer) : [];
  const href = "href" in owner ? newer(owner.href) : undefined;
  if ("href" in owner && !/\bstylesheet\b/i.test(owner.rel)) {
    if (href && /\bicon\b/i.test(owner.rel)) owner.href = href;
  } else if (href || imports.length > 0) void loadAgain(owner, imports, version);
  else if (sheet) swapRules(sheet, newer);
}

/**
 * Lets `renew` give `owner` another style sheet. It is without one until that has been loaded, so a copy stands in for it;
 * it stays itself, because scripts and views know it.
 */
function exchange(owner: SheetOwner, renew: (owner: SheetOwner) => void): void {
  const stand = owner.cloneNode(true) as SheetOwner;
  stands.add(stand);
  stand.removeAttribute("id");
  const leave = () => stand.remove();
  stand.addEventListener("error", leave, { once: true });
  stand.addEventListener(
    "load",
    () => {
      // Nothing is loaded of an element that is no longer in the page.
      if (!owner.isConnected) return leave();
      for (const type of ["load", "error"]) owner.addEventListener(type, leave, { once: true });
      renew(owner);
    },
    { once: true },
  );
  renew(stand);
  owner.after(stand);
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

/** URLs of changed sheets that `sheet` imports, directly or not. */
function importsOf(sheet: CSSStyleSheet, newer: Newer, base = document.baseURI): string[] {
  const own = sheet.href ?? base;
  return rulesOf(sheet).flatMap((rule) => {
    if (!(rule instanceof CSSImportRule)) return [];
    const inner = rule.styleSheet ? importsOf(rule.styleSheet, newer, own) : [];
    return newer(rule.href, own) ? [new URL(rule.href, own).href, ...inner] : inner;
  });
}

/** What a sheet imports has the addresses that stand in its text. */
async function loadAgain(owner: SheetOwner, imports: string[], version: string): Promise<void> {
  // They come from the browser's cache, which learns of the new versions by this.
  await Promise.all(imports.map((url) => fetch(url, { cache: "reload" }).catch(() => {})));
  exchange(owner, (element) => {
    if (element instanceof HTMLStyleElement) {
      if (element.firstChild instanceof Text) element.firstChild.data += "";
      return;
    }
    const url = new URL(element.href);
    url.searchParams.set(PARAMETER, version);
    element.href = url.href;
  });
}

function swapRules(sheet: CSSStyleSheet, newer: Newer): void {
  for (const rule of rulesOf(sheet)) swapRule(rule, newer, sheet.href ?? document.baseURI);
}

function swapRule(rule: CSSRule, newer: Newer, base: string): void {
  if (rule instanceof CSSImportRule) {
    for (const inner of rulesOf(rule.styleSheet)) swapRule(inner, newer, rule.styleSheet?.href ?? base);
    return;
  }
  const { style } = rule as CSSStyleRule;
  if (style) swapStyle(style, newer, base);
  for (const inner of rulesOf(rule as CSSGroupingRule)) swapRule(inner, newer, base);
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
