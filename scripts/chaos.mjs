// npm run chaos: the tests that end threads and processes, repeat journals and shuffle events, with larger numbers.
// Options: DEATHS, KILLS, RUNS, KEPT_RUNS, STORE_RUNS, STORE_KILLS, STORE_DAMAGES.
import { spawnSync } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const files = [
  "test/flow/hogs.test.ts",
  "test/flow/hostile.test.ts",
  "test/flow/process-death.test.ts",
  "test/flow/thread-deaths.test.ts",
  "test/flow/upgrade.test.ts",
  "test/host/kept-session.test.ts",
  "test/host/kept-state.test.ts",
  "test/host/store",
  "test/workers/replay.test.ts",
];
const { status } = spawnSync(process.execPath, [path.join(root, "scripts/test.mjs"), ...files], {
  cwd: root,
  stdio: "inherit",
  env: {
    DEATHS: "100",
    KILLS: "50",
    RUNS: "5000",
    KEPT_RUNS: "3000",
    STORE_RUNS: "600",
    STORE_KILLS: "50",
    STORE_DAMAGES: "400",
    TEST_TIMEOUT: "900",
    ...process.env,
  },
});
process.exitCode = status ?? 1;
