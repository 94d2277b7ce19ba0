// A chunk of its own, loaded with the first viewdef that has a ui-html.
import createSanitizer from "dompurify";

/** `html` without scripts, style sheets (they hold for the whole page), event handlers, `javascript:` addresses and the like. */
export function sanitize(html: string): DocumentFragment {
  return createSanitizer.sanitize(html, { RETURN_DOM_FRAGMENT: true, FORBID_TAGS: ["style"] });
}
