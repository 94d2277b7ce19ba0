import type { Value } from "../../../protocol/main.ts";
import type { Which } from "../page/page-model.ts";
import type { Range } from "../randomness.ts";

/** What a user works on: an address such as `App.name` or `Row.remove()`, and which of several. */
export interface Aim {
  at: string;
  which: Which;
}

/** What becomes a message of the page: a value is written, an action is run, rows of a long list are asked for. */
export type Deed =
  | ({ do: "write"; value: Value } & Aim)
  | ({ do: "press"; value: Value } & Aim)
  | ({ do: "scroll"; start: number; count: number } & Aim);

export type Step =
  /** One frame. `isAwaited`: a person waits for the answer; else it is one of a stream, such as movements of a mouse. */
  | { do: "act"; deeds: Deed[]; isAwaited: boolean }
  | ({ do: "type"; text: string; pause: Range } & Aim)
  | { do: "wait"; time: Range }
  | { do: "reload" }
  /** The network is gone for so many ms. */
  | { do: "drop"; time: Range }
  /** The page is closed for so many ms. */
  | { do: "leave"; time: Range }
  | { do: "repeat"; times: number; steps: Step[] }
  | { do: "choose"; from: { weight: number; steps: Step[] }[] }
  | ({ do: "expect"; value: Value } & Aim)
  | ({ do: "read" } & Aim);

/** What a user does. */
export interface Script {
  /** ms before each thing that is done. */
  think: Range;
  /** When the page is shown first. */
  begin: Step[];
  /** Again and again. */
  steps: Step[];
  /** Before the user goes. */
  end: Step[];
}
