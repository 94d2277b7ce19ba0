// Runs in the pages of one session: when was something typed, and when is it on the screen of the other page?

/** Milliseconds since 1970, the same in all pages of a browser. */
function now(): number {
  return performance.timeOrigin + performance.now();
}

/** Types one more character into the field; gives when. */
function typeOne(character: string): number {
  const field = document.querySelector<HTMLInputElement>("#field");
  if (!field) throw new Error("There is no field.");
  field.focus();
  const time = now();
  document.execCommand("insertText", false, character);
  return time;
}

/** Resolves with the time at which the page has painted that the text ends with `character`. */
function whenShown(character: string): { shown: Promise<number> } {
  const text = document.querySelector("#text");
  const { port1, port2 } = new MessageChannel();
  const shown = new Promise<number>((resolve) =>
    port1.addEventListener(
      "message",
      () => {
        port1.close();
        resolve(now());
      },
      { once: true },
    ),
  );
  port1.start();
  const observer = new MutationObserver(() => {
    if (!text?.textContent.endsWith(character)) return;
    observer.disconnect();
    // A message that is sent before a frame is painted comes when it has been.
    requestAnimationFrame(() => port2.postMessage(0));
  });
  if (text) observer.observe(text, { childList: true, characterData: true, subtree: true });
  return { shown };
}

let socket: WebSocket | undefined;

/** Ms of one round trip to the echo server. */
async function echo(url: string): Promise<number> {
  if (!socket) {
    const opening = new WebSocket(url);
    await new Promise((resolve) => opening.addEventListener("open", resolve, { once: true }));
    socket = opening;
  }
  const open = socket;
  const answer = new Promise((resolve) => open.addEventListener("message", resolve, { once: true }));
  const start = performance.now();
  open.send('{"seq":1,"ack":1,"event":true,"messages":[{"type":"update","id":3,"value":"text"}]}');
  await answer;
  return performance.now() - start;
}

Object.assign(window, { typeOne, whenShown, echo });
