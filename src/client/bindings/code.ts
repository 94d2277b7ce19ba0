import type { Context } from "../page.ts";

/** ui-code: runs the value as JavaScript whenever it changes. The host only lets it through if the site allows it. */
export function bindCode({ page, element, variable, watch }: Context): void {
  watch((code) => {
    if (typeof code !== "string" || code === "") return;
    // oxlint-disable-next-line no-new-func, no-implied-eval
    const run = new Function("element", "value", "variable", "store", code) as (...values: unknown[]) => void;
    run(element, code, variable, page.store);
  });
}
