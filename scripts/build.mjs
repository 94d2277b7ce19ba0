// Compiles src, test and benchmarks into dist, copies the Lua runtime, bundles the browser client.
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");

/** Builds everything; throws when a type error stops it. */
export async function build() {
  execFileSync(process.execPath, ["node_modules/@typescript/native/bin/tsc", "-b"], { cwd: root, stdio: "inherit" });
  const runtime = path.join(root, "dist/src/workers/runtime");
  fs.rmSync(runtime, { recursive: true, force: true });
  fs.cpSync(path.join(root, "src/workers/runtime"), runtime, { recursive: true });
  const { buildClient } = await import("./build-client.mjs");
  await buildClient(root);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await build().catch((error) => {
    if (error.status === undefined) console.error(error.message);
    process.exitCode = 1;
  });
}
