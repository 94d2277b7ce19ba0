import type { Reload, ReloadError, WireError } from "../../protocol/main.ts";
import type { ReloadReport } from "../../protocol/reload.ts";
import { knownError } from "../../protocol/wire-error.ts";
import type { Session } from "../session.ts";
import { sourceExcerpt } from "../source-excerpt.ts";
import type { Problem } from "../viewdefs/problem.ts";
import { editorLink } from "./editor-link.ts";

export interface PageNoticesOptions {
  /** The site's folder, absolute. */
  dir: string;
  /** Template of links to the author's editor; false: none. */
  editor: string | false;
  /** Files that the watcher named, whose lines may be shown wherever they are. */
  watched: ReadonlySet<string>;
}

interface SessionState {
  /** The reload that `errors` are of. */
  round: number;
  errors: ReloadError[];
  /** What its pages were told last, as JSON. */
  told: string;
}

type Finding = Partial<Problem> & WireError & Pick<ReloadError, "severity" | "running">;

/**
 * What is wrong with the files of a site, as pages are told: with the lines around the place and a link to the editor.
 * Viewdefs are the same for all sessions; Lua code may have failed in some of them only. A page is told when that changes.
 */
export class PageNotices {
  readonly #options: PageNoticesOptions;
  readonly #sessions = new WeakMap<Session, SessionState>();
  #viewdefs: ReloadError[] = [];
  /** Thousands of sessions may have the same error. */
  readonly #described = new Map<string, Promise<ReloadError>>();

  constructor(options: PageNoticesOptions) {
    this.#options = options;
  }

  /** What a page that connects to `session` has to be told, if anything. */
  greeting(session: Session): Reload | undefined {
    const state = this.#stateOf(session);
    const errors = this.#errorsOf(state);
    if (errors.length === 0) return undefined;
    state.told = JSON.stringify(errors);
    return { type: "reload", errors };
  }

  /** Files have changed: what is described from now on is read anew. */
  forget(): void {
    this.#described.clear();
  }

  /** What is wrong with the site's viewdefs from now on. `keepsOlder`: whether an older version of a file is in use. */
  async setProblems(
    problems: readonly Problem[],
    keepsOlder: (file: string) => boolean,
    sessions: Iterable<Session>,
  ): Promise<void> {
    const described = problems.map((problem) => {
      const isKept = problem.severity === "error" && keepsOlder(problem.file);
      return this.#describe({ ...problem, ...(isKept && { running: "the viewdef from before" }) });
    });
    this.#viewdefs = await Promise.all(described);
    for (const session of sessions) this.#tell(session, this.#stateOf(session));
  }

  /** What became of reload `round` in `session`; later ones win, whatever the order in which they are told. */
  async setReport(session: Session, round: number, { error, notes }: ReloadReport): Promise<void> {
    const state = this.#stateOf(session);
    if (round < state.round) return;
    state.round = round;
    const findings: Finding[] = notes.map((note) => ({ ...knownError(note), severity: "warning" }));
    if (error !== undefined)
      findings.unshift({ ...knownError(error), severity: "error", running: "the code from before" });
    const errors = await Promise.all(findings.map((finding) => this.#describe(finding)));
    if (state.round !== round) return;
    state.errors = errors;
    this.#tell(session, state);
  }

  #stateOf(session: Session): SessionState {
    const state = this.#sessions.get(session) ?? { round: 0, errors: [], told: "[]" };
    this.#sessions.set(session, state);
    return state;
  }

  #errorsOf({ errors }: SessionState): ReloadError[] {
    return [...errors, ...this.#viewdefs];
  }

  #tell(session: Session, state: SessionState): void {
    const errors = this.#errorsOf(state);
    const text = JSON.stringify(errors);
    if (text === state.told) return;
    state.told = text;
    session.tell({ type: "reload", errors });
  }

  #describe(finding: Finding): Promise<ReloadError> {
    const text = JSON.stringify(finding);
    const known = this.#described.get(text) ?? this.#read(finding);
    this.#described.set(text, known);
    return known;
  }

  async #read({ column = 1, key: _key, ...error }: Finding): Promise<ReloadError> {
    const { dir, editor, watched } = this.#options;
    const { file, line } = error;
    const excerpt = file === undefined ? undefined : await sourceExcerpt(dir, file, line ?? 1, watched);
    if (excerpt === undefined) return error;
    return {
      ...error,
      ...(line !== undefined && { source: excerpt.lines }),
      ...(editor !== false && { link: editorLink(editor, excerpt.path, line ?? 1, column) }),
    };
  }
}
