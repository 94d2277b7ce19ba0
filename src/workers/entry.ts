import type { MessagePort } from "node:worker_threads";
import { wireError } from "../protocol/error-code.ts";
import type { BearResult, BearTask, SessionTask, WarmTask } from "../protocol/worker-task.ts";
import type { BirthImage } from "./image.ts";
import { readRuntime } from "./runtime-files.ts";
import { bearFirst, SessionThread } from "./session-thread.ts";
import { Trunk } from "./trunk.ts";

/** The tasks of a worker thread, called by piscina. A thread belongs to one pool, so all its tasks bring the same settings. */

let thread: Promise<SessionThread> | undefined;
let trunk: Trunk | undefined;

/** The task `bear`: the birth of all VMs. */
export async function bear({ settings }: BearTask): Promise<BearResult> {
  try {
    return { birth: await bearFirst(settings, await readRuntime()) };
  } catch (error) {
    return { error: wireError(error) };
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
  trunk ??= new Trunk(number, port, () => (trunk = undefined));
  const line = trunk.open(number, port);
  try {
    thread ??= SessionThread.start(settings, birth as BirthImage);
    await (await thread).run(number, line, plans);
  } catch (error) {
    thread = undefined;
    line.postMessage({ kind: "failed", error: wireError(error) });
    line.close();
  }
}
