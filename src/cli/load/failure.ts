import { errors, type ErrorCode } from "../../protocol/main.ts";

const CODE = /^[A-Z][A-Z_]{0,39}$/;

/**
 * What went wrong for a user of a load test, to be counted by its code: one of the catalogue's, or whatever the site says.
 * `isOver`: there is no use in going on with this session.
 */
export class Failure extends Error {
  readonly code: string;
  readonly isOver: boolean;

  constructor(code: string, message?: string, isOver = false) {
    super(message ?? (code in errors ? errors[code as ErrorCode].text : code));
    this.code = CODE.test(code) ? code : "LOAD_PROTOCOL";
    this.isOver = isOver;
  }
}

/** The `code` of a JSON error that a host answered with over HTTP; undefined if `text` is none. */
export function codeIn(text: string): string | undefined {
  try {
    const { code } = JSON.parse(text) as { code?: unknown };
    return typeof code === "string" && CODE.test(code) ? code : undefined;
  } catch {
    return undefined;
  }
}
