import fs from "node:fs/promises";
import path from "node:path";
import { parse, type DefaultTreeAdapterTypes } from "parse5";
import { defaultPage, escapeHtml } from "./pages.ts";

/** What the page must tell the browser client. */
export interface PageFacts {
  /** URL prefix of the instance, "" for the root. */
  prefix: string;
  session: string;
  /** The page's URL is below the session's: relative URLs need a <base> to mean the same as in the session's own. */
  isSubPath: boolean;
}

/** A site's page, cut where something is to be put in. */
interface Cut {
  beforeMeta: string;
  afterMeta: string;
  afterScript: string;
  needsMeta: boolean;
  needsBase: boolean;
  needsScript: boolean;
}

/**
 * The page of all sessions: the site's `html/index.html`, or a default one. It gets, unless it has them itself,
 * `<meta name="moonpool" content='{"prefix":…,"session":…}'>`, the script tag of the client, and on sub-paths a <base>.
 * The file is read again when its time or size has changed, and after `forget`.
 */
export class SitePage {
  readonly #file: string;
  #cut: Cut = cut(defaultPage);
  /** Of the file that `#cut` was made from; "" for the default page. */
  #version = "";

  /** `dir` is the site's folder. */
  constructor(dir: string) {
    this.#file = path.join(dir, "html", "index.html");
  }

  /** The file has changed, even if its time and size have not. */
  forget(): void {
    this.#version = "?";
  }

  async render(facts: PageFacts): Promise<string> {
    await this.#refresh();
    const { beforeMeta, afterMeta, afterScript, needsMeta, needsBase, needsScript } = this.#cut;
    const content = escapeHtml(JSON.stringify({ prefix: facts.prefix, session: facts.session }));
    const meta = needsMeta ? `<meta name="moonpool" content="${content}">` : "";
    const base = needsBase && facts.isSubPath ? `<base href="${escapeHtml(facts.prefix)}/">` : "";
    const script = needsScript
      ? `<script type="module" src="${escapeHtml(facts.prefix)}/_moonpool/client.js"></script>`
      : "";
    return beforeMeta + base + meta + afterMeta + script + afterScript;
  }

  async #refresh(): Promise<void> {
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
    this.#cut = cut(html);
    this.#version = version;
  }
}

/** Finds the places by a real parser: comments, upper case and left out tags would fool a search for "</body>". */
function cut(html: string): Cut {
  const document = parse(html, { sourceCodeLocationInfo: true });
  const elements = [...elementsOf(document)];
  const find = (name: string): DefaultTreeAdapterTypes.Element | undefined =>
    elements.find((element) => element.tagName === name);
  const tag = (name: string): { start: number | undefined; end: number | undefined } => {
    const location = find(name)?.sourceCodeLocation;
    return { start: location?.startTag?.endOffset, end: location?.endTag?.startOffset };
  };
  const doctype = document.childNodes.find((node) => node.nodeName === "#documentType");
  const metaAt = tag("head").start ?? tag("html").start ?? doctype?.sourceCodeLocation?.endOffset ?? 0;
  const scriptAt = tag("body").end ?? tag("html").end ?? html.length;
  return {
    beforeMeta: html.slice(0, metaAt),
    afterMeta: html.slice(metaAt, scriptAt),
    afterScript: html.slice(scriptAt),
    needsMeta: !elements.some((element) => element.tagName === "meta" && attribute(element, "name") === "moonpool"),
    needsBase: find("base") === undefined,
    needsScript: !elements.some(
      (element) => element.tagName === "script" && /_moonpool\/client\.js/.test(attribute(element, "src") ?? ""),
    ),
  };
}

function* elementsOf(node: DefaultTreeAdapterTypes.ParentNode): Generator<DefaultTreeAdapterTypes.Element> {
  for (const child of node.childNodes) {
    if (!("tagName" in child)) continue;
    yield child;
    yield* elementsOf(child);
  }
}

function attribute(element: DefaultTreeAdapterTypes.Element, name: string): string | undefined {
  return element.attrs.find((attribute) => attribute.name === name)?.value;
}
