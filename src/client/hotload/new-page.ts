import type { Keepsake } from "../keepsake/keepsake.ts";

const KEPT = "moonpool-kept";

/** Loads the page anew, in the same session, and leaves it `kept`. */
export function loadAnew(kept: Keepsake): void {
  try {
    sessionStorage.setItem(KEPT, JSON.stringify(kept));
  } catch {
    // Storage may be full or forbidden: the page is loaded all the same.
  }
  location.reload();
}

/** What the page before left to this one; undefined if nothing, or when asked again. */
export function takeKept(): Keepsake | undefined {
  try {
    const text = sessionStorage.getItem(KEPT);
    sessionStorage.removeItem(KEPT);
    return text === null ? undefined : (JSON.parse(text) as Keepsake);
  } catch {
    return undefined;
  }
}
