import type { Page } from "playwright-core";

/**
 * What is in the page's body, in a form in which two pages that look the same are the same: attributes in order, neighbouring
 * texts as one, no anchors. Fields show their values, except for those that match `typing`.
 */
export async function normalDom(page: Page, typing: string): Promise<string> {
  // What people did is over.
  await page.waitForFunction(`!document.querySelector("[data-ui-pending]")`);
  return page.evaluate((typing) => {
    const styleOf = (element: HTMLElement) =>
      [...element.style]
        .map((name) => `${name}:${element.style.getPropertyValue(name)}${element.style.getPropertyPriority(name)}`)
        .sort()
        .join(";");
    const lines: string[] = [];
    const walk = (node: Node, indent: string) => {
      let text = "";
      const flush = () => {
        if (text) lines.push(`${indent}${JSON.stringify(text)}`);
        text = "";
      };
      for (const child of node.childNodes) {
        if (child instanceof Text) text += child.data;
        if (!(child instanceof Element)) continue;
        flush();
        const attributes = [...child.attributes]
          .map(({ name, value }) => {
            if (name === "class") return `class=${[...child.classList].sort().join(" ")}`;
            return name === "style" ? `style=${styleOf(child as HTMLElement)}` : `${name}=${value}`;
          })
          .filter((attribute) => !/^(class|style)=$/.test(attribute));
        const field = child as HTMLInputElement;
        if (typeof field.value === "string" && !child.matches(typing))
          attributes.push(`.value=${field.value}`, `.checked=${field.checked}`);
        lines.push(`${indent}<${[child.localName, ...attributes.sort()].join(" ")}>`);
        walk(child, `${indent} `);
      }
      flush();
    };
    walk(document.body, "");
    return lines.join("\n");
  }, typing);
}
