// What `npm start`, `npm test` and `npm run check` need before they can do anything: the packages of package-lock.json.
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";

/** Runs `npm install` when node_modules is missing or older than the lock file. Uses only what Node itself has. */
export function ensureInstalled(root) {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major < 20 || (major === 20 && minor < 19))
    throw new Error(`Moonpool needs Node 20.19 or newer; this is ${process.version}.`);
  const installed = path.join(root, "node_modules/.package-lock.json");
  const wanted = path.join(root, "package-lock.json");
  if (fs.existsSync(installed) && fs.statSync(installed).mtimeMs >= fs.statSync(wanted).mtimeMs) return;
  console.log("Installing packages (npm install) …");
  execFileSync("npm", ["install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    stdio: "inherit",
    shell: process.platform === "win32",
  });
  // npm leaves the time of the archive on some systems; the comparison above needs the time of the install.
  const now = new Date();
  fs.utimesSync(installed, now, now);
}
