import type { HotloadUi } from "../../protocol/message.ts";
import type { Fill } from "../fill.ts";
import type { Undo, Variable } from "../model.ts";
import type { Page } from "../page.ts";
import type { PreparedViewdef } from "../viewdef-store.ts";
import type { Keepsake } from "../keepsake/keepsake.ts";
import { match, type Match, type SlotMap } from "./match.ts";
import { nodesBelow, outlineOf, type Outline, type TemplateNode } from "./outline.ts";
import { rememberScroll } from "./remember.ts";
import { Takeover, type Change, type LiveNodes } from "./takeover.ts";
import type { Tools } from "./tools.ts";

/** For when an exchange fails. */
export interface Rescue {
  /** Takes note of what people have in hand. */
  keep(): Keepsake;
  giveBack(kept: Keepsake): void;
  /** Nothing but a new page can help. */
  giveUp(kept: Keepsake): void;
}

/** Exchanges viewdefs that are being shown for newer versions of them. */
export class Exchange {
  readonly #page: Page;
  readonly #tools: Tools;
  readonly #rescue: Rescue;
  readonly #live = new WeakMap<Fill, LiveNodes>();
  /** Old version → the newest comparison with another one. Most views of a viewdef ask for the same. */
  readonly #matches = new WeakMap<Outline, { now: Outline; slots: string; match: Match }>();
  preserve: HotloadUi["preserve"] = { form: true, scroll: true, focus: true };
  /** How many views have been exchanged, and in how many ms. */
  readonly counts = { views: 0, time: 0 };

  constructor(page: Page, tools: Tools, rescue: Rescue) {
    this.#page = page;
    this.#tools = tools;
    this.#rescue = rescue;
  }

  /** Notes the nodes of a view that is about to be shown; `fragment` is a copy of its template. */
  record(fill: Fill, fragment: DocumentFragment): void {
    this.#live.set(fill, nodesBelow(fragment));
  }

  /**
   * Lets `fill` show `viewdef`, a newer version of what it shows, with the variables from `first` on. `renew` renders from
   * scratch, for when that fails; `retry` comes back here, for when it has to wait.
   */
  run(fill: Fill, viewdef: PreparedViewdef, first: number, renew: Undo, retry: Undo): void {
    const start = performance.now();
    try {
      const change = this.#compare(fill, viewdef, first);
      if (disturbs(change, this.#page.composing)) {
        // A task later the field has what was composed.
        addEventListener("compositionend", () => setTimeout(() => this.#resume(fill, retry)), { once: true });
        return;
      }
      // Of the scripts of the version before.
      this.#page.model.succeed(fill.owner, fill);
      if (change.old === change.now && !hasOthers(change)) fill.first = first;
      else this.#takeOver(change, renew);
    } catch (error) {
      this.#startOver(fill, error, renew);
    }
    this.counts.views++;
    this.counts.time += performance.now() - start;
  }

  #resume(fill: Fill, retry: Undo): void {
    if (fill.ended) return;
    retry();
    void this.#page.scripts.run();
  }

  #compare(fill: Fill, viewdef: PreparedViewdef, first: number): Change {
    const { findExemplar } = this.#tools;
    const [old, now] = [outlineOf(fill.viewdef, findExemplar), outlineOf(viewdef, findExemplar)];
    const before = new Map<Variable, number>(fill.bound.map(({ binding, variable }) => [variable, binding.slot]));
    const slotOf: SlotMap = (slot) => {
      const variable = this.#page.model.get(first + slot);
      return variable && before.get(variable);
    };
    const slots = JSON.stringify(viewdef.bindings.map(({ slot }) => slotOf(slot) ?? -1));
    let known = this.#matches.get(old);
    if (known?.now !== now || known.slots !== slots) {
      known = { now, slots, match: match(old, now, slotOf) };
      this.#matches.set(old, known);
    }
    return { fill, old, now, match: known.match, first, live: this.#live.get(fill) ?? [] };
  }

  #takeOver(change: Change, renew: Undo): void {
    const { fill } = change;
    const anchor = document.createComment("");
    const nodes = fill.region.nodes();
    const start = nodes.find(({ parentNode }) => parentNode);
    if (start) start.before(anchor);
    // A script has taken it out of the page.
    else document.createDocumentFragment().append(anchor, ...nodes);
    const field = this.#rememberField(change);
    const scroll = rememberScroll(nodes);
    const takeover = new Takeover(change, this.#tools);
    try {
      this.#live.set(fill, takeover.run(anchor));
    } catch (error) {
      return this.#startOver(fill, error, renew, () => takeover.abandon(anchor));
    }
    anchor.remove();
    scroll();
    field();
    this.#forget(change);
  }

  /** `abandon` takes the view out of the page that could not be exchanged. */
  #startOver(fill: Fill, error: unknown, renew: Undo, abandon: Undo = () => {}): void {
    const kept = this.#rescue.keep();
    abandon();
    this.#page.report("INTERNAL", `A view cannot be exchanged and is made anew: ${String(error)}`, fill.owner.id);
    try {
      renew();
      this.#rescue.giveBack(kept);
    } catch {
      this.#rescue.giveUp(kept);
    }
  }

  /** The undo takes the focus from a field that went to the one that shows the same variable now. */
  #rememberField({ fill, old, live, now }: Change): Undo {
    const { activeElement } = document;
    const isField = ({ binding }: { binding: { kind: string } }) => binding.kind === "value";
    const bound = fill.bound.find(
      (one) => isField(one) && live[old.elements[one.binding.at]?.index ?? -1] === activeElement,
    );
    if (!bound) return () => {};
    const { selectionStart, selectionEnd, selectionDirection } = activeElement as HTMLInputElement;
    return () => {
      if (activeElement?.isConnected) return;
      const heir = fill.bound.find((one) => isField(one) && one.variable === bound.variable);
      const field = this.#live.get(fill)?.[now.elements[heir?.binding.at ?? -1]?.index ?? -1] as HTMLInputElement;
      field?.focus({ preventScroll: true });
      if (typeof field?.selectionStart === "number" && typeof selectionStart === "number")
        field.setSelectionRange(selectionStart, selectionEnd, selectionDirection ?? "none");
    };
  }

  /** Lets go of what the site's author does not want to be kept. */
  #forget({ fill, now }: Change): void {
    const { form, scroll, focus } = this.preserve;
    const live = this.#live.get(fill) ?? [];
    for (const { index, at } of now.elements) {
      const element = live[index] as HTMLElement | undefined;
      if (!element) continue;
      if (!scroll && (element.scrollTop || element.scrollLeft))
        element.scrollTo({ top: 0, left: 0, behavior: "instant" });
      if (!focus && element === document.activeElement) element.blur();
      if (form) continue;
      const bound = fill.bound.find(({ binding }) => binding.kind === "value" && binding.at === at);
      if (bound) this.#tools.fieldOf(element)?.write(bound.variable.value);
      else resetField(element);
    }
  }
}

/** Whether the same viewdef shows other variables now. */
function hasOthers({ fill, first }: Change): boolean {
  return fill.bound.some(({ binding, variable }) => fill.page.model.get(first + binding.slot) !== variable);
}

/** Whether the field in which somebody composes a character would be moved, changed or removed. */
function disturbs({ fill, old, now, match, live }: Change, composing: Element | null): boolean {
  if (!composing) return false;
  const successors = new Map(Array.from(match, ([to, from]) => [from, now.nodes[to] as TemplateNode]));
  const nodesOf = ({ at, index }: TemplateNode) => fill.placed.get(at)?.region.nodes() ?? [live[index]];
  const holds = (entry: TemplateNode) => nodesOf(entry).some((node) => node?.contains(composing));
  const within = old.nodes.findLast(holds);
  for (let entry = within; entry; entry = entry.parent) {
    const successor = successors.get(entry.index);
    if (!successor || successor.parent !== (entry.parent && successors.get(entry.parent.index))) return true;
  }
  if (!within || live[within.index] !== composing) return false;
  const shallow = (entry: TemplateNode | undefined) => entry && (entry.node.cloneNode() as Element).outerHTML;
  return shallow(within) !== shallow(successors.get(within.index));
}

function resetField(field: Element): void {
  if (field instanceof HTMLInputElement) field.checked = field.defaultChecked;
  if (field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement) field.value = field.defaultValue;
  if (field instanceof HTMLOptionElement) field.selected = field.defaultSelected;
}
