import type { Context } from "../page.ts";
import { trust } from "../trust.ts";

/** ui-code: runs the value as JavaScript whenever it changes. The host only lets it through if the site allows it. */
export function bindCode({ page, element, variable, watch }: Context): void {
  watch((code) => {
    if (typeof code !== "string" || code === "") return;
    const text = trust.createScript(`(function(element,value,variable,store){${code}\n})`);
    // oxlint-disable-next-line no-eval
    const run = (0, eval)(text) as (...values: unknown[]) => void;
    run(element, code, variable, page.store);
  });
}
