/** Adds and takes away its own words only; those that the element has anyway stay. */
export function mergeClasses(element: Element): (value: unknown) => void {
  let added: string[] = [];
  return (value) => {
    for (const word of added) element.classList.remove(word);
    const words = typeof value === "string" ? value.split(/\s+/) : [];
    added = words.filter((word) => word && !element.classList.contains(word));
    for (const word of added) element.classList.add(word);
  };
}

/** Its own properties on top of those that the element has anyway, which come back when it has none. */
export function mergeStyle(element: HTMLElement): (value: unknown) => void {
  const before = new Map<string, [value: string, priority: string]>();
  return (value) => {
    const { style } = element;
    for (const [name, [text, priority]] of before) style.setProperty(name, text, priority);
    before.clear();
    const parsed = document.createElement("i").style;
    parsed.cssText = typeof value === "string" ? value : "";
    for (const name of parsed) {
      before.set(name, [style.getPropertyValue(name), style.getPropertyPriority(name)]);
      style.setProperty(name, parsed.getPropertyValue(name), parsed.getPropertyPriority(name));
    }
  };
}
