import { runsAsScript } from "../../protocol/address.ts";
import type { Report } from "./problem.ts";
import { attributePlace, children, contentOf, type ParentNode } from "./tree.ts";

/** A handler in an attribute: `onclick="…"`. */
const HANDLER = /^on[a-z]+$/;

/**
 * Takes addresses that would run as scripts out of `content`, and tells of them; tells of handlers in attributes, which pages
 * with the usual policy do not run, unless `allowsInline`.
 */
export function removeInlineCode(content: ParentNode, source: string, allowsInline: boolean, report: Report): void {
  for (const element of children(content)) {
    const { tagName } = element;
    element.attrs = element.attrs.filter(({ name, value, prefix }) => {
      const full = prefix ? `${prefix}:${name}` : name;
      const { place } = attributePlace(element, full, source);
      if (!allowsInline && HANDLER.test(name))
        report("warning", "PAGE_BLOCKED", `${name}="…" does not run in the page: ${insteadOf(name)}`, place);
      if (!runsAsScript(tagName, full, value)) return true;
      report("error", "URL_FORBIDDEN", `The address in ${full} of <${tagName}> would run as a script.`, place);
      return false;
    });
    removeInlineCode(contentOf(element) ?? element, source, allowsInline, report);
  }
}

function insteadOf(handler: string): string {
  const event = handler.slice(2);
  const binding = event === "click" ? "ui-action" : `ui-event-${event}`;
  return `write ${binding}="method()", or listen in a <script>.`;
}
