import t from "tap";
import { openStore } from "../../../src/host/store/open-store.ts";
import { storeConformance } from "./conformance.ts";

storeConformance(t, async (history) => {
  const store = await openStore({ durability: "memory", ...(history === undefined ? {} : { history }) });
  return { store, remove: () => store.close() };
});

t.test("nothing waits to become safe", async (t) => {
  const store = await openStore({ durability: "memory" });
  t.equal(store.durability, "memory");
  store.append("a", "1");
  store.putBlob("b", new Uint8Array(1));
  t.equal(store.flushed(), undefined);
});
