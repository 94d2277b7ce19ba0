// A chunk of its own, loaded with the first viewdef that has a list with `?window`.
import type { ListWindow } from "../protocol/message.ts";
import { MAX_WINDOW } from "../protocol/viewdef.ts";
import type { Rows } from "./list.ts";
import type { Undo, Variable } from "./model.ts";
import type { Page } from "./page.ts";
import { clipOf, makeSpace, resize, rootsOf, scrollerOf, type Clip } from "./space.ts";

/** ms after which a question without an answer is asked again. */
const PATIENCE = 1_000;
/** Rows around those in sight that are asked for at least, on each side; as many as are in sight if that is more. */
const MARGIN = 15;
/** So many are never too many. */
const FEW = 60;
/** Screens by which the space above may be wrong before that is put right. */
const TOLERANCE = 2;

/** How much one more measurement counts against those before it. */
const NEWS = 0.25;
/** Pixels by which a pitch can differ and still be the same. */
const NOISE = 0.05;

/** Where one row is, in pixels from the top of the browser's window. */
interface Box {
  id: number;
  top: number;
  bottom: number;
}

/** What is known of a list; it outlives the element that the list is in. */
interface Layout {
  window: ListWindow;
  /** The rows of the window, in order. */
  rows: readonly number[];
  /** From the beginning of the list to the first row of the window: what the rows take that are not there. */
  above: number;
  /** From the top of a row to the top of the next, on average; 0: no row has been seen yet. */
  pitch: number;
  /** Between a row and the next, on average. */
  gap: number;
  /** The height of the row that is kept outside of the window. */
  kept: number;
}

const layouts = new WeakMap<Variable, Layout>();

/** Shows those rows of a list that are in sight, and room for the others around them. */
export function showWindow(page: Page, variable: Variable, rows: Rows, list: HTMLElement): Windowed {
  return new Windowed(page, variable, rows, list);
}

/**
 * A list of which people see all, and the page has a part: `[space] rows [space]`. The spaces are as high as the rows would
 * be that are not there, as far as can be told from those that have been.
 *
 * What is in sight does not move because other rows come and go: a row that is seen before and after keeps its place, and the
 * space above takes up the difference. Only when that would make it too wrong, or at the very beginning, the list is
 * scrolled instead. The host is asked for other rows when less than half of what it was asked for around what is seen is there, one
 * question at a time. It also hears in which row somebody is at work, which it keeps, wherever that is: outside of the
 * window it is the first or the last row, out of sight.
 */
class Windowed {
  readonly #page: Page;
  readonly #variable: Variable;
  readonly #rows: Rows;
  readonly #list: HTMLElement;
  readonly #layout: Layout;
  readonly #above: HTMLElement;
  readonly #below: HTMLElement;
  readonly #undo: Undo[] = [];
  #isListening = false;
  #isEnded = false;
  /** When a question was asked that has no answer yet. */
  #asked = -Infinity;
  /** The row that the host was asked to keep. */
  #held: number | undefined;

  constructor(page: Page, variable: Variable, rows: Rows, list: HTMLElement) {
    this.#page = page;
    this.#variable = variable;
    this.#rows = rows;
    this.#list = list;
    const known = layouts.get(variable);
    this.#layout = known ?? { window: { start: 0, total: 0 }, rows: [], above: 0, pitch: 0, gap: 0, kept: 0 };
    layouts.set(variable, this.#layout);
    const place = rows.nodes.at(-1)?.parentElement ?? list;
    this.#above = makeSpace(place);
    this.#below = makeSpace(place);
    rows.surround(this.#above, this.#below);
    this.#note();
    this.#resize();
    const look = () => this.#look();
    // Who leaves a row may come to another at once.
    const lookSoon = () => setTimeout(look);
    const observer = new ResizeObserver(look);
    observer.observe(list);
    this.#undo.push(() => observer.disconnect(), page.afterEachFrame(look));
    for (const type of ["focusin", "focusout"]) this.#undo.push(page.listen(list, type, lookSoon));
  }

  undo(): void {
    this.#isEnded = true;
    for (const call of this.#undo) call();
    this.#rows.surround();
  }

  /** The host has said which rows there are now. */
  update(): void {
    const layout = this.#layout;
    const clip = clipOf(this.#list);
    const before = this.#boxes();
    const kept = this.#keptId();
    const keptBox = kept === undefined ? undefined : this.#boxOf(kept);
    const wasAtTop = !before[0] || before[0].top - layout.above >= clip.top - 1;
    const { start: from } = layout.window;
    this.#asked = -Infinity;
    // Wherever the list is scrolled to, it stays as high as that while rows come and go.
    resize(this.#below, layout.window.total * layout.pitch);
    this.#rows.update();
    this.#note();
    const { start } = layout.window;
    layout.above = start <= from ? (layout.above / (from || 1)) * start : layout.above + (start - from) * layout.pitch;
    this.#resize();
    this.#measure();
    this.#resize();
    const stays = new Set(layout.rows);
    const staying = [...before, ...(keptBox ? [keptBox] : [])].filter(({ id }) => stays.has(id));
    const anchor = staying.find(({ top, bottom }) => bottom > clip.top && top < clip.bottom) ?? staying[0];
    if (anchor && !wasAtTop) this.#hold(anchor, clip);
  }

  /** Puts a row back to where it was in sight. */
  #hold({ id, top }: Box, clip: Clip): void {
    const layout = this.#layout;
    const shift = () => (this.#boxOf(id)?.top ?? top) - top;
    const ideal = layout.window.start * layout.pitch;
    const wanted = layout.above - shift();
    if (ideal > 0) {
      const isWrong = Math.abs(wanted - ideal) > TOLERANCE * (clip.bottom - clip.top);
      layout.above = isWrong || wanted <= 0 ? ideal : wanted;
      this.#resize();
    }
    const rest = shift();
    const scroller = scrollerOf(this.#list);
    if (Math.abs(rest) >= 1) scroller.scrollTo({ top: scroller.scrollTop + rest, behavior: "instant" });
  }

  /** Takes note of what the host has said. */
  #note(): void {
    const { window, rows } = this.#variable;
    const layout = this.#layout;
    layout.window = window ?? { start: 0, total: rows.length };
    const kept = this.#keptId();
    layout.rows = kept === undefined ? rows : rows.filter((id) => id !== kept);
  }

  /** The row that is kept outside of the window. */
  #keptId(): number | undefined {
    const { start, kept } = this.#layout.window;
    return kept === undefined ? undefined : this.#variable.rows.at(kept < start ? 0 : -1);
  }

  #measure(): void {
    const boxes = this.#boxes();
    const [first, last] = [boxes[0], boxes.at(-1)];
    if (!first || !last) return;
    const layout = this.#layout;
    const height = boxes.reduce((sum, { top, bottom }) => sum + bottom - top, 0) / boxes.length;
    const pitch = boxes.length > 1 ? (last.top - first.top) / (boxes.length - 1) : height + layout.gap;
    // Far down a page, browsers place things at a quarter of a pixel, which would add up over thousands of rows.
    if (Math.abs(pitch - layout.pitch) > NOISE) layout.pitch += (pitch - layout.pitch) * (layout.pitch > 0 ? NEWS : 1);
    layout.gap = Math.max(0, layout.pitch - height);
    const kept = this.#keptId();
    const box = kept === undefined ? undefined : this.#boxOf(kept);
    layout.kept = box ? box.bottom - box.top : 0;
  }

  /** Makes the spaces as high as what is not there. */
  #resize(): void {
    const { window, rows, above, pitch, gap } = this.#layout;
    const { start, total, kept } = window;
    const isAbove = kept !== undefined && kept < start;
    const taken = kept === undefined ? 0 : this.#layout.kept + gap;
    resize(this.#above, above - gap - (isAbove ? taken : 0));
    resize(this.#below, (total - start - rows.length) * pitch - gap - (isAbove ? 0 : taken));
    // Rows of an <ol> have the numbers that they would have among all.
    this.#above.style.counterIncrement = `list-item ${isAbove ? start - 1 : start}`;
  }

  /** Asks for other rows if those that are in sight are not there, or soon will not be. */
  #look(): void {
    const { window, rows } = this.#layout;
    const { start, total } = window;
    if (this.#isEnded || !this.#list.isConnected) return;
    this.#listen();
    const now = performance.now();
    if (this.#layout.pitch === 0) {
      // Views are made outside of the page.
      this.#measure();
      this.#resize();
    }
    if (now - this.#asked < PATIENCE || this.#layout.pitch < 1) return;
    const clip = clipOf(this.#list);
    let from = this.#indexAt(clip.top);
    const size = Math.max(1, this.#indexAt(clip.bottom) + 1 - from);
    const kept = this.#keptId();
    const box = kept === undefined ? undefined : this.#boxOf(kept);
    // Somebody types there: they want to see it where it belongs.
    if (box && box.bottom > clip.top && box.top < clip.bottom) from = Math.max(0, (window.kept ?? 0) - (size >> 1));
    const margin = Math.max(MARGIN, size);
    const count = Math.min(MAX_WINDOW, size + 2 * margin);
    const isThere =
      start <= Math.max(0, from - margin / 2) && start + rows.length >= Math.min(total, from + size + margin / 2);
    const isEnough = clip.bottom <= clip.top || (isThere && rows.length <= Math.max(FEW, 2 * count));
    const held = rows.length < total ? this.#findHolder() : undefined;
    if (isEnough && held === this.#held) return;
    const [first, many] = isEnough ? [start, rows.length] : [Math.max(0, from - margin - ((from - margin) % 2)), count];
    this.#asked = now;
    // A frame can be refused, and without a connection there is nobody to ask.
    setTimeout(() => this.#look(), PATIENCE + 1);
    if (!this.#page.outbox.open) return;
    this.#held = held;
    this.#page.outbox.send(
      () => ({ type: "window", id: this.#variable.id, start: first, count: many, ...(held && { keep: held }) }),
      true,
    );
    // Who scrolls has waited long enough.
    this.#page.outbox.flush();
  }

  /** Which element of the array is, or would be, at a height. */
  #indexAt(y: number): number {
    const { window, rows, above, pitch } = this.#layout;
    const boxes = this.#boxes();
    const [first, last] = [boxes[0], boxes.at(-1)];
    if (!first || !last) return window.start;
    let index: number;
    if (y < first.top) index = window.start + Math.floor(((y - first.top) * window.start) / (above || 1));
    else if (y < last.bottom) index = window.start + boxes.findIndex(({ bottom }) => bottom > y);
    else index = window.start + rows.length + Math.floor((y - last.bottom) / pitch);
    return Math.max(0, Math.min(window.total - 1, index));
  }

  /** The row in which somebody is at work: it has the focus, or the beginning of a selection. */
  #findHolder(): number | undefined {
    const selection = document.getSelection();
    for (const node of [document.activeElement, selection?.isCollapsed === false ? selection.anchorNode : null])
      if (node && this.#list.contains(node))
        return this.#variable.rows.find((id) => this.#rows.nodesOf(id).some((one) => one.contains(node)));
    return undefined;
  }

  /** The boxes of the window's rows, as far as they have any. */
  #boxes(): Box[] {
    return this.#layout.rows.flatMap((id) => this.#boxOf(id) ?? []);
  }

  #boxOf(id: number): Box | undefined {
    const rects = this.#rows
      .nodesOf(id)
      .flatMap((node) => (node instanceof Element ? [node.getBoundingClientRect()] : []))
      .filter(({ width, height }) => width > 0 || height > 0);
    if (rects.length === 0) return undefined;
    const top = Math.min(...rects.map((rect) => rect.top));
    return { id, top, bottom: Math.max(...rects.map((rect) => rect.bottom)) };
  }

  /** Once it is in the page: when anything around it is scrolled, or the window has another size. */
  #listen(): void {
    if (this.#isListening) return;
    this.#isListening = true;
    const look = () => this.#look();
    for (const root of rootsOf(this.#list))
      this.#undo.push(this.#page.listen(root, "scroll", look, { capture: true, passive: true }));
    this.#undo.push(this.#page.listen(globalThis.window, "resize", look));
  }
}
