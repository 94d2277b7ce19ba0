import { FSWatcher } from "chokidar";
import type { FolderEvent, FolderEvents } from "./folder-watches.ts";

/**
 * In place of FolderWatches where the system does not tell of changes (network drives): says all the time that anything
 * may have happened.
 */
export class PolledFolders implements FolderEvents {
  readonly #timer: NodeJS.Timeout;
  #folders: ReadonlySet<string> = new Set();

  /** `interval`: ms. */
  constructor(onEvent: (event: FolderEvent) => void, interval: number) {
    this.#timer = setInterval(() => {
      const time = performance.now();
      for (const folder of this.#folders) onEvent({ folder, name: undefined, kind: "exchanged", time });
    }, interval);
  }

  set(folders: ReadonlySet<string>): void {
    this.#folders = folders;
  }

  release(): void {}

  async ready(): Promise<boolean> {
    return false;
  }

  watched(): string[] {
    return [...this.#folders];
  }

  close(): void {
    clearInterval(this.#timer);
    this.#folders = new Set();
  }
}

/** ms between looks if the environment asks for them as chokidar has it: CHOKIDAR_USEPOLLING, CHOKIDAR_INTERVAL. */
export function pollingOfSystem(): number | undefined {
  const { usePolling, interval } = new FSWatcher().options;
  return usePolling ? interval : undefined;
}
