import type { SiteChanges } from "../../protocol/reload.ts";
import type { Session } from "../session.ts";

interface Owed {
  kind: "lua" | "gone";
  /** The last reload that it was part of. */
  round: number;
}

/**
 * Lua files that changed and that a session has not taken over: they failed, or it has not answered yet. They go with
 * each following reload until one succeeds, because what they lack may come with another file.
 */
export class OwedFiles {
  readonly #sessions = new WeakMap<Session, Map<string, Owed>>();

  /** What reload `round` has to tell `session`: the changes, and what it still owes. */
  add(session: Session, round: number, changes: SiteChanges): SiteChanges {
    const owed = this.#sessions.get(session) ?? new Map<string, Owed>();
    this.#sessions.set(session, owed);
    for (const file of changes.lua) owed.set(file, { kind: "lua", round });
    for (const file of changes.gone) owed.set(file, { kind: "gone", round });
    const all = (wanted: Owed["kind"]): string[] =>
      Array.from(owed.keys()).filter((file) => owed.get(file)?.kind === wanted);
    return { lua: all("lua"), gone: all("gone"), viewdefs: changes.viewdefs };
  }

  /** Reload `round` has succeeded. */
  settle(session: Session, round: number): void {
    const owed = this.#sessions.get(session);
    for (const [file, { round: last }] of owed ?? []) if (last <= round) owed?.delete(file);
  }
}
