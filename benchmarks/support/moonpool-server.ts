// A Moonpool host in a process of its own, which answers as in `probe.ts`.
import { createServer, type MoonpoolOptions } from "../../src/host/main.ts";
import { answerProbe } from "./probe.ts";

const options = JSON.parse(process.argv[2] ?? "{}") as MoonpoolOptions;
const server = await createServer({ logLevel: "error", durability: "memory", ...options });
const address = await server.listen({ host: "127.0.0.1", port: 0 });
process.send?.({ port: Number(new URL(address).port) });
answerProbe(() => ({ sessions: server.moonpool.sessionCount, awake: server.moonpool.awakeCount }));
process.on("disconnect", () => void server.close().then(() => process.exit()));
