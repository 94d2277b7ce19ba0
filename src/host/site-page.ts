import fs from "node:fs/promises";
import path from "node:path";
import { parse } from "parse5";
import { NONCE } from "./content-security-policy.ts";
import { pageProblems } from "./page-problems.ts";
import { defaultPage, escapeHtml } from "./pages.ts";
import type { Problem } from "./viewdefs/problem.ts";
import { children, type Element, type ParentNode } from "./viewdefs/tree.ts";

/** What the page must tell the browser client. */
export interface PageFacts {
  /** URL prefix of the instance, "" for the root. */
  prefix: string;
  session: string;
  /** The page's URL is below the session's: relative URLs need a <base> to mean the same as in the session's own. */
  isSubPath: boolean;
  /** Of the response: what the page's policy lets run. */
  nonce: string;
}

/** What is put between two pieces of a site's page. */
type Insertion = "head" | "script" | "nonce" | "nonceAttribute";

/** A site's page, cut where something is to be put in: `insertions[i]` stands between `pieces[i]` and `pieces[i + 1]`. */
interface Cut {
  pieces: string[];
  insertions: Insertion[];
  needsMeta: boolean;
  needsBase: boolean;
  needsScript: boolean;
}

interface SitePageOptions {
  /** Handlers in attributes run under the page's policy. */
  allowsInline?: boolean;
  /** Hears what is wrong with the page whenever it has been read. */
  report?: (problems: Problem[]) => void;
}

/**
 * The page of all sessions: the site's `html/index.html`, or a default one. It gets, unless it has them itself,
 * `<meta name="moonpool" content='{"prefix":…,"session":…}'>`, the script tag of the client, and on sub-paths a <base>.
 * Its scripts and styles are the author's, whatever they load: they get the response's nonce, and so does `{nonce}` in any
 * attribute. The file is read again when its time or size has changed, and after `forget`.
 */
export class SitePage {
  readonly #file: string;
  readonly #options: SitePageOptions;
  #cut: Cut = cut(parse(defaultPage, { sourceCodeLocationInfo: true }), defaultPage);
  /** Of the file that `#cut` was made from; "" for the default page. */
  #version = "";

  /** `dir` is the site's folder. */
  constructor(dir: string, options: SitePageOptions = {}) {
    this.#file = path.join(dir, "html", "index.html");
    this.#options = options;
  }

  /** The file has changed, even if its time and size have not. */
  forget(): void {
    this.#version = "?";
  }

  async render({ prefix, session, isSubPath, nonce }: PageFacts): Promise<string> {
    await this.refresh();
    const { pieces, insertions, needsMeta, needsBase, needsScript } = this.#cut;
    const content = escapeHtml(JSON.stringify({ prefix, session }));
    // Scripts can read an element's nonce, style sheets cannot: where the page has none of its own, this is where the client finds it.
    const meta = needsMeta ? `<meta name="moonpool" content="${content}" nonce="${nonce}">` : "";
    const base = needsBase && isSubPath ? `<base href="${escapeHtml(prefix)}/">` : "";
    const texts: Record<Insertion, string> = {
      head: base + meta,
      script: needsScript
        ? `<script type="module" src="${escapeHtml(prefix)}/_moonpool/client.js" nonce="${nonce}"></script>`
        : "",
      nonce,
      nonceAttribute: ` nonce="${nonce}"`,
    };
    return pieces.map((piece, index) => piece + (texts[insertions[index] as Insertion] ?? "")).join("");
  }

  /** Reads the file again if it has changed. */
  async refresh(): Promise<void> {
    let version = "";
    let html = defaultPage;
    try {
      const { mtimeMs, size } = await fs.stat(this.#file);
      version = `${mtimeMs} ${size}`;
      if (version === this.#version) return;
      html = await fs.readFile(this.#file, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      if (this.#version === "") return;
    }
    const document = parse(html, { sourceCodeLocationInfo: true });
    this.#cut = cut(document, html);
    this.#version = version;
    this.#options.report?.(this.#options.allowsInline ? [] : pageProblems(document, html));
  }
}

/** Finds the places by a real parser: comments, upper case and left out tags would fool a search for "</body>". */
function cut(document: ParentNode, html: string): Cut {
  const elements = [...elementsOf(document)];
  const find = (name: string): Element | undefined => elements.find((element) => element.tagName === name);
  const tag = (name: string): { start: number | undefined; end: number | undefined } => {
    const location = find(name)?.sourceCodeLocation;
    return { start: location?.startTag?.endOffset, end: location?.endTag?.startOffset };
  };
  const doctype = document.childNodes.find((node) => node.nodeName === "#documentType");
  const head = tag("head").start ?? tag("html").start ?? doctype?.sourceCodeLocation?.endOffset ?? 0;
  const places: { at: number; until: number; insertion: Insertion }[] = [
    { at: head, until: head, insertion: "head" },
    ...elements.flatMap((element) => noncePlaces(element, html)),
  ];
  const script = tag("body").end ?? tag("html").end ?? html.length;
  places.push({ at: script, until: script, insertion: "script" });
  places.sort((one, other) => one.at - other.at);
  const starts = [0, ...places.map(({ until }) => until)];
  return {
    pieces: starts.map((start, index) => html.slice(start, places[index]?.at ?? html.length)),
    insertions: places.map(({ insertion }) => insertion),
    needsMeta: !elements.some((element) => element.tagName === "meta" && attribute(element, "name") === "moonpool"),
    needsBase: find("base") === undefined,
    needsScript: !elements.some(
      (element) => element.tagName === "script" && /_moonpool\/client\.js/.test(attribute(element, "src") ?? ""),
    ),
  };
}

/** Where the nonce belongs: on what runs or is a style sheet, and where the author has asked for it. */
function noncePlaces(element: Element, html: string): { at: number; until: number; insertion: Insertion }[] {
  const location = element.sourceCodeLocation;
  if (!location) return [];
  const wanted = element.attrs.flatMap(({ name }) => {
    const { startOffset = 0, endOffset = 0 } = location.attrs?.[name] ?? {};
    const at = html.slice(startOffset, endOffset).indexOf(NONCE);
    const place = { at: startOffset + at, until: startOffset + at + NONCE.length, insertion: "nonce" as const };
    return at < 0 ? [] : [place];
  });
  if (!/^(script|style|link)$/.test(element.tagName) || attribute(element, "nonce") !== undefined) return wanted;
  const at = location.startOffset + 1 + element.tagName.length;
  return [...wanted, { at, until: at, insertion: "nonceAttribute" }];
}

function* elementsOf(node: ParentNode): Generator<Element> {
  for (const child of children(node)) {
    yield child;
    yield* elementsOf(child);
  }
}

function attribute(element: Element, name: string): string | undefined {
  return element.attrs.find((attribute) => attribute.name === name)?.value;
}
