import { html as names, parseFragment, serialize, type DefaultTreeAdapterTypes } from "parse5";
import type { Place, Report } from "./problem.ts";

export type Element = DefaultTreeAdapterTypes.Element;
type ParentNode = DefaultTreeAdapterTypes.ParentNode;

/** Elements without an end tag. */
const VOID = new Set(
  "area base basefont bgsound br col embed frame hr img input keygen link meta param source track wbr".split(" "),
);
/** Elements whose end tag HTML adds where it is meant. */
const CLOSED_BY_HTML = new Set(
  "li p dt dd option optgroup tr td th tbody thead tfoot colgroup caption rb rt rtc rp".split(" "),
);

/** Faults of spelling that change what the author gets. parse5 finds many more that do not matter. */
const SPELLING: Record<string, string> = {
  "duplicate-attribute": "The element has this attribute twice; the second one is ignored.",
  "eof-in-tag": "The file ends inside a tag; a quote or a > is missing.",
  "eof-in-comment": "The file ends inside a comment; --> is missing.",
  "unexpected-character-in-attribute-name":
    "A quote or < stands in the name of an attribute; is a quote missing before?",
  "missing-whitespace-between-attributes": "A space is missing between two attributes; is a quote missing?",
  "unexpected-character-in-unquoted-attribute-value": "A value with such a character needs quotes.",
};

/** A browser parses template.innerHTML as if there were no scripts: <noscript> has elements. */
const INERT = { scriptingEnabled: false };

/** The content of a viewdef's template. */
export interface Markup {
  /** What the browser gets: parsing it gives the elements of `content`. */
  html: string;
  content: ParentNode;
  /** Attributes of the `<template>` itself. */
  template: Element;
}

/**
 * Parses a viewdef file: exactly one `<template>`, with at least one element in it; text and comments around it do not
 * matter. Returns undefined, after an error was reported, when there is nothing to show. Parses the content a second
 * time to be sure that the browser will see the same elements.
 */
export function parseViewdefFile(source: string, report: Report): Markup | undefined {
  const spelling: { reason: string; place: Place }[] = [];
  const file = parseFragment(source, {
    ...INERT,
    sourceCodeLocationInfo: true,
    onParseError: ({ code, startLine, startCol }) => {
      const reason = SPELLING[code];
      if (reason) spelling.push({ reason, place: { line: startLine, column: startCol } });
    },
  });
  for (const { reason, place } of spelling) report("warning", "VIEWDEF_HTML", reason, place);

  const roots = children(file);
  const template = roots.find(isTemplate);
  if (template === undefined) {
    report("error", "VIEWDEF_TEMPLATE", "There is no <template> around the content.", elementPlace(roots[0]));
    return undefined;
  }
  const other = roots.find((root) => root !== template);
  if (other !== undefined) {
    const what = isTemplate(other) ? "a second <template>" : `<${other.tagName}> beside the <template>`;
    report("error", "VIEWDEF_TEMPLATE", `A viewdef is one <template>, and there is ${what}.`, elementPlace(other));
    return undefined;
  }
  const content = contentOf(template);
  if (content === undefined || children(content).length === 0) {
    report("error", "VIEWDEF_EMPTY", "The template has no element.", elementPlace(template));
    return undefined;
  }
  reportUnclosed(content, source, report);
  const stable = settle(content);
  if (stable === undefined) {
    report("error", "VIEWDEF_HTML", "The browser would rearrange these elements.", elementPlace(template));
    return undefined;
  }
  if (stable.moved) {
    const reason = "Elements are nested in a way that HTML does not allow; the browser rearranges them.";
    report("warning", "VIEWDEF_HTML", reason, elementPlace(template));
  }
  return { html: stable.html, content: stable.content, template };
}

/**
 * Serialises and parses until both agree. Some nestings (a form in a form, blocks in headings that tables move out)
 * change once when they are parsed again; the second tree has no places in the file.
 */
function settle(first: ParentNode): { html: string; content: ParentNode; moved: boolean } | undefined {
  let content = first;
  for (let round = 0; round < 4; round++) {
    const html = serialize(content, INERT).trim();
    const again = parseFragment(html, INERT);
    if (outline(again) === outline(content)) return { html, content, moved: round > 0 };
    content = again;
  }
  return undefined;
}

/** The tags of a tree, with their nesting; nested templates count with their content. */
function outline(parent: ParentNode): string {
  return children(parent)
    .map((element) => {
      const inner = contentOf(element);
      return `${element.namespaceURI === names.NS.HTML ? "" : "!"}${element.tagName}(${outline(element)}${inner ? `/${outline(inner)}` : ""})`;
    })
    .join();
}

/** Elements without an end tag, and `<div/>`, both of which swallow what follows. */
function reportUnclosed(parent: ParentNode, source: string, report: Report): void {
  for (const element of children(parent)) {
    const { startTag, endTag } = element.sourceCodeLocation ?? {};
    if (startTag && !endTag && !isForeign(element) && !VOID.has(element.tagName)) {
      const tag = element.tagName;
      if (source[startTag.endOffset - 2] === "/")
        report(
          "warning",
          "VIEWDEF_HTML",
          `HTML does not know <${tag}/>; write <${tag}></${tag}>.`,
          elementPlace(element),
        );
      else if (!CLOSED_BY_HTML.has(tag))
        report("warning", "VIEWDEF_HTML", `<${tag}> is not closed; </${tag}> is missing.`, elementPlace(element));
    }
    reportUnclosed(contentOf(element) ?? element, source, report);
  }
}

/** The element children of a node. */
export function children(parent: ParentNode): Element[] {
  return parent.childNodes.filter((node): node is Element => "tagName" in node);
}

/** The content of a `<template>`; undefined for everything else. */
export function contentOf(element: Element): ParentNode | undefined {
  return "content" in element ? (element as DefaultTreeAdapterTypes.Template).content : undefined;
}

/** True for elements of SVG and MathML. */
export function isForeign(element: Element): boolean {
  return element.namespaceURI !== names.NS.HTML;
}

/** Where the element begins. */
export function elementPlace(element: Element | undefined): Place | undefined {
  const location = element?.sourceCodeLocation;
  return location ? { line: location.startLine, column: location.startCol } : undefined;
}

/** Where an attribute stands, and its name with the capitals it has in `source`. */
export function attributePlace(
  element: Element,
  name: string,
  source: string,
): { place: Place | undefined; written: string } {
  const location = element.sourceCodeLocation?.attrs?.[name];
  if (!location) return { place: elementPlace(element), written: name };
  const written = source.slice(location.startOffset, location.startOffset + name.length);
  return {
    place: { line: location.startLine, column: location.startCol },
    written: written.toLowerCase() === name ? written : name,
  };
}

function isTemplate(element: Element): boolean {
  return element.tagName === "template" && !isForeign(element);
}
