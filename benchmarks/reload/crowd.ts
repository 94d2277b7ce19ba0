import { newSession, type SessionAddress, Tab } from "./tab.ts";

const OPENING_AT_A_TIME = 8;
const PATIENCE = 30_000;

/** Many sessions, each with one tab. */
export class Crowd {
  readonly sessions: readonly SessionAddress[];
  readonly #tabs: readonly Tab[];
  #mark = Buffer.alloc(0);
  #waiting = new Set<Tab>();
  #done: (time: number) => void = () => {};

  private constructor(sessions: SessionAddress[], tabs: Tab[]) {
    this.sessions = sessions;
    this.#tabs = tabs;
    for (const tab of tabs)
      tab.onFrame = (data) => {
        if (this.#waiting.size === 0 || !data.includes(this.#mark) || !this.#waiting.delete(tab)) return;
        if (this.#waiting.size === 0) this.#done(performance.now());
      };
  }

  static async open(origin: string, count: number): Promise<Crowd> {
    const sessions: SessionAddress[] = [];
    const tabs: Tab[] = [];
    let begun = 0;
    const work = async (): Promise<void> => {
      while (begun++ < count) {
        const session = await newSession(origin);
        sessions.push(session);
        tabs.push(await Tab.open(session));
      }
    };
    await Promise.all(Array.from({ length: OPENING_AT_A_TIME }, work));
    return new Crowd(sessions, tabs);
  }

  /** Resolves with performance.now() of the moment at which the last tab has got a frame with `mark` in it. */
  seen(mark: string): Promise<number> {
    this.#mark = Buffer.from(mark);
    this.#waiting = new Set(this.#tabs);
    return new Promise((resolve, reject) => {
      const late = (): void => reject(new Error(`${this.#waiting.size} tabs have not got ${mark} in ${PATIENCE} ms`));
      const timer = setTimeout(late, PATIENCE);
      this.#done = (time) => {
        clearTimeout(timer);
        resolve(time);
      };
    });
  }

  close(): void {
    for (const tab of this.#tabs) tab.close();
  }
}
