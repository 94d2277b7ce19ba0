const pass = (text: string): string => text;
const rules = { createHTML: pass, createScript: pass, createScriptURL: pass };
type Factory = { createPolicy(name: string, policy: typeof rules): typeof rules };

/**
 * Where Trusted Types are required, makes of text what may become markup or a script. Only what the author of the site wrote
 * goes through here, viewdefs and their scripts, and `ui-code`, which the host lets through; ui-html goes through the
 * sanitiser. What this yields has the type string, as the rest of the program takes it for one.
 */
export const trust: typeof rules =
  (window as { trustedTypes?: Factory }).trustedTypes?.createPolicy("moonpool", rules) ?? rules;
