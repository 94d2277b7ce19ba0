// A Moonpool host in a process of its own. Any message is answered with the process's memory.
import { setTimeout as wait } from "node:timers/promises";
import { createServer, type MoonpoolOptions } from "../../src/host/main.ts";

const options = JSON.parse(process.argv[2] ?? "{}") as MoonpoolOptions;
const server = await createServer({ logLevel: "error", ...options });
const address = await server.listen({ host: "127.0.0.1", port: 0 });
process.send?.({ port: Number(new URL(address).port) });
process.on("message", async () => {
  globalThis.gc?.();
  await wait(100);
  globalThis.gc?.();
  process.send?.({ rss: process.memoryUsage().rss });
});
process.on("disconnect", () => void server.close().then(() => process.exit()));
