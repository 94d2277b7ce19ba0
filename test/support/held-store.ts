import { MemoryStore } from "../../src/host/store/memory-store.ts";
import { historyOf } from "./scripted-task.ts";

/**
 * A store that is safe when the test says so, and that checks what it is given: a snapshot must hold what the session's
 * records say, if they and the snapshot come from a ScriptedTask.
 */
export class HeldStore extends MemoryStore {
  override readonly durability = "disk";
  /** What is wrong with what was given. */
  readonly problems: string[] = [];
  /** Every record that there ever was. */
  readonly log: string[] = [];
  isHeld = false;
  /** Throws from here on. */
  broken: Error | undefined;
  #given = 0;
  #safe = 0;
  #waiting: { given: number; resolve: () => void; reject: (error: Error) => void }[] = [];

  /** Position of the last record that is safe. */
  safe = 0;

  override append(id: string, record: string): number {
    if (this.broken) throw this.broken;
    const position = super.append(id, record);
    if (position !== this.log.push(record)) this.problems.push(`record ${position} is number ${this.log.length}`);
    this.#given++;
    if (!this.isHeld) this.makeSafe();
    return position;
  }

  override snapshot(id: string, position: number, bytes: Uint8Array): void {
    if (this.broken) throw this.broken;
    const image = JSON.stringify(historyOf(bytes.subarray(bytes.indexOf(10) + 1)));
    if (image !== JSON.stringify(this.historyAt(position))) this.problems.push(`${position} is not ${image}`);
    super.snapshot(id, position, bytes);
    this.#given++;
    if (!this.isHeld) this.makeSafe();
  }

  /** The events that have happened up to a position. */
  historyAt(position = Infinity): string[] {
    const records = this.log.slice(0, position);
    const start = records.lastIndexOf("restart") + 1;
    const refused = new Set(this.log.filter((record) => record.startsWith("void ")));
    return records.flatMap((record, index) =>
      index < start || record.startsWith("void ") || refused.has(`void ${index + 1}`) ? [] : [record],
    );
  }

  override flushed(): Promise<void> | undefined {
    if (this.#safe === this.#given) return undefined;
    const given = this.#given;
    return new Promise((resolve, reject) => this.#waiting.push({ given, resolve, reject }));
  }

  /** All that was given so far is safe. */
  makeSafe(): void {
    this.#safe = this.#given;
    this.safe = this.log.length;
    for (const { resolve } of this.#waiting.splice(0)) resolve();
  }

  /** An attempt to make it so has failed. */
  failFlush(error: Error): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}
