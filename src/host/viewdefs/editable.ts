/** Shoelace and Web Awesome elements that people enter values with; `sl-` or `wa-` goes in front. */
const COMPONENTS = new Set([
  "input",
  "number-input",
  "textarea",
  "select",
  "combobox",
  "checkbox",
  "switch",
  "radio-group",
  "range",
  "slider",
  "rating",
  "color-picker",
]);

/** Kinds of <input> whose value is a label. */
const LABELLED = new Set(["button", "submit", "reset", "image"]);

/**
 * Whether people can change the value of the element, so that `ui-value` is two-way by default. Other custom elements
 * can be made two-way by `?access=rw`; they then report changes with an event `ui-value-change`.
 */
export function isEditable(tag: string, attributes: ReadonlyMap<string, string>): boolean {
  const editable = attributes.get("contenteditable");
  if (editable !== undefined && editable.toLowerCase() !== "false") return true;
  if (tag === "input") return !LABELLED.has(attributes.get("type")?.toLowerCase() ?? "text");
  if (tag === "textarea" || tag === "select") return true;
  return /^(sl|wa)-/.test(tag) && COMPONENTS.has(tag.slice(3));
}

/** Whether `ui-value` sets the element's text, which takes the place of everything inside the element. */
export function showsValueAsText(tag: string): boolean {
  return !tag.includes("-") && tag !== "select";
}
