// npm test: installs, builds, gets a Chromium if there is none, and runs every test. `npm test -- test/flow` runs a part.
import { spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { ensureInstalled } from "./ensure.mjs";

/** Test files that run at the same time: what CI has cores. */
const AT_A_TIME = 2;
/** Seconds that a file may take. */
const TIMEOUT = Number(process.env["TEST_TIMEOUT"] ?? 180);
/** Seconds after that in which it says what it was doing, and after its end in which what it printed arrives. */
const LAST_WORDS = 5;
/** Lines after a failure that explain it. */
const EXPLANATION = 40;

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
ensureInstalled(root);
const { build } = await import("./build.mjs");
await build();
const { findBrowser } = await import("./browser.mjs");
const browser = await findBrowser();
console.log(`Browser tests use ${browser}`);

/** Compiled test files below the given places of the source tree (default: all of test/). */
function testFiles(places) {
  return places.flatMap((place) => {
    const compiled = path.join(root, "dist", path.relative(root, path.resolve(place)).replace(/\.ts$/, ".js"));
    if (fs.existsSync(compiled) && fs.statSync(compiled).isFile()) return [compiled];
    if (!fs.existsSync(compiled)) throw new Error(`There is no ${place}.`);
    return fs
      .readdirSync(compiled, { recursive: true })
      .filter((name) => name.endsWith(".test.js"))
      .map((name) => path.join(compiled, name))
      .sort();
  });
}

/**
 * Runs a file in a process of its own, as a user's server would run: tap's own runner puts its loaders into each process and
 * each thread, a second of processor time each. Resolves with what it printed (TAP) and why it failed, if it did.
 */
function run(file) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ["--enable-source-maps", file], {
      cwd: root,
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, BROWSER_PATH: browser, TAP_TIMEOUT: String(TIMEOUT) },
      // A group of its own, so that what it started can be ended with it.
      detached: process.platform !== "win32",
    });
    running.add(child);
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text) => (output += text));
    // tap says at TIMEOUT what it waits for, but does not end what goes on.
    const timer = setTimeout(() => end(child), (TIMEOUT + LAST_WORDS) * 1000);
    // Whoever it has left behind may hold on to its output.
    child.on("exit", () => setTimeout(() => child.stdout.destroy(), LAST_WORDS * 1000).unref());
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      running.delete(child);
      end(child);
      const problem = signal ?? (code === 0 ? undefined : `exit code ${code}`);
      resolve({ output, problem: problem ?? (/^ *ok \d+/m.test(output) ? undefined : "no test") });
    });
  });
}

/** Ends a test file's process and all that it started. */
function end({ pid }) {
  try {
    process.kill(process.platform === "win32" ? pid : -pid, "SIGKILL");
  } catch {
    // Nothing of it is left.
  }
}

const running = new Set();
for (const signal of ["SIGINT", "SIGTERM"])
  process.once(signal, () => {
    for (const child of running) end(child);
    process.exit(1);
  });

let passed = 0;
let failed = 0;
/** Prints failures with what explains them, and counts results other than those of whole subtests. */
function tell(output) {
  let shown = 0;
  for (const line of output.split("\n")) {
    const result = /^( *)(not )?ok \d+ - (.*)$/.exec(line);
    if (result && !/# (time|SKIP|TODO)/i.test(line) && !line.trimEnd().endsWith("{")) {
      if (result[2]) failed++;
      else passed++;
    }
    if (result?.[2]) shown = EXPLANATION;
    if (shown > 0) console.log(`    ${line}`);
    if (shown > 0 && !result?.[2]) shown--;
  }
}

const places = process.argv.slice(2);
const waiting = testFiles(places.length > 0 ? places : [path.join(root, "test")]);
const report = fs.createWriteStream(path.join(root, "dist/test-report.tap"));
const failedFiles = [];
let ended = 0;
await Promise.all(
  Array.from({ length: AT_A_TIME }, async () => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      const name = path.relative(root, file);
      const began = performance.now();
      const { output, problem } = await run(file);
      const result = `${problem === undefined ? "ok" : "not ok"} ${++ended} - ${name} # time=${(performance.now() - began).toFixed(0)}ms`;
      report.write(`# Subtest: ${name}\n${output.replace(/^(?=.)/gm, "    ")}${result}\n`);
      tell(output);
      console.log(problem === undefined ? result : `${result}\n  ${problem}`);
      if (problem !== undefined) failedFiles.push(name);
    }
  }),
);
report.end(`1..${ended}\n`);
for (const name of failedFiles) console.log(`failed: ${name}`);
console.log(`The full report is in dist/test-report.tap.\n${passed} passed, ${failed} failed`);
process.exitCode = failedFiles.length === 0 && failed === 0 && passed > 0 ? 0 : 1;
