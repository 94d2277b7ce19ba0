// How long does it take from saving a file until running sessions have it, and what does that cost and leave behind?
import type { Finding } from "../support/measure.ts";
import { endurance } from "./endurance.ts";
import { manySessions } from "./many-sessions.ts";
import { oneSession } from "./one-session.ts";

/** Runs the benchmark. Takes about three minutes. */
export async function reload(): Promise<Finding[]> {
  return [...(await oneSession()), ...(await manySessions()), ...(await endurance())];
}
