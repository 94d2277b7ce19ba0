import { eventData } from "../event-data.ts";
import type { Undo } from "../model.ts";
import type { Context } from "../page.ts";
import { makeSender } from "../sender.ts";

/** They come in streams, of which only the newest matters. */
const STREAMS =
  /^(mousemove|pointermove|pointerrawupdate|touchmove|dragover|drag|scroll|wheel|resize|timeupdate|progress)$/;
/** Who listens to these means to handle them; the browser's own doing would leave the page, or open a menu. */
const PREVENTED = /^(submit|contextmenu|dragover|drop)$/;
/** Who does this has finished typing. */
const FINAL = /^(submit|click|dblclick)$/;

/** ui-event-NAME: calls the method, or sets the field, with the data of the event (see `eventData`). */
export function bindEvent(context: Context): Undo {
  const { page, element, binding } = context;
  const name = binding.name ?? "";
  const sender = makeSender(context, { isStream: STREAMS.test(name), isOver: FINAL.test(name) });
  const undo = [
    sender.end,
    page.listen(element, name, (event) => {
      if (PREVENTED.test(name)) event.preventDefault();
      sender.send(event, (binding.argument ?? binding.write) ? eventData(event, element) : null);
    }),
  ];
  // Nothing can be dropped on an element that lets this event pass.
  if (name === "drop") undo.push(page.listen(element, "dragover", (event) => event.preventDefault()));
  return () => {
    for (const call of undo) call();
  };
}
