import type { ErrorCode } from "./error-code.ts";

/** What passes between the host and the thread that checks Lua files (`moonpool check`). */

/** What the thread is started with: the site's folder, and the name of each file in messages and where it is. */
export interface LuaCheck {
  site: string;
  files: { file: string; path: string }[];
}

/** The thread answers once, with an array of these. */
export interface LuaProblem {
  code: ErrorCode;
  severity: "error" | "warning";
  file: string;
  /** From 1. */
  line: number;
  message: string;
  /** The text in the line that it is about. */
  near?: string;
}
