import {
  Parser,
  type DefaultTreeAdapterMap,
  type DefaultTreeAdapterTypes,
  type ParserOptions,
  type Token,
} from "parse5";
import type { Report } from "./problem.ts";
import { children, contentOf, elementPlace, isForeign, type Element, type ParentNode } from "./tree.ts";

/** Elements without an end tag. */
const VOID = new Set(
  "area base basefont bgsound br col embed frame hr img image input keygen link meta param source track wbr".split(" "),
);
/** Elements whose end tag HTML adds where it is meant. */
const CLOSED_BY_HTML = new Set(
  "li p dt dd option optgroup tr td th tbody thead tfoot colgroup caption rb rt rtc rp".split(" "),
);

/**
 * Remembers all start tags, because HTML drops some of them without a trace (`<div>` in a `<select>`). parse5 calls its
 * Parser internal, but exports it, and there is no other way to learn of them; package.json pins the version.
 */
class RecordingParser extends Parser<DefaultTreeAdapterMap> {
  readonly startTags: Token.TagToken[] = [];

  override onStartTag(token: Token.TagToken): void {
    this.startTags.push({ ...token });
    super.onStartTag(token);
  }
}

/** `parseFragment` that also gives the start tags of the text. */
export function parseRecording(
  source: string,
  options: ParserOptions<DefaultTreeAdapterMap>,
): { fragment: DefaultTreeAdapterTypes.DocumentFragment; startTags: Token.TagToken[] } {
  const parser = RecordingParser.getFragmentParser<DefaultTreeAdapterMap>(null, options) as RecordingParser;
  parser.tokenizer.write(source, true);
  return { fragment: parser.getFragment(), startTags: parser.startTags };
}

/**
 * Reports where HTML makes something else of a template than its author saw: elements that are not closed, tags that are
 * dropped, elements that are moved out of a table.
 */
export function reportSurprises(
  template: Element,
  source: string,
  startTags: readonly Token.TagToken[],
  report: Report,
): void {
  const begin = startOf(template) ?? 0;
  const kept = new Set<number>();
  visit(contentOf(template) ?? template);
  for (const { tagName, location, attrs } of startTags) {
    if (!location || kept.has(location.startOffset) || location.startOffset <= begin) continue;
    const binds = attrs.some(({ name }) => name.startsWith("ui-"));
    const reason = `HTML does not allow <${tagName}> here and drops the tag.`;
    report(binds ? "error" : "warning", "VIEWDEF_HTML", reason, {
      line: location.startLine,
      column: location.startCol,
    });
  }

  function visit(parent: ParentNode): void {
    const elements = children(parent);
    /** The element that begins first among those behind. */
    let first: Element | undefined;
    for (const element of elements.toReversed()) {
      const start = startOf(element);
      if (start === undefined) continue;
      kept.add(start);
      const behind = first && startOf(first);
      if (first === undefined || behind === undefined || start <= behind) first = element;
      else
        report(
          "warning",
          "VIEWDEF_HTML",
          `HTML moves <${element.tagName}> out of <${first.tagName}>.`,
          elementPlace(element),
        );
    }
    for (const element of elements) {
      reportUnclosed(element, source, report);
      visit(contentOf(element) ?? element);
    }
  }
}

/** An element without an end tag, and `<div/>`: both swallow what follows. */
function reportUnclosed(element: Element, source: string, report: Report): void {
  const { startTag, endTag } = element.sourceCodeLocation ?? {};
  const tag = element.tagName;
  if (!startTag || endTag || isForeign(element) || VOID.has(tag)) return;
  if (source[startTag.endOffset - 2] === "/")
    report("warning", "VIEWDEF_HTML", `HTML does not know <${tag}/>; write <${tag}></${tag}>.`, elementPlace(element));
  else if (!CLOSED_BY_HTML.has(tag))
    report("warning", "VIEWDEF_HTML", `<${tag}> is not closed; </${tag}> is missing.`, elementPlace(element));
}

function startOf(element: Element): number | undefined {
  return element.sourceCodeLocation?.startOffset;
}
