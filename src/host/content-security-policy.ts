import { MoonpoolError } from "../protocol/main.ts";

/**
 * What pages of sessions may load and run. An object changes directives of the default: a text takes the place of the
 * directive's sources, false leaves it out. A text is the whole policy. False: none but `frame-ancestors`.
 */
export type ContentSecurityPolicy = false | string | Readonly<Record<string, string | false>>;

/** Stands for the nonce of a response: in the policy, and in attributes of html/index.html. */
export const NONCE = "{nonce}";

/** For the pages that Moonpool shows in place of a session's. */
export const OWN_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; base-uri 'none'; form-action 'none'";

/**
 * Scripts and style sheets are those of the site, and those that carry the nonce: what stands in html/index.html and in
 * viewdefs, which only the author writes. `style` attributes cannot run anything, and components and viewdefs live by
 * them. `data:` in connect-src reaches nobody; Shoelace fetches its own icons from there.
 */
const DEFAULT: Readonly<Record<string, string>> = {
  "default-src": "'self'",
  "script-src": `'self' 'nonce-${NONCE}'`,
  "style-src": `'self' 'nonce-${NONCE}'`,
  "style-src-attr": "'unsafe-inline'",
  "img-src": "'self' data: blob:",
  "font-src": "'self' data:",
  "media-src": "'self' data: blob:",
  "connect-src": "'self' data:",
  "object-src": "'none'",
  "base-uri": "'self'",
  "form-action": "'self'",
  "require-trusted-types-for": "'script'",
};

/**
 * The policy of session pages, with NONCE where the nonce belongs. With `uiCode` the default allows what that needs.
 * @throws MoonpoolError CONFIG_INVALID
 */
export function policyOf(
  option: ContentSecurityPolicy | undefined,
  { uiCode, frameAncestors }: { uiCode: boolean; frameAncestors: string },
): string {
  const ancestors = `frame-ancestors ${checked(frameAncestors, "frameAncestors", /[;,]/)}`;
  if (option === false) return ancestors;
  if (typeof option === "string") {
    const text = checked(option, "contentSecurityPolicy", /,/);
    return /(^|;)\s*frame-ancestors\b/i.test(text) ? text : `${text.replace(/;?\s*$/, "")}; ${ancestors}`;
  }
  const directives = new Map<string, string | false>(Object.entries(DEFAULT));
  if (uiCode) directives.set("script-src", `${DEFAULT["script-src"]} 'unsafe-eval'`);
  for (const [name, sources] of Object.entries(option ?? {})) {
    if (!/^[a-z]+(-[a-z]+)*$/.test(name)) throw wrong(`directives such as img-src, not ${JSON.stringify(name)}`);
    if (typeof (sources || "") !== "string") throw wrong(`texts or false, and ${name} is neither`);
    directives.set(name, sources && checked(sources, `contentSecurityPolicy.${name}`, /[;,]/));
  }
  const texts = Array.from(directives, ([name, sources]) => (sources === false ? "" : `${name} ${sources}`.trim()));
  return [...texts.filter((text) => text !== ""), ...(directives.has("frame-ancestors") ? [] : [ancestors])].join("; ");
}

/** Whether a page with this policy runs handlers in attributes (`onclick="…"`) and `javascript:` addresses. */
export function isInlineAllowed(policy: string): boolean {
  const directives = new Map(policy.split(";").map((text) => [text.trim().split(/\s+/)[0], text]));
  const scripts = directives.get("script-src-attr") ?? directives.get("script-src") ?? directives.get("default-src");
  return scripts === undefined || (scripts.includes("'unsafe-inline'") && !/'nonce-|'strict-dynamic'/.test(scripts));
}

/** A header is one line of ASCII; `forbidden` would end the directive or the policy. */
function checked(text: unknown, name: string, forbidden: RegExp): string {
  if (typeof text !== "string" || /[^ -~]/.test(text) || forbidden.test(text))
    throw new MoonpoolError("CONFIG_INVALID", `Option \`${name}\` is not a text that can stand there in a policy.`);
  return text;
}

function wrong(expected: string): MoonpoolError {
  return new MoonpoolError("CONFIG_INVALID", `Option \`contentSecurityPolicy\` must have ${expected}.`);
}
