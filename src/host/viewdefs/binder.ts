import { MoonpoolError } from "../../protocol/error-code.ts";
import { parsePath, type Path } from "../../protocol/path.ts";
import type { Access, Binding, BindingKind, Slot } from "../../protocol/viewdef.ts";
import { decideAccess, pathEnd } from "./access.ts";
import { readAttribute } from "./attribute.ts";
import { dangerOf } from "./code-rules.ts";
import { isEditable, showsValueAsText } from "./editable.ts";
import { isGlobalName, isNamespace, readOptions, type PathOptions } from "./options.ts";
import type { Place, Report } from "./problem.ts";
import { SlotTable } from "./slots.ts";
import { attributePlace, children, contentOf, isForeign, type Element, type ParentNode } from "./tree.ts";

/** The order in which the bindings of one element are applied; those of one kind in the order of the file. */
const ORDER: BindingKind[] = [
  "value",
  "attr",
  "class",
  "style",
  "event",
  "key",
  "action",
  "code",
  "html",
  "list",
  "view",
  "error",
  "guard",
];

/** What holds for the elements below an element. */
interface Surroundings {
  namespace?: string;
  /** Why bindings here would be lost. */
  unbound?: string;
}

/** An attribute that binds, before its path is read. */
interface Candidate {
  kind: BindingKind;
  name?: string;
  /** The attribute's name, for messages. */
  attribute: string;
  text: string;
  place: Place | undefined;
}

/** What the attributes of one element say. */
interface Reading {
  candidates: Candidate[];
  namespace?: string;
  itemWrapper?: { name: string; place: Place | undefined };
}

/** Turns the `ui-*` attributes of a template into bindings and slots. Used once. */
export class Binder {
  readonly bindings: Binding[] = [];
  private readonly table = new SlotTable();
  private readonly source: string;
  private readonly uiCode: boolean;
  private readonly report: Report;
  private next = 0;

  constructor(options: { source: string; uiCode: boolean; report: Report }) {
    this.source = options.source;
    this.uiCode = options.uiCode;
    this.report = options.report;
  }

  get slots(): Slot[] {
    return this.table.slots;
  }

  /** Binds everything in `content`. Of the `<template>` itself only `ui-namespace` counts. */
  bindContent(template: Element, content: ParentNode): void {
    const { namespace, candidates } = this.read(template);
    for (const { attribute, place } of candidates)
      this.report("error", "ATTRIBUTE_INVALID", `${attribute} belongs on an element inside the <template>.`, place);
    this.bindChildren(content, namespace === undefined ? {} : { namespace });
  }

  private bindChildren(parent: ParentNode, surroundings: Surroundings): void {
    for (const element of children(parent)) this.bindElement(element, surroundings);
  }

  private bindElement(element: Element, surroundings: Surroundings): void {
    const at = this.next++;
    const inside = { ...surroundings };
    if (surroundings.unbound === undefined) {
      const reading = this.read(element);
      if (reading.namespace !== undefined) inside.namespace = reading.namespace;
      const filled = this.bindAll(element, at, reading, inside.namespace);
      if (filled !== undefined) inside.unbound = filled;
    } else this.warnUnbound(element, surroundings.unbound);
    const nested = contentOf(element);
    if (nested) this.warnNested(nested);
    this.bindChildren(element, inside);
  }

  /** Sorts the attributes of an element and reports those that are wrong. */
  private read(element: Element): Reading {
    const reading: Reading = { candidates: [] };
    for (const { name, value } of element.attrs) {
      const { place, written } = attributePlace(element, name, this.source);
      const attribute = readAttribute(name, written, isForeign(element));
      if (attribute === undefined) continue;
      if (attribute.use === "wrong") this.report("error", attribute.code, attribute.message, place);
      else if (attribute.use === "namespace") {
        if (isNamespace(value)) reading.namespace = value;
        else this.report("error", "ATTRIBUTE_INVALID", "A namespace is a word without dots and spaces.", place);
      } else if (attribute.use === "itemWrapper") {
        if (isGlobalName(value)) reading.itemWrapper = { name: value, place };
        else this.report("error", "ATTRIBUTE_INVALID", "ui-item-wrapper needs the name of a Lua global.", place);
      } else if (attribute.use === "binding" && value !== "") {
        if (attribute.doubt) this.report("warning", "ATTRIBUTE_INVALID", attribute.doubt, place);
        const named = attribute.name === undefined ? {} : { name: attribute.name };
        reading.candidates.push({ kind: attribute.kind, ...named, attribute: name, text: value, place });
      }
    }
    return reading;
  }

  /** Binds one element. Returns why bindings inside it would be lost, if they would. */
  private bindAll(element: Element, at: number, reading: Reading, namespace: string | undefined): string | undefined {
    const sorted = [...reading.candidates].sort((left, right) => ORDER.indexOf(left.kind) - ORDER.indexOf(right.kind));
    const filling = sorted.findLast(({ kind }) => fills(kind, element));
    if (reading.itemWrapper && !sorted.some(({ kind }) => kind === "list"))
      this.report(
        "warning",
        "ATTRIBUTE_INVALID",
        "ui-item-wrapper only works beside ui-viewlist.",
        reading.itemWrapper.place,
      );
    for (const candidate of sorted) {
      if (filling && candidate !== filling && fills(candidate.kind, element)) {
        const reason = `${candidate.attribute} and ${filling.attribute} both fill the element; put them on two elements.`;
        this.report("error", "ATTRIBUTE_INVALID", reason, candidate.place);
        continue;
      }
      this.bind(element, at, candidate, namespace, reading.itemWrapper?.name);
    }
    return filling && `${filling.attribute}="${filling.text}" replaces what is inside <${element.tagName}>`;
  }

  private bind(
    element: Element,
    at: number,
    candidate: Candidate,
    namespace: string | undefined,
    itemWrapper: string | undefined,
  ): void {
    const { kind, name, attribute, text, place } = candidate;
    const path = this.parse(text, attribute, place);
    const options =
      path && readOptions(path.options, (severity, code, message) => this.report(severity, code, message, place));
    if (!path || !options) return;
    const danger = dangerOf(element, kind, name);
    if (danger && !(danger.code === "CODE_FORBIDDEN" && this.uiCode)) {
      this.report(danger.severity, danger.code, danger.message, place);
      if (danger.severity === "error") return;
    }
    const access = this.access(candidate, path, options, isEditableElement(element));
    if (access === undefined) return;
    if (options.replace && kind !== "html") this.warnOption("replace", "ui-html", place);
    const isField = kind === "value" && access !== "r";
    const isEvent = kind === "event" || kind === "key";
    const isPaced = options.debounce !== undefined || options.throttle !== undefined;
    if (options.keypress && !isField) this.warnOption("keypress", "a ui-value that people can change", place);
    if (options.overwrite && !isField) this.warnOption("overwrite", "a ui-value that people can change", place);
    if (options.repeat && !isEvent && kind !== "action")
      this.warnOption("repeat", "ui-action and ui-event-NAME", place);
    if (isPaced && !isField && !isEvent)
      this.warnOption("debounce or throttle", "ui-event-NAME and a ui-value that people can change", place);

    this.checkParts(element, kind, options, place);
    const isView = kind === "view" || kind === "list";
    const slot = this.table.add({
      text,
      up: path.up,
      segments: path.segments,
      not: path.not,
      access,
      priority: isEvent ? "low" : "medium",
      use: isView ? kind : "value",
      ...(isView && namespace !== undefined && { namespace }),
      ...(kind === "list" && itemWrapper !== undefined && { itemWrapper }),
      ...options.slot,
    });
    const end = pathEnd(path);
    const writes = kind === "value" ? isField : isEvent && end === "field";
    this.bindings.push({
      at,
      kind,
      slot,
      ...(name !== undefined && { name }),
      ...(writes && { write: true }),
      ...(end === "argument" && { argument: true }),
      // Who sends with pauses sends while somebody types.
      ...((options.keypress || (isPaced && isField)) && { keypress: true }),
      ...(options.overwrite && { overwrite: true }),
      ...(options.debounce !== undefined && { debounce: options.debounce }),
      ...(options.throttle !== undefined && { throttle: options.throttle }),
      ...(options.repeat && { repeat: true }),
      ...(options.scroll && { scroll: true }),
      ...(options.replace && { replace: true }),
      ...(options.window && { window: true }),
    });
  }

  private parse(text: string, attribute: string, place: Place | undefined): Path | undefined {
    try {
      return parsePath(text);
    } catch (error) {
      if (!(error instanceof MoonpoolError)) throw error;
      this.report("error", error.code, `${attribute}: ${error.message}`, place);
      return undefined;
    }
  }

  private access(candidate: Candidate, path: Path, options: PathOptions, editable: boolean): Access | undefined {
    const { kind, attribute, text, place } = candidate;
    if (path.not && (kind === "view" || kind === "list")) {
      const reason = `${attribute}="${text}": a path with ! is true or false, and a ${kind} shows objects.`;
      this.report("error", "ATTRIBUTE_INVALID", reason, place);
      return undefined;
    }
    const decision = decideAccess(kind, path, options.access, editable);
    const about = `${attribute}="${text}": `;
    if ("refused" in decision) {
      this.report("error", "ACCESS_INVALID", `${about}${decision.refused}.`, place);
      return undefined;
    }
    if (decision.doubt) this.report("warning", "ACCESS_INVALID", `${about}${decision.doubt}.`, place);
    return decision.access;
  }

  /** Takes away what says which part of an array to show, where there is no list that can. */
  private checkParts(element: Element, kind: BindingKind, options: PathOptions, place: Place | undefined): void {
    const { slot } = options;
    if (kind !== "list") {
      for (const name of ["window", "first", "last"] as const) {
        if (slot[name] !== undefined) this.warnOption(name, "ui-viewlist", place);
        delete slot[name];
      }
      options.window = false;
    } else if (options.window && /^(select|datalist)$/.test(element.tagName)) {
      this.report(
        "warning",
        "ATTRIBUTE_INVALID",
        `A <${element.tagName}> has all its options: window has no effect.`,
        place,
      );
      delete slot.window;
      options.window = false;
    }
  }

  private warnOption(option: string, where: string, place: Place | undefined): void {
    this.report("warning", "ATTRIBUTE_INVALID", `The option ${option} only has an effect on ${where}.`, place);
  }

  private warnUnbound(element: Element, reason: string): void {
    const attribute = element.attrs.find(
      ({ name, value }) => name.startsWith("ui-") && name !== "ui-namespace" && value !== "",
    );
    if (!attribute) return;
    const { place } = attributePlace(element, attribute.name, this.source);
    this.report("warning", "BINDING_LOST", `${attribute.name} is not bound: ${reason}.`, place);
  }

  /** A template inside a template is only material for scripts. */
  private warnNested(content: ParentNode): void {
    for (const element of children(content)) {
      this.warnUnbound(element, "it stands in a nested <template>");
      this.warnNested(contentOf(element) ?? element);
    }
  }
}

function attributesOf(element: Element): Map<string, string> {
  return new Map(element.attrs.map(({ name, value }) => [name, value]));
}

function isEditableElement(element: Element): boolean {
  return !isForeign(element) && isEditable(element.tagName, attributesOf(element));
}

/** Whether the binding decides what is inside the element. Only one binding can. */
function fills(kind: BindingKind, element: Element): boolean {
  if (kind === "value") return showsValueAsText(element.tagName);
  return kind === "html" || kind === "list" || kind === "view" || kind === "error";
}
