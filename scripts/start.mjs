// npm start: installs and builds what is missing, then serves the demo in development mode.
// Flags of `moonpool serve` pass through and win: npm start -- --port 9000 --dir SITE
import { spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { ensureInstalled } from "./ensure.mjs";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const cli = path.join(root, "dist/src/cli/main.js");

/** The time of the newest file in the given files and folders. */
function newest(places) {
  let time = 0;
  for (const place of places) {
    const { mtimeMs } = fs.statSync(place);
    const inside = fs.statSync(place).isDirectory() ? fs.readdirSync(place).map((name) => path.join(place, name)) : [];
    time = Math.max(time, inside.length > 0 ? newest(inside) : mtimeMs);
  }
  return time;
}

/** The build writes the browser's bundle last, so its time is that of the whole build. */
function isBuilt() {
  const bundle = path.join(root, "dist/public/client.js");
  if (!fs.existsSync(cli) || !fs.existsSync(bundle)) return false;
  const sources = [
    "src",
    "package.json",
    "tsconfig.base.json",
    "scripts/build.mjs",
    "scripts/build-client.mjs",
    "scripts/hot-lines",
  ];
  return fs.statSync(bundle).mtimeMs >= newest(sources.map((name) => path.join(root, name)));
}

try {
  ensureInstalled(root);
  if (!isBuilt()) {
    console.error("Building …");
    const { build } = await import("./build.mjs");
    await build({ onlySrc: true });
  }
} catch (error) {
  // The compiler has printed what is wrong; everything else says so itself.
  if (error.status === undefined) console.error(error.message);
  process.exit(1);
}

// A relative --dir is meant from where npm was called.
const child = spawn(
  process.execPath,
  [cli, "serve", "--dev", "--dir", root, "--port", "8040", ...process.argv.slice(2)],
  { cwd: process.env.INIT_CWD ?? process.cwd(), stdio: "inherit" },
);
// A terminal sends Ctrl-C to both; a supervisor signals only this process.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => {
    if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
  });
}
child.on("exit", (code, signal) => {
  process.exitCode = code ?? (signal === "SIGINT" ? 130 : 143);
});
