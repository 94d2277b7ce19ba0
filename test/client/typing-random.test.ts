// Typing that races with the server (seed row D2-28).
import t from "tap";
import { Chromium } from "../support/chromium.ts";
import { randomOf } from "../support/random-template.ts";
import { scene } from "../support/scene.ts";
import { bind, update, viewdef, type Connection } from "../support/scripted-host.ts";

const chromium = await Chromium.launch(t);
const SEED = Number(process.env["SEED"] ?? 20_251);
const EDITS = Number(process.env["EDITS"] ?? 1_000);
const LETTERS = "abcdefghijklmnopqrstuvwxyz ,.";

/** What a text field does with keys. */
class Text {
  text: string;
  caret: number;

  constructor(text: string) {
    this.text = text;
    this.caret = text.length;
  }

  press(key: string): void {
    const { text, caret } = this;
    const put = (before: string, after: string) => {
      this.text = before + after;
      this.caret = before.length;
    };
    if (key === "Backspace") put(text.slice(0, Math.max(0, caret - 1)), text.slice(caret));
    else if (key === "Delete") put(text.slice(0, caret), text.slice(caret + 1));
    else if (key === "ArrowLeft") this.caret = Math.max(0, caret - 1);
    else if (key === "ArrowRight") this.caret = Math.min(text.length, caret + 1);
    else if (key === "Home") this.caret = 0;
    else if (key === "End") this.caret = text.length;
    else put(text.slice(0, caret) + key, text.slice(caret));
  }
}

/** The last value that was sent for variable `id`. */
function lastSent(connection: Connection, id: number): unknown {
  const messages = connection.frames.flatMap((frame) => ("messages" in frame ? frame.messages : []));
  return messages.findLast((message) => message.type === "update" && message.id === id);
}

t.test(`of ${EDITS} random edits that race with changes of the server no character is lost (${SEED})`, async (t) => {
  const random = randomOf(SEED);
  const app = viewdef(
    `<input><input><textarea wrap="off"></textarea><input><button>elsewhere</button>`,
    bind(0, "value", 0, { write: true }),
    bind(1, "value", 1, { write: true, keypress: true }),
    bind(2, "value", 2, { write: true, keypress: true, debounce: 15 }),
    bind(3, "value", 3, { write: true, keypress: true, throttle: 15 }),
  );
  const { page, connection } = await scene(t, chromium, app, { values: ["", "", "", ""] });
  const fields = page.locator("input, textarea");
  const interfere = () => {
    connection.holdAck = random(3) === 0;
    if (random(10) < 7) connection.send(update(2 + random(4), `server ${random(1_000)}`));
  };
  for (let edits = 0; edits < EDITS;) {
    const at = random(4);
    const field = fields.nth(at);
    await field.focus();
    await page.keyboard.press("End");
    // From here on the field is in somebody's hand, whatever was done before.
    await page.keyboard.press("x");
    const start = await field.inputValue();
    const model = new Text(start);
    const presses: Promise<void>[] = [];
    for (let stint = 5 + random(40); stint > 0 && edits < EDITS; stint--, edits++) {
      const keys = ["Backspace", "Delete", "ArrowLeft", "ArrowRight", "Home", "End"];
      const key = random(10) < 7 ? (LETTERS[random(LETTERS.length)] as string) : (keys[random(keys.length)] as string);
      interfere();
      presses.push(page.keyboard.press(key));
      model.press(key);
      if (presses.length % 4 === 0) await Promise.all(presses);
    }
    await Promise.all(presses);
    const shown = await field.evaluate((input: HTMLInputElement) => [input.value, input.selectionStart]);
    if (JSON.stringify(shown) !== JSON.stringify([model.text, model.caret]))
      t.strictSame(shown, [model.text, model.caret], `after ${edits} edits, in field ${at}`);
    await page.locator("button").focus();
    const wanted = { type: "update", id: 2 + at, value: model.text };
    for (let wait = 0; wait < 1_000 && JSON.stringify(lastSent(connection, 2 + at)) !== JSON.stringify(wanted); wait++)
      await new Promise((resolve) => setTimeout(resolve, 10));
    if (JSON.stringify(lastSent(connection, 2 + at)) !== JSON.stringify(wanted))
      t.strictSame(lastSent(connection, 2 + at), wanted, `after ${edits} edits, in field ${at}`);
  }
  t.ok(connection.frames.length > 20);
});
