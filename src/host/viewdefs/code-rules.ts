import type { BindingKind } from "../../protocol/viewdef.ts";
import type { ErrorCode } from "../../protocol/error-code.ts";
import type { Severity } from "./problem.ts";
import { children, type Element } from "./tree.ts";

/** Why a binding is refused (`error`) or doubtful (`warning`). */
export interface Danger {
  severity: Severity;
  code: ErrorCode;
  message: string;
}

/** Attributes that decide what a `<script>` runs. */
const OF_SCRIPTS = new Set(["src", "href", "xlink:href", "type", "text"]);
/** Attributes with which a `<meta>` leads to another page, or says what may run in this one. */
const OF_META = new Set(["content", "http-equiv"]);
/** Kinds that put text into their element. */
const TEXT = new Set<BindingKind>(["value", "html", "error"]);

/**
 * What a binding of `kind` (for attributes: of `name`) on `element` would do with data besides showing it: nothing, as
 * long as this returns undefined. `CODE_FORBIDDEN` is for hosts without `uiCode` only.
 */
export function dangerOf(element: Element, kind: BindingKind, name = ""): Danger | undefined {
  if (kind === "code") return forbidden("ui-code runs data as code.");
  const tag = element.tagName.toLowerCase();
  const attribute = kind === "attr" ? name.toLowerCase() : "";
  if (tag === "script" && (TEXT.has(kind) || kind === "list" || OF_SCRIPTS.has(attribute)))
    return forbidden("Data in a <script> would run as code.");
  if (tag === "base") return forbidden("Data on a <base> would decide where scripts are loaded from.");
  if (tag === "meta" && OF_META.has(attribute))
    return forbidden("Data on a <meta> would decide where the page leads and what runs in it.");
  if (kind === "list" && exemplars(element).includes("script"))
    return forbidden("The rows of this list would be scripts, and their values would run as code.");
  if (tag === "style" && TEXT.has(kind))
    return {
      severity: "warning",
      code: "ATTRIBUTE_INVALID",
      message: "Data in a <style> can change the look of the whole page; use ui-class-NAME or ui-style-PROPERTY.",
    };
  return undefined;
}

function forbidden(reason: string): Danger {
  return { severity: "error", code: "CODE_FORBIDDEN", message: `${reason} uiCode is switched off on this host.` };
}

/** The tags that the rows of a list may be made of: its first element, and that of a table's body. */
function exemplars(list: Element): string[] {
  const bodies = children(list).filter(({ tagName }) => tagName === "tbody");
  return [list, ...bodies].flatMap((parent) => children(parent)[0]?.tagName.toLowerCase() ?? []);
}
