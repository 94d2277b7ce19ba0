import type { Binding } from "../../protocol/viewdef.ts";
import type { Bound, Fill } from "../fill.ts";
import type { Match } from "./match.ts";
import type { Outline, TemplateNode } from "./outline.ts";

/** What a new version of a viewdef means for the bindings of the old one. */
export interface KeptBindings {
  /** Bindings that go on untouched, and their counterparts in the new version. */
  readonly kept: Map<Bound, Binding>;
  /** Elements whose attributes change, or bindings that rest on them. */
  readonly disturbed: ReadonlySet<TemplateNode>;
}

/** Attributes that say nothing about a field. */
const ASIDE = /^(class|style|id|title|ui-.*|data-.*|aria-.*)$/;
const OPTIONS = ["write", "argument", "keypress", "overwrite", "debounce", "throttle", "repeat", "replace"] as const;
const CARRIED = /^(class|style|id|slot)$/;
const LAYER = /^(attr|class|style)$/;

/**
 * A binding goes on if its element, its variable and itself do. Those that rest on attributes which change have to begin
 * again on top of these: all that have to do with the same class or style, or with the attributes of a placeholder, and a
 * field's value.
 */
export function keepBindings(fill: Fill, old: Outline, now: Outline, match: Match, first: number): KeptBindings {
  const bound = new Map<number, Bound[]>();
  for (const one of fill.bound) bound.set(one.binding.at, [...(bound.get(one.binding.at) ?? []), one]);
  const kept = new Map<Bound, Binding>();
  const disturbed = new Set<TemplateNode>();
  for (const entry of now.elements) {
    const from = match.get(entry.index);
    const before = from === undefined ? undefined : old.nodes[from];
    if (!before) continue;
    const here = bound.get(before.at) ?? [];
    const fresh = pair(here, entry.bindings, kept, ({ slot }) => fill.page.model.get(first + slot));
    const changed = changedNames(before.node as Element, entry.node as Element);
    const began = (touches: (binding: Binding) => boolean) =>
      fresh.some(touches) || here.some((one) => touches(one.binding) && !kept.has(one));
    const restart = (touches: (binding: Binding) => boolean) => {
      for (const one of here) if (touches(one.binding)) kept.delete(one);
    };
    const isLayer = ({ kind }: Binding) => LAYER.test(kind);
    if (changed.length > 0 || began(isLayer)) disturbed.add(entry);
    for (const name of ["class", "style"]) {
      const touches = ({ kind, name: own }: Binding) => kind === name || (kind === "attr" && own === name);
      if (changed.includes(name) || began(touches)) restart(touches);
    }
    if (entry.isPlaceholder && (changed.some((name) => CARRIED.test(name)) || began(isLayer))) restart(isLayer);
    if (changed.some((name) => !ASIDE.test(name))) restart(({ kind }) => kind === "value");
  }
  return { kept, disturbed };
}

/** Notes the pairs of bindings that are the same; gives the new ones that have no counterpart. */
function pair(
  bound: readonly Bound[],
  bindings: readonly Binding[],
  kept: Map<Bound, Binding>,
  variableOf: (binding: Binding) => unknown,
): Binding[] {
  const free = [...bindings];
  for (const one of bound) {
    const pool = one.scroll ? bindings : free;
    const found = pool.find((binding) => isSame(binding, one.binding) && variableOf(binding) === one.variable);
    if (!found || (one.scroll && !found.scroll)) continue;
    kept.set(one, found);
    if (!one.scroll) free.splice(free.indexOf(found), 1);
  }
  return free;
}

/** Whether both do the same; what a view or a list shows depends on its variable alone. */
function isSame(one: Binding, other: Binding): boolean {
  if (one.kind !== other.kind || one.name !== other.name) return false;
  if (one.kind === "view" || one.kind === "list") return true;
  return OPTIONS.every((option) => one[option] === other[option]);
}

/** Names of the attributes that differ. */
function changedNames(old: Element, now: Element): string[] {
  const names = new Set([...old.getAttributeNames(), ...now.getAttributeNames()]);
  return [...names].filter((name) => old.getAttribute(name) !== now.getAttribute(name));
}
