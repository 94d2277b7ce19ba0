// npm run bench: installs, builds, runs the benchmarks; see benchmarks/README.md.
import { spawnSync } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { ensureInstalled } from "./ensure.mjs";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
ensureInstalled(root);
const { build } = await import("./build.mjs");
await build();
const { status } = spawnSync(
  process.execPath,
  ["--enable-source-maps", "dist/benchmarks/main.js", ...process.argv.slice(2)],
  { cwd: root, stdio: "inherit" },
);
process.exitCode = status ?? 1;
