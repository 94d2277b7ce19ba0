import { MoonpoolError, type WireError } from "../protocol/main.ts";
import type { CircuitOptions } from "./circuit.ts";
import { within } from "./within.ts";

/**
 * What to do when an event could not be carried out: it ran into a limit, broke its VM or ended its thread.
 *
 * `rollback`: the session is as it was before the event. `retry`: the event is tried again first, then `rollback`. `restart`: the
 * session begins anew with main.lua, as its pages do. `end`: the session ends.
 */
export type RecoveryStep = "rollback" | "retry" | "restart" | "end";

/** An event that could not be carried out, as a strategy of the site's sees it. */
export interface SessionFailure {
  sessionId: string;
  /** `frame`, `timer`, `connect`, … */
  event: string;
  error: WireError;
  /** How often this very event has failed, this time included. */
  attempts: number;
}

export interface RecoveryOptions {
  /** Default: rollback. A function may decide each time; if it fails, or takes more than 5 s, that is a `rollback`. */
  strategy?: RecoveryStep | ((failure: SessionFailure) => RecoveryStep | Promise<RecoveryStep>);
  /** How often an event is tried again. Default: 1. */
  retries?: number;
  /** When a session that keeps failing is left alone for a while. */
  circuit?: Partial<CircuitOptions>;
}

/** With nothing left open. */
export interface RecoverySettings extends Required<Omit<RecoveryOptions, "circuit">> {
  circuit: CircuitOptions;
}

const STEPS: readonly RecoveryStep[] = ["rollback", "retry", "restart", "end"];
/** ms that a strategy has to answer. */
const PATIENCE = 5_000;
const CIRCUIT: CircuitOptions = { failures: 5, window: 60_000, pause: 10_000, longestPause: 5 * 60_000 };

/** Checks options and fills in defaults. Throws MoonpoolError CONFIG_INVALID. */
export function recoveryOf(options: RecoveryOptions = {}): RecoverySettings {
  const { strategy = "rollback", retries = 1 } = options;
  if (typeof strategy !== "function" && !STEPS.includes(strategy))
    throw invalid("strategy", `one of ${STEPS.join(", ")}, or a function`);
  if (!Number.isSafeInteger(retries) || retries < 0) throw invalid("retries", "a number from 0");
  const circuit = { ...CIRCUIT, ...options.circuit };
  for (const [name, value] of Object.entries<unknown>(circuit)) {
    if (!Object.hasOwn(CIRCUIT, name)) throw invalid(`circuit.${name}`, "left out: there is no such option");
    if (typeof value !== "number" || !(value > 0)) throw invalid(`circuit.${name}`, "a number above 0");
  }
  if (options.circuit?.longestPause === undefined) circuit.longestPause = Math.max(circuit.longestPause, circuit.pause);
  if (circuit.longestPause < circuit.pause) throw invalid("circuit.longestPause", "as long as `pause` at least");
  return { strategy, retries, circuit };
}

/** What the site wants to be done. Never rejects. `onError` is told why its strategy failed. */
export async function decide(
  { strategy, retries }: RecoverySettings,
  failure: SessionFailure,
  onError: (error: unknown) => void,
  patience = PATIENCE,
): Promise<RecoveryStep> {
  try {
    const step = typeof strategy === "function" ? await answerOf(strategy, failure, patience) : strategy;
    if (!STEPS.includes(step)) throw invalid("strategy", `a function that gives one of ${STEPS.join(", ")}`);
    return step === "retry" && failure.attempts > retries ? "rollback" : step;
  } catch (error) {
    onError(error);
    return "rollback";
  }
}

/** Until there is an answer nothing else happens in the session. */
async function answerOf(
  strategy: Extract<RecoverySettings["strategy"], (...args: never[]) => unknown>,
  failure: SessionFailure,
  patience: number,
): Promise<RecoveryStep> {
  const answers: RecoveryStep[] = [];
  await within(patience, (async () => answers.push(await strategy(failure)))());
  const [step] = answers;
  if (answers.length === 0) throw invalid("strategy", `a function that answers within ${patience / 1000} s`);
  return step as RecoveryStep;
}

function invalid(name: string, expected: string): MoonpoolError {
  return new MoonpoolError("CONFIG_INVALID", `Option \`recovery.${name}\` must be ${expected}.`);
}
