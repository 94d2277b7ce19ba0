// npm test: installs, builds, gets a Chromium if there is none, and runs every test. `npm test -- test/flow` runs a part.
import { spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { ensureInstalled } from "./ensure.mjs";

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

const places = process.argv.slice(2);
const files = testFiles(places.length > 0 ? places : [path.join(root, "test")]);
const child = spawn(
  process.execPath,
  // prettier-ignore
  [path.join(root, "node_modules/tap/dist/esm/run.mjs"), "--disable-coverage", "--reporter=tap", "--jobs=2", `--timeout=${process.env["TEST_TIMEOUT"] ?? 180}`, ...files],
  { cwd: root, stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, BROWSER_PATH: browser } },
);

// The tree of subtests is for a file; a person sees each test file, each failure and the sum.
let passed = 0;
let failed = 0;
let rest = "";
const report = fs.createWriteStream(path.join(root, "dist/test-report.tap"));
let shown = 0;
child.stdout.setEncoding("utf8").on("data", (text) => {
  report.write(text);
  const lines = (rest + text).split("\n");
  rest = lines.pop() ?? "";
  for (const line of lines) {
    const result = /^( *)(not )?ok \d+ - (.*)$/.exec(line);
    if (result && !/# (time|SKIP|TODO)/i.test(line) && !line.trimEnd().endsWith("{")) {
      if (result[2]) failed++;
      else passed++;
    }
    if (result?.[2]) shown = 40; // what follows a failure explains it
    if (result?.[1] === "" || shown > 0) console.log(line);
    if (shown > 0 && !result?.[2]) shown--;
  }
});
child.on("close", (code) => {
  report.end();
  const summary = `${passed} passed, ${failed} failed`;
  console.log(`The full report is in dist/test-report.tap.\n${summary}`);
  process.exitCode = code === 0 && failed === 0 && passed > 0 ? 0 : 1;
});
