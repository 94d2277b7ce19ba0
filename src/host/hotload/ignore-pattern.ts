/**
 * What a pattern of `hotload.ignore` matches: with a slash, a path in the site ("html/build", "lua/*.bak.lua"), otherwise
 * a name in any folder ("*.tmp"). `*` stands for any part of a name, `**` for any part of a path. What lies in a folder
 * that matches does too.
 */
export function ignorePattern(pattern: string): RegExp {
  const name = pattern.replace(/\/$/, "");
  const text = name
    .replace(/^\.?\//, "")
    .replace(/[\\^$.|?+()[\]{}]/g, String.raw`\$&`)
    .replace(/\*\*|\*/g, (stars) => (stars === "*" ? "[^/]*" : ".*"));
  return new RegExp(`${name.includes("/") ? "^" : "(?:^|/)"}${text}(?:/|$)`);
}
