// How many bytes are on the WebSocket for the smallest changes, how large is the client, how soon is typed text elsewhere?
import fs from "node:fs";
import { gzipSync } from "node:zlib";
import { openClient } from "../support/client.ts";
import type { Benchmark } from "../support/benchmark.ts";
import { judged } from "../support/measure.ts";
import { startMoonpool } from "../support/moonpool.ts";
import { counterSite, listSite, makeSite } from "../support/site.ts";
import { typing } from "./typing.ts";

const CLIENT = "dist/public/client.js";
/** So much is said before, so that numbers have the digits that they have in a page that is in use. */
const USE = 1_000;

/** Bytes of the frame that answers slot `slot`, the WebSocket's own included. */
async function answerBytes(files: Record<string, string>, slot: number): Promise<number> {
  const { dir, remove } = makeSite(files);
  const host = await startMoonpool({ dir });
  try {
    const client = await openClient(host.started.port);
    for (let event = 0; event < USE; event++) await client.act(slot);
    const length = await client.act(slot);
    client.close();
    return length + (length < 126 ? 2 : 4);
  } finally {
    await host.stop();
    remove();
  }
}

/** Gzipped bytes of what every page loads. */
function clientBytes(): number {
  const names = new Set([CLIENT]);
  let size = 0;
  for (const name of names) {
    const text = fs.readFileSync(name, "utf8");
    size += gzipSync(text).length;
    for (const [, other] of text.matchAll(/(?:import|from)\s*"\.\/([\w.-]+\.js)"/g)) names.add(`dist/public/${other}`);
  }
  return size;
}

export const wire: Benchmark = {
  name: "wire",
  question:
    "How many bytes are on the WebSocket for the smallest changes, how large is the client, how soon is typed text elsewhere?",
  seconds: 20,
  run: async (progress) => [
    judged("a number changes", await answerBytes(counterSite, 1), "bytes", "<=", 100),
    judged("a row of 300 moves", await answerBytes(listSite(300), 2), "bytes", "<=", 200),
    judged("client.js and what it imports, gzipped", clientBytes() / 1024, "KB", "<=", 18),
    ...(await typing(progress)),
  ],
};
