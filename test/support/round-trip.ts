import type { Test } from "tap";
import { LuaSession, type TestSite } from "./lua-session.ts";

/**
 * Changes a session of `site`, and takes its portable state to a fresh session. Expressions of `holds` have to be true in both,
 * and the fresh one has to export the same text. Returns the fresh session and the text.
 */
export async function roundTrip(
  t: Test,
  site: TestSite,
  change: string,
  holds: string[],
): Promise<{ session: LuaSession; state: string }> {
  const first = await LuaSession.start(site);
  t.teardown(() => first.close());
  t.equal(first.evaluate(change), "");
  for (const each of holds) t.equal(first.evaluate(`return ${each}`), "true", `before: ${each}`);
  const state = first.export();
  if (typeof state !== "string") throw new Error(state.message, { cause: state });
  const session = await LuaSession.start(site);
  t.teardown(() => session.close());
  const { error, objects } = session.import(state);
  t.equal(error, undefined);
  t.equal(objects, (JSON.parse(state) as { objects: unknown[] }).objects.length);
  for (const each of holds) t.equal(session.evaluate(`return ${each}`), "true", `after: ${each}`);
  t.equal(session.export(), state, "the same state is the same text");
  return { session, state };
}
