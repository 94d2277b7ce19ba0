import { copyAttribute } from "./attributes.ts";
import type { Outline } from "./outline.ts";
import type { Change, LiveNodes } from "./takeover.ts";

/** Gives a view that goes on with other ids, or other references to them, names for them; those that it has are the old ones'. */
export function claimNewIds({ fill, old, now }: Change, nodes: LiveNodes): void {
  const namesOf = ({ elements }: Outline) => JSON.stringify(elements.map(({ node }) => namesIn(node as Element)));
  if (!now.viewdef.hasIds || namesOf(old) === namesOf(now)) return;
  const elements = now.elements.filter(({ isPlaceholder }) => !isPlaceholder);
  for (const { index, node, bindings } of elements)
    for (const [name] of namesIn(node as Element))
      if (!bindings.some((binding) => binding.name === name))
        copyAttribute(nodes[index] as Element, node as Element, name);
  fill.claimIds(elements.map(({ index }) => nodes[index] as Element));
}

/** Attributes that are ids, or may be. */
function namesIn(element: Element): [name: string, value: string][] {
  return Array.from(element.attributes, ({ name, value }): [string, string] => [name, value]).filter(([name]) =>
    /^(id|for|form|list|headers|popovertarget|commandfor|(xlink:)?href|aria-.+)$/.test(name),
  );
}
