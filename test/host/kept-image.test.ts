import t from "tap";
import { Bases } from "../../src/host/bases.ts";
import { KeptSession } from "../../src/host/kept-session.ts";
import { loadKept } from "../../src/host/kept-state.ts";
import type { FromTask } from "../../src/host/task-port.ts";
import { MemoryStore } from "../../src/host/store/memory-store.ts";
import { sessionEvent } from "../../src/protocol/worker-message.ts";

t.test("an image that a thread gives without an event in between takes the place of the one before", async (t) => {
  const store = new MemoryStore();
  let say: (message: FromTask) => void = () => {};
  const task = { send() {}, resume() {}, rest() {}, close() {}, isMisplaced: false };
  const session = new KeptSession(
    "one",
    {
      store,
      bases: new Bases(store),
      open: (onMessage) => {
        say = onMessage;
        return task;
      },
      decide: async () => "rollback",
    },
    () => {},
    () => {},
  );
  const image = (text: string, events: number): void =>
    say({ kind: "image", image: Uint8Array.from(Buffer.from(text)), base: null, events, nextTimer: undefined });
  const kept = async (): Promise<[string, number]> => {
    const state = await loadKept(store, "one");
    return [Buffer.from(state?.image ?? []).toString(), state?.events.length ?? -1];
  };
  for (const kind of ["start", "timer", "timer"] as const) void session.send(sessionEvent(kind, 0, 1));
  say({ kind: "started" });
  say({ kind: "done" });
  image("busy", 2);
  t.same(await kept(), ["busy", 1]);
  image("tidied", 2);
  t.same(await kept(), ["tidied", 1]);
  say({ kind: "done" });
  image("later", 3);
  t.same(await kept(), ["later", 0]);
});
