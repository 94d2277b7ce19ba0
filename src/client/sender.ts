import type { Value } from "../protocol/message.ts";
import type { Undo } from "./model.ts";
import { makePace } from "./pace.ts";
import type { Context } from "./page.ts";
import { formOf, type Mark } from "./pending.ts";

export interface SenderOptions {
  /** It comes in streams, of which only the newest matters. */
  isStream?: boolean;
  /** Who does this has finished with the field that has the focus. */
  isOver?: boolean;
}

/** Sends what a binding's event has to say. */
export interface Sender {
  send(event: Event, value: Value): void;
  end: Undo;
}

const BUTTON = "button,a,[type=button],[type=submit],[type=image],[role=button],sl-button,wa-button,sl-icon-button";
const SUBMITS = /^(submit|image)$/;

/**
 * Sends with it, and before it, what has been typed. A button, or a form that is submitted, does not fire a second time
 * before the session has carried out the first, unless the path says `?repeat`.
 */
export function makeSender(context: Context, { isStream = false, isOver = true }: SenderOptions = {}): Sender {
  const { page, element, variable, binding } = context;
  let mark: Mark | undefined;
  let value: Value = null;
  let buttons: Element[] | undefined;
  const pace = makePace(context, () => {
    page.commitInput(element, isOver);
    page.outbox.act(variable, value, !isStream);
    if (!isStream) mark = page.pending.add(element, buttons);
  });
  return {
    send(event, next) {
      buttons = binding.repeat ? undefined : buttonsOf(event, element);
      if (buttons && mark && !mark.done) return event.preventDefault();
      value = next;
      pace.run();
    },
    end: pace.end,
  };
}

/** What does not work until the event has been carried out. */
function buttonsOf(event: Event, element: HTMLElement): Element[] | undefined {
  if (event.type === "submit") return [...(formOf(element)?.elements ?? [])].filter(isSubmit);
  return event.type === "click" && element.matches(BUTTON) ? [element] : undefined;
}

/** Whether a click on it submits a form. */
export function isSubmit(element: Element): boolean {
  return SUBMITS.test((element as HTMLButtonElement).type) && formOf(element) !== null;
}
