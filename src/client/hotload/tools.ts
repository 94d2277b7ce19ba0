import type { fieldOf } from "../fields.ts";
import type { matchesKeys, parseKeys } from "../keys.ts";
import type { giveBack, keep } from "../keepsake/keepsake.ts";
import type { findExemplar } from "../list.ts";
import type { staying } from "../stay.ts";
import type { equal } from "../text.ts";

/**
 * Functions of the client that hot reload uses. It is given them, because modules that two bundles import would become a
 * bundle of their own, which every page would have to wait for.
 */
export interface Tools {
  readonly equal: typeof equal;
  readonly fieldOf: typeof fieldOf;
  readonly findExemplar: typeof findExemplar;
  readonly giveBack: typeof giveBack;
  readonly keep: typeof keep;
  readonly matchesKeys: typeof matchesKeys;
  readonly parseKeys: typeof parseKeys;
  readonly staying: typeof staying;
}
