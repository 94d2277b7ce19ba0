import { parentPort } from "node:worker_threads";
import { openEcho } from "./lua-echo.ts";

const { raw: echo } = await openEcho();
parentPort?.on("message", (given: [number, string] | [number, string][]) => {
  if (Array.isArray(given[0])) {
    const answers = (given as [number, string][]).map(([id, text]) => [id, echo(text)]);
    parentPort?.postMessage(answers);
  } else {
    parentPort?.postMessage([given[0], echo(given[1] as string)]);
  }
});
