import path from "node:path";
import { Readable } from "node:stream";
import { FSWatcher } from "chokidar";

/** Says that something happened to a name in a folder. */
export interface FolderEvent {
  /** A real folder. */
  folder: string;
  /** undefined: anything may have happened in the folder. */
  name: string | undefined;
  /** What is at the name: written, or exchanged (made, removed, renamed). */
  kind: "written" | "exchanged";
  /** When it was noticed: performance.now(). */
  time: number;
}

/** Tells of what happens in a set of folders, each by itself: what lies deeper is not included. */
export interface FolderEvents {
  /** From now on watches `folders` and no others. Whatever is new has an event without a name once it is watched. */
  set(folders: ReadonlySet<string>): void;
  /** Gives up the watches of `folder` and all below, which are not the folders any more that have these names. */
  release(folder: string): void;
  /** Resolves when nothing is missed any more in the folders that were set; false: that was so already. */
  ready(): Promise<boolean>;
  /** The folders that are watched. */
  watched(): string[];
  /** Gives up all watches at once. */
  close(): void;
}

/**
 * One chokidar watcher per folder, of which two things are used: `ready`, after which nothing is missed, and `raw`,
 * which comes without the delays and the merging of chokidar's other events.
 */
export class FolderWatches implements FolderEvents {
  readonly #onEvent: (event: FolderEvent) => void;
  readonly #onProblem: (folder: string, error: unknown) => void;
  readonly #watches = new Map<string, FSWatcher>();
  readonly #opening = new Set<FSWatcher>();
  readonly #waiting: (() => void)[] = [];

  /** `onProblem`: a folder cannot be watched. */
  constructor(onEvent: (event: FolderEvent) => void, onProblem: (folder: string, error: unknown) => void) {
    this.#onEvent = onEvent;
    this.#onProblem = onProblem;
  }

  set(folders: ReadonlySet<string>): void {
    for (const folder of this.#watches.keys()) if (!folders.has(folder)) this.#close(folder);
    for (const folder of folders) if (!this.#watches.has(folder)) this.#open(folder);
  }

  release(folder: string): void {
    for (const watched of this.#watches.keys())
      if (watched === folder || watched.startsWith(folder + path.sep)) this.#close(watched);
  }

  async ready(): Promise<boolean> {
    if (this.#opening.size === 0) return false;
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return true;
  }

  watched(): string[] {
    return Array.from(this.#watches.values(), watchedBy).flat();
  }

  close(): void {
    this.set(new Set());
  }

  #open(folder: string): void {
    const watch = new UnreadFolder({ ignoreInitial: true, followSymlinks: false, depth: 0, atomic: false });
    this.#watches.set(folder, watch);
    this.#opening.add(watch);
    let isRefused = false;
    watch.on("raw", (event, name, details) => {
      // Should the folder be gone, chokidar may watch the one above instead. Its paths have forward slashes everywhere.
      const { watchedPath } = details as { watchedPath: string };
      if (path.normalize(watchedPath) === folder) this.#heard(folder, event, name);
    });
    watch.on("error", (error) => {
      isRefused = true;
      this.#onProblem(folder, error);
    });
    watch.once("ready", () => {
      // It was gone when chokidar looked. If it is back, it will be set again.
      if (!isRefused && !watchedBy(watch).includes(folder)) this.#close(folder);
      this.#opened(watch);
      this.#tell(folder, undefined, "exchanged");
    });
    // Opened in a later turn, and that matters: chokidar lets all its watchers of a path share one watch of the system,
    // so the watchers of other sites have to close theirs first if it is worthless.
    watch.add(folder);
  }

  #heard(folder: string, event: string, name: string | null): void {
    const kind = event === "change" ? "written" : "exchanged";
    if (kind === "exchanged" && name === path.basename(folder)) {
      // The folder itself was moved or removed (or something in it that has its name). The system goes on watching what
      // it was, wherever that is now, and so with all below.
      this.release(folder);
      this.#tell(path.dirname(folder), name, kind);
      this.#tell(folder, undefined, kind);
    } else {
      this.#tell(folder, name ?? undefined, kind);
    }
  }

  #tell(folder: string, name: string | undefined, kind: FolderEvent["kind"]): void {
    this.#onEvent({ folder, name, kind, time: performance.now() });
  }

  #opened(watch: FSWatcher): void {
    this.#opening.delete(watch);
    if (this.#opening.size === 0) for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #close(folder: string): void {
    const watch = this.#watches.get(folder);
    if (watch === undefined) return;
    this.#watches.delete(folder);
    this.#opened(watch);
    // Releases at once; the promise only tells so.
    void watch.close();
    // It may still find that it cannot open what it was about to.
    watch.on("error", () => undefined);
  }
}

/**
 * Watches a folder without reading it. chokidar would look at every file of a folder whenever one of them is saved (80
 * ms of work where there are 2,000), and the watcher does its own looking.
 */
class UnreadFolder extends FSWatcher {
  override _readdirp(): ReturnType<FSWatcher["_readdirp"]> {
    return Readable.from([]) as NonNullable<ReturnType<FSWatcher["_readdirp"]>>;
  }
}

function watchedBy(watch: FSWatcher): string[] {
  return Object.entries(watch.getWatched()).flatMap(([folder, names]) => names.map((name) => path.join(folder, name)));
}
