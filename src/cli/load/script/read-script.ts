import fs from "node:fs";
import { MoonpoolError } from "../../../protocol/main.ts";
import type { Range } from "../randomness.ts";
import { Located, Misplaced } from "./located.ts";
import type { Aim, Deed, Script, Step } from "./script.ts";

const LARGEST_SCRIPT = 4 * 2 ** 20;
const MOST_STEPS = 20_000;
const DEEPEST = 8;
const LONGEST_WAIT = 24 * 3_600_000;
const TYPING: Range = { from: 60, to: 180 };

/** Of the format that docs/load-testing.md describes. */
export const SCRIPT_VERSION = 1;

/**
 * Reads the script in a file.
 * @throws MoonpoolError LOAD_SCRIPT with the file, and the line and column at fault
 */
export function readScriptFile(file: string): Script {
  let text: string;
  try {
    if (fs.statSync(file).size > LARGEST_SCRIPT)
      throw new MoonpoolError("LOAD_SCRIPT", `${file} is larger than ${LARGEST_SCRIPT / 2 ** 20} MiB.`);
    text = fs.readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof MoonpoolError) throw error;
    throw new MoonpoolError("LOAD_SCRIPT", `${file} cannot be read: ${(error as Error).message}`, {}, error);
  }
  return parseScript(text, file);
}

/** Reads a script; `file` is what messages call it. @throws MoonpoolError LOAD_SCRIPT */
export function parseScript(text: string, file: string): Script {
  try {
    const script = Located.parse(text).object("a script", ["moonpool-load", "think", "begin", "steps", "end"]);
    const version = script.need("moonpool-load");
    if (version.integer("the version of the format", 1) !== SCRIPT_VERSION)
      version.fail(`this version reads scripts of format ${SCRIPT_VERSION}`);
    const steps = new StepReader();
    return {
      think: script.get("think")?.range(LONGEST_WAIT) ?? { from: 0, to: 0 },
      begin: steps.all(script.get("begin"), 1),
      steps: steps.all(script.need("steps"), 1, 1),
      end: steps.all(script.get("end"), 1),
    };
  } catch (error) {
    if (!(error instanceof Misplaced)) throw error;
    const { line, column } = error;
    throw new MoonpoolError("LOAD_SCRIPT", `${file}:${line}:${column}: ${error.message}.`, { file, line });
  }
}

const KINDS = ["press", "write", "type", "scroll", "together", "wait", "reload", "drop", "leave"] as const;
const MORE_KINDS = ["repeat", "choose", "expect", "read"] as const;
const ALL_KINDS = [...KINDS, ...MORE_KINDS];

class StepReader {
  #count = 0;

  all(list: Located | undefined, depth: number, least = 0): Step[] {
    if (list === undefined) return [];
    if (depth > DEEPEST) list.fail(`steps are nested more than ${DEEPEST} deep`);
    return list.array("an array of steps", least).map((step) => this.#step(step, depth));
  }

  #step(step: Located, depth: number): Step {
    if (++this.#count > MOST_STEPS) step.fail(`a script has at most ${MOST_STEPS} steps`);
    const kind = step.kindOf(ALL_KINDS, "a step");
    switch (kind) {
      case "press":
      case "write":
      case "scroll": {
        const deed = deedOf(step, kind, ["event"]);
        return { do: "act", deeds: [deed], isAwaited: step.get("event")?.boolean() ?? true };
      }
      case "together": {
        step.object("a step", ["together", "event"]);
        const deeds = step.need("together").array("an array of steps", 1);
        const isAwaited = step.get("event")?.boolean() ?? true;
        return { do: "act", isAwaited, deeds: deeds.map((deed) => deedOf(deed, deed.kindOf(DEEDS, "one of them"))) };
      }
      case "type": {
        step.object("a step", ["type", "text", "row", "pause"]);
        const pause = step.get("pause")?.range(LONGEST_WAIT) ?? TYPING;
        return { do: "type", ...aimOf(step, "type"), text: step.need("text").text("a text"), pause };
      }
      case "wait":
      case "drop":
      case "leave":
        step.object("a step", [kind]);
        return { do: kind, time: step.need(kind).range(LONGEST_WAIT) };
      case "reload":
        step.object("a step", ["reload"]);
        if (!step.need("reload").boolean()) step.fail("write true, or leave the step out");
        return { do: "reload" };
      case "repeat": {
        step.object("a step", ["repeat", "steps"]);
        const times = step.need("repeat").integer("how often", 1, 1_000_000);
        return { do: "repeat", times, steps: this.all(step.need("steps"), depth + 1, 1) };
      }
      case "choose":
        step.object("a step", ["choose"]);
        return {
          do: "choose",
          from: step
            .need("choose")
            .array("an array", 1)
            .map((each) => this.#choice(each, depth)),
        };
      case "expect":
        step.object("a step", ["expect", "row", "value"]);
        return { do: "expect", ...aimOf(step, "expect"), value: step.need("value").value() };
      case "read":
        break;
    }
    step.object("a step", ["read", "row"]);
    return { do: "read", ...aimOf(step, "read") };
  }

  #choice(choice: Located, depth: number): { weight: number; steps: Step[] } {
    choice.object("a choice", ["weight", "steps"]);
    const weight = choice.get("weight")?.integer("a weight", 1, 1_000_000) ?? 1;
    return { weight, steps: this.all(choice.need("steps"), depth + 1) };
  }
}

const DEEDS = ["press", "write", "scroll"] as const;

function deedOf(step: Located, kind: (typeof DEEDS)[number], more: string[] = []): Deed {
  switch (kind) {
    case "press":
      step.object("a step", ["press", "row", "value", ...more]);
      return { do: "press", ...aimOf(step, "press"), value: step.get("value")?.value() ?? null };
    case "write":
      step.object("a step", ["write", "row", "value", ...more]);
      return { do: "write", ...aimOf(step, "write"), value: step.need("value").value() };
    case "scroll":
      break;
  }
  step.object("a step", ["scroll", "row", "start", "count", ...more]);
  const start = step.need("start").integer("a row, counted from 0", 0);
  return { do: "scroll", ...aimOf(step, "scroll"), start, count: step.need("count").integer("how many", 1, 1_000) };
}

function aimOf(step: Located, key: string): Aim {
  const at = step.need(key).text("an address such as App.name or Row.remove()");
  if (!/^[^.]+\../.test(at)) step.need(key).fail(`"${at}" is no address such as App.name or Row.remove()`);
  return { at, which: step.get("row")?.row() ?? 1 };
}
