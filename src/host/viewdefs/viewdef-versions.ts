import type { UsableViewdef } from "./viewdef-entry.ts";

/** Versions of a viewdef that are kept when it is replaced: sessions may still be about to send them. */
const MOST = 8;

/** The viewdefs that are shown now, by key, and the last versions of those that were before. */
export class ViewdefVersions {
  private shown: ReadonlyMap<string, UsableViewdef> = new Map();
  /** Oldest first. */
  private readonly older = new Map<string, UsableViewdef[]>();

  get present(): ReadonlyMap<string, UsableViewdef> {
    return this.shown;
  }

  /** The present version of `key`, or the one with this hash. */
  get(key: string, hash?: string): UsableViewdef | undefined {
    const present = this.shown.get(key);
    if (hash === undefined || present?.hash === hash) return present;
    return this.older.get(key)?.find((version) => version.hash === hash);
  }

  /** From now on these are shown. The keys for which that makes a difference. */
  replace(shown: ReadonlyMap<string, UsableViewdef>): string[] {
    const before = this.shown;
    this.shown = shown;
    const keys = new Set([...before.keys(), ...shown.keys()]);
    const changed = Array.from(keys).filter((key) => before.get(key)?.hash !== shown.get(key)?.hash);
    for (const key of changed) this.keep(key, before.get(key));
    return changed;
  }

  private keep(key: string, version: UsableViewdef | undefined): void {
    if (version === undefined) return;
    const versions = this.older.get(key)?.filter(({ hash }) => hash !== version.hash) ?? [];
    this.older.set(key, [...versions, version].slice(-MOST));
  }
}
