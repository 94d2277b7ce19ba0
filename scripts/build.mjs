// Compiles src, test and benchmarks (with --src only src) into dist, copies the Lua runtime, bundles the browser client.
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");

const shipped = ["protocol", "host", "workers", "client", "cli"].map((part) => `src/${part}`);

/** Builds everything, or only what is shipped; throws when a type error stops it. */
export async function build({ onlySrc = false } = {}) {
  const projects = onlySrc ? shipped : [];
  const runtime = path.join(root, "dist/src/workers/runtime");
  fs.rmSync(runtime, { recursive: true, force: true });
  fs.cpSync(path.join(root, "src/workers/runtime"), runtime, { recursive: true });
  const compiler = "node_modules/@typescript/native/bin/tsc";
  execFileSync(process.execPath, [compiler, "-b", ...projects], { cwd: root, stdio: "inherit" });
  execFileSync(process.execPath, [path.join(root, "scripts/hot-lines/find.mjs")], { cwd: root, stdio: "inherit" });
  const { buildClient } = await import("./build-client.mjs");
  await buildClient(root);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await build({ onlySrc: process.argv.includes("--src") }).catch((error) => {
    if (error.status === undefined) console.error(error.message);
    process.exitCode = 1;
  });
}
