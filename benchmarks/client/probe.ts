// Runs in both pages: clicks, and measures until the page shows what comes of it.

/** What can be done with the table, by name: what to click, and what to wait for. */
const steps: Record<string, (rows: HTMLCollectionOf<HTMLTableRowElement>) => [target: string, isDone: () => boolean]> =
  {
    create: (rows) => ["#create", renewed(rows, 1_000)],
    createMany: (rows) => ["#create-many", renewed(rows, 10_000)],
    append(rows) {
      const wanted = rows.length + 1_000;
      return ["#append", () => rows.length === wanted];
    },
    clear: (rows) => ["#clear", () => rows.length === 0],
    update(rows) {
      const at = rows.length - 10;
      const before = labelOf(rows[at]);
      return ["#update", () => labelOf(rows[at]) === `${before} !!!`];
    },
    swap(rows) {
      const [second, late] = [numberOf(rows[1]), numberOf(rows[998])];
      return ["#swap", () => numberOf(rows[1]) === late && numberOf(rows[998]) === second];
    },
    select(rows) {
      const at = [...rows].findIndex(({ className }) => className === "danger") === 4 ? 5 : 4;
      return [`#rows > :nth-child(${at + 1}) .label`, () => rows[at]?.className === "danger"];
    },
    remove(rows) {
      const left = rows.length - 1;
      return ["#rows > :nth-child(4) .remove", () => rows.length === left];
    },
  };

function renewed(rows: HTMLCollectionOf<HTMLTableRowElement>, count: number): () => boolean {
  const before = numberOf(rows[0]);
  return () => rows.length === count && numberOf(rows[0]) !== before;
}

function numberOf(row: HTMLTableRowElement | undefined): string | null | undefined {
  return row?.cells[0]?.textContent;
}

function labelOf(row: HTMLTableRowElement | undefined): string | null | undefined {
  return row?.cells[1]?.textContent;
}

/** Clicks; resolves with the ms from the click to the end of the frame in which the page shows what comes of it. */
async function perform(name: string): Promise<number> {
  const body = document.querySelector<HTMLTableSectionElement>("#rows");
  const step = body && steps[name]?.(body.rows);
  const target = step && document.querySelector<HTMLElement>(step[0]);
  if (!target) throw new Error(`There is nothing to click for ${name}.`);
  const [, isDone] = step;
  if (isDone()) return 0;
  const { port1, port2 } = new MessageChannel();
  // A message that is sent before a frame is painted comes when it has been.
  const painted = new Promise((resolve) => port1.addEventListener("message", resolve));
  port1.start();
  // Not by looking in every frame: each would make the next one wait for the screen.
  const observer = new MutationObserver(() => {
    if (!isDone()) return;
    observer.disconnect();
    requestAnimationFrame(() => port2.postMessage(0));
  });
  observer.observe(body, { childList: true, subtree: true, characterData: true, attributes: true });
  const start = performance.now();
  target.click();
  await painted;
  const time = performance.now() - start;
  port1.close();
  return time;
}

Object.assign(window, { perform });
