import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import t from "tap";
import { openStore } from "../../../src/host/store/open-store.ts";
import type { SessionStore } from "../../../src/host/store/session-store.ts";
import { storeConformance } from "./conformance.ts";

storeConformance(t, async (history) => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "moonpool-store-"));
  const open = (): Promise<SessionStore> =>
    openStore({ durability: "disk", dir, ...(history === undefined ? {} : { history }) });
  let store = await open();
  return {
    store,
    reopen: async () => {
      await store.close();
      return (store = await open());
    },
    remove: async () => {
      await store.close();
      fs.rmSync(dir, { recursive: true });
    },
  };
});
