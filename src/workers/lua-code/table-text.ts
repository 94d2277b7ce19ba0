/** A value that can be written as Lua source: tables are objects of numbered or named fields; 2 and 2n are both integers. */
export type TableValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | readonly TableValue[]
  | ReadonlyMap<string | number, TableValue>;

/** Lua source of the value: `{"a",2,false}`, `{[7]="seven"}`. */
export function tableText(value: TableValue): string {
  if (typeof value === "string") return quoted(value);
  if (value === null) return "nil";
  if (typeof value !== "object") return String(value);
  if (!(value instanceof Map)) return `{${(value as readonly TableValue[]).map(tableText).join(",")}}`;
  const fields = [...(value as ReadonlyMap<string | number, TableValue>)].map(
    ([key, field]) => `[${tableText(key)}]=${tableText(field)}`,
  );
  return `{${fields.join(",")}}`;
}

/** Lua source of what a JSON text says. */
export function jsonTable(json: string): string {
  // The result of the inner calls is what the type says; JSON.parse does not know it.
  return tableText(
    JSON.parse(json, (_, value: unknown) =>
      typeof value === "object" && value !== null && !Array.isArray(value) ? new Map(Object.entries(value)) : value,
    ) as TableValue,
  );
}

function quoted(text: string): string {
  // What ends a string or a line, or may not be in source text at all, is written by its number.
  const escaped = text.replace(/["\\\p{Cc}]/gu, (sign) => {
    const code = sign.charCodeAt(0);
    return code > 127 ? sign : `\\${String(code).padStart(3, "0")}`;
  });
  return `"${escaped}"`;
}
