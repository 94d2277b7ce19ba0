import type { ClientMessage, Value } from "../../protocol/main.ts";
import type { Ending } from "./ending.ts";
import { Failure } from "./failure.ts";
import type { Gate } from "./gate.ts";
import type { Answered } from "./page/connection.ts";
import { HeadlessPage } from "./page/headless-page.ts";
import type { Randomness, Range } from "./randomness.ts";
import type { Aim, Deed, Script, Step } from "./script/script.ts";
import type { Site } from "./site.ts";
import type { Tally } from "./tally.ts";

/** What all users of a load test share. */
export interface Surroundings {
  site: Site;
  script: Script;
  tally: Tally;
  ending: Ending;
  /** Only so many pages are opened at a time. */
  gate: Gate;
  /** ms before each event; instead of the script's. */
  think: Range | undefined;
  /** ms from one event of a user to the next, whether the one before was answered or not; undefined: users think instead. */
  interval: number | undefined;
  /** ms until an answer that does not come is given up, and until something that is not on the page is. */
  timeout: number;
  /** How often the script's steps are played; Infinity: until the end. */
  rounds: number;
}

/** ms before a user tries again who could not do what the script says, or who found no session; doubled each time. */
const AGAIN = 250;
const AGAIN_AT_MOST = 8_000;
/** Steps of a user between two looks at what else there is to do in the process. */
const STEPS_AT_A_TIME = 50;

/** Plays the script as one person with one browser does. */
export class User {
  readonly #number: number;
  readonly #chance: Randomness;
  readonly #around: Surroundings;
  #page: HeadlessPage;
  #round = 0;
  #steps = 0;
  /** When the next event is due, in the time of performance.now(). */
  #due = 0;
  /** The script is at its end: it is played although the time is over. */
  #isLeaving = false;

  /** `number`: counted from 1. */
  constructor(number: number, chance: Randomness, around: Surroundings) {
    this.#number = number;
    this.#chance = chance;
    this.#around = around;
    this.#page = this.#newPage();
  }

  /** Comes, plays the script, and goes. Never throws: what goes wrong is counted. `arrival`: when he was to come. */
  async visit(arrival: number): Promise<void> {
    const { tally, ending, interval } = this.#around;
    tally.arrive();
    this.#due = arrival + (interval ?? 0) * this.#chance.share();
    for (let attempts = 0; !ending.isOver; attempts++) {
      const isDone = await this.#session(attempts === 0 ? arrival : performance.now());
      this.#page.leave();
      if (isDone) break;
      this.#page = this.#newPage();
      await ending.pause(this.#again(attempts));
    }
    tally.leave();
  }

  /** All that is done in one session. False: it came to an end before the user did. */
  async #session(arrival: number): Promise<boolean> {
    const { tally, gate, script, ending } = this.#around;
    try {
      // It may be over for those who have waited long at the gate.
      const isIn = await gate.through(async () => !ending.isOver && this.#page.load().then(() => true));
      if (!isIn) return true;
      tally.took("open", performance.now() - arrival);
      if (await this.#all(script.begin)) await this.#rounds();
      this.#isLeaving = true;
      await this.#all(script.end);
      return true;
    } catch (error) {
      tally.failed(failureOf(error));
      return this.#isLeaving;
    }
  }

  async #rounds(): Promise<void> {
    const { tally, script, rounds, ending } = this.#around;
    let failures = 0;
    while (this.#round < rounds && !ending.isOver) {
      this.#round++;
      try {
        if (await this.#all(script.steps)) tally.rounds++;
        failures = 0;
      } catch (error) {
        const failure = failureOf(error);
        if (failure.isOver) throw failure;
        tally.failed(failure);
        await ending.pause(this.#again(failures++));
      }
    }
  }

  /** Plays steps; false if the time was over before the last. */
  async #all(steps: readonly Step[]): Promise<boolean> {
    for (const step of steps) {
      // Steps without any pause and answer would keep the process to themselves: no timer, no signal, no socket.
      if (++this.#steps % STEPS_AT_A_TIME === 0) await new Promise((resolve) => setImmediate(resolve));
      if (this.#around.ending.isOver && !this.#isLeaving) return false;
      if (!(await this.#play(step))) return false;
    }
    return true;
  }

  async #play(step: Step): Promise<boolean> {
    const { ending, interval } = this.#around;
    switch (step.do) {
      case "act":
        if (!(await this.#nextEvent())) return false;
        await this.#act(step.deeds, step.isAwaited);
        return true;
      case "type":
        return this.#type(step);
      case "wait":
        // A timetable says by itself when something is done.
        if (interval === undefined) await ending.pause(this.#chance.within(step.time));
        return true;
      case "reload":
        await this.#loadAgain();
        return true;
      case "leave":
        this.#page.leave();
        await ending.pause(this.#chance.within(step.time));
        await this.#loadAgain();
        return true;
      case "drop":
        this.#page.drop();
        await ending.pause(this.#chance.within(step.time));
        await this.#page.resume();
        this.#comeBack();
        return true;
      case "repeat":
        for (let time = 0; time < step.times; time++) if (!(await this.#all(step.steps))) return false;
        return true;
      case "choose":
        return this.#all(this.#chance.weighted(step.from).steps);
      case "expect":
        return this.#expect(step);
      case "read":
        break;
    }
    return this.#read(step);
  }

  /** Without its page a session is of no use. */
  async #loadAgain(): Promise<void> {
    try {
      await this.#page.load();
      this.#comeBack();
    } catch (error) {
      const { code, message } = failureOf(error);
      throw new Failure(code, message, true);
    }
  }

  /** Who was away by his own will does not catch up with the timetable. */
  #comeBack(): void {
    this.#due = Math.max(this.#due, performance.now());
  }

  async #expect({ value, ...aim }: Extract<Step, { do: "expect" }>): Promise<boolean> {
    const id = await this.#find(aim);
    const expected = JSON.stringify(this.#filled(value));
    const isSo = (): boolean => JSON.stringify(this.#page.value(id) ?? null) === expected;
    const shown = (): string => `${aim.at} is ${JSON.stringify(this.#page.value(id))}, not ${expected}.`;
    await this.#page.until(isSo, this.#around.timeout, () => new Failure("LOAD_EXPECTED", shown()));
    return true;
  }

  async #read(aim: Aim): Promise<boolean> {
    const { tally } = this.#around;
    const value = Number(this.#page.value(await this.#find(aim)));
    if (Number.isFinite(value)) tally.read(aim.at, value);
    else tally.failed(new Failure("LOAD_EXPECTED", `${aim.at} is no number.`));
    return true;
  }

  async #type({ text, pause, ...aim }: Extract<Step, { do: "type" }>): Promise<boolean> {
    const { ending, interval } = this.#around;
    const letters = Array.from(this.#filledText(text));
    for (let count = 1; count <= letters.length; count++) {
      if (!(await this.#nextEvent(count > 1))) return false;
      const typed = letters.slice(0, count).join("");
      await this.#act([{ ...aim, do: "write", value: typed }], true, false);
      if (interval === undefined && count < letters.length) await ending.pause(this.#chance.within(pause));
      if (ending.isOver && !this.#isLeaving) return false;
    }
    return true;
  }

  /** Waits until the next event is due; false if the time is over before. `isTyping`: without thinking. */
  async #nextEvent(isTyping = false): Promise<boolean> {
    const { ending, interval, think, script } = this.#around;
    if (interval !== undefined) {
      await ending.pause(this.#due - performance.now());
    } else if (!isTyping) await ending.pause(this.#chance.within(think ?? script.think));
    return !ending.isOver || this.#isLeaving;
  }

  /** Sends a frame and, if somebody waits for that, measures the time to its answer. */
  async #act(deeds: readonly Deed[], isAwaited: boolean, fill = true): Promise<void> {
    const { tally, interval } = this.#around;
    const messages: ClientMessage[] = [];
    for (const deed of deeds)
      messages.push(messageOf(deed, await this.#find(deed), (value) => (fill ? this.#filled(value) : value)));
    if (!isAwaited) await this.#page.room();
    const due = this.#due;
    if (interval !== undefined) this.#due += interval;
    const start = performance.now();
    const answer = this.#page.send(messages, isAwaited);
    if (!isAwaited) return void answer.catch((error: unknown) => tally.failed(failureOf(error)));
    tally.events.sent++;
    // What was not answered counts with the time that was waited: left out, it would make things look better than they are.
    let kind: "event" | "quiet" = "event";
    try {
      if ((await this.#inTime(answer)) === "quiet") kind = "quiet";
      tally.events.answered++;
    } finally {
      const end = performance.now();
      tally.took(kind, end - start);
      if (interval !== undefined && kind === "event") tally.took("response", end - Math.min(due, start));
    }
  }

  #inTime(answer: Promise<Answered>): Promise<Answered> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Failure("LOAD_TIMEOUT")), this.#around.timeout);
      answer.finally(() => clearTimeout(timer)).then(resolve, reject);
    });
  }

  #find({ at, which }: Aim): Promise<number> {
    return this.#page.target(at, which, (count) => this.#chance.index(count));
  }

  /** A value with what stands for something in its texts put in. */
  #filled(value: Value): Value {
    return typeof value === "string" ? this.#filledText(value) : value;
  }

  #filledText(text: string): string {
    if (!text.includes("${")) return text;
    return text
      .replaceAll("${user}", String(this.#number))
      .replaceAll("${round}", String(this.#round))
      .replaceAll("${random}", () => String(this.#chance.index(1_000_000)));
  }

  #again(failures: number): number {
    return Math.min(AGAIN * 2 ** failures, AGAIN_AT_MOST) * (0.5 + this.#chance.share());
  }

  #newPage(): HeadlessPage {
    const { site, tally, timeout } = this.#around;
    return new HeadlessPage(
      site,
      timeout,
      { took: (what, ms) => tally.took(what, ms), failed: (failure) => tally.failed(failure) },
      () => this.#chance.share(),
    );
  }
}

function messageOf(deed: Deed, id: number, filled: (value: Value) => Value): ClientMessage {
  if (deed.do === "scroll") return { type: "window", id, start: deed.start, count: deed.count };
  return { type: "update", id, value: filled(deed.value) };
}

function failureOf(error: unknown): Failure {
  return error instanceof Failure ? error : new Failure("INTERNAL", String(error));
}
