import type { Access, Slot } from "../../protocol/viewdef.ts";

/**
 * The variables of one viewdef. Bindings that read (or read and write) the same path with the same options share one
 * slot, which is `rw` if one of them writes; so do actions. Views and lists never share: each placeholder shows its own
 * variable.
 */
export class SlotTable {
  readonly slots: Slot[] = [];
  private readonly shared = new Map<string, number>();

  /** The index of the slot for `slot`. */
  add(slot: Slot): number {
    if (slot.use !== "value") return this.slots.push(slot) - 1;
    const key = sharingKey(slot);
    const known = this.shared.get(key);
    const existing = known === undefined ? undefined : this.slots[known];
    if (known === undefined || existing === undefined) {
      this.shared.set(key, this.slots.length);
      return this.slots.push(slot) - 1;
    }
    if (slot.access === "rw") existing.access = "rw";
    return known;
  }
}

/** Two slots with equal keys can be one. */
function sharingKey(slot: Slot): string {
  const { text: _text, access, priority, properties, ...rest } = slot;
  return JSON.stringify([
    group(access),
    // An action is not evaluated, so its priority decides nothing.
    access === "action" ? "" : priority,
    Object.entries(rest).sort(byName),
    Object.entries(properties ?? {}).sort(byName),
  ]);
}

function group(access: Access): Access {
  return access === "rw" ? "r" : access;
}

function byName([left]: [string, unknown], [right]: [string, unknown]): number {
  return left < right ? -1 : 1;
}
