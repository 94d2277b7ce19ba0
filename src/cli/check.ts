import { checkSite } from "../host/check-site.ts";
import type { Problem } from "../host/viewdefs/problem.ts";
import { errors } from "../protocol/main.ts";

/**
 * Prints what is wrong with the site: `file:line:column: CODE message (advice)`, warnings marked as such, then a
 * summary; or all of it as JSON. Returns the exit code: 1 when there are errors, if `strict` also when there are warnings.
 * @throws MoonpoolError SITE_MISSING
 */
export async function check(
  dir: string,
  options: { uiCode: boolean; json: boolean; strict: boolean },
): Promise<number> {
  const { problems, luaFiles, viewdefFiles } = await checkSite(dir, { uiCode: options.uiCode });
  const errorCount = problems.filter(({ severity }) => severity === "error").length;
  const warningCount = problems.length - errorCount;
  if (options.json) {
    const listed = problems.map((problem) => ({ ...problem, advice: errors[problem.code].advice }));
    const report = { problems: listed, errors: errorCount, warnings: warningCount, luaFiles, viewdefFiles };
    console.log(JSON.stringify(report, null, 2));
  } else {
    for (const problem of problems) console.log(lineOf(problem));
    const looked = `${count(viewdefFiles, "viewdef")}, ${count(luaFiles, "Lua file")}`;
    const found =
      problems.length === 0 ? "no problems" : `${count(errorCount, "error")}, ${count(warningCount, "warning")}`;
    console.log(`${looked}: ${found}`);
  }
  return errorCount > 0 || (options.strict && warningCount > 0) ? 1 : 0;
}

function lineOf({ file, line, column, severity, code, message }: Problem): string {
  const mark = severity === "warning" ? "warning " : "";
  return `${file}:${line}:${column}: ${mark}${code} ${message} (${errors[code].advice})`;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}
