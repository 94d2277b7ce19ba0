import type { ErrorCode } from "../../protocol/error-code.ts";

/** `error`: something of the site does not work. `warning`: it works, but probably not as meant. */
export type Severity = "error" | "warning";

/** What is wrong with a file of a site. */
export interface Problem {
  code: ErrorCode;
  severity: Severity;
  /** A sentence for the author; says what to write instead where that is known. */
  message: string;
  /** Relative to the site's folder, with forward slashes. */
  file: string;
  /** From 1. */
  line: number;
  /** From 1. */
  column: number;
  /** The viewdef, `TYPE.NAMESPACE`; absent when the file is none. */
  key?: string;
}

/** A place in a file, counted from 1. */
export interface Place {
  line: number;
  column: number;
}

/** Where the parts of the compiler put what they find in one file. */
export type Report = (severity: Severity, code: ErrorCode, message: string, place: Place | undefined) => void;
