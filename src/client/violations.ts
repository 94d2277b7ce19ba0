// A chunk of its own, loaded in development mode.

import type { ErrorDisplay } from "./error-display.ts";
import type { Page } from "./page.ts";

/** Tells, in words for the author of the page, what its Content-Security-Policy has blocked, also before this was called. */
export function watchViolations(page: Page, display: ErrorDisplay): void {
  const observer = new ReportingObserver(
    (reports) => {
      for (const { body } of reports) {
        const message = messageOf(body as unknown as Violation);
        page.report("PAGE_BLOCKED", message);
        display.add({ code: "PAGE_BLOCKED", message });
      }
      display.update();
    },
    { types: ["csp-violation"], buffered: true },
  );
  observer.observe();
}

/** Of CSPViolationReportBody. */
interface Violation {
  readonly effectiveDirective: string;
  /** A URL, or a word for what has none: "inline", "eval", "trusted-types-sink". */
  readonly blockedURL: string | null;
  readonly sample: string | null;
  readonly sourceFile: string | null;
  readonly lineNumber: number | null;
}

function messageOf({ effectiveDirective, blockedURL, sample, sourceFile, lineNumber }: Violation): string {
  const what = blockedURL === "inline" ? "code or style that stands in the page" : (blockedURL ?? "something");
  const excerpt = sample ? `: ${sample}` : "";
  const place = sourceFile ? ` (${sourceFile}:${lineNumber ?? 0})` : "";
  return `${effectiveDirective} of the page's Content-Security-Policy blocked ${what}${excerpt}${place}`;
}
