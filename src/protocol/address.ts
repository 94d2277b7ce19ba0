/** Attributes in which a `javascript:` address would run. */
const ADDRESS = /^(href|src|action|formaction|xlink:href|data)$/i;
/** Browsers skip blanks and control characters before and within the scheme. */
// oxlint-disable-next-line no-control-regex
const BLANKS = /[\0- ]/g;
/** Elements of SVG that give another element's attribute the values of these, an address among them. */
const ANIMATION = /^(set|animate\w*)$/i;
const ANIMATED = /^(to|from|by|values)$/i;
/** What they load is a document or a script; elsewhere `data:` is a picture or a download. */
const LOADER = /^(use|i?frame|embed|object|script|\w+-include)$/i;

/** Whether `text`, or one of its parts where it is a list of values, is an address that would run as a script. */
export function runsAsScript(tag: string, name: string, text: string): boolean {
  const plain = text.replace(BLANKS, "");
  if (ANIMATED.test(name) && ANIMATION.test(tag)) return /(^|;)(javascript|data):/i.test(plain);
  return ADDRESS.test(name) && (LOADER.test(tag) ? /^(javascript|data):/i : /^javascript:/i).test(plain);
}
