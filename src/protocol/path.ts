/** One step of a path: a field, a 0-based index, or a method call. */
export type Segment =
  | { field: string }
  | { index: number }
  | { call: string; arguments: Literal[] }
  /** `method(_)`: the argument is the value that the client sends. */
  | { call: string; value: true };

export type Literal = string | number | boolean | null;

/** A path as written in an attribute, taken apart. */
export interface Path {
  not: boolean;
  up: number;
  segments: Segment[];
  /** Text after `?`, decoded; a key without a value is "true". */
  options: Record<string, string>;
}
