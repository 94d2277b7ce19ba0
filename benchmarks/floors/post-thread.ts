// Sends everything back.
import { parentPort } from "node:worker_threads";

parentPort?.on("message", (text: string) => parentPort?.postMessage(text));
