import type { WireError } from "../protocol/error-code.ts";
import type { ConnectionChanges } from "../protocol/worker-message.ts";

/** What a session event led to. */
export interface Outcome {
  /** When the next Lua timer is due, in ms since 1970. */
  nextTimer: number | undefined;
  /** A person waits for the changes. */
  urgent: boolean;
  connections: ConnectionChanges[];
  /** The session cannot go on. */
  failure: WireError | undefined;
}

/** Takes the text that the runtime answers apart; src/workers/runtime/main.lua describes it. No JSON is parsed. */
export function parseOutcome(text: string): Outcome {
  const lines = text.split("\n");
  const outcome: Outcome = {
    nextTimer: lines[0] === "-" ? undefined : Number(lines[0]),
    urgent: false,
    connections: [],
    failure: undefined,
  };
  let changes: ConnectionChanges | undefined;
  for (let index = 1; index < lines.length; index++) {
    const line = lines[index] ?? "";
    const body = line.slice(2);
    switch (line.charAt(0)) {
      case "c": {
        const [connection, urgent] = body.split(" ");
        changes = { connection: Number(connection), viewdefs: [], high: "", medium: "", low: "" };
        outcome.connections.push(changes);
        if (urgent === "1") outcome.urgent = true;
        break;
      }
      case "v":
        if (changes) changes.viewdefs = body.split("\t");
        break;
      case "h":
        if (changes) changes.high = body;
        break;
      case "m":
        if (changes) changes.medium = body;
        break;
      case "l":
        if (changes) changes.low = body;
        break;
      case "!":
        outcome.failure = JSON.parse(body) as WireError;
        break;
      default:
        break;
    }
  }
  return outcome;
}
