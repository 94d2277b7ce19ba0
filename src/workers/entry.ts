import type { MessagePort } from "node:worker_threads";
import { MoonpoolError, type WireError } from "../protocol/error-code.ts";
import type { FromWorker } from "../protocol/worker-message.ts";
import type { BearResult, BearTask, SessionTask, WarmTask } from "../protocol/worker-task.ts";
import type { BirthImage } from "./image.ts";
import { readRuntime } from "./runtime-files.ts";
import { bearFirst, SessionThread } from "./session-thread.ts";

/** The tasks of a worker thread, called by piscina. A thread belongs to one pool, so all its tasks bring the same settings. */

let thread: Promise<SessionThread> | undefined;

/** The task `bear`: the birth of all VMs. */
export async function bear({ settings }: BearTask): Promise<BearResult> {
  try {
    return { birth: await bearFirst(settings, await readRuntime()) };
  } catch (error) {
    return { error: toWire(error) };
  }
}

/** The task `warm`: makes the thread ready for sessions. */
export async function warm({ settings, birth }: WarmTask): Promise<void> {
  thread ??= SessionThread.start(settings, birth as BirthImage);
  try {
    await thread;
  } catch {
    thread = undefined;
  }
}

/** The task of a session. Settles when it has ended. */
export default async function session(task: SessionTask<MessagePort>): Promise<void> {
  const { number, settings, birth, plans, port } = task;
  try {
    thread ??= SessionThread.start(settings, birth as BirthImage);
    await (await thread).run(number, port, plans);
  } catch (error) {
    thread = undefined;
    port.postMessage({ kind: "failed", error: toWire(error) } satisfies FromWorker);
    port.close();
  }
}

function toWire(error: unknown): WireError {
  return (error instanceof MoonpoolError ? error : new MoonpoolError("INTERNAL", String(error), {}, error)).toWire();
}
