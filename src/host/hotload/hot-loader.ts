import path from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Reload } from "../../protocol/main.ts";
import type { SiteChanges } from "../../protocol/reload.ts";
import type { Clock } from "../clock.ts";
import { logProblem, sharedLog, type Log } from "../log.ts";
import type { Meter } from "../meter.ts";
import type { Session } from "../session.ts";
import type { SessionHost } from "../session-host.ts";
import type { SitePage } from "../site-page.ts";
import type { ViewdefStore } from "../viewdefs/viewdef-store.ts";
import { within } from "../within.ts";
import type { HotloadSettings } from "./hotload-options.ts";
import { OwedFiles } from "./owed-files.ts";
import { paced } from "./paced.ts";
import { PageNotices } from "./page-notices.ts";
import { ReloadSummary } from "./reload-summary.ts";
import { SiteWatcher, type SiteBatch } from "./site-watcher.ts";
import { staticChanges } from "./static-changes.ts";

export interface HotLoaderSettings {
  /** The site's folder, absolute. */
  dir: string;
  hotload: HotloadSettings;
  /** Pages are told what changes and what is wrong. */
  tellPages: boolean;
  /** Worker threads. */
  threads: number;
  clock: Clock;
  log: Log;
  /** Who counts, if anybody does. */
  meter?: Meter | undefined;
}

/** What changes of files get into. */
export interface HotLoaderParts {
  store: ViewdefStore;
  /** Takes new plans to the threads, ahead of any event that is sent later. */
  replacePlans: (plans: ReadonlyMap<string, string>) => void;
  sessions: SessionHost;
  page: SitePage;
}

/** Reloads so far. */
export interface ReloadCount {
  /** Times that files which had changed were reloaded. */
  count: number;
  /** Times that something was wrong with them, in one session at least. */
  failed: number;
  /** ms from the last save to the last session's answer; undefined before the first. */
  lastTime: number | undefined;
}

/** One batch on its way through all sessions. */
interface Round {
  /** 1, 2, 3, … */
  number: number;
  changes: SiteChanges;
  summary: ReloadSummary;
  /** For what Lua code says meanwhile. */
  log: Log;
}

/**
 * Reloads under way, for each thread: enough to keep it busy while the host does something else, although it answers several
 * together. Events of people do not wait behind them, see Turns.
 */
const PER_THREAD = 16;
/** Sessions that are told something in one turn of the host: a few ms of writing to sockets. */
const TOLD_AT_ONCE = 50;
/** ms after which a session that has not answered holds up neither the others nor the next batch. */
const PATIENCE = 100;
/** ms that the line in the log waits for such sessions. */
const SUMMARY_WAIT = 2_000;

/**
 * Gets what is saved into the running sessions: viewdefs into the store and to the threads, then Lua code and viewdefs into
 * each session, static files into pages. Batches are carried out one after the other, in the order of saving; whatever
 * is wrong with a file is reported, and what was there before goes on.
 */
export class HotLoader {
  readonly #settings: HotLoaderSettings;
  readonly #notices: PageNotices | undefined;
  readonly #owed = new OwedFiles();
  /** Sessions in which the last reload failed. */
  readonly #failing = new WeakSet<Session>();
  /** Tracking keys of all files that changed so far. */
  readonly #watched = new Set<string>();
  readonly #ready: Promise<HotLoaderParts | undefined>;
  #begin: (parts?: HotLoaderParts) => void = () => {};
  #turn: Promise<void> = Promise.resolve();
  #watcher: SiteWatcher | undefined;
  #round = 0;
  #isClosed = false;
  readonly #reloads: ReloadCount = { count: 0, failed: 0, lastTime: undefined };

  /**
   * Watches a site. Changes wait until `serve` says where they belong: so nothing that is saved while the site is being
   * read is lost. A site that cannot be watched is logged, and served all the same.
   */
  static async watch(settings: HotLoaderSettings): Promise<HotLoader> {
    const loader = new HotLoader(settings);
    const { log, hotload, dir } = settings;
    const { ignored, poll } = hotload;
    const options = { log, ignored, ...(poll !== undefined && { poll }) };
    try {
      loader.#watcher = await SiteWatcher.start(dir, (batch) => loader.take(batch), options);
    } catch (error) {
      log.warn({ err: error }, `${dir} cannot be watched, so changes need a new start`);
    }
    return loader;
  }

  constructor(settings: HotLoaderSettings) {
    const { dir, hotload, tellPages } = settings;
    this.#settings = settings;
    if (tellPages) this.#notices = new PageNotices({ dir, editor: hotload.editor, watched: this.#watched });
    this.#ready = new Promise((resolve) => (this.#begin = resolve));
  }

  get reloads(): Readonly<ReloadCount> {
    return this.#reloads;
  }

  /** From now on changes get into these. Settles when pages that connect are told what is wrong from the start. */
  async serve(parts: HotLoaderParts): Promise<void> {
    const { store } = parts;
    await this.#notices?.setProblems(store.problems, (file) => store.keepsOlder(file), []);
    this.#begin(parts);
  }

  /** What a page that connects to `session` has to be told, if anything. */
  greeting(session: Session): Reload | undefined {
    return this.#notices?.greeting(session);
  }

  /**
   * Carries out a batch. Settles when everything has been reloaded, but for sessions that are still busy with something
   * else. Never rejects.
   */
  take(batch: SiteBatch): Promise<void> {
    this.#turn = this.#turn.then(() => this.#guard(() => this.#load(batch)));
    return this.#turn;
  }

  /** Ends watching; what is under way comes to its end and does nothing more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#begin();
    await this.#watcher?.close();
  }

  async #load(batch: SiteBatch): Promise<void> {
    const parts = await this.#ready;
    if (parts === undefined || this.#isClosed) return;
    const { log } = this.#settings;
    const { sessions, page } = parts;
    for (const file of batch.lua) this.#watched.add(file);
    this.#notices?.forget();
    sessions.siteChanged();
    if (batch.html.length > 0) page.forget();
    const { assets, needsPage } = staticChanges(batch.html);
    if (assets.length > 0) await this.#tell(sessions.living(), { type: "reload", assets });
    const viewdefs = await this.#loadViewdefs(batch.viewdefs, parts);
    const statics = batch.html.map((file) => path.posix.join("html", file));
    const files = [...batch.lua, ...batch.gone, ...viewdefs.files, ...statics];
    if (viewdefs.isWrong && files.length === 0) this.#reloads.failed++;
    if (files.length === 0) return;
    const summary = new ReloadSummary(log, files, batch.since);
    const changes = { lua: batch.lua, gone: batch.gone, viewdefs: viewdefs.keys };
    const { answers } = await this.#reloadSessions(sessions, changes, summary);
    if (needsPage) await this.#tell(sessions.living(), { type: "reload", page: true });
    if (statics.length > 0 && this.#notices !== undefined)
      for (const session of sessions.living()) if (session.connectionCount > 0) summary.reloaded.add(session);
    const finish = (): void => this.#finish(summary, viewdefs.isWrong, !needsPage);
    if (summary.missing === 0) finish();
    else void within(SUMMARY_WAIT, answers, (ms, give) => this.#settings.clock.after(ms, give)).then(finish);
  }

  async #loadViewdefs(
    names: readonly string[],
    { store, replacePlans, sessions }: HotLoaderParts,
  ): Promise<{ keys: string[]; files: string[]; isWrong: boolean }> {
    if (names.length === 0) return { keys: [], files: [], isWrong: false };
    const { keys, files, problems } = await store.reload(names);
    if (keys.length > 0) replacePlans(store.plans());
    for (const problem of problems) logProblem(this.#settings.log, problem, this.#settings.meter);
    await this.#notices?.setProblems(store.problems, (file) => store.keepsOlder(file), sessions.living());
    return { keys, files, isWrong: problems.some(({ severity }) => severity === "error") };
  }

  /** Settles as `take` does; `answers` when the last session has answered. */
  async #reloadSessions(
    host: SessionHost,
    changes: SiteChanges,
    summary: ReloadSummary,
  ): Promise<{ answers: Promise<void> }> {
    const { lua, gone, viewdefs } = changes;
    if (lua.length + gone.length + viewdefs.length === 0) return { answers: Promise.resolve() };
    const round = { number: ++this.#round, changes, summary, log: sharedLog(this.#settings.log) };
    const sessions = inOrder(host.living());
    const answers: Promise<void>[] = [];
    summary.expect(sessions.length);
    const { clock, threads } = this.#settings;
    await paced(sessions, { limit: PER_THREAD * threads, patience: PATIENCE, clock }, (session) => {
      const answer = this.#guard(() => this.#reload(session, round));
      answers.push(answer);
      return answer;
    });
    return { answers: Promise.all(answers).then(() => undefined) };
  }

  async #reload(session: Session, { number, changes, summary, log }: Round): Promise<void> {
    const owed = this.#owed.add(session, number, changes);
    const result = await session.reload(owed, number, log);
    // What is as it was before a mistake runs no file again, but the mistake is over.
    const isMended = result?.error === undefined && this.#failing.has(session);
    summary.add(session, result, result !== undefined && (isMended || result.files.length + result.views > 0));
    if (result === undefined) return;
    if (result.error !== undefined) {
      this.#failing.add(session);
    } else {
      this.#failing.delete(session);
      this.#owed.settle(session, number);
      for (const file of result.files) if (owed.lua.includes(file)) summary.files.add(file);
    }
    await this.#notices?.setReport(session, number, result);
  }

  #finish(summary: ReloadSummary, isWrong: boolean, isTold: boolean): void {
    if (this.#isClosed) return;
    summary.write();
    this.#reloads.count++;
    if (isWrong || summary.kept.size > 0) this.#reloads.failed++;
    this.#reloads.lastTime = summary.time;
    this.#settings.meter?.reloaded(summary.time);
    if (!isTold) return;
    const done = { files: [...summary.files], sessions: summary.reloaded.size, time: summary.time };
    void this.#guard(() => this.#tell(summary.reloaded, { type: "reload", done }));
  }

  async #tell(sessions: Iterable<Session>, message: Reload): Promise<void> {
    if (this.#notices === undefined) return;
    let told = 0;
    for (const session of sessions) {
      if (++told % TOLD_AT_ONCE === 0) await nextTurn();
      session.tell(message);
    }
  }

  /** A mistake of ours must end neither the host nor the watching. */
  async #guard(action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (error) {
      this.#settings.log.error({ err: error }, "Moonpool failed to reload");
    }
  }
}

/** Those that somebody looks at first, the most recently used first. */
function inOrder(sessions: Session[]): Session[] {
  const rank = (session: Session): number => (session.connectionCount > 0 ? 1 : 0);
  return sessions.sort((left, right) => rank(right) - rank(left) || right.lastActivity - left.lastActivity);
}
