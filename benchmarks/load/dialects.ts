import type { Dialect } from "./dialect.ts";
import { echo, moonpool } from "./moonpool-dialect.ts";
import { liveview, plain } from "./peer-dialects.ts";

/** The kinds of servers that the load generator can speak to. */
export const dialects = { moonpool, echo, plain, liveview } satisfies Record<string, Dialect>;

export type DialectName = keyof typeof dialects;
