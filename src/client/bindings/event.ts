import { eventData } from "../event-data.ts";
import type { Undo } from "../model.ts";
import type { Context } from "../page.ts";

/** They come in streams, of which only the newest matters. */
const STREAMS =
  /^(mousemove|pointermove|pointerrawupdate|touchmove|dragover|drag|scroll|wheel|resize|timeupdate|progress)$/;
/** Who listens to these means to handle them; the browser's own doing would leave the page, or open a menu. */
const PREVENTED = /^(submit|contextmenu|dragover|drop)$/;

/** ui-event-NAME: calls the method, or sets the field, with the data of the event (see `eventData`). */
export function bindEvent({ page, element, variable, binding }: Context): Undo {
  const name = binding.name ?? "";
  const undo = page.listen(element, name, (event) => {
    if (PREVENTED.test(name)) event.preventDefault();
    page.commitInput(element);
    const wanted = binding.argument ?? binding.write;
    page.outbox.act(variable, wanted ? eventData(event, element) : null, !STREAMS.test(name));
  });
  if (name !== "drop") return undo;
  // Nothing can be dropped on an element that lets this event pass.
  const undoOver = page.listen(element, "dragover", (event) => event.preventDefault());
  return () => {
    undo();
    undoOver();
  };
}
