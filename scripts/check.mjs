// npm run check: format, types, lint (with the import boundaries of src/*).
import { spawnSync } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { ensureInstalled } from "./ensure.mjs";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
ensureInstalled(root);
/** @type {[name: string, command: string, args: string[]][]} */
const steps = [
  ["format", "node_modules/.bin/oxfmt", ["--check", "src", "test", "benchmarks", "scripts"]],
  ["types", "node_modules/@typescript/native/bin/tsc", ["-b"]],
  [
    "lint and boundaries",
    "node_modules/.bin/oxlint",
    ["--type-aware", "--deny-warnings", "src", "test", "benchmarks", "scripts"],
  ],
];
let failed = 0;
for (const [name, command, args] of steps) {
  const { status } = spawnSync(process.execPath, [path.join(root, command), ...args], { cwd: root, stdio: "inherit" });
  console.log(`${status === 0 ? "ok    " : "FAILED"} ${name}`);
  if (status !== 0) failed++;
}
process.exitCode = failed > 0 ? 1 : 0;
