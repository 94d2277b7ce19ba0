import type { Segment } from "./path.ts";

/** What a binding does with its element. */
export type BindingKind =
  | "value" // ui-value
  | "attr" // ui-attr-NAME
  | "class" // ui-class-NAME
  | "style" // ui-style-NAME
  | "event" // ui-event-NAME
  | "key" // ui-event-keypress-NAME
  | "action" // ui-action
  | "html" // ui-html
  | "code" // ui-code
  | "view" // ui-view
  | "list" // ui-viewlist
  | "error" // ui-error
  | "guard"; // ui-guard

/** One `ui-*` attribute, ready to be applied without looking at the attribute again. */
export interface Binding {
  /** Which element: its index in document order among all elements of the template, nested templates excluded. */
  at: number;
  kind: BindingKind;
  /** Which variable: index into the viewdef's slots. */
  slot: number;
  /** The part after the kind: attribute, class, style property, event or key combination. */
  name?: string;
  /** The client may send this element's value (access rw, w). */
  write?: true;
  /** The path ends in `(_)`: an action sends the element's value, or the event's data. */
  argument?: true;
  /** `?keypress`: send while typing instead of on change. */
  keypress?: true;
  /** `?overwrite`: what the server sends counts even while somebody is at work in the field. */
  overwrite?: true;
  /** `?debounce=MS`: send when nothing has happened for so long. */
  debounce?: number;
  /** `?throttle=MS`: send no more often. With `debounce`: wait no longer. */
  throttle?: number;
  /** `?repeat`: a button works again before what it did last has been carried out. */
  repeat?: true;
  /** `?scrollOnOutput`: keep the element scrolled to its end. */
  scroll?: true;
  /** `?window`: the list shows the rows in sight and some around them. */
  window?: true;
  /** `?replace`: ui-html takes the place of its element. */
  replace?: true;
}

/** A viewdef as the browser gets it: the template's content and what to bind in it. */
export interface Viewdef {
  html: string;
  bindings: Binding[];
}

export type Access = "r" | "w" | "rw" | "action";
export type Priority = "high" | "medium" | "low";

/** A variable that a view of this viewdef has. Equal paths with equal options share one slot. */
export interface Slot {
  /** The attribute's text, options included, as written: what a client's `create` names. */
  text: string;
  /** How many views up the path starts (`..`). */
  up: number;
  segments: Segment[];
  /** The path began with `!`: the value is true or false, the opposite of the path's. */
  not: boolean;
  access: Access;
  priority: Priority;
  /** `view`: show the value's own viewdef. `list`: one view per element. */
  use: "value" | "view" | "list";
  wrapper?: string;
  itemWrapper?: string;
  create?: string;
  /** `?window`: the list shows a part of its array, at first so many rows. */
  window?: number;
  /** `?first=`, `?last=`: the list shows so many elements of its array at most. */
  first?: number;
  last?: number;
  namespace?: string;
  fallbackNamespace?: string;
  /** Options without a meaning of their own; wrappers read them with `variable:getProperty`. */
  properties?: Record<string, string>;
}

/** Rows of a list with `?window` that a viewdef or a page can ask for at a time. */
export const MAX_WINDOW = 1_000;

/** A viewdef as the Lua runtime gets it. */
export interface ViewPlan {
  key: string;
  /** Of the viewdef's text: the plan and the text that the browser gets must be of the same version. */
  hash: string;
  slots: Slot[];
}
