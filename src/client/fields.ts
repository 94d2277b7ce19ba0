import type { Value } from "../protocol/message.ts";
import { textOf } from "./text.ts";

/** How to read, write and listen to one kind of form control. */
export interface Field {
  /**
   * The value as the person sees it, in the type that `like` has where it can be. Undefined when there is nothing to
   * send: half a date, a radio button that is not chosen.
   */
  read(like: Value): Value | undefined;
  write(value: Value): void;
  /** Events while the value is being changed. */
  readonly input: string[];
  /** Events when it has been. `focusout` counts for every field. */
  readonly change: string[];
  /** Changing it takes more than one step: who has begun is left alone. */
  readonly gradual?: boolean;
  /** What it shows depends on its children or attributes: write again when they change. */
  readonly depends?: boolean;
}

const INPUT = ["input"];
const CHANGE = ["change"];
/** Kinds of <input> whose value is a label. */
const LABELLED = /^(button|submit|reset|image)$/;

/** Custom elements that hold a value have this in common, whoever made them. */
interface Component extends HTMLElement {
  value: unknown;
  checked: boolean;
  multiple?: boolean;
  type?: string;
  updateComplete?: Promise<unknown>;
}

/** Shoelace and Web Awesome elements without `sl-` or `wa-`. */
const COMPONENT_CHECKED = /^(checkbox|switch)$/;
const COMPONENT_NUMERIC = /^(range|slider|rating|number-input)$/;
const COMPONENT_TEXT = /^(input|textarea|select|combobox|radio-group|color-picker)$/;
/** Their `value` says what they stand for, not what they show. */
const COMPONENT_LABELLED = /^(button|menu-item|dropdown-item|radio|radio-button|tab|tag|badge)$/;

/** How `element` takes part; undefined: it shows text, or (a file input) nothing. */
export function fieldOf(element: HTMLElement): Field | undefined {
  if (element instanceof HTMLInputElement) return LABELLED.test(element.type) ? shown(element) : inputField(element);
  if (element instanceof HTMLTextAreaElement) return textField(element);
  if (element instanceof HTMLSelectElement) return selectField(element);
  if (element instanceof HTMLProgressElement || element instanceof HTMLMeterElement) return gauge(element);
  if (element.tagName.includes("-")) return componentField(element);
  return /^(|true|plaintext-only)$/i.test(element.getAttribute("contenteditable") ?? "false")
    ? editableField(element)
    : undefined;
}

/** `text` in the type of `like`: people type numbers as text, and what is in a list with commas between. */
export function typed(text: string, like: Value): Value {
  if (Array.isArray(like)) {
    const [kind = ""] = like;
    return text.split(",").flatMap((part) => (part.trim() ? typed(part.trim(), kind) : []));
  }
  if (typeof like === "number" && /^[-+]?(\d+\.?\d*|\.\d+)$/.test(text.trim())) return Number(text);
  if (typeof like === "boolean" && /^(true|false)$/.test(text)) return text === "true";
  return text;
}

/** Writing only. */
export function shown(element: { value: unknown }): Field {
  return {
    read: () => undefined,
    write: (value) => {
      element.value = textOf(value);
    },
    input: [],
    change: [],
  };
}

/** Without a number, a progress bar is on its way to nobody knows where. */
function gauge(element: HTMLProgressElement | HTMLMeterElement): Field {
  const field = shown(element);
  const write = (value: Value) => {
    if (Number.isFinite(value)) field.write(value);
    else element.removeAttribute("value");
  };
  return { ...field, write };
}

/** `checked` is true or false, or stands for the membership of `value` in an array. */
export function checkField(
  element: HTMLElement & { checked: boolean; value: string },
  events: Pick<Field, "input" | "change">,
): Field {
  const listed = (value: Value): value is Value[] => Array.isArray(value) && element.hasAttribute("value");
  const is = (member: Value) => textOf(member) === element.value;
  return {
    ...events,
    read: (like) => {
      if (!listed(like)) return element.checked;
      if (like.some(is) === element.checked) return like;
      return element.checked ? [...like, typed(element.value, like[0] ?? "")] : like.filter((member) => !is(member));
    },
    write: (value) => {
      element.checked = listed(value) ? value.some(is) : Boolean(value);
    },
  };
}

function inputField(input: HTMLInputElement): Field | undefined {
  switch (input.type) {
    case "file":
      return undefined;
    case "checkbox":
      return checkField(input, { input: CHANGE, change: CHANGE });
    case "radio":
      return {
        read: (like) => (input.checked ? typed(input.value, like) : undefined),
        write: (value) => {
          input.checked = textOf(value) === input.value;
        },
        input: CHANGE,
        change: CHANGE,
      };
    default:
      return textField(input);
  }
}

/** Everything whose value is text for HTML: number and range hold numbers, dates and colours stay text. */
function textField(element: HTMLInputElement | HTMLTextAreaElement): Field {
  const numeric = /^(number|range)$/.test(element.type);
  return {
    read: (like) => {
      if (element.validity.badInput) return undefined;
      if (!numeric) return typed(element.value, like);
      return element.value === "" ? null : Number(element.value);
    },
    write: (value) => {
      const { selectionStart, selectionEnd, selectionDirection } = element;
      element.value = textOf(value);
      // Writing moves the caret to the end, even when somebody is at work in the middle.
      if (selectionStart !== null && document.activeElement === element)
        element.setSelectionRange(selectionStart, selectionEnd, selectionDirection ?? undefined);
    },
    input: INPUT,
    change: CHANGE,
    gradual: true,
    depends: element.type === "range",
  };
}

function selectField(select: HTMLSelectElement): Field {
  return {
    read: (like) => {
      if (!select.multiple) return select.selectedIndex < 0 ? null : typed(select.value, like);
      const kind = Array.isArray(like) ? (like[0] ?? "") : "";
      return Array.from(select.selectedOptions, (option) => typed(option.value, kind));
    },
    write: (value) => {
      if (!select.multiple) select.value = textOf(value);
      else {
        const texts = Array.isArray(value) ? value.map(textOf) : [];
        for (const option of select.options) option.selected = texts.includes(option.value);
      }
    },
    input: CHANGE,
    change: CHANGE,
    depends: true,
  };
}

function editableField(element: HTMLElement): Field {
  return {
    read: (like) => typed(element.innerText, like),
    write: (value) => {
      element.innerText = textOf(value);
    },
    input: INPUT,
    change: [],
    gradual: true,
  };
}

function componentField(element: HTMLElement): Field | undefined {
  const component = element as Component;
  const [, family = "", kind = ""] = /^(sl|wa)-(.*)$/.exec(element.localName) ?? [];
  const prefix = family === "sl" ? "sl-" : "";
  const change = [`${prefix}change`];
  if (COMPONENT_CHECKED.test(kind))
    return checkField(component as Component & { value: string }, { input: change, change });
  if (COMPONENT_LABELLED.test(kind) || !("value" in element)) return undefined;
  const numeric = COMPONENT_NUMERIC.test(kind);
  if (family && !numeric && !COMPONENT_TEXT.test(kind)) return shown(component);
  const chooses = /select|combobox|group/.test(kind);
  const many = () => chooses && component.multiple === true;
  return {
    read: (like) => {
      const { value } = component;
      if (many()) {
        const type = Array.isArray(like) ? (like[0] ?? "") : "";
        return Array.isArray(value) ? value.map((member) => typed(String(member), type)) : [];
      }
      if (numeric || component.type === "number") return value === "" || value === null ? null : Number(value);
      return typeof value === "string" ? typed(value, like) : ((value ?? null) as Value);
    },
    write: (value) => {
      const caret = keepCaret(component);
      if (many()) component.value = Array.isArray(value) ? value.map(textOf) : [];
      else if (numeric) component.value = Number(value ?? 0);
      else component.value = family || typeof component.value === "string" ? textOf(value) : value;
      caret();
    },
    input: [`${prefix}input`],
    change,
    gradual: !chooses,
    depends: chooses || numeric,
  };
}

/** Components pass a new value on to the input within them later, which moves its caret to the end. */
function keepCaret(component: Component): () => void {
  const inner = component.shadowRoot?.activeElement;
  if (!(inner instanceof HTMLInputElement || inner instanceof HTMLTextAreaElement)) return () => {};
  const { selectionStart, selectionEnd } = inner;
  return () => {
    if (selectionStart !== null)
      void component.updateComplete?.then(() => inner.setSelectionRange(selectionStart, selectionEnd));
  };
}
