import type { RecordFlags } from "../load-command.ts";

export function record(_url: string, _flags: RecordFlags): Promise<void> {
  return Promise.reject(new Error("not yet"));
}
