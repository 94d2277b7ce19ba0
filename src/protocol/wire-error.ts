import { errors, MoonpoolError, type ErrorCode, type WireError } from "./error-code.ts";

/**
 * An error as Lua code made it, with nothing in it that an error must not have: Lua code may raise any table. A code that
 * is not in the catalogue becomes LUA_ERROR; parts of a wrong type are left out.
 */
export function knownError(raised: WireError): WireError {
  const { code, message, id, file, line, stack } = raised as Record<keyof WireError, unknown>;
  const isKnown = typeof code === "string" && Object.hasOwn(errors, code);
  return {
    code: isKnown ? (code as ErrorCode) : "LUA_ERROR",
    message: typeof message === "string" ? message : errors.LUA_ERROR.text,
    ...(typeof id === "number" && { id }),
    ...(typeof file === "string" && { file }),
    ...(typeof line === "number" && { line }),
    ...(typeof stack === "string" && { stack }),
  };
}

/** The same to be thrown. */
export function errorOf(raised: WireError): MoonpoolError {
  const { code, message, ...at } = knownError(raised);
  return new MoonpoolError(code, message, at);
}
