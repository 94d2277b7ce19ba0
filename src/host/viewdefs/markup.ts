import { parseFragment, serialize } from "parse5";
import type { Place, Report } from "./problem.ts";
import { removeInlineCode } from "./inline-code.ts";
import { parseRecording, reportSurprises } from "./surprises.ts";
import { children, contentOf, elementPlace, isForeign, type Element, type ParentNode } from "./tree.ts";

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

/** Elements inside one another. Browsers stop at 512 for the whole page, and put what is deeper beside each other. */
const MAX_DEPTH = 256;

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
 * time to be sure that the browser will see the same elements. `allowsInline`: the page runs handlers in attributes.
 */
export function parseViewdefFile(source: string, report: Report, allowsInline = false): Markup | undefined {
  const spelling: { reason: string; place: Place }[] = [];
  const { fragment: file, startTags } = parseRecording(source, {
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
  if (template.sourceCodeLocation?.endTag === undefined) {
    const reason = "The <template> is not closed: the file ends before its </template>.";
    report("error", "VIEWDEF_TEMPLATE", reason, elementPlace(template));
    return undefined;
  }
  const content = contentOf(template);
  if (content === undefined || children(content).length === 0) {
    report("error", "VIEWDEF_EMPTY", "The template has no element.", elementPlace(template));
    return undefined;
  }
  const deep = tooDeep(content);
  if (deep !== undefined) {
    const reason = `More than ${MAX_DEPTH} elements are nested in one another.`;
    report("error", "VIEWDEF_HTML", reason, elementPlace(deep));
    return undefined;
  }
  reportSurprises(template, source, startTags, report);
  removeInlineCode(content, source, allowsInline, report);
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

/** The first element found beyond MAX_DEPTH. Level by level: everything else that walks the tree calls itself. */
function tooDeep(content: ParentNode): Element | undefined {
  let level = children(content);
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) return level[0];
    level = level.flatMap((element) => children(contentOf(element) ?? element));
  }
  return undefined;
}

/** The tags of a tree, with their nesting; nested templates count with their content. */
function outline(parent: ParentNode): string {
  return children(parent)
    .map((element) => {
      const inner = contentOf(element);
      return `${isForeign(element) ? "!" : ""}${element.tagName}(${outline(element)}${inner ? `/${outline(inner)}` : ""})`;
    })
    .join();
}

function isTemplate(element: Element): boolean {
  return element.tagName === "template" && !isForeign(element);
}
