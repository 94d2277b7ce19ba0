/**
 * Changes what differs between two versions of a template on an element in the page, and nothing else: what bindings,
 * scripts, components and people have put on it stays. `owned`: attributes that bindings have the say about.
 */
export function patchAttributes(live: Element, old: Element, now: Element, owned: ReadonlySet<string>): void {
  const names = new Set([...old.getAttributeNames(), ...now.getAttributeNames()]);
  for (const name of names) {
    const [before, after] = [old.getAttribute(name), now.getAttribute(name)];
    if (before === after || owned.has(name)) continue;
    if (name === "class") patchClasses(live, old, now);
    else if (name === "style" && live instanceof HTMLElement)
      patchStyle(live, (old as HTMLElement).style, (now as HTMLElement).style, after);
    else copyAttribute(live, now, name);
  }
}

/** Gives `live` the attribute as `source` has it, or takes it away. */
export function copyAttribute(live: Element, source: Element, name: string): void {
  const attribute = source.getAttributeNode(name);
  // setAttribute knows neither namespaces nor names like `@click`.
  if (attribute) live.setAttributeNode(attribute.cloneNode() as Attr);
  else live.removeAttribute(name);
}

function patchClasses(live: Element, old: Element, now: Element): void {
  for (const name of old.classList) if (!now.classList.contains(name)) live.classList.remove(name);
  for (const name of now.classList) if (!old.classList.contains(name)) live.classList.add(name);
}

function patchStyle(live: HTMLElement, old: CSSStyleDeclaration, now: CSSStyleDeclaration, text: string | null): void {
  // Shorthands with var() have no parts that could be told apart.
  if ([...old].some((name) => !old.getPropertyValue(name)) || [...now].some((name) => !now.getPropertyValue(name))) {
    live.style.cssText = text ?? "";
    return;
  }
  const same = (name: string) =>
    old.getPropertyValue(name) === now.getPropertyValue(name) &&
    old.getPropertyPriority(name) === now.getPropertyPriority(name);
  for (const name of old) if (!now.getPropertyValue(name)) live.style.removeProperty(name);
  for (const name of now)
    if (!same(name)) live.style.setProperty(name, now.getPropertyValue(name), now.getPropertyPriority(name));
}

/** Changes the text of a node as its template's changed; a selection in what stays the same stays, too. */
export function patchText(live: CharacterData, old: string, now: string): void {
  if (old === now) return;
  if (live.data !== old) {
    live.data = now;
    return;
  }
  let start = 0;
  while (start < old.length && start < now.length && old[start] === now[start]) start++;
  let end = 0;
  const most = Math.min(old.length, now.length) - start;
  while (end < most && old[old.length - 1 - end] === now[now.length - 1 - end]) end++;
  live.replaceData(start, old.length - end - start, now.slice(start, now.length - end));
}
