import { MoonpoolError } from "../protocol/main.ts";
import { statusOf } from "./access.ts";
import { failurePage, failureText, messagePage } from "./pages.ts";
import { sourceExcerpt } from "./source-excerpt.ts";

/** Seconds after which a page asks again whether its author has mended the site. */
const ASK_AGAIN = 2;
/** Seconds after which somebody who found no room may ask again. */
const RETRY_AFTER = 5;

export interface ProblemPage {
  status: number;
  headers: Record<string, string>;
  html: string;
}

/**
 * The page in place of a session. `start` makes a new session, `again` is the URL that was asked for. Details of the
 * site's code are shown in development mode only; if files are watched, such a page asks again by itself.
 */
export async function problemPage(
  problem: MoonpoolError,
  site: { dir: string; development: boolean; hotload: object | undefined },
  start: string,
  again: string,
): Promise<ProblemPage> {
  const status = statusOf(problem);
  const anew = { href: start, text: "Start anew" };
  const retry = { href: again, text: "Try again" };
  if (problem.code === "SESSION_UNKNOWN") {
    const text = "It was not used for a long time, or the server was started again.";
    return { status, headers: {}, html: messagePage(problem.message, text, anew) };
  }
  if (problem.code === "SESSION_FOREIGN") {
    const text = "Only the browser that began it may open it. You can have one of your own.";
    return { status, headers: {}, html: messagePage(problem.message, text, anew) };
  }
  if (problem.code === "SESSION_LIMIT") {
    const text = "Too many people are here. Please try again soon.";
    const headers = { "retry-after": String(RETRY_AFTER) };
    return { status, headers, html: messagePage("No room at the moment", text, retry) };
  }
  if (!site.development) {
    return { status, headers: {}, html: messagePage("This page does not work at the moment", failureText, retry) };
  }
  const { file, line } = problem.at;
  const excerpt = file === undefined || line === undefined ? undefined : await sourceExcerpt(site.dir, file, line);
  const refresh = site.hotload === undefined ? undefined : ASK_AGAIN;
  return { status, headers: {}, html: failurePage(problem, excerpt, again, refresh) };
}
