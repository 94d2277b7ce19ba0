import type { Problem, Report } from "./viewdefs/problem.ts";
import { removeInlineCode } from "./viewdefs/inline-code.ts";
import type { ParentNode } from "./viewdefs/tree.ts";

/** What of a site's `html/index.html` the usual policy does not let run. `document` has places; it is changed. */
export function pageProblems(document: ParentNode, source: string): Problem[] {
  const problems: Problem[] = [];
  const report: Report = (severity, code, message, place) => {
    const { line, column } = place ?? { line: 1, column: 1 };
    problems.push({ code, severity, message, file: "html/index.html", line, column });
  };
  removeInlineCode(document, source, false, report);
  return problems;
}
