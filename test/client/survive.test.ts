// What people and scripts did to a page is there after a viewdef was edited (seed rows S4-32, D2-09).
import t from "tap";
import type { Page } from "playwright-core";
import { Chromium } from "../support/chromium.ts";
import { update } from "../support/scripted-host.ts";
import { Stage } from "../support/stage.ts";

const chromium = await Chromium.launch(t);
const NO_MOVE =
  "<script>for (const type of [Element, DocumentFragment, Document]) delete type.prototype.moveBefore</script>";

/** One thing of each kind, with a state that no attribute tells. */
const PIECES = [
  `<input class="bound" ui-value="name">`,
  `<textarea ui-value="note"></textarea>`,
  `<input class="free">`,
  `<div contenteditable ui-value="memo"></div>`,
  `<label><input type="checkbox"> check</label>`,
  `<select><option>one</option><option>two</option></select>`,
  `<div class="scrolled" style="overflow: auto; height: 40px"><p style="height: 400px"></p></div>`,
  `<details><summary>more</summary>text</details>`,
  `<dialog><button>close</button></dialog>`,
  `<audio></audio>`,
  `<video muted></video>`,
  `<canvas width="4" height="4"></canvas>`,
  `<iframe></iframe>`,
  `<x-state></x-state>`,
  `<button class="heard">press</button>`,
];
const VERSIONS = {
  "the text and the attributes around it change": `<h1>new</h1><div class="all b" title="t">${PIECES.map((piece) => `${piece}<b>after</b>`).join(" ")}</div><p>end</p>`,
  "it is put into other elements": `<main><section><div class="all">${PIECES.map((piece) => `<section>${piece}</section>`).join("")}</div></section></main>`,
  "the order is another one": `<div class="all">${PIECES.toReversed().join("")}</div>`,
  "the element around it is another one": `<article class="all">${PIECES.join("")}</article>`,
};
/** Above, so that what is scrolled out of sight stays the same. */
const SPACE = `<hr style="height: 3000px">`;

/** Gives everything a state. */
async function disturb(page: Page): Promise<void> {
  await page.evaluate(async () => {
    // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- a cast with a selector
    const find = <T extends Element>(selector: string) => document.querySelector(selector) as T;
    find<HTMLInputElement>(".free").value = "typed";
    find<HTMLInputElement>("[type=checkbox]").checked = true;
    find<HTMLSelectElement>("select").selectedIndex = 1;
    find(".scrolled").scrollTop = 123;
    find<HTMLDetailsElement>("details").open = true;
    find<HTMLDialogElement>("dialog").show();
    const canvas = find<HTMLCanvasElement>("canvas");
    canvas.getContext("2d")?.fillRect(0, 0, 4, 4);
    const video = find<HTMLVideoElement>("video");
    video.srcObject = canvas.captureStream(20);
    const audio = find<HTMLAudioElement>("audio");
    const samples = 8000 * 60;
    const wav = new DataView(new ArrayBuffer(44 + samples));
    [0x52494646, 36 + samples, 0x57415645, 0x666d7420, 16, 0, 8000, 8000, 0, 0x64617461, samples].forEach(
      (word, index) => {
        const at = [0, 4, 8, 12, 16, 0, 24, 28, 0, 36, 40][index] ?? 0;
        if (at || index === 0) wav.setUint32(at, word, ![0, 2, 3, 9].includes(index));
      },
    );
    for (const [at, value] of [
      [20, 1],
      [22, 1],
      [32, 1],
      [34, 8],
    ] as const)
      wav.setUint16(at, value, true);
    audio.src = URL.createObjectURL(new Blob([wav.buffer], { type: "audio/wav" }));
    audio.muted = true;
    audio.currentTime = 20;
    await Promise.all([audio.play(), video.play()]);
    const frame = find<HTMLIFrameElement>("iframe");
    Object.assign(frame.contentWindow as Window, { kept: true });
    const heard = find<HTMLButtonElement>(".heard");
    Object.assign(window, { clicks: 0, kept: [...document.querySelectorAll(".all *")] });
    heard.addEventListener("click", () => ((window as never as { clicks: number }).clicks += 1));
    scrollTo(0, 50);
  });
}

/** What has become of it; fields that have the focus are for `typing` to look at. */
const look = (page: Page) =>
  page.evaluate(() => {
    // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- a cast with a selector
    const find = <T extends Element>(selector: string) => document.querySelector(selector) as T;
    const { kept } = window as never as { kept: Element[] };
    find<HTMLButtonElement>(".heard").click();
    const audio = find<HTMLAudioElement>("audio");
    return {
      free: find<HTMLInputElement>(".free").value,
      checked: find<HTMLInputElement>("[type=checkbox]").checked,
      selected: find<HTMLSelectElement>("select").selectedIndex,
      scrolled: find(".scrolled").scrollTop,
      open: find<HTMLDetailsElement>("details").open,
      dialog: find<HTMLDialogElement>("dialog").open,
      audio: !audio.paused && audio.currentTime >= 20,
      video: !find<HTMLVideoElement>("video").paused,
      canvas: find<HTMLCanvasElement>("canvas").getContext("2d")?.getImageData(0, 0, 1, 1).data[3],
      frame: "kept" in (find<HTMLIFrameElement>("iframe").contentWindow as Window),
      state: find<HTMLElement & { log: string[] }>("x-state").log.join(),
      clicks: (window as never as { clicks: number }).clicks,
      window: scrollY,
      gone: kept.filter((element) => !element.isConnected).map(({ localName }) => localName),
    };
  });

const KEPT = {
  free: "typed",
  checked: true,
  selected: 1,
  scrolled: 123,
  open: true,
  dialog: true,
  audio: true,
  video: true,
  canvas: 255,
  frame: true,
  state: "connected",
  clicks: 1,
  window: 50,
  gone: [] as string[],
};

const HEAD = `<script>customElements.define("x-state", class extends HTMLElement {
  log = [];
  connectedCallback() { this.log.push("connected") }
  disconnectedCallback() { this.log.push("disconnected") }
  connectedMoveCallback() {}
})</script>`;

for (const [what, version] of Object.entries(VERSIONS)) {
  t.test(`everything keeps its state when ${what}`, async (t) => {
    const stage = await Stage.open(
      t,
      chromium,
      { App: `${SPACE}<div class="all">${PIECES.join("")}</div>` },
      {},
      { head: HEAD },
    );
    await disturb(stage.page);
    await stage.edit({ App: SPACE + version });
    t.same(await look(stage.page), KEPT);
    t.same(stage.reports, []);
  });

  t.test(`where browsers cannot move elements, most keeps its state when ${what}`, async (t) => {
    const options = { head: HEAD + NO_MOVE };
    const stage = await Stage.open(
      t,
      chromium,
      { App: `${SPACE}<div class="all">${PIECES.join("")}</div>` },
      {},
      options,
    );
    await disturb(stage.page);
    await stage.edit({ App: SPACE + version });
    const { frame: _, state: _state, ...rest } = await look(stage.page);
    const { frame: _frame, state: _log, ...expected } = KEPT;
    t.same(rest, expected);
  });

  for (const selector of [".bound", "textarea", "[contenteditable]"])
    for (const head of ["", NO_MOVE])
      t.test(
        `who types in ${selector} goes on typing when ${what}${head && ", also without moveBefore"}`,
        async (t) => {
          const app = { name: "server", note: "server", memo: "server" };
          const stage = await Stage.open(t, chromium, { App: `<div class="all">${PIECES.join("")}</div>` }, app, {
            head: HEAD + head,
          });
          const { page, connection } = stage;
          await page.locator(selector).focus();
          await page.keyboard.press("Control+A");
          await page.keyboard.type("half a sentence");
          for (let index = 0; index < 3; index++) await page.keyboard.press("ArrowLeft");
          await page.keyboard.press("Shift+ArrowLeft");
          await page.keyboard.press("Shift+ArrowLeft");
          const field = { ".bound": "name", textarea: "note" }[selector] ?? "memo";
          connection.send(update(stage.id(field), "newer"));
          await stage.edit({ App: version });
          t.equal(await page.evaluate((selector) => document.activeElement?.matches(selector), selector), true);
          // Shift takes the selection further to the left only if it still has its direction.
          await page.keyboard.press("Shift+ArrowLeft");
          await page.keyboard.type("X");
          const text = await page
            .locator(selector)
            .evaluate((element: HTMLInputElement) => element.value ?? element.textContent);
          t.equal(text, "half a seXnce");
          await page.evaluate("document.activeElement.blur()");
          t.match(await connection.messages(), [{ type: "update", id: stage.id(field), value: text }]);
        },
      );
}
