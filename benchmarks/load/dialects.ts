import type { Dialect } from "./dialect.ts";
import { echo, moonpool } from "./moonpool-dialect.ts";

/** The kinds of servers that the load generator can speak to. */
export const dialects = { moonpool, echo } satisfies Record<string, Dialect>;

export type DialectName = keyof typeof dialects;
