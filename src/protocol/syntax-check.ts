/** What passes between the host and the thread that checks the syntax of Lua files (`moonpool check`). */

/** What the thread is started with: the name of each file in messages, and where it is. */
export interface SyntaxCheck {
  files: { file: string; path: string }[];
}

/** The thread answers once, with an array of these: only files with an error. */
export interface LuaSyntaxError {
  file: string;
  /** From 1. */
  line: number;
  message: string;
  /** The text that surprised Lua, if it says so. */
  near?: string;
}
