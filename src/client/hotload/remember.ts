import type { Undo } from "../model.ts";

const FOCUS_EVENTS = ["blur", "focusout", "focus", "focusin"];
const EVENTS = [...FOCUS_EVENTS, "change"];

/** The undo plays what plays in `root` now and does not then. */
export function rememberMedia(root: Node): Undo {
  const media = root instanceof Element ? [...root.querySelectorAll<HTMLMediaElement>("video,audio")] : [];
  if (root instanceof HTMLMediaElement) media.push(root);
  const playing = media.filter(({ paused }) => !paused);
  return () => {
    for (const element of playing) element.play().catch(() => {});
  };
}

/** The undo gives the focus back to what has it now within `root`, with the selection in a field. */
export function rememberFocus(root: Node): Undo {
  const focused = document.activeElement as (HTMLElement & Partial<HTMLInputElement>) | null;
  if (!focused || !root.contains(focused)) return () => {};
  const { selectionStart = null, selectionEnd = null, selectionDirection } = focused;
  return () => {
    if (document.activeElement === focused || !focused.isConnected) return;
    quietly(() => focused.focus({ preventScroll: true }));
    if (selectionStart !== null)
      focused.setSelectionRange?.(selectionStart, selectionEnd, selectionDirection ?? "none");
  };
}

/**
 * The undo puts the caret back into a field in `root` that has kept the focus when it was moved: Chromium 143 says then that
 * it is at the beginning, and takes no more keys.
 */
export function rememberCaret(root: Node): Undo {
  let focused: Element | null = document.activeElement;
  if (!focused || !root.contains(focused)) return () => {};
  while (focused.shadowRoot?.activeElement) focused = focused.shadowRoot.activeElement;
  if (!focused.matches("input,textarea")) return () => {};
  const field = focused as HTMLInputElement;
  const { selectionStart, selectionEnd, selectionDirection } = field;
  return () => {
    if (!field.matches(":focus")) return;
    if (selectionStart !== null) field.setSelectionRange(selectionStart, selectionEnd, selectionDirection ?? "none");
    else if (field.matches("[type=number],[type=email]")) {
      // Nothing tells where it is, but the field knows it when it gets the focus again. A change is told now or never.
      quietly(() => {
        field.blur();
        field.focus({ preventScroll: true });
      }, FOCUS_EVENTS);
    }
  };
}

/** The undo selects the text that is selected now, if it is in `root` and no longer selected then. */
export function rememberSelection(root: Node): Undo {
  const selection = document.getSelection();
  // A field has a selection of its own.
  const isField = document.activeElement?.matches("input,textarea");
  if (isField || !selection?.anchorNode || !selection.focusNode) return () => {};
  const { anchorNode, anchorOffset, focusNode, focusOffset } = selection;
  if (!root.contains(anchorNode) && !root.contains(focusNode)) return () => {};
  return () => {
    const isSame =
      selection.anchorNode === anchorNode &&
      selection.anchorOffset === anchorOffset &&
      selection.focusNode === focusNode &&
      selection.focusOffset === focusOffset;
    if (!isSame) selection.setBaseAndExtent(anchorNode, anchorOffset, focusNode, focusOffset);
  };
}

/** The undo scrolls what is scrolled now in `roots` and is back at its beginning then: browsers forget it of what moves. */
export function rememberScroll(roots: readonly Node[]): Undo {
  const elements = roots.flatMap((root) => (root instanceof Element ? [root, ...root.querySelectorAll("*")] : []));
  const scrolled = elements
    .filter(({ scrollTop, scrollLeft }) => scrollTop !== 0 || scrollLeft !== 0)
    .map((element) => ({ element, top: element.scrollTop, left: element.scrollLeft }));
  return () => {
    for (const { element, top, left } of scrolled)
      if (element.scrollTop === 0 && element.scrollLeft === 0) element.scrollTo({ top, left, behavior: "instant" });
  };
}

/**
 * The undo scrolls what is around `node`, which is about to move into `parent`, back to where it is now: browsers bring
 * a focused element into sight when it moves.
 */
export function rememberSight(node: Node, parent: Node): Undo {
  if (!node.contains(document.activeElement)) return () => {};
  const around = new Set<Element>();
  for (const start of [node, parent])
    for (let at: Node | null = start; at; at = at.parentNode) if (at instanceof Element) around.add(at);
  const places = Array.from(around, (element) => ({ element, top: element.scrollTop, left: element.scrollLeft }));
  return () => {
    for (const { element, top, left } of places)
      if (element.scrollTop !== top || element.scrollLeft !== left)
        element.scrollTo({ top, left, behavior: "instant" });
  };
}

/** Does something of which nobody is to hear that the focus went and came back. */
export function quietly(task: () => void, events = EVENTS): void {
  const stop = (event: Event) => event.stopImmediatePropagation();
  for (const type of events) addEventListener(type, stop, true);
  try {
    task();
  } finally {
    for (const type of events) removeEventListener(type, stop, true);
  }
}
