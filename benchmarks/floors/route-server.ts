// What creating sessions is compared with: a Fastify route that answers with the same bytes and does nothing.
import Fastify from "fastify";
import { answerProbe } from "../support/probe.ts";

const { status, headers } = JSON.parse(process.argv[2] ?? "{}") as { status: number; headers: Record<string, string> };
const app = Fastify();
app.get("/", (_, reply) => reply.code(status).headers(headers).send());
const address = await app.listen({ host: "127.0.0.1", port: 0 });
process.send?.({ port: Number(new URL(address).port) });
answerProbe();
process.on("disconnect", () => void app.close().then(() => process.exit()));
